"""Arriving, standing, leaving, passing: what a row of fixes says about a bus and its stops."""

import itertools
import math
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core.approach import Approach, Arrived, Finished, VisitEvent, advance, close, start
from server.core.model import Doors, Source, VisitOutcome
from server.core.network import Network
from server.core.placing import take
from server.core.policy import Policy
from server.core.tracking import Taken, Track
from tests.server.core.winding_ways import OUT_AND_BACK, STRAIGHT, TWICE_ROUND, Point, Rider, line, track_on

POLICY = Policy()
V = VisitOutcome
STOPS_M = [200.0, 1000.0, 2000.0, 3000.0]
STREET = line(STRAIGHT, STOPS_M)
BRAKE_MPS2 = 1.0


class Moment(NamedTuple):
    """Where a bus truly is at a second, how fast it goes, and whether its doors are open."""

    at_s: float
    along_m: float
    speed_mps: float
    open: bool = False


def driven(
    stops: dict[float, float], *, cruise_mps: float = 10.0, until_m: float = 1500.0, from_m: float = 700.0
) -> list[Moment]:
    """A bus by the second: it brakes at 1 m/s² for each place of `stops` and stands there as many seconds."""
    moments, now_s, along_m, speed = [], 0.0, from_m, cruise_mps
    ahead = sorted(stops)
    while along_m < until_m:
        moments.append(Moment(now_s, along_m, speed))
        now_s += 1.0
        if ahead and ahead[0] - along_m < 1e-6:
            along_m, speed = ahead[0], 0.0
            wait_s = stops[ahead.pop(0)]
            moments += [Moment(now_s + k, along_m, 0.0, open=True) for k in range(round(wait_s))]
            now_s += wait_s
            continue
        if ahead:
            left_m = ahead[0] - along_m
            speed = min(speed + BRAKE_MPS2, cruise_mps, max(math.sqrt(2 * BRAKE_MPS2 * left_m) - 0.5, 1.2), left_m)
        else:
            speed = min(speed + BRAKE_MPS2, cruise_mps)
        along_m += speed
    return moments


class Seen:
    """Drives a track and its approach by what a receiver says of a way, and keeps what was decided."""

    def __init__(self, network: Network = STREET, points: Iterable[Point] = STRAIGHT, policy: Policy = POLICY) -> None:
        self.network, self.policy = network, policy
        self.rider = Rider(network, list(points))
        self.track: Track = track_on(network)
        self.approach = Approach()
        self.events: list[VisitEvent] = []

    def see(self, moment: Moment, **more: Any) -> list[VisitEvent]:
        fields: dict[str, Any] = {
            "speed_mps": moment.speed_mps,
            "doors": Doors.OPEN if moment.open else Doors.CLOSED,
        } | more
        at_ms = self.rider.start_ms + round(1000 * moment.at_s)
        fix = self.rider.fix(moment.along_m, at_ms=at_ms, **fields)
        taken = take(self.track, fix, self.network, self.policy)
        if not isinstance(taken, Taken) or not taken.moved:
            return []
        if self.track.span is None:
            self.approach = start(self.track, self.policy, self.approach)
            return []
        events = advance(self.approach, self.track, self.policy)
        self.events += events
        return events

    def drive(self, moments: Iterable[Moment], period_s: int = 1, **more: Any) -> "Seen":
        for moment in list(moments)[::period_s]:
            self.see(moment, **more)
        return self

    @property
    def finished(self) -> list[Finished]:
        return [e for e in self.events if isinstance(e, Finished)]

    @property
    def arrived(self) -> list[int]:
        return [e.visit_index for e in self.events if isinstance(e, Arrived)]

    def at_s(self, at_ms: int | None) -> float:
        assert at_ms is not None
        return (at_ms - self.rider.start_ms) / 1000.0


def standing(moments: list[Moment]) -> tuple[float, float]:
    """When the bus truly came to a stand and when it set off."""
    still = [m.at_s for m in moments if m.speed_mps == 0.0]
    return still[0], still[-1]


# -- the stand test ------------------------------------------------------------------


