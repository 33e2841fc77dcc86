"""Recordings and replays through the real doors: what happened live happens again, apart, and can be looked at."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ridebell.cli import run
from server.protocol.recording import read_lines
from server.protocol.tokens import Role
from server.settings import RecordingSettings
from tests.server.web.web_world import Client, Frame, Running, fix, ring, running, stop_x

OPS = "/v1/ops"


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[Running]:
    """A server that keeps recordings."""
    async with running(tmp_path, recording=RecordingSettings(upload_max_bytes=100_000)) as it:
        yield it


async def ask(server: Running, method: str, path: str, **more: Any) -> tuple[int, Any]:
    answer = await server.http.request(method, OPS + path, headers=server.bearer(Role.OPERATOR, "ops"), **more)
    kind = answer.headers.get("content-type", "")
    return answer.status_code, answer.json() if "json" in kind and "nd" not in kind else answer.content


async def good(server: Running, method: str, path: str, **more: Any) -> Any:
    status, body = await ask(server, method, path, **more)
    assert status < 300, body
    return body


async def drive_by(server: Running) -> Client:
    """A bus that is asked to stop and shows it; the rider who has been told so."""
    bus = await server.bus("V1", stop_x(2) + 60)
    rider = await server.hello(Role.RIDER, "somebody in particular")
    await rider.send(ring(3))
    alert = await bus.until("alert")
    await bus.send({"type": "shown", "alert_id": alert["alert_id"], "at_ms": server.now_ms()})
    await rider.until("bell", state="shown")
    return rider


async def recorded(server: Running) -> str:
    """Record a short drive; the recording's name."""
    return (await recorded_beside(server))[0]


async def recorded_beside(server: Running) -> tuple[str, Client]:
    """The same, and the rider who was there."""
    begun = await good(server, "POST", "/recordings", json={"action": "start"})
    rider = await drive_by(server)
    ended = await good(server, "POST", "/recordings", json={"action": "stop"})
    assert (begun["state"], ended["state"], ended["name"]) == ("recording", "complete", begun["name"])
    return str(ended["name"]), rider


async def replayed(server: Running, recording: str, **more: str) -> str:
    """Ask for a replay and wait until it is done; its id."""
    job = await good(server, "POST", "/replays", json={"recording": recording} | more)
    async with asyncio.timeout(60):
        while job["state"] in {"waiting", "running"}:
            await asyncio.sleep(0.05)
            job = await good(server, "GET", f"/replays/{job['replay_id']}")
    assert job["state"] == "done", job
    return str(job["replay_id"])


def bell_of(frame: Frame) -> tuple[str, str | None, int]:
    """What a bell became, with which bus, and when to the millisecond."""
    return frame["state"], frame.get("vehicle_id"), frame["at_ms"]


async def test_what_happened_live_happens_again(archive: Running, tmp_path: Path) -> None:
    name, rider = await recorded_beside(archive)
    (row,) = (await good(archive, "GET", "/recordings"))["recordings"]
    path = tmp_path / "recordings" / f"{name}.jsonl.zst"
    lines = [json.loads(raw) for _, raw in read_lines(path)]
    assert (row["name"], row["lines"], row["policy"]) == (name, len(lines), "physical v1")
    assert [line["type"] for line in lines] == ["begin", "link", "sign_on", "fix", "fix", "fix", "ring", "shown"]
    assert b"somebody in particular" not in b"".join(raw for _, raw in read_lines(path))
    assert await good(archive, "GET", f"/recordings/{name}") == path.read_bytes()

    replay_id = await replayed(archive, name)
    story = (await good(archive, "GET", f"/replays/{replay_id}/story"))["rows"]
    told = [bell_of(frame) for frame in rider.seen if frame["type"] == "bell"]
    assert [state for state, _, _ in told] == ["waiting", "assigned", "shown"]
    assert [bell_of(row) for row in story if row["type"] == "bell"][:3] == told
    choice = next(row for row in story if row["type"] == "choice")
    assert (choice["vehicle_id"], choice["considered"][0]["verdict"]) == ("V1", "chosen")
    assert {"ring", "telling", "alert", "shown"} <= {row["type"] for row in story}


