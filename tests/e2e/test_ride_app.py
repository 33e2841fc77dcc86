"""The rider app in Chromium against the real server: find a stop and ring, get on, show a companion, a broken link."""

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import NewPage
from tests.e2e.device_copy import wait_for_copy
from tests.e2e.journeys import AT_STOP_M, JUST_PAST_THE_STOP_BEFORE_M, RING, STOP, bus_of
from tests.e2e.real_server import PLATES, STOPS, RealServer, ServerPlace
from tests.e2e.riders import app, get, get_on, stand

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

RETURN_MS = 40_000


def test_a_stop_is_near_or_found_and_rung_as_on_its_own_page(new_page: NewPage, server: RealServer) -> None:
    bus = bus_of(new_page, server, "V1", at_m=JUST_PAST_THE_STOP_BEFORE_M)
    rider = app(new_page, server, at_m=AT_STOP_M + 15)
    nearest = rider.locator("#stops .stop").first
    expect(nearest.locator("strong")).to_have_text(STOPS[STOP])
    expect(nearest.locator(".stop-about")).to_have_text(f"03-122 · {STOPS[STOP + 1]} 방면")
    expect(rider.locator(".map-bus text")).to_have_text("88")
    on_map = rider.locator(".map-stop").evaluate_all("all => all.map(one => one.dataset.stop)")
    in_list = rider.locator("#stops [data-act=open]").evaluate_all("all => all.map(one => one.dataset.stop)")
    assert set(in_list) == set(on_map), "the list says what the map shows"

    rider.click(RING)
    bus.stand(until=".alert")
    expect(rider.locator(".my-bell-stop")).to_have_text(STOPS[STOP])
    expect(rider.locator(".card .story")).to_have_text("기사님 화면에 표시되었습니다.")
    expect(rider.locator("#spoken")).to_have_text("기사님 화면에 표시되었습니다.")
    nearest.locator("[data-act=star]").click()
    rider.reload()
    expect(rider.locator(".my-bell-stop")).to_have_text(STOPS[STOP])
    rider.click("[data-act=cancel]")
    expect(bus.page.locator(".alert")).to_have_count(0)
    rider.click("a.tab[href='#/past']")
    expect(rider.locator(".past-bells .ended-what")).to_have_text("벨을 취소했어요.")

    rider.goto(f"{server.url}/s/S{STOP}")
    expect(rider.locator("[data-act=star]")).to_have_attribute("aria-pressed", "true")
    rider.goto(f"{server.url}/ride")
    rider.fill("#query", "03-123")
    expect(rider.locator("#stops strong")).to_have_text([STOPS[3]])
    rider.fill("#query", "수원")
    expect(rider.locator("#stops strong")).to_have_text([STOPS[STOP]])
    rider.fill("#query", "Ingye")
    expect(rider.locator("#stops strong")).to_have_text([STOPS[3]])
    rider.keyboard.press("Tab")
    rider.keyboard.press("Tab")
    expect(rider.locator("#stops [data-stop=S3][data-act=open]")).to_be_focused()
    rider.keyboard.press("Enter")
    expect(rider.locator("#board .row .route")).to_have_text("88")


def test_a_bus_far_away_is_not_believed_and_the_mind_may_be_changed(new_page: NewPage, server: RealServer) -> None:
    bus = bus_of(new_page, server, "V1", at_m=JUST_PAST_THE_STOP_BEFORE_M)
    rider = app(new_page, server, at_m=JUST_PAST_THE_STOP_BEFORE_M, place="aboard", lang="en")
    expect(rider.locator("[data-vehicle=V1]")).to_be_visible()
    stand(rider, AT_STOP_M + 900)
    rider.click("[data-vehicle=V1]")
    expect(rider.locator("#content > .problem")).not_to_be_empty()
    stand(rider, JUST_PAST_THE_STOP_BEFORE_M)
    get_on(rider, bus)
    rider.focus(".strip [data-sequence='5']")
    rider.keyboard.press("Enter")
    expect(rider.locator(".card-alight .alight-stop")).to_have_text("Gwanggyo")
    rider.click("[data-act=stay]")
    expect(rider.locator(".card-alight")).to_have_count(0)
    expect(rider.locator("#spoken")).to_have_text("You cancelled the bell to get off.")
    rider.click("[data-act=undo]")
    expect(rider.locator(".receipt .fare")).to_have_text("not ridden")
    expect(rider.locator("#choose-title")).to_be_visible()


