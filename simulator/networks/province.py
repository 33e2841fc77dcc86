"""Write a generated province as a GTFS feed, streaming: as many routes, stops and buses as Gyeonggi has, or fewer.

Seeded and reproducible to the byte. Times, stops and lengths are invented; only the totals are Gyeonggi's.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from geo.frame import Frame
from simulator.networks.feed import FeedWriter
from simulator.networks.province_map import ProvinceMap, Town
from simulator.networks.province_routes import Kind, PlannedRoute, RoutePlanner, Way
from simulator.networks.timetable import stop_times

ORIGIN = Frame(37.15, 126.75)
LAYOVER_S = 600.0
"""Korean rules give drivers of regular services at least ten minutes' rest after each one-way trip."""
FIRST_S = 4 * 3600 + 40 * 60
LAST_S = 23 * 3600 + 30 * 60
"""First and last departures from an end; the last trips arrive past 24:00."""
MORNING_S = (5 * 3600 + 40 * 60, 9 * 3600)
EVENING_S = (16 * 3600, 19 * 3600 + 30 * 60)
"""When a bus of the peak-only part of the fleet leaves on its trips."""
PEAK_ONLY = (3, 6, 9)
"""Last digits of the buses that run in the peaks only: three of ten, which thins the midday service by as much."""
SERVICE_ID = "everyday"
TOWN_SYLLABLES = ("가람", "나래", "다솔", "라온", "마루", "바다", "새벽", "아라", "자람", "초롱", "큰들", "하늘")
TOWN_SYLLABLES_EN = (
    "Garam",
    "Narae",
    "Dasol",
    "Raon",
    "Maru",
    "Bada",
    "Saebyeok",
    "Ara",
    "Jaram",
    "Chorong",
    "Keundeul",
    "Haneul",
)
PLACE_WORDS = (
    "시장",
    "사거리",
    "초등학교",
    "아파트",
    "공원",
    "우체국",
    "마을회관",
    "도서관",
    "병원",
    "삼거리",
    "주민센터",
    "종점",
)
PLACE_WORDS_EN = (
    "Market",
    "Crossroads",
    "Primary School",
    "Apartments",
    "Park",
    "Post Office",
    "Village Hall",
    "Library",
    "Hospital",
    "Junction",
    "Community Centre",
    "Terminus",
)
CLOCKS = np.array([f"{h:02d}:{m:02d}:{s:02d}" for h in range(36) for m in range(60) for s in range(60)], dtype="S8")
"""Every time of a service day as GTFS writes it, by its second."""


@dataclass(frozen=True, slots=True)
class Size:
    """How large a province is. `buses`: in service at the morning peak (08:00); `stops` must be even."""

    routes: int = 2_019
    stops: int = 22_368
    buses: int = 10_300


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """Trips of one direction of a route: ids, blocks and first departures, row by row."""

    way: Way
    trip_ids: list[str]
    blocks: list[str]
    starts_s: NDArray[np.int64]


