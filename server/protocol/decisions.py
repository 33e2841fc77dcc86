"""Lines of a decisions file and of a truth file, as they are read for comparison. Fields that truth may leave out are null."""

from collections import Counter
from pathlib import Path

import msgspec

from server.core.model import END_STATES, BellState, Phase, RideState, VisitOutcome
from server.protocol.messages import Id, Ms
from server.protocol.recording import RecordingError, read_lines


class Judged(msgspec.Struct, gc=False, kw_only=True):
    """Base of all lines that are compared."""

    at_ms: Ms


class PositionLine(Judged, kw_only=True):
    """Where a vehicle was, or was believed to be, at a fix."""

    vehicle_id: Id
    trip_id: str | None = None
    start_date: str | None = None
    route_id: str | None = None
    direction_id: int | None = None
    pattern_id: str | None = None
    progress_m: float | None = None
    next_stop_sequence: int | None = None
    on_route: bool | None = None
    phase: Phase | None = None

    @property
    def in_service(self) -> bool:
        """A truth that says nothing of the phase speaks of service."""
        return self.phase is None or self.phase is Phase.IN_SERVICE

    @property
    def named(self) -> bool:
        """True when this is an answer: a trip, or at least a route."""
        return self.trip_id is not None or self.route_id is not None


class StopVisitLine(Judged, kw_only=True):
    """What a bus did at a visit."""

    vehicle_id: Id
    stop_id: str | None = None
    stop_sequence: int | None = None
    trip_id: str | None = None
    start_date: str | None = None
    arrived_ms: int | None = None
    departed_ms: int | None = None
    outcome: VisitOutcome | None = None

    @property
    def when_ms(self) -> int:
        """The moment of the visit: arrival, else departure, else when it was known."""
        if self.arrived_ms is not None:
            return self.arrived_ms
        return self.departed_ms if self.departed_ms is not None else self.at_ms


class BellLine(Judged, kw_only=True):
    """A state that a bell reached."""

    bell_id: Id
    state: BellState
    vehicle_id: str | None = None
    stop_id: str | None = None
    stop_sequence: int | None = None

    @property
    def ended(self) -> bool:
        """True for an end state."""
        return self.state in END_STATES


class RideLine(Judged, kw_only=True):
    """What was believed of a ride, or what it truly was."""

    rider: Id
    vehicle_id: Id
    ride_id: str | None = None
    state: RideState = RideState.SETTLED
    board_stop_sequence: int | None = None
    alight_stop_sequence: int | None = None
    board_at_ms: int | None = None
    alight_at_ms: int | None = None
    confidence: float | None = None

    @property
    def stops(self) -> tuple[int | None, int | None]:
        """Where the rider got on and off."""
        return self.board_stop_sequence, self.alight_stop_sequence

    @property
    def from_ms(self) -> int:
        """When the ride began."""
        return self.at_ms if self.board_at_ms is None else self.board_at_ms

    @property
    def to_ms(self) -> int:
        """When it ended."""
        return self.at_ms if self.alight_at_ms is None else self.alight_at_ms


class AlertLine(Judged, kw_only=True):
    """An alert that a terminal was sent."""

    alert_id: Id
    vehicle_id: Id
    trip_id: str
    stop_sequence: int


class RefusedLine(Judged, kw_only=True):
    """A no; `ref` is the bell or message it answers."""

    ref: str | None = None


class CallLine(Judged, kw_only=True):
    """Truth only: a bus came to the stop of a rider who waited with a bell (see `simulator.events.Called`)."""

    bell_id: Id
    vehicle_id: Id
    trip_id: str
    stop_id: str
    stop_sequence: int
    outcome: VisitOutcome
    could_be_told: bool
    tell_by_ms: int


class PredictedStop(msgspec.Struct, gc=False, kw_only=True):
    """When a visit was expected."""

    stop_sequence: int
    p10_ms: Ms
    p50_ms: Ms
    p90_ms: Ms


class PredictionLine(Judged, kw_only=True):
    """What was expected of one bus."""

    vehicle_id: Id
    trip_id: str
    stops: list[PredictedStop]
    start_date: str | None = None


class Lines(msgspec.Struct, kw_only=True):
    """A whole file, by type; `counts` holds every type found, judged or not."""

    positions: list[PositionLine] = []
    stop_visits: list[StopVisitLine] = []
    bells: list[BellLine] = []
    rides: list[RideLine] = []
    alerts: list[AlertLine] = []
    refusals: list[RefusedLine] = []
    calls: list[CallLine] = []
    predictions: list[PredictionLine] = []
    counts: Counter[str] = msgspec.field(default_factory=Counter)


class _Kind(msgspec.Struct, gc=False):
    type: str


def read_judged(path: Path) -> Lines:
    """Read a decisions or truth file. A bad line is a `RecordingError`; types that are not compared are only counted."""
    lines = Lines()
    kind = msgspec.json.Decoder(_Kind)
    position = msgspec.json.Decoder(PositionLine)
    visit = msgspec.json.Decoder(StopVisitLine)
    bell = msgspec.json.Decoder(BellLine)
    ride = msgspec.json.Decoder(RideLine)
    alert = msgspec.json.Decoder(AlertLine)
    refusal = msgspec.json.Decoder(RefusedLine)
    call = msgspec.json.Decoder(CallLine)
    prediction = msgspec.json.Decoder(PredictionLine)
    for number, raw in read_lines(path):
        try:
            name = kind.decode(raw).type
            lines.counts[name] += 1
            match name:
                case "position":
                    lines.positions.append(position.decode(raw))
                case "stop_visit":
                    lines.stop_visits.append(visit.decode(raw))
                case "bell":
                    lines.bells.append(bell.decode(raw))
                case "ride":
                    lines.rides.append(ride.decode(raw))
                case "alert":
                    lines.alerts.append(alert.decode(raw))
                case "refused":
                    lines.refusals.append(refusal.decode(raw))
                case "call":
                    lines.calls.append(call.decode(raw))
                case "prediction":
                    lines.predictions.append(prediction.decode(raw))
                case _:
                    pass
        except msgspec.DecodeError as error:
            msg = f"{path}:{number}: not a line of decisions or truth: {error}"
            raise RecordingError(msg) from error
    if not (lines.positions or lines.stop_visits or lines.bells or lines.rides or lines.predictions):
        msg = (
            f"{path}: no position, stop_visit, bell, ride or prediction to compare; is this a decisions or truth file?"
        )
        raise RecordingError(msg)
    return lines
