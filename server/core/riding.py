"""What riders say of their rides: on, off, not me, it was there. Level 12 of the core."""

import math
from typing import assert_never

from msgspec.structs import replace

from server.core import bells as life, serving
from server.core.effects import Effect, Refused, RideChanged, RideRepeated
from server.core.events import CheckIn, CheckOut, Correct, Undo
from server.core.model import (
    ON_BOARD,
    BellKind,
    BellState,
    Evidence,
    EvidenceKey,
    Question,
    Reason,
    Ride,
    RideId,
    RideMode,
    RidePlace,
    RiderId,
    RideState,
    StopId,
    TripKey,
)
from server.core.network import Pattern
from server.core.rides import record
from server.core.shard import Shard
from server.core.tracking import Track

SURE = 0.99
"""Confidence in what a rider said, and nothing contradicts: a slip of the finger in a hundred."""


def change(shard: Shard, ride: Ride, now_ms: int) -> list[Effect]:
    """Keep a ride's new record and tell it; bells that hang on it follow."""
    shard.rides.put(ride)
    return [RideChanged(ride), *end_bells(shard, ride, now_ms)]


def take(shard: Shard, event: CheckIn | CheckOut | Undo | Correct, now_ms: int) -> list[Effect]:
    """What a rider says of a ride."""
    match event:
        case CheckIn():
            return check_in(shard, event, now_ms)
        case CheckOut():
            return check_out(shard, event, now_ms)
        case Undo():
            return undo(shard, event, now_ms)
        case Correct():
            return correct(shard, event, now_ms)
        case _:
            assert_never(event)


# -- on --------------------------------------------------------------------------


def check_in(shard: Shard, event: CheckIn, now_ms: int) -> list[Effect]:
    """A rider says to be on a bus: believed by the bus's own code, or beside it; refused from far away."""
    ref = event.ref or event.vehicle_id
    track = shard.tracks.get(event.vehicle_id)
    if track is None or track.fix is None:
        return [Refused(Reason.UNKNOWN_VEHICLE, ref)]
    if not event.proven and not beside(shard, track, event, now_ms):
        return [Refused(Reason.NOT_ON_BOARD, ref)]
    if track.pattern is None or track.trip_key is None or track.progress_m is None:
        return [Refused(Reason.NOT_IN_SERVICE, ref)]
    current = shard.rides.aboard(event.rider_id, event.vehicle_id)
    if current is not None and current.trip == track.trip_key:
        return [RideRepeated(current)]
    again = _left_just_now(shard, event, track.trip_key, now_ms)
    if again is not None:
        return change(shard, _reopened(again, now_ms), now_ms)
    effects: list[Effect] = []
    for other in shard.rides.of_rider(event.rider_id):
        if other.state in ON_BOARD:
            effects += leave(shard, other, now_ms, said=False)
    return effects + change(shard, _begun(shard, event, track, now_ms), now_ms)


def beside(shard: Shard, track: Track, event: CheckIn, now_ms: int) -> bool:
    """Is the phone where the bus is, as far as both can tell?"""
    rules, position = shard.policy.rides, event.position
    if position is None or abs(now_ms - position.at_ms) > rules.check_in_age_s * 1000:
        return False
    x, y = shard.network.frame.to_xy(position.lat, position.lon)
    moved_m = (track.uncertainty_m(now_ms, shard.policy) or 0.0) + (position.speed_mps or 0.0)
    allowed_m = rules.check_in_radius_m + min(position.accuracy_m, rules.check_in_accuracy_limit_m) + moved_m
    return math.hypot(x - track.x, y - track.y) <= allowed_m


def _left_just_now(shard: Shard, event: CheckIn, trip: TripKey, now_ms: int) -> Ride | None:
    """The ride on this very run that the rider has ended a moment ago."""
    for ride in reversed(shard.rides.of_rider(event.rider_id)):
        if ride.state is RideState.ALIGHTED and ride.vehicle_id == event.vehicle_id and ride.trip == trip:
            return ride if now_ms - ride.changed_ms <= shard.policy.rides.remerge_s * 1000 else None
    return None


def _reopened(ride: Ride, now_ms: int) -> Ride:
    kept = tuple(one for one in ride.evidence if one.key is not EvidenceKey.CHECKED_OUT)
    return replace(
        ride, state=RideState.ABOARD, changed_ms=now_ms, alight=None, undo_until_ms=None, question=None, evidence=kept
    )


