"""Wire messages about rides: on, off, undo, what was heard, and what is known. Protocol level; part of `messages`."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from server.core.model import EvidenceKey, Question, Reason, RideState
from server.protocol.wire_parts import Id, Lat, Lon, Message, Metres, Ms, Seq

Party = Annotated[int, Meta(ge=1, le=50)]
DeviceText = Annotated[str, Meta(max_length=64)]


class RidePosition(Message, kw_only=True):
    """Where a phone is, by itself; `at_ms` is its own clock."""

    at_ms: Ms
    lat: Lat
    lon: Lon
    accuracy_m: Metres = 0.0
    speed_mps: Annotated[float, Meta(ge=0, le=200)] | None = None


class CheckInRequest(Message, kw_only=True):
    """The fields of a check-in. `vehicle_id` with a `position` beside the bus, or the `nonce` that the bus shows."""

    vehicle_id: Id | None = None
    nonce: Annotated[str, Meta(max_length=128)] | None = None
    position: RidePosition | None = None
    party: Party = 1
    device: DeviceText = ""
    ref: Id | None = None


class CheckIn(CheckInRequest, tag="check_in", kw_only=True):
    """I am on this bus. Answered by `ride`, or `refused` with `ref` (the vehicle id where none was given)."""


class CheckOut(Message, tag="check_out", kw_only=True):
    """I have got off. Answered by `ride`."""

    ride_id: Id


class Undo(Message, tag="undo", kw_only=True):
    """I was not on this bus. Answered by `ride`, voided, or refused once it is settled."""

    ride_id: Id


class CorrectionFields(Message, kw_only=True):
    """What a rider corrects of a ride; what is left out stays."""

    board_stop_id: Id | None = None
    alight_stop_id: Id | None = None
    party: Party | None = None


class Correct(CorrectionFields, tag="correct", kw_only=True):
    """I got on, or off, at this stop; so many of us rode. Also the answer to a ride that is `asked`."""

    ride_id: Id


class BeaconHeard(Message, kw_only=True):
    """One beacon that a phone heard, and how loudly (dBm, usually -100 to -30)."""

    beacon_id: Annotated[str, Meta(min_length=1, max_length=64)]
    rssi_dbm: Annotated[float, Meta(ge=-150, le=30)]
    at_ms: Ms


class Listened(Message, kw_only=True):
    """A time in which the phone's receiver was on: only then does hearing nothing mean something."""

    from_ms: Ms
    to_ms: Ms


class Sightings(Message, tag="sightings", kw_only=True):
    """What a phone heard and where it was; late, in bulk, out of order and twice are all fine.

    With a `ref` it is answered by `taken` once it is taken; without one there is no answer.

    `sent_ms`: the phone's own clock at sending, so that a wrong clock can be set right. `device` tells a rider's phones
    apart.
    """

    beacons: Annotated[list[BeaconHeard], Meta(max_length=500)] = msgspec.field(default_factory=list)
    position: RidePosition | None = None
    positions: Annotated[list[RidePosition], Meta(max_length=500)] = msgspec.field(default_factory=list)
    listened: Annotated[list[Listened], Meta(max_length=500)] = msgspec.field(default_factory=list)
    sent_ms: Ms | None = None
    device: DeviceText = ""
    ref: Id | None = None


class EvidenceItem(Message, omit_defaults=False, kw_only=True):
    """One thing that speaks for a ride, as data; pages turn it into a sentence."""

    key: EvidenceKey
    values: dict[str, str | int | float]


class FareStep(Message, omit_defaults=False, kw_only=True):
    """What one boarding or alighting was charged, all corrections included, and by which rules of docs/fares.md."""

    tap: Literal["board", "alight"]
    at_ms: int
    won: int
    rules: list[str]


class Receipt(Message, omit_defaults=False, kw_only=True):
    """What the ledger holds of a ride. `entries`: the permanent ids of its entries; `waiver`: why it is not charged."""

    fare_won: int
    table: str
    increments: list[FareStep]
    entries: list[str]
    waiver: Literal["void", "card", "dispute"] | None = None
    disputed: bool = False
    ruling: Literal["not_charged", "stands"] | None = None


class RideMessage(Message, tag="ride", kw_only=True):
    """What is known of a ride. `confidence` 0 to 1. `question`: what the rider is asked while the state is `asked`."""

    seq: Seq
    ride_id: str
    state: RideState
    vehicle_id: str
    plate: str
    route_id: str
    route_name: str
    party: int
    confidence: float
    began_ms: int
    at_ms: int
    evidence: list[EvidenceItem]
    board_stop_id: str | UnsetType = UNSET
    board_stop_name: str | UnsetType = UNSET
    board_stop_sequence: int | UnsetType = UNSET
    board_at_ms: int | UnsetType = UNSET
    alight_stop_id: str | UnsetType = UNSET
    alight_stop_name: str | UnsetType = UNSET
    alight_stop_sequence: int | UnsetType = UNSET
    alight_at_ms: int | UnsetType = UNSET
    distance_m: int | UnsetType = UNSET
    fare_won: int | UnsetType = UNSET
    question: Question | UnsetType = UNSET
    undo_until_ms: int | UnsetType = UNSET
    by_card: bool | UnsetType = UNSET
    reason: Reason | UnsetType = UNSET
    receipt: Receipt | UnsetType = UNSET
