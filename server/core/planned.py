"""What the timetable gives a trip: seconds of each link, and where a bus waits for its time. Level 3 of the core."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from server.core.network import Trip

FASTEST_MPS = 25.0
"""No stretch is planned faster than 90 km/h, whatever a rounded timetable (same minute at two stops) says."""
SLOWEST_MPS = 1.0
"""... nor slower than a walk: what is planned beyond is a wait."""
COARSE_S = 120.0
"""Timetables are rounded or interpolated to minutes: shorter links share the time of their short neighbours up to this."""
PLANNED_STAND_S = 30.0
"""A stand of this length in the timetable is a wait for the departure, not boarding."""


def planned_links_s(trip: Trip, stops_m: Sequence[float]) -> list[float]:
    """What the timetable gives each link, rounding taken out: from arrival (departure, where the bus waits) to arrival."""
    begins_s = np.where(_waits(trip), trip.departures_s, trip.arrivals_s)
    links_s: list[float] = (trip.arrivals_s[1:] - begins_s[:-1]).tolist()
    gaps_m: list[float] = np.diff(stops_m).tolist()
    even: list[float] = []
    for index, gap_m in enumerate(gaps_m):
        low, high = index, index + 1
        while sum(links_s[low:high]) < COARSE_S:
            grown = (
                low - (low > 0 and links_s[low - 1] < COARSE_S),
                high + (high < len(links_s) and links_s[high] < COARSE_S),
            )
            if grown == (low, high):
                break
            low, high = grown
        length_m, took_s = sum(gaps_m[low:high]), sum(links_s[low:high])
        share_s = took_s * gap_m / length_m if length_m > 0.0 else took_s / (high - low)
        even.append(min(max(share_s, gap_m / FASTEST_MPS), gap_m / SLOWEST_MPS))
    return even


def _waits(trip: Trip) -> NDArray[np.bool_]:
    """Where a bus waits for its planned departure: at the first stop, and where the timetable has it stand."""
    waits: NDArray[np.bool_] = trip.departures_s - trip.arrivals_s >= PLANNED_STAND_S
    waits[0] = True
    return waits


def planned_departures_s(trip: Trip) -> dict[int, float]:
    """Seconds of the service day before which a bus does not leave; none where only a headway is planned."""
    if trip.headways:
        return {}
    return {index: float(trip.departures_s[index]) for index in np.flatnonzero(_waits(trip)).tolist()}
