"""What is wrong with drivers' terminals now, and when it began. Web level; looks every few seconds, decides nothing."""

from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, get_args

import msgspec

from server.core.effects import VehicleView
from server.core.events import Fix
from server.core.model import VehicleId
from server.evidence import TerminalNote, Trouble
from server.protocol import messages as wire, schema_ops as body
from server.runtime import OPS_TERMINALS, Runtime

MINUTE_MS = 60_000
FROZEN_MS = 10_000
"""An alert that is not on the screen after this: the page does not draw. Delivery takes a second, a reload three."""
CLOCK_OFF_S = 30.0
"""Reports from farther in the future are refused (policy `fix_future_s`), and times shown to drivers mislead."""
GPS_BAD_M = 50.0
"""The best report of a minute is worse than a stop zone and the street beside it: nothing can be said of a stop."""
TERMINALS_MAX = 50_000
"""Terminals remembered; the longest unheard goes first."""
TROUBLES: tuple[Trouble, ...] = get_args(Trouble)
State = Literal["up", "down", "silent"]


class _Terminal:
    """What one terminal let us know. Of a minute's reports the best counts: one late or poor report is no trouble."""

    __slots__ = ("accuracy_m", "began_ms", "last_ms", "least_lag_ms", "least_m", "screen", "skew_s", "sound",
                 "state", "wrong")  # fmt: skip

    def __init__(self) -> None:
        self.state: State | None = None
        self.last_ms: int | None = None
        self.sound: str | None = None
        self.screen: str | None = None
        self.skew_s: float | None = None
        self.accuracy_m: float | None = None
        self.began_ms = 0
        self.least_lag_ms: int | None = None
        self.least_m: float | None = None
        self.wrong: set[Trouble] = set()

    def hear(self, fix: Fix) -> None:
        self.last_ms = fix.received_ms
        if fix.received_ms - self.began_ms >= MINUTE_MS:
            self.began_ms, self.least_lag_ms, self.least_m = fix.received_ms, None, None
        lag_ms = fix.received_ms - fix.at_ms
        self.least_lag_ms = lag_ms if self.least_lag_ms is None else min(lag_ms, self.least_lag_ms)
        if fix.accuracy_m is not None:
            self.least_m = fix.accuracy_m if self.least_m is None else min(fix.accuracy_m, self.least_m)
        self.skew_s, self.accuracy_m = -self.least_lag_ms / 1000, self.least_m