def _begun(shard: Shard, event: CheckIn, track: Track, now_ms: int) -> Ride:
    assert track.pattern is not None
    assert track.trip is not None
    by_hand = shard.policy.rides.mode is RideMode.CHECK_IN_CHECK_OUT
    how = "code" if event.proven else "position"
    return Ride(
        ride_id=record.ride_id_of(event.rider_id, event.vehicle_id, now_ms),
        rider_id=event.rider_id,
        vehicle_id=event.vehicle_id,
        route_id=track.trip.route_id,
        state=RideState.ABOARD if by_hand else RideState.DETECTED,
        began_ms=now_ms,
        changed_ms=now_ms,
        trip=track.trip_key,
        pattern_id=track.pattern.pattern_id,
        board=last_place(shard, track, now_ms),
        party=event.party,
        confidence=SURE,
        evidence=(Evidence(EvidenceKey.CHECKED_IN, {"at_ms": now_ms, "how": how}),),
        by_hand=True,
    )


# -- where -----------------------------------------------------------------------


def last_place(shard: Shard, track: Track, now_ms: int) -> RidePlace | None:
    """The visit at which the bus stands, or which it left last: where somebody in it may have got on or off."""
    approach, pattern = shard.approaches.get(track.vehicle_id), track.pattern
    if approach is None or pattern is None:
        return None
    at = approach.next_index
    if at == len(pattern.visits) or not approach.standing_at(at):
        at = max(0, at - 1)
    run = shard.riders.trail(track.vehicle_id).run
    call = run.calls.get(at) if run is not None and run.trip == track.trip_key else None
    left_ms = call.departed_ms if call is not None else None
    return record.place_of(pattern.visits[at], now_ms if left_ms is None else left_ms)


# -- off -------------------------------------------------------------------------


def check_out(shard: Shard, event: CheckOut, now_ms: int) -> list[Effect]:
    """A rider says to have got off: at the stop where the bus stands, or at the one it left last."""
    ride = _mine(shard, event.rider_id, event.ride_id)
    if ride is None:
        return [Refused(Reason.UNKNOWN_RIDE, event.ride_id)]
    if ride.state not in ON_BOARD:
        return [RideRepeated(ride)]
    return leave(shard, ride, now_ms, said=True)


def leave(shard: Shard, ride: Ride, now_ms: int, *, said: bool) -> list[Effect]:
    """The ride ends where its bus stands now or stood last. `said`: its rider says so; else it follows from another fact."""
    track = shard.tracks.get(ride.vehicle_id)
    same_run = track is not None and track.trip_key == ride.trip
    alight = last_place(shard, track, now_ms) if track is not None and same_run else None
    if alight is not None and ride.board is not None and alight.along_m <= ride.board.along_m:
        return change(shard, record.voided(ride, now_ms, reason=None), now_ms)
    key = EvidenceKey.CHECKED_OUT if said else EvidenceKey.OTHER_BUS
    ride = replace(ride, changed_ms=now_ms, alight=alight)
    if alight is None:  # nobody knows where the bus was: it had left its run
        why = Evidence(key, {"at_ms": now_ms})
        asked = replace(ride, state=RideState.ASKED, question=Question.ALIGHT, evidence=(*ride.evidence, why))
        return change(shard, asked, now_ms)
    why = Evidence(key, {"at_ms": now_ms, "stop_id": alight.stop_id})
    undo_until_ms = now_ms + round(shard.policy.rides.undo_s * 1000)
    ended = replace(ride, state=RideState.ALIGHTED, undo_until_ms=undo_until_ms, evidence=(*ride.evidence, why))
    return change(shard, ended, now_ms)


def undo(shard: Shard, event: Undo, now_ms: int) -> list[Effect]:
    """A rider takes a ride back. Once it is settled only a dispute can."""
    ride = _mine(shard, event.rider_id, event.ride_id)
    if ride is None:
        return [Refused(Reason.UNKNOWN_RIDE, event.ride_id)]
    if ride.state is RideState.SETTLED:
        return [Refused(Reason.UNDO_TOO_LATE, event.ride_id)]
    if ride.state is RideState.VOIDED:
        return [RideRepeated(ride)]
    return change(shard, record.voided(ride, now_ms, reason=None), now_ms)


def _mine(shard: Shard, rider_id: RiderId, ride_id: RideId | None) -> Ride | None:
    """A rider's own ride (without an id the latest); somebody else's cannot be told from one that never was."""
    if ride_id is None:
        rides = shard.rides.of_rider(rider_id)
        return rides[-1] if rides else None
    ride = shard.rides.get(ride_id)
    return ride if ride is not None and ride.rider_id == rider_id else None


