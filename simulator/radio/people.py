"""Riders, and people who only come near a bus: where each is every second of the film, and in which bus. Level 2 of the radios."""

import math
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from geo.path import Path
from simulator.radio.film import Film, Halt, Journey
from simulator.radio.settings import Passers, Riders

Floats = NDArray[np.float64]

KERB_M = 3.5
"""From the middle of the bus's lane to those who wait."""
CABIN_M = (5.0, 1.1)
"""So far from the middle of the bus people sit, along and across (a bus is 11 by 2.5 m)."""
WALK_MPS = (1.3, 0.2)
AFTER_S = (260, 400)
"""A phone listens on for so long after its owner has got off."""
SPREAD = 0.5
"""Of the logarithm of a ride's length."""


class Kind(StrEnum):
    """What somebody does near a bus."""

    RIDER = "rider"
    KERB = "kerb"
    WALKER = "walker"
    BICYCLE = "bicycle"
    CAR = "car"
    BAY = "bay"
    TAILGATE = "tailgate"
    REPLAY = "replay"
    SPOOF = "spoof"


@dataclass(frozen=True, slots=True, eq=False)
class TrueRide:
    """A ride as it was: from one halt of a run to a later one."""

    journey: Journey
    board: Halt
    alight: Halt

    @property
    def distance_m(self) -> float:
        """Metres in the vehicle."""
        visits = self.journey.pattern.visits
        return visits[self.alight.visit_index].along_m - visits[self.board.visit_index].along_m


@dataclass(slots=True, eq=False)
class Person:
    """Where somebody is from `from_s` of the film on, a place (m) a second; `aboard`: number of the bus, or -1.

    `shielded`: sits in some other vehicle. `replays`: bus whose ids of so many seconds ago are played beside the phone.
    `pretends`: bus whose places the phone claims to be at.
    """

    kind: Kind
    from_s: int
    x: Floats
    y: Floats
    aboard: NDArray[np.int16]
    shielded: NDArray[np.bool_]
    ride: TrueRide | None = None
    replays: tuple[int, float] | None = None
    pretends: int | None = None
    door_s: tuple[int, int] = field(default=(0, 0))

    @property
    def seconds(self) -> int:
        """How long it is watched."""
        return len(self.x)


def _person(kind: Kind, from_s: int, x: Floats, y: Floats) -> Person:
    return Person(kind, from_s, x, y, np.full(len(x), -1, np.int16), np.zeros(len(x), np.bool_))


