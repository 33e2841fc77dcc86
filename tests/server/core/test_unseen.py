"""What time says of a stop that nobody saw: least times worked out by hand, and buses driven by the second."""

import math

import pytest

from server.core.approach import Approach, Finished, advance, start
from server.core.events import Fix
from server.core.model import VisitOutcome
from server.core.placing import take
from server.core.policy import Policy
from server.core.tracking import Span, Track
from server.core.unseen import PULL_MPS2, spare_s, stop_spare_s
from tests.server.core.winding_ways import STRAIGHT, Rider, line, track_on

POLICY = Policy()
STOP_M = 1600.0
NETWORK = line(STRAIGHT, [200.0, STOP_M, 3000.0])


def moved(
    gap_s: float, from_m: float, to_m: float, from_mps: float | None = None, to_mps: float | None = None
) -> tuple[Track, Span]:
    """A bus unseen for so long between two places, counted from the stop, with what it said of its speed."""
    track = track_on(NETWORK)
    track.speed_mps, track.says_speed = to_mps, to_mps is not None
    track.fix = Fix(track.vehicle_id, 1000, 1000, 0.0, 0.0, speed_mps=to_mps)
    return track, Span(STOP_M + from_m, 0, STOP_M + to_m, round(1000 * gap_s), STOP_M + to_m, from_mps)


def left_s(
    gap_s: float, from_m: float, to_m: float, from_mps: float | None = None, to_mps: float | None = None
) -> float:
    track, span = moved(gap_s, from_m, to_m, from_mps, to_mps)
    return stop_spare_s(track, span, STOP_M, POLICY)


def test_a_long_way_costs_running_stopping_standing_and_starting() -> None:
    # 30 m nearer at both ends, 12 m/s: 270 / 12 s and v/2a = 5 s on either side; 8 s of standing.
    assert left_s(100, -300, 300) == pytest.approx(100 - 2 * (270 / 12 + 5) - 8)


def test_a_bus_that_comes_fast_is_held_to_be_as_fast_all_the_way() -> None:
    # 18 m/s at both ends: 15 s and 135 m to brake, as much to start; 135 m more on either side.
    assert left_s(100, -300, 300, 18.0, 18.0) == pytest.approx(100 - 2 * (15 + 135 / 18) - 8)


def test_a_short_way_is_too_short_to_gain_speed() -> None:
    assert left_s(30, -90, 90) == pytest.approx(30 - 8 - 2 * math.sqrt(2 * 60 / PULL_MPS2))


def test_at_the_stop_itself_only_standing_counts() -> None:
    assert left_s(12, -30, 20) == pytest.approx(12 - 8)


def test_a_bus_too_fast_for_its_place_cannot_have_stood_so_near() -> None:
    # From a stand to 9.6 m/s takes 8 s, wherever the receiver says that it is.
    assert left_s(15, -110, 5, 9.6, 9.6) < -8.0


def test_a_bus_that_comes_from_a_stand_must_gain_speed_first() -> None:
    # 240 m from stand to stand at 12 m/s: 20 s and 10 s more.
    assert left_s(60, -270, 30, 0.0, 6.0) == pytest.approx(60 - 30 - 8 - 6.0 / PULL_MPS2)


@pytest.mark.parametrize(
    ("gap_s", "from_m", "to_m", "from_mps", "to_mps"),
    [(15, -40, 160, 1.5, 11.0), (15, -160, 40, 11.0, 1.5), (15, -10, 20, 8.0, 8.0), (15, -10, 20, None, None)],
)
def test_a_bus_that_hardly_moves_at_a_stop_may_stand_there(
    gap_s: float, from_m: float, to_m: float, from_mps: float | None, to_mps: float | None
) -> None:
    assert left_s(gap_s, from_m, to_m, from_mps, to_mps) == math.inf


def test_a_slow_report_far_from_the_stop_says_nothing_of_it() -> None:
    assert left_s(35, -300, 61, 11.0, 0.0) < math.inf


def test_time_to_spare_is_counted_at_an_unhurried_speed_or_the_bus_own() -> None:
    assert spare_s(*moved(60, -90, 90), POLICY) == pytest.approx(40)
    assert spare_s(*moved(60, -90, 90, 15.0, 15.0), POLICY) == pytest.approx(48)


def outcome_of(stand_s: int, period_s: int, phase_s: int, cruise_mps: float, off_m: float) -> VisitOutcome:
    """Drive past the stop, or stand there, seen every `period_s`, in turns `off_m` before and behind its true place."""
    rider, track, approach = Rider(NETWORK, list(STRAIGHT)), track_on(NETWORK), Approach()
    finished: list[Finished] = []
    for k, at_s in enumerate(range(phase_s, 420, period_s)):
        along_m, mps = place_at(at_s, stand_s, cruise_mps)
        if not 350.0 < along_m < 2900.0:
            continue
        seen_m = along_m + (off_m if k % 2 else -off_m)
        fix = rider.fix(seen_m, at_ms=rider.start_ms + 1000 * at_s, speed_mps=mps)
        take(track, fix, NETWORK, POLICY)
        if track.span is None:
            approach = start(track, POLICY, approach)
        else:
            finished += [event for event in advance(approach, track, POLICY) if isinstance(event, Finished)]
    return next(event.outcome for event in finished if event.visit_index == 1)


def place_at(at_s: int, stand_s: int, cruise_mps: float) -> tuple[float, float]:
    """Where a bus is that reaches the stop after 180 s at even speed, and how fast: braking and starting at 1 m/s²."""
    if stand_s == 0:
        return STOP_M + cruise_mps * (at_s - 180.0), cruise_mps
    out_s = abs(at_s - 180.0 - stand_s / 2) - stand_s / 2
    if out_s <= 0.0:
        return STOP_M, 0.0
    way_m = out_s**2 / 2 if out_s < cruise_mps else cruise_mps**2 / 2 + cruise_mps * (out_s - cruise_mps)
    return STOP_M + math.copysign(way_m, at_s - 180.0), min(out_s, cruise_mps)


@pytest.mark.parametrize("off_m", [-25.0, 0.0, 25.0])
@pytest.mark.parametrize("cruise_mps", [7.0, 11.0, 15.0])
@pytest.mark.parametrize("period_s", [15, 35, 60])
def test_a_bus_that_stood_is_never_said_to_have_passed(period_s: int, cruise_mps: float, off_m: float) -> None:
    for phase_s in range(0, period_s, 5):
        assert outcome_of(8, period_s, phase_s, cruise_mps, off_m) is not VisitOutcome.PASSED, phase_s


@pytest.mark.parametrize("off_m", [-25.0, 0.0, 25.0])
@pytest.mark.parametrize("cruise_mps", [8.0, 11.0, 15.0])
def test_a_bus_that_passes_is_known_by_its_time_at_a_quarter_of_a_minute(cruise_mps: float, off_m: float) -> None:
    for phase_s in range(15):
        assert outcome_of(0, 15, phase_s, cruise_mps, off_m) is VisitOutcome.PASSED, phase_s
