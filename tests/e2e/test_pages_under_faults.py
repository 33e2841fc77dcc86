"""What the pages do when links, servers and numbers go wrong. The peer is scripted: a good server never does these things."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import NewPage
from tests.e2e.frames import alert, bell
from tests.e2e.scenes import drive_rest, open_drive
from tests.e2e.scripted_server import ScriptedServer
from tests.e2e.stop_scenes import open_stop, ring, stop_shown, tell_bell

pytestmark = pytest.mark.browser

RIDER_RINGS = "[data-act=ring][data-route=R88]"


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    with ScriptedServer(heartbeat_s=30) as server:
        yield server


@pytest.fixture
def driver(new_page: NewPage) -> Page:
    return new_page(width=1280, height=800)


def test_messages_are_acknowledged_and_a_return_resumes_where_it_left_off(
    scripted: ScriptedServer, new_page: NewPage
) -> None:
    page = new_page()
    open_stop(scripted, page, "ko")
    tell_bell(scripted, page, bell(ring(scripted, page), "shown"))
    assert scripted.hear("rider", "ack")["seq"] == 1
    scripted.hear("rider", "hello")
    scripted.recover = True
    scripted.close("rider", 1012)
    assert scripted.hear("rider", "hello")["resume"] == {"epoch": "e1", "seq": 1}
    expect(page.locator(".card-shown")).to_be_visible()
    assert scripted.tickets == [{"role": "rider"}] * 2


def test_a_gap_in_the_numbers_makes_the_page_take_a_snapshot(scripted: ScriptedServer, driver: Page) -> None:
    open_drive(scripted, driver, "ko", alerts=lambda: [alert("ko") | {"seq": 9}] if scripted.lost else [])
    scripted.lost = True
    scripted.skip("terminal", 3)
    scripted.tell("terminal", alert("ko", 3))
    assert "resume" not in scripted.hear("terminal", "hello")
    expect(driver.locator(".stop")).to_have_text("수원시청 앞")
    expect(driver.locator(".after")).to_have_count(0)


def test_a_repeated_message_changes_nothing(scripted: ScriptedServer, driver: Page) -> None:
    open_drive(scripted, driver, "ko")
    scripted.tell("terminal", alert("ko"))
    expect(driver.locator(".want-boarding b")).to_have_text("2")
    scripted.skip("terminal", -1)
    scripted.tell("terminal", alert("ko", boarding=7))
    scripted.tell("terminal", alert("ko", boarding=3))
    expect(driver.locator(".want-boarding b")).to_have_text("3")


def test_shown_is_said_after_the_paint_and_not_by_a_hidden_page(scripted: ScriptedServer, driver: Page) -> None:
    open_drive(scripted, driver, "ko")
    driver.evaluate("window.requestAnimationFrame = () => 0")
    scripted.tell("terminal", alert("ko"))
    expect(driver.locator(".alert")).to_be_visible()
    scripted.tell("terminal", alert("ko", 3, distance_m=700))
    expect(driver.locator(".after")).to_be_visible()
    assert scripted.heard("terminal", "shown") == []
    driver.reload()
    scripted.hear("terminal", "hello")
    scripted.tell("terminal", alert("ko"))
    assert scripted.hear("terminal", "shown")["alert_id"] == "A2"


def test_a_link_that_falls_silent_is_dead(new_page: NewPage) -> None:
    with ScriptedServer(heartbeat_s=2) as scripted:
        page = new_page(width=1280, height=800)
        drive_rest(scripted, page, "ko")
        scripted.mute = True
        scripted.closed_doors = True
        expect(page.locator(".bell-off")).to_have_text("벨 꺼짐 · BELL OFF", timeout=15_000)
        expect(page.locator(".mark-wrong")).to_contain_text("연결 끊김")
        scripted.mute = scripted.closed_doors = False
        expect(page.locator(".bell-off")).to_have_count(0, timeout=15_000)


def test_an_alert_whose_stop_was_passed_without_a_link_is_not_replayed(scripted: ScriptedServer, driver: Page) -> None:
    held = [alert("ko", 1, valid_until_along_m=430.0, distance_m=0, eta_s=1)]
    open_drive(scripted, driver, "ko", alerts=lambda: held if scripted.lost else [])
    expect(driver.locator(".rest-stop")).to_have_text("수원시청 앞")
    scripted.lost = True
    scripted.close("terminal", 1012)
    scripted.hear("terminal", "hello")
    scripted.tell("terminal", alert("ko", 3))
    expect(driver.locator(".stop")).to_have_text("인계동")
    assert [frame["alert_id"] for frame in scripted.heard("terminal", "shown")] in ([], ["A3"])


def test_a_ring_survives_reload_and_reconnect_as_the_same_bell(scripted: ScriptedServer, new_page: NewPage) -> None:
    page = new_page()
    open_stop(scripted, page, "ko")
    scripted.closed_doors = True
    scripted.close("rider", 1012)
    expect(page.locator(".notice")).to_be_visible()
    page.click(RIDER_RINGS)
    expect(page.locator(".card .story")).to_have_text("연결되면 바로 벨을 보낼게요.")
    scripted.closed_doors = False
    first = scripted.hear("rider", "ring")["bell_id"]
    page.reload()
    assert scripted.hear("rider", "ring")["bell_id"] == first
    tell_bell(scripted, page, bell(first, "shown"))
    page.reload()
    scripted.hear("rider", "watch")
    assert scripted.heard("rider", "ring") == []


def test_offline_the_page_says_what_is_known_and_how_old(scripted: ScriptedServer, new_page: NewPage) -> None:
    page = new_page()
    stop_shown(scripted, page, "ko")
    scripted.closed_doors = True
    page.context.set_offline(True)
    expect(page.locator("#notice")).to_contain_text("기준 정보예요")
    expect(page.locator(".card-shown")).to_be_visible()
    scripted.closed_doors = False
    page.context.set_offline(False)
    expect(page.locator("#notice")).to_be_empty()


def test_a_drain_is_followed_and_not_taken_for_a_fault(scripted: ScriptedServer, driver: Page) -> None:
    drive_rest(scripted, driver, "ko")
    scripted.hear("terminal", "fix")
    scripted.tell("terminal", {"type": "drain", "reconnect_in_ms": 200})
    scripted.close("terminal", 1012)
    scripted.hear("terminal", "hello")
    expect(driver.locator(".bell-off")).to_have_count(0)


def test_a_superseded_screen_says_so_and_waits_to_be_asked(scripted: ScriptedServer, driver: Page) -> None:
    drive_rest(scripted, driver, "ko")
    scripted.close("terminal", 4409)
    expect(driver.locator(".bell-off")).to_be_visible()
    assert scripted.heard("terminal", "hello") == []
    driver.click("[data-act='take over']")
    scripted.hear("terminal", "hello")
    expect(driver.locator(".bell-off")).to_have_count(0)
