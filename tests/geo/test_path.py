"""Paths against shapely, and the cases where shapely has no answer: several passes, stretches, headings."""

import math

import numpy as np
import pytest
import shapely
import shapely.ops
from hypothesis import assume, given, strategies as st
from hypothesis.extra.numpy import arrays

from geo.approaches import JITTER_M, ROUNDING_M
from geo.path import Path

coordinates = st.floats(-5_000.0, 5_000.0).map(lambda v: round(v, 2))
points = st.tuples(coordinates, coordinates)
lines = st.integers(2, 40).flatmap(lambda n: arrays(np.float64, (n, 2), elements=coordinates))
shares = st.floats(0.0, 1.0)
OUT_AND_BACK = Path([(0.0, 0.0), (1000.0, 0.0), (0.0, 0.0)])
SQUARE = Path([(0.0, 0.0), (100.0, 0.0), (100.0, 100.0), (0.0, 100.0), (0.0, 0.0)])
FIGURE_EIGHT = Path([(0, 0), (100, 100), (200, 0), (200, 100), (100, 0), (0, 100)])


def stretch_of(path: Path, lo_m: float, hi_m: float) -> shapely.Geometry:
    line = shapely.LineString(path.xy)
    return shapely.ops.substring(line, lo_m, hi_m) if hi_m - lo_m > 1e-6 else line.interpolate(lo_m)


@given(lines, points)
def test_projection_is_shapelys(xy: np.ndarray, point: tuple[float, float]) -> None:
    path = Path(xy)
    assume(len(path) > 1)
    along_m, offset_m = path.project(*point)
    line = shapely.LineString(path.xy)
    assert offset_m == pytest.approx(line.distance(shapely.Point(point)), abs=1e-6)
    assert math.dist(path.at(along_m), point) == pytest.approx(offset_m, abs=1e-6)
    assert 0.0 <= along_m <= path.length_m


@given(lines, shares)
def test_places_along_are_shapelys(xy: np.ndarray, share: float) -> None:
    path = Path(xy)
    assume(len(path) > 1)
    line = shapely.LineString(path.xy)
    assert path.length_m == pytest.approx(line.length, rel=1e-9)
    place = line.interpolate(share * line.length)
    assert path.at(share * path.length_m) == pytest.approx((place.x, place.y), abs=1e-5)


@given(lines, points, shares, shares)
def test_window_is_the_nearest_of_the_stretch(
    xy: np.ndarray, point: tuple[float, float], one: float, other: float
) -> None:
    path = Path(xy)
    assume(len(path) > 1)
    lo_m, hi_m = sorted((one * path.length_m, other * path.length_m))
    along_m, offset_m, heading_deg = path.window(*point, lo_m, hi_m)
    assert lo_m <= along_m <= hi_m
    assert offset_m == pytest.approx(stretch_of(path, lo_m, hi_m).distance(shapely.Point(point)), abs=1e-5)
    assert math.dist(path.at(along_m), point) == pytest.approx(offset_m, abs=1e-6)
    assert 0.0 <= heading_deg < 360.0


@given(lines, points, st.floats(1.0, 3_000.0))
def test_candidates_are_all_approaches(xy: np.ndarray, point: tuple[float, float], max_offset_m: float) -> None:
    path = Path(xy)
    assume(len(path) > 1)
    found = path.candidates(*point, max_offset_m)
    assert (np.diff(found.offset_m) >= 0.0).all()
    assert (found.offset_m <= max_offset_m).all()
    for along_m, offset_m in zip(found.along_m.tolist(), found.offset_m.tolist(), strict=True):
        assert math.dist(path.at(along_m), point) == pytest.approx(offset_m, abs=1e-5)
        to_corners_m = np.abs(path.cum_m - along_m)
        reach_m = min(1e-5, float(to_corners_m[to_corners_m > 2.0 * ROUNDING_M].min()) / 2.0)
        _, around_m, _ = path.window(*point, along_m - reach_m, along_m + reach_m)
        assert around_m >= offset_m - 1e-8
    nearest_m = path.project(*point)[1]
    assert (len(found) > 0) == (nearest_m <= max_offset_m) or abs(nearest_m - max_offset_m) < 1e-6


