"""What can be wrong with a GTFS Schedule feed: a bad row is a listed problem, a bad feed is an error. Level 0.

Both carry a stable code and values; the sentences people read are looked up by the code (`ridebell/texts`).
"""

from collections import Counter
from collections.abc import Sequence

import msgspec

Values = dict[str, str | int | float]

KEPT_PER_CODE = 100
"""Problems of one kind kept word for word; beyond that they are only counted, so that memory stays bounded."""


class FeedError(Exception):
    """The feed as a whole cannot be used. Nothing has been written."""

    def __init__(self, code: str, **values: str | int | float) -> None:
        super().__init__(code, values)
        self.code = code
        self.values = values

    def __str__(self) -> str:
        return f"{self.code}: {', '.join(f'{name}={value}' for name, value in self.values.items())}"


class Problem(msgspec.Struct, frozen=True):
    """One row, or part of one, that could not be used as it is. `line` counts from 1; 0 means the whole file."""

    file: str
    line: int
    code: str
    values: Values


class ProblemLog:
    """Problems in the order in which they were met: the first of each kind whole, all of them counted."""

    def __init__(self) -> None:
        self._kept: list[Problem] = []
        self.counts: Counter[tuple[str, str]] = Counter()

    def add(self, file: str, line: int, code: str, **values: str | int | float) -> None:
        """Note a problem."""
        self.counts[file, code] += 1
        if self.counts[file, code] <= KEPT_PER_CODE:
            self._kept.append(Problem(file, line, code, values))

    @property
    def kept(self) -> Sequence[Problem]:
        """Give the problems that were kept whole."""
        return self._kept

    def __len__(self) -> int:
        return self.counts.total()
