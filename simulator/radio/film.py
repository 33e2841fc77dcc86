"""A stretch of a simulated town on film: where every bus really was each second, and what the engine made of its fixes."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from server.core import motion, upkeep
from server.core.events import Fix, SignOff, SignOn
from server.core.model import BlockId, TripId, TripKey, VehicleId, VisitOutcome
from server.core.network import Network, Pattern
from server.core.policy import Policy
from server.core.rides.trail import Call, Run, Trail
from server.core.shard import Shard
from simulator.bus import Bus, Stage
from simulator.driver import Habits
from simulator.events import Event, Fixed, SignedOff, SignedOn, Visited
from simulator.gps import Receivers
from simulator.riders import Demand
from simulator.world import Options, World

Floats = NDArray[np.float32]

HABITS = Habits(sees_people=0.9)
"""Nobody rings in this world, so drivers look for people as they did before."""
DEMAND = Demand(per_minute=60.0)
"""One person a minute and bus: most stops are served."""


@dataclass(frozen=True, slots=True)
class Halt:
    """A bus stood at a visit of its run with open doors, from `came_s` to `left_s` (seconds of the film)."""

    visit_index: int
    came_s: int
    left_s: int


@dataclass(slots=True, eq=False)
class Journey:
    """One run of a bus as it really was: the halts in order. `bus`: its number in the film."""

    bus: int
    vehicle_id: VehicleId
    trip: TripKey
    pattern: Pattern
    halts: list[Halt] = field(default_factory=list)


class LoggedTrail(Trail):
    """A trail that also notes when the engine came to know each call, so that a past moment can be looked at again."""

    __slots__ = ("log", "now_ms")

    def __init__(self, vehicle_id: VehicleId) -> None:
        super().__init__(vehicle_id, followed=True)
        self.log: list[tuple[int, Run | Call | None]] = []
        self.now_ms = 0

    def begin(self, run: Run) -> None:
        """Note that a run has begun."""
        super().begin(run)
        self.log.append((self.now_ms, run))

    def called(self, call: Call) -> None:
        """Note what was learned of a visit."""
        super().called(call)
        self.log.append((self.now_ms, call))

    def look(self) -> None:
        """Note that the run is over, where that became known without a visit."""
        last = self.log[-1][1] if self.log else None
        if self.run is not None and self.run.over and last is not None:
            self.log.append((self.now_ms, None))

    def again(self) -> "Playback":
        """Begin to look at it once more."""
        return Playback(self)


class Playback(Trail):
    """The same trail once more: its motion whole, its runs and calls as far as they were known at a moment."""

    __slots__ = ("_log", "_next")

    def __init__(self, trail: LoggedTrail) -> None:
        super().__init__(trail.vehicle_id, followed=True)
        self._at_ms, self._x, self._y, self._along = trail._at_ms, trail._x, trail._y, trail._along
        self._log, self._next = trail.log, 0

    def until(self, now_ms: int) -> bool:
        """Let time pass. Gives whether anything was learned."""
        begun = self._next
        while self._next < len(self._log) and self._log[self._next][0] <= now_ms:
            match self._log[self._next][1]:
                case Run() as run:
                    self.begin(Run(run.vehicle_id, run.trip, run.route_id, run.pattern_id, run.visits))
                case Call() as call:
                    self.called(call)
                    assert self.run is not None
                    self.run.over = self.run.over or call.visit_index == len(self.run.visits) - 1
                case None:
                    assert self.run is not None
                    self.run.over = True
            self._next += 1
        return self._next > begun


@dataclass(frozen=True, slots=True, eq=False)
class Film:
    """`x`, `y`, `east`, `north`, `along`, `on`: [bus, second]: place (m of the frame), unit vector ahead, progress, on the road.

    `fed`: everything that the engine was told, with its time, to tell another engine the same.
    """

    network: Network
    start_ms: int
    seconds: int
    vehicles: list[VehicleId]
    x: Floats
    y: Floats
    east: Floats
    north: Floats
    along: Floats
    on: NDArray[np.bool_]
    journeys: list[Journey]
    trails: dict[VehicleId, LoggedTrail]
    fed: list[tuple[int, Fix | SignOn | SignOff]]

    def at_ms(self, second: float) -> int:
        """Give the instant of a second of the film."""
        return self.start_ms + round(1000 * second)


def shoot(network: Network, *, seed: int, start_ms: int, seconds: int, receivers: Receivers | None = None) -> Film:
    """Let a town run, with an engine that hears its buses, and keep everything."""
    options = Options(demand=DEMAND, habits=HABITS, receivers=receivers or Receivers())
    world = World(network, seed=seed, start_ms=start_ms, span_s=seconds, options=options)
    shard = Shard(network, Policy(), vehicles={}, assume_terminal=False)
    buses = list(world.buses.values())
    shape = (len(buses), seconds)
    film = Film(
        network=network,
        start_ms=start_ms,
        seconds=seconds,
        vehicles=[VehicleId(bus.vehicle_id) for bus in buses],
        x=np.zeros(shape, np.float32),
        y=np.zeros(shape, np.float32),
        east=np.zeros(shape, np.float32),
        north=np.zeros(shape, np.float32),
        along=np.zeros(shape, np.float32),
        on=np.zeros(shape, np.bool_),
        journeys=[],
        trails={VehicleId(bus.vehicle_id): LoggedTrail(VehicleId(bus.vehicle_id)) for bus in buses},
        fed=[],
    )
    shard.riders.trails.update(film.trails)
    scribe = _Scribe(film, shard, {bus.vehicle_id: i for i, bus in enumerate(buses)})
    scribe.hear(world.begin())
    for second in range(seconds):
        scribe.hear(world.step(1.0))
        for i, bus in enumerate(buses):
            _draw(film, i, second, bus)
        upkeep.tick(shard, world.now_ms)
    return film


def _draw(film: Film, i: int, second: int, bus: Bus) -> None:
    if bus.stage in {Stage.OFF, Stage.DONE}:
        return
    reading = bus.reading()
    film.on[i, second] = True
    film.x[i, second], film.y[i, second] = reading.x_m, reading.y_m
    heading = np.radians(reading.heading_deg)
    film.east[i, second], film.north[i, second] = np.sin(heading), np.cos(heading)
    film.along[i, second] = bus.along_m


class _Scribe:
    """Tells the rules what happens, as the engine does, and writes the truth down."""

    def __init__(self, film: Film, shard: Shard, numbers: dict[str, int]) -> None:
        self._film, self._shard, self._numbers = film, shard, numbers
        self._journeys: dict[tuple[str, TripKey], Journey] = {}

    def hear(self, events: list[Event]) -> None:
        for event in events:
            match event:
                case SignedOn():
                    trip = TripId(event.trip_id)
                    sign_on = SignOn(
                        VehicleId(event.vehicle_id),
                        trip_id=trip,
                        start_date=event.start_date,
                        block_id=BlockId(event.block_id) if event.block_id else None,
                    )
                    self._tell(event.at_ms, sign_on)
                case SignedOff():
                    self._tell(event.at_ms, SignOff(VehicleId(event.vehicle_id)))
                case Fixed():
                    self._tell(event.at_ms, _fix(event))
                case Visited(outcome=VisitOutcome.STOPPED):
                    self._halted(event)
                case _:
                    continue

    def _tell(self, at_ms: int, event: Fix | SignOn | SignOff) -> None:
        trail = self._film.trails[event.vehicle_id]
        trail.now_ms = at_ms
        match event:
            case Fix():
                motion.take_fix(self._shard, event, at_ms)
            case SignOn():
                motion.sign_on(self._shard, event, at_ms)
            case SignOff():
                motion.sign_off(self._shard, event, at_ms)
        self._film.fed.append((at_ms, event))
        trail.look()

    def _halted(self, event: Visited) -> None:
        trip = TripKey(trip_id=TripId(event.trip_id), start_date=event.start_date)
        journey = self._journeys.get((event.vehicle_id, trip))
        if journey is None:
            found = self._film.network.trip(trip.trip_id)
            assert found is not None
            pattern = self._film.network.pattern(found.pattern_index)
            journey = Journey(self._numbers[event.vehicle_id], VehicleId(event.vehicle_id), trip, pattern)
            self._journeys[event.vehicle_id, trip] = journey
            self._film.journeys.append(journey)
        index = next(v.index for v in journey.pattern.visits if v.stop_sequence == event.stop_sequence)
        start_ms = self._film.start_ms
        journey.halts.append(Halt(index, (event.arrived_ms - start_ms) // 1000, (event.departed_ms - start_ms) // 1000))


def _fix(event: Fixed) -> Fix:
    return Fix(
        vehicle_id=VehicleId(event.vehicle_id),
        at_ms=event.fixed_at_ms,
        received_ms=event.at_ms,
        lat=event.lat,
        lon=event.lon,
        speed_mps=event.speed_mps,
        heading_deg=event.heading_deg,
        accuracy_m=event.accuracy_m,
        odometer_m=event.odometer_m,
        doors=event.doors,
        passengers=event.passengers,
        seats_left=event.seats_left,
        n=event.n,
    )
