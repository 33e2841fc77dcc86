"""Rides by themselves: what phones tell and what buses do becomes be-in, be-out or a question. Level 13 of the core."""

from typing import assert_never

from msgspec.structs import replace

from server.core import riding, trailing
from server.core.approach import Arrived, VisitEvent
from server.core.effects import Effect, RideChanged
from server.core.events import CheckIn, CheckOut, Correct, Met, RideEvent, Sighted, Undo, Whereabouts
from server.core.model import ON_BOARD, Evidence, EvidenceKey, Question, Ride, RideMode, RideState, StopId
from server.core.rides import record
from server.core.rides.decision import Verdict, decide, evidence
from server.core.rides.judgement import judge
from server.core.rides.memory import MET_MAX, Thought
from server.core.rides.phone import Heard, Position
from server.core.rides.trail import Run, Trail
from server.core.shard import Shard
from server.core.tracking import Track

THINK_EVERY_MS = 5_000
"""A rider and a bus are thought of again no sooner: within a slot nothing new can be known."""
LOOK_EVERY_MS = 10_000
"""How often silence and waiting are looked at."""
CLOCK_RIGHT_MS = 2_000
"""A phone's clock that is off by less is right: the way here takes as long."""
OLDEST_MS = 3 * 3_600_000
"""What a phone heard longer ago is of no ride that can still be decided."""
FORGET_PHONE_MS = 3_600_000
"""Where a rider was is forgotten after an hour at the latest."""


def take(shard: Shard, event: RideEvent, now_ms: int) -> list[Effect]:
    """What riders say of their rides, and what their phones tell."""
    match event:
        case Sighted():
            return hear(shard, event, now_ms)
        case Met():
            return met(shard, event, now_ms)
        case CheckIn() | CheckOut() | Undo() | Correct():
            effects = riding.take(shard, event, now_ms)
            for effect in effects:
                if isinstance(effect, RideChanged):
                    said(shard, effect.ride, now_ms)
            return effects
        case _:
            assert_never(event)


# -- what buses do -----------------------------------------------------------------


def visited(shard: Shard, track: Track, event: VisitEvent, now_ms: int) -> list[Effect]:
    """The bus came to a visit, or left it: those who may be on it are thought of."""
    run = trailing.run_of(shard, track)
    assert run is not None
    trailing.called(shard, run, event, now_ms)
    if isinstance(event, Arrived) and not run.over:
        return []
    effects: list[Effect] = []
    for thought in shard.riders.thoughts_on(track.vehicle_id):
        effects += think(shard, thought, now_ms)
    return effects


def renamed(shard: Shard, track: Track, now_ms: int) -> list[Effect]:
    """The bus turned out to be on another run of its pattern: its rides go on."""
    run = shard.riders.trail(track.vehicle_id).run
    assert track.trip_key is not None
    effects: list[Effect] = []
    if run is not None and run.trip != track.trip_key and not run.over:
        for ride in shard.rides.on_vehicle(track.vehicle_id):
            if ride.trip == run.trip:
                effects += riding.change(shard, replace(ride, trip=track.trip_key), now_ms)
        shard.riders.renamed(run, track.trip_key)
    return effects


# -- what phones tell ----------------------------------------------------------------


def hear(shard: Shard, event: Sighted, now_ms: int) -> list[Effect]:
    """A phone tells what it heard and where it was: late, in bulk, out of order or twice, it comes to the same."""
    shift_ms = _shift_ms(event, now_ms)
    phone = shard.riders.phone(event.rider_id, event.device)
    heard: list[Heard] = []
    for beacon in event.beacons:
        at_ms = beacon.at_ms + shift_ms
        found = shard.riders.beacons.find(beacon.beacon_id, at_ms) if _recent(at_ms, now_ms) else None
        if found is not None:
            heard.append(Heard(found.vehicle_id, found.number, beacon.rssi_dbm, at_ms))
    phone.hear(heard)
    phone.be_at(_position(shard, one, shift_ms) for one in event.positions if _recent(one.at_ms + shift_ms, now_ms))
    for from_ms, to_ms in event.listened:
        if _recent(from_ms + shift_ms, now_ms) and to_ms + shift_ms <= now_ms + CLOCK_RIGHT_MS:
            phone.listen(from_ms + shift_ms, to_ms + shift_ms)
    begin = min((one.at_ms for one in heard), default=now_ms)
    thoughts: dict[int, Thought] = {}
    for vehicle_id in dict.fromkeys(one.vehicle_id for one in heard):
        for run in _runs_since(shard.riders.trail(vehicle_id), begin):
            thoughts[id(run)] = shard.riders.think(event.rider_id, run, now_ms)
    for ride in shard.rides.of_rider(event.rider_id):
        thought = shard.riders.find(ride.rider_id, ride.vehicle_id, ride.trip)
        if thought is not None and not ride.ended:
            thoughts[id(thought.run)] = thought
    effects: list[Effect] = []
    for thought in thoughts.values():
        if now_ms - thought.judged_ms >= THINK_EVERY_MS:
            effects += think(shard, thought, now_ms)
    return effects


