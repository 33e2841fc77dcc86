"""Which run a sign-on means: by trip, block or route, on which service day, and what comes after it."""

from typing import Any

import pytest

from server.core.assembly import Service
from server.core.effects import Assigned, Refused
from server.core.events import Fix, SignOff, SignOn
from server.core.model import (
    Assignment,
    BlockId,
    Phase,
    Reason,
    RouteId,
    Source,
    TripId,
    TripKey,
    VehicleId,
    VisitOutcome,
)
from server.core.network import Network
from server.core.placing import take
from server.core.policy import Policy
from server.core.signon import next_of_block, resolve
from server.core.tracking import Track
from tests.server.core.engine_world import DAY, LENGTH_M, START_S, Bus, World, refused, stop_x, street
from tests.server.core.winding_ways import BUS, SQUARE, STRAIGHT, Rider, line

STOPS_M = [200.0, 1000.0, 2000.0, 3000.0]
YESTERDAY, TOMORROW = "20261119", "20261121"
HOUR_S = 3600
BEFORE_DAWN = line(STRAIGHT, STOPS_M, start_s=24 * HOUR_S + 30 * 60, headway_s=HOUR_S)
"""Trips at 24:30, 25:30 and 26:30: of the day before, by its timetable."""


def at_ms(network: Network, seconds: float, day: str = DAY) -> int:
    return network.day_start_ms(day) + round(seconds * 1000)


def key_of(resolved: Assignment | Reason) -> TripKey | None:
    assert isinstance(resolved, Assignment), resolved
    return resolved.trip


def ask(network: Network, now_ms: int, track: Track | None = None, **said: Any) -> Assignment | Reason:
    return resolve(SignOn(BUS, **said), track or Track(BUS, seen_ms=0), network, now_ms, Source.TERMINAL)


# -- names and days --------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"trip_id": "nobody"}, Reason.UNKNOWN_TRIP),
        ({"block_id": "nobody"}, Reason.UNKNOWN_TRIP),
        ({"route_id": "nobody"}, Reason.UNKNOWN_ROUTE),
        ({"route_id": "99"}, Reason.NOT_IN_SERVICE),
        ({"route_id": "10", "direction_id": 5}, Reason.NOT_IN_SERVICE),
        ({}, Reason.BAD_MESSAGE),
        ({"start_date": DAY}, Reason.BAD_MESSAGE),
        ({"trip_id": "E-0", "start_date": "99999999"}, Reason.BAD_MESSAGE),
        ({"trip_id": "E-0", "start_date": "soon"}, Reason.BAD_MESSAGE),
    ],
)
def test_names_we_do_not_know_are_refused_by_name(said: dict[str, Any], reason: Reason) -> None:
    town = street()
    assert ask(town, at_ms(town, START_S), **said) is reason


def test_a_trip_with_its_day_is_taken_at_its_word() -> None:
    town = street()
    said = ask(town, at_ms(town, START_S), trip_id=TripId("W-3"), start_date=TOMORROW)
    assert said == Assignment(
        BUS,
        at_ms(town, START_S),
        TripKey(TripId("W-3"), TOMORROW),
        RouteId("10"),
        1,
        None,
        Source.TERMINAL,
    )


@pytest.mark.parametrize(
    ("now_s", "date"),
    [
        (35 * 60, YESTERDAY),  # 00:35 today is 24:35 of yesterday's service day
        (20 * 60, YESTERDAY),
        (23 * HOUR_S + 50 * 60, DAY),  # ten minutes to midnight: tonight's
        (14 * HOUR_S, DAY),
    ],
)
def test_after_midnight_the_trip_of_the_evening_before_is_meant(now_s: float, date: str) -> None:
    assert key_of(ask(BEFORE_DAWN, at_ms(BEFORE_DAWN, now_s), trip_id=TripId("T0"))) == TripKey(TripId("T0"), date)


