"""How long links take: the timetable first, then the buses, and of them the last ones most."""

import pytest
from hypothesis import given, strategies as st

from server.core import running_times
from server.core.model import RouteId, StopId
from server.core.running_times import (
    LONGEST_STAND_S,
    MEMORY,
    OUTLIER,
    OUTLIER_S,
    PARTS_OF_DAY,
    SHORTEST_S,
    STAND_S,
    RunningTimes,
    link_key,
    pace_key,
    part_of_day,
)

LINK = link_key(StopId("A"), StopId("B"))
ROUTE = pace_key(RouteId("10"), 0)
PLANNED_S = 60.0
NOON_S = 12 * 3600.0
MIN_MS = 60_000
seconds = st.floats(1.0, 600.0)


def drive(times: RunningTimes, took_s: float, *, at_ms: int = 0, day_s: float = NOON_S, key: str = LINK) -> None:
    times.travelled(key, ROUTE, took_s, PLANNED_S, day_s, at_ms)


def link_s(times: RunningTimes, *, at_ms: int = 0, day_s: float = NOON_S) -> float:
    return times.link_s(LINK, PLANNED_S, day_s, at_ms)


def test_a_link_nobody_used_takes_what_the_timetable_gives_it() -> None:
    times = RunningTimes()
    assert link_s(times) == PLANNED_S
    assert times.link_s(LINK, 0.0, NOON_S, 0) == SHORTEST_S
    assert times.stand_s(StopId("A")) == STAND_S
    assert times.departure_s(StopId("A")) == 0.0
    assert times.pace(ROUTE, 0) == 1.0


@given(st.lists(seconds, min_size=1, max_size=30))
def test_an_estimate_lies_within_what_was_planned_and_seen(took_s: list[float]) -> None:
    times = RunningTimes()
    for n, second in enumerate(took_s):
        drive(times, second, at_ms=n * 5 * MIN_MS)
    low, high = min(PLANNED_S, *took_s), max(PLANNED_S, *took_s)
    assert low - 1e-6 <= link_s(times, at_ms=len(took_s) * 5 * MIN_MS) <= high + 1e-6


def test_many_buses_outweigh_the_timetable() -> None:
    times = RunningTimes()
    errors = []
    for n in range(20):
        drive(times, 90.0, at_ms=n * 10 * MIN_MS)
        errors.append(90.0 - link_s(times, at_ms=n * 10 * MIN_MS))
    assert errors == sorted(errors, reverse=True)
    assert errors[0] < 20.0
    assert errors[-1] < 1.0


def test_the_bus_ahead_counts_most_and_fades() -> None:
    times = RunningTimes()
    for n in range(20):
        drive(times, 60.0, at_ms=n * 30 * MIN_MS)
    now_ms = 20 * 30 * MIN_MS
    for _ in range(3):
        drive(times, 120.0, at_ms=now_ms)
    jam_s = link_s(times, at_ms=now_ms)
    assert jam_s > 80.0
    assert 60.0 < link_s(times, at_ms=now_ms + 180 * MIN_MS) < jam_s - 10.0


def test_each_part_of_the_day_has_its_own_time() -> None:
    times = RunningTimes()
    for day in range(10):
        for hour, took_s in ((8, 110.0), (22, 50.0)):
            drive(times, took_s, at_ms=(day * 24 + hour) * 60 * MIN_MS, day_s=hour * 3600.0)
    next_day_ms = 11 * 24 * 60 * MIN_MS
    assert link_s(times, at_ms=next_day_ms, day_s=8.5 * 3600) > 95.0
    assert link_s(times, at_ms=next_day_ms, day_s=22.5 * 3600) < 65.0


@pytest.mark.parametrize(("day_s", "part"), [(0, 0), (3 * 3600 - 1, 0), (3 * 3600, 1), (86_399, 7), (25 * 3600, 0)])
def test_after_midnight_the_night_goes_on(day_s: float, part: int) -> None:
    assert part_of_day(day_s) == part < PARTS_OF_DAY


def test_a_breakdown_is_no_running_time_nor_is_a_leap() -> None:
    stuck, leapt = RunningTimes(), RunningTimes()
    drive(stuck, 3600.0)
    drive(leapt, 0.1)
    assert stuck.learned.links[LINK].mean_s == PLANNED_S * OUTLIER + OUTLIER_S
    assert leapt.learned.links[LINK].mean_s == max(PLANNED_S / OUTLIER - OUTLIER_S, SHORTEST_S)


def test_a_slow_day_shows_on_links_that_no_bus_has_reached_yet() -> None:
    times = RunningTimes()
    for n in range(40):
        drive(times, 90.0, at_ms=n * MIN_MS, key=f"other {n}")
    assert 1.2 < times.pace(ROUTE, 40 * MIN_MS) < 1.5
    assert times.pace(ROUTE, 600 * MIN_MS) == pytest.approx(1.0, abs=0.01)
    assert times.pace("another route", 0) == 1.0


def test_stands_and_departures_are_means_that_forget() -> None:
    times = RunningTimes()
    for _ in range(100):
        times.stood(StopId("A"), 40.0)
        times.departed(StopId("A"), -30.0)
    assert times.stand_s(StopId("A")) == pytest.approx(40.0, abs=3.0)
    assert times.departure_s(StopId("A")) == 0.0
    assert times.learned.stands["A"].seen == MEMORY
    times.stood(StopId("B"), 9_999.0)
    times.departed(StopId("B"), 90.0)
    assert times.learned.stands["B"].mean_s == LONGEST_STAND_S
    assert 0.0 < times.departure_s(StopId("B")) < 90.0


def test_beyond_the_bound_the_link_used_longest_ago_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running_times, "MAX_LINKS", 2)
    times = RunningTimes()
    for key in ("a", "b", "a", "c"):
        drive(times, 60.0, key=key)
    assert list(times.learned.links) == ["a", "c"]
    for stop in ("a", "b", "c"):
        times.stood(StopId(stop), 20.0)
    assert list(times.learned.stands) == ["b", "c"]
