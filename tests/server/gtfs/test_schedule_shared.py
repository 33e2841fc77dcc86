"""Real feeds of eight countries: counts, known faults, and stops against shapely and the feeds' own distances."""

import csv
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import shapely

from server.core.model import BlockId, TripId
from server.core.network import Network
from server.gtfs.schedule import Schedule, read_schedule

pytestmark = pytest.mark.shared

FEEDS = {
    "austin_capmetro_2015/gtfs_assembled.zip": (25, 47, 1297, 644, 13),
    "gtfs_jp_2019/kitaena.zip": (44, 44, 295, 312, 0),
    "gtfs_jp_2019/nagai_gunma.zip": (3, 3, 13, 26, 0),
    "gtfs_jp_2019/nanto.zip": (74, 74, 277, 128, 0),
    "gtfs_jp_2019/nara.zip": (21, 21, 51, 474, 0),
    "gtfs_jp_2019/owariasahi.zip": (4, 5, 160, 56, 0),
    "gtfs_jp_2019/tonami.zip": (22, 22, 218, 43, 11),
    "gtfs_jp_2019/toyama_maidohaya.zip": (2, 2, 56, 62, 1),
    "gtfs_jp_2019/toyama_yamada.zip": (10, 10, 34, 25, 0),
    "gtfs_jp_2019/uozu.zip": (69, 75, 300, 174, 0),
    "gtfs_rt_conformance/gtfs/bullrunner-gtfs.zip": (6, 6, 125, 15, 0),
    "gtfs_static/cairns.zip": (22, 54, 416, 1339, 5),
    "gtfs_static/raba_redding.zip": (13, 28, 375, 282, 0),
    "gtfs_static/transcollines_faresv2.zip": (8, 20, 424, 58, 0),
    "gtfs_static/usf_bullrunner.zip": (6, 6, 125, 15, 0),
    "mta_bus_labelled/b63_2010/gtfs.zip": (1, 6, 114, 735, 0),
    "mta_bus_labelled/m20_2016/gtfs.zip": (1, 3, 84, 234, 0),
    "stib_tram55_2025/gtfs.zip": (1, 10, 40, 1615, 0),
    "wmata_avl_2016/gtfs_5A.zip": (1, 2, 7, 372, 0),
    "wmata_avl_2016/gtfs_S2.zip": (1, 11, 124, 1267, 0),
    "wmata_bus_2026/gtfs.zip": (1, 5, 114, 1907, 0),
}
"""Routes, patterns, stops, trips, problems: rows counted apart from the importer, problems looked at one by one."""

_schedules: dict[Path, Schedule] = {}


def schedule_of(shared_dir: Path, name: str) -> Schedule:
    path = shared_dir / "data" / name
    if path not in _schedules:
        _schedules[path] = read_schedule(path)
    return _schedules[path]


def network_of(shared_dir: Path, name: str) -> Network:
    return Network(schedule_of(shared_dir, name).columns)


@pytest.mark.parametrize("name", FEEDS)
def test_counts(shared_dir: Path, name: str) -> None:
    schedule = schedule_of(shared_dir, name)
    network = Network(schedule.columns)
    counts = (len(network.routes), network.pattern_count, len(network.stops), network.trip_count)
    assert (*counts, len(schedule.problems)) == FEEDS[name]
    with zipfile.ZipFile(shared_dir / "data" / name) as feed:
        lines = sum(1 for line in feed.read("stop_times.txt").splitlines() if line.strip())
    assert schedule.rows["stop_times.txt"] == lines - 1
    assert len(schedule.columns.visit_stop) <= lines


@pytest.mark.parametrize("name", FEEDS)
def test_every_stop_lies_on_its_path_in_order(shared_dir: Path, name: str) -> None:
    """Against shapely: as near as the nearest place of the shape, but where order or the side of the street forbids."""
    network = network_of(shared_dir, name)
    farther, visits = 0, 0
    for index in range(network.pattern_count):
        pattern = network.pattern(index)
        stops = [network.stops[visit.stop_id] for visit in pattern.visits]
        x, y = network.frame.to_xy(np.array([s.lat for s in stops]), np.array([s.lon for s in stops]))
        at_x, at_y = pattern.path.at(pattern.visit_along_m)
        nearest_m = shapely.distance(shapely.LineString(pattern.path.xy), shapely.points(x, y))
        off_m = np.hypot(at_x - x, at_y - y)
        assert (np.diff(pattern.visit_along_m) >= 0.0).all()
        assert (off_m >= nearest_m - 1e-6).all()
        farther += int((off_m > nearest_m + 10.0).sum())
        visits += len(off_m)
    assert farther <= 0.01 * visits + 3


