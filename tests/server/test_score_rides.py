"""Rides against truth: exact stops, false rides, questions and charges for more than was ridden."""

import json
from pathlib import Path
from typing import Any

from server.protocol.decisions import read_judged
from server.score import score
from server.score_rides import RideScore

MIN = 60_000
Line = dict[str, Any]


def ride(rider: str = "r", board: int | None = 2, alight: int | None = 6, begin: int = 10, **more: Any) -> Line:
    fields = {
        "at_ms": (begin + 20) * MIN,
        "type": "ride",
        "rider": rider,
        "vehicle_id": "A",
        "board_stop_sequence": board,
        "alight_stop_sequence": alight,
        "board_at_ms": begin * MIN,
        "alight_at_ms": (begin + 8) * MIN,
    }
    return {name: value for name, value in (fields | more).items() if value is not None}


def compare(tmp_path: Path, decided: list[Line], truth: list[Line]) -> RideScore:
    for name, lines in (("decided", decided), ("truth", truth)):
        (tmp_path / name).write_text("".join(json.dumps(line) + "\n" for line in lines))
    result = score(read_judged(tmp_path / "decided"), read_judged(tmp_path / "truth")).ride
    assert result is not None
    return result


def test_a_ride_from_the_right_stop_to_the_right_stop_is_exact(tmp_path: Path) -> None:
    story = [ride(state="aboard", ride_id="1", alight=None), ride(state="alighted", ride_id="1"), ride(ride_id="1")]
    result = compare(tmp_path, story, [ride()])
    assert (result.decided, result.charged, result.exact, result.over, result.false_rides) == (1, 1, 1.0, 0, 0)


def test_too_far_is_over_and_too_short_is_not(tmp_path: Path) -> None:
    result = compare(
        tmp_path,
        [ride("a", alight=7, ride_id="1"), ride("b", board=3, ride_id="2"), ride("c", alight=None, ride_id="3")],
        [ride("a"), ride("b"), ride("c")],
    )
    assert (result.charged, result.exact, result.over) == (3, 0.0, 1)
    assert (result.board_error_stops.n, result.alight_error_stops.n) == (3, 2)


def test_a_ride_that_never_was_is_false_and_one_that_was_not_noticed_is_missed(tmp_path: Path) -> None:
    result = compare(
        tmp_path, [ride("a", ride_id="1"), ride("b", begin=200, ride_id="2")], [ride("b"), ride("c"), ride("a")]
    )
    assert (result.charged, result.false_rides, result.missed) == (2, 1, 2)


def test_a_question_is_neither_a_charge_nor_a_miss(tmp_path: Path) -> None:
    result = compare(tmp_path, [ride(state="asked", ride_id="1"), ride("x", state="voided", ride_id="2")], [ride()])
    assert (result.asked, result.asked_share, result.charged, result.missed, result.exact) == (1, 1.0, 0, 0, 0.0)


def test_two_rides_of_one_rider_on_one_bus_are_two(tmp_path: Path) -> None:
    later: Line = {"board": 8, "alight": 9, "begin": 90}
    result = compare(tmp_path, [ride(ride_id="1"), ride(ride_id="2", **later)], [ride(**later), ride()])
    assert (result.exact, result.false_rides) == (1.0, 0)


def test_truth_without_times_is_matched_by_its_line(tmp_path: Path) -> None:
    bare = ride(board_at_ms=None, alight_at_ms=None)
    assert compare(tmp_path, [ride(ride_id="1", begin=28)], [bare]).exact == 1.0


def test_files_without_rides_say_nothing_of_them(tmp_path: Path) -> None:
    visit = {"at_ms": 1, "type": "stop_visit", "vehicle_id": "A"}
    (tmp_path / "one").write_text(json.dumps(visit) + "\n")
    lines = read_judged(tmp_path / "one")
    assert score(lines, lines).ride is None
