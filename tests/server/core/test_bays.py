"""Wheelchair places: taken from where a rider boards to where she gets off, and a bus without a free one is not sent."""

from server.core.effects import BellChanged
from server.core.events import Cancel
from server.core.model import BellId, BellState, Need, Reason, RiderId, Vehicle, VehicleId
from server.core.policy import Policy
from tests.server.core.engine_world import Bus, World, drive, refused, stop_id, stop_x

WHEELCHAIR = (Need.WHEELCHAIR,)


def world_of(bays: dict[str, int | None]) -> World:
    fleet = {VehicleId(v): Vehicle(VehicleId(v), low_floor=True, wheelchair_bays=n) for v, n in bays.items()}
    return World(vehicles=fleet)


def bus_at(world: World, name: str, x_m: float, **more: object) -> Bus:
    bus = Bus(world, name, x_m, **more)  # type: ignore[arg-type]
    bus.sign_on()
    bus.report()
    return bus


def bus_of(world: World, rider: str) -> str | None:
    return [e.bell.vehicle_id for e in world.effects if isinstance(e, BellChanged) and e.bell.rider_id == rider][-1]


def test_the_second_wheelchair_goes_to_the_bus_behind() -> None:
    world = world_of({"front": 1, "behind": 1})
    bus_at(world, "front", stop_x(1))
    bus_at(world, "behind", stop_x(0))
    world.ring(4, rider="one", needs=WHEELCHAIR)
    world.ring(5, rider="two", needs=WHEELCHAIR)
    world.ring(5, rider="walks")
    assert [bus_of(world, rider) for rider in ("one", "two", "walks")] == ["front", "behind", "front"]


def test_a_place_is_free_again_where_its_rider_gets_off() -> None:
    world = world_of({"only": 1})
    bus_at(world, "only", stop_x(1))
    world.ring(3, rider="one", needs=WHEELCHAIR, alight_stop_id=stop_id(5))
    world.ring(5, rider="after", needs=WHEELCHAIR)
    assert bus_of(world, "after") == "only"
    assert refused(world.ring(4, rider="between", needs=WHEELCHAIR, vehicle_id=VehicleId("only"))) == [
        Reason.NO_FREE_BAY
    ]


def test_who_gets_off_before_the_other_boards_takes_no_place_from_them() -> None:
    world = world_of({"only": 1})
    bus_at(world, "only", stop_x(1))
    world.ring(5, rider="later", needs=WHEELCHAIR)
    world.ring(3, rider="short", needs=WHEELCHAIR, alight_stop_id=stop_id(5))
    assert bus_of(world, "short") == "only"


def test_two_places_carry_two_at_a_time_and_many_in_turn() -> None:
    world = world_of({"only": 2})
    bus_at(world, "only", stop_x(1))
    for rider, board, alight in (("a", 3, 4), ("b", 4, 6), ("c", 3, 7)):
        world.ring(board, rider=rider, needs=WHEELCHAIR, alight_stop_id=stop_id(alight))
    assert [bus_of(world, rider) for rider in "abc"] == ["only"] * 3
    assert refused(world.ring(5, rider="d", needs=WHEELCHAIR, vehicle_id=VehicleId("only"))) == [Reason.NO_FREE_BAY]


def test_whom_the_bus_stopped_for_is_on_board_to_the_end_of_the_run() -> None:
    world = world_of({"only": 1})
    bus = bus_at(world, "only", stop_x(1), stop_at={2})
    world.ring(2, rider="aboard", needs=WHEELCHAIR)
    drive(world, [bus], 90, until=lambda: world.states("aboard")[-1][0] is BellState.SERVED)
    assert world.states("aboard")[-1] == (BellState.SERVED, "only")
    assert refused(world.ring(5, rider="next", needs=WHEELCHAIR, vehicle_id=VehicleId("only"))) == [Reason.NO_FREE_BAY]
    assert free_at(world, 5) == [0]
    bus.x_m = stop_x(1)
    bus.sign_on("E-1")
    for _ in range(4):
        world.now_ms += 5_000
        bus.report()
    assert free_at(world, 5) == [1]


def test_a_place_nobody_counted_is_unknown_and_not_taken() -> None:
    world = world_of({"only": None})
    bus_at(world, "only", stop_x(1))
    for rider in ("one", "two"):
        world.ring(4, rider=rider, needs=WHEELCHAIR)
        assert bus_of(world, rider) == "only"
    assert free_at(world, 4) == [None]


def test_who_is_on_board_is_known_again_after_a_restart_and_forgotten_with_the_ended_bells() -> None:
    fleet = {VehicleId("only"): Vehicle(VehicleId("only"), wheelchair_bays=1)}
    world = World(vehicles=fleet, policy=Policy(ended_kept=1))
    bus = bus_at(world, "only", stop_x(1), stop_at={2})
    world.ring(2, rider="aboard", needs=WHEELCHAIR)
    drive(world, [bus], 90, until=lambda: world.states("aboard")[-1][0] is BellState.SERVED)
    served = world.engine.bells_of(RiderId("aboard"))[-1]
    world.ring(6, rider="other", bell_id="other")
    world.do(Cancel(BellId("other"), RiderId("other")))
    assert free_at(world, 5) == [1]
    world.engine.restore([served], now_ms=world.now_ms)
    assert free_at(world, 5) == [0]
    world.engine.restore([served], now_ms=world.now_ms)
    assert free_at(world, 5) == [0]


def free_at(world: World, stop: int) -> list[int | None]:
    return [row.bays_free for row in world.engine.arrivals(stop_id(stop), world.now_ms)]
