"""A straight street with one line and a drive along it as recorded lines: the ground for tests of replay and score."""

import math
from typing import Any

from server.core.assembly import Call, PlannedTrip, build_network
from server.core.engine import RouteEngine
from server.core.model import RouteId, StopId
from server.core.network import Network, Route, Stop
from server.core.policy import Policy
from server.protocol.render import Renderer
from server.replay import Replay

LAT0, LON0 = 37.26, 127.02
M_LON = 111_320.0 * math.cos(math.radians(LAT0))
SPACING_M, STOPS = 500.0, 6
DAY = "20261120"
SPEED_MPS = 10.0


def lon(x_m: float) -> float:
    return LON0 + x_m / M_LON


def town() -> Network:
    stops = [Stop(StopId(f"S{i}"), f"0{i}", f"정류장 {i}", LAT0, lon(i * SPACING_M), 0, {}) for i in range(STOPS)]
    trips = [
        (
            PlannedTrip(f"T{n}", "7", direction_id=0, headsign="끝"),
            [Call(f"S{i}", 36_000 + n * 600 + i * 62) for i in range(STOPS)],
        )
        for n in range(3)
    ]
    return build_network(stops=stops, routes=[Route(RouteId("7"), "A", "7", "", 3)], trips=trips)


NETWORK = town()
START_MS = NETWORK.day_start_ms(DAY) + 36_000_000


def new_replay(*, trace: bool = False, policy: Policy | None = None) -> Replay:
    engine = RouteEngine(NETWORK, policy or Policy(), vehicles={}, assume_terminal=True)
    return Replay(engine, Renderer(NETWORK, {}), trace=trace)


def drive(
    vehicle: str = "bus", trip: str = "T0", *, start_ms: int = START_MS, stand_at: int | None = 3
) -> list[dict[str, Any]]:
    """From the first stop to the last at 10 m/s, one fix a second, standing 15 s at one stop."""
    lines: list[dict[str, Any]] = [
        {"at_ms": start_ms, "type": "sign_on", "vehicle_id": vehicle, "trip_id": trip, "start_date": DAY}
    ]
    x_m, at_ms, stood = 0.0, start_ms, 0
    while x_m <= (STOPS - 1) * SPACING_M + 60:
        standing = stand_at is not None and abs(x_m - stand_at * SPACING_M) < SPEED_MPS / 2 and stood < 15
        at_ms += 1000
        lines.append(
            {
                "at_ms": at_ms,
                "type": "fix",
                "vehicle_id": vehicle,
                "lat": LAT0,
                "lon": lon(x_m),
                "speed_mps": 0.0 if standing else SPEED_MPS,
            }
        )
        stood += standing
        x_m += 0.0 if standing else SPEED_MPS
    return lines


def ring(at_ms: int, *, stop: int = 3, rider: str = "rider", bell_id: str = "bell-0001", **more: Any) -> dict[str, Any]:
    return {
        "at_ms": at_ms,
        "type": "ring",
        "rider": rider,
        "bell_id": bell_id,
        "stop_id": f"S{stop}",
        "route_id": "7",
        "presence": {"nonce": "checked"},
        **more,
    }


def in_order(*parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted((line for part in parts for line in part), key=lambda line: int(line["at_ms"]))
