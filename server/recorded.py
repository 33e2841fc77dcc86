"""What a recorded line says, as an event of the engine, and an event as the line that says it. Beside `server.replay`.

The way out is veiled: a recording names riders and bells by pseudonyms of its own, and has no place where a rider was.
"""

import hashlib
import math
import secrets
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar, assert_never

from server.core.events import (
    Cancel,
    CheckIn,
    CheckOut,
    Correct,
    Event,
    Fix,
    Met,
    Presence,
    Respond,
    Ring,
    Shown,
    Sighted,
    SignOff,
    SignOn,
    StillThere,
    TerminalLink,
    Undo,
)
from server.core.model import (
    AlertId,
    BellId,
    BlockId,
    RideId,
    RiderId,
    RouteId,
    Source,
    StopId,
    TripId,
    TripKey,
    VehicleId,
)
from server.core.network import Network
from server.protocol import recording as line
from server.protocol.messages import PresenceClaim
from server.recorded_rides import CHECKED, ride_event_of, ride_line_of

T = TypeVar("T")

FAR_M = 2_000.0
"""Who is farther from the stop than this is put at this distance: every policy refuses it alike."""


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
        case line.StillThereLine(bell_id=bell_id, rider=rider, presence=claim):
            presence = Presence(claim.lat, claim.lon, claim.accuracy_m, proven=claim.nonce is not None)
            return StillThere(BellId(bell_id), RiderId(rider), presence)
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
        case line.BeginLine():
            return None
        case (
            line.SightingsLine()
            | line.CheckInLine()
            | line.CheckOutLine()
            | line.UndoLine()
            | line.CorrectLine()
            | line.MetLine()
        ):
            return ride_event_of(recorded)
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
        ride_id=_maybe(RideId, recorded.ride_id),
        party=recorded.party,
        needs=tuple(recorded.needs),
        presence=presence,
    )


def _maybe(kind: Callable[[str], T], text: str | None) -> T | None:
    return None if text is None else kind(text)


# -- the way out -----------------------------------------------------------------


BELLS_REMEMBERED = 20_000
"""Bells whose stop a recording still knows: those of some hours of a city."""


class Veil:
    """Pseudonyms of one recording: nobody can tell from two of them that a rider is the same, nor who it is."""

    def __init__(self, network: Network, salt: bytes | None = None) -> None:
        self._network = network
        self._salt = salt if salt is not None else secrets.token_bytes(16)
        self._rung_at: OrderedDict[BellId, StopId] = OrderedDict()

    def name(self, kind: str, text: str) -> str:
        """A name for this text that is always the same in this recording."""
        return hashlib.blake2b(f"{kind}:{text}".encode(), digest_size=9, key=self._salt).hexdigest()

    def rung(self, bell_id: BellId, stop_id: StopId) -> None:
        """Remember where a bell was rung, for what its rider says later."""
        self._rung_at[bell_id] = stop_id
        if len(self._rung_at) > BELLS_REMEMBERED:
            self._rung_at.popitem(last=False)

    def later(self, claim: Presence, bell_id: BellId) -> PresenceClaim | None:
        """The same of a rider who waits; None for a bell that was rung before the recording began."""
        stop_id = self._rung_at.get(bell_id)
        return None if stop_id is None else self.presence(claim, stop_id)

    def presence(self, claim: Presence | None, stop_id: StopId) -> PresenceClaim | None:
        """As far from the stop as the rider said to be, due north of it: what the rule looks at, and nothing else."""
        if claim is None:
            return None
        if claim.proven:
            return PresenceClaim(nonce=CHECKED)
        stop = self._network.stops.get(stop_id)
        if claim.lat is None or claim.lon is None or stop is None:
            return PresenceClaim(accuracy_m=claim.accuracy_m)
        frame = self._network.frame
        x, y = frame.to_xy(stop.lat, stop.lon)
        rider_x, rider_y = frame.to_xy(claim.lat, claim.lon)
        away_m = min(FAR_M, math.hypot(rider_x - x, rider_y - y))
        lat, lon = frame.to_lat_lon(x, y + away_m)
        return PresenceClaim(lat=round(float(lat), 7), lon=round(float(lon), 7), accuracy_m=claim.accuracy_m)


