"""The demo's clock: the server's time, perhaps faster than real. Nothing here is measured with it."""

import time


class DemoClock:
    """Epoch milliseconds that began at `start_ms` when this was made and run `rate` times as fast as the machine's."""

    def __init__(self, start_ms: int, rate: float) -> None:
        self.rate = rate
        self._start_ms = start_ms
        self._made_s = time.monotonic()

    def now_ms(self) -> int:
        """Tell the time of the simulated town, which is the server's."""
        return self._start_ms + round(1000 * self.rate * self.real_s())

    def real_s(self) -> float:
        """Seconds that really passed since this was made."""
        return time.monotonic() - self._made_s
