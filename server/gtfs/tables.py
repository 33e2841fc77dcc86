"""The short tables of a feed: agency, routes, stops, calendars, trips and what belongs to them. Level 2 of the importer."""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from server.core.assembly import PlannedTrip, Service
from server.core.model import RouteId, StopId
from server.core.network import Headway, Route, Stop
from server.core.service_calendar import date_of
from server.gtfs.archive import FeedArchive
from server.gtfs.problems import FeedError
from server.gtfs.values import lat_lon_of, seconds_of, whole_number

AGENCY, FEED_INFO, ROUTES, STOPS = "agency.txt", "feed_info.txt", "routes.txt", "stops.txt"
CALENDAR, CALENDAR_DATES = "calendar.txt", "calendar_dates.txt"
TRIPS, FREQUENCIES, TRANSLATIONS = "trips.txt", "frequencies.txt", "translations.txt"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
BUS = 3
"""GTFS `route_type` of a bus, taken where a feed gives none that can be read."""
PLATFORM, STATION = ("", "0"), "1"
"""GTFS `location_type`: only platforms are stops of trips; a station hands its `wheelchair_boarding` down."""
MAX_ROUTE_TYPE = 1799
"""The extended route types end at 1702; Google's list reserves up to here."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a feed says about itself."""

    timezone: str
    agency_name: str
    version: str


def read_head(feed: FeedArchive) -> Head:
    """Read the agency and the feed's version. Raises FeedError without an agency or a known time zone."""
    agencies = [(line, name, zone) for line, (name, zone) in feed.select(AGENCY, "agency_name agency_timezone")]
    if not agencies:
        raise FeedError("empty_file", file=AGENCY)
    _, name, timezone = agencies[0]
    timezone = timezone.strip()
    try:
        ZoneInfo(timezone)
    except (ValueError, OSError, LookupError) as error:
        raise FeedError("unknown_timezone", file=AGENCY, value=timezone) from error
    for line, _, other in agencies[1:]:
        if other.strip() != timezone:
            feed.problems.add(AGENCY, line, "other_timezone", value=other, used=timezone)
    versions = [version.strip() for _, (version,) in feed.select(FEED_INFO, "feed_version?", required=False)]
    return Head(timezone, name.strip(), versions[0] if versions else "")


def read_routes(feed: FeedArchive) -> dict[str, Route]:
    """Read the routes in the order of the feed."""
    routes: dict[str, Route] = {}
    columns = "route_id agency_id? route_short_name? route_long_name? route_type"
    for line, row in feed.select(ROUTES, columns):
        route_id, agency_id, short_name, long_name, kind = (text.strip() for text in row)
        route_type = whole_number(kind, high=MAX_ROUTE_TYPE)
        if route_type is None:
            feed.problems.add(ROUTES, line, "bad_kind", column="route_type", value=kind)
        if _new_id(feed, ROUTES, line, "route_id", route_id, routes):
            kind_number = BUS if route_type is None else route_type
            routes[route_id] = Route(RouteId(route_id), agency_id, short_name, long_name, kind_number)
    return routes


def _new_id(feed: FeedArchive, file: str, line: int, column: str, value: str, known: Mapping[str, object]) -> bool:
    """Tell whether a row has an id of its own; list it if not."""
    if not value:
        feed.problems.add(file, line, "no_id", column=column)
    elif value in known:
        feed.problems.add(file, line, "repeated", column=column, value=value)
    return bool(value) and value not in known


# -- stops and their names in other languages --------------------------------------


@dataclass(slots=True)
class Translations:
    """Names by language: of a record, or of a text wherever it stands (both GTFS variants, and the legacy one)."""

    by_record: dict[str, dict[str, str]] = field(default_factory=dict)
    by_text: dict[str, dict[str, str]] = field(default_factory=dict)

    def of(self, record_id: str, text: str) -> dict[str, str]:
        """Give the translations of a stop's name; those of the record itself come before those of its text."""
        return {**self.by_text.get(text, {}), **self.by_record.get(record_id, {})}


