"""A rider who rang and went away needs no bus: her bell ends by itself, and a phone that errs ends none."""

from server.core.effects import AlertCleared, BellChanged, Effect
from server.core.events import Presence, StillThere
from server.core.model import BellId, BellState, Reason, RiderId
from tests.server.core.engine_world import Bus, World, drive, lat_lon, refused, stop_x

S = BellState


def bus_at(world: World, name: str, x_m: float, **more: object) -> Bus:
    bus = Bus(world, name, x_m, **more)  # type: ignore[arg-type]
    bus.sign_on()
    bus.report()
    return bus


def seen(world: World, x_m: float, *, accuracy_m: float = 10.0, rider: str = "rider") -> list[Effect]:
    """The phone of the rider of the first bell says where it is."""
    lat, lon = lat_lon(x_m)
    return world.do(StillThere(BellId("my-bell-1"), RiderId(rider), Presence(lat, lon, accuracy_m)))


def test_the_bell_of_a_rider_who_walks_away_ends_by_itself() -> None:
    world = World()
    bus_at(world, "C1", stop_x(2) + 60)
    world.ring(3, bell_id="my-bell-1")
    assert seen(world, stop_x(3) + 190) == []
    assert seen(world, stop_x(3) + 260) == []
    world.now_ms += 5_000
    assert seen(world, stop_x(3) + 280) == []
    world.now_ms += 5_000
    assert [type(effect) for effect in seen(world, stop_x(3) + 300)] == [BellChanged, AlertCleared]
    bell = world.engine.bells_of(RiderId("rider"))[-1]
    assert (bell.state, bell.reason) == (S.CANCELLED, Reason.WALKED_AWAY)
    assert seen(world, stop_x(3) + 300) == []


def test_a_phone_that_errs_or_says_nothing_ends_no_bell() -> None:
    world = World()
    world.ring(3, bell_id="my-bell-1")
    for x_m, accuracy_m in ((stop_x(3) + 900, 10.0), (stop_x(3) + 5, 10.0), (stop_x(3) + 900, 10.0)):
        world.now_ms += 6_000
        assert seen(world, x_m, accuracy_m=accuracy_m) == []
    world.now_ms += 60_000
    assert seen(world, stop_x(3) + 340, accuracy_m=5_000.0) == []
    for claim in (Presence(), Presence(proven=True)):
        assert world.do(StillThere(BellId("my-bell-1"), RiderId("rider"), claim)) == []
    assert not world.engine.bells_of(RiderId("rider"))[-1].ended
    assert refused(seen(world, stop_x(3), rider="stranger")) == [Reason.UNKNOWN_BELL]


def test_who_boards_is_carried_away_and_not_gone() -> None:
    world = World()
    bus = bus_at(world, "C1", stop_x(2) + 60, stop_at={3})
    world.ring(3, bell_id="my-bell-1")
    drive(world, [bus], 90, until=lambda: world.states()[-1][0] is S.ARRIVED)
    seen(world, stop_x(6))
    world.now_ms += 20_000
    assert seen(world, stop_x(6)) == []
    assert world.states()[-1][0] is S.ARRIVED
