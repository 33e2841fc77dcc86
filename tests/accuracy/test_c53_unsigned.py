"""Washington's C53 without a word from its drivers, and with the two sign-ons that the data itself says are wrong."""

import sys
from collections import Counter
from pathlib import Path

import pytest

from server.core.model import TripId
from server.core.network import Network
from server.replay import Decision
from tests.accuracy.real_traces import KNOWN_BAD, Truth, c53_lines, c53_rows, c53_truth, network_of, of_type, one_pass

pytestmark = pytest.mark.shared
SETTLED_AFTER = 5
"""Fixes of a trip that do not count: nobody can know a trip before it was seen to move."""
ELSEWHERE_M = 250.0
"""A bus so far from every path of the route is deadheading, whatever its driver has signed on to."""


def _tell(figure: str) -> None:
    """Show a figure to whoever runs `pytest -s`."""
    sys.stdout.write(f"{figure}\n")


class Score:
    """Right and wrong of one pass, and the causes of what was wrong."""

    def __init__(self) -> None:
        self.fixes = 0
        self.elsewhere = 0
        self.next_stops = 0
        self.right: Counter[str] = Counter()
        self.wrong: Counter[tuple[str, str, str]] = Counter()

    def take(self, truth: Truth, position: Decision | None, *, elsewhere: bool) -> None:
        """Count one fix. An unknown direction, trip or stop is not right."""
        said = position or {"direction_id": None, "trip_id": None, "next_stop_sequence": None}
        self.fixes += 1
        self.elsewhere += elsewhere
        same_way = said["direction_id"] == truth.direction_id
        self._mark("direction", truth, right=same_way, unknown=said["direction_id"] is None)
        self._mark("trip", truth, right=said["trip_id"] == truth.trip_id, unknown=said["trip_id"] is None)
        if truth.status == "IN_TRANSIT_TO":
            self.next_stops += 1
            right = same_way and said["next_stop_sequence"] == truth.stop_sequence
            self._mark("next stop", truth, right=right, unknown=said["next_stop_sequence"] is None)

    def _mark(self, what: str, truth: Truth, *, right: bool, unknown: bool) -> None:
        self.right[what] += right
        if not right:
            self.wrong[f"{what} {'unknown' if unknown else 'wrong'}", truth.vehicle_id, truth.trip_id] += 1

    def share(self, what: str) -> float:
        """Share of fixes (of those in transit, for the next stop) that were right."""
        return self.right[what] / (self.next_stops if what == "next stop" else self.fixes)


@pytest.fixture(scope="module")
def network(shared_dir: Path) -> Network:
    """The C53 feed."""
    return network_of(shared_dir / "data" / "wmata_bus_2026" / "gtfs.zip")


@pytest.fixture(scope="module")
def score(shared_dir: Path, network: Network) -> Score:
    """One causal pass over positions alone, compared with the agency's own view."""
    data = shared_dir / "data"
    decisions = of_type(one_pass(network, c53_lines(data, sign_on=False)), "position")
    positions = {(line["at_ms"], line["vehicle_id"]): line for line in decisions}
    nth: Counter[tuple[str, str]] = Counter()
    score = Score()
    for truth, row in zip(c53_truth(data), c53_rows(data), strict=True):
        run = (truth.vehicle_id, truth.trip_id)
        nth[run] += 1
        if nth[run] > SETTLED_AFTER and run not in KNOWN_BAD:
            elsewhere = _away_m(network, row) > ELSEWHERE_M
            score.take(truth, positions.get((truth.at_ms, truth.vehicle_id)), elsewhere=elsewhere)
    return score


def _away_m(network: Network, row: dict[str, str]) -> float:
    x, y = network.frame.to_xy(float(row["lat"]), float(row["lon"]))
    return min(network.pattern(index).path.project(x, y)[1] for index in range(network.pattern_count))


def test_direction_trip_and_next_stop_are_found_without_a_sign_on(score: Score) -> None:
    here = score.right["direction"] / (score.fixes - score.elsewhere)
    _tell(f"C53, no sign-on, {score.fixes} fixes: direction {score.share('direction'):.2%}")
    _tell(f"  ({here:.2%} without {score.elsewhere} fixes more than {ELSEWHERE_M:.0f} m from every path),")
    _tell(f"  trip {score.share('trip'):.2%}, next stop {score.share('next stop'):.2%}; wrong most:")
    for (what, vehicle_id, trip_id), count in score.wrong.most_common(12):
        _tell(f"  {count:4d} × {what}: bus {vehicle_id}, trip {trip_id}")
    assert here >= 0.99
    assert score.share("direction") >= 0.985
    assert score.share("trip") >= 0.95
    assert score.share("next stop") >= 0.98


def test_wrong_sign_ons_are_reported(shared_dir: Path, network: Network) -> None:
    data = shared_dir / "data"
    trips = {(truth.at_ms, truth.vehicle_id): truth.trip_id for truth in c53_truth(data)}
    mismatches: Counter[tuple[str, str]] = Counter()
    for line in of_type(one_pass(network, c53_lines(data, sign_on=True)), "position"):
        if line["mismatch"]:
            mismatches[line["vehicle_id"], trips[line["at_ms"], line["vehicle_id"]]] += 1
    _tell(f"C53, signed on: {len(mismatches)} runs contradicted by the movement for a while, all shown by the fixes:")
    for (vehicle_id, trip_id), count in mismatches.most_common():
        back_m = _driven_back_m(data, network, vehicle_id, trip_id)
        known = ", known bad" if (vehicle_id, trip_id) in KNOWN_BAD else ""
        _tell(f"  bus {vehicle_id}, trip {trip_id}: {count} fixes; drove {back_m:.0f} m against its path{known}")
        assert back_m > 150.0
    share = sum(count for run, count in mismatches.items() if run not in KNOWN_BAD) / len(trips)
    _tell(f"  {share:.2%} of all fixes are contradicted though their run is not known to be bad")
    assert set(mismatches) >= KNOWN_BAD
    assert share <= 0.005


def _driven_back_m(data: Path, network: Network, vehicle_id: str, trip_id: str) -> float:
    """Tell how far the raw fixes of a run go back along its own path: its greatest fall from a place reached before."""
    trip = network.trip(TripId(trip_id))
    assert trip is not None
    path = network.pattern(trip.pattern_index).path
    furthest_m, fall_m = 0.0, 0.0
    for row in c53_rows(data):
        if (row["vehicle_id"], row["trip_id"]) == (vehicle_id, trip_id):
            along_m, _ = path.project(*network.frame.to_xy(float(row["lat"]), float(row["lon"])))
            furthest_m = max(furthest_m, along_m)
            fall_m = max(fall_m, furthest_m - along_m)
    return fall_m
