"""What time, silence and crashes do to bells: given up late, moved, expired, left standing, forgotten, recovered."""

from typing import Any

import pytest
from msgspec.structs import replace

from server.core.effects import AlertRaised, BellChanged, BellRepeated
from server.core.events import Cancel, Respond, Shown, SignOff, TerminalLink
from server.core.model import (
    Alert,
    Answer,
    Assignment,
    Bell,
    BellId,
    BellState,
    Doors,
    Outcome,
    Reason,
    RiderId,
    StopId,
    VehicleId,
)
from server.core.policy import Policy
from tests.server.core.engine_world import Bus, World, drive, refused, stop_id, stop_x, street

S = BellState


def bus_at(world: World, name: str, x_m: float, **more: Any) -> Bus:
    bus = Bus(world, name, x_m, **more)
    bus.sign_on()
    bus.report()
    return bus


def reasons(world: World, rider: str = "rider") -> list[tuple[BellState, Reason | None]]:
    return [
        (e.bell.state, e.bell.reason)
        for e in world.effects
        if isinstance(e, BellChanged) and e.bell.rider_id == rider and e.bell.reason is not None
    ]


def outcomes(world: World, vehicle: str) -> list[Outcome | None]:
    return [c.alert.outcome for c in world.clears(vehicle)]


# -- too late ------------------------------------------------------------------------


def test_a_bell_whose_driver_was_never_told_in_time_goes_to_the_next_bus_and_says_so() -> None:
    """The bus was out of sight, and reappears beyond the commit point."""
    world = World()
    first = bus_at(world, "G1", stop_x(0) + 20)
    bus_at(world, "G2", 0.0)
    world.ring(4)
    assert world.states()[-1] == (S.ASSIGNED, "G1")
    world.now_ms += 150_000
    first.x_m = stop_x(4) - 60
    first.report()
    assert world.alerts("G1") == []
    assert world.states()[-2:] == [(S.WAITING, None), (S.ASSIGNED, "G2")]
    assert reasons(world) == [(S.WAITING, Reason.TOO_LATE), (S.ASSIGNED, Reason.TOO_LATE)]


def test_all_bells_of_that_stop_go_and_those_of_others_stay() -> None:
    world = World()
    bus = bus_at(world, "G1", stop_x(0) + 20)
    world.ring(4)
    world.ring(4, rider="second")
    world.ring(6, rider="later")
    world.now_ms += 150_000
    bus.x_m = stop_x(4) - 60
    bus.report()
    assert [world.states(rider)[-1][0] for rider in ("rider", "second", "later")] == [S.WAITING, S.WAITING, S.ASSIGNED]


def test_a_bus_that_reappears_at_the_stop_is_here_and_arrived() -> None:
    world = World()
    bus = bus_at(world, "G1", stop_x(0) + 20)
    world.ring(4)
    world.now_ms += 150_000
    bus.x_m = stop_x(4)
    bus.speed_mps, bus.doors = 0.0, Doors.OPEN
    bus.report()
    assert world.alerts("G1") == []
    assert world.states()[-1] == (S.ARRIVED, "G1")
    world.ring(4, rider="second", presence=None)
    drive(world, [bus], 60)
    assert world.states()[-1] == (S.SERVED, "G1")


def test_of_a_wish_for_one_bus_nothing_is_left_once_it_passed() -> None:
    world = World()
    wished = bus_at(world, "X1", stop_x(2))
    other = bus_at(world, "X2", stop_x(0) + 40, stop_at={3})
    world.ring(3, vehicle_id=VehicleId("X1"))
    drive(world, [wished, other], 240, until=lambda: world.states()[-1][0] is S.SERVED)
    assert [(s, v) for s, v in world.states() if s in (S.PASSED, S.SERVED)] == [(S.PASSED, "X1"), (S.SERVED, "X2")]


