"""Check in, check out, undo, correct; and the bell to be let off: what riders say of their rides, in the engine."""

from typing import Any

import pytest
from msgspec.structs import replace

from server.core.effects import BellChanged, BellRepeated, Effect, Refused, RideRepeated
from server.core.events import Cancel, CheckIn, CheckOut, Correct, Respond, Ring, SignOff, Undo, Whereabouts
from server.core.model import (
    AlertId,
    Answer,
    Bell,
    BellId,
    BellKind,
    BellState,
    EvidenceKey,
    Question,
    Reason,
    Ride,
    RideId,
    RideMode,
    RiderId,
    RideState,
    RouteId,
    StopId,
    VehicleId,
)
from tests.server.core.engine_world import World, lat_lon, refused, stop_id, stop_x, street
from tests.server.core.ride_world import RideWorld, policy

DETECTED, ABOARD, ALIGHTED = RideState.DETECTED, RideState.ABOARD, RideState.ALIGHTED
SETTLED, VOIDED, ASKED = RideState.SETTLED, RideState.VOIDED, RideState.ASKED
BOTH = RideMode.CHECK_IN_CHECK_OUT
ME, A = RiderId("rider"), VehicleId("A")


def proven(rider: str = "rider", vehicle: str = "A", **more: Any) -> CheckIn:
    return CheckIn(RiderId(rider), VehicleId(vehicle), proven=True, **more)


def aboard(world: RideWorld, rider: str = "rider", **more: Any) -> Ride:
    """The ride of a rider who has just checked in with the bus's own code."""
    world.do(proven(rider, **more))
    return world.rides(rider)[-1]


def riding(mode: RideMode = BOTH, **more: Any) -> RideWorld:
    """A world in which bus A has left stop 1."""
    world = RideWorld(policy=policy(mode, **more))
    world.bus(at_stop=1)
    world.until_left(1)
    return world


def let_off(
    world: RideWorld, stop: int = 4, rider: str = "rider", bell: str = "bell-off-1", **more: Any
) -> list[Effect]:
    fields = {"vehicle_id": A} | more
    return world.do(Ring(BellId(bell), RiderId(rider), BellKind.ALIGHT, stop_id(stop), **fields))


def bells(world: World, bell: str = "bell-off-1") -> list[BellState]:
    return [e.bell.state for e in world.effects if isinstance(e, BellChanged) and e.bell.bell_id == bell]


# -- on and off ------------------------------------------------------------------


def test_on_and_off_by_hand() -> None:
    world = riding()
    ride = aboard(world)
    assert (ride.state, ride.board and ride.board.stop_id, ride.by_hand) == (ABOARD, stop_id(1), True)
    assert (ride.distance_m, world.engine.undecided_count) == (None, 1)
    world.until_stands(4)
    world.do(CheckOut(ME, ride.ride_id))
    ended = world.rides()[-1]
    assert (ended.state, ended.alight and ended.alight.stop_id) == (ALIGHTED, stop_id(4))
    assert [one.key for one in ended.evidence] == [EvidenceKey.CHECKED_IN, EvidenceKey.CHECKED_OUT]
    world.run(950)
    assert world.ride_states() == [ABOARD, ALIGHTED, SETTLED]
    assert world.engine.undecided_count == 0
    assert refused(world.do(Undo(ME, ride.ride_id))) == [Reason.UNDO_TOO_LATE]
    assert refused(world.do(Correct(ME, ride.ride_id, party=2))) == [Reason.UNDO_TOO_LATE]


@pytest.mark.parametrize(
    ("metres", "age_s", "accuracy_m", "believed"),
    [(0, 0, 10, True), (50, 0, 10, True), (400, 0, 10, False), (400, 0, 2000, False), (0, 120, 10, False)],
)
def test_who_is_far_from_the_bus_is_not_in_it(metres: float, age_s: int, accuracy_m: float, believed: bool) -> None:
    world = riding()
    lat, lon = lat_lon(world.buses["A"].x_m, metres)
    position = Whereabouts(world.now_ms - age_s * 1000, lat, lon, accuracy_m)
    effects = world.do(CheckIn(ME, A, position, ref="me"))
    assert (refused(effects) == []) is believed
    if not believed:
        assert [(e.reason, e.ref) for e in effects if isinstance(e, Refused)] == [(Reason.NOT_ON_BOARD, "me")]


