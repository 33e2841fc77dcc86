"""Recorded lines about rides as events of the engine, and back. Beside `server.recorded`."""

from typing import assert_never

from server.core.events import BeaconHeard, CheckIn, CheckOut, Correct, Met, RideEvent, Sighted, Undo, Whereabouts
from server.core.model import RideId, RiderId, StopId, VehicleId
from server.protocol import messages as wire, recording as line
from server.protocol.messages import RidePosition, Sightings

CHECKED = "checked"
"""A nonce as a recording has it: the door had checked it, and it opens nothing."""


def ride_event_of(recorded: line.RideLine) -> RideEvent | None:
    """The engine's event for a line about rides."""
    rider_id = RiderId(recorded.rider)
    match recorded:
        case line.SightingsLine():
            return sighted(recorded, rider_id)
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
        case line.MetLine(vehicle_id=vehicle_id, met_at_ms=met_at_ms, by_card=by_card):
            at_ms = recorded.at_ms if met_at_ms is None else met_at_ms
            return Met(rider_id, VehicleId(vehicle_id), at_ms, by_card=by_card)
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


def sighted(said: Sightings | line.SightingsLine, rider_id: RiderId) -> Sighted:
    """What a phone told, for the rules; live and recorded alike."""
    positions = [*([said.position] if said.position is not None else []), *said.positions]
    return Sighted(
        rider_id,
        beacons=tuple(BeaconHeard(one.beacon_id, one.rssi_dbm, one.at_ms) for one in said.beacons),
        positions=tuple(found for one in positions if (found := whereabouts(one)) is not None),
        listened=tuple((one.from_ms, one.to_ms) for one in said.listened),
        sent_ms=said.sent_ms,
        device=said.device,
        ref=said.ref if isinstance(said, Sightings) else None,
    )


def ride(ride_id: str | None) -> RideId | None:
    """An id, where one is given."""
    return RideId(ride_id) if ride_id is not None else None


def whereabouts(position: RidePosition | None) -> Whereabouts | None:
    """Where a phone said to be, for the rules."""
    if position is None:
        return None
    return Whereabouts(position.at_ms, position.lat, position.lon, position.accuracy_m, position.speed_mps)


# -- the way out -----------------------------------------------------------------


def ride_line_of(event: RideEvent, now_ms: int, rider: str) -> line.RideLine:
    """The line for an event about rides, of a rider under a pseudonym: without any place where the rider was.

    Who was believed to be in a bus because of a position is recorded as if the bus's code had been checked.
    """
    match event:
        case CheckIn():
            return line.CheckInLine(
                at_ms=now_ms,
                rider=rider,
                vehicle_id=event.vehicle_id,
                nonce=CHECKED,
                party=event.party,
                device=event.device,
            )
        case CheckOut():
            return line.CheckOutLine(at_ms=now_ms, rider=rider)
        case Undo():
            return line.UndoLine(at_ms=now_ms, rider=rider)
        case Correct():
            return line.CorrectLine(
                at_ms=now_ms,
                rider=rider,
                board_stop_id=event.board_stop_id,
                alight_stop_id=event.alight_stop_id,
                party=event.party,
            )
        case Met(vehicle_id=vehicle_id, at_ms=at_ms, by_card=by_card):
            return line.MetLine(at_ms=now_ms, rider=rider, vehicle_id=vehicle_id, met_at_ms=at_ms, by_card=by_card)
        case Sighted():
            return line.SightingsLine(
                at_ms=now_ms,
                rider=rider,
                beacons=[
                    wire.BeaconHeard(beacon_id=b.beacon_id, rssi_dbm=b.rssi_dbm, at_ms=b.at_ms) for b in event.beacons
                ],
                listened=[wire.Listened(from_ms=from_ms, to_ms=to_ms) for from_ms, to_ms in event.listened],
                sent_ms=event.sent_ms,
                device=event.device,
            )
        case _:
            assert_never(event)
