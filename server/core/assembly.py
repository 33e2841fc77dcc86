"""The one door into a network: stops, routes, services, shapes and trips go in, columns come out. Level 3 of the core.

Trips that visit the same stops in the same way share a pattern; trips of a pattern that take the same time for every
leg share a time profile. The GTFS importer and the tests of the engine both come through here.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.frame import Frame
from server.core.columns import NONE, Bytes, Columns, Floats, Ints
from server.core.drawing import Draughtsman, Drawing, Shape, Sketch, StrayShape, StrayStop, rows_of
from server.core.network import Headway, Network, Route, Stop

NO_TIME = np.iinfo(np.int32).min
"""Stands for a time that the feed leaves out; it is interpolated by distance."""
EVERY_DAY = 0b1111111
PATTERN_DIGEST_CHARS = 8
Number = TypeVar("Number", bound=np.generic)
KNOT_M = 1e-3
"""Stops at the same place are taken to be a millimetre apart, so that times between them stay in order."""


@dataclass(frozen=True, slots=True)
class Service:
    """The days on which trips run: a weekly calendar (bit 0 of `weekdays` is Monday) with exceptions. Dates `YYYYMMDD`."""

    service_id: str = "daily"
    weekdays: int = EVERY_DAY
    first: str = "19700101"
    last: str = "99991231"
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlannedTrip:
    """A trip without its calls. Plain text ids: they become typed ids in the network."""

    trip_id: str
    route_id: str
    service_id: str = "daily"
    direction_id: int | None = None
    headsign: str = ""
    block_id: str | None = None
    shape_id: str | None = None
    headways: tuple[Headway, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """One planned call at a stop; the departure is the arrival unless given. Times in seconds of the service day."""

    stop_id: str
    arrival_s: int | None = None
    departure_s: int | None = None
    stop_sequence: int | None = None
    pickup_type: int = 0
    drop_off_type: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Calls:
    """The calls of one trip as columns: `stop` is a stop's row, `dist` its `shape_dist_traveled` (NaN: not given)."""

    stop: Ints
    sequence: Ints
    arrival_s: Ints
    departure_s: Ints
    pickup: Bytes
    drop_off: Bytes
    dist: Floats


@dataclass(slots=True)
class _Pattern:
    route: int
    direction: int
    shape_id: str | None
    calls: Calls
    sample_trip: str
    headsigns: Counter[int] = field(default_factory=Counter)


@dataclass(slots=True)
class _Profile:
    pattern: int
    arrival_s: Ints
    departure_s: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Assembled:
    """The finished columns and what was odd about the feed's geometry."""

    columns: Columns
    stray_stops: Sequence[StrayStop]
    stray_shapes: Sequence[StrayShape]


class _Names:
    """Gives equal texts one number, in the order in which they are first met."""

    def __init__(self) -> None:
        self.rows: dict[str, int] = {}

    def row(self, text: str) -> int:
        return self.rows.setdefault(text, len(self.rows))


