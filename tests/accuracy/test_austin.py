"""A Saturday in Austin, a fix every two minutes: drivers sign on to a route and the way on their headsign.

The feed has no blocks. Which run it is the engine finds by clock and place, and once more when the bus leaves.
"""

import csv
import gzip
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from server.core.model import RouteId
from server.core.network import Network
from server.replay import Decision
from tests.accuracy.real_traces import Line, network_of, of_type, one_pass

WAYS = {"NORTHBOUND": (0.0, 1.0), "SOUTHBOUND": (0.0, -1.0), "EASTBOUND": (1.0, 0.0), "WESTBOUND": (-1.0, 0.0)}
"""Headsigns that name a way, as a direction (east, north); the others are loops and say none."""

pytestmark = pytest.mark.shared


def _rows(folder: Path) -> list[dict[str, str]]:
    with gzip.open(folder / "vehicle_positions_2015-03-07.csv.gz", "rt", encoding="utf-8") as file:
        return sorted(csv.DictReader(file), key=lambda row: (int(row["ts"]), row["vehicle_id"]))


def _direction(network: Network, route: str, headsign: str) -> int | None:
    """The direction of a route whose patterns lead, on the whole, where the headsign says."""
    leads: dict[int | None, float] = defaultdict(float)
    for index in network.patterns_of_route(RouteId(route)):
        pattern = network.pattern(index)
        (x0, y0), (x1, y1) = (pattern.path.at(pattern.visits[end].along_m) for end in (0, -1))
        east, north = WAYS.get(headsign, (0.0, 0.0))
        leads[pattern.direction_id] += len(network.trips_of_pattern(index)) * float(
            (x1 - x0) * east + (y1 - y0) * north
        )
    return max(leads, key=lambda direction: leads[direction]) if headsign in WAYS else None


def _lines(network: Network, rows: Sequence[dict[str, str]]) -> Iterator[Line]:
    """A sign-on to route and direction at the beginning of each trip, and every fix (speeds are not given)."""
    running: dict[str, str] = {}
    ways: dict[tuple[str, str], int | None] = {}
    for row in rows:
        at: Line = {"at_ms": int(row["ts"]) * 1000, "vehicle_id": row["vehicle_id"]}
        if running.get(row["vehicle_id"]) != row["trip_id"]:
            running[row["vehicle_id"]] = row["trip_id"]
            way = row["route_id"], row["trip_headsign"]
            if way not in ways:
                ways[way] = _direction(network, *way)
            named = {} if ways[way] is None else {"direction_id": ways[way]}
            yield at | {"type": "sign_on", "route_id": row["route_id"]} | named
        yield at | {"type": "fix", "lat": float(row["lat"]), "lon": float(row["lon"])}


@cache
def decided(folder: Path) -> Sequence[Decision]:
    network = network_of(folder / "gtfs_assembled.zip")
    return one_pass(network, _lines(network, _rows(folder)))


def test_the_run_of_a_route_is_found(shared_dir: Path) -> None:
    folder = shared_dir / "data" / "austin_capmetro_2015"
    truth = {(row["vehicle_id"], int(row["ts"]) * 1000): row["trip_id"] for row in _rows(folder)}
    positions = of_type(decided(folder), "position")
    right = np.array([p["trip_id"] == truth[p["vehicle_id"], p["at_ms"]] for p in positions])
    sys.stdout.write(f"Austin: trip right in {right.sum()} of {len(truth)} fixes ({right.sum() / len(truth):.2%})\n")
    assert right.sum() >= 0.95 * len(truth)


def test_visits_are_in_order_and_none_twice(shared_dir: Path) -> None:
    sequences: dict[tuple[str, str], list[int]] = defaultdict(list)
    for visit in of_type(decided(shared_dir / "data" / "austin_capmetro_2015"), "stop_visit"):
        sequences[visit["vehicle_id"], visit["trip_id"]].append(visit["stop_sequence"])
    disorder = [run for run, sequence in sequences.items() if sequence != sorted(set(sequence))]
    count = sum(map(len, sequences.values()))
    sys.stdout.write(f"Austin: {count} stop visits on {len(sequences)} runs, {len(disorder)} of them out of order\n")
    assert disorder == []
