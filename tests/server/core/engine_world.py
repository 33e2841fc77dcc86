"""A straight street with a route in both directions, and buses that drive on it: the ground for tests of the engine."""

import itertools
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from server.core.assembly import Call, PlannedTrip, build_network
from server.core.effects import (
    AlertCleared,
    AlertMarked,
    AlertRaised,
    Assigned,
    BellChanged,
    Effect,
    FixRefused,
    Refused,
    StopVisited,
)
from server.core.engine import RouteEngine
from server.core.events import Event, Fix, Presence, Ring, Shown, SignOn, Tick
from server.core.model import (
    Alert,
    Bell,
    BellId,
    BellKind,
    BellState,
    Doors,
    Fact,
    Reason,
    RiderId,
    RouteId,
    Source,
    StopId,
    TripId,
    Vehicle,
    VehicleId,
)
from server.core.network import Network, Route, Stop
from server.core.policy import Policy

LAT0, LON0 = 37.26, 127.02
M_LAT, M_LON = 110_990.0, 111_320.0 * math.cos(math.radians(LAT0))
SPACING_M = 450.0
STOPS = 8
LEAD_M = 200.0
DAY = "20261120"
START_S = 10 * 3600


def lat_lon(x_m: float, y_m: float = 0.0) -> tuple[float, float]:
    """A place x metres east and y north of the street's beginning."""
    return LAT0 + y_m / M_LAT, LON0 + x_m / M_LON


def stop_id(index: int, direction: int = 0) -> StopId:
    """The stop at which a bus of this direction calls as its `index`-th."""
    return StopId(f"{'E' if direction == 0 else 'W'}{index}")


def stop_x(index: int) -> float:
    return LEAD_M + index * SPACING_M


LENGTH_M = 2 * LEAD_M + (STOPS - 1) * SPACING_M


def street(*, pickup_types: dict[int, int] | None = None, trips: int = 12, last_stop: int = STOPS) -> Network:
    """Route 10 both ways on one street, a trip every 10 minutes from 10:00; 20 is a short turn of the same stops."""
    stops = [
        Stop(
            stop_id(i, d),
            f"{d}{i}",
            f"거리 {i}",
            *lat_lon(stop_x(i) if d == 0 else LENGTH_M - stop_x(i), -6.0 if d == 0 else 6.0),
            0,
            {},
        )
        for d in (0, 1)
        for i in range(STOPS)
    ]
    xs = [LENGTH_M * k / 20 for k in range(21)]
    shapes = {"E": [lat_lon(x) for x in xs], "W": [lat_lon(x) for x in reversed(xs)]}
    planned = []
    for direction, n in itertools.product((0, 1), range(trips)):
        leg_s = SPACING_M / 8 + 12
        calls = [
            Call(
                stop_id(i, direction), round(START_S + n * 600 + i * leg_s), pickup_type=(pickup_types or {}).get(i, 0)
            )
            for i in range(last_stop)
        ]
        trip = PlannedTrip(
            f"{'E' if direction == 0 else 'W'}-{n}",
            "10",
            direction_id=direction,
            headsign="동쪽" if direction == 0 else "서쪽",
            shape_id="E" if direction == 0 else "W",
            block_id=f"block-{direction}",
        )
        planned.append((trip, calls))
    return build_network(
        stops=stops,
        routes=[Route(RouteId("10"), "A", "10", "", 3), Route(RouteId("99"), "A", "99", "", 3)],
        trips=planned,
        shapes=shapes,
    )


@dataclass
class World:
    """An engine with a clock, and everything it ever decided."""

    network: Network = field(default_factory=street)
    policy: Policy = field(default_factory=Policy)
    vehicles: dict[VehicleId, Vehicle] = field(default_factory=dict)
    assume_terminal: bool = True
    now_ms: int = 0
    effects: list[Effect] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.now_ms = self.now_ms or self.network.day_start_ms(DAY) + (START_S + 60) * 1000
        self.engine = RouteEngine(
            self.network, self.policy, vehicles=self.vehicles, assume_terminal=self.assume_terminal
        )
        self._ids = itertools.count(1)

    def do(self, event: Event) -> list[Effect]:
        effects = self.engine.step(event, self.now_ms)
        self.effects += effects
        return effects

    def wait(self, seconds: float) -> list[Effect]:
        """Time passes, a tick a second."""
        effects: list[Effect] = []
        for _ in range(round(seconds)):
            self.now_ms += 1000
            effects += self.do(Tick())
        return effects

    def ring(
        self,
        stop: int = 3,
        *,
        rider: str = "rider",
        direction: int = 0,
        bell_id: str | None = None,
        at_stop: StopId | None = None,
        **more: object,
    ) -> list[Effect]:
        lat, lon = lat_lon(stop_x(stop) if direction == 0 else LENGTH_M - stop_x(stop))
        fields: dict[str, object] = {
            "direction_id": direction,
            "route_id": RouteId("10"),
            "presence": Presence(lat, lon, 8.0),
        } | more
        bell = BellId(bell_id or f"bell-{next(self._ids):04d}")
        return self.do(Ring(bell, RiderId(rider), BellKind.BOARD, at_stop or stop_id(stop, direction), **fields))  # type: ignore[arg-type]

    # -- what was decided ------------------------------------------------------

    def states(self, rider: str = "rider") -> list[tuple[BellState, str | None]]:
        """A rider's bell, state by state, with the bus it had."""
        return [
            (e.bell.state, e.bell.vehicle_id)
            for e in self.effects
            if isinstance(e, BellChanged) and e.bell.rider_id == rider
        ]

    def alerts(self, vehicle: str) -> list[Alert]:
        return [e.alert for e in self.effects if isinstance(e, AlertRaised) and e.alert.vehicle_id == vehicle]

    def alerts_all(self) -> list[Alert]:
        """Every alert that is live now."""
        vehicles = {e.alert.vehicle_id for e in self.effects if isinstance(e, AlertRaised)}
        return [alert for v in sorted(vehicles) for alert in self.engine.live_alerts(v)]

    def facts(self) -> list[Fact]:
        """The latest record of everything lasting, as a journal would give it back."""
        latest: dict[tuple[str, str], Fact] = {}
        for effect in self.effects:
            match effect:
                case BellChanged(bell=bell):
                    latest["bell", bell.bell_id] = bell
                case AlertRaised(alert=alert) | AlertMarked(alert=alert) | AlertCleared(alert=alert):
                    latest["alert", alert.alert_id] = alert
                case Assigned(assignment=assignment):
                    latest["assignment", assignment.vehicle_id] = assignment
                case _:
                    pass
        return [
            fact
            for fact in latest.values()
            if not (isinstance(fact, Bell) and fact.ended)
            and not (isinstance(fact, Alert) and fact.outcome is not None)
        ]

    def clears(self, vehicle: str) -> list[AlertCleared]:
        return [e for e in self.effects if isinstance(e, AlertCleared) and e.alert.vehicle_id == vehicle]

    def visits(self, vehicle: str) -> list[StopVisited]:
        return [e for e in self.effects if isinstance(e, StopVisited) and e.visit.vehicle_id == vehicle]


