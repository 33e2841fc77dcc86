"""Every message of the wire protocol, version 1, as msgspec tagged unions. The source of AsyncAPI and JSON Schema.

JSON text frames, one object a frame, tag field `type`. Unknown fields are ignored. Units as everywhere: `_ms` epoch
milliseconds, `_m` metres, `_mps` metres a second, `_deg` degrees from north, `_s` seconds.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from server.core.model import Answer, BellKind, BellState, Doors, Need, Outcome, Reason, Stage
from server.protocol.ride_messages import (
    BeaconHeard as BeaconHeard,
)
from server.protocol.ride_messages import (
    CheckIn as CheckIn,
)
from server.protocol.ride_messages import (
    CheckInRequest as CheckInRequest,
)
from server.protocol.ride_messages import (
    CheckOut as CheckOut,
)
from server.protocol.ride_messages import (
    Correct as Correct,
)
from server.protocol.ride_messages import (
    CorrectionFields as CorrectionFields,
)
from server.protocol.ride_messages import (
    EvidenceItem as EvidenceItem,
)
from server.protocol.ride_messages import (
    Listened as Listened,
)
from server.protocol.ride_messages import (
    RideMessage as RideMessage,
)
from server.protocol.ride_messages import (
    RidePosition as RidePosition,
)
from server.protocol.ride_messages import (
    Sightings as Sightings,
)
from server.protocol.ride_messages import (
    Undo as Undo,
)
from server.protocol.wire_parts import (
    BellIdText as BellIdText,
)
from server.protocol.wire_parts import (
    Id as Id,
)
from server.protocol.wire_parts import (
    Lat as Lat,
)
from server.protocol.wire_parts import (
    Lon as Lon,
)
from server.protocol.wire_parts import (
    Message as Message,
)
from server.protocol.wire_parts import (
    Metres as Metres,
)
from server.protocol.wire_parts import (
    Ms as Ms,
)
from server.protocol.wire_parts import (
    Seq as Seq,
)

# -- both ways -----------------------------------------------------------------


class Resume(Message, kw_only=True):
    """Where a client left off: the epoch and last number it holds."""

    epoch: Id
    seq: Seq


class Hello(Message, tag="hello", kw_only=True):
    """First frame of every socket: who I am and where I left off. `token` or `ticket`, never both needed."""

    token: Annotated[str, Meta(max_length=4096)] | None = None
    ticket: Annotated[str, Meta(max_length=256)] | None = None
    resume: Resume | None = None
    lang: Annotated[str, Meta(max_length=35)] | None = None


class Ack(Message, tag="ack", kw_only=True):
    """All numbered messages up to and including `seq` have been taken."""

    seq: Seq
    epoch: Id | None = None


class Beat(Message, tag="beat", kw_only=True):
    """Nothing to say, still here."""


class Drain(Message, tag="drain", kw_only=True):
    """The server will close on purpose; come back after about `reconnect_in_ms`."""

    reconnect_in_ms: int


class Refused(Message, tag="refused", kw_only=True):
    """No, why, and in words for people. `ref` is the `ref`, `bell_id` or `alert_id` it answers."""

    reason: Reason
    message: str
    ref: str | None = None


# -- rider ---------------------------------------------------------------------


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


# -- terminal ------------------------------------------------------------------


class SignOn(Message, tag="sign_on", kw_only=True):
    """Which trip this bus runs: by trip and service day, by block, or by route and direction."""

    ref: Id
    trip_id: Id | None = None
    start_date: Annotated[str, Meta(pattern=r"^\d{8}$")] | None = None
    block_id: Id | None = None
    route_id: Id | None = None
    direction_id: Literal[0, 1] | None = None


class SignOff(Message, tag="sign_off", kw_only=True):
    """This bus leaves service."""

    ref: Id


class FixFields(Message, kw_only=True):
    """Position report, the fields common to terminals and feeds."""

    at_ms: Ms
    lat: Lat
    lon: Lon
    speed_mps: Annotated[float, Meta(ge=0, le=200)] | None = None
    heading_deg: Annotated[float, Meta(ge=-360, le=720)] | None = None
    accuracy_m: Metres | None = None
    odometer_m: Annotated[float, Meta(ge=0)] | None = None
    doors: Doors | None = None
    passengers: Annotated[int, Meta(ge=0, le=1000)] | None = None
    seats_left: Annotated[int, Meta(ge=0, le=1000)] | None = None
    n: Annotated[int, Meta(ge=0)] | None = None


class Fix(FixFields, tag="fix", kw_only=True):
    """Position report of this terminal's bus. There is no reply."""


