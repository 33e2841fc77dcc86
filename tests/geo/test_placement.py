"""Stops along paths: peers' published cases, brute force, and the topologies that fool the nearest point."""

import itertools
import json
from pathlib import Path as File

import numpy as np
import pytest
from hypothesis import given, strategies as st

from geo.frame import Frame
from geo.path import Path
from geo.placement import BUS_M, ONE_PLACE_M2, place_stops, side_of

EARTH_MODEL = 0.005
"""Peers measure on a sphere, we on the ellipsoid: half a per cent between them."""
STREET = Path([(0.0, 0.0), (1000.0, 0.0)])
OUT_AND_BACK = Path([(0.0, 0.0), (1000.0, 0.0), (0.0, 0.0)])
SQUARE = Path([(0.0, 0.0), (100.0, 0.0), (100.0, 100.0), (0.0, 100.0), (0.0, 0.0)])
LOLLIPOP = Path([(0, 0), (500, 0), (500, 200), (700, 200), (700, 0), (500, 0), (0, 0)])
EIGHT = Path([(0, 0), (100, 100), (200, 0), (200, 100), (100, 0), (0, 100), (0, 0)])


def offsets(path: Path, along_m: np.ndarray, stops: object) -> np.ndarray:
    x, y = path.at(along_m)
    off = np.column_stack((x, y)) - np.asarray(stops)
    result: np.ndarray = np.hypot(off[:, 0], off[:, 1])
    return result


@pytest.mark.shared
@pytest.mark.parametrize("case", ["02", "03"])
def test_onebusaways_own_cases(shared_dir: File, case: str) -> None:
    folder = shared_dir / "data" / "oba_stop_to_shape"
    shape = np.loadtxt(folder / f"shapes-{case}.txt")
    stops = np.loadtxt(folder / f"stops-{case}.txt", usecols=(1, 2))
    expected = json.loads((folder / "expected.json").read_text())["cases"][case]["distance_m"]
    frame = Frame(*shape[0].tolist())
    path = Path(np.column_stack(frame.to_xy(*shape.T)))
    along_m = place_stops(path, np.column_stack(frame.to_xy(*stops.T)))
    for row, distance_m in expected.items():
        assert along_m[int(row)] == pytest.approx(distance_m, rel=EARTH_MODEL, abs=0.1)


@pytest.fixture(scope="module")
def zurich(shared_dir: File) -> tuple[Path, Frame, dict[str, dict[str, object]]]:
    vectors = json.loads((shared_dir / "data" / "peer_vectors" / "mobilitydata_stop_to_shape.json").read_text())
    shape = np.array(vectors["shape"])
    frame = Frame(*shape[0].tolist())
    return Path(np.column_stack(frame.to_xy(*shape.T))), frame, vectors["cases"]


Zurich = tuple[Path, Frame, dict[str, dict[str, list[list[float]]]]]


@pytest.mark.shared
def test_mobilitydatas_figure_of_eight(zurich: Zurich) -> None:
    path, frame, cases = zurich
    stops = np.column_stack(frame.to_xy(*np.array(cases["geo_normal"]["stops"]).T))
    along_m = place_stops(path, stops)
    expected = np.array(cases["geo_normal"]["expected"])
    assert along_m == pytest.approx(expected[:, 1], rel=EARTH_MODEL, abs=0.1)
    assert offsets(path, along_m, stops) == pytest.approx(expected[:, 2], abs=0.2)


@pytest.mark.shared
def test_mobilitydatas_stops_out_of_order_end_up_off_the_path(zurich: Zurich) -> None:
    path, frame, cases = zurich
    stops = np.column_stack(frame.to_xy(*np.array(cases["geo_out_of_order"]["stops"]).T))
    along_m = place_stops(path, stops)
    assert (np.diff(along_m) >= 0.0).all()
    assert offsets(path, along_m, stops).max() > float(cases["geo_out_of_order"]["max_offset_m"])  # type: ignore[arg-type]


