"""States of the rider's stop page, by name: for the accessibility tests, the narrow screen and the pictures."""

from playwright.sync_api import Page

from tests.e2e.frames import (
    NEXT_PLATE,
    STOPS,
    arrivals,
    bell,
    full_board,
    row,
)
from tests.e2e.scenes import Scene
from tests.e2e.scripted_server import Frame, ScriptedServer


def open_stop(server: ScriptedServer, page: Page, lang: str, *, board: Frame | None = None, nonce: bool = True) -> None:
    """Open the stop page with a board on it."""
    board = full_board(lang) if board is None else board
    open_stop_at(server, page, f"/s/S2?lang={lang}" + ("&n=nonce" if nonce else ""), lang, board)
    page.wait_for_selector("#wishes summary")


def open_stop_at(
    server: ScriptedServer, page: Page, address: str, lang: str, board: Frame, *, enrolled: bool = False
) -> None:
    """Open a page of the stop, its own or its kiosk's, with a board on it."""
    towards = "인계동 방면 →" if lang == "ko" else "towards Ingye-dong →"
    server.boot = {
        "stop_id": "S2",
        "stop_name": STOPS[lang][2],
        "stop_code": "03-127",
        "towards": towards,
        "arrivals": board,
        "route_names": {"R88": "88"},
        "enrolled": enrolled,
    }
    server.snapshots["rider"] = lambda: {"bells": []}
    page.goto(f"{server.url}{address}")
    server.hear("rider", "watch")
    server.tell("rider", board)


def ring(server: ScriptedServer, page: Page) -> str:
    """Tap the first line's bell; the id of what was rung."""
    page.click("[data-act=ring][data-route=R88]")
    return str(server.hear("rider", "ring")["bell_id"])


def tell_bell(server: ScriptedServer, page: Page, frame: Frame) -> None:
    server.tell("rider", frame)
    ended = frame["state"] in {"served", "cancelled", "expired", "boarded"}
    page.wait_for_selector(f".ended-{frame['state']}" if ended else f".card-{frame['state']}")


def stop_board(server: ScriptedServer, page: Page, lang: str) -> None:
    open_stop(server, page, lang)
    page.wait_for_selector(".ring")


def stop_empty(server: ScriptedServer, page: Page, lang: str) -> None:
    open_stop(server, page, lang, board=arrivals(lang))
    page.wait_for_selector(".empty")


def stop_loading(server: ScriptedServer, page: Page, lang: str) -> None:
    stop_board(server, page, lang)
    server.boot["arrivals"] = None
    page.reload()
    page.wait_for_selector(".bone")


def stop_shown(server: ScriptedServer, page: Page, lang: str) -> None:
    open_stop(server, page, lang)
    page.click("#wishes summary")
    page.click("[data-need=wheelchair]")
    page.click("[data-act=more]")
    page.click("#wishes summary")
    tell_bell(server, page, bell(ring(server, page), "shown", stops_away=2))


def stop_passed(server: ScriptedServer, page: Page, lang: str) -> None:
    open_stop(server, page, lang)
    bell_id = ring(server, page)
    tell_bell(server, page, bell(bell_id, "shown"))
    tell_bell(server, page, bell(bell_id, "passed"))
    rest = [one for one in full_board(lang)["buses"] if one["vehicle_id"] != "V1"]
    rest[0]["eta_s"] = 375
    server.tell("rider", arrivals(lang, *rest))
    tell_bell(server, page, bell(bell_id, "assigned", attempt=2, vehicle_id="V9", plate=NEXT_PLATE, eta_s=375))


def stop_arrived(server: ScriptedServer, page: Page, lang: str) -> None:
    open_stop(server, page, lang)
    tell_bell(server, page, bell(ring(server, page), "arrived", eta_s=0))


def stop_ended(server: ScriptedServer, page: Page, lang: str) -> None:
    open_stop(server, page, lang)
    tell_bell(server, page, bell(ring(server, page), "served"))


def stop_refused(server: ScriptedServer, page: Page, lang: str) -> None:
    open_stop(server, page, lang)
    words = {
        "ko": "정류장에서 240 m 떨어져 있어요. 정류장 QR을 찍으면 위치 없이도 누를 수 있어요.",
        "en": "You are 240 m from the stop. Scan the QR code at the stop to ring without a position.",
    }
    refused = {"type": "refused", "ref": ring(server, page), "reason": "not_at_stop", "message": words[lang]}
    server.tell("rider", refused)
    page.wait_for_selector(".problem")


def stop_offline(server: ScriptedServer, page: Page, lang: str) -> None:
    open_stop(server, page, lang)
    server.closed_doors = True
    server.close("rider", 1012)
    page.wait_for_selector(".notice")


def stop_wishes(server: ScriptedServer, page: Page, lang: str) -> None:
    open_stop(server, page, lang)
    page.click("#wishes summary")
    page.click("[data-need=stroller]")


def stop_wheelchair(server: ScriptedServer, page: Page, lang: str) -> None:
    """A low-floor bus behind an ordinary one, one whose floor nobody knows, and the low-floor buses that are stale."""
    rows = [
        row(lang, low_floor=False),
        row(lang, vehicle_id="V9", plate=NEXT_PLATE, eta_s=560, stops_away=7, bays_free=1),
        row(lang, route_id="G13", route_name="G1300", vehicle_id="V2", eta_s=570, low_floor=None, seats_left=None),
        row(lang, route_id="777", route_name="7770", vehicle_id="V4", eta_s=880, bays_free=0, stale=True, age_s=40),
    ]
    open_stop(server, page, lang, board=arrivals(lang, *rows))
    page.click("#wishes summary")
    page.click("[data-need=wheelchair]")
    page.click("#wishes summary")
    page.wait_for_selector(".why-not")


def stop_large(server: ScriptedServer, page: Page, lang: str) -> None:
    """The largest text, chosen on the page, with a bell on its way."""
    open_stop(server, page, lang)
    page.click("#look summary")
    page.click("[data-act=look][data-text='3']")
    tell_bell(server, page, bell(ring(server, page), "shown"))
    page.evaluate("scrollTo(0, 0)")


STOP_SCENES = [
    Scene(f.__name__, f)
    for f in (
        stop_board,
        stop_empty,
        stop_loading,
        stop_shown,
        stop_passed,
        stop_arrived,
        stop_ended,
        stop_refused,
        stop_offline,
        stop_wishes,
        stop_wheelchair,
        stop_large,
    )
]
