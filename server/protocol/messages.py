"""Every message of the wire protocol, version 1, as msgspec tagged unions. The source of AsyncAPI and JSON Schema.

JSON text frames, one object a frame, tag field `type`. Unknown fields are ignored. Units as everywhere: `_ms` epoch
milliseconds, `_m` metres, `_mps` metres a second, `_deg` degrees from north, `_s` seconds.
"""

from typing import Annotated, Literal

from msgspec import Meta

from server.core.model import Reason
from server.protocol.operator_messages import (
    BellEvent as BellEvent,
    Bells as Bells,
    Metrics as Metrics,
    Moves as Moves,
    TerminalEvent as TerminalEvent,
    VehicleRow as VehicleRow,
    Vehicles as Vehicles,
    WatchTopic as WatchTopic,
)
from server.protocol.ride_messages import (
    BeaconHeard as BeaconHeard,
    CheckIn as CheckIn,
    CheckInRequest as CheckInRequest,
    CheckOut as CheckOut,
    Correct as Correct,
    CorrectionFields as CorrectionFields,
    EvidenceItem as EvidenceItem,
    Listened as Listened,
    RideMessage as RideMessage,
    RidePosition as RidePosition,
    Sightings as Sightings,
    Undo as Undo,
)
from server.protocol.rider_messages import (
    ArrivalRow as ArrivalRow,
    Arrivals as Arrivals,
    BellMessage as BellMessage,
    BusMessage as BusMessage,
    Cancel as Cancel,
    Follow as Follow,
    PresenceClaim as PresenceClaim,
    RiderSnapshot as RiderSnapshot,
    Ring as Ring,
    RingRequest as RingRequest,
    StillThere as StillThere,
    Unfollow as Unfollow,
    UnwatchStop as UnwatchStop,
    WatchStop as WatchStop,
)
from server.protocol.terminal_messages import (
    AlertMessage as AlertMessage,
    ClearMessage as ClearMessage,
    Fix as Fix,
    FixFields as FixFields,
    Respond as Respond,
    Shown as Shown,
    SignOff as SignOff,
    SignOn as SignOn,
    Suggest as Suggest,
    SuggestedRun as SuggestedRun,
    Suggestions as Suggestions,
    TerminalHealth as TerminalHealth,
    TerminalSnapshot as TerminalSnapshot,
    TripMessage as TripMessage,
    TripStop as TripStop,
)
from server.protocol.wire_parts import (
    BellIdText as BellIdText,
    Id as Id,
    Lat as Lat,
    Lon as Lon,
    Message as Message,
    Metres as Metres,
    Ms as Ms,
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
