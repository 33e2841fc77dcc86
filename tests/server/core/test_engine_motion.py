"""A fix's way through the engine where the bus is placed anew: each visit is on record once, and none is forgotten."""

from server.core.model import VisitOutcome
from tests.server.core.engine_world import Bus, World, stop_x


def visits(world: World) -> list[tuple[int, VisitOutcome]]:
    return [(v.visit.stop_sequence, v.visit.outcome) for v in world.visits("bus")]


def standing_at_its_third_stop() -> tuple[World, Bus]:
    world = World()
    bus = Bus(world, "bus", stop_x(2) - 100)
    bus.sign_on()
    bus.report()
    bus.x_m, bus.speed_mps = stop_x(2), 0.0
    for _ in range(4):
        world.now_ms += 10_000
        bus.report()
    assert visits(world) == []
    return world, bus


def test_a_visit_is_on_record_once_though_three_wrong_fixes_ended_it() -> None:
    world, bus = standing_at_its_third_stop()
    for _ in range(3):
        world.now_ms += 10_000
        bus.report(x_m=stop_x(4) + 100)
    assert visits(world)[0] == (3, VisitOutcome.STOPPED)
    for _ in range(4):
        world.now_ms += 10_000
        bus.report()
    for _ in range(6):
        world.now_ms += 10_000
        bus.x_m += 80
        bus.report()
    assert [sequence for sequence, _ in visits(world)] == [3, 4, 5]


def test_a_stop_that_the_bus_stood_at_is_not_forgotten_when_it_reappears_far_ahead() -> None:
    world, bus = standing_at_its_third_stop()
    for k in range(5):
        world.now_ms += 10_000
        bus.report(x_m=stop_x(2) + 200 + 80 * k, y_m=600)
    world.now_ms += 10_000
    bus.report(x_m=stop_x(5) + 100)
    assert visits(world) == [(3, VisitOutcome.STOPPED)]


def test_a_visit_that_two_wrong_fixes_ended_is_not_put_on_record_again() -> None:
    world, bus = standing_at_its_third_stop()
    for x_m in (*[stop_x(2) + 400] * 2, *[stop_x(2)] * 4, stop_x(2) + 60, stop_x(2) + 90, stop_x(2) + 300):
        world.now_ms += 35_000
        bus.report(x_m=x_m, accuracy_m=1.9)
    assert visits(world) == [(3, VisitOutcome.STOPPED)]
