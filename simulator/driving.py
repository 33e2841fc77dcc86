"""How a bus moves along a path: speed limits, corners, signals, braking. Pure; one bus, one step at a time.

The stepping rule is that of Krauss' car-following model (S. Krauss, DLR 1998): the speed of the next step is the
highest from which the bus can still stop in time with a comfortable deceleration, however long the step is.
"""

import math
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from server.core.network import Pattern

ACCELERATION_MPS2 = 1.0
"""Pulling out with standing passengers (buses: 0.9-1.2 m/s²)."""
BRAKE_MPS2 = 1.0
"""Comfortable braking; the same figure that the bell's commit point uses."""
TELL_S = 3.0
"""To deliver a message and to react to it (DOMAIN §2: 1 s and 2 s)."""
HARD_BRAKE_MPS2 = 1.8
"""The most a driver brakes to make a stop or a red light; beyond it he drives through."""
LIMIT_BRAKE_MPS2 = 3.0
"""Physics' last word in this world: no step changes the speed faster."""
STREET_MPS = 50 / 3.6
HIGHWAY_MPS = 90 / 3.6
HIGHWAY_GAP_M = 2000.0
HIGHWAY_MARGIN_M = 250.0
"""A gap between stops longer than this is highway except for its first and last 250 m."""
STOP_ZONE_M = 50.0
STOP_ZONE_MPS = 40 / 3.6
"""Nobody runs through a stop zone at full speed: people step out."""
CORNERS = ((75.0, 5.0), (45.0, 7.0), (25.0, 10.0))
"""Turn of the path in degrees and more → metres a second through it (about 1.5 m/s² sideways on a 15-70 m radius)."""
GRID_M = 5.0
SIGNAL_EVERY_M = 700.0
SIGNAL_CLEAR_M = 60.0
"""Signals stand in the middle of streets, never so near a stop that waiting at red would look like serving it."""
SIGNAL_CYCLE_S = 110.0
SIGNAL_GREEN = 0.62
ARRIVED_M = 0.3
"""So close to where it wants to stand a bus stands."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Signal:
    """A traffic light at a place of a path."""

    along_m: float
    offset_s: float

    def green(self, at_ms: int) -> bool:
        """Tell whether it is green at an instant."""
        return (at_ms / 1000 + self.offset_s) % SIGNAL_CYCLE_S < SIGNAL_CYCLE_S * SIGNAL_GREEN


@dataclass(frozen=True, slots=True, eq=False)
class Road:
    """What a driver knows of a pattern's path: how fast he may be at each place, and where lights are."""

    cap_mps: list[float]
    signals: tuple[Signal, ...]

    def cap(self, along_m: float) -> float:
        """Highest speed at a place from which all corners ahead can be met with comfortable braking."""
        return self.cap_mps[min(max(int(along_m / GRID_M), 0), len(self.cap_mps) - 1)]


def road_of(pattern: Pattern, *, seed: int) -> Road:
    """Lay out a pattern's speed limits and signals; the same seed and pattern give the same road."""
    path = pattern.path
    grid_m = np.arange(0.0, path.length_m + GRID_M, GRID_M)
    limit = np.full(len(grid_m), STREET_MPS)
    for low_m, high_m in _highways(pattern.visit_along_m):
        limit[(grid_m > low_m) & (grid_m < high_m)] = HIGHWAY_MPS
    for visit_m in pattern.visit_along_m.tolist():
        limit[np.abs(grid_m - visit_m) <= STOP_ZONE_M] = np.minimum(STOP_ZONE_MPS, limit.max())
    for corner_m, corner_mps in _corners(path.xy, path.cum_m):
        at = min(int(corner_m / GRID_M), len(limit) - 1)
        limit[max(at - 1, 0) : at + 2] = np.minimum(limit[max(at - 1, 0) : at + 2], corner_mps)
    energy = limit**2 + 2 * BRAKE_MPS2 * grid_m
    reachable = np.minimum.accumulate(energy[::-1])[::-1] - 2 * BRAKE_MPS2 * grid_m
    rng = np.random.default_rng([seed, zlib.crc32(pattern.pattern_id.encode())])
    return Road(np.sqrt(reachable).tolist(), _signals(rng, pattern.visit_along_m))


def _highways(visit_m: Floats) -> list[tuple[float, float]]:
    gaps = zip(visit_m[:-1].tolist(), visit_m[1:].tolist(), strict=True)
    return [(a + HIGHWAY_MARGIN_M, b - HIGHWAY_MARGIN_M) for a, b in gaps if b - a >= HIGHWAY_GAP_M]


def _corners(xy: Floats, cum_m: Floats) -> list[tuple[float, float]]:
    step = np.diff(xy, axis=0)
    heading = np.degrees(np.arctan2(step[:, 0], step[:, 1]))
    turn = np.abs((np.diff(heading) + 180.0) % 360.0 - 180.0)
    corners = []
    for along_m, angle in zip(cum_m[1:-1].tolist(), turn.tolist(), strict=True):
        speeds = [mps for least, mps in CORNERS if angle >= least]
        if speeds:
            corners.append((along_m, speeds[0]))
    return corners


def _signals(rng: np.random.Generator, visit_m: Floats) -> tuple[Signal, ...]:
    signals = []
    for a, b in zip(visit_m[:-1].tolist(), visit_m[1:].tolist(), strict=True):
        room_m = b - a - 2 * SIGNAL_CLEAR_M
        if 0.0 < room_m < HIGHWAY_GAP_M:
            places = np.sort(
                rng.uniform(a + SIGNAL_CLEAR_M, b - SIGNAL_CLEAR_M, int(rng.poisson((b - a) / SIGNAL_EVERY_M)))
            )
            signals += [Signal(place, float(rng.uniform(0.0, SIGNAL_CYCLE_S))) for place in places.tolist()]
    return tuple(signals)


def can_stop(speed_mps: float, distance_m: float) -> bool:
    """Tell whether a driver would brake for something this far ahead."""
    return distance_m > 0.0 and speed_mps**2 / (2 * distance_m) <= HARD_BRAKE_MPS2


def way_to_stop_m(speed_mps: float, *, blind_s: float) -> float:
    """Metres before a stop within which a driver can no longer be asked to stop there in comfort (DOMAIN §2)."""
    return speed_mps * blind_s + speed_mps**2 / (2 * BRAKE_MPS2)


def next_speed(speed_mps: float, *, wish_mps: float, stop_in_m: float | None, dt_s: float) -> float:
    """Speed of the next step: towards `wish_mps`, and such that the bus can stand in `stop_in_m` metres.

    The bus moves by `next_speed · dt_s` in the step.
    """
    target = min(wish_mps, speed_mps + ACCELERATION_MPS2 * dt_s)
    if stop_in_m is not None:
        target = min(target, _safe_speed(speed_mps, stop_in_m, dt_s))
    return max(target, speed_mps - LIMIT_BRAKE_MPS2 * dt_s, 0.0)


def _safe_speed(speed_mps: float, distance_m: float, dt_s: float) -> float:
    """Krauss' safe speed towards a standing obstacle; brakes harder than comfortable only when it must."""
    distance_m = max(distance_m, 0.0)
    needed = speed_mps**2 / (2 * distance_m) if distance_m > 0.0 else LIMIT_BRAKE_MPS2
    brake = min(max(BRAKE_MPS2, needed), LIMIT_BRAKE_MPS2)
    safe = -brake * dt_s + math.sqrt((brake * dt_s) ** 2 + 2 * brake * distance_m)
    return min(safe, distance_m / dt_s)