def _shift_ms(event: Sighted, now_ms: int) -> int:
    """How much later our clock is than the phone's."""
    times = [*(one.at_ms for one in event.beacons), *(one.at_ms for one in event.positions)]
    sent_ms = event.sent_ms if event.sent_ms is not None else max([*times, 0])
    shift_ms = now_ms - sent_ms
    if event.sent_ms is None:
        return min(0, shift_ms)  # what it heard cannot be of the future; how late it tells is not known
    return shift_ms if abs(shift_ms) > CLOCK_RIGHT_MS else 0


def _recent(at_ms: int, now_ms: int) -> bool:
    return now_ms - OLDEST_MS <= at_ms <= now_ms + CLOCK_RIGHT_MS


def _position(shard: Shard, told: Whereabouts, shift_ms: int) -> Position:
    x, y = shard.network.frame.to_xy(told.lat, told.lon)
    return Position(told.at_ms + shift_ms, x, y, told.accuracy_m)


def _runs_since(trail: Trail, at_ms: int) -> list[Run]:
    """The runs that the bus was on at or after an instant."""
    found = []
    for run in trail.runs:
        last = run.ordered()[-1] if run.calls else None
        if not run.over or (last is not None and (last.departed_ms or last.arrived_ms) >= at_ms):
            found.append(run)
    return found


def met(shard: Shard, event: Met, now_ms: int) -> list[Effect]:
    """An inspector or a card reader met the rider in a bus: it speaks for the ride, and a tapped card pays it."""
    trail = shard.riders.trail(event.vehicle_id)
    runs = _runs_since(trail, event.at_ms)
    if not runs:
        return []
    thought = shard.riders.think(event.rider_id, runs[0], now_ms)
    thought.hints = thought.hints._replace(met_ms=(*thought.hints.met_ms, event.at_ms)[-MET_MAX:])
    ride = shard.rides.get(thought.ride_id) if thought.ride_id is not None else None
    if ride is None or ride.ended:
        thought.hints = thought.hints._replace(by_card=thought.hints.by_card or event.by_card)
        return think(shard, thought, now_ms)
    key = EvidenceKey.CARD_TAP if event.by_card else EvidenceKey.INSPECTED
    evidence_ = Evidence(key, {"at_ms": event.at_ms})
    by_card = ride.by_card or event.by_card
    return riding.change(shard, replace(ride, by_card=by_card, evidence=(*ride.evidence, evidence_)), now_ms)


# -- thinking ------------------------------------------------------------------------


def said(shard: Shard, ride: Ride, now_ms: int) -> None:
    """A rider has said something of a ride: one that goes on is thought of; of one that is over they have the last word."""
    thought = shard.riders.find(ride.rider_id, ride.vehicle_id, ride.trip)
    if ride.state not in ON_BOARD:
        if thought is not None:
            thought.closed = True
        return
    track = shard.tracks.get(ride.vehicle_id)
    run = trailing.run_of(shard, track) if track is not None else None
    if run is not None and run.trip == ride.trip:
        thought = shard.riders.think(ride.rider_id, run, now_ms)
        thought.ride_id, thought.closed = ride.ride_id, False
        thought.hints = thought.hints._replace(by_hand_ms=ride.began_ms)


def think(shard: Shard, thought: Thought, now_ms: int) -> list[Effect]:
    """Judge once more whether the rider is, or was, on the run, and tell what has changed."""
    thought.judged_ms = now_ms
    if thought.closed:
        return []
    rules, riders = shard.policy.rides, shard.riders
    trail, phones = riders.trail(thought.run.vehicle_id), riders.phones(thought.rider_id)
    hints = thought.hints._replace(rang=_rang(shard, thought), wants_off_at=_wants_off_at(shard, thought))
    judged = thought.judged = judge(thought.run, trail, phones, hints, rules, until_ms=now_ms)
    rotating = thought.run.vehicle_id in riders.beacons.rotating
    verdict = decide(judged, thought.run, phones, hints, rules, now_ms=now_ms, rotating=rotating)
    if verdict.state is None:
        return []
    reasons = tuple(evidence(judged, thought.run, trail, phones, hints))
    return _tell(shard, thought, verdict, reasons, now_ms)


