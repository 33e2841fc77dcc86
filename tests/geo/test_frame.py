"""The metric frame against PROJ's geodesics."""

import math

import numpy as np
import pyproj
import pytest
from hypothesis import given, strategies as st

from geo.frame import Frame

GEOD = pyproj.Geod(ellps="WGS84")
latitudes = st.floats(-80.0, 80.0)
longitudes = st.floats(-180.0, 180.0)
offsets_m = st.floats(-5_000.0, 5_000.0)


def closing_m(lat0: float, x: float, y: float) -> float:
    """How far the meridians have closed up between the origin and the place: the error that a flat frame makes."""
    return abs(x * y) / 6_371_000.0 * math.tan(math.radians(abs(lat0) + 0.1))


@given(latitudes, longitudes, offsets_m, offsets_m)
def test_metres_agree_with_geodesics(lat0: float, lon0: float, x: float, y: float) -> None:
    frame = Frame(lat0, lon0)
    lat, lon = frame.to_lat_lon(x, y)
    azimuth, _, distance_m = GEOD.inv(lon0, lat0, lon, lat)
    true_x, true_y = distance_m * np.sin(np.radians(azimuth)), distance_m * np.cos(np.radians(azimuth))
    allowed_m = 0.05 + 1.1 * closing_m(lat0, x, y) + x * x / 6_371_000.0 * np.tan(np.radians(abs(lat0) + 0.1))
    assert np.hypot(true_x - x, true_y - y) <= allowed_m


@given(latitudes, longitudes, offsets_m, offsets_m)
def test_there_and_back(lat0: float, lon0: float, x: float, y: float) -> None:
    frame = Frame(lat0, lon0)
    assert frame.to_xy(*frame.to_lat_lon(x, y)) == pytest.approx((x, y), abs=1e-5)


def test_east_is_x_and_north_is_y() -> None:
    frame = Frame(37.26, 127.0)
    east, north = frame.to_xy(37.27, 127.01)
    assert east == pytest.approx(887.1, abs=0.1)
    assert north == pytest.approx(1109.8, abs=0.1)


def test_many_places_are_the_same_as_one_by_one() -> None:
    frame = Frame(-33.9, 151.2)
    lat, lon = np.array([-33.9, -33.95, -34.0]), np.array([151.2, 151.1, 151.3])
    x, y = frame.to_xy(lat, lon)
    assert [frame.to_xy(a, b) for a, b in zip(lat.tolist(), lon.tolist(), strict=True)] == list(
        zip(x.tolist(), y.tolist(), strict=True)
    )
    back_lat, back_lon = frame.to_lat_lon(x, y)
    assert np.allclose(back_lat, lat, atol=1e-12)
    assert np.allclose(back_lon, lon, atol=1e-12)


def test_the_short_way_over_the_date_line() -> None:
    frame = Frame(-17.0, 179.9)
    east, _ = frame.to_xy(-17.0, -179.9)
    assert east == pytest.approx(0.2 * frame.metres_per_deg_lon)
    assert frame.to_lat_lon(east, 0.0)[1] == pytest.approx(-179.9)


@pytest.mark.parametrize(("lat0", "lon0"), [(90.0, 0.0), (-89.5, 0.0), (0.0, 181.0), (float("nan"), 0.0)])
def test_an_origin_that_is_no_place_is_refused(lat0: float, lon0: float) -> None:
    with pytest.raises(ValueError, match="origin"):
        Frame(lat0, lon0)
