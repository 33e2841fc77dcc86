"""What is decided, and what can be asked, as frozen records. Level 2 of the core: knows model and events."""

from typing import NamedTuple

import msgspec

from server.core.events import Fix
from server.core.model import (
    Alert,
    Assignment,
    Bell,
    PatternId,
    Phase,
    Reason,
    Record,
    Ride,
    RouteId,
    StopId,
    StopVisit,
    TripKey,
    VehicleId,
)


class BellChanged(Record, frozen=True, gc=False):
    """A bell was accepted or changed state. Durable; told to its rider. Estimates are as of this moment."""

    bell: Bell
    eta_s: float | None = None
    stops_away: int | None = None


class BellRepeated(Record, frozen=True, gc=False):
    """The same ring came again: its rider hears the present state once more. Changes nothing."""

    bell: Bell
    eta_s: float | None = None
    stops_away: int | None = None


class AlertRaised(Record, frozen=True, gc=False):
    """An alert is new or replaces the earlier one with its id. Durable; sent to its vehicle's terminal."""

    alert: Alert


class AlertMarked(Record, frozen=True, gc=False):
    """A terminal showed the alert: kept so that recovery knows it. Durable; sent to nobody."""

    alert: Alert


class AlertCleared(Record, frozen=True, gc=False):
    """An alert ended (its `outcome` is set). Durable; sent to its vehicle's terminal."""

    alert: Alert
    at_ms: int


class Assigned(Record, frozen=True, gc=False):
    """A vehicle's sign-on changed. Durable; its terminal is sent the trip."""

    assignment: Assignment


class StopVisited(Record, frozen=True, gc=False):
    """A stop visit is over. Durable."""

    visit: StopVisit


class RideChanged(Record, frozen=True, gc=False):
    """A ride began or changed. Durable; told to its rider."""

    ride: Ride


class RideRepeated(Record, frozen=True, gc=False):
    """The same was said again: the rider hears the present state once more. Changes nothing."""

    ride: Ride


class FixRefused(Record, frozen=True, gc=False):
    """A fix was not taken; it changed nothing."""

    at_ms: int
    vehicle_id: VehicleId
    reason: Reason


class Refused(Record, frozen=True, gc=False):
    """An expected no, for whoever sent the event. `detail` fills the words for people (metres, names, codes)."""

    reason: Reason
    ref: str | None = None
    detail: dict[str, str | int | float] = msgspec.field(default_factory=dict)


Effect = (
    BellChanged
    | BellRepeated
    | AlertRaised
    | AlertMarked
    | AlertCleared
    | Assigned
    | StopVisited
    | RideChanged
    | RideRepeated
    | FixRefused
    | Refused
)


# -- what can be asked ---------------------------------------------------------


class Positioned(Record, frozen=True, gc=False):
    """Where the tracker believes the vehicle is by the last fix it took (wire name `position`, in traces)."""

    at_ms: int
    vehicle_id: VehicleId
    trip: TripKey | None
    route_id: RouteId | None
    direction_id: int | None
    pattern_id: PatternId | None
    progress_m: float | None
    next_stop_sequence: int | None
    on_route: bool
    phase: Phase
    uncertainty_m: float | None
    confidence: float
    mismatch: bool = False


class ArrivalView(Record, frozen=True, gc=False):
    """One approaching bus at one visit, as of `at_ms`; distances along the route, not through the air."""

    vehicle_id: VehicleId
    trip: TripKey
    route_id: RouteId
    direction_id: int | None
    headsign: str
    stop_sequence: int
    eta_s: float
    stops_away: int
    distance_m: float
    age_s: float
    stale: bool
    unsure: bool
    """Its place is a guess, or its receiver errs by more than a street: nobody can be promised that it will be told in time."""
    here: bool
    last_bus: bool
    seats_left: int | None
    passengers: int | None
    bays_free: int | None
    why_not: Reason | None


class VisitForecast(Record, frozen=True, gc=False):
    """When a bus is expected at one visit ahead: one time in ten before `p10_ms`, half before `p50_ms`, nine before `p90_ms`."""

    stop_id: StopId
    stop_sequence: int
    p10_ms: int
    p50_ms: int
    p90_ms: int


class Prediction(Record, frozen=True, gc=False):
    """What is expected of one bus in service, as of `at_ms`: the visits ahead of it, in order."""

    at_ms: int
    vehicle_id: VehicleId
    trip: TripKey
    stops: tuple[VisitForecast, ...]


class StopAhead(Record, frozen=True, gc=False):
    """One visit that a bus has not left yet; `eta_s` seconds until it is there (median)."""

    stop_sequence: int
    eta_s: float


class VehicleView(Record, frozen=True, gc=False):
    """One vehicle as the engine believes it to be."""

    vehicle_id: VehicleId
    fix: Fix
    trip: TripKey | None
    route_id: RouteId | None
    direction_id: int | None
    pattern_index: int | None
    progress_m: float | None
    next_visit_index: int | None
    lat: float
    lon: float
    on_route: bool
    phase: Phase
    uncertainty_m: float | None
    confidence: float
    age_s: float
    stale: bool
    terminal_up: bool | None
    live_alerts: int
    mismatch: bool = False


class TerminalCounts(NamedTuple):
    """Vehicles with a position; of these, terminals that are connected, and of these, buses whose position is stale."""

    vehicles: int
    up: int
    silent: int


class BusView(Record, frozen=True, gc=False):
    """One bus as those who ride on it ask for it: itself and what is ahead, nothing where its run is not known."""

    vehicle: VehicleView
    headsign: str
    seats_left: int | None
    passengers: int | None
    here: bool
    """It stands at the first of `ahead`."""
    ahead: tuple[StopAhead, ...]
