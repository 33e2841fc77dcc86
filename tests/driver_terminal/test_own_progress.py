"""How far along the trip a terminal believes to be, and that it errs towards "still ahead"."""

import math

import pytest
from hypothesis import given, strategies as st

from driver_terminal.progress import FASTEST_MPS, JUMP_MARGIN_M, STILL_M, OwnProgress

LAT, LON = 37.26, 127.03
DEG_PER_M = 1 / 111_000.0


def north(metres: float) -> float:
    """The latitude so many metres north of the start."""
    return LAT + metres * DEG_PER_M


def test_unknown_until_someone_says() -> None:
    own = OwnProgress()
    assert own.along_m(now_ms=0) is None
    own.moved(at_ms=0, lat=LAT, lon=LON)
    assert own.along_m(now_ms=0) is None


def test_what_the_caller_says_is_the_truth() -> None:
    own = OwnProgress()
    own.moved(at_ms=0, lat=LAT, lon=LON, along_m=120.0)
    own.told(at_ms=0, stop_along_m=9999.0, distance_m=1.0)
    assert own.along_m(now_ms=0) == 120.0


def test_carried_forward_by_speed_for_three_seconds_at_most() -> None:
    own = OwnProgress()
    own.moved(at_ms=0, lat=LAT, lon=LON, speed_mps=10.0, along_m=100.0)
    assert own.along_m(now_ms=2_000) == 120.0
    assert own.along_m(now_ms=60_000) == 130.0
    assert own.along_m(now_ms=-5_000) == 100.0


def test_by_positions_after_an_alert() -> None:
    own = OwnProgress()
    for second in range(31):
        own.moved(at_ms=second * 1000, lat=north(10.0 * second), lon=LON, speed_mps=10.0)
    own.told(at_ms=10_000, stop_along_m=1000.0, distance_m=500.0)
    along_m = own.along_m(now_ms=30_000)
    assert along_m is not None
    assert along_m == pytest.approx(700.0, abs=2 * STILL_M)


def test_an_alert_older_than_our_memory_teaches_nothing() -> None:
    own = OwnProgress()
    own.moved(at_ms=50_000, lat=LAT, lon=LON)
    own.told(at_ms=10_000, stop_along_m=1000.0, distance_m=500.0)
    assert own.along_m(now_ms=50_000) is None


def test_another_trip_begins_unknown() -> None:
    own = OwnProgress()
    own.moved(at_ms=0, lat=LAT, lon=LON, along_m=100.0)
    own.new_trip()
    assert own.along_m(now_ms=0) is None


def test_a_standing_bus_with_a_wandering_receiver_does_not_move() -> None:
    own = OwnProgress()
    own.moved(at_ms=0, lat=LAT, lon=LON, along_m=0.0)
    for i in range(600):
        own.moved(at_ms=i * 1000, lat=north(7.0 * math.sin(i)), lon=LON)
    assert own.along_m(now_ms=600_000) == 0.0


def test_a_jump_of_the_receiver_is_not_travelled() -> None:
    own = OwnProgress()
    own.moved(at_ms=0, lat=LAT, lon=LON, along_m=0.0)
    own.moved(at_ms=1_000, lat=north(JUMP_MARGIN_M + FASTEST_MPS + 5.0), lon=LON)
    own.moved(at_ms=2_000, lat=LAT, lon=LON)
    assert own.along_m(now_ms=2_000) == 0.0


def test_an_odometer_is_better_than_positions() -> None:
    own = OwnProgress()
    own.moved(at_ms=0, lat=LAT, lon=LON, odometer_m=1000.0, along_m=0.0)
    own.moved(at_ms=1_000, lat=north(500.0), lon=LON, odometer_m=1012.0)
    own.moved(at_ms=2_000, lat=LAT, lon=LON, odometer_m=1020.0)
    assert own.along_m(now_ms=2_000) == 20.0


def test_an_odometer_that_was_changed_is_not_believed() -> None:
    own = OwnProgress()
    own.moved(at_ms=0, lat=LAT, lon=LON, odometer_m=1000.0, along_m=0.0)
    own.moved(at_ms=1_000, lat=LAT, lon=LON, odometer_m=3.0)
    own.moved(at_ms=2_000, lat=LAT, lon=LON, odometer_m=13.0)
    assert own.along_m(now_ms=2_000) == 10.0


def test_a_clock_that_was_set_back_is_survived() -> None:
    own = OwnProgress()
    own.moved(at_ms=100_000, lat=LAT, lon=LON, odometer_m=0.0, along_m=10.0)
    own.moved(at_ms=5_000, lat=LAT, lon=LON, odometer_m=10.0)
    own.told(at_ms=50_000, stop_along_m=0.0, distance_m=0.0)
    assert own.along_m(now_ms=5_000) == 20.0


@pytest.mark.parametrize(("lat", "lon"), [(90.0, 0.0), (-89.9, 10.0), (37.0, 999.0)])
def test_places_where_no_bus_runs(lat: float, lon: float) -> None:
    own = OwnProgress()
    own.moved(at_ms=0, lat=lat, lon=lon, along_m=1.0)
    own.moved(at_ms=1, lat=lat, lon=lon)
    assert own.along_m(now_ms=1) == 1.0


@given(
    steps=st.lists(
        st.tuples(st.floats(0, 30), st.floats(0.5, 10), st.booleans()),
        max_size=60,
    )
)
def test_never_ahead_of_the_bus_by_more_than_one_carry(steps: list[tuple[float, float, bool]]) -> None:
    """Driving straight on without GPS error, with and without an odometer in turn, the count is never long."""
    own = OwnProgress()
    own.moved(at_ms=0, lat=LAT, lon=LON, odometer_m=0.0, along_m=0.0)
    at_s = true_m = 0.0
    for speed_mps, seconds, has_odometer in steps:
        at_s += seconds
        true_m += speed_mps * seconds
        odometer_m = true_m if has_odometer else None
        own.moved(at_ms=round(at_s * 1000), lat=north(true_m), lon=LON, odometer_m=odometer_m)
        along_m = own.along_m(now_ms=round(at_s * 1000))
        assert along_m is not None
        assert along_m <= true_m * 1.005 + 1.0
