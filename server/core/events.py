"""What comes in: everything that can happen to a shard, as frozen records. Level 1 of the core: knows the model.

Times are integer epoch milliseconds (`_ms`), distances metres, speeds metres a second, headings degrees from north.
"""

from server.core.model import (
    AlertId,
    Answer,
    BellId,
    BellKind,
    BlockId,
    Doors,
    Need,
    Record,
    RideId,
    RiderId,
    RouteId,
    Source,
    StopId,
    TripId,
    TripKey,
    VehicleId,
)


class Fix(Record, frozen=True, gc=False):
    """One position report of a vehicle. `at_ms` is the device's time (data), `received_ms` ours (freshness).

    `trip`, `route_id` and `direction_id` are what a feed says the vehicle runs; a terminal signs on instead.
    """

    vehicle_id: VehicleId
    at_ms: int
    received_ms: int
    lat: float
    lon: float
    speed_mps: float | None = None
    heading_deg: float | None = None
    accuracy_m: float | None = None
    odometer_m: float | None = None
    doors: Doors | None = None
    passengers: int | None = None
    seats_left: int | None = None
    n: int | None = None
    source: Source = Source.TERMINAL
    trip: TripKey | None = None
    route_id: RouteId | None = None
    direction_id: int | None = None


class SignOn(Record, frozen=True, gc=False):
    """A driver (or a feed) says which trip, block, or route and direction the vehicle runs."""

    vehicle_id: VehicleId
    ref: str | None = None
    trip_id: TripId | None = None
    start_date: str | None = None
    block_id: BlockId | None = None
    route_id: RouteId | None = None
    direction_id: int | None = None


class SignOff(Record, frozen=True, gc=False):
    """The vehicle leaves service."""

    vehicle_id: VehicleId
    ref: str | None = None


class TerminalLink(Record, frozen=True, gc=False):
    """The vehicle's terminal came (`up`) or went. A bus without a terminal cannot be told anything."""

    vehicle_id: VehicleId
    up: bool


class Presence(Record, frozen=True, gc=False):
    """Where the rider says to be; `proven` when a stop's own nonce was checked by the door."""

    lat: float | None = None
    lon: float | None = None
    accuracy_m: float = 0.0
    proven: bool = False


class Ring(Record, frozen=True, gc=False):
    """A rider rings. `bell_id` is made by the client and is the idempotency key."""

    bell_id: BellId
    rider_id: RiderId
    kind: BellKind
    stop_id: StopId
    route_id: RouteId | None = None
    direction_id: int | None = None
    stop_sequence: int | None = None
    vehicle_id: VehicleId | None = None
    alight_stop_id: StopId | None = None
    party: int = 1
    needs: tuple[Need, ...] = ()
    presence: Presence | None = None
    ride_id: RideId | None = None


class StillThere(Record, frozen=True, gc=False):
    """Where a rider who rang is now, as her phone says: it may be that she went away."""

    bell_id: BellId
    rider_id: RiderId
    presence: Presence


class Cancel(Record, frozen=True, gc=False):
    """A rider takes a bell back."""

    bell_id: BellId
    rider_id: RiderId


class Shown(Record, frozen=True, gc=False):
    """The terminal's screen (not its socket) says that an alert is on it."""

    vehicle_id: VehicleId
    alert_id: AlertId
    at_ms: int


class Respond(Record, frozen=True, gc=False):
    """A driver's answer to an alert. `by_touch`: on the screen, which nobody may do while the wheels turn."""

    vehicle_id: VehicleId
    alert_id: AlertId
    answer: Answer
    ref: str | None = None
    reason: str | None = None
    by_touch: bool = False


class Whereabouts(Record, frozen=True, gc=False):
    """Where a rider's phone says it is. `at_ms` is the phone's time."""

    at_ms: int
    lat: float
    lon: float
    accuracy_m: float = 0.0
    speed_mps: float | None = None


class CheckIn(Record, frozen=True, gc=False):
    """A rider says to be on a bus. `proven`: the door has checked the code that this bus shows at this minute."""

    rider_id: RiderId
    vehicle_id: VehicleId
    position: Whereabouts | None = None
    proven: bool = False
    party: int = 1
    device: str = ""
    ref: str | None = None


class BeaconHeard(Record, frozen=True, gc=False):
    """One beacon that a phone heard, and how loudly (dBm). `at_ms` is the phone's time."""

    beacon_id: str
    rssi_dbm: float
    at_ms: int


class Sighted(Record, frozen=True, gc=False):
    """What a rider's phone heard and where it was. `listened`: from-to times (ms) in which its receiver was on.

    `sent_ms`: the phone's clock when it sent this, so that a wrong clock can be set right.
    """

    rider_id: RiderId
    beacons: tuple[BeaconHeard, ...] = ()
    positions: tuple[Whereabouts, ...] = ()
    listened: tuple[tuple[int, int], ...] = ()
    sent_ms: int | None = None
    device: str = ""
    ref: str | None = None


class Met(Record, frozen=True, gc=False):
    """Somebody met the rider in a bus: an inspector's scan, or a card reader's tap that the operator passes on."""

    rider_id: RiderId
    vehicle_id: VehicleId
    at_ms: int
    by_card: bool = False


class CheckOut(Record, frozen=True, gc=False):
    """A rider says to have got off, or to be about to."""

    rider_id: RiderId
    ride_id: RideId | None


class Undo(Record, frozen=True, gc=False):
    """A rider takes a ride back: "I was not on this bus"."""

    rider_id: RiderId
    ride_id: RideId | None


class Correct(Record, frozen=True, gc=False):
    """A rider says where it was: "I got on at …", "I got off at …"; also the answer to a question."""

    rider_id: RiderId
    ride_id: RideId | None
    board_stop_id: StopId | None = None
    alight_stop_id: StopId | None = None
    party: int | None = None


class Tick(Record, frozen=True, gc=False):
    """Time passes: expiry, silence and extrapolated progress are looked at."""


RideEvent = CheckIn | CheckOut | Undo | Correct | Sighted | Met
"""What is said of rides. A `ride_id` of None (recordings): the rider's latest."""
Event = Fix | SignOn | SignOff | TerminalLink | Ring | StillThere | Cancel | Shown | Respond | RideEvent | Tick
