"""Bells, alerts and pass-bys against truth. Pure: lines in, numbers out.

**Bells** are the same when `bell_id` is; the last line is the end. `served`, `boarded` and `alighted` agree: the bus
stood for its rider, with or without evidence. `recall` is the share of true bells that were decided (a refusal is a
decision, and counted as `refused`); `end_agreement` is the share that ended as they truly did, `precision` that and not
with the wrong vehicle, among those with a true end. Bells that truth does not name are `unjudged`; `without_end` counts
decided bells whose last line is no end state.

**Wrong vehicle**: the bell ended with one bus, the rider boarded another. It is not wrong, and counted by itself, when
the two came `together`, within `TOGETHER_S` of one another (the rider sees both and takes either), or when the other
`could_not_be_told`: it was past its commit point at the ring, and stopped all the same. A bell that rolled over after a
pass-by is right when it ended with the bus that was boarded.

**Missed alert**: truth says with a `call` line that a bus came to the stop of a rider who had rung, and that its driver
could have been told at the ring; yet no alert for that visit was raised before the truth's commit point, `tell_by_ms`,
nor to a bus of this bell that came `together` with it.
**Stale alert**: an alert line for a visit that the bus had left, or passed, by then. `late_alerts` were first raised
when the bus was there. `alert_lead_s` is the arrival minus the first alert's time.

**Pass-by**: each verdict that a bus stood (`served`) or did not stand (`passed`) for a bell, against what that bus truly
did at that stop. `recall` and `precision` are those of `passed`, `agreement` that of both.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec
import numpy as np

from server.core.model import BellState, VisitOutcome
from server.protocol.decisions import AlertLine, BellLine, CallLine, Lines, StopVisitLine
from server.score_figures import equal, share
from server.score_pairs import VISIT_NEAR_MS, agree

TOGETHER_S = 30.0
"""Buses that come to a stop within half a minute are one chance to the rider, who sees the second from the first."""
_TAKEN = frozenset({BellState.SERVED, BellState.BOARDED, BellState.ALIGHTED})

VisitKey = tuple[str, str | None, int | None]
"""Vehicle, trip, `stop_sequence`."""


class Lead(msgspec.Struct, frozen=True):
    """Seconds between a first alert and the bus's arrival: how many, and the short end of them."""

    n: int
    p5: float | None
    p50: float | None


class PassBys(msgspec.Struct, frozen=True, kw_only=True):
    """How right it is to say that a bus stood, or did not stand, for a bell."""

    verdicts: int
    true: int
    decided: int
    recall: float | None
    precision: float | None
    agreement: float | None


class BellScore(msgspec.Struct, frozen=True, kw_only=True):
    """How bells ended, and whether the right driver was told in time."""

    truth: int
    decided: int
    matched: int
    refused: int
    unjudged: int
    recall: float | None
    precision: float | None
    end_agreement: float | None
    with_vehicle: int
    wrong_vehicles: int
    wrong_vehicle_rate: float | None
    together: int
    could_not_be_told: int
    without_end: int
    calls: int
    missed_alerts: int
    missed_alert_rate: float | None
    alerts: int
    late_alerts: int
    stale_alerts: int
    alert_lead_s: Lead
    pass_by: PassBys


def score_bells(decided: Lines, truth: Lines) -> BellScore:
    """Compare the bells of two files."""
    said, true = _ends(decided.bells), _ends(truth.bells)
    refused = {line.ref for line in decided.refusals} - said.keys()
    both = [(true[bell_id], said[bell_id]) for bell_id in true if bell_id in said]
    judged = [(t, s) for t, s in both if t.ended]
    taken = [(t, s) for t, s in judged if t.state in _TAKEN and t.vehicle_id and s.vehicle_id]
    visits = _Visits(truth.stop_visits)
    other = [(t, s) for t, s in taken if t.vehicle_id != s.vehicle_id]
    together = {s.bell_id for t, s in other if visits.together(t, str(s.vehicle_id))}
    unasked = {(c.bell_id, c.vehicle_id) for c in truth.calls if not c.could_be_told}
    late = {s.bell_id for t, s in other if (t.bell_id, t.vehicle_id) in unasked} - together
    wrong = {s.bell_id for _, s in other} - together - late
    calls = [c for c in truth.calls if c.could_be_told and c.bell_id not in refused]
    missed = _missed(calls, decided, visits)
    leads = list(_leads_s(decided.alerts, truth.stop_visits))
    return BellScore(
        truth=len(true),
        decided=len(said),
        matched=len(both),
        refused=len(refused & true.keys()),
        unjudged=len(said) - len(both),
        recall=share(len(both) + len(refused & true.keys()), len(true)),
        precision=share(sum(_end(t) is _end(s) and s.bell_id not in wrong for t, s in judged), len(judged)),
        end_agreement=equal((_end(t), _end(s)) for t, s in judged),
        with_vehicle=len(taken),
        wrong_vehicles=len(wrong),
        wrong_vehicle_rate=share(len(wrong), len(taken)),
        together=len(together),
        could_not_be_told=len(late),
        without_end=sum(not line.ended for line in said.values()),
        calls=len(calls),
        missed_alerts=missed,
        missed_alert_rate=share(missed, len(calls)),
        alerts=len({alert.alert_id for alert in decided.alerts}),
        late_alerts=sum(lead_s <= 0 for lead_s in leads),
        stale_alerts=_stale(decided.alerts, truth.stop_visits),
        alert_lead_s=_lead(leads),
        pass_by=_pass_bys(decided.bells, visits),
    )