def write_feed(path: Path, *, seed: int = 1, size: Size | None = None) -> None:
    """Write a province to `path` (a zip); the same seed and size give the same bytes. The default is Gyeonggi's size.

    Raises ValueError for a size that no province can have.
    """
    size = size or Size()
    if size.stops % 2 or size.stops < 80 or size.routes < 1 or size.buses < size.routes:
        raise ValueError(
            f"a province needs an even number of at least 80 stops, a route, and a bus a route; got {size.stops} stops, "
            f"{size.routes} routes, {size.buses} buses"
        )
    rng = np.random.default_rng(seed)
    ground = ProvinceMap(rng, size.stops // 2)
    routes = RoutePlanner(rng, ground).plan(size.routes)
    fleets = _fleets(routes, size.buses)
    with FeedWriter(path) as feed:
        _write_names(feed, ground, routes, seed)
        _write_shapes(feed, routes)
        runs = [run for route, fleet in zip(routes, fleets, strict=True) for run in _runs(route, fleet)]
        _write_trips(feed, ground, runs)
        _write_stop_times(feed, runs)


def _route_id(route: PlannedRoute) -> str:
    return f"R{route.number:04d}"


def _route_name(route: PlannedRoute) -> str:
    match route.kind:
        case Kind.EXPRESS:
            return f"G{1000 + 7 * route.number}"
        case Kind.CITY:
            return str(route.number)
        case Kind.VILLAGE:
            return f"마을{route.number}"


def _shape_id(trip_id: str, way: Way) -> str:
    return f"{trip_id[:5]}:{way.direction}"


def _cycle_s(route: PlannedRoute) -> float:
    """One round of a bus: all its ways with a rest after each."""
    return sum(float(stop_times(way.along_m)[0][-1]) + LAYOVER_S for way in route.ways)


def _fleets(routes: list[PlannedRoute], buses: int) -> list[int]:
    """Give every route one bus, and the rest by what its headway asks for (largest remainders): exactly `buses`."""
    wish = np.array([_cycle_s(route) / route.headway_s for route in routes])
    share = wish / wish.sum() * (buses - len(routes))
    fleets = 1 + np.floor(share).astype(int)
    most = np.argsort(np.floor(share) - share, kind="stable")[: buses - int(fleets.sum())]
    fleets[most] += 1
    return [int(fleet) for fleet in fleets]


def _runs(route: PlannedRoute, fleet: int) -> list[Run]:
    """The day's trips of a route: its buses evenly spaced round the cycle, a rest at each end."""
    legs_s = [float(stop_times(way.along_m)[0][-1]) + LAYOVER_S for way in route.ways]
    ids: list[list[str]] = [[] for _ in route.ways]
    blocks: list[list[str]] = [[] for _ in route.ways]
    starts: list[list[int]] = [[] for _ in route.ways]
    for k in range(fleet):
        way, start_s = _first_leg(k * sum(legs_s) / fleet, legs_s)
        n = 0
        while start_s <= LAST_S:
            shift = _shift(k, start_s)
            if shift is not None:
                n += 1
                ids[way].append(f"{_route_id(route)}-{k + 1:03d}-{n:02d}")
                blocks[way].append(f"{_route_id(route)}-{k + 1:03d}{shift}")
                starts[way].append(round(start_s))
            start_s += legs_s[way]
            way = (way + 1) % len(legs_s)
    return [Run(route.ways[i], ids[i], blocks[i], np.array(starts[i], dtype=np.int64)) for i in range(len(route.ways))]


def _first_leg(offset_s: float, legs_s: list[float]) -> tuple[int, float]:
    """Where a bus begins that is `offset_s` behind the first in the cycle: at the other end where that is sooner."""
    behind_s = legs_s[0]
    if len(legs_s) > 1 and offset_s >= behind_s:
        return 0, FIRST_S + (offset_s - behind_s) % sum(legs_s)
    return (1, FIRST_S + offset_s) if len(legs_s) > 1 else (0, FIRST_S + offset_s)


def _shift(bus: int, start_s: float) -> str | None:
    """Suffix of the block a departure belongs to; None when a peak-only bus rests then."""
    if bus % 10 not in PEAK_ONLY:
        return ""
    if MORNING_S[0] <= start_s <= MORNING_S[1]:
        return "a"
    return "p" if EVENING_S[0] <= start_s <= EVENING_S[1] else None


def _town_names(town: int) -> tuple[str, str]:
    a, b = town % len(TOWN_SYLLABLES), (town * 5 + town // len(TOWN_SYLLABLES) * 7 + 1) % len(TOWN_SYLLABLES)
    return TOWN_SYLLABLES[a] + TOWN_SYLLABLES[b], TOWN_SYLLABLES_EN[a] + TOWN_SYLLABLES_EN[b].lower()


def _place_names(town: Town, number: int) -> tuple[str, str]:
    ko, en = _town_names(town.index)
    word, nth = number * 7 % len(PLACE_WORDS), number // len(PLACE_WORDS) + 1
    return f"{ko} {PLACE_WORDS[word]} {nth}", f"{en} {PLACE_WORDS_EN[word]} {nth}"


def _write_names(feed: FeedWriter, ground: ProvinceMap, routes: list[PlannedRoute], seed: int) -> None:
    with feed.table(
        "agency.txt", ["agency_id", "agency_name", "agency_url", "agency_timezone", "agency_lang"]
    ) as table:
        table.rows([["province", "가상 광역버스", "https://province.example", "Asia/Seoul", "ko"]])
    columns = ["feed_publisher_name", "feed_publisher_url", "feed_lang", "feed_version"]
    with feed.table("feed_info.txt", columns) as table:
        table.rows([["가상 광역버스", "https://province.example", "ko", f"province-{seed}"]])
    days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
    with feed.table("calendar.txt", ["service_id", *days, "start_date", "end_date"]) as table:
        table.rows([[SERVICE_ID, *[1] * 7, "20200101", "20991231"]])
    columns = ["route_id", "agency_id", "route_short_name", "route_long_name", "route_type"]
    with feed.table("routes.txt", columns) as table:
        for route in routes:
            ends = f"{_town_names(route.ways[0].town_from)[0]} - {_town_names(route.ways[0].town_to)[0]}"
            table.rows([[_route_id(route), "province", _route_name(route), ends, 3]])
    x, y = ground.pole_xy().T
    lat, lon = ORIGIN.to_lat_lon(x, y)
    names = [_place_names(town, n) for town in ground.towns for n in range(town.count)]
    codes = [f"{town.index + 1:02d}-{n:04d}" for town in ground.towns for n in range(2 * town.count)]
    with feed.table("stops.txt", ["stop_id", "stop_code", "stop_name", "stop_lat", "stop_lon"]) as table:
        table.rows(
            [f"S{i:05d}", codes[i], names[i // 2][0], f"{lat[i]:.6f}", f"{lon[i]:.6f}"] for i in range(len(codes))
        )
    with feed.table("translations.txt", ["table_name", "field_name", "language", "translation", "record_id"]) as table:
        table.rows(["stops", "stop_name", "en", names[i // 2][1], f"S{i:05d}"] for i in range(len(codes)))


def _write_shapes(feed: FeedWriter, routes: list[PlannedRoute]) -> None:
    with feed.table("shapes.txt", ["shape_id", "shape_pt_lat", "shape_pt_lon", "shape_pt_sequence"]) as table:
        for route in routes:
            for way in route.ways:
                lat, lon = ORIGIN.to_lat_lon(way.points[:, 0], way.points[:, 1])
                shape = f"{_route_id(route)}:{way.direction}"
                table.rows(
                    [shape, f"{y:.6f}", f"{x:.6f}", i]
                    for i, (y, x) in enumerate(zip(lat.tolist(), lon.tolist(), strict=True))
                )


def _write_trips(feed: FeedWriter, ground: ProvinceMap, runs: list[Run]) -> None:
    signs = [_town_names(town.index)[0] for town in ground.towns]
    columns = ["route_id", "service_id", "trip_id", "trip_headsign", "direction_id", "block_id", "shape_id"]
    with feed.table("trips.txt", columns) as table:
        for run in runs:
            sign, direction = signs[run.way.town_to], run.way.direction
            table.rows(
                [trip_id[:5], SERVICE_ID, trip_id, sign, direction, block, _shape_id(trip_id, run.way)]
                for trip_id, block in zip(run.trip_ids, run.blocks, strict=True)
            )


def _write_stop_times(feed: FeedWriter, runs: list[Run]) -> None:
    """Millions of rows as fixed-width records whose unused bytes are NUL and taken out at the end."""
    columns = ["trip_id", "arrival_time", "departure_time", "stop_id", "stop_sequence", "pickup_type", "drop_off_type"]
    with feed.table("stop_times.txt", columns) as table:
        for run in runs:
            table.raw(_stop_time_lines(run))


def _stop_time_lines(run: Run) -> bytes:
    calls = len(run.way.poles)
    fields = [("trip", "S14"), ("arrival", "S10"), ("departure", "S10"), ("call", "S20")]
    lines = np.zeros((len(run.trip_ids), calls), dtype=fields)
    arrivals_s, departures_s = stop_times(run.way.along_m)
    call = [f",S{pole:05d},{i + 1},{int(i == calls - 1)},{int(i == 0)}\n" for i, pole in enumerate(run.way.poles)]
    lines["trip"] = np.array(run.trip_ids, dtype="S14")[:, None]
    lines["arrival"] = np.strings.add(b",", CLOCKS[run.starts_s[:, None] + arrivals_s])
    lines["departure"] = np.strings.add(b",", CLOCKS[run.starts_s[:, None] + departures_s])
    lines["call"] = np.array(call, dtype="S20")
    return lines.tobytes().replace(b"\0", b"")
