"""Two drives with the rider app open: let off where one chose; passed at the stop, and reported."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import NewPage
from tests.e2e.journeys import AT_STOP_M, JUST_PAST_THE_STOP_BEFORE_M, RING, STOP, bus_of
from tests.e2e.real_server import PLATES, STOPS, RealServer
from tests.e2e.riders import app, get, get_on

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def test_on_board_the_chosen_stop_rings_by_itself_and_is_told_in_time(new_page: NewPage, server: RealServer) -> None:
    bus = bus_of(new_page, server, "V1", at_m=JUST_PAST_THE_STOP_BEFORE_M)
    rider = app(new_page, server, at_m=JUST_PAST_THE_STOP_BEFORE_M)
    get_on(rider, bus)
    expect(rider.locator(".riding-head .plate")).to_have_text(PLATES["V1"])
    expect(rider.locator(".strip-stop .strip-name")).to_have_text(list(STOPS[STOP:]))
    expect(rider.locator(".let-off-stop")).to_have_text(STOPS[STOP])

    rider.click(".strip [data-sequence='4']")
    expect(rider.locator(".card-alight .alight-stop")).to_have_text(STOPS[4])
    expect(rider.locator("#spoken")).not_to_be_empty()
    rider.locator("[data-act=off].let-off").click()
    expect(rider.locator(".card-alight .alight-stop")).to_have_text(STOPS[STOP])
    bus.stand(until=".want-alighting")
    expect(rider.locator(".card-alight .story")).to_have_text("기사님 화면에 하차벨이 표시되었습니다.")

    bus.drive_to(AT_STOP_M - 120, mps=12)
    assert rider.locator(".strip").evaluate("strip => Number(strip.style.getPropertyValue('--share'))") > 0.3
    bus.drive_to(AT_STOP_M - 20, mps=10)
    bus.drive_to(AT_STOP_M, mps=5)
    bus.stand_while(lambda: rider.locator(".card-arrived").count() == 0, within_s=30)
    heard = rider.evaluate("window.heard")
    ready, now = f"곧 {STOPS[STOP]}이에요. 내릴 준비를 하세요.", f"{STOPS[STOP]}이에요. 지금 내려요."
    assert [heard.count(ready), heard.count(now)] == [1, 1], heard
    assert heard.index(ready) < heard.index(now)
    assert rider.evaluate("window.felt").count([400, 150, 400]) == 1
    bus.drive_to(AT_STOP_M + 90, mps=10)
    expect(rider.locator(".card-alight")).to_have_count(0)
    expect(rider.locator(".riding .ended-what")).to_have_text(f"{STOPS[STOP]}에 정차했어요.")
    expect(rider.locator(".strip-before")).to_have_text(STOPS[STOP])

    rider.click("[data-act=leave]")
    expect(rider.locator(".receipt .route")).to_have_text("88")
    expect(rider.locator(".receipt")).to_contain_text(STOPS[1])
    rider.click("a.tab[href='#/past']")
    expect(rider.locator(".receipt .plate")).to_have_text(PLATES["V1"])
    rider.click(".receipt .evidence summary")
    expect(rider.locator(".receipt-map text")).to_have_text([STOPS[1], STOPS[STOP]])
    rider.click(".receipt [data-act=fix][data-end=alight]")
    rider.click(".fixing [data-stop=S3]")
    expect(rider.locator(".receipt")).to_contain_text(f"{STOPS[3]} 하차")
    rider.click(".receipt [data-act=undo]")
    expect(rider.locator(".receipt .fare")).to_have_text("타지 않음")


def test_a_pass_by_is_reported_with_one_tap_from_the_record(new_page: NewPage, server: RealServer) -> None:
    bus = bus_of(new_page, server, "V1", at_m=AT_STOP_M - 220)
    rider = app(new_page, server, at_m=AT_STOP_M + 15)
    rider.click(RING)
    bus.stand(until=".alert")
    bus.drive_to(AT_STOP_M + 110, mps=14)
    rider.click(".card .report")
    expect(rider.locator(".facts")).to_contain_text(PLATES["V1"])
    expect(rider.locator(".facts")).to_contain_text(STOPS[STOP])
    expect(rider.locator(".facts dd").nth(5)).to_have_text(re.compile(r"^\d\d:\d\d$"))
    rider.click("[data-act='send report']")
    expect(rider.locator(".report-done")).to_have_text("운영사에 전했어요.")
    rider.reload()
    expect(rider.locator(".report-done")).to_be_visible()
    passbys = get(server, "/v1/ops/passbys", "operator")
    assert isinstance(passbys, dict)
    assert [row["reported"] for row in passbys["rows"]] == [True]
