"""Which vehicle runs which trips around an instant: the timetable's blocks as duties. Pure."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from server.core.network import Network, Pattern, Trip
from server.core.tracking import scheduled_s

VEHICLE_PREFIX = "V-"
"""A simulated vehicle is named after the block it runs, or the trip where there are no blocks."""


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One run of a trip on a service day. Times in epoch milliseconds, one per visit."""

    trip: Trip
    start_date: str
    pattern: Pattern
    arrivals_ms: NDArray[np.int64]
    departures_ms: NDArray[np.int64]

    @property
    def departs_ms(self) -> int:
        """When it is to leave its first stop."""
        return int(self.departures_ms[0])

    @property
    def arrives_ms(self) -> int:
        """When it is to reach its last stop."""
        return int(self.arrivals_ms[-1])

    def early_s(self, along_m: float, now_ms: int) -> float:
        """Seconds that a bus at this place is ahead of the timetable (below 0: behind it)."""
        first_s = float(self.trip.departures_s[0])
        due_s = scheduled_s(self.trip, self.pattern, along_m) - first_s
        return (self.departs_ms - now_ms) / 1000.0 + due_s


@dataclass(frozen=True, slots=True, eq=False)
class Duty:
    """What one vehicle does, trip after trip."""

    vehicle_id: str
    runs: tuple[Run, ...]


def duties_between(network: Network, from_ms: int, to_ms: int) -> list[Duty]:
    """List the duties with a run under way or beginning in a span of time, by vehicle id; runs over before it are left out.

    Blocks of one name on several service days are one vehicle's. A trip with `headways` is run by a vehicle a departure.
    """
    found: dict[str, list[Run]] = defaultdict(list)
    days = [(date, network.day_start_ms(date)) for date in network.service_dates(from_ms)]
    for index in range(network.pattern_count):
        pattern = network.pattern(index)
        if len(pattern.visits) < 2 or pattern.path.length_m <= 0.0:
            continue
        for trip_id in network.trips_of_pattern(index):
            trip = network.trip(trip_id)
            assert trip is not None
            for date, shift_ms, vehicle_id in _departures(network, trip, days):
                if (
                    shift_ms + 1000 * int(trip.arrivals_s[-1]) >= from_ms
                    and shift_ms + 1000 * int(trip.departures_s[0]) <= to_ms
                ):
                    found[vehicle_id].append(_run(trip, date, pattern, shift_ms))
    return [Duty(vehicle_id, tuple(sorted(found[vehicle_id], key=_order))) for vehicle_id in sorted(found)]


def _order(run: Run) -> tuple[int, str]:
    return run.departs_ms, run.trip.trip_id


def _run(trip: Trip, date: str, pattern: Pattern, shift_ms: int) -> Run:
    arrivals_ms = shift_ms + 1000 * trip.arrivals_s.astype(np.int64)
    return Run(trip, date, pattern, arrivals_ms, shift_ms + 1000 * trip.departures_s.astype(np.int64))


def _departures(network: Network, trip: Trip, days: list[tuple[str, int]]) -> Iterator[tuple[str, int, str]]:
    """Service day, what to add to the trip's times (epoch ms), and vehicle, of every run of a trip on some days."""
    for date, day_ms in days:
        if network.service_active(trip.service_id, date):
            for vehicle_id, shift_s in _shifts(trip):
                yield date, day_ms + 1000 * shift_s, vehicle_id


def _shifts(trip: Trip) -> list[tuple[str, int]]:
    """Vehicles that run a trip on a day, and by how many seconds each is later than the trip's own times."""
    if not trip.headways:
        return [(f"{VEHICLE_PREFIX}{trip.block_id or trip.trip_id}", 0)]
    starts = [start for window in trip.headways for start in range(window.start_s, window.end_s, window.every_s)]
    return [(f"{VEHICLE_PREFIX}{trip.trip_id}-{k:03d}", s - int(trip.departures_s[0])) for k, s in enumerate(starts, 1)]
