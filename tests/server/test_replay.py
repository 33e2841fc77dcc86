"""A recording goes through the engine causally, deterministically and at any speed, and every bell meets its end."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, strategies as st

from server.core.effects import Effect
from server.core.engine import RouteEngine
from server.core.events import Event, Tick
from server.core.policy import Policy
from server.protocol.recording import RecordedLine, read_recording, write_lines
from server.replay import COARSE_TICK_S, FINE_TICKS_S, paced
from tests.server.replay_town import DAY, START_MS, drive, in_order, new_replay, ring

STORY = in_order(drive(), [ring(START_MS + 20_000)])


def parsed(lines: list[dict[str, Any]]) -> list[RecordedLine]:
    return [msgspec.convert(line, RecordedLine) for line in lines]


def decide(lines: list[dict[str, Any]], *, trace: bool = False) -> list[dict[str, Any]]:
    """What is decided, as it reads back from its file."""
    return [json.loads(msgspec.json.encode(d)) for d in new_replay(trace=trace).run(parsed(lines))]


def of(decisions: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [d for d in decisions if d["type"] == kind]


def test_a_bell_from_ring_to_served() -> None:
    decisions = decide(STORY)
    bells = of(decisions, "bell")
    assert [b["state"] for b in bells] == ["waiting", "assigned", "arrived", "served"]
    assert {b["rider"] for b in bells} == {"rider"}
    assert [b["seq"] for b in bells] == [1, 2, 3, 4]
    alerts = of(decisions, "alert")
    assert alerts[0]["vehicle_id"] == "bus"
    assert alerts[0]["stop_id"] == "S3"
    clear = of(decisions, "clear")[0]
    assert list(clear) == ["at_ms", "type", "vehicle_id", "seq", "alert_id", "outcome"]
    assert (clear["alert_id"], clear["outcome"], clear["seq"]) == (alerts[0]["alert_id"], "served", len(alerts) + 1)
    arrived_ms = next(v["arrived_ms"] for v in of(decisions, "stop_visit") if v["stop_id"] == "S3")
    assert alerts[0]["at_ms"] < arrived_ms


def test_predictions_come_on_whole_multiples_of_the_wanted_seconds() -> None:
    replay = new_replay()
    replay.predict_s = 20
    said = of([json.loads(msgspec.json.encode(d)) for d in replay.run(parsed(STORY))], "prediction")
    assert list(said[0]) == ["at_ms", "type", "vehicle_id", "trip_id", "start_date", "stops"]
    assert list(said[0]["stops"][0]) == ["stop_id", "stop_sequence", "p10_ms", "p50_ms", "p90_ms"]
    times_ms = [line["at_ms"] for line in said]
    assert times_ms == list(range(times_ms[0], times_ms[-1] + 1, 20_000))
    assert all(at_ms % 20_000 == 0 for at_ms in times_ms)
    assert replay.written["prediction"] == len(said) > 10
    for line in said:
        rows = [[stop["p10_ms"], stop["p50_ms"], stop["p90_ms"]] for stop in line["stops"]]
        assert all(line["at_ms"] <= p10 <= p50 <= p90 for p10, p50, p90 in rows)
        assert rows == sorted(rows)


def test_stop_visits_have_the_fields_of_the_protocol_in_their_order() -> None:
    visit = next(v for v in of(decide(STORY), "stop_visit") if v["stop_id"] == "S3")
    assert list(visit) == [
        "at_ms",
        "type",
        "vehicle_id",
        "trip_id",
        "start_date",
        "stop_id",
        "stop_sequence",
        "arrived_ms",
        "departed_ms",
        "stood_s",
        "outcome",
        "confidence",
    ]
    assert (visit["trip_id"], visit["start_date"], visit["outcome"]) == ("T0", DAY, "stopped")


def test_trace_tells_of_each_fix() -> None:
    far = {"at_ms": START_MS + 5_500, "type": "fix", "vehicle_id": "bus", "lat": 37.9, "lon": 127.02}
    decisions = decide(in_order(drive(), [far]), trace=True)
    fixes = sum(line["type"] == "fix" for line in drive())
    assert len(of(decisions, "position")) == fixes
    assert [d["reason"] for d in of(decisions, "fix_refused")] == ["fix_implausible"]
    position = of(decisions, "position")[50]
    assert position["trip_id"] == "T0"
    assert position["progress_m"] == pytest.approx(465, abs=40)
    assert not of(decide(STORY), "position")


def test_a_refused_ring_is_a_decision_too() -> None:
    decisions = decide(in_order(drive(), [ring(START_MS + 20_000, stop_id="nowhere")]))
    assert of(decisions, "refused") == [
        {
            "at_ms": START_MS + 20_000,
            "type": "refused",
            "reason": "unknown_stop",
            "ref": "bell-0001",
            "rider": "rider",
        }
    ]
    assert not of(decisions, "bell")


def test_each_type_of_line_is_taken() -> None:
    lines = [
        *STORY[:40],
        {"at_ms": START_MS + 39_000, "type": "sightings", "rider": "rider", "beacons": []},
        {"at_ms": START_MS + 39_100, "type": "shown", "vehicle_id": "bus", "alert_id": "unknown"},
        {"at_ms": START_MS + 39_200, "type": "respond", "vehicle_id": "bus", "alert_id": "unknown", "answer": "ok"},
        {"at_ms": START_MS + 39_300, "type": "cancel", "rider": "rider", "bell_id": "bell-0001"},
        {"at_ms": START_MS + 39_400, "type": "check_in", "rider": "rider", "vehicle_id": "bus"},
        {"at_ms": START_MS + 39_500, "type": "check_out", "rider": "rider", "ride_id": "r"},
        {"at_ms": START_MS + 39_600, "type": "undo", "rider": "rider", "ride_id": "r"},
        {"at_ms": START_MS + 39_700, "type": "sign_off", "vehicle_id": "bus"},
    ]
    run = new_replay()
    decisions = [json.loads(msgspec.json.encode(d)) for d in run.run(parsed(lines))]
    assert of(decisions, "bell")[-1]["state"] == "cancelled"
    assert [d["reason"] for d in of(decisions, "refused")] == [
        "unknown_alert",
        "not_on_board",
        "unknown_ride",
        "unknown_ride",
    ]
    assert run.read["sightings"] == run.read["undo"] == 1
    assert run.written["bell"] == len(of(decisions, "bell"))


def test_a_feed_names_the_trip_with_each_fix() -> None:
    lines = [line | {"trip_id": "T0"} for line in drive() if line["type"] == "fix"]
    visits = of(decide(lines), "stop_visit")
    assert {(v["trip_id"], v["start_date"]) for v in visits} == {("T0", DAY)}


def test_every_bell_ends_even_when_the_recording_stops() -> None:
    decisions = decide(STORY[:30])
    assert of(decisions, "bell")[-1]["state"] in {"expired", "served"}


def test_the_silence_after_the_end_is_cheap_and_no_longer_than_it_must_be() -> None:
    waiting = ring(START_MS, stop=3)
    ticks = ticks_of([waiting])
    assert ticks
    assert len(ticks) <= FINE_TICKS_S + Policy().bell_max_age_s / COARSE_TICK_S + 2
    assert ticks_of([waiting | {"stop_id": "nowhere"}]) == []


@given(st.integers(1, len(STORY)))
def test_causal(cut: int) -> None:
    """What was decided before a moment is the same whatever comes after it."""
    whole, part = decide(STORY), decide(STORY[:cut])
    before_ms = STORY[cut - 1]["at_ms"]
    assert [d for d in whole if d["at_ms"] < before_ms] == [d for d in part if d["at_ms"] < before_ms]


def test_the_same_bytes_twice(tmp_path: Path) -> None:
    for name in ("a.jsonl", "b.jsonl", "a.jsonl.zst", "b.jsonl.zst"):
        write_lines(tmp_path / name, new_replay(trace=True).run(parsed(STORY)))
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()
    assert (tmp_path / "a.jsonl.zst").read_bytes() == (tmp_path / "b.jsonl.zst").read_bytes()
    assert len((tmp_path / "a.jsonl.zst").read_bytes()) < len((tmp_path / "a.jsonl").read_bytes()) / 3


# -- time ----------------------------------------------------------------------


class Watched(RouteEngine):
    """The engine, with a note of each tick."""

    ticks: list[int]

    def step(self, event: Event, now_ms: int) -> list[Effect]:
        if isinstance(event, Tick):
            self.ticks.append(now_ms)
        return super().step(event, now_ms)


def ticks_of(lines: list[dict[str, Any]]) -> list[int]:
    run = new_replay()
    engine = Watched(run.engine.network, run.engine.policy, vehicles={}, assume_terminal=True)
    engine.ticks = []
    run.engine = engine
    list(run.run(parsed(lines)))
    return engine.ticks


def test_a_tick_on_each_whole_second_between_events() -> None:
    lines = [ring(at_ms, stop_id="nowhere") for at_ms in (1_000_500, 1_003_000, 1_003_999)]
    assert ticks_of(lines) == [1_001_000, 1_002_000, 1_003_000]


def test_hours_of_silence_are_cheap() -> None:
    hours = 5 * 3600
    ticks = ticks_of([ring(1_000_000, stop_id="nowhere"), ring(1_000_000 + hours * 1000, stop_id="nowhere")])
    assert len(ticks) <= FINE_TICKS_S + hours / COARSE_TICK_S
    assert ticks[-1] <= 1_000_000 + hours * 1000


def test_time_never_goes_back() -> None:
    lines = drive()
    lines[40]["at_ms"] -= 20_000
    run = new_replay(trace=True)
    decisions = [json.loads(msgspec.json.encode(d)) for d in run.run(parsed(lines))]
    assert run.late == 1
    assert [d["reason"] for d in of(decisions, "fix_refused")] == ["fix_out_of_order"]
    assert [d["at_ms"] for d in decisions] == sorted(d["at_ms"] for d in decisions)


def test_the_pace_follows_the_recording() -> None:
    clock_s, slept = 100.0, []

    def sleep_s(wait_s: float) -> None:
        nonlocal clock_s
        slept.append(round(wait_s, 6))
        clock_s += wait_s

    lines = parsed([ring(at_ms) for at_ms in (0, 1_000, 1_000, 4_000)])
    assert len(list(paced(lines, speed=2.0, monotonic_s=lambda: clock_s, sleep_s=sleep_s))) == 4
    assert slept == [0.5, 1.5]


def test_reads_what_a_file_holds(tmp_path: Path) -> None:
    path = tmp_path / "story.jsonl.zst"
    write_lines(path, STORY)
    bad: list[str] = []
    assert list(read_recording(path, lenient=False, bad=bad)) == parsed(STORY)
    assert not bad


def test_a_terminal_that_goes_and_comes_is_an_event_of_a_recording() -> None:
    gone = {"at_ms": START_MS + 500, "type": "link", "vehicle_id": "bus", "up": False}
    back = {"at_ms": START_MS + 99_500, "type": "link", "vehicle_id": "bus", "up": True}
    lines = in_order(drive(), [ring(START_MS + 20_000), gone, back])
    states = [(d["at_ms"] - START_MS, d["state"]) for d in decide(lines) if d["type"] == "bell"]
    assert states[:2] == [(20_000, "waiting"), (100_000, "assigned")]