class Shown(Message, tag="shown", kw_only=True):
    """The screen says that this alert is on it."""

    alert_id: Id
    at_ms: Ms


class Respond(Message, tag="respond", kw_only=True):
    """The driver's answer. By a touch of the screen `full` and `cannot_stop` are taken only when (nearly) standing."""

    ref: Id
    alert_id: Id
    answer: Answer
    reason: Annotated[str, Meta(max_length=64)] | None = None
    by: Literal["key", "touch"] = "key"


class TerminalHealth(Message, tag="health", kw_only=True):
    """What a terminal's self-test says: at sign-on, and again when it changes. `unknown`: nobody has looked yet."""

    sound: Literal["ok", "failed", "unknown"] = "unknown"
    screen: Literal["ok", "failed", "unknown"] = "unknown"


class Suggest(Message, tag="suggest", kw_only=True):
    """Which run is this? Asked by a bus that stands; answered by `suggestions`, at most once in two seconds."""

    ref: Id


class SuggestedRun(Message, omit_defaults=False, kw_only=True):
    """A run that the driver may be about to make. `departs_ms` null: a route that runs by headway."""

    trip_id: str
    start_date: str
    route_id: str
    route_name: str
    direction_id: int | None
    headsign: str
    departs_ms: int | None


class Suggestions(Message, tag="suggestions", omit_defaults=False, kw_only=True):
    """The likeliest runs by place, movement and timetable, best first; none while the bus drives what was signed on.

    `mismatch`: its movement contradicts what was signed on.
    """

    ref: str
    mismatch: bool
    runs: list[SuggestedRun]


class TripStop(Message, kw_only=True):
    """One visit of the trip a terminal runs."""

    stop_id: str
    stop_sequence: int
    name: str
    along_m: float


class TripMessage(Message, tag="trip", kw_only=True):
    """The trip this terminal runs; empty ids after a sign-off. `inferred`: nobody said it, the bus was seen to run it."""

    seq: Seq
    trip_id: str
    start_date: str
    route_id: str
    route_name: str
    headsign: str
    pattern_id: str
    stops: list[TripStop]
    inferred: bool = False


class AlertMessage(Message, tag="alert", omit_defaults=False, kw_only=True):
    """Somebody wants to get on or off at a stop ahead. The same `alert_id` replaces the earlier message."""

    seq: Seq
    alert_id: str
    trip_id: str
    stop_id: str
    stop_sequence: int
    stop_name: str
    stage: Stage
    boarding: int
    alighting: int
    needs: list[Need]
    distance_m: int
    eta_s: int
    valid_until_along_m: float
    at_ms: int


class ClearMessage(Message, tag="clear", kw_only=True):
    """An alert leaves the screen, and why."""

    seq: Seq
    alert_id: str
    outcome: Outcome
    at_ms: int


class TerminalSnapshot(Message, omit_defaults=False, kw_only=True):
    """All that a terminal needs to start again."""

    trip: TripMessage | None
    alerts: list[AlertMessage]


class Welcome(Message, tag="welcome", omit_defaults=False, kw_only=True):
    """The server's first frame. `recovered` false: the snapshot is complete and replaces what the client holds."""

    epoch: str
    seq: Seq
    recovered: bool
    server_at_ms: int
    heartbeat_s: int


class RiderWelcome(Welcome, tag="welcome", kw_only=True):
    """Welcome of a rider's socket."""

    snapshot: RiderSnapshot | None


class TerminalWelcome(Welcome, tag="welcome", kw_only=True):
    """Welcome of a terminal's socket."""

    snapshot: TerminalSnapshot | None


# -- feed ----------------------------------------------------------------------


class FeedFix(FixFields, kw_only=True):
    """A position report that a control centre passes on for one of its buses."""

    vehicle_id: Id
    trip_id: Id | None = None
    start_date: Annotated[str, Meta(pattern=r"^\d{8}$")] | None = None
    route_id: Id | None = None
    direction_id: Literal[0, 1] | None = None


class Fixes(Message, tag="fixes", kw_only=True):
    """Position reports of many buses."""

    fixes: Annotated[list[FeedFix], Meta(max_length=1000)]
    ref: Id | None = None


class RefusedFix(Message, kw_only=True):
    """One report that was not taken."""

    vehicle_id: str
    reason: Reason


class Taken(Message, tag="taken", omit_defaults=False, kw_only=True):
    """What became of a batch of reports."""

    accepted: int
    refused: list[RefusedFix]
    ref: str | None = None


# -- operator ------------------------------------------------------------------