def test_a_day_on_which_the_trip_does_not_run_is_assumed_only_when_there_is_none_other() -> None:
    only_then = Service("only", 0, YESTERDAY, TOMORROW, added=(TOMORROW,))
    network = line(STRAIGHT, STOPS_M, services=(only_then,), service_id="only", trips=1)
    assert key_of(ask(network, at_ms(network, START_S), trip_id=TripId("T0"))) == TripKey(TripId("T0"), TOMORROW)
    never = line(STRAIGHT, STOPS_M, services=(Service("no", 0, DAY, DAY),), service_id="no", trips=1)
    assert key_of(ask(never, at_ms(never, START_S), trip_id=TripId("T0"))) == TripKey(TripId("T0"), DAY)
    assert ask(never, at_ms(never, START_S), route_id=RouteId("10")) is Reason.NOT_IN_SERVICE


# -- by clock and place -----------------------------------------------------------


@pytest.mark.parametrize(("minutes", "trip"), [(-20, "T0"), (2, "T0"), (13, "T1"), (31, "T2"), (80, "T2")])
@pytest.mark.parametrize("said", [{"route_id": RouteId("10")}, {"block_id": BlockId("B")}])
def test_without_a_fix_the_clock_decides(minutes: int, trip: str, said: dict[str, Any]) -> None:
    network = line(STRAIGHT, STOPS_M)
    assert key_of(ask(network, at_ms(network, START_S + 60 * minutes), **said)) == TripKey(TripId(trip), DAY)


def test_hours_away_from_any_run_there_is_no_service() -> None:
    network = line(STRAIGHT, STOPS_M)
    assert ask(network, at_ms(network, START_S + 4 * HOUR_S), route_id=RouteId("10")) is Reason.NOT_IN_SERVICE
    assert ask(network, at_ms(network, START_S - 2 * HOUR_S), block_id=BlockId("B")) is Reason.NOT_IN_SERVICE


def seen_at(network: Network, along_m: float, now_ms: int, dy_m: float = 0.0) -> Track:
    track = Track(BUS, seen_ms=0)
    take(track, Rider(network, STRAIGHT).fix(along_m, at_ms=now_ms, dy_m=dy_m), network, Policy())
    return track


@pytest.mark.parametrize(("along_m", "trip"), [(200.0, "T1"), (3000.0, "T0")])
def test_with_a_fix_the_place_on_the_way_decides_too(along_m: float, trip: str) -> None:
    network = line(STRAIGHT, STOPS_M, headway_s=300)
    now_ms = at_ms(network, START_S + 310)
    track = seen_at(network, along_m, now_ms)
    assert key_of(ask(network, now_ms, track, route_id=RouteId("10"))) == TripKey(TripId(trip), DAY)


def test_a_bus_at_its_depot_is_judged_by_clock_and_distance() -> None:
    network = line(STRAIGHT, STOPS_M)
    now_ms = at_ms(network, START_S + 15 * 60)
    track = seen_at(network, 0.0, now_ms, dy_m=3000.0)
    assert key_of(ask(network, now_ms, track, route_id=RouteId("10"))) == TripKey(TripId("T1"), DAY)


def test_the_direction_said_is_the_direction_run() -> None:
    town = street()
    for direction_id, prefix in ((0, "E"), (1, "W")):
        key = key_of(ask(town, at_ms(town, START_S), route_id=RouteId("10"), direction_id=direction_id))
        assert key is not None
        assert key.trip_id.startswith(prefix)


# -- the next run of a block --------------------------------------------------------


def test_runs_of_a_block_follow_one_another_and_then_no_more() -> None:
    network = line(STRAIGHT, STOPS_M, trips=3)
    now_ms = at_ms(network, START_S)
    first = ask(network, now_ms, block_id=BlockId("B"))
    assert isinstance(first, Assignment)
    second = next_of_block(first, network, now_ms)
    assert second is not None
    third = next_of_block(second, network, now_ms)
    assert third is not None
    assert [a.trip.trip_id for a in (first, second, third) if a.trip] == ["T0", "T1", "T2"]
    assert {a.trip.start_date for a in (first, second, third) if a.trip} == {DAY}
    assert next_of_block(third, network, now_ms) is None


