"""A sign-on to a route names no run: which it is, clock, place, the other buses and the departure tell."""

import pytest

from server.core.assembly import Call, PlannedTrip, build_network
from server.core.events import SignOff, SignOn
from server.core.model import BellState, Phase, RouteId, Source, StopId, TripId, TripKey, VehicleId
from server.core.network import Network, Route, Stop
from tests.server.core.engine_world import DAY, START_S, Bus, World, stop_x, street
from tests.server.core.winding_ways import SQUARE, STRAIGHT, Rider, lat_lon, line

MINUTE_MS = 60_000


def run_of(world: World, name: str) -> str | None:
    assignment = world.engine.assignment(VehicleId(name))
    return None if assignment is None or assignment.trip is None else assignment.trip.trip_id


def signs_on(world: World, name: str, x_m: float, *, minutes: float, direction: int | None = 0) -> Bus:
    """At so many minutes after ten a bus that stands somewhere signs on to route 10."""
    world.now_ms = world.network.day_start_ms(DAY) + START_S * 1000 + round(minutes * MINUTE_MS)
    bus = Bus(world, name, x_m, speed_mps=0.0)
    bus.report()
    world.do(SignOn(VehicleId(name), "on", route_id=RouteId("10"), direction_id=direction))
    return bus


def leaves(world: World, bus: Bus, *, minutes: float, seconds: int = 40) -> None:
    world.now_ms = world.network.day_start_ms(DAY) + START_S * 1000 + round(minutes * MINUTE_MS)
    bus.report()
    bus.speed_mps = 10.0
    for _ in range(seconds):
        world.now_ms += 1000
        bus.second()


def test_a_bus_that_waits_is_given_the_next_run_that_no_other_has() -> None:
    world = World()
    signs_on(world, "first", stop_x(0), minutes=-8)
    signs_on(world, "second", stop_x(0) - 30, minutes=-7)
    assert (run_of(world, "first"), run_of(world, "second")) == ("E-0", "E-1")


def test_its_departure_tells_the_run_and_who_waits_for_that_one_gets_another() -> None:
    world = World()
    first = signs_on(world, "first", stop_x(0), minutes=-8)
    signs_on(world, "second", stop_x(0) - 30, minutes=-7)
    signs_on(world, "third", stop_x(0) - 60, minutes=-6)
    leaves(world, first, minutes=10)
    assert (run_of(world, "first"), run_of(world, "third")) == ("E-1", "E-2")
    assert run_of(world, "second") in {"E-0", "E-3"}
    visits = [(v.visit.trip.trip_id, v.visit.stop_sequence) for v in world.visits("first")]
    assert visits == [("E-1", 1)]


def test_who_left_already_keeps_its_run() -> None:
    world = World()
    first = signs_on(world, "first", stop_x(0), minutes=-2)
    leaves(world, first, minutes=0)
    second = signs_on(world, "second", stop_x(0) - 30, minutes=2)
    leaves(world, second, minutes=4)
    assert (run_of(world, "first"), run_of(world, "second")) == ("E-0", "E-1")


def test_a_bell_stays_with_the_bus_whose_run_has_another_name() -> None:
    world = World()
    first = signs_on(world, "first", stop_x(0), minutes=-8)
    world.ring(4)
    before = len(world.states())
    leaves(world, first, minutes=10)
    assert run_of(world, "first") == "E-1"
    assert world.states()[before:] == [(BellState.ASSIGNED, "first")]


def test_signing_off_forgets_the_route() -> None:
    world = World()
    bus = signs_on(world, "bus", stop_x(0), minutes=-8)
    world.do(SignOff(VehicleId("bus")))
    leaves(world, bus, minutes=0, seconds=3)
    assert run_of(world, "bus") is None


