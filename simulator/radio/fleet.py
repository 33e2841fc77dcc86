"""The beacons of a film's buses: where they hang, what they are called, which are broken. Level 2 of the radios."""

import hashlib

import numpy as np

from server.core.rides.beacons import STEP_S, Beacon, rotating_id
from simulator.radio.film import Film
from simulator.radio.settings import Physics

PLACES_M = (-4.5, -1.5, 1.5, 4.5)
"""Four beacons along the ceiling of each bus."""


class Fleet:
    """The beacons of all buses of a film; by bus number and number in the bus."""

    def __init__(self, film: Film, physics: Physics, seed: int) -> None:
        rng = np.random.default_rng([seed, 77])
        self._vehicles = film.vehicles
        self._rotating = rng.random(len(film.vehicles)) < physics.riders.rotating
        self.works = rng.random((len(film.vehicles), len(PLACES_M))) >= physics.air.broken_beacon
        self._ids: dict[tuple[int, int, int], str] = {}

    def beacons(self) -> list[Beacon]:
        """What the operator's registry says of them."""
        found = []
        for bus, vehicle_id in enumerate(self._vehicles):
            for k in range(len(PLACES_M)):
                name = None if self._rotating[bus] else self._fixed(bus, k)
                key = self._key(bus, k).hex() if self._rotating[bus] else None
                found.append(Beacon(vehicle_id=vehicle_id, beacon_id=name, key=key))
        return found

    def id_at(self, bus: int, k: int, at_ms: int) -> str:
        """What a beacon calls itself at an instant."""
        if not self._rotating[bus]:
            return self._fixed(bus, k)
        step = at_ms // (STEP_S * 1000)
        found = self._ids.get((bus, k, step))
        if found is None:
            found = self._ids[bus, k, step] = rotating_id(self._key(bus, k), at_ms)
        return found

    def _fixed(self, bus: int, k: int) -> str:
        return f"{self._vehicles[bus]}/{k}"

    def _key(self, bus: int, k: int) -> bytes:
        return hashlib.sha256(self._fixed(bus, k).encode()).digest()[:16]