@pytest.mark.parametrize("stand_s", [3, 12, 60])
@pytest.mark.parametrize("at_m", [1000.0, 985.0, 1025.0])
def test_a_stand_in_the_zone_is_a_stop_with_its_times_to_the_second(stand_s: float, at_m: float) -> None:
    moments = driven({at_m: stand_s})
    seen = Seen().drive(moments)
    arrived_s, departed_s = standing(moments)
    (visit,) = seen.finished
    assert (visit.visit_index, visit.outcome, visit.confidence) == (1, V.STOPPED, 0.95)
    assert seen.arrived == [1]
    assert seen.at_s(visit.arrived_ms) == pytest.approx(arrived_s, abs=1.0)
    if at_m >= 1000.0 - 12.0:  # short of the pole it leaves when it passes the pole
        assert seen.at_s(visit.departed_ms) == pytest.approx(departed_s, abs=1.0)
        assert visit.stood_s == pytest.approx(departed_s - arrived_s, abs=2.0)
    else:
        assert departed_s < seen.at_s(visit.departed_ms) < departed_s + 10


def test_a_bus_that_moves_up_from_the_queue_arrived_once() -> None:
    moments = driven({975.0: 10, 1000.0: 10})
    seen = Seen().drive(moments)
    arrived_s, departed_s = standing(moments)
    (visit,) = seen.finished
    assert seen.arrived == [1]
    assert seen.at_s(visit.arrived_ms) == pytest.approx(arrived_s, abs=1.0)
    assert seen.at_s(visit.departed_ms) == pytest.approx(departed_s, abs=1.0)


@pytest.mark.parametrize("cruise_mps", [8.5, 10.0, 14.0, 20.0])
def test_passing_at_speed_is_a_pass(cruise_mps: float) -> None:
    seen = Seen().drive(driven({}, cruise_mps=cruise_mps))
    (visit,) = seen.finished
    assert (visit.outcome, visit.stood_s, visit.confidence) == (V.PASSED, 0.0, 0.95)
    assert seen.at_s(visit.arrived_ms) == pytest.approx(300 / cruise_mps, abs=2.0)
    assert seen.arrived == []


@pytest.mark.parametrize("policy", [POLICY, Policy(roll_mps=99.0)])
def test_rolling_through_the_zone_for_8_s_is_a_stop_by_the_published_test(policy: Policy) -> None:
    said: dict[str, Any] = {"doors": None} if policy is POLICY else {}
    seen = Seen(policy=policy).drive(driven({}, cruise_mps=6.0), **said)
    (visit,) = seen.finished
    assert visit.outcome is V.STOPPED
    assert visit.stood_s == pytest.approx(60 / 6.0, abs=2.0)
    assert visit.departed_ms is not None


@pytest.mark.parametrize(("cruise_mps", "outcome"), [(6.0, V.PASSED), (3.1, V.PASSED), (2.9, V.STOPPED)])
def test_a_bus_that_says_that_it_moves_with_its_doors_closed_has_not_stood(
    cruise_mps: float, outcome: VisitOutcome
) -> None:
    seen = Seen().drive(driven({}, cruise_mps=cruise_mps))
    assert [v.outcome for v in seen.finished] == [outcome]


@pytest.mark.parametrize(("at_m", "outcome"), [(1044.0, V.STOPPED), (945.0, V.STOPPED), (1070.0, V.PASSED)])
def test_doors_open_a_little_outside_the_zone_are_open_at_its_stop(at_m: float, outcome: VisitOutcome) -> None:
    """Nobody opens doors between stops, and receivers err by as much."""
    seen = Seen().drive(driven({at_m: 12}, until_m=1600.0))
    assert [v.outcome for v in seen.finished] == [outcome]


def test_doors_open_between_two_near_stops_are_open_at_the_nearer() -> None:
    dense = line(STRAIGHT, [200.0, 1000.0, 1080.0, 2000.0])
    seen = Seen(dense).drive(driven({1045.0: 12}, until_m=1600.0))
    assert [v.outcome for v in seen.finished] == [V.PASSED, V.STOPPED]


@pytest.mark.parametrize(("beside_m", "outcome"), [(4.0, V.PASSED), (25.0, V.STOPPED)])
def test_where_a_receiver_errs_a_bus_that_stands_is_looked_for_in_a_wider_zone(
    beside_m: float, outcome: VisitOutcome
) -> None:
    """Seen 25 m beside its street for a minute and a half, it is 25 m wrong along it as well."""
    seen = Seen().drive(driven({1045.0: 12}, from_m=250.0, until_m=1600.0), dy_m=beside_m, doors=None)
    assert [v.outcome for v in seen.finished] == [outcome]


