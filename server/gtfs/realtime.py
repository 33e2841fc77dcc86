"""GTFS-realtime VehiclePositions in: bytes to fixes, or the reason why not. Beside the protocol; pure, keeps no state.

Nothing here raises for what a feed sends. A message is refused as a whole (`RefusedMessage`) or taken, with every
entity that cannot be used listed by reason; a message that is refused changes nothing.
Rules cited as E… are those of the MobilityData gtfs-realtime-validator.
"""

import math
from enum import StrEnum

from google.protobuf.message import DecodeError
from google.transit import gtfs_realtime_pb2 as pb

from server.core.events import Fix
from server.core.model import Reason, Record, RouteId, Source, TripId, TripKey, VehicleId

MAX_AHEAD_MS = 300_000
"""A time further ahead of our own clock is a broken clock or another unit (milliseconds), not a drifting one: 5 min."""

MAX_SPEED_MPS = 50.0
"""180 km/h, above any bus: a faster claim is a wrong unit or a fault, and is left out. The position may still be right."""

MAX_ID_LENGTH = 128
"""As on our own wire: no feed can make us keep a longer id."""

KNOWN_VERSIONS = frozenset({"1", "1.0", "2", "2.0"})
"""Versions of GTFS-realtime that were ever published (E038); a message of another one may mean anything."""

_FULL = frozenset(
    {
        pb.VehiclePosition.FULL,
        pb.VehiclePosition.NOT_ACCEPTING_PASSENGERS,
        pb.VehiclePosition.NOT_BOARDABLE,
    }
)
"""Occupancy that leaves no place. Lesser ones say nothing about seats: standing room is room on a city bus."""

_TRIP_NOT_RUN = frozenset({pb.TripDescriptor.CANCELED, pb.TripDescriptor.DELETED})


class FeedRefusal(StrEnum):
    """Why a whole message is not taken."""

    EMPTY = "empty"
    NOT_PROTOBUF = "not_protobuf"
    NO_HEADER = "no_header"
    VERSION = "version"
    DIFFERENTIAL = "differential"
    HEADER_FUTURE = "header_future"
    HEADER_WENT_BACK = "header_went_back"


class RefusedMessage(Record, frozen=True, gc=False):
    """A whole message that is not taken; `detail` is for people."""

    reason: FeedRefusal
    detail: str


class RefusedEntity(Record, frozen=True, gc=False):
    """One vehicle of a message that is not taken; `vehicle_id` is "" when it says none."""

    entity_id: str
    vehicle_id: str
    reason: Reason
    detail: str


class VehiclePositions(Record, frozen=True):
    """A whole, current picture of a feed's vehicles (FULL_DATASET), one fix a vehicle, in the feed's order.

    `header_ms` is when the feed says it was made; None where a version 1 feed does not say.
    """

    header_ms: int | None
    fixes: tuple[Fix, ...]
    refused: tuple[RefusedEntity, ...]


class FeedClock:
    """Remembers the newest header time of one feed, so that an older message (a slow mirror, a replay) is not taken."""

    def __init__(self) -> None:
        self.newest_ms: int | None = None

    def take(self, message: VehiclePositions) -> RefusedMessage | None:
        """None when the message is as new as the newest so far, else the refusal (E018). The same time again is fine."""
        header_ms, newest_ms = message.header_ms, self.newest_ms
        if header_ms is None:
            return None
        if newest_ms is not None and header_ms < newest_ms:
            behind_s = (newest_ms - header_ms) / 1000
            detail = f"the header's time is {behind_s:.0f} s before that of an earlier message"
            return RefusedMessage(FeedRefusal.HEADER_WENT_BACK, detail)
        self.newest_ms = header_ms
        return None


def decode_vehicle_positions(data: bytes, *, received_ms: int) -> VehiclePositions | RefusedMessage:
    """Read a FeedMessage. Trip updates and alerts in it are passed over; they are not positions."""
    message = _parse(data)
    if isinstance(message, RefusedMessage):
        return message
    if (refusal := _refuse_header(message.header, received_ms)) is not None:
        return refusal
    header_ms = message.header.timestamp * 1000 or None
    newest: dict[VehicleId, tuple[str, Fix]] = {}
    refused: list[RefusedEntity] = []
    for entity in message.entity:
        if not entity.HasField("vehicle") or entity.is_deleted:
            continue
        taken = _read_entity(entity, header_ms, received_ms)
        if isinstance(taken, RefusedEntity):
            refused.append(taken)
            continue
        entity_id = _text(entity.id) or ""
        if (other := newest.get(taken.vehicle_id)) is not None:
            # E052: two entities claim one vehicle. The newer report is right, if either is; the first when equal.
            if taken.at_ms <= other[1].at_ms:
                refused.append(_duplicate(entity_id, taken))
                continue
            refused.append(_duplicate(*other))
        newest[taken.vehicle_id] = (entity_id, taken)
    return VehiclePositions(header_ms, tuple(fix for _, fix in newest.values()), tuple(refused))


def _parse(data: bytes) -> pb.FeedMessage | RefusedMessage:
    if not data:
        return RefusedMessage(FeedRefusal.EMPTY, "the message is empty")
    message = pb.FeedMessage()
    try:
        message.ParseFromString(data)
    except DecodeError:
        detail = f"{len(data)} bytes are not a GTFS-realtime FeedMessage (cut short, or another format)"
        return RefusedMessage(FeedRefusal.NOT_PROTOBUF, detail)
    return message


