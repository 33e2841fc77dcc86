"""What one phone heard and where it was, bounded, whatever the order in which it tells. Level 7 of the core.

Everything kept is a maximum, a union or a record by its own time: what comes late, twice or out of order leaves the
same state as what came in time.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from operator import attrgetter
from typing import NamedTuple

from server.core.model import VehicleId

SLOT_S = 5
"""Sightings are kept by slots of so many seconds: scanning phones report once in 1 to 10 s."""
SLOT_MS = SLOT_S * 1000
SLOTS_KEPT = 2_160
"""Three hours of slots for a bus; the oldest go first."""
BUSES_KEPT = 12
"""Buses remembered of a phone; who was heard least goes first. At a busy stop five to ten are heard."""
POSITIONS_KEPT = 720
"""Positions remembered of a phone (an hour at one in 5 s); the oldest go first. Never written to disk."""


_time = attrgetter("at_ms")


class Slot(NamedTuple):
    """How loud a bus's loudest beacon was in a slot, and which of its beacons were heard (a bit each)."""

    loudest_dbm: float
    beacons: int


class Position(NamedTuple):
    """Where a phone was, in metres of the frame, and how sure it was of that."""

    at_ms: int
    x: float
    y: float
    accuracy_m: float


class Heard(NamedTuple):
    """One beacon of a bus, heard by a phone at a time that has been set right."""

    vehicle_id: VehicleId
    beacon: int
    rssi_dbm: float
    at_ms: int


class Phone:
    """The memory of one phone: slots by bus, positions, and when its receiver was on."""

    __slots__ = ("_listened", "_ordered", "_positions", "_slots", "changed", "newest_ms")

    def __init__(self) -> None:
        self._slots: dict[VehicleId, dict[int, Slot]] = {}
        self._positions: dict[int, Position] = {}
        self._ordered: list[Position] = []
        self._listened: set[int] = set()
        self.newest_ms = 0
        """The latest time of which this phone has told anything."""
        self.changed = 0
        """Counts up with everything new that it told."""

    @property
    def buses(self) -> list[VehicleId]:
        """The buses that it heard."""
        return list(self._slots)

    def hear(self, heard: Iterable[Heard]) -> None:
        """Keep beacons that it heard."""
        for one in heard:
            slots = self._slots.setdefault(one.vehicle_id, {})
            index, bit = one.at_ms // SLOT_MS, 1 << (one.beacon % 62)
            before = slots.get(index)
            after = Slot(one.rssi_dbm, bit)
            if before is not None:
                after = Slot(max(before.loudest_dbm, one.rssi_dbm), before.beacons | bit)
            if after != before:
                slots[index] = after
                self._listened.add(index)
                self.changed += 1
            self.newest_ms = max(self.newest_ms, one.at_ms)
            if len(slots) > SLOTS_KEPT:
                del slots[min(slots)]
        while len(self._slots) > BUSES_KEPT:
            least = min(self._slots, key=lambda bus: (len(self._slots[bus]), max(self._slots[bus])))
            del self._slots[least]

    def be_at(self, positions: Iterable[Position]) -> None:
        """Keep where it was."""
        for position in positions:
            if position.at_ms not in self._positions:
                self._positions[position.at_ms] = position
                self.changed += 1
            self.newest_ms = max(self.newest_ms, position.at_ms)
        for at_ms in sorted(self._positions)[:-POSITIONS_KEPT]:
            del self._positions[at_ms]
        self._ordered = sorted(self._positions.values())

    def listen(self, from_ms: int, to_ms: int) -> None:
        """Keep that its receiver was on: slots that it covers whole, or by more than half."""
        half = SLOT_MS // 2
        slots = range((from_ms + half) // SLOT_MS, (to_ms + half) // SLOT_MS)
        fresh = [slot for slot in slots[-SLOTS_KEPT:] if slot not in self._listened]
        if fresh:
            self._listened.update(fresh)
            self.changed += 1
        self.newest_ms = max(self.newest_ms, to_ms)
        if len(self._listened) > 2 * SLOTS_KEPT:
            self._listened = set(sorted(self._listened)[-SLOTS_KEPT:])

    # -- asked -------------------------------------------------------------------

    def slots_of(self, vehicle_id: VehicleId) -> dict[int, Slot]:
        """The slots in which a bus was heard."""
        return self._slots.get(vehicle_id, {})

    def listened_in(self, slot: int) -> bool:
        """Was its receiver on in a slot?"""
        return slot in self._listened

    def positions_between(self, from_ms: int, to_ms: int) -> list[Position]:
        """Where it was in a time, in order."""
        first = bisect_left(self._ordered, from_ms, key=_time)
        return self._ordered[first : bisect_right(self._ordered, to_ms, key=_time)]

    def position_before(self, at_ms: int) -> Position | None:
        """Where it was last before an instant."""
        index = bisect_left(self._ordered, at_ms, key=_time)
        return self._ordered[index - 1] if index else None

    def position_after(self, at_ms: int) -> Position | None:
        """Where it was first after an instant."""
        index = bisect_right(self._ordered, at_ms, key=_time)
        return self._ordered[index] if index < len(self._ordered) else None

    def told_between(self, from_ms: int, to_ms: int) -> int:
        """How many slots of a time it told anything of: heard, listened, or where it was."""
        slots = {position.at_ms // SLOT_MS for position in self.positions_between(from_ms, to_ms)}
        first, last = from_ms // SLOT_MS, to_ms // SLOT_MS
        return len(slots | {slot for slot in range(first, last + 1) if slot in self._listened})

    def told_slots(self) -> list[int]:
        """The slots of which it told anything, in order."""
        return sorted(self._listened | {at_ms // SLOT_MS for at_ms in self._positions})

    def last_ms(self, vehicle_id: VehicleId) -> int | None:
        """When a bus was heard last."""
        slots = self._slots.get(vehicle_id)
        return max(slots) * SLOT_MS + SLOT_MS if slots else None
