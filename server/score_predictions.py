"""Predicted arrivals against true ones. Pure: lines in, numbers out.

A prediction of a visit is judged by the true arrival of the same vehicle, trip (and service day) and `stop_sequence`,
if that came after the prediction was made; what is said of a visit that is over, or that truth does not know, is
`unjudged`. Stops ahead count from the next stop of the line: 1 is the stop that the bus comes to first.
`mae_s` is the mean absolute error of `p50_ms`, `bias_s` the mean of true minus predicted (positive: the bus came later
than said), `coverage` the share of arrivals from `p10_ms` to `p90_ms` (80 % is right), `early` and `late` those outside.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from server.protocol.decisions import PredictedStop, PredictionLine, StopVisitLine
from server.score_pairs import agree

LONGEST_AHEAD_MS = 6 * 3_600_000
"""No trip takes longer; a later arrival under the same name is another day's."""


class Ahead(msgspec.Struct, frozen=True):
    """How predictions so many stops ahead did; null where there is none."""

    n: int
    mae_s: float | None = None
    bias_s: float | None = None
    coverage: float | None = None
    early: float | None = None
    late: float | None = None


class PredictionScore(msgspec.Struct, frozen=True, kw_only=True):
    """How well arrivals were told in advance."""

    decided: int
    judged: int
    unjudged: int
    stops_1: Ahead
    stops_3: Ahead
    stops_5: Ahead
    stops_10: Ahead
    all: Ahead


class _Judged(NamedTuple):
    ahead: int
    stop: PredictedStop
    arrived_ms: int


def score_predictions(decided: Sequence[PredictionLine], truth: Iterable[StopVisitLine]) -> PredictionScore:
    """Judge every predicted stop that truth knows."""
    judged = list(_pairs(decided, _arrivals(truth)))
    by_ahead: dict[int, list[_Judged]] = defaultdict(list)
    for pair in judged:
        by_ahead[pair.ahead].append(pair)
    count = sum(len(line.stops) for line in decided)
    return PredictionScore(
        decided=count,
        judged=len(judged),
        unjudged=count - len(judged),
        stops_1=_figures(by_ahead[1]),
        stops_3=_figures(by_ahead[3]),
        stops_5=_figures(by_ahead[5]),
        stops_10=_figures(by_ahead[10]),
        all=_figures(judged),
    )


_Visit = tuple[str, str | None, int | None]


def _arrivals(truth: Iterable[StopVisitLine]) -> Mapping[_Visit, Sequence[StopVisitLine]]:
    arrivals: dict[_Visit, list[StopVisitLine]] = defaultdict(list)
    for visit in truth:
        if visit.arrived_ms is not None:
            arrivals[visit.vehicle_id, visit.trip_id, visit.stop_sequence].append(visit)
    return arrivals


def _pairs(decided: Iterable[PredictionLine], arrivals: Mapping[_Visit, Sequence[StopVisitLine]]) -> Iterator[_Judged]:
    for line in decided:
        for ahead, stop in enumerate(line.stops, 1):
            for visit in arrivals.get((line.vehicle_id, line.trip_id, stop.stop_sequence), ()):
                in_ms = (visit.arrived_ms or 0) - line.at_ms
                if agree(visit.start_date, line.start_date) and 0 < in_ms <= LONGEST_AHEAD_MS:
                    yield _Judged(ahead, stop, line.at_ms + in_ms)
                    break


def _figures(judged: Sequence[_Judged]) -> Ahead:
    if not judged:
        return Ahead(0)
    arrived, p10, p50, p90 = np.array(
        [(pair.arrived_ms, pair.stop.p10_ms, pair.stop.p50_ms, pair.stop.p90_ms) for pair in judged], dtype=np.float64
    ).T
    late_s = (arrived - p50) / 1000.0
    early, late = float((arrived < p10).mean()), float((arrived > p90).mean())
    return Ahead(
        n=len(judged),
        mae_s=round(float(np.abs(late_s).mean()), 3),
        bias_s=round(float(late_s.mean()), 3),
        coverage=round(1.0 - early - late, 6),
        early=round(early, 6),
        late=round(late, 6),
    )
