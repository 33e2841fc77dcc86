"""Be-in and be-out by evidence, in the engine: who rides is known from stop to stop, and who does not is left alone."""

from typing import Any

import pytest
from msgspec.structs import replace

from server.core import sensing
from server.core.effects import RideChanged
from server.core.events import BeaconHeard, CheckIn, Met, Sighted
from server.core.model import (
    EvidenceKey,
    Question,
    Reason,
    RideId,
    RideMode,
    RiderId,
    RideState,
    TripId,
    TripKey,
    VehicleId,
)
from server.core.rides.trail import Run
from tests.server.core.engine_world import DAY, Bus, refused, stop_id, stop_x
from tests.server.core.ride_world import RideWorld, policy

AUTO = RideMode.BE_IN_BE_OUT
DETECTED, ABOARD, ALIGHTED = RideState.DETECTED, RideState.ABOARD, RideState.ALIGHTED
SETTLED, VOIDED, ASKED = RideState.SETTLED, RideState.VOIDED, RideState.ASKED


def ridden(world: RideWorld, board: int = 1, alight: int = 4, **phone: Any) -> None:
    """A rider waits, rides from one stop to another, and walks away."""
    rider = world.phone(**phone).at_stop(board)
    world.bus(at_stop=board)
    world.until_stands(board)
    world.run(5)
    rider.board()
    world.until_stands(alight)
    world.run(4)
    rider.alight()


def test_a_ride_is_known_from_stop_to_stop() -> None:
    world = RideWorld(policy=policy(AUTO))
    ridden(world)
    world.run(240)
    assert world.ride_states() == [ABOARD, ALIGHTED]
    assert world.ends() == (stop_id(1), stop_id(4))
    ride = world.rides()[-1]
    assert ride.confidence > 0.9
    assert ride.distance_m == pytest.approx(3 * 450, abs=5)
    assert {EvidenceKey.HEARD_BEACONS, EvidenceKey.MOVED_WITH_BUS, EvidenceKey.DOORS_OPENED} <= {
        one.key for one in ride.evidence
    }
    world.run(1000)
    assert world.ride_states() == [ABOARD, ALIGHTED, SETTLED]


def test_nothing_is_said_before_the_bus_has_left_with_the_rider() -> None:
    world = RideWorld(policy=policy(AUTO))
    rider = world.phone().at_stop(1)
    world.bus(at_stop=1)
    world.until_stands(1)
    rider.board()
    world.run(6)
    assert world.rides() == []
    world.until_left(3)
    assert world.ride_states() == [ABOARD]


@pytest.mark.parametrize("walk_mps", [0.0, 1.3, -1.3])
def test_who_stands_or_walks_at_the_kerb_is_left_alone(walk_mps: float) -> None:
    world = RideWorld(policy=policy(AUTO))
    world.phone(walk_mps=walk_mps, x_m=stop_x(2))
    world.bus(at_stop=1)
    world.run(1500)
    assert world.rides() == []


def test_a_car_behind_the_bus_for_two_stops_is_left_alone() -> None:
    world = RideWorld(policy=policy(AUTO))
    driver = world.phone()
    world.bus(at_stop=1)
    driver.beside = "A"
    world.until_left(3)
    driver.beside, driver.x_m = None, 0.0
    world.run(1500)
    assert world.rides() == []


def test_of_two_buses_in_a_row_it_is_the_louder_one() -> None:
    world = RideWorld(policy=policy(AUTO))
    rider = world.phone().at_stop(1)
    world.bus("A", at_stop=1)
    world.bus("B", at_stop=1, before_m=340.0)
    world.until_stands(1, "B")
    rider.board("B")
    world.until_stands(4, "B")
    rider.alight()
    world.run(240)
    assert {ride.vehicle_id for ride in world.rides()} == {"B"}
    assert world.ends() == (stop_id(1), stop_id(4))


def test_checked_in_by_hand_and_out_by_itself() -> None:
    world = RideWorld()
    rider = world.phone().at_stop(1)
    world.bus(at_stop=1)
    world.until_stands(1)
    rider.board().check_in()
    assert world.ride_states() == [DETECTED]
    world.until_left(2)
    assert world.ride_states() == [DETECTED, ABOARD]
    world.until_stands(3)
    rider.alight()
    world.run(240)
    assert world.ride_states() == [DETECTED, ABOARD, ALIGHTED]
    assert world.ends() == (stop_id(1), stop_id(3))


def test_in_check_in_mode_nobody_is_in_a_bus_without_having_said_so() -> None:
    world = RideWorld()
    ridden(world)
    world.run(600)
    assert world.rides() == []


def test_who_checked_in_and_stayed_at_the_stop_pays_nothing() -> None:
    world = RideWorld()
    rider = world.phone().at_stop(1)
    world.bus(at_stop=1)
    world.until_stands(1)
    rider.check_in()
    world.run(2400)
    assert world.ride_states() == [DETECTED, VOIDED]
    assert world.rides()[-1].reason is Reason.NOT_ON_BOARD


