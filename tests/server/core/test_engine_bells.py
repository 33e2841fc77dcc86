"""The bell's way through the engine: the stories that PROTOCOL and DOMAIN tell, on a straight street."""

import pytest

from server.core.effects import BellRepeated
from server.core.events import Cancel, Presence, Respond, SignOff, TerminalLink
from server.core.model import (
    Answer,
    BellId,
    BellState,
    Doors,
    Need,
    Outcome,
    Phase,
    Reason,
    RiderId,
    Stage,
    Vehicle,
    VehicleId,
    VisitOutcome,
)
from server.core.policy import Policy
from tests.server.core.engine_world import Bus, World, drive, lat_lon, refused, stop_id, stop_x, street

S = BellState


def bus_at(world: World, name: str, x_m: float, **more: object) -> Bus:
    bus = Bus(world, name, x_m, **more)  # type: ignore[arg-type]
    bus.sign_on(more.pop("trip", None))  # type: ignore[arg-type]
    bus.report()
    return bus


def test_the_whole_way() -> None:
    world = World()
    bus = bus_at(world, "W1", stop_x(2) + 60)
    world.ring(4, party=2, needs=(Need.STROLLER,))
    bus.stop_at = {4}
    drive(world, [bus], 200, until=lambda: world.states()[-1][0] is S.SERVED)
    assert [s for s, _ in world.states()] == [S.WAITING, S.ASSIGNED, S.SHOWN, S.ARRIVED, S.SERVED]
    alerts = world.alerts("W1")
    assert [a.stage for a in alerts] == [Stage.AHEAD, Stage.NOW]
    assert len({a.alert_id for a in alerts}) == 1
    assert (alerts[0].boarding, alerts[0].alighting, alerts[0].needs) == (2, 0, (Need.STROLLER,))
    assert [c.alert.outcome for c in world.clears("W1")] == [Outcome.SERVED]
    visit = next(v.visit for v in world.visits("W1") if v.visit.stop_id == stop_id(4))
    assert visit.outcome is VisitOutcome.STOPPED
    assert visit.stood_s >= 10


def test_passed_and_told_the_next() -> None:
    world = World()
    first = bus_at(world, "P1", stop_x(2))
    second = bus_at(world, "P2", stop_x(0) + 90)
    world.ring(3)
    second.stop_at = {3}
    drive(world, [first, second], 240, until=lambda: world.states()[-1][0] is S.SERVED)
    assert [(s, v) for s, v in world.states() if s is not S.WAITING] == [
        (S.ASSIGNED, "P1"),
        (S.SHOWN, "P1"),
        (S.PASSED, "P1"),
        (S.ASSIGNED, "P2"),
        (S.SHOWN, "P2"),
        (S.ARRIVED, "P2"),
        (S.SERVED, "P2"),
    ]
    assert [c.alert.outcome for c in world.clears("P1")] == [Outcome.PASSED]


def test_full_goes_to_the_bus_behind() -> None:
    world = World()
    first = bus_at(world, "F1", stop_x(2) + 150)
    second = bus_at(world, "F2", stop_x(0))
    world.ring(3)
    drive(world, [first, second], 3)
    alert = world.alerts("F1")[-1]
    world.do(Respond(VehicleId("F1"), alert.alert_id, Answer.FULL, "r1"))
    assert world.states()[-2:] == [(S.DECLINED, "F1"), (S.ASSIGNED, "F2")]
    assert world.engine.live_alerts(VehicleId("F1")) == ()
    assert refused(world.do(Respond(VehicleId("F1"), alert.alert_id, Answer.FULL, "r2"))) == [Reason.UNKNOWN_ALERT]