class TerminalBoard:
    """The health of all terminals. `heard`, `said` as things come; `look` gives what began and ended since."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._terminals: OrderedDict[VehicleId, _Terminal] = OrderedDict()
        self._decode = msgspec.json.Decoder(wire.TerminalEvent).decode
        self._end = runtime.relay.subscribe(OPS_TERMINALS, self)

    def deliver(self, frame: bytes, *, seq: int | None, key: str) -> None:  # noqa: ARG002 - ports.Subscriber
        """Hear that a terminal came, went or fell silent."""
        event = self._decode(frame)
        self._of(VehicleId(event.vehicle_id)).state = event.state

    def heard(self, fix: Fix) -> None:
        """Take a report, before anybody judges it: one that is refused tells of a clock, too."""
        self._of(fix.vehicle_id).hear(fix)

    def said(self, vehicle_id: VehicleId, health: wire.TerminalHealth) -> None:
        """Take what a terminal says of its own self-test."""
        terminal = self._of(vehicle_id)
        terminal.sound, terminal.screen = health.sound, health.screen

    def _of(self, vehicle_id: VehicleId) -> _Terminal:
        terminal = self._terminals.get(vehicle_id)
        if terminal is None:
            terminal = self._terminals[vehicle_id] = _Terminal()
            if len(self._terminals) > TERMINALS_MAX:
                self._terminals.popitem(last=False)
        return terminal

    def known(self) -> list[VehicleId]:
        """Every terminal that let us know anything."""
        return list(self._terminals)

    def look(self, vehicle_ids: Iterable[VehicleId]) -> list[TerminalNote]:
        """Judge these terminals now; the troubles that began or ended."""
        now_ms, notes = self._runtime.clock.now_ms(), list[TerminalNote]()
        for vehicle_id in vehicle_ids:
            view, terminal = self._runtime.engine.vehicle(vehicle_id, now_ms), self._terminals.get(vehicle_id)
            if view is not None and terminal is not None:
                notes += self._judge(view, terminal, now_ms)
        return notes

    def _judge(self, view: VehicleView, terminal: _Terminal, now_ms: int) -> Iterable[TerminalNote]:
        found = dict(self._troubles(view, terminal, now_ms))
        began, ended = found.keys() - terminal.wrong, terminal.wrong - found.keys()
        terminal.wrong = set(found)
        return [
            TerminalNote(now_ms, view.vehicle_id, trouble, trouble in began, found.get(trouble))
            for trouble in TROUBLES
            if trouble in began or trouble in ended
        ]

    def _troubles(self, view: VehicleView, terminal: _Terminal, now_ms: int) -> Iterable[tuple[Trouble, float | None]]:
        up = terminal.state == "up"
        if terminal.state == "down" and view.trip is not None:
            yield "down", None
        if terminal.state == "silent" or (up and view.stale):
            yield "silent", round(view.age_s, 1)
        if up and (late_ms := self._longest_unshown_ms(view, now_ms)) is not None and late_ms >= FROZEN_MS:
            yield "frozen", late_ms / 1000
        if terminal.sound == "failed":
            yield "sound_failed", None
        if terminal.screen == "failed":
            yield "screen_failed", None
        if terminal.skew_s is not None and abs(terminal.skew_s) > CLOCK_OFF_S:
            yield "clock_off", terminal.skew_s
        if terminal.accuracy_m is not None and terminal.accuracy_m > GPS_BAD_M:
            yield "gps_bad", terminal.accuracy_m

    def _longest_unshown_ms(self, view: VehicleView, now_ms: int) -> int | None:
        if not view.live_alerts:
            return None
        alerts = self._runtime.engine.live_alerts(view.vehicle_id)
        return max((now_ms - alert.at_ms for alert in alerts if alert.shown_ms is None), default=None)

    def rows(self) -> Sequence[body.TerminalHealth]:
        """Every vehicle that reported lately, those in trouble first."""
        now_ms, rows = self._runtime.clock.now_ms(), list[body.TerminalHealth]()
        for view in self._runtime.vehicles():
            terminal = self._terminals.get(view.vehicle_id)
            row = self._runtime.renderer.vehicle(view)
            troubles = [] if terminal is None else [trouble for trouble, _ in self._troubles(view, terminal, now_ms)]
            rows.append(_row(row, troubles, terminal or _Terminal(), view))
        return sorted(rows, key=lambda row: (not row.troubles, row.terminal != "up", row.vehicle_id))


def _row(row: wire.VehicleRow, troubles: list[Trouble], terminal: _Terminal, view: VehicleView) -> body.TerminalHealth:
    fields = {name: getattr(row, name) for name in row.__struct_fields__}
    return body.TerminalHealth(
        **fields,
        troubles=list(troubles),
        last_ms=terminal.last_ms if terminal.last_ms is not None else view.fix.received_ms,
        skew_s=terminal.skew_s,
        accuracy_m=terminal.accuracy_m if terminal.accuracy_m is not None else view.fix.accuracy_m,
        sound=terminal.sound,
        screen=terminal.screen,
    )


def by_trouble(rows: Iterable[body.TerminalHealth]) -> Mapping[str, int]:
    """How many terminals have each trouble; all of them named, so that a zero is seen."""
    counts = Counter(trouble for row in rows for trouble in row.troubles)
    return {trouble: counts[trouble] for trouble in TROUBLES}
