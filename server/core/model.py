"""Ids, enums and frozen records that every rule speaks in. Level 0 of the core: imports nothing of ours.

Times are integer epoch milliseconds (`_ms`), distances metres, speeds metres a second, headings degrees clockwise
from north. A *visit* is one stop of one pattern, known by its `stop_sequence`; bells and alerts are keyed by
visit, never by stop name (DOMAIN: the same stop may be visited twice, and two stops may share a name).
"""

from enum import StrEnum
from typing import NewType

import msgspec

VehicleId = NewType("VehicleId", str)
RouteId = NewType("RouteId", str)
StopId = NewType("StopId", str)
TripId = NewType("TripId", str)
PatternId = NewType("PatternId", str)
BlockId = NewType("BlockId", str)
BellId = NewType("BellId", str)
RiderId = NewType("RiderId", str)
AlertId = NewType("AlertId", str)
RideId = NewType("RideId", str)


class Record(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Base of all frozen records: slotted, comparable, encodable without reflection at run time."""


class TripKey(Record, frozen=True, gc=False):
    """One run of a trip: GTFS `trip_id` and its service day (`YYYYMMDD`, may differ from the calendar day)."""

    trip_id: TripId
    start_date: str


class BellKind(StrEnum):
    """What the rider asks for: to be picked up (승차벨) or to be let off (하차벨)."""

    BOARD = "board"
    ALIGHT = "alight"


class BellState(StrEnum):
    """The life of a bell, in the words of the wire (DOMAIN §2)."""

    WAITING = "waiting"
    ASSIGNED = "assigned"
    SHOWN = "shown"
    ACKNOWLEDGED = "acknowledged"
    ARRIVED = "arrived"
    BOARDED = "boarded"
    ALIGHTED = "alighted"
    SERVED = "served"
    PASSED = "passed"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REFUSED = "refused"


END_STATES = frozenset(
    {
        BellState.BOARDED,
        BellState.ALIGHTED,
        BellState.SERVED,
        BellState.CANCELLED,
        BellState.EXPIRED,
        BellState.REFUSED,
    }
)
"""A bell is in exactly one of these for ever once it reaches it. `passed` and `declined` are not ends."""


class Need(StrEnum):
    """Needs a rider may name; the driver sees them as pictograms, never who has them."""

    WHEELCHAIR = "wheelchair"
    RAMP = "ramp"
    BLIND = "blind"
    LOW_VISION = "low_vision"
    DEAF = "deaf"
    SLOW = "slow"
    STROLLER = "stroller"


class Stage(StrEnum):
    """How urgent an alert is: the stop is the next one, or the driver must decide now."""

    AHEAD = "ahead"
    NOW = "now"


class Outcome(StrEnum):
    """Why an alert leaves the driver's screen."""

    SERVED = "served"
    PASSED = "passed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    MOVED = "moved"


class VisitOutcome(StrEnum):
    """What a bus did at a visit, by the stand test (DOMAIN §2)."""

    STOPPED = "stopped"
    PASSED = "passed"
    UNKNOWN = "unknown"


class Doors(StrEnum):
    """Door contact reported by the vehicle."""

    OPEN = "open"
    CLOSED = "closed"


class Answer(StrEnum):
    """What a driver may answer to an alert."""

    OK = "ok"
    FULL = "full"
    CANNOT_STOP = "cannot_stop"


class Phase(StrEnum):
    """What a vehicle is doing, as far as its fixes and sign-on tell."""

    IN_SERVICE = "in_service"
    LAYOVER = "layover"
    DEADHEAD = "deadhead"
    OFF_ROUTE = "off_route"
    UNKNOWN = "unknown"


class Source(StrEnum):
    """Who says it: the terminal on the bus, a feed that speaks for many buses, or the vehicle's own movement."""

    TERMINAL = "terminal"
    FEED = "feed"
    INFERRED = "inferred"


class RideState(StrEnum):
    """The life of a ride, in the words of the wire (PROTOCOL, `ride`)."""

    DETECTED = "detected"
    ABOARD = "aboard"
    ALIGHTED = "alighted"
    SETTLED = "settled"
    VOIDED = "voided"
    ASKED = "asked"


ENDED_RIDES = frozenset({RideState.SETTLED, RideState.VOIDED})
"""Nothing changes such a ride any more: corrections of what it cost are the ledger's."""
ON_BOARD = frozenset({RideState.DETECTED, RideState.ABOARD})
"""The rider is taken to be on the bus: an alighting bell may be bound to the ride."""


class RideMode(StrEnum):
    """How rides of an operator begin and end: by hand or by themselves (DOMAIN §5)."""

    CHECK_IN = "check-in"
    BE_IN_BE_OUT = "be-in-be-out"
    CHECK_IN_CHECK_OUT = "check-in-check-out"


class Question(StrEnum):
    """What a rider is asked when the evidence does not suffice: were you on it, where did you get on or off?"""

    ABOARD = "aboard"
    BOARD = "board"
    ALIGHT = "alight"


class EvidenceKey(StrEnum):
    """The kinds of evidence a ride may show; pages turn key and values into a sentence."""

    CHECKED_IN = "checked_in"
    CHECKED_OUT = "checked_out"
    BOARDING_BELL = "boarding_bell"
    ALIGHTING_BELL = "alighting_bell"
    HEARD_BEACONS = "heard_beacons"
    MOVED_WITH_BUS = "moved_with_bus"
    POSITIONS_AGREE = "positions_agree"
    DOORS_OPENED = "doors_opened"
    STOPPED_HEARING = "stopped_hearing"
    MOVED_AWAY = "moved_away"
    INSPECTED = "inspected"
    CARD_TAP = "card_tap"
    INFERRED_EXIT = "inferred_exit"
    OTHER_BUS = "other_bus"
    CORRECTED = "corrected"


class Reason(StrEnum):
    """Every stable code with which Ridebell says no (PROTOCOL: more may be added, none repurposed)."""

    BAD_MESSAGE = "bad_message"
    UNKNOWN_TYPE = "unknown_type"
    NOT_AUTHENTICATED = "not_authenticated"
    FORBIDDEN = "forbidden"
    RATE_LIMITED = "rate_limited"
    BUSY = "busy"
    STORE_UNAVAILABLE = "store_unavailable"
    UNKNOWN_STOP = "unknown_stop"
    UNKNOWN_ROUTE = "unknown_route"
    UNKNOWN_TRIP = "unknown_trip"
    UNKNOWN_VEHICLE = "unknown_vehicle"
    UNKNOWN_BELL = "unknown_bell"
    UNKNOWN_ALERT = "unknown_alert"
    UNKNOWN_RIDE = "unknown_ride"
    NOT_YOURS = "not_yours"
    ID_REUSED = "id_reused"
    NOT_AT_STOP = "not_at_stop"
    ROUTE_NOT_AT_STOP = "route_not_at_stop"
    ALIGHT_ONLY = "alight_only"
    BOARD_ONLY = "board_only"
    ONE_BELL_AT_A_TIME = "one_bell_at_a_time"
    NO_BUS_CAN_SERVE = "no_bus_can_serve"
    NO_FREE_BAY = "no_free_bay"
    NOT_IN_SERVICE = "not_in_service"
    TOO_LATE = "too_late"
    BUS_HERE_NOW = "bus_here_now"
    NOT_ON_BOARD = "not_on_board"
    MOVING = "moving"
    FIX_STALE = "fix_stale"
    FIX_FUTURE = "fix_future"
    FIX_DUPLICATE = "fix_duplicate"
    FIX_OUT_OF_ORDER = "fix_out_of_order"
    FIX_IMPLAUSIBLE = "fix_implausible"
    # Reasons a bell's state changed or a bus cannot be told, beside the answers of a driver.
    FULL = "full"
    CANNOT_STOP = "cannot_stop"
    OFF_ROUTE = "off_route"
    SIGNED_OFF = "signed_off"
    BUS_SILENT = "bus_silent"
    NO_TERMINAL = "no_terminal"
    OVERTAKEN = "overtaken"
    WALKED_AWAY = "walked_away"
    UNSURE = "unsure"
    NO_MORE_BUSES = "no_more_buses"
    TOO_OLD = "too_old"
    NETWORK_CHANGED = "network_changed"
    BOARDED_ELSEWHERE = "boarded_elsewhere"
    RIDE_OVER = "ride_over"
    UNDO_TOO_LATE = "undo_too_late"


# -- what lasts ----------------------------------------------------------------


class Bell(Record, frozen=True, gc=False):
    """A rider's accepted request, whole: the latest record of a bell is all that recovery needs.

    `attempt` is 1 until the second bus is chosen, then counts on; `buses` is how many were chosen; `tried` are vehicles that passed or declined. `visit_sequence` is the
    `stop_sequence` of the visit at which the chosen vehicle is awaited. `tried_trips` are the runs on which the `tried` were, one for each.
    """

    bell_id: BellId
    rider_id: RiderId
    kind: BellKind
    stop_id: StopId
    route_id: RouteId
    state: BellState
    rung_ms: int
    changed_ms: int
    direction_id: int | None = None
    stop_sequence: int | None = None
    wanted_vehicle_id: VehicleId | None = None
    alight_stop_id: StopId | None = None
    party: int = 1
    needs: tuple[Need, ...] = ()
    attempt: int = 1
    buses: int = 0
    vehicle_id: VehicleId | None = None
    trip: TripKey | None = None
    visit_sequence: int | None = None
    reason: Reason | None = None
    tried: tuple[VehicleId, ...] = ()
    tried_trips: tuple[TripKey, ...] = ()
    ride_id: RideId | None = None
    """The ride that an alighting bell is bound to."""

    @property
    def ended(self) -> bool:
        """True once the bell is in one of its end states."""
        return self.state in END_STATES


class Alert(Record, frozen=True, gc=False):
    """What one terminal shows for one (trip, visit), however many bells stand behind it."""

    alert_id: AlertId
    vehicle_id: VehicleId
    trip: TripKey
    stop_id: StopId
    stop_sequence: int
    stop_name: str
    stage: Stage
    boarding: int
    alighting: int
    needs: tuple[Need, ...]
    distance_m: float
    eta_s: float
    valid_until_along_m: float
    at_ms: int
    shown_ms: int | None = None
    outcome: Outcome | None = None
    bells: tuple[BellId, ...] = ()


class Assignment(Record, frozen=True, gc=False):
    """What a vehicle is signed on to; `None` fields mean signed off.

    `said` is what a driver or a feed said where the vehicle's movement told otherwise, and was followed.
    """

    vehicle_id: VehicleId
    at_ms: int
    trip: TripKey | None = None
    route_id: RouteId | None = None
    direction_id: int | None = None
    block_id: BlockId | None = None
    source: Source = Source.TERMINAL
    said: "Assignment | None" = None


class StopVisit(Record, frozen=True, gc=False):
    """What the record says a bus did at one visit (wire name `stop_visit`)."""

    at_ms: int
    vehicle_id: VehicleId
    trip: TripKey
    stop_id: StopId
    stop_sequence: int
    arrived_ms: int | None
    departed_ms: int | None
    stood_s: float
    outcome: VisitOutcome
    confidence: float


class Evidence(Record, frozen=True, gc=False):
    """One thing that speaks for (or about) a ride, as data: stop ids, counts, `_ms`, `_m`, `_s`."""

    key: EvidenceKey
    values: dict[str, str | int | float] = msgspec.field(default_factory=dict)


class RidePlace(Record, frozen=True, gc=False):
    """The visit at which a rider got on or off, when, and how far along the pattern that is."""

    stop_id: StopId
    stop_sequence: int
    at_ms: int
    along_m: float


class Ride(Record, frozen=True, gc=False):
    """One rider's presence in one vehicle, whole: the latest record of a ride is all that recovery needs.

    `party`: people who ride on this phone. `party` and the two places are what a fare is computed on: from where the
    rider really was, not from what the driver signed on to (DOMAIN §5). `by_card`: a card was tapped for it.
    """

    ride_id: RideId
    rider_id: RiderId
    vehicle_id: VehicleId
    route_id: RouteId
    state: RideState
    began_ms: int
    changed_ms: int
    trip: TripKey | None = None
    pattern_id: PatternId | None = None
    board: RidePlace | None = None
    alight: RidePlace | None = None
    party: int = 1
    confidence: float = 0.0
    evidence: tuple[Evidence, ...] = ()
    by_hand: bool = False
    by_card: bool = False
    question: Question | None = None
    undo_until_ms: int | None = None
    reason: Reason | None = None
    fare_won: int | None = None

    @property
    def ended(self) -> bool:
        """True once nothing changes the ride any more."""
        return self.state in ENDED_RIDES

    @property
    def distance_m(self) -> int | None:
        """In-vehicle metres between the two places; None while one of them is not known."""
        if self.board is None or self.alight is None:
            return None
        return max(0, round(self.alight.along_m - self.board.along_m))


class Vehicle(Record, frozen=True, gc=False):
    """A vehicle in the operator's registry: what is painted on it and whom it can carry."""

    vehicle_id: VehicleId
    plate: str = ""
    low_floor: bool | None = None
    seats: int | None = None
    wheelchair_bays: int | None = None
    """Places where a wheelchair rides; None where nobody said how many (unknown, not none)."""
    garage: str = ""
    """Where it is kept; empty where nobody said."""


Fact = Bell | Alert | Assignment | Ride
"""Records from whose latest versions a `RouteEngine` is rebuilt after a crash."""