def line_of(event: Event, now_ms: int, veil: Veil) -> line.RecordedLine | None:
    """The line for an event that the engine takes at `now_ms`; None for time itself and what has no weight for bells.

    `event_of` gives the event back, veiled.
    """
    match event:
        case Fix():
            return _fix_line(event, now_ms)
        case SignOn():
            return line.SignOnLine(
                at_ms=now_ms,
                vehicle_id=event.vehicle_id,
                trip_id=event.trip_id,
                start_date=event.start_date,
                block_id=event.block_id,
                route_id=event.route_id,
                direction_id=event.direction_id,
            )
        case SignOff(vehicle_id=vehicle_id):
            return line.SignOffLine(at_ms=now_ms, vehicle_id=vehicle_id)
        case Ring():
            return _ring_line(event, now_ms, veil)
        case StillThere(bell_id=bell_id, rider_id=rider_id, presence=presence):
            claim = veil.later(presence, bell_id)
            rider, bell = veil.name("rider", rider_id), veil.name("bell", bell_id)
            return (
                None if claim is None else line.StillThereLine(at_ms=now_ms, rider=rider, bell_id=bell, presence=claim)
            )
        case Cancel(bell_id=bell_id, rider_id=rider_id):
            return line.CancelLine(at_ms=now_ms, rider=veil.name("rider", rider_id), bell_id=veil.name("bell", bell_id))
        case Shown(vehicle_id=vehicle_id, alert_id=alert_id):
            return line.ShownLine(at_ms=now_ms, vehicle_id=vehicle_id, alert_id=alert_id)
        case Respond(vehicle_id=vehicle_id, alert_id=alert_id, answer=answer):
            return line.RespondLine(at_ms=now_ms, vehicle_id=vehicle_id, alert_id=alert_id, answer=answer)
        case TerminalLink(vehicle_id=vehicle_id, up=up):
            return line.LinkLine(at_ms=now_ms, vehicle_id=vehicle_id, up=up)
        case CheckIn() | CheckOut() | Undo() | Correct() | Met() | Sighted():
            said = ride_line_of(event, now_ms, veil.name("rider", event.rider_id))
            if isinstance(said, line.CheckInLine | line.SightingsLine) and said.device:
                said.device = veil.name("device", said.device)
            return said
        case _:
            return None


def _fix_line(event: Fix, now_ms: int) -> line.FixLine:
    fields = {
        name: getattr(event, name)
        for name in ("speed_mps", "heading_deg", "accuracy_m", "odometer_m", "doors", "passengers", "seats_left", "n")
    }
    return line.FixLine(
        at_ms=now_ms,
        vehicle_id=event.vehicle_id,
        lat=event.lat,
        lon=event.lon,
        fixed_at_ms=event.at_ms,
        trip_id=None if event.trip is None else event.trip.trip_id,
        start_date=None if event.trip is None or not event.trip.start_date else event.trip.start_date,
        route_id=event.route_id,
        direction_id=event.direction_id,
        **fields,
    )


def _ring_line(event: Ring, now_ms: int, veil: Veil) -> line.RingLine:
    veil.rung(event.bell_id, event.stop_id)
    return line.RingLine(
        at_ms=now_ms,
        rider=veil.name("rider", event.rider_id),
        bell_id=veil.name("bell", event.bell_id),
        stop_id=event.stop_id,
        kind=event.kind,
        route_id=event.route_id,
        direction_id=event.direction_id,
        stop_sequence=event.stop_sequence,
        vehicle_id=event.vehicle_id,
        alight_stop_id=event.alight_stop_id,
        party=event.party,
        needs=list(event.needs),
        presence=veil.presence(event.presence, event.stop_id),
    )
