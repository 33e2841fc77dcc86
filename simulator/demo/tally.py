"""What the demo measures and judges: bells, latencies, and promises broken. Told by the others; no I/O."""

import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from server.core.model import BellState, Stage, VisitOutcome
from server.protocol.messages import AlertMessage, BellMessage
from simulator.events import Visited

SAMPLES_KEPT = 50_000
"""Latencies kept of each kind; the oldest go first (a day of demo has fewer)."""
VISITS_KEPT = 50_000
NEWS_KEPT = 8
"""Latest messages of any bell, for the screen."""
SAME_DECISION_MS = 2
"""An alert and a bell with stamps no farther apart were decided together: the ring itself raised the alert."""

BY_FIX_MS = 250
"""A stage that changed so soon after a fix was sent is put down to it; later ones to the server's clock, between fixes.
(Its own figure, `server.fix_to_alert_ms`, knows the cause of each.)"""
BAY_M = 10.0
"""A bus that stood at a stop and pulls out is at the stop so far: where it may stand beyond the pole, and one second."""


class Samples:
    """One latency, milliseconds."""

    def __init__(self) -> None:
        self._values: deque[float] = deque(maxlen=SAMPLES_KEPT)

    def add(self, value: float) -> None:
        """Keep one."""
        self._values.append(value)

    def figures(self) -> dict[str, float | int | None]:
        """Count and p50, p95, p99; None while there are none."""
        if not self._values:
            return {"n": 0, "p50": None, "p95": None, "p99": None}
        p50, p95, p99 = np.percentile(np.fromiter(self._values, np.float64), (50, 95, 99)).tolist()
        return {"n": len(self._values), "p50": round(p50, 1), "p95": round(p95, 1), "p99": round(p99, 1)}


@dataclass(slots=True)
class BellRecord:
    """One bell as its rider saw it."""

    rung_s: float
    states: list[BellMessage] = field(default_factory=list)

    @property
    def latest(self) -> BellMessage | None:
        """The last thing the rider was told."""
        return self.states[-1] if self.states else None


@dataclass(frozen=True, slots=True)
class Where:
    """Where a bus really is: its trip, the next stop it has not left, and metres beyond the stop in question."""

    trip_id: str
    next_sequence: int
    past_m: float | None


