"""What a verdict makes of the record of a ride. Level 7 of the core; pure."""

import hashlib
from collections.abc import Iterable

from msgspec.structs import replace

from server.core.model import (
    Evidence,
    EvidenceKey,
    Reason,
    Ride,
    RideId,
    RidePlace,
    RiderId,
    RideState,
    VehicleId,
)
from server.core.network import Visit
from server.core.ride_rules import RideRules
from server.core.rides.decision import Verdict
from server.core.rides.trail import Call, Run


def ride_id_of(rider_id: RiderId, vehicle_id: VehicleId, began_ms: int) -> RideId:
    """Name a ride: the same in every replay, and no way back to the rider."""
    text = f"{rider_id}\n{vehicle_id}\n{began_ms}"
    return RideId(hashlib.blake2b(text.encode(), digest_size=12).hexdigest())


def place_of(visit: Visit, at_ms: int) -> RidePlace:
    """A visit as an end of a ride."""
    return RidePlace(visit.stop_id, visit.stop_sequence, at_ms, round(visit.along_m, 1))


def voided(ride: Ride, now_ms: int, *, reason: Reason | None) -> Ride:
    """The ride was none: nothing is charged."""
    return replace(
        ride, state=RideState.VOIDED, changed_ms=now_ms, reason=reason, question=None, undo_until_ms=None, fare_won=0
    )


def begun(rider_id: RiderId, run: Run, board: Call, now_ms: int, *, by_card: bool) -> Ride:
    """A ride that nobody has announced: known by its evidence alone."""
    began_ms = board.departed_ms if board.departed_ms is not None else board.arrived_ms
    return Ride(
        ride_id=ride_id_of(rider_id, run.vehicle_id, began_ms),
        rider_id=rider_id,
        vehicle_id=run.vehicle_id,
        route_id=run.route_id,
        state=RideState.DETECTED,
        began_ms=began_ms,
        changed_ms=now_ms,
        trip=run.trip,
        pattern_id=run.pattern_id,
        board=place(run, board, left=True),
        by_card=by_card,
    )


def changed(
    run: Run, ride: Ride, verdict: Verdict, said: Iterable[Evidence], rules: RideRules, now_ms: int
) -> Ride | None:
    """The ride as it is believed now; None where nothing of weight has changed."""
    if any(one.key is EvidenceKey.CORRECTED for one in ride.evidence) or verdict.state is None:
        return None
    kept = [one for one in ride.evidence if one.key in _BY_HAND]
    ride = replace(ride, evidence=(*kept, *said), confidence=verdict.confidence, changed_ms=now_ms)
    match verdict.state:
        case RideState.ABOARD:
            if ride.state is not RideState.DETECTED:
                return None
            return replace(ride, state=RideState.ABOARD, board=_board(run, ride, verdict))
        case RideState.ALIGHTED | RideState.ASKED:
            return _ended(run, ride, verdict, rules, now_ms)
        case RideState.VOIDED:
            if ride.state is not RideState.DETECTED:
                return None
            return voided(ride, now_ms, reason=Reason.NOT_ON_BOARD)
        case _:
            return None


_BY_HAND = frozenset({EvidenceKey.CHECKED_IN, EvidenceKey.CHECKED_OUT, EvidenceKey.CARD_TAP, EvidenceKey.INSPECTED})
"""Evidence that is not made anew with each judgement."""


def _board(run: Run, ride: Ride, verdict: Verdict) -> RidePlace | None:
    """Where the rider got on; after a restart the record knows more than what was seen since."""
    known = ride.board is not None and all(
        run.visits[index].stop_sequence != ride.board.stop_sequence for index in run.calls
    )
    return ride.board if known or verdict.board is None else place(run, verdict.board, left=True)


def _ended(run: Run, ride: Ride, verdict: Verdict, rules: RideRules, now_ms: int) -> Ride | None:
    board = _board(run, ride, verdict)
    alight = place(run, verdict.alight, left=False) if verdict.alight is not None else None
    same = (ride.state, ride.question) == (verdict.state, verdict.question)
    if same and ride.board == board and ride.alight == alight:
        return None
    sure = verdict.state is RideState.ALIGHTED
    undo_until_ms = now_ms + round(rules.undo_s * 1000) if sure else None
    return replace(
        ride,
        state=verdict.state or ride.state,
        board=board,
        alight=alight,
        question=verdict.question,
        undo_until_ms=undo_until_ms,
    )


def place(run: Run, call: Call, *, left: bool) -> RidePlace:
    """A call of the bus as an end of a ride: when it left, for who got on; when it came, for who got off."""
    at_ms = call.departed_ms if left and call.departed_ms is not None else call.arrived_ms
    return place_of(run.visits[call.visit_index], at_ms)