class Assembly:
    """Collects a feed. Stops, routes, services and shapes are added before the trips that use them (KeyError if not)."""

    def __init__(self, *, timezone: str, agency_name: str = "", version: str = "", feed_hash: str = "") -> None:
        self._head: dict[str, Any] = {
            "timezone": timezone,
            "agency_name": agency_name,
            "version": version,
            "feed_hash": feed_hash,
        }
        self.stop_rows: dict[str, int] = {}
        self._stops: list[Stop] = []
        self._routes: dict[str, tuple[int, Route]] = {}
        self._services: dict[str, tuple[int, Service]] = {}
        self._shapes: dict[str, Shape] = {}
        self._headsigns, self._blocks = _Names(), _Names()
        self._patterns: list[_Pattern] = []
        self._pattern_rows: dict[tuple[object, ...], int] = {}
        self._profiles: list[_Profile] = []
        self._profile_rows: dict[tuple[int, bytes, bytes], int] = {}
        self._trip_ids: list[str] = []
        self._trips: list[tuple[int, int, int, int, int, int]] = []
        self._headways: list[tuple[int, Headway]] = []

    def add_stop(self, stop: Stop) -> None:
        """Add a stop; its row number is the count of stops before it."""
        self.stop_rows[stop.stop_id] = len(self._stops)
        self._stops.append(stop)

    def add_route(self, route: Route) -> None:
        """Add a route."""
        self._routes[route.route_id] = (len(self._routes), route)

    def add_service(self, service: Service) -> None:
        """Add a service."""
        self._services[service.service_id] = (len(self._services), service)

    def add_shape(self, shape_id: str, lat_lon: ArrayLike, dist: ArrayLike | None = None) -> None:
        """Add a shape: (n, 2) degrees, and where the feed has it the `shape_dist_traveled` of every point."""
        self._shapes[shape_id] = Shape.of(lat_lon, dist)

    def add_trip(self, trip: PlannedTrip, calls: Calls) -> bool:
        """Add a trip; False, and nothing added, when not one of its calls has a time."""
        base_s = _first_time(calls)
        if base_s is None:
            return False
        headsign = self._headsigns.row(trip.headsign)
        pattern = self._pattern_row(trip, calls)
        self._patterns[pattern].headsigns[headsign] += 1
        profile = self._profile_row(pattern, calls, base_s)
        service = self._services[trip.service_id][0]
        block = NONE if trip.block_id is None else self._blocks.row(trip.block_id)
        self._headways += ((len(self._trips), headway) for headway in trip.headways)
        self._trip_ids.append(trip.trip_id)
        self._trips.append((pattern, base_s, profile, service, headsign, block))
        return True

    def _pattern_row(self, trip: PlannedTrip, calls: Calls) -> int:
        route = self._routes[trip.route_id][0]
        direction = NONE if trip.direction_id is None else trip.direction_id
        shape_id = trip.shape_id if trip.shape_id in self._shapes else None
        visits = (calls.stop, calls.sequence, calls.pickup, calls.drop_off)
        key = (route, direction, shape_id, *(column.tobytes() for column in visits))
        row = self._pattern_rows.setdefault(key, len(self._patterns))
        if row == len(self._patterns):
            self._patterns.append(_Pattern(route, direction, shape_id, calls, trip.trip_id))
        return row

    def _profile_row(self, pattern: int, calls: Calls, base_s: int) -> int:
        arrival_s = np.where(calls.arrival_s == NO_TIME, NO_TIME, calls.arrival_s - base_s)
        departure_s = np.where(calls.departure_s == NO_TIME, NO_TIME, calls.departure_s - base_s)
        key = (pattern, arrival_s.tobytes(), departure_s.tobytes())
        row = self._profile_rows.setdefault(key, len(self._profiles))
        if row == len(self._profiles):
            self._profiles.append(_Profile(pattern, arrival_s, departure_s))
        return row

    # -- from what was collected to columns ----------------------------------------

    def build(self) -> Assembled:
        """Draw the paths, place the stops, interpolate missing times and lay everything out as columns."""
        lat_lon = np.array([(stop.lat, stop.lon) for stop in self._stops], dtype=np.float64).reshape(-1, 2)
        origin = _middle(lat_lon)
        frame = Frame(*origin.tolist())
        stop_xy = np.column_stack(frame.to_xy(lat_lon[:, 0], lat_lon[:, 1]))
        order = sorted(
            range(len(self._patterns)), key=lambda p: (self._patterns[p].route, self._patterns[p].direction, p)
        )
        patterns = [self._patterns[p] for p in order]
        drawing = Draughtsman(self._shapes, stop_xy, frame).draw(
            [Sketch(p.shape_id, p.calls.stop, p.calls.dist, p.sample_trip) for p in patterns]
        )
        columns = Columns(
            **self._head,
            origin=origin,
            **self._stop_columns(lat_lon),
            **self._route_columns(),
            **self._service_columns(),
            **self._pattern_columns(patterns, drawing),
            **self._profile_columns(order, drawing),
            **self._trip_columns(order),
        )
        return Assembled(columns, drawing.stray_stops, drawing.stray_shapes)

    def _stop_columns(self, lat_lon: Floats) -> dict[str, Any]:
        return {
            "stop_ids": tuple(stop.stop_id for stop in self._stops),
            "stop_codes": tuple(stop.code for stop in self._stops),
            "stop_names": tuple(stop.name for stop in self._stops),
            "stop_translations": {stop.stop_id: dict(stop.names) for stop in self._stops if stop.names},
            "stop_lat_lon": lat_lon,
            "stop_wheelchair": np.array([stop.wheelchair for stop in self._stops], dtype=np.int8),
        }

    def _route_columns(self) -> dict[str, Any]:
        routes = [route for _, route in self._routes.values()]
        return {
            "route_ids": tuple(route.route_id for route in routes),
            "route_agencies": tuple(route.agency_id for route in routes),
            "route_short_names": tuple(route.short_name for route in routes),
            "route_long_names": tuple(route.long_name for route in routes),
            "route_types": np.array([route.route_type for route in routes], dtype=np.int32),
        }

    def _service_columns(self) -> dict[str, Any]:
        services = [service for _, service in self._services.values()]
        exceptions = sorted(
            (int(date), row, added)
            for row, service in enumerate(services)
            for dates, added in ((service.removed, 0), (service.added, 1))
            for date in dates
        )
        dates, rows, added = np.array(exceptions, dtype=np.int32).reshape(-1, 3).T
        return {
            "service_ids": tuple(service.service_id for service in services),
            "service_weekdays": np.array([service.weekdays for service in services], dtype=np.int8),
            "service_first": np.array([int(service.first) for service in services], dtype=np.int32),
            "service_last": np.array([int(service.last) for service in services], dtype=np.int32),
            "exception_date": dates.copy(),
            "exception_service": rows.copy(),
            "exception_added": added.astype(np.int8),
        }

    def _pattern_columns(self, patterns: Sequence[_Pattern], drawing: Drawing) -> dict[str, Any]:
        route_ids = list(self._routes)
        return {
            "path_start": rows_of([len(path) for path in drawing.paths]),
            "path_xy": _joined([path.xy.reshape(-1) for path in drawing.paths], np.float64).reshape(-1, 2),
            "headsigns": tuple(self._headsigns.rows),
            "block_ids": tuple(self._blocks.rows),
            "pattern_ids": tuple(self._pattern_id(route_ids[p.route], p) for p in patterns),
            "pattern_route": np.array([p.route for p in patterns], dtype=np.int32),
            "pattern_direction": np.array([p.direction for p in patterns], dtype=np.int8),
            "pattern_headsign": np.array([p.headsigns.most_common(1)[0][0] for p in patterns], dtype=np.int32),
            "pattern_path": np.array(drawing.path_of, dtype=np.int32),
            "visit_start": rows_of([len(p.calls.stop) for p in patterns]),
            "visit_stop": _joined([p.calls.stop for p in patterns], np.int32),
            "visit_sequence": _joined([p.calls.sequence for p in patterns], np.int32),
            "visit_along_m": _joined(drawing.along_m, np.float64),
            "visit_pickup": _joined([p.calls.pickup for p in patterns], np.int8),
            "visit_drop_off": _joined([p.calls.drop_off for p in patterns], np.int8),
        }

    def _pattern_id(self, route_id: str, pattern: _Pattern) -> str:
        """Name a pattern by what it is, so that it keeps its name in the next feed version if it stays the same."""
        stops = [self._stops[row].stop_id for row in pattern.calls.stop.tolist()]
        what = repr(
            (
                pattern.shape_id,
                stops,
                *(c.tolist() for c in (pattern.calls.sequence, pattern.calls.pickup, pattern.calls.drop_off)),
            )
        )
        direction = "" if pattern.direction == NONE else pattern.direction
        return f"{route_id}:{direction}:{sha256(what.encode()).hexdigest()[:PATTERN_DIGEST_CHARS]}"

    def _profile_columns(self, order: Sequence[int], drawing: Drawing) -> dict[str, Any]:
        along_of = dict(zip(order, drawing.along_m, strict=True))
        times = [_filled(p.arrival_s, p.departure_s, along_of[p.pattern]) for p in self._profiles]
        return {
            "profile_start": rows_of([len(arrival_s) for arrival_s, _ in times]),
            "profile_arrival_s": _joined([arrival_s for arrival_s, _ in times], np.int32),
            "profile_departure_s": _joined([departure_s for _, departure_s in times], np.int32),
        }

    def _trip_columns(self, order: Sequence[int]) -> dict[str, Any]:
        rows = np.array(self._trips, dtype=np.int32).reshape(-1, 6)
        new_row = np.empty(len(order), dtype=np.int32)
        new_row[list(order)] = np.arange(len(order), dtype=np.int32)
        rows[:, 0] = new_row[rows[:, 0]]
        by_pattern = np.lexsort((rows[:, 1], rows[:, 0]))
        place = np.empty(len(rows), dtype=np.int32)
        place[by_pattern] = np.arange(len(rows), dtype=np.int32)
        pattern, start_s, profile, service, headsign, block = (column.copy() for column in rows[by_pattern].T)
        headways = sorted((int(place[trip]), h.start_s, h.end_s, h.every_s, int(h.exact)) for trip, h in self._headways)
        window = np.array(headways, dtype=np.int32).reshape(-1, 5).T
        return {
            "trip_ids": tuple(self._trip_ids[row] for row in by_pattern.tolist()),
            "trip_pattern": pattern,
            "trip_profile": profile,
            "trip_start_s": start_s,
            "trip_service": service,
            "trip_headsign": headsign,
            "trip_block": block,
            "headway_trip": window[0].copy(),
            "headway_start_s": window[1].copy(),
            "headway_end_s": window[2].copy(),
            "headway_every_s": window[3].copy(),
            "headway_exact": window[4].astype(np.int8),
        }


