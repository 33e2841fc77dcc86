"""States of the pages, by name: the accessibility tests judge each, the narrow screen must hold each, pictures show some."""

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page

from tests.e2e import ops_town
from tests.e2e.frames import (
    LAT,
    LON,
    METRES_PER_DEGREE,
    STOPS,
    alert,
    bell_event,
    now_ms,
    route,
    trip,
)
from tests.e2e.scripted_server import Frame, ScriptedServer

# -- the driver's screen -------------------------------------------------------------


def stand_at(page: Page, along_m: float, *, times: int = 2) -> None:
    """Let the receiver say twice, a second apart, that the bus stands there."""
    for i in range(times):
        place = {"latitude": LAT + along_m / METRES_PER_DEGREE + i * 1e-8, "longitude": LON, "accuracy": 5.0}
        page.context.set_geolocation(place)  # type: ignore[arg-type]
        page.wait_for_timeout(1000)


def theme_of(page: Page) -> str:
    """The cab's theme follows the light, not the device's wish; scenes make both the same."""
    return "night" if page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") else "day"


def open_drive(
    server: ScriptedServer,
    page: Page,
    lang: str,
    *,
    signed_on: bool = True,
    alerts: Callable[[], list[Frame]] = list,
) -> None:
    """Open the driver's screen in a bus 320 m before its third stop."""
    server.routes = [route(lang)]
    server.snapshots["terminal"] = lambda: {"trip": trip(lang) if signed_on else None, "alerts": alerts()}
    page.context.grant_permissions(["geolocation", "screen-wake-lock"])
    page.context.set_geolocation({"latitude": LAT + 480 / METRES_PER_DEGREE, "longitude": LON, "accuracy": 5.0})
    page.goto(f"{server.url}/drive?vehicle_id=V1&lang={lang}&theme={theme_of(page)}")
    server.hear("terminal", "hello")


def drive_rest(server: ScriptedServer, page: Page, lang: str) -> None:
    open_drive(server, page, lang)
    page.wait_for_selector(".next")


def drive_ahead(server: ScriptedServer, page: Page, lang: str) -> None:
    open_drive(server, page, lang)
    server.tell("terminal", alert(lang, alighting=1, needs=["wheelchair"]))
    server.tell("terminal", alert(lang, 3, boarding=1, distance_m=720, eta_s=90))
    page.wait_for_selector(".after")


def drive_now(server: ScriptedServer, page: Page, lang: str) -> None:
    drive_ahead(server, page, lang)
    stand_at(page, 670, times=1)
    server.tell("terminal", alert(lang, stage="now", alighting=1, needs=["wheelchair"], distance_m=130, eta_s=12))
    page.wait_for_selector(".alert-now")


def drive_standing(server: ScriptedServer, page: Page, lang: str) -> None:
    drive_ahead(server, page, lang)
    stand_at(page, 480)
    page.wait_for_selector(".answers")


def drive_served(server: ScriptedServer, page: Page, lang: str) -> None:
    open_drive(server, page, lang)
    server.tell("terminal", alert(lang))
    page.wait_for_selector(".alert")
    server.tell("terminal", {"type": "clear", "alert_id": "A2", "outcome": "served", "at_ms": now_ms()})
    page.wait_for_selector(".ended-served")


def drive_bell_off(server: ScriptedServer, page: Page, lang: str) -> None:
    drive_rest(server, page, lang)
    server.closed_doors = True
    server.close("terminal", 1012)
    page.wait_for_selector(".bell-off")


def suggestions(lang: str, *, mismatch: bool = False) -> Frame:
    """What the server makes of where the bus stands: its likeliest run, and another."""
    five_past_two = 1_763_787_900_000  # 14:05 in Seoul
    common = {"start_date": "20261122", "route_id": "R88", "route_name": "88"}
    runs = [
        common | {"trip_id": "T7", "direction_id": 0, "headsign": STOPS[lang][5], "departs_ms": five_past_two},
        common
        | {"trip_id": "T8", "direction_id": 1, "headsign": STOPS[lang][0], "departs_ms": five_past_two + 600_000},
    ]
    return {"type": "suggestions", "mismatch": mismatch, "runs": runs}


def answer_suggest(server: ScriptedServer, page: Page, lang: str, *, mismatch: bool = False) -> None:
    """Let the bus stand until its screen asks which run this is, and answer."""
    stand_at(page, 480)
    ref = server.hear("terminal", "suggest")["ref"]
    server.tell("terminal", suggestions(lang, mismatch=mismatch) | {"ref": ref})
    page.wait_for_selector(".question")


def drive_question(server: ScriptedServer, page: Page, lang: str) -> None:
    open_drive(server, page, lang, signed_on=False)
    page.wait_for_selector("form.run")
    answer_suggest(server, page, lang)


def drive_mismatch(server: ScriptedServer, page: Page, lang: str) -> None:
    open_drive(server, page, lang)
    page.wait_for_selector(".next")
    answer_suggest(server, page, lang, mismatch=True)


def drive_other_run(server: ScriptedServer, page: Page, lang: str) -> None:
    drive_question(server, page, lang)
    page.click("[data-act=other]")
    page.wait_for_selector("[data-act=run]")


def drive_self_test(server: ScriptedServer, page: Page, lang: str) -> None:
    drive_question(server, page, lang)
    page.click("[data-act=yes]")
    server.hear("terminal", "sign_on")
    server.tell("terminal", trip(lang))
    page.wait_for_selector(".test .lit")


def drive_tested(server: ScriptedServer, page: Page, lang: str) -> None:
    drive_self_test(server, page, lang)
    page.wait_for_selector(".verdict")


