"""What is said to those who ask: arrivals of a stop, vehicles of the network, where a fix put a bus."""

from typing import Any

import pytest

from server.core.assembly import Call, PlannedTrip, build_network
from server.core.effects import Positioned
from server.core.model import Doors, Phase, Reason, RouteId, Source, StopId, TripId, TripKey, Vehicle, VehicleId
from server.core.network import Route, Stop
from tests.server.core.engine_world import DAY, START_S, Bus, World, drive, lat_lon, stop_id, stop_x, street


def bus_at(world: World, name: str, x_m: float, trip: str | None = None, **more: Any) -> Bus:
    bus = Bus(world, name, x_m, **more)
    bus.sign_on(trip)
    bus.report()
    return bus


def position_of(bus: Bus) -> Positioned:
    """Where the engine believes a bus to be that has reported."""
    position = bus.world.engine.position(VehicleId(bus.name), bus.world.now_ms)
    assert position is not None
    return position


# -- arrivals ----------------------------------------------------------------------


def test_buses_come_soonest_first_and_say_why_they_cannot_be_told() -> None:
    world = World(assume_terminal=False)
    far, near = bus_at(world, "far", stop_x(0)), bus_at(world, "near", stop_x(2))
    rows = world.engine.arrivals(stop_id(3), world.now_ms)
    assert [(row.vehicle_id, row.stops_away, row.why_not) for row in rows] == [
        ("near", 2, Reason.NO_TERMINAL),
        ("far", 4, Reason.NO_TERMINAL),
    ]
    assert rows[0].distance_m == pytest.approx(450, abs=2)
    assert rows[0].trip == TripKey(TripId(near.trip), DAY)
    assert (rows[0].headsign, rows[0].direction_id, rows[0].stop_sequence) == ("동쪽", 0, 4)
    assert 0 < rows[0].eta_s < rows[1].eta_s
    drive(world, [far], 1)


def test_a_bus_that_passed_is_gone_and_the_other_direction_is_not_here() -> None:
    world = World()
    bus = bus_at(world, "bus", stop_x(2))
    bus_at(world, "west", stop_x(2), direction=1)
    drive(world, [bus], 80)
    assert world.engine.arrivals(stop_id(3), world.now_ms) == []
    assert [row.vehicle_id for row in world.engine.arrivals(stop_id(6), world.now_ms)] == ["bus"]


def test_nobody_is_awaited_at_the_last_stop_or_at_one_we_do_not_know() -> None:
    world = World()
    bus_at(world, "bus", stop_x(5))
    assert world.engine.arrivals(stop_id(7), world.now_ms) == []
    assert world.engine.arrivals(stop_id(99), world.now_ms) == []


def test_a_bus_at_the_stop_is_here_and_the_stop_it_stands_at_counts_as_reached() -> None:
    world = World()
    bus_at(world, "bus", stop_x(3), speed_mps=0.0, doors=Doors.OPEN)
    (here,) = world.engine.arrivals(stop_id(3), world.now_ms)
    assert (here.here, here.stops_away, here.eta_s) == (True, 1, 0.0)
    assert here.distance_m == pytest.approx(0, abs=5)
    (after,) = world.engine.arrivals(stop_id(4), world.now_ms)
    assert (after.here, after.stops_away) == (False, 1)


def test_old_positions_are_said_to_be_old() -> None:
    world = World()
    bus_at(world, "bus", stop_x(1))
    said = []
    for _ in range(3):
        (row,) = world.engine.arrivals(stop_id(5), world.now_ms)
        said.append((row.age_s, row.stale, row.why_not))
        world.now_ms += 100_000
    assert said == [(0.0, False, None), (100.0, True, None), (200.0, True, Reason.BUS_SILENT)]


def test_where_nobody_may_board_the_row_says_so() -> None:
    world = World(network=street(pickup_types={3: 1}))
    bus_at(world, "bus", stop_x(1))
    (row,) = world.engine.arrivals(stop_id(3), world.now_ms)
    assert row.why_not is Reason.ALIGHT_ONLY