# -- drivers -------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [Answer.FULL, Answer.CANNOT_STOP])
def test_a_full_bus_is_told_of_none_of_its_riders_again(answer: Answer) -> None:
    world = World()
    first = bus_at(world, "F1", stop_x(2) + 150)
    second = bus_at(world, "F2", stop_x(0))
    world.ring(3)
    world.ring(3, rider="second")
    world.ring(3, rider="third", vehicle_id=VehicleId("F1"))
    drive(world, [first, second], 2)
    alert = world.alerts("F1")[-1]
    assert alert.boarding == 3
    effects = world.do(Respond(VehicleId("F1"), alert.alert_id, answer))
    assert [e for e in effects if isinstance(e, AlertRaised) and e.alert.vehicle_id == "F1"] == []
    assert outcomes(world, "F1") == [Outcome.MOVED]
    for rider in ("rider", "second", "third"):
        assert world.states(rider)[-2:] == [(S.DECLINED, "F1"), (S.ASSIGNED, "F2")]
        assert (S.DECLINED, Reason(answer.value)) in reasons(world, rider)


def test_a_screen_that_shows_what_is_gone_says_nothing() -> None:
    world = World()
    bus = bus_at(world, "F1", stop_x(2) + 150)
    world.ring(3, bell_id="mine")
    alert = world.alerts("F1")[-1]
    world.do(Cancel(BellId("mine"), RiderId("rider")))
    assert world.do(Shown(VehicleId("F1"), alert.alert_id, world.now_ms)) == []
    assert world.do(Shown(VehicleId("nobody"), alert.alert_id, world.now_ms)) == []
    assert bus.speed_mps == 10.0


def test_shown_twice_is_marked_once_and_one_who_joined_later_is_shown_by_the_next() -> None:
    world = World()
    bus_at(world, "F1", stop_x(2) + 150)
    world.ring(3)
    alert = world.alerts("F1")[-1]
    shown = Shown(VehicleId("F1"), alert.alert_id, world.now_ms)
    assert len(world.do(shown)) == 2
    assert world.do(shown) == []
    world.ring(3, rider="second")
    assert world.states("second")[-1][0] is S.ASSIGNED
    assert [type(e) for e in world.do(shown)] == [BellChanged]
    assert world.states("second")[-1][0] is S.SHOWN


# -- buses that leave -----------------------------------------------------------------


def test_a_bus_that_leaves_its_route_at_the_stop_has_served_those_it_stood_for() -> None:
    world = World()
    bus = bus_at(world, "R1", stop_x(2) + 200, stop_at={3}, stand_s=100)
    world.ring(3)
    world.ring(6, rider="later")
    drive(world, [bus], 60, until=lambda: world.states()[-1][0] is S.ARRIVED)
    for k in range(1, 6):
        world.now_ms += 35_000
        bus.report(y_m=120.0 * k)
    assert world.states()[-1] == (S.SERVED, "R1")
    assert (S.WAITING, Reason.OFF_ROUTE) in reasons(world, "later")
    assert world.engine.live_alerts(VehicleId("R1")) == ()


def test_nobody_sees_a_silent_bus_leave_the_stop() -> None:
    world = World()
    bus = bus_at(world, "R1", stop_x(2) + 200, stop_at={3}, stand_s=100)
    world.ring(3)
    drive(world, [bus], 60, until=lambda: world.states()[-1][0] is S.ARRIVED)
    world.wait(185)
    assert reasons(world)[-1] == (S.SERVED, Reason.UNSURE)
    assert outcomes(world, "R1") == [Outcome.SERVED]


def test_a_bus_that_stands_for_ever_does_not_keep_a_bell_open() -> None:
    world = World(policy=Policy(bell_max_age_s=120))
    bus = bus_at(world, "R1", stop_x(2) + 200, stop_at={3}, stand_s=1000)
    world.ring(3)
    drive(world, [bus], 140)
    assert world.states()[-1] == (S.SERVED, "R1")