def drive_long_name(server: ScriptedServer, page: Page, lang: str) -> None:
    names = {"ko": "경기대학교수원캠퍼스후문.광교산입구", "en": "Kyonggi University Back Gate, Gwanggyosan Entrance"}
    open_drive(server, page, lang)
    server.tell("terminal", alert(lang, stop_name=names[lang], alighting=1, needs=["wheelchair"]))
    page.wait_for_selector(".alert")


def drive_sign_on(server: ScriptedServer, page: Page, lang: str) -> None:
    open_drive(server, page, lang, signed_on=False)
    page.wait_for_selector("select[name=route] option:nth-child(2)", state="attached")
    page.select_option("select[name=route]", "R88")
    page.wait_for_selector("select[name=direction] option", state="attached")


def drive_superseded(server: ScriptedServer, page: Page, lang: str) -> None:
    drive_rest(server, page, lang)
    server.close("terminal", 4409)
    page.wait_for_selector("[data-act='take over']")


def drive_token(server: ScriptedServer, page: Page, lang: str) -> None:
    server.tokens = {"good"}
    page.goto(f"{server.url}/drive?lang={lang}&theme={theme_of(page)}")
    page.fill("#token", "bad")
    page.keyboard.press("Enter")
    page.wait_for_selector(".wrong")


# -- the operator's page -------------------------------------------------------------


def open_ops(server: ScriptedServer, page: Page, lang: str, address: str = "") -> None:
    """Open the console's live section over a small town."""
    server.files["v1/outline"] = ops_town.outline(lang)
    server.files |= {f"v1/strips/R{route}": ops_town.strip(lang, route) for route in range(3)}
    page.goto(f"{server.url}/ops?lang={lang}{address}")
    server.hear("operator", "watch", what="bells")
    page.wait_for_selector(".rail-link-live")
    page.wait_for_selector(".map-waiting", state="detached")
    server.tell("operator", {"type": "bells", "at_ms": now_ms(), "full": True, "bells": []})


def tell_fleet(server: ScriptedServer, rows: list[Frame]) -> None:
    """Say where all buses are."""
    server.tell("operator", {"type": "vehicles", "at_ms": now_ms(), "full": True, "vehicles": rows, "gone": []})


def ops_loading(server: ScriptedServer, page: Page, lang: str) -> None:
    open_ops(server, page, lang)
    page.wait_for_selector(".bone")


def ops_empty(server: ScriptedServer, page: Page, lang: str) -> None:
    open_ops(server, page, lang)
    tell_fleet(server, [])
    page.wait_for_selector("#panel-buses .empty")


def ops_live(server: ScriptedServer, page: Page, lang: str, address: str = "") -> None:
    open_ops(server, page, lang, address)
    tell_fleet(server, ops_town.fleet(lang))
    states = ["waiting", "assigned", "shown", "arrived", "served", "passed", "assigned", "cancelled"]
    special: dict[int, Frame] = {2: {"needs": ["wheelchair"]}, 3: {"kind": "alight"}, 6: {"attempt": 2}}
    for i, state in enumerate(states):
        route, stop = i % 3, 1 + i
        at = {"stop_id": f"R{route}-{stop}", "stop_name": ops_town.stop_name(lang, route, stop)}
        server.tell("operator", bell_event(lang, i, state, **at, **special.get(i, {})))
    some = {"p50": 1.2, "p95": 3.0, "p99": 4.8, "n": 1042.0, "window_s": 1800.0}
    figures: Frame = {
        "type": "metrics",
        "at_ms": now_ms(),
        "bells_open": 5,
        "terminals_up": 18,
        "terminals_silent": 1,
        "fix_to_alert_ms": some,
        "ring_to_shown_ms": some | {"p50": 182.0, "p95": 300.0, "p99": 410.0},
    }
    server.tell("operator", figures)
    page.wait_for_selector(".figure-wrong")


def ops_bells(server: ScriptedServer, page: Page, lang: str) -> None:
    ops_live(server, page, lang)
    page.click("#tab-bells")
    page.wait_for_selector(".bell-passed")


def ops_chosen(server: ScriptedServer, page: Page, lang: str) -> None:
    ops_live(server, page, lang)
    page.click("[data-vehicle=V6]")
    page.wait_for_selector(".bus-card")


def ops_strip(server: ScriptedServer, page: Page, lang: str) -> None:
    ops_live(server, page, lang, "#/live/route/R0")
    page.wait_for_selector(".strip-bunch")


def ops_lost(server: ScriptedServer, page: Page, lang: str) -> None:
    ops_live(server, page, lang)
    server.closed_doors = True
    server.close("operator", 1012)
    page.wait_for_selector(".rail-link-lost")


def ops_token(server: ScriptedServer, page: Page, lang: str) -> None:
    server.tokens = {"good"}
    page.goto(f"{server.url}/ops?lang={lang}")
    page.fill("#token", "bad")
    page.keyboard.press("Enter")
    page.wait_for_selector(".wrong")


@dataclass(frozen=True)
class Scene:
    """A page in a state."""

    name: str
    play: Callable[[ScriptedServer, Page, str], None]
    width: int = 360
    height: int = 740


DRIVE_SCENES = [
    Scene(f.__name__, f, 1280, 800)
    for f in (
        drive_rest,
        drive_ahead,
        drive_now,
        drive_standing,
        drive_served,
        drive_bell_off,
        drive_question,
        drive_mismatch,
        drive_other_run,
        drive_self_test,
        drive_tested,
        drive_long_name,
        drive_sign_on,
        drive_superseded,
        drive_token,
    )
]
OPS_SCENES = [
    Scene(f.__name__, f, 1440, 900)
    for f in (ops_loading, ops_empty, ops_live, ops_bells, ops_chosen, ops_strip, ops_lost, ops_token)
]
SCENES = [*DRIVE_SCENES, *OPS_SCENES]