def _ends(lines: Iterable[BellLine]) -> Mapping[str, BellLine]:
    """The last line of each bell."""
    return {line.bell_id: line for line in lines}


def _end(line: BellLine) -> BellState:
    return BellState.SERVED if line.state in _TAKEN else line.state


class _Visits:
    """True visits, to be found by vehicle and stop."""

    def __init__(self, visits: Iterable[StopVisitLine]) -> None:
        self._at: dict[tuple[str, str | None], list[StopVisitLine]] = defaultdict(list)
        for visit in visits:
            self._at[visit.vehicle_id, visit.stop_id].append(visit)

    def together(self, boarded: BellLine | CallLine, vehicle_id: str) -> bool:
        """Was another vehicle at the stop within `TOGETHER_S` of this?"""
        slack_ms = round(1000 * TOGETHER_S)
        return any(
            (visit.arrived_ms or visit.when_ms) - slack_ms
            <= boarded.at_ms
            <= (visit.departed_ms or visit.when_ms) + slack_ms
            for visit in self._at.get((vehicle_id, boarded.stop_id), ())
        )

    def nearest(self, bell: BellLine) -> StopVisitLine | None:
        """What the bell's vehicle truly did at the bell's visit about that time."""
        near = [
            visit
            for visit in self._at.get((str(bell.vehicle_id), bell.stop_id), ())
            if agree(visit.stop_sequence, bell.stop_sequence) and abs(visit.when_ms - bell.at_ms) <= VISIT_NEAR_MS
        ]
        return min(near, key=lambda visit: abs(visit.when_ms - bell.at_ms), default=None)


def _missed(calls: Iterable[CallLine], decided: Lines, visits: _Visits) -> int:
    """How many riders came to no driver's screen in time."""
    first_ms: dict[VisitKey, int] = {}
    for alert in decided.alerts:
        first_ms.setdefault((alert.vehicle_id, alert.trip_id, alert.stop_sequence), alert.at_ms)
    told = {(key[0], key[2]) for key in first_ms}
    buses: dict[str, set[tuple[str, int | None]]] = defaultdict(set)
    for bell in decided.bells:
        if bell.vehicle_id is not None and (bell.vehicle_id, bell.stop_sequence) in told:
            buses[bell.bell_id].add((bell.vehicle_id, bell.stop_sequence))

    def answered(call: CallLine) -> bool:
        at_ms = first_ms.get((call.vehicle_id, call.trip_id, call.stop_sequence))
        if at_ms is not None and at_ms <= call.tell_by_ms:
            return True
        others = {vehicle_id for vehicle_id, _ in buses[call.bell_id]} - {call.vehicle_id}
        return any(visits.together(call, vehicle_id) for vehicle_id in others)

    return sum(not answered(call) for call in calls)


def _pass_bys(bells: Iterable[BellLine], visits: _Visits) -> PassBys:
    pairs = [(verdict, visit.outcome) for verdict, visit in _verdicts(bells, visits)]
    true = sum(outcome is VisitOutcome.PASSED for _, outcome in pairs)
    decided = sum(verdict is VisitOutcome.PASSED for verdict, _ in pairs)
    both = sum(verdict is outcome is VisitOutcome.PASSED for verdict, outcome in pairs)
    return PassBys(
        verdicts=len(pairs),
        true=true,
        decided=decided,
        recall=share(both, true),
        precision=share(both, decided),
        agreement=equal(pairs),
    )


def _verdicts(bells: Iterable[BellLine], visits: _Visits) -> Iterator[tuple[VisitOutcome, StopVisitLine]]:
    for bell in bells:
        if bell.vehicle_id is None or not (bell.state is BellState.PASSED or bell.state in _TAKEN):
            continue
        visit = visits.nearest(bell)
        if visit is not None and visit.outcome not in (None, VisitOutcome.UNKNOWN):
            yield VisitOutcome.PASSED if bell.state is BellState.PASSED else VisitOutcome.STOPPED, visit


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


def _stale(alerts: Iterable[AlertLine], visits: Iterable[StopVisitLine]) -> int:
    """How many alert lines came when their bus had left the stop."""
    left = {(v.vehicle_id, v.trip_id, v.stop_sequence): v.departed_ms for v in visits}
    known = ((left.get((a.vehicle_id, a.trip_id, a.stop_sequence)), a.at_ms) for a in alerts)
    return sum(left_ms is not None and at_ms > left_ms for left_ms, at_ms in known)


def _lead(leads_s: Sequence[float]) -> Lead:
    if not leads_s:
        return Lead(0, None, None)
    p5, p50 = np.quantile(leads_s, (0.05, 0.5))
    return Lead(len(leads_s), round(float(p5), 3), round(float(p50), 3))
