"""States of the rider app, by name: for the accessibility tests, the narrow phone and the pictures."""

import uuid
from typing import Any

from playwright.sync_api import Page

from tests.e2e.frames import LAT, LON, METRES_PER_DEGREE, NEXT_PLATE, PLATE, STOPS, bell, full_board, now_ms
from tests.e2e.scenes import Scene
from tests.e2e.scripted_server import Frame, ScriptedServer

SPACING_M = 400.0


def lat_at(along_m: float) -> float:
    return LAT + along_m / METRES_PER_DEGREE


def stop_item(i: int, distance_m: int | None) -> Frame:
    return {
        "stop_id": f"S{i}",
        "code": f"03-12{i + 5}",
        "name": STOPS["ko"][i],
        "names": {"en": STOPS["en"][i]},
        "towards": STOPS["ko"][min(i + 1, 5)],
        "towards_names": {"en": STOPS["en"][min(i + 1, 5)]},
        "lat": lat_at(i * SPACING_M),
        "lon": LON,
        "wheelchair": 1,
        "distance_m": distance_m,
    }


def bus_item(i: int, along_m: float, **changes: Any) -> Frame:
    plain: Frame = {
        "vehicle_id": f"V{i}",
        "plate": [PLATE, NEXT_PLATE, "경기71아9012"][i % 3],
        "route_id": "R88",
        "route_name": ["88", "G1300", "62-1"][i % 3],
        "direction_id": 0,
        "headsign": STOPS["ko"][5],
        "trip_id": "T1",
        "low_floor": True,
        "lat": lat_at(along_m),
        "lon": LON + 0.0002,
        "heading_deg": 0.0,
        "next_stop_id": "S3",
        "next_stop_name": STOPS["ko"][3],
        "next_stop_names": {"en": STOPS["en"][3]},
        "stale": False,
        "age_s": 1,
        "distance_m": round(abs(along_m - 2 * SPACING_M)),
    }
    return plain | changes


def features() -> list[Frame]:
    street = [[LON, lat_at(x)] for x in (-800, 0, 700, 1500, 3000)]
    across = [[LON + dx, lat_at(700 + 40 * i)] for i, dx in enumerate((-0.02, -0.005, 0.005, 0.02))]
    return [
        {
            "geometry": {"type": "MultiLineString", "coordinates": [line]},
            "properties": {"kind": "pattern", "pattern_id": name},
        }
        for name, line in (("P1", street), ("P2", across))
    ]


def run_of(headsign: str) -> Frame:
    stops = [
        {
            "stop_id": f"S{i}",
            "stop_sequence": i,
            "name": STOPS["ko"][i],
            "names": {"en": STOPS["en"][i]},
            "along_m": round(i * SPACING_M),
            "alighting": i not in (0, 4),
        }
        for i in range(6)
    ]
    return bus_item(0, 950) | {"headsign": headsign, "stops": stops, "distance_m": None}


def pattern_of_88() -> Frame:
    """The route as its door gives it, with a bend that a map can show."""
    bend = [0.0, 0.0012, 0.003, 0.0031, 0.0045, 0.007]
    stops = [
        {
            "stop_id": f"S{i}",
            "stop_sequence": i,
            "name": STOPS["ko"][i],
            "names": {"en": STOPS["en"][i]},
            "lat": lat_at(i * SPACING_M),
            "lon": LON + bend[i],
            "along_m": i * SPACING_M,
        }
        for i in range(6)
    ]
    line = [[LON + bend[i], lat_at(i * SPACING_M)] for i in range(6)]
    return {"stops": stops, "length_m": 5 * SPACING_M, "geometry": {"type": "LineString", "coordinates": line}}


def bus_frame(**changes: Any) -> Frame:
    plain: Frame = {
        "type": "bus",
        "vehicle_id": "V0",
        "at_ms": now_ms(),
        "trip_id": "T1",
        "lat": lat_at(950),
        "lon": LON,
        "progress_m": 950,
        "next_stop_sequence": 3,
        "here": False,
        "etas_s": [95, 170, 250],
        "seats_left": 12,
        "crowding": "low",
        "stale": False,
        "age_s": 1,
    }
    return plain | changes


