"""People at stops: when they come, ring, cancel, give up and board. Seeded; a rider reaches a server only through events."""

import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from geo.frame import Frame
from server.core.model import Need, StopId, TripKey
from server.core.network import Network, Visit
from simulator.events import Event, Rang, TookBack, WalkedAway

if TYPE_CHECKING:
    from simulator.bus import Bus

NO_PICKUP = 1
"""GTFS `pickup_type` of a visit where nobody gets on."""
DRAWS = 8
"""So many buses are looked at for one that comes soon to some stop; a person for whom there is none stays at home."""
PHONE_ERROR_M = 8.0
FAR_M = 350.0
"""Where somebody is who rings from home: too far to be at the stop."""


@dataclass(frozen=True, slots=True)
class Demand:
    """How many people come and how they are. Shares are 0 to 1, times seconds.

    People come in a Poisson stream to visits that a bus will reach within `ahead_m`, popular stops first: most know
    roughly when their bus comes. `cancels`: takes the bell back after a while; `walks_away`: leaves without a word;
    `far`: rings from far away; `wheelchair`, `low_vision`: has that need.
    """

    per_minute: float = 20.0
    ahead_m: tuple[float, float] = (150.0, 2200.0)
    rings_after_s: float = 4.0
    patience_s: float = 900.0
    cancels: float = 0.06
    walks_away: float = 0.02
    far: float = 0.02
    wheelchair: float = 0.02
    low_vision: float = 0.02
    in_company: float = 0.12


class State(Enum):
    """Where a rider is."""

    AT_STOP = "at_stop"
    ABOARD = "aboard"
    GONE = "gone"


@dataclass(slots=True)
class Rider:
    """One person (or party) and what they will do."""

    rider_id: str
    bell_id: str
    stop_id: str
    stop_sequence: int
    route_id: str
    direction_id: int | None
    ride_stops: int
    rings_ms: int
    leaves_ms: int
    cancels_ms: int | None
    party: int
    needs: tuple[Need, ...]
    lat: float
    lon: float
    accuracy_m: float
    far: bool
    rung: bool = False
    state: State = State.AT_STOP
    too_late_for: frozenset[tuple[str, TripKey]] = frozenset()
    """Vehicles on runs that came too near, when the bell was rung, for their drivers to be asked to stop."""