def read_translations(feed: FeedArchive) -> Translations:
    """Read the translations of stop names: `table_name`/`record_id`/`field_value`, or the older `trans_id`."""
    found = Translations()
    columns = "table_name? field_name? language? translation? record_id? field_value? trans_id? lang?"
    for _, row in feed.select(TRANSLATIONS, columns, required=False):
        table, column, language, translation, record_id, text, trans_id, lang = (value.strip() for value in row)
        if not translation:
            continue
        if trans_id and lang:
            found.by_text.setdefault(trans_id, {})[lang] = translation
        elif (table, column) == ("stops", "stop_name") and language:
            names = found.by_record.setdefault(record_id, {}) if record_id else found.by_text.setdefault(text, {})
            names[language] = translation
    return found


def read_stops(feed: FeedArchive) -> dict[str, Stop]:
    """Read the stops at which trips can call; stations, entrances and the like only pass on what they know."""
    translations = read_translations(feed)
    stops: dict[str, Stop] = {}
    parents: dict[str, str] = {}
    stations: dict[str, int] = {}
    columns = "stop_id stop_code? stop_name? stop_lat stop_lon location_type? parent_station? wheelchair_boarding?"
    for line, row in feed.select(STOPS, columns):
        stop_id, code, name, lat, lon, kind, parent, wheelchair_text = (text.strip() for text in row)
        wheelchair = whole_number(wheelchair_text or "0", high=2)
        if wheelchair is None:
            feed.problems.add(STOPS, line, "bad_kind", column="wheelchair_boarding", value=wheelchair_text)
            wheelchair = 0
        if kind not in PLATFORM:
            stations[stop_id] = wheelchair if kind == STATION else 0
            continue
        place = lat_lon_of(lat, lon)
        if place is None:
            feed.problems.add(STOPS, line, "bad_place", value=f"{lat}, {lon}")
        elif _new_id(feed, STOPS, line, "stop_id", stop_id, stops):
            stop_name = name or code or stop_id
            names = translations.of(stop_id, name)
            stops[stop_id] = Stop(StopId(stop_id), code, stop_name, *place, wheelchair, names)
            parents[stop_id] = parent
    for stop_id, stop in stops.items():
        inherited = stations.get(parents[stop_id], 0)
        if not stop.wheelchair and inherited:
            stops[stop_id] = dataclasses.replace(stop, wheelchair=inherited)
    return stops


# -- the calendar ---------------------------------------------------------------------


def read_services(feed: FeedArchive) -> dict[str, Service]:
    """Read both calendar files; a feed may have either. Raises FeedError when it has neither."""
    if not feed.size(CALENDAR) and not feed.size(CALENDAR_DATES):
        raise FeedError("missing_file", file=f"{CALENDAR} / {CALENDAR_DATES}")
    weekly = _read_weekly(feed)
    added: dict[str, dict[str, None]] = {}
    removed: dict[str, dict[str, None]] = {}
    for line, row in feed.select(CALENDAR_DATES, "service_id date exception_type", required=False):
        service_id, date, kind = (text.strip() for text in row)
        if date_of(date) is None:
            feed.problems.add(CALENDAR_DATES, line, "bad_date", column="date", value=date)
        elif kind not in ("1", "2"):
            feed.problems.add(CALENDAR_DATES, line, "bad_exception", value=kind)
        else:
            (added if kind == "1" else removed).setdefault(service_id, {})[date] = None
    return {
        service_id: dataclasses.replace(
            weekly.get(service_id, Service(service_id, weekdays=0)),
            added=tuple(added.get(service_id, ())),
            removed=tuple(removed.get(service_id, ())),
        )
        for service_id in {**weekly, **added, **removed}
    }


