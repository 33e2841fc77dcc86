"""Which bus can still stop, who is told when, and why another cannot be given a bell."""

from typing import Any

import pytest
from hypothesis import given, strategies as st
from msgspec.structs import replace

from server.core.approach import Approach, start
from server.core.dispatch import (
    Candidate,
    Rules,
    acceptable,
    arrives_in_s,
    before_commit,
    can_be_told,
    cannot_serve,
    far_off,
    first_of,
    may_be_ahead,
    needed_m,
    overtaken_by,
    reach_of,
    stage_of,
    standing_here,
)
from server.core.model import (
    Bell,
    BellId,
    BellKind,
    BellState,
    Doors,
    Need,
    Reason,
    RiderId,
    RouteId,
    Stage,
    StopId,
    TripId,
    TripKey,
    Vehicle,
    VehicleId,
)
from server.core.placing import take
from server.core.policy import Policy
from tests.server.core.winding_ways import STRAIGHT, Rider, line, track_on

POLICY = Policy()
RULES = Rules(POLICY, assume_terminal=True)
STREET = line(STRAIGHT, [200.0, 1000.0, 1400.0, 2000.0])
BUS = VehicleId("bus")
RUN, LATER_RUN = TripKey(TripId("T"), "20261120"), TripKey(TripId("T2"), "20261120")


def candidate(visit: int = 1, *, left_m: float = 500.0, name: str = "bus", **more: Any) -> Candidate:
    """A bus `left_m` before a visit, seen just now."""
    track = track_on(STREET)
    track.vehicle_id = VehicleId(name)
    stop_m = STREET.pattern(0).visits[visit].along_m
    take(track, Rider(STREET, STRAIGHT).fix(stop_m - left_m, **more), STREET, POLICY)
    return Candidate(track, start(track, POLICY), STREET.pattern(0).visits[visit], left_m)


# -- the commit point ------------------------------------------------------------


@pytest.mark.parametrize(("speed_mps", "metres"), [(0.0, 0.0), (5.0, 27.5), (10.0, 80.0), (14.0, 140.0)])
def test_the_way_to_a_comfortable_stop_is_the_published_formula(speed_mps: float, metres: float) -> None:
    """v·(age + 1 s + 2 s) + v²/2 at 1 m/s² (DOMAIN §2)."""
    track = candidate(speed_mps=speed_mps).track
    assert needed_m(track, track.seen_ms, POLICY) == pytest.approx(metres)


@given(speed_mps=st.floats(0, 30), earlier=st.integers(0, 59_000), later=st.integers(0, 59_000))
def test_the_older_the_position_the_farther_ahead_a_driver_must_be_told(
    speed_mps: float, earlier: int, later: int
) -> None:
    track = candidate(speed_mps=speed_mps).track
    first, second = sorted((earlier, later))
    assert needed_m(track, track.seen_ms + first, POLICY) <= needed_m(track, track.seen_ms + second, POLICY)


def test_age_widens_no_more_than_it_extrapolates() -> None:
    track = candidate().track
    minute, hour = (needed_m(track, track.seen_ms + s * 1000, POLICY) for s in (60, 3600))
    assert minute == hour == pytest.approx(14 * 63 + 98)


@pytest.mark.parametrize(
    ("cutoff", "visit", "left_m", "yes"),
    [
        ("physical", 1, 81.0, True),
        ("physical", 1, 79.0, False),
        ("previous-stop", 1, 700.0, False),
        ("previous-stop", 2, 700.0, True),
        ("second-previous-stop", 2, 700.0, False),
        ("second-previous-stop", 3, 1300.0, True),
        ("minutes", 3, 1300.0, False),
        ("minutes", 3, 1900.0, True),
        ("minutes", 3, 70.0, False),
    ],
)
def test_cut_offs(cutoff: Any, visit: int, left_m: float, yes: bool) -> None:
    it = candidate(visit, left_m=left_m)
    assert before_commit(it, it.track.seen_ms, Policy(cutoff=cutoff)) is yes


# -- why not ---------------------------------------------------------------------


HIGH = Vehicle(BUS, low_floor=False)


@pytest.mark.parametrize(
    ("more", "needs", "vehicle", "reason"),
    [
        ({}, (), None, None),
        ({"left_m": 60.0}, (), None, Reason.TOO_LATE),
        ({"seats_left": 0}, (), None, Reason.FULL),
        ({"seats_left": 1}, (), None, None),
        ({}, (Need.WHEELCHAIR,), HIGH, Reason.NO_BUS_CAN_SERVE),
        ({}, (Need.BLIND,), HIGH, None),
        ({}, (Need.WHEELCHAIR,), Vehicle(BUS), None),
        ({}, (Need.WHEELCHAIR,), None, None),
        ({"left_m": 0.0, "speed_mps": 0.0}, (), None, Reason.BUS_HERE_NOW),
    ],
)
def test_reasons_of_a_bus(
    more: dict[str, Any], needs: tuple[Need, ...], vehicle: Vehicle | None, reason: Reason | None
) -> None:
    it = candidate(**more)
    assert cannot_serve(it, needs, vehicle, it.track.seen_ms, RULES) is reason


