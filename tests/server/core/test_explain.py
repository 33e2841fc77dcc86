"""Why this bus, why then: the snapshot says what the rule saw, and a rule that is watched decides as one that is not."""

import pytest

from server.core.dispatch import needed_m
from server.core.engine import RouteEngine
from server.core.events import Respond
from server.core.explain import Choice, Explanation, Telling, Verdict
from server.core.model import Answer, BellState, Need, Reason, Stage, Vehicle, VehicleId
from server.core.policy import Policy
from tests.server.core.engine_world import Bus, World, drive, stop_x


def watched(**more: object) -> World:
    """A world whose engine notes what its rules saw."""
    world = World(**more)  # type: ignore[arg-type]
    world.engine = RouteEngine(
        world.network, world.policy, vehicles=world.vehicles, assume_terminal=world.assume_terminal, witnessed=True
    )
    return world


def bus_at(world: World, name: str, x_m: float, *, trip: str | None = None, **more: object) -> Bus:
    bus = Bus(world, name, x_m, **more)  # type: ignore[arg-type]
    bus.sign_on(trip)
    bus.report()
    return bus


def choices(seen: list[Explanation]) -> list[Choice]:
    return [each for each in seen if isinstance(each, Choice)]


def tellings(seen: list[Explanation]) -> list[Telling]:
    return [each for each in seen if isinstance(each, Telling)]


def test_the_nearest_bus_is_chosen_and_the_others_say_why_not() -> None:
    world = watched(vehicles={VehicleId("high"): Vehicle(VehicleId("high"), low_floor=False)})
    bus_at(world, "gone", stop_x(3) - 20)
    bus_at(world, "high", stop_x(2))
    bus_at(world, "near", stop_x(1))
    bus_at(world, "far", stop_x(0) + 30)
    world.ring(3, needs=(Need.WHEELCHAIR,))
    (choice,) = choices(list(world.engine.explanations()))
    assert (choice.vehicle_id, choice.before, choice.attempt, choice.reason) == ("near", None, 1, None)
    assert {row.vehicle_id: (row.verdict, row.reason) for row in choice.considered} == {
        "near": (Verdict.CHOSEN, None),
        "far": (Verdict.LATER, None),
        "high": (Verdict.CANNOT, Reason.NO_BUS_CAN_SERVE),
        "gone": (Verdict.CANNOT, Reason.TOO_LATE),
    }
    first, near = choice.considered[0], world.engine._shard.tracks[VehicleId("near")]
    assert first.left_m == pytest.approx(stop_x(3) - stop_x(1), abs=3.0)
    assert first.commit_m == round(needed_m(near, world.now_ms, world.policy), 1)
    assert first.stops_away == 3  # the stop it is at, the one between, and the one awaited
    assert choice.numbers["a_comfort_mps2"] == world.policy.a_comfort_mps2
    assert list(world.engine.explanations()) == []


def test_a_bell_without_a_bus_is_explained_once() -> None:
    world = watched(policy=Policy(cutoff="second-previous-stop"))
    bus_at(world, "only", stop_x(2) + 60)
    world.ring(3)
    (choice,) = choices(list(world.engine.explanations()))
    assert (choice.vehicle_id, choice.attempt) == (None, 0)
    assert [(row.vehicle_id, row.verdict, row.reason) for row in choice.considered] == [
        ("only", Verdict.CANNOT, Reason.TOO_LATE)
    ]
    world.wait(5)
    assert choices(list(world.engine.explanations())) == []


def test_after_a_driver_said_full_the_next_bus_is_chosen() -> None:
    world = watched()
    bus_at(world, "first", stop_x(2) + 100)
    bus_at(world, "second", stop_x(1))
    world.ring(3)
    seen = list(world.engine.explanations())
    (told,) = tellings(seen)
    assert (told.vehicle_id, told.stage, told.bells) == ("first", Stage.AHEAD, ("bell-0001",))
    assert told.left_m > told.commit_m
    world.do(Respond(VehicleId("first"), told.alert_id, Answer.FULL))
    (choice,) = choices(list(world.engine.explanations()))
    assert (choice.vehicle_id, choice.before, choice.attempt) == ("second", "first", 2)
    assert [(row.vehicle_id, row.verdict) for row in choice.considered] == [
        ("second", Verdict.CHOSEN),
        ("first", Verdict.FAILED),
    ]


def test_a_bus_that_the_rider_did_not_ask_for_says_so() -> None:
    world = watched()
    bus_at(world, "first", stop_x(2))
    bus_at(world, "wished", stop_x(1))
    world.ring(3, vehicle_id=VehicleId("wished"))
    (choice,) = choices(list(world.engine.explanations()))
    assert [(row.vehicle_id, row.verdict) for row in choice.considered] == [
        ("wished", Verdict.CHOSEN),
        ("first", Verdict.NOT_WISHED),
    ]


def test_ahead_and_now_are_said_where_the_rule_says() -> None:
    world = watched()
    bus = bus_at(world, "bus", stop_x(1) + 60)
    world.ring(3)
    drive(world, [bus], 90)
    said = tellings(list(world.engine.explanations()))
    assert [each.stage for each in said] == [Stage.AHEAD, Stage.NOW]
    assert said[0].stops_away == 1 or said[0].left_m - said[0].commit_m <= said[0].soon_m
    assert 0 < said[1].left_m - said[1].commit_m <= said[1].now_m


def test_a_live_bell_is_explained_when_asked() -> None:
    world = World(policy=Policy(cutoff="second-previous-stop"))
    late = bus_at(world, "late", stop_x(2) + 60)
    world.ring(3)
    (bell,) = world.engine.open_bells()
    assert world.engine.why(bell, world.now_ms).vehicle_id is None
    bus_at(world, "bus", stop_x(0))
    (bell,) = world.engine.open_bells()
    assert bell.state is BellState.ASSIGNED
    now = world.engine.why(bell, world.now_ms)
    assert (now.vehicle_id, now.attempt) == ("bus", 1)
    assert [(row.vehicle_id, row.verdict) for row in now.considered] == [
        ("bus", Verdict.CHOSEN),
        (late.name, Verdict.CANNOT),
    ]
    assert list(world.engine.explanations()) == []


def test_being_watched_changes_nothing() -> None:
    worlds = [World(), watched()]
    for world in worlds:
        first = bus_at(world, "first", stop_x(0) + 50, stop_at={3})
        second = bus_at(world, "second", stop_x(0), stop_at={4})
        world.ring(3)
        world.ring(4, rider="other")
        drive(world, [first, second], 150)
    assert worlds[0].effects == worlds[1].effects