def test_a_bus_on_no_run_takes_nobody() -> None:
    world = riding()
    world.do(SignOff(A))
    assert refused(world.do(proven())) == [Reason.NOT_IN_SERVICE]


def test_checking_in_again_is_the_same_ride() -> None:
    world = riding()
    first = aboard(world)
    assert [e.ride.ride_id for e in world.do(proven()) if isinstance(e, RideRepeated)] == [first.ride_id]


def test_out_to_let_others_off_and_in_again_is_one_ride() -> None:
    world = riding()
    first = aboard(world)
    world.until_stands(2)
    world.do(CheckOut(ME, first.ride_id))
    world.run(20)
    again = aboard(world)
    assert (again.ride_id, again.state, again.alight) == (first.ride_id, ABOARD, None)
    world.until_stands(3)
    world.do(CheckOut(ME, first.ride_id))
    world.run(150)
    assert aboard(world).ride_id != first.ride_id


def test_checking_in_on_another_bus_ends_the_ride_on_the_first() -> None:
    world = riding()
    aboard(world)
    world.until_left(3)
    world.bus("B", at_stop=4, before_m=200.0)
    world.run(5)
    aboard(world, vehicle="B")
    by_bus = {ride.vehicle_id: ride.state for ride in world.rides()}
    assert by_bus == {"A": ALIGHTED, "B": ABOARD}


def test_out_where_one_got_on_is_no_ride() -> None:
    world = riding()
    ride = aboard(world)
    world.do(CheckOut(ME, ride.ride_id))
    assert world.ride_states() == [ABOARD, VOIDED]
    assert [e.ride.state for e in world.do(CheckOut(ME, ride.ride_id)) if isinstance(e, RideRepeated)] == [VOIDED]
    assert [e.ride.state for e in world.do(Undo(ME, None)) if isinstance(e, RideRepeated)] == [VOIDED]


def test_somebody_elses_ride_is_as_unknown_as_none() -> None:
    world = riding()
    ride = aboard(world)
    for event in (
        CheckOut(RiderId("thief"), ride.ride_id),
        Undo(RiderId("thief"), ride.ride_id),
        Correct(RiderId("thief"), ride.ride_id),
        Undo(ME, RideId("none")),
        CheckOut(RiderId("nobody"), None),
    ):
        assert refused(world.do(event)) == [Reason.UNKNOWN_RIDE]


def test_undo_takes_back_the_ride_and_its_bell_and_nobody_elses() -> None:
    world = riding()
    mine = aboard(world)
    aboard(world, "other")
    let_off(world)
    let_off(world, rider="other", bell="bell-off-2")
    world.do(Undo(ME, mine.ride_id))
    assert world.ride_states() == [ABOARD, VOIDED]
    assert world.rides()[-1].fare_won == 0
    assert bells(world)[-1] is BellState.CANCELLED
    assert bells(world, "bell-off-2")[-1] is not BellState.CANCELLED
    assert world.rides("other")[-1].state is ABOARD


def test_a_rider_says_where_it_was() -> None:
    world = riding()
    ride = aboard(world)
    world.until_stands(4)
    world.do(CheckOut(ME, ride.ride_id))
    world.do(Correct(ME, ride.ride_id, board_stop_id=stop_id(2), alight_stop_id=stop_id(3), party=2))
    said = world.rides()[-1]
    assert world.ends() == (stop_id(2), stop_id(3))
    assert (said.state, said.party, said.evidence[-1].key) == (ALIGHTED, 2, EvidenceKey.CORRECTED)
    for wrong in (
        Correct(ME, None, alight_stop_id=stop_id(1)),
        Correct(ME, None, alight_stop_id=StopId("W1")),
        Correct(ME, None, board_stop_id=stop_id(5)),
        Correct(ME, None, board_stop_id=StopId("W1")),
    ):
        assert refused(world.do(wrong)) == [Reason.ROUTE_NOT_AT_STOP]