def _read_weekly(feed: FeedArchive) -> dict[str, Service]:
    weekly: dict[str, Service] = {}
    columns = " ".join(("service_id start_date end_date", *WEEKDAYS))
    for line, row in feed.select(CALENDAR, columns, required=False):
        service_id, first, last, *days = (text.strip() for text in row)
        wrong = [date for date in (first, last) if date_of(date) is None]
        if wrong:
            feed.problems.add(CALENDAR, line, "bad_date", column="start_date, end_date", value=wrong[0])
        elif not set(days) <= {"0", "1"}:
            feed.problems.add(CALENDAR, line, "bad_weekday", value=",".join(days))
        elif _new_id(feed, CALENDAR, line, "service_id", service_id, weekly):
            weekdays = sum(1 << i for i, day in enumerate(days) if day == "1")
            weekly[service_id] = Service(service_id, weekdays, first, last)
    return weekly


# -- trips ------------------------------------------------------------------------------


@dataclass(slots=True)
class TripTable:
    """The trips that can be used, in the order of the feed, each with its line; and the ids of those that cannot."""

    trips: dict[str, PlannedTrip] = field(default_factory=dict)
    lines: list[int] = field(default_factory=list)
    left_out: set[str] = field(default_factory=set)
    shapes: dict[str, int] = field(default_factory=dict)  # shape_id to the first line that uses it


def read_trips(feed: FeedArchive, routes: Mapping[str, Route], services: Mapping[str, Service]) -> TripTable:
    """Read the trips and, where there are, the headway windows in which they are run again and again."""
    table = TripTable()
    columns = "trip_id route_id service_id direction_id? trip_headsign? block_id? shape_id?"
    headways = _read_headways(feed)
    texts: dict[str, str] = {}
    for line, row in feed.select(TRIPS, columns):
        trip_id, *shared = (text.strip() for text in row)
        route_id, service_id, direction, headsign, block_id, shape_id = (texts.setdefault(x, x) for x in shared)
        if not _new_id(feed, TRIPS, line, "trip_id", trip_id, table.trips):
            continue
        unknown = _first_unknown((("route_id", route_id, routes), ("service_id", service_id, services)))
        if unknown is not None:
            feed.problems.add(TRIPS, line, "unknown_id", column=unknown[0], value=unknown[1])
            table.left_out.add(trip_id)
            continue
        if direction not in ("", "0", "1"):
            feed.problems.add(TRIPS, line, "bad_direction", value=direction)
        if shape_id:
            table.shapes.setdefault(shape_id, line)
        table.lines.append(line)
        table.trips[trip_id] = PlannedTrip(
            trip_id=trip_id,
            route_id=route_id,
            service_id=service_id,
            direction_id=int(direction) if direction in ("0", "1") else None,
            headsign=headsign,
            block_id=block_id or None,
            shape_id=shape_id or None,
            headways=tuple(headway for _, headway in headways.pop(trip_id, ())),
        )
    for trip_id, windows in headways.items():
        if trip_id not in table.left_out:
            feed.problems.add(FREQUENCIES, windows[0][0], "unknown_id", column="trip_id", value=trip_id)
    return table


def _first_unknown(references: Iterable[tuple[str, str, Mapping[str, object]]]) -> tuple[str, str] | None:
    return next(((column, value) for column, value, known in references if value not in known), None)


def _read_headways(feed: FeedArchive) -> dict[str, list[tuple[int, Headway]]]:
    headways: dict[str, list[tuple[int, Headway]]] = {}
    columns = "trip_id start_time end_time headway_secs exact_times?"
    for line, row in feed.select(FREQUENCIES, columns, required=False):
        trip_id, start, end, every, exact = (text.strip() for text in row)
        start_s, end_s, every_s = seconds_of(start), seconds_of(end), whole_number(every, low=1)
        if start_s is None or end_s is None or end_s <= start_s:
            feed.problems.add(FREQUENCIES, line, "bad_window", value=f"{start} - {end}")
        elif every_s is None:
            feed.problems.add(FREQUENCIES, line, "bad_number", column="headway_secs", value=every)
        else:
            headways.setdefault(trip_id, []).append((line, Headway(start_s, end_s, every_s, exact == "1")))
    return headways
