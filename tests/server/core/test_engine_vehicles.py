"""Vehicles are found one by one as well as all together."""

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
