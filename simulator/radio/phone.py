"""A phone as Android and iOS let it be: it scans at times, is woken late, reports in batches, is offline, dies. Level 3."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from server.core.events import BeaconHeard, Sighted, Whereabouts
from server.core.model import RiderId
from simulator.radio.air import Radio
from simulator.radio.film import Film
from simulator.radio.fleet import PLACES_M, Fleet
from simulator.radio.people import Person
from simulator.radio.settings import Phones, Physics

BATCH_S = 5.0
"""The app sums up what it hears in so long: the loudest of each beacon."""
WOKEN_AGAIN_S = 10
"""iOS lets an app range for so long when it is told that the beacons are gone."""
LATENCY_S = (0.2, 3.0)
REPLAYED_DBM = -66.0
"""As loud as inside the bus: the transmitter is in the same room."""
NOISE_M = 2.0


class Scanning(StrEnum):
    """How a phone may listen."""

    BALANCED = "balanced"
    LOW_POWER = "low_power"
    RANGING = "ranging"
    WOKEN = "woken"


@dataclass(frozen=True, slots=True)
class Report:
    """What the phone sends, and when it reaches the server (ms)."""

    received_ms: int
    said: Sighted


@dataclass(slots=True, eq=False)
class Memory:
    """What a phone has noted: rows of (second, bus, beacon, level), scans, and positions by second."""

    rows: list[tuple[float, int, int, float]]
    scans: NDArray[np.float64]
    places: list[tuple[float, float, float, float]]


class Handset:
    """One phone: its model, where it is carried, what it is allowed."""

    def __init__(self, film: Film, fleet: Fleet, physics: Physics, person: Person, rng: np.random.Generator) -> None:
        phone = physics.phone
        self._film, self._fleet, self._phone, self._person, self._rng = film, fleet, phone, person, rng
        self.scanning = _scanning(phone, rng)
        carried = float(rng.random())
        lost_db = (
            0.0 if carried < phone.hand else phone.pocket_db if carried < phone.hand + phone.pocket else phone.bag_db
        )
        gain_db = float(rng.normal(0.0, phone.chip_db)) - lost_db
        self._radio = Radio(film, physics.air, person, gain_db, rng)
        self.knows_place = bool(rng.random() >= phone.no_positions)
        self.clock_ms = round(1000 * float(rng.normal(0.0, phone.clock_s)))
        self.dies_s = float(rng.uniform(0, person.seconds)) if rng.random() < phone.dies else float("inf")

    # -- what it notes -------------------------------------------------------------

    def note(self) -> Memory:
        """Listen all the way."""
        period_s, open_s = self._period()
        scans = np.arange(float(self._rng.uniform(0.0, period_s)), self._person.seconds - 0.01, period_s)
        rows = self._hear(scans, open_s)
        awake = np.ones(len(scans), np.bool_)
        if self.scanning is Scanning.WOKEN:
            awake = self._awake(scans, rows)
            kept = set(scans[awake].tolist())
            rows = [row for row in rows if row[0] in kept]
        return Memory(rows, scans[awake], self._places(scans[awake]) if self.knows_place else [])

    def _period(self) -> tuple[float, float]:
        """How often it sums up a scan, and for how long the receiver is open in it (s)."""
        phone = self._phone
        match self.scanning:
            case Scanning.BALANCED:
                return BATCH_S, BATCH_S * phone.balanced_duty
            case Scanning.LOW_POWER:
                return phone.low_power_period_s, phone.low_power_period_s * phone.low_power_duty
            case Scanning.RANGING | Scanning.WOKEN:
                return BATCH_S, BATCH_S * phone.ranging_duty

    def _hear(self, scans: NDArray[np.float64], open_s: float) -> list[tuple[float, int, int, float]]:
        seconds = scans.astype(np.int64)
        rows: list[tuple[float, int, int, float]] = []
        for bus in self._radio.near():
            levels = self._radio.levels(bus, seconds, open_s, self._fleet.works[bus])
            scan, beacon = np.nonzero(~np.isnan(levels))
            found = levels[scan, beacon].tolist()
            rows += zip(scans[scan].tolist(), [bus] * len(found), beacon.tolist(), found, strict=True)
        if self._person.replays is not None:
            bus = self._person.replays[0]
            for at_s in scans.tolist():
                rows.append(
                    (at_s, bus, int(self._rng.integers(len(PLACES_M))), REPLAYED_DBM + self._rng.normal(0, 4.0))
                )
        return rows

    def _awake(self, scans: NDArray[np.float64], rows: list[tuple[float, int, int, float]]) -> NDArray[np.bool_]:
        """The system wakes the app when beacons appear, for a while, and once more some time after they are gone."""
        heard = np.unique([row[0] for row in rows])
        awake = np.zeros(len(scans), np.bool_)
        if not len(heard):
            return awake
        ends = np.flatnonzero(np.diff(heard) > self._phone.left_after_s)
        starts = [heard[0], *heard[ends + 1].tolist()]
        stops = [*heard[ends].tolist(), heard[-1]]
        for start, stop in zip(starts, stops, strict=True):
            awake |= (scans >= start) & (scans <= start + self._phone.woken_s)
            gone = stop + self._phone.left_after_s
            awake |= (scans >= gone) & (scans <= gone + WOKEN_AGAIN_S)
        return awake

    def _places(self, scans: NDArray[np.float64]) -> list[tuple[float, float, float, float]]:
        """Where it believes to be, while it is awake: second, x, y, accuracy."""
        phone, person, rng = self._phone, self._person, self._rng
        times: list[float] = []
        for at_s in scans.tolist():
            if not times or at_s - times[-1] >= phone.position_s - 0.01:
                times.append(at_s)
        seconds = np.array(times).astype(np.int64)
        x, y = person.x[seconds], person.y[seconds]
        if person.pretends is not None:
            at = person.from_s + seconds
            x, y = self._film.x[person.pretends, at] * 1.0, self._film.y[person.pretends, at] * 1.0
        knots = np.arange(0.0, person.seconds + phone.bias_s, phone.bias_s)
        bias = [np.interp(times, knots, rng.normal(0.0, phone.bias_m, len(knots))) for _ in range(2)]
        noise = rng.normal(0.0, NOISE_M, (2, len(times)))
        accuracy = phone.bias_m * rng.uniform(1.0, 1.8, len(times)) + NOISE_M
        columns = (x + bias[0] + noise[0], y + bias[1] + noise[1], accuracy)
        return list(zip(times, *(column.tolist() for column in columns), strict=True))

    # -- what it sends -------------------------------------------------------------

    def reports(self, rider: RiderId) -> list[Report]:
        """All that reaches the server, in the order in which it does."""
        memory = self.note()
        found: list[Report] = []
        begun_s = 0.0
        for sends_s in self._sends():
            if sends_s > self.dies_s:
                break
            said = self._said(rider, memory, begun_s, min(sends_s, self._person.seconds), sends_s)
            begun_s = sends_s
            if said is not None:
                late_ms = round(1000 * float(self._rng.uniform(*LATENCY_S)))
                found.append(Report(self._film.at_ms(self._person.from_s + sends_s) + late_ms, said))
        return found

    def _sends(self) -> list[float]:
        phone, rng, seconds = self._phone, self._rng, self._person.seconds
        every_s = float(np.clip(phone.upload_s * np.exp(rng.normal(0.0, 0.7)), 10.0, 600.0))
        times = np.arange(float(rng.uniform(0.0, every_s)), seconds + every_s, every_s)
        if rng.random() < phone.offline:
            off_s = float(rng.uniform(0.0, seconds))
            on_s = off_s + float(rng.exponential(phone.offline_s))
            times = np.append(times[(times < off_s) | (times > on_s)], [on_s, max(on_s, seconds)])
        return [float(time) for time in np.unique(times)]

    def _said(self, rider: RiderId, memory: Memory, from_s: float, to_s: float, sent_s: float) -> Sighted | None:
        beacons = tuple(
            BeaconHeard(self._id(bus, k, at_s), round(level, 1), self._clock(at_s))
            for at_s, bus, k, level in memory.rows
            if from_s <= at_s < to_s
        )
        scans = memory.scans[(memory.scans >= from_s) & (memory.scans < to_s)].tolist()
        positions = tuple(self._whereabouts(row) for row in memory.places if from_s <= row[0] < to_s)
        if not scans:
            return None
        half = BATCH_S / 2
        listened = tuple((self._clock(a - half), self._clock(b + half)) for a, b in _joined(scans))
        return Sighted(rider, beacons, positions, listened, sent_ms=self._clock(sent_s))

    def _whereabouts(self, row: tuple[float, float, float, float]) -> Whereabouts:
        at_s, x, y, accuracy_m = row
        lat, lon = self._film.network.frame.to_lat_lon(x, y)
        return Whereabouts(self._clock(at_s), lat, lon, round(accuracy_m, 1))

    def _clock(self, at_s: float) -> int:
        return self._film.at_ms(self._person.from_s + at_s) + self.clock_ms

    def _id(self, bus: int, k: int, at_s: float) -> str:
        at_ms = self._film.at_ms(self._person.from_s + at_s)
        if self._person.replays is not None and bus == self._person.replays[0]:
            at_ms -= round(1000 * self._person.replays[1])
        return self._fleet.id_at(bus, k, at_ms)


def _scanning(phone: Phones, rng: np.random.Generator) -> Scanning:
    draw = float(rng.random())
    for kind in (Scanning.BALANCED, Scanning.LOW_POWER, Scanning.RANGING):
        share = float(getattr(phone, kind.value))
        if draw < share:
            return kind
        draw -= share
    return Scanning.WOKEN


def _joined(scans: list[float]) -> list[tuple[float, float]]:
    """Scans that follow each other without a gap, as spans from first to last."""
    spans: list[tuple[float, float]] = []
    for at_s in scans:
        if spans and at_s - spans[-1][1] <= BATCH_S + 0.01:
            spans[-1] = spans[-1][0], at_s
        else:
            spans.append((at_s, at_s))
    return spans