def ride_frame(lang: str, state: str = "aboard", **changes: Any) -> Frame:
    plain: Frame = {
        "type": "ride",
        "seq": 0,
        "ride_id": "ride-1",
        "state": state,
        "vehicle_id": "V0",
        "plate": PLATE,
        "route_id": "R88",
        "route_name": "88",
        "party": 1,
        "confidence": 0.99,
        "began_ms": now_ms() - 240_000,
        "at_ms": now_ms(),
        "evidence": [
            {"key": "checked_in", "values": {"at_ms": now_ms() - 240_000, "how": "code"}},
            {"key": "moved_with_bus", "values": {"stops": 2, "seconds": 190}},
        ],
        "board_stop_id": "S1",
        "board_stop_name": STOPS[lang][1],
        "board_stop_sequence": 1,
        "board_at_ms": now_ms() - 240_000,
        "undo_until_ms": now_ms() + 900_000,
    }
    return plain | changes


def open_ride(server: ScriptedServer, page: Page, lang: str, place: str = "", *, allowed: bool = True) -> None:
    """Open the app, with a street, stops, buses and a map behind it."""
    server.boot = {"stop_name": "", "stop_code": "", "towards": ""}
    server.snapshots["rider"] = lambda: {"bells": [], "rides": []}
    around = ((0.0003, -60), (0.0035, -80), (-0.004, -130), (0.0003, 300), (-0.0002, -310))
    near = [stop_item(2, 20)] + [
        stop_item(i % 6, 60 + 90 * i) | {"stop_id": f"X{i}", "lat": lat_at(2 * SPACING_M + y), "lon": LON + x}
        for i, (x, y) in enumerate(around)
    ]
    server.files |= {
        "v1/stops": {"stops": near},
        "v1/vehicles": {"at_ms": now_ms(), "buses": [bus_item(i, x) for i, x in ((0, 950), (1, 500), (2, 1400))]},
        "v1/network.geojson": {"features": features()},
        "v1/vehicles/V0": run_of(STOPS[lang][5]),
        "v1/rides": {"rides": []},
        "v1/stops/S2": stop_item(2, None) | {"routes": []},
    }
    if allowed:
        page.context.grant_permissions(["geolocation"])
        page.context.set_geolocation({"latitude": lat_at(2 * SPACING_M), "longitude": LON, "accuracy": 15})
    page.goto(f"{server.url}/ride?lang={lang}#/{place}")
    page.wait_for_selector("#title:not(:empty)")


def ride_start(server: ScriptedServer, page: Page, lang: str) -> None:
    """The very first time: nothing is known."""
    open_ride(server, page, lang, allowed=False)
    page.wait_for_selector(".empty")


def ride_near(server: ScriptedServer, page: Page, lang: str) -> None:
    """Standing at a stop: its board is open, the map shows what is near."""
    open_ride(server, page, lang)
    server.hear("rider", "watch")
    page.wait_for_selector(".stop-open")
    server.tell("rider", full_board(lang))
    page.wait_for_selector(".ring")


def ride_bell(server: ScriptedServer, page: Page, lang: str) -> None:
    """A bell is open, and its stop is named."""
    ride_near(server, page, lang)
    page.click("[data-act=ring][data-route=R88]")
    bell_id = server.hear("rider", "ring")["bell_id"]
    server.tell("rider", bell(bell_id, "shown"))
    page.wait_for_selector(".my-bell-stop")


def ride_nothing_found(server: ScriptedServer, page: Page, lang: str) -> None:
    open_ride(server, page, lang, allowed=False)
    server.files["v1/stops"] = {"stops": []}
    page.fill("#query", "없는정류장")
    page.wait_for_selector(".empty")
    page.wait_for_function("document.querySelector('#stops')?.children.length === 0")


def ride_choose(server: ScriptedServer, page: Page, lang: str) -> None:
    open_ride(server, page, lang, "aboard")
    page.wait_for_selector(".bus")


def get_on(server: ScriptedServer, page: Page, lang: str) -> None:
    ride_choose(server, page, lang)
    page.click("[data-vehicle=V0]")
    server.hear("rider", "check_in", vehicle_id="V0")
    server.tell("rider", ride_frame(lang))
    server.hear("rider", "follow", vehicle_id="V0")
    server.tell("rider", bus_frame())
    page.wait_for_selector(".strip-stop")


def ride_aboard(server: ScriptedServer, page: Page, lang: str) -> None:
    get_on(server, page, lang)


def choose_stop(server: ScriptedServer, page: Page, sequence: int) -> Frame:
    page.click(f".strip [data-sequence='{sequence}']")
    rung = server.hear("rider", "ring")
    return bell(
        rung["bell_id"], "assigned", kind="alight", stop_id=f"S{sequence}", stop_sequence=sequence, vehicle_id="V0"
    )


def ride_alight(server: ScriptedServer, page: Page, lang: str) -> None:
    """A stop is chosen; the driver has it on the screen."""
    get_on(server, page, lang)
    frame = choose_stop(server, page, 5)
    server.tell("rider", frame)
    server.tell("rider", frame | {"state": "shown"})
    page.wait_for_selector(".card-shown")


