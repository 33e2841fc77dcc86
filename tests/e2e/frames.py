"""Messages of a small town, as a server would say them: what the scenes are made of."""

import time
from typing import Any

from tests.e2e.scripted_server import Frame

LAT, LON = 37.2600, 127.0300
METRES_PER_DEGREE = 111_194.93
STOPS = {
    "ko": ["차고지", "화서역", "수원시청 앞", "인계동", "나혜석거리", "광교중앙역"],
    "en": ["Depot", "Hwaseo Station", "City Hall", "Ingye-dong", "Na Hye-seok Street", "Gwanggyo Jungang"],
}
PLATE, NEXT_PLATE = "경기70바1234", "경기70바5678"


def now_ms() -> int:
    return round(time.time() * 1000)


def row(lang: str, **changes: Any) -> Frame:
    """One line of the board."""
    plain: Frame = {
        "route_id": "R88",
        "route_name": "88",
        "direction_id": 0,
        "headsign": STOPS[lang][5],
        "trip_id": "T1",
        "stop_sequence": 2,
        "vehicle_id": "V1",
        "plate": PLATE,
        "eta_s": 205,
        "stops_away": 2,
        "distance_m": 900,
        "low_floor": True,
        "seats_left": 12,
        "crowding": "low",
        "stale": False,
        "age_s": 1,
        "ringable": True,
        "here": False,
        "last_bus": False,
        "bays_free": None,
        "unsure": False,
    }
    return plain | changes


def arrivals(lang: str, *rows: Frame) -> Frame:
    return {"type": "arrivals", "stop_id": "S2", "at_ms": now_ms(), "buses": list(rows)}


def full_board(lang: str) -> Frame:
    """Every kind of line there is: to ring for, last bus, here now, stale, cannot be told."""
    bare: Frame = {"low_floor": None, "seats_left": None, "crowding": None}
    far, campus, market = (
        ("사당역", "경희대", "오목천동") if lang == "ko" else ("Sadang", "Kyung Hee Univ.", "Omokcheon")
    )
    return arrivals(
        lang,
        row(lang),
        row(lang, vehicle_id="V9", plate=NEXT_PLATE, eta_s=560, stops_away=7),
        row(lang, route_id="G13", route_name="G1300", vehicle_id="V2", headsign=far, eta_s=570, stops_away=5, last_bus=True, **bare),
        row(lang, route_id="62", route_name="62-1", vehicle_id="V3", headsign=campus, eta_s=0, here=True, ringable=False, why_not="bus_here_now", **bare),
        row(lang, route_id="777", route_name="7770", vehicle_id="V4", headsign=far, eta_s=880, stale=True, age_s=40, **(bare | {"crowding": "high"})),
        row(lang, route_id="7", route_name="7", vehicle_id="V5", headsign=market, eta_s=990, stops_away=9, ringable=False, why_not="no_terminal", **bare),
    )  # fmt: skip


def bell(bell_id: str, state: str, **changes: Any) -> Frame:
    plain: Frame = {
        "type": "bell",
        "bell_id": bell_id,
        "kind": "board",
        "state": state,
        "stop_id": "S2",
        "stop_sequence": 2,
        "route_id": "R88",
        "attempt": 1,
        "at_ms": now_ms(),
        "vehicle_id": "V1",
        "plate": PLATE,
        "eta_s": 205,
        "stops_away": 2,
    }
    return plain | changes


def trip(lang: str) -> Frame:
    stops = [
        {"stop_id": f"S{i}", "stop_sequence": i, "name": name, "along_m": i * 400.0}
        for i, name in enumerate(STOPS[lang])
    ]
    return {
        "type": "trip",
        "seq": 0,
        "trip_id": "T1",
        "start_date": "20261121",
        "route_id": "R88",
        "route_name": "88",
        "headsign": STOPS[lang][5],
        "pattern_id": "P1",
        "stops": stops,
    }


def route(lang: str) -> Frame:
    """The route as the REST door gives it: due north, two kilometres."""
    north = [[LON, LAT], [LON, LAT + 2000 / METRES_PER_DEGREE]]
    names = STOPS[lang]
    patterns = [
        {"pattern_id": "P1", "direction_id": 0, "headsign": names[5], "length_m": 2000, "geometry": {"coordinates": north}},
        {"pattern_id": "P2", "direction_id": 1, "headsign": names[0], "length_m": 2000, "geometry": {"coordinates": north[::-1]}},
    ]  # fmt: skip
    return {"route_id": "R88", "name": "88", "patterns": patterns}


def alert(lang: str, sequence: int = 2, **changes: Any) -> Frame:
    plain: Frame = {
        "type": "alert",
        "alert_id": f"A{sequence}",
        "trip_id": "T1",
        "stop_id": f"S{sequence}",
        "stop_sequence": sequence,
        "stop_name": STOPS[lang][sequence],
        "stage": "ahead",
        "boarding": 2,
        "alighting": 0,
        "needs": [],
        "distance_m": 320,
        "eta_s": 40,
        "valid_until_along_m": sequence * 400.0 + 30,
        "at_ms": now_ms(),
    }
    return plain | changes


def vehicle(lang: str, i: int, **changes: Any) -> Frame:
    plain: Frame = {
        "vehicle_id": f"V{i}",
        "plate": f"경기70바{1000 + i * 37}",
        "route_id": f"R{i % 3}",
        "route_name": ["88", "G1300", "62-1"][i % 3],
        "direction_id": 0,
        "trip_id": "T",
        "lat": LAT,
        "lon": LON,
        "heading_deg": 1.0,
        "speed_mps": (i * 7 % 13) * 1.1,
        "phase": "in_service",
        "on_route": True,
        "next_stop_id": "S",
        "next_stop_name": STOPS[lang][1 + i % 5],
        "progress_m": 1,
        "uncertainty_m": 10,
        "age_s": i % 2,
        "stale": False,
        "terminal": "up",
        "alerts": 2 if i % 4 == 1 else 0,
    }
    return plain | changes


def bell_event(lang: str, i: int, state: str, **changes: Any) -> Frame:
    plain: Frame = {
        "type": "bell_event",
        "bell": f"b{i}",
        "kind": "board",
        "state": state,
        "stop_id": "S",
        "stop_name": STOPS[lang][1 + i % 5],
        "route_id": f"R{i % 3}",
        "attempt": 1,
        "party": 1 + i % 2,
        "needs": [],
        "at_ms": now_ms() - i * 9000,
        "rung_ms": now_ms() - i * 30_000,
        "vehicle_id": f"V{i}",
    }
    return plain | changes
