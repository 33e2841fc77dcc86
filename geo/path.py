"""A polyline in metres with cumulative length: locate along it, project onto it. Level 2: over `geo.approaches`.

`along_m` is metres from the path's first point; `offset_m` the distance off the path, never negative; headings are
degrees clockwise from north (the y axis), in the direction of travel.
"""

import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import ArrayLike

from geo.approaches import Floats, approaches

MIN_STEP_M = 1e-6
"""Points closer than a micrometre to the one before are dropped: no shape is drawn finer, and they have no heading."""
MAX_COORDINATE_M = 1e8
"""More than twice around the earth: such a coordinate is not a place in any frame."""
ROUNDING_DEG = 1e-9
"""So little west of north is north: 360 less that would be rounded to 360."""
FEW_SEGMENTS = 20
"""Up to here a plain loop is faster than numpy's fixed cost (measured: 2.6 µs and 0.2 µs a segment against 7 µs)."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Places where a path comes near a point, nearest first; the arrays have one entry per approach."""

    along_m: Floats
    offset_m: Floats
    heading_deg: Floats

    def __len__(self) -> int:
        return len(self.along_m)


class Path:
    """An immutable polyline. Takes (n, 2) metres, n ≥ 1; consecutive equal points are dropped.

    A path of one point has length 0 and heading 0. Raises ValueError for a wrong shape, NaN or infinity; so do
    the projections for a point that is not finite.

    Each point begins a segment, the last one without length: `ux`, `uy` and `along_deg` its direction, `step_m` its
    length, `cum_m` the metres before it. `segments` has x, y, ux, uy, cum_m and step_m as rows. All arrays are read-only.
    """

    __slots__ = ("_reach_m", "along_deg", "cum_m", "length_m", "segments", "step_m", "ux", "uy", "x", "xy", "y")

    xy: Floats
    x: Floats
    y: Floats
    ux: Floats
    uy: Floats
    along_deg: Floats
    segments: Floats
    step_m: Floats
    cum_m: Floats
    length_m: float

    def __init__(self, xy: ArrayLike) -> None:
        points = np.array(xy, dtype=np.float64)
        if points.ndim != 2 or points.shape[1] != 2 or not len(points):
            raise ValueError(f"a path needs points of shape (n, 2) with n ≥ 1, not {points.shape}")
        if not (np.abs(points) <= MAX_COORDINATE_M).all():
            raise ValueError("a path's coordinates must be finite metres")
        step = np.diff(points, axis=0)
        keep = np.concatenate(([True], np.hypot(step[:, 0], step[:, 1]) >= MIN_STEP_M))
        self.xy = _frozen(points[keep])
        self.segments = _frozen(_segments(self.xy))
        self.x, self.y, self.ux, self.uy, self.cum_m, self.step_m = self.segments
        heading_deg = np.degrees(np.arctan2(self.ux, self.uy))
        self.along_deg = _frozen(np.where(heading_deg < -ROUNDING_DEG, heading_deg + 360.0, np.abs(heading_deg)))
        self.length_m = float(self.cum_m[-1])
        self._reach_m = self.cum_m.data  # a view that bisect reads four times as fast as numpy searches

    def __len__(self) -> int:
        return len(self.x)

    def __repr__(self) -> str:
        return f"Path({len(self)} points, {self.length_m:.1f} m)"

    # -- from along to place ---------------------------------------------------

    @overload
    def at(self, along_m: float) -> tuple[float, float]: ...
    @overload
    def at(self, along_m: Floats) -> tuple[Floats, Floats]: ...
    def at(self, along_m: float | Floats) -> tuple[float, float] | tuple[Floats, Floats]:
        """Locate the place `along_m` from the start, clipped to the path; one or many."""
        if isinstance(along_m, np.ndarray):
            return np.interp(along_m, self.cum_m, self.x), np.interp(along_m, self.cum_m, self.y)
        return float(np.interp(along_m, self.cum_m, self.x)), float(np.interp(along_m, self.cum_m, self.y))

    @overload
    def heading_deg(self, along_m: float) -> float: ...
    @overload
    def heading_deg(self, along_m: Floats) -> Floats: ...
    def heading_deg(self, along_m: float | Floats) -> float | Floats:
        """Direction of travel at `along_m` (on a corner: the one after it), in [0, 360); one or many."""
        if isinstance(along_m, np.ndarray):
            return self.along_deg[np.maximum(np.searchsorted(self.cum_m, along_m, side="right") - 1, 0)]
        return float(self.along_deg[max(int(self.cum_m.searchsorted(along_m, side="right")) - 1, 0)])

    # -- from place to along ---------------------------------------------------

    def project(self, x: float, y: float) -> tuple[float, float]:
        """Find the nearest place of the whole path, as (along_m, offset_m); of equally near ones the first."""
        along_m, offset_m, _ = self.window(x, y, 0.0, self.length_m)
        return along_m, offset_m

    def window(self, x: float, y: float, lo_m: float, hi_m: float) -> tuple[float, float, float]:
        """Find the nearest place between `lo_m` and `hi_m`, as (along_m, offset_m, heading_deg).

        The stretch is clipped to the path; an empty one is its lower end.
        """
        x, y = _finite(x, y)
        lo_m = min(max(lo_m, 0.0), self.length_m)
        hi_m = min(max(hi_m, lo_m), self.length_m)
        first = bisect_right(self._reach_m, lo_m) - 1
        last = min(max(bisect_left(self._reach_m, hi_m), first + 1), len(self) - 1)
        first = min(first, max(last - 1, 0))
        if first == last:
            return 0.0, math.hypot(x - self.x[0], y - self.y[0]), 0.0
        nearest = self._nearest_of_few if last - first <= FEW_SEGMENTS else self._nearest_of_many
        segment, along_m, square = nearest(x, y, first, last, lo_m, hi_m)
        return along_m, math.sqrt(square), float(self.along_deg[segment])

    def _nearest_of_few(
        self, x: float, y: float, first: int, last: int, lo_m: float, hi_m: float
    ) -> tuple[int, float, float]:
        best, best_along_m, best_square = first, lo_m, math.inf
        xs, ys, uxs, uys, starts_m = self.segments[:5, first:last].tolist()
        ends_m = [*starts_m[1:], hi_m]
        low_m = lo_m
        rows = zip(xs, ys, uxs, uys, starts_m, ends_m, strict=True)
        for segment, (ax, ay, ux, uy, start_m, end_m) in enumerate(rows, first):
            px, py = x - ax, y - ay
            along_m = start_m + px * ux + py * uy
            if along_m < low_m:
                along_m = low_m
            elif along_m > end_m:
                along_m = end_m
            px -= (along_m - start_m) * ux
            py -= (along_m - start_m) * uy
            square = px * px + py * py
            if square < best_square:
                best, best_along_m, best_square = segment, along_m, square
            low_m = end_m
        return best, best_along_m, best_square

    def _nearest_of_many(
        self, x: float, y: float, first: int, last: int, lo_m: float, hi_m: float
    ) -> tuple[int, float, float]:
        px, py = x - self.x[first:last], y - self.y[first:last]
        ux, uy = self.ux[first:last], self.uy[first:last]
        bounds = self.cum_m[first : last + 1].copy()
        start_m = self.cum_m[first:last]
        bounds[0], bounds[-1] = max(bounds[0], lo_m), min(bounds[-1], hi_m)
        along_m = np.minimum(np.maximum(start_m + px * ux + py * uy, bounds[:-1]), bounds[1:])
        run_m = along_m - start_m
        px -= run_m * ux
        py -= run_m * uy
        square = px * px + py * py
        best = int(square.argmin())
        return first + best, float(along_m[best]), float(square[best])

    def candidates(self, x: float, y: float, max_offset_m: float) -> Candidates:
        """Find every approach of the path to a point, no farther than `max_offset_m`, nearest first.

        One entry per local minimum of the distance (each pass of a loop, of an out-and-back street); minima that
        differ only by the wobble of the shape (`JITTER_M`) are one.
        """
        x, y = _finite(x, y)
        at, run_m, offset_m = approaches(x - self.x, y - self.y, self.ux, self.uy, self.step_m, max_offset_m)
        order = np.argsort(offset_m, kind="stable")
        at = at[order]
        return Candidates(self.cum_m[at] + run_m[order], offset_m[order], self.along_deg[at])


def _segments(xy: Floats) -> Floats:
    """Measure the segments between points; the last point has the direction of the one before, alone it looks north."""
    segments = np.zeros((6, len(xy)))
    segments[:2] = xy.T
    segments[3] = 1.0
    if len(xy) > 1:
        step = np.diff(segments[:2])
        step_m = np.maximum(np.hypot(*step), MIN_STEP_M)
        segments[2:4, :-1] = step / step_m
        segments[2:4, -1] = segments[2:4, -2]
        segments[4, 1:] = np.cumsum(step_m)
        segments[5, :-1] = step_m
    return segments


def _frozen(values: Floats) -> Floats:
    values.setflags(write=False)
    return values


def _finite(x: float, y: float) -> tuple[float, float]:
    if not (math.isfinite(x) and math.isfinite(y)):
        raise ValueError(f"a point to project must be finite, not ({x}, {y})")
    return float(x), float(y)
