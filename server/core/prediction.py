"""When will it be there: the timetable's own running times from where the bus is now. Level 3 of the core.

The present lateness is carried forward, since running times are added to *now*; a bus that waits for its departure
adds the wait. Learning from the day's runs is a later refinement; the signature stays.
"""

from server.core.network import Pattern, Trip
from server.core.tracking import Track, scheduled_s

FASTEST_MPS = 25.0
"""No stretch is predicted faster than 90 km/h, whatever a rounded timetable (same minute at two stops) says."""
SLOWEST_MPS = 1.5
"""... nor slower than a walk, unless the bus waits for a departure."""
STANDS_AT_FIRST_M = 30.0
"""Zone of the first stop in which a bus waits for its departure (the published ±30 m stop zone)."""
LONGEST_WAIT_S = 3_600.0
"""A departure farther away than an hour is not what this bus waits for."""


def eta_s(track: Track, visit_index: int, now_ms: int) -> float | None:
    """Seconds from now until the bus reaches the visit; None while its place or trip is unknown.

    0 for a visit it stands at. Never negative: a bus that is overdue by its last fix is due now.
    """
    if track.progress_m is None or track.pattern is None or track.trip is None:
        return None
    pattern, trip = track.pattern, track.trip
    visit = pattern.visits[visit_index]
    left_m = visit.along_m - track.progress_m
    if left_m <= 0.0:
        return 0.0
    run_s = float(trip.arrivals_s[visit_index]) - scheduled_s(trip, pattern, track.progress_m)
    run_s = min(
        max(run_s, left_m / FASTEST_MPS),
        left_m / SLOWEST_MPS + _planned_dwell_s(trip, pattern, track.progress_m, visit_index),
    )
    until_s = departs_in_s(track, visit_index, now_ms)
    if until_s is None:
        return max(0.0, run_s - track.age_s(now_ms))
    return max(0.0, run_s + max(until_s, -track.age_s(now_ms)))


def departs_in_s(track: Track, visit_index: int, now_ms: int) -> float | None:
    """Seconds until the timetable lets a bus leave its first stop, negative once it has; None where it is under way."""
    if track.pattern is None or track.trip is None or track.progress_m is None or visit_index == 0:
        return None
    if track.progress_m > track.pattern.visits[0].along_m + STANDS_AT_FIRST_M:
        return None
    until_s = (track.day_start_ms - now_ms) / 1000.0 + float(track.trip.departures_s[0])
    return until_s if until_s < LONGEST_WAIT_S else None


def _planned_dwell_s(trip: Trip, pattern: Pattern, progress_m: float, visit_index: int) -> float:
    """Standing time that the timetable itself has between here and the visit (layovers in the middle of a trip)."""
    start = int(pattern.visit_along_m.searchsorted(progress_m))
    dwell = trip.departures_s[start:visit_index] - trip.arrivals_s[start:visit_index]
    return float(dwell.clip(0).sum())
