"""Which bus a beacon is in, at which time: the registry of beacons, fixed and rotating ones. Level 7 of the core; pure.

A rotating beacon changes its id with every time step: HMAC-SHA256(key, step), the first 8 bytes in hex. Whoever records
an id and plays it elsewhere later is not believed, because the step it belongs to is over.
"""

import hashlib
import hmac
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from server.core.model import VehicleId

STEP_S = 300
"""A rotating beacon keeps an id for five minutes: who plays it back has no longer than that."""
STEP_SLACK_S = 60
"""How far a beacon's clock may be off: a crystal without a link loses a minute in a month."""
STEPS_KEPT = 14
"""Tables of ids kept for what comes late (an hour); the longest unused goes first. 41,000 ids take 60 ms to make."""
ID_BYTES = 8


class Beacon(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One beacon, in one vehicle, in a span of time. `beacon_id` is fixed; `key` (hex) makes rotating ids.

    A beacon that moves to another bus gets a second entry; the first one's `valid_to_ms` is when it was taken out.
    """

    vehicle_id: VehicleId
    beacon_id: str | None = None
    key: str | None = None
    valid_from_ms: int = 0
    valid_to_ms: int = 2**53

    def valid_at(self, at_ms: int) -> bool:
        """Was it in this vehicle then?"""
        return self.valid_from_ms <= at_ms < self.valid_to_ms


class Found(NamedTuple):
    """A beacon's vehicle, and its number among those of the vehicle."""

    vehicle_id: VehicleId
    number: int


def rotating_id(key: bytes, at_ms: int) -> str:
    """The id that a rotating beacon with this key shows at an instant."""
    step = at_ms // (STEP_S * 1000)
    return hmac.digest(key, step.to_bytes(8, "big"), hashlib.sha256)[:ID_BYTES].hex()


class BeaconBook:
    """Finds the vehicle of what a phone heard. Unknown, expired and replayed ids are found in none."""

    def __init__(self, beacons: Iterable[Beacon]) -> None:
        self._fixed: defaultdict[str, list[tuple[Beacon, Found]]] = defaultdict(list)
        self._rotating: list[tuple[Beacon, bytes, Found]] = []
        self.rotating: set[VehicleId] = set()
        """Vehicles all of whose beacons rotate: what is heard of them cannot be played back for long."""
        self._steps: OrderedDict[int, Mapping[str, tuple[Beacon, Found]]] = OrderedDict()
        self.vehicles: set[VehicleId] = set()
        numbers: defaultdict[VehicleId, int] = defaultdict(int)
        for beacon in beacons:
            found = Found(beacon.vehicle_id, numbers[beacon.vehicle_id])
            numbers[beacon.vehicle_id] += 1
            self.vehicles.add(beacon.vehicle_id)
            if beacon.beacon_id is not None:
                self._fixed[beacon.beacon_id].append((beacon, found))
            if beacon.key is not None:
                self._rotating.append((beacon, bytes.fromhex(beacon.key), found))
        self.rotating = {found.vehicle_id for _, _, found in self._rotating}
        self.rotating -= {found.vehicle_id for several in self._fixed.values() for _, found in several}

    def find(self, beacon_id: str, at_ms: int) -> Found | None:
        """The vehicle that a beacon heard at an instant is in; None for one that is nowhere then."""
        for beacon, found in self._fixed.get(beacon_id, ()):
            if beacon.valid_at(at_ms):
                return found
        if not self._rotating:
            return None
        for step in self._near(at_ms):
            entry = self._table(step).get(beacon_id)
            if entry is not None and entry[0].valid_at(at_ms):
                return entry[1]
        return None

    @staticmethod
    def _near(at_ms: int) -> list[int]:
        """The steps that a beacon with a slightly wrong clock may be in."""
        slack_ms, step_ms = STEP_SLACK_S * 1000, STEP_S * 1000
        return sorted({max(0, moment_ms) // step_ms for moment_ms in (at_ms - slack_ms, at_ms, at_ms + slack_ms)})

    def _table(self, step: int) -> Mapping[str, tuple[Beacon, Found]]:
        table = self._steps.get(step)
        if table is None:
            at_ms = step * STEP_S * 1000
            table = {rotating_id(key, at_ms): (beacon, found) for beacon, key, found in self._rotating}
            self._steps[step] = table
            if len(self._steps) > STEPS_KEPT:
                self._steps.popitem(last=False)
        else:
            self._steps.move_to_end(step)
        return table
