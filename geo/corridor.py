"""Which paths run near a place, and how far off they are (shapely's STRtree). Level 3: over `geo.path`."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from geo.path import Path


@dataclass(frozen=True, slots=True, eq=False)
class Nearby:
    """Paths near places: which place, which path, and the metres between them; place by place, the nearest first."""

    place: NDArray[np.intp]
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
        at, index = self._tree.query(points, predicate="dwithin", distance=radius_m)
        offset_m = np.asarray(shapely.distance(self._lines[index], points[at]), dtype=np.float64)
        order = np.lexsort((index, offset_m, at))
        return Nearby(known[at[order]], index[order], offset_m[order])
