"""Which bus of the load runs which trip, and where it starts: real patterns and trips of the network. Pure."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from server.core.model import TripId
from server.core.network import Network, Pattern

FIRST_PART = 0.7
"""Buses start within this part of their path, so that a minute's drive has stops ahead."""
SHORTEST_M = 800.0
"""Patterns shorter than this end before anything happens."""


@dataclass(frozen=True, slots=True, eq=False)
class Duty:
    """One run of one trip. `along_m`: where the bus is when it begins."""

    trip_id: TripId
    start_date: str
    pattern: Pattern
    along_m: float


class Duties:
    """Hands out runs: first those the timetable has on the road now, then those nearest in time. No run twice.

    When a network has fewer runs in its days than buses are wanted, `take` gives None.
    """

    def __init__(self, network: Network, *, now_ms: int, rng: random.Random) -> None:
        self._network = network
        self._now_ms = now_ms
        self._rng = rng
        self._runs = self._sorted_runs()

    def take(self) -> Duty | None:
        """The next run."""
        run = next(self._runs, None)
        if run is None:
            return None
        trip_id, date, off_s = run
        trip = self._network.trip(trip_id)
        assert trip is not None
        pattern = self._network.pattern(trip.pattern_index)
        length_m = pattern.path.length_m
        if off_s == 0.0:
            now_s = (self._now_ms - self._network.day_start_ms(date)) / 1000.0
            along_m = float(np.interp(now_s, trip.arrivals_s, pattern.visit_along_m))
            along_m = min(along_m, length_m * FIRST_PART)
        else:
            along_m = self._rng.uniform(0.05, FIRST_PART) * length_m
        return Duty(trip_id, date, pattern, along_m)

    def _sorted_runs(self) -> Iterator[tuple[TripId, str, float]]:
        runs: list[tuple[float, float, TripId, str]] = []
        dates = self._network.service_dates(self._now_ms)
        for index in range(self._network.pattern_count):
            if self._network.pattern(index).path.length_m < SHORTEST_M:
                continue
            for trip_id in self._network.trips_of_pattern(index):
                trip = self._network.trip(trip_id)
                assert trip is not None
                for date in dates:
                    if self._network.service_active(trip.service_id, date):
                        now_s = (self._now_ms - self._network.day_start_ms(date)) / 1000.0
                        off_s = max(0.0, float(trip.departures_s[0]) - now_s, now_s - float(trip.arrivals_s[-1]))
                        runs.append((off_s, self._rng.random(), trip_id, date))
        runs.sort()
        return ((trip_id, date, off_s) for off_s, _, trip_id, date in runs)
