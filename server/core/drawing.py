"""Paths of patterns from shapes and stops, and where the stops lie on them. Level 1 of the core: over `geo`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.frame import Frame
from geo.path import Path
from geo.placement import place_stops, side_of
from server.core.columns import Floats, Ints

STRAY_STOP_M = 100.0
"""A stop farther off its shape is reported (the limit of MobilityData's validator for a stop too far from its shape)."""
STRAY_SHAPE_M = 200.0
"""If more than half of the stops are farther off, the shape is another trip's, and the path is drawn stop to stop."""
DOOR_SAMPLE_PATTERNS = 200
"""Patterns looked at to learn on which side of the street the feed's stops are."""
DOOR_MIN_VOTES = 20
DOOR_MIN_SHARE = 0.7
"""That many stops, and that share of them, must be on one side; feeds whose shapes are crooked stay undecided."""


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """A drawn line of a feed: (n, 2) degrees, and the feed's own distances along it in any unit, or None."""

    lat_lon: Floats
    dist: Floats | None

    @classmethod
    def of(cls, lat_lon: ArrayLike, dist: ArrayLike | None) -> "Shape":
        """Take a shape; distances that are missing or go back are left out as a whole."""
        points = np.asarray(lat_lon, dtype=np.float64).reshape(-1, 2)
        distances = None if dist is None else np.asarray(dist, dtype=np.float64)
        usable = distances is not None and len(distances) == len(points) and bool((np.diff(distances) >= 0.0).all())
        return cls(points, distances if usable else None)


@dataclass(frozen=True, slots=True, eq=False)
class Sketch:
    """What a pattern gives to draw it: the shape's id, rows of its stops, their `shape_dist_traveled` (or NaN)."""

    shape_id: str | None
    stops: Ints
    dist: Floats
    trip_id: str


@dataclass(frozen=True, slots=True)
class StrayStop:
    """A stop far off the shape of a trip that stops there."""

    stop_row: int
    shape_id: str
    trip_id: str
    offset_m: float


@dataclass(frozen=True, slots=True)
class StrayShape:
    """A shape that does not run along the stops of a trip, so that it was not used for it."""

    shape_id: str
    trip_id: str


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """All paths, and for every sketch the number of its path and the metres along it of its stops."""

    paths: Sequence[Path]
    path_of: Sequence[int]
    along_m: Sequence[Floats]
    stray_stops: Sequence[StrayStop]
    stray_shapes: Sequence[StrayShape]


class Draughtsman:
    """Draws the patterns of one network: shapes where they fit, otherwise straight from stop to stop."""

    def __init__(self, shapes: Mapping[str, Shape], stop_xy: Floats, frame: Frame) -> None:
        self._shapes = shapes
        self._stop_xy = stop_xy
        self._frame = frame
        self._lines: dict[str, tuple[Path, Floats | None] | None] = {}
        self._doors_on = 0

    def draw(self, sketches: Sequence[Sketch]) -> Drawing:
        """Draw every sketch. Paths that are the same are drawn once."""
        self._doors_on = self._learn_doors(sketches)
        paths: dict[object, tuple[int, Path]] = {}
        path_of: list[int] = []
        along: list[Floats] = []
        stray_stops: dict[tuple[int, str], StrayStop] = {}
        stray_shapes: list[StrayShape] = []
        for sketch in sketches:
            placed = self._place(sketch)
            if placed is not None and sketch.shape_id is not None:
                offset_m = self._offsets(placed, sketch)
                if float(np.median(offset_m)) > STRAY_SHAPE_M:
                    stray_shapes.append(StrayShape(sketch.shape_id, sketch.trip_id))
                    placed = None
                else:
                    for stray in _strays(sketch, sketch.shape_id, offset_m):
                        stray_stops.setdefault((stray.stop_row, stray.shape_id), stray)
            key: object = sketch.stops.tobytes() if placed is None else sketch.shape_id
            path, along_m = self._straight(sketch) if placed is None else placed
            path_of.append(paths.setdefault(key, (len(paths), path))[0])
            along.append(along_m)
        drawn = [path for _, path in paths.values()]
        return Drawing(drawn, path_of, along, list(stray_stops.values()), stray_shapes)

    def _place(self, sketch: Sketch) -> tuple[Path, Floats] | None:
        """Place the stops on the sketch's shape; None where it has no usable one."""
        line = self._line(sketch.shape_id)
        if line is None:
            return None
        path, along_of_dist = line
        shape = self._shapes[sketch.shape_id or ""]
        hint_m = None
        if along_of_dist is not None and shape.dist is not None:
            hint_m = np.interp(sketch.dist, shape.dist, along_of_dist)
        return path, place_stops(path, self._stop_xy[sketch.stops], hint_m=hint_m, doors_on=self._doors_on)

    def _line(self, shape_id: str | None) -> tuple[Path, Floats | None] | None:
        """Project a shape into the frame, with the metres that belong to each of its own distances."""
        if shape_id is None:
            return None
        if shape_id not in self._lines:
            shape = self._shapes[shape_id]
            xy = np.column_stack(self._frame.to_xy(shape.lat_lon[:, 0], shape.lat_lon[:, 1]))
            step_m = np.hypot(*np.diff(xy, axis=0).T) if len(xy) > 1 else np.zeros(0)
            along_m = None if shape.dist is None else np.concatenate(([0.0], np.cumsum(step_m)))
            self._lines[shape_id] = (Path(xy), along_m) if step_m.sum() > 0.0 else None
        return self._lines[shape_id]

    def _straight(self, sketch: Sketch) -> tuple[Path, Floats]:
        xy = self._stop_xy[sketch.stops]
        step_m = np.hypot(*np.diff(xy, axis=0).T) if len(xy) > 1 else np.zeros(0)
        return Path(xy), np.concatenate(([0.0], np.cumsum(step_m)))

    def _offsets(self, placed: tuple[Path, Floats], sketch: Sketch) -> Floats:
        path, along_m = placed
        x, y = path.at(along_m)
        off = self._stop_xy[sketch.stops] - np.column_stack((x, y))
        offsets: Floats = np.hypot(off[:, 0], off[:, 1])
        return offsets

    def _learn_doors(self, sketches: Sequence[Sketch]) -> int:
        """Learn from the feed itself on which side buses let people on: +1 right, -1 left, 0 undecided."""
        shaped = [sketch for sketch in sketches if sketch.shape_id is not None]
        votes = np.zeros(0)
        for sketch in shaped[:: len(shaped) // DOOR_SAMPLE_PATTERNS + 1]:
            placed = self._place(sketch)
            if placed is not None:
                x, y = self._stop_xy[sketch.stops].T
                votes = np.concatenate((votes, side_of(*placed, x, y)))
        right, left = int((votes > 0).sum()), int((votes < 0).sum())
        if right + left < DOOR_MIN_VOTES or max(right, left) < DOOR_MIN_SHARE * (right + left):
            return 0
        return 1 if right > left else -1


def _strays(sketch: Sketch, shape_id: str, offset_m: Floats) -> Iterator[StrayStop]:
    for i in np.flatnonzero(offset_m > STRAY_STOP_M).tolist():
        yield StrayStop(int(sketch.stops[i]), shape_id, sketch.trip_id, float(offset_m[i]))


def rows_of(lengths: Sequence[int]) -> NDArray[np.int64]:
    """Tell where the rows of each owner begin when each has so many, and where the last end."""
    return np.concatenate(([0], np.cumsum(lengths, dtype=np.int64))).astype(np.int64)
