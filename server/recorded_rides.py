"""Recorded lines about rides as events of the engine, and back. Beside `server.recorded`."""

from typing import assert_never

from server.core.events import CheckIn, CheckOut, Correct, RideEvent, Undo, Whereabouts
from server.core.model import RideId, RiderId, StopId, VehicleId
from server.protocol import recording as line
from server.protocol.messages import RidePosition


def ride_event_of(recorded: line.RideLine) -> RideEvent | None:
    """The engine's event for a line about rides."""
    rider_id = RiderId(recorded.rider)
    match recorded:
        case line.SightingsLine():
            return None
        case line.CheckInLine():
            return CheckIn(
                rider_id,
                VehicleId(recorded.vehicle_id),
                whereabouts(recorded.position),
                proven=recorded.nonce is not None,
                party=recorded.party,
                device=recorded.device,
            )
        case line.CheckOutLine(ride_id=ride_id):
            return CheckOut(rider_id, ride(ride_id))
        case line.UndoLine(ride_id=ride_id):
            return Undo(rider_id, ride(ride_id))
        case line.CorrectLine():
            return Correct(
                rider_id,
                ride(recorded.ride_id),
                board_stop_id=StopId(recorded.board_stop_id) if recorded.board_stop_id is not None else None,
                alight_stop_id=StopId(recorded.alight_stop_id) if recorded.alight_stop_id is not None else None,
                party=recorded.party,
            )
        case _:
            assert_never(recorded)


def ride(ride_id: str | None) -> RideId | None:
    """An id, where one is given."""
    return RideId(ride_id) if ride_id is not None else None


def whereabouts(position: RidePosition | None) -> Whereabouts | None:
    """Where a phone said to be, for the rules."""
    if position is None:
        return None
    return Whereabouts(position.at_ms, position.lat, position.lon, position.accuracy_m, position.speed_mps)
