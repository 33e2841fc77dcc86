"""Routes, stops, patterns and trips as immutable records with geo paths. Level 1 of the core.

A *pattern* is the ordered visits and the shape that a set of trips share; a *visit* is one stop of a pattern.
Built by `server.gtfs` from a GTFS Schedule feed; loaded once; never changed while a trip runs on it.
"""

from dataclasses import dataclass

import numpy as np
from geo.path import Path
from numpy.typing import NDArray

from server.core.model import BlockId, PatternId, RouteId, StopId, TripId


@dataclass(frozen=True, slots=True)
class Stop:
    """A place where buses stop (GTFS `stops.txt`). `names` holds translations by language code."""

    stop_id: StopId
    code: str
    name: str
    lat: float
    lon: float
    wheelchair: int
    names: dict[str, str]


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


@dataclass(frozen=True, slots=True, eq=False)
class Trip:
    """One scheduled trip. Times are seconds since the start of its service day (noon minus 12 h; may pass 24 h).

    Both arrays have one entry per visit of the pattern; times a feed leaves out are interpolated by distance.
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


@dataclass(frozen=True, slots=True)
class VisitRef:
    """A visit named by its pattern's and its own index."""

    pattern_index: int
    visit_index: int