@pytest.mark.shared
def test_mobilitydatas_hints_choose_the_pass_but_do_not_move_the_stop(zurich: Zurich) -> None:
    """The peer puts a stop where `shape_dist_traveled` says, 27 m off; we take its segment and the nearest place on it."""
    path, frame, cases = zurich
    case = cases["user_dist_full"]
    stops = np.column_stack(frame.to_xy(*np.array(case["stops"]).T))
    hint_m = np.interp(case["stop_shape_dist"], np.arange(len(path)), path.cum_m)
    along_m = place_stops(path, stops, hint_m=hint_m)
    expected = np.array(case["expected"])
    assert (np.searchsorted(path.cum_m, along_m) - 1).tolist() == expected[:, 0].tolist()
    assert (offsets(path, along_m, stops) <= expected[:, 2]).all()


@pytest.mark.parametrize(
    ("path", "stops", "along_m"),
    [
        pytest.param(SQUARE, [(0, 0), (100, 50), (0, 0)], [0, 150, 400], id="loop begins and ends at one stop"),
        pytest.param(SQUARE, [(0, 0), (0, 0)], [0, 400], id="loop of two calls at one stop"),
        pytest.param(SQUARE, [(2, -1), (1, -1), (50, 101), (-1, 1)], [1.5, 1.5, 250, 399], id="poles out of order"),
        pytest.param(OUT_AND_BACK, [(200, 0), (1000, 0), (200, 0)], [200, 1000, 1800], id="out and back"),
        pytest.param(OUT_AND_BACK, [(800, 0), (800, 0)], [800, 1200], id="the same stop on the way back"),
        pytest.param(LOLLIPOP, [(100, 0), (600, 200), (100, 0)], [100, 800, 1700], id="lollipop"),
        pytest.param(EIGHT, [(50, 50), (200, 50), (150, 50), (50, 50)], None, id="figure of eight"),
        pytest.param(STREET, [(100, 3), (100, 3), (500, -4), (500, -4)], [100, 100, 500, 500], id="repeated stops"),
        pytest.param(STREET, [(-50, 0), (1200, 0)], [0, 1000], id="beyond both ends"),
        pytest.param(Path([(5, 5)]), [(0, 0), (9, 9)], [0, 0], id="a path of one point"),
        pytest.param(STREET, np.empty((0, 2)), [], id="no stops"),
        pytest.param(STREET, [(300, 10)], [300], id="one stop"),
    ],
)
def test_topologies(path: Path, stops: object, along_m: list[float] | None) -> None:
    placed = place_stops(path, stops)  # type: ignore[arg-type]
    assert (np.diff(placed) >= 0.0).all()
    if along_m is None:
        assert offsets(path, placed, stops).max() < 1e-6
        assert (np.diff(placed) > 0.0).all()
    else:
        assert placed.tolist() == pytest.approx(along_m, abs=0.01)


def test_a_stop_that_the_shape_leaves_out_on_its_pass_does_not_drag_its_neighbours() -> None:
    """The third stop lies on the way back only; the others keep their places and it alone is off the path."""
    path = Path([(0, 0), (3000, 0), (3000, 1500), (0, 1500)])
    stops = [(500, 0), (1000, 0), (1500, 1500), (2000, 0), (2500, 0)]
    placed = place_stops(path, stops)
    assert placed[[0, 1, 3, 4]].tolist() == pytest.approx([500, 1000, 2000, 2500])
    assert 1000 <= placed[2] <= 2000


def test_stops_on_the_kerb_tell_the_two_sides_of_a_street_apart() -> None:
    """Two poles across the road at the turning end: the line is the same, the doors are on one side only."""
    stops = [(100, -6), (900, -6), (905, 6), (100, 6)]
    assert place_stops(OUT_AND_BACK, stops, doors_on=1).tolist() == pytest.approx([100, 900, 1095, 1900])
    left = [(x, -y) for x, y in stops]
    assert place_stops(OUT_AND_BACK, left, doors_on=-1).tolist() == pytest.approx([100, 900, 1095, 1900])


@pytest.mark.parametrize(
    ("path", "stops", "along_m"),
    [
        pytest.param(OUT_AND_BACK, [200, 800, 800, 200], [200, 800, 1200, 1800], id="the bus comes back to the stop"),
        pytest.param(OUT_AND_BACK, [200, 800, 803, 200], [200, 800, 1197, 1800], id="the pole for the way back"),
        pytest.param(OUT_AND_BACK, [800, 800, 950, 200], [800, 800, 950, 1800], id="not with a stop in between"),
        pytest.param(OUT_AND_BACK, [200, 990, 990, 200], [200, 990, 1010, 1800], id="close to the turn"),
        pytest.param(STREET, [200, 300, 302, 302], [200, 300, 302, 302], id="bays on the only pass"),
    ],
)
def test_two_calls_in_a_row_at_one_place_are_on_two_passes_where_there_are_two(
    path: Path, stops: list[float], along_m: list[float]
) -> None:
    places = [(x, 0.0) for x in stops]
    assert place_stops(path, places).tolist() == pytest.approx(along_m)
    assert place_stops(path, [(x, -6.0) for x in stops], doors_on=1).tolist() == pytest.approx(along_m)


