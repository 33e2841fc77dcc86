"""Decisions against truth: how often right, how often answered, how far off. Pure: lines in, numbers out.

**Positions** are compared with the truth of the same fix: same vehicle, same `at_ms`, else the nearest within
`POSITION_NEAR_MS`. An answer is right when it names what truth names: the trip (and service day), or where truth knows
no trip, route and direction. `coverage` is the share of true in-service positions with an answer, `recall` with a right
one; `precision` is the share of right ones among answers. An answer while truth is out of service (layover, deadhead,
off route) is `false_in_service` if it says `in_service`. Next stop and progress are judged where the answer is right:
metres along two patterns cannot be compared.

**Stop visits** are the same when trip, service day (where both say it) and `stop_sequence` are; a truth without a trip
is matched by vehicle and stop. Of several, the same vehicle first, then the nearest in time, within `VISIT_NEAR_MS`;
each is used once. `recall` is the share of true visits decided for their vehicle, `precision` the share of decided
visits that are true, among those that truth could know: of a vehicle, between its first and last true visit; the rest is
`unjudged`. `wrong_vehicle_rate` is the share of matched visits decided for another vehicle. `unknown` outcomes count
for recall and not for `outcome_agreement`.

**Bells** are the same when `bell_id` is; the last line is the end. `served`, `boarded` and `alighted` agree: the bus
stood for its rider, with or without evidence. `recall` is the share of true bells that were decided, `precision` the
share that ended as they truly did with the bus that truly came, among those with a true end; bells that truth does not
name are `unjudged`. `without_end` counts decided bells whose last line is no end state.
`alert_lead_s` is the true arrival of the alerted bus at the visit minus the first alert's time (negative: too late).

Errors are absolute, with their signed median as `bias`; quantiles interpolate linearly; a figure without a sample is
null. How predictions are judged is told in `server.score_predictions`. Other line types (`ride`, …) are only counted.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
import numpy as np

from server.core.model import BellState, Phase, VisitOutcome
from server.protocol.decisions import AlertLine, BellLine, Lines, PositionLine, StopVisitLine
from server.score_pairs import agree, known_spans, pair_positions, pair_visits
from server.score_predictions import PredictionScore, score_predictions

_TAKEN = frozenset({BellState.SERVED, BellState.BOARDED, BellState.ALIGHTED})


class Spread(msgspec.Struct, frozen=True):
    """Errors of a kind: how many, absolute quantiles, signed median."""

    n: int
    p50: float | None
    p95: float | None
    bias: float | None


class Lead(msgspec.Struct, frozen=True):
    """Seconds between a first alert and the bus's arrival: how many, and the short end of them."""

    n: int
    p5: float | None
    p50: float | None


class PositionScore(msgspec.Struct, frozen=True, kw_only=True):
    """How well buses were placed."""

    truth: int
    decided: int
    matched: int
    coverage: float | None
    recall: float | None
    precision: float | None
    wrong_trip: float | None
    wrong_route: float | None
    wrong_direction: float | None
    next_stop_accuracy: float | None
    false_in_service: float | None
    progress_error_m: Spread


class VisitScore(msgspec.Struct, frozen=True, kw_only=True):
    """How well stop visits were told."""

    truth: int
    decided: int
    matched: int
    unjudged: int
    recall: float | None
    precision: float | None
    wrong_vehicle_rate: float | None
    outcome_agreement: float | None
    arrival_error_s: Spread
    departure_error_s: Spread


class BellScore(msgspec.Struct, frozen=True, kw_only=True):
    """How bells ended."""

    truth: int
    decided: int
    matched: int
    unjudged: int
    recall: float | None
    precision: float | None
    end_agreement: float | None
    wrong_vehicle_rate: float | None
    without_end: int
    alerts: int
    late_alerts: int
    alert_lead_s: Lead


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """The whole comparison; a part is null when one side says nothing of that type."""

    position: PositionScore | None
    stop_visit: VisitScore | None
    bell: BellScore | None
    prediction: PredictionScore | None
    decided_lines: dict[str, int]
    truth_lines: dict[str, int]


def score(decided: Lines, truth: Lines) -> Score:
    """Compare two files."""
    return Score(
        position=_positions(decided.positions, truth.positions) if truth.positions and _traced(decided) else None,
        stop_visit=_visits(decided.stop_visits, truth.stop_visits) if truth.stop_visits else None,
        bell=_bells(decided, truth) if truth.bells else None,
        prediction=_predictions(decided, truth),
        decided_lines=dict(sorted(decided.counts.items())),
        truth_lines=dict(sorted(truth.counts.items())),
    )


def _predictions(decided: Lines, truth: Lines) -> PredictionScore | None:
    if not decided.predictions or not truth.stop_visits:
        return None
    return score_predictions(decided.predictions, truth.stop_visits)


def _traced(decided: Lines) -> bool:
    """Decisions without `--trace` say nothing of positions, which is not the same as having none."""
    return bool(decided.counts["position"] or decided.counts["fix_refused"])


# -- positions -----------------------------------------------------------------