def test_one_who_is_on_board_corrects_only_where_the_ride_began() -> None:
    world = riding()
    aboard(world)
    world.until_left(2)
    world.do(Correct(ME, None, board_stop_id=stop_id(2)))
    assert (world.rides()[-1].state, world.ends()) == (ABOARD, (stop_id(2), None))


def test_a_forgotten_check_out_is_asked_about_and_never_the_end_of_the_line() -> None:
    world = riding()
    aboard(world)
    world.run(3600)
    asked = world.rides()[-1]
    assert asked.state is ASKED
    assert asked.question in {Question.ALIGHT, Question.ABOARD}
    world.do(Correct(ME, asked.ride_id, alight_stop_id=stop_id(3)))
    assert (world.rides()[-1].state, world.ends()) == (ALIGHTED, (stop_id(1), stop_id(3)))


def test_a_question_without_an_answer_costs_nothing() -> None:
    world = riding(ask_s=600.0)
    aboard(world)
    world.run(4800)
    assert world.ride_states()[-2:] == [ASKED, VOIDED]
    assert world.rides()[-1].reason is Reason.UNSURE


# -- the bell that was rung before ----------------------------------------------------


def test_a_ride_ends_the_bell_that_was_rung_for_it() -> None:
    world = RideWorld(policy=policy(BOTH))
    world.bus(at_stop=1)
    world.run(2)
    world.ring(1, bell_id="bell-on-1")
    world.until_stands(1)
    aboard(world)
    assert bells(world, "bell-on-1")[-1] is BellState.BOARDED


def test_boarding_another_line_cancels_the_bell_and_says_so() -> None:
    world = RideWorld(policy=policy(BOTH))
    world.bus(at_stop=1)
    world.until_stands(1)
    waits = Bell(
        BellId("bell-on-1"),
        ME,
        BellKind.BOARD,
        stop_id(1),
        RouteId("99"),
        BellState.WAITING,
        rung_ms=world.now_ms,
        changed_ms=world.now_ms,
    )
    world.engine.restore([waits], now_ms=world.now_ms)
    aboard(world)
    ended = [e.bell for e in world.effects if isinstance(e, BellChanged)][-1]
    assert (ended.state, ended.reason) == (BellState.CANCELLED, Reason.BOARDED_ELSEWHERE)


def test_a_bell_for_the_next_bus_outlives_the_ride_that_leads_to_it() -> None:
    world = riding()
    aboard(world)
    world.ring(5, bell_id="bell-on-1")
    world.until_left(2)
    world.do(Correct(ME, None, party=2))
    assert BellState.CANCELLED not in bells(world, "bell-on-1")
    world.do(Cancel(BellId("bell-on-1"), ME))
    world.do(Correct(ME, None, party=3))
    assert bells(world, "bell-on-1").count(BellState.CANCELLED) == 1


# -- to be let off ----------------------------------------------------------------------


def test_nobody_outside_can_ring_to_be_let_off() -> None:
    world = riding()
    effects = let_off(world)
    assert [(e.reason, e.ref) for e in effects if isinstance(e, Refused)] == [(Reason.NOT_ON_BOARD, "bell-off-1")]
    aboard(world, "other")
    assert refused(let_off(world, ride_id=world.rides("other")[-1].ride_id)) == [Reason.NOT_ON_BOARD]


