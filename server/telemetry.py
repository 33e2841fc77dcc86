"""Counters and latencies of one server, for operators and `/metrics`. Holds numbers only; never who or where."""

from collections import Counter, deque
from collections.abc import Iterable

import numpy as np

from server.core.effects import AlertMarked, AlertRaised, BellChanged, Effect, FixRefused, Refused
from server.core.engine import RouteEngine
from server.core.events import Event, Fix, Ring, Shown
from server.core.model import BellState, Reason
from server.protocol import messages as wire


class Latency:
    """The last samples of one latency, in milliseconds."""

    def __init__(self, window: int) -> None:
        self._samples: deque[float] = deque(maxlen=window)
        self._at_ms: deque[int] = deque(maxlen=window)
        self.count = 0
        self.total_ms = 0.0

    def add(self, ms: float, at_ms: int) -> None:
        """Keep one sample, and when it was taken."""
        self._samples.append(ms)
        self._at_ms.append(at_ms)
        self.count += 1
        self.total_ms += ms

    def samples(self) -> list[float]:
        """The kept samples, oldest first."""
        return list(self._samples)

    def percentiles(self) -> dict[str, float | None]:
        """p50, p95 and p99 of the kept samples; None while there are none."""
        if not self._samples:
            return {"p50": None, "p95": None, "p99": None}
        p50, p95, p99 = np.percentile(np.fromiter(self._samples, float), [50, 95, 99])
        return {"p50": round(float(p50), 3), "p95": round(float(p95), 3), "p99": round(float(p99), 3)}

    def figures(self, now_ms: int) -> dict[str, float | None]:
        """The percentiles, of how many samples (`n`), and how far back the oldest is (`window_s`)."""
        window_s = (now_ms - self._at_ms[0]) / 1000 if self._at_ms else None
        return self.percentiles() | {"n": float(len(self._samples)), "window_s": window_s}


class Telemetry:
    """What the runtime counts. All counters start at 0 with the process."""

    def __init__(self, window: int) -> None:
        self.fixes_taken = 0
        self.fixes_overtaken = 0
        self.fixes_refused: Counter[Reason] = Counter()
        self.refused: Counter[Reason] = Counter()
        self.bells: Counter[str] = Counter()
        """Times a bell reached each state."""
        self.passbys = 0
        self.notes_dropped = 0
        """Notes for operators that found no room in the journal's queue."""
        self.faults = 0
        """Events that a rule could not digest (a defect of ours; logged with the event)."""
        self.fix_to_alert = Latency(window)
        self.ring_to_answer = Latency(window)
        self.alert_to_shown = Latency(window)
        self.ring_to_shown = Latency(window)

    def count(self, event: Event, effects: Iterable[Effect], *, waited_ms: float, now_ms: int) -> None:
        """Count what became of one event, and how long it took from its arrival until the journal held it."""
        refused_fix = False
        for effect in effects:
            match effect:
                case FixRefused(reason=reason):
                    self.fixes_refused[reason] += 1
                    refused_fix = True
                case Refused(reason=reason):
                    self.refused[reason] += 1
                case BellChanged(bell=bell):
                    self.bells[bell.state] += 1
                    self.passbys += bell.state is BellState.PASSED
                    if bell.state is BellState.SHOWN:
                        self.ring_to_shown.add(float(bell.changed_ms - bell.rung_ms), now_ms)
                case AlertRaised() if isinstance(event, Fix):
                    self.fix_to_alert.add(waited_ms, now_ms)
                case AlertMarked(alert=alert) if isinstance(event, Shown):
                    self.alert_to_shown.add(float(max(0, now_ms - alert.at_ms)), now_ms)
                case _:
                    pass
        if isinstance(event, Fix) and not refused_fix:
            self.fixes_taken += 1
        if isinstance(event, Ring):
            self.ring_to_answer.add(waited_ms, now_ms)

    def metrics(self, engine: RouteEngine, now_ms: int) -> wire.Metrics:
        """Counters and latencies, with what the engine counts, as operators hear them."""
        terminals = engine.terminal_counts(now_ms)
        return wire.Metrics(
            at_ms=now_ms,
            fixes_taken=self.fixes_taken,
            fixes_refused={str(k): v for k, v in self.fixes_refused.items()},
            bells_by_state=dict(self.bells),
            bells_open=engine.open_bell_count,
            refused={str(k): v for k, v in self.refused.items()},
            passbys=self.passbys,
            vehicles=terminals.vehicles,
            terminals_up=terminals.up,
            terminals_silent=terminals.silent,
            fix_to_alert_ms=self.fix_to_alert.figures(now_ms),
            alert_to_shown_ms=self.alert_to_shown.figures(now_ms),
            ring_to_shown_ms=self.ring_to_shown.figures(now_ms),
        )