def table(shared_dir: Path, name: str, file: str) -> list[dict[str, str]]:
    """A file of a feed, read without the importer."""
    with zipfile.ZipFile(shared_dir / "data" / name) as feed, feed.open(file) as raw:
        return list(csv.DictReader(io.TextIOWrapper(raw, "utf-8-sig")))


def told_along_m(shared_dir: Path, name: str, network: Network) -> dict[str, list[float]]:
    """Where the feed's own `shape_dist_traveled` puts the stops of each trip, in our metres."""
    points: dict[str, list[tuple[int, float, float, float]]] = {}
    for row in table(shared_dir, name, "shapes.txt"):
        x, y = network.frame.to_xy(float(row["shape_pt_lat"]), float(row["shape_pt_lon"]))
        points.setdefault(row["shape_id"], []).append(
            (int(row["shape_pt_sequence"]), x, y, float(row["shape_dist_traveled"]))
        )
    lines = {}
    for shape_id, rows in points.items():
        _, x, y, dist = np.array(sorted(rows)).T
        lines[shape_id] = dist, np.concatenate(([0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))))
    shape_of = {row["trip_id"]: row["shape_id"] for row in table(shared_dir, name, "trips.txt")}
    told: dict[str, list[tuple[int, float]]] = {}
    for row in table(shared_dir, name, "stop_times.txt"):
        along_m = np.interp(float(row["shape_dist_traveled"]), *lines[shape_of[row["trip_id"]]])
        told.setdefault(row["trip_id"], []).append((int(row["stop_sequence"]), float(along_m)))
    return {trip_id: [along_m for _, along_m in sorted(calls)] for trip_id, calls in told.items()}


@pytest.mark.parametrize(
    ("name", "share"), [("gtfs_static/raba_redding.zip", 1.0), ("gtfs_static/transcollines_faresv2.zip", 0.993)]
)
def test_the_feeds_own_distances_agree_within_50_m(shared_dir: Path, name: str, share: float) -> None:
    """In the second feed six stops are told 50 to 300 m from the only place where their shape passes them."""
    network = network_of(shared_dir, name)
    told = told_along_m(shared_dir, name, network)
    away_m = np.concatenate(
        [
            np.abs(np.array(told[network.trips_of_pattern(index)[0]]) - network.pattern(index).visit_along_m)
            for index in range(network.pattern_count)
        ]
    )
    assert (away_m < 50.0).mean() >= share
    assert np.median(away_m) < 2.0


def test_a_shape_drawn_backwards_and_a_stop_off_its_shape_are_listed(shared_dir: Path) -> None:
    problems = schedule_of(shared_dir, "gtfs_jp_2019/tonami.zip").problems.kept
    assert {p.values["value"] for p in problems if p.code == "backward_shape"} == {"0402", "0502", "0902", "1001"}
    off_m = {(p.values["value"], p.values["shape"]): p.values["offset_m"] for p in problems if p.code == "stray_stop"}
    assert off_m["109_01", "0901"] == 239


def test_blocks_and_headways_of_real_feeds(shared_dir: Path) -> None:
    wmata = network_of(shared_dir, "wmata_avl_2016/gtfs_S2.zip")
    block = wmata.trips_of_block(BlockId("NS-26"))
    trips = [trip for trip in map(wmata.trip, block) if trip is not None]
    assert len(trips) == len(block) > 1
    assert [int(t.arrivals_s[0]) for t in trips] == sorted(int(t.arrivals_s[0]) for t in trips)
    bullrunner = network_of(shared_dir, "gtfs_static/usf_bullrunner.zip")
    first = bullrunner.trip(TripId("1"))
    assert first is not None
    assert [(h.start_s, h.end_s, h.every_s, h.exact) for h in first.headways] == [(25_200, 86_400, 600, False)]


def test_japanese_names_are_found_in_every_script(shared_dir: Path) -> None:
    nanto = network_of(shared_dir, "gtfs_jp_2019/nanto.zip")
    for text in ("JA南山見支店", "みなみやまみ", "minamiyamami"):
        assert "JA南山見支店" in {stop.name for stop in nanto.search_stops(text, 20)}
