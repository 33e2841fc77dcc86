"""The operator's live section: lists by keyboard, filters, a bus followed, a route's strip, a lost link, a broken map."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e import ops_town
from tests.e2e.conftest import NewPage
from tests.e2e.frames import now_ms
from tests.e2e.scenes import open_ops, ops_live, ops_lost, ops_strip, ops_token, tell_fleet
from tests.e2e.scripted_server import ScriptedServer

pytestmark = pytest.mark.browser

ROWS = "#panel-buses .all [role=row]"
MANY = 10_300


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    with ScriptedServer(heartbeat_s=30) as server:
        yield server


@pytest.fixture
def desk(new_page: NewPage) -> Page:
    return new_page(width=1440, height=900)


def column(page: Page, name: str) -> Locator:
    return page.locator(f"{ROWS} .cell-{name}")


def painted(page: Page, layer: int) -> int:
    """How many pixels of a layer of the map are not empty: 0 the ground, 1 bells, 2 buses."""
    count: int = page.evaluate(
        """layer => { const c = document.querySelectorAll(".map-layer")[layer];
        const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
        let n = 0; for (let i = 3; i < d.length; i += 4) n += d[i] > 0 ? 1 : 0; return n; }""",
        layer,
    )
    return count


def test_lists_are_sorted_and_walked_by_keyboard(scripted: ScriptedServer, desk: Page) -> None:
    ops_live(scripted, desk, "en")
    expect(column(desk, "route").first).to_have_text("62-1")
    desk.focus("[data-tab=buses][data-column=route]")
    desk.keyboard.press("Enter")
    expect(column(desk, "route").first).to_have_text("G1300")
    expect(desk.locator("[data-tab=buses][data-column=route]")).to_be_focused()
    expect(desk.locator("#panel-buses [aria-sort]")).to_have_attribute("aria-sort", "descending")
    desk.focus("[data-list=buses]")
    desk.keyboard.press("ArrowDown")
    desk.keyboard.press("ArrowDown")
    second = desk.locator(ROWS).nth(1)
    expect(second).to_have_class("line line-active")
    expect(desk.locator("[data-list=buses]")).to_have_attribute(
        "aria-activedescendant", second.get_attribute("id") or ""
    )
    desk.keyboard.press("Enter")
    expect(desk.locator(".bus-card p")).to_have_text(second.locator(".cell-bus").inner_text())
    desk.keyboard.press("Escape")
    expect(desk.locator(".bus-card")).to_have_count(0)
    desk.focus("#tab-buses")
    desk.keyboard.press("ArrowRight")
    expect(desk.locator("#tab-bells")).to_be_focused()
    expect(desk.locator("#panel-bells")).to_be_visible()


def test_of_ten_thousand_buses_a_few_rows_are_drawn_and_all_can_be_reached(
    scripted: ScriptedServer, desk: Page
) -> None:
    open_ops(scripted, desk, "en")
    tell_fleet(scripted, [ops_town.bus("en", i, i % 900 / 1000, plate=f"P{i:05d}") for i in range(1, MANY + 1)])
    expect(desk.locator("#tab-buses .count")).to_have_text("10,300")
    desk.click("[data-tab=buses][data-column=bus]")
    assert desk.locator(ROWS).count() < 40
    desk.focus("[data-list=buses]")
    desk.keyboard.press("End")
    expect(desk.locator(f"{ROWS}.line-active .cell-bus")).to_have_text("P10300")
    expect(desk.locator(f"{ROWS}.line-active")).to_have_attribute("aria-rowindex", "10301")
    assert painted(desk, 2) > 10_000


def test_filters_leave_list_and_map_with_what_they_name(scripted: ScriptedServer, desk: Page) -> None:
    ops_live(scripted, desk, "ko")
    desk.wait_for_timeout(50)
    all_painted = painted(desk, 2)
    desk.select_option("[data-filter=kind]", "astray")
    expect(desk.locator(ROWS)).to_have_count(1)
    expect(column(desk, "state")).to_have_text("노선 이탈")
    desk.wait_for_function(
        "() => { const c = document.querySelectorAll('.map-layer')[2]; return c.getContext('2d')"
        ".getImageData(0, 0, c.width, c.height).data.some(v => v > 0) }"
    )
    assert 0 < painted(desk, 2) < all_painted / 4
    desk.select_option("[data-filter=kind]", "")
    desk.select_option("[data-filter=garage]", "용인 차고지")
    desk.select_option("[data-filter=routeId]", "R0")
    expect(column(desk, "route").first).to_have_text("88")
    garage_of_88 = desk.locator(ROWS).count()
    assert 0 < garage_of_88 < 7
    desk.fill("#search", "1333")
    expect(desk.locator(ROWS)).to_have_count(1)
    expect(column(desk, "bus")).to_have_text("경기70바1333")
    desk.fill("#search", "없는 것")
    expect(desk.locator("#panel-buses .empty")).to_have_text("찾는 것이 없습니다.")


def test_places_come_as_columns_and_a_bus_is_followed(scripted: ScriptedServer, desk: Page) -> None:
    ops_live(scripted, desk, "en")
    assert scripted.hear("operator", "watch", what="network")["moves"] is True
    desk.click("[data-vehicle=V6]")
    desk.click("[data-act=follow]")
    expect(desk.locator("[data-act=follow]")).to_have_attribute("aria-pressed", "true")
    expect(desk.locator(".fact dd").nth(2)).not_to_have_text("40 km/h")
    lat, lon = ops_town.place(0, 0.9)
    moved = {"lat_e5": [round(lat * 1e5)], "lon_e5": [round(lon * 1e5)], "heading_deg": [None], "speed_mps": [11.1]}
    scripted.tell("operator", {"type": "moves", "at_ms": now_ms(), "n": [6], "age_s": [0]} | moved)
    expect(desk.locator(".fact dd").nth(2)).to_have_text("40 km/h")
    next_bbox(scripted, lambda box: box[0] < lon < box[2] < box[0] + 0.05 and box[1] < lat < box[3])
    desk.focus(".map")
    desk.keyboard.press("ArrowLeft")
    expect(desk.locator("[data-act=follow]")).to_have_attribute("aria-pressed", "false")


def next_bbox(scripted: ScriptedServer, wanted: Callable[[list[float]], bool]) -> list[float]:
    """The next part of the map that the page asks for and that is as wanted."""
    while True:
        box: list[float] | None = scripted.hear("operator", "watch", what="network").get("bbox")
        if box is not None and wanted(box):
            return box


def test_a_click_on_the_map_chooses_the_bus_there(scripted: ScriptedServer, desk: Page) -> None:
    open_ops(scripted, desk, "en")
    tell_fleet(scripted, [ops_town.bus("en", 3, 0.5)])
    expect(desk.locator(ROWS)).to_have_count(1)
    desk.click(ROWS)
    expect(desk.locator(".bus-card")).to_be_visible()
    desk.keyboard.press("Escape")
    expect(desk.locator(".bus-card")).to_have_count(0)
    middle = desk.locator(".map").bounding_box()
    assert middle is not None
    desk.mouse.click(middle["x"] + middle["width"] / 2, middle["y"] + middle["height"] / 2)
    expect(desk.locator(".bus-card h2")).to_have_text("88")


def test_a_routes_strip_shows_headways_and_brackets_a_bunch(scripted: ScriptedServer, desk: Page) -> None:
    ops_strip(scripted, desk, "ko")
    expect(desk.locator(".strip h2")).to_have_text("88 노선도")
    expect(desk.locator(".strip-bunch")).to_have_text("2대 몰림")
    expect(desk.locator(".strip-gap:not(.strip-gap-bunched)").first).to_have_text("7분")
    expect(desk.locator(".strip-stop")).to_have_count(11)
    assert scripted.hear("operator", "watch", what="network", focus_route_id="R0")
    desk.locator(".strip-bus").first.focus()
    desk.keyboard.press("Enter")
    expect(desk.locator(".bus-card h2")).to_have_text("88")
    desk.click("[data-act='close strip']")
    expect(desk.locator(".strip")).to_be_hidden()
    desk.go_back()
    expect(desk.locator(".strip h2")).to_have_text("88 노선도")


def test_a_strip_that_does_not_come_says_so(scripted: ScriptedServer, desk: Page) -> None:
    ops_live(scripted, desk, "en")
    del scripted.files["v1/strips/R1"]
    desk.click("[data-vehicle=V1]")
    desk.click("[data-act=strip]")
    expect(desk.locator(".strip [role=alert]")).to_contain_text("did not come")


def test_a_lost_link_leaves_what_was_known_and_says_how_old_it_is(scripted: ScriptedServer, desk: Page) -> None:
    ops_lost(scripted, desk, "ko")
    expect(desk.locator(".map-old [role=alert]")).to_have_text("연결이 끊겼습니다.")
    expect(desk.locator(ROWS).first).to_be_visible()
    scripted.closed_doors = False
    desk.evaluate("dispatchEvent(new Event('online'))")
    expect(desk.locator(".map-old")).to_have_count(0)
    assert scripted.hear("operator", "watch", what="bells")


def test_without_a_map_the_list_goes_on_and_the_map_can_be_asked_for_again(
    scripted: ScriptedServer, desk: Page
) -> None:
    desk.goto(f"{scripted.url}/ops?lang=en")
    scripted.hear("operator", "watch", what="bells")
    expect(desk.locator(".map-word[role=alert]")).to_contain_text("The map did not come")
    tell_fleet(scripted, ops_town.fleet("en"))
    expect(desk.locator("#tab-buses .count")).to_have_text("20")
    scripted.files["v1/outline"] = ops_town.outline("en")
    desk.click("[data-act='map again']")
    expect(desk.locator(".map-word")).to_have_count(0)


def test_a_section_that_is_left_draws_nothing_more_and_comes_back(scripted: ScriptedServer, desk: Page) -> None:
    ops_live(scripted, desk, "en")
    assert desk.locator(".map-layer").count() == 3
    desk.evaluate("location.hash = '#/replay'")
    expect(desk.locator(".map-layer")).to_have_count(0)
    desk.evaluate("location.hash = '#/live'")
    desk.wait_for_selector(".bone")  # it listens again
    tell_fleet(scripted, ops_town.fleet("en"))
    expect(desk.locator("#tab-buses .count")).to_have_text("20")


def test_brightness_and_language_are_kept_on_the_device(scripted: ScriptedServer, desk: Page) -> None:
    ops_live(scripted, desk, "ko")
    desk.click("[data-act=theme]")
    desk.click("[data-act=theme]")
    expect(desk.locator("html")).to_have_attribute("data-theme", "dark")
    desk.click("[data-act=language]")
    expect(desk.locator("h1")).to_have_text("Live")
    expect(desk.locator("html")).to_have_attribute("data-theme", "dark")


def test_a_token_opens_the_console(scripted: ScriptedServer, desk: Page) -> None:
    ops_token(scripted, desk, "en")
    desk.fill("#token", "good")
    desk.keyboard.press("Enter")
    scripted.hear("operator", "watch", what="bells")
    expect(desk.locator(".rail-link-live")).to_be_visible()


def test_pictures_of_streets_lie_under_the_routes_where_there_is_a_server_of_them(
    scripted: ScriptedServer, desk: Page
) -> None:
    outline = ops_town.outline("ko")
    address = f"{scripted.url}/static/rider/icons/icon-192.png?"
    outline["tiles"] = {"url": address + "{z}/{x}/{y}", "attribution": "© 지도 시험"}
    scripted.files["v1/outline"] = outline
    with desk.expect_request(lambda request: request.url.startswith(address)):
        desk.goto(f"{scripted.url}/ops?lang=ko")
    expect(desk.locator(".tiles-by")).to_have_text("© 지도 시험")
    desk.wait_for_function(
        "() => { const c = document.querySelector('.map-layer'); const d = c.getContext('2d')"
        ".getImageData(0, 0, c.width, c.height).data; const seen = new Set();"
        " for (let i = 0; i < d.length; i += 4) seen.add((d[i] << 16) | (d[i + 1] << 8) | d[i + 2]); return seen.size > 20 }"
    )