def _positions(decided: Sequence[PositionLine], truth: Sequence[PositionLine]) -> PositionScore:
    pairs = pair_positions(decided, truth)
    service = [(true, said) for true, said in pairs if true.in_service]
    answers = [(true, said) for true, said in pairs if said is not None and said.named]
    right = [(true, said) for true, said in answers if true.in_service and _right(true, said)]
    idle = [said for true, said in pairs if not true.in_service]
    named = [(true, said) for true, said in answers if true.in_service]
    return PositionScore(
        truth=len(truth),
        decided=len(decided),
        matched=sum(said is not None for _, said in pairs),
        coverage=_share(len(named), len(service)),
        recall=_share(len(right), len(service)),
        precision=_share(len(right), sum(true.in_service or said.phase is Phase.IN_SERVICE for true, said in answers)),
        wrong_trip=_unequal((true.trip_id, said.trip_id) for true, said in named),
        wrong_route=_unequal((true.route_id, said.route_id) for true, said in named),
        wrong_direction=_unequal((true.direction_id, said.direction_id) for true, said in named),
        next_stop_accuracy=_equal((true.next_stop_sequence, said.next_stop_sequence) for true, said in right),
        false_in_service=_share(sum(s is not None and s.phase is Phase.IN_SERVICE for s in idle), len(idle)),
        progress_error_m=_spread(
            said.progress_m - true.progress_m
            for true, said in right
            if said.progress_m is not None and true.progress_m is not None and agree(true.pattern_id, said.pattern_id)
        ),
    )


def _right(true: PositionLine, said: PositionLine) -> bool:
    if true.trip_id is not None:
        return true.trip_id == said.trip_id and agree(true.start_date, said.start_date)
    return agree(true.route_id, said.route_id) and agree(true.direction_id, said.direction_id)


# -- stop visits ---------------------------------------------------------------


def _visits(decided: Sequence[StopVisitLine], truth: Sequence[StopVisitLine]) -> VisitScore:
    pairs, spare = pair_visits(decided, truth)
    mine = [(true, said) for true, said in pairs if true.vehicle_id == said.vehicle_id]
    known = known_spans(truth)
    false = sum(known[s.vehicle_id][0] <= s.when_ms <= known[s.vehicle_id][1] for s in spare if s.vehicle_id in known)
    told = [
        (true.outcome, said.outcome) for true, said in mine if VisitOutcome.UNKNOWN not in (true.outcome, said.outcome)
    ]
    return VisitScore(
        truth=len(truth),
        decided=len(decided),
        matched=len(pairs),
        unjudged=len(spare) - false,
        recall=_share(len(mine), len(truth)),
        precision=_share(len(mine), len(pairs) + false),
        wrong_vehicle_rate=_share(len(pairs) - len(mine), len(pairs)),
        outcome_agreement=_equal(told),
        arrival_error_s=_time_errors((true.arrived_ms, said.arrived_ms) for true, said in mine),
        departure_error_s=_time_errors((true.departed_ms, said.departed_ms) for true, said in mine),
    )


# -- bells ---------------------------------------------------------------------


def _bells(decided: Lines, truth: Lines) -> BellScore:
    said, true = _ends(decided.bells), _ends(truth.bells)
    both = [(true[bell_id], said[bell_id]) for bell_id in true if bell_id in said]
    judged = [(t, s) for t, s in both if t.ended]
    leads = list(_leads_s(decided.alerts, truth.stop_visits))
    return BellScore(
        truth=len(true),
        decided=len(said),
        matched=len(both),
        recall=_share(len(both), len(true)),
        unjudged=len(said) - len(both),
        precision=_share(sum(_same_end(t, s) for t, s in judged), len(judged)),
        end_agreement=_equal((_end(t.state), _end(s.state)) for t, s in judged),
        wrong_vehicle_rate=_unequal((t.vehicle_id, s.vehicle_id) for t, s in judged),
        without_end=sum(not line.ended for line in said.values()),
        alerts=len({alert.alert_id for alert in decided.alerts}),
        late_alerts=sum(lead_s <= 0 for lead_s in leads),
        alert_lead_s=_lead(leads),
    )


def _ends(lines: Iterable[BellLine]) -> Mapping[str, BellLine]:
    """The last line of each bell."""
    return {line.bell_id: line for line in lines}


def _same_end(true: BellLine, said: BellLine) -> bool:
    return _end(true.state) is _end(said.state) and agree(true.vehicle_id, said.vehicle_id)


def _end(state: BellState) -> BellState:
    return BellState.SERVED if state in _TAKEN else state


def _leads_s(alerts: Iterable[AlertLine], visits: Iterable[StopVisitLine]) -> Iterable[float]:
    """How long before the true visit of its bus each alert was first raised."""
    reached = {(v.vehicle_id, v.trip_id, v.stop_sequence): v.when_ms for v in visits}
    first: dict[str, AlertLine] = {}
    for alert in alerts:
        first.setdefault(alert.alert_id, alert)
    for alert in first.values():
        when_ms = reached.get((alert.vehicle_id, alert.trip_id, alert.stop_sequence))
        if when_ms is not None:
            yield (when_ms - alert.at_ms) / 1000


# -- figures -------------------------------------------------------------------


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None


def _equal(pairs: Iterable[tuple[object, object]]) -> float | None:
    """Share of equal pairs among those in which both sides say something."""
    said = [one == other for one, other in pairs if one is not None and other is not None]
    return _share(sum(said), len(said))


def _unequal(pairs: Iterable[tuple[object, object]]) -> float | None:
    equal = _equal(pairs)
    return None if equal is None else round(1 - equal, 6)


def _time_errors(pairs: Iterable[tuple[int | None, int | None]]) -> Spread:
    return _spread((said - true) / 1000 for true, said in pairs if true is not None and said is not None)


def _spread(errors: Iterable[float]) -> Spread:
    sample = np.fromiter(errors, dtype=np.float64)
    if not sample.size:
        return Spread(0, None, None, None)
    p50, p95 = np.quantile(np.abs(sample), (0.5, 0.95))
    return Spread(int(sample.size), round(float(p50), 3), round(float(p95), 3), round(float(np.median(sample)), 3))


def _lead(leads_s: Sequence[float]) -> Lead:
    if not leads_s:
        return Lead(0, None, None)
    p5, p50 = np.quantile(leads_s, (0.05, 0.5))
    return Lead(len(leads_s), round(float(p5), 3), round(float(p50), 3))