def _middle(lat_lon: Floats) -> Floats:
    """Choose the origin of the frame: the median of the stops, whatever lies astray; also across the date line."""
    if not len(lat_lon):
        return np.zeros(2)
    lat, lon = lat_lon.T
    if np.ptp(lon) > 180.0:
        lon = lon % 360.0
    return np.array([np.median(lat), (np.median(lon) + 180.0) % 360.0 - 180.0])


def _first_time(calls: Calls) -> int | None:
    times = np.where(calls.arrival_s != NO_TIME, calls.arrival_s, calls.departure_s)
    known = np.flatnonzero(times != NO_TIME)
    return int(times[known[0]]) if len(known) else None


def _filled(arrival_s: Ints, departure_s: Ints, along_m: Floats) -> tuple[Ints, Ints]:
    """Fill in the times a feed leaves out: the other time of the call, or else by distance between known calls."""
    arrival_s = np.where(arrival_s == NO_TIME, departure_s, arrival_s)
    departure_s = np.where(departure_s == NO_TIME, arrival_s, departure_s)
    unknown = arrival_s == NO_TIME
    if unknown.any():
        place_m = along_m + KNOT_M * np.arange(len(along_m))
        knot_m = np.column_stack((place_m[~unknown], place_m[~unknown] + KNOT_M / 2)).reshape(-1)
        knot_s = np.column_stack((arrival_s[~unknown], departure_s[~unknown])).reshape(-1)
        between_s = np.round(np.interp(place_m[unknown], knot_m, knot_s)).astype(np.int32)
        arrival_s[unknown] = departure_s[unknown] = between_s
    return arrival_s, departure_s


