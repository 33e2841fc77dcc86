"""What happens in a simulated world, as frozen records: reports and rings that a server may hear, and the truth.

Times are epoch milliseconds of the world's own clock. Level 0 of the simulator: imports nothing of it.
"""

from dataclasses import dataclass

from server.core.model import Answer, Doors, Need, Phase, VisitOutcome


@dataclass(frozen=True, slots=True)
class SignedOn:
    """The driver signed on to a trip of a service day."""

    at_ms: int
    vehicle_id: str
    trip_id: str
    start_date: str
    block_id: str | None


@dataclass(frozen=True, slots=True)
class SignedOff:
    """The bus left service."""

    at_ms: int
    vehicle_id: str


@dataclass(frozen=True, slots=True)
class Fixed:
    """A position report reaches the server at `at_ms`; it was measured at `fixed_at_ms`. Errors of the receiver included."""

    at_ms: int
    fixed_at_ms: int
    vehicle_id: str
    lat: float
    lon: float
    speed_mps: float
    heading_deg: float
    accuracy_m: float
    odometer_m: float
    doors: Doors
    passengers: int
    seats_left: int | None
    n: int


@dataclass(frozen=True, slots=True)
class Placed:
    """Truth: where a bus is. Trip fields are None while it runs none (`deadhead`)."""

    at_ms: int
    vehicle_id: str
    phase: Phase
    trip_id: str | None = None
    start_date: str | None = None
    route_id: str | None = None
    direction_id: int | None = None
    pattern_id: str | None = None
    progress_m: float | None = None
    next_stop_sequence: int | None = None


@dataclass(frozen=True, slots=True)
class Visited:
    """Truth: a bus is done with a visit. Passed: both times are the moment it crossed the stop. Stopped: it opened doors."""

    at_ms: int
    vehicle_id: str
    trip_id: str
    start_date: str
    stop_id: str
    stop_sequence: int
    arrived_ms: int
    departed_ms: int
    outcome: VisitOutcome
    boarded: int
    alighted: int


@dataclass(frozen=True, slots=True)
class Rang:
    """A rider rings for a route at a stop. The position is what the phone claims, right or wrong."""

    at_ms: int
    rider_id: str
    bell_id: str
    stop_id: str
    route_id: str
    direction_id: int | None
    stop_sequence: int
    lat: float
    lon: float
    accuracy_m: float
    party: int
    needs: tuple[Need, ...]


@dataclass(frozen=True, slots=True)
class TookBack:
    """A rider cancels the bell."""

    at_ms: int
    rider_id: str
    bell_id: str


@dataclass(frozen=True, slots=True)
class WalkedAway:
    """A rider left the stop without a word; the bell knows nothing of it."""

    at_ms: int
    rider_id: str
    bell_id: str


@dataclass(frozen=True, slots=True)
class Boarded:
    """Truth: a rider got on. `bell_id` is None for one who had not rung yet when the bus came."""

    at_ms: int
    rider_id: str
    bell_id: str | None
    vehicle_id: str
    trip_id: str
    start_date: str
    route_id: str
    stop_id: str
    stop_sequence: int


@dataclass(frozen=True, slots=True)
class Called:
    """Truth: a bus came by a stop where a rider waited for it with a bell. Stopped: the rider got on; passed: it drove on.

    `could_be_told`: when the bell was rung, the bus as it was heard of last was still farther away than a driver needs
    to be asked (DOMAIN §2), by a stop zone at least, and at the stop it had room. `tell_by_ms`: until when it was so.
    """

    at_ms: int
    bell_id: str
    vehicle_id: str
    trip_id: str
    start_date: str
    stop_id: str
    stop_sequence: int
    outcome: VisitOutcome
    could_be_told: bool
    tell_by_ms: int


@dataclass(frozen=True, slots=True)
class Alighted:
    """Truth: somebody whom the bus had picked up got off."""

    at_ms: int
    rider_id: str
    vehicle_id: str
    route_id: str
    board_stop_id: str
    stop_id: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The driver, standing, answered the alert that his terminal shows for a visit."""

    at_ms: int
    vehicle_id: str
    trip_id: str
    stop_sequence: int
    answer: Answer


Event = (
    SignedOn
    | SignedOff
    | Fixed
    | Placed
    | Visited
    | Called
    | Answered
    | Rang
    | TookBack
    | WalkedAway
    | Boarded
    | Alighted
)
