"""The stop's kiosk in Chromium against the real server: pressed, spoken, by two keys, in two languages, enrolled once."""

import json
import subprocess
import sys
import urllib.request
import uuid

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.accessibility import small_targets, violations
from tests.e2e.conftest import NewPage
from tests.e2e.journeys import JUST_PAST_THE_STOP_BEFORE_M, STOP, bus_of
from tests.e2e.real_server import ROUTE_ID, STOPS, RealServer, ServerPlace, secret_env

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

REST_MS = 20_000
HEAR = """
window.heard = [];
speechSynthesis.speak = said => window.heard.push([said.lang, said.text]);
"""
"""A headless Chromium has no voices; what would be said is noted where it is handed to the voice."""


def kiosk_at(new_page: NewPage, address: str, *, width: int = 1280, height: int = 800) -> Page:
    page = new_page(width=width, height=height)
    page.add_init_script(HEAR)
    page.clock.install()
    page.goto(address)
    expect(page.locator("h1")).to_have_text(STOPS[STOP])
    return page


def heard(page: Page) -> list[list[str]]:
    said: list[list[str]] = page.evaluate("window.heard")
    return said


def tablet_address(server: RealServer) -> str:
    """What the operator sets a tablet up with."""
    command = [sys.executable, "-m", "ridebell", "token", "--kiosk", f"S{STOP}", "--data", str(server.data)]
    command += ["--base-url", server.url]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=secret_env()).stdout.strip()


def test_a_press_is_spoken_shown_to_the_driver_and_the_screen_rests_again(
    new_page: NewPage, server: RealServer, axe_source: str
) -> None:
    bus = bus_of(new_page, server, "V1", at_m=JUST_PAST_THE_STOP_BEFORE_M)
    kiosk = kiosk_at(new_page, f"{server.url}/kiosk/S{STOP}")
    expect(kiosk.locator("#answer")).to_have_text("타실 버스 번호를 눌러 주세요. 기사님께 알려 드려요.")
    button = kiosk.locator(".route").first
    box = button.bounding_box()
    assert box is not None
    assert box["width"] >= 160
    assert box["height"] >= 160
    assert violations(kiosk, axe_source) == []
    button.click()
    bus.stand(until=".alert")
    expect(kiosk.locator("#answer")).to_have_text("88번 기사님 화면에 표시되었어요.")
    expect(kiosk.locator(".route-rung .facts")).to_have_text("기사 화면에 표시")
    assert ["ko-KR", "88번 기사님 화면에 표시되었어요."] in heard(kiosk)
    assert violations(kiosk, axe_source) == []
    kiosk.clock.fast_forward(REST_MS)
    expect(kiosk.locator("#answer")).to_have_class("answer answer-rest")
    expect(kiosk.locator(".route-rung")).to_be_visible()


def test_two_keys_and_another_language_are_enough(new_page: NewPage, server: RealServer) -> None:
    bus = bus_of(new_page, server, "V1", at_m=JUST_PAST_THE_STOP_BEFORE_M)
    kiosk = kiosk_at(new_page, f"{server.url}/kiosk/S{STOP}", width=800, height=1280)
    expect(kiosk.locator(".route")).to_have_count(1)
    kiosk.keyboard.press("ArrowRight")
    expect(kiosk.locator(".route")).to_be_focused()
    assert heard(kiosk)[-1][1].startswith(f"88번 {STOPS[-1]} 방면, ")
    kiosk.keyboard.press("ArrowRight")
    kiosk.keyboard.press("Enter")
    expect(kiosk.locator("[data-act=wheelchair]")).to_have_attribute("aria-pressed", "true")
    kiosk.keyboard.press("ArrowRight")
    kiosk.keyboard.press("Enter")
    expect(kiosk.locator("html")).to_have_attribute("lang", "en")
    assert heard(kiosk)[-1] == ["en-GB", "Speaking English."]
    kiosk.keyboard.press("ArrowRight")
    kiosk.keyboard.press("Enter")
    bus.stand(until=".alert")
    expect(bus.page.locator(".alert")).to_contain_text("1")
    expect(kiosk.locator("#answer")).to_have_text("88: it is on the driver's screen.")
    assert small_targets(kiosk, 88) == []
    kiosk.clock.fast_forward(REST_MS)
    expect(kiosk.locator("html")).to_have_attribute("lang", "ko")
    expect(kiosk.locator("[data-act=wheelchair]")).to_have_attribute("aria-pressed", "false")


def test_a_tablet_is_enrolled_by_its_address_and_a_button_box_rings_by_one_post(
    new_page: NewPage, place: ServerPlace, axe_source: str
) -> None:
    with place.serve() as server:
        terminal = server.token("terminal", "V1")
        bus = bus_of(new_page, server, "V1", at_m=JUST_PAST_THE_STOP_BEFORE_M, token=terminal)
        kiosk = kiosk_at(new_page, f"{server.url}/kiosk/S{STOP}")
        expect(kiosk.locator(".notice")).to_contain_text("등록되지 않았어요")
        kiosk.locator(".route").first.click()
        expect(kiosk.locator("#answer")).to_contain_text("등록되지 않았어요")
        assert violations(kiosk, axe_source) == []
        address = tablet_address(server)
        kiosk.goto("about:blank")
        kiosk.goto(address)
        expect(kiosk.locator(".notice")).to_have_count(0)
        assert "#" not in kiosk.url, "the token does not stay in the address"
        assert kiosk.evaluate("document.cookie + JSON.stringify(localStorage)").find(address.partition("#")[2]) < 0
        kiosk.reload()
        kiosk.locator(".route").first.click()
        bus.stand(until=".alert")
        ring_as_a_button_box(server, address.partition("#")[2])
        bus.stand(until=".want-boarding b:has-text('2')")


def ring_as_a_button_box(server: RealServer, token: str) -> None:
    """All that a microcontroller with a button needs to do."""
    body = {"bell_id": str(uuid.uuid4()), "kind": "board", "stop_id": f"S{STOP}", "route_id": ROUTE_ID}
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    request = urllib.request.Request(f"{server.url}/v1/bells", json.dumps(body).encode(), headers, method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 201
        assert json.load(answer)["state"] in {"assigned", "shown"}


def test_without_a_link_it_says_that_nobody_can_be_told(new_page: NewPage, server: RealServer, axe_source: str) -> None:
    bus_of(new_page, server, "V1", at_m=JUST_PAST_THE_STOP_BEFORE_M)
    kiosk = kiosk_at(new_page, f"{server.url}/kiosk/S{STOP}")
    expect(kiosk.locator(".route")).to_have_count(1)
    kiosk.context.set_offline(True)
    kiosk.clock.fast_forward(3_000)
    expect(kiosk.locator(".notice")).to_contain_text("지금은 연결이 끊겨")
    kiosk.locator(".route").click()
    expect(kiosk.locator("#answer")).to_contain_text("손을 들어 주세요")
    assert violations(kiosk, axe_source) == []
