"""An inspection with both pages open: the rider's code, and the inspector who checks it."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.accessibility import violations
from tests.e2e.conftest import NewPage
from tests.e2e.journeys import JUST_PAST_THE_STOP_BEFORE_M, STOP, bus_of
from tests.e2e.real_server import PLATES, STOPS, RealServer, ServerPlace
from tests.e2e.riders import app, get_on

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

READER = """
window.shown = "";
window.BarcodeDetector = class {
  static async getSupportedFormats() { return ["qr_code"]; }
  async detect() { return window.shown === "" ? [] : [{ rawValue: window.shown }]; }
};
navigator.mediaDevices.getUserMedia = async () => document.createElement("canvas").captureStream();
"""
"""A browser that reads codes by itself, as phones have it; Debian's Chromium does not. What it sees is `window.shown`."""


def inspector(new_page: NewPage, server: RealServer, *, lang: str = "ko", reads: bool = False) -> Page:
    page = new_page(lang=f"{lang}-KR")
    if reads:
        page.add_init_script(READER)
    page.goto(f"{server.url}/inspect?lang={lang}")
    return page


def test_a_code_is_typed_and_read_renewed_and_ends_with_the_ride(
    new_page: NewPage, server: RealServer, axe_source: str
) -> None:
    bus = bus_of(new_page, server, "V1", at_m=JUST_PAST_THE_STOP_BEFORE_M)
    rider = app(new_page, server, at_m=JUST_PAST_THE_STOP_BEFORE_M)
    get_on(rider, bus)
    with rider.expect_response(re.compile("/inspection-code$")) as asked:
        rider.click("[data-act='show code']")
    code = asked.value.json()["code"]
    typed = rider.inner_text(".pass-typed")
    expect(rider.locator(".pass-picture path")).to_be_visible()
    expect(rider.locator(".pass-left")).to_have_text(re.compile(r"^\d+초 동안"))
    assert violations(rider, axe_source) == []

    first = inspector(new_page, server)
    expect(first.locator("#content")).to_contain_text("카메라로 읽을 수 없습니다")
    assert violations(first, axe_source) == []
    first.fill("#bus", PLATES["V1"][-4:])
    first.fill("#code", typed.lower())
    first.keyboard.press("Enter")
    expect(first.locator("#verdict")).to_have_text("탑승 확인")
    expect(first.locator("#verdict")).to_be_focused()
    expect(first.locator(".verdict")).to_contain_text(PLATES["V1"])
    expect(first.locator(".verdict")).to_contain_text(STOPS[STOP - 1])
    assert violations(first, axe_source) == []

    second = inspector(new_page, server, lang="en", reads=True)
    second.fill("#bus", "9999")
    second.click("[data-act=camera]")
    second.evaluate("code => { window.shown = code }", code)
    expect(second.locator("#verdict")).to_have_text("Code of another bus")
    expect(second.locator(".seen")).to_contain_text("was checked at")
    second.evaluate("window.shown = 'https://elsewhere.example'")
    second.click("[data-act=next]")
    expect(second.locator("#verdict")).to_have_text("Unknown code")

    rider.click("[data-act=leave]")
    first.click("[data-act=next]")
    first.fill("#code", typed)
    first.keyboard.press("Enter")
    expect(first.locator("#verdict")).to_have_text("이미 끝난 탑승")


def test_without_a_connection_a_code_lives_out_its_seconds_and_no_longer(new_page: NewPage, server: RealServer) -> None:
    bus = bus_of(new_page, server, "V1", at_m=JUST_PAST_THE_STOP_BEFORE_M)
    rider = app(new_page, server, at_m=JUST_PAST_THE_STOP_BEFORE_M)
    get_on(rider, bus)
    rider.click("[data-act='show code']")
    rider.wait_for_selector(".pass-picture")
    rider.context.set_offline(True)
    expect(rider.locator(".pass-left.stale")).to_contain_text("연결이 끊겼어요", timeout=30_000)
    expect(rider.locator(".pass-picture")).to_have_count(1)
    expect(rider.locator(".pass .empty")).to_contain_text("새 코드를 받을 수 없어요", timeout=30_000)
    expect(rider.locator(".pass-picture")).to_have_count(0)
    rider.context.set_offline(False)
    expect(rider.locator(".pass-picture")).to_have_count(1)


def test_who_is_no_inspector_is_asked_for_a_token(new_page: NewPage, place: ServerPlace, axe_source: str) -> None:
    with place.serve() as server:
        page = inspector(new_page, server)
        page.fill("#code", "AAAA-AAAA")
        page.keyboard.press("Enter")
        page.fill("#token", server.token("operator", "V1"))
        page.keyboard.press("Enter")
        page.fill("#code", "AAAA-AAAA")
        page.keyboard.press("Enter")
        expect(page.locator("#token")).to_be_visible()
        assert violations(page, axe_source) == []
        page.fill("#token", server.token("inspector", "V1"))
        page.keyboard.press("Enter")
        page.fill("#code", "AAAA-AAAA")
        page.keyboard.press("Enter")
        expect(page.locator("#verdict")).to_have_text("모르는 코드")