def test_a_bus_that_never_comes_does_not_keep_a_bell_open_either() -> None:
    world = World(policy=Policy(bell_max_age_s=120))
    bus = bus_at(world, "R1", stop_x(2) + 150, cruise_mps=0.0, speed_mps=0.0)
    world.ring(3)
    drive(world, [bus], 130)
    assert world.states()[-1] == (S.EXPIRED, "R1")
    assert reasons(world) == [(S.EXPIRED, Reason.TOO_OLD)]
    assert outcomes(world, "R1") == [Outcome.CANCELLED]


def test_the_driver_of_a_silent_bus_is_no_longer_asked() -> None:
    world = World()
    bus_at(world, "R1", stop_x(2) + 150)
    world.ring(3)
    drive(world, [], 1)
    assert world.states()[-1] == (S.SHOWN, "R1")
    world.wait(185)
    assert reasons(world) == [(S.WAITING, Reason.BUS_SILENT)]
    assert outcomes(world, "R1") == [Outcome.CANCELLED]


@pytest.mark.parametrize(("told", "ends"), [(True, S.SERVED), (False, S.WAITING)])
def test_a_bus_last_seen_beyond_the_stop_is_judged_by_whether_its_driver_knew(told: bool, ends: S) -> None:
    world = World(assume_terminal=False)
    bus = Bus(world, "L1", stop_x(3) - 400)
    world.do(TerminalLink(VehicleId("L1"), up=True))
    bus.sign_on()
    bus.report()
    world.ring(3)
    drive(world, [bus], 15, show=told)
    world.wait(20)
    bus.report(x_m=stop_x(3) + 120)
    assert world.states()[-1][0] in (S.SHOWN, S.ASSIGNED)
    world.wait(200)
    assert [c.alert.outcome for c in world.clears("L1")] == [Outcome.SERVED if told else Outcome.PASSED]
    assert world.states()[-1][0] is ends
    assert (S.PASSED, "L1") in world.states() or told


def test_a_bus_nobody_heard_of_for_an_hour_is_forgotten_but_for_its_terminal() -> None:
    world = World()
    for name in ("gone", "linked"):
        bus_at(world, name, stop_x(1))
    Bus(world, "plain", 500.0).report()
    world.do(TerminalLink(VehicleId("linked"), up=True))
    world.now_ms += 3_601_000
    world.wait(1)
    assert [view.vehicle_id for view in world.engine.vehicles(world.now_ms)] == ["linked"]
    assert world.engine.assignment(VehicleId("gone")) is None
    assert [row.vehicle_id for row in world.engine.arrivals(stop_id(3), world.now_ms)] == ["linked"]


def test_a_tick_looks_at_a_bell_that_another_one_moved_only_once() -> None:
    """The first bell is overtaken; looking at its old bus shows that the second comes too late for it."""
    world = World()
    bus_at(world, "V1", stop_x(1) + 20)
    world.ring(6)
    world.ring(3, rider="second")
    assert {world.states(rider)[-1] for rider in ("rider", "second")} == {(S.ASSIGNED, "V1")}
    ahead = Bus(world, "V2", stop_x(2) + 110)
    ahead.sign_on("E-1")
    world.now_ms += 55_000
    ahead.report()
    before = len(world.effects)
    world.wait(1)
    changed = [
        (e.bell.rider_id, e.bell.state, e.bell.reason) for e in world.effects[before:] if isinstance(e, BellChanged)
    ]
    assert changed == [
        ("rider", S.ASSIGNED, Reason.OVERTAKEN),
        ("second", S.WAITING, Reason.TOO_LATE),
        ("second", S.ASSIGNED, Reason.TOO_LATE),
    ]
    assert {world.states(rider)[-1] for rider in ("rider", "second")} == {(S.ASSIGNED, "V2")}


# -- expiry of those who wait -----------------------------------------------------------


