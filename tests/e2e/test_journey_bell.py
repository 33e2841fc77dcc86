"""The main journey in a real browser against the real server: ring on one page, see it on the other, hear how it ended."""

import re
from typing import cast

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import NewPage
from tests.e2e.journeys import AT_STOP_M, JUST_PAST_THE_STOP_BEFORE_M, RING, STOP, bus_of
from tests.e2e.real_server import LON0, PLATES, SIGN_ON, STOPS, Bus, RealServer, ServerPlace, lat_at

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

RETURN_MS = 40_000
"""Riders come back after a restart within 20 s of jitter, drivers within 3 s."""


def chimes(page: Page) -> list[str]:
    return cast("list[str]", page.evaluate('JSON.parse(localStorage.getItem("test.chimes") ?? "[]")'))


def rider_at(new_page: NewPage, server: RealServer) -> Page:
    """A rider who scanned the QR code at the stop."""
    page = new_page()
    page.goto(server.stop_address(f"S{STOP}"))
    expect(page.locator("h1")).to_have_text(STOPS[STOP])
    return page


def story(page: Page, text: str | re.Pattern[str]) -> None:
    expect(page.locator(".card .story, .ended-what")).to_have_text(text)


def test_a_rung_bell_is_shown_to_the_driver_and_the_rider_hears_the_truth(
    new_page: NewPage, server: RealServer
) -> None:
    bus = bus_of(new_page, server, "V1", at_m=JUST_PAST_THE_STOP_BEFORE_M)
    expect(bus.page.locator(".rest-stop")).to_have_text(STOPS[STOP])
    rider = rider_at(new_page, server)
    rider.click(RING)

    bus.stand(until=".alert")
    expect(bus.page.locator(".stop")).to_have_text(STOPS[STOP])
    expect(bus.page.locator(".want-boarding b")).to_have_text("1")
    story(rider, "기사님 화면에 표시되었습니다.")
    expect(rider.locator("#spoken")).to_have_text("기사님 화면에 표시되었습니다.")
    expect(rider.locator(".dot.reached .dot-word")).to_have_text("기사 화면")
    expect(rider.locator(".plate")).to_have_text(PLATES["V1"])
    assert chimes(bus.page) == ["boarding"]

    bus.drive_to(AT_STOP_M - 180, mps=10)
    assert bus.page.locator("button").count() == 0, "while the wheels turn there is no button"
    bus.page.reload()
    rider.reload()
    bus.stand(until=".alert")
    story(rider, "기사님 화면에 표시되었습니다.")
    assert len(chimes(bus.page)) == 1, "an alert that has sounded is put back silently"

    bus.drive_to(AT_STOP_M - 60, mps=10)
    expect(bus.page.locator(".alert-now")).to_be_visible()
    bus.drive_to(AT_STOP_M, mps=8)
    bus.stand(until=".alert .answers")
    story(rider, "버스가 도착했어요. 타세요.")
    bus.drive_to(AT_STOP_M + 90, mps=10)
    story(rider, "버스가 정차했어요.")
    expect(bus.page.locator(".alert")).to_have_count(0)
    assert 1 <= len(chimes(bus.page)) <= 2


def test_a_passed_rider_is_told_and_the_next_bus_has_the_bell(new_page: NewPage, server: RealServer) -> None:
    first = bus_of(new_page, server, "V1", at_m=JUST_PAST_THE_STOP_BEFORE_M)
    rider = rider_at(new_page, server)
    rider.click(RING)
    first.stand(until=".alert")
    second = bus_of(new_page, server, "V2", at_m=20.0)
    while first.at_m < AT_STOP_M + 120:
        first.drive_to(first.at_m + 11, mps=11)
        second.report()
    again = re.compile(r"^지나쳤습니다\. (곧 오는|\d+분 뒤) 88번\(" + PLATES["V2"] + r"\)에 다시 알렸습니다\.$")
    story(rider, again)
    expect(rider.locator("#spoken")).to_have_text(again)
    expect(first.page.locator(".alert")).to_have_count(0)
    rider.click("[data-act=cancel]")
    story(rider, "벨을 취소했어요.")


def test_a_full_bus_gives_the_bell_back(new_page: NewPage, server: RealServer) -> None:
    bus = bus_of(new_page, server, "V1", at_m=JUST_PAST_THE_STOP_BEFORE_M)
    rider = rider_at(new_page, server)
    rider.click(RING)
    bus.stand(until=".alert .answers")
    bus.page.click("[data-answer=full]")
    expect(bus.page.locator(".alert")).to_have_count(0)
    expect(rider.locator(".card .story")).to_have_text(re.compile("다음 버스를 찾고 있어요"))


def test_a_killed_server_turns_the_bell_off_and_comes_back_with_everything(
    new_page: NewPage, place: ServerPlace
) -> None:
    with place.serve("--demo") as server:
        bus = bus_of(new_page, server, "V1", at_m=JUST_PAST_THE_STOP_BEFORE_M)
        rider = rider_at(new_page, server)
        rider.click(RING)
        bus.stand(until=".alert")
        story(rider, "기사님 화면에 표시되었습니다.")
        server.kill()
        bus.stand(until=".bell-off")
        expect(rider.locator("#notice")).to_contain_text("연결이 끊겼어요")
    with place.serve("--demo"):
        expect(bus.page.locator(".bell-off")).to_have_count(0, timeout=RETURN_MS)
        bus.stand(until=".alert")
        bus.stand_while(lambda: rider.locator("#notice").inner_text() != "", within_s=RETURN_MS / 1000)
        story(rider, "기사님 화면에 표시되었습니다.")
        assert chimes(bus.page) == ["boarding"]