def _refuse_header(header: pb.FeedHeader, received_ms: int) -> RefusedMessage | None:
    if not header.HasField("gtfs_realtime_version"):
        return RefusedMessage(FeedRefusal.NO_HEADER, "there is no FeedHeader with a gtfs_realtime_version")
    version = header.gtfs_realtime_version
    if version not in KNOWN_VERSIONS:
        return RefusedMessage(FeedRefusal.VERSION, f"GTFS-realtime version {version!r} is not known; 1.0 and 2.0 are")
    if header.incrementality != pb.FeedHeader.FULL_DATASET:
        return RefusedMessage(FeedRefusal.DIFFERENTIAL, "differential messages are not specified; send FULL_DATASET")
    if header.timestamp * 1000 > received_ms + MAX_AHEAD_MS:
        detail = (
            f"the header's time {header.timestamp} is in the future; it must be seconds since 1970, not milliseconds"
        )
        return RefusedMessage(FeedRefusal.HEADER_FUTURE, detail)
    return None


def _read_entity(entity: pb.FeedEntity, header_ms: int | None, received_ms: int) -> Fix | RefusedEntity:
    vehicle = entity.vehicle
    entity_id = _text(entity.id) or ""
    vehicle_id = _vehicle_id(vehicle.vehicle)

    def refuse(reason: Reason, detail: str) -> RefusedEntity:
        return RefusedEntity(entity_id, vehicle_id or "", reason, detail)

    if vehicle_id is None:
        return refuse(Reason.UNKNOWN_VEHICLE, "no usable vehicle id or label: the vehicle cannot be known again")
    if not vehicle.HasField("position"):
        return refuse(Reason.BAD_MESSAGE, "no position")
    if (problem := _position_problem(vehicle.position)) is not None:
        return refuse(*problem)
    at_ms = vehicle.timestamp * 1000 or header_ms
    if at_ms is None:
        return refuse(Reason.BAD_MESSAGE, "neither the vehicle nor the header says when: a frozen feed would look live")
    if at_ms > received_ms + MAX_AHEAD_MS:
        detail = f"timestamp {vehicle.timestamp} is in the future; it must be seconds since 1970"
        return refuse(Reason.FIX_FUTURE, detail)
    return _fix(vehicle, vehicle_id, at_ms, received_ms)


def _fix(vehicle: pb.VehiclePosition, vehicle_id: VehicleId, at_ms: int, received_ms: int) -> Fix:
    position, trip = vehicle.position, vehicle.trip
    runs = trip.schedule_relationship not in _TRIP_NOT_RUN
    route_id = _text(trip.route_id)
    return Fix(
        vehicle_id=vehicle_id,
        at_ms=at_ms,
        received_ms=received_ms,
        lat=position.latitude,
        lon=position.longitude,
        speed_mps=_speed_mps(position),
        heading_deg=_heading_deg(position),
        odometer_m=_odometer_m(position),
        seats_left=0 if vehicle.HasField("occupancy_status") and vehicle.occupancy_status in _FULL else None,
        source=Source.FEED,
        trip=_trip_key(trip) if runs else None,
        route_id=RouteId(route_id) if runs and route_id else None,
        direction_id=trip.direction_id if runs and trip.HasField("direction_id") and trip.direction_id <= 1 else None,
    )


def _vehicle_id(descriptor: pb.VehicleDescriptor) -> VehicleId | None:
    """Who it is: the id, or the label of feeds that give only that (spec: label is what riders see, and is stable)."""
    for text in (_text(descriptor.id), _text(descriptor.label)):
        if text and text.strip():
            return VehicleId(text)
    return None


def _position_problem(position: pb.Position) -> tuple[Reason, str] | None:
    lat, lon = position.latitude, position.longitude
    if not (position.HasField("latitude") and position.HasField("longitude")):
        return Reason.BAD_MESSAGE, "a position without latitude or longitude"
    if not (math.isfinite(lat) and math.isfinite(lon) and abs(lat) <= 90 and abs(lon) <= 180):
        return Reason.BAD_MESSAGE, f"latitude {lat:g}, longitude {lon:g} is not on Earth"  # E026
    if lat == 0 and lon == 0:
        return Reason.FIX_IMPLAUSIBLE, "latitude and longitude are 0: the receiver had no fix"
    return None


def _speed_mps(position: pb.Position) -> float | None:
    return position.speed if position.HasField("speed") and 0 <= position.speed <= MAX_SPEED_MPS else None


def _heading_deg(position: pb.Position) -> float | None:
    """Heading where it means something: in range (E027), and not the 0 of a receiver that stands still."""
    if not position.HasField("bearing") or not 0 <= position.bearing <= 360:
        return None
    stands = position.HasField("speed") and position.speed == 0
    return None if position.bearing == 0 and stands else position.bearing % 360


def _odometer_m(position: pb.Position) -> float | None:
    known = position.HasField("odometer") and math.isfinite(position.odometer) and position.odometer >= 0
    return position.odometer if known else None


def _trip_key(trip: pb.TripDescriptor) -> TripKey | None:
    """The trip, where one is named. `start_date` is "" where the feed gives none or no date (E021)."""
    trip_id = _text(trip.trip_id)
    if not trip_id:
        return None
    date = _text(trip.start_date) or ""
    return TripKey(TripId(trip_id), date if len(date) == 8 and date.isascii() and date.isdecimal() else "")


def _text(value: str | bytes) -> str | None:
    """A string that can be used, else None: protobuf hands on bytes where a string is not UTF-8."""
    return value if isinstance(value, str) and len(value) <= MAX_ID_LENGTH else None


def _duplicate(entity_id: str, fix: Fix) -> RefusedEntity:
    return RefusedEntity(entity_id, fix.vehicle_id, Reason.FIX_DUPLICATE, "another entity speaks for this vehicle")