async def test_a_replay_is_the_bytes_of_the_command_line(archive: Running, tmp_path: Path) -> None:
    name = await recorded(archive)
    replay_id = await replayed(archive, name)
    got = await good(archive, "GET", f"/replays/{replay_id}/decisions")
    (tmp_path / "vehicles.json").write_text(
        '{"schema": 1, "vehicles": [{"vehicle_id": "V1", "plate": "경기70바1234", "low_floor": true, "seats": 30}]}'
    )
    command = ["replay", "--network", str(tmp_path / "street.network"), "--trace", "--explain"]
    command += ["--vehicles", str(tmp_path / "vehicles.json"), "--out", str(tmp_path / "own.jsonl.zst")]
    status = await asyncio.to_thread(run, [*command, str(tmp_path / "recordings" / f"{name}.jsonl.zst")])
    assert status == 0
    assert got == (tmp_path / "own.jsonl.zst").read_bytes()


async def test_any_stretch_can_be_shown_by_itself(archive: Running) -> None:
    replay_id = await replayed(archive, await recorded(archive))
    index = await good(archive, "GET", f"/replays/{replay_id}/index")
    assert index["chunks"][0]["from_ms"] == index["from_ms"]
    assert sum(index["density"]["fixes"]) == 3
    assert sum(index["density"]["rings"]) == 1
    assert sum(index["density"]["alerts"]) >= 1
    rows: list[Frame] = []
    for number, chunk in enumerate(index["chunks"]):
        body = await good(archive, "GET", f"/replays/{replay_id}/chunks/{number}")
        assert (body["from_ms"], body["to_ms"], len(body["rows"])) == (chunk["from_ms"], chunk["to_ms"], chunk["rows"])
        assert all(chunk["from_ms"] <= row["at_ms"] < chunk["to_ms"] for row in body["rows"])
        if number:
            assert [row["vehicle_id"] for row in body["key"]["vehicles"]] == ["V1"]
        rows += body["rows"]
    fixes = [row for row in rows if row["type"] == "fix"]
    assert all(row["progress_m"] is not None and row["uncertainty_m"] > 0 for row in fixes[1:])
    (pattern,) = (await good(archive, "GET", f"/replays/{replay_id}/patterns"))["patterns"]
    assert (pattern["route_name"], len(pattern["stops"])) == ("10", 6)
    assert pattern["line"][-1][2] == pytest.approx(pattern["length_m"], abs=0.2)
    assert (await ask(archive, "GET", f"/replays/{replay_id}/chunks/9999"))[0] == 404


async def test_two_policies_side_by_side(archive: Running) -> None:
    name = await recorded(archive)
    one, other = await replayed(archive, name), await replayed(archive, name, policy="3-min")
    found = await good(archive, "GET", f"/replays/{one}/differences", params={"other": other})
    assert found["bells"] == 1
    (row,) = found["differences"]
    assert (row["one"]["vehicle_id"], row["one"]["refused"]) == ("V1", None)
    assert row["differs"] == ["bus", "told"]
    sheet = await good(archive, "GET", f"/replays/{one}/differences", params={"other": other, "format": "csv"})
    assert (
        sheet.decode("utf-8-sig").splitlines()[0].startswith("bell_id,rung_ms,route_id,stop_id,differs,one_vehicle_id")
    )
    same = await good(archive, "GET", f"/replays/{one}/differences", params={"other": one})
    assert (same["bells"], same["same"], same["differences"]) == (1, 1, [])


async def test_decisions_of_another_version_can_be_looked_at(archive: Running, tmp_path: Path) -> None:
    name = await recorded(archive)
    first = await replayed(archive, name)
    content = await good(archive, "GET", f"/replays/{first}/decisions")
    await good(archive, "PUT", "/recordings/older-version", content=content)
    again = await replayed(archive, name, decisions="older-version")
    held = {row["name"]: row["holds"] for row in (await good(archive, "GET", "/recordings"))["recordings"]}
    assert held == {name: "recording", "older-version": "decisions"}
    for part in ("story", "patterns", "chunks/0"):
        assert await good(archive, "GET", f"/replays/{first}/{part}") == await good(
            archive, "GET", f"/replays/{again}/{part}"
        )
    assert (await ask(archive, "GET", f"/replays/{again}/decisions"))[0] == 404