def test_presence_by_position_is_asked_for_on_the_tap_and_explained(new_page: NewPage, server: RealServer) -> None:
    bus_of(new_page, server, "V1", at_m=JUST_PAST_THE_STOP_BEFORE_M)
    rider = new_page(permissions=[])
    rider.goto(f"{server.url}/s/S{STOP}")
    rider.click(RING)
    expect(rider.locator(".problem")).to_have_text(re.compile("^위치를 볼 수 없어"))

    rider.context.grant_permissions(["geolocation"])
    rider.context.set_geolocation({"latitude": lat_at(AT_STOP_M + 240), "longitude": LON0, "accuracy": 10})
    rider.click(RING)
    expect(rider.locator(".problem")).to_have_text(re.compile("^정류장에서 2[34]\\d m 떨어져 있어요"))

    rider.context.set_geolocation({"latitude": lat_at(AT_STOP_M + 20), "longitude": LON0, "accuracy": 10})
    rider.click(RING)
    expect(rider.locator(".card .plate")).to_have_text(PLATES["V1"])
    expect(rider.locator(".problem")).to_have_count(0)


def test_the_bell_of_a_rider_who_walks_away_ends_by_itself(new_page: NewPage, server: RealServer) -> None:
    bus = bus_of(new_page, server, "V1", at_m=JUST_PAST_THE_STOP_BEFORE_M)
    rider = new_page(permissions=["geolocation"])
    rider.context.set_geolocation({"latitude": lat_at(AT_STOP_M + 20), "longitude": LON0, "accuracy": 10})
    rider.goto(f"{server.url}/s/S{STOP}")
    rider.click(RING)
    bus.stand(until=".alert")
    away_m = iter(range(300, 2000, 5))

    def waits() -> bool:
        place = {"latitude": lat_at(AT_STOP_M + next(away_m)), "longitude": LON0, "accuracy": 10.0}
        rider.context.set_geolocation(place)  # type: ignore[arg-type]
        return rider.locator(".ended-what").count() == 0

    bus.stand_while(waits, within_s=60)
    story(rider, "정류장에서 멀어져 벨을 마쳤어요.")
    expect(bus.page.locator(".alert")).to_have_count(0)


def test_the_keyboard_alone_rings_and_cancels_in_english(new_page: NewPage, server: RealServer) -> None:
    bus = bus_of(new_page, server, "V1", at_m=JUST_PAST_THE_STOP_BEFORE_M)
    rider = new_page(lang="en-US")
    rider.goto(server.stop_address(f"S{STOP}", lang="en"))
    expect(rider.locator("h1")).to_have_text("City Hall")
    expect(rider.locator(RING)).to_be_visible()
    rider.keyboard.press("Tab")
    expect(rider.locator("[data-act=star]")).to_be_focused()
    rider.keyboard.press("Tab")
    expect(rider.locator(RING)).to_be_focused()
    rider.keyboard.press("Enter")
    bus.stand(until=".alert")
    story(rider, "It is on the driver's screen.")
    expect(rider.locator("[data-act=cancel]")).to_be_focused()
    rider.keyboard.press("Space")
    story(rider, "You cancelled the bell.")
    expect(rider.locator(RING)).to_be_focused()
    expect(bus.page.locator(".alert")).to_have_count(0)


def test_the_operator_sees_bus_and_bell_without_a_rider(new_page: NewPage, server: RealServer) -> None:
    bus = bus_of(new_page, server, "V1", at_m=JUST_PAST_THE_STOP_BEFORE_M)
    ops = new_page(width=1440, height=900)
    ops.goto(f"{server.url}/ops?lang=ko")
    row = ops.locator("#panel-buses [data-vehicle]")
    expect(row.locator(".cell-bus")).to_have_text(PLATES["V1"])
    expect(ops.locator("#tab-bells .count")).to_have_text("0")
    rider = rider_at(new_page, server)
    rider.click(RING)
    bus.stand(until=".alert")
    expect(row.locator(".alerts")).to_have_text("1")
    expect(ops.locator("#figures dd b").nth(2)).to_have_text("1")
    ops.click("#tab-bells")
    expect(ops.locator("#panel-bells [data-bell]")).to_contain_text(STOPS[STOP])
    expect(ops.locator("#panel-bells .bell")).to_have_text("기사 화면")


def test_without_demo_the_driver_page_asks_for_a_token_once(new_page: NewPage, place: ServerPlace) -> None:
    with place.serve() as server:
        page = new_page(width=1280, height=800, permissions=["geolocation"])
        bus = Bus(page, at_m=JUST_PAST_THE_STOP_BEFORE_M)
        page.goto(f"{server.url}/drive?lang=ko")
        page.fill("#token", "not-a-token")
        page.keyboard.press("Enter")
        expect(page.locator(".wrong")).to_be_visible()
        page.fill("#token", server.token("terminal", "V1"))
        page.keyboard.press("Enter")
        bus.stand(until=SIGN_ON)
        page.reload()
        bus.stand(until=SIGN_ON)
