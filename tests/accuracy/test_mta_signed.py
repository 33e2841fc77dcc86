"""New York's labelled traces, signed on to their true trips: how far along its trip each fix is placed."""

import sys
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from numpy.typing import NDArray

from server.core.model import BlockId, TripId
from server.core.network import Network
from server.core.tracking import scheduled_s
from tests.accuracy.real_traces import Line, network_of, of_type, one_pass, rows_of

NEW_YORK = ZoneInfo("America/New_York")
AGENCY = "MTA NYCT_"
"""Prefix of the trace's ids, which its own GTFS lacks."""
WITHIN_M = 30.0
EARTH_M = 6_371_000.0


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
    """How far along its block each trip begins, as the tracer counted: trips, and the straight ways between them.

    Its ruler is a sphere's; over the 100 km of a block that is 20 m off ours.
    """
    starts: dict[str, float] = {}
    way = np.empty((0, 2))
    for trip_id in network.trips_of_block(BlockId(block)):
        trip = network.trip(trip_id)
        assert trip is not None
        if trip.service_id == service:
            path = network.pattern(trip.pattern_index).path
            starts[trip_id] = _on_sphere_m(network, np.vstack([way, path.xy[:1]]))
            way = np.vstack([way, path.xy])
    return starts


def _on_sphere_m(network: Network, xy: NDArray[np.float64]) -> float:
    """The length of a polyline by great circles (haversine)."""
    lat, lon = np.radians(np.array([network.frame.to_lat_lon(x, y) for x, y in xy.tolist()])).T
    half = np.sin(np.diff(lat) / 2) ** 2 + np.cos(lat[:-1]) * np.cos(lat[1:]) * np.sin(np.diff(lon) / 2) ** 2
    return float((2 * EARTH_M * np.arcsin(np.sqrt(half))).sum())


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


def _block_of(network: Network, rows: list[dict[str, str]], service: str) -> dict[str, float]:
    """The trips of the block (by where each begins) whose timetable is at the rows' distances when the rows say so."""
    trips = [network.trip(trip_id) for i in range(network.pattern_count) for trip_id in network.trips_of_pattern(i)]
    blocks = {str(trip.block_id) for trip in trips if trip is not None and trip.service_id == service}
    tables = {block: _starts_m(network, block, service) for block in blocks}
    return tables[min(sorted(blocks), key=lambda block: sum(_off_s(network, tables[block], row) for row in rows[::10]))]


def _trip_at(starts: dict[str, float], along_block_m: float) -> str:
    return max((trip for trip in starts if starts[trip] <= along_block_m), key=lambda trip: starts[trip])


def _off_s(network: Network, starts: dict[str, float], row: dict[str, str]) -> float:
    """Seconds between a row's scheduled time and the timetable's at the row's distance along the block."""
    along_m = float(row["actual_distance_along_block"])
    trip = network.trip(TripId(_trip_at(starts, along_m)))
    assert trip is not None
    hours, minutes, seconds = map(int, row["actual_schedule_time"].split(":"))
    due_s = scheduled_s(trip, network.pattern(trip.pattern_index), along_m - starts[trip.trip_id])
    return abs(due_s - 3600 * hours - 60 * minutes - seconds)


@pytest.mark.shared
def test_a_block_signed_on_to_is_followed_from_trip_to_trip(shared_dir: Path) -> None:
    data = shared_dir / "data" / "mta_bus_labelled" / "b63_2010"
    network = network_of(data / "gtfs.zip")
    rows = rows_of(data / "trace_5318-2010-12-02T17-21-38.csv")
    starts = _block_of(network, rows, "20101024EE")
    first = network.trip(TripId(next(iter(starts))))
    assert first is not None
    on: Line = {"type": "sign_on", "vehicle_id": rows[0]["vid"], "block_id": first.block_id}
    decisions = one_pass(network, [{"at_ms": _at_ms(rows[0])} | on, *map(_fix, rows)])
    truth = {_at_ms(row): float(row["actual_distance_along_block"]) for row in rows}
    placed = [
        (p["progress_m"] + starts[p["trip_id"]], truth[p["at_ms"]])
        for p in of_type(decisions, "position")
        if p["progress_m"] is not None
    ]
    wrong_m = np.abs(np.diff(np.array(placed), axis=1))
    _report("B63 5318 by block", wrong_m, len(rows))
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
