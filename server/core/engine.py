"""RouteEngine: the ordered list of the steps. Event + now → effects. The top of the core.

A fix goes: tracking → approach → bells of the visits it touches → dispatch → alerts. Every other event changes bells
or sign-ons and ends in the same two last steps. The engine is the only owner of its state; it has no clock.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import assert_never

from msgspec.structs import replace

from server.core import (
    alighting,
    explain,
    motion,
    riding,
    ringing,
    sensing,
    serving,
    suggesting,
    tracking,
    upkeep,
    views,
)
from server.core.effects import ArrivalView, BusView, Effect, Positioned, Prediction, TerminalCounts, VehicleView
from server.core.events import (
    Cancel,
    CheckIn,
    CheckOut,
    Correct,
    Event,
    Fix,
    Met,
    Respond,
    Ring,
    Shown,
    Sighted,
    SignOff,
    SignOn,
    StillThere,
    TerminalLink,
    Tick,
    Undo,
)
from server.core.learned import Learned
from server.core.model import (
    Alert,
    Assignment,
    Bell,
    BellId,
    BellKind,
    Fact,
    Ride,
    RideId,
    RiderId,
    StopId,
    Vehicle,
    VehicleId,
)
from server.core.network import Network
from server.core.policy import Policy
from server.core.rides.beacons import Beacon
from server.core.shard import Shard
from server.core.suggesting import Suggestions
from server.core.tracking import Track


class RouteEngine:
    """All live buses, bells and alerts of one shard, and the rules that move them. One caller at a time.

    `assume_terminal`: whether a bus of which no terminal was ever heard can be told (replays: yes; live: no).
    `learned`: what earlier days taught; the engine goes on learning in it. `witnessed`: note what each rule saw when it
    chose (for replays: each choice then costs a look at every bus of the line).
    """

    def __init__(
        self,
        network: Network,
        policy: Policy,
        *,
        vehicles: Mapping[VehicleId, Vehicle],
        assume_terminal: bool,
        learned: Learned | None = None,
        beacons: Iterable[Beacon] = (),
        witnessed: bool = False,
    ) -> None:
        self.network = network
        self.policy = policy
        self._shard = Shard(
            network, policy, vehicles=vehicles, assume_terminal=assume_terminal, learned=learned, beacons=beacons
        )
        self._noted = explain.Noted(self._shard) if witnessed else None
        self._shard.witness = self._noted

    def step(self, event: Event, now_ms: int) -> list[Effect]:
        """Decide what one event changes. Effects are in the order in which they happened."""
        shard = self._shard
        match event:
            case Fix():
                return motion.take_fix(shard, event, now_ms)
            case Tick():
                return upkeep.tick(shard, now_ms) + riding.tick(shard, now_ms) + sensing.tick(shard, now_ms)
            case Ring(kind=BellKind.ALIGHT):
                return alighting.ring(shard, event, now_ms)
            case Ring() | StillThere() | Cancel() | Shown() | Respond():
                return ringing.take(shard, event, now_ms)
            case SignOn():
                return motion.sign_on(shard, event, now_ms)
            case SignOff():
                return motion.sign_off(shard, event, now_ms)
            case CheckIn() | CheckOut() | Undo() | Correct() | Sighted() | Met():
                return sensing.take(shard, event, now_ms)
            case TerminalLink():
                return motion.terminal_link(shard, event, now_ms)
            case _:
                assert_never(event)

    def restore(self, facts: Iterable[Fact], *, now_ms: int) -> None:
        """Rebuild what lasts from the latest records. Positions come back with the next fixes."""
        shard = self._shard
        for fact in facts:
            match fact:
                case Assignment():
                    track = shard.track(fact.vehicle_id, now_ms)
                    tracking.assign(track, fact, self.network)
                    shard.index(track, before=None)
                case Ride():
                    shard.rides.put(fact)
                    sensing.said(shard, fact, now_ms)
                case Bell():
                    shard.bells.put(fact)
                    self._link_just_broke(fact, now_ms)
                case Alert():
                    shard.alerts.restore(fact)
                    shard.track(fact.vehicle_id, now_ms)
                case _:
                    assert_never(fact)

    def _link_just_broke(self, bell: Bell, now_ms: int) -> None:
        """The bus of a bell had a terminal: to it, a restart is a link that just broke."""
        if bell.vehicle_id is not None and not bell.ended:
            self._shard.track(bell.vehicle_id, now_ms).terminal_since_ms = now_ms

    # -- what is asked ---------------------------------------------------------

    def bell(self, bell_id: BellId) -> Bell | None:
        """The latest record of a bell, if it is open or ended lately."""
        return self._shard.bells.get(bell_id)

    def remember(self, bell: Bell) -> None:
        """Take back an ended bell that the journal still knows, so that its id is not used twice."""
        if self._shard.bells.get(bell.bell_id) is None:
            self._shard.bells.put(bell)

    def explanations(self) -> Sequence[explain.Explanation]:
        """What the rules saw when they chose, since the last time this was asked; nothing unless `witnessed`."""
        return self._noted.take() if self._noted is not None else ()

    def why(self, bell: Bell, now_ms: int) -> explain.Choice:
        """The buses that could serve an open bell, and what the rule makes of each of them now."""
        track = self._shard.tracks.get(bell.vehicle_id) if bell.vehicle_id is not None else None
        current = self._shard.current(bell, track) if track is not None else None
        return explain.choice(self._shard, bell, current, now_ms, attempt=bell.attempt, reason=bell.reason)

    def bells_of(self, rider_id: RiderId) -> Sequence[Bell]:
        """A rider's bells, oldest first."""
        return self._shard.bells.of_rider(rider_id)

    def ride(self, ride_id: RideId) -> Ride | None:
        """The latest record of a ride, if it goes on or ended lately."""
        return self._shard.rides.get(ride_id)

    def rides_of(self, rider_id: RiderId) -> Sequence[Ride]:
        """A rider's rides, oldest first."""
        return self._shard.rides.of_rider(rider_id)

    def open_rides(self) -> Sequence[Ride]:
        """Every ride that goes on, is asked about, or may still be taken back."""
        return [*self._shard.rides.going_on(), *self._shard.rides.pending()]

    def remember_ride(self, ride: Ride) -> None:
        """Take back an ended ride that the journal still knows."""
        if self._shard.rides.get(ride.ride_id) is None:
            self._shard.rides.put(ride)

    def price_ride(self, ride_id: RideId, fare_won: int) -> Ride | None:
        """What a ride costs has become known: its record says so from now on. None for one that is not remembered."""
        ride = self._shard.rides.get(ride_id)
        if ride is None:
            return None
        ride = replace(ride, fare_won=fare_won)
        self._shard.rides.put(ride)
        return ride

    def open_bells(self) -> Sequence[Bell]:
        """Every bell that has not ended."""
        return [*self._shard.bells.without_bus(), *self._shard.bells.with_bus()]

    @property
    def open_bell_count(self) -> int:
        """How many bells have not ended."""
        return len(self._shard.bells)

    @property
    def undecided_count(self) -> int:
        """How many bells are open, and how many rides go on or can still be taken back."""
        return len(self._shard.bells) + self._shard.rides.undecided_count

    def live_alerts(self, vehicle_id: VehicleId) -> Sequence[Alert]:
        """What this vehicle's screen should show, in the order of its stops."""
        return self._shard.alerts.live(vehicle_id)

    def assignment(self, vehicle_id: VehicleId) -> Assignment | None:
        """What this vehicle is signed on to."""
        track = self._shard.tracks.get(vehicle_id)
        return track.assignment if track is not None else None

    def suggestions(self, vehicle_id: VehicleId, now_ms: int) -> Suggestions:
        """Which runs the driver of this vehicle may be asked about."""
        track = self._shard.tracks.get(vehicle_id)
        return suggesting.suggest(self._shard, track, now_ms) if track is not None else Suggestions()

    def bell_outlook(self, bell: Bell, now_ms: int) -> tuple[float | None, int | None]:
        """Seconds until the bell's bus is there and how many stops away it is; None where there is no bus."""
        return self._shard.outlook(bell, now_ms)

    @property
    def learned(self) -> Learned:
        """What was learned of running times and of the errors of predictions."""
        return self._shard.forecasts.learned

    def predictions(self, now_ms: int) -> Iterator[Prediction]:
        """When every bus in service is expected at the stops ahead of it."""
        return views.predictions(self._shard.tracks.values(), now_ms)

    def further_predictions(self, now_ms: int) -> Iterator[Prediction]:
        """The same of buses that wait for their departure, and of the run that each bus's block has next."""
        shard = self._shard
        return views.further_predictions(shard.tracks.values(), shard.forecasts, self.network, now_ms)

    def arrivals(self, stop_id: StopId, now_ms: int) -> Sequence[ArrivalView]:
        """The buses on their way to a stop, soonest first; each says why it cannot be told, if so."""
        rows: list[ArrivalView] = []
        for ref in self.network.visits_at(stop_id):
            if ref.visit_index == len(self.network.pattern(ref.pattern_index).visits) - 1:
                continue
            for vehicle_id in self._shard.on_pattern.get(ref.pattern_index, ()):
                candidate = self._shard.candidate(vehicle_id, ref.visit_index)
                if candidate is not None and candidate.track.on_route:
                    why_not = serving.why_not(self._shard, candidate, None, now_ms)
                    bays_free = self._shard.free_bays(candidate)
                    rows.append(
                        views.arrival(candidate, why_not, self.network, self.policy, now_ms, bays_free=bays_free)
                    )
        return sorted(rows, key=lambda row: (row.eta_s, row.vehicle_id))

    def position(self, vehicle_id: VehicleId, now_ms: int) -> Positioned | None:
        """Where a vehicle is believed to be by its last fix; None for one that never sent any."""
        track = self._shard.tracks.get(vehicle_id)
        return views.positioned(track, self.policy, now_ms) if track is not None and track.fix is not None else None

    def vehicle_ids(self) -> Sequence[VehicleId]:
        """Every vehicle with a position, by id: for those who look at many in parts."""
        return [vehicle_id for vehicle_id, track in self._shard.tracks.items() if track.fix is not None]

    def vehicle(self, vehicle_id: VehicleId, now_ms: int) -> VehicleView | None:
        """One vehicle; None for one that never said where it is."""
        track = self._shard.tracks.get(vehicle_id)
        return self._seen(track, now_ms) if track is not None and track.fix is not None else None

    def vehicles(self, now_ms: int) -> Sequence[VehicleView]:
        """Every vehicle with a position."""
        return [self._seen(track, now_ms) for track in self._shard.tracks.values() if track.fix is not None]

    def terminal_counts(self, now_ms: int) -> TerminalCounts:
        """How many vehicles there are, and how their terminals do."""
        seen = [track for track in self._shard.tracks.values() if track.fix is not None]
        up = [track for track in seen if track.terminal_up is True]
        return TerminalCounts(len(seen), len(up), sum(track.age_s(now_ms) > self.policy.stale_s for track in up))

    def bus(self, vehicle_id: VehicleId, now_ms: int) -> BusView | None:
        """One vehicle with the stops ahead of it; None for one that never said where it is."""
        track = self._shard.tracks.get(vehicle_id)
        return self._bus(track, now_ms) if track is not None and track.fix is not None else None

    def buses_near(self, lat: float, lon: float, radius_m: float, now_ms: int) -> Iterator[tuple[BusView, float]]:
        """The vehicles whose last fix is within a radius in metres, nearest first, each with its distance; looked at as asked for."""
        x, y = self.network.frame.to_xy(lat, lon)
        seen = [track for track in self._shard.tracks.values() if track.fix is not None]
        near = [(math.hypot(t.x - x, t.y - y), t) for t in seen if abs(t.x - x) <= radius_m >= abs(t.y - y)]
        near.sort(key=lambda pair: (pair[0], pair[1].vehicle_id))
        return ((self._bus(track, now_ms), away_m) for away_m, track in near if away_m <= radius_m)

    def _bus(self, track: Track, now_ms: int) -> BusView:
        return views.bus(track, self._shard.approaches.get(track.vehicle_id), self._seen(track, now_ms), now_ms)

    def _seen(self, track: Track, now_ms: int) -> VehicleView:
        live = len(self._shard.alerts.live(track.vehicle_id))
        return views.vehicle(track, self._shard.approaches.get(track.vehicle_id), self.policy, now_ms, live)