@pytest.mark.parametrize(
    "assignment",
    [
        Assignment(BUS, 0),
        Assignment(BUS, 0, TripKey(TripId("T0"), DAY)),
        Assignment(BUS, 0, None, RouteId("10"), 0, BlockId("B")),
        Assignment(BUS, 0, TripKey(TripId("elsewhere"), DAY), RouteId("10"), 0, BlockId("B")),
    ],
)
def test_nothing_follows_a_run_that_is_not_of_a_block(assignment: Assignment) -> None:
    assert next_of_block(assignment, line(STRAIGHT, STOPS_M), 0) is None


def test_runs_of_other_days_are_not_of_this_block_today() -> None:
    network = line(STRAIGHT, STOPS_M, services=(Service("no", 0, DAY, DAY),), service_id="no")
    extra = Assignment(BUS, 0, TripKey(TripId("T0"), DAY), RouteId("10"), 0, BlockId("B"))
    assert next_of_block(extra, network, 0) is None


def drive_block(network: Network, points: Any, period_s: int, seconds: int, *, rest_s: int = 20) -> World:
    """A bus signed on by block drives the way again and again, resting at each end."""
    world = World(network=network)
    rider = Rider(network, points, start_ms=world.now_ms)
    world.do(SignOn(BUS, block_id=BlockId("B")))
    along_m, rest = 0.0, 0
    for _ in range(seconds):
        world.now_ms += 1000
        moving = along_m < rider.path.length_m - 1.0
        along_m, rest = (along_m + 10.0, 0) if moving else (along_m, rest + 1)
        if rest > rest_s:
            along_m = 0.0
        if world.now_ms // 1000 % period_s == 0:
            world.do(rider.fix(min(along_m, rider.path.length_m), at_ms=world.now_ms, speed_mps=10.0 * moving))
    return world


def runs_of(world: World) -> list[str]:
    return [e.assignment.trip.trip_id for e in world.effects if isinstance(e, Assigned) and e.assignment.trip]


@pytest.mark.parametrize("period_s", [1, 10, 35])
def test_a_loop_is_run_once_for_each_trip_of_its_block(period_s: int) -> None:
    """Beginning and end are one place: the next run must not be over before it has begun."""
    world = drive_block(line(SQUARE, [0, 600, 1200, 1800, 2400], headway_s=300), SQUARE, period_s, 600, rest_s=40)
    assert runs_of(world) == ["T0", "T1", "T2"]
    visits = [(v.visit.trip.trip_id, v.visit.stop_sequence) for v in world.visits(BUS)]
    assert len(set(visits)) == len(visits)
    last = [v.visit for v in world.visits(BUS) if v.visit.stop_sequence == 5]
    assert [(v.trip.trip_id, v.outcome) for v in last[:1]] == [("T0", VisitOutcome.STOPPED)]


def test_a_last_stop_that_is_driven_through_ends_the_run_too() -> None:
    network = line([(0, 0), (1000, 0)], [0, 1000])
    world = World(network=network)
    rider = Rider(network, [(0, 0), (1000, 0)])
    world.do(SignOn(BUS, block_id=BlockId("B")))
    for along_m in (0, 350, 700, 990, 990):
        world.now_ms += 35_000
        world.do(rider.fix(along_m, at_ms=world.now_ms, speed_mps=None))
    assert runs_of(world) == ["T0", "T1"]


# -- the driver's word and the feed's -----------------------------------------------


def feed_fix(bus: Bus, **said: Any) -> Fix:
    return bus.fix(source=Source.FEED, **said)


