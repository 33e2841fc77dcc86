"""A recording through the same engine at any speed: events in, decisions out. No socket, no journal, no clock of its own.

The replay is causal: a decision depends only on lines before it. Time is the recording's: it moves with `at_ms`, never
back, and a tick is put on each whole second that passes. The same recording, network, vehicles and policy give the
same bytes.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, assert_never

import msgspec

from server.core.effects import (
    AlertCleared,
    AlertMarked,
    AlertRaised,
    Assigned,
    BellChanged,
    BellRepeated,
    Effect,
    FixRefused,
    Positioned,
    Prediction,
    Refused,
    RideChanged,
    RideRepeated,
    StopVisited,
)
from server.core.engine import RouteEngine
from server.core.events import Event, Fix, Tick
from server.core.explain import Choice, Explanation, Telling
from server.core.model import StopVisit, Vehicle, VehicleId
from server.core.network import Network
from server.core.policy import Policy
from server.core.rides.beacons import Beacon
from server.protocol import recording as line
from server.protocol.render import Renderer
from server.recorded import event_of
from server.streams import rider_stream, terminal_stream

Decision = dict[str, Any]
"""One line of a decisions file: `at_ms` and `type` first, then the fields in a fixed order."""

FINE_TICKS_S = 300
"""In a silence, time is looked at each second for this long: beyond every silence threshold of the policy (180 s)."""
COARSE_TICK_S = 60
"""After that once a minute, so that hours without an event are cheap and still end what must end."""


@dataclass(slots=True)
class Replay:
    """One pass over a recording. `trace` adds `position` and `fix_refused` lines.

    `predict_s` adds `prediction` lines every so many seconds: on each whole second of the recording's time that it
    divides, or the first one after it that is looked at. `explain` adds `choice` and `telling` lines: what the rules saw
    (the engine must be `witnessed`).
    """

    engine: RouteEngine
    renderer: Renderer
    trace: bool = False
    predict_s: int | None = None
    explain: bool = False
    now_ms: int | None = None
    late: int = 0
    """Lines that came with an earlier `at_ms` than one before them; taken at the time reached by then."""
    read: Counter[str] = field(default_factory=Counter)
    written: Counter[str] = field(default_factory=Counter)
    _last_seq: Counter[str] = field(default_factory=Counter)
    _predicted_s: int = 0

    def run(self, lines: Iterable[line.RecordedLine]) -> Iterator[Decision]:
        """Decisions in order. After the last line time runs on until no bell is open, by the rules' own limits."""
        for recorded in lines:
            yield from self.pass_time(recorded.at_ms)
            yield from self.take(recorded)
        yield from self.end()

    def take(self, recorded: line.RecordedLine) -> Iterator[Decision]:
        """What one line decides; time has passed up to it before."""
        self.read[str(recorded.__struct_config__.tag)] += 1
        event = event_of(recorded, self._at(recorded.at_ms))
        if event is not None:
            yield from self._step(event)

    def _at(self, at_ms: int) -> int:
        """The clock after a line: `at_ms`, or the time reached already."""
        if self.now_ms is not None and at_ms < self.now_ms:
            self.late += 1
        else:
            self.now_ms = at_ms
        return self.now_ms or at_ms

    def pass_time(self, until_ms: int, *, while_open: bool = False) -> Iterator[Decision]:
        """Ticks on the whole seconds after the present one, up to `until_ms` (`while_open`: or until no bell and no ride is open)."""
        if self.now_ms is None:
            return
        fine_until_s = self.now_ms // 1000 + FINE_TICKS_S
        at_s = self.now_ms // 1000 + 1
        while at_s * 1000 <= until_ms and (self.engine.undecided_count or not while_open):
            self.now_ms = at_s * 1000
            yield from self._step(Tick())
            yield from self._predict(at_s)
            at_s += 1 if at_s < fine_until_s else COARSE_TICK_S

    def end(self) -> Iterator[Decision]:
        """Silence until every open bell and ride has met its end; none outlives the policy's greatest age."""
        if self.now_ms is not None:
            limit_s = self.engine.policy.bell_max_age_s + 2 * COARSE_TICK_S
            yield from self.pass_time(self.now_ms + round(1000 * limit_s), while_open=True)

    def _step(self, event: Event) -> Iterator[Decision]:
        assert self.now_ms is not None
        effects = self.engine.step(event, self.now_ms)
        decisions = [self._decision(event, effect, self.now_ms) for effect in effects]
        if self.trace and isinstance(event, Fix) and not any(isinstance(effect, FixRefused) for effect in effects):
            position = self.engine.position(event.vehicle_id, self.now_ms)
            decisions.append(None if position is None else _record("position", position))
        if self.explain:
            decisions += [explained(seen) for seen in self.engine.explanations()]
        for decision in decisions:
            if decision is not None:
                self.written[decision["type"]] += 1
                yield decision

    def _predict(self, at_s: int) -> Iterator[Decision]:
        """What is expected of every bus in service, if it is time to say so."""
        if self.predict_s is None or at_s // self.predict_s == self._predicted_s // self.predict_s:
            return
        self._predicted_s = at_s
        for prediction in self.engine.predictions(at_s * 1000):
            self.written["prediction"] += 1
            yield _record("prediction", prediction)

    def _seq(self, stream: str) -> int:
        self._last_seq[stream] += 1
        return self._last_seq[stream]

    def _decision(self, event: Event, effect: Effect, now_ms: int) -> Decision | None:
        match effect:
            case BellChanged(bell=bell) | BellRepeated(bell=bell):
                message = self.renderer.bell(
                    bell, seq=self._seq(rider_stream(bell.rider_id)), eta_s=effect.eta_s, stops_away=effect.stops_away
                )
                return _line(message, rider=bell.rider_id)
            case AlertRaised(alert=alert):
                alerted = self.renderer.alert(alert, seq=self._seq(terminal_stream(alert.vehicle_id)))
                return _line(alerted, vehicle_id=alert.vehicle_id)
            case AlertCleared(alert=alert):
                cleared = self.renderer.clear(effect, seq=self._seq(terminal_stream(alert.vehicle_id)))
                return _line(cleared, vehicle_id=alert.vehicle_id)
            case RideChanged(ride=ride) | RideRepeated(ride=ride):
                told = self.renderer.ride(ride, seq=self._seq(rider_stream(ride.rider_id)))
                return _line(told, rider=ride.rider_id)
            case StopVisited(visit=visit):
                return _record("stop_visit", visit)
            case FixRefused():
                return _record("fix_refused", effect) if self.trace else None
            case Refused(reason=reason, ref=ref):
                return {"at_ms": now_ms, "type": "refused", "reason": reason, "ref": ref, **_sender(event)}
            case AlertMarked() | Assigned():
                return None
            case _:
                assert_never(effect)


