"""Which bus serves a bell when buses are late, full, bunched, or stop for somebody else: stories on a straight street."""

from typing import Any

import pytest

from server.core.effects import BellChanged
from server.core.events import Respond, Shown, SignOff
from server.core.model import Answer, BellState, Doors, Need, Outcome, Reason, Vehicle, VehicleId
from server.core.policy import Policy
from tests.server.core.engine_world import Bus, World, drive, refused, stop_id, stop_x, street

S = BellState


def bus_at(world: World, name: str, x_m: float, *, trip: str | None = None, **more: Any) -> Bus:
    bus = Bus(world, name, x_m, **more)
    bus.sign_on(trip)
    bus.report()
    return bus


def last(world: World, rider: str = "rider") -> tuple[BellState, str | None, Reason | None]:
    bell = [e.bell for e in world.effects if isinstance(e, BellChanged) and e.bell.rider_id == rider][-1]
    return bell.state, bell.vehicle_id, bell.reason


# -- an earlier bus stops all the same -----------------------------------------------


def late_ring_then_it_stops(world: World, **ring: Any) -> tuple[Bus, Bus]:
    """A rider rings when one bus is past its commit point; that bus stops nevertheless."""
    early = bus_at(world, "early", stop_x(3) - 70, stop_at={3}, speed_mps=10.0)
    later = bus_at(world, "later", stop_x(1))
    world.ring(3, **ring)
    drive(world, [early, later], 12)
    return early, later


def test_who_rang_too_late_for_a_bus_that_stops_all_the_same_boards_it() -> None:
    world = World()
    early, later = late_ring_then_it_stops(world)
    assert world.states()[1:] == [(S.ASSIGNED, "later"), (S.ASSIGNED, "early"), (S.ARRIVED, "early")]
    assert last(world) == (S.ARRIVED, "early", Reason.BUS_HERE_NOW)
    drive(world, [early, later], 30)
    assert last(world)[:2] == (S.SERVED, "early")
    assert world.alerts("early") == world.alerts("later") == []


def test_who_waits_without_a_bus_boards_the_one_that_stands_there() -> None:
    world = World(policy=Policy(cutoff="second-previous-stop"))
    bus = bus_at(world, "only", stop_x(2) + 60, stop_at={3})
    world.ring(3)
    assert world.states() == [(S.WAITING, None)]
    drive(world, [bus], 60, until=lambda: last(world)[0] is S.ARRIVED)
    assert last(world) == (S.ARRIVED, "only", Reason.BUS_HERE_NOW)


@pytest.mark.parametrize(
    ("ring", "fleet"),
    [
        ({"vehicle_id": VehicleId("later")}, {}),
        ({"needs": (Need.WHEELCHAIR,)}, {VehicleId("early"): Vehicle(VehicleId("early"), low_floor=False)}),
    ],
)
def test_nobody_is_put_on_a_bus_that_was_not_wished_for_or_cannot_carry_them(
    ring: dict[str, Any], fleet: dict[VehicleId, Vehicle]
) -> None:
    world = World(vehicles=fleet)
    late_ring_then_it_stops(world, **ring)
    assert last(world)[:2] == (S.ASSIGNED, "later")


def test_a_bell_whose_driver_knows_it_stays_with_him() -> None:
    world = World()
    early = bus_at(world, "early", stop_x(3) - 70, stop_at={3}, speed_mps=10.0)
    later = bus_at(world, "later", stop_x(3) - 330)
    world.ring(3)
    assert last(world)[:2] == (S.ASSIGNED, "later")
    assert len(world.alerts("later")) == 1
    drive(world, [early, later], 12)
    assert last(world)[:2] == (S.SHOWN, "later")


def test_a_stop_in_the_other_direction_or_a_bell_for_another_visit_is_not_here() -> None:
    world = World()
    late_ring_then_it_stops(world)
    bus_at(world, "across", stop_x(3) - 20, direction=1, speed_mps=0.0, doors=Doors.OPEN)
    assert [v for _, v in world.states()] == [None, "later", "early", "early"]