def test_a_feed_signs_its_bus_on_once() -> None:
    world = World()
    bus = Bus(world, "F", stop_x(1))
    for _ in range(3):
        world.now_ms += 1000
        bus.x_m += bus.speed_mps
        world.do(feed_fix(bus, trip=TripKey(TripId("E-0"), "")))
    assert runs_of(world) == ["E-0"]
    assert world.engine.vehicles(world.now_ms)[0].phase is Phase.IN_SERVICE
    world.now_ms += 1000
    world.do(feed_fix(bus, trip=TripKey(TripId("E-1"), DAY)))
    assert runs_of(world) == ["E-0", "E-1"]


def test_a_feed_that_says_route_and_direction_is_followed_when_the_direction_turns() -> None:
    world = World()
    bus = Bus(world, "F", LENGTH_M - 60)
    for direction_id in (0, 0, 1, 1, None):
        world.now_ms += 1000
        world.do(feed_fix(bus, route_id=RouteId("10"), direction_id=direction_id))
    assert [run[0] for run in runs_of(world)] == ["E", "W"]


@pytest.mark.parametrize(
    "said",
    [
        {"trip": TripKey(TripId("nobody"), DAY)},
        {"trip": TripKey(TripId("E-0"), "20269999")},
        {"route_id": RouteId("nobody")},
        {},
    ],
)
def test_a_feed_that_says_nothing_we_know_still_tells_where_the_bus_is(said: dict[str, Any]) -> None:
    world = World()
    bus = Bus(world, "F", stop_x(1))
    world.do(feed_fix(bus, **said))
    (view,) = world.engine.vehicles(world.now_ms)
    assert (view.trip, view.phase) == (None, Phase.UNKNOWN)


def test_what_a_feed_says_before_its_time_is_looked_up_again_now_and_then() -> None:
    """Ninety minutes before the first run there is none; a while later there is."""
    network = line(STRAIGHT, STOPS_M)
    world = World(network=network, now_ms=at_ms(network, START_S + 20 - 5_400 - 10))
    signed_ms = []
    for _ in range(60):
        world.now_ms += 1000
        fix = Rider(network, STRAIGHT).fix(200.0, at_ms=world.now_ms, source=Source.FEED, route_id=RouteId("10"))
        signed_ms += [world.now_ms for effect in world.do(fix) if isinstance(effect, Assigned)]
    assert len(signed_ms) == 1
    assert at_ms(network, START_S + 20 - 5_400) <= signed_ms[0] <= at_ms(network, START_S + 20 - 5_400 + 30)


def test_the_drivers_own_sign_on_wins_until_the_driver_signs_off() -> None:
    world = World()
    bus = Bus(world, "F", stop_x(1))
    bus.sign_on("E-0")
    bus.report()
    world.now_ms += 1000
    world.do(feed_fix(bus, trip=TripKey(TripId("E-1"), DAY)))
    assert runs_of(world) == ["E-0"]
    world.do(SignOff(VehicleId("F")))
    world.now_ms += 1000
    world.do(feed_fix(bus, trip=TripKey(TripId("E-1"), DAY)))
    assert runs_of(world) == ["E-0", "E-1"]


def test_a_driver_who_says_what_we_do_not_know_is_told_so() -> None:
    world = World()
    effects = world.do(SignOn(VehicleId("F"), "r1", TripId("nobody"), DAY))
    assert effects == [Refused(Reason.UNKNOWN_TRIP, "r1", {"name": "nobody"})]
    assert refused(world.do(SignOn(VehicleId("F"), "r2"))) == [Reason.BAD_MESSAGE]
    assert world.engine.assignment(VehicleId("F")) is None
    assert world.engine.assignment(VehicleId("never seen")) is None


def test_signing_on_to_the_same_trip_again_keeps_place_and_visits() -> None:
    world = World()
    bus = Bus(world, "F", stop_x(1) + 100)
    bus.sign_on("E-0")
    bus.report()
    before = world.engine.vehicles(world.now_ms)[0]
    effects = bus.sign_on("E-0")
    assert [type(e) for e in effects] == [Assigned]
    assert world.engine.vehicles(world.now_ms)[0] == before
