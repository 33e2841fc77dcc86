"""How far along its trip this bus is, by its own knowledge: enough to say "that stop is behind us". Pure."""

from bisect import bisect_right
from collections import deque
from dataclasses import dataclass

from geo.frame import MAX_ORIGIN_LAT_DEG, Frame

HISTORY_MAX = 1800
"""Fixes remembered to say how far the bus was when an alert was decided: half an hour at 1 Hz."""
STILL_M = 15.0
"""Moves shorter than this are taken for GPS noise of a standing bus (urban receivers wander by 5–15 m)."""
FASTEST_MPS = 45.0
"""A move faster than this (162 km/h) is a jump of the receiver, not of the bus."""
JUMP_MARGIN_M = 50.0
"""Allowed on top of `FASTEST_MPS` for the error of both positions."""
AHEAD_S = 3.0
"""A fix is carried forward by its own speed for at most so long; beyond it a braking bus would be put too far ahead."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the bus was at one fix. `travelled_m` is our own count since start, not a place on the trip."""

    at_ms: int
    travelled_m: float


@dataclass(frozen=True, slots=True)
class _Anchor:
    """On this trip the bus was at `along_m` when it had travelled `travelled_m`."""

    along_m: float
    travelled_m: float


class OwnProgress:
    """Counts travelled metres (odometer, else positions) and ties them to the trip where the trip's metres are known.

    They are known from a caller that gives `along_m` with a fix, or from an alert: at the moment it was decided the
    bus was `distance_m` before a stop whose place on the trip is known. All times are this device's clock.
    The count errs on the short side (noise is not counted, corners are cut), so a stop is rather still ahead.
    """

    def __init__(self) -> None:
        self._history: deque[_Place] = deque(maxlen=HISTORY_MAX)
        self._anchor: _Anchor | None = None
        self._told_by_caller = False
        self._frame: Frame | None = None
        self._frame_ms = 0
        self._odometer_m: float | None = None
        self._speed_mps = 0.0

    def new_trip(self) -> None:
        """Another trip: the place on the old one says nothing any more."""
        self._anchor = None
        self._told_by_caller = False

    def moved(
        self,
        *,
        at_ms: int,
        lat: float,
        lon: float,
        speed_mps: float | None = None,
        odometer_m: float | None = None,
        along_m: float | None = None,
    ) -> None:
        """Take a fix. `along_m`: metres along the trip if the caller knows them; this is then the truth."""
        travelled_m = self._history[-1].travelled_m if self._history else 0.0
        if self._history and at_ms < self._history[-1].at_ms:
            self._history.clear()  # the device's clock was set back: old times mean nothing now
        by_odometer_m = self._odometer_step(odometer_m)
        by_position_m = self._position_step(at_ms, lat, lon)
        if by_odometer_m is not None:
            self._frame = None  # counted: positions start from the next fix
        travelled_m += by_position_m if by_odometer_m is None else by_odometer_m
        self._history.append(_Place(at_ms, travelled_m))
        self._speed_mps = speed_mps or 0.0
        if along_m is not None:
            self._anchor = _Anchor(along_m, travelled_m)
            self._told_by_caller = True

    def told(self, *, at_ms: int, stop_along_m: float, distance_m: float) -> None:
        """The server placed the bus `distance_m` before a stop at `at_ms`.

        Ignored where we have no fix from then, and where the caller himself knows the metres.
        """
        travelled_m = self._travelled_at(at_ms)
        if travelled_m is not None and not self._told_by_caller:
            self._anchor = _Anchor(stop_along_m - distance_m, travelled_m)

    def along_m(self, *, now_ms: int) -> float | None:
        """Metres along the trip now; None while unknown."""
        if self._anchor is None or not self._history:
            return None
        newest = self._history[-1]
        carried_m = self._speed_mps * min(AHEAD_S, max(0.0, (now_ms - newest.at_ms) / 1000))
        return self._anchor.along_m + newest.travelled_m - self._anchor.travelled_m + carried_m

    @property
    def speed_mps(self) -> float:
        """The speed that the last fix said; 0 where it said none."""
        return self._speed_mps

    def _odometer_step(self, odometer_m: float | None) -> float | None:
        before_m, self._odometer_m = self._odometer_m, odometer_m
        if odometer_m is None or before_m is None or odometer_m < before_m:
            return None
        return odometer_m - before_m

    def _position_step(self, at_ms: int, lat: float, lon: float) -> float:
        """Metres since the last counted place, once they are more than noise."""
        if abs(lat) > MAX_ORIGIN_LAT_DEG or abs(lon) > 180.0:
            return 0.0
        if self._frame is None:
            self._frame, self._frame_ms = Frame(lat, lon), at_ms
            return 0.0
        x, y = self._frame.to_xy(lat, lon)
        step_m = (x * x + y * y) ** 0.5
        if step_m < STILL_M:
            return 0.0
        possible_m = JUMP_MARGIN_M + FASTEST_MPS * max(0, at_ms - self._frame_ms) / 1000
        self._frame, self._frame_ms = Frame(lat, lon), at_ms
        return step_m if step_m <= possible_m else 0.0

    def _travelled_at(self, at_ms: int) -> float | None:
        if not self._history or at_ms < self._history[0].at_ms:
            return None
        i = bisect_right(self._history, at_ms, key=lambda place: place.at_ms)
        before = self._history[i - 1]
        if i == len(self._history):
            return before.travelled_m + self._speed_mps * min(AHEAD_S, (at_ms - before.at_ms) / 1000)
        after = self._history[i]
        share = (at_ms - before.at_ms) / max(1, after.at_ms - before.at_ms)
        return before.travelled_m + share * (after.travelled_m - before.travelled_m)