def test_here_now_is_said_even_when_another_bus_is_coming() -> None:
    world = World()
    bus_at(world, "here", stop_x(3), speed_mps=0.0, doors=Doors.OPEN)
    bus_at(world, "coming", stop_x(1))
    assert refused(world.ring(3)) == [Reason.BUS_HERE_NOW]


def rests_at_its_first_stop(world: World, **more: Any) -> Bus:
    """A bus of the next run, ten minutes before it leaves."""
    return bus_at(world, "resting", stop_x(0), trip="E-1", speed_mps=0.0, cruise_mps=0.0, **more)


@pytest.mark.parametrize(("doors", "state"), [(Doors.CLOSED, S.ASSIGNED), (None, S.ASSIGNED)])
def test_beside_a_bus_that_rests_one_may_ring_for_the_one_that_leaves_first(doors: Doors, state: BellState) -> None:
    world = World()
    resting, coming = rests_at_its_first_stop(world, doors=doors), bus_at(world, "coming", 0.0)
    world.ring(0)
    assert last(world)[:2] == (state, "coming")
    drive(world, [resting, coming], 5)
    assert last(world)[:2] == (S.SHOWN, "coming")


def test_beside_a_bus_that_rests_and_no_other_one_is_told_that_it_is_here() -> None:
    world = World()
    rests_at_its_first_stop(world)
    assert refused(world.ring(0)) == [Reason.BUS_HERE_NOW]


def test_beside_a_bus_that_rests_with_its_doors_open_one_boards() -> None:
    world = World()
    rests_at_its_first_stop(world, doors=Doors.OPEN)
    bus_at(world, "coming", 0.0)
    assert refused(world.ring(0)) == [Reason.BUS_HERE_NOW]


# -- full buses ------------------------------------------------------------------------


def fills_up(bus: Bus, seats_left: int) -> None:
    bus.world.now_ms += 1000
    bus.report(seats_left=seats_left)
    bus.world.wait(1)


def test_a_bus_that_fills_up_hands_its_bells_over_even_those_shown() -> None:
    world = World()
    first, _ = bus_at(world, "first", stop_x(2) + 60), bus_at(world, "second", stop_x(0))
    world.ring(3)
    drive(world, [], 1)
    assert last(world)[:2] == (S.SHOWN, "first")
    fills_up(first, 0)
    assert last(world) == (S.ASSIGNED, "second", Reason.FULL)
    assert [c.alert.outcome for c in world.clears("first")] == [Outcome.CANCELLED]


def test_the_driver_of_a_full_bus_who_is_past_the_commit_point_is_left_alone() -> None:
    world = World()
    first, _ = bus_at(world, "first", stop_x(3) - 100), bus_at(world, "second", stop_x(0))
    world.ring(3)
    drive(world, [], 1)
    first.x_m += 40.0
    fills_up(first, 0)
    assert last(world)[:2] == (S.SHOWN, "first")


def test_who_said_full_is_not_asked_again_for_that_stop_by_somebody_else() -> None:
    world = World()
    bus_at(world, "full", stop_x(2) + 100)
    bus_at(world, "second", stop_x(0))
    world.ring(3)
    world.do(Respond(VehicleId("full"), world.alerts("full")[-1].alert_id, Answer.FULL))
    world.ring(3, rider="another")
    world.ring(4, rider="farther")
    assert last(world, "another")[:2] == (S.ASSIGNED, "second")
    assert last(world, "farther")[:2] == (S.ASSIGNED, "full")
    row = next(row for row in world.engine.arrivals(stop_id(3), world.now_ms) if row.vehicle_id == "full")
    assert row.why_not is Reason.FULL


