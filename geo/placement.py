"""Where the stops of a trip lie along its path: one global, order-keeping assignment. Level 2: over `geo.path`.

The nearest point of the path is often wrong: a loop passes its first stop twice, an out-and-back street every stop.
So every approach of the path to every stop is considered, and the cheapest choice in order is found by dynamic
programming. Costs are square metres: the squared distance off the path, and for a step back the squared error that
is left when both stops are moved to their middle (least squares).
"""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.path import Path

Floats = NDArray[np.float64]

SLACK_M = 100.0
"""Approaches that much farther away than the nearest are not considered (MobilityData's matcher stops at 100 m too)."""
HINT_CAP_M = 200.0
"""A hint (`shape_dist_traveled`) farther from a place than this says no more against it: some feeds' hints are wrong."""
HINT_WEIGHT = 0.01
"""A hint chooses between two passes of a street; it never moves a stop: the full cap weighs as 20 m off the path."""
WRONG_SIDE_M2 = 25.0
"""Cost of a stop on the side of the street where no bus opens its doors: as much as 5 m off the path."""
ON_THE_LINE_M = 1.0
"""Nearer to the path than this, a stop is on neither side (some shapes run through the stops)."""
TIE_BREAK_M2_PER_M = 1e-6
"""Of otherwise equal places the first stop takes the earliest and the last stop the latest (a loop begins at its end)."""


@dataclass(frozen=True, slots=True, eq=False)
class _Choices:
    """The places one stop may take, and what each costs by itself."""

    along_m: Floats
    cost_m2: Floats


def place_stops(
    path: Path, stop_xy: ArrayLike, *, hint_m: ArrayLike | None = None, doors_on: int = 0, slack_m: float = SLACK_M
) -> Floats:
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
    if not len(points):
        return np.empty(0)
    choices = [
        _choices(path, x, y, hint, doors_on, slack_m)
        for (x, y), hint in zip(points.tolist(), hints.tolist(), strict=True)
    ]
    _break_ties(choices, path.length_m)
    return _never_decreasing(_cheapest_in_order(choices))


def _choices(path: Path, x: float, y: float, hint_m: float, doors_on: int, slack_m: float) -> _Choices:
    _, nearest_m = path.project(x, y)
    found = path.candidates(x, y, nearest_m + slack_m)
    cost_m2 = found.offset_m**2
    if hint_m == hint_m:
        cost_m2 += HINT_WEIGHT * np.minimum(np.abs(found.along_m - hint_m), HINT_CAP_M) ** 2
    if doors_on and len(found) > 1:
        side = side_of(path, found.along_m, x, y)
        cost_m2 += np.where(side * doors_on < 0, WRONG_SIDE_M2, 0.0)
    return _Choices(found.along_m, cost_m2)


def side_of(path: Path, along_m: Floats, x: float | Floats, y: float | Floats) -> NDArray[np.int8]:
    """On which side of the path a place lies, seen in the direction of travel: +1 right, -1 left, 0 on the line."""
    at_x, at_y = path.at(along_m)
    heading = np.radians(path.heading_deg(along_m))
    right_m = np.cos(heading) * (x - at_x) - np.sin(heading) * (y - at_y)
    return np.where(np.abs(right_m) < ON_THE_LINE_M, 0, np.sign(right_m)).astype(np.int8)


def _break_ties(choices: list[_Choices], length_m: float) -> None:
    first, last = choices[0], choices[-1]
    first.cost_m2[:] += TIE_BREAK_M2_PER_M * first.along_m
    last.cost_m2[:] += TIE_BREAK_M2_PER_M * (length_m - last.along_m)


def _cheapest_in_order(choices: list[_Choices]) -> Floats:
    """Choose one place per stop so that the sum of costs and of steps back is least."""
    total_m2 = choices[0].cost_m2
    came_from: list[NDArray[np.intp]] = []
    for before, here in itertools.pairwise(choices):
        back_m = np.maximum(before.along_m[:, None] - here.along_m[None, :], 0.0)
        reached = total_m2[:, None] + back_m**2 / 2.0
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
