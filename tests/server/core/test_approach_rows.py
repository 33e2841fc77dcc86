"""Rows of stops: near ones, those nobody saw, the ends of the line, and a stop that comes twice."""

import itertools
import math
from collections.abc import Iterator

import pytest

from server.core.approach import Finished, close
from server.core.model import VisitOutcome
from tests.server.core.watched_drives import POLICY, Moment, Seen, V, driven
from tests.server.core.winding_ways import OUT_AND_BACK, STRAIGHT, TWICE_ROUND, Point, line

# -- near stops ------------------------------------------------------------------------


@pytest.mark.parametrize("gap_m", [12.0, 25.0, 40.0, 70.0])
def test_stops_so_near_that_their_zones_overlap(gap_m: float) -> None:
    network = line(STRAIGHT, [200, 1000, 1000 + gap_m, 2000])
    seen = Seen(network).drive(driven({1000.0: 15, 1000.0 + gap_m: 15}))
    assert [v.visit_index for v in seen.finished] == [1, 2]
    assert [v.outcome for v in seen.finished] == [V.STOPPED, V.STOPPED]
    assert seen.arrived == [1, 2]
    first, second = seen.finished
    assert first.departed_ms is not None
    assert second.departed_ms is not None
    assert first.departed_ms <= second.departed_ms


def test_two_visits_at_one_place_are_passed_together() -> None:
    network = line(STRAIGHT, [200, 1000, 1000, 2000])
    seen = Seen(network).drive(driven({}))
    assert [(v.visit_index, v.outcome) for v in seen.finished] == [(1, V.PASSED), (2, V.PASSED)]


# -- out of sight ------------------------------------------------------------------------


@pytest.mark.parametrize("period_s", [10, 20, 35, 60])
@pytest.mark.parametrize(("stand_s", "told"), [(0, {V.PASSED, V.UNKNOWN}), (60, {V.STOPPED})])
def test_sparse_reports_judge_by_the_time_there_was(period_s: int, stand_s: int, told: set[VisitOutcome]) -> None:
    stops = {1000.0: float(stand_s)} if stand_s else {}
    for phase in range(0, period_s, 5):
        moments = driven(stops, until_m=2500.0, from_m=300.0)[phase:]
        seen = Seen().drive(moments, period_s)
        visit = next(v for v in seen.finished if v.visit_index == 1)
        assert visit.outcome in told, (phase, visit)
        assert visit.arrived_ms is not None
        assert visit.departed_ms is not None
        assert visit.arrived_ms <= visit.departed_ms


def jump(gap_s: float, way_m: float, speed_mps: float | None = 10.0) -> Finished:
    """One fix before the stop and one behind it, nothing in between; then one more to be sure."""
    seen = Seen()
    seen.see(Moment(0, 1000.0 - way_m / 2, 10.0))
    seen.see(Moment(gap_s, 1000.0 + way_m / 2, 10.0), speed_mps=speed_mps)
    assert seen.finished == []
    seen.see(Moment(gap_s + 10, 1100.0 + way_m / 2, 10.0), speed_mps=speed_mps)
    (visit,) = seen.finished
    return visit


@pytest.mark.parametrize(
    ("gap_s", "outcome", "confidence"),
    [
        (28, V.PASSED, 0.6),
        (38, V.PASSED, 0.6),
        (39, V.UNKNOWN, 0.5),
        (47, V.UNKNOWN, 0.5),
        (49, V.STOPPED, 0.6),
        (90, V.STOPPED, 0.6),
    ],
)
def test_time_to_spare_tells_a_stop_from_a_pass(gap_s: float, outcome: VisitOutcome, confidence: float) -> None:
    visit = jump(gap_s, 300.0)
    assert (visit.outcome, visit.confidence) == (outcome, confidence)
    assert visit.stood_s == pytest.approx(gap_s - 30 - 10 if outcome is V.STOPPED else 0.0, abs=0.2)


def test_a_single_fix_far_beyond_is_enough() -> None:
    seen = Seen()
    seen.see(Moment(0, 950.0, 30.0))
    assert seen.see(Moment(12, 1310.0, 30.0)) != []


@pytest.mark.parametrize("period_s", [35, 60])
def test_at_sparse_reports_one_wrong_fix_beyond_the_stop_closes_nothing(period_s: int) -> None:
    seen = Seen()
    for k, along_m in enumerate((700.0, 980.0, 1000.0, 1200.0, 1000.0, 1000.0, 1400.0, 1700.0)):
        seen.see(Moment(k * period_s, along_m, 0.0 if 980 < along_m < 1300 else 8.0), accuracy_m=1.9)
        assert bool(seen.finished) == (along_m >= 1400)
    (visit,) = seen.finished
    assert visit.outcome is V.STOPPED