def test_who_waits_for_no_bus_at_all_is_told_when_none_is_to_come() -> None:
    world = World(network=street(trips=1))
    world.ring(5)
    world.wait(15 * 60)
    assert reasons(world)[-1] == (S.EXPIRED, Reason.NO_MORE_BUSES)


def test_a_bus_that_may_still_be_chosen_keeps_the_bell_waiting() -> None:
    world = World(network=street(trips=1))
    bus = bus_at(world, "S1", stop_x(1), cruise_mps=0.0, speed_mps=0.0)
    world.ring(5)
    world.do(TerminalLink(VehicleId("S1"), up=False))
    drive(world, [bus], 15 * 60)
    assert world.states()[-1] == (S.WAITING, None)
    assert reasons(world)[-1] == (S.WAITING, Reason.NO_TERMINAL)


# -- recovery ----------------------------------------------------------------------------


def recovered(world: World, *, after_s: float = 5.0, **more: Any) -> World:
    again = World(network=world.network, now_ms=world.now_ms + round(after_s * 1000), **more)
    again.engine.restore(world.facts(), now_ms=again.now_ms)
    return again


def test_after_a_restart_all_that_lasts_is_as_it_was() -> None:
    world = World()
    bus = bus_at(world, "Z1", stop_x(2) + 60)
    world.ring(3)
    world.ring(6, rider="later")
    drive(world, [bus], 2)
    again = recovered(world)
    assert {*again.engine.open_bells()} == {*world.engine.open_bells()}
    assert again.engine.live_alerts(VehicleId("Z1")) == world.engine.live_alerts(VehicleId("Z1"))
    assert again.engine.assignment(VehicleId("Z1")) == world.engine.assignment(VehicleId("Z1"))
    (mine,) = again.engine.bells_of(RiderId("rider"))
    assert again.engine.bell_outlook(mine, again.now_ms) == (None, None)  # until the bus reports again
    assert again.engine.vehicles(again.now_ms) == []


def test_terminals_get_time_to_come_back_before_their_bells_move() -> None:
    world = World(assume_terminal=False)
    bus_at(world, "Z1", stop_x(0))
    world.do(TerminalLink(VehicleId("Z1"), up=True))
    world.ring(6)
    assert world.states()[-1] == (S.ASSIGNED, "Z1")
    again = recovered(world, assume_terminal=False)
    again.wait(14)
    assert again.effects == []
    again.do(TerminalLink(VehicleId("Z1"), up=True))
    again.wait(60)
    assert again.effects == []
    gone = recovered(world, assume_terminal=False)
    gone.wait(16)
    assert gone.states() == [(S.WAITING, None)]


def test_a_restart_while_the_bus_stands_at_the_stop_changes_nothing_for_those_there() -> None:
    world = World()
    bus = bus_at(world, "Z1", stop_x(2) + 200, stop_at={3}, stand_s=40)
    world.ring(3)
    drive(world, [bus], 60, until=lambda: world.states()[-1][0] is S.ARRIVED)
    again = recovered(world, after_s=1)
    bus.world = again
    drive(again, [bus], 80)
    assert again.states() == [(S.SERVED, "Z1")]
    assert outcomes(again, "Z1") == [Outcome.SERVED]


def test_a_bus_that_never_reports_again_loses_bells_and_alerts() -> None:
    world = World()
    bus = bus_at(world, "Z1", stop_x(2) + 60)
    world.ring(3)
    drive(world, [bus], 2)
    again = recovered(world)
    again.wait(185)
    assert again.states() == [(S.WAITING, None)]
    assert again.engine.live_alerts(VehicleId("Z1")) == ()
    assert outcomes(again, "Z1") == [Outcome.CANCELLED]


