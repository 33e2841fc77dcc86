"""Streets on which buses drive without having said what they run: lines both ways, their blocks, and such a bus."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from server.core.assembly import Call, PlannedTrip, build_network
from server.core.effects import Effect, Positioned
from server.core.events import Fix, SignOff, SignOn
from server.core.model import Assignment, BlockId, RouteId, Source, StopId, TripId, VehicleId
from server.core.network import Headway, Network, Route, Stop
from tests.server.core.engine_world import DAY, START_S, World
from tests.server.core.winding_ways import Point, lat_lon

SPEED_MPS = 10.0
LENGTH_M = 4_000.0
HEADWAY_S = 600
EAST: Sequence[Point] = [(0, 0), (LENGTH_M, 0)]
WEST: Sequence[Point] = [(LENGTH_M, 0), (0, 0)]
SPACING_M = 500


@dataclass(frozen=True)
class Line:
    """A way that trips take: its polyline in metres, when the first leaves, and which block each is of."""

    route: str
    direction: int | None
    points: Sequence[Point]
    first_s: int = START_S
    trips: int = 6
    blocks: Sequence[str] | None = None
    headways: tuple[Headway, ...] = ()
    headway_s: int = HEADWAY_S
    name: str = ""

    def trip_id(self, way: int, n: int) -> str:
        """Name its `n`-th trip; `way` stands for a direction that is not given."""
        return f"{self.name or self.route}-{way if self.direction is None else self.direction}-{n}"


def shuttle(*, blocks: bool = True, headway_s: int = HEADWAY_S) -> Sequence[Line]:
    """Route 10 both ways on one street, every ten minutes: two buses are enough, each with its block."""
    names = ["A", "B"] if blocks else None
    return (
        Line("10", 0, EAST, blocks=names, headway_s=headway_s),
        Line("10", 1, WEST, first_s=START_S + 600, blocks=names, headway_s=headway_s),
    )


def streets(*lines: Line) -> Network:
    """A network of these lines, with a stop every half kilometre; a trip is `route-direction-number`."""
    stops: dict[str, Stop] = {}
    planned: list[tuple[PlannedTrip, list[Call]]] = []
    shapes: dict[str, list[Point]] = {}
    for way, line in enumerate(lines):
        places = list(_along(line.points))
        shapes[f"way-{line.points}"] = [lat_lon(*point) for point in line.points]
        for x, y, _ in places:
            stop_id = f"{x:.0f},{y:.0f}"
            stops.setdefault(stop_id, Stop(StopId(stop_id), "", stop_id, *lat_lon(x, y)))
        for n in range(line.trips):
            start_s = line.first_s + n * line.headway_s
            calls = [Call(f"{x:.0f},{y:.0f}", round(start_s + m / SPEED_MPS)) for x, y, m in places]
            block = None if line.blocks is None else line.blocks[n % len(line.blocks)]
            trip = PlannedTrip(
                line.trip_id(way, n),
                line.route,
                direction_id=line.direction,
                shape_id=f"way-{line.points}",
                block_id=block,
                headways=line.headways,
            )
            planned.append((trip, calls))
    routes = [Route(RouteId(name), "A", name, "", 3) for name in sorted({line.route for line in lines})]
    return build_network(stops=list(stops.values()), routes=routes, trips=planned, shapes=shapes)


def _along(points: Sequence[Point]) -> list[tuple[float, float, float]]:
    """Places of the stops as (x, y, metres along): each corner, and every `SPACING_M` between two."""
    found = [(*points[0], 0.0)]
    for (ax, ay), (bx, by) in itertools.pairwise(points):
        length_m = math.dist((ax, ay), (bx, by))
        steps = max(1, round(length_m / SPACING_M))
        done_m = found[-1][2]
        found += [
            (ax + (bx - ax) * k / steps, ay + (by - ay) * k / steps, done_m + length_m * k / steps)
            for k in range(1, steps + 1)
        ]
    return found


@dataclass
class Stray:
    """A bus that reports every 15 s where it is, and nothing else unless told."""

    world: World
    x: float = 0.0
    y: float = 0.0
    name: str = "stray"
    period_s: int = 15
    source: Source = Source.TERMINAL

    @property
    def vehicle_id(self) -> VehicleId:
        return VehicleId(self.name)

    def position(self) -> Positioned:
        """Where the engine believed it to be after its last fix."""
        position = self.world.engine.position(self.vehicle_id, self.world.now_ms)
        assert position is not None
        return position

    @property
    def assignment(self) -> Assignment | None:
        return self.world.engine.assignment(self.vehicle_id)

    def trip_id(self) -> str | None:
        """The trip it is believed to run."""
        trip = self.position().trip
        return None if trip is None else trip.trip_id

    def report(self, **more: object) -> list[Effect]:
        now_ms = self.world.now_ms
        fields: dict[str, object] = {"source": self.source} | more
        fix = Fix(self.vehicle_id, now_ms, now_ms, *lat_lon(self.x, self.y), **fields)  # type: ignore[arg-type]
        return self.world.do(fix)

    def drive(self, *points: Point, speed_mps: float = SPEED_MPS, says: Mapping[str, object] | None = None) -> None:
        """Drive straight to each of these places, reporting on the way."""
        for x, y in points:
            away_m = math.dist((self.x, self.y), (x, y))
            steps = max(1, round(away_m / speed_mps / self.period_s))
            from_x, from_y = self.x, self.y
            for k in range(1, steps + 1):
                self.x, self.y = from_x + (x - from_x) * k / steps, from_y + (y - from_y) * k / steps
                self.world.wait(self.period_s)
                self.report(**(says or {}))

    def stand(self, seconds: float) -> None:
        """Stand where it is, and say so."""
        for _ in range(round(seconds / self.period_s)):
            self.world.wait(self.period_s)
            self.report()

    def sign_on(self, trip_id: str) -> list[Effect]:
        return self.world.do(SignOn(self.vehicle_id, "on", TripId(trip_id), DAY))

    def sign_on_block(self, block_id: str) -> list[Effect]:
        return self.world.do(SignOn(self.vehicle_id, "on", block_id=BlockId(block_id)))

    def sign_off(self) -> list[Effect]:
        return self.world.do(SignOff(self.vehicle_id, "off"))


def at(network: Network, seconds: float) -> World:
    """A world over this network, so many seconds after the first trip leaves."""
    return World(network=network, now_ms=network.day_start_ms(DAY) + round((START_S + seconds) * 1000))


MIDDLE = (2_000.0, 0.0)
FAR_END = (LENGTH_M, 0.0)
NORTH_SOUTH = [(2_000.0, -3_000.0), (2_000.0, 3_000.0)]


def shuttle_world(seconds: float = 0.0, *, blocks: bool = True) -> World:
    """The shuttle's street, so many seconds after its first departure."""
    return at(streets(*shuttle(blocks=blocks)), seconds)