@pytest.mark.parametrize(("trip", "last"), [("E-0", False), ("E-10", False), ("E-11", True)])
def test_the_last_bus_of_the_day_is_marked_though_there_is_one_tomorrow(trip: str, last: bool) -> None:
    world = World(network=street(trips=12))
    bus_at(world, "bus", stop_x(1), trip)
    (row,) = world.engine.arrivals(stop_id(3), world.now_ms)
    assert row.last_bus is last


def test_a_later_run_that_ends_at_the_stop_takes_nobody_along() -> None:
    """A short turn of the same route that comes later, but whose last stop this is, is no later bus."""
    town = build_network(
        stops=[Stop(StopId(f"S{i}"), "", "", *lat_lon(stop_x(i))) for i in range(4)],
        routes=[Route(RouteId("10"), "A", "10", "", 3)],
        trips=[
            (PlannedTrip("whole", "10"), [Call(f"S{i}", START_S + 60 * i) for i in range(4)]),
            (PlannedTrip("short", "10"), [Call(f"S{i}", START_S + 900 + 60 * i) for i in range(3)]),
        ],
    )
    world = World(network=town)
    bus = Bus(world, "bus", stop_x(0))
    bus.sign_on("whole")
    bus.report()
    assert [world.engine.arrivals(StopId(f"S{i}"), world.now_ms)[0].last_bus for i in (1, 2)] == [False, True]


def test_seats_and_passengers_are_as_the_bus_says() -> None:
    world = World()
    bus = Bus(world, "bus", stop_x(1))
    bus.sign_on()
    bus.report(seats_left=0, passengers=44)
    (row,) = world.engine.arrivals(stop_id(3), world.now_ms)
    assert (row.seats_left, row.passengers, row.why_not) == (0, 44, Reason.FULL)


# -- vehicles ------------------------------------------------------------------------


def test_a_vehicle_on_its_way() -> None:
    world = World(vehicles={VehicleId("bus"): Vehicle(VehicleId("bus"), plate="경기70바1234")})
    bus = bus_at(world, "bus", stop_x(1) + 100)
    world.ring(3)
    (view,) = world.engine.vehicles(world.now_ms + 5_000)
    assert (view.phase, view.on_route, view.stale, view.live_alerts) == (Phase.IN_SERVICE, True, False, 0)
    assert view.progress_m == pytest.approx(bus.x_m, abs=4)
    assert (view.next_visit_index, view.age_s, view.terminal_up) == (2, 5.0, None)
    assert (view.route_id, view.direction_id, view.trip) == ("10", 0, TripKey(TripId("E-0"), DAY))


def test_its_times_at_the_stops_ahead() -> None:
    world = World()
    bus_at(world, "bus", stop_x(1) + 100)
    (told,) = world.engine.predictions(world.now_ms)
    assert [visit.stop_sequence for visit in told.stops] == [3, 4, 5, 6, 7, 8]
    assert all(visit.p10_ms < visit.p50_ms < visit.p90_ms for visit in told.stops)
    assert [visit.p50_ms for visit in told.stops] == sorted(visit.p50_ms for visit in told.stops)


def test_a_vehicle_at_the_end_lies_over() -> None:
    world = World()
    bus_at(world, "bus", stop_x(7), speed_mps=0.0)
    (view,) = world.engine.vehicles(world.now_ms)
    assert (view.phase, view.next_visit_index) == (Phase.LAYOVER, 7)


def test_a_vehicle_past_its_last_stop_still_names_it() -> None:
    world = World()
    bus_at(world, "bus", stop_x(7) + 150)
    (view,) = world.engine.vehicles(world.now_ms)
    assert view.next_visit_index == 7


