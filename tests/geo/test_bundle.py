"""Bundles against their own paths, one by one, and against shapely: loops, figures of eight, streets used twice."""

import doctest
import math

import numpy as np
import pytest
import shapely
from hypothesis import given, strategies as st

import geo.bundle
import geo.corridor
from geo.bundle import FEW_ROWS, Bundle
from geo.path import Path

SQUARE = [(0.0, 0.0), (100.0, 0.0), (100.0, 100.0), (0.0, 100.0), (0.0, 0.0)]
FIGURE_EIGHT = [(0, 0), (100, 100), (200, 0), (200, 100), (100, 0), (0, 100), (0, 0)]
OUT_AND_BACK = [(0.0, 0.0), (400.0, 0.0), (1000.0, 0.0), (400.0, 0.0), (0.0, 0.0)]
REPEATED = [(0.0, 0.0), (0.0, 0.0), (50.0, 0.0), (50.0, 0.0), (50.0, 80.0)]
PLACE = [(3.0, 4.0)]
KNOWN = (SQUARE, FIGURE_EIGHT, OUT_AND_BACK, REPEATED, PLACE)
WHOLE_M = (-math.inf, math.inf)
NEAR_M = 1e-6
"""Path and bundle add the same numbers in another order."""

coordinates = st.floats(-2_000.0, 2_000.0).map(lambda v: round(v, 1))
points = st.tuples(coordinates, coordinates)
drawn = st.lists(points, min_size=1, max_size=30)
lines = st.one_of(
    st.sampled_from(KNOWN), drawn, drawn.map(lambda out: out + out[::-1]), drawn.map(lambda o: [*o, o[0]])
)
windows = st.one_of(st.just(WHOLE_M), st.tuples(st.floats(-100.0, 5_000.0), st.floats(-100.0, 5_000.0)))
batches = st.lists(st.tuples(st.integers(0, 7), points, windows), min_size=FEW_ROWS + 1, max_size=20)
Batch = list[tuple[int, tuple[float, float], tuple[float, float]]]


def columns(paths: list[Path], batch: Batch) -> tuple[np.ndarray, ...]:
    rows = [(number % len(paths), *point, *window) for number, point, window in batch]
    number, *rest = np.array(rows).T
    return number.astype(np.intp), *rest


@given(st.lists(lines, min_size=1, max_size=6), batches)
def test_a_batch_is_its_paths_asked_one_by_one(shapes: list[list[tuple[float, float]]], batch: Batch) -> None:
    paths = [Path(xy) for xy in shapes]
    number, x, y, lo_m, hi_m = columns(paths, batch)
    found = Bundle(paths).project(number, x, y, lo_m=lo_m, hi_m=hi_m)
    assert len(found) == len(batch)
    for i, n in enumerate(number.tolist()):
        along_m, offset_m, heading_deg = paths[n].window(x[i], y[i], lo_m[i], hi_m[i])
        assert found.offset_m[i] == pytest.approx(offset_m, abs=NEAR_M)
        low_m = min(max(lo_m[i], 0.0), paths[n].length_m)
        high_m = min(max(hi_m[i], low_m), paths[n].length_m)
        assert low_m - NEAR_M <= found.along_m[i] <= high_m + NEAR_M
        assert math.dist(paths[n].at(float(found.along_m[i])), (x[i], y[i])) == pytest.approx(offset_m, abs=NEAR_M)
        if abs(found.along_m[i] - along_m) < NEAR_M:
            assert found.heading_deg[i] == pytest.approx(heading_deg)
        else:
            assert_equally_near(paths[n], (x[i], y[i]), along_m, float(found.along_m[i]))


def assert_equally_near(path: Path, point: tuple[float, float], one_m: float, other_m: float) -> None:
    assert math.dist(path.at(one_m), point) == pytest.approx(math.dist(path.at(other_m), point), abs=NEAR_M)


