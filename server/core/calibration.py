"""How sure a prediction is: quantiles of its own past errors, followed as they come. Level 0 of the core.

Errors are measured in units of a spread that grows with the way ahead. Their 10th, 50th and 90th percentiles are
followed by stochastic approximation (Robbins-Monro; as in adaptive conformal inference, Gibbs and Candès 2021): a
quantile goes up a little when an error was above it and down when it was below, in the ratio that keeps the wanted
share on each side, whatever the errors' distribution. Long and short horizons, and each route, have their own.
"""

import math
from bisect import bisect_right
from typing import NamedTuple

import msgspec

HORIZONS_S = (45.0, 120.0, 300.0, 600.0, 1_200.0)
"""Where one class of horizons ends and the next begins: next stop, some stops, across a quarter, across a town."""
LOW, MIDDLE, HIGH = 0.1, 0.5, 0.9
MARGIN = 0.015
"""Aimed at this much farther out on either side: errors come in groups and are known late, so what follows them lags."""
FIRST_STEP = 0.5
LAST_STEP = 0.03
"""Step of the quantiles, in spreads: large at first, then small enough that chance moves them by less than a tenth."""
SETTLES = 40.0
"""Errors after which the step has halved."""
TAIL = 0.6
"""Mean excess beyond the 10th or 90th percentile, as a share of the distance from the median (0.62 for a normal)."""
LONGEST_TAIL = 20.0
"""Beyond so many mean excesses all that is left is as good as nothing (2e-9), and a float still tells it from 0."""
SHARPEST = 1.0
"""Least mean excess, in the unit of the band (s): no event is known to less than a second."""
SHARES = (0.0, LOW, MIDDLE, HIGH)
EVERYWHERE = ""
"""Name of the quantiles of all routes together: what a route begins with."""


class Quantiles(msgspec.Struct, array_like=True, gc=False):
    """Percentiles of errors in spreads (late is positive), and how many errors were seen.

    It begins wide, so that nobody is told too much on the first day, and skewed: buses are held up more than sped up.
    """

    seen: float = 0.0
    low: float = -1.3
    middle: float = 0.0
    high: float = 1.8


class Band(NamedTuple):
    """Three times of one event, or seconds until it: one in ten is before `p10`, half before `p50`, nine before `p90`."""

    p10: float
    p50: float
    p90: float


Classes = dict[str, list[Quantiles]]


class Calibration:
    """Error quantiles of each route and horizon. Bounded by the network's routes."""

    def __init__(self, classes: Classes | None = None) -> None:
        self.classes = classes if classes is not None else {}

    def quantiles(self, route: str, horizon_s: float) -> Quantiles:
        """The quantiles that hold for a route at a horizon."""
        classes = self.classes.get(route) or self.classes.get(EVERYWHERE) or _BEGINNING
        return classes[horizon_class(horizon_s)]

    def missed(self, route: str, horizon_s: float, error: float) -> None:
        """An event came `error` spreads later than the model had said at that horizon (negative: earlier)."""
        everywhere = self.classes.setdefault(EVERYWHERE, [Quantiles() for _ in _BEGINNING])
        place = horizon_class(horizon_s)
        _follow(everywhere[place], error)
        if route not in self.classes:
            self.classes[route] = [Quantiles(low=q.low, middle=q.middle, high=q.high) for q in everywhere]
        _follow(self.classes[route][place], error)


_BEGINNING = [Quantiles() for _ in range(len(HORIZONS_S) + 1)]


def horizon_class(horizon_s: float) -> int:
    """Which of the classes of horizons this many seconds ahead belong to."""
    return bisect_right(HORIZONS_S, horizon_s)


def _follow(quantiles: Quantiles, error: float) -> None:
    step = max(LAST_STEP, FIRST_STEP * SETTLES / (SETTLES + quantiles.seen))
    quantiles.low += step * (LOW - MARGIN - (error < quantiles.low))
    quantiles.middle += step * (MIDDLE - (error < quantiles.middle))
    quantiles.high += step * (HIGH + MARGIN - (error < quantiles.high))
    quantiles.low, quantiles.middle, quantiles.high = sorted((quantiles.low, quantiles.middle, quantiles.high))
    quantiles.seen += 1.0


def still_to_come(band: Band, now: float) -> Band:
    """What remains of a band once it is `now` and the event has not come: nothing of it is before `now`.

    Its distribution function is taken as straight between the percentiles and down to 0 as far below the tenth as the
    tenth is from the median, and as exponential beyond the ninetieth.
    """
    knots = (2.0 * band.p10 - band.p50, *band)
    if now <= knots[0]:
        return band
    tail = max(TAIL * (band.p90 - band.p50), SHARPEST)
    passed = _share_before(knots, tail, now)
    left = 1.0 - passed
    return Band(*(max(now, _reached(knots, tail, passed + share * left)) for share in (LOW, MIDDLE, HIGH)))


def _share_before(knots: tuple[float, ...], tail: float, at: float) -> float:
    if at >= knots[-1]:
        return 1.0 - (1.0 - HIGH) * math.exp(-min((at - knots[-1]) / tail, LONGEST_TAIL))
    place = bisect_right(knots, at)
    low, high = knots[place - 1], knots[place]
    return SHARES[place - 1] + (SHARES[place] - SHARES[place - 1]) * (at - low) / (high - low)


def _reached(knots: tuple[float, ...], tail: float, share: float) -> float:
    if share >= HIGH:
        return knots[-1] + tail * math.log((1.0 - HIGH) / (1.0 - share))
    place = bisect_right(SHARES, share)
    part = (share - SHARES[place - 1]) / (SHARES[place] - SHARES[place - 1])
    return knots[place - 1] + part * (knots[place] - knots[place - 1])
