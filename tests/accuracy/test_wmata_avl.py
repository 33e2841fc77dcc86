"""Two buses of Washington signed on by block: leaving the route and coming back, stops not visited, a layover."""

import math
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from numpy.typing import NDArray

from server.core.model import TripId
from server.core.network import Network
from server.core.policy import Policy
from server.core.tracking import scheduled_s
from server.replay import Decision
from tests.accuracy.real_traces import network_of, of_type, one_pass, rows_of

WASHINGTON = ZoneInfo("America/New_York")
BUSES = [("gtfs_S2.zip", "avl_S2_2113.csv"), ("gtfs_5A.zip", "avl_5A_8062.csv")]

pytestmark = pytest.mark.shared


def _folder(shared_dir: Path) -> Path:
    return shared_dir / "data" / "wmata_avl_2016"


def _at_ms(row: dict[str, str]) -> int:
    return int(datetime.fromisoformat(row["time"]).replace(tzinfo=WASHINGTON).timestamp() * 1000)


@cache
def decided(folder: Path, feed: str, trace: str) -> Sequence[Decision]:
    rows = sorted(rows_of(folder / trace), key=_at_ms)
    on = {"type": "sign_on", "vehicle_id": rows[0]["vehicleId"], "block_id": rows[0]["assignmentId"]}
    fixes = [
        {
            "at_ms": _at_ms(row),
            "type": "fix",
            "vehicle_id": row["vehicleId"],
            "lat": float(row["latitude"]),
            "lon": float(row["longitude"]),
            "heading_deg": float(row["heading"]),
        }
        for row in rows
    ]
    return one_pass(network_of(folder / feed), [{"at_ms": _at_ms(rows[0])} | on, *fixes])


def _places(folder: Path, feed: str, trace: str) -> list[tuple[int, float, float]]:
    """When and where the bus was, in metres of the network's frame."""
    frame = network_of(folder / feed).frame
    rows = sorted(rows_of(folder / trace), key=_at_ms)
    return [(_at_ms(row), *frame.to_xy(float(row["latitude"]), float(row["longitude"]))) for row in rows]


def _beside_m(network: Network, trip_id: str, x: float, y: float) -> float:
    trip = network.trip(TripId(trip_id))
    assert trip is not None
    return network.pattern(trip.pattern_index).path.project(x, y)[1]


@pytest.mark.parametrize(("feed", "trace"), BUSES)
def test_leaving_the_route_and_coming_back_is_known_within_two_fixes(shared_dir: Path, feed: str, trace: str) -> None:
    folder = _folder(shared_dir)
    network, place = network_of(folder / feed), {at: xy for at, *xy in _places(folder, feed, trace)}
    rows = [
        (p["on_route"], _beside_m(network, p["trip_id"], *place[p["at_ms"]]) <= Policy().off_route_m)
        for p in of_type(decided(folder, feed, trace), "position")
    ]
    settled = [(said, is_near) for (_, was_near), (said, is_near) in pairwise(rows) if is_near == was_near]
    away = sum(not near for _, near in rows)
    sys.stdout.write(
        f"{trace}: {away} of {len(rows)} fixes off the route; on_route right in all but a change's first\n"
    )
    assert away > 0
    assert all(said == near for said, near in settled)


@pytest.mark.parametrize(("feed", "trace"), BUSES)
def test_no_stop_is_visited_that_the_bus_did_not_come_near(shared_dir: Path, feed: str, trace: str) -> None:
    folder = _folder(shared_dir)
    network, places = network_of(folder / feed), _places(folder, feed, trace)
    visits = of_type(decided(folder, feed, trace), "stop_visit")
    far = [visit for visit in visits if _nearest_m(network, visit, places) > Policy().off_route_m]
    sys.stdout.write(f"{trace}: {len(visits)} stop visits, {len(far)} of them without the bus\n")
    assert len(visits) > 5
    assert far == []


def _nearest_m(network: Network, visit: Decision, places: Sequence[tuple[int, float, float]]) -> float:
    """How near the bus came to a stop around its visit, going straight between the fixes before and after it."""
    stop = network.stops[visit["stop_id"]]
    here = network.frame.to_xy(stop.lat, stop.lon)
    times = [at_ms for at_ms, *_ in places]
    first, last = bisect_right(times, visit["arrived_ms"]) - 2, bisect_left(times, visit["departed_ms"]) + 2
    around = [np.array(xy) for _, *xy in places[max(0, first) : last]]
    return min((_beside(a, b, np.array(here)) for a, b in pairwise(around)), default=math.inf)


def _beside(a: NDArray[np.float64], b: NDArray[np.float64], p: NDArray[np.float64]) -> float:
    way = b - a
    share = float(np.clip(np.dot(p - a, way) / max(float(np.dot(way, way)), 1e-9), 0.0, 1.0))
    return float(np.hypot(*(p - a - share * way)))


def test_in_its_layover_a_bus_is_early_for_its_next_run_and_less_so_until_it_leaves(shared_dir: Path) -> None:
    folder = _folder(shared_dir)
    network = network_of(folder / "gtfs_5A.zip")
    late_s: dict[str, list[float]] = {"layover": [], "in_service": []}
    positions = of_type(decided(folder, *BUSES[1]), "position")
    for p in positions:
        if p["trip_id"] == positions[-1]["trip_id"]:
            trip = network.trip(p["trip_id"])
            assert trip is not None
            due_s = scheduled_s(trip, network.pattern(trip.pattern_index), p["progress_m"])
            late_s[p["phase"]].append((p["at_ms"] - network.day_start_ms(p["start_date"])) / 1000.0 - due_s)
    waiting = late_s["layover"]
    sys.stdout.write(f"5A 8062: in its layover {waiting[0]:.0f} s to {waiting[-1]:.0f} s early, then on its way\n")
    assert waiting == sorted(waiting)
    assert len(waiting) >= 10
    assert waiting[-1] < 0.0 <= min(late_s["in_service"])