def test_the_driver_sees_how_many_want_off_each_counted_once() -> None:
    world = riding()
    for rider in ("rider", "other"):
        aboard(world, rider)
    let_off(world)
    let_off(world, bell="bell-off-2")  # the same rider, for the same stop
    let_off(world, rider="other", bell="bell-off-3")
    world.until_left(3)
    alert = world.alerts("A")[-1]
    assert (alert.stop_id, alert.alighting, alert.boarding) == (stop_id(4), 2, 0)
    world.do(Cancel(BellId("bell-off-1"), ME))
    world.do(Cancel(BellId("bell-off-2"), ME))
    assert world.alerts("A")[-1].alighting == 1
    world.until_left(4)
    world.run(10)
    assert bells(world, "bell-off-3")[-1] is BellState.SERVED


def test_the_same_ring_again_is_the_same_bell_and_another_under_its_id_is_refused() -> None:
    world = riding()
    ride = aboard(world)
    let_off(world)
    assert [type(e) for e in let_off(world)] == [BellRepeated]
    assert [type(e) for e in let_off(world, vehicle_id=None, ride_id=ride.ride_id)] == [BellRepeated]
    assert refused(let_off(world, stop=5)) == [Reason.ID_REUSED]


@pytest.mark.parametrize(
    ("stop", "more", "reason"),
    [
        (1, {}, Reason.TOO_LATE),
        (4, {"stop_sequence": 99}, Reason.ROUTE_NOT_AT_STOP),
        (4, {"route_id": RouteId("no")}, Reason.UNKNOWN_ROUTE),
        (4, {"vehicle_id": VehicleId("B")}, Reason.NOT_ON_BOARD),
    ],
)
def test_why_a_bell_to_be_let_off_is_refused(stop: int, more: dict[str, Any], reason: Reason) -> None:
    world = riding()
    aboard(world)
    assert refused(let_off(world, stop, **more)) == [reason]


def test_where_nobody_gets_off_the_bell_says_so() -> None:
    world = riding()
    aboard(world)
    pattern = world.network.pattern(world.engine._shard.tracks[A].pattern.index)  # type: ignore[union-attr]
    object.__setattr__(pattern.visits[4], "drop_off_type", 1)
    assert refused(let_off(world)) == [Reason.BOARD_ONLY]


def test_too_near_to_stop_in_comfort_is_too_late_and_standing_there_is_here() -> None:
    world = riding()
    aboard(world)
    world.until_stands(2)
    assert refused(let_off(world, 2)) == [Reason.BUS_HERE_NOW]
    world._until(lambda: world.buses["A"].x_m > stop_x(3) - 45.0, 300)
    assert refused(let_off(world, 3)) == [Reason.TOO_LATE]


def test_a_bus_that_left_its_run_lets_nobody_off_by_bell() -> None:
    world = riding()
    aboard(world)
    let_off(world)
    world.do(SignOff(A))
    assert refused(let_off(world, bell="bell-off-2")) == [Reason.NOT_IN_SERVICE]
    world.run(40)
    assert bells(world)[-1] is BellState.EXPIRED


def test_a_stop_that_the_bus_drove_past_is_told_and_ends_the_bell() -> None:
    world = riding()
    aboard(world)
    let_off(world)
    world.buses["A"].stop_at = {6}
    world.until_left(5)
    assert bells(world)[-2:] == [BellState.PASSED, BellState.EXPIRED]


def test_a_full_bus_still_lets_people_off() -> None:
    world = riding()
    aboard(world)
    let_off(world)
    world.ring(4, rider="waiting", bell_id="bell-on-1")
    world.until_left(3)
    alert = world.alerts("A")[-1]
    world.do(Respond(A, AlertId(alert.alert_id), Answer.FULL))
    assert bells(world, "bell-on-1")[-1] is not BellState.SHOWN
    assert [a.alighting for a in world.engine.live_alerts(A)] == [1]
    assert refused(let_off(world, rider="rider", bell="bell-off-2")) == []
    world.until_left(4)
    world.run(10)
    assert bells(world)[-1] is BellState.SERVED