@given(st.lists(lines, min_size=1, max_size=6), batches)
def test_whole_paths_are_located_as_shapely_does(shapes: list[list[tuple[float, float]]], batch: Batch) -> None:
    paths = [Path(xy) for xy in shapes]
    number, x, y, _, _ = columns(paths, batch)
    found = Bundle(paths).project(number, x, y)
    geometries = [shapely.LineString(p.xy) if len(p) > 1 else shapely.Point(p.xy[0]) for p in paths]
    for i, n in enumerate(number.tolist()):
        here = shapely.Point(x[i], y[i])
        assert found.offset_m[i] == pytest.approx(shapely.distance(geometries[n], here), abs=NEAR_M)
        located_m = shapely.line_locate_point(geometries[n], here) if len(paths[n]) > 1 else 0.0
        assert_equally_near(paths[n], (x[i], y[i]), float(located_m), float(found.along_m[i]))


@given(st.lists(lines, min_size=1, max_size=6), batches, st.floats(0.0, 1_500.0))
def test_candidates_are_those_of_each_path(
    shapes: list[list[tuple[float, float]]], batch: Batch, max_offset_m: float
) -> None:
    paths = [Path(xy) for xy in shapes]
    number, x, y, _, _ = columns(paths, batch)
    found = Bundle(paths).candidates(number, x, y, max_offset_m)
    assert (np.diff(found.row) >= 0).all()
    for i, n in enumerate(number.tolist()):
        alone = paths[n].candidates(x[i], y[i], max_offset_m)
        mine = found.row == i
        assert found.along_m[mine].tolist() == alone.along_m.tolist()
        assert found.offset_m[mine].tolist() == alone.offset_m.tolist()
        assert found.heading_deg[mine].tolist() == alone.heading_deg.tolist()


@given(st.lists(lines, min_size=1, max_size=6), batches)
def test_places_along_are_those_of_each_path(shapes: list[list[tuple[float, float]]], batch: Batch) -> None:
    paths = [Path(xy) for xy in shapes]
    number, _, _, along_m, _ = columns(paths, batch)
    x, y = Bundle(paths).at(number, along_m)
    for i, n in enumerate(number.tolist()):
        assert (x[i], y[i]) == pytest.approx(paths[n].at(float(along_m[i])), abs=NEAR_M)


@pytest.mark.parametrize("rows", [0, 1, FEW_ROWS, FEW_ROWS + 1, 500])
def test_few_and_many_rows_take_different_ways_and_agree(rows: int) -> None:
    rng = np.random.default_rng(rows)
    paths = [Path(xy) for xy in KNOWN]
    number, x, y = rng.integers(0, len(paths), rows), rng.uniform(0, 100, rows), rng.uniform(0, 100, rows)
    lo_m = rng.uniform(0, 300, rows)
    found = Bundle(paths).project(number, x, y, lo_m=lo_m, hi_m=lo_m + 50.0)
    alone = [paths[n].window(x[i], y[i], lo_m[i], lo_m[i] + 50.0) for i, n in enumerate(number)]
    assert len(found) == rows
    together = np.column_stack((found.along_m, found.offset_m, found.heading_deg))
    assert together == pytest.approx(np.array(alone).reshape(-1, 3))


def test_large_batches_are_cut_and_the_cuts_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(7)
    bundle = Bundle([Path(xy) for xy in KNOWN])
    number, x, y = rng.integers(0, len(bundle), 200), rng.uniform(0, 200, 200), rng.uniform(0, 100, 200)
    whole, all_near = bundle.project(number, x, y), bundle.candidates(number, x, y, 60.0)
    for segments in (1, 6, 100):
        monkeypatch.setattr(geo.bundle, "BLOCK_SEGMENTS", segments)
        cut, near = bundle.project(number, x, y), bundle.candidates(number, x, y, 60.0)
        assert cut.along_m.tolist() == whole.along_m.tolist()
        assert cut.offset_m.tolist() == whole.offset_m.tolist()
        assert (near.row.tolist(), near.along_m.tolist()) == (all_near.row.tolist(), all_near.along_m.tolist())


