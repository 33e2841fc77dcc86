"""Ground of the generated province: towns as lattices of stop places, their streets, and highways between them.

A *place* is a crossing with two poles of one name: the south-eastern for buses going east or north (it is on their
right), the north-western for the others. Streets are the lattice's edges; every route that uses an edge has the same
geometry there, so corridors are shared as in a real province.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

SPACING_M = 420.0
"""Distance between neighbouring places; the capital area's city buses stop every 400-450 m."""
PLACES_PER_TOWN = 360
"""A province of 11,184 places then has 31 towns, as Gyeonggi has 31 cities and counties."""
TOWN_SPACING_M = 20_000.0
PLACE_JITTER_M = 50.0
WOBBLE_M = 15.0
"""How far the middle of a street lies off the straight line between its ends."""
HIGHWAY_STEP_M = 1000.0
HIGHWAY_WOBBLE_M = 120.0
POLE_M = 7.0
"""A pole's distance from the middle of either street of its crossing."""
ARTERIAL_EVERY = 3
"""Every third row of a town is an arterial that walks prefer; so several routes run along it."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Town:
    """A lattice of `count` places, `columns` wide, filled row by row from its south-western corner."""

    index: int
    first: int
    count: int
    columns: int

    def cell(self, place: int) -> tuple[int, int]:
        """Column and row of a place."""
        row, column = divmod(place - self.first, self.columns)
        return column, row

    def place(self, column: int, row: int) -> int:
        """Find the place at a column and row."""
        return self.first + row * self.columns + column

    @property
    def full_rows(self) -> int:
        """Rows without a gap; the last row of the lattice may be short."""
        return self.count // self.columns


class ProvinceMap:
    """Where everything lies, in metres."""

    def __init__(self, rng: np.random.Generator, places: int) -> None:
        self.towns = _towns(rng, places)
        self.town_of = np.repeat(np.arange(len(self.towns)), [town.count for town in self.towns])
        self.xy = _place_xy(rng, self.towns)
        self._wobble_m = rng.normal(0.0, WOBBLE_M, (places, 2, 2))
        self._highways: dict[tuple[int, int], Floats] = {}
        self._seed = int(rng.integers(2**32))

    def walk(self, start: int, end: int) -> list[int]:
        """Places from `start` to `end` of one town: to the arterial between them, along it, and off it."""
        town = self.towns[int(self.town_of[start])]
        (x0, y0), (x1, y1) = town.cell(start), town.cell(end)
        arterials = np.arange(0, max(town.full_rows, 1), ARTERIAL_EVERY)
        row = int(arterials[np.abs(arterials - (y0 + y1) / 2).argmin()])
        places = [town.place(x0, y) for y in _steps(y0, row)]
        places += [town.place(x, row) for x in _steps(x0, x1)][1:]
        return places + [town.place(x1, y) for y in _steps(row, y1)][1:]

    def gate(self, town: Town, other: Town) -> int:
        """Find the place of `town` from which the highway to another town leaves: the nearest to its middle."""
        middle = self.xy[other.first : other.first + other.count].mean(axis=0)
        own = self.xy[town.first : town.first + town.count]
        return town.first + int(np.hypot(*(own - middle).T).argmin())

    def gap_m(self, a: int, b: int) -> float:
        """Distance between two places as the crow flies."""
        return float(np.hypot(*(self.xy[a] - self.xy[b])))

    def trace(self, places: list[int]) -> tuple[Floats, Floats]:
        """Polyline through places in metres, and the distance along it of each place."""
        parts: list[Floats] = []
        for a, b in pairwise(places):
            parts += [self.xy[a : a + 1], self._between(a, b)]
        points = np.concatenate([*parts, self.xy[places[-1]][None]])
        cum_m = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))))
        at = np.concatenate(([0], np.cumsum([len(part) for part in parts[1::2]]) + np.arange(1, len(places))))
        return points, cum_m[at.astype(np.intp)]

    def poles(self, places: list[int]) -> NDArray[np.int64]:
        """Stop numbers (two a place) of a bus that calls at places of a walk in this order."""
        xy = self.xy[places]
        step = np.diff(xy, axis=0, append=2 * xy[-1:] - xy[-2:-1])
        westward = np.where(np.abs(step[:, 0]) > np.abs(step[:, 1]), step[:, 0] < 0.0, step[:, 1] < 0.0)
        return 2 * np.array(places, dtype=np.int64) + westward

    def pole_xy(self) -> Floats:
        """Places of all poles, in metres."""
        offset = np.array([[POLE_M, -POLE_M], [-POLE_M, POLE_M]])
        poles: Floats = self.xy[:, None, :] + offset
        return poles.reshape(-1, 2)

    def _between(self, a: int, b: int) -> Floats:
        """Points of the street or highway strictly between two places that a walk joins, the same both ways."""
        low, high = min(a, b), max(a, b)
        if self.town_of[low] == self.town_of[high]:
            middle: Floats = (self.xy[low] + self.xy[high]) / 2 + self._wobble_m[low, int(high - low != 1)]
            return middle.reshape(1, 2)
        if (low, high) not in self._highways:
            self._highways[low, high] = self._highway(low, high)
        highway = self._highways[low, high]
        return highway if a == low else np.array(highway[::-1])

    def _highway(self, low: int, high: int) -> Floats:
        steps = max(int(self.gap_m(low, high) / HIGHWAY_STEP_M), 1)
        share = np.arange(1, steps)[:, None] / steps
        wobble = np.random.default_rng([self._seed, low, high]).normal(0.0, HIGHWAY_WOBBLE_M, (steps - 1, 2))
        points: Floats = self.xy[low] + share * (self.xy[high] - self.xy[low]) + wobble
        return points


def _steps(start: int, end: int) -> range:
    return range(start, end + 1) if end >= start else range(start, end - 1, -1)


def _towns(rng: np.random.Generator, places: int) -> list[Town]:
    """Split the places into towns of unequal size that sum up exactly."""
    count = max(2, round(places / PLACES_PER_TOWN))
    weight = rng.lognormal(0.0, 0.55, count).clip(0.35, 2.5)
    bounds = np.rint(np.concatenate(([0.0], np.cumsum(weight) / weight.sum())) * places).astype(int)
    towns = []
    for i, (first, end) in enumerate(zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)):
        towns.append(Town(i, first, end - first, max(2, round(float(np.sqrt(end - first))))))
    return towns


def _place_xy(rng: np.random.Generator, towns: list[Town]) -> Floats:
    across = int(np.ceil(np.sqrt(len(towns))))
    parts = []
    for town in towns:
        corner = TOWN_SPACING_M * np.array([town.index % across, town.index // across]) + rng.uniform(-1500, 1500, 2)
        rows, columns = np.divmod(np.arange(town.count), town.columns)
        parts.append(corner + SPACING_M * np.column_stack((columns, rows)))
    xy: Floats = np.concatenate(parts)
    return xy + rng.uniform(-PLACE_JITTER_M, PLACE_JITTER_M, xy.shape)
