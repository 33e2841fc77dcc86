"""The pages and their files: filled, escaped, and nothing else of the disk."""

import asyncio
import html
import json
import re
from pathlib import Path

import pytest

from server.web.shell import Shell
from tests.server.web.web_world import Running, stop_x


async def test_the_stop_page_can_be_read_before_any_script_runs(server: Running) -> None:
    await server.bus("V1", stop_x(1))
    for lang, name, towards in (
        ("ko", "거리 <3> & 시장", "거리 <4> & 시장 방면 →"),
        ("en", "Street 3", "towards Street 4 →"),
    ):
        answer = await server.http.get("/s/S3", headers={"accept-language": lang})
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        page = answer.text
        assert f'<html lang="{lang}">' in page
        assert f">{html.escape(name)}<" in page
        assert html.escape(towards) in page
        assert '<li class="row"><span class="route">10</span>' in page
        assert "ridebell:" not in page
        boot = json.loads(re.search(r'id="boot">(.*?)</script>', page, re.DOTALL).group(1))  # type: ignore[union-attr]
        assert (boot["stop_id"], boot["stop_name"], boot["towards"]) == ("S3", name, towards)
        assert boot["arrivals"]["buses"][0]["vehicle_id"] == "V1"
        assert boot["route_names"] == {"10": "10"}
        assert "<3>" not in page


async def test_an_unknown_stop_is_a_page_for_people_and_a_problem_for_programs(server: Running) -> None:
    person = await server.http.get("/s/%3Cscript%3E", headers={"accept": "text/html,*/*", "accept-language": "ko"})
    assert person.status_code == 404
    assert person.headers["content-type"].startswith("text/html")
    assert "<script>" not in person.text
    assert "찾지 못했어요" in person.text
    program = await server.http.get("/s/nowhere", headers={"accept": "application/json"})
    assert (program.status_code, program.json()["reason"]) == (404, "unknown_stop")


@pytest.mark.parametrize("path", ["/drive", "/ops"])
async def test_the_other_pages_are_there(server: Running, path: str) -> None:
    answer = await server.http.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "<script>" not in answer.text  # the policy forbids scripts inline


async def test_files_have_types_and_are_asked_for_again(server: Running) -> None:
    for path, kind in (
        ("/static/shared/tokens.css", "text/css; charset=utf-8"),
        ("/static/rider/stop/main.js", "text/javascript; charset=utf-8"),
        ("/static/shared/words/ko.json", "application/json"),
    ):
        answer = await server.http.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
        assert answer.headers["cache-control"] == "no-cache"
        again = await server.http.get(path, headers={"if-none-match": answer.headers["etag"]})
        assert again.status_code == 304


async def test_files_are_packed_for_whoever_can_unpack_them(server: Running) -> None:
    path = "/static/rider/stop/state.js"
    plain = await server.http.get(path, headers={"accept-encoding": "identity"})
    packed = await server.http.get(path, headers={"accept-encoding": "gzip, br"})
    assert plain.headers["vary"] == packed.headers["vary"] == "accept-encoding"
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert plain.text == packed.text
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 2
    assert plain.headers["etag"] != packed.headers["etag"]
    stop = await server.http.get("/s/S3", headers={"accept-encoding": "gzip"})
    assert stop.headers["content-encoding"] == "gzip"
    assert (await server.http.post(path)).status_code == 405
    assert (await server.http.head(path)).text == ""


async def test_a_part_of_a_page_lives_under_the_pages_policy(server: Running) -> None:
    for dest, has in (("script", False), ("style", False), ("empty", False), ("document", True), ("worker", True)):
        answer = await server.http.get("/static/rider/stop/state.js", headers={"sec-fetch-dest": dest})
        assert ("content-security-policy" in answer.headers) is has, dest
        assert answer.headers["x-content-type-options"] == "nosniff"
    page = await server.http.get("/s/S3", headers={"sec-fetch-dest": "empty"})
    assert "content-security-policy" in page.headers


async def test_the_page_names_all_that_its_script_will_ask_for(server: Running) -> None:
    for path, entry in (("/s/S3", "stop"), ("/kiosk/S3", "kiosk")):
        page = (await server.http.get(path)).text
        named = set(re.findall(r'modulepreload" href="([^"]+)"', page))
        assert f"/static/rider/{entry}/main.js" in named
        waiting, seen = [f"/static/rider/{entry}/main.js"], set[str]()
        while waiting:
            address = waiting.pop()
            seen.add(address)
            answer = await server.http.get(address)
            assert answer.status_code == 200
            waiting += [a for a in re.findall(r'from "(/static/[^"]+)";', answer.text) if a not in seen]
        assert named == seen


async def test_the_service_worker_changes_with_every_file(server: Running) -> None:
    answer = await server.http.get("/sw.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "no-cache"
    page = await server.http.get("/s/S3")
    version = page.headers["x-ridebell-shell"]
    assert f'"{version}"' in answer.text
    assert f'content="{version}"' in page.text


def test_the_version_is_of_the_files_contents(tmp_path: Path) -> None:
    (tmp_path / "words").mkdir()
    for name in ("a.js", "words/ko.json"):
        (tmp_path / name).write_text(name)
    shell = Shell({"/static/x": tmp_path}, look_every_s=0.0)
    first = shell.version()
    assert shell.version() == first
    (tmp_path / "words" / "ko.json").write_text("other")
    second = shell.version()
    assert second != first
    (tmp_path / "notes.md").write_text("no part of a page")
    assert shell.version() == second
    (tmp_path / "a.js").write_text('import { b } from "/static/x/b.js";\nimport "/static/x/c.js";\n')
    (tmp_path / "b.js").write_text('export { c } from "/static/x/c.js";\n')
    (tmp_path / "c.js").write_text('const lazy = () => import("/static/x/d.js");\n')
    assert shell.modules("/static/x/a.js") == ["/static/x/a.js", "/static/x/b.js", "/static/x/c.js"]
    with pytest.raises(FileNotFoundError, match="/static/y"):
        shell.modules("/static/y/a.js")


@pytest.mark.parametrize(
    "path",
    [
        "/static/shared/../../client.py",
        "/static/shared/..%2f..%2fclient.py",
        "/static/shared/%2e%2e/%2e%2e/client.py",
        "/static/rider/../client.py",
        "/static/ops/__init__.py",
        "/static/ops/..%2fsettings.py",
        "/static/ops/%2e%2e/words/../web/words/ko.json",
        "/static/shared//etc/passwd",
        "/static/shared/..%5c..%5cclient.py",
        "/static/shared/wire.d.ts",
        "/static/shared/",
    ],
)
async def test_nothing_else_of_the_disk_is_served(server: Running, path: str) -> None:
    assert await status_of_raw(server, path) == 404


async def status_of_raw(server: Running, path: str) -> int:
    """Ask for a path as it stands; a client library would tidy it."""
    host, port = server.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n".encode())
    status = int((await reader.readline()).split()[1])
    writer.close()
    return status