@pytest.mark.parametrize(
    ("by_touch", "speed_mps", "waited_s", "refusals"),
    [
        (True, 9.0, 0, [Reason.MOVING]),
        (True, 9.0, 5, [Reason.MOVING]),
        (True, 0.5, 0, []),
        (True, 2.0, 2, []),  # it may have braked since it said so
        (True, None, 0, []),
        (False, 9.0, 0, []),  # by a key of its own
    ],
)
def test_the_screen_may_not_be_touched_while_the_wheels_turn(
    by_touch: bool, speed_mps: float | None, waited_s: float, refusals: list[Reason]
) -> None:
    world = World()
    bus = bus_at(world, "F1", stop_x(2) + 60)
    world.ring(3)
    world.wait(1)
    bus.report(speed_mps=speed_mps)
    alert = world.alerts("F1")[-1]
    world.wait(waited_s)
    answer = Respond(VehicleId("F1"), alert.alert_id, Answer.FULL, "r1", by_touch=by_touch)
    assert refused(world.do(answer)) == refusals


def test_a_touch_is_taken_of_a_bus_whose_speed_nobody_knows() -> None:
    world = World()
    bus_at(world, "F1", stop_x(2) + 60, says_speed=False)
    world.ring(3)
    answer = Respond(VehicleId("F1"), world.alerts("F1")[-1].alert_id, Answer.FULL, "r1", by_touch=True)
    assert refused(world.do(answer)) == []


def test_ok_is_passed_on() -> None:
    world = World()
    bus = bus_at(world, "A1", stop_x(2) + 60)
    world.ring(3)
    alert = world.alerts("A1")[-1]
    world.do(Respond(bus.fix().vehicle_id, alert.alert_id, Answer.OK, "r1"))
    assert world.states()[-1] == (S.ACKNOWLEDGED, "A1")


def test_too_late_for_this_bus() -> None:
    world = World()
    first = bus_at(world, "L1", stop_x(3) - 45, speed_mps=14.0)
    bus_at(world, "L2", stop_x(1))
    world.ring(3)
    assert world.states()[-1] == (S.ASSIGNED, "L2")
    drive(world, [first], 20)
    assert world.alerts("L1") == []


def test_the_other_direction_is_never_told() -> None:
    world = World()
    bus = bus_at(world, "X1", stop_x(1) + 100, direction=1)
    world.ring(3, direction=0)
    drive(world, [bus], 200)
    assert world.states() == [(S.WAITING, None)]
    assert world.alerts("X1") == []


def test_here_now_is_not_accepted() -> None:
    world = World()
    bus_at(world, "H1", stop_x(3), speed_mps=0.0, doors=Doors.OPEN)
    assert refused(world.ring(3)) == [Reason.BUS_HERE_NOW]
    row = world.engine.arrivals(stop_id(3), world.now_ms)[0]
    assert (row.here, row.why_not) == (True, Reason.BUS_HERE_NOW)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"route_id": "77"}, Reason.UNKNOWN_ROUTE),
        ({"route_id": "99"}, Reason.ROUTE_NOT_AT_STOP),
        ({"direction_id": 1}, Reason.ROUTE_NOT_AT_STOP),
        ({"stop_sequence": 7}, Reason.ROUTE_NOT_AT_STOP),
        ({"presence": None}, Reason.NOT_AT_STOP),
        ({"presence": Presence(*lat_lon(0.0, 5000.0), 10.0)}, Reason.NOT_AT_STOP),
        ({"vehicle_id": "nobody"}, Reason.NO_BUS_CAN_SERVE),
    ],
)
def test_refused_early(change: dict[str, object], reason: Reason) -> None:
    world = World()
    assert refused(world.ring(3, **change)) == [reason]  # type: ignore[arg-type]
    assert world.states() == []


def test_alight_only_and_unknown_stop() -> None:
    world = World(network=street(pickup_types={3: 1}))
    assert refused(world.ring(3)) == [Reason.ALIGHT_ONLY]
    assert refused(world.ring(7)) == [Reason.ROUTE_NOT_AT_STOP]  # the last stop: nobody boards there


def test_proven_presence_needs_no_position() -> None:
    world = World()
    world.ring(3, presence=Presence(proven=True))
    assert world.states()[0][0] is S.WAITING