class Casting:
    """Chooses people at random for a film. One stream of random numbers each, so nobody changes another."""

    def __init__(self, film: Film, riders: Riders, passers: Passers) -> None:
        self._film, self._riders, self._passers = film, riders, passers
        last_s = film.seconds - max(AFTER_S) - 30
        self._rows = [(j, [h for h in j.halts if h.came_s > 90 and h.left_s < last_s]) for j in film.journeys]
        self._rows = [row for row in self._rows if len(row[1]) >= 2]
        self._kinds = [kind for kind in Kind if kind is not Kind.RIDER]
        shares = np.array([getattr(passers, kind.value) for kind in self._kinds])
        self._shares = shares / shares.sum()

    # -- riders ------------------------------------------------------------------

    def rider(self, rng: np.random.Generator) -> Person:
        """Somebody who waits at a stop, rides, gets off, and walks away or waits for the next bus."""
        journey, board, alight = self._ride(rng)
        on_s = int(rng.integers(max(board.came_s + 2, board.left_s - 45), max(board.left_s - 1, board.came_s + 3)))
        off_s = int(rng.integers(alight.came_s + 2, max(alight.came_s + 3, min(alight.came_s + 14, alight.left_s))))
        from_s = max(0, on_s - int(rng.integers(50, 420)))
        to_s = min(self._film.seconds, off_s + int(rng.integers(*AFTER_S)))
        t = np.arange(from_s, to_s)
        x, y = np.empty(len(t)), np.empty(len(t))
        before, riding, after = t < on_s, (t >= on_s) & (t < off_s), t >= off_s
        x[before], y[before] = self._at_stop(journey.bus, on_s, rng)
        x[riding], y[riding] = self._in_cabin(journey.bus, t[riding], rng)
        start = self._at_stop(journey.bus, off_s, rng)
        walk = rng.random() >= self._riders.stays
        x[after], y[after] = self._walk(start, journey.bus, off_s, int(after.sum()), rng, walk=walk)
        person = _person(Kind.RIDER, from_s, x, y)
        person.ride, person.door_s = TrueRide(journey, board, alight), (on_s, off_s)
        person.aboard[riding] = journey.bus
        return person

    def _ride(self, rng: np.random.Generator) -> tuple[Journey, Halt, Halt]:
        while True:
            journey, halts = self._rows[int(rng.integers(len(self._rows)))]
            first = int(rng.integers(len(halts) - 1))
            stops = max(1, round(float(self._riders.stops * np.exp(rng.normal(0.0, SPREAD)))))
            wanted = halts[first].visit_index + stops
            later = [halt for halt in halts[first + 1 :] if halt.visit_index >= wanted]
            if later:
                return journey, halts[first], later[0]

    def _at_stop(self, bus: int, second: int, rng: np.random.Generator) -> tuple[float, float]:
        """Near where the bus stands at a second, on the right-hand side."""
        film, (off, ahead) = self._film, rng.normal(0.0, (0.8, 4.0))
        e, n = float(film.east[bus, second]), float(film.north[bus, second])
        side = KERB_M + abs(off)
        return (
            float(film.x[bus, second]) + side * n + ahead * e,
            float(film.y[bus, second]) - side * e + ahead * n,
        )

    def _in_cabin(self, bus: int, t: NDArray[np.int64], rng: np.random.Generator) -> tuple[Floats, Floats]:
        u, v = rng.uniform(-CABIN_M[0], CABIN_M[0]), rng.uniform(-CABIN_M[1], CABIN_M[1])
        return self._beside(bus, t, u, v)

    def _beside(self, bus: int, t: NDArray[np.int64], u: float, v: float) -> tuple[Floats, Floats]:
        film = self._film
        x, y, e, n = (row[bus, t].astype(np.float64) for row in (film.x, film.y, film.east, film.north))
        return x + u * e + v * n, y + u * n - v * e

    def _walk(
        self,
        start: tuple[float, float],
        bus: int,
        second: int,
        count: int,
        rng: np.random.Generator,
        *,
        walk: bool,
    ) -> tuple[Floats, Floats]:
        if not walk:
            return np.full(count, start[0]), np.full(count, start[1])
        e, n = float(self._film.east[bus, second]), float(self._film.north[bus, second])
        along = float(rng.choice((-1.0, 1.0))) if rng.random() < 0.6 else 0.0
        angle = 0.0 if along else float(rng.uniform(0.0, math.pi))
        dx, dy = (
            (along * e, along * n)
            if along
            else (n * math.sin(angle) + e * math.cos(angle), n * math.cos(angle) - e * math.sin(angle))
        )
        speed = max(0.6, float(rng.normal(*WALK_MPS)))
        way = np.arange(count, dtype=np.float64) * speed
        return start[0] + dx * way, start[1] + dy * way

    # -- people who do not ride ----------------------------------------------------

    def passer(self, rng: np.random.Generator) -> Person:
        """Somebody near a bus who is not in it."""
        kind = self._kinds[int(rng.choice(len(self._kinds), p=self._shares))]
        journey, halts = self._rows[int(rng.integers(len(self._rows)))]
        at = int(rng.integers(len(halts)))
        match kind:
            case Kind.CAR:
                return self._behind(kind, journey, halts, at, self._passers.lane_gaps, rng)
            case Kind.TAILGATE:
                return self._behind(kind, journey, halts, at, self._passers.tail_gaps, rng)
            case Kind.WALKER:
                return self._along(kind, journey, halts[at], max(0.6, float(rng.normal(*WALK_MPS))), 4.0, rng)
            case Kind.BICYCLE:
                return self._along(kind, journey, halts[at], float(rng.uniform(3.5, 6.5)), 1.8, rng)
            case Kind.BAY:
                return self._bay(journey, halts, rng)
            case _:
                return self._stands(kind, journey, halts[at], rng)

    def _stands(self, kind: Kind, journey: Journey, halt: Halt, rng: np.random.Generator) -> Person:
        bus, film = journey.bus, self._film
        from_s = max(0, halt.came_s - int(rng.integers(20, 300)))
        to_s = min(film.seconds, halt.left_s + int(rng.integers(60, 400)))
        place = self._at_stop(bus, (halt.came_s + halt.left_s) // 2, rng)
        if kind is Kind.REPLAY:
            place = place[0] + float(rng.uniform(-800, 800)), place[1] + float(rng.uniform(-800, 800))
        count = to_s - from_s
        person = _person(kind, from_s, np.full(count, place[0]), np.full(count, place[1]))
        if kind is Kind.REPLAY:
            person.replays = bus, float(rng.exponential(self._passers.replay_s))
        if kind is Kind.SPOOF:
            person.pretends = bus
        return person

    def _along(
        self, kind: Kind, journey: Journey, halt: Halt, speed_mps: float, aside_m: float, rng: np.random.Generator
    ) -> Person:
        """Along the bus's street on foot or by bicycle: near it at one stop, and again if both are as fast."""
        film, path = self._film, journey.pattern.path
        meets_s = int(rng.integers(halt.came_s - 20, halt.left_s + 20))
        from_s = max(0, meets_s - int(rng.integers(60, 240)))
        to_s = min(film.seconds, meets_s + int(rng.integers(60, 300)))
        forth = 1.0 if kind is Kind.BICYCLE or rng.random() < 0.5 else -1.0
        visit_m = journey.pattern.visits[halt.visit_index].along_m
        along_m = visit_m + forth * speed_mps * (np.arange(from_s, to_s) - meets_s)
        return self._on_path(kind, from_s, path, np.clip(along_m, 0.0, path.length_m), aside_m)

    def _on_path(self, kind: Kind, from_s: int, path: Path, along_m: Floats, aside_m: float) -> Person:
        x, y = path.at(along_m)
        heading = np.radians(path.heading_deg(along_m))
        return _person(kind, from_s, x + aside_m * np.cos(heading), y - aside_m * np.sin(heading))

    def _behind(
        self, kind: Kind, journey: Journey, halts: list[Halt], at: int, gaps: float, rng: np.random.Generator
    ) -> Person:
        """In the bus's lane, stop after stop; then a car overtakes, and a bus stays behind."""
        film, path, bus = self._film, journey.pattern.path, journey.bus
        until = min(len(halts) - 1, at + int(rng.geometric(1.0 / gaps)))
        from_s, leaves_s = max(0, halts[at].came_s - 10), halts[until].came_s + int(rng.integers(2, 25))
        leaves_s = min(leaves_s, halts[until].left_s + 5)
        to_s = min(film.seconds, leaves_s + 240)
        gap_m = float(rng.uniform(8.0, 22.0) if kind is Kind.CAR else rng.uniform(13.0, 28.0))
        t = np.arange(from_s, to_s)
        sway = 4.0 * np.interp(t, np.arange(from_s, to_s + 15, 15), rng.normal(size=len(range(from_s, to_s + 15, 15))))
        along_m = film.along[bus, t].astype(np.float64) - gap_m - np.abs(sway)
        gone = t >= leaves_s
        here_m = float(along_m[~gone][-1]) if (~gone).any() else float(along_m[0])
        away_mps = 10.0 if kind is Kind.CAR else 0.0
        along_m[gone] = here_m + away_mps * (t[gone] - leaves_s)
        person = self._on_path(kind, from_s, path, np.clip(along_m, 0.0, path.length_m), 0.5)
        person.shielded[:] = True
        return person

    def _bay(self, journey: Journey, halts: list[Halt], rng: np.random.Generator) -> Person:
        """In another vehicle, in the bay beside, while the bus stands; some go the same way for a while, behind it."""
        if rng.random() < 0.15:
            return self._behind(Kind.BAY, journey, halts, 0, self._passers.lane_gaps, rng)
        film, bus = self._film, journey.bus
        halt = max(halts, key=lambda one: one.left_s - one.came_s)
        from_s = max(0, halt.came_s - 60)
        to_s = min(film.seconds, halt.left_s + int(rng.integers(30, 240)))
        t = np.full(to_s - from_s, (halt.came_s + halt.left_s) // 2)
        x, y = self._beside(
            bus, t, float(rng.uniform(-6.0, 6.0)), float(rng.choice((-1.0, 1.0)) * rng.uniform(3.3, 7.0))
        )
        person = _person(Kind.BAY, from_s, x, y)
        person.shielded[:] = True
        return person
