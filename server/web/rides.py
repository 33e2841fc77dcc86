"""What riders say of rides as it comes in at a door, by socket or by HTTP, becomes the core's. Web level."""

import asyncio
from typing import assert_never

from server.core.effects import Refused
from server.core.events import CheckIn, CheckOut, Correct, RideEvent, Undo
from server.core.model import Reason, RideId, RiderId, StopId, VehicleId
from server.protocol import messages as wire
from server.recorded_rides import sighted, whereabouts
from server.web.house import House
from server.web.presence import bus_of_nonce


def ride_event_of(
    house: House, said: wire.CheckIn | wire.CheckOut | wire.Undo | wire.Correct | wire.Sightings, rider_id: RiderId
) -> RideEvent | Refused:
    """Turn a rider's message about rides into the core's event, or into the no that this door says itself."""
    match said:
        case wire.CheckIn():
            return check_in_of(house, said, rider_id)
        case wire.CheckOut(ride_id=ride_id):
            return CheckOut(rider_id, RideId(ride_id))
        case wire.Undo(ride_id=ride_id):
            return Undo(rider_id, RideId(ride_id))
        case wire.Correct(ride_id=ride_id):
            return correction_of(ride_id, said, rider_id)
        case wire.Sightings():
            return sighted(said, rider_id)
        case _:
            assert_never(said)


def check_in_of(house: House, request: wire.CheckInRequest, rider_id: RiderId) -> CheckIn | Refused:
    """Turn a request into the core's event; the code that the bus shows is checked here."""
    ref = request.ref or request.vehicle_id
    if not house.rings.allow(rider_id, asyncio.get_running_loop().time()):
        return Refused(Reason.RATE_LIMITED, ref)
    now_ms = house.runtime.clock.now_ms()
    proven = bus_of_nonce(house.nonce_key, request.nonce, now_ms) if request.nonce is not None else None
    if request.nonce is not None and proven is None:
        return Refused(Reason.NOT_ON_BOARD, ref)
    vehicle_id = proven or request.vehicle_id
    if vehicle_id is None:
        return Refused(Reason.BAD_MESSAGE, ref, {"what": "a check-in needs a vehicle_id or a nonce"})
    return CheckIn(
        rider_id,
        VehicleId(vehicle_id),
        whereabouts(request.position),
        proven=proven is not None,
        party=request.party,
        device=request.device,
        ref=ref or vehicle_id,
    )


def correction_of(ride_id: str, said: wire.CorrectionFields, rider_id: RiderId) -> Correct:
    """Turn a rider's word of where a ride began and ended into the core's event."""
    return Correct(
        rider_id,
        RideId(ride_id),
        board_stop_id=StopId(said.board_stop_id) if said.board_stop_id is not None else None,
        alight_stop_id=StopId(said.alight_stop_id) if said.alight_stop_id is not None else None,
        party=said.party,
    )
