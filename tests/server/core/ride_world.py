"""Buses with beacons and riders with phones on the straight street: the ground for tests of rides."""

import random
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from server.core.effects import Effect, RideChanged, RideRepeated
from server.core.engine import RouteEngine
from server.core.events import BeaconHeard, CheckIn, Sighted, Tick, Whereabouts
from server.core.model import Doors, Ride, RideMode, RiderId, RideState, VehicleId
from server.core.policy import Policy
from server.core.ride_rules import RideRules
from server.core.rides.beacons import Beacon
from tests.server.core.engine_world import LENGTH_M, Bus, World, lat_lon, stop_x

BEACONS = 4
INSIDE_DBM, BESIDE_DBM, KERB_DBM = -67.0, -87.0, -80.0


def beacons_of(*vehicles: str) -> list[Beacon]:
    """Four fixed beacons in each bus."""
    return [Beacon(vehicle_id=VehicleId(v), beacon_id=f"{v}-{n}") for v in vehicles for n in range(BEACONS)]


def policy(mode: RideMode = RideMode.CHECK_IN, **more: Any) -> Policy:
    return Policy(rides=RideRules(mode=mode, **more))


@dataclass
class RideWorld(World):
    """A world whose buses carry beacons."""

    buses: dict[str, Bus] = field(default_factory=dict)
    phones: list["Phone"] = field(default_factory=list)
    beacons: list[Beacon] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        beacons = beacons_of("A", "B") if self.beacons is None else self.beacons
        self.engine = RouteEngine(
            self.network, self.policy, vehicles=self.vehicles, assume_terminal=self.assume_terminal, beacons=beacons
        )

    def bus(self, name: str = "A", at_stop: int = 1, *, before_m: float = 300.0, trip: str = "E-0", **more: Any) -> Bus:
        """A signed-on bus on its way to a stop; it calls at every stop from there."""
        bus = Bus(self, name, stop_x(at_stop) - before_m, stop_at=set(range(at_stop, 8)), **more)
        bus.sign_on(trip)
        self.buses[name] = bus
        return bus

    def phone(self, rider: str = "rider", **more: Any) -> "Phone":
        phone = Phone(self, rider, **more)
        self.phones.append(phone)
        return phone

    def run(self, seconds: int) -> None:
        """A second at a time: buses move, phones scan, time is looked at."""
        for _ in range(seconds):
            self.now_ms += 1000
            for bus in self.buses.values():
                bus.second()
            for phone in self.phones:
                phone.second()
            self.do(Tick())

    def until_left(self, stop: int, name: str = "A", limit_s: int = 900) -> None:
        """Until the bus is clear of a stop."""
        self._until(lambda: self.buses[name].x_m > stop_x(stop) + 70.0, limit_s)

    def until_stands(self, stop: int, name: str = "A", limit_s: int = 900) -> None:
        """Until the bus stands at a stop with open doors."""
        bus = self.buses[name]
        self._until(lambda: bus.doors is Doors.OPEN and abs(bus.x_m - stop_x(stop)) < 20.0, limit_s)

    def _until(self, reached: Any, limit_s: int) -> None:
        for _ in range(limit_s):
            if reached():
                return
            self.run(1)
        raise AssertionError("the bus never came there")

    # -- what was decided ------------------------------------------------------

    def rides(self, rider: str = "rider") -> list[Ride]:
        """Every record of a rider's rides, as they were told."""
        told = [e.ride for e in self.effects if isinstance(e, RideChanged | RideRepeated)]
        return [ride for ride in told if ride.rider_id == rider]

    def ride_states(self, rider: str = "rider") -> list[RideState]:
        """Each state of the rider's rides in order, repetitions left out."""
        states: list[RideState] = []
        for ride in self.rides(rider):
            if not states or states[-1] is not ride.state:
                states.append(ride.state)
        return states

    def ends(self, rider: str = "rider") -> tuple[str | None, str | None]:
        """Where the last ride began and ended."""
        ride = self.rides(rider)[-1]
        return (
            ride.board.stop_id if ride.board is not None else None,
            ride.alight.stop_id if ride.alight is not None else None,
        )


