"""Many paths laid end to end: points are projected onto them in batches. Level 3: over `geo.path`.

The rows of a batch are independent: each names its path by number. The answers are those of `geo.path.Path`.

>>> import numpy as np
>>> bundle = Bundle([Path([(0, 0), (100, 0)]), Path([(0, 50), (0, 0)])])
>>> found = bundle.project([0, 1, 1], [30.0, 4.0, 4.0], [5.0, 20.0, 20.0], lo_m=[0.0, 0.0, 40.0])
>>> found.along_m.tolist(), found.offset_m.round(2).tolist(), found.heading_deg.tolist()
([30.0, 30.0, 40.0], [5.0, 4.0, 10.77], [90.0, 180.0, 180.0])

A row in which a number is missing has no answer, and does not disturb the others:

>>> found = bundle.project([0, 0, 0, 0], [np.nan, np.inf, 7.0, 7.0], 5.0, hi_m=[9.0, 9.0, np.nan, np.inf])
>>> found.along_m.tolist()
[nan, nan, nan, 7.0]
>>> bundle.candidates([0, 1], [np.nan, 3.0], 5.0, 50.0).row.tolist()
[1]
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from geo.approaches import Floats, Indices, approaches
from geo.path import Path

BLOCK_SEGMENTS = 8_192
"""Segments looked at in one go. A temporary array has 64 KiB then: it stays in a core's own cache, and below the 128 KiB
from which the allocator takes fresh pages each time (measured: up to twice as slow). Whatever the batch, no more memory
is taken than some dozen of these beside its rows (one row of more segments is a block by itself)."""
FEW_ROWS = 8
"""Up to here rows are quicker one by one (measured: 5-8 µs each, against 40 µs that numpy's calls take together)."""
BETWEEN_PATHS_M = 1.0
"""Gap between two paths laid end to end: where one ends the next has not begun."""


@dataclass(frozen=True, slots=True, eq=False)
class Projections:
    """Nearest places, one entry per row: metres along its path, metres off it, degrees clockwise from north."""

    along_m: Floats
    offset_m: Floats
    heading_deg: Floats

    def __len__(self) -> int:
        return len(self.along_m)


@dataclass(frozen=True, slots=True, eq=False)
class RowCandidates:
    """Places where paths come near points: `row` tells whose they are; rows in order, in a row the nearest first."""

    row: Indices
    along_m: Floats
    offset_m: Floats
    heading_deg: Floats

    def __len__(self) -> int:
        return len(self.row)


class Bundle:
    """Paths that are asked about together, each named by its place in the sequence given. Immutable.

    A question takes the paths' numbers, (n,), and for every other argument n numbers or one for all rows. It raises
    ValueError for a number that names no path and for arguments of another length.
    """

    __slots__ = ("_base_m", "_heading_deg", "_length_m", "_paths", "_points", "_reach_m", "_segments", "_start")

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = tuple(paths)
        self._length_m = np.array([path.length_m for path in self._paths])
        self._points = np.array([len(path) for path in self._paths], dtype=np.intp)
        self._start = np.cumsum(self._points) - self._points
        self._segments = np.concatenate([np.empty((6, 0)), *(path.segments for path in self._paths)], axis=1)
        self._heading_deg = np.concatenate([np.empty(0), *(path.along_deg for path in self._paths)])
        # One rising sequence of metres over all paths: a single search finds the segments of every row.
        self._base_m = np.cumsum(self._length_m + BETWEEN_PATHS_M) - self._length_m
        self._reach_m = self._segments[4] + np.repeat(self._base_m, self._points)

    def __len__(self) -> int:
        return len(self._paths)

    def at(self, path: ArrayLike, along_m: ArrayLike) -> tuple[Floats, Floats]:
        """Locate the places `along_m` from the starts of paths, clipped to them; NaN is nowhere."""
        number, (along_m,) = self._rows(path, along_m)
        along_m = np.minimum(np.maximum(along_m, 0.0), self._length_m[number])
        segment = np.searchsorted(self._reach_m, self._base_m[number] + along_m, side="right") - 1
        x, y, ux, uy, cum_m, _ = self._segments.take(segment, axis=1)
        return x + (along_m - cum_m) * ux, y + (along_m - cum_m) * uy

    def project(
        self, path: ArrayLike, x: ArrayLike, y: ArrayLike, *, lo_m: ArrayLike = -np.inf, hi_m: ArrayLike = np.inf
    ) -> Projections:
        """Find each row's nearest place of its path between `lo_m` and `hi_m`; of equally near ones the first.

        The stretch is clipped to the path; an empty one is its lower end. Without one, `offset_m` is the distance off
        the shape.
        """
        number, (x, y, lo_m, hi_m) = self._rows(path, x, y, lo_m, hi_m)
        if len(number) <= FEW_ROWS:
            rows = zip(number.tolist(), x.tolist(), y.tolist(), lo_m.tolist(), hi_m.tolist(), strict=True)
            return Projections(*np.array([self._alone(*row) for row in rows]).reshape(-1, 3).T)
        found = np.full((3, len(number)), np.nan)
        known = np.isfinite(x) & np.isfinite(y) & (lo_m <= np.inf) & (hi_m <= np.inf)
        found[:, known] = self._together(number[known], x[known], y[known], lo_m[known], hi_m[known])
        return Projections(*found)

    def candidates(self, path: ArrayLike, x: ArrayLike, y: ArrayLike, max_offset_m: ArrayLike) -> RowCandidates:
        """Find every approach of each row's path to its point, no farther than `max_offset_m` (see `Path.candidates`)."""
        number, (x, y, max_offset_m) = self._rows(path, x, y, max_offset_m)
        rows = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
        count = self._points[number[rows]]
        parts = [np.empty((4, 0))]
        for block in _blocks(count):
            mine, points = rows[block], count[block]
            segment = _ranges(self._start[number[mine]], points)
            from_x, from_y, ux, uy, cum_m, step_m = self._segments.take(segment, axis=1)
            px, py = np.repeat(x[mine], points) - from_x, np.repeat(y[mine], points) - from_y
            at, run_m, offset_m = approaches(px, py, ux, uy, step_m, np.repeat(max_offset_m[mine], points))
            row = np.repeat(mine, points)[at]
            parts.append(np.array((row, cum_m[at] + run_m, offset_m, self._heading_deg[segment[at]])))
        row, along_m, offset_m, heading_deg = np.concatenate(parts, axis=1)
        order = np.lexsort((offset_m, row))
        return RowCandidates(row[order].astype(np.intp), along_m[order], offset_m[order], heading_deg[order])

    def _alone(self, number: int, x: float, y: float, lo_m: float, hi_m: float) -> tuple[float, float, float]:
        known = math.isfinite(x) and math.isfinite(y) and not (math.isnan(lo_m) or math.isnan(hi_m))
        return self._paths[number].window(x, y, lo_m, hi_m) if known else (math.nan, math.nan, math.nan)

    def _together(self, number: Indices, x: Floats, y: Floats, lo_m: Floats, hi_m: Floats) -> Floats:
        length_m, base_m = self._length_m[number], self._base_m[number]
        lo_m = np.minimum(np.maximum(lo_m, 0.0), length_m)
        hi_m = np.minimum(np.maximum(hi_m, lo_m), length_m)
        first = np.searchsorted(self._reach_m, base_m + lo_m, side="right") - 1
        count = np.maximum(np.searchsorted(self._reach_m, base_m + hi_m) - first, 1)
        found = np.empty((3, len(number)))
        for block in _blocks(count):
            found[:, block] = self._nearest(first[block], count[block], x[block], y[block], lo_m[block], hi_m[block])
        return found

    def _nearest(self, first: Indices, count: Indices, x: Floats, y: Floats, lo_m: Floats, hi_m: Floats) -> Floats:
        """Find the nearest places on `count` segments from `first` on, row by row."""
        segment = _ranges(first, count)
        from_x, from_y, ux, uy, begin_m, step_m = self._segments.take(segment, axis=1)
        px, py = np.repeat(x, count) - from_x, np.repeat(y, count) - from_y
        low_m, high_m = begin_m.copy(), begin_m + step_m
        ends = np.cumsum(count)
        starts = ends - count
        low_m[starts] = np.maximum(low_m[starts], lo_m)
        high_m[ends - 1] = np.minimum(high_m[ends - 1], hi_m)
        along_m = np.maximum(np.minimum(begin_m + px * ux + py * uy, high_m), low_m)
        run_m = along_m - begin_m
        px -= run_m * ux
        py -= run_m * uy
        square = px * px + py * py
        least = np.minimum.reduceat(square, starts)
        ties = np.flatnonzero(square == np.repeat(least, count))
        best = ties[np.searchsorted(ties, starts)]
        return np.array((along_m[best], np.sqrt(least), self._heading_deg[segment[best]]))

    def _rows(self, path: ArrayLike, *columns: ArrayLike) -> tuple[Indices, list[Floats]]:
        """Bring every argument to the length of the batch."""
        number = np.asarray(path, dtype=np.intp)
        if number.ndim != 1:
            raise ValueError(f"a batch needs one row of path numbers, not an array of shape {number.shape}")
        if len(number) and number.view(np.uintp).max() >= len(self):  # a negative one counts as very large
            raise ValueError(f"a batch names a path that is not among the bundle's {len(self)} (the first is number 0)")
        return number, [_column(values, len(number)) for values in columns]


def _column(values: ArrayLike, n: int) -> Floats:
    column = np.asarray(values, dtype=np.float64)
    if column.ndim == 0:
        return np.full(n, column)
    if column.shape != (n,):
        raise ValueError(f"a batch of {n} paths needs {n} numbers in each argument or one for all, not {column.shape}")
    return column


def _ranges(first: Indices, count: Indices) -> Indices:
    """Lay `count` whole numbers from `first` on end to end, row after row."""
    ends = np.cumsum(count)
    return np.arange(ends[-1]) + np.repeat(first - ends + count, count)


def _blocks(count: Indices) -> Iterator[slice]:
    """Cut the rows into stretches of at most `BLOCK_SEGMENTS` segments, or of one row."""
    ends = np.cumsum(count)
    start, before = 0, 0
    while start < len(ends):
        stop = max(int(ends.searchsorted(before + BLOCK_SEGMENTS, side="right")), start + 1)
        yield slice(start, stop)
        start, before = stop, int(ends[stop - 1])
