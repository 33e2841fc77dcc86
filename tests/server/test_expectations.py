"""What a scenario expects: patterns in order, never, counts; and misspelt ones are refused by file and line."""

import json
from pathlib import Path
from typing import Any

import pytest

from server.protocol.expectations import ExpectationError, complaints, matches, read_expectations

WAITING = {"at_ms": 1000, "type": "bell", "rider": "r", "bell_id": "b", "state": "waiting", "attempt": 1}
ASSIGNED = {**WAITING, "at_ms": 2000, "state": "assigned", "vehicle_id": "A"}
ALERT = {"at_ms": 2000, "type": "alert", "vehicle_id": "A", "stop_sequence": 5, "stage": "ahead", "needs": ["blind"]}
CLEAR = {"at_ms": 9000, "type": "clear", "vehicle_id": "A", "outcome": "served"}
STORY = [WAITING, ASSIGNED, ALERT, CLEAR]


def expect(path: Path, *lines: Any) -> Path:
    file = path / "expected.jsonl"
    file.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines), "utf-8")
    return file


def judged(path: Path, *lines: Any, **how: Any) -> list[str]:
    return [
        text.split(":", 2)[-1].strip() for text in complaints(read_expectations(expect(path, *lines)), STORY, **how)
    ]


def test_patterns_are_found_in_order(tmp_path: Path) -> None:
    bell, alert = {"type": "bell", "state": "assigned"}, {"type": "alert", "stage": "ahead"}
    assert judged(tmp_path, bell, alert) == []
    (wrong,) = judged(tmp_path, alert, bell)
    assert wrong.startswith("nothing like bell (state assigned) after alert (")
    assert wrong.endswith("no bell comes")


def test_what_came_nearest_is_told(tmp_path: Path) -> None:
    (wrong,) = judged(tmp_path, {"type": "bell", "state": "assigned", "vehicle_id": "B"})
    assert "nearest is bell (at_ms 2000, rider r, bell_id b, vehicle_id A" in wrong


def test_order_of_two_connections_is_not_asked(tmp_path: Path) -> None:
    lines = [
        {"type": "alert"},
        {"type": "bell", "bell_id": "b", "state": "assigned"},
        {"type": "clear", "vehicle_id": "A"},
    ]
    assert len(judged(tmp_path, *lines)) == 1
    assert judged(tmp_path, *lines, per_recipient=True) == []


def test_never_and_counts(tmp_path: Path) -> None:
    assert judged(tmp_path, {"never": {"type": "alert", "vehicle_id": "B"}}, {"count": 2, "of": {"type": "bell"}}) == []
    assert judged(tmp_path, {"count": [1, 3], "of": {"type": "bell"}}, {"count": 0, "of": {"type": "refused"}}) == []
    (never,) = judged(tmp_path, {"never": {"type": "bell", "state": "waiting"}})
    assert never.startswith("there must be no bell (state waiting), but there is bell (at_ms 1000")
    assert judged(tmp_path, {"count": [3, 4], "of": {"type": "bell"}}) == [
        "there must be 3 to 4 of bell (), but there are 2"
    ]
    assert judged(tmp_path, {"count": 1, "of": {"type": "bell"}}) == ["there must be 1 of bell (), but there are 2"]


@pytest.mark.parametrize(
    ("pattern", "like"),
    [
        ({"at_ms": [1500, 2000]}, True),
        ({"at_ms": [2001, 3000]}, False),
        ({"at_ms": 2000}, True),
        ({"at_ms": 1999}, False),
        ({"state": ["shown", "assigned"]}, True),
        ({"state": ["shown", "served"]}, False),
        ({"reason": None}, True),
        ({"vehicle_id": None}, False),
        ({"attempt": 1, "vehicle_id": "A"}, True),
    ],
)
def test_values(pattern: dict[str, Any], like: bool) -> None:
    assert matches(pattern, ASSIGNED) is like


def test_lists_are_compared_whole_and_slack_widens_times() -> None:
    assert matches({"needs": ["blind"]}, ALERT)
    assert not matches({"needs": []}, ALERT)
    assert matches({"at_ms": 1900}, ALERT, slack_ms=100)
    assert not matches({"at_ms": 1899}, ALERT, slack_ms=100)
    assert matches({"at_ms": [2100, 2200]}, ALERT, slack_ms=100)
    assert not matches({"stop_sequence": 6}, ALERT, slack_ms=100)


def test_slack_favours_whoever_is_judged(tmp_path: Path) -> None:
    early, exact = {"type": "alert", "at_ms": [2500, 9000]}, {"type": "alert", "at_ms": [1000, 3000]}
    assert judged(tmp_path, early, {"count": 1, "of": early}, slack_ms=600) == []
    assert judged(tmp_path, {"never": exact}, {"count": 0, "of": exact}, slack_ms=1001) == []
    assert len(judged(tmp_path, {"never": exact}, slack_ms=900)) == 1
    assert judged(tmp_path, {"never": {"type": "alert", "at_ms": 2000}}, slack_ms=900) != []


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "not an expectation"),
        ("[1]", "not an expectation"),
        ({"state": "served"}, "needs a `type`"),
        ({"type": "served"}, "one of bell, ride, alert"),
        ({"never": "bell"}, "needs a `type`"),
        ({"type": "bell", "stat": "served"}, "a bell has no field `stat`; it has at_ms, attempt"),
        ({"never": {"type": "bell", "state": "severd"}}, "`state` of a bell is never 'severd'; it is one of waiting"),
        ({"type": "bell", "state": ["served", "severd"]}, "never"),
        ({"never": {"type": "alert"}, "type": "alert"}, "no field `never`"),
        ({"count": -1, "of": {"type": "alert"}}, "give a number"),
        ({"count": [3, 1], "of": {"type": "alert"}}, "[LEAST, MOST]"),
        ({"count": 1, "of": {"type": "alert", "plate": "7"}}, "no field `plate`"),
    ],
)
def test_a_misspelt_line_is_refused_by_file_and_line(tmp_path: Path, line: Any, says: str) -> None:
    file = expect(tmp_path, {"type": "bell"}, "", line)
    with pytest.raises(ExpectationError) as caught:
        read_expectations(file)
    assert str(caught.value).startswith(f"{file}:3: ")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_empty_file_expects_nothing_and_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExpectationError, match="nothing is expected"):
        read_expectations(expect(tmp_path))
