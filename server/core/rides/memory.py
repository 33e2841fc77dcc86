"""What is remembered for rides between events: trails of buses, phones of riders, and who may be on which run. Level 7 of the core.

None of it is kept on disk: it holds where riders were, and is forgotten within the hour (DOMAIN §7).
"""

from collections import OrderedDict, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from server.core.model import RideId, RiderId, TripKey, VehicleId
from server.core.rides.beacons import Beacon, BeaconBook
from server.core.rides.judgement import Hints, Judgement
from server.core.rides.phone import Phone
from server.core.rides.trail import Run, Trail

PHONES_MAX = 50_000
"""Phones remembered (some 20 KB each while their riders ride); the longest silent is forgotten first."""
DEVICES_MAX = 4
"""Phones of one rider; a fifth takes the place of the one that was silent longest."""
MET_MAX = 8
"""Inspections and taps remembered of a rider on a bus; the oldest go first."""


@dataclass(slots=True, eq=False)
class Thought:
    """That a rider may be on a run. `ride_id`: the ride that was made of it; `closed`: its rider has had the last word."""

    rider_id: RiderId
    run: Run
    since_ms: int
    hints: Hints = field(default_factory=Hints)
    ride_id: RideId | None = None
    closed: bool = False
    judged: Judgement = field(default_factory=Judgement)
    judged_ms: int = 0


class RideMemory:
    """The trails, phones and thoughts of one shard."""

    def __init__(self, beacons: Iterable[Beacon]) -> None:
        self.beacons = BeaconBook(beacons)
        self.trails: dict[VehicleId, Trail] = {}
        self.looked_ms = 0
        """When all thoughts were gone through last."""
        self._phones: OrderedDict[RiderId, dict[str, Phone]] = OrderedDict()
        self._thoughts: defaultdict[VehicleId, dict[tuple[RiderId, TripKey], Thought]] = defaultdict(dict)

    def trail(self, vehicle_id: VehicleId) -> Trail:
        """The trail of a bus, begun now if it is new; one that carries beacons is followed from the start."""
        trail = self.trails.get(vehicle_id)
        if trail is None:
            trail = self.trails[vehicle_id] = Trail(
                vehicle_id,
                followed=vehicle_id in self.beacons.vehicles,
                beacons=vehicle_id in self.beacons.vehicles,
            )
        return trail

    def phone(self, rider_id: RiderId, device: str) -> Phone:
        """A rider's phone by the name of the device, begun now if it is new."""
        phones = self._phones.setdefault(rider_id, {})
        self._phones.move_to_end(rider_id)
        if device not in phones:
            if len(phones) >= DEVICES_MAX:
                del phones[min(phones, key=lambda name: phones[name].newest_ms)]
            phones[device] = Phone()
        while len(self._phones) > PHONES_MAX:
            self._phones.popitem(last=False)
        return phones[device]

    def phones(self, rider_id: RiderId) -> list[Phone]:
        """All phones of a rider that told anything of late."""
        return list(self._phones.get(rider_id, {}).values())

    def think(self, rider_id: RiderId, run: Run, now_ms: int) -> Thought:
        """The thought that a rider may be on a run, begun now if it is new; the bus is followed from now on."""
        thoughts = self._thoughts[run.vehicle_id]
        thought = thoughts.get((rider_id, run.trip))
        if thought is None:
            thought = thoughts[rider_id, run.trip] = Thought(rider_id, run, now_ms)
            self.trail(run.vehicle_id).followed = True
        return thought

    def find(self, rider_id: RiderId, vehicle_id: VehicleId, trip: TripKey | None) -> Thought | None:
        """The thought about a rider and a run, if there is one."""
        return self._thoughts[vehicle_id].get((rider_id, trip)) if vehicle_id in self._thoughts and trip else None

    def thoughts_on(self, vehicle_id: VehicleId) -> list[Thought]:
        """Who may be on a bus."""
        return list(self._thoughts[vehicle_id].values()) if vehicle_id in self._thoughts else []

    def thoughts(self) -> list[Thought]:
        """All of them."""
        return [thought for of_bus in self._thoughts.values() for thought in of_bus.values()]

    def renamed(self, run: Run, trip: TripKey) -> None:
        """A run turned out to be another one of its pattern: all that was thought of it holds."""
        thoughts = self._thoughts.get(run.vehicle_id, {})
        for key, thought in list(thoughts.items()):
            if thought.run is run:
                del thoughts[key]
                thoughts[thought.rider_id, trip] = thought
        run.trip = trip

    def drop(self, thought: Thought) -> None:
        """Think of it no more."""
        thoughts = self._thoughts[thought.run.vehicle_id]
        thoughts.pop((thought.rider_id, thought.run.trip), None)
        if not thoughts:
            del self._thoughts[thought.run.vehicle_id]

    def forget_before(self, at_ms: int) -> None:
        """Forget phones that told nothing since an instant."""
        for rider_id in [r for r, phones in self._phones.items() if all(p.newest_ms < at_ms for p in phones.values())]:
            del self._phones[rider_id]

    def forget_bus(self, vehicle_id: VehicleId) -> None:
        """Forget the trail of a bus that nobody has heard of for long."""
        if vehicle_id not in self._thoughts:
            self.trails.pop(vehicle_id, None)