def test_a_vehicle_of_no_trip_is_seen_where_it_is_and_no_more() -> None:
    world = World()
    bus = Bus(world, "bus", 500.0)
    assert bus.report() == []
    effect = position_of(bus)
    assert (effect.trip, effect.route_id, effect.direction_id, effect.pattern_id) == (None, None, None, None)
    assert (effect.progress_m, effect.next_stop_sequence, effect.phase) == (None, None, Phase.UNKNOWN)
    (view,) = world.engine.vehicles(world.now_ms)
    assert (view.trip, view.pattern_index, view.progress_m, view.next_visit_index) == (None, None, None, None)
    assert view.uncertainty_m == 4.0


def test_a_vehicle_that_never_reported_is_not_listed() -> None:
    world = World()
    Bus(world, "bus", 500.0).sign_on()
    assert world.engine.vehicles(world.now_ms) == []
    assert world.engine.position(VehicleId("bus"), world.now_ms) is None
    assert world.engine.position(VehicleId("nobody"), world.now_ms) is None


# -- what a fix says -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("x_m", "sequence"),
    [(0.0, 1), (stop_x(2) - 5, 3), (stop_x(2) + 5, 3), (stop_x(2) + 25, 3), (stop_x(2) + 35, 4), (stop_x(7) + 100, 8)],
)
def test_the_next_stop_of_a_position(x_m: float, sequence: int) -> None:
    world = World()
    bus = Bus(world, "bus", x_m)
    bus.sign_on()
    bus.report()
    said = position_of(bus)
    assert (said.next_stop_sequence, said.on_route) == (sequence, True)
    assert said.progress_m == pytest.approx(x_m, abs=5)
    assert said.uncertainty_m == 4.0
    assert said.confidence == 0.7


@pytest.mark.parametrize(
    ("more", "sequence"),
    [
        ({"speed_mps": 0.0}, 3),
        ({"speed_mps": 1.5, "doors": Doors.OPEN}, 3),
        ({"speed_mps": 1.5}, 3),
        ({"speed_mps": None}, 3),
    ],
)
def test_a_bus_that_stands_at_a_stop_has_not_left_it(more: dict[str, object], sequence: int) -> None:
    world = World()
    bus = Bus(world, "bus", stop_x(2) + 25)
    bus.sign_on()
    bus.report(**more)
    said = position_of(bus)
    assert said.next_stop_sequence == sequence


def test_off_the_route_a_position_says_no_progress() -> None:
    world = World()
    bus = bus_at(world, "bus", 500.0, source=Source.FEED)
    for k in range(1, 5):
        world.now_ms += 35_000
        bus.report(y_m=250.0 * k)
    said = position_of(bus)
    assert (said.on_route, said.phase, said.progress_m, said.confidence) == (False, Phase.OFF_ROUTE, None, 0.0)
    assert said.pattern_id is not None


# -- predictions ---------------------------------------------------------------------


def test_every_bus_in_service_is_predicted() -> None:
    world = World()
    near, far = bus_at(world, "near", stop_x(5)), bus_at(world, "far", stop_x(1) + 100)
    bus_at(world, "ended", stop_x(7), speed_mps=0.0)
    bus_at(world, "ending", stop_x(7) - 10)
    Bus(world, "no trip", 500.0).report()
    told = {p.vehicle_id: p for p in world.engine.predictions(world.now_ms)}
    assert set(told) == {"near", "far"}
    assert [stop.stop_sequence for stop in told[VehicleId("near")].stops] == [7, 8]
    assert told[VehicleId("far")].trip == TripKey(TripId(far.trip), DAY)
    assert told[VehicleId("far")].at_ms == world.now_ms
    assert near.trip == far.trip


def test_a_silent_bus_is_predicted_no_more() -> None:
    world = World()
    bus_at(world, "bus", stop_x(1))
    assert list(world.engine.predictions(world.now_ms + 100_000))
    assert not list(world.engine.predictions(world.now_ms + 200_000))


