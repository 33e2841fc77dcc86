"""A GTFS Schedule feed to the columns of a network, streaming. Level 3 of the importer; `docs`: gtfs.org/schedule.

A bad row is listed and left out; a bad feed is a FeedError and nothing comes of it.
"""

from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path

from server.core.assembly import Assembled, Assembly
from server.core.columns import Columns
from server.gtfs import tables
from server.gtfs.archive import FeedArchive, Progress
from server.gtfs.calls import LEFT_OUT, STOP_TIMES, read_calls
from server.gtfs.problems import FeedError, ProblemLog
from server.gtfs.shapes import SHAPES, read_shapes
from server.gtfs.tables import TRIPS, TripTable

FILES = (
    tables.AGENCY,
    tables.FEED_INFO,
    tables.ROUTES,
    tables.TRANSLATIONS,
    tables.STOPS,
    tables.CALENDAR,
    tables.CALENDAR_DATES,
    tables.FREQUENCIES,
    TRIPS,
    SHAPES,
    STOP_TIMES,
)
"""The files that are read, in this order; all others are left alone."""
MIN_CALLS = 2
"""A trip with fewer stops takes nobody anywhere."""


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """What came of a feed."""

    columns: Columns
    problems: ProblemLog
    rows: dict[str, int]  # by file, in the order they were read


def read_schedule(path: Path, progress: Progress | None = None) -> Schedule:
    """Read a feed. Raises FeedError when it cannot be used as a whole, OSError when the disk fails."""
    problems = ProblemLog()
    with FeedArchive(path, FILES, problems, progress) as feed:
        head = tables.read_head(feed)
        with path.open("rb") as file:
            feed_hash = file_digest(file, "sha256").hexdigest()
        assembly = Assembly(
            timezone=head.timezone, agency_name=head.agency_name, version=head.version, feed_hash=feed_hash
        )
        routes = tables.read_routes(feed)
        for route in routes.values():
            assembly.add_route(route)
        for stop in tables.read_stops(feed).values():
            assembly.add_stop(stop)
        services = tables.read_services(feed)
        for service in services.values():
            assembly.add_service(service)
        trips = tables.read_trips(feed, routes, services)
        for shape in read_shapes(feed, trips.shapes):
            assembly.add_shape(shape.shape_id, shape.lat_lon, shape.dist)
        _add_trips(feed, assembly, trips)
    assembled = assembly.build()
    _list_strays(assembled, trips, problems)
    return Schedule(assembled.columns, problems, feed.rows)


def _add_trips(feed: FeedArchive, assembly: Assembly, table: TripTable) -> None:
    trips = list(table.trips.values())
    rows = {trip_id: row for row, trip_id in enumerate(table.trips)} | dict.fromkeys(table.left_out, LEFT_OUT)
    without_calls = bytearray(b"\x01") * len(trips)
    added = 0
    for row, calls, lines in read_calls(feed, rows, assembly.stop_rows).by_trip():
        without_calls[row] = 0
        if len(lines) < MIN_CALLS:
            feed.problems.add(TRIPS, table.lines[row], "one_stop_trip", value=trips[row].trip_id)
        elif not assembly.add_trip(trips[row], calls):
            feed.problems.add(TRIPS, table.lines[row], "no_times", value=trips[row].trip_id)
        else:
            added += 1
    for row, without in enumerate(without_calls):
        if without:
            feed.problems.add(TRIPS, table.lines[row], "no_calls", value=trips[row].trip_id)
    if not added:
        raise FeedError("no_trips", file=feed.path.name)


def _list_strays(assembled: Assembled, table: TripTable, problems: ProblemLog) -> None:
    stop_ids = assembled.columns.stop_ids
    line_of = dict(zip(table.trips, table.lines, strict=True))
    for shape in assembled.stray_shapes:
        code = "backward_shape" if shape.backwards else "stray_shape"
        problems.add(TRIPS, line_of[shape.trip_id], code, value=shape.shape_id)
    for stop in assembled.stray_stops:
        problems.add(
            TRIPS,
            line_of[stop.trip_id],
            "stray_stop",
            value=stop_ids[stop.stop_row],
            shape=stop.shape_id,
            offset_m=round(stop.offset_m),
        )
