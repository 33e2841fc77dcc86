"""The town's data file as records, and the geometry of its streets: ways through nodes, stops at the right-hand kerb."""

import bisect
import math
from pathlib import Path as File

import msgspec
import numpy as np
from numpy.typing import NDArray

from geo.path import Path

TOWN_FILE = File(__file__).with_name("town.json")
VEHICLES_FILE = File(__file__).with_name("town-vehicles.json")
FARES_FILE = File(__file__).with_name("town-fares.json")
SCHEMA = 1
KERB_M = 7.0
"""A stop's pole stands this far to the right of the street's middle: two lanes and the pavement's edge."""

Point = tuple[float, float]


class Names(msgspec.Struct, frozen=True):
    """One name in Korean and in English."""

    ko: str
    en: str


class Origin(msgspec.Struct, frozen=True):
    """Where the town's metres begin."""

    lat: float
    lon: float


class Agency(msgspec.Struct, frozen=True):
    """Who runs the buses."""

    agency_id: str
    name: str
    name_en: str
    url: str
    timezone: str
    phone: str


class StreetStop(msgspec.Struct, frozen=True):
    """A stop at a distance along its street, or at a node of it; one code, or one for each side of the road."""

    at: float | str
    ko: str
    en: str
    codes: list[str]


class Street(msgspec.Struct, frozen=True):
    """A named polyline through nodes and plain points, with its stops."""

    ko: str
    en: str
    line: list[str | Point]
    stops: list[StreetStop]


class Variant(msgspec.Struct, frozen=True):
    """One way a line runs: through nodes, calling at all stops on the right-hand side or `only` at those named."""

    direction: int
    headsign: Names
    way: list[str]
    only: list[str] | None = None


class Service(msgspec.Struct, frozen=True):
    """Buses that take turns at a rotation of variants all day."""

    fleet: int
    rotation: list[str]


class Line(msgspec.Struct, frozen=True):
    """A line the public knows."""

    id: str
    ko: str
    en: str
    kind: str
    services: list[Service]
    variants: dict[str, Variant]
    short: Names | None = None

    @property
    def short_names(self) -> Names:
        """What is written on the bus; the id where the file says nothing else."""
        return self.short or Names(self.id, self.id)


class Town(msgspec.Struct, frozen=True):
    """The whole data file (`schema` 1)."""

    schema: int
    version: str
    origin: Origin
    agency: Agency
    first_departure: str
    nodes: dict[str, Point]
    streets: dict[str, Street]
    lines: list[Line]


class Kerb(msgspec.Struct, frozen=True):
    """One side's stop: what a passenger stands at."""

    code: str
    ko: str
    en: str
    x_m: float
    y_m: float


class Course(msgspec.Struct, frozen=True):
    """A variant on the ground: its path and its kerbs with their distance along it."""

    path: Path
    calls: list[tuple[Kerb, float]]


def load_town(file: File = TOWN_FILE) -> Town:
    """Read the data file. Raises ValueError when it is not a town of this schema."""
    try:
        town = msgspec.json.decode(file.read_bytes(), type=Town)
    except msgspec.MsgspecError as error:
        raise ValueError(f"{file} is not a town's data file: {error}") from error
    if town.schema != SCHEMA:
        raise ValueError(f"{file} has schema {town.schema}; this program reads schema {SCHEMA}")
    return town


class TownMap:
    """The streets of a town laid out in metres."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._roads = {name: _Road(street, town.nodes) for name, street in town.streets.items()}

    def kerbs(self) -> list[Kerb]:
        """Every stop of the town once, in the order of the file."""
        return [kerb for road in self._roads.values() for _, kerbs in road.stops for kerb in dict.fromkeys(kerbs)]

    def course(self, variant: Variant) -> Course:
        """Lay a variant out: its slices of street one after the other, and the kerbs it calls at.

        Raises ValueError when two nodes of the way that follow each other share no street.
        """
        points: list[Point] = []
        calls: list[tuple[Kerb, float]] = []
        done_m = 0.0
        for start, end in zip(variant.way, variant.way[1:], strict=False):
            road, lo_m, hi_m = self._slice(start, end)
            for kerb, along_m in road.right_hand(lo_m, hi_m):
                at_start = along_m == 0.0 and points
                if not at_start and (variant.only is None or kerb.ko in variant.only):
                    calls.append((kerb, done_m + along_m))
            points += road.between(lo_m, hi_m)
            done_m += abs(hi_m - lo_m)
        return Course(Path(np.array(points)), calls)

    def _slice(self, start: str, end: str) -> tuple["_Road", float, float]:
        for road in self._roads.values():
            if start in road.node_m and end in road.node_m:
                return road, road.node_m[start], road.node_m[end]
        raise ValueError(f"no street of the town joins {start} and {end}")


class _Road:
    """One street in metres: where its nodes and its stops lie along it."""

    def __init__(self, street: Street, nodes: dict[str, Point]) -> None:
        self.points = [nodes[p] if isinstance(p, str) else p for p in street.line]
        steps = [math.dist(a, b) for a, b in zip(self.points, self.points[1:], strict=False)]
        self.cum_m = [sum(steps[:i]) for i in range(len(self.points))]
        self.node_m = {p: self.cum_m[i] for i, p in enumerate(street.line) if isinstance(p, str)}
        path = Path(np.array(self.points))
        self.stops = [self._kerbs(path, stop) for stop in street.stops]

    def _kerbs(self, path: Path, stop: StreetStop) -> tuple[float, tuple[Kerb, Kerb]]:
        at_m = self.node_m[stop.at] if isinstance(stop.at, str) else stop.at
        x, y = path.at(at_m)
        heading = math.radians(path.heading_deg(at_m))
        east, north = math.cos(heading) * KERB_M, -math.sin(heading) * KERB_M
        right, left = stop.codes[0], stop.codes[-1]
        one = Kerb(right, stop.ko, stop.en, x + east, y + north)
        other = one if left == right else Kerb(left, stop.ko, stop.en, x - east, y - north)
        return at_m, (one, other)

    def right_hand(self, lo_m: float, hi_m: float) -> list[tuple[Kerb, float]]:
        """Kerbs on the right of a bus that drives from `lo_m` to `hi_m`, with metres since `lo_m`."""
        side = 0 if hi_m > lo_m else 1
        near, far = min(lo_m, hi_m), max(lo_m, hi_m)
        found = [(kerbs[side], abs(at_m - lo_m)) for at_m, kerbs in self.stops if near <= at_m <= far]
        return sorted(found, key=lambda call: call[1])

    def between(self, lo_m: float, hi_m: float) -> list[Point]:
        """The polyline from one place of the street to another, both being nodes."""
        a, b = bisect.bisect_left(self.cum_m, min(lo_m, hi_m)), bisect.bisect_left(self.cum_m, max(lo_m, hi_m))
        stretch = self.points[a : b + 1]
        return stretch if hi_m > lo_m else stretch[::-1]


def along(course: Course) -> NDArray[np.float64]:
    """Metres along the path of each call of a course."""
    return np.array([along_m for _, along_m in course.calls])