class Tally:
    """Everything counted. Times of the machine (`time.perf_counter`), never of the simulated clock."""

    def __init__(self, *, rate: float = 1.0) -> None:
        self._rate = rate
        self.open: dict[str, BellRecord] = {}
        self.accepted = 0
        self.ends: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.without_end = 0
        self.unanswered = 0
        self.passbys = 0
        self.fixes_sent = 0
        self.alerts_displayed = 0
        self.after_stop = 0
        self.while_leaving = 0
        self.decided_by_clock = 0
        self.told_wrong = 0
        self.guests = 0
        self.ring_to_answer = Samples()
        self.ring_to_shown = Samples()
        self.ring_to_shown_waiting = Samples()
        self.fix_to_alert = Samples()
        self.violations: list[str] = []
        self.news: deque[BellMessage] = deque(maxlen=NEWS_KEPT)
        self._stage: dict[str, Stage] = {}
        self._fix: dict[str, tuple[float, int]] = {}
        self._raised_ms: dict[tuple[str, int], int] = {}
        self._visits: dict[tuple[str, str, int], VisitOutcome] = {}
        self._told: deque[tuple[str, tuple[str, str, int], bool]] = deque(maxlen=VISITS_KEPT)

    # -- riders --------------------------------------------------------------------

    def rings(self, bell_id: str) -> None:
        """Somebody presses the button."""
        self.open[bell_id] = BellRecord(time.perf_counter())

    def is_refused(self, bell_id: str, reason: str) -> None:
        """The server said no."""
        del self.open[bell_id]
        self.refused[reason] += 1

    def is_unanswered(self, bell_id: str) -> None:
        """No answer came in time."""
        del self.open[bell_id]
        self.unanswered += 1
        self.violations.append(f"ring {bell_id} was never answered")

    def hears(self, message: BellMessage) -> None:
        """A rider hears of the bell; the first time means that it was accepted."""
        record = self.open[message.bell_id]
        since_ms = 1000 * (time.perf_counter() - record.rung_s)
        if not record.states:
            self.accepted += 1
            self.ring_to_answer.add(since_ms)
        record.states.append(message)
        if message.state is BellState.SHOWN and message.attempt == 1:
            self._shown(record, message, since_ms)
        if message.state is BellState.PASSED:
            self.passbys += 1
            self._remember(message, stopped=False)
        if message.state is BellState.SERVED:
            self._remember(message, stopped=True)
        self.news.append(message)

    def ends_with(self, bell_id: str) -> None:
        """A rider's bell has ended."""
        latest = self.open.pop(bell_id).latest
        assert latest is not None
        self.ends[latest.state.value] += 1

    def has_no_end(self, bell_id: str, why: str) -> None:
        """A bell was lost."""
        self.open.pop(bell_id, None)
        self.without_end += 1
        self.violations.append(f"bell {bell_id} has no end: {why}")

    def _shown(self, record: BellRecord, message: BellMessage, since_ms: float) -> None:
        """Keep how long it took; on its own where the ring itself raised the alert and nothing else was waited for."""
        self.ring_to_shown_waiting.add(since_ms)
        if isinstance(message.vehicle_id, str) and message.stop_sequence is not None:
            raised_ms = self._raised_ms.get((message.vehicle_id, message.stop_sequence), 0)
            if abs(raised_ms - record.states[0].at_ms) <= SAME_DECISION_MS:
                self.ring_to_shown.add(since_ms)

    def _remember(self, message: BellMessage, *, stopped: bool) -> None:
        if isinstance(message.vehicle_id, str) and message.stop_sequence is not None:
            key = (message.vehicle_id, message.stop_id, message.stop_sequence)
            self._told.append((message.bell_id, key, stopped))

    # -- drivers -------------------------------------------------------------------

    def reports(self, vehicle_id: str, at_ms: int) -> None:
        """A terminal hands a fix to its link; `at_ms` by the town's clock."""
        self.fixes_sent += 1
        self._fix[vehicle_id] = time.perf_counter(), at_ms

    def displays(self, vehicle_id: str, alert: AlertMessage, where: Where) -> None:
        """A terminal shows an alert, and the bus really is at `where`."""
        self.alerts_displayed += 1
        before = self._stage.get(alert.alert_id)
        self._stage[alert.alert_id] = alert.stage
        self._raised_ms[vehicle_id, alert.stop_sequence] = alert.at_ms
        if before is not None and before is not alert.stage:
            self._time_from_fix(vehicle_id, alert)
        if where.trip_id != alert.trip_id or alert.stop_sequence < where.next_sequence:
            self._judge_late(vehicle_id, alert, where)

    def _time_from_fix(self, vehicle_id: str, alert: AlertMessage) -> None:
        """Only the bus's own motion changes an alert's stage: a fix brought it about, or the clock between two fixes."""
        fix_s, fix_ms = self._fix.get(vehicle_id, (0.0, 0))
        if alert.at_ms - fix_ms <= BY_FIX_MS * self._rate:
            self.fix_to_alert.add(1000 * (time.perf_counter() - fix_s))
        else:
            self.decided_by_clock += 1

    def _judge_late(self, vehicle_id: str, alert: AlertMessage, where: Where) -> None:
        """The bus has done with this stop. It may just be pulling out of it, which no report can have said yet."""
        outcome = self._visits.get((vehicle_id, alert.stop_id, alert.stop_sequence))
        here = where.trip_id == alert.trip_id and where.past_m is not None and where.past_m <= BAY_M
        if outcome is VisitOutcome.STOPPED and here:
            self.while_leaving += 1
            return
        self.after_stop += 1
        past = "on another trip" if where.past_m is None else f"{where.past_m:.0f} m past it"
        self.violations.append(f"{vehicle_id} displayed an alert for {alert.stop_name} when it was {past}")

    def takes_down(self, alert_id: str) -> None:
        """A terminal removes an alert."""
        self._stage.pop(alert_id, None)

    # -- truth ---------------------------------------------------------------------

    def visited(self, visit: Visited) -> None:
        """A bus is done with a stop: what riders were told of it is compared with this in the end."""
        self._visits[visit.vehicle_id, visit.stop_id, visit.stop_sequence] = visit.outcome
        while len(self._visits) > VISITS_KEPT:
            del self._visits[next(iter(self._visits))]

    def close(self) -> None:
        """No more will be told: judge what is left."""
        for bell_id, record in list(self.open.items()):
            latest = record.latest
            if latest is not None:
                self.has_no_end(bell_id, f"its last state is {latest.state.value}")
        for bell_id, key, stopped in self._told:
            outcome = self._visits.get(key)
            if outcome is not None and (outcome is VisitOutcome.STOPPED) is not stopped:
                self.told_wrong += 1
                said = "that the bus stood" if stopped else "that the bus passed"
                self.violations.append(f"the rider of {bell_id} was told {said} at {key[1]}, which {key[0]} did not")

    def figures(self) -> dict[str, Any]:
        """Give all figures as they are written to JSON."""
        return {
            "bells": dict(sorted(self.ends.items())),
            "bells_accepted": self.accepted,
            "bells_without_end": self.without_end,
            "refused": dict(sorted(self.refused.items())),
            "unanswered": self.unanswered,
            "passbys": self.passbys,
            "ring_to_answer_ms": self.ring_to_answer.figures(),
            "ring_to_shown_ms": self.ring_to_shown.figures(),
            "ring_to_shown_incl_waiting_ms": self.ring_to_shown_waiting.figures(),
            "fix_to_alert_ms": self.fix_to_alert.figures(),
            "fixes_sent": self.fixes_sent,
            "alerts_displayed": self.alerts_displayed,
            "alerts_displayed_after_stop": self.after_stop,
            "alerts_displayed_while_leaving": self.while_leaving,
            "alerts_decided_by_clock": self.decided_by_clock,
            "told_wrong": self.told_wrong,
            "guests": self.guests,
        }