def test_a_companion_sees_the_bus_until_the_link_is_taken_back(new_page: NewPage, server: RealServer) -> None:
    bus = bus_of(new_page, server, "V1", at_m=JUST_PAST_THE_STOP_BEFORE_M)
    rider = app(new_page, server, at_m=JUST_PAST_THE_STOP_BEFORE_M)
    rider.evaluate("delete Navigator.prototype.share")
    get_on(rider, bus)
    rider.click(".strip [data-sequence='4']")
    expect(rider.locator(".card-alight")).to_be_visible()
    rider.click("[data-act=share]")
    expect(rider.locator(".riding-foot")).to_contain_text("링크를 복사했어요")
    link = rider.evaluate("navigator.clipboard.readText()")
    assert re.fullmatch(re.escape(server.url) + r"/ride\?lang=ko#/with/[\w.-]+", link)

    friend = new_page()
    asked: list[str] = []
    friend.on("request", lambda request: asked.append(request.url))
    friend.goto(link)
    expect(friend.locator(".with-goal")).to_have_text(re.compile(f"{STOPS[4]}"))
    expect(friend.locator(".riding .plate")).to_have_text(PLATES["V1"])
    expect(friend.locator("#tabs")).to_be_hidden()
    token = link.rpartition("/")[2]
    assert not [url for url in asked if token in url], "the link itself is in no address that is asked for"
    assert not [url for url in asked if "ws-ticket" in url], "a companion becomes no rider"

    rider.click("[data-act=unshare]")
    expect(rider.locator("[data-act=unshare]")).to_have_count(0)
    expect(friend.locator(".empty")).to_have_text("이 링크는 끝났어요.")


def test_without_a_link_the_page_says_what_is_known_and_queues_nothing(new_page: NewPage, place: ServerPlace) -> None:
    with place.serve("--demo") as server:
        bus = bus_of(new_page, server, "V1", at_m=JUST_PAST_THE_STOP_BEFORE_M)
        rider = app(new_page, server, at_m=JUST_PAST_THE_STOP_BEFORE_M)
        get_on(rider, bus)
        server.kill()
        bus.stand_while(lambda: rider.locator("#notice .notice").count() == 0, within_s=30)
        expect(rider.locator("#notice")).to_contain_text("연결이 끊겼어요")
        expect(rider.locator(".strip-stop")).to_have_count(4)
        rider.click(".strip [data-sequence='4']")
        expect(rider.locator("#content > .problem")).to_contain_text("버스의 하차벨을 눌러 주세요")
    with place.serve("--demo"):
        bus.stand_while(lambda: rider.locator("#notice .notice").count() > 0, within_s=RETURN_MS / 1000)
        expect(rider.locator(".riding-head .plate")).to_have_text(PLATES["V1"])
        expect(rider.locator(".card-alight")).to_have_count(0)
        bus.stand_while(lambda: rider.locator(".strip-stop").count() == 0, within_s=20)

        def nobody_is_told() -> bool:
            """Until the bus has said where it is, the new server cannot take the wish: the rider taps again."""
            if rider.locator(".card-alight").count() == 0:
                rider.click(".strip [data-sequence='4']")
            return rider.locator(".card-alight .alight-stop").count() == 0

        bus.stand_while(nobody_is_told, within_s=RETURN_MS / 1000)
        expect(rider.locator(".card-alight .alight-stop")).to_have_text(STOPS[4])


def test_the_code_inside_a_bus_connects_without_a_position(new_page: NewPage, server: RealServer) -> None:
    bus = bus_of(new_page, server, "V1", at_m=JUST_PAST_THE_STOP_BEFORE_M)
    code = get(server, "/v1/bus-code", "terminal", vehicle_id="V1")
    assert isinstance(code, dict)
    rider = new_page(permissions=[])
    rider.goto(f"{server.url}/ride?lang=ko#/aboard/{quote(code['nonce'], safe='')}")
    bus.stand_while(lambda: rider.locator(".strip-stop").count() == 0, within_s=20)
    expect(rider.locator(".riding-head .plate")).to_have_text(PLATES["V1"])
    assert code["nonce"] not in rider.url, "a code that was used does not stay in the address"


def test_the_app_opens_without_a_network_and_says_so(new_page: NewPage, server: RealServer) -> None:
    rider = app(new_page, server, at_m=AT_STOP_M + 15)
    rider.locator("#stops [data-act=star]").first.click()
    wait_for_copy(rider, "/ride")
    rider.context.set_offline(True)
    rider.reload()
    expect(rider.locator("#notice")).to_contain_text("아직 연결되지 않았어요")
    expect(rider.locator("#stops strong").first).to_have_text(STOPS[STOP])
    rider.click("a.tab[href='#/past']")
    expect(rider.locator("#content .empty")).to_contain_text("지금은 기록을 볼 수 없어요")