def test_where_nobody_may_board_nobody_is_picked_up() -> None:
    it = candidate()
    visit = it.visit.__class__(1, it.visit.stop_id, it.visit.stop_sequence, it.visit.along_m, 1, 0)
    assert cannot_serve(it._replace(visit=visit), (), None, it.track.seen_ms, RULES) is Reason.ALIGHT_ONLY


def test_off_its_route_silent_or_without_a_screen_it_serves_nobody() -> None:
    it = candidate()
    seen_ms = it.track.seen_ms
    assert cannot_serve(it, (), None, seen_ms + 181_000, RULES) is Reason.BUS_SILENT
    assert cannot_serve(it, (), None, seen_ms, Rules(POLICY, assume_terminal=False)) is Reason.NO_TERMINAL
    it.track.on_route = False
    assert cannot_serve(it, (), None, seen_ms, RULES) is Reason.OFF_ROUTE


@pytest.mark.parametrize(
    ("up", "since_s", "assumed", "told"),
    [
        (True, 999, False, True),
        (None, 999, True, True),
        (None, 999, False, False),
        (None, 5, False, True),  # right after a restart: as good as a link that just broke
        (False, 5, True, True),
        (False, 14.9, False, True),
        (False, 15.1, True, False),
    ],
)
def test_a_link_that_just_broke_gets_15_s_to_come_back(
    up: bool | None, since_s: float, assumed: bool, told: bool
) -> None:
    track = candidate().track
    track.terminal_up, track.terminal_since_ms = up, 0
    assert can_be_told(track, round(since_s * 1000), Rules(POLICY, assumed)) is told


@pytest.mark.parametrize(
    ("more", "here"),
    [
        ({"speed_mps": 0.0}, True),
        ({"speed_mps": 5.0, "doors": Doors.OPEN}, True),
        ({"speed_mps": 5.0, "doors": Doors.CLOSED}, False),
    ],
)
def test_a_bus_that_stands_at_the_stop_is_here(more: dict[str, Any], here: bool) -> None:
    it = candidate(left_m=5.0, **more)
    assert standing_here(it, it.track.seen_ms) is here
    assert not standing_here(it, it.track.seen_ms + 16_000)
    assert not standing_here(it._replace(visit=STREET.pattern(0).visits[2]), it.track.seen_ms)


# -- which bus -------------------------------------------------------------------


def test_of_buses_on_one_path_the_next_is_the_one_in_front_and_a_tie_is_the_lesser_name() -> None:
    far, near, twin = candidate(left_m=400), candidate(left_m=300, name="b"), candidate(left_m=300, name="a")
    assert first_of([far, near, twin], near.track.seen_ms) == twin
    assert first_of([], 0) is None


def test_a_bus_that_waits_for_its_departure_is_behind_one_under_way_however_near_it_stands() -> None:
    waiting, coming = waits_to_depart(600), candidate(left_m=700.0, name="coming")
    assert first_of([waiting, coming], coming.track.seen_ms) == coming
    assert overtaken_by(waiting, coming, coming.track.seen_ms)
    assert not overtaken_by(coming, waiting, coming.track.seen_ms)


def test_of_two_that_wait_the_first_to_depart_is_next_though_it_stands_a_little_behind() -> None:
    later, sooner = waits_to_depart(900, at_m=210.0, name="later"), waits_to_depart(300, name="sooner")
    assert first_of([later, sooner], later.track.seen_ms) == sooner
    assert overtaken_by(later, sooner, later.track.seen_ms)


def waits_to_depart(in_s: int, *, at_m: float = 200.0, name: str = "waits") -> Candidate:
    it = candidate(left_m=1000.0 - at_m, speed_mps=0.0, name=name)
    assert it.track.trip is not None
    assert it.track.fix is not None
    it.track.day_start_ms = it.track.fix.at_ms + 1000 * (in_s - int(it.track.trip.departures_s[0]))
    return it


@pytest.mark.parametrize(("left_m", "overtaken"), [(950, False), (800, False), (150, True), (0, True)])
def test_a_bus_on_another_way_to_the_stop_is_ahead_by_time(left_m: float, overtaken: bool) -> None:
    """As where a loop comes to a stop twice: a minute sooner is ahead, a few seconds are not."""
    here, there = candidate(3, left_m=850), candidate(2, left_m=left_m, name="there")
    assert there.track.fix is not None
    there.track.fix = replace(there.track.fix, at_ms=here.track.seen_ms, received_ms=here.track.seen_ms)
    there.track.seen_ms = here.track.seen_ms
    assert overtaken_by(here, there, here.track.seen_ms) is overtaken


