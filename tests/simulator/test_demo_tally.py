"""What the demo counts and what it calls a broken promise."""

import pytest

from server.core.model import BellKind, BellState, Stage, VisitOutcome
from server.protocol.messages import AlertMessage, BellMessage
from simulator.demo.tally import Samples, Tally, Where
from simulator.events import Visited

AHEAD = Where("t1", 4, -300.0)


def bell(state: BellState, *, at_ms: int = 1000, attempt: int = 1) -> BellMessage:
    return BellMessage(
        seq=1,
        bell_id="bell-0001",
        kind=BellKind.BOARD,
        state=state,
        stop_id="S",
        stop_sequence=4,
        route_id="88",
        attempt=attempt,
        at_ms=at_ms,
        vehicle_id="V1",
    )


def alert(*, stage: Stage = Stage.AHEAD, sequence: int = 4, at_ms: int = 1000) -> AlertMessage:
    return AlertMessage(
        seq=1,
        alert_id="a1",
        trip_id="t1",
        stop_id="S",
        stop_sequence=sequence,
        stop_name="등불시장",
        stage=stage,
        boarding=1,
        alighting=0,
        needs=[],
        distance_m=300,
        eta_s=40,
        valid_until_along_m=1000.0,
        at_ms=at_ms,
    )


def visit(outcome: VisitOutcome) -> Visited:
    return Visited(5000, "V1", "t1", "20261120", "S", 4, 4000, 5000, outcome, 0, 0)


def test_a_bell_from_ring_to_end() -> None:
    tally = Tally()
    tally.rings("bell-0001")
    for state in (BellState.WAITING, BellState.ASSIGNED):
        tally.hears(bell(state))
    tally.displays("V1", alert(), AHEAD)
    for state in (BellState.SHOWN, BellState.ARRIVED, BellState.SERVED):
        tally.hears(bell(state))
    tally.ends_with("bell-0001")
    tally.visited(visit(VisitOutcome.STOPPED))
    tally.close()
    figures = tally.figures()
    assert figures["bells"] == {"served": 1}
    assert figures["bells_accepted"] == 1
    assert figures["ring_to_shown_ms"]["n"] == figures["ring_to_answer_ms"]["n"] == 1
    assert tally.violations == []


def test_waiting_for_the_stop_to_be_next_is_not_counted_as_latency() -> None:
    tally = Tally()
    tally.rings("bell-0001")
    tally.hears(bell(BellState.ASSIGNED, at_ms=1000))
    tally.displays("V1", alert(at_ms=31_000), AHEAD)
    tally.hears(bell(BellState.SHOWN, at_ms=31_005))
    assert tally.figures()["ring_to_shown_ms"]["n"] == 0
    assert tally.figures()["ring_to_shown_incl_waiting_ms"]["n"] == 1


def test_refused_and_unanswered_rings_are_no_bells() -> None:
    tally = Tally()
    tally.rings("bell-0001")
    tally.is_refused("bell-0001", "too_late")
    tally.rings("bell-0002")
    tally.is_unanswered("bell-0002")
    tally.close()
    assert tally.figures()["refused"] == {"too_late": 1}
    assert tally.figures()["bells_accepted"] == 0
    assert len(tally.violations) == 1


def test_a_bell_without_an_end_is_a_broken_promise() -> None:
    tally = Tally()
    tally.rings("bell-0001")
    tally.hears(bell(BellState.ASSIGNED))
    tally.close()
    assert tally.figures()["bells_without_end"] == 1
    assert "has no end" in tally.violations[0]


@pytest.mark.parametrize(
    ("outcome", "where", "broken"),
    [
        (None, Where("t1", 4, 5.0), False),  # stands a little beyond the pole
        (VisitOutcome.STOPPED, Where("t1", 5, 4.0), False),  # just pulls out
        (VisitOutcome.STOPPED, Where("t1", 5, 40.0), True),
        (VisitOutcome.PASSED, Where("t1", 5, 4.0), True),
        (VisitOutcome.STOPPED, Where("t2", 1, None), True),
    ],
)
def test_an_alert_after_the_stop_is_a_broken_promise(outcome: VisitOutcome | None, where: Where, broken: bool) -> None:
    tally = Tally()
    if outcome is not None:
        tally.visited(visit(outcome))
    tally.displays("V1", alert(sequence=4), where)
    assert tally.figures()["alerts_displayed_after_stop"] == len(tally.violations) == broken
    assert tally.while_leaving == (where.next_sequence == 5 and not broken)


def test_telling_a_rider_what_did_not_happen_is_a_broken_promise() -> None:
    for said, happened in ((BellState.SERVED, VisitOutcome.PASSED), (BellState.PASSED, VisitOutcome.STOPPED)):
        tally = Tally()
        tally.rings("bell-0001")
        tally.hears(bell(said))
        tally.visited(visit(happened))
        tally.close()
        assert tally.told_wrong == 1, said
        assert "was told that the bus" in " ".join(tally.violations)


def test_only_a_change_of_stage_tells_how_long_a_fix_took() -> None:
    tally = Tally()
    tally.reports("V1", 900)
    tally.displays("V1", alert(), AHEAD)
    tally.displays("V1", alert(), AHEAD)
    assert tally.figures()["fix_to_alert_ms"]["n"] == 0
    tally.displays("V1", alert(stage=Stage.NOW), AHEAD)
    assert tally.figures()["fix_to_alert_ms"]["n"] == 1
    tally.takes_down("a1")
    tally.displays("V1", alert(stage=Stage.AHEAD), AHEAD)
    tally.displays("V1", alert(stage=Stage.NOW, at_ms=1700), AHEAD)
    assert tally.figures()["fix_to_alert_ms"]["n"] == tally.decided_by_clock == 1


def test_percentiles_of_samples() -> None:
    samples = Samples()
    assert samples.figures() == {"n": 0, "p50": None, "p95": None, "p99": None}
    for value in range(101):
        samples.add(float(value))
    assert samples.figures() == {"n": 101, "p50": 50.0, "p95": 95.0, "p99": 99.0}
