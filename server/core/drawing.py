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
"""If more than half of the stops are farther off, the shape is drawn backwards or is another trip's."""
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
    """A shape that does not run along the stops of a trip in their order.

    If it does when turned round (`backwards`) it was used so; otherwise the path was drawn from stop to stop.
    """

    shape_id: str
    trip_id: str
    backwards: bool


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """All paths, and for every sketch the number of its path and the metres along it of its stops."""

    paths: Sequence[Path]
    path_of: Sequence[int]
    along_m: Sequence[Floats]
    stray_stops: Sequence[StrayStop]
    stray_shapes: Sequence[StrayShape]


@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    """A shape in the frame: its path, and the metres along it that belong to the feed's own distances."""

    path: Path
    along_m: Floats
    dist: Floats | None

    @property
    def turned(self) -> Path:
        return Path(self.path.xy[::-1])


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    """Stops placed on a path, and how far off it each is."""

    path: Path
    along_m: Floats
    offset_m: Floats
    backwards: bool

    @property
    def median_m(self) -> float:
        return float(np.median(self.offset_m))


class Draughtsman:
    """Draws the patterns of one network: shapes where they fit, otherwise straight from stop to stop."""

    def __init__(self, shapes: Mapping[str, Shape], stop_xy: Floats, frame: Frame) -> None:
        self._shapes = shapes
        self._stop_xy = stop_xy
        self._frame = frame
        self._lines: dict[str, _Line | None] = {}
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
            fit = self._fit(sketch)
            if sketch.shape_id is not None and (fit is None or fit.backwards):
                stray_shapes.append(StrayShape(sketch.shape_id, sketch.trip_id, backwards=fit is not None))
            if fit is not None:
                for stray in _strays(sketch, fit.offset_m):
                    stray_stops.setdefault((stray.stop_row, stray.shape_id), stray)
            path, along_m = self._straight(sketch) if fit is None else (fit.path, fit.along_m)
            key: object = sketch.stops.tobytes() if fit is None else (sketch.shape_id, fit.backwards)
            path_of.append(paths.setdefault(key, (len(paths), path))[0])
            along.append(along_m)
        drawn = [path for _, path in paths.values()]
        return Drawing(drawn, path_of, along, list(stray_stops.values()), stray_shapes)

    def _fit(self, sketch: Sketch) -> _Fit | None:
        """Fit the sketch's stops to its shape, if need be turned round; None where there is none that fits."""
        line = self._line(sketch.shape_id)
        if line is None:
            return None
        ahead = self._place(sketch, line, backwards=False)
        if ahead.median_m <= STRAY_SHAPE_M:
            return ahead
        back = self._place(sketch, line, backwards=True)
        return back if back.median_m <= STRAY_SHAPE_M else None

    def _place(self, sketch: Sketch, line: _Line, *, backwards: bool) -> _Fit:
        path = line.turned if backwards else line.path
        hint_m = None
        if line.dist is not None and not backwards:
            hint_m = np.interp(sketch.dist, line.dist, line.along_m)
        stop_xy = self._stop_xy[sketch.stops]
        along_m = place_stops(path, stop_xy, hint_m=hint_m, doors_on=self._doors_on)
        x, y = path.at(along_m)
        return _Fit(path, along_m, np.hypot(stop_xy[:, 0] - x, stop_xy[:, 1] - y), backwards)

    def _line(self, shape_id: str | None) -> _Line | None:
        """Project a shape into the frame; None for one without length."""
        if shape_id is None:
            return None
        if shape_id not in self._lines:
            shape = self._shapes[shape_id]
            xy = np.column_stack(self._frame.to_xy(shape.lat_lon[:, 0], shape.lat_lon[:, 1]))
            along_m = _walked(xy)
            self._lines[shape_id] = _Line(Path(xy), along_m, shape.dist) if along_m[-1] > 0.0 else None
        return self._lines[shape_id]

    def _straight(self, sketch: Sketch) -> tuple[Path, Floats]:
        xy = self._stop_xy[sketch.stops]
        return Path(xy), _walked(xy)

    def _learn_doors(self, sketches: Sequence[Sketch]) -> int:
        """Learn from the feed itself on which side buses let people on: +1 right, -1 left, 0 undecided."""
        shaped = [sketch for sketch in sketches if sketch.shape_id is not None]
        votes = np.zeros(0)
        for sketch in shaped[:: len(shaped) // DOOR_SAMPLE_PATTERNS + 1]:
            fit = self._fit(sketch)
            if fit is not None:
                x, y = self._stop_xy[sketch.stops].T
                votes = np.concatenate((votes, side_of(fit.path, fit.along_m, x, y)))
        right, left = int((votes > 0).sum()), int((votes < 0).sum())
        if right + left < DOOR_MIN_VOTES or max(right, left) < DOOR_MIN_SHARE * (right + left):
            return 0
        return 1 if right > left else -1


def _strays(sketch: Sketch, offset_m: Floats) -> Iterator[StrayStop]:
    for i in np.flatnonzero(offset_m > STRAY_STOP_M).tolist():
        yield StrayStop(int(sketch.stops[i]), sketch.shape_id or "", sketch.trip_id, float(offset_m[i]))


def _walked(xy: Floats) -> Floats:
    """Add up the metres from point to point."""
    step = np.diff(xy, axis=0)
    return np.concatenate(([0.0], np.cumsum(np.hypot(step[:, 0], step[:, 1]))))


def rows_of(lengths: Sequence[int]) -> NDArray[np.int64]:
    """Tell where the rows of each owner begin when each has so many, and where the last end."""
    return np.concatenate(([0], np.cumsum(lengths, dtype=np.int64))).astype(np.int64)
