"""The corridor index against every path asked one by one."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from geo.corridor import PIECE_SEGMENTS, Corridor
from geo.path import Path


@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.floats(0.0, 800.0))
def test_near_is_what_projection_finds(seed: int, count: int, radius_m: float) -> None:
    rng = np.random.default_rng(seed)
    points = rng.choice([1, 2, 5, PIECE_SEGMENTS + 1, PIECE_SEGMENTS + 2, 3 * PIECE_SEGMENTS], count)
    paths = [Path(rng.uniform(-1000.0, 1000.0, (n, 2))) for n in points]
    x, y = rng.uniform(-1000.0, 1000.0, 2).tolist()
    near = Corridor(paths).near(x, y, radius_m)
    offsets = {i: path.project(x, y)[1] for i, path in enumerate(paths)}
    assert set(near.index.tolist()) == {i for i, offset_m in offsets.items() if offset_m <= radius_m}
    assert np.allclose(near.offset_m, [offsets[i] for i in near.index.tolist()])
    assert (np.diff(near.offset_m) >= 0.0).all()


def test_many_places_are_answered_in_their_order() -> None:
    corridor = Corridor([Path([(0.0, 0.0), (100.0, 0.0)]), Path([(0.0, 20.0), (0.0, 90.0)])])
    x, y = np.array([2.0, np.nan, 50.0, 900.0, 5.0, np.inf]), np.array([21.0, 0.0, 3.0, 0.0, 15.0, 0.0])
    near = corridor.near(x, y, 30.0)
    assert near.place.tolist() == [0, 0, 2, 4, 4]
    assert near.index.tolist() == [1, 0, 0, 1, 0]
    assert near.offset_m.tolist() == [2.0, 21.0, 3.0, np.hypot(5.0, 5.0), 15.0]
    assert corridor.near(2.0, 21.0, 30.0).place.tolist() == [0, 0]


def test_a_long_path_is_near_all_along_and_told_once() -> None:
    points = 2 * PIECE_SEGMENTS + 2
    street = Path([(10.0 * i, 0.0) for i in range(points)])
    corridor = Corridor([Path([(0.0, 9.0)]), street])
    x = np.linspace(0.0, street.length_m, 40 * points + 1)
    near = corridor.near(x, np.full(len(x), 3.0), 4.0)
    assert near.place.tolist() == list(range(len(x)))
    assert set(near.index.tolist()) == {1}
    assert near.offset_m == pytest.approx(3.0)
    assert corridor.near(0.0, 3.0, 1000.0).index.tolist() == [1, 0]


def test_equally_near_paths_come_in_their_own_order() -> None:
    street = Path([(0.0, 0.0), (100.0, 0.0)])
    near = Corridor([street, Path([(0.0, 500.0)]), street]).near(50.0, 10.0, 20.0)
    assert (near.index.tolist(), near.offset_m.tolist(), len(near)) == ([0, 2], [10.0, 10.0], 2)


def test_without_paths_nothing_is_near() -> None:
    assert len(Corridor([]).near(0.0, 0.0, 1e6)) == 0
