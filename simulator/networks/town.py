"""Write the bundled town (수래시) as a GTFS feed. Its streets and lines are data in `town.json`; here is the timetable.

Every bus has a block that fills its whole service day: the layovers are stretched until a whole number of rotations
makes 24 hours, so there is service at any time of day and the blocks of one day end where the next day's begin.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, cycle
from pathlib import Path

from geo.frame import Frame
from simulator.networks.feed import FeedWriter, clock
from simulator.networks.timetable import stop_times
from simulator.networks.town_map import Course, Kerb, Line, Service, Town, TownMap, along, load_town

LAYOVER_S = 240
"""Least rest at each end: the driver's break and the slack that swallows a late arrival."""
DAY_S = 24 * 3600
SERVICE_ID = "everyday"
COLOURS = {"express": "C8102E", "city": "0057B8", "village": "2E7D32"}
"""Red, blue and green, as buses of the capital area are painted by kind."""
STOP_ID_PREFIX = "2290"
"""A stop's id is this and the digits of its code, like the nine-digit ids of the region."""


@dataclass(frozen=True, slots=True)
class PlannedTrip:
    """One trip of the day."""

    trip_id: str
    line: Line
    variant: str
    block_id: str
    start_s: int


def stop_id(code: str) -> str:
    """GTFS id of the stop with this public code (`03-127` → `229003127`)."""
    return STOP_ID_PREFIX + code.replace("-", "")


def write_feed(path: Path) -> None:
    """Write the town to `path` (a zip), the same bytes every time. Takes a fraction of a second."""
    town = load_town()
    streets = TownMap(town)
    courses = {(line.id, key): streets.course(v) for line in town.lines for key, v in line.variants.items()}
    trips = list(_plan(town, courses))
    frame = Frame(town.origin.lat, town.origin.lon)
    with FeedWriter(path) as feed:
        _write_names(feed, town, streets.kerbs(), frame)
        _write_shapes(feed, courses, frame)
        _write_trips(feed, trips)
        _write_stop_times(feed, trips, courses)


def _plan(town: Town, courses: dict[tuple[str, str], Course]) -> Iterator[PlannedTrip]:
    """All trips of a service day, block by block."""
    hours, minutes, seconds = (int(part) for part in town.first_departure.split(":"))
    first_s = hours * 3600 + minutes * 60 + seconds
    for line in town.lines:
        bus = count(1)
        for service in line.services:
            run_s = [int(stop_times(along(courses[line.id, key]))[0][-1]) for key in service.rotation]
            for k in range(service.fleet):
                yield from _block(line, service, run_s, first_s, k, f"{line.id}-{next(bus):02d}")


