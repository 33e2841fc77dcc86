"""Which paths run near a place, and how far off they are (shapely's STRtree). Level 2: over `geo.path`."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.path import Path


@dataclass(frozen=True, slots=True, eq=False)
class Nearby:
    """Paths near a place, nearest first: their indices and distances in metres."""

    index: NDArray[np.intp]
    offset_m: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.index)


class Corridor:
    """A spatial index of paths. Immutable; the answer's indices are those of the sequence given."""

    __slots__ = ("_lines", "_tree")

    def __init__(self, paths: Sequence[Path]) -> None:
        self._lines = np.array(
            [shapely.LineString(path.xy) if len(path) > 1 else shapely.Point(path.xy[0]) for path in paths],
            dtype=object,
        )
        self._tree = shapely.STRtree(self._lines)

    def near(self, x: float, y: float, radius_m: float) -> Nearby:
        """Find the paths no farther than `radius_m` from a place."""
        place = shapely.Point(x, y)
        index = self._tree.query(place, predicate="dwithin", distance=radius_m)
        offset_m = np.asarray(shapely.distance(self._lines[index], place), dtype=np.float64)
        order = np.lexsort((index, offset_m))
        return Nearby(index[order], offset_m[order])
