"""The live state of one shard, and the look-ups that every step needs. Level 10 of the core: no step changes it here."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from server.core import bays, refusals, views
from server.core.alerts import AlertBoard
from server.core.approach import Approach
from server.core.bells import BellBook
from server.core.dispatch import Candidate, Reach, Rules
from server.core.learned import Learned
from server.core.model import Alert, Bell, BellId, Reason, StopId, TripKey, Vehicle, VehicleId
from server.core.network import Network, VisitRef
from server.core.policy import Policy
from server.core.prediction import Forecasts
from server.core.refusals import Place
from server.core.rides.beacons import Beacon
from server.core.rides.book import RideBook
from server.core.rides.memory import RideMemory
from server.core.tracking import Track
from server.core.watch import Watches


class Declined(NamedTuple):
    """A driver's "full" or "cannot stop" at a visit of a run. Kept in memory only: after a crash he is asked once more."""

    trip: TripKey
    stop_sequence: int
    reason: Reason


class Witness(Protocol):
    """Somebody who notes what a rule saw when it chose, and changes nothing."""

    def chose(self, bell: Bell, best: Candidate | None, now_ms: int, *, reason: Reason | None) -> None:
        """The next bus is chosen for a bell, or none can be; `bell` is as it was before."""
        ...

    def told(self, alert: Alert, candidate: Candidate, reach: Reach, now_ms: int) -> None:
        """An alert was raised for a bus at this distance."""
        ...