def test_one_bell_at_a_time_and_the_same_again() -> None:
    world = World()
    bus_at(world, "A", stop_x(1))
    world.ring(3, bell_id="same-bell")
    again = world.ring(3, bell_id="same-bell")
    assert isinstance(again[0], BellRepeated)
    assert again[0].bell.state is S.ASSIGNED
    assert refused(world.ring(4, bell_id="same-bell")) == [Reason.ID_REUSED]
    assert refused(world.ring(3, bell_id="same-bell", rider="thief")) == [Reason.ID_REUSED]
    assert refused(world.ring(4)) == [Reason.ONE_BELL_AT_A_TIME]
    world.ring(3, rider="another")
    assert world.alerts("A")[-1:] == [] or world.alerts("A")[-1].boarding in (1, 2)


def test_several_policies_may_allow_two_bells() -> None:
    world = World(policy=Policy(one_bell_per_rider=False, presence_required=False))
    world.ring(3)
    world.ring(4, presence=None)
    assert world.engine.open_bell_count == 2


def test_cancel_is_mine_alone() -> None:
    world = World()
    bus = bus_at(world, "C1", stop_x(2) + 60)
    world.ring(3, bell_id="my-bell-1")
    assert refused(world.do(Cancel(BellId("my-bell-1"), RiderId("thief")))) == [Reason.UNKNOWN_BELL]
    assert refused(world.do(Cancel(BellId("no-bell-1"), RiderId("rider")))) == [Reason.UNKNOWN_BELL]
    world.do(Cancel(BellId("my-bell-1"), RiderId("rider")))
    assert world.states()[-1][0] is S.CANCELLED
    assert [c.alert.outcome for c in world.clears("C1")] == [Outcome.CANCELLED]
    assert isinstance(world.do(Cancel(BellId("my-bell-1"), RiderId("rider")))[0], BellRepeated)
    drive(world, [bus], 120)
    assert world.states()[-1][0] is S.CANCELLED


def test_not_in_service_when_nothing_is_due() -> None:
    world = World()
    world.now_ms += 4 * 3600 * 1000
    assert refused(world.ring(3)) == [Reason.NOT_IN_SERVICE]


def test_too_late_for_the_last_bus_is_said_at_once_though_it_runs_before_its_time() -> None:
    world = World(network=street(trips=1))
    bus_at(world, "L1", stop_x(3) - 30)
    assert refused(world.ring(3)) == [Reason.TOO_LATE]
    another_to_come = World(network=street(trips=2))
    bus_at(another_to_come, "L1", stop_x(3) - 30)
    another_to_come.ring(3)
    assert another_to_come.states() == [(S.WAITING, None)]


def test_waiting_bell_expires_with_the_last_bus() -> None:
    world = World(network=street(trips=1))
    world.ring(5)
    assert world.states() == [(S.WAITING, None)]
    world.wait(15 * 60)
    assert world.states()[-1][0] is S.EXPIRED


def test_very_old_bell_expires() -> None:
    world = World(policy=Policy(bell_max_age_s=100))
    world.ring(5)
    world.wait(101)
    assert world.states()[-1][0] is S.EXPIRED


def test_waiting_bell_is_given_to_the_bus_that_appears() -> None:
    world = World()
    world.ring(3)
    bus_at(world, "N1", stop_x(0))
    assert world.states()[-1] == (S.ASSIGNED, "N1")


def test_silent_bus_loses_its_bells() -> None:
    world = World()
    bus_at(world, "S1", stop_x(0))
    world.ring(3)
    world.wait(200)
    assert world.states()[-1] == (S.WAITING, None)


def test_a_bus_without_terminal_cannot_be_told() -> None:
    world = World(assume_terminal=False)
    bus_at(world, "T1", stop_x(0))
    world.ring(3)
    assert world.states() == [(S.WAITING, None)]
    assert world.engine.arrivals(stop_id(3), world.now_ms)[0].why_not is Reason.NO_TERMINAL
    world.do(TerminalLink(VehicleId("T1"), up=True))
    world.wait(1)
    assert world.states()[-1] == (S.ASSIGNED, "T1")
    world.do(TerminalLink(VehicleId("T1"), up=False))
    world.wait(10)
    assert world.states()[-1] == (S.ASSIGNED, "T1")
    world.wait(10)
    assert world.states()[-1] == (S.WAITING, None)


