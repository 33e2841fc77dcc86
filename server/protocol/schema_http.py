"""Bodies of the HTTP interface that are not also socket messages. Protocol level; units as in `messages`."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from server.core.model import Reason
from server.protocol.messages import Id, Message, Ms, RideMessage

RoleName = Literal["rider", "terminal", "operator", "inspector", "feed"]
KeptRole = Literal["rider", "terminal", "operator", "inspector", "feed", "kiosk"]
"""Whose token a browser may keep in a cookie, or let go of."""


class Problem(Message, kw_only=True):
    """RFC 9457 problem details: no, why (`reason`, as on the sockets), and in words for people (`detail`)."""

    type: str
    title: str
    status: int
    detail: str
    reason: Reason | UnsetType = UNSET
    ref: str | UnsetType = UNSET


class TicketRequest(Message, kw_only=True, forbid_unknown_fields=True):
    """For which socket a browser wants a ticket. `vehicle_id` and `subject` are heard in demo mode only."""

    role: RoleName = "rider"
    vehicle_id: Id | None = None
    subject: Id | None = None


class Ticket(Message, omit_defaults=False, kw_only=True):
    """Good once, for `hello.ticket`."""

    ticket: str
    expires_in_s: int


class TokenRequest(Message, kw_only=True, forbid_unknown_fields=True):
    """Which token a client of a demo wants."""

    role: RoleName
    subject: Id
    vehicle_id: Id | None = None
    ttl_s: Annotated[int, Meta(ge=1, le=86_400)] = 3_600


class SessionRequest(Message, kw_only=True, forbid_unknown_fields=True):
    """A token that a page keeps from now on, in a cookie no script can read."""

    token: Annotated[str, Meta(max_length=4096)]


class Token(Message, kw_only=True):
    """A signed token (JWT)."""

    token: str


class SignedIn(Message, omit_defaults=False, kw_only=True):
    """What the kept token lets the page be."""

    role: str
    vehicle_id: str | None
    stop_id: str | None = None


class Login(Message, omit_defaults=False, kw_only=True):
    """How operators sign in here: not at all (a demo), with a token, or at the company's identity provider."""

    method: Literal["demo", "token", "oidc"]


class RouteItem(Message, omit_defaults=False, kw_only=True):
    """A line the public knows by name; `route_type` as in GTFS."""

    route_id: str
    name: str
    short_name: str
    long_name: str
    agency_id: str
    route_type: int


class Routes(Message, omit_defaults=False, kw_only=True):
    """All routes of the network, and which feed they are from."""

    feed_version: str
    routes: list[RouteItem]


class PatternStop(Message, omit_defaults=False, kw_only=True):
    """One visit of a pattern; `along_m` metres along its path."""

    stop_id: str
    stop_sequence: int
    name: str
    lat: float
    lon: float
    along_m: float
    pickup_type: int
    drop_off_type: int
    names: dict[str, str] = msgspec.field(default_factory=dict)


class LineString(Message, omit_defaults=False, kw_only=True):
    """GeoJSON line: positions are [longitude, latitude]."""

    type: Literal["LineString"]
    coordinates: list[tuple[float, float]]


class PatternItem(Message, omit_defaults=False, kw_only=True):
    """The ordered visits and the path that a set of trips share."""

    pattern_id: str
    direction_id: int | None
    headsign: str
    length_m: float
    stops: list[PatternStop]
    geometry: LineString


class RouteDetail(RouteItem, omit_defaults=False, kw_only=True):
    """A route with its patterns."""

    patterns: list[PatternItem]


class StopItem(Message, omit_defaults=False, kw_only=True):
    """A place where buses stop. `distance_m` from the place that was asked about, null otherwise.

    `towards` names the stop that most routes call at next: how people tell two poles of one name apart.
    """

    stop_id: str
    code: str
    name: str
    names: dict[str, str]
    lat: float
    lon: float
    wheelchair: int
    distance_m: int | None = None
    towards: str = ""
    towards_names: dict[str, str] = msgspec.field(default_factory=dict)


class Stops(Message, omit_defaults=False, kw_only=True):
    """Stops found, the best match first."""

    stops: list[StopItem]


class BusItem(Message, omit_defaults=False, kw_only=True):
    """A bus as people at a stop or on board see it. `next_stop_names` by language; unknown is null."""

    vehicle_id: str
    plate: str
    route_id: str | None
    route_name: str | None
    direction_id: int | None
    headsign: str
    trip_id: str | None
    low_floor: bool | None
    lat: float
    lon: float
    heading_deg: float | None
    next_stop_id: str | None
    next_stop_name: str | None
    next_stop_names: dict[str, str]
    stale: bool
    age_s: int
    distance_m: int | None = None


class Buses(Message, omit_defaults=False, kw_only=True):
    """The buses near a place, nearest first."""

    at_ms: int
    buses: list[BusItem]


class RunStop(Message, omit_defaults=False, kw_only=True):
    """One stop of a bus's run; `alighting`: people may get off there."""

    stop_id: str
    stop_sequence: int
    name: str
    names: dict[str, str]
    along_m: int
    alighting: bool


class BusRun(BusItem, omit_defaults=False, kw_only=True):
    """A bus with all stops of its run, none where its run is not known. What changes comes as `bus` on the rider's socket."""

    stops: list[RunStop]


class StopRoute(Message, omit_defaults=False, kw_only=True):
    """One way in which a route calls at a stop."""

    route_id: str
    name: str
    direction_id: int | None
    headsign: str
    stop_sequence: int
    boarding: bool
    alighting: bool


class StopDetail(StopItem, omit_defaults=False, kw_only=True):
    """A stop with the routes that call there."""

    routes: list[StopRoute]


class Rides(Message, omit_defaults=False, kw_only=True):
    """A rider's own rides, the newest first."""

    rides: list[RideMessage]


class CardTap(Message, kw_only=True):
    """A card that was tapped in a bus, and whose account it is linked to."""

    rider: Id
    vehicle_id: Id
    at_ms: Ms
    n: Annotated[int, Meta(ge=1)] | None = None


class CardTaps(Message, kw_only=True):
    """Taps that an operator's card system passes on. A `device` that numbers its taps (`n`) is told what arrived."""

    taps: Annotated[list[CardTap], Meta(max_length=1000)]
    device: Annotated[str, Meta(max_length=64)] = ""


class TapsTaken(Message, omit_defaults=False, kw_only=True):
    """How many taps were taken. A device may delete its taps up to `watermark`, and should send those `missing` again.

    `conflicts`: numbers that had come before with another content; the first holds.
    """

    accepted: int
    watermark: int | None = None
    missing: list[tuple[int, int]] = msgspec.field(default_factory=list)
    conflicts: list[int] = msgspec.field(default_factory=list)


class BusCode(Message, omit_defaults=False, kw_only=True):
    """What a bus shows now so that riders can check in; another one from `next_at_ms` on."""

    nonce: str
    next_at_ms: int


class Health(Message, omit_defaults=False, kw_only=True):
    """All is well."""

    status: Literal["ok"]


SCHEMAS: tuple[type[msgspec.Struct], ...] = (
    Problem,
    TicketRequest,
    Ticket,
    TokenRequest,
    SessionRequest,
    Token,
    SignedIn,
    Login,
    Routes,
    RouteDetail,
    Stops,
    StopDetail,
    Buses,
    BusRun,
    Rides,
    CardTaps,
    TapsTaken,
    BusCode,
    Health,
)
"""Every body above that stands for itself."""