def test_a_driver_who_cannot_stop_lets_the_rider_know() -> None:
    world = riding()
    aboard(world)
    let_off(world)
    world.until_left(3)
    world.do(Respond(A, AlertId(world.alerts("A")[-1].alert_id), Answer.CANNOT_STOP))
    assert BellState.DECLINED in bells(world)
    world.buses["A"].stop_at = {6}
    world.until_left(5)
    world.run(60)
    assert bells(world)[-1] is BellState.EXPIRED


def test_getting_off_at_the_stop_that_was_rung_for_is_alighted() -> None:
    world = riding()
    ride = aboard(world)
    let_off(world, 3)
    world.until_stands(3)
    world.do(CheckOut(ME, ride.ride_id))
    assert bells(world)[-1] is BellState.ALIGHTED


# -- a restart ----------------------------------------------------------------------------


def test_rides_and_their_bells_outlive_a_restart() -> None:
    world = riding()
    ride = aboard(world)
    let_off(world)
    again = RideWorld(network=street(), policy=world.policy, now_ms=world.now_ms)
    again.engine.restore(
        [*world.facts(), ride, replace(ride, ride_id=RideId("elsewhere"), vehicle_id=VehicleId("Z"))],
        now_ms=world.now_ms,
    )
    assert again.engine.ride(ride.ride_id) == ride
    assert len(again.engine.rides_of(ME)) == 2
    again.buses = {"A": world.buses["A"]}
    again.buses["A"].world = again
    again.run(5)
    assert refused(again.do(CheckOut(ME, ride.ride_id))) == []


def test_an_ended_ride_is_taken_back_from_the_journal_once() -> None:
    world = riding()
    ride = aboard(world)
    world.do(Undo(ME, None))
    ended = world.rides()[-1]
    world.engine.remember_ride(ride)
    assert world.engine.ride(ride.ride_id) == ended
    other = RideWorld()
    other.engine.remember_ride(ended)
    assert other.engine.ride(ended.ride_id) == ended


def test_rides_that_are_not_over_can_be_looked_through() -> None:
    world = riding()
    ride = aboard(world)
    assert [one.ride_id for one in world.engine.open_rides()] == [ride.ride_id]
    world.do(Undo(ME, None))
    assert world.engine.open_rides() == []


def test_what_a_ride_costs_is_written_on_its_record() -> None:
    world = riding()
    ride = aboard(world)
    priced = world.engine.price_ride(ride.ride_id, 1650)
    assert priced is not None
    assert world.engine.ride(ride.ride_id) == priced
    assert priced.fare_won == 1650
    assert world.engine.price_ride(RideId("nobody's"), 1650) is None


def test_a_bus_that_comes_back_takes_its_stop_bells_again() -> None:
    world = riding()
    aboard(world)
    let_off(world, 5)
    bus = world.buses.pop("A")
    world.run(200)
    assert bells(world)[-1] is BellState.WAITING
    world.buses["A"] = bus
    world.run(5)
    assert bells(world)[-1] is BellState.ASSIGNED


def test_a_stop_bell_without_its_ride_ends() -> None:
    world = riding()
    lost = Bell(
        BellId("bell-off-9"),
        ME,
        BellKind.ALIGHT,
        stop_id(5),
        RouteId("10"),
        BellState.WAITING,
        rung_ms=world.now_ms,
        changed_ms=world.now_ms,
        stop_sequence=5,
        wanted_vehicle_id=VehicleId("Z"),
        ride_id=RideId("gone"),
    )
    world.engine.restore([lost], now_ms=world.now_ms)
    world.run(45)
    ended = [e.bell for e in world.effects if isinstance(e, BellChanged)][-1]
    assert (ended.state, ended.reason) == (BellState.EXPIRED, Reason.RIDE_OVER)


def test_off_a_bus_that_left_its_way_nobody_knows_where() -> None:
    world = riding()
    aboard(world)
    world.until_left(2)
    bus = world.buses.pop("A")
    for _ in range(4):
        world.now_ms += 5000
        bus.report(y_m=600.0)
    world.do(CheckOut(ME, None))
    assert (world.rides()[-1].state, world.rides()[-1].question) == (ASKED, Question.ALIGHT)