def test_sign_off_hands_over() -> None:
    world = World()
    bus_at(world, "O1", stop_x(1))
    bus_at(world, "O2", stop_x(0))
    world.ring(3)
    world.do(SignOff(VehicleId("O1"), "off"))
    assert world.states()[-2:] == [(S.WAITING, None), (S.ASSIGNED, "O2")]


def test_overtaking_before_it_is_shown() -> None:
    world = World()
    slow = bus_at(world, "V1", stop_x(0), cruise_mps=0.0, speed_mps=0.0)
    fast = bus_at(world, "V2", 20.0, cruise_mps=12.0)
    world.ring(5)
    assert world.states()[-1] == (S.ASSIGNED, "V1")
    drive(world, [slow, fast], 60)
    assert (S.ASSIGNED, "V2") in world.states()
    assert world.states().count((S.ASSIGNED, "V2")) == 1


def test_bunched_buses_do_not_flap() -> None:
    world = World()
    a, b = bus_at(world, "B1", stop_x(0) + 30), bus_at(world, "B2", stop_x(0))
    world.ring(6)
    for k in range(120):
        a.cruise_mps, b.cruise_mps = (6.0, 9.0) if k % 20 < 10 else (9.0, 6.0)
        drive(world, [a, b], 1)
    assert [v for s, v in world.states() if s is S.ASSIGNED] == ["B1"]


def test_wheelchair_waits_for_a_low_floor() -> None:
    fleet = {VehicleId("high"): Vehicle(VehicleId("high"), low_floor=False)}
    world = World(vehicles=fleet)
    bus_at(world, "high", stop_x(2))
    bus_at(world, "unknown", stop_x(0))
    world.ring(3, needs=(Need.WHEELCHAIR,))
    assert world.states()[-1] == (S.ASSIGNED, "unknown")
    assert refused(world.ring(3, rider="other", needs=(Need.WHEELCHAIR,), vehicle_id="high")) == [
        Reason.NO_BUS_CAN_SERVE
    ]


def test_no_seats_left_is_full_and_unknown_is_not() -> None:
    world = World()
    full = Bus(world, "U1", stop_x(2))
    full.sign_on()
    full.report(seats_left=0)
    bus_at(world, "U2", stop_x(0))
    world.ring(3)
    assert world.states()[-1] == (S.ASSIGNED, "U2")


def test_a_later_ordinary_bell_joins_the_alert_and_is_shown_too() -> None:
    world = World()
    bus = bus_at(world, "J1", stop_x(2) + 60)
    world.ring(3, needs=(Need.BLIND,))
    drive(world, [bus], 2)
    world.ring(3, rider="second")
    drive(world, [bus], 1)
    assert world.alerts("J1")[-1].boarding == 2
    assert world.alerts("J1")[-1].needs == (Need.BLIND,)
    assert world.states("second")[-1] == (S.SHOWN, "J1")
    assert len(world.engine.live_alerts(VehicleId("J1"))) == 1


def test_no_alert_after_the_commit_point() -> None:
    world = World()
    bus = bus_at(world, "Q1", stop_x(2) + 80, speed_mps=14.0, cruise_mps=14.0)
    drive(world, [bus], 12)
    for k in range(30):
        left = stop_x(3) - bus.x_m
        world.ring(3, rider=f"r{k}")
        for alert in world.alerts("Q1"):
            assert alert.distance_m > 14.0 * 3 + 14.0**2 / 2 or left > 150
        drive(world, [bus], 1)


@pytest.mark.parametrize("cutoff", ["previous-stop", "second-previous-stop", "minutes"])
def test_cut_off_presets_are_earlier_than_physics(cutoff: str) -> None:
    world = World(policy=Policy(cutoff=cutoff))  # type: ignore[arg-type]
    bus_at(world, "K1", stop_x(2) + 100)
    world.ring(3)
    assert world.states() == [(S.WAITING, None)]
    world = World(policy=Policy(cutoff=cutoff, cutoff_s=60.0))  # type: ignore[arg-type]
    bus_at(world, "K1", stop_x(0) + 100)
    world.ring(6)
    assert world.states()[-1] == (S.ASSIGNED, "K1")


