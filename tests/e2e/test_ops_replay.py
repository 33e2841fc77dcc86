"""The console's replay in a browser, over a real server: play, seek, step, why, another policy, record, nobody's mouse."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from server.protocol.recording import write_lines
from tests.e2e.accessibility import violations
from tests.e2e.conftest import NewPage
from tests.e2e.real_server import LON0, ROUTE_ID, SPACING_M, STOPS, RealServer, ServerPlace, lat_at

pytestmark = pytest.mark.browser

DAY = "20261120"
START_MS = round(datetime(2026, 11, 20, 8, 0, tzinfo=ZoneInfo("Asia/Seoul")).timestamp() * 1000)
NAME = "a-morning"


def drive(vehicle: str, trip: str, start_ms: int, stop_at: int | None) -> list[dict[str, Any]]:
    """A bus along the street at 10 m/s, a fix a second; it stands 12 s at one stop."""
    rows: list[dict[str, Any]] = [
        {"at_ms": start_ms, "type": "sign_on", "vehicle_id": vehicle, "trip_id": trip, "start_date": DAY}
    ]
    at_m, stood, at_ms = 0.0, 0, start_ms
    while at_m <= (len(STOPS) - 1) * SPACING_M:
        standing = stop_at is not None and at_m == stop_at * SPACING_M and stood < 12
        at_ms += 1_000
        place = {"lat": lat_at(at_m), "lon": LON0, "speed_mps": 0.0 if standing else 10.0, "heading_deg": 0.0}
        rows.append({"at_ms": at_ms, "type": "fix", "vehicle_id": vehicle, "accuracy_m": 5.0} | place)
        stood += standing
        at_m += 0.0 if standing else 10.0
    return rows


def morning() -> list[dict[str, Any]]:
    """Two buses two minutes apart; a rider's bell is passed by the first and served by the second."""
    ring = {
        "at_ms": START_MS + 20_000,
        "type": "ring",
        "rider": "r",
        "bell_id": "bell-0001",
        "stop_id": "S3",
        "route_id": ROUTE_ID,
        "presence": {"nonce": "checked"},
    }
    rows = [*drive("V1", "T480", START_MS, None), *drive("V2", "T482", START_MS + 120_000, 3), ring]
    return sorted(rows, key=lambda row: int(row["at_ms"]))


@pytest.fixture
def ops(place: ServerPlace, new_page: NewPage) -> Iterator[tuple[RealServer, Page]]:
    """A console whose operator has signed in, and a server that has a recording."""
    folder = place.data / "recordings"
    folder.mkdir(parents=True)
    write_lines(folder / f"{NAME}.jsonl.zst", morning())
    with place.serve("--demo") as server:
        page = new_page(width=1280, height=800, timezone_id="Asia/Seoul")
        token = page.request.post(f"{server.url}/v1/token", data={"role": "operator", "subject": "ops"}).json()["token"]
        assert page.request.post(f"{server.url}/v1/session", data={"token": token}).ok
        page.goto(f"{server.url}/ops?lang=en#/replay")
        page.wait_for_selector("#recordings-name")
        yield server, page


def open_replay(page: Page) -> None:
    page.click(f"tr:has-text('{NAME}') [data-act=replay]")
    page.locator("a[href^='#/replay/']").click()
    page.wait_for_selector(".lane-stop")


def test_play_step_seek_and_ask_why(ops: tuple[RealServer, Page], axe_source: str) -> None:
    _, page = ops
    open_replay(page)
    clock = page.locator(".transport-clock")
    expect(clock).to_have_text("08:00:00")
    page.keyboard.press(".")
    expect(clock).to_have_text("08:00:20")
    expect(page.locator(".lane-stop-rung .lane-name")).to_have_text("인계동")
    page.keyboard.press("ArrowRight")
    expect(clock).to_have_text("08:00:25")
    page.keyboard.press("Shift+ArrowRight")
    expect(clock).to_have_text("08:01:25")
    page.click("[data-act=speed][data-speed='600']")
    page.keyboard.press("k")
    expect(clock).to_have_text("08:04:43")
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    page.fill("#seek", str(START_MS + 30_000))
    expect(clock).to_have_text("08:00:30")
    alert = page.locator("[data-act=why]", has=page.locator(".told-alert")).first
    alert.click()
    expect(page.locator(".why-lines")).to_contain_text("V1 is the only one that could serve it")
    expect(page.locator(".why-lines")).to_contain_text("braking 1 m/s²")
    expect(page.locator(".cab-stop")).to_have_text("인계동")
    expect(page.locator(".considered-chosen")).to_contain_text("V1")
    expect(page.locator(".lane-commit rect")).to_have_count(1)
    expect(page.locator(".why-raw pre")).to_be_hidden()
    page.click(".why-raw summary")
    assert json.loads(page.locator(".why-raw pre").inner_text().split("\n}\n")[0] + "}")["type"] == "choice"
    assert violations(page, axe_source) == []