@given(lines, points)
def test_no_deep_minimum_is_missed(xy: np.ndarray, point: tuple[float, float]) -> None:
    """Walk the path in small steps: wherever the distance has a dip deeper than the jitter, a candidate is near."""
    path = Path(xy / 50.0)
    x, y = point[0] / 50.0, point[1] / 50.0
    assume(len(path) > 1)
    along_m = np.linspace(0.0, path.length_m, 3000)
    away_m = np.hypot(path.at(along_m)[0] - x, path.at(along_m)[1] - y)
    found = path.candidates(x, y, math.inf)
    for i in dips(away_m, 2.0 * JITTER_M):
        assert np.abs(found.along_m - along_m[i]).min() < path.length_m / 100.0 + 1.0 or any(
            abs(offset_m - away_m[i]) < JITTER_M + 0.1 for offset_m in found.offset_m
        )


def dips(away_m: np.ndarray, depth_m: float) -> list[int]:
    """Indices of minima from which both ways lead up by `depth_m` before they lead lower."""
    result, low, high = [], 0, 0
    going_up = False
    for i, value in enumerate(away_m.tolist()):
        if going_up:
            high = i if value > away_m[high] else high
            if value < away_m[high] - depth_m:
                going_up, low = False, i
        else:
            low = i if value < away_m[low] else low
            if value > away_m[low] + depth_m:
                result.append(low)
                going_up, high = True, i
    return result if going_up else [*result, low]


def test_both_passes_of_an_out_and_back_street() -> None:
    found = OUT_AND_BACK.candidates(300.0, 5.0, 50.0)
    assert sorted(found.along_m.tolist()) == pytest.approx([300.0, 1700.0])
    assert found.offset_m.tolist() == pytest.approx([5.0, 5.0])
    assert sorted(found.heading_deg.tolist()) == pytest.approx([90.0, 270.0])


def test_both_passes_near_the_turning_place() -> None:
    found = OUT_AND_BACK.candidates(997.0, 10.0, 50.0)
    assert sorted(found.along_m.tolist()) == pytest.approx([997.0, 1003.0])


def test_the_start_of_a_loop_is_approached_twice() -> None:
    assert sorted(SQUARE.candidates(0.0, 0.0, 20.0).along_m.tolist()) == pytest.approx([0.0, 400.0])


def test_the_crossing_of_a_figure_of_eight_is_approached_from_both_roads() -> None:
    found = FIGURE_EIGHT.candidates(150.0, 50.0, 5.0)
    assert len(found) == 2
    assert sorted(found.heading_deg.tolist()) == pytest.approx([135.0, 225.0])


def test_a_crooked_line_is_one_approach() -> None:
    wobbly = Path([(0.0, 0.0), (50.0, 0.3), (100.0, 0.0), (150.0, 0.3), (200.0, 0.0)])
    assert len(wobbly.candidates(100.0, 80.0, 100.0)) == 1
    assert len(wobbly.candidates(100.0, -80.0, 100.0)) == 1


def test_of_one_approach_the_nearest_place_is_told() -> None:
    bend = Path([(0.0, 10.4), (50.0, 10.0), (51.0, 10.2), (100.0, 9.9), (150.0, 30.0)])
    found = bend.candidates(75.0, 0.0, 100.0)
    assert len(found) == 1
    assert found.offset_m[0] == pytest.approx(bend.project(75.0, 0.0)[1])


@pytest.mark.parametrize("segments", [3, 60])
def test_a_stretch_leaves_out_the_nearer_pass(segments: int) -> None:
    """Short and long stretches take different ways through the code and must agree."""
    out = np.column_stack((np.linspace(0.0, 1000.0, segments), np.zeros(segments)))
    path = Path(np.vstack((out, out[::-1] + np.array([0.0, 8.0]))))
    assert path.project(300.0, 1.0)[0] == pytest.approx(300.0)
    along_m, offset_m, heading_deg = path.window(300.0, 1.0, 1100.0, 1900.0)
    assert (along_m, offset_m, heading_deg) == pytest.approx((1708.0, 7.0, 270.0))