def test_a_bus_that_signs_off_loses_its_alerts_and_has_served_those_it_stood_for() -> None:
    """Even right after a restart, when nobody has seen yet that it stands."""
    world = World()
    bus = bus_at(world, "first", stop_x(2) + 200, stop_at={3}, stand_s=60)
    bus_at(world, "second", stop_x(0))
    world.ring(3)
    world.ring(4, rider="farther")
    drive(world, [bus], 60, until=lambda: last(world)[0] is S.ARRIVED)
    drive(world, [bus], 3)
    again = World(network=world.network, now_ms=world.now_ms)
    again.engine.restore(world.facts(), now_ms=again.now_ms)
    again.do(SignOff(VehicleId("first")))
    assert last(again)[:2] == (S.SERVED, "first")
    assert last(again, "farther")[:2] == (S.WAITING, None)
    assert {c.alert.outcome for c in again.clears("first")} == {Outcome.MOVED}


def test_on_its_next_run_a_bus_may_come_for_somebody_it_passed() -> None:
    """Where one bus serves a route it is the next bus, too."""
    world = World()
    bus = bus_at(world, "only", stop_x(2))
    world.ring(3)
    drive(world, [bus], 90, until=lambda: last(world)[0] is S.WAITING)
    assert (S.PASSED, "only") in world.states()
    bus.x_m, bus.stop_at = stop_x(0), {3}
    bus.sign_on("E-1")
    world.now_ms += 120_000
    drive(world, [bus], 240, until=lambda: last(world)[0] is S.SERVED)
    assert last(world)[:2] == (S.SERVED, "only")


# -- cut-offs, terminals taken for granted ------------------------------------------------


@pytest.mark.parametrize("cutoff", ["previous-stop", "second-previous-stop", "minutes"])
def test_a_cut_off_says_until_when_one_may_ring_not_until_when_the_driver_is_told(cutoff: Any) -> None:
    world = World(policy=Policy(cutoff=cutoff, cutoff_s=120.0))
    bus, other = bus_at(world, "first", stop_x(1)), bus_at(world, "second", 0.0)
    world.ring(5)
    bus.stop_at = {5}
    drive(world, [bus, other], 300, until=lambda: last(world)[0] is S.SERVED)
    assert [v for s, v in world.states() if s is S.ASSIGNED] == ["first"]
    assert last(world)[:2] == (S.SERVED, "first")


@pytest.mark.parametrize(("taken_for_granted", "state"), [(True, S.SERVED), (False, S.PASSED)])
def test_where_terminals_are_taken_for_granted_a_driver_who_was_sent_the_alert_knew(
    taken_for_granted: bool, state: BellState
) -> None:
    """A recording has no word from its terminals; the bus is out of sight at the stop, and has no time to spare."""
    world = World(assume_terminal=taken_for_granted)
    bus = bus_at(world, "first", stop_x(2) + 100)
    world.engine._shard.tracks[VehicleId("first")].terminal_since_ms = world.now_ms
    world.ring(3)
    assert len(world.alerts("first")) == 1
    world.now_ms += 64_000
    bus.x_m = stop_x(3) + 170
    bus.report()
    world.now_ms += 4_000
    bus.report(x_m=stop_x(3) + 210)
    assert state in [s for s, _ in world.states()]


def test_shown_by_another_terminal_is_shown_by_nobody() -> None:
    world = World()
    bus_at(world, "first", stop_x(2) + 100)
    world.ring(3)
    alert = world.alerts("first")[-1]
    assert world.do(Shown(VehicleId("second"), alert.alert_id, world.now_ms)) == []


def test_a_street_without_a_second_pattern_has_one_bus_in_front() -> None:
    """Two buses a few metres apart, in either order of sign-on: the bell is for the one in front."""
    for names in (("a", "b"), ("b", "a")):
        world = World(network=street())
        for name, x_m in zip(names, (stop_x(1) + 40, stop_x(1)), strict=True):
            bus_at(world, name, x_m)
        world.ring(4)
        assert last(world)[:2] == (S.ASSIGNED, names[0])