def test_sparse_reports_are_told_early_enough() -> None:
    world = World()
    bus = bus_at(world, "R1", stop_x(0) + 60, period_s=30)
    drive(world, [bus], 31)
    world.ring(4)
    drive(world, [bus], 200, until=lambda: bool(world.alerts("R1")))
    assert stop_x(4) - bus.x_m > 150


def test_recovery_keeps_bells_and_ends_those_nobody_saw() -> None:
    world = World()
    bus = bus_at(world, "Z1", stop_x(2) + 60)
    bus_at(world, "Z2", stop_x(0))
    world.ring(3)
    world.ring(6, rider="later")
    drive(world, [bus], 2)
    facts = world.facts()
    again = World(network=world.network, now_ms=world.now_ms + 60_000)
    again.engine.restore(facts, now_ms=again.now_ms)
    assert again.engine.open_bell_count == 2
    assert len(again.engine.live_alerts(VehicleId("Z1"))) == 1
    back = Bus(again, "Z1", stop_x(4))
    back.report()
    assert again.states()[:2] == [(S.SERVED, "Z1")] or again.states()[0][0] in (S.SERVED, S.PASSED)
    assert (
        again.engine.live_alerts(VehicleId("Z1")) == ()
        or again.engine.live_alerts(VehicleId("Z1"))[0].stop_sequence > 5
    )
    assert again.engine.bell(BellId("bell-0002")) is not None


def test_a_bus_that_waits_for_its_departure_lies_over_and_can_be_rung() -> None:
    world = World()
    world.now_ms -= 5 * 60_000
    bus = bus_at(world, "W1", stop_x(0), speed_mps=0.0)
    view = world.engine.vehicles(world.now_ms)[0]
    assert view.phase is Phase.LAYOVER
    world.ring(3)
    assert world.states()[-1] == (S.ASSIGNED, "W1")
    bus.speed_mps = 10.0
    drive(world, [bus], 3)
    assert world.engine.vehicles(world.now_ms)[0].phase is Phase.IN_SERVICE


def test_a_bus_that_stood_here_and_pulls_away_is_too_late() -> None:
    world = World()
    bus = bus_at(world, "D1", stop_x(3) - 15, speed_mps=0.0, doors=Doors.OPEN, cruise_mps=1.2)
    world.now_ms += 1000
    bus.doors, bus.speed_mps, bus.x_m = Doors.CLOSED, 1.2, stop_x(3) - 13
    bus.report()
    row = world.engine.arrivals(stop_id(3), world.now_ms)[0]
    assert (row.here, row.why_not) == (False, Reason.TOO_LATE)
    world.ring(3)
    drive(world, [bus], 20)
    assert world.alerts("D1") == []
    assert (S.ASSIGNED, "D1") not in world.states()


def test_a_bell_without_a_bus_is_still_without_one_after_recovery() -> None:
    world = World()
    world.ring(3)
    again = World(network=world.network, now_ms=world.now_ms)
    again.engine.restore(world.facts(), now_ms=again.now_ms)
    assert [b.state for b in again.engine.open_bells()] == [S.WAITING]
    bus_at(again, "N1", stop_x(0))
    assert again.states()[-1] == (S.ASSIGNED, "N1")


def test_one_of_two_alerts_is_cleared_and_the_other_stays() -> None:
    world = World(policy=Policy(alert_lead_s=200.0))
    bus_at(world, "T1", stop_x(2) + 60)
    world.ring(3, bell_id="first-bell")
    world.ring(4, rider="second")
    assert [a.stop_sequence for a in world.engine.live_alerts(VehicleId("T1"))] == [4, 5]
    world.do(Cancel(BellId("first-bell"), RiderId("rider")))
    assert [a.stop_sequence for a in world.engine.live_alerts(VehicleId("T1"))] == [5]
