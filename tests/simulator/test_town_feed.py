"""The bundled town has everything that the rules must cope with, and is a feed without a problem."""

import csv
import io
import itertools
import json
import zipfile
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest

from server.core.model import BlockId, RouteId, StopId
from server.core.network import Network, Pattern
from server.gtfs.schedule import Schedule
from simulator.networks import town
from simulator.networks.town_map import TOWN_FILE, VEHICLES_FILE, load_town


def rows(path: Path, name: str) -> list[dict[str, str]]:
    with zipfile.ZipFile(path) as feed, feed.open(name) as member:
        return list(csv.DictReader(io.TextIOWrapper(member, encoding="utf-8")))


def patterns(network: Network, route: str) -> list[Pattern]:
    return [network.pattern(index) for index in network.patterns_of_route(RouteId(route))]


def stops_of(pattern: Pattern) -> list[StopId]:
    return [visit.stop_id for visit in pattern.visits]


def test_import_finds_nothing_to_complain_about(town_schedule: Schedule) -> None:
    assert not town_schedule.problems.counts
    assert town_schedule.rows["routes.txt"] == 8


def test_the_same_bytes_every_time(town_zip: Path, tmp_path: Path) -> None:
    town.write_feed(tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == town_zip.read_bytes()


def test_three_express_lines_with_thirty_buses(town_zip: Path) -> None:
    blocks = {trip["block_id"] for trip in rows(town_zip, "trips.txt") if trip["route_id"].startswith("G")}
    assert Counter(block.split("-")[0] for block in blocks) == {"G1300": 10, "G6000": 10, "G6100": 10}


def test_loop_begins_and_ends_at_one_stop_in_both_directions(town_network: Network) -> None:
    loops = patterns(town_network, "7")
    assert sorted(p.direction_id or 0 for p in loops) == [0, 1]
    for loop in loops:
        stops = stops_of(loop)
        assert stops[0] == stops[-1]
        assert len(set(stops)) == len(stops) - 1
        assert loop.visits[0].along_m < 10.0 < loop.path.length_m - 10.0 < loop.visits[-1].along_m


def test_lollipop_runs_its_stem_twice_in_one_trip(town_network: Network) -> None:
    (lollipop,) = patterns(town_network, "15")
    middle = lollipop.path.length_m / 2
    stem = [v for v in lollipop.visits if v.along_m < 6_000.0]
    for visit in stem[1:]:
        x, y = lollipop.path.at(visit.along_m)
        passes = lollipop.path.candidates(x, y, 5.0).along_m
        assert len(passes) == 2
        assert passes.min() < middle < passes.max()
    names = [town_network.stops[v.stop_id].name for v in lollipop.visits]
    assert names[0] == names[-1] == "남역"


def test_village_line_has_both_directions_on_one_street(town_network: Network) -> None:
    out, back = patterns(town_network, "M3")
    assert {out.direction_id, back.direction_id} == {0, 1}
    assert np.allclose(out.path.xy, back.path.xy[::-1], atol=0.5)
    assert not set(stops_of(out)[:-1]) & set(stops_of(back)[1:])
    assert stops_of(out)[-1] == stops_of(back)[0]


def test_branch_and_short_turn_share_their_trunk(town_network: Network) -> None:
    outbound = [p for p in patterns(town_network, "62") if p.direction_id == 0]
    by_length = sorted(outbound, key=lambda p: len(p.visits))
    short, hill, pine = (stops_of(p) for p in by_length)
    assert hill[: len(short)] == pine[: len(short)] == short
    assert not set(hill[len(short) :]) & set(pine[len(short) :])


def test_stops_of_one_name_face_each_other_across_a_road(town_network: Network) -> None:
    by_name = defaultdict(list)
    for stop in town_network.stops.values():
        by_name[stop.name].append(stop)
    frame = town_network.frame
    pairs = 0
    for stops in by_name.values():
        points = [frame.to_xy(stop.lat, stop.lon) for stop in stops]
        near = [np.hypot(a[0] - b[0], a[1] - b[1]) for i, a in enumerate(points) for b in points[:i]]
        pairs += any(10.0 < distance < 20.0 for distance in near)
    assert pairs > 80


def test_stops_are_on_the_right_hand_side(town_network: Network) -> None:
    for index in range(town_network.pattern_count):
        pattern = town_network.pattern(index)
        for visit in pattern.visits[1:-1]:
            stop = town_network.stops[visit.stop_id]
            x, y = town_network.frame.to_xy(stop.lat, stop.lon)
            px, py = pattern.path.at(visit.along_m)
            heading = np.radians(pattern.path.heading_deg(visit.along_m))
            right_m = (x - px) * np.cos(heading) - (y - py) * np.sin(heading)
            assert right_m > 3.0, (pattern.pattern_id, visit)


def test_names_in_two_languages_and_stop_codes(town_network: Network) -> None:
    hospital = town_network.search_stops("03-127", 1)[0]
    assert (hospital.name, hospital.names["en"]) == ("수래의료원", "Surae Hospital")
    assert all("en" in stop.names for stop in town_network.stops.values())
    codes = [stop.code for stop in town_network.stops.values()]
    assert len(set(codes)) == len(codes)


def test_trips_run_past_midnight_and_never_stop(town_zip: Path, town_network: Network) -> None:
    times = [row["arrival_time"] for row in rows(town_zip, "stop_times.txt")]
    assert min(times) == "04:00:00"
    assert any(time.startswith("27:4") for time in times)
    starts = sorted(
        trip.departures_s[0] % 86_400
        for index in range(town_network.pattern_count)
        for trip_id in town_network.trips_of_pattern(index)
        if (trip := town_network.trip(trip_id)) is not None
    )
    gaps = np.diff([*starts, starts[0] + 86_400])
    assert gaps.max() < 10 * 60


def test_a_blocks_trips_do_not_overlap_even_into_the_next_day(town_network: Network, town_zip: Path) -> None:
    for block in {trip["block_id"] for trip in rows(town_zip, "trips.txt")}:
        trips = [town_network.trip(trip_id) for trip_id in town_network.trips_of_block(BlockId(block))]
        times = [(int(trip.departures_s[0]), int(trip.arrivals_s[-1])) for trip in trips if trip is not None]
        assert all(end < start for (_, end), (start, _) in itertools.pairwise(times))
        assert times[-1][1] <= times[0][0] + 86_400


def test_nobody_boards_at_the_last_stop(town_network: Network) -> None:
    for index in range(town_network.pattern_count):
        visits = town_network.pattern(index).visits
        assert (visits[-1].pickup_type, visits[0].drop_off_type) == (1, 1)
        assert {visit.pickup_type for visit in visits[:-1]} == {0}


def test_every_block_has_a_vehicle_in_the_register(town_zip: Path) -> None:
    blocks = {f"V-{trip['block_id']}" for trip in rows(town_zip, "trips.txt")}
    register = json.loads(VEHICLES_FILE.read_text(encoding="utf-8"))
    assert register["schema"] == 1
    assert {vehicle["vehicle_id"] for vehicle in register["vehicles"]} == blocks
    assert len({vehicle["plate"] for vehicle in register["vehicles"]}) == len(blocks)


def test_a_file_that_is_no_town_is_refused_in_one_sentence(tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text('{"schema": 1}', encoding="utf-8")
    with pytest.raises(ValueError, match="is not a town's data file"):
        load_town(other)
    other.write_text(TOWN_FILE.read_text(encoding="utf-8").replace('"schema": 1', '"schema": 9'), encoding="utf-8")
    with pytest.raises(ValueError, match="has schema 9"):
        load_town(other)