def _rang(shard: Shard, thought: Thought) -> bool:
    """Did the rider ring for this bus?"""
    vehicle_id = thought.run.vehicle_id
    return any(b.vehicle_id == vehicle_id and b.ride_id is None for b in shard.bells.of_rider(thought.rider_id))


def _wants_off_at(shard: Shard, thought: Thought) -> StopId | None:
    """The stop at which the rider rang to be let off on this ride."""
    rung = [bell for bell in shard.bells.of_rider(thought.rider_id) if bell.ride_id is not None]
    return next((bell.stop_id for bell in reversed(rung) if bell.ride_id == thought.ride_id), None)


def _tell(shard: Shard, thought: Thought, verdict: Verdict, reasons: tuple[Evidence, ...], now_ms: int) -> list[Effect]:
    ride = shard.rides.get(thought.ride_id) if thought.ride_id is not None else None
    mode = shard.policy.rides.mode
    if ride is None:
        wanted = mode is RideMode.BE_IN_BE_OUT and verdict.state in (
            RideState.ABOARD,
            RideState.ALIGHTED,
            RideState.ASKED,
        )
        if not wanted or verdict.board is None or _elsewhere(shard, thought):
            return []
        by_card = thought.hints.by_card
        ride = record.begun(thought.rider_id, thought.run, verdict.board, now_ms, by_card=by_card)
        thought.ride_id = ride.ride_id
    if ride.ended:
        thought.closed = True
        return []
    changed = record.changed(thought.run, ride, verdict, reasons, shard.policy.rides, now_ms)
    return riding.change(shard, changed, now_ms) if changed is not None else []


def _elsewhere(shard: Shard, thought: Thought) -> bool:
    """Is the rider believed to be in another bus at this time, and still to be there?"""
    for ride in shard.rides.of_rider(thought.rider_id):
        if ride.state in ON_BOARD and ride.vehicle_id != thought.run.vehicle_id:
            other = shard.riders.find(ride.rider_id, ride.vehicle_id, ride.trip)
            if other is not None and other.judged.out < 0.0:
                return True
    return False


# -- time passes -----------------------------------------------------------------------


def tick(shard: Shard, now_ms: int) -> list[Effect]:
    """Look at waiting and silence: rides that end by them, thoughts that came to nothing, phones to forget."""
    if now_ms - shard.riders.looked_ms < LOOK_EVERY_MS:
        return []
    shard.riders.looked_ms = now_ms
    effects: list[Effect] = []
    for thought in shard.riders.thoughts():
        if now_ms - thought.judged_ms >= LOOK_EVERY_MS:
            effects += think(shard, thought, now_ms)
        if _past(shard, thought, now_ms):
            shard.riders.drop(thought)
    for ride in shard.rides.going_on():
        effects += _abandon(shard, ride, now_ms)
    shard.riders.forget_before(now_ms - FORGET_PHONE_MS)
    return effects


def _past(shard: Shard, thought: Thought, now_ms: int) -> bool:
    """Is there nothing more to be learned of this rider on this run?"""
    ride = shard.rides.get(thought.ride_id) if thought.ride_id is not None else None
    if ride is not None and ride.state in ON_BOARD:
        return False
    heard_ms = max((p.last_ms(thought.run.vehicle_id) or 0 for p in shard.riders.phones(thought.rider_id)), default=0)
    quiet_ms = now_ms - max(heard_ms, thought.since_ms)
    return quiet_ms > shard.policy.rides.drop_s * 1000 + LOOK_EVERY_MS * 2


def _abandon(shard: Shard, ride: Ride, now_ms: int) -> list[Effect]:
    """A ride whose bus is on its run no longer, or was not heard of for long, and of which nothing more will be known."""
    thought = shard.riders.find(ride.rider_id, ride.vehicle_id, ride.trip)
    track = shard.tracks.get(ride.vehicle_id)
    drop_ms = shard.policy.rides.drop_s * 1000
    gone = track is None or track.trip_key != ride.trip or now_ms - track.seen_ms > drop_ms
    if not gone or now_ms - ride.changed_ms < drop_ms:
        return []
    run = thought.run if thought is not None and thought.run.calls else None
    alight = record.place(run, run.ordered()[-1], left=False) if run is not None else None
    if alight is not None and ride.board is not None and alight.along_m <= ride.board.along_m:
        alight = None
    said = Evidence(EvidenceKey.INFERRED_EXIT, {"stop_id": alight.stop_id} if alight is not None else {})
    asked = replace(
        ride,
        state=RideState.ASKED,
        changed_ms=now_ms,
        alight=alight,
        question=Question.ALIGHT,
        evidence=(*ride.evidence, said),
    )
    return riding.change(shard, asked, now_ms)
