"""How long a bus takes from stop to stop by the timetable of a bundled network. numpy in, numpy out.

The speeds are those the simulator's own buses reach with signals, traffic and many riders (`tests/simulator` keeps the two
together): a busy day is on time, a quiet one is early and waits at the ends, no day falls behind more and more.
"""

import numpy as np
from numpy.typing import NDArray

STREET_MPS = 10.0
"""Mean speed between stops in a town, signals and traffic included, standing at stops not."""
HIGHWAY_MPS = 20.0
"""Mean speed on a gap of `HIGHWAY_GAP_M` and more: nobody builds two kilometres of town street without a stop."""
HIGHWAY_GAP_M = 2000.0
START_STOP_S = 6.0
"""Braking into and pulling out of one stop costs this against running through it (from 40 km/h at 1 m/s² it would be 11 s)."""
DWELL_S = 10.0
"""Scheduled time at a stop on the way."""


def stop_times(along_m: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Arrivals and departures in whole seconds after leaving the first visit, one per visit; `along_m` never falls."""
    gap_m = np.diff(along_m)
    run_s = gap_m / np.where(gap_m >= HIGHWAY_GAP_M, HIGHWAY_MPS, STREET_MPS) + START_STOP_S
    arrivals_s = np.concatenate(([0.0], np.cumsum(run_s) + DWELL_S * np.arange(len(gap_m))))
    departures_s = arrivals_s + DWELL_S
    departures_s[0], departures_s[-1] = 0.0, arrivals_s[-1]
    return np.rint(arrivals_s).astype(np.int64), np.rint(departures_s).astype(np.int64)
