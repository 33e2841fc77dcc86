"""What riders say and hear, rides aside (`ride_messages`). Part of `messages`, which speaks for all of the wire."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from server.core.model import BellKind, BellState, Need, Reason
from server.protocol.ride_messages import RideMessage
from server.protocol.wire_parts import BellIdText, Id, Lat, Lon, Message, Metres, Seq


class PresenceClaim(Message, kw_only=True):
    """Where the rider is: a position, or the nonce of a stop's QR code or kiosk."""

    lat: Lat | None = None
    lon: Lon | None = None
    accuracy_m: Metres = 0.0
    nonce: Annotated[str, Meta(max_length=128)] | None = None


class RingRequest(Message, kw_only=True):
    """The fields of a ring, as in `POST /v1/bells`."""

    bell_id: BellIdText
    kind: BellKind
    stop_id: Id
    route_id: Id | None = None
    direction_id: Literal[0, 1] | None = None
    stop_sequence: Annotated[int, Meta(ge=0)] | None = None
    vehicle_id: Id | None = None
    ride_id: Id | None = None
    alight_stop_id: Id | None = None
    party: Annotated[int, Meta(ge=1, le=50)] = 1
    needs: Annotated[list[Need], Meta(max_length=8)] = msgspec.field(default_factory=list)
    presence: PresenceClaim | None = None


class Ring(RingRequest, tag="ring", kw_only=True):
    """Ring for a bus at a stop, or to be let off at one."""


class StillThere(Message, tag="presence", kw_only=True):
    """Where the rider of an open bell is now, so that the bell of one who walked away ends by itself."""

    bell_id: BellIdText
    presence: PresenceClaim


class Cancel(Message, tag="cancel", kw_only=True):
    """Take a bell back."""

    bell_id: BellIdText


class WatchStop(Message, tag="watch", kw_only=True):
    """Send `arrivals` of this stop now and whenever they change."""

    stop_id: Id


class UnwatchStop(Message, tag="unwatch", kw_only=True):
    """No more `arrivals` of this stop."""

    stop_id: Id


class Follow(Message, tag="follow", kw_only=True):
    """Send `bus` of this vehicle now and whenever it changes: for those who ride on it."""

    vehicle_id: Id


class Unfollow(Message, tag="unfollow", kw_only=True):
    """No more `bus` of this vehicle."""

    vehicle_id: Id


class BellMessage(Message, tag="bell", kw_only=True):
    """What became of a bell."""

    seq: Seq
    bell_id: str
    kind: BellKind
    state: BellState
    stop_id: str
    stop_sequence: int | None
    route_id: str
    attempt: int
    at_ms: int
    vehicle_id: str | UnsetType = UNSET
    plate: str | UnsetType = UNSET
    eta_s: int | UnsetType = UNSET
    stops_away: int | UnsetType = UNSET
    reason: Reason | UnsetType = UNSET


class ArrivalRow(Message, omit_defaults=False, kw_only=True):
    """One approaching bus at one visit. `stops_away` 1: this stop is the bus's next. Unknown is null."""

    route_id: str
    route_name: str
    direction_id: int | None
    headsign: str
    trip_id: str
    stop_sequence: int
    vehicle_id: str
    plate: str
    eta_s: int
    stops_away: int
    distance_m: int
    low_floor: bool | None
    seats_left: int | None
    crowding: str | None
    stale: bool
    age_s: int
    ringable: bool
    here: bool = False
    last_bus: bool = False
    bays_free: int | None = None
    unsure: bool = False
    why_not: Reason | UnsetType = UNSET


class Arrivals(Message, tag="arrivals", kw_only=True):
    """The buses on their way to a stop, soonest first. Not numbered: each replaces the one before."""

    stop_id: str
    at_ms: int
    buses: list[ArrivalRow]


class BusMessage(Message, tag="bus", omit_defaults=False, kw_only=True):
    """One bus on its run. Not numbered: each replaces the one before. Unknown is null.

    `etas_s` are seconds to the stops it has not left, in the order of its run, the first of them `next_stop_sequence`;
    `here`: it stands at that one. Names and places of the stops: `GET /v1/vehicles/{vehicle_id}`, once for each trip.
    """

    vehicle_id: str
    at_ms: int
    trip_id: str | None
    lat: float | None
    lon: float | None
    progress_m: int | None
    next_stop_sequence: int | None
    here: bool
    etas_s: list[int]
    seats_left: int | None
    crowding: str | None
    stale: bool
    age_s: int


class RiderSnapshot(Message, omit_defaults=False, kw_only=True):
    """All that a rider's page needs to start again: bells and rides that have not ended, and those that ended lately."""

    bells: list[BellMessage]
    rides: list[RideMessage] = msgspec.field(default_factory=list)