async def test_an_open_bell_is_explained_live(archive: Running) -> None:
    await drive_by(archive)
    (bell,) = (await archive.http.get("/v1/ops/outcomes", headers=archive.bearer(Role.OPERATOR, "ops"))).json()["open"]
    said = (await good(archive, "GET", f"/bells/{bell['bell']}/why"))["choice"]
    assert (said["bell_id"], said["vehicle_id"]) == (bell["bell"], "V1")
    assert said["considered"][0]["commit_m"] > 0
    assert (await ask(archive, "GET", "/bells/nobody/why"))[0] == 404


async def test_what_cannot_be_done_says_why(archive: Running) -> None:
    for method, path, more, status in (
        ("POST", "/recordings", {"json": {"action": "stop"}}, 409),
        ("POST", "/recordings", {"json": {"action": "fly"}}, 422),
        ("GET", "/recordings/none", {}, 404),
        ("DELETE", "/recordings/none", {}, 404),
        ("GET", "/recordings/..%2f..%2fsigning.key", {}, 404),
        ("PUT", "/recordings/.hidden", {"content": b"{}"}, 422),
        ("PUT", "/recordings/bad", {"content": b"{}\n", "headers": {}}, 422),
        ("PUT", "/recordings/large", {"content": b" " * 200_000}, 413),
        ("POST", "/replays", {"json": {"recording": "none"}}, 404),
        ("POST", "/replays", {"json": {"recording": "none", "policy": "strict"}}, 422),
        ("GET", "/replays/none", {}, 404),
        ("GET", "/replays/none/index", {}, 404),
        ("DELETE", "/replays/none", {}, 404),
        ("GET", "/replays/none/differences?other=none", {}, 404),
    ):
        more.pop("headers", None)
        got, body = await ask(archive, method, path, **more)
        assert got == status, (method, path, body)
        if status != 404 or b"%2f" not in path.encode():
            assert body["detail"], (method, path)
    assert (await archive.http.get("/v1/ops/recordings")).status_code == 401


async def test_recordings_are_given_and_deleted(archive: Running) -> None:
    line = {"at_ms": archive.now_ms(), "type": "fix", "vehicle_id": "V9"} | {
        name: fix(300.0, 0)[name] for name in ("lat", "lon")
    }
    content = json.dumps(line).encode() + b"\n"
    headers = archive.bearer(Role.OPERATOR, "ops") | {"content-type": "application/x-ndjson"}
    for status in (201, 409):
        answer = await archive.http.put(f"{OPS}/recordings/from-afar", content=content, headers=headers)
        assert answer.status_code == status
    (row,) = (await good(archive, "GET", "/recordings"))["recordings"]
    assert (row["name"], row["kind"], row["begun_ms"]) == ("from-afar", "given", line["at_ms"])
    replay_id = await replayed(archive, "from-afar")
    assert (await good(archive, "GET", f"/replays/{replay_id}/index"))["counts"] == {"fix": 1}
    assert (await good(archive, "DELETE", f"/replays/{replay_id}"))["replays"] == []
    assert (await good(archive, "DELETE", "/recordings/from-afar"))["recordings"] == []


async def test_a_recording_keeps_its_network(archive: Running, tmp_path: Path) -> None:
    archive.runtime.network.feed_hash = "feed of autumn"
    name = await recorded(archive)
    (kept,) = (tmp_path / "recordings" / "networks").iterdir()
    assert kept.read_bytes() == (tmp_path / "street.network").read_bytes()
    assert archive.house.archive is not None
    archive.runtime.network.feed_hash = "feed of winter"
    (row,) = (await good(archive, "GET", "/recordings"))["recordings"]
    assert archive.house.archive.network_for(row["feed_hash"]) == kept
    await replayed(archive, name)
    status, body = await ask(archive, "POST", "/replays", json={"recording": name, "network": "never seen"})
    assert (status, "not kept here" in body["detail"]) == (409, True)


async def test_a_server_without_an_archive_says_so(server: Running) -> None:
    assert (await ask(server, "GET", "/recordings"))[0] == 404
