"""Where the stops of a trip lie along its path: one global, order-keeping assignment. Level 4: over `geo.bundle`.

The nearest point of the path is often wrong: a loop passes its first stop twice, an out-and-back street every stop.
So every approach of the path to every stop is considered, and the cheapest choice in order is found by dynamic
programming. Costs are square metres: the squared distance off the path, and for a step back the squared error that
is left when both stops are moved to their middle (least squares). Two calls in a row at one place cost as well.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.approaches import Floats, Indices
from geo.bundle import Bundle
from geo.path import Path

SLACK_M = 100.0
"""At first only approaches up to that much farther away than the nearest are considered. Where no choice among them
is in order (the shape leaves a stop out on one pass), all are, and the places of the stops before and after too."""
STEP_BACK_M = 20.0
"""Stops so little out of order are swapped poles or a rounded position, not a wrong pass."""
HINT_CAP_M = 200.0
"""A hint (`shape_dist_traveled`) farther from a place than this says no more against it: some feeds' hints are wrong."""
HINT_WEIGHT = 0.01
"""A hint chooses between two passes of a street; it never moves a stop: the full cap weighs as 20 m off the path."""
WRONG_SIDE_M2 = 25.0
"""Cost of a stop on the side of the street where no bus opens its doors: as much as 5 m off the path."""
ON_THE_LINE_M = 1.0
"""Nearer to the path than this, a stop is on neither side (some shapes run through the stops)."""
BUS_M = 12.0
"""A bus is that long (the common two-axle size): it does not drive on for less, so two calls so near are one place."""
ONE_PLACE_M2 = 100.0
"""Cost of two calls in a row at one place, as much as 10 m off the path (the lines of two carriageways): where the bus
passes there again before the next stop, the second call is on that pass. Repeated rows of a feed stay together
elsewhere."""
TIE_BREAK_M2_PER_M = 1e-6
"""Of otherwise equal places the first stop takes the earliest and the last stop the latest (a loop begins at its end)."""


@dataclass(frozen=True, slots=True, eq=False)
class _Choices:
    """The places one stop may take, and what each costs by itself."""

    along_m: Floats
    cost_m2: Floats


def place_stops(path: Path, stop_xy: ArrayLike, *, hint_m: ArrayLike | None = None, doors_on: int = 0) -> Floats:
    """Place stops, given as (n, 2) metres in the order of the trip; returns `along_m`, never decreasing.

    `hint_m`: where the feed says the stops are (metres along the path, NaN where unknown). `doors_on`: the side on
    which buses let people on, +1 right, -1 left, 0 unknown. Stops that cannot be placed in order near the path are
    placed as near as the order allows: compare `path.at(along_m)` with the stops to see how far off each is.
    Raises ValueError for NaN or a wrong shape.
    """
    points = np.asarray(stop_xy, dtype=np.float64).reshape(-1, 2)
    hints = np.full(len(points), np.nan) if hint_m is None else np.asarray(hint_m, dtype=np.float64)
    if len(hints) != len(points):
        raise ValueError(f"{len(hints)} hints for {len(points)} stops")
    if not np.isfinite(points).all():
        raise ValueError("a stop to be placed must have finite coordinates")
    if not len(points):
        return np.empty(0)
    line, same_path, (x, y) = Bundle([path]), np.zeros(len(points), dtype=np.intp), points.T
    near = line.candidates(same_path, x, y, line.project(same_path, x, y).offset_m + SLACK_M)
    chosen_m = _cheapest_in_order(_choices(path, points, near.row, near.along_m, hints, doors_on))
    if (np.diff(chosen_m) < -STEP_BACK_M).any():
        places = line.candidates(same_path, x, y, np.inf)
        stop = np.concatenate((places.row, places.row - 1, places.row + 1))
        along_m = np.tile(places.along_m, 3)
        lent = np.flatnonzero((stop >= 0) & (stop < len(points)))
        lent = lent[np.argsort(stop[lent], kind="stable")]
        chosen_m = _cheapest_in_order(_choices(path, points, stop[lent], along_m[lent], hints, doors_on))
    return _never_decreasing(chosen_m)


def _choices(
    path: Path, points: Floats, stop: Indices, along_m: Floats, hints_m: Floats, doors_on: int
) -> list[_Choices]:
    """Price every place that each stop may take; `stop` tells whose place it is, in order."""
    x, y = points[stop].T
    at_x, at_y = path.at(along_m)
    cost_m2 = _square_then_linear(np.hypot(at_x - x, at_y - y))
    from_hint_m = np.nan_to_num(np.abs(along_m - hints_m[stop]), nan=0.0)
    cost_m2 += HINT_WEIGHT * np.minimum(from_hint_m, HINT_CAP_M) ** 2
    if doors_on:
        cost_m2 += np.where(side_of(path, along_m, x, y) * doors_on < 0, WRONG_SIDE_M2, 0.0)
    first, last = stop == 0, stop == len(points) - 1
    cost_m2 += TIE_BREAK_M2_PER_M * (first * along_m + last * (path.length_m - along_m))
    begins = np.searchsorted(stop, np.arange(1, len(points)))
    return list(map(_Choices, np.split(along_m, begins), np.split(cost_m2, begins)))


def _square_then_linear(offset_m: Floats) -> Floats:
    """Price a distance off the path (Huber): one stop drawn far away must not drag its neighbours along."""
    return np.where(offset_m <= SLACK_M, offset_m**2, SLACK_M * (2.0 * offset_m - SLACK_M))


def side_of(path: Path, along_m: Floats, x: float | Floats, y: float | Floats) -> NDArray[np.int8]:
    """On which side of the path a place lies, seen in the direction of travel: +1 right, -1 left, 0 on the line."""
    at_x, at_y = path.at(along_m)
    heading = np.radians(path.heading_deg(along_m))
    right_m = np.cos(heading) * (x - at_x) - np.sin(heading) * (y - at_y)
    return np.where(np.abs(right_m) < ON_THE_LINE_M, 0, np.sign(right_m)).astype(np.int8)


def _cheapest_in_order(choices: list[_Choices]) -> Floats:
    """Choose one place per stop so that the sum of costs, of steps back and of calls at one place is least."""
    total_m2 = choices[0].cost_m2
    came_from: list[Indices] = []
    for before, here in itertools.pairwise(choices):
        gap_m = here.along_m[None, :] - before.along_m[:, None]
        crowded = 1.0 - np.clip(gap_m / BUS_M, 0.0, 1.0)
        reached = total_m2[:, None] + np.minimum(gap_m, 0.0) ** 2 / 2.0 + ONE_PLACE_M2 * crowded**2
        came_from.append(reached.argmin(axis=0))
        total_m2 = reached.min(axis=0) + here.cost_m2
    at = int(total_m2.argmin())
    chosen = [choices[-1].along_m[at]]
    for before, pointers in zip(reversed(choices[:-1]), reversed(came_from), strict=True):
        at = int(pointers[at])
        chosen.append(before.along_m[at])
    return np.array(chosen[::-1])


def _never_decreasing(along_m: Floats) -> Floats:
    """Find the nearest never-decreasing sequence in least squares (pool adjacent violators)."""
    means: list[float] = []
    counts: list[int] = []
    for value in along_m.tolist():
        mean, count = value, 1
        while means and means[-1] > mean:
            mean = (means[-1] * counts[-1] + mean * count) / (counts[-1] + count)
            count += counts.pop()
            means.pop()
        means.append(mean)
        counts.append(count)
    return np.repeat(means, counts)
