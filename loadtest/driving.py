"""A bus that follows its pattern's path and stops where its driver was told to. Pure; only as real as a load needs."""

import math
import random

from geo.frame import Frame
from server.core.model import Doors
from server.core.network import Pattern, Visit

BRAKE_MPS2 = 1.0
"""Comfortable braking, the figure of the bell's commit point."""
ACCELERATION_MPS2 = 1.0
DWELL_S = 10.0
"""Doors open; the stand test needs 8 s."""
GPS_SIGMA_M = 3.0
AT_STOP_M = 1.0
END_MARGIN_M = 20.0


class DrivenBus:
    """One bus on one pattern. `step` moves it; `stop_at` asks for a stop; time is the caller's."""

    def __init__(
        self, pattern: Pattern, frame: Frame, *, along_m: float, cruise_mps: float, rng: random.Random
    ) -> None:
        self.pattern = pattern
        self.along_m = along_m
        self.speed_mps = cruise_mps
        self.odometer_m = along_m
        self._frame = frame
        self._cruise_mps = cruise_mps
        self._rng = rng
        self._wanted: set[int] = set()
        self._dwell_s = 0.0

    @property
    def doors(self) -> Doors:
        """Open while it stands at a stop."""
        return Doors.OPEN if self._dwell_s > 0 else Doors.CLOSED

    @property
    def at_end(self) -> bool:
        """True when the path is driven."""
        return self.along_m >= self.pattern.path.length_m - END_MARGIN_M

    def visit(self, stop_sequence: int) -> Visit | None:
        """The visit of this pattern with a `stop_sequence`."""
        return next((visit for visit in self.pattern.visits if visit.stop_sequence == stop_sequence), None)

    def stop_at(self, visit_index: int) -> None:
        """The driver means to stop there; heeded while it is ahead."""
        self._wanted.add(visit_index)

    def ahead(self, *, nearest_m: float, farthest_m: float) -> list[Visit]:
        """Visits so far ahead of the bus."""
        return [v for v in self.pattern.visits if nearest_m <= v.along_m - self.along_m <= farthest_m]

    def step(self, dt_s: float) -> None:
        """Drive on for some seconds."""
        if self._dwell_s > 0:
            self._dwell_s = max(0.0, self._dwell_s - dt_s)
            self.speed_mps = 0.0
            return
        gap_m = min((v.along_m - self.along_m for v in self.pattern.visits if self._heeds(v)), default=math.inf)
        if gap_m <= AT_STOP_M:
            self._stand()
            return
        reach_mps = min(self._cruise_mps, self.speed_mps + ACCELERATION_MPS2 * dt_s)
        # Krauss (1998): the fastest from which the bus still stops in the gap, braking in comfort from the next step on.
        brake_mps = BRAKE_MPS2 * dt_s
        safe_mps = -brake_mps + math.sqrt(brake_mps * brake_mps + 2 * BRAKE_MPS2 * gap_m)
        self.speed_mps = max(0.0, min(reach_mps, safe_mps, gap_m / dt_s))
        moved_m = self.speed_mps * dt_s
        self.along_m = min(self.pattern.path.length_m, self.along_m + moved_m)
        self.odometer_m += moved_m

    def place(self) -> tuple[float, float]:
        """Latitude and longitude as a receiver would give them, some metres off."""
        x, y = self.pattern.path.at(self.along_m)
        return self._frame.to_lat_lon(x + self._rng.gauss(0, GPS_SIGMA_M), y + self._rng.gauss(0, GPS_SIGMA_M))

    def heading_deg(self) -> float:
        """Direction of travel."""
        return self.pattern.path.heading_deg(self.along_m)

    def _heeds(self, visit: Visit) -> bool:
        return visit.index in self._wanted and visit.along_m >= self.along_m - AT_STOP_M

    def _stand(self) -> None:
        self._wanted = {i for i in self._wanted if self.pattern.visits[i].along_m > self.along_m + AT_STOP_M}
        self.speed_mps = 0.0
        self._dwell_s = DWELL_S
