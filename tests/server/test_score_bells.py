"""Wrong vehicles, missed and stale alerts and pass-bys, each against a small truth worked out by hand."""

from pathlib import Path
from typing import Any

import pytest

from server.protocol.decisions import read_judged
from server.protocol.recording import write_lines
from server.score import score
from server.score_bells import BellScore

SEC = 1_000
Line = dict[str, Any]


def compare(tmp_path: Path, decided: list[Line], truth: list[Line]) -> BellScore:
    for name, lines in (("decided.jsonl", decided), ("truth.jsonl", truth)):
        write_lines(tmp_path / name, lines)
    found = score(read_judged(tmp_path / "decided.jsonl"), read_judged(tmp_path / "truth.jsonl")).bell
    assert found is not None
    return found


def bell(state: str, at_s: int, vehicle: str | None, bell_id: str = "b-1", **more: Any) -> Line:
    line = {"at_ms": at_s * SEC, "type": "bell", "bell_id": bell_id, "state": state, "rider": "r", "stop_id": "S"}
    return line | {"vehicle_id": vehicle, "stop_sequence": 4} | more


def visit(vehicle: str, arrived_s: int, departed_s: int, outcome: str = "stopped", **more: Any) -> Line:
    times = {"arrived_ms": arrived_s * SEC, "departed_ms": departed_s * SEC, "at_ms": departed_s * SEC}
    line = {"type": "stop_visit", "vehicle_id": vehicle, "trip_id": f"T-{vehicle}", "stop_id": "S", "stop_sequence": 4}
    return line | times | {"outcome": outcome} | more


def call(vehicle: str, at_s: int, *, could: bool = True, tell_by_s: int | None = None, bell_id: str = "b-1") -> Line:
    tell_by_ms = SEC * (at_s - 20 if tell_by_s is None else tell_by_s)
    line = {"at_ms": at_s * SEC, "type": "call", "bell_id": bell_id, "vehicle_id": vehicle, "trip_id": f"T-{vehicle}"}
    return line | {
        "stop_id": "S",
        "stop_sequence": 4,
        "outcome": "stopped",
        "could_be_told": could,
        "tell_by_ms": tell_by_ms,
    }


def alert(vehicle: str, at_s: int) -> Line:
    line = {"at_ms": at_s * SEC, "type": "alert", "alert_id": f"a-{vehicle}", "vehicle_id": vehicle}
    return line | {"trip_id": f"T-{vehicle}", "stop_sequence": 4}


BOARDED_W = [visit("v", 100, 110), visit("w", 300, 310), bell("boarded", 305, "w")]


def test_another_bus_than_the_bells_is_wrong(tmp_path: Path) -> None:
    found = compare(tmp_path, [bell("served", 111, "v")], BOARDED_W)
    assert (found.with_vehicle, found.wrong_vehicles, found.wrong_vehicle_rate) == (1, 1, 1.0)
    assert (found.precision, found.end_agreement) == (0.0, 1.0)


def test_two_that_come_together_are_one_chance(tmp_path: Path) -> None:
    truth = [visit("v", 290, 300), visit("w", 300, 310), bell("boarded", 305, "w")]
    found = compare(tmp_path, [bell("served", 301, "v")], truth)
    assert (found.wrong_vehicles, found.together, found.could_not_be_told) == (0, 1, 0)


def test_a_bus_that_could_not_be_told_any_more_and_stopped_all_the_same(tmp_path: Path) -> None:
    truth = [visit("w", 300, 310), visit("v", 600, 610), bell("boarded", 305, "w"), call("w", 305, could=False)]
    found = compare(tmp_path, [bell("served", 611, "v")], truth)
    assert (found.wrong_vehicles, found.together, found.could_not_be_told) == (0, 0, 1)
    assert (found.calls, found.missed_alert_rate) == (0, None)


def test_a_bell_that_rolled_over_after_a_pass_by_is_right(tmp_path: Path) -> None:
    truth = [visit("v", 100, 100, "passed"), visit("w", 300, 310), bell("boarded", 305, "w")]
    said = [bell("passed", 105, "v"), bell("assigned", 105, "w"), bell("served", 311, "w")]
    found = compare(tmp_path, said, truth)
    assert (found.wrong_vehicle_rate, found.precision) == (0.0, 1.0)
    assert (found.pass_by.verdicts, found.pass_by.true, found.pass_by.decided) == (2, 1, 1)
    assert (found.pass_by.recall, found.pass_by.precision, found.pass_by.agreement) == (1.0, 1.0, 1.0)


def test_a_bus_that_stood_and_is_said_to_have_passed(tmp_path: Path) -> None:
    said = [bell("passed", 112, "v"), bell("passed", 312, "w", "b-2"), bell("served", 312, "w")]
    found = compare(tmp_path, said, BOARDED_W)
    assert (found.pass_by.recall, found.pass_by.precision) == (None, 0.0)
    assert found.pass_by.agreement == pytest.approx(1 / 3, abs=1e-6)


@pytest.mark.parametrize(
    ("alerts", "missed"),
    [
        ([], 1),
        ([("w", 285)], 0),
        ([("w", 286)], 1),
        ([("x", 250)], 1),
    ],
)
def test_an_alert_is_missed_unless_it_came_before_the_commit_point(
    tmp_path: Path, alerts: list[tuple[str, int]], missed: int
) -> None:
    said = [bell("assigned", 1, "w"), *(alert(vehicle, at_s) for vehicle, at_s in alerts), bell("served", 311, "w")]
    found = compare(tmp_path, said, [*BOARDED_W, call("w", 305)])
    assert (found.calls, found.missed_alerts) == (1, missed)


def test_the_driver_of_a_bus_that_came_together_with_it_knew(tmp_path: Path) -> None:
    truth = [visit("w", 300, 310), visit("v", 320, 330), bell("boarded", 305, "w"), call("w", 305)]
    said = [bell("assigned", 1, "v"), alert("v", 200), bell("served", 331, "v")]
    assert compare(tmp_path, said, truth).missed_alerts == 0


def test_a_refused_bell_was_decided_and_its_driver_need_not_be_told(tmp_path: Path) -> None:
    refused = {"at_ms": 90 * SEC, "type": "refused", "reason": "bus_here_now", "ref": "b-1", "rider": "r"}
    found = compare(tmp_path, [refused, bell("served", 200, "v", "b-9")], [*BOARDED_W, call("w", 305)])
    assert (found.refused, found.recall, found.calls, found.unjudged) == (1, 1.0, 0, 1)


def test_an_alert_for_a_stop_that_is_behind_is_stale(tmp_path: Path) -> None:
    said = [alert("w", 250), alert("w", 310), alert("w", 311), bell("served", 311, "w")]
    found = compare(tmp_path, said, BOARDED_W)
    assert (found.alerts, found.late_alerts, found.stale_alerts) == (1, 0, 1)
    assert (found.alert_lead_s.n, found.alert_lead_s.p50) == (1, 50.0)