@dataclass
class Phone:
    """A rider's phone: where its owner is, what it hears there, and when it tells.

    `aboard`: in which bus it is; `beside`: along with which bus it moves, so many metres behind. Otherwise at `x_m`, and
    on foot at `walk_mps`. `dead`: tells nothing. `deaf`: no beacon reaches it. `blind`: it knows no position.
    """

    world: RideWorld
    rider: str
    x_m: float = 0.0
    y_m: float = 5.0
    walk_mps: float = 0.0
    aboard: str | None = None
    beside: str | None = None
    behind_m: float = 15.0
    scan_s: int = 5
    device: str = ""
    offset_db: float = 0.0
    clock_ms: int = 0
    dead: bool = False
    deaf: bool = False
    blind: bool = False
    holds_back: bool = False
    held: list[Sighted] = field(default_factory=list)
    tick: int = 0

    def __post_init__(self) -> None:
        self.rng = random.Random(f"{self.rider}{self.device}")

    def at_stop(self, stop: int) -> "Phone":
        """Its owner stands at a stop."""
        self.x_m, self.aboard, self.beside, self.walk_mps = stop_x(stop), None, None, 0.0
        return self

    def board(self, name: str = "A") -> "Phone":
        self.aboard, self.beside = name, None
        return self

    def alight(self, *, walk_mps: float = 1.2) -> "Phone":
        assert self.aboard is not None
        self.x_m, self.aboard, self.walk_mps = self.world.buses[self.aboard].x_m, None, walk_mps
        return self

    def check_in(self, name: str = "A", **more: Any) -> list[Effect]:
        """By hand, with its position."""
        return self.world.do(CheckIn(RiderId(self.rider), VehicleId(name), self.position(), device=self.device, **more))

    def place(self) -> tuple[float, float]:
        if self.aboard is not None:
            return self.world.buses[self.aboard].x_m, 0.0
        if self.beside is not None:
            return self.world.buses[self.beside].x_m - self.behind_m, 3.0
        return self.x_m, self.y_m

    def position(self) -> Whereabouts:
        x, y = self.place()
        lat, lon = lat_lon(min(max(x + self.rng.gauss(0, 4), 0.0), LENGTH_M), y + self.rng.gauss(0, 4))
        return Whereabouts(self.world.now_ms + self.clock_ms, lat, lon, 8.0)

    def second(self) -> None:
        self.x_m += self.walk_mps
        self.tick += 1
        if self.dead or self.tick % self.scan_s:
            return
        said = self.scan()
        if self.holds_back:
            self.held.append(said)
        else:
            self.world.do(said)

    def release(self) -> None:
        """The link is back: everything at once, the newest first, and the oldest twice."""
        self.holds_back = False
        for said in [*reversed(self.held), *self.held[:1]]:
            self.world.do(replace(said, sent_ms=self.world.now_ms + self.clock_ms))
        self.held.clear()

    def scan(self) -> Sighted:
        now = self.world.now_ms + self.clock_ms
        heard = [one for name, bus in self.world.buses.items() for one in self.hears(name, bus, now)]
        return Sighted(
            RiderId(self.rider),
            beacons=() if self.deaf else tuple(heard),
            positions=() if self.blind else (self.position(),),
            listened=((now - self.scan_s * 1000, now),),
            sent_ms=now,
            device=self.device,
        )

    def hears(self, name: str, bus: Bus, now: int) -> list[BeaconHeard]:
        if self.aboard == name:
            loud = INSIDE_DBM
        elif self.beside == name:
            loud = BESIDE_DBM
        else:
            away_m = abs(bus.x_m - self.place()[0])
            if away_m > 60.0:
                return []
            loud = KERB_DBM - away_m / 4.0
        numbers = self.rng.sample(range(BEACONS), 2)
        return [
            BeaconHeard(f"{name}-{n}", loud + self.offset_db + self.rng.gauss(0, 4), now - self.rng.randrange(1000))
            for n in numbers
        ]
