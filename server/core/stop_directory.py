"""Finding stops: by code, id or part of a name in any language, or near a place. Level 1 of the core."""

import unicodedata
from functools import cached_property

import numpy as np

from geo.frame import Frame
from server.core.columns import Columns


def folded(text: str) -> str:
    """Fold a text so that width, case and composition do not matter ("ｃａｆé" finds "CAFÉ")."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


class StopDirectory:
    """Searches the stops of one network; answers are row numbers. Immutable; texts are folded when first asked for."""

    def __init__(self, columns: Columns, frame: Frame) -> None:
        self._columns = columns
        self._frame = frame
        self._x, self._y = frame.to_xy(columns.stop_lat_lon[:, 0], columns.stop_lat_lon[:, 1])

    @cached_property
    def _keys(self) -> list[str]:
        """The texts by which each stop may be found, one a line: code, id, then its names."""
        c = self._columns
        return [
            "\n".join(folded(text) for text in (code, stop_id, name, *c.stop_translations.get(stop_id, {}).values()))
            for stop_id, code, name in zip(c.stop_ids, c.stop_codes, c.stop_names, strict=True)
        ]

    def search(self, text: str, limit: int) -> list[int]:
        """Find stops by code, id or part of a name, the best match first; nothing for an empty text."""
        wanted = folded(text)
        if not wanted:
            return []
        ranked = [(_rank(wanted, key), i) for i, key in enumerate(self._keys) if wanted in key]
        return [i for _, i in sorted(ranked)[: max(limit, 0)]]

    def near(self, lat: float, lon: float, radius_m: float, limit: int) -> list[tuple[int, float]]:
        """Find the stops within a radius, nearest first, each with its distance in metres."""
        x, y = self._frame.to_xy(lat, lon)
        away_m = np.hypot(self._x - x, self._y - y)
        within = np.flatnonzero(away_m <= radius_m)
        nearest = within[np.argsort(away_m[within], kind="stable")][: max(limit, 0)]
        return list(zip(nearest.tolist(), away_m[nearest].tolist(), strict=True))


def _rank(wanted: str, key: str) -> int:
    """Grade a match: 0 the code or id itself, 1 a whole name, 2 the beginning of something, 3 a part."""
    code, stop_id, *names = key.split("\n")
    if wanted in (code, stop_id):
        return 0
    if wanted in names:
        return 1
    return 2 if f"\n{wanted}" in f"\n{key}" else 3