def correct(shard: Shard, event: Correct, now_ms: int) -> list[Effect]:
    """A rider says where the ride began or ended: what is said of a stop of that run is believed, and put on record."""
    ride = _mine(shard, event.rider_id, event.ride_id)
    if ride is None:
        return [Refused(Reason.UNKNOWN_RIDE, event.ride_id)]
    if ride.ended:
        return [Refused(Reason.UNDO_TOO_LATE, event.ride_id)]
    board, alight = ride.board, ride.alight
    pattern = pattern_of(shard, ride)
    if event.board_stop_id is not None:
        board = _stop_of(pattern, event.board_stop_id, ride.board, ride.began_ms, after_m=None)
    if event.alight_stop_id is not None:
        after_m = board.along_m if board is not None else None
        alight = _stop_of(pattern, event.alight_stop_id, ride.alight, now_ms, after_m=after_m)
    wrong = (event.board_stop_id is not None and board is None) or (event.alight_stop_id is not None and alight is None)
    if wrong or (board is not None and alight is not None and alight.along_m <= board.along_m):
        return [Refused(Reason.ROUTE_NOT_AT_STOP, event.ride_id)]
    said = Evidence(EvidenceKey.CORRECTED, {"at_ms": now_ms})
    ride = replace(
        ride,
        board=board,
        alight=alight,
        party=event.party or ride.party,
        changed_ms=now_ms,
        evidence=(*ride.evidence, said),
    )
    if alight is not None and board is not None:
        until_ms = now_ms + round(shard.policy.rides.undo_s * 1000)
        ride = replace(ride, state=RideState.ALIGHTED, question=None, confidence=SURE, undo_until_ms=until_ms)
    return change(shard, ride, now_ms)


def pattern_of(shard: Shard, ride: Ride) -> Pattern | None:
    """The pattern that the ride's bus ran."""
    trip = shard.network.trip(ride.trip.trip_id) if ride.trip is not None else None
    return shard.network.pattern(trip.pattern_index) if trip is not None else None


def _stop_of(
    pattern: Pattern | None, stop_id: StopId, before: RidePlace | None, at_ms: int, *, after_m: float | None
) -> RidePlace | None:
    """The visit of a stop, of several the first after `after_m`; the time of the place that was believed before."""
    for visit in pattern.visits if pattern is not None else ():
        if visit.stop_id == stop_id and (after_m is None or visit.along_m > after_m):
            return record.place_of(visit, before.at_ms if before is not None else at_ms)
    return None


# -- what follows ------------------------------------------------------------------


def end_bells(shard: Shard, ride: Ride, now_ms: int) -> list[Effect]:
    """Bells that a ride ends: those to be let off once it is over, those to be picked up once it is sure.

    A bell rung after the ride began is for the next one: its rider is on the way to change.
    """
    effects: list[Effect] = []
    for bell in shard.bells.of_rider(ride.rider_id):
        if bell.ended:
            continue
        if bell.ride_id == ride.ride_id and ride.state not in ON_BOARD:
            alighted = ride.alight is not None and ride.alight.stop_sequence == bell.stop_sequence
            end, reason = (BellState.ALIGHTED, None) if alighted else (BellState.CANCELLED, Reason.RIDE_OVER)
        elif bell.kind is BellKind.BOARD and ride.state is RideState.ABOARD and bell.rung_ms <= _boarded_ms(ride):
            same = bell.vehicle_id == ride.vehicle_id or bell.route_id == ride.route_id
            end, reason = (BellState.BOARDED, None) if same else (BellState.CANCELLED, Reason.BOARDED_ELSEWHERE)
        else:
            continue
        effects += serving.change(shard, life.move(bell, end, now_ms, reason=reason), now_ms)
        effects += serving.refresh_of(shard, bell.vehicle_id, now_ms)
    return effects


def _boarded_ms(ride: Ride) -> int:
    return ride.board.at_ms if ride.board is not None else ride.began_ms


def tick(shard: Shard, now_ms: int) -> list[Effect]:
    """Close undo windows; void what a rider was asked and did not answer."""
    effects: list[Effect] = []
    for ride in shard.rides.pending():
        if ride.state is RideState.ALIGHTED and ride.undo_until_ms is not None and now_ms >= ride.undo_until_ms:
            effects += change(shard, replace(ride, state=RideState.SETTLED, changed_ms=now_ms), now_ms)
        elif ride.state is RideState.ASKED and now_ms - ride.changed_ms >= shard.policy.rides.ask_s * 1000:
            effects += change(shard, record.voided(ride, now_ms, reason=Reason.UNSURE), now_ms)
    return effects