@dataclass
class Bus:
    """A bus on the street: drives, brakes at 1 m/s², stops where it is told, reports once in `period_s`."""

    world: World
    name: str
    x_m: float
    direction: int = 0
    speed_mps: float = 10.0
    cruise_mps: float = 10.0
    period_s: int = 1
    doors: Doors | None = Doors.CLOSED
    says_speed: bool = True
    source: Source = Source.TERMINAL
    stop_at: set[int] = field(default_factory=set)
    stand_s: float = 12.0
    stood: float = 0.0
    clock: int = 0
    trip: str = ""
    seats_left: int | None = None

    def sign_on(self, trip: str | None = None) -> list[Effect]:
        self.trip = trip or f"{'E' if self.direction == 0 else 'W'}-0"
        return self.world.do(SignOn(VehicleId(self.name), "on", TripId(self.trip), DAY))

    def fix(self, *, x_m: float | None = None, y_m: float = 0.0, at_ms: int | None = None, **more: object) -> Fix:
        x = self.x_m if x_m is None else x_m
        lat, lon = lat_lon(x if self.direction == 0 else LENGTH_M - x, y_m)
        fields: dict[str, object] = {
            "speed_mps": self.speed_mps if self.says_speed else None,
            "heading_deg": 90.0 if self.direction == 0 else 270.0,
            "accuracy_m": 4.0,
            "doors": self.doors,
            "seats_left": self.seats_left,
            "source": self.source,
        } | more
        now = self.world.now_ms
        return Fix(VehicleId(self.name), now if at_ms is None else at_ms, now, lat, lon, **fields)  # type: ignore[arg-type]

    def report(self, **more: object) -> list[Effect]:
        return self.world.do(self.fix(**more))  # type: ignore[arg-type]

    def second(self) -> None:
        """Move for one second, then report if it is time to."""
        ahead = [i for i in sorted(self.stop_at) if stop_x(i) > self.x_m - 2.0]
        if ahead and stop_x(ahead[0]) - self.x_m <= 1.0:
            self.speed_mps, self.doors, self.stood = 0.0, Doors.OPEN if self.doors else None, self.stood + 1
            if self.stood >= self.stand_s:
                self.stop_at.discard(ahead[0])
                self.doors, self.stood = Doors.CLOSED if self.doors else None, 0.0
        else:
            target = self.cruise_mps
            if ahead:
                left = stop_x(ahead[0]) - self.x_m
                target = min(target, math.sqrt(2 * max(left - 1.0, 0.2)), left)
            self.speed_mps = min(target, self.speed_mps + 1.5)
        self.x_m += self.speed_mps
        self.clock += 1
        if self.clock % self.period_s == 0:
            self.report()


def drive(
    world: World, buses: Iterable[Bus], seconds: int, *, until: Callable[[], bool] | None = None, show: bool = True
) -> None:
    """All buses drive, a second at a time; terminals show what they are sent."""
    buses = list(buses)
    shown: dict[str, int] = {}
    for _ in range(seconds):
        world.now_ms += 1000
        for bus in buses:
            bus.second()
        world.do(Tick())
        for alert in world.alerts_all() if show else ():
            if shown.get(alert.alert_id) != alert.at_ms:
                shown[alert.alert_id] = alert.at_ms
                world.do(Shown(alert.vehicle_id, alert.alert_id, world.now_ms))
        if until is not None and until():
            return


def refused(effects: Iterable[Effect]) -> list[Reason]:
    return [e.reason for e in effects if isinstance(e, Refused | FixRefused)]