def replay_under(
    network: Network,
    policy: Policy,
    vehicles: Mapping[VehicleId, Vehicle],
    opening: line.BeginLine | None,
    *,
    trace: bool,
    explain: bool,
    predict_s: int | None = None,
    beacons: Sequence[Beacon] = (),
) -> Replay:
    """Prepare the pass over a recording that opens so: the one way in which command line and console replay."""
    engine = RouteEngine(
        network,
        policy,
        vehicles=vehicles,
        assume_terminal=opening is None or opening.terminals == "assumed",
        beacons=beacons,
        witnessed=explain,
    )
    return Replay(engine, Renderer(network, vehicles), trace=trace, explain=explain, predict_s=predict_s)


def paced(
    lines: Iterable[line.RecordedLine],
    *,
    speed: float,
    monotonic_s: Callable[[], float],
    sleep_s: Callable[[float], None],
) -> Iterator[line.RecordedLine]:
    """Hand lines on at `speed` times the pace of their `at_ms` (1.0: as it was)."""
    first: tuple[int, float] | None = None
    for recorded in lines:
        if first is None:
            first = recorded.at_ms, monotonic_s()
        due_s = first[1] + (recorded.at_ms - first[0]) / 1000 / speed
        wait_s = due_s - monotonic_s()
        if wait_s > 0:
            sleep_s(wait_s)
        yield recorded


def _line(message: msgspec.Struct, **who: str) -> Decision:
    """A wire message as a decision: its fields as on the wire, and whom it was for."""
    fields = msgspec.to_builtins(message)
    return {"at_ms": fields.pop("at_ms"), "type": fields.pop("type"), **who, **fields}


def _record(kind: str, record: StopVisit | Positioned | FixRefused | Prediction) -> Decision:
    """A core record as a decision: every field in its order, a trip as its two parts, unknown values null."""
    decision: Decision = {"at_ms": record.at_ms, "type": kind}
    for name in record.__struct_fields__:
        value = getattr(record, name)
        if name == "trip":
            decision["trip_id"] = value.trip_id if value is not None else None
            decision["start_date"] = value.start_date if value is not None else None
        elif name == "stops":
            decision[name] = msgspec.to_builtins(value)
        elif name != "at_ms":
            decision[name] = round(value, 3) if isinstance(value, float) else value
    return decision


def explained(seen: Explanation) -> Decision:
    """What a rule saw, as a decision: `choice` for the bus of a bell, `telling` for an alert."""
    fields = msgspec.to_builtins(seen)
    match seen:
        case Choice():
            kind = "choice"
        case Telling():
            kind = "telling"
            fields |= fields.pop("trip")
        case _:
            assert_never(seen)
    return {"at_ms": fields.pop("at_ms"), "type": kind, **fields}


def _sender(event: Event) -> dict[str, str]:
    """Whose event was refused."""
    for name, field_name in (("rider", "rider_id"), ("vehicle_id", "vehicle_id")):
        value = getattr(event, field_name, None)
        if value is not None:
            return {name: value}
    return {}
