"""Routes, stops, patterns and trips as immutable records with geo paths. Level 2 of the core.

A *pattern* is the ordered visits and the shape that a set of trips share; a *visit* is one stop of a pattern.
Built by `server.gtfs` from a GTFS Schedule feed; loaded once; never changed while a trip runs on it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from geo.corridor import Corridor
from geo.frame import Frame
from geo.path import Path
from server.core.columns import NONE, Columns
from server.core.model import BlockId, PatternId, RouteId, StopId, TripId
from server.core.service_calendar import ServiceCalendar
from server.core.stop_directory import StopDirectory

MAX_CACHED_TRIPS = 32_768
"""Trip records kept, about 1 kB each: three times the buses of a province, so that no running trip is made twice."""
MAX_CACHED_TABLES = 16_384
"""Departure tables kept (visit, day), about 1 kB each; a screen of a stop needs three for each visit."""
MAX_CACHED_STOPS = 32_768
"""Stops whose visits are kept, some 100 bytes a visit: every stop of a province."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A place where buses stop (GTFS `stops.txt`). `names` holds translations by language code."""

    stop_id: StopId
    code: str
    name: str
    lat: float
    lon: float
    wheelchair: int = 0
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Route:
    """A line the public knows by name (GTFS `routes.txt`)."""

    route_id: RouteId
    agency_id: str
    short_name: str
    long_name: str
    route_type: int

    @property
    def name(self) -> str:
        """What is written on the bus: the short name where there is one."""
        return self.short_name or self.long_name or self.route_id


@dataclass(frozen=True, slots=True)
class Visit:
    """One stop of a pattern. `along_m`: metres along the pattern's path. Types as in GTFS (0 regular, 1 none, 2 phone, 3 ask driver)."""

    index: int
    stop_id: StopId
    stop_sequence: int
    along_m: float
    pickup_type: int
    drop_off_type: int


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """The ordered visits and path that a set of trips share. `along_m` of visits never decreases."""

    index: int
    pattern_id: PatternId
    route_id: RouteId
    direction_id: int | None
    headsign: str
    path: Path
    visits: tuple[Visit, ...]
    visit_along_m: NDArray[np.float64]
    index_of: Mapping[int, int]
    """A visit's index by its stop sequence."""
    start_xy: tuple[float, float]
    """Where on the path its first stop is: metres east and north in the network's frame."""


@dataclass(frozen=True, slots=True)
class Headway:
    """A window in which a trip runs every `every_s` seconds (GTFS `frequencies.txt`); `end_s` itself is outside.

    Without `exact` the runs are not scheduled to the second: the operator keeps the headway only.
    """

    start_s: int
    end_s: int
    every_s: int
    exact: bool


@dataclass(frozen=True, slots=True, eq=False)
class Trip:
    """One scheduled trip. Times are seconds since the start of its service day (noon minus 12 h; may pass 24 h).

    Both arrays have one entry per visit of the pattern; times a feed leaves out are interpolated by distance.
    With `headways` the trip is run again and again and its times only tell how long each leg takes.
    """

    trip_id: TripId
    route_id: RouteId
    direction_id: int | None
    headsign: str
    pattern_index: int
    service_id: str
    block_id: BlockId | None
    arrivals_s: NDArray[np.int32]
    departures_s: NDArray[np.int32]
    headways: tuple[Headway, ...] = ()


@dataclass(frozen=True, slots=True)
class VisitRef:
    """A visit named by its pattern's and its own index."""

    pattern_index: int
    visit_index: int