def test_several_stops_share_the_time_to_spare() -> None:
    network = line(STRAIGHT, [200, 1000, 1100, 2000])
    alone, shared = Seen(), Seen(network)
    for seen in (alone, shared):
        seen.see(Moment(0, 800.0, 10.0))
        seen.see(Moment(60, 1200.0, 10.0))
        seen.see(Moment(65, 1250.0, 10.0))
    assert [v.outcome for v in alone.finished] == [V.STOPPED]
    assert [v.outcome for v in shared.finished] == [V.UNKNOWN, V.UNKNOWN]


# -- ends of the line ------------------------------------------------------------------


def test_the_first_stop_is_left_like_any_other() -> None:
    moments = driven({200.0: 120}, from_m=150.0, until_m=400.0)
    seen = Seen().drive(moments)
    (visit,) = seen.finished
    assert (visit.visit_index, visit.outcome) == (0, V.STOPPED)
    assert visit.stood_s == pytest.approx(120, abs=3)


def test_a_bus_first_seen_standing_at_its_first_stop_is_there() -> None:
    seen = Seen()
    for k in range(20):
        seen.see(Moment(k, 200.0, 0.0))
    assert seen.arrived == [0]
    assert seen.approach.standing_at(0)
    assert not seen.approach.standing_at(1)


def test_the_last_stop_ends_when_it_is_closed() -> None:
    network = line([(0, 0), (1000, 0)], [200, 1000])
    seen = Seen(network, [(0, 0), (1000, 0)]).drive(driven({1000.0: 30}, until_m=1000.0, from_m=800.0)[:40])
    for k in range(30):
        seen.see(Moment(60 + k, 1000.0, 0.0, open=True))
    assert (seen.arrived, seen.finished) == ([1], [])
    (visit,) = close(seen.approach, seen.track, POLICY)
    assert isinstance(visit, Finished)
    assert (visit.visit_index, visit.outcome) == (1, V.STOPPED)
    assert close(seen.approach, seen.track, POLICY) == []


def test_nothing_is_closed_where_the_bus_does_not_stand() -> None:
    seen = Seen()
    seen.see(Moment(0, 950.0, 10.0))
    seen.see(Moment(1, 975.0, 10.0))
    assert close(seen.approach, seen.track, POLICY) == []
    seen.see(Moment(3, 1005.0, 10.0))
    assert close(seen.approach, seen.track, POLICY, until=1) == []
    (visit,) = close(seen.approach, seen.track, POLICY)
    assert isinstance(visit, Finished)
    assert (visit.visit_index, visit.again) == (1, False)


@pytest.mark.parametrize(
    ("along_m", "speed_mps", "next_index"),
    [
        (0, 10.0, 0),
        (200, 10.0, 0),
        (211, 10.0, 0),
        (213, 10.0, 1),
        (1500, 10.0, 2),
        (3011, 10.0, 3),
        (3046, 10.0, 4),
        (244, 0.0, 0),
        (246, 0.0, 1),
        (3044, 0.0, 3),
    ],
)
def test_stops_behind_a_bus_first_seen_are_not_spoken_of(along_m: float, speed_mps: float, next_index: int) -> None:
    """A moving bus just beyond a stop did not stand there as far as we know; a standing one may still be at it."""
    seen = Seen()
    assert seen.see(Moment(0, along_m, speed_mps)) == []
    assert seen.approach.next_index == next_index


def test_a_short_way_past_the_last_stop_the_row_is_over() -> None:
    seen = Seen().drive(driven({}, from_m=2900.0, until_m=3900.0))
    assert [v.visit_index for v in seen.finished] == [3]
    assert seen.approach.next_index == 4


# -- the same stop twice -----------------------------------------------------------------


def _ride(points: list[Point], stops_m: list[float], stand: set[int]) -> Iterator[Finished]:
    network = line(points, stops_m)
    seen = Seen(network, points)
    length_m = sum(math.dist(a, b) for a, b in itertools.pairwise(points))
    halts = {stops_m[i]: 15.0 for i in stand}
    yield from seen.drive(driven(halts, from_m=0.0, until_m=length_m)).finished


def test_each_round_of_a_loop_is_a_visit_of_its_own() -> None:
    visits = list(_ride(list(TWICE_ROUND), [100, 900, 2500, 3300, 4600], {0, 3}))
    assert [v.visit_index for v in visits] == [0, 1, 2, 3, 4]
    assert [v.outcome for v in visits] == [V.STOPPED, V.PASSED, V.PASSED, V.STOPPED, V.PASSED]


def test_out_and_back_on_one_street_the_two_visits_of_a_stop_are_told_apart() -> None:
    visits = list(_ride(list(OUT_AND_BACK), [300, 1200, 1500, 1800, 2700], {1, 4}))
    assert [v.visit_index for v in visits] == [0, 1, 2, 3, 4]
    assert [v.outcome for v in visits] == [V.PASSED, V.STOPPED, V.PASSED, V.PASSED, V.STOPPED]
