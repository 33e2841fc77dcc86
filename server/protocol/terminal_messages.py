"""What drivers' terminals say and hear. Part of `messages`, which speaks for all of the wire."""

from typing import Annotated, Literal

from msgspec import Meta

from server.core.model import Answer, Doors, Need, Outcome, Stage
from server.protocol.wire_parts import Id, Lat, Lon, Message, Metres, Ms, Seq


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
