"""The console's outcomes, pass-bys, terminals and settings in Chromium, over a real server with a busy day in its journal."""

import csv
import io
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, Route, expect
from websockets.sync.client import ClientConnection, connect

from server.gtfs.compiled import load
from tests.e2e.accessibility import violations
from tests.e2e.conftest import NewPage
from tests.e2e.ops_days import fill
from tests.e2e.real_server import LON0, RealServer, ServerPlace, lat_at
from tests.server.web.oidc_provider import Provider

pytestmark = pytest.mark.browser

BELLS = 400
PICTURE = "() => document.querySelector('canvas.heatmap').toDataURL()"
VIEWS = {
    "figures": ("#/outcomes", ".chart"),
    "bells": ("#/outcomes/bells", "tbody tr"),
    "latency": ("#/outcomes/latency", ".cards-small .chart"),
    "map": ("#/outcomes/map", "canvas.heatmap"),
    "abuse": ("#/outcomes/abuse", "tbody tr"),
    "route": ("#/outcomes/route/R88", ".sheet .chart"),
    "passbys": ("#/passbys", "tbody tr"),
    "terminals": ("#/terminals", ".desk h1"),
    "settings": ("#/settings", "tbody tr"),
}


DARK = ("figures", "map", "evidence", "terminals")
"""Views that between them have every colour: seen by night, on a tablet, in English."""


