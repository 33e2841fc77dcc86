"""A small town for the operator's live map: three routes, their stops, and buses along them, as the server would tell."""

import itertools
import math
from typing import Any

from tests.e2e.frames import LAT, LON, STOPS, now_ms, vehicle
from tests.e2e.scripted_server import Frame

E5 = 100_000
POINTS = 60
"""Of each route's line."""
STOP_EVERY = 6
NAMES = {"R0": "88", "R1": "G1300", "R2": "62-1"}
GARAGES = {"ko": ["수원 차고지", "용인 차고지"], "en": ["Suwon garage", "Yongin garage"]}
RUN_S = 120
HEADWAY_S = 600


def place(route: int, part: float) -> tuple[float, float]:
    """(lat, lon) of a point of a route's line; `part` 0 to 1."""
    turn = route * 2.1 + 0.4
    along = (part - 0.5) * 0.09
    aside = 0.008 * math.sin(part * 7 + route * 2) + 0.003 * math.sin(part * 23)
    north = along * math.cos(turn) - aside * math.sin(turn)
    east = along * math.sin(turn) + aside * math.cos(turn)
    return LAT + north, LON + east * 1.25


def stop_name(lang: str, route: int, index: int) -> str:
    return f"{STOPS[lang][(route * 2 + index) % len(STOPS[lang])]} {index + 1}"


def stop_parts() -> list[float]:
    return [i / POINTS for i in range(0, POINTS + 1, STOP_EVERY)]


def outline(lang: str) -> Frame:
    """`GET /v1/outline`."""
    stops = [
        (f"R{r}-{i}", stop_name(lang, r, i), place(r, part)) for r in range(3) for i, part in enumerate(stop_parts())
    ]
    return {
        "feed_version": "1",
        "tolerance_m": 5.0,
        "routes": [{"route_id": route_id, "name": name, "agency_id": "A"} for route_id, name in NAMES.items()],
        "lines": [{"route": r, "direction_id": 0, "path_e5": _path(r)} for r in range(3)],
        "stops": {
            "stop_id": [stop_id for stop_id, _, _ in stops],
            "name": [name for _, name, _ in stops],
            "lat_e5": [round(at[0] * E5) for _, _, at in stops],
            "lon_e5": [round(at[1] * E5) for _, _, at in stops],
        },
        "tiles": None,
    }


def _path(route: int) -> list[int]:
    places = [place(route, i / POINTS) for i in range(POINTS + 1)]
    e5 = [(round(lat * E5), round(lon * E5)) for lat, lon in places]
    steps = [e5[0], *((b[0] - a[0], b[1] - a[1]) for a, b in itertools.pairwise(e5))]
    return [number for step in steps for number in step]


def strip(lang: str, route: int) -> Frame:
    """`GET /v1/strips/{route_id}`."""
    stops = [
        {
            "stop_id": f"R{route}-{i}",
            "stop_sequence": i,
            "name": stop_name(lang, route, i),
            "along_m": i * 1000.0,
            "run_s": i * RUN_S,
        }
        for i in range(len(stop_parts()))
    ]
    pattern = {
        "pattern_id": f"P{route}",
        "direction_id": 0,
        "headsign": STOPS[lang][-1],
        "length_m": stops[-1]["along_m"],
        "trips": 54,
        "headway_s": HEADWAY_S,
        "stops": stops,
    }
    return {"route_id": f"R{route}", "name": NAMES[f"R{route}"], "at_ms": now_ms(), "patterns": [pattern]}


def bus(lang: str, i: int, part: float, **changes: Any) -> Frame:
    """One bus on its route's line."""
    route = i % 3
    lat, lon = place(route, part)
    ahead = place(route, part + 0.01)
    heading = math.degrees(math.atan2((ahead[1] - lon) * math.cos(math.radians(lat)), ahead[0] - lat)) % 360
    stop = min(math.floor(part * POINTS / STOP_EVERY) + 1, len(stop_parts()) - 1)
    more: Frame = {
        "lat": lat,
        "lon": lon,
        "heading_deg": heading,
        "next_stop_id": f"R{route}-{stop}",
        "next_stop_name": stop_name(lang, route, stop),
        "progress_m": part * POINTS / STOP_EVERY * 1000,
        "pattern_id": f"P{route}",
        "n": i,
        "mismatch": False,
        "garage": GARAGES[lang][i % 2],
    }
    return vehicle(lang, i) | more | changes


def fleet(lang: str) -> list[Frame]:
    """Buses of all kinds; two of route 88 close together."""
    rows = [bus(lang, i, (0.04 + i * 0.055) % 0.94) for i in range(17)]
    rows[3] = bus(lang, 3, rows[6]["progress_m"] / 10_000 - 0.004)
    rows.append(bus(lang, 20, 0.7, phase="off_route", on_route=False, lat=LAT + 0.018, lon=LON - 0.03))
    rows.append(bus(lang, 21, 0.83, age_s=75, stale=True, terminal="none", speed_mps=None, next_stop_name=None))
    rows.append(bus(lang, 22, 0.0, phase="layover", speed_mps=0.0))
    return rows
