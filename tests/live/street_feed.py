"""A few straight streets as a GTFS feed whose trips run now, and where a bus is that drives them out and back."""

import csv
import io
import math
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Seoul")
LAT0, LON0 = 37.2700, 127.0100
M_PER_DEG_LAT = 110_990.0
M_PER_DEG_LON = 111_320.0 * math.cos(math.radians(LAT0))

ROUTES = ("M1", "M2", "M3")
STOPS = 14
SPACING_M = 160.0
"""Between stops: more than a bus at 50 km/h needs to be told in time (about 140 m)."""
RUN_M = 150.0
"""Of street before the first stop and after the last one."""
LENGTH_M = 2 * RUN_M + (STOPS - 1) * SPACING_M
STREETS_APART_M = 3_000.0
LANE_M = 6.0
"""The two directions lie on one street; stops across the road share a name."""
HEADWAY_S = 120
SECONDS_A_STOP = 20

Rows = list[Sequence[object]]


class Place(NamedTuple):
    """Degrees."""

    lat: float
    lon: float


class Trip(NamedTuple):
    """One run: what a driver signs on to."""

    trip_id: str
    start_date: str
    starts_s: float


@dataclass(frozen=True)
class Way:
    """One direction of one route. `along_m` counts from the beginning of the street in the direction of travel."""

    route_id: str
    direction_id: int

    @property
    def heading_deg(self) -> float:
        """East out, west back."""
        return 90.0 if self.direction_id == 0 else 270.0

    def place(self, along_m: float) -> Place:
        """Where a bus is."""
        out = self.direction_id == 0
        x = along_m if out else LENGTH_M - along_m
        y = ROUTES.index(self.route_id) * STREETS_APART_M + (-LANE_M if out else LANE_M)
        return Place(LAT0 + y / M_PER_DEG_LAT, LON0 + x / M_PER_DEG_LON)

    def stop_id(self, index: int) -> str:
        """Stops are counted from 0 in the direction of travel."""
        return f"{self.route_id}-{'EW'[self.direction_id]}{index}"

    def stop_along_m(self, index: int) -> float:
        """Metres along at which a stop stands."""
        return RUN_M + index * SPACING_M


WAYS = tuple(Way(route_id, direction_id) for route_id in ROUTES for direction_id in (0, 1))


@dataclass(frozen=True)
class Streets:
    """A feed on disk, the network compiled from it, and the trips that begin around now, by way."""

    feed: Path
    network: Path
    trips: dict[Way, tuple[Trip, ...]]


def make_streets(folder: Path) -> Streets:
    """Write the feed and compile it with the real importer."""
    feed, network = folder / "streets.zip", folder / "streets.network"
    trips = write_feed(feed, datetime.now(ZONE))
    command = [sys.executable, "-m", "ridebell", "import", str(feed), "--out", str(network)]
    subprocess.run(command, check=True, capture_output=True)
    return Streets(feed, network, trips)


def write_feed(path: Path, now: datetime) -> dict[Way, tuple[Trip, ...]]:
    """Write a feed with a bus every two minutes, from half an hour ago until two hours from now."""
    day, day_start_s = service_day(now)
    first_s = int(now.timestamp() - day_start_s) - 1800
    starts = range(first_s, first_s + 9000, HEADWAY_S)
    trips = {
        way: tuple(Trip(f"{way.route_id}-{way.direction_id}-{n}", day, day_start_s + s) for n, s in enumerate(starts))
        for way in WAYS
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, rows in _tables(trips, day, day_start_s).items():
            text = io.StringIO()
            csv.writer(text, lineterminator="\n").writerows(rows)
            archive.writestr(name, text.getvalue())
    return trips


def service_day(now: datetime) -> tuple[str, float]:
    """The service day (YYYYMMDD) on which a trip of half an hour ago ran, and its start: noon minus 12 h."""
    local = now.astimezone(ZONE)
    if local.hour == 0:
        local -= timedelta(days=1)
    noon = local.replace(hour=12, minute=0, second=0, microsecond=0)
    return local.strftime("%Y%m%d"), noon.timestamp() - 12 * 3600


def _tables(trips: dict[Way, tuple[Trip, ...]], day: str, day_start_s: float) -> dict[str, Rows]:
    agency = "수래여객", "https://example.org/bus", "Asia/Seoul", "ko"
    return {
        "agency.txt": [("agency_name", "agency_url", "agency_timezone", "agency_lang"), agency],
        "calendar_dates.txt": [("service_id", "date", "exception_type"), ("D", day, 1)],
        "routes.txt": [("route_id", "route_short_name", "route_type"), *((r, r, 3) for r in ROUTES)],
        "stops.txt": [
            ("stop_id", "stop_name", "stop_lat", "stop_lon"),
            *((way.stop_id(i), f"{way.route_id}거리 {_number(way, i)}", *_pole(way, i)) for way, i in _visits()),
        ],
        "shapes.txt": [
            ("shape_id", "shape_pt_sequence", "shape_pt_lat", "shape_pt_lon"),
            *((_shape(way), n, *way.place(LENGTH_M * n / 20)) for way in WAYS for n in range(21)),
        ],
        "trips.txt": [
            ("trip_id", "route_id", "service_id", "direction_id", "shape_id", "trip_headsign"),
            *((t.trip_id, way.route_id, "D", way.direction_id, _shape(way), "끝") for way in WAYS for t in trips[way]),
        ],
        "stop_times.txt": [
            ("trip_id", "stop_sequence", "stop_id", "arrival_time", "departure_time"),
            *(
                (trip.trip_id, i + 1, way.stop_id(i), *2 * (_clock(trip.starts_s - day_start_s + i * SECONDS_A_STOP),))
                for way, i in _visits()
                for trip in trips[way]
            ),
        ],
    }


def _visits() -> list[tuple[Way, int]]:
    return [(way, i) for way in WAYS for i in range(STOPS)]


def _number(way: Way, index: int) -> int:
    return index if way.direction_id == 0 else STOPS - 1 - index


def _pole(way: Way, index: int) -> Place:
    return way.place(way.stop_along_m(index))


def _shape(way: Way) -> str:
    return f"{way.route_id}:{way.direction_id}"


def _clock(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