def test_a_stretch_is_clipped_to_the_path_and_an_empty_one_is_its_lower_end() -> None:
    assert SQUARE.window(50.0, 5.0, -100.0, 1e9)[:2] == pytest.approx((50.0, 5.0))
    assert SQUARE.window(50.0, 0.0, 120.0, 110.0)[0] == pytest.approx(120.0)
    assert SQUARE.window(50.0, 0.0, 900.0, 950.0) == pytest.approx((400.0, 50.0, 180.0))


@pytest.mark.parametrize(
    ("along_m", "heading_deg"), [(0.0, 90.0), (50.0, 90.0), (100.0, 0.0), (250.0, 270.0), (350.0, 180.0), (9e9, 180.0)]
)
def test_headings_are_clockwise_from_north(along_m: float, heading_deg: float) -> None:
    assert SQUARE.heading_deg(along_m) == pytest.approx(heading_deg)
    assert SQUARE.heading_deg(np.array([along_m])) == pytest.approx([heading_deg])


def test_many_places_along() -> None:
    x, y = SQUARE.at(np.array([-5.0, 50.0, 150.0, 1e9]))
    assert x.tolist() == pytest.approx([0.0, 50.0, 100.0, 0.0])
    assert y.tolist() == pytest.approx([0.0, 0.0, 50.0, 0.0])


@pytest.mark.parametrize("xy", [[(3.0, 4.0)], [(3.0, 4.0)] * 3], ids=["one point", "the same point thrice"])
def test_a_path_without_length_is_a_place(xy: list[tuple[float, float]]) -> None:
    path = Path(xy)
    assert (len(path), path.length_m) == (1, 0.0)
    assert path.at(7.0) == (3.0, 4.0)
    assert path.heading_deg(0.0) == 0.0
    assert path.heading_deg(np.zeros(2)).tolist() == [0.0, 0.0]
    assert path.project(0.0, 0.0) == (0.0, 5.0)
    assert path.window(0.0, 0.0, 0.0, 10.0) == (0.0, 5.0, 0.0)
    found = path.candidates(0.0, 0.0, 10.0)
    assert (found.along_m.tolist(), found.offset_m.tolist(), found.heading_deg.tolist()) == ([0.0], [5.0], [0.0])
    assert len(path.candidates(0.0, 0.0, 4.9)) == 0


def test_repeated_points_are_dropped() -> None:
    path = Path([(0.0, 0.0), (0.0, 0.0), (10.0, 0.0), (10.0, 0.0), (10.0, 10.0)])
    assert path.xy.tolist() == [[0.0, 0.0], [10.0, 0.0], [10.0, 10.0]]
    assert path.cum_m.tolist() == [0.0, 10.0, 20.0]
    assert repr(path) == "Path(3 points, 20.0 m)"


def test_a_path_cannot_be_changed() -> None:
    given_xy = np.array([(0.0, 0.0), (10.0, 0.0)])
    path = Path(given_xy)
    given_xy[:] = 99.0
    assert path.at(0.0) == (0.0, 0.0)
    with pytest.raises(ValueError, match="read-only"):
        path.xy[0, 0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        path.cum_m[0] = 1.0


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e9])
def test_coordinates_that_are_no_metres_are_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        Path([(0.0, 0.0), (bad, 1.0)])


@pytest.mark.parametrize("shape", [(0, 2), (2, 3), (4,)])
def test_arrays_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"\(n, 2\)"):
        Path(np.zeros(shape))


@pytest.mark.parametrize("point", [(math.nan, 0.0), (0.0, math.inf)])
def test_a_point_that_is_not_finite_is_refused(point: tuple[float, float]) -> None:
    for project in (
        SQUARE.project,
        lambda x, y: SQUARE.window(x, y, 0.0, 1.0),
        lambda x, y: SQUARE.candidates(x, y, 1),
    ):
        with pytest.raises(ValueError, match="finite"):
            project(*point)