def test_two_calls_in_a_row_are_told_apart_on_two_carriageways() -> None:
    """The pole is 3 m from one line and 5 m from the other; 20 m away the other line would be another street."""
    for apart_m, along_m in ((8.0, [800.0, 1208.0]), (20.0, [800.0, 800.0])):
        path = Path([(0, 0), (1000, 0), (1000, apart_m), (0, apart_m)])
        assert place_stops(path, [(800, 3), (800, 3)]).tolist() == pytest.approx(along_m)


def test_repeated_rows_at_a_crossing_stay_together_when_a_stop_lies_between_the_passes() -> None:
    first, second, between, last = place_stops(EIGHT, [(150, 50), (150, 50), (200, 50), (150, 50)]).tolist()
    assert first == second < between < last


def test_hints_choose_between_two_passes() -> None:
    stops = [(100, 0), (900, 0), (950, 0)]
    assert place_stops(OUT_AND_BACK, stops, hint_m=[100, 900, 1050]).tolist() == pytest.approx([100, 900, 1050])
    unknown = [np.nan, np.nan, 1050]
    assert place_stops(OUT_AND_BACK, stops, hint_m=unknown).tolist() == pytest.approx([100, 900, 1050])


def test_a_wrong_hint_does_not_move_a_stop() -> None:
    assert place_stops(STREET, [(100, 0), (900, 0)], hint_m=[700, 710]).tolist() == pytest.approx([100, 900])


def test_as_many_hints_as_stops_are_needed() -> None:
    with pytest.raises(ValueError, match="1 hints for 2 stops"):
        place_stops(STREET, [(0, 0), (1, 1)], hint_m=[5])


def test_a_stop_without_a_place_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        place_stops(STREET, [(0, 0), (np.nan, 1)])


def test_sides_are_seen_in_the_direction_of_travel() -> None:
    along_m = np.array([500.0, 500.0, 500.0])
    assert side_of(STREET, along_m, np.full(3, 500.0), np.array([-5.0, 5.0, 0.5])).tolist() == [1, -1, 0]


@given(st.integers(0, 2**32 - 1))
def test_no_choice_in_order_is_nearer(seed: int) -> None:
    """Brute force over every combination of approaches that is in order."""
    rng = np.random.default_rng(seed)
    path = Path(rng.uniform(0.0, 300.0, (int(rng.integers(2, 7)), 2)))
    count = int(rng.integers(1, 5))
    true_m = np.sort(rng.uniform(0.0, path.length_m, count))
    stops = np.column_stack(path.at(true_m)) + rng.normal(0.0, 2.0, (count, 2))
    placed = place_stops(path, stops)
    assert (np.diff(placed) >= 0.0).all()
    assert (placed >= 0.0).all()
    assert (placed <= path.length_m).all()
    approaches = [path.candidates(x, y, 1000.0) for x, y in stops.tolist()]
    costs = [
        sum(float(approach.offset_m[i]) ** 2 for approach, i in zip(approaches, choice, strict=True))
        + crowding_m2(np.array([a.along_m[i] for a, i in zip(approaches, choice, strict=True)]))
        for choice in itertools.product(*(range(len(approach)) for approach in approaches))
        if (np.diff([a.along_m[i] for a, i in zip(approaches, choice, strict=True)]) >= 0.0).all()
    ]
    if costs:
        cost_m2 = float((offsets(path, placed, stops) ** 2).sum()) + crowding_m2(placed)
        assert cost_m2 <= min(costs) + 30.0 * count


def crowding_m2(along_m: np.ndarray) -> float:
    return float((ONE_PLACE_M2 * (1.0 - np.minimum(np.diff(along_m) / BUS_M, 1.0)) ** 2).sum())
