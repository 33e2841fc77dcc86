"""States of the stop's kiosk, by name: for the accessibility tests and the pictures."""

from playwright.sync_api import Page

from tests.e2e.frames import arrivals, bell, row
from tests.e2e.scenes import Scene
from tests.e2e.scripted_server import Frame, ScriptedServer
from tests.e2e.stop_scenes import open_stop_at

ROUTES = ("88", "G1300", "62-1", "7770", "7", "11-1", "301", "수원역1")


def open_kiosk(server: ScriptedServer, page: Page, lang: str, *, enrolled: bool = True, routes: int = 5) -> None:
    """Open the kiosk with so many routes on its board; one bus stands here, one is stale, one cannot be told."""
    special: dict[int, Frame] = {
        2: {"eta_s": 0, "here": True, "ringable": False, "why_not": "bus_here_now"},
        3: {"stale": True, "age_s": 40},
        4: {"ringable": False, "why_not": "no_terminal"},
    }
    plain = [
        {"route_id": n, "route_name": n, "vehicle_id": n, "trip_id": n, "eta_s": 205 + 130 * i}
        for i, n in enumerate(ROUTES)
    ]
    rows = [row(lang, **(one | special.get(i, {}))) for i, one in enumerate(plain[:routes])]
    board = arrivals(lang, *rows)
    open_stop_at(server, page, f"/kiosk/S2?lang={lang}", lang, board, enrolled=enrolled)
    page.wait_for_selector(".route")


def kiosk_rest(server: ScriptedServer, page: Page, lang: str) -> None:
    open_kiosk(server, page, lang)


def kiosk_many(server: ScriptedServer, page: Page, lang: str) -> None:
    open_kiosk(server, page, lang, routes=8)
    page.click("[data-act=wheelchair]")
    page.wait_for_selector(".answer:not(.answer-rest)")


def kiosk_rung(server: ScriptedServer, page: Page, lang: str) -> None:
    open_kiosk(server, page, lang, routes=6)
    server.bell = bell("", "shown") | {"route_id": "88"}
    page.click(".route:has-text('G1300')")
    page.wait_for_selector(".route-rung")


def kiosk_one(server: ScriptedServer, page: Page, lang: str) -> None:
    open_kiosk(server, page, lang, routes=1)


def kiosk_unknown(server: ScriptedServer, page: Page, lang: str) -> None:
    """A tablet that nobody has enrolled."""
    open_kiosk(server, page, lang, enrolled=False)
    page.wait_for_selector(".notice")


KIOSK_SCENES = [Scene(f.__name__, f, 1280, 800) for f in (kiosk_rest, kiosk_many, kiosk_rung, kiosk_one, kiosk_unknown)]
