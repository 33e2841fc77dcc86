"""The figures of a comparison, each against a small truth worked out by hand."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from server.protocol.decisions import Lines, read_judged
from server.protocol.recording import RecordedLine, RecordingError, write_lines
from server.score import PositionScore, Score, VisitScore, score
from tests.server.replay_town import START_MS, drive, in_order, new_replay, ring

MIN = 60_000


def lines(tmp_path: Path, name: str, content: list[dict[str, Any]]) -> Lines:
    path = tmp_path / name
    write_lines(path, content)
    return read_judged(path)


def compare(tmp_path: Path, decided: list[dict[str, Any]], truth: list[dict[str, Any]]) -> Score:
    return score(lines(tmp_path, "decided.jsonl", decided), lines(tmp_path, "truth.jsonl", truth))


def position(at_ms: int, **more: Any) -> dict[str, Any]:
    return {
        "at_ms": at_ms,
        "type": "position",
        "vehicle_id": "v",
        "trip_id": "T",
        "start_date": "20261120",
        "route_id": "7",
        "direction_id": 0,
        "pattern_id": "p",
        "progress_m": 100.0,
        "next_stop_sequence": 2,
        "phase": "in_service",
        **more,
    }


def visit(sequence: int, at_ms: int, **more: Any) -> dict[str, Any]:
    return {
        "at_ms": at_ms + 5_000,
        "type": "stop_visit",
        "vehicle_id": "v",
        "trip_id": "T",
        "start_date": "20261120",
        "stop_id": f"S{sequence}",
        "stop_sequence": sequence,
        "arrived_ms": at_ms,
        "departed_ms": at_ms + 10_000,
        "outcome": "stopped",
        **more,
    }


def bell(state: str, at_ms: int, bell_id: str = "b-1", **more: Any) -> dict[str, Any]:
    return {"at_ms": at_ms, "type": "bell", "bell_id": bell_id, "state": state, "rider": "r", **more}


def positions(result: Score) -> PositionScore:
    assert result.position is not None
    return result.position


def visits(result: Score) -> VisitScore:
    assert result.stop_visit is not None
    return result.stop_visit


# -- positions -----------------------------------------------------------------


def test_all_right(tmp_path: Path) -> None:
    truth = [position(t * 1000, progress_m=10.0 * t) for t in range(10)]
    said = [line | {"progress_m": line["progress_m"] + 3.0} for line in truth]
    found = positions(compare(tmp_path, said, truth))
    assert (found.coverage, found.recall, found.precision) == (1.0, 1.0, 1.0)
    assert (found.wrong_trip, found.wrong_route, found.wrong_direction, found.next_stop_accuracy) == (
        0.0,
        0.0,
        0.0,
        1.0,
    )
    assert found.progress_error_m == msgspec.convert(
        {"n": 10, "p50": 3.0, "p95": 3.0, "bias": 3.0}, type(found.progress_error_m)
    )


def test_wrong_and_missing_answers(tmp_path: Path) -> None:
    truth = [position(t * 10_000) for t in range(8)]
    said = [
        position(0),
        position(10_000, trip_id="other"),
        position(20_000, trip_id="other", direction_id=1),
        position(30_000, trip_id=None, route_id=None, direction_id=None),
        position(40_400),
        position(52_000),
        position(60_000, next_stop_sequence=3),
    ]
    found = positions(compare(tmp_path, said, truth))
    assert found.matched == 6
    assert found.coverage == 5 / 8
    assert found.recall == 3 / 8
    assert found.precision == 3 / 5
    assert found.wrong_trip == 2 / 5
    assert found.wrong_direction == 1 / 5
    assert found.next_stop_accuracy == pytest.approx(2 / 3, abs=1e-6)


def test_out_of_service(tmp_path: Path) -> None:
    truth = [
        position(0, phase="layover", trip_id=None),
        position(10_000, phase="deadhead"),
        position(20_000, phase=None),
    ]
    said = [position(0), position(10_000, phase="deadhead"), position(20_000)]
    found = positions(compare(tmp_path, said, truth))
    assert found.false_in_service == 0.5
    assert found.coverage == 1.0
    assert found.precision == 0.5


def test_a_truth_without_trips_is_judged_by_route_and_direction(tmp_path: Path) -> None:
    truth = [position(0, trip_id=None), position(10_000, trip_id=None, direction_id=None)]
    said = [position(0, direction_id=1), position(10_000, direction_id=1)]
    found = positions(compare(tmp_path, said, truth))
    assert found.recall == 0.5
    assert found.wrong_trip is None


def test_progress_of_another_pattern_is_not_compared(tmp_path: Path) -> None:
    found = positions(compare(tmp_path, [position(0, pattern_id="q", progress_m=900.0)], [position(0)]))
    assert found.progress_error_m.n == 0
    assert found.progress_error_m.p50 is None


# -- stop visits ---------------------------------------------------------------


def test_visits_right_late_and_missing(tmp_path: Path) -> None:
    truth = [visit(s, s * MIN) for s in range(1, 6)]
    said = [
        visit(1, MIN + 2_000),
        visit(2, 2 * MIN - 4_000),
        visit(3, 3 * MIN, outcome="passed"),
        visit(4, 4 * MIN, outcome="unknown", arrived_ms=None, departed_ms=None),
    ]
    found = visits(compare(tmp_path, said, truth))
    assert (found.recall, found.precision, found.wrong_vehicle_rate) == (0.8, 1.0, 0.0)
    assert found.outcome_agreement == pytest.approx(2 / 3, abs=1e-6)
    assert (found.arrival_error_s.n, found.arrival_error_s.p50, found.arrival_error_s.bias) == (3, 2.0, 0.0)


def test_a_visit_of_another_vehicle_is_wrong(tmp_path: Path) -> None:
    found = visits(compare(tmp_path, [visit(1, MIN, vehicle_id="w")], [visit(1, MIN)]))
    assert (found.matched, found.recall, found.precision, found.wrong_vehicle_rate) == (1, 0.0, 0.0, 1.0)


def test_the_same_vehicle_comes_first(tmp_path: Path) -> None:
    said = [visit(1, MIN, vehicle_id="w"), visit(1, MIN + 20_000)]
    found = visits(compare(tmp_path, said, [visit(1, MIN)]))
    assert (found.recall, found.wrong_vehicle_rate, found.unjudged) == (1.0, 0.0, 1)


def test_what_truth_cannot_know_is_not_held_against_us(tmp_path: Path) -> None:
    truth = [visit(2, 10 * MIN), visit(4, 20 * MIN)]
    said = [*truth, visit(3, 15 * MIN), visit(5, 40 * MIN), visit(1, 15 * MIN, vehicle_id="unknown")]
    found = visits(compare(tmp_path, said, truth))
    assert (found.recall, found.unjudged) == (1.0, 2)
    assert found.precision == pytest.approx(2 / 3, abs=1e-6)


def test_each_decided_visit_is_used_once_and_days_are_kept_apart(tmp_path: Path) -> None:
    truth = [visit(1, MIN), visit(1, 2 * MIN), visit(1, 3 * MIN, start_date="20261121")]
    assert visits(compare(tmp_path, [visit(1, MIN)], truth)).recall == pytest.approx(1 / 3, abs=1e-6)


def test_a_truth_without_trips_is_matched_by_vehicle_and_stop(tmp_path: Path) -> None:
    truth = [visit(1, MIN, trip_id=None, stop_sequence=None, start_date=None)]
    assert visits(compare(tmp_path, [visit(1, MIN + 9_000)], truth)).recall == 1.0
    assert visits(compare(tmp_path, [visit(1, 31 * MIN + 9_000)], truth)).recall == 0.0


# -- bells ---------------------------------------------------------------------


def test_how_bells_ended(tmp_path: Path) -> None:
    truth = [
        bell("boarded", 9_000, "b-1", vehicle_id="v"),
        bell("expired", 9_000, "b-2"),
        bell("served", 9_000, "b-3", vehicle_id="v"),
        bell("waiting", 9_000, "b-4"),
        bell("served", 9_000, "b-5"),
        visit(2, 60_000),
        visit(3, 20_000),
    ]
    said = [
        bell("waiting", 1_000, "b-1"),
        bell("served", 9_000, "b-1", vehicle_id="v"),
        bell("cancelled", 9_000, "b-2"),
        bell("served", 9_000, "b-3", vehicle_id="w"),
        bell("shown", 9_000, "b-4"),
        bell("served", 9_000, "b-6"),
        {"at_ms": 30_000, "type": "alert", "alert_id": "a", "vehicle_id": "v", "trip_id": "T", "stop_sequence": 2},
        {"at_ms": 50_000, "type": "alert", "alert_id": "a", "vehicle_id": "v", "trip_id": "T", "stop_sequence": 2},
        {"at_ms": 21_000, "type": "alert", "alert_id": "c", "vehicle_id": "v", "trip_id": "T", "stop_sequence": 3},
        {"at_ms": 21_000, "type": "alert", "alert_id": "d", "vehicle_id": "v", "trip_id": "T", "stop_sequence": 4},
    ]
    found = compare(tmp_path, said, truth).bell
    assert found is not None
    assert (found.truth, found.decided, found.matched) == (5, 5, 4)
    assert (found.recall, found.unjudged) == (0.8, 1)
    assert found.precision == pytest.approx(1 / 3, abs=1e-6)
    assert found.end_agreement == pytest.approx(2 / 3, abs=1e-6)
    assert found.wrong_vehicle_rate == 0.5
    assert found.without_end == 1
    assert (found.alerts, found.late_alerts) == (3, 1)
    assert (found.alert_lead_s.n, found.alert_lead_s.p50) == (2, 14.5)


def test_decisions_without_a_trace_have_no_positions_to_judge(tmp_path: Path) -> None:
    assert compare(tmp_path, [visit(1, MIN)], [position(0)]).position is None
    refused = {"at_ms": 0, "type": "fix_refused", "vehicle_id": "v", "reason": "fix_stale"}
    assert positions(compare(tmp_path, [visit(1, MIN), refused], [position(0)])).coverage == 0.0


def test_parts_without_truth_are_null(tmp_path: Path) -> None:
    found = compare(tmp_path, [position(0), {"at_ms": 0, "type": "song", "anything": 1}], [visit(1, MIN)])
    assert found.position is None
    assert found.bell is None
    assert visits(found).recall == 0.0
    assert visits(found).precision is None
    assert found.decided_lines == {"position": 1, "song": 1}


def test_decisions_agree_with_themselves(tmp_path: Path) -> None:
    recorded = [msgspec.convert(line, RecordedLine) for line in in_order(drive(), [ring(START_MS + 20_000)])]
    path = tmp_path / "decisions.jsonl.zst"
    write_lines(path, new_replay(trace=True).run(recorded))
    found = score(read_judged(path), read_judged(path))
    assert found.bell is not None
    assert (positions(found).recall, visits(found).recall, visits(found).precision) == (1.0, 1.0, 1.0)
    assert (found.bell.end_agreement, found.bell.late_alerts) == (1.0, 0)


# -- files ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        "",
        "\n\n",
        '{"at_ms": 1, "type": "ride"}\n',
        '{"at_ms": 1, "type": "position"}\n',
        "{",
        '{"at_ms": 1}',
        '{"type": "bell", "at_ms": 1, "bell_id": "b", "state": "lost"}',
    ],
)
def test_a_file_that_cannot_be_compared_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "truth.jsonl"
    path.write_text(content)
    with pytest.raises(RecordingError, match=r"truth\.jsonl"):
        read_judged(path)
