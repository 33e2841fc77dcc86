"""A ring as it comes in at a door, by socket or by HTTP, becomes the core's; how often one may ring. Web level."""

import asyncio

from server.core.events import Presence, Ring, StillThere
from server.core.model import BellId, RideId, RiderId, RouteId, StopId, VehicleId
from server.protocol import messages as wire
from server.web.door_counts import Door
from server.web.house import House
from server.web.presence import nonce_is_of


def ring_of(request: wire.RingRequest, rider_id: RiderId, nonce_key: bytes, *, stands_at: StopId | None = None) -> Ring:
    """Turn a request into the core's event; the nonce of a QR code is checked here.

    `stands_at`: the stop at which the one who rings is known to stand, as a kiosk is.
    """
    return Ring(
        bell_id=BellId(request.bell_id),
        rider_id=rider_id,
        kind=request.kind,
        stop_id=StopId(request.stop_id),
        route_id=RouteId(request.route_id) if request.route_id is not None else None,
        direction_id=request.direction_id,
        stop_sequence=request.stop_sequence,
        vehicle_id=VehicleId(request.vehicle_id) if request.vehicle_id is not None else None,
        alight_stop_id=StopId(request.alight_stop_id) if request.alight_stop_id is not None else None,
        party=request.party,
        needs=tuple(dict.fromkeys(request.needs)),
        presence=Presence(proven=True) if stands_at == request.stop_id else _presence(request, nonce_key),
        ride_id=RideId(request.ride_id) if request.ride_id is not None else None,
    )


def still_there_of(message: wire.StillThere, rider_id: RiderId) -> StillThere:
    """Turn a waiting rider's position into the core's event. A code was proof at the moment of the ring, not of staying."""
    claim = message.presence
    return StillThere(BellId(message.bell_id), rider_id, Presence(claim.lat, claim.lon, claim.accuracy_m))


def _presence(request: wire.RingRequest, nonce_key: bytes) -> Presence | None:
    claim = request.presence
    if claim is None:
        return None
    proven = claim.nonce is not None and nonce_is_of(nonce_key, request.stop_id, claim.nonce)
    return Presence(claim.lat, claim.lon, claim.accuracy_m, proven)


def too_often(house: House, bell_id: str, rider_id: RiderId, *, kiosk: str | None = None) -> bool:
    """Whether this rider has to wait before ringing again. Repeating a ring that was accepted is free.

    `kiosk`: through which one; its many riders share one allowance, since each of them is a new one.
    """
    bell = house.runtime.engine.bell(BellId(bell_id))
    if bell is not None and bell.rider_id == rider_id:
        return False
    now_s = asyncio.get_running_loop().time()
    allowed = house.rings.allow(rider_id, now_s) if kiosk is None else house.kiosk_rings.allow(kiosk, now_s)
    if not allowed:
        door: Door = "ring" if kiosk is None else "kiosk"
        house.doors.turned_away(door, kiosk or rider_id, house.runtime.clock.now_ms())
    return not allowed
