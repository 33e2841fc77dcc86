"""A tunnel: the receiver says that it does not know, and the bus is believed to go on for a while."""

from typing import Any

import pytest

from server.core.model import Assignment, Reason, TripId, TripKey
from server.core.placing import place_again, take
from server.core.policy import Policy
from server.core.tracking import Taken, Track, assign
from tests.server.core.engine_world import DAY
from tests.server.core.winding_ways import BUS, STRAIGHT, Rider, line, track_on

POLICY = Policy()
STREET = line(STRAIGHT, [200, 1000, 2000, 3000, 3800])
UNMOVED = Taken(moved=False)


def enters(**more: Any) -> tuple[Track, Rider]:
    """A bus at 10 m/s, seen at 500 m and at 600 m, where the tunnel begins."""
    track, rider = track_on(STREET), Rider(STREET, STRAIGHT)
    for along_m in (500.0, 600.0):
        fields = {name: value + along_m for name, value in more.items()}
        assert take(track, rider.fix(along_m, **fields), STREET, POLICY) == Taken(moved=True)
    return track, rider


def test_without_an_odometer_the_last_speed_carries_it_on_for_a_minute() -> None:
    track, rider = enters()
    progress = []
    for k in range(1, 10):
        fix = rider.fix(600.0 + 100 * k, dx_m=-90.0 * k, dy_m=80.0, accuracy_m=400.0, speed_mps=None)
        assert take(track, fix, STREET, POLICY) == UNMOVED
        progress.append(round(track.progress_m or 0))
    assert progress == [700, 800, 900, 1000, 1100, 1200, 1200, 1200, 1200]
    assert track.confidence < 0.2
    assert (track.uncertainty_m(track.seen_ms, POLICY) or 0) >= 400.0


def test_with_an_odometer_it_is_known_how_far_it_went() -> None:
    track, rider = enters(odometer_m=50_000.0)
    for odometer_m, along_m in ((50_630.0, 700.0), (50_630.0, 900.0), (50_900.0, 1300.0), (50_880.0, 1400.0)):
        assert take(track, rider.fix(along_m, accuracy_m=300.0, odometer_m=odometer_m), STREET, POLICY) == UNMOVED
    assert track.progress_m == pytest.approx(900, abs=1)


def test_what_happened_in_the_dark_is_judged_between_the_two_lights() -> None:
    track, rider = enters()
    for k in (1, 2, 3):
        take(track, rider.fix(600.0 + 100 * k, dx_m=-100.0 * k, accuracy_m=300.0, speed_mps=0.0), STREET, POLICY)
    assert take(track, rider.fix(1050.0), STREET, POLICY) == Taken(moved=True)
    assert track.span is not None
    assert (round(track.span.from_m), round(track.span.to_m)) == (600, 1050)
    assert track.span.to_ms - track.span.from_ms == 45_000
    assert track.blind is None


def test_a_jump_of_a_blind_receiver_is_no_jump_of_the_bus() -> None:
    track, rider = enters()
    assert take(track, rider.fix(610.0, dy_m=380.0, accuracy_m=400.0), STREET, POLICY) == UNMOVED
    assert take(track, rider.fix(620.0), STREET, POLICY) == Taken(moved=True)
    assert take(track, rider.fix(630.0, dy_m=380.0), STREET, POLICY) is Reason.FIX_IMPLAUSIBLE


def test_a_blind_fix_places_no_bus() -> None:
    track, rider = track_on(STREET), Rider(STREET, STRAIGHT)
    assert take(track, rider.fix(500.0, accuracy_m=200.0), STREET, POLICY) == UNMOVED
    assert track.progress_m is None
    assign(track, Assignment(BUS, 1, TripKey(TripId("T1"), DAY)), STREET)
    assert place_again(track, POLICY, at_start=False) == UNMOVED