def _block(
    line: Line, service: Service, run_s: list[int], first_s: int, k: int, block_id: str
) -> Iterator[PlannedTrip]:
    """One bus's day: the `k`-th of its service, shifted so that the fleet runs at even headways."""
    shortest_s = sum(run_s) + LAYOVER_S * len(run_s)
    rotation_s = DAY_S / (DAY_S // shortest_s)
    layover_s = (rotation_s - sum(run_s)) / len(run_s)
    start_s = first_s + k * rotation_s / service.fleet
    end_s = start_s + DAY_S
    for n, (variant, trip_s) in enumerate(cycle(zip(service.rotation, run_s, strict=True)), start=1):
        if start_s + trip_s > end_s:
            return
        yield PlannedTrip(f"{block_id}-{n:03d}", line, variant, block_id, round(start_s))
        start_s += trip_s + layover_s


def _write_names(feed: FeedWriter, town: Town, kerbs: list[Kerb], frame: Frame) -> None:
    agency = town.agency
    columns = ["agency_id", "agency_name", "agency_url", "agency_timezone", "agency_lang", "agency_phone"]
    with feed.table("agency.txt", columns) as table:
        table.rows([[agency.agency_id, agency.name, agency.url, agency.timezone, "ko", agency.phone]])
    columns = ["feed_publisher_name", "feed_publisher_url", "feed_lang", "default_lang", "feed_version"]
    with feed.table("feed_info.txt", columns) as table:
        table.rows([[agency.name, agency.url, "ko", "ko", town.version]])
    days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
    with feed.table("calendar.txt", ["service_id", *days, "start_date", "end_date"]) as table:
        table.rows([[SERVICE_ID, *[1] * 7, "20200101", "20991231"]])
    columns = [
        "route_id",
        "agency_id",
        "route_short_name",
        "route_long_name",
        "route_type",
        "route_color",
        "route_text_color",
    ]
    with feed.table("routes.txt", columns) as table:
        table.rows(
            [line.id, agency.agency_id, line.short_names.ko, line.ko, 3, COLOURS[line.kind], "FFFFFF"]
            for line in town.lines
        )
    with feed.table("stops.txt", ["stop_id", "stop_code", "stop_name", "stop_lat", "stop_lon"]) as table:
        for kerb in kerbs:
            lat, lon = frame.to_lat_lon(kerb.x_m, kerb.y_m)
            table.rows([[stop_id(kerb.code), kerb.code, kerb.ko, f"{lat:.6f}", f"{lon:.6f}"]])
    _write_translations(feed, town, kerbs)


def _write_translations(feed: FeedWriter, town: Town, kerbs: list[Kerb]) -> None:
    columns = ["table_name", "field_name", "language", "translation", "record_id", "field_value"]
    with feed.table("translations.txt", columns) as table:
        table.rows([["agency", "agency_name", "en", town.agency.name_en, town.agency.agency_id, ""]])
        table.rows(["stops", "stop_name", "en", kerb.en, stop_id(kerb.code), ""] for kerb in kerbs)
        table.rows(["routes", "route_long_name", "en", line.en, line.id, ""] for line in town.lines)
        table.rows(
            ["routes", "route_short_name", "en", line.short.en, line.id, ""] for line in town.lines if line.short
        )
        signs = {v.headsign.ko: v.headsign.en for line in town.lines for v in line.variants.values()}
        table.rows(["trips", "trip_headsign", "en", en, "", ko] for ko, en in signs.items())


def _write_shapes(feed: FeedWriter, courses: dict[tuple[str, str], Course], frame: Frame) -> None:
    columns = ["shape_id", "shape_pt_lat", "shape_pt_lon", "shape_pt_sequence", "shape_dist_traveled"]
    with feed.table("shapes.txt", columns) as table:
        for (line, variant), course in courses.items():
            lat, lon = frame.to_lat_lon(course.path.xy[:, 0], course.path.xy[:, 1])
            table.rows(
                [f"{line}:{variant}", f"{lat[i]:.6f}", f"{lon[i]:.6f}", i, f"{course.path.cum_m[i]:.1f}"]
                for i in range(len(course.path))
            )


def _write_trips(feed: FeedWriter, trips: list[PlannedTrip]) -> None:
    columns = ["route_id", "service_id", "trip_id", "trip_headsign", "direction_id", "block_id", "shape_id"]
    with feed.table("trips.txt", columns) as table:
        for trip in trips:
            line, variant = trip.line.id, trip.line.variants[trip.variant]
            sign, direction = variant.headsign.ko, variant.direction
            table.rows([[line, SERVICE_ID, trip.trip_id, sign, direction, trip.block_id, f"{line}:{trip.variant}"]])


def _write_stop_times(feed: FeedWriter, trips: list[PlannedTrip], courses: dict[tuple[str, str], Course]) -> None:
    """Nobody boards at the last stop of a trip and nobody gets off at its first (`pickup_type`, `drop_off_type` 1)."""
    columns = ["trip_id", "arrival_time", "departure_time", "stop_id", "stop_sequence"]
    columns += ["pickup_type", "drop_off_type", "shape_dist_traveled"]
    calls = {key: _call_rows(course) for key, course in courses.items()}
    with feed.table("stop_times.txt", columns) as table:
        for trip in trips:
            table.rows(
                [trip.trip_id, clock(trip.start_s + arrival), clock(trip.start_s + departure), *rest]
                for arrival, departure, *rest in calls[trip.line.id, trip.variant]
            )


def _call_rows(course: Course) -> list[tuple[int, int, str, int, int, int, str]]:
    arrivals, departures = stop_times(along(course))
    last = len(course.calls) - 1
    return [
        (int(arrivals[i]), int(departures[i]), stop_id(kerb.code), i + 1, int(i == last), int(i == 0), f"{along_m:.1f}")
        for i, (kerb, along_m) in enumerate(course.calls)
    ]
