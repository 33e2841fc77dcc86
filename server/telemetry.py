"""Counters and latencies of one server, for operators and `/metrics`. Holds numbers only; never who or where."""

from collections import Counter, deque

import numpy as np

from server.core.model import Reason


class Latency:
    """The last samples of one latency, in milliseconds."""

    def __init__(self, window: int) -> None:
        self._samples: deque[float] = deque(maxlen=window)
        self.count = 0
        self.total_ms = 0.0

    def add(self, ms: float) -> None:
        """Keep one sample."""
        self._samples.append(ms)
        self.count += 1
        self.total_ms += ms

    def percentiles(self) -> dict[str, float | None]:
        """p50, p95 and p99 of the kept samples; None while there are none."""
        if not self._samples:
            return {"p50": None, "p95": None, "p99": None}
        p50, p95, p99 = np.percentile(np.fromiter(self._samples, float), [50, 95, 99])
        return {"p50": round(float(p50), 3), "p95": round(float(p95), 3), "p99": round(float(p99), 3)}


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
        self.faults = 0
        """Events that a rule could not digest (a defect of ours; logged with the event)."""
        self.fix_to_alert = Latency(window)
        self.ring_to_answer = Latency(window)
        self.alert_to_shown = Latency(window)
        self.ring_to_shown = Latency(window)