@pytest.mark.parametrize("times", [1, FEW_ROWS], ids=["few rows", "many rows"])
def test_rows_with_missing_numbers_have_no_answer(times: int) -> None:
    bundle = Bundle([Path(SQUARE)])
    x = np.tile([50.0, np.nan, 50.0, -np.inf, 50.0, 50.0, 50.0], times)
    lo_m = np.tile([0.0, 0.0, np.nan, 0.0, 150.0, -np.inf, np.inf], times)
    found = bundle.project(np.zeros(7 * times, np.intp), x, 10.0, lo_m=lo_m)
    nan = np.nan
    assert found.along_m == pytest.approx(np.tile([50.0, nan, nan, nan, 390.0, 50.0, 400.0], times), nan_ok=True)
    assert np.isnan(found.offset_m).tolist() == np.isnan(found.along_m).tolist()
    assert np.isnan(found.heading_deg).tolist() == np.isnan(found.along_m).tolist()


def test_candidates_of_a_missing_place_are_none() -> None:
    found = Bundle([Path(SQUARE)]).candidates([0, 0, 0], [np.inf, np.nan, 50.0], 10.0, 20.0)
    assert found.row.tolist() == [2]


def test_nowhere_along_a_path_is_nowhere() -> None:
    x, y = Bundle([Path(SQUARE)]).at([0, 0, 0], [np.nan, -np.inf, np.inf])
    assert x.tolist() == pytest.approx([np.nan, 0.0, 0.0], nan_ok=True)
    assert y.tolist() == pytest.approx([np.nan, 0.0, 0.0], nan_ok=True)


def test_one_place_can_be_asked_of_several_paths() -> None:
    bundle = Bundle([Path(SQUARE), Path(OUT_AND_BACK)])
    assert len(bundle) == 2
    near = bundle.candidates([0, 1], 50.0, 10.0, 40.0)
    assert near.row.tolist() == [0, 1, 1]
    assert len(near) == 3
    assert near.along_m.tolist() == pytest.approx([50.0, 50.0, 1950.0])


def test_each_row_has_its_own_radius() -> None:
    near = Bundle([Path(SQUARE)]).candidates([0, 0, 0], [50.0] * 3, 30.0, [20.0, 40.0, 75.0])
    assert near.row.tolist() == [1, 2, 2, 2, 2]
    assert near.offset_m.tolist() == pytest.approx([30.0, 30.0, 50.0, 50.0, 70.0])


def test_both_passes_of_an_out_and_back_street_are_told_apart_by_windows() -> None:
    found = Bundle([Path(OUT_AND_BACK)]).project([0] * 6, 300.0, 5.0, lo_m=[0, 0, 0, 1100, 1500, 1900], hi_m=2000.0)
    assert found.along_m.tolist() == pytest.approx([300.0] * 3 + [1700.0] * 2 + [1900.0])
    assert found.heading_deg.tolist() == pytest.approx([90.0] * 3 + [270.0] * 3)


def test_a_bundle_without_paths_answers_no_question_at_all() -> None:
    bundle = Bundle([])
    assert len(bundle.project([], [], [])) == len(bundle.candidates([], [], [], 10.0)) == len(bundle.at([], [])[0]) == 0
    with pytest.raises(ValueError, match="bundle's 0 "):
        bundle.project([0], 1.0, 1.0)


@pytest.mark.parametrize("number", [[-1], [1], [0] * 9 + [7]])
def test_numbers_that_name_no_path_are_refused(number: list[int]) -> None:
    bundle = Bundle([Path(SQUARE)])
    for ask in (
        lambda: bundle.project(number, 0, 0),
        lambda: bundle.candidates(number, 0, 0, 9),
        lambda: bundle.at(number, 0),
    ):
        with pytest.raises(ValueError, match="not among the bundle's 1 "):
            ask()


def test_arguments_of_other_lengths_are_refused() -> None:
    bundle = Bundle([Path(SQUARE)])
    with pytest.raises(ValueError, match="a batch of 2 paths needs 2 numbers"):
        bundle.project([0, 0], [1.0, 2.0, 3.0], 0.0)
    with pytest.raises(ValueError, match=r"shape \(1, 1\)"):
        bundle.at([[0]], 1.0)


@pytest.mark.parametrize("module", [geo.bundle, geo.corridor], ids=lambda module: module.__name__)
def test_examples_in_the_documentation_hold(module: object) -> None:
    failed, tried = doctest.testmod(module)  # type: ignore[arg-type]
    assert (failed, tried > 0) == (0, True)
