"""What a server that makes no mistakes could know of a bus, and so whether its driver could be told in time. Pure."""

from dataclasses import dataclass

from server.core.model import TripKey
from server.core.network import Visit
from simulator.driving import ACCELERATION_MPS2, STREET_MPS, TELL_S, way_to_stop_m

SPARE_M = 30.0
"""A bus is said to have been early enough to be told only with a stop zone to spare: receivers err by as much."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Where a bus was, without error, when it measured the newest report that has reached the server."""

    measured_ms: int
    trip: TripKey
    along_m: float
    speed_mps: float

    def early_enough(self, visit: Visit, now_ms: int) -> bool:
        """Tell whether the driver could be asked now to stop at a visit, with `SPARE_M` to spare.

        Since the report the bus may have gained speed, up to what a street allows.
        """
        age_s = (now_ms - self.measured_ms) / 1000
        gained_mps = min(STREET_MPS, self.speed_mps + ACCELERATION_MPS2 * age_s)
        way_m = way_to_stop_m(max(self.speed_mps, gained_mps), blind_s=age_s + TELL_S)
        return visit.along_m - self.along_m > way_m + SPARE_M
