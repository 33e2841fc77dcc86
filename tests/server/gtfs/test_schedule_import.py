"""Whole feeds: every bad row is listed with file and line and left out, every bad feed is refused."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from server.core.model import BlockId, RouteId, StopId, TripId
from server.core.network import Headway, Network, Trip, VisitRef
from server.gtfs.problems import FeedError
from server.gtfs.schedule import Schedule, read_schedule
from tests.server.gtfs.schedule_feeds import TOWN, added, pack, replaced

Files = Mapping[str, str | bytes | None]


def imported(tmp_path: Path, files: Files) -> Schedule:
    return read_schedule(pack(tmp_path / "feed.zip", files))


def network_of(tmp_path: Path, files: Files) -> Network:
    return Network(imported(tmp_path, files).columns)


def listed(schedule: Schedule) -> list[str]:
    """Problems as `file:line code value`."""
    return [f"{p.file}:{p.line} {p.code} {p.values.get('value', '')}".rstrip() for p in schedule.problems.kept]


def trip_of(network: Network, trip_id: str) -> Trip:
    trip = network.trip(TripId(trip_id))
    assert trip is not None
    return trip


def test_a_feed_without_problems(tmp_path: Path) -> None:
    schedule = imported(tmp_path, {})
    assert not len(schedule.problems)
    assert schedule.rows == {
        "agency.txt": 1,
        "routes.txt": 1,
        "stops.txt": 4,
        "calendar.txt": 1,
        "trips.txt": 2,
        "stop_times.txt": 6,
    }
    network = Network(schedule.columns)
    assert (network.agency_name, network.timezone, network.version) == ("수원교통", "Asia/Seoul", "")
    assert len(network.feed_hash) == 64
    trip = trip_of(network, "T1")
    assert trip.arrivals_s.tolist() == [28_800, 29_100, 29_400, 29_700]
    assert trip.departures_s.tolist() == [28_800, 29_130, 29_400, 29_700]
    assert (trip.direction_id, trip.block_id, trip.headsign) == (None, None, "")
    assert network.stops[StopId("A")].code == "01"
    assert network.service_active("W", "20261123")
    assert not network.service_active("W", "20261122")


def test_times_after_midnight_belong_to_the_day_before(tmp_path: Path) -> None:
    network = network_of(tmp_path, {})
    pattern = trip_of(network, "T2").pattern_index
    tuesday_ms = network.day_start_ms("20261124")
    assert network.next_departure_ms(VisitRef(pattern, 1), tuesday_ms) == tuesday_ms + 300_000


def test_everything_a_feed_may_say(tmp_path: Path) -> None:
    network = network_of(
        tmp_path,
        {
            "feed_info.txt": "feed_publisher_name,feed_version\nx, v7 \n",
            "routes.txt": "agency_id,route_id,route_short_name,route_long_name,route_type\na1,R,,수원 순환,704\n",
            "trips.txt": (
                "route_id,service_id,trip_id,trip_headsign,direction_id,block_id,shape_id\n"
                "R,W,T1,시청,1,B9,S\nR,W,T2,수원역,0,B9,\n"
            ),
            "shapes.txt": (
                "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence\n"
                "S,37.269,127.0,30\nS,37.260,127.0,1\nS,37.260,127.0,2\nunused,1,1,1\n"
            ),
            "stops.txt": (
                "stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station,wheelchair_boarding\n"
                "H,역,37.26,127.0,1,,1\nA,가,37.260,127.0,0,H,\nB,나,37.263,127.0,,H,2\n"
                "C,,37.266,127.0,,,1\nD,라,37.269,127.0,0,,\nE,문,37.26,127.0,2,H,\n"
            ),
            "translations.txt": (
                "table_name,field_name,language,translation,record_id,field_value\n"
                "stops,stop_name,en,Ga,A,\nstops,stop_name,en,La,,라\nstops,stop_desc,en,no,A,\nroutes,stop_name,en,no,A,\n"
                "stops,stop_name,ja,,A,\nstops,stop_name,,no,A,\n"
            ),
            **replaced(
                "stop_times.txt",
                "trip_id,arrival_time,departure_time,stop_id,stop_sequence\nT1,08:00:00,08:00:00,A,1\n",
                "trip_id,arrival_time,departure_time,stop_id,stop_sequence,pickup_type,drop_off_type\n"
                "T1,08:00:00,08:00:00,A,1,0,1\nT1,08:04:00,08:04:00,A,7,3,2\n",
            ),
        },
    )
    assert network.version == "v7"
    route = network.routes[RouteId("R")]
    assert (route.agency_id, route.name, route.route_type) == ("a1", "수원 순환", 704)
    trip = trip_of(network, "T1")
    assert (trip.headsign, trip.direction_id, trip.block_id) == ("시청", 1, "B9")
    assert network.trips_of_block(BlockId("B9")) == ["T1", "T2"]
    assert [(stop.stop_id, stop.name, stop.wheelchair) for stop in network.stops.values()] == [
        ("A", "가", 1),
        ("B", "나", 2),
        ("C", "C", 1),
        ("D", "라", 0),
    ]
    assert dict(network.stops[StopId("A")].names) == {"en": "Ga"}
    assert dict(network.stops[StopId("D")].names) == {"en": "La"}
    pattern = network.pattern(trip.pattern_index)
    assert len(pattern.path) == 2
    assert [(v.stop_id, v.stop_sequence, v.pickup_type, v.drop_off_type) for v in pattern.visits] == [
        ("A", 1, 0, 1),
        ("B", 2, 0, 0),
        ("C", 3, 0, 0),
        ("D", 4, 0, 0),
        ("A", 7, 3, 2),
    ]


def test_the_older_form_of_translations(tmp_path: Path) -> None:
    text = "trans_id,lang,translation\n가,ja-Hrkt,ガ\n가,en,Ga\n"
    network = network_of(tmp_path, {"translations.txt": text})
    assert dict(network.stops[StopId("A")].names) == {"ja-Hrkt": "ガ", "en": "Ga"}


def test_rows_may_come_in_any_order(tmp_path: Path) -> None:
    header, *rows = TOWN["stop_times.txt"].splitlines()
    shuffled = "\n".join([header, rows[4], rows[3], rows[0], rows[5], rows[2], rows[1]])
    mixed = imported(tmp_path, {"stop_times.txt": shuffled})
    assert not len(mixed.problems)
    plain = imported(tmp_path, {})
    for name in ("visit_stop", "visit_sequence", "profile_arrival_s", "trip_start_s"):
        assert np.array_equal(getattr(mixed.columns, name), getattr(plain.columns, name))


def test_a_stop_twice_in_a_trip_is_two_visits(tmp_path: Path) -> None:
    network = network_of(tmp_path, added("stop_times.txt", "T1,08:30:00,08:30:00,A,50"))
    visits = [network.pattern(ref.pattern_index).visits[ref.visit_index] for ref in network.visits_at(StopId("A"))]
    assert sorted(visit.stop_sequence for visit in visits) == [1, 1, 50]


def test_calendar_dates_alone_are_enough(tmp_path: Path) -> None:
    dates = "service_id,date,exception_type\nW,20261122,1\nW,20261123,2\n"
    network = network_of(tmp_path, {"calendar.txt": None, "calendar_dates.txt": dates})
    assert [network.service_active("W", f"202611{day}") for day in (21, 22, 23)] == [False, True, False]


def test_headway_windows_stay_on_the_trip(tmp_path: Path) -> None:
    windows = (
        "trip_id,start_time,end_time,headway_secs, exact_times\nT1,06:00:00,09:00:00,600,1\nT1,22:00:00,25:00:00,900,\n"
    )
    network = network_of(tmp_path, {"frequencies.txt": windows})
    assert trip_of(network, "T1").headways == (Headway(21_600, 32_400, 600, True), Headway(79_200, 90_000, 900, False))
    assert trip_of(network, "T2").headways == ()


BAD_ROWS = [
    # stops
    (added("stops.txt", "E,,마,95,127"), ["stops.txt:6 bad_place 95, 127"]),
    (added("stops.txt", "A,,다시,37.3,127"), ["stops.txt:6 repeated A"]),
    (added("stops.txt", ",,이름,37.3,127"), ["stops.txt:6 no_id"]),
    (
        {"stops.txt": TOWN["stops.txt"].replace("stop_code", "wheelchair_boarding").replace("A,01", "A,x")},
        ["stops.txt:2 bad_kind x", "stops.txt:4 bad_kind 03", "stops.txt:5 bad_kind 04"],
    ),
    # routes and agency
    (added("routes.txt", "R,12,3"), ["routes.txt:3 repeated R"]),
    (added("routes.txt", "Q,12,bus"), ["routes.txt:3 bad_kind bus"]),
    (added("agency.txt", "나라,https://b.example,Asia/Tokyo"), ["agency.txt:3 other_timezone Asia/Tokyo"]),
    # calendar
    (added("calendar.txt", "V,1,1,1,1,1,1,1,20261301,20261231"), ["calendar.txt:3 bad_date 20261301"]),
    (added("calendar.txt", "V,1,1,1,1,1,yes,1,20260101,20261231"), ["calendar.txt:3 bad_weekday 1,1,1,1,1,yes,1"]),
    (added("calendar.txt", "W,1,1,1,1,1,1,1,20260101,20261231"), ["calendar.txt:3 repeated W"]),
    (
        {"calendar_dates.txt": "service_id,date,exception_type\nW,2026-1-1,1\nW,20261123,3\n"},
        ["calendar_dates.txt:2 bad_date 2026-1-1", "calendar_dates.txt:3 bad_exception 3"],
    ),
    # trips
    (added("trips.txt", "Q,W,T3"), ["trips.txt:4 unknown_id Q"]),
    (added("trips.txt", "R,V,T3"), ["trips.txt:4 unknown_id V"]),
    (added("trips.txt", "R,W,T1"), ["trips.txt:4 repeated T1"]),
    (added("trips.txt", "R,W,T3"), ["trips.txt:4 no_calls T3"]),
    (
        {"trips.txt": "route_id,service_id,trip_id,direction_id\nR,W,T1,2\nR,W,T2,0\n"},
        ["trips.txt:2 bad_direction 2"],
    ),
    # frequencies
    (
        {
            "frequencies.txt": "trip_id,start_time,end_time,headway_secs\nT1,09:00:00,08:00:00,600\n"
            "T1,08:00:00,09:00:00,0\nT9,08:00:00,09:00:00,600\nT1,x,09:00:00,600\n"
        },
        [
            "frequencies.txt:2 bad_window 09:00:00 - 08:00:00",
            "frequencies.txt:3 bad_number 0",
            "frequencies.txt:5 bad_window x - 09:00:00",
            "frequencies.txt:4 unknown_id T9",
        ],
    ),
    # calls
    (added("stop_times.txt", "T9,08:00:00,08:00:00,A,1"), ["stop_times.txt:8 unknown_id T9"]),
    (added("stop_times.txt", "T2,08:00:00,08:00:00,Z,9"), ["stop_times.txt:8 unknown_id Z"]),
    (added("stop_times.txt", "T2,24:10:00,24:10:00,B,x"), ["stop_times.txt:8 bad_number x"]),
    (added("stop_times.txt", "T2,24:10:00,24:10:00,B,2"), ["stop_times.txt:8 repeated 2"]),
    (
        {
            "trips.txt": TOWN["trips.txt"] + "R,W,T3\nR,W,T4\n",
            "stop_times.txt": TOWN["stop_times.txt"] + "T3,08:00:00,08:00:00,A,1\nT4,,,A,1\nT4,,,B,2\n",
        },
        ["trips.txt:4 one_stop_trip T3", "trips.txt:5 no_times T4"],
    ),
]


@pytest.mark.parametrize(("files", "problems"), BAD_ROWS)
def test_a_bad_row_is_listed_and_the_rest_is_used(tmp_path: Path, files: Files, problems: list[str]) -> None:
    schedule = imported(tmp_path, files)
    assert listed(schedule) == problems
    network = Network(schedule.columns)
    assert set(network.trips_of_pattern(0)) | set(network.trips_of_pattern(1)) == {"T1", "T2"}
    assert list(network.stops) == ["A", "B", "C", "D"]
    assert trip_of(network, "T1").arrivals_s.tolist() == [28_800, 29_100, 29_400, 29_700]


def test_rows_of_a_trip_that_was_left_out_are_not_listed_again(tmp_path: Path) -> None:
    files = {
        **added("trips.txt", "Q,W,T3"),
        **added("stop_times.txt", "T3,08:00:00,08:00:00,A,1", "T3,08:05:00,08:05:00,B,2"),
        "frequencies.txt": "trip_id,start_time,end_time,headway_secs\nT3,08:00:00,09:00:00,600\n",
    }
    assert listed(imported(tmp_path, files)) == ["trips.txt:4 unknown_id Q"]


@pytest.mark.parametrize(
    ("old", "new", "problems", "times_s"),
    [
        ("08:05:00,08:05:30", "8h05,08:05:30", ["stop_times.txt:3 bad_time 8h05"], [28_800, 29_130, 29_400]),
        (
            "08:05:00,08:05:30",
            "25:70:00,x",
            ["stop_times.txt:3 bad_time 25:70:00", "stop_times.txt:3 bad_time x"],
            [28_800, 29_100, 29_400],
        ),
        ("08:05:00,08:05:30", ",", [], [28_800, 29_100, 29_400]),
        (
            "08:05:00,08:05:30",
            "18:05:00,18:05:30",
            ["stop_times.txt:3 time_goes_back 18:05:00", "stop_times.txt:3 time_goes_back 18:05:30"],
            [28_800, 29_100, 29_400],
        ),
        (
            "08:05:00,08:05:30",
            "08:05:30,08:05:00",
            ["stop_times.txt:3 time_goes_back 08:05:30"],
            [28_800, 29_100, 29_400],
        ),
    ],
)
def test_times_that_cannot_be_are_interpolated(
    tmp_path: Path, old: str, new: str, problems: list[str], times_s: list[int]
) -> None:
    schedule = imported(tmp_path, replaced("stop_times.txt", old, new))
    assert listed(schedule) == problems
    assert trip_of(Network(schedule.columns), "T1").arrivals_s.tolist()[:3] == times_s


def test_a_trip_that_starts_again_at_midnight_is_counted_on(tmp_path: Path) -> None:
    schedule = imported(tmp_path, replaced("stop_times.txt", "24:05:00,24:05:00", "00:05:00,00:05:00"))
    assert listed(schedule) == ["stop_times.txt:6 wrapped_at_midnight"]
    assert trip_of(Network(schedule.columns), "T2").arrivals_s.tolist() == [86_100, 86_700]


def test_kinds_and_distances_that_cannot_be_read_are_taken_as_usual(tmp_path: Path) -> None:
    header, first, *rest = TOWN["stop_times.txt"].splitlines()
    text = "\n".join([header + ",pickup_type,drop_off_type,shape_dist_traveled", first + ",9,x,far", *rest])
    schedule = imported(tmp_path, {"stop_times.txt": text})
    assert listed(schedule) == [
        "stop_times.txt:2 bad_kind 9",
        "stop_times.txt:2 bad_kind x",
        "stop_times.txt:2 bad_distance far",
    ]
    visit = Network(schedule.columns).pattern(0).visits[0]
    assert (visit.pickup_type, visit.drop_off_type) == (0, 0)


def with_shape(*rows: str, dist: str = "") -> dict[str, str]:
    """The town whose first trip follows shape S."""
    columns = "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence" + (",shape_dist_traveled" if dist else "")
    return {
        "trips.txt": "route_id,service_id,trip_id,shape_id\nR,W,T1,S\nR,W,T2,\n",
        "shapes.txt": "\n".join([columns, *rows]) + "\n",
    }


@pytest.mark.parametrize(
    ("rows", "problems", "length_m"),
    [
        ((), ["trips.txt:2 no_shape S"], 999),
        (("S,37.26,127,1",), ["trips.txt:2 one_point_shape S"], 999),
        (("S,37.26,127,1", "S,37.26,127,2"), ["trips.txt:2 one_point_shape S"], 999),
        (("S,37.26,127,1", "S,x,127,2", "S,37.27,127,3"), ["shapes.txt:3 bad_place x, 127"], 1110),
        (("S,37.26,127,1", "S,37.2,127,-1", "S,37.27,127,3"), ["shapes.txt:3 bad_number -1"], 1110),
        (("S,37.27,127,1", "S,37.26,127,2"), ["trips.txt:2 backward_shape S"], 1110),
        (("S,37.46,127,1", "S,37.56,127,2"), ["trips.txt:2 stray_shape S"], 999),
        (("S,37.262,127,1", "S,37.269,127,2"), ["trips.txt:2 stray_stop A"], 777),
    ],
)
def test_shapes_that_are_not_right(tmp_path: Path, rows: tuple[str, ...], problems: list[str], length_m: float) -> None:
    schedule = imported(tmp_path, with_shape(*rows))
    assert listed(schedule) == problems
    network = Network(schedule.columns)
    assert network.pattern(trip_of(network, "T1").pattern_index).path.length_m == pytest.approx(length_m, abs=1)


def test_the_feeds_own_distances_are_read(tmp_path: Path) -> None:
    header, *rows = TOWN["stop_times.txt"].splitlines()
    calls = "\n".join([header + ",shape_dist_traveled", *(f"{row},{i % 4}" for i, row in enumerate(rows))])
    shape = with_shape("S,37.26,127,1,0", "S,37.269,127,2,3", dist="yes")
    schedule = imported(tmp_path, {**shape, "stop_times.txt": calls})
    assert not len(schedule.problems)
    network = Network(schedule.columns)
    along_m = network.pattern(trip_of(network, "T1").pattern_index).visit_along_m
    assert along_m.tolist() == pytest.approx([0, 333, 666, 999], abs=1)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"agency.txt": None}, "missing_file: file=agency.txt"),
        ({"stop_times.txt": None}, "missing_file: file=stop_times.txt"),
        ({"calendar.txt": None}, "missing_file: file=calendar.txt / calendar_dates.txt"),
        ({"calendar.txt": ""}, "missing_file: file=calendar.txt / calendar_dates.txt"),
        ({"agency.txt": TOWN["agency.txt"].splitlines()[0]}, "empty_file: file=agency.txt"),
        ({"routes.txt": ""}, "empty_file: file=routes.txt"),
        (replaced("agency.txt", "Asia/Seoul", "서울"), "unknown_timezone: file=agency.txt, value=서울"),
        (replaced("agency.txt", "Asia/Seoul", "../passwd"), "unknown_timezone: file=agency.txt, value=../passwd"),
        (replaced("agency.txt", "Asia/Seoul", ""), "unknown_timezone: file=agency.txt, value="),
        (
            replaced("stop_times.txt", "stop_sequence", "sequence"),
            "missing_column: file=stop_times.txt, column=stop_sequence",
        ),
        ({"stop_times.txt": TOWN["stop_times.txt"].splitlines()[0]}, "no_trips: file=feed.zip"),
        ({"trips.txt": TOWN["trips.txt"].splitlines()[0]}, "no_trips: file=feed.zip"),
        ({"stops.txt": TOWN["stops.txt"].splitlines()[0]}, "no_trips: file=feed.zip"),
    ],
)
def test_a_bad_feed_is_refused(tmp_path: Path, files: Files, message: str) -> None:
    with pytest.raises(FeedError) as caught:
        imported(tmp_path, files)
    assert str(caught.value) == message


def test_ids_may_have_spaces_around_them(tmp_path: Path) -> None:
    schedule = imported(
        tmp_path,
        {
            "stop_times.txt": TOWN["stop_times.txt"].replace("T1,", "T1 ,").replace(",A,", ",A ,"),
            **with_shape("S ,37.26,127,1", "S ,37.27,127,2"),
        },
    )
    assert not len(schedule.problems)
