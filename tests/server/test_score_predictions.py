"""What was predicted against when the bus came, worked out by hand."""

from pathlib import Path
from typing import Any

import pytest

from server.protocol.decisions import read_judged
from server.protocol.recording import write_lines
from server.score import score
from server.score_predictions import Ahead, PredictionScore

SECOND = 1_000


def prediction(at_s: int, *expected_s: tuple[int, int, int], first: int = 2, **more: Any) -> dict[str, Any]:
    """Expected at the stops from `first` on: p10, p50 and p90, in seconds."""
    stops = [
        {"stop_id": f"S{sequence}", "stop_sequence": sequence}
        | {name: at_s * SECOND for name, at_s in zip(("p10_ms", "p50_ms", "p90_ms"), band, strict=True)}
        for sequence, band in enumerate(expected_s, first)
    ]
    line = {"at_ms": at_s * SECOND, "type": "prediction", "vehicle_id": "v", "trip_id": "T", "start_date": "20261120"}
    return line | {"stops": stops} | more


def visit(sequence: int, arrived_s: int | None, **more: Any) -> dict[str, Any]:
    arrived_ms = None if arrived_s is None else arrived_s * SECOND
    line = {"at_ms": 9_000 * SECOND, "type": "stop_visit", "vehicle_id": "v", "trip_id": "T", "stop_sequence": sequence}
    return line | {"arrived_ms": arrived_ms} | more


def compare(tmp_path: Path, decided: list[dict[str, Any]], truth: list[dict[str, Any]]) -> PredictionScore | None:
    for name, content in (("decided", decided), ("truth", truth)):
        write_lines(tmp_path / name, content)
    return score(read_judged(tmp_path / "decided"), read_judged(tmp_path / "truth")).prediction


def test_errors_by_stops_ahead(tmp_path: Path) -> None:
    decided = [
        prediction(0, (50, 60, 70), (100, 120, 140), (150, 180, 210)),
        prediction(30, (55, 62, 70), (110, 130, 150), (160, 190, 220)),
    ]
    truth = [visit(2, 64), visit(3, 131), visit(4, 230)]
    found = compare(tmp_path, decided, truth)
    assert found is not None
    assert (found.decided, found.judged, found.unjudged) == (6, 6, 0)
    assert found.stops_1 == Ahead(n=2, mae_s=3.0, bias_s=3.0, coverage=1.0, early=0.0, late=0.0)
    assert found.stops_3 == Ahead(n=2, mae_s=45.0, bias_s=45.0, coverage=0.0, early=0.0, late=1.0)
    assert found.stops_5 == found.stops_10 == Ahead(0)
    assert found.all.coverage == pytest.approx(4 / 6, abs=1e-6)


def test_a_bus_may_come_sooner_than_said(tmp_path: Path) -> None:
    found = compare(tmp_path, [prediction(0, (50, 60, 70))], [visit(2, 40)])
    assert found is not None
    assert found.stops_1 == Ahead(n=1, mae_s=20.0, bias_s=-20.0, coverage=0.0, early=1.0, late=0.0)


@pytest.mark.parametrize(
    "truth",
    [
        visit(2, 100),  # it had come when the prediction was made
        visit(2, None),
        visit(3, 160),
        visit(2, 160, vehicle_id="other"),
        visit(2, 160, trip_id="U"),
        visit(2, 160, start_date="20261121"),
        visit(2, 100_000),
    ],
)
def test_what_truth_does_not_know_is_not_judged(tmp_path: Path, truth: dict[str, Any]) -> None:
    found = compare(tmp_path, [prediction(120, (150, 160, 170))], [truth])
    assert found is not None
    assert (found.judged, found.unjudged) == (0, 1)


def test_of_two_days_under_one_name_the_one_that_came_after_counts(tmp_path: Path) -> None:
    found = compare(tmp_path, [prediction(120, (150, 160, 170))], [visit(2, 100), visit(2, 165)])
    assert found is not None
    assert found.stops_1.mae_s == 5.0


def test_without_predictions_or_true_visits_there_is_no_figure(tmp_path: Path) -> None:
    assert compare(tmp_path, [visit(2, 10)], [visit(2, 10)]) is None
    bell = {"at_ms": 0, "type": "bell", "bell_id": "b", "state": "waiting"}
    assert compare(tmp_path, [prediction(0, (5, 6, 7))], [bell]) is None
