"""Which paths run near a place, and how far off they are (shapely's STRtree). Level 3: over `geo.path`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from geo.approaches import Floats, Indices
from geo.path import Path

PIECE_SEGMENTS = 32
"""Paths are indexed in pieces of so many segments: the box around a whole route holds half the town (measured on dense
shapes: 7 times as fast as whole paths)."""


@dataclass(frozen=True, slots=True, eq=False)
class Nearby:
    """Paths near places: which place, which path, and the metres between them; place by place, the nearest first."""

    place: Indices
    index: Indices
    offset_m: Floats

    def __len__(self) -> int:
        return len(self.index)


class Corridor:
    """A spatial index of paths. Immutable; the answer's indices are those of the sequence given."""

    __slots__ = ("_path_of", "_pieces", "_tree")

    def __init__(self, paths: Sequence[Path]) -> None:
        pieces = [list(_pieces(path)) for path in paths]
        self._path_of = np.repeat(np.arange(len(paths)), [len(of_path) for of_path in pieces])
        points = [piece for of_path in pieces for piece in of_path]
        piece_of = np.repeat(np.arange(len(points)), [len(piece) for piece in points])
        self._pieces = shapely.linestrings(np.concatenate([np.empty((0, 2)), *points]), indices=piece_of)
        self._tree = shapely.STRtree(self._pieces)

    def near(self, x: ArrayLike, y: ArrayLike, radius_m: float) -> Nearby:
        """Find the paths no farther than `radius_m` from a place, or from each of many; near NaN there is none.

        One place is number 0.

        >>> street, lane = Path([(0, 0), (100, 0)]), Path([(0, 20), (0, 90)])
        >>> found = Corridor([street, lane]).near([50.0, np.nan, 5.0], [3.0, 0.0, 15.0], 16.0)
        >>> found.place.tolist(), found.index.tolist(), found.offset_m.round(1).tolist()
        ([0, 2, 2], [0, 1, 0], [3.0, 7.1, 15.0])
        """
        x, y = np.atleast_1d(x), np.atleast_1d(y)
        known = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
        points = shapely.points(x[known], y[known])
        at, piece = self._tree.query(points, predicate="dwithin", distance=radius_m)
        offset_m = np.asarray(shapely.distance(self._pieces[piece], points[at]), dtype=np.float64)
        return _nearest_pieces(known[at], self._path_of[piece], offset_m)


def _pieces(path: Path) -> Iterator[NDArray[np.float64]]:
    """Cut a path; a path of one point is a piece without length."""
    if len(path) == 1:
        yield path.xy[[0, 0]]
    for start in range(0, len(path) - 1, PIECE_SEGMENTS):
        yield path.xy[start : start + PIECE_SEGMENTS + 1]


def _nearest_pieces(place: Indices, index: Indices, offset_m: Floats) -> Nearby:
    """Keep the nearest piece of each path at each place, and put the paths in order."""
    order = np.lexsort((offset_m, index, place))
    place, index, offset_m = place[order], index[order], offset_m[order]
    first = np.flatnonzero((np.diff(place, prepend=-1) != 0) | (np.diff(index, prepend=-1) != 0))
    place, index, offset_m = place[first], index[first], offset_m[first]
    order = np.lexsort((index, offset_m, place))
    return Nearby(place[order], index[order], offset_m[order])