def ride_stale(server: ScriptedServer, page: Page, lang: str) -> None:
    get_on(server, page, lang)
    server.tell("rider", bus_frame(stale=True, age_s=65))
    page.wait_for_selector(".stale")


def ride_asked(server: ScriptedServer, page: Page, lang: str) -> None:
    open_ride(server, page, lang, "aboard")
    page.wait_for_selector(".bus")
    server.tell("rider", ride_frame(lang, "asked", question="alight", alight_stop_name=STOPS[lang][3]))
    page.wait_for_selector(".asked")


def ride_past(server: ScriptedServer, page: Page, lang: str) -> None:
    server.files["v1/rides"] = {"rides": []}
    open_ride(server, page, lang)
    done = {
        "alight_stop_id": "S4",
        "alight_stop_name": STOPS[lang][4],
        "alight_stop_sequence": 4,
        "alight_at_ms": now_ms(),
        "distance_m": 1200,
    }
    server.files["v1/rides"] = {
        "rides": [
            ride_frame(lang, "alighted", **done, fare_won=1650),
            ride_frame(lang, "settled", **done, ride_id="ride-2", fare_won=2150, route_name="G1300", undo_until_ms=1),
            ride_frame(lang, "voided", **done, ride_id="ride-3", undo_until_ms=1),
        ]
    }
    page.click("a.tab[href='#/past']")
    page.wait_for_selector(".receipt")
    server.routes = [{"route_id": "R88", "name": "88", "patterns": [pattern_of_88()]}]
    page.click(".evidence summary >> nth=0")
    page.wait_for_selector(".receipt-map")


def ride_past_empty(server: ScriptedServer, page: Page, lang: str) -> None:
    open_ride(server, page, lang, "past")
    page.wait_for_selector(".empty")


def ride_report(server: ScriptedServer, page: Page, lang: str) -> None:
    bell_id = str(uuid.uuid4())
    server.files[f"v1/bells/{bell_id}/report"] = {
        "bell_id": bell_id,
        "attempt": 1,
        "route_id": "R88",
        "route_name": "88",
        "stop_id": "S2",
        "stop_name": STOPS["ko"][2],
        "stop_names": {"en": STOPS["en"][2]},
        "stop_code": "03-127",
        "vehicle_id": "V1",
        "plate": PLATE,
        "rung_ms": now_ms() - 300_000,
        "assigned_ms": now_ms() - 299_000,
        "shown_ms": now_ms() - 298_000,
        "passed_ms": now_ms() - 60_000,
        "least_speed_mps": 10.4,
        "doors": "closed",
        "reported_ms": None,
    }
    open_ride(server, page, lang, f"report/{bell_id}")
    page.wait_for_selector(".facts")


def ride_companion(server: ScriptedServer, page: Page, lang: str) -> None:
    bus = {name: value for name, value in bus_frame().items() if name != "type"}
    server.files["v1/companion"] = {
        "run": run_of(STOPS[lang][5]),
        "bus": bus,
        "alight_stop_sequence": 5,
        "expires_ms": now_ms() + 5_400_000,
    }
    open_ride(server, page, lang, "with/a-link", allowed=False)
    page.wait_for_selector(".with-goal")


def ride_companion_ended(server: ScriptedServer, page: Page, lang: str) -> None:
    open_ride(server, page, lang, "with/a-dead-link", allowed=False)
    page.wait_for_selector(".empty:not(:empty)")


def ride_offline(server: ScriptedServer, page: Page, lang: str) -> None:
    """On board, and the link breaks: what is known stays, and what to do instead is said."""
    get_on(server, page, lang)
    server.closed_doors = True
    server.close("rider", 1012)
    page.wait_for_selector(".notice")
    page.click(".strip [data-sequence='5']")
    page.wait_for_selector(".problem")


def ride_large(server: ScriptedServer, page: Page, lang: str) -> None:
    """The largest of the three text sizes."""
    page.add_init_script("localStorage.setItem('ridebell.look.1', JSON.stringify({text: '3', theme: 'device'}))")
    ride_alight(server, page, lang)


RIDE_SCENES = [
    Scene(f.__name__, f)
    for f in (
        ride_start,
        ride_near,
        ride_bell,
        ride_nothing_found,
        ride_choose,
        ride_aboard,
        ride_alight,
        ride_stale,
        ride_asked,
        ride_past,
        ride_past_empty,
        ride_report,
        ride_companion,
        ride_companion_ended,
        ride_offline,
        ride_large,
    )
]
"""The rider app."""
