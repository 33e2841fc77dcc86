"""GTFS texts as numbers, and times that cannot be true."""

import itertools

import pytest
from hypothesis import given, strategies as st

from server.gtfs.values import (
    believable,
    lat_lon_of,
    real_number,
    seconds_of,
    text_of,
    unwrapped,
    whole_number,
)


@pytest.mark.parametrize(
    ("text", "time_s"),
    [
        ("00:00:00", 0),
        ("7:05:09", 25_509),
        (" 07:05:09 ", 25_509),
        ("24:00:00", 86_400),
        ("27:30:00", 99_000),
        ("240:59:59", 867_599),
        ("241:00:00", None),
        ("08:60:00", None),
        ("08:00:60", None),
        ("08:00", None),
        ("-1:00:00", None),
        ("08:00:00 am", None),
        ("٠٨:٠٠:٠٠", None),
        ("", None),
    ],
)
def test_times_may_pass_midnight(text: str, time_s: int | None) -> None:
    assert seconds_of(text) == time_s


@given(st.integers(0, 240 * 3600))
def test_times_are_written_as_they_are_read(time_s: int) -> None:
    assert seconds_of(text_of(time_s)) == time_s


@pytest.mark.parametrize(
    ("text", "number"), [("7", 7), (" 7 ", 7), ("-1", None), ("1.5", None), ("9" * 20, None), ("", None)]
)
def test_whole_numbers(text: str, number: int | None) -> None:
    assert whole_number(text) == number


@pytest.mark.parametrize(("text", "number"), [("1.5", 1.5), ("-2", -2.0), ("nan", None), ("inf", None), ("x", None)])
def test_real_numbers(text: str, number: float | None) -> None:
    assert real_number(text) == number


@pytest.mark.parametrize(
    ("lat", "lon", "place"),
    [
        ("37.26", "127.0", (37.26, 127.0)),
        ("-33.9", " 151.2", (-33.9, 151.2)),
        ("0", "9.5", (0.0, 9.5)),
        ("0.0", "0.0", None),
        ("89.5", "127", None),
        ("37", "181", None),
        ("", "127", None),
        ("37", "x", None),
    ],
)
def test_places(lat: str, lon: str, place: tuple[float, float] | None) -> None:
    assert lat_lon_of(lat, lon) == place


def test_a_trip_that_starts_again_at_midnight_is_counted_on() -> None:
    assert unwrapped([86_000, 86_390, 60, 400]) == [86_000, 86_390, 86_460, 86_800]


def test_a_single_early_time_by_day_is_not_midnight() -> None:
    assert unwrapped([36_000, 600, 36_600]) == [36_000, 600, 36_600]


@pytest.mark.parametrize(
    ("times_s", "kept"), [([], []), ([1, 2, 3], [0, 1, 2]), ([1, 9, 2, 3], [0, 2, 3]), ([5, 5, 1, 5], [0, 1, 3])]
)
def test_the_fewest_times_are_given_up(times_s: list[int], kept: list[int]) -> None:
    assert believable(times_s) == kept


@given(st.lists(st.integers(0, 9), max_size=9))
def test_no_longer_choice_is_in_order(times_s: list[int]) -> None:
    kept = believable(times_s)
    assert [times_s[i] for i in kept] == sorted(times_s[i] for i in kept)
    assert kept == sorted(set(kept))
    longest = max(
        len(choice)
        for size in range(len(times_s) + 1)
        for choice in itertools.combinations(times_s, size)
        if list(choice) == sorted(choice)
    )
    assert len(kept) == longest