@pytest.fixture(scope="module")
def desk(street: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """A server in demo mode whose journal holds the last day."""
    data = tmp_path_factory.mktemp("desk") / "data"
    fill(data, load(street / "street.network"), now_ms=round(time.time() * 1000), bells=BELLS)
    with ServerPlace(street / "street.network", street / "vehicles.json", data).serve("--demo") as server:
        yield server


def open_view(page: Page, server: RealServer, view: str, lang: str = "ko") -> None:
    address, there = VIEWS[view]
    page.goto(f"{server.url}/ops?lang={lang}{address}")
    page.wait_for_selector(there)


def ask(server: RealServer, path: str) -> Any:
    return httpx.get(f"{server.url}/v1/ops/{path}").raise_for_status().json()


def test_every_figure_says_its_window_and_count_and_has_its_table_and_csv(desk: RealServer, new_page: NewPage) -> None:
    page = new_page(width=1440, height=900)
    open_view(page, desk, "figures")
    total = ask(desk, "outcomes")["count"]
    assert f"{total:,}" in page.inner_text(".keys")
    cards = page.locator(".figure-card")
    assert cards.count() == 6
    for i in range(cards.count()):
        card = cards.nth(i)
        assert re.search(
            r"\d\d-\d\d \d\d:\d\d – \d\d-\d\d \d\d:\d\d · 벨 [\d,]+건", card.locator(".window").first.inner_text()
        )
        assert card.locator("details table").count() == 1
        assert card.locator(".csv").count() == 1
    with page.expect_download() as waiting:
        cards.first.locator("button.csv").click()
    text = Path(waiting.value.path()).read_text("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == ["시간대", "시간대별 벨", "건수"]
    assert sum(int(row[1]) for row in rows[1:]) == total


def test_the_files_of_the_server_come_with_the_consoles_own_session(desk: RealServer, new_page: NewPage) -> None:
    page = new_page(width=1440, height=900)
    open_view(page, desk, "figures")
    with page.expect_download() as waiting:
        page.click("text=정차 기록 TIDES")
    text = Path(waiting.value.path()).read_bytes()
    assert text.startswith(b"\xef\xbb\xbfservice_date,trip_id_performed,stop_sequence")
    assert re.fullmatch(r"ridebell-\d{8}-stop_visits\.csv", waiting.value.suggested_filename)


def test_from_the_figures_to_one_bells_story_by_keyboard(desk: RealServer, new_page: NewPage) -> None:
    page = new_page(width=1280, height=900)
    open_view(page, desk, "figures")
    page.focus("nav.desk-tabs a >> nth=1")
    page.keyboard.press("Enter")
    page.wait_for_selector("tbody tr")
    page.select_option("#outcome", "passed_once")
    passed = ask(desk, "bells?passed=true&limit=1")["count"]
    expect(page.locator("#bells-title")).to_contain_text(f"벨 {passed}건")
    page.focus("tbody th a >> nth=0")
    page.keyboard.press("Enter")
    page.wait_for_selector(".moments")
    told = page.locator(".moment b").all_inner_texts()
    assert told[:2] == ["접수", "배정"]
    assert told.index("기사 화면") < told.index("무정차 통과") < told.index("도착")
    assert "2번째 버스" in page.inner_text(".moments")


def test_a_pass_by_shows_what_the_driver_saw_and_how_the_bus_went_through(desk: RealServer, new_page: NewPage) -> None:
    page = new_page(width=1280, height=900)
    open_view(page, desk, "passbys")
    page.click("tbody th a >> nth=0")
    page.wait_for_selector(".chart-profile")
    facts = page.inner_text(".keys")
    for word in ("알림을 보냄", "화면 표시", "결정 지점", "124 m", "km/h", "닫힘", "확신 95 %"):
        assert word in facts
    assert page.locator(".chart-profile .dot").count() > 30
    assert page.locator(".chart-profile text.mark-text").all_text_contents() == ["정류장", "결정 지점", "화면 표시"]
    page.click("details summary")
    assert page.locator("details tbody tr").count() == page.locator(".chart-profile .dot").count()
    page.click(".handles a")
    page.wait_for_selector(".moments")


def test_the_map_of_stops_is_drawn_and_its_table_says_the_same(desk: RealServer, new_page: NewPage) -> None:
    page = new_page(width=1280, height=1000)
    open_view(page, desk, "map")
    page.wait_for_function(
        """() => { const c = document.querySelector("canvas.heatmap");
        const px = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
        return new Set(Array.from(px).filter((_, i) => i % 4 === 0)).size > 8; }"""
    )
    stops = ask(desk, "outcomes")["stops"]
    assert page.locator("tbody tr").count() == len(stops)
    whole = page.evaluate(PICTURE)
    page.focus("canvas.heatmap")
    page.keyboard.press("+")
    page.keyboard.press("ArrowUp")
    assert page.evaluate(PICTURE) != whole
    page.click("[data-act='map fit']")
    assert page.evaluate(PICTURE) == whole
    page.click("tbody th a >> nth=0")
    page.wait_for_url("**/ops*#/passbys/stop/**")


def test_a_window_without_bells_says_so(desk: RealServer, new_page: NewPage) -> None:
    page = new_page(width=1024, height=768)
    page.goto(f"{desk.url}/ops?lang=ko#/outcomes/route/NONE")
    page.wait_for_selector(".desk-empty")
    assert "이 기간에는 벨이 없습니다" in page.inner_text(".desk-empty")
    page.goto(f"{desk.url}/ops?lang=en#/outcomes/bell/ffffffffffff")
    page.wait_for_selector(".desk-stale")


def test_bones_stand_until_the_figures_come_and_old_ones_stay_when_none_come(
    place: ServerPlace, street: Path, new_page: NewPage
) -> None:
    fill(place.data, load(street / "street.network"), now_ms=round(time.time() * 1000), bells=20)
    with place.serve("--demo") as server:
        page = new_page(width=1280, height=900)
        held: list[Route] = []

        def hold(route: Route) -> None:
            held.append(route)

        page.route("**/v1/ops/outcomes*", hold)
        page.goto(f"{server.url}/ops?lang=ko#/outcomes")
        page.wait_for_selector(".bone")
        held[0].continue_()
        page.unroute("**/v1/ops/outcomes*", hold)
        page.wait_for_selector(".keys")
        server.kill()
        page.click("[data-window=day]")
        page.wait_for_selector(".desk-stale")
        assert page.inner_text(".desk-stale button") == "다시 시도"


def test_a_sheet_prints_without_the_consoles_frame(desk: RealServer, new_page: NewPage) -> None:
    page = new_page(width=1280, height=900)
    open_view(page, desk, "route")
    page.emulate_media(media="print")
    for hidden in (".rail", ".desk-tools", ".csv"):
        assert not page.locator(hidden).first.is_visible()
    assert page.locator(".keys").is_visible()
    page.set_viewport_size({"width": 794, "height": 1123})  # A4 at 96 dpi
    assert page.evaluate("document.documentElement.scrollWidth") <= 794


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_rule_is_broken_in_any_view(desk: RealServer, new_page: NewPage, axe_source: str, scheme: str) -> None:
    lang = "ko" if scheme == "light" else "en"
    page = new_page(width=820 if scheme == "dark" else 1280, height=1000, color_scheme=scheme, bypass_csp=True)
    handle = ask(desk, "bells?passed=true&limit=1")["rows"][0]["handle"]
    passby = ask(desk, "passbys?limit=1")["rows"][0]["id"]
    more = {
        "story": (f"#/outcomes/bell/{handle}", ".moments"),
        "evidence": (f"#/passbys/{passby}", ".chart-profile"),
        "history": ("#/terminals/V1", "tbody tr"),
    }
    views = (VIEWS | more).items() if scheme == "light" else [(view, (VIEWS | more)[view]) for view in DARK]
    broken: dict[str, Any] = {}
    for view, (address, there) in views:
        page.goto("about:blank")
        page.goto(f"{desk.url}/ops?lang={lang}{address}")
        page.wait_for_selector(there)
        if found := violations(page, axe_source):
            broken[view] = found
        assert page.evaluate("document.documentElement.scrollWidth") <= (820 if scheme == "dark" else 1280), view
    assert broken == {}


# -- terminals -----------------------------------------------------------------------


@contextmanager
def terminal(server: RealServer, vehicle: str) -> Iterator[ClientConnection]:
    """A bus's own program instead of the page: it may say of itself whatever a test wants."""
    asked = {"role": "terminal", "subject": vehicle, "vehicle_id": vehicle}
    token = httpx.post(f"{server.url}/v1/token", json=asked).raise_for_status().json()["token"]
    with connect(f"{server.url.replace('http', 'ws', 1)}/v1/ws/terminal", compression=None) as socket:
        socket.send(json.dumps({"type": "hello", "token": token}))
        socket.recv()
        at_ms = round(time.time() * 1000)
        socket.send(json.dumps({"type": "fix", "at_ms": at_ms, "lat": lat_at(100.0), "lon": LON0, "accuracy_m": 6.0}))
        yield socket


def test_a_terminal_whose_sound_failed_is_on_top_and_can_be_filtered(desk: RealServer, new_page: NewPage) -> None:
    with terminal(desk, "V1") as loud, terminal(desk, "V2") as quiet:
        loud.send(json.dumps({"type": "health", "sound": "ok", "screen": "ok"}))
        quiet.send(json.dumps({"type": "health", "sound": "failed", "screen": "ok"}))
        page = new_page(width=1280, height=900)
        while "sound_failed" not in str(ask(desk, "terminals")["vehicles"]):
            page.wait_for_timeout(50)
        open_view(page, desk, "terminals")
        page.wait_for_selector("tbody tr")
        assert "소리 고장" in page.inner_text("tbody tr >> nth=0")
        assert "경기70바5678" in page.inner_text("tbody tr >> nth=0")
        page.click("[data-trouble=sound_failed]")
        expect(page.locator("tbody tr")).to_have_count(1)
        page.click("[data-trouble=frozen]")
        assert "이 이상이 있는 단말이 없습니다" in page.inner_text(".desk-empty")


def test_the_history_of_a_terminal_tells_spells(desk: RealServer, new_page: NewPage) -> None:
    page = new_page(width=1280, height=900)
    page.goto(f"{desk.url}/ops?lang=en#/terminals/V1")
    page.wait_for_selector("tbody tr, .desk-empty")
    told = page.inner_text(".desk")
    assert "Sound failed" in told or "No trouble today" in told


# -- the door ------------------------------------------------------------------------


def test_an_operator_signs_in_at_the_company_and_out_again(place: ServerPlace, new_page: NewPage) -> None:
    with Provider() as provider, place.serve("--oidc-issuer", provider.issuer, "--oidc-client", "ridebell") as server:
        page = new_page(width=1280, height=900)
        page.goto(f"{server.url}/ops?lang=ko#/outcomes")
        page.click(".door-link")
        page.wait_for_url(f"{server.url}/ops")
        page.goto(f"{server.url}/ops?lang=ko#/outcomes")
        page.wait_for_selector(".desk-empty")
        page.wait_for_selector(".rail-link-live")
        cookies = {cookie["name"]: cookie for cookie in page.context.cookies()}
        kept = cookies["ridebell-operator"]
        assert (kept["httpOnly"], kept["sameSite"]) == (True, "Strict")
        assert "ridebell-login" not in cookies
        page.goto(f"{server.url}/ops?lang=ko#/settings")
        page.click("[data-act=sign-out]")
        page.wait_for_selector(".door")
        assert "ridebell-operator" not in {cookie["name"] for cookie in page.context.cookies()}