def _joined(columns: Sequence[NDArray[Number]], dtype: type[Number]) -> NDArray[Number]:
    return np.concatenate(columns) if columns else np.empty(0, dtype=dtype)


def build_network(
    *,
    stops: Iterable[Stop],
    routes: Iterable[Route],
    trips: Iterable[tuple[PlannedTrip, Sequence[Call]]],
    shapes: Mapping[str, ArrayLike] = MappingProxyType({}),
    services: Iterable[Service] = (Service(),),
    timezone: str = "Asia/Seoul",
    agency_name: str = "",
    version: str = "",
    feed_hash: str = "",
) -> Network:
    """Make a network from plain records: a small town in ten lines. Shapes are (n, 2) degrees by `shape_id`.

    Without a shape a trip's path is drawn stop to stop; `stop_sequence` counts from 1 unless given; trips run
    daily unless `services` says otherwise.
    """
    assembly = Assembly(timezone=timezone, agency_name=agency_name, version=version, feed_hash=feed_hash)
    for stop in stops:
        assembly.add_stop(stop)
    for route in routes:
        assembly.add_route(route)
    for service in services:
        assembly.add_service(service)
    for shape_id, lat_lon in shapes.items():
        assembly.add_shape(shape_id, lat_lon)
    for trip, calls in trips:
        assembly.add_trip(trip, _columns_of(calls, assembly.stop_rows))
    return Network(assembly.build().columns)


def _columns_of(calls: Sequence[Call], stop_rows: Mapping[str, int]) -> Calls:
    times = [(c.arrival_s, c.arrival_s if c.departure_s is None else c.departure_s) for c in calls]
    arrival_s, departure_s = np.array([[NO_TIME if t is None else t for t in pair] for pair in times], dtype=np.int32).T
    sequence = [i + 1 if c.stop_sequence is None else c.stop_sequence for i, c in enumerate(calls)]
    return Calls(
        stop=np.array([stop_rows[c.stop_id] for c in calls], dtype=np.int32),
        sequence=np.array(sequence, dtype=np.int32),
        arrival_s=arrival_s,
        departure_s=departure_s,
        pickup=np.array([c.pickup_type for c in calls], dtype=np.int8),
        drop_off=np.array([c.drop_off_type for c in calls], dtype=np.int8),
        dist=np.full(len(calls), np.nan),
    )