def test_another_policy_beside_it(ops: tuple[RealServer, Page], axe_source: str) -> None:
    _, page = ops
    open_replay(page)
    page.select_option("#compare", "under:3-min")
    page.wait_for_selector(".differences tbody tr")
    expect(page.locator(".lane-row")).to_have_count(2)
    expect(page.locator(".differences tbody tr")).to_have_count(1)
    page.click(".differences [data-act=difference]")
    expect(page.locator(".transport-clock")).to_have_text("08:00:20")
    expect(page.locator(".why-story")).to_have_count(2)
    expect(page.locator(".why-story").nth(0)).to_contain_text("V1 is the only one that could serve it")
    expect(page.locator(".why-story").nth(1)).to_contain_text("too close to stop")
    with page.expect_download() as download:
        page.click(".differences a:has-text('CSV')")
    assert Path(download.value.path()).read_text("utf-8-sig").startswith("bell_id,rung_ms")
    assert violations(page, axe_source) == []


def test_decisions_of_another_version_beside_it(ops: tuple[RealServer, Page]) -> None:
    _, page = ops
    open_replay(page)
    with page.expect_download() as download:
        page.click(".film-head a:has-text('Decisions')")
    page.click(".film-head a[href='#/replay']")
    content = Path(download.value.path()).read_bytes()
    page.set_input_files("#give", {"name": "older.jsonl.zst", "mimeType": "", "buffer": content})
    expect(page.locator("tr:has-text('older')")).to_contain_text("Decisions")
    page.locator("a[href^='#/replay/']").click()
    page.select_option("#compare", "given:older")
    page.wait_for_selector(".differences")
    expect(page.locator(".differences")).to_contain_text("Every bell fared the same")
    expect(page.locator(".lane-row")).to_have_count(2)


def test_record_fetch_and_delete(ops: tuple[RealServer, Page], axe_source: str) -> None:
    _, page = ops
    assert violations(page, axe_source) == []
    page.click("[data-act=record]")
    expect(page.locator(".recorder p")).to_contain_text("Recording")
    expect(page.locator(".kind-recording")).to_have_count(1)
    page.click("[data-act=record]")
    expect(page.locator(".recorder p")).to_have_text("Not recording.")
    row = page.locator("tr:has-text('Started by hand')")
    with page.expect_download() as download:
        row.locator("a", has_text="Download").click()
    assert download.value.suggested_filename.endswith("-live.jsonl.zst")
    row.locator("[data-act=delete]").click()
    expect(page.locator("tr:has-text('Started by hand')")).to_have_count(0)
    page.set_input_files("#give", {"name": "given.jsonl", "mimeType": "", "buffer": b'{"at_ms": 1, "type": "fix"}\n'})
    expect(page.locator("tr:has-text('given')")).to_have_count(1)
    page.click("tr:has-text('given') [data-act=replay]")
    page.wait_for_selector("progress, a[href^='#/replay/'], .wrong")


def test_keyboard_alone(ops: tuple[RealServer, Page]) -> None:
    _, page = ops
    page.locator(f"tr:has-text('{NAME}') [data-act=replay]").press("Enter")
    page.locator("a[href^='#/replay/']").press("Enter")
    page.wait_for_selector(".lane-stop")
    page.locator("#seek").focus()
    page.keyboard.press(".")
    row = page.locator("[data-act=why]").first
    row.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".why")
    page.locator("[data-act=close-why]").press("Enter")
    expect(page.locator(".why")).to_have_count(0)
    expect(page.locator("[data-act=why]").first).to_be_visible()
    page.locator("#replay-map").press("+")
    page.locator(".film-head a[href='#/replay']").press("Enter")
    page.wait_for_selector("#recordings-name")
