"""Vehicles are found one by one as well as all together, and counted without being described."""

from server.core.events import TerminalLink
from server.core.model import VehicleId
from tests.server.core.engine_world import Bus, World


def test_each_vehicle_with_a_position_is_found_by_its_id() -> None:
    world = World()
    assert world.engine.vehicle_ids() == []
    Bus(world, "V1", 500.0).report()
    Bus(world, "V2", 500.0).sign_on("T0")
    assert world.engine.vehicle_ids() == ["V1"]
    assert [world.engine.vehicle(VehicleId("V1"), world.now_ms)] == world.engine.vehicles(world.now_ms)
    assert world.engine.vehicle(VehicleId("V2"), world.now_ms) is None
    assert world.engine.vehicle(VehicleId("V3"), world.now_ms) is None


def test_terminals_are_silent_when_they_are_up_and_their_bus_says_nothing() -> None:
    world = World()
    for name in ("V1", "V2", "plain"):
        Bus(world, name, 500.0).report()
    for name, up in (("V1", True), ("V2", False), ("never heard", True)):
        world.do(TerminalLink(VehicleId(name), up=up))
    assert world.engine.terminal_counts(world.now_ms) == (3, 1, 0)
    world.wait(600)
    assert world.engine.terminal_counts(world.now_ms) == (3, 1, 1)
