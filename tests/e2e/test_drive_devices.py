"""What stands beside the screen: a receiver whose places come over the SDK's bridge, and keys from the operator's own table."""

import datetime as dt
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.driver_terminal.test_nmea_decoding import sentence
from tests.e2e import scenes
from tests.e2e.conftest import NewPage
from tests.e2e.driven import RECORDER
from tests.e2e.frames import alert
from tests.e2e.real_server import LON0, START_S, RealServer, ServerPlace, lat_at, secret_env
from tests.e2e.scripted_server import ScriptedServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

DRIVE_S = 60


def recorded_drive(path: Path) -> None:
    """Write what a receiver says from now on: it stands on the street, one sentence a second."""
    begins = dt.datetime.now(dt.UTC).replace(microsecond=0)
    lines = b""
    for second in range(DRIVE_S):
        at = begins + dt.timedelta(seconds=second)
        place = f"{degrees(lat_at(400.0), 2)},N,{degrees(LON0, 3)},E"
        lines += sentence(f"GNRMC,{at:%H%M%S}.00,A,{place},000.0,000.0,{at:%d%m%y},,,A")
    path.write_bytes(lines)


def degrees(value: float, whole: int) -> str:
    """Degrees and minutes as NMEA 0183 writes them."""
    return f"{int(value):0{whole}d}{value % 1 * 60:08.5f}"


@contextmanager
def bridge(path: Path, origin: str) -> Iterator[str]:
    """`ridebell receiver` beside the page; the address that it prints."""
    command = [sys.executable, "-m", "ridebell", "receiver", str(path), "--origin", origin, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=secret_env()) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert "/drive?receiver=" in line, line
            yield line[line.index("http") :].strip().rstrip(".")
        finally:
            process.terminate()
            process.wait(START_S)


def test_places_of_the_receiver_beside_the_screen_reach_the_server(
    new_page: NewPage, server: RealServer, tmp_path: Path
) -> None:
    recorded_drive(tmp_path / "drive.nmea")
    page = new_page(width=1280, height=800, permissions=[])
    page.add_init_script(RECORDER)
    with bridge(tmp_path / "drive.nmea", server.url) as address:
        answer = page.goto(f"{address}&vehicle_id=V1&lang=ko")
        assert answer is not None
        port = address.rpartition("=")[2]
        assert answer.headers["content-security-policy"].endswith(f"connect-src 'self' ws://127.0.0.1:{port}")
        expect(page.locator(".question")).to_contain_text("광교중앙역")
        fixes = [one["frame"] for one in page.evaluate("recorded.frames") if one["frame"]["type"] == "fix"]
        assert fixes[0]["lat"] == pytest.approx(lat_at(400.0), abs=1e-6)
        assert fixes[0]["speed_mps"] == 0.0
        page.click("[data-act=yes]")
        expect(page.locator("h1.line")).to_have_text("88")


def test_a_page_that_was_not_told_of_a_receiver_may_connect_to_none(new_page: NewPage, server: RealServer) -> None:
    page = new_page(width=1280, height=800, permissions=["geolocation"])
    answer = page.goto(f"{server.url}/drive?vehicle_id=V1")
    assert answer is not None
    assert "127.0.0.1" not in answer.headers["content-security-policy"]
    assert page.goto(f"{server.url}/drive?receiver=22") is not None
    assert page.goto(f"{server.url}/drive?receiver=22").status == 422  # type: ignore[union-attr]


def test_the_operators_own_keys_are_served(place: ServerPlace, new_page: NewPage, tmp_path: Path) -> None:
    keys = {"schema": 1, "keys": {"KeyB": "full"}}
    (tmp_path / "keys.json").write_text(json.dumps(keys), encoding="utf-8")
    with place.serve("--demo", "--driver-keys", str(tmp_path / "keys.json")) as server:
        page = new_page()
        page.goto(f"{server.url}/drive?vehicle_id=V1")
        assert page.evaluate("fetch('/drive/keys.json').then((answer) => answer.json())") == keys


def test_keys_answer_once_a_press_and_not_while_somebody_types(new_page: NewPage) -> None:
    page = new_page(width=1280, height=800)
    with ScriptedServer(heartbeat_s=30) as server:
        scenes.open_drive(server, page, "ko")
        server.tell("terminal", alert("ko"))
        expect(page.locator(".alert")).to_be_visible()
        page.keyboard.press("F1")
        assert server.hear("terminal", "respond") == {
            "type": "respond",
            "ref": "A2",
            "alert_id": "A2",
            "answer": "ok",
            "by": "key",
        }
        expect(page.locator(".given")).to_contain_text("확인함")
        page.keyboard.press("F1")
        page.keyboard.press("Numpad3")
        assert server.hear("terminal", "respond")["answer"] == "cannot_stop"
        assert server.heard("terminal", "respond") == []
        expect(page.locator(".given")).to_contain_text("정차 불가 전달함")
