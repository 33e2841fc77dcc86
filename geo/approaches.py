"""Where lines of segments come near points: each local minimum of the distance, one per approach. Level 1: numpy only.

The kernel under `geo.path` (one line) and `geo.bundle` (many lines laid end to end). Every vertex begins a segment; the
last vertex of a line begins one without length, in the direction of the segment before it.
"""

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

ROUNDING_M = 1e-7
"""A foot of the perpendicular so near to a corner is the corner: floats cannot tell on which side of it it lies."""
JITTER_M = 1.0
"""Two minima between which the path moves away by less than this are one approach (hand-drawn shapes wobble)."""
SAME_WAY_COS = 0.0
"""... unless the path turned by more than 90° in between: the two sides of a turning place are two approaches."""


def approaches(
    px: Floats, py: Floats, ux: Floats, uy: Floats, step_m: Floats, max_offset_m: float | Floats
) -> tuple[Indices, Floats, Floats]:
    """Find every approach no farther than `max_offset_m`, in the order given, as (segment, run_m, offset_m).

    `px`, `py`: metres from each vertex to the point its row is about; `ux`, `uy`: direction of the segment that begins
    there, `step_m` long; `max_offset_m`: one for all or each segment's own; `run_m`: metres from the segment's beginning.
    A segment without length ends a row.
    """
    run_m = np.minimum(np.maximum(px * ux + py * uy, 0.0), step_m)
    begins, ends = run_m <= ROUNDING_M, run_m >= step_m - ROUNDING_M
    after_an_end = np.concatenate((ends[-1:], ends[:-1]))
    at = np.flatnonzero(np.where(begins, after_an_end, ~ends))
    run_m = np.where(begins[at], 0.0, run_m[at])
    offset_m = np.hypot(px[at] - run_m * ux[at], py[at] - run_m * uy[at])
    near = offset_m <= (max_offset_m[at] if isinstance(max_offset_m, np.ndarray) else max_offset_m)
    at, run_m, offset_m = at[near], run_m[near], offset_m[near]
    if len(at) > 1:
        keep = _one_of_each(ux[at], uy[at], offset_m, _peaks_between(at, px, py, step_m))
        at, run_m, offset_m = at[keep], run_m[keep], offset_m[keep]
    return at, run_m, offset_m


def _peaks_between(at: Indices, px: Floats, py: Floats, step_m: Floats) -> Floats:
    """How far the path goes away between each minimum and the next; infinitely where another row begins."""
    px, py = px[: at[-1] + 1], py[: at[-1] + 1]
    peaks_m = np.sqrt(np.maximum.reduceat(px * px + py * py, at[:-1] + 1))
    ended = np.cumsum(step_m == 0.0)[at]
    row = ended - (step_m[at] == 0.0)
    return np.where(np.diff(row) == 0, peaks_m, math.inf)


def _one_of_each(ux: Floats, uy: Floats, offset_m: Floats, peaks_m: Floats) -> list[int]:
    """Tell which minima remain when those of one approach are represented by their nearest."""
    xs, ys, offsets = ux.tolist(), uy.tolist(), offset_m.tolist()
    kept, peak_m = [0], 0.0
    for i, next_peak_m in enumerate(peaks_m.tolist(), start=1):
        last = kept[-1]
        peak_m = max(peak_m, next_peak_m)
        same_way = xs[last] * xs[i] + ys[last] * ys[i] >= SAME_WAY_COS
        if not same_way or peak_m - max(offsets[last], offsets[i]) >= JITTER_M:
            kept.append(i)
            peak_m = 0.0
        elif offsets[i] < offsets[last]:
            kept[-1] = i
            peak_m = 0.0
    return kept