def test_the_first_bus_teaches_the_second() -> None:
    """The timetable has 68 s from stop to stop; buses here need 90 and more."""
    world = World()
    first = bus_at(world, "first", stop_x(0), speed_mps=5.0, cruise_mps=5.0)
    before = bus_at(world, "before", stop_x(0))
    untaught = world.engine.arrivals(stop_id(6), world.now_ms)[0].eta_s
    drive(world, [first], 640)
    assert world.engine.learned.running.links
    assert world.engine.learned.errors
    second = bus_at(world, "second", stop_x(0))
    rows = {row.vehicle_id: row.eta_s for row in world.engine.arrivals(stop_id(6), world.now_ms)}
    assert rows[VehicleId("second")] > untaught + 60
    assert before.name in rows
    assert second.name in rows


def test_a_gap_in_sight_teaches_no_link() -> None:
    world = World()
    bus = bus_at(world, "bus", stop_x(1))
    world.now_ms += 170_000
    bus.x_m += 1_500.0
    bus.report()
    drive(world, [bus], 5)
    assert len(world.visits("bus")) > 2
    assert world.engine.learned.running.links == {}


def test_who_waits_for_its_departure_is_expected_after_it() -> None:
    world = World()
    bus_at(world, "bus", stop_x(0), trip="E-3", speed_mps=0.0)
    departs_ms = world.network.day_start_ms(DAY) + (START_S + 3 * 600) * 1000
    assert not list(world.engine.predictions(world.now_ms))
    told = next(world.engine.further_predictions(world.now_ms))
    assert told.trip == TripKey(TripId("E-3"), DAY)
    assert [stop.stop_sequence for stop in told.stops] == [2, 3, 4, 5, 6, 7, 8]
    assert departs_ms < told.stops[0].p50_ms < departs_ms + 120_000


def test_the_next_run_of_the_block_begins_when_the_bus_is_there_and_the_plan_lets_it() -> None:
    """A run takes some eight minutes here, and the block's next one departs ten minutes after it did."""
    world = World()
    on_time, late = bus_at(world, "on time", stop_x(6)), bus_at(world, "late", stop_x(0))
    world.now_ms += 300_000
    for bus in (on_time, late):
        bus.report()
    told = {p.vehicle_id: p for p in world.engine.further_predictions(world.now_ms)}
    next_ms = world.network.day_start_ms(DAY) + (START_S + 600) * 1000
    first = told[VehicleId("on time")].stops[0]
    assert told[VehicleId("on time")].trip == TripKey(TripId("E-1"), DAY)
    assert first.stop_sequence == 2
    assert next_ms < first.p50_ms < next_ms + 120_000
    delayed = told[VehicleId("late")].stops[0]
    assert delayed.p50_ms > first.p50_ms + 120_000
    assert delayed.p10_ms < delayed.p50_ms < delayed.p90_ms


def test_at_its_end_a_bus_is_expected_on_its_next_run_and_after_the_last_one_no_more() -> None:
    world = World()
    bus_at(world, "bus", stop_x(7), speed_mps=0.0)
    assert [p.trip.trip_id for p in world.engine.further_predictions(world.now_ms)] == ["E-1"]
    world = World()
    world.now_ms += 11 * 600_000
    bus_at(world, "bus", stop_x(6), trip="E-11")
    assert list(world.engine.predictions(world.now_ms))
    assert not list(world.engine.further_predictions(world.now_ms))
    assert not list(world.engine.further_predictions(world.now_ms + 900_000))


def test_nothing_is_said_of_a_next_run_that_is_far_off() -> None:
    world = World(network=street(trips=3))
    bus_at(world, "bus", stop_x(0), trip="E-1", speed_mps=0.0)
    world.now_ms -= 3_000_000
    again = World(network=street(trips=3), now_ms=world.now_ms)
    bus_at(again, "bus", stop_x(0), trip="E-1", speed_mps=0.0)
    assert [p.trip.trip_id for p in again.engine.further_predictions(again.now_ms)] == ["E-1"]
