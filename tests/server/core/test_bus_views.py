"""What is said of one bus to those who ride on it, and which buses are near a place."""

from server.core.effects import BusView
from server.core.model import VehicleId
from tests.server.core.engine_world import LENGTH_M, Bus, World, drive, lat_lon, stop_x


def seen(bus: Bus) -> BusView:
    view = bus.world.engine.bus(VehicleId(bus.name), bus.world.now_ms)
    assert view is not None
    return view


def bus_at(world: World, name: str, x_m: float, *, signed_on: bool = True) -> Bus:
    bus = Bus(world, name, x_m, seats_left=7)
    if signed_on:
        bus.sign_on()
    bus.report()
    return bus


def test_a_bus_tells_the_stops_ahead_of_it_and_where_it_stands() -> None:
    world = World()
    bus = bus_at(world, "bus", stop_x(2) + 60)
    view = seen(bus)
    assert [stop.stop_sequence for stop in view.ahead] == [4, 5, 6, 7, 8]
    assert [stop.eta_s for stop in view.ahead] == sorted(stop.eta_s for stop in view.ahead)
    assert (view.here, view.headsign, view.seats_left, view.passengers) == (False, "동쪽", 7, None)
    bus.stop_at = {3}
    drive(world, [bus], 120, until=lambda: seen(bus).here)
    assert (seen(bus).here, seen(bus).ahead[0].stop_sequence) == (True, 4)


def test_of_a_bus_without_a_run_nothing_is_ahead() -> None:
    world = World()
    view = seen(bus_at(world, "bus", stop_x(2), signed_on=False))
    assert (view.ahead, view.here, view.headsign) == ((), False, "")
    assert world.engine.bus(VehicleId("nobody"), world.now_ms) is None


def test_a_bus_at_the_end_of_its_run_has_nothing_ahead() -> None:
    world = World()
    bus = bus_at(world, "bus", stop_x(6))
    drive(world, [bus], 200, until=lambda: bus.x_m > LENGTH_M - 60)
    assert seen(bus).ahead == ()


def test_buses_near_a_place_come_nearest_first() -> None:
    world = World()
    bus_at(world, "far", stop_x(4))
    bus_at(world, "near", stop_x(2) + 50)
    bus_at(world, "off", stop_x(3), signed_on=False)
    world.engine.bus(VehicleId("nobody"), world.now_ms)
    near = world.engine.buses_near(*lat_lon(stop_x(2)), 500.0, world.now_ms)
    assert [(view.vehicle.vehicle_id, round(away_m, -1)) for view, away_m in near] == [("near", 50.0), ("off", 450.0)]
