"""Who could have been told: by the newest report that had come, with a stop zone to spare."""

import pytest

from server.core.model import StopId, TripId, TripKey
from server.core.network import Visit
from simulator.hearing import Heard

STOP = Visit(1, StopId("S"), 2, 1000.0, 0, 0)
RUN = TripKey(TripId("T"), "20261120")


@pytest.mark.parametrize(
    ("left_m", "speed_mps", "age_s", "early"),
    [
        (111, 10.0, 0.0, True),  # 10 m/s for 3 s, 50 m to brake, 30 m to spare
        (109, 10.0, 0.0, False),
        (160, 10.0, 1.0, True),  # it may have gained 1 m/s in the second since: 44 m, 60.5 m and 30 m
        (130, 10.0, 1.0, False),
        (31, 0.0, 0.0, True),
        (-5, 0.0, 0.0, False),
        (900, 10.0, 60.0, False),  # a minute of 50 km/h
        (1100, 10.0, 60.0, True),
    ],
)
def test_the_way_a_driver_needs_grows_with_the_age_of_what_is_known(
    left_m: float, speed_mps: float, age_s: float, early: bool
) -> None:
    heard = Heard(10_000, RUN, 1000.0 - left_m, speed_mps)
    assert heard.early_enough(STOP, 10_000 + round(1000 * age_s)) is early
