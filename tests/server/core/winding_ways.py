"""Streets that are hard to place a bus on: used twice, side by side, or met again; and a bus that follows any of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from geo.frame import Frame
from geo.path import Path
from server.core.assembly import Call, PlannedTrip, Service, build_network
from server.core.events import Fix
from server.core.model import Assignment, RouteId, Source, StopId, TripId, TripKey, VehicleId
from server.core.network import Network, Route, Stop
from server.core.tracking import Track, assign
from tests.server.core.engine_world import DAY, LAT0, LON0, START_S

Point = tuple[float, float]
OUT_AND_BACK: Sequence[Point] = [(0, 0), (1500, 0), (0, 0)]
SQUARE: Sequence[Point] = [(0, 0), (600, 0), (600, 600), (0, 600), (0, 0)]
TWICE_ROUND: Sequence[Point] = [*SQUARE, *SQUARE[1:]]
STRAIGHT: Sequence[Point] = [(0, 0), (4000, 0)]
SPEED_MPS = 10.0
BUS = VehicleId("bus")
FRAME = Frame(LAT0, LON0)


def lat_lon(x_m: float, y_m: float) -> Point:
    """A place x metres east and y north, as degrees."""
    lat, lon = FRAME.to_lat_lon(x_m, y_m)
    return float(lat), float(lon)


def line(
    points: Sequence[Point],
    stops_m: Sequence[float],
    *,
    trips: int = 3,
    block: bool = True,
    headway_s: int = 900,
    start_s: int = START_S,
    services: Sequence[Service] = (),
    service_id: str = "daily",
) -> Network:
    """Route 10 along a polyline of metres, with stops at these distances along it; timetable at 10 m/s."""
    path = Path(np.array(points, dtype=float))
    places = [path.at(along_m) for along_m in stops_m]
    stops: dict[str, Stop] = {}
    for x, y in places:
        stop_id = f"{x:.0f},{y:.0f}"
        stops[stop_id] = Stop(StopId(stop_id), "", stop_id, *lat_lon(x, y))
    planned = []
    for n in range(trips):
        calls = [
            Call(f"{x:.0f},{y:.0f}", round(start_s + n * headway_s + along_m / SPEED_MPS))
            for (x, y), along_m in zip(places, stops_m, strict=True)
        ]
        trip = PlannedTrip(f"T{n}", "10", service_id, direction_id=0, shape_id="way", block_id="B" if block else None)
        planned.append((trip, calls))
    return build_network(
        stops=list(stops.values()),
        routes=[Route(RouteId("10"), "A", "10", "", 3)],
        trips=planned,
        shapes={"way": [lat_lon(x, y) for x, y in points]},
        services=services or (Service(),),
    )


def track_on(network: Network, trip: str = "T0") -> Track:
    """A bus signed on that has not been seen yet."""
    track = Track(BUS, seen_ms=0)
    assign(track, Assignment(BUS, 0, TripKey(TripId(trip), DAY)), network)
    return track


@dataclass
class Rider:
    """Follows a polyline at an even speed, as seen by a receiver."""

    network: Network
    points: Sequence[Point]
    start_ms: int = 0
    speed_mps: float = SPEED_MPS

    def __post_init__(self) -> None:
        self.path = Path(np.array(self.points, dtype=float))
        self.start_ms = self.start_ms or self.network.day_start_ms(DAY) + START_S * 1000

    def fix(
        self, along_m: float, *, dx_m: float = 0.0, dy_m: float = 0.0, at_ms: int | None = None, **more: Any
    ) -> Fix:
        """What the receiver says at a place of the way, at the time when a bus at even speed is there."""
        x, y = self.path.at(along_m)
        at_ms = self.start_ms + round(1000 * along_m / self.speed_mps) if at_ms is None else at_ms
        fields: dict[str, Any] = {
            "speed_mps": self.speed_mps,
            "heading_deg": self.path.heading_deg(along_m),
            "accuracy_m": 5.0,
            "source": Source.TERMINAL,
        } | more
        lat, lon = lat_lon(x + dx_m, y + dy_m)
        return Fix(BUS, at_ms, at_ms, lat, lon, **fields)

    def ride(self, period_s: float, **more: Any) -> Iterator[tuple[float, Fix]]:
        """All fixes of the way, each with the true place."""
        step_m = self.speed_mps * period_s
        for along_m in np.arange(0.0, self.path.length_m, step_m).tolist():
            yield along_m, self.fix(along_m, **more)
