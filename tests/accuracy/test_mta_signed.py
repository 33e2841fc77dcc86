"""New York's labelled traces, signed on to their true trips: how far along its trip each fix is placed."""

import math
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from numpy.typing import NDArray

from server.core.model import BlockId
from server.core.network import Network
from tests.accuracy.real_traces import Line, network_of, of_type, one_pass, rows_of

NEW_YORK = ZoneInfo("America/New_York")
AGENCY = "MTA NYCT_"
"""Prefix of the trace's ids, which its own GTFS lacks."""
WITHIN_M = 30.0


def _at_ms(row: dict[str, str]) -> int:
    return int(datetime.fromisoformat(row["timestamp"]).replace(tzinfo=NEW_YORK).timestamp() * 1000)


def _fix(row: dict[str, str]) -> Line:
    return {
        "at_ms": _at_ms(row),
        "type": "fix",
        "vehicle_id": row["vid"],
        "lat": float(row["lat"]),
        "lon": float(row["lon"]),
    }


def _signed(rows: Iterable[dict[str, str]], trips: Iterable[str], date: str) -> Iterator[Line]:
    """Fixes with a sign-on whenever the true trip changes."""
    running = ""
    for row, trip in zip(rows, trips, strict=True):
        if trip != running:
            running = trip
            on: Line = {"type": "sign_on", "vehicle_id": row["vid"], "trip_id": trip, "start_date": date}
            yield {"at_ms": _at_ms(row)} | on
        yield _fix(row)


def _starts_m(network: Network, block: str, service: str) -> dict[str, float]:
    """How far along its block each trip begins, as the tracer counted: trips, and the straight ways between them."""
    starts: dict[str, float] = {}
    done_m, ended = 0.0, None
    for trip_id in network.trips_of_block(BlockId(block)):
        trip = network.trip(trip_id)
        assert trip is not None
        if trip.service_id == service:
            path = network.pattern(trip.pattern_index).path
            done_m += 0.0 if ended is None else math.dist(ended, path.at(0.0))
            starts[trip_id] = done_m
            done_m, ended = done_m + path.length_m, path.at(path.length_m)
    return starts


def _report(name: str, wrong_m: NDArray[np.float64], rows: int) -> None:
    p50, p95 = np.percentile(wrong_m, [50, 95])
    said = f"{len(wrong_m)} of {rows} fixes placed, wrong by p50 {p50:.1f}, p95 {p95:.1f}, max {wrong_m.max():.1f} m"
    sys.stdout.write(f"{name}: {said}\n")


@pytest.mark.shared
def test_a_simulated_block_of_b63_is_placed_to_the_metre(shared_dir: Path) -> None:
    data = shared_dir / "data" / "mta_bus_labelled" / "b63_2010"
    network = network_of(data / "gtfs.zip")
    rows = rows_of(data / "trace_3649-2010-11-25T12-18-01.csv")
    trips = [row["actual_trip_id"].removeprefix(AGENCY) for row in rows]
    blocks = {row["actual_block_id"] for row in rows}
    starts = {block: _starts_m(network, block.removeprefix(AGENCY), "20101024EE") for block in blocks}
    truth = {
        _at_ms(row): float(row["actual_distance_along_block"]) - starts[row["actual_block_id"]][trip]
        for row, trip in zip(rows, trips, strict=True)
    }
    positions = of_type(one_pass(network, _signed(rows, trips, "20101125")), "position")
    placed = [(p["progress_m"], truth[p["at_ms"]]) for p in positions if p["progress_m"] is not None]
    wrong_m = np.abs(np.diff(np.array(placed), axis=1))
    _report("B63 3649", wrong_m, len(rows))
    assert len(placed) >= 0.95 * len(rows)
    assert np.percentile(wrong_m, 95) <= WITHIN_M


@pytest.mark.shared
def test_m20_signed_on_rightly_is_placed_within_its_gps(shared_dir: Path) -> None:
    data = shared_dir / "data" / "mta_bus_labelled" / "m20_2016"
    network = network_of(data / "gtfs.zip")
    rows = rows_of(data / "trace_9458_flips_trip.csv")
    trips = [row["actual_trip_id"] for row in rows]
    truth = {
        _at_ms(row): float(row["inferred_distance_along_trip"]) for row in rows if row["inferred_distance_along_trip"]
    }
    positions = of_type(one_pass(network, _signed(rows, trips, "20160602")), "position")
    placed = [
        (p["progress_m"], truth[p["at_ms"]]) for p in positions if p["progress_m"] is not None and p["at_ms"] in truth
    ]
    wrong_m = np.abs(np.diff(np.array(placed), axis=1))
    _report("M20 9458", wrong_m, len(rows))
    assert len(placed) >= 0.95 * len(truth)
    assert np.percentile(wrong_m, 95) <= WITHIN_M
