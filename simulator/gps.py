"""The receiver of a simulated bus: where it says the bus is, and when the server hears it. Seeded; no I/O."""

import math
from dataclasses import dataclass

import numpy as np

from geo.frame import Frame
from server.core.model import Doors
from simulator.events import Fixed

BIAS_M = 3.0
BIAS_TAU_S = 60.0
"""Errors of consecutive fixes are alike: satellites and reflections change over a minute or so (Gauss-Markov)."""
WHITE_M = 0.7
CANYON_BIAS_M = 15.0
CANYON_TAU_S = 20.0
CANYON_WHITE_M = 2.5
"""Between high houses: 95 % of fixes within 37 m, and another reflection every few house fronts."""
CANYON_SPEED_MPS = 0.5
SPEED_MPS = 0.15
PERIODS_S = (1.0, 1.0, 1.0, 3.0, 3.0, 5.0, 10.0, 10.0, 15.0, 35.0, 60.0)
"""What terminals of a mixed fleet report at (DOMAIN §4: every 1, 3, 10-15, 35 or 60 s); most are new."""
LATEST_PERIOD_S = 15.0
"""A report that is overtaken by the next one comes this late at most: radios give up resending after half a minute."""
LATENCY_MS = 180.0
LATENCY_SPREAD = 0.5
"""Mobile network, median and log-normal spread; the slowest in a thousand takes under a second."""


@dataclass(frozen=True, slots=True)
class Receivers:
    """How receivers and radios behave. Shares are per fix.

    `period_s`: time between reports (`mixed`: each bus has its own of `PERIODS_S` instead); `bias_m`, `bias_tau_s`,
    `white_m`, `speed_error_mps`: standard deviations of the error in each direction, and how fast it changes; `outage`: begins a silence of `outage_s`; `teleport`: a fix `teleport_m` away that
    claims to be good; `duplicate`: sent twice; `delayed`: overtaken by the next one (arrives out of order).
    """

    period_s: float = 1.0
    mixed: bool = False
    bias_m: float = BIAS_M
    bias_tau_s: float = BIAS_TAU_S
    white_m: float = WHITE_M
    speed_error_mps: float = SPEED_MPS
    outage: float = 0.0
    outage_s: float = 30.0
    teleport: float = 0.0
    teleport_m: float = 300.0
    duplicate: float = 0.0
    delayed: float = 0.0

    @staticmethod
    def worn(period_s: float = 1.0) -> "Receivers":
        """Give the mix of faults that a fleet with old units shows."""
        return Receivers(period_s, outage=0.0005, teleport=0.001, duplicate=0.002, delayed=0.002)

    @staticmethod
    def urban_canyon() -> "Receivers":
        """Give a mixed fleet between high houses: wide and changing errors, dropouts, jumps, periods of 1 to 60 s."""
        return Receivers(
            mixed=True,
            bias_m=CANYON_BIAS_M,
            bias_tau_s=CANYON_TAU_S,
            white_m=CANYON_WHITE_M,
            speed_error_mps=CANYON_SPEED_MPS,
            outage=0.001,
            outage_s=30.0,
            teleport=0.001,
            teleport_m=150.0,
            duplicate=0.002,
            delayed=0.002,
        )


@dataclass(frozen=True, slots=True)
class Reading:
    """What there is to report: the truth at the moment of measuring."""

    x_m: float
    y_m: float
    speed_mps: float
    heading_deg: float
    odometer_m: float
    doors: Doors
    passengers: int
    seats_left: int | None


class Receiver:
    """One bus's receiver and radio."""

    def __init__(self, rng: np.random.Generator, frame: Frame, vehicle_id: str, options: Receivers) -> None:
        self._rng = rng
        self._frame = frame
        self._vehicle_id = vehicle_id
        self._options = options
        self._bias_m = rng.normal(0.0, options.bias_m, 2)
        self._period_s = float(rng.choice(PERIODS_S)) if options.mixed else options.period_s
        self._due_s = float(rng.uniform(0.0, self._period_s))
        self._silent_s = 0.0
        self._n = 0

    def due(self, dt_s: float) -> bool:
        """Let time pass; tell whether a report is due."""
        self._due_s -= dt_s
        self._silent_s -= dt_s
        if self._due_s > 0.0:
            return False
        self._due_s += max(self._period_s, dt_s)
        return True

    def report(self, reading: Reading, at_ms: int) -> list[Fixed]:
        """Measure at an instant; the reports that reach the server, each with its time of receipt."""
        options = self._options
        decay = math.exp(-self._period_s / options.bias_tau_s)
        self._bias_m = decay * self._bias_m + math.sqrt(1 - decay**2) * self._rng.normal(0.0, options.bias_m, 2)
        self._n += 1
        if self._silent_s > 0.0:
            return []
        if self._chance(options.outage):
            self._silent_s = options.outage_s
            return []
        latency_ms = LATENCY_MS * math.exp(LATENCY_SPREAD * float(self._rng.normal()))
        if self._chance(options.delayed):
            latency_ms += 1500.0 * min(self._period_s, LATEST_PERIOD_S)
        fix = self._fix(reading, at_ms, at_ms + round(latency_ms))
        return [fix, fix] if self._chance(options.duplicate) else [fix]

    def _fix(self, reading: Reading, fixed_at_ms: int, at_ms: int) -> Fixed:
        options = self._options
        east, north = (self._bias_m + self._rng.normal(0.0, options.white_m, 2)).tolist()
        if self._chance(options.teleport):
            angle = float(self._rng.uniform(0.0, 2 * math.pi))
            east += options.teleport_m * math.sin(angle)
            north += options.teleport_m * math.cos(angle)
        lat, lon = self._frame.to_lat_lon(reading.x_m + east, reading.y_m + north)
        error_mps = float(self._rng.normal(0.0, options.speed_error_mps))
        speed_mps = max(0.0, reading.speed_mps + error_mps) if reading.speed_mps else 0.0
        heading_deg = (reading.heading_deg + float(self._rng.normal(0.0, 2.0))) % 360.0
        return Fixed(
            at_ms,
            fixed_at_ms,
            self._vehicle_id,
            round(lat, 6),
            round(lon, 6),
            round(speed_mps, 2),
            round(heading_deg, 1) % 360.0,
            round(float(self._rng.uniform(3.0, 8.0)), 1),
            round(reading.odometer_m, 1),
            reading.doors,
            reading.passengers,
            reading.seats_left,
            self._n,
        )

    def _chance(self, share: float) -> bool:
        return share > 0.0 and bool(self._rng.random() < share)