def test_facts_may_come_in_any_order_and_without_one_another() -> None:
    world = World()
    bus = bus_at(world, "Z1", stop_x(2) + 60)
    world.ring(3)
    drive(world, [bus], 2)
    facts = world.facts()
    again = World(network=world.network, now_ms=world.now_ms)
    again.engine.restore(reversed(facts), now_ms=again.now_ms)
    assert {*again.engine.open_bells()} == {*world.engine.open_bells()}
    lone = World(network=world.network, now_ms=world.now_ms)
    lone.engine.restore([f for f in facts if not isinstance(f, Assignment)], now_ms=lone.now_ms)
    lone.wait(185)
    assert lone.states() == [(S.WAITING, None)]
    assert lone.engine.live_alerts(VehicleId("Z1")) == ()


def test_a_trip_that_left_the_network_leaves_its_bell_to_other_buses() -> None:
    world = World(network=street(trips=12))
    bus = Bus(world, "Z1", stop_x(2) + 60)
    bus.sign_on("E-11")
    bus.report()
    world.ring(3)
    smaller = World(network=street(trips=3), now_ms=world.now_ms)
    smaller.engine.restore(world.facts(), now_ms=smaller.now_ms)
    (mine,) = smaller.engine.open_bells()
    assert smaller.engine.bell_outlook(mine, smaller.now_ms) == (None, None)
    for _ in range(200):
        smaller.now_ms += 1000
        bus.world = smaller
        bus.report()
    bus_at(smaller, "Z2", stop_x(1))
    smaller.wait(200)
    assert smaller.engine.assignment(VehicleId("Z1")) is not None
    assert smaller.engine.open_bell_count <= 1


def test_an_ended_bell_that_the_journal_remembers_is_not_rung_twice() -> None:
    world = World()
    world.ring(3, bell_id="mine")
    world.do(Cancel(BellId("mine"), RiderId("rider")))
    ended = world.engine.bell(BellId("mine"))
    assert ended is not None
    again = recovered(world)
    assert again.engine.bell(BellId("mine")) is None
    again.engine.remember(ended)
    again.engine.remember(replace(ended, party=9))
    (effect,) = again.ring(3, bell_id="mine")
    assert isinstance(effect, BellRepeated)
    assert effect.bell == ended


def test_a_stop_that_is_behind_when_the_bus_reports_again_is_over_and_nobody_saw_how() -> None:
    world = World()
    bus = bus_at(world, "Z1", stop_x(2) + 60)
    world.ring(3)
    world.ring(4, rider="unseen")
    drive(world, [bus], 2)
    again = recovered(world, after_s=60)
    Bus(again, "Z1", stop_x(5)).report()
    assert reasons(again) == [(S.SERVED, Reason.UNSURE)]  # its driver had seen it
    assert reasons(again, "unseen")[0] == (S.PASSED, Reason.UNSURE)
    assert outcomes(again, "Z1") == [Outcome.EXPIRED]


def test_restoring_a_bell_of_no_bus_makes_no_bus() -> None:
    world = World()
    world.ring(3)
    again = recovered(world)
    assert [type(f) for f in world.facts()] == [Bell]
    again.wait(1)
    assert again.states() == []


def test_alerts_are_listed_in_the_order_of_the_stops() -> None:
    world = World()
    bus_at(world, "Z1", stop_x(2) + 150)
    for stop in (4, 3):
        world.ring(stop, rider=f"rider-{stop}")
    drive(world, [bus_at(world, "Z1", stop_x(3) - 200, speed_mps=5.0)], 1)
    live = world.engine.live_alerts(VehicleId("Z1"))
    assert all(isinstance(alert, Alert) for alert in live)
    assert [alert.stop_sequence for alert in live] == sorted(alert.stop_sequence for alert in live)


def test_signing_off_twice_is_harmless() -> None:
    world = World()
    for _ in range(2):
        world.do(SignOff(VehicleId("new")))
    assert world.engine.assignment(VehicleId("new")) == Assignment(VehicleId("new"), world.now_ms)
    assert refused(world.ring(3, vehicle_id=VehicleId("new"))) == [Reason.NO_BUS_CAN_SERVE]
    assert world.engine.arrivals(StopId("E3"), world.now_ms) == []
