"""Where time comes from: the machine's clock, or one that runs in a recording's day at some speed. Imports nothing of ours."""

import time
from typing import Protocol


class Clock(Protocol):
    """Time as an argument, so that tests own it."""

    def now_ms(self) -> int:
        """Epoch milliseconds."""
        ...

    def perf_ns(self) -> int:
        """Monotonic nanoseconds, for latency only."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        """Epoch milliseconds."""
        return time.time_ns() // 1_000_000

    def perf_ns(self) -> int:
        """Monotonic nanoseconds."""
        return time.perf_counter_ns()


class ShiftedClock:
    """A clock that began at `start_ms` when it was made and runs `rate` times as fast as the machine's.

    For showing a feed or a recording of another day through a real server. Latencies stay the machine's own.
    """

    def __init__(self, start_ms: int, *, rate: float = 1.0) -> None:
        if rate <= 0.0:
            raise ValueError(f"a clock's rate must be above 0, not {rate}")
        self._start_ms = start_ms
        self._rate = rate
        self._made_ns = time.monotonic_ns()

    def now_ms(self) -> int:
        """Epoch milliseconds of that other day."""
        return self._start_ms + int((time.monotonic_ns() - self._made_ns) * self._rate) // 1_000_000

    def perf_ns(self) -> int:
        """Monotonic nanoseconds of this machine."""
        return time.perf_counter_ns()
