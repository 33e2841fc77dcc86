"""Arriving, standing, leaving, passing: what a row of fixes says about a bus and its stops."""

from typing import Any

import pytest
from hypothesis import given, strategies as st

from server.core.approach import Finished
from server.core.model import Source, VisitOutcome
from server.core.policy import Policy
from tests.server.core.watched_drives import POLICY, STOPS_M, Seen, V, driven, standing
from tests.server.core.winding_ways import STRAIGHT, line

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
