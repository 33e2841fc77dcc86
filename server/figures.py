"""Counts and spreads from samples and tallies. Beside the runtime; pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from server.evidence import Tally

EDGES_MS = (
    1,
    2,
    5,
    10,
    20,
    50,
    100,
    200,
    500,
    *(n * 1000 for n in (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 3600)),
)
"""Edges of all histograms: steps that people count in, from a millisecond to an hour, so that any two can be compared."""


def percentiles(samples: Sequence[float]) -> tuple[float, float, float] | None:
    """p50, p95 and p99, or None without samples.

    >>> percentiles([1.0, 2.0, 3.0])
    (2.0, 2.9, 2.98)
    """
    if not samples:
        return None
    p50, p95, p99 = np.percentile(np.asarray(samples, float), [50, 95, 99])
    return round(float(p50), 3), round(float(p95), 3), round(float(p99), 3)


def histogram(samples: Sequence[float]) -> list[int]:
    """How many samples are below the first edge, between each two, and from the last on.

    >>> sum(histogram([0.2, 1.0, 4_000_000.0])), histogram([0.2])[0], histogram([4e6])[-1]
    (3, 1, 1)
    """
    places = np.searchsorted(np.asarray(EDGES_MS, float), np.asarray(samples, float), side="right")
    return [int(n) for n in np.bincount(places, minlength=len(EDGES_MS) + 1)]


def merged(tallies: Iterable[Tally], key_of: Callable[[Tally], str]) -> list[Tally]:
    """Put groups together whose new key is the same, in the order in which keys first come."""
    groups: dict[str, list[Tally]] = {}
    for tally in tallies:
        groups.setdefault(key_of(tally), []).append(tally)
    return [_sum(key, several) for key, several in groups.items()]


def _sum(key: str, several: Sequence[Tally]) -> Tally:
    states: Counter[str] = Counter()
    for tally in several:
        states.update(tally.by_state)
    return Tally(
        key=key,
        bells=sum(tally.bells for tally in several),
        open=sum(tally.open for tally in several),
        by_state=dict(states),
        passed_bells=sum(tally.passed_bells for tally in several),
        passbys=sum(tally.passbys for tally in several),
        declines=sum(tally.declines for tally in several),
        ring_to_shown_ms=tuple(ms for tally in several for ms in tally.ring_to_shown_ms),
    )


def hour_of_day(tally: Tally, zone: ZoneInfo) -> str:
    """Two digits of the local hour in which an hour of epoch time begins."""
    return f"{datetime.fromtimestamp(int(tally.key) / 1000, zone):%H}"
