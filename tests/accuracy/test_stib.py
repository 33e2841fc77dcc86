"""A Tuesday of tram 55 in Brussels: arrivals at stops against those the operator measured.

The positions are linear (direction, last stop, metres past it, every 20 s, no vehicle): they are put on the shape as
fixes, and joined to journeys by continuity, since trams of one direction do not overtake. The day lies before the
feed's calendar, so it is told as the Tuesday six weeks later, at the same hour of the clock.
"""

import csv
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from server.core.network import Network, Pattern
from tests.accuracy.real_traces import Line, network_of, of_type, one_pass, rows_of

LATER = timedelta(days=42, hours=-1)
"""From 2025-03-18 to 2025-04-29, across the beginning of summer time."""
BACK_M, SLOWEST_GAP_S, TOP_MPS = 40.0, 120, 20.0
"""A report continues a journey that was at most so far behind it, seen at most so long ago, driving at most so fast."""
ROUTE = "55"
MATCH_S, WITHIN_S = 120.0, 20.0

pytestmark = pytest.mark.shared


class Report(NamedTuple):
    """One tram of one direction at one moment, by the metres along its pattern."""

    at_s: int
    along_m: float


def _digits(stop_id: str) -> str:
    return re.sub(r"\D", "", stop_id).lstrip("0")


def _pattern_for(network: Network, points: Counter[str]) -> Pattern:
    """The pattern that passes the most of a direction's reports; of equal ones the one with more trips."""
    patterns = [network.pattern(index) for index in range(network.pattern_count)]
    return max(
        patterns,
        key=lambda pattern: (
            sum(points[_digits(visit.stop_id)] for visit in pattern.visits),
            len(network.trips_of_pattern(pattern.index)),
        ),
    )


def _reports(network: Network, folder: Path) -> Iterator[tuple[str, Pattern, dict[int, list[float]]]]:
    """By direction and moment: how far along their pattern the trams are."""
    rows: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows_of(folder / "vehicle_distance_20250318.csv"):
        rows[row["dir"]].append(row)
    for direction, its_rows in rows.items():
        pattern = _pattern_for(network, Counter(_digits(row["point"]) for row in its_rows))
        place_m = {_digits(visit.stop_id): visit.along_m for visit in pattern.visits}
        moments: dict[int, list[float]] = defaultdict(list)
        for row in its_rows:
            if _digits(row["point"]) in place_m:
                moments[int(row["ts"])].append(place_m[_digits(row["point"])] + float(row["dist"]))
        yield direction, pattern, moments


def _journeys(moments: dict[int, list[float]]) -> list[list[Report]]:
    """Join the reports of one direction to journeys, the foremost tram first."""
    done: list[list[Report]] = []
    running: list[list[Report]] = []
    for at_s in sorted(moments):
        free = sorted(moments[at_s], reverse=True)
        for journey in sorted(running, key=lambda journey: -journey[-1].along_m):
            last = journey[-1]
            reach_m = last.along_m + TOP_MPS * (at_s - last.at_s) + BACK_M
            fitting = [along_m for along_m in free if last.along_m - BACK_M <= along_m <= reach_m]
            if fitting:
                journey.append(Report(at_s, fitting[0]))
                free.remove(fitting[0])
        done += [journey for journey in running if at_s - journey[-1].at_s > SLOWEST_GAP_S]
        running = [journey for journey in running if at_s - journey[-1].at_s <= SLOWEST_GAP_S]
        running += [[Report(at_s, along_m)] for along_m in free]
    return done + running


def _lines(network: Network, folder: Path) -> list[Line]:
    """Every journey as a vehicle that signs on to the route and its direction, and reports places of the shape."""
    lines: list[Line] = []
    for direction, pattern, moments in _reports(network, folder):
        for number, journey in enumerate(_journeys(moments)):
            lines += _journey_lines(network, pattern, f"{direction}-{number}", journey)
    return sorted(lines, key=lambda line: line["at_ms"])


def _journey_lines(network: Network, pattern: Pattern, vehicle: str, journey: Sequence[Report]) -> Iterator[Line]:
    for number, report in enumerate(journey):
        at: Line = {"at_ms": (report.at_s + round(LATER.total_seconds())) * 1000, "vehicle_id": vehicle}
        if not number:
            yield at | {"type": "sign_on", "route_id": pattern.route_id, "direction_id": pattern.direction_id}
        lat, lon = network.frame.to_lat_lon(*pattern.path.at(report.along_m))
        yield at | {"type": "fix", "lat": float(lat), "lon": float(lon)}


def _measured(folder: Path) -> dict[str, list[float]]:
    """By stop: measured arrivals, in epoch seconds of the later day."""
    arrivals: dict[str, list[float]] = defaultdict(list)
    with (folder / "stop_events_20250318.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["observed"] == "True" and row["arrival_time"]:
                at = datetime.fromisoformat(row["arrival_time"]).replace(tzinfo=UTC) + LATER
                arrivals[row["stop_id"]].append(at.timestamp())
    return arrivals


def test_arrivals_are_those_that_were_measured(shared_dir: Path) -> None:
    folder = shared_dir / "data" / "stib_tram55_2025"
    network = network_of(folder / "gtfs.zip")
    decisions = one_pass(network, _lines(network, folder))
    own: dict[str, list[float]] = defaultdict(list)
    for visit in of_type(decisions, "stop_visit"):
        if visit["arrived_ms"] is not None:
            own[visit["stop_id"]].append(visit["arrived_ms"] / 1000.0)
    errors = np.array(
        [
            min((ours - at_s for ours in own[stop_id]), key=abs, default=np.inf)
            for stop_id, arrivals in _measured(folder).items()
            for at_s in arrivals
        ]
    )
    met = int((np.abs(errors) <= MATCH_S).sum())
    p50, p90, p95 = np.percentile(np.abs(errors), [50, 90, 95])
    sys.stdout.write(
        f"STIB 55: {met} of {len(errors)} measured arrivals met; of all, off by p50 {p50:.1f}, p90 {p90:.1f}, "
        f"p95 {p95:.1f} s\n"
    )
    assert p95 <= WITHIN_S
