"""Quantiles follow the errors they are shown, and what is left of a band is never in the past."""

import itertools
import random

import pytest
from hypothesis import given, strategies as st

from server.core.calibration import HORIZONS_S, Band, Calibration, Quantiles, horizon_class, still_to_come

HORIZON_S = 200.0


@pytest.mark.parametrize(
    ("median", "spread", "skew"), [(0.0, 1.0, 1.0), (0.8, 1.5, 2.0), (-0.5, 0.4, 1.0)], ids=["plain", "late", "sharp"]
)
def test_eight_in_ten_come_to_lie_within(median: float, spread: float, skew: float) -> None:
    rng, calibration, inside = random.Random(1), Calibration(), 0
    for n in range(6_000):
        error = rng.gauss(0.0, spread)
        error = median + error * (skew if error > 0 else 1.0)
        q = calibration.quantiles("10", HORIZON_S)
        inside += n >= 1_000 and q.low <= error <= q.high
        calibration.missed("10", HORIZON_S, error)
    assert 0.78 < inside / 5_000 < 0.86
    assert calibration.quantiles("10", HORIZON_S).middle == pytest.approx(median, abs=0.2)


def test_a_route_begins_with_what_all_routes_know_and_goes_its_own_way() -> None:
    calibration = Calibration()
    for _ in range(200):
        calibration.missed("10", HORIZON_S, 3.0)
    assert calibration.quantiles("20", HORIZON_S).middle > 2.0
    for _ in range(200):
        calibration.missed("20", HORIZON_S, -3.0)
    assert calibration.quantiles("20", HORIZON_S).middle < 0.0 < calibration.quantiles("10", HORIZON_S).middle


def test_each_class_of_horizons_has_its_own() -> None:
    calibration = Calibration()
    for _ in range(50):
        calibration.missed("10", 10.0, 5.0)
    assert calibration.quantiles("10", 10.0).middle > 2.0
    assert calibration.quantiles("10", 1_000.0) == Quantiles()
    assert [horizon_class(s) for s in (0.0, *HORIZONS_S)] == list(range(len(HORIZONS_S) + 1))


@given(st.lists(st.floats(-50, 50), max_size=60))
def test_quantiles_keep_their_order(errors: list[float]) -> None:
    calibration = Calibration()
    for error in errors:
        calibration.missed("10", HORIZON_S, error)
    q = calibration.quantiles("10", HORIZON_S)
    assert q.low <= q.middle <= q.high


bands = st.lists(st.floats(0, 1_000), min_size=3, max_size=3).map(sorted).map(lambda row: Band(*row))


@given(bands, st.floats(-1_000, 100_000))
def test_what_is_left_is_in_order_and_not_in_the_past(band: Band, now: float) -> None:
    left = still_to_come(band, now)
    assert left.p10 <= left.p50 <= left.p90
    assert left.p10 >= min(now, band.p10)
    assert all(one >= other - 1e-6 for one, other in zip(left, band, strict=True))


@given(bands)
def test_as_time_passes_nothing_comes_nearer(band: Band) -> None:
    lefts = [still_to_come(band, now) for now in range(-200, 2_000, 20)]
    for earlier, later in itertools.pairwise(lefts):
        assert all(b >= a - 1e-6 for a, b in zip(earlier, later, strict=True))


def test_a_bus_that_is_overdue_is_expected_soon_but_not_at_once() -> None:
    band = Band(50.0, 60.0, 80.0)
    assert still_to_come(band, 0.0) == band
    assert still_to_come(band, 60.0) == pytest.approx((62.5, 72.5, 88.3), abs=0.1)
    late = still_to_come(band, 200.0)
    assert (late.p10, late.p50, late.p90) == pytest.approx((201.3, 208.3, 227.6), abs=0.1)