class Shard:
    """Live buses, their approaches, open bells and live alerts. Owned by one engine; one caller at a time."""

    def __init__(
        self,
        network: Network,
        policy: Policy,
        *,
        vehicles: Mapping[VehicleId, Vehicle],
        assume_terminal: bool,
        learned: Learned | None = None,
        beacons: Iterable[Beacon] = (),
    ) -> None:
        self.network = network
        self.policy = policy
        self.registry = vehicles
        self.rules = Rules(policy, assume_terminal)
        self.forecasts = Forecasts(learned)
        self.tracks: dict[VehicleId, Track] = {}
        self.watches = Watches(network)
        self.approaches: dict[VehicleId, Approach] = {}
        self.on_pattern: defaultdict[int, dict[VehicleId, None]] = defaultdict(dict)
        self.bells = BellBook(policy.ended_kept)
        self.alerts = AlertBoard()
        self.rides = RideBook(policy.ended_kept)
        self.riders = RideMemory(beacons)
        self.checked_ms: dict[BellId, int] = {}
        """When each bell was last asked what is dear to ask: is any bus to come, has another come ahead."""
        self.forgot_ms = 0
        """When vehicles that are silent for long were last looked for."""
        self.gone_ms: dict[BellId, int] = {}
        """Since when the rider of a bell was seen only where nobody waits for its bus."""
        self._places: dict[BellId, Sequence[Place]] = {}
        self.declined: dict[VehicleId, Declined] = {}
        """What each driver said last of a visit: he is not asked again for it, whoever rings there later."""
        self.witness: Witness | None = None

    def places_of(self, bell: Bell) -> Sequence[Place]:
        """The visits at which an open bell can be served; they follow from its ring and the network, which do not change."""
        places = self._places.get(bell.bell_id)
        if places is None:
            places = self._places[bell.bell_id] = refusals.places_of_bell(bell, self.network)
        return places

    def forget_bell(self, bell_id: BellId) -> None:
        """The bell has ended: drop what is kept about it while it is open."""
        self.checked_ms.pop(bell_id, None)
        self.gone_ms.pop(bell_id, None)
        self._places.pop(bell_id, None)

    def candidates(self, places: Iterable[Place]) -> list[Candidate]:
        """Buses whose pattern has one of the visits ahead of them."""
        found: list[Candidate] = []
        for place in places:
            for vehicle_id in self.on_pattern.get(place.ref.pattern_index, ()):
                candidate = self.candidate(vehicle_id, place.ref.visit_index)
                if candidate is not None:
                    found.append(candidate)
        return found

    def candidates_of(self, track: Track, places: Iterable[Place]) -> Iterator[Candidate]:
        """One bus, at each of the visits that its pattern has ahead of it."""
        for place in places:
            if track.pattern is not None and place.ref.pattern_index == track.pattern.index:
                candidate = self.candidate(track.vehicle_id, place.ref.visit_index)
                if candidate is not None:
                    yield candidate

    def candidate(self, vehicle_id: VehicleId, visit_index: int) -> Candidate | None:
        """A bus at a visit of its pattern; None once the visit is behind it, or while its place is unknown."""
        track, approach = self.tracks[vehicle_id], self.approaches.get(vehicle_id)
        if track.pattern is None or track.progress_m is None or approach is None or approach.next_index > visit_index:
            return None
        visit = track.pattern.visits[visit_index]
        return Candidate(track, approach, visit, visit.along_m - track.progress_m)

    def current(self, bell: Bell, track: Track) -> Candidate | None:
        """The bus and visit that a bell awaits."""
        return None if bell.visit_sequence is None else self.awaited(track, bell.visit_sequence)

    def awaited(self, track: Track, stop_sequence: int) -> Candidate | None:
        """The bus at the visit of its run that has this stop sequence."""
        index = None if track.pattern is None else track.pattern.index_of.get(stop_sequence)
        return None if index is None else self.candidate(track.vehicle_id, index)

    def free_bays(
        self, candidate: Candidate, alight_stop_id: StopId | None = None, *, but: BellId | None = None
    ) -> int | None:
        """Wheelchair places free on a bus for whom boards at this visit (`but`: his own bell); None where unknown."""
        track, pattern = candidate.track, candidate.track.pattern
        assert pattern is not None
        vehicle = self.registry.get(track.vehicle_id)
        if vehicle is None or vehicle.wheelchair_bays is None:
            return None
        answered = self.bells.answered_by(track.vehicle_id)
        bells = self.bells.of_vehicle(track.vehicle_id) + [bell for bell in answered if bell.trip == track.trip_key]
        ride = bays.ride_of(pattern, candidate.visit.index, alight_stop_id)
        return bays.free(vehicle.wheelchair_bays, bells, pattern, ride, but=but)

    def passed(self, track: Track, stop_sequence: int | None) -> bool:
        """Is the visit with this stop sequence behind the bus, or none of its run?"""
        index = None if track.pattern is None or stop_sequence is None else track.pattern.index_of.get(stop_sequence)
        approach = self.approaches.get(track.vehicle_id)
        return index is None or (approach is not None and approach.next_index > index)

    def due(self, places: Iterable[Place], now_ms: int) -> bool:
        """Is any run still scheduled at these visits within the horizon a rider may wait?

        Runs whose buses are on the road do not count: those buses are asked themselves, and one that is too late for a
        rider is not another one that is still to come.
        """
        horizon_ms = now_ms + int(self.policy.ring_horizon_s * 1000)
        for place in places:
            running = self._running_ms(place.ref, now_ms)
            at_ms = self.network.next_departure_ms(place.ref, now_ms)
            while at_ms in running:
                at_ms = self.network.next_departure_ms(place.ref, at_ms + 1)
            if at_ms is not None and at_ms <= horizon_ms:
                return True
        return False

    def _running_ms(self, ref: VisitRef, now_ms: int) -> set[int]:
        """Scheduled departures at a visit of the runs that buses are seen to make. Headway windows have no such times."""
        found: set[int] = set()
        for vehicle_id in self.on_pattern.get(ref.pattern_index, ()):
            track = self.tracks[vehicle_id]
            assert track.trip is not None
            seen = track.on_route and track.age_s(now_ms) <= self.policy.silent_s
            if seen and not track.trip.headways:
                found.add(track.day_start_ms + 1000 * int(track.trip.departures_s[ref.visit_index]))
        return found

    def track(self, vehicle_id: VehicleId, now_ms: int) -> Track:
        """The track of a vehicle, begun now if it is new."""
        track = self.tracks.get(vehicle_id)
        if track is None:
            track = self.tracks[vehicle_id] = Track(vehicle_id, seen_ms=now_ms)
        return track

    def index(self, track: Track, *, before: int | None) -> None:
        """Keep the list of vehicles on each pattern right after a sign-on; `before` is the pattern it was on."""
        self.forecasts.begin(track)
        after = track.pattern.index if track.pattern is not None else None
        if before is not None and before != after:
            self.on_pattern[before].pop(track.vehicle_id, None)
        if after is not None:
            self.on_pattern[after][track.vehicle_id] = None

    def outlook(self, bell: Bell, now_ms: int) -> tuple[float | None, int | None]:
        """Seconds until the bell's bus is there and how many stops away it is; None where there is no bus."""
        track = self.tracks.get(bell.vehicle_id) if bell.vehicle_id is not None else None
        candidate = self.current(bell, track) if track is not None and not bell.ended else None
        return views.outlook(candidate, now_ms)