def with_short_runs() -> Network:
    """Route 10 along one street: the whole way at ten, half of it at ten past."""
    stops = [
        Stop(StopId(name), "", name, *lat_lon(x, 0.0))
        for name, x in (("A", 200.0), ("B", 1000.0), ("C", 2000.0), ("D", 3000.0))
    ]
    planned = [
        (
            PlannedTrip(trip, "10", direction_id=0, shape_id="way"),
            [Call(stop.stop_id, START_S + start + 100 * k) for k, stop in enumerate(stops[:count])],
        )
        for trip, start, count in (("whole", 0, 4), ("short", 600, 3))
    ]
    return build_network(
        stops=stops,
        routes=[Route(RouteId("10"), "A", "10", "", 3)],
        trips=planned,
        shapes={"way": [lat_lon(x, y) for x, y in STRAIGHT]},
    )


def test_the_departure_may_tell_another_pattern() -> None:
    network = with_short_runs()
    world, rider = World(network), Rider(network, STRAIGHT)
    start_ms = network.day_start_ms(DAY) + START_S * 1000
    name = VehicleId("bus")
    for minute, along_m in ((-6.0, 200.0), (10.0, 200.0), (10.5, 420.0), (11.0, 700.0)):
        world.now_ms = start_ms + round(minute * MINUTE_MS)
        world.do(rider.fix(along_m, at_ms=world.now_ms, speed_mps=0.0 if along_m == 200.0 else 9.0))
        if minute == -6.0:
            world.do(SignOn(name, "on", route_id=RouteId("10"), direction_id=0))
            assert run_of(world, "bus") == "whole"
    assert run_of(world, "bus") == "short"
    assert world.engine.vehicles(world.now_ms)[0].phase is Phase.IN_SERVICE


def goes_round(network: Network) -> World:
    """A bus signed on to the route runs one round of a loop and stands at its end for a minute."""
    world, rider = World(network), Rider(network, SQUARE)
    world.now_ms = rider.start_ms
    world.do(rider.fix(0.0, speed_mps=0.0))
    world.do(SignOn(VehicleId("bus"), "on", route_id=RouteId("10")))
    for _, fix in rider.ride(5.0):
        world.now_ms = fix.at_ms
        world.do(fix)
    for _ in range(14):
        world.now_ms += 5_000
        world.do(rider.fix(2395.0, at_ms=world.now_ms, speed_mps=0.0))
    return world


@pytest.mark.parametrize(("trips", "next_run"), [(3, "T1"), (1, "T0")])
def test_on_a_loop_the_next_run_of_the_route_follows(trips: int, next_run: str) -> None:
    world = goes_round(line(SQUARE, [20, 600, 1200, 1800, 2390], block=False, headway_s=600, trips=trips))
    assert run_of(world, "bus") == next_run


def test_where_only_runs_of_the_other_end_are_left_none_follows() -> None:
    world = World(street(trips=2))
    bus = signs_on(world, "bus", stop_x(4), minutes=4.5, direction=None)
    assert run_of(world, "bus") == "E-0"
    for n in (0, 1):
        other = Bus(world, f"other-{n}", stop_x(0), direction=1, speed_mps=0.0)
        other.sign_on(f"W-{n}")
    bus.x_m = stop_x(7)
    for _ in range(40):
        world.now_ms += 1000
        bus.report()
    assert run_of(world, "bus") == "E-0"


def test_a_run_that_a_driver_named_is_his() -> None:
    world = World()
    first = signs_on(world, "first", stop_x(0), minutes=-8)
    named = Bus(world, "named", stop_x(0) - 30, speed_mps=0.0)
    named.sign_on("E-1")
    leaves(world, first, minutes=10)
    assert (run_of(world, "first"), run_of(world, "named")) == ("E-0", "E-1")


def test_at_the_end_of_a_street_no_run_follows() -> None:
    world = World()
    bus = signs_on(world, "bus", stop_x(6), minutes=7)
    assert run_of(world, "bus") == "E-0"
    bus.x_m = stop_x(7)
    for _ in range(40):
        world.now_ms += 1000
        bus.report()
    assert run_of(world, "bus") == "E-0"


def test_a_feed_s_route_is_no_driver_s_hint() -> None:
    world = World()
    bus = Bus(world, "bus", stop_x(0), speed_mps=0.0, source=Source.FEED)
    bus.report(route_id=RouteId("10"), direction_id=0)
    assignment = world.engine.assignment(VehicleId("bus"))
    assert assignment is not None
    assert assignment.trip == TripKey(TripId("E-0"), DAY)