class WatchTopic(Message, tag="watch", kw_only=True):
    """What an operator wants to follow, of one route or of all."""

    what: Literal["network", "bells", "terminals"]
    route_id: Id | None = None
    moves: bool = False
    """Of `network`: places come as `moves`, and a row only when more than its place has changed."""
    bbox: Annotated[list[float], Meta(min_length=4, max_length=4)] | None = None
    """With `moves`: west, south, east, north of what is on the screen; buses outside move once in five seconds."""
    focus_route_id: Id | None = None
    """With `moves`: the rows of this route still come with every fix, as its strip needs them."""
    whole: bool = False
    """Of `bells`: begin with all that have not ended, as `bells`, not with the latest of them."""


class VehicleRow(Message, omit_defaults=False, kw_only=True):
    """One bus as an operator sees it."""

    vehicle_id: str
    plate: str
    route_id: str | None
    route_name: str | None
    direction_id: int | None
    trip_id: str | None
    lat: float
    lon: float
    heading_deg: float | None
    speed_mps: float | None
    phase: str
    on_route: bool
    next_stop_id: str | None
    next_stop_name: str | None
    progress_m: int | None
    uncertainty_m: int | None
    age_s: int
    stale: bool
    terminal: Literal["up", "down", "none"]
    alerts: int
    mismatch: bool = False
    """Its movement contradicts what its driver signed on to."""
    n: int | None = None
    """The number by which `moves` speaks of it, while it is in the list."""
    pattern_id: str | None = None
    garage: str | None = None
    """Where the operator's registry says it is kept; else the agency of its route."""


class Vehicles(Message, tag="vehicles", kw_only=True):
    """Where the buses are. `full` true: replaces all rows; otherwise rows by `vehicle_id`, and `gone` ids."""

    at_ms: int
    full: bool
    vehicles: list[VehicleRow]
    gone: list[str] = msgspec.field(default_factory=list)


class Moves(Message, tag="moves", kw_only=True):
    """Where buses are now, by column: the same place in each list is the same bus; `n` as in its row, degrees × 100,000."""

    at_ms: int
    n: list[int]
    lat_e5: list[int]
    lon_e5: list[int]
    heading_deg: list[int | None]
    speed_mps: list[float | None]
    age_s: list[int]


class BellEvent(Message, tag="bell_event", kw_only=True):
    """What became of a bell, without a word about the rider. `bell` is a handle that is not the rider's `bell_id`."""

    bell: str
    kind: BellKind
    state: BellState
    stop_id: str
    stop_name: str
    route_id: str
    attempt: int
    party: int
    needs: list[Need]
    at_ms: int
    rung_ms: int
    vehicle_id: str | UnsetType = UNSET
    reason: Reason | UnsetType = UNSET


class Bells(Message, tag="bells", kw_only=True):
    """Many bells at once, when somebody begins to watch the whole of them. `full` true: replaces all; then come the rest."""

    at_ms: int
    full: bool
    bells: list[BellEvent]


class TerminalEvent(Message, tag="terminal_event", kw_only=True):
    """A terminal came, went, or fell silent."""

    vehicle_id: str
    state: Literal["up", "down", "silent"]
    at_ms: int


class Metrics(Message, tag="metrics", omit_defaults=False, kw_only=True):
    """Counters since start, and latencies in milliseconds over the last minutes (null while there are none)."""

    at_ms: int
    fixes_taken: int
    fixes_refused: dict[str, int]
    bells_by_state: dict[str, int]
    bells_open: int
    refused: dict[str, int]
    passbys: int
    vehicles: int
    terminals_up: int
    terminals_silent: int
    fix_to_alert_ms: dict[str, float | None]
    alert_to_shown_ms: dict[str, float | None]
    ring_to_shown_ms: dict[str, float | None]


FromRider = (
    Hello
    | Ring
    | StillThere
    | Cancel
    | WatchStop
    | UnwatchStop
    | Follow
    | Unfollow
    | CheckIn
    | CheckOut
    | Undo
    | Correct
    | Sightings
    | Ack
    | Beat
)
FromTerminal = Hello | SignOn | SignOff | Fix | Shown | Respond | Suggest | TerminalHealth | Ack | Beat
FromFeed = Hello | Fixes | Ack | Beat
FromOperator = Hello | WatchTopic | Ack | Beat
ToRider = RiderWelcome | BellMessage | RideMessage | Arrivals | BusMessage | Taken | Refused | Beat | Drain
ToTerminal = TerminalWelcome | TripMessage | AlertMessage | ClearMessage | Suggestions | Refused | Beat | Drain
ToFeed = Welcome | Taken | Refused | Beat | Drain
ToOperator = Welcome | Vehicles | Moves | Bells | BellEvent | TerminalEvent | Metrics | Refused | Beat | Drain