def test_a_bus_whose_trip_nobody_knows_is_timed_by_its_way() -> None:
    it = candidate(left_m=500)
    it.track.trip = None
    assert arrives_in_s(it, it.track.seen_ms) == pytest.approx(50.0)


@pytest.mark.parametrize(("left_m", "name", "overtaken"), [(149, "b", True), (151, "b", False), (10, "bus", False)])
def test_bunched_buses_do_not_take_bells_from_one_another(left_m: float, name: str, overtaken: bool) -> None:
    it = candidate(left_m=300)
    assert overtaken_by(it, candidate(left_m=left_m, name=name), it.track.seen_ms) is overtaken


@given(
    left_m=st.floats(0, 900),
    other_left_m=st.floats(0, 900),
    visit=st.sampled_from([2, 3]),
    speeds_mps=st.tuples(st.floats(0, 14), st.floats(0, 14)),
)
def test_what_cannot_be_ahead_by_metres_is_never_found_ahead(
    left_m: float, other_left_m: float, visit: int, speeds_mps: tuple[float, float]
) -> None:
    here = candidate(2, left_m=left_m, speed_mps=speeds_mps[0])
    other = candidate(visit, left_m=other_left_m, speed_mps=speeds_mps[1], name="other")
    assert may_be_ahead(here, other) or not overtaken_by(here, other, here.track.seen_ms)


@pytest.mark.parametrize(
    ("visit", "left_m", "name", "may"),
    [(2, 451, "b", False), (2, 449, "b", True), (3, 451, "b", True), (2, 10, "bus", False)],
)
def test_on_one_path_metres_tell_who_cannot_be_ahead(visit: int, left_m: float, name: str, may: bool) -> None:
    assert may_be_ahead(candidate(2, left_m=300), candidate(visit, left_m=left_m, name=name)) is may


@pytest.mark.parametrize(
    ("change", "vehicle", "yes"),
    [
        ({}, "bus", True),
        ({"tried": (BUS,), "tried_trips": (RUN,)}, "bus", False),
        ({"tried": (BUS,), "tried_trips": (LATER_RUN,)}, "bus", True),
        ({"wanted_vehicle_id": BUS}, "bus", True),
        ({"wanted_vehicle_id": BUS}, "other", False),
        ({"wanted_vehicle_id": BUS, "vehicle_id": BUS, "buses": 1}, "other", False),
        (
            {"wanted_vehicle_id": BUS, "vehicle_id": BUS, "buses": 1, "tried": (BUS,), "tried_trips": (RUN,)},
            "other",
            True,
        ),
        (
            {"wanted_vehicle_id": BUS, "vehicle_id": BUS, "buses": 1, "tried": (BUS,), "tried_trips": (RUN,)},
            "bus",
            False,
        ),
        ({"wanted_vehicle_id": BUS, "buses": 1}, "other", True),
    ],
)
def test_a_wish_for_one_bus_holds_until_that_bus_is_lost(change: dict[str, Any], vehicle: str, yes: bool) -> None:
    bell = Bell(
        BellId("b"),
        RiderId("r"),
        BellKind.BOARD,
        StopId("s"),
        RouteId("10"),
        BellState.WAITING,
        rung_ms=0,
        changed_ms=0,
    )
    assert acceptable(replace(bell, **change), VehicleId(vehicle), RUN) is yes


# -- what the driver sees ----------------------------------------------------------


def stage_now(it: Candidate) -> Stage | None:
    """What the driver should see at the moment of the fix; what is far off he is told nothing of."""
    reach = reach_of(it.track, it.track.seen_ms, POLICY)
    stage = stage_of(it, reach)
    assert stage is None or not far_off(it, reach)
    return stage


@pytest.mark.parametrize(
    ("visit", "left_m", "stage"),
    [
        (1, 79.0, None),
        (1, 81.0, Stage.NOW),
        (1, 139.0, Stage.NOW),
        (1, 145.0, Stage.AHEAD),
        (1, 780.0, Stage.AHEAD),
        (2, 900.0, None),  # not the next stop, and time enough
        (2, 420.0, Stage.AHEAD),  # the next but one, yet soon
    ],
)
def test_stages_of_an_alert(visit: int, left_m: float, stage: Stage | None) -> None:
    it = candidate(visit, left_m=left_m)
    assert stage_now(it) is stage


def test_sparse_reports_are_told_earlier() -> None:
    it = candidate(left_m=260.0)
    assert stage_now(it) is Stage.AHEAD
    it.track.period_s = 40.0
    assert stage_now(it) is Stage.NOW


def test_standing_at_a_stop_the_one_after_is_ahead() -> None:
    at_stop = candidate(1, left_m=0.0, speed_mps=0.0)
    after = Candidate(at_stop.track, at_stop.approach, STREET.pattern(0).visits[2], 400.0)
    assert stage_now(after) is Stage.AHEAD
    assert stage_now(after._replace(approach=Approach(1))) is None