class Network:
    """Routes, stops, patterns and trips of one feed version. Immutable; records are made when first asked for.

    Unknown ids give None or an empty sequence. `pattern` objects stay (there are few), trips and departure tables
    are kept in bounded caches. Not locked: one network may be read by many threads, at worst doing work twice.
    """

    version: str
    feed_hash: str
    timezone: str
    agency_name: str
    frame: Frame
    routes: Mapping[RouteId, Route]
    stops: Mapping[StopId, Stop]
    pattern_count: int
    trip_count: int

    def __init__(self, columns: Columns) -> None:
        c = self._columns = columns
        self.version, self.feed_hash = c.version, c.feed_hash
        self.timezone, self.agency_name = c.timezone, c.agency_name
        self.frame = Frame(*c.origin.tolist())
        self.routes = MappingProxyType({route.route_id: route for route in _routes(c)})
        self.stops = MappingProxyType({stop.stop_id: stop for stop in _stops(c)})
        self.pattern_count, self.trip_count = len(c.pattern_ids), len(c.trip_ids)
        self._calendar = ServiceCalendar(c)
        self._stop_directory = StopDirectory(c, self.frame)
        self._stop_index = {stop_id: i for i, stop_id in enumerate(c.stop_ids)}
        self._route_index = {route_id: i for i, route_id in enumerate(c.route_ids)}
        self._trip_index = {trip_id: i for i, trip_id in enumerate(c.trip_ids)}
        self._block_index = {block_id: i for i, block_id in enumerate(c.block_ids)}
        self._patterns: list[Pattern | None] = [None] * self.pattern_count
        self._paths: list[Path | None] = [None] * (len(c.path_start) - 1)
        self._pattern_trips = _starts(c.trip_pattern, self.pattern_count)
        self._route_patterns = _starts(c.pattern_route, len(c.route_ids))
        self._patterns_by_path = np.argsort(c.pattern_path, kind="stable")
        self._path_patterns = _starts(c.pattern_path[self._patterns_by_path], len(self._paths))
        self._corridor: Corridor | None = None
        self._visits_by_stop = np.argsort(c.visit_stop, kind="stable")
        self._stop_visits = _starts(c.visit_stop[self._visits_by_stop], len(c.stop_ids))
        self._trips_by_block = np.lexsort((c.trip_start_s, c.trip_block))
        self._block_trips = _starts(c.trip_block[self._trips_by_block], len(c.block_ids))
        self._cached_trip = lru_cache(MAX_CACHED_TRIPS)(self._make_trip)
        self._cached_departures = lru_cache(MAX_CACHED_TABLES)(self._make_departures)
        self._cached_visits = lru_cache(MAX_CACHED_STOPS)(self._make_visits)

    # -- records -----------------------------------------------------------------

    def pattern(self, index: int) -> Pattern:
        """Give a pattern by its index, 0 to `pattern_count` - 1; always the same object."""
        pattern = self._patterns[index]
        if pattern is None:
            pattern = self._patterns[index] = self._make_pattern(index)
        return pattern

    def _make_pattern(self, index: int) -> Pattern:
        c = self._columns
        rows = slice(int(c.visit_start[index]), int(c.visit_start[index + 1]))
        path = self.path(int(c.pattern_path[index]))
        return Pattern(
            index=index,
            pattern_id=PatternId(c.pattern_ids[index]),
            route_id=RouteId(c.route_ids[c.pattern_route[index]]),
            direction_id=_given(c.pattern_direction[index]),
            headsign=c.headsigns[c.pattern_headsign[index]],
            path=path,
            visits=tuple(
                Visit(i, StopId(c.stop_ids[stop]), sequence, along_m, pickup, drop_off)
                for i, (stop, sequence, along_m, pickup, drop_off) in enumerate(
                    zip(
                        c.visit_stop[rows].tolist(),
                        c.visit_sequence[rows].tolist(),
                        c.visit_along_m[rows].tolist(),
                        c.visit_pickup[rows].tolist(),
                        c.visit_drop_off[rows].tolist(),
                        strict=True,
                    )
                )
            ),
            visit_along_m=c.visit_along_m[rows],
            index_of={sequence: i for i, sequence in enumerate(c.visit_sequence[rows].tolist())},
            start_xy=path.at(float(c.visit_along_m[rows.start])),
        )

    def path(self, index: int) -> Path:
        """Give a path by its index; patterns that run the same way share one."""
        path = self._paths[index]
        if path is None:
            c = self._columns
            path = self._paths[index] = Path(c.path_xy[c.path_start[index] : c.path_start[index + 1]])
        return path

    def trip(self, trip_id: TripId) -> Trip | None:
        """Give a trip by its GTFS id."""
        index = self._trip_index.get(trip_id)
        return None if index is None else self._cached_trip(index)

    def _make_trip(self, index: int) -> Trip:
        c = self._columns
        pattern, profile = int(c.trip_pattern[index]), int(c.trip_profile[index])
        times = slice(int(c.profile_start[profile]), int(c.profile_start[profile + 1]))
        block, start_s = int(c.trip_block[index]), c.trip_start_s[index]
        windows = slice(*np.searchsorted(c.headway_trip, [index, index + 1]).tolist())
        return Trip(
            trip_id=TripId(c.trip_ids[index]),
            route_id=RouteId(c.route_ids[c.pattern_route[pattern]]),
            direction_id=_given(c.pattern_direction[pattern]),
            headsign=c.headsigns[c.trip_headsign[index]],
            pattern_index=pattern,
            service_id=c.service_ids[c.trip_service[index]],
            block_id=BlockId(c.block_ids[block]) if block != NONE else None,
            arrivals_s=c.profile_arrival_s[times] + start_s,
            departures_s=c.profile_departure_s[times] + start_s,
            headways=tuple(
                Headway(int(start), int(end), int(every), bool(exact))
                for start, end, every, exact in zip(
                    c.headway_start_s[windows],
                    c.headway_end_s[windows],
                    c.headway_every_s[windows],
                    c.headway_exact[windows],
                    strict=True,
                )
            ),
        )

    # -- what belongs together -----------------------------------------------------

    def patterns_of_route(self, route_id: RouteId) -> Sequence[int]:
        """List the patterns of a route."""
        index = self._route_index.get(route_id)
        return () if index is None else range(self._route_patterns[index], self._route_patterns[index + 1])

    def trips_of_pattern(self, pattern_index: int) -> Sequence[TripId]:
        """List the trips of a pattern, of all service days, by their time at the first stop."""
        low, high = self._pattern_trips[pattern_index], self._pattern_trips[pattern_index + 1]
        return [TripId(trip_id) for trip_id in self._columns.trip_ids[low:high]]

    def trips_of_block(self, block_id: BlockId) -> Sequence[TripId]:
        """List the trips of a block, of all service days, by their time at the first stop."""
        index = self._block_index.get(block_id)
        if index is None:
            return ()
        rows = self._trips_by_block[self._block_trips[index] : self._block_trips[index + 1]]
        return [TripId(self._columns.trip_ids[row]) for row in rows.tolist()]

    def visits_at(self, stop_id: StopId) -> Sequence[VisitRef]:
        """List the visits of every pattern at a stop."""
        return self._cached_visits(stop_id)

    def _make_visits(self, stop_id: StopId) -> Sequence[VisitRef]:
        index = self._stop_index.get(stop_id)
        if index is None:
            return ()
        rows = self._visits_by_stop[self._stop_visits[index] : self._stop_visits[index + 1]]
        start = self._columns.visit_start
        patterns = np.searchsorted(start, rows, side="right") - 1
        return [VisitRef(p, v) for p, v in zip(patterns.tolist(), (rows - start[patterns]).tolist(), strict=True)]

    def patterns_of_path(self, path_index: int) -> Sequence[int]:
        """List the patterns that run along a path."""
        rows = self._patterns_by_path[self._path_patterns[path_index] : self._path_patterns[path_index + 1]]
        found: list[int] = rows.tolist()
        return found

    def paths_near(self, x: float, y: float, radius_m: float) -> Sequence[int]:
        """List the paths no farther than this from a place in metres of the frame, nearest first."""
        if self._corridor is None:
            self._corridor = Corridor([self.path(index) for index in range(len(self._paths))])
        near: list[int] = self._corridor.near(x, y, radius_m).index.tolist()
        return near

    # -- the calendar --------------------------------------------------------------

    def first_and_last_day(self) -> tuple[int, int] | None:
        """Of which days the timetable is (`YYYYMMDD` as numbers, the last one included); None where nothing ever runs."""
        return self._calendar.first_and_last()

    def service_active(self, service_id: str, date: str) -> bool:
        """Tell whether a service runs on a day (`YYYYMMDD`); False for an unknown service or a text that is no date."""
        return self._calendar.runs(service_id, date)

    def day_start_ms(self, date: str) -> int:
        """Tell when a service day begins: noon minus 12 h, local. Raises ValueError for a text that is no date."""
        return self._calendar.day_start_ms(date)

    def service_dates(self, at_ms: int) -> tuple[str, str, str]:
        """List the service days that may be running at an instant: yesterday, today and tomorrow, local."""
        return self._calendar.dates_around(self._calendar.local_day(at_ms))

    def next_departure_ms(self, ref: VisitRef, after_ms: int) -> int | None:
        """Find the first scheduled departure at a visit at or after an instant, on the service days around it.

        None when there is none any more. Runs of a headway window count as scheduled at the window's start and
        every headway after it.
        """
        soonest: int | None = None
        for date in self.service_dates(after_ms):
            table = self._cached_departures(ref.pattern_index, ref.visit_index, date)
            at = int(table.searchsorted(after_ms))
            if at < len(table) and (soonest is None or table[at] < soonest):
                soonest = int(table[at])
        return soonest

    def _make_departures(self, pattern_index: int, visit_index: int, date: str) -> NDArray[np.int64]:
        """Tabulate all departures of a service day at a visit, in epoch ms, ascending."""
        c = self._columns
        low, high = self._pattern_trips[pattern_index], self._pattern_trips[pattern_index + 1]
        running = np.flatnonzero(self._calendar.active(date)[c.trip_service[low:high]]) + low
        after_start_s = c.profile_departure_s[c.profile_start[c.trip_profile[running]] + visit_index]
        windows = np.isin(c.headway_trip, running)
        once = ~np.isin(running, c.headway_trip)
        runs_s = [c.trip_start_s[running[once]] + after_start_s[once]]
        for trip, start_s, end_s, every_s in zip(
            c.headway_trip[windows],
            c.headway_start_s[windows],
            c.headway_end_s[windows],
            c.headway_every_s[windows],
            strict=True,
        ):
            runs_s.append(np.arange(start_s, end_s, every_s) + after_start_s[np.searchsorted(running, trip)])
        departures_s = np.sort(np.concatenate(runs_s)).astype(np.int64)
        return departures_s * 1000 + self._calendar.day_start_ms(date)

    # -- finding stops ---------------------------------------------------------------

    def search_stops(self, text: str, limit: int) -> Sequence[Stop]:
        """Find stops by code, id or part of a name in any language, the best match first."""
        return [self.stops[StopId(self._columns.stop_ids[i])] for i in self._stop_directory.search(text, limit)]

    def stops_near(self, lat: float, lon: float, radius_m: float, limit: int) -> Sequence[tuple[Stop, float]]:
        """Find the stops within a radius in metres, nearest first, each with its distance."""
        found = self._stop_directory.near(lat, lon, radius_m, limit)
        return [(self.stops[StopId(self._columns.stop_ids[i])], away_m) for i, away_m in found]


def _given(number: np.int8) -> int | None:
    return None if number == NONE else int(number)


def _starts(ascending: NDArray[np.integer], count: int) -> list[int]:
    """Tell where the rows of each of `count` owners begin in an ascending column of owners, and where the last end."""
    starts: list[int] = np.searchsorted(ascending, np.arange(count + 1)).tolist()
    return starts


def _routes(c: Columns) -> Iterator[Route]:
    rows = zip(
        c.route_ids, c.route_agencies, c.route_short_names, c.route_long_names, c.route_types.tolist(), strict=True
    )
    for route_id, agency, short_name, long_name, route_type in rows:
        yield Route(RouteId(route_id), agency, short_name, long_name, route_type)


def _stops(c: Columns) -> Iterator[Stop]:
    rows = zip(c.stop_ids, c.stop_codes, c.stop_names, c.stop_lat_lon.tolist(), c.stop_wheelchair.tolist(), strict=True)
    for stop_id, code, name, (lat, lon), wheelchair in rows:
        names = MappingProxyType(c.stop_translations.get(stop_id, {}))
        yield Stop(StopId(stop_id), code, name, lat, lon, wheelchair, names)