@pytest.mark.parametrize("period_s", [15, 20])
def test_out_of_sight_the_time_lost_on_either_side_of_the_stop_counts(period_s: int) -> None:
    """The report made while it stood was placed beyond the stop."""
    moments = driven({1015.0: 14}, until_m=1600.0)
    stood = next(i for i, m in enumerate(moments) if m.speed_mps == 0.0)
    seen = Seen().drive(moments[(stood + 2) % period_s :], period_s=period_s, doors=None, speed_mps=None)
    assert [v.outcome for v in seen.finished] != [V.PASSED]


def test_open_doors_are_a_stop_whatever_the_speed_says() -> None:
    seen = Seen()
    for moment in driven({}, cruise_mps=15.0):
        seen.see(moment._replace(open=abs(moment.along_m - 1000) < 8))
    assert [v.outcome for v in seen.finished] == [V.STOPPED]


def test_a_stand_outside_the_zone_is_no_stop() -> None:
    seen = Seen().drive(driven({940.0: 60, 1060.0: 60}, cruise_mps=12.0))
    assert [v.outcome for v in seen.finished] == [V.PASSED]


def test_a_feed_that_never_tells_a_speed_is_judged_by_how_far_the_bus_came() -> None:
    moments = driven({1000.0: 12})
    for speed in (None, 0.0):
        seen = Seen().drive(moments, speed_mps=speed, doors=None, source=Source.FEED)
        (visit,) = seen.finished
        assert (visit.outcome, seen.arrived) == (V.STOPPED, [1])
        assert seen.at_s(visit.arrived_ms) == pytest.approx(standing(moments)[0], abs=2.0)
    passing = Seen().drive(driven({}), speed_mps=0.0, doors=None, source=Source.FEED)
    assert [v.outcome for v in passing.finished] == [V.PASSED]


# -- leaving only once, and only for good ----------------------------------------------


@pytest.mark.parametrize("ahead_m", [-60.0, 40.0, 50.0, 55.0])
@pytest.mark.parametrize("when", range(5, 55, 7))
def test_one_wrong_fix_near_the_stop_closes_nothing(ahead_m: float, when: int) -> None:
    moments = driven({1000.0: 20})
    seen = Seen()
    for k, moment in enumerate(moments):
        wrong = k == when
        events = seen.see(moment._replace(along_m=moment.along_m + (ahead_m if wrong else 0.0)))
        assert not wrong or not any(isinstance(e, Finished) for e in events)
    (visit,) = seen.finished
    assert (visit.visit_index, visit.outcome) == (1, V.STOPPED)
    assert seen.arrived == [1]


def test_a_bus_that_creeps_about_behind_the_stop_has_not_left() -> None:
    seen = Seen().drive(driven({1000.0: 10, 1040.0: 30}))
    assert [m.visit_index for m in seen.finished] == [1]
    leaves = next(m for m in driven({1000.0: 10, 1040.0: 30}) if m.along_m > 1045)
    assert seen.at_s(seen.finished[0].departed_ms) < leaves.at_s


@given(
    jitter=st.lists(st.tuples(st.integers(-25, 25), st.integers(-25, 25)), min_size=40, max_size=90),
    stops=st.sets(st.sampled_from(STOPS_M), max_size=4),
)
def test_each_visit_ends_once_and_in_order_whatever_the_receiver_jitters(
    jitter: list[tuple[int, int]], stops: set[float]
) -> None:
    seen = Seen()
    moments = driven(dict.fromkeys(stops, 15.0), from_m=100.0, until_m=3500.0)
    for k, moment in enumerate(moments):
        dx_m, dy_m = jitter[k % len(jitter)]
        seen.see(moment, dx_m=dx_m, dy_m=dy_m)
    assert [v.visit_index for v in seen.finished] == [0, 1, 2, 3]
    assert len(set(seen.arrived)) == len(seen.arrived)
    for visit in seen.finished:
        assert visit.arrived_ms is not None
        assert visit.departed_ms is not None
        assert visit.arrived_ms <= visit.departed_ms
        if STOPS_M[visit.visit_index] in stops:
            assert visit.outcome is V.STOPPED


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
