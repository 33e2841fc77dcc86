"""Routes of the generated province: which places each calls at, by kind and length. Pure; seeded."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from simulator.networks.province_map import SPACING_M, Floats, ProvinceMap, Town


class Kind(StrEnum):
    """What sort of line a route is."""

    VILLAGE = "village"
    CITY = "city"
    EXPRESS = "express"


@dataclass(frozen=True, slots=True)
class KindOfRoute:
    """How routes of a kind are: share of all, length of one way, peak headway, share of loops, how many places it skips."""

    share: float
    length_m: tuple[float, float]
    headway_s: tuple[float, float]
    loops: float
    calls_every: int


KINDS = {
    Kind.VILLAGE: KindOfRoute(0.35, (5_000.0, 12_000.0), (1200.0, 3000.0), 0.20, 1),
    Kind.CITY: KindOfRoute(0.55, (15_000.0, 30_000.0), (480.0, 1500.0), 0.12, 1),
    Kind.EXPRESS: KindOfRoute(0.10, (30_000.0, 60_000.0), (600.0, 1800.0), 0.0, 2),
}
"""Lengths and headways as routes of the capital area have them: village buses feed, city buses cross the city, express
buses run to the next city or to Seoul by motorway."""
SMALLEST_CITY_PLACES = 120
"""A town smaller than this (5 km across) has village buses only; a city route would have to run in circles."""
LEAST_SERVED, ANY_SERVED = 1.0, 12.0
"""How many routes' difference a route overlooks in choosing the next place to go by: hardly any, or any."""
DRAWS = 8
"""A walk that doubles back comes out short: so many are drawn for one of its kind's length, the first half as loops."""
HIGHWAY_M = (9_000.0, 42_000.0)
"""Length of an express route's part between towns that leaves room for streets at both ends."""


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """One direction of a route: its polyline, the pole called at and the distance along for each stop."""

    direction: int
    points: Floats
    poles: NDArray[np.int64]
    along_m: Floats
    town_from: int
    town_to: int


@dataclass(frozen=True, slots=True, eq=False)
class PlannedRoute:
    """A route before it has a timetable."""

    number: int
    kind: Kind
    loop: bool
    headway_s: float
    ways: tuple[Way, ...]


