"""Figures of a comparison: shares, spreads and errors in time. Pure; None where there is no sample."""

from collections.abc import Iterable

import msgspec
import numpy as np


class Spread(msgspec.Struct, frozen=True):
    """Errors of a kind: how many, absolute quantiles, signed median."""

    n: int
    p50: float | None
    p95: float | None
    bias: float | None


# -- figures -------------------------------------------------------------------


def share(part: int, whole: int) -> float | None:
    """Part of a whole, to six digits; None of nothing."""
    return round(part / whole, 6) if whole else None


def equal(pairs: Iterable[tuple[object, object]]) -> float | None:
    """Share of equal pairs among those in which both sides say something."""
    said = [one == other for one, other in pairs if one is not None and other is not None]
    return share(sum(said), len(said))


def unequal(pairs: Iterable[tuple[object, object]]) -> float | None:
    """Share of unequal pairs among those in which both sides say something."""
    same = equal(pairs)
    return None if same is None else round(1 - same, 6)


def time_errors(pairs: Iterable[tuple[int | None, int | None]]) -> Spread:
    """Seconds between pairs of epoch milliseconds, where both are known."""
    return spread((said - true) / 1000 for true, said in pairs if true is not None and said is not None)


def spread(errors: Iterable[float]) -> Spread:
    """How errors are spread."""
    sample = np.fromiter(errors, dtype=np.float64)
    if not sample.size:
        return Spread(0, None, None, None)
    p50, p95 = np.quantile(np.abs(sample), (0.5, 0.95))
    return Spread(int(sample.size), round(float(p50), 3), round(float(p95), 3), round(float(np.median(sample)), 3))
