"""The bell to be let off (하차벨): bound to a ride, so that nobody outside the bus can ring it. Level 12 of the core."""

from server.core import refusals, serving
from server.core.dispatch import NOT_LET_OFF
from server.core.effects import Effect, Refused
from server.core.events import Ring
from server.core.model import ON_BOARD, Bell, BellKind, BellState, Reason, Ride
from server.core.network import Visit
from server.core.shard import Shard


def ring(shard: Shard, ring: Ring, now_ms: int) -> list[Effect]:
    """Somebody on board wants to get off (하차벨): bound to the ride, so that nobody outside can ring it."""
    known = shard.bells.get(ring.bell_id)
    if known is not None:
        return serving.answer_again(shard, ring, known, now_ms)
    refused = refusals.unknown_names(ring, shard.network)
    if refused is not None:
        return [refused]
    ride = ride_of(shard, ring)
    if ride is None:
        return [Refused(Reason.NOT_ON_BOARD, ring.bell_id)]
    visit = _let_off_at(shard, ride, ring)
    if isinstance(visit, Reason):
        stop_name = shard.network.stops[ring.stop_id].name
        return [Refused(visit, ring.bell_id, {"stop_name": stop_name, "route_id": ride.route_id})]
    candidate = shard.candidate(ride.vehicle_id, visit.index)
    assert candidate is not None
    why_not = serving.why_not(shard, candidate, ring, now_ms)
    if why_not is not None:
        return [Refused(why_not, ring.bell_id)]
    bell = _alight_bell(ring, ride, visit, now_ms)
    return serving.change(shard, bell, now_ms) + serving.give(shard, bell, candidate, now_ms, reason=None)


def ride_of(shard: Shard, ring: Ring) -> Ride | None:
    """The ride that a bell is rung on: by its id, by its bus, or the only one that the rider is on."""
    ride = shard.rides.get(ring.ride_id) if ring.ride_id is not None else None
    if ring.ride_id is None:
        ride = shard.rides.aboard(ring.rider_id, ring.vehicle_id)
    mine = ride is not None and ride.rider_id == ring.rider_id and ride.state in ON_BOARD
    return ride if mine and ride is not None and ring.vehicle_id in (None, ride.vehicle_id) else None


def _let_off_at(shard: Shard, ride: Ride, ring: Ring) -> Visit | Reason:
    """The first visit of the stop that is still ahead of the bus, or why it lets nobody off there."""
    track = shard.tracks.get(ride.vehicle_id)
    if track is None or track.pattern is None or track.trip_key != ride.trip:
        return Reason.NOT_IN_SERVICE
    visits = [
        visit
        for visit in track.pattern.visits
        if visit.stop_id == ring.stop_id and ring.stop_sequence in (None, visit.stop_sequence)
    ]
    if not visits:
        return Reason.ROUTE_NOT_AT_STOP
    ahead = [visit for visit in visits if shard.candidate(track.vehicle_id, visit.index) is not None]
    if not ahead:
        return Reason.TOO_LATE
    let_off = [visit for visit in ahead if visit.drop_off_type != NOT_LET_OFF]
    return let_off[0] if let_off else Reason.BOARD_ONLY


def _alight_bell(ring: Ring, ride: Ride, visit: Visit, now_ms: int) -> Bell:
    return Bell(
        bell_id=ring.bell_id,
        rider_id=ring.rider_id,
        kind=BellKind.ALIGHT,
        stop_id=ring.stop_id,
        route_id=ride.route_id,
        state=BellState.WAITING,
        rung_ms=now_ms,
        changed_ms=now_ms,
        direction_id=ring.direction_id,
        stop_sequence=visit.stop_sequence,
        wanted_vehicle_id=ride.vehicle_id,
        party=max(ring.party, ride.party),
        needs=ring.needs,
        ride_id=ride.ride_id,
    )
