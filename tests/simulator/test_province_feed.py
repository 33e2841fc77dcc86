"""A generated province of any size has the asked-for totals; a small one stands for the large in ordinary tests."""

import csv
import io
import zipfile
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from server.core.network import Network
from server.gtfs.schedule import read_schedule
from simulator.networks import province
from simulator.networks.province import Size
from simulator.networks.province_map import ProvinceMap
from simulator.networks.province_routes import KINDS, Kind, RoutePlanner, without_spurs

SMALL = Size(routes=80, stops=1_600, buses=330)


@pytest.fixture(scope="module")
def small_zip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("province") / "province.zip"
    province.write_feed(path, seed=7, size=SMALL)
    return path


@pytest.fixture(scope="module")
def small(small_zip: Path) -> Network:
    schedule = read_schedule(small_zip)
    assert not schedule.problems.counts
    return Network(schedule.columns)


def in_service(path: Path, at_s: int) -> int:
    """Blocks under way at a time of day, from the feed's own text."""

    def seconds(text: str) -> int:
        hours, minutes, rest = text.split(":")
        return int(hours) * 3600 + int(minutes) * 60 + int(rest)

    spans: dict[str, list[int]] = defaultdict(list)
    with zipfile.ZipFile(path) as feed:
        blocks = {r["trip_id"]: r["block_id"] for r in csv.DictReader(io.TextIOWrapper(feed.open("trips.txt")))}
        for row in csv.DictReader(io.TextIOWrapper(feed.open("stop_times.txt"))):
            spans[blocks[row["trip_id"]]].append(seconds(row["arrival_time"]))
    return sum(min(times) <= at_s <= max(times) for times in spans.values())


def test_totals_are_as_asked(small_zip: Path, small: Network) -> None:
    assert (len(small.routes), len(small.stops)) == (SMALL.routes, SMALL.stops)
    assert in_service(small_zip, 8 * 3600) == SMALL.buses
    assert in_service(small_zip, 13 * 3600) < SMALL.buses


def test_full_size_is_that_of_the_province() -> None:
    assert Size() == Size(routes=2_019, stops=22_368, buses=10_300)


def test_same_seed_same_bytes(small_zip: Path, tmp_path: Path) -> None:
    province.write_feed(tmp_path / "again.zip", seed=7, size=SMALL)
    assert (tmp_path / "again.zip").read_bytes() == small_zip.read_bytes()
    province.write_feed(tmp_path / "other.zip", seed=8, size=SMALL)
    assert (tmp_path / "other.zip").read_bytes() != small_zip.read_bytes()


def test_lengths_are_those_of_the_kinds() -> None:
    rng = np.random.default_rng(1)
    routes = RoutePlanner(rng, ProvinceMap(rng, 4_000)).plan(200)
    for kind, rule in KINDS.items():
        lengths_m = np.array([route.ways[0].along_m[-1] for route in routes if route.kind is kind])
        low_m, high_m = rule.length_m
        inside = (lengths_m > 0.9 * low_m) & (lengths_m < 1.1 * high_m)
        assert inside.mean() > 0.9, kind
    assert any(route.loop for route in routes)
    assert set(Kind) == {route.kind for route in routes}


def test_corridors_are_shared_and_nearly_every_stop_is_served(small: Network) -> None:
    routes_at: dict[str, set[str]] = defaultdict(set)
    for index in range(small.pattern_count):
        pattern = small.pattern(index)
        for visit in pattern.visits:
            routes_at[visit.stop_id].add(pattern.route_id)
    assert len(routes_at) > 0.9 * SMALL.stops
    assert np.mean([len(routes) for routes in routes_at.values()]) > 2


def test_stops_lie_on_their_paths_in_order(small: Network) -> None:
    for index in range(small.pattern_count):
        pattern = small.pattern(index)
        assert (np.diff(pattern.visit_along_m) > 50.0).all(), pattern.pattern_id


def test_a_size_that_cannot_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="an even number of at least 80 stops"):
        province.write_feed(tmp_path / "no.zip", size=Size(routes=10, stops=81, buses=20))
    assert not list(tmp_path.iterdir())


def test_spurs_are_cut() -> None:
    assert without_spurs([1, 2, 3, 2, 5], closed=False) == [1, 2, 5]
    assert without_spurs([1, 1, 2, 3], closed=False) == [1, 2, 3]
    assert without_spurs([9, 1, 2, 3, 4, 1, 9], closed=True) == [1, 2, 3, 4, 1]
