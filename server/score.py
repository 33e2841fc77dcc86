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

**Bells, alerts and pass-bys**: see `server.score_bells`.

Errors are absolute, with their signed median as `bias`; quantiles interpolate linearly; a figure without a sample is
null. How predictions are judged is told in `server.score_predictions`. Other line types (`ride`, …) are only counted.
"""

from collections.abc import Sequence

import msgspec

from server.core.model import Phase, VisitOutcome
from server.protocol.decisions import Lines, PositionLine, StopVisitLine
from server.score_bells import BellScore, score_bells
from server.score_figures import Spread, equal, share, spread, time_errors, unequal
from server.score_pairs import agree, known_spans, pair_positions, pair_visits
from server.score_predictions import PredictionScore, score_predictions
from server.score_rides import RideScore, score_rides


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


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """The whole comparison; a part is null when one side says nothing of that type."""

    position: PositionScore | None
    stop_visit: VisitScore | None
    bell: BellScore | None
    ride: RideScore | None
    prediction: PredictionScore | None
    decided_lines: dict[str, int]
    truth_lines: dict[str, int]


def score(decided: Lines, truth: Lines) -> Score:
    """Compare two files."""
    return Score(
        position=_positions(decided.positions, truth.positions) if truth.positions and _traced(decided) else None,
        stop_visit=_visits(decided.stop_visits, truth.stop_visits) if truth.stop_visits else None,
        bell=score_bells(decided, truth) if truth.bells else None,
        ride=score_rides(decided.rides, truth.rides) if truth.rides else None,
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
        coverage=share(len(named), len(service)),
        recall=share(len(right), len(service)),
        precision=share(len(right), sum(true.in_service or said.phase is Phase.IN_SERVICE for true, said in answers)),
        wrong_trip=unequal((true.trip_id, said.trip_id) for true, said in named),
        wrong_route=unequal((true.route_id, said.route_id) for true, said in named),
        wrong_direction=unequal((true.direction_id, said.direction_id) for true, said in named),
        next_stop_accuracy=equal((true.next_stop_sequence, said.next_stop_sequence) for true, said in right),
        false_in_service=share(sum(s is not None and s.phase is Phase.IN_SERVICE for s in idle), len(idle)),
        progress_error_m=spread(
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
        recall=share(len(mine), len(truth)),
        precision=share(len(mine), len(pairs) + false),
        wrong_vehicle_rate=share(len(pairs) - len(mine), len(pairs)),
        outcome_agreement=equal(told),
        arrival_error_s=time_errors((true.arrived_ms, said.arrived_ms) for true, said in mine),
        departure_error_s=time_errors((true.departed_ms, said.departed_ms) for true, said in mine),
    )
