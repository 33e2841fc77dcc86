"""What operators say and hear. Part of `messages`, which speaks for all of the wire."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from server.core.model import BellKind, BellState, Need, Reason
from server.protocol.wire_parts import Id, Message


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