def test_a_phone_without_a_link_tells_all_at_once_and_the_ride_is_the_same() -> None:
    world = RideWorld(policy=policy(AUTO))
    ridden(world, holds_back=True)
    world.run(300)
    assert world.rides() == []
    world.phones[0].release()
    world.run(60)
    assert world.ride_states()[-1] is ALIGHTED
    assert world.ends() == (stop_id(1), stop_id(4))


def test_a_wrong_clock_is_set_right() -> None:
    world = RideWorld(policy=policy(AUTO))
    ridden(world, clock_ms=-95_000)
    world.run(240)
    assert world.ends() == (stop_id(1), stop_id(4))


def test_without_beacons_the_phones_way_is_enough_for_who_checked_in() -> None:
    world = RideWorld(beacons=[])
    rider = world.phone(deaf=True).at_stop(1)
    world.bus(at_stop=1)
    world.until_stands(1)
    rider.board().check_in()
    world.until_stands(4)
    rider.alight()
    world.run(300)
    assert world.ride_states() == [DETECTED, ABOARD, ALIGHTED]
    assert world.ends() == (stop_id(1), stop_id(4))


def test_a_dead_phone_is_charged_to_where_it_was_last_seen_in_the_bus() -> None:
    world = RideWorld()
    rider = world.phone().at_stop(1)
    world.bus(at_stop=1)
    world.until_stands(1)
    rider.board().check_in()
    world.until_left(3)
    world.run(20)
    rider.dead = True
    world.run(1500)
    assert world.ride_states()[-1] in {ALIGHTED, SETTLED, ASKED}
    board, alight = world.ends()
    assert board == stop_id(1)
    assert alight == stop_id(4)


def test_a_hand_check_in_that_no_phone_confirms_is_asked_about() -> None:
    world = RideWorld()
    rider = world.phone(dead=True).at_stop(1)
    world.bus(at_stop=1)
    world.until_stands(1)
    rider.board().check_in()
    world.run(3000)
    assert world.ride_states() == [DETECTED, ASKED]
    assert world.rides()[-1].question in {Question.ABOARD, Question.ALIGHT}


def test_two_phones_of_one_rider_are_one_ride() -> None:
    world = RideWorld(policy=policy(AUTO))
    world.phone(device="watch").x_m = 0.0
    ridden(world, device="phone")
    world.run(240)
    assert len({ride.ride_id for ride in world.rides()}) == 1
    assert world.ends() == (stop_id(1), stop_id(4))


def test_changing_at_a_stop_makes_two_rides() -> None:
    world = RideWorld(policy=policy(AUTO))
    rider = world.phone().at_stop(1)
    world.bus("A", at_stop=1)
    world.until_stands(1)
    rider.board("A")
    world.until_stands(4)
    rider.alight(walk_mps=0.0)
    world.bus("B", at_stop=4, before_m=900.0, trip="E-1")
    world.until_stands(4, "B")
    rider.board("B")
    world.until_stands(7, "B")
    rider.alight()
    world.run(300)
    ends = {}
    for ride in world.rides():
        ends[ride.vehicle_id] = (ride.board and ride.board.stop_id, ride.alight and ride.alight.stop_id)
    assert ends == {"A": (stop_id(1), stop_id(4)), "B": (stop_id(4), stop_id(7))}


def test_a_tapped_card_pays_the_ride() -> None:
    world = RideWorld(policy=policy(AUTO))
    rider = world.phone().at_stop(1)
    world.bus(at_stop=1)
    world.until_stands(1)
    rider.board()
    world.do(Met(RiderId("rider"), VehicleId("A"), world.now_ms, by_card=True))
    world.until_stands(4)
    rider.alight()
    world.run(240)
    assert world.rides()[-1].by_card


def test_an_inspection_speaks_for_the_ride() -> None:
    world = RideWorld()
    rider = world.phone(dead=True).at_stop(1)
    world.bus(at_stop=1)
    world.until_stands(1)
    rider.board().check_in()
    world.until_left(2)
    world.do(Met(RiderId("rider"), VehicleId("A"), world.now_ms))
    assert EvidenceKey.INSPECTED in {one.key for one in world.rides()[-1].evidence}


def test_nonsense_from_a_phone_changes_nothing() -> None:
    world = RideWorld(policy=policy(AUTO))
    world.bus(at_stop=1)
    world.run(10)
    assert world.do(Sighted(RiderId("nobody"))) == []
    far = CheckIn(RiderId("rider"), VehicleId("A"))
    assert refused(world.do(far)) == [Reason.NOT_ON_BOARD]
    assert refused(world.do(CheckIn(RiderId("rider"), VehicleId("none")))) == [Reason.UNKNOWN_VEHICLE]