class Crowd:
    """Everybody at stops. `step` lets time pass for them; buses take them away with `next_boarder`."""

    def __init__(self, network: Network, demand: Demand, seed: int) -> None:
        self._network = network
        self._demand = demand
        self._seed = seed
        self._rng = np.random.default_rng([seed, zlib.crc32(b"riders")])
        self._queues: dict[str, list[Rider]] = defaultdict(list)
        self._popularity: dict[str, float] = {}
        self._count = 0

    @property
    def waiting(self) -> list[Rider]:
        """Everybody at a stop now."""
        return [rider for queue in self._queues.values() for rider in queue]

    def popularity(self, stop_id: str) -> float:
        """How many people come to a stop, against others; fixed by the seed."""
        if stop_id not in self._popularity:
            rng = np.random.default_rng([self._seed, zlib.crc32(stop_id.encode())])
            self._popularity[stop_id] = float(rng.lognormal(0.0, 0.7))
        return self._popularity[stop_id]

    # -- what a bus meets (simulator.bus.Kerb) -----------------------------------

    def anyone(self, bus: "Bus", visit: Visit) -> bool:
        """Tell whether somebody at the stop waits for this bus."""
        return any(_boards(rider, bus, visit) for rider in self._queues.get(visit.stop_id, ()))

    def next_boarder(self, bus: "Bus", visit: Visit) -> Rider | None:
        """Take the next person who gets on, out of the queue."""
        queue = self._queues.get(visit.stop_id, [])
        for rider in queue:
            if _boards(rider, bus, visit):
                queue.remove(rider)
                rider.state = State.ABOARD
                return rider
        return None

    def waiting_for(self, bus: "Bus", visit: Visit) -> list[Rider]:
        """List those there who wait for this bus with a bell."""
        return [rider for rider in self._queues.get(visit.stop_id, ()) if rider.rung and _boards(rider, bus, visit)]

    # -- time --------------------------------------------------------------------

    def step(self, now_ms: int, dt_s: float, buses: Sequence["Bus"], *, coming: bool) -> list[Event]:
        """Let `dt_s` seconds pass that end at `now_ms`. `coming` False: nobody new arrives."""
        if coming:
            for _ in range(int(self._rng.poisson(self._demand.per_minute * dt_s / 60))):
                self._come(now_ms, buses)
        events: list[Event] = []
        for queue in self._queues.values():
            for rider in list(queue):
                events += self._live(rider, now_ms, buses)
                if rider.state is State.GONE:
                    queue.remove(rider)
        return events

    def go_home(self, now_ms: int) -> list[Event]:
        """Everybody still at a stop takes the bell back and leaves."""
        events: list[Event] = [TookBack(now_ms, rider.rider_id, rider.bell_id) for rider in self.waiting if rider.rung]
        self._queues.clear()
        return events

    def _live(self, rider: Rider, now_ms: int, buses: Sequence["Bus"]) -> list[Event]:
        if not rider.rung:
            if now_ms < rider.rings_ms:
                return []
            rider.rung = True
            rider.too_late_for = frozenset(_too_near(rider, buses, now_ms))
            return [_rang(rider, now_ms)]
        if rider.cancels_ms is not None and now_ms >= rider.cancels_ms:
            rider.state = State.GONE
            return [TookBack(now_ms, rider.rider_id, rider.bell_id)]
        if now_ms >= rider.leaves_ms:
            rider.state = State.GONE
            return [WalkedAway(now_ms, rider.rider_id, rider.bell_id)]
        return []

    def _come(self, now_ms: int, buses: Sequence["Bus"]) -> None:
        """One more person comes to a stop ahead of some bus."""
        serving = [bus for bus in buses if bus.under_way(now_ms)]
        for _ in range(DRAWS if serving else 0):
            bus = serving[int(self._rng.integers(len(serving)))]
            ahead = self._ahead(bus)
            if ahead:
                weight = np.array([self.popularity(visit.stop_id) for visit in ahead])
                visit = ahead[int(self._rng.choice(len(ahead), p=weight / weight.sum()))]
                self._queues[visit.stop_id].append(self._rider(bus, visit, now_ms))
                return

    def _ahead(self, bus: "Bus") -> list[Visit]:
        """List the visits that a bus will soon reach and where one may board."""
        low_m, high_m = self._demand.ahead_m
        visits = bus.run.pattern.visits[bus.visit_index : -1]
        return [v for v in visits if low_m <= v.along_m - bus.along_m <= high_m and v.pickup_type != NO_PICKUP]

    def _rider(self, bus: "Bus", visit: Visit, now_ms: int) -> Rider:
        rng, demand = self._rng, self._demand
        self._count += 1
        rings_ms = now_ms + round(1000 * (1.0 + float(rng.exponential(demand.rings_after_s))))
        far = bool(rng.random() < demand.far)
        lat, lon = self._phone(visit.stop_id, FAR_M if far else 0.0)
        walks = rng.random() < demand.walks_away
        patience_s = float(rng.uniform(20.0, 120.0)) if walks or far else demand.patience_s
        cancels_ms = rings_ms + round(1000 * float(rng.uniform(5.0, 90.0))) if rng.random() < demand.cancels else None
        return Rider(
            rider_id=f"rider-{self._count:06d}",
            bell_id=f"bell-{self._seed}-{self._count:08d}",
            stop_id=visit.stop_id,
            stop_sequence=visit.stop_sequence,
            route_id=bus.run.trip.route_id,
            direction_id=bus.run.trip.direction_id,
            ride_stops=int(rng.geometric(0.18)),
            rings_ms=rings_ms,
            leaves_ms=rings_ms + round(1000 * patience_s),
            cancels_ms=cancels_ms,
            party=2 + int(rng.random() < 0.3) if rng.random() < demand.in_company else 1,
            needs=self._needs(low_floor=bus.cabin.body.low_floor),
            lat=round(lat, 6),
            lon=round(lon, 6),
            accuracy_m=round(float(rng.uniform(4.0, 25.0)), 1),
            far=far,
        )

    def _needs(self, *, low_floor: bool) -> tuple[Need, ...]:
        draw = float(self._rng.random())
        if draw < self._demand.wheelchair and low_floor:
            return (Need.WHEELCHAIR,)
        blind = 1.0 - self._demand.low_vision <= draw
        return (Need.LOW_VISION,) if blind else ()

    def _phone(self, stop_id: StopId, away_m: float) -> tuple[float, float]:
        """Where the phone of somebody at a stop (or `away_m` from it) believes to be."""
        stop = self._network.stops[stop_id]
        east, north = (float(x) for x in self._rng.normal(0.0, PHONE_ERROR_M, 2))
        return Frame(stop.lat, stop.lon).to_lat_lon(east + away_m, north)


def _boards(rider: Rider, bus: "Bus", visit: Visit) -> bool:
    """Tell whether a rider at this stop gets on this bus: the line and direction fit, and the bus fits the need."""
    trip = bus.run.trip
    return (
        not rider.far
        and rider.route_id == trip.route_id
        and rider.direction_id == trip.direction_id
        and visit.pickup_type != NO_PICKUP
        and visit.index < len(bus.run.pattern.visits) - 1
        and (Need.WHEELCHAIR not in rider.needs or bus.cabin.body.low_floor)
    )


def _too_near(rider: Rider, buses: Sequence["Bus"], now_ms: int) -> Iterator[tuple[str, TripKey]]:
    """Name the buses of a rider's line that are too near to be told, where they have not left the stop yet."""
    for bus in buses:
        if bus.reporting and (bus.heard is None or bus.heard.trip == bus.trip_key):
            for visit in bus.run.pattern.visits[bus.visit_index :]:
                if visit.stop_id == rider.stop_id and not (bus.heard and bus.heard.early_enough(visit, now_ms)):
                    yield bus.vehicle_id, bus.trip_key


def _rang(rider: Rider, now_ms: int) -> Rang:
    return Rang(
        now_ms,
        rider.rider_id,
        rider.bell_id,
        rider.stop_id,
        rider.route_id,
        rider.direction_id,
        rider.stop_sequence,
        rider.lat,
        rider.lon,
        rider.accuracy_m,
        rider.party,
        rider.needs,
    )
