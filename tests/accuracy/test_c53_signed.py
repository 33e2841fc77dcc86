"""A day of route C53, signed on to the agency's trips: the next stop, each passage, and progress that never goes back.

40 of the derived passages are contradicted by the data itself and are left out: on 20 trips the bus drove along its
path to a bay 600 m off, waited there for its departure, and came back to its first stop. The derivation, which only
moves forward, took that for the passage; the agency's own stop sequence and the later fixes say otherwise.
"""

import sys
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest

from server.core.model import TripId
from server.core.network import Network
from server.replay import Decision
from tests.accuracy.real_traces import KNOWN_BAD, c53_lines, c53_rows, c53_truth, network_of, of_type, one_pass, rows_of

TOLERANCE_MS = 5_000
AFTER_S = 60
"""A fix this much later than the passage, yet on the way to an earlier stop, contradicts it."""
BESIDE_M, BEHIND_M = 50.0, 50.0

pytestmark = pytest.mark.shared


@cache
def decided(data: Path) -> Sequence[Decision]:
    return one_pass(feed(data), c53_lines(data, sign_on=True))


def feed(data: Path) -> Network:
    return network_of(data / "wmata_bus_2026" / "gtfs.zip")


def say(figure: str) -> None:
    sys.stdout.write(f"C53 signed on: {figure}\n")


def test_the_next_stop_is_the_agencys(shared_dir: Path) -> None:
    data = shared_dir / "data"
    truth = {(t.vehicle_id, t.at_ms): t for t in c53_truth(data)}
    right = [
        p["next_stop_sequence"] == t.stop_sequence
        for p in of_type(decided(data), "position")
        for t in [truth[p["vehicle_id"], p["at_ms"]]]
        if t.status == "IN_TRANSIT_TO" and (t.vehicle_id, t.trip_id) not in KNOWN_BAD
    ]
    say(f"next stop right in {sum(right)} of {len(right)} fixes between stops ({sum(right) / len(right):.2%})")
    assert sum(right) >= 0.995 * len(right)


def test_progress_never_goes_back_within_a_trip(shared_dir: Path) -> None:
    furthest: dict[tuple[str, str], float] = defaultdict(float)
    back = []
    for p in of_type(decided(shared_dir / "data"), "position"):
        run = p["vehicle_id"], p["trip_id"]
        if p["progress_m"] is not None and run not in KNOWN_BAD:
            back += [(run, p["at_ms"])] if p["progress_m"] < furthest[run] else []
            furthest[run] = max(furthest[run], p["progress_m"])
    say(f"progress went back {len(back)} times on {len(furthest)} runs")
    assert back == []


def test_each_visit_is_recorded_once_and_in_order(shared_dir: Path) -> None:
    sequences: dict[tuple[str, str], list[int]] = defaultdict(list)
    for visit in of_type(decided(shared_dir / "data"), "stop_visit"):
        sequences[visit["vehicle_id"], visit["trip_id"]].append(visit["stop_sequence"])
    assert all(sequence == sorted(set(sequence)) for sequence in sequences.values())


def test_passages_lie_between_the_fixes_around_them(shared_dir: Path) -> None:
    data = shared_dir / "data"
    visits = {
        (v["vehicle_id"], v["trip_id"], v["stop_sequence"]): (v["arrived_ms"], v["departed_ms"])
        for v in of_type(decided(data), "stop_visit")
    }
    rows = [
        row
        for row in rows_of(data / "wmata_bus_2026" / "stop_passages_derived.csv")
        if (row["vehicle_id"], row["trip_id"]) not in KNOWN_BAD
    ]
    sound = [row for row in rows if not _contradicted(row, data)]
    wrong = [row for row in sound if not _inside(row, visits)]
    unseen = [row for row in wrong if _visit(row) not in visits]
    say(
        f"passage inside its bracket ± 5 s in {len(sound) - len(wrong)} of {len(sound)} rows "
        f"({1 - len(wrong) / len(sound):.2%}); {len(unseen)} without a visit (the recording ends there); "
        f"{len(rows) - len(sound)} rows contradicted by later fixes and by the agency's own stop sequence"
    )
    assert len(rows) - len(sound) <= 0.02 * len(rows)
    assert len(wrong) <= 0.01 * len(sound)


def _visit(row: dict[str, str]) -> tuple[str, str, int]:
    return row["vehicle_id"], row["trip_id"], int(row["stop_sequence"])


def _inside(row: dict[str, str], visits: dict[tuple[str, str, int], tuple[int | None, int | None]]) -> bool:
    """The bus was at the stop, by our estimate, at some moment of the bracket."""
    arrived_ms, departed_ms = visits.get(_visit(row), (None, None))
    if arrived_ms is None or departed_ms is None:
        return False
    first_ms, last_ms = int(row["t_before"]) * 1000 - TOLERANCE_MS, int(row["t_after"]) * 1000 + TOLERANCE_MS
    return arrived_ms <= last_ms and departed_ms >= first_ms


@cache
def _fixes(data: Path) -> dict[tuple[str, str], list[dict[str, str]]]:
    fixes: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
    for row in c53_rows(data):
        fixes[row["vehicle_id"], row["trip_id"]].append(row)
    return fixes


def _contradicted(row: dict[str, str], data: Path) -> bool:
    """Does the data disprove a derived passage: both the agency's sequence and two later fixes behind the stop?"""
    later = [f for f in _fixes(data)[row["vehicle_id"], row["trip_id"]] if int(f["ts"]) > int(row["t_after"]) + AFTER_S]
    earlier_stop = any(int(f["agency_stop_sequence"] or 999) < int(row["stop_sequence"]) for f in later)
    return earlier_stop and sum(_behind(f, row, feed(data)) for f in later) >= 2


def _behind(fix: dict[str, str], row: dict[str, str], network: Network) -> bool:
    """Is every place of the path that the fix can mean short of the row's stop?"""
    trip = network.trip(TripId(row["trip_id"]))
    assert trip is not None
    pattern = network.pattern(trip.pattern_index)
    stop_m = next(v.along_m for v in pattern.visits if v.stop_sequence == int(row["stop_sequence"]))
    x, y = network.frame.to_xy(float(fix["lat"]), float(fix["lon"]))
    places = pattern.path.candidates(x, y, BESIDE_M).along_m
    return len(places) > 0 and bool((places < stop_m - BEHIND_M).all())
