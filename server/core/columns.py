"""The whole network as columns: what a compiled network file holds and `Network` reads. Level 0 of the core.

Rows refer to each other by index. `*_start` columns have one entry more than there are rows: row `i` owns
`[start[i], start[i + 1])` of the columns it points into. Times are seconds since the start of the service day.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Bytes = NDArray[np.int8]

NONE = -1
"""Stands for "not given" in a column of indices or directions."""


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Immutable columns of one network. Built by `server.core.assembly`, kept by `server.gtfs.compiled`."""

    version: str
    feed_hash: str
    timezone: str
    agency_name: str
    origin: Floats  # latitude, longitude of the frame

    stop_ids: tuple[str, ...]
    stop_codes: tuple[str, ...]
    stop_names: tuple[str, ...]
    stop_translations: dict[str, dict[str, str]]  # by stop_id, then by language
    stop_lat_lon: Floats  # (n, 2)
    stop_wheelchair: Bytes

    route_ids: tuple[str, ...]
    route_agencies: tuple[str, ...]
    route_short_names: tuple[str, ...]
    route_long_names: tuple[str, ...]
    route_types: Ints

    service_ids: tuple[str, ...]
    service_weekdays: Bytes  # bit 0 is Monday
    service_first: Ints  # YYYYMMDD, first day of the weekly calendar
    service_last: Ints  # YYYYMMDD, last day, itself included
    exception_date: Ints  # YYYYMMDD, ascending
    exception_service: Ints
    exception_added: Bytes  # 1 added, 0 removed

    path_start: NDArray[np.int64]
    path_xy: Floats  # (n, 2) metres in the frame

    headsigns: tuple[str, ...]
    block_ids: tuple[str, ...]

    pattern_ids: tuple[str, ...]  # patterns are ordered by route
    pattern_route: Ints
    pattern_direction: Bytes
    pattern_headsign: Ints
    pattern_path: Ints
    visit_start: NDArray[np.int64]  # of a pattern
    visit_stop: Ints
    visit_sequence: Ints
    visit_along_m: Floats
    visit_pickup: Bytes
    visit_drop_off: Bytes

    profile_start: NDArray[np.int64]  # a time profile: seconds after the trip's own start
    profile_arrival_s: Ints
    profile_departure_s: Ints

    trip_ids: tuple[str, ...]  # trips are ordered by pattern, then by start
    trip_pattern: Ints
    trip_profile: Ints
    trip_start_s: Ints
    trip_service: Ints
    trip_headsign: Ints
    trip_block: Ints

    headway_trip: Ints  # ascending
    headway_start_s: Ints
    headway_end_s: Ints
    headway_every_s: Ints
    headway_exact: Bytes
