"""What a recorded line says, as an event of the engine. The counterpart of what the sockets do with live messages."""

from collections.abc import Callable
from typing import TypeVar, assert_never

from server.core.events import Cancel, Event, Fix, Presence, Respond, Ring, Shown, SignOff, SignOn, TerminalLink
from server.core.model import AlertId, BellId, BlockId, RiderId, RouteId, Source, StopId, TripId, TripKey, VehicleId
from server.protocol import recording as line

T = TypeVar("T")


def event_of(recorded: line.RecordedLine, now_ms: int) -> Event | None:
    """The engine's event for a line taken at `now_ms`; None for a line that carries no weight for bells."""
    match recorded:
        case line.FixLine():
            return _fix(recorded, now_ms)
        case line.SignOnLine():
            return SignOn(
                VehicleId(recorded.vehicle_id),
                trip_id=_maybe(TripId, recorded.trip_id),
                start_date=recorded.start_date,
                block_id=_maybe(BlockId, recorded.block_id),
                route_id=_maybe(RouteId, recorded.route_id),
                direction_id=recorded.direction_id,
            )
        case line.SignOffLine(vehicle_id=vehicle_id):
            return SignOff(VehicleId(vehicle_id))
        case line.RingLine():
            return _ring(recorded)
        case line.CancelLine(bell_id=bell_id, rider=rider):
            return Cancel(BellId(bell_id), RiderId(rider))
        case line.ShownLine(vehicle_id=vehicle_id, alert_id=alert_id, at_ms=at_ms):
            return Shown(VehicleId(vehicle_id), AlertId(alert_id), at_ms)
        case line.RespondLine():
            return Respond(
                VehicleId(recorded.vehicle_id), AlertId(recorded.alert_id), recorded.answer, reason=recorded.reason
            )
        case line.LinkLine(vehicle_id=vehicle_id, up=up):
            return TerminalLink(VehicleId(vehicle_id), up)
        case line.SightingsLine() | line.CheckInLine() | line.CheckOutLine() | line.UndoLine():
            return None
        case _:
            assert_never(recorded)


def _fix(recorded: line.FixLine, now_ms: int) -> Fix:
    says_trip = recorded.trip_id is not None or recorded.route_id is not None
    return Fix(
        vehicle_id=VehicleId(recorded.vehicle_id),
        at_ms=recorded.fixed_at_ms if recorded.fixed_at_ms is not None else recorded.at_ms,
        received_ms=now_ms,
        lat=recorded.lat,
        lon=recorded.lon,
        speed_mps=recorded.speed_mps,
        heading_deg=recorded.heading_deg,
        accuracy_m=recorded.accuracy_m,
        odometer_m=recorded.odometer_m,
        doors=recorded.doors,
        passengers=recorded.passengers,
        seats_left=recorded.seats_left,
        n=recorded.n,
        source=Source.FEED if says_trip else Source.TERMINAL,
        trip=_trip(recorded),
        route_id=_maybe(RouteId, recorded.route_id),
        direction_id=recorded.direction_id,
    )


def _trip(recorded: line.FixLine) -> TripKey | None:
    """The trip a feed names; an empty service day lets the engine find the run that fits the clock."""
    return None if recorded.trip_id is None else TripKey(TripId(recorded.trip_id), recorded.start_date or "")


def _ring(recorded: line.RingLine) -> Ring:
    claim = recorded.presence
    presence = None
    if claim is not None:
        presence = Presence(claim.lat, claim.lon, claim.accuracy_m, proven=claim.nonce is not None)
    return Ring(
        bell_id=BellId(recorded.bell_id),
        rider_id=RiderId(recorded.rider),
        kind=recorded.kind,
        stop_id=StopId(recorded.stop_id),
        route_id=_maybe(RouteId, recorded.route_id),
        direction_id=recorded.direction_id,
        stop_sequence=recorded.stop_sequence,
        vehicle_id=_maybe(VehicleId, recorded.vehicle_id),
        alight_stop_id=_maybe(StopId, recorded.alight_stop_id),
        party=recorded.party,
        needs=tuple(recorded.needs),
        presence=presence,
    )


def _maybe(kind: Callable[[str], T], text: str | None) -> T | None:
    return None if text is None else kind(text)
