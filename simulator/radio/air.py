"""How loud a phone hears each beacon of a bus: path loss, bodies, walls, fading, packets that get lost. Level 2 of the radios."""

import numpy as np
from numpy.typing import NDArray

from simulator.radio.film import Film
from simulator.radio.fleet import PLACES_M
from simulator.radio.people import Person
from simulator.radio.settings import Air

Floats = NDArray[np.float64]

HEARD_M = 150.0
"""Farther away nothing is ever heard: 46 dB below one metre, and a wall."""
CEILING_M = 1.2
"""Beacons hang so far above a pocket."""
PACKETS = 5
"""The loudest of more packets is not much louder than that of five."""


class Radio:
    """One phone and the air around it. `gain_db`: its chip, less pocket or bag."""

    def __init__(self, film: Film, air: Air, person: Person, gain_db: float, rng: np.random.Generator) -> None:
        self._film, self._air, self._person, self._gain_db, self._rng = film, air, person, gain_db, rng
        self._crowd_db = float(rng.uniform(0.0, air.crowd_db))

    def near(self) -> list[int]:
        """List the buses that come near enough to be heard."""
        film, person = self._film, self._person
        span = slice(person.from_s, person.from_s + person.seconds)
        dx, dy = film.x[:, span] - person.x.astype(np.float32), film.y[:, span] - person.y.astype(np.float32)
        return np.flatnonzero((dx * dx + dy * dy).min(axis=1) < HEARD_M * HEARD_M).tolist()

    def levels(self, bus: int, scans: NDArray[np.int64], open_s: float, works: NDArray[np.bool_]) -> Floats:
        """Give the level (dBm) of the loudest packet of each beacon in each scan, NaN where none arrives.

        `scans`: seconds since the person's first; in each the receiver is on for `open_s` in all.
        """
        film, air, person, rng = self._film, self._air, self._person, self._rng
        at = person.from_s + scans
        dx, dy = person.x[scans] - film.x[bus, at], person.y[scans] - film.y[bus, at]
        east, north = film.east[bus, at], film.north[bus, at]
        u, v = dx * east + dy * north, dx * north - dy * east
        off = u[:, None] - np.array(PLACES_M)
        away = np.sqrt(off * off + (v * v)[:, None] + CEILING_M**2)
        inside = person.aboard[scans] == bus
        wall = max(2.0, float(rng.normal(air.vehicle_db, air.vehicle_sigma_db)))
        loss = np.where(inside, self._crowd_db, wall)
        loss += np.where(~inside & ((person.aboard[scans] >= 0) | person.shielded[scans]), air.vehicle_db, 0.0)
        mean = air.one_metre_dbm - 10.0 * air.path_exponent * np.log10(np.maximum(away, 1.0))
        mean += self._gain_db - loss[:, None] + self._shadow(scans)
        count = rng.poisson(air.received * open_s / air.advertising_s, mean.shape)
        count[:, ~works] = 0
        fading = rng.normal(0.0, air.fading_db, (*mean.shape, PACKETS))
        fading[np.arange(PACKETS) >= count[..., None]] = -np.inf
        level = mean + fading.max(axis=-1)
        return np.where(level >= air.sensitivity_dbm, level, np.nan)

    def _shadow(self, scans: NDArray[np.int64]) -> Floats:
        """People come to stand in the way of each beacon, and go."""
        knots = np.arange(0.0, self._person.seconds + self._air.shadow_s, self._air.shadow_s)
        values = self._rng.normal(0.0, self._air.shadow_db, (len(PLACES_M), len(knots)))
        return np.stack([np.interp(scans, knots, row) for row in values], axis=1)
