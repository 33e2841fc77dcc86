"""Web Push in Chromium: opt-in on the card, sent sealed by the real server, shown by the real service worker.

Browsers subscribe at their vendor's push service on the internet; here one of our own on this machine stands in for it,
and what it was sent is handed to the service worker as the browser would do it.
"""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.accessibility import violations
from tests.e2e.conftest import NewPage
from tests.e2e.journeys import JUST_PAST_THE_STOP_BEFORE_M, RING, STOP, bus_of
from tests.e2e.real_server import ServerPlace
from tests.server.web.push_service import Pushed, PushService, push_service

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

SUBSCRIBES = """
PushManager.prototype.subscribe = async options => {
  window.subscribedWith = options.applicationServerKey;
  return {toJSON: () => (%s)};
};
"""
SHOWN = """async () => {
  return (await (await navigator.serviceWorker.ready).getNotifications()).map(n => [n.title, n.body, n.tag, n.data.url]);
}"""


@contextmanager
def service_beside() -> Iterator[tuple[PushService, asyncio.AbstractEventLoop]]:
    """A push service on a loop of its own: Playwright's holds this thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    opening = push_service()
    service = asyncio.run_coroutine_threadsafe(opening.__aenter__(), loop).result(10)
    try:
        yield service, loop
    finally:
        asyncio.run_coroutine_threadsafe(opening.__aexit__(None, None, None), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def deliver(page: Page, origin: str, pushed: Pushed) -> None:
    """Hand a push to the page's service worker."""
    session = page.context.new_cdp_session(page)
    registrations: list[str] = []
    session.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: registrations.extend(one["registrationId"] for one in event["registrations"]),
    )
    session.send("ServiceWorker.enable")
    while not registrations:
        page.wait_for_timeout(50)
    message = {"origin": origin, "registrationId": registrations[-1], "data": json.dumps(pushed.payload)}
    session.send("ServiceWorker.deliverPushMessage", message)


def shown(page: Page) -> list[list[str]]:
    for _ in range(100):
        notices: list[list[str]] = page.evaluate(SHOWN)
        if notices:
            return notices
        page.wait_for_timeout(50)
    return []


def test_who_asks_on_the_card_is_told_while_the_page_is_closed(
    new_page: NewPage, place: ServerPlace, axe_source: str
) -> None:
    with (
        service_beside() as (service, loop),
        place.serve("--demo", "--push-contact", "mailto:bell@bus.example") as server,
    ):
        bus = bus_of(new_page, server, "V1", at_m=JUST_PAST_THE_STOP_BEFORE_M)
        rider = new_page(permissions=["notifications"])
        rider.add_init_script(
            SUBSCRIBES % json.dumps({k: v for k, v in service.subscription("").items() if k != "bell_id"})
        )
        rider.goto(server.stop_address(f"S{STOP}"))
        rider.click(RING)
        switch = rider.locator("[data-act=push]")
        expect(switch).to_have_text("화면을 꺼도 알림 받기")
        switch.click()
        expect(switch).to_have_text("알림 켜짐")
        assert violations(rider, axe_source) == []
        service.server_key = rider.evaluate("window.subscribedWith")
        rider.reload()
        expect(switch).to_have_attribute("aria-pressed", "true")
        rider.goto(f"{server.url}/s/S0")
        bus.stand(until=".alert .answers")
        bus.page.click("[data-answer=full]")
        bodies: list[Pushed] = []
        while not bodies or "만차" not in bodies[-1].payload["body"]:
            bodies.append(asyncio.run_coroutine_threadsafe(service.next(), loop).result(20))
        deliver(rider, server.url, bodies[-1])
        [[title, body, tag, url]] = shown(rider)
        assert (title, body) == ("88번 승차벨", "만차라고 합니다. 다음 버스를 찾고 있어요.")
        assert (tag, url) == (bodies[-1].headers["topic"], f"/s/S{STOP}")


def test_without_a_push_contact_nothing_is_offered(new_page: NewPage, place: ServerPlace) -> None:
    with place.serve("--demo") as server:
        bus_of(new_page, server, "V1", at_m=JUST_PAST_THE_STOP_BEFORE_M)
        rider = new_page()
        rider.goto(server.stop_address(f"S{STOP}"))
        with rider.expect_response("**/v1/push") as answer:
            rider.click(RING)
        assert answer.value.status == 404
        expect(rider.locator(".card .plate")).to_be_visible()
        expect(rider.locator("[data-act=push]")).to_have_count(0)