class RoutePlanner:
    """Draws routes one after the other, each through the places that earlier ones left unserved."""

    def __init__(self, rng: np.random.Generator, ground: ProvinceMap) -> None:
        self._rng = rng
        self._ground = ground
        self._served = np.zeros(len(ground.xy))
        sizes = np.array([town.count for town in ground.towns], dtype=np.float64)
        self._any_town = sizes / sizes.sum()
        cities = np.where(sizes >= min(SMALLEST_CITY_PLACES, sizes.max()), sizes, 0.0)
        self._cities = cities / cities.sum()

    def plan(self, count: int) -> list[PlannedRoute]:
        """Draw `count` routes, kinds by their shares."""
        villages, expresses = round(count * KINDS[Kind.VILLAGE].share), round(count * KINDS[Kind.EXPRESS].share)
        kinds = [Kind.EXPRESS] * expresses + [Kind.CITY] * (count - villages - expresses) + [Kind.VILLAGE] * villages
        return [self._route(number, kind) for number, kind in enumerate(kinds, start=1)]

    def _route(self, number: int, kind: Kind) -> PlannedRoute:
        rule = KINDS[kind]
        target_m = self._rng.uniform(*rule.length_m)
        headway_s = self._rng.uniform(*rule.headway_s)
        loop = bool(self._rng.random() < rule.loops)
        if kind is Kind.EXPRESS:
            places, calls = self._express(target_m)
        else:
            places, loop = self._local(kind, target_m, loop=loop)
            calls = np.ones(len(places), dtype=bool)
        self._served[places] += calls
        ways = (
            [self._way(0, places, calls)]
            if loop
            else [self._way(0, places, calls), self._way(1, places[::-1], calls[::-1])]
        )
        return PlannedRoute(number, kind, loop, headway_s, tuple(ways))

    def _local(self, kind: Kind, target_m: float, *, loop: bool) -> tuple[list[int], bool]:
        """Draw a walk inside one town, closed where `loop` asks for it and the streets allow it."""
        shares = self._any_town if kind is Kind.VILLAGE else self._cities
        shortest_m, longest_m = KINDS[kind].length_m
        best: list[int] = []
        for draw in range(DRAWS):
            town = self._ground.towns[int(self._rng.choice(len(shares), p=shares))]
            loop = loop and draw < DRAWS // 2
            start = self._pick(town, [], whim=LEAST_SERVED)
            places = self._circle(start, town, target_m) if loop else self._ramble(start, town, target_m)
            best = min(best, places, key=lambda walk: abs(len(walk) * SPACING_M - target_m))
            if shortest_m <= len(best) * SPACING_M <= longest_m:
                break
        return best, len(best) > 1 and best[0] == best[-1]

    def _circle(self, start: int, town: Town, target_m: float) -> list[int]:
        """Walk out from `start` and back to it another way, by a place that the way out has not met."""
        out = self._ramble(start, town, target_m / 2)
        turn = self._pick(town, out, whim=ANY_SERVED)
        back = self._ground.walk(out[-1], turn)[1:] + self._ground.walk(turn, start)[1:]
        return without_spurs(out + back, closed=True)

    def _way(self, direction: int, places: list[int], calls: NDArray[np.bool_]) -> Way:
        points, along_m = self._ground.trace(places)
        towns = self._ground.town_of
        poles = self._ground.poles(places)[calls]
        return Way(direction, points, poles, along_m[calls], int(towns[places[0]]), int(towns[places[-1]]))

    def _pick(self, town: Town, walked: list[int], *, whim: float) -> int:
        """Take a place of a town that few routes serve and this walk has not met; `whim` 0 would always take the least."""
        wish = self._served[town.first : town.first + town.count] + whim * self._rng.random(town.count)
        wish[np.array(walked, dtype=np.intp) - town.first] = np.inf
        return town.first + int(wish.argmin())

    def _ramble(self, start: int, town: Town, target_m: float) -> list[int]:
        """Walk through a town from `start` for about `target_m`, to places that few routes serve and to others by turns."""
        wanted = max(int(target_m / SPACING_M), 2)
        places = [start]
        for turn in range(4 * wanted):
            goal = self._pick(town, places, whim=LEAST_SERVED if turn % 2 else ANY_SERVED)
            places = without_spurs(places + self._ground.walk(places[-1], goal)[1:], closed=False)
            if len(places) > wanted:
                return places[: wanted + 1]
        return places

    def _express(self, target_m: float) -> tuple[list[int], NDArray[np.bool_]]:
        """Streets of one town, a highway, streets of another; calls at every other place and at both gates."""
        town, other = self._pair(target_m)
        gate, far_gate = self._ground.gate(town, other), self._ground.gate(other, town)
        rest_m = max(target_m - self._ground.gap_m(gate, far_gate), 4_000.0)
        near = self._ramble(gate, town, rest_m / 2)[::-1]
        far = self._ramble(far_gate, other, rest_m / 2)
        every = KINDS[Kind.EXPRESS].calls_every
        calls = np.array(
            [i % every == 0 for i in range(len(near))][::-1] + [i % every == 0 for i in range(len(far))], dtype=bool
        )
        calls[[0, -1]] = True
        return near + far, calls

    def _pair(self, target_m: float) -> tuple[Town, Town]:
        """Two towns with a highway that fits; the best of some draws."""
        best: tuple[float, Town, Town] | None = None
        for _ in range(24):
            a, b = self._rng.choice(len(self._any_town), 2, replace=False, p=self._any_town).tolist()
            town, other = self._ground.towns[a], self._ground.towns[b]
            gap_m = self._ground.gap_m(self._ground.gate(town, other), self._ground.gate(other, town))
            off_m = abs(min(max(0.6 * target_m, HIGHWAY_M[0]), HIGHWAY_M[1]) - gap_m)
            if best is None or off_m < best[0]:
                best = off_m, town, other
        assert best is not None
        return best[1], best[2]


def without_spurs(places: list[int], *, closed: bool) -> list[int]:
    """Cut stretches that a walk goes and comes straight back; a `closed` walk keeps its last place equal to its first."""
    kept: list[int] = []
    for place in places:
        if len(kept) > 1 and kept[-2] == place:
            kept.pop()
        elif not kept or kept[-1] != place:
            kept.append(place)
    while closed and len(kept) > 4 and kept[1] == kept[-2]:
        kept = kept[1:-1]
    return kept