def test_after_a_restart_the_ride_goes_on_with_what_phones_tell_from_then_on() -> None:
    world = RideWorld(policy=policy(AUTO))
    rider = world.phone().at_stop(1)
    world.bus(at_stop=1)
    world.until_stands(1)
    rider.board()
    world.until_left(3)
    kept = [*world.facts(), world.rides()[-1]]
    world.engine = RideWorld(policy=world.policy, now_ms=world.now_ms).engine
    world.engine.restore(kept, now_ms=world.now_ms)
    world.until_stands(5)
    rider.alight()
    world.run(240)
    assert len({ride.ride_id for ride in world.rides()}) == 1
    assert world.ends() == (stop_id(1), stop_id(5))


def test_a_bus_that_falls_silent_with_its_riders_makes_a_question() -> None:
    world = RideWorld()
    rider = world.phone().at_stop(1)
    world.bus(at_stop=1)
    world.until_stands(1)
    rider.board().check_in()
    world.until_left(3)
    del world.buses["A"]
    rider.aboard, rider.dead = None, True
    world.run(2400)
    asked = world.rides()[-1]
    assert (asked.state, asked.question) == (ASKED, Question.ALIGHT)
    assert asked.alight is not None
    assert asked.alight.stop_id == stop_id(3)


def test_a_bus_that_falls_silent_at_once_is_asked_about_without_a_guess() -> None:
    world = RideWorld()
    rider = world.phone(dead=True).at_stop(1)
    world.bus(at_stop=1)
    world.until_stands(1)
    rider.check_in()
    del world.buses["A"]
    world.run(2400)
    assert world.rides()[-1].state is ASKED
    assert world.rides()[-1].alight is None


def test_a_bus_that_falls_silent_before_the_next_stop_leaves_no_guess() -> None:
    world = RideWorld()
    rider = world.phone().at_stop(1)
    world.bus(at_stop=1)
    world.until_stands(1)
    rider.board().check_in()
    world.until_left(1)
    world.run(20)
    assert world.rides()[-1].state is ABOARD
    del world.buses["A"]
    rider.aboard, rider.dead = None, True
    world.run(2400)
    assert (world.rides()[-1].state, world.rides()[-1].alight) == (ASKED, None)


def test_of_a_bus_that_runs_nothing_no_way_is_kept() -> None:
    world = RideWorld()
    Bus(world, "C", stop_x(1)).report()
    assert world.engine._shard.riders.trail(VehicleId("C")).run is None


def test_a_run_that_turns_out_to_be_another_keeps_its_rides() -> None:
    world = RideWorld()
    bus = world.bus(at_stop=1)
    rider = world.phone().at_stop(1)
    world.until_stands(1)
    rider.board().check_in()
    track = world.engine._shard.tracks[VehicleId("A")]
    track.trip_key = TripKey(TripId("E-1"), DAY)
    world.engine._shard.rides.put(replace(world.rides()[-1], ride_id=RideId("old"), trip=TripKey(TripId("E-9"), DAY)))
    effects = sensing.renamed(world.engine._shard, track, world.now_ms)
    assert [e.ride.trip for e in effects if isinstance(e, RideChanged)] == [track.trip_key]
    assert sensing.renamed(world.engine._shard, track, world.now_ms) == []
    assert bus.trip == "E-0"


def test_a_phone_that_says_nothing_of_its_clock_is_not_of_the_future() -> None:
    world = RideWorld(policy=policy(AUTO))
    world.bus(at_stop=1)
    world.run(5)
    ahead = BeaconHeard("A-0", -70.0, world.now_ms + 60_000)
    old = BeaconHeard("A-1", -70.0, world.now_ms - 4 * 3_600_000)
    world.do(Sighted(RiderId("rider"), (ahead, old), listened=((0, 5000), (world.now_ms, world.now_ms + 60_000))))
    told = world.engine._shard.riders.phones(RiderId("rider"))[0]
    assert told.newest_ms == world.now_ms


def test_who_was_met_in_a_bus_nobody_knows_was_met_nowhere() -> None:
    world = RideWorld()
    assert world.do(Met(RiderId("rider"), VehicleId("A"), world.now_ms)) == []


def test_while_the_rider_is_in_one_bus_another_is_not_believed() -> None:
    world = RideWorld(policy=policy(AUTO))
    ridden(world)
    world.run(30)
    shard = world.engine._shard
    thought = shard.riders.thoughts_on(VehicleId("A"))[0]
    other = shard.riders.think(RiderId("rider"), Run(VehicleId("B"), TripKey(TripId("x"), DAY), *_way(thought.run)), 0)
    shard.rides.put(replace(world.rides()[0], state=ABOARD))
    thought.judged = thought.judged._replace(out=-5.0)
    assert sensing._elsewhere(shard, other)
    thought.judged = thought.judged._replace(out=5.0)
    assert not sensing._elsewhere(shard, other)


def _way(run: Run) -> tuple[Any, ...]:
    return run.route_id, run.pattern_id, run.visits
