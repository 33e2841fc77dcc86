"""The simulated world: buses, drivers, receivers and riders on one network, one clock, one seed. No I/O, no wall clock."""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from server.core.model import Vehicle, VehicleId
from server.core.network import Network
from simulator.bus import Bus, Stage
from simulator.cabin import Body
from simulator.driver import Driver, Habits, VisitKey
from simulator.driving import Road, road_of
from simulator.duties import Duty, duties_between
from simulator.events import Event
from simulator.gps import Receiver, Receivers
from simulator.hearing import Heard
from simulator.riders import Crowd, Demand

LONGEST_STEP_S = 1.0
"""Longer steps are cut into such: beyond it drivers would react too late to be real."""

BEYOND_S = 3600.0
"""Trips are planned so far beyond the span, so that a bus which ends one near the end of it knows its next."""


@dataclass(frozen=True, slots=True)
class Options:
    """How the world is."""

    demand: Demand = field(default_factory=Demand)
    habits: Habits = field(default_factory=Habits)
    receivers: Receivers = field(default_factory=Receivers)


class World:
    """A world from `start_ms` (epoch milliseconds) for `span_s` seconds; the same arguments give the same events.

    `fleet` says what the register knows of a vehicle by its id; others are ordinary buses. Every bus has its own
    stream of random numbers, so that what one does never changes another.
    """

    def __init__(
        self,
        network: Network,
        *,
        seed: int,
        start_ms: int,
        span_s: float,
        options: Options | None = None,
        fleet: Mapping[VehicleId, Vehicle] | None = None,
    ) -> None:
        options = options or Options()
        self.network = network
        self.now_ms = start_ms
        self.crowd = Crowd(network, options.demand, seed)
        self._seed = seed
        self._elapsed_s = 0.0
        self._start_ms = start_ms
        self._roads = _Roads(network, seed)
        self._on_the_way: list[tuple[int, Bus, Heard | None]] = []
        self.buses: dict[str, Bus] = {}
        self._receivers: dict[str, Receiver] = {}
        for duty in duties_between(network, start_ms, start_ms + round(1000 * (span_s + BEYOND_S))):
            self._add(duty, options, Body.of((fleet or {}).get(VehicleId(duty.vehicle_id))))

    def _add(self, duty: Duty, options: Options, body: Body) -> None:
        rng, receiver_rng = (
            np.random.default_rng([self._seed, zlib.crc32(duty.vehicle_id.encode()), part]) for part in (0, 1)
        )
        driver = Driver(rng, options.habits)
        self.buses[duty.vehicle_id] = Bus(duty, body, driver, self._roads, rng)
        self._receivers[duty.vehicle_id] = Receiver(
            receiver_rng, self.network.frame, duty.vehicle_id, options.receivers
        )

    def begin(self) -> list[Event]:
        """Put every bus in its place. Call once, before the first step."""
        return [event for bus in self.buses.values() for event in bus.begin(self.now_ms)]

    def step(self, dt_s: float, *, coming: bool = True) -> list[Event]:
        """Let `dt_s` seconds pass. `coming` False: no new riders. Events come in the order of happening, fixes last."""
        events: list[Event] = []
        steps = max(1, int(np.ceil(dt_s / LONGEST_STEP_S - 1e-9)))
        for _ in range(steps):
            events += self._step(dt_s / steps, coming=coming)
        return events

    def _step(self, dt_s: float, *, coming: bool) -> Iterator[Event]:
        self._elapsed_s += dt_s
        self.now_ms = self._start_ms + round(1000 * self._elapsed_s)
        buses = list(self.buses.values())
        yield from self.crowd.step(self.now_ms, dt_s, buses, coming=coming)
        for bus in buses:
            yield from bus.step(self.now_ms, dt_s, self.crowd)
        yield from self._received()
        for bus in buses:
            if bus.reporting and self._receivers[bus.vehicle_id].due(dt_s):
                fixes = self._receivers[bus.vehicle_id].report(bus.reading(), self.now_ms)
                self._on_the_way += [(fix.at_ms, bus, bus.measured(fix.fixed_at_ms)) for fix in fixes]
                yield from fixes

    def _received(self) -> Iterator[Event]:
        """Where buses really were at the moments, of the step just over, at which their fixes were received."""
        now = [due for due in self._on_the_way if due[0] <= self.now_ms]
        self._on_the_way = [due for due in self._on_the_way if due[0] > self.now_ms]
        for at_ms, bus, measured in sorted(now, key=lambda due: due[0]):
            if measured is not None and (bus.heard is None or bus.heard.measured_ms < measured.measured_ms):
                bus.heard = measured
            if bus.reporting:
                yield bus.placed(at_ms)

    # -- what a driver's display does ----------------------------------------------

    def show(self, vehicle_id: str, key: VisitKey) -> None:
        """Display an alert to the driver of a bus."""
        self.buses[vehicle_id].driver.show(key, self.now_ms)

    def take_down(self, vehicle_id: str, key: VisitKey) -> None:
        """Remove an alert from the display."""
        self.buses[vehicle_id].driver.take_down(key)

    def in_service(self) -> int:
        """How many buses are on the road or wait at an end."""
        return sum(bus.stage not in {Stage.OFF, Stage.DONE} for bus in self.buses.values())


class _Roads(dict[int, Road]):
    """Roads by pattern index, laid out when first driven."""

    def __init__(self, network: Network, seed: int) -> None:
        super().__init__()
        self._network = network
        self._seed = seed

    def __missing__(self, index: int) -> Road:
        self[index] = road_of(self._network.pattern(index), seed=self._seed)
        return self[index]
