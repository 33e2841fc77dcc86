"""What is not known is reckoned with: a coarse receiver, a tunnel, and a place that may be another pass of the street."""

from typing import Any

import pytest

from server.core.dispatch import needed_m, reach_of
from server.core.model import BellState, VehicleId, VisitOutcome
from server.core.placing import GUESSED_PLACE, SURE_PLACE, take
from server.core.policy import Policy
from server.core.prediction import bands
from server.core.tracking import GPS_SIGMA_M, Taken, Track
from tests.server.core.engine_world import Bus, World, stop_id, stop_x
from tests.server.core.watched_drives import Moment, Seen
from tests.server.core.winding_ways import OUT_AND_BACK, STRAIGHT, TWICE_ROUND, Rider, line, track_on

POLICY = Policy()
STREET = line(STRAIGHT, [200, 1000, 2000, 3000, 3800])
S = BellState


def seen_at(along_m: float, **more: Any) -> Track:
    """A bus under way on a straight street, seen twice; the second fix has these fields."""
    track, rider = track_on(STREET), Rider(STREET, STRAIGHT)
    take(track, rider.fix(along_m - 20.0), STREET, POLICY)
    take(track, rider.fix(along_m, **more), STREET, POLICY)
    return track


# -- a coarse receiver -------------------------------------------------------------------


@pytest.mark.parametrize(("accuracy_m", "doubt_m"), [(None, 0.0), (4.0, 0.0), (12.0, 0.0), (40.0, 28.0), (90.0, 78.0)])
def test_what_a_receiver_says_of_its_error_moves_the_commit_point_by_as_much(
    accuracy_m: float | None, doubt_m: float
) -> None:
    good, coarse = seen_at(600.0, accuracy_m=4.0), seen_at(600.0, accuracy_m=accuracy_m)
    at_ms = good.seen_ms
    assert coarse.doubt_m == doubt_m
    assert needed_m(coarse, at_ms, POLICY) == pytest.approx(needed_m(good, at_ms, POLICY) + doubt_m)
    assert reach_of(coarse, at_ms, POLICY).needed_m == pytest.approx(needed_m(coarse, at_ms, POLICY))
    assert coarse.uncertainty_m(at_ms, POLICY) == pytest.approx(
        GPS_SIGMA_M + doubt_m if accuracy_m is None or accuracy_m > 4.0 else 4.0
    )


def test_who_never_reported_has_no_place_to_doubt() -> None:
    track = track_on(STREET)
    assert track.doubt_m == 0.0
    assert track.uncertainty_m(0, POLICY) is None


def test_the_arrival_of_a_coarsely_seen_bus_is_told_with_wider_bounds() -> None:
    good, coarse = seen_at(600.0, accuracy_m=4.0), seen_at(600.0, accuracy_m=90.0)
    widths = [band.p90_ms - band.p10_ms for band in (bands(good, good.seen_ms)[0], bands(coarse, coarse.seen_ms)[0])]
    assert widths[1] > widths[0]
    assert abs(bands(good, good.seen_ms)[0].p50_ms - bands(coarse, coarse.seen_ms)[0].p50_ms) < 5_000


def test_a_bus_that_cannot_be_promised_is_shown_as_such() -> None:
    world = World()
    for name, accuracy_m in (("coarse", 90.0), ("good", 4.0)):
        bus = Bus(world, name, stop_x(1))
        bus.sign_on()
        bus.report(accuracy_m=accuracy_m)
    rows = {row.vehicle_id: row.unsure for row in world.engine.arrivals(stop_id(5), world.now_ms)}
    assert rows == {"coarse": True, "good": False}
    world.engine._shard.tracks[VehicleId("good")].confidence = GUESSED_PLACE
    assert all(row.unsure for row in world.engine.arrivals(stop_id(5), world.now_ms))


def test_a_driver_is_not_asked_at_a_place_where_the_bus_may_be_too_near_already() -> None:
    world = World()
    for name, accuracy_m in (("coarse", 90.0), ("good", 4.0)):
        bus = Bus(world, name, stop_x(3) - 150.0)
        bus.sign_on()
        bus.report(accuracy_m=accuracy_m)
    world.ring(3)
    assert world.states()[-1] == (S.ASSIGNED, "good")


# -- a tunnel ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("odometer", "period_s", "doubts_m"),
    [(True, 10.0, [3.0, 6.0, 9.0]), (False, 10.0, [40.0, 80.0, 120.0]), (False, 40.0, [160.0, 520.0, 1080.0])],
)
def test_in_a_tunnel_the_doubt_grows_with_each_report(odometer: bool, period_s: float, doubts_m: list[float]) -> None:
    track, rider = seen_at(600.0, odometer_m=50_000.0), Rider(STREET, STRAIGHT)
    for k, doubt_m in enumerate(doubts_m, 1):
        run_m = 10.0 * period_s * k
        more: dict[str, Any] = {"odometer_m": 50_000.0 + run_m if odometer else None}
        take(track, rider.fix(600.0 + run_m, dx_m=-run_m, accuracy_m=300.0, **more), STREET, POLICY)
        assert track.doubt_m == pytest.approx(doubt_m, abs=0.1)
    take(track, rider.fix(600.0 + 10.0 * period_s * 4), STREET, POLICY)
    assert track.doubt_m == 0.0
    assert track.confidence == SURE_PLACE


# -- which pass of the street -------------------------------------------------------------


ROUND_STOPS_M = [100, 900, 2500, 3300, 4600]


def twice_round(from_s: float, along_m: float) -> Seen:
    """A bus whose loop is driven twice, seen first while it runs between its stops, at a time that fits both rounds."""
    seen = Seen(line(list(TWICE_ROUND), ROUND_STOPS_M), list(TWICE_ROUND))
    seen.see(Moment(from_s, along_m, 10.0))
    return seen


def test_of_a_stop_that_may_be_the_other_rounds_nothing_is_asserted() -> None:
    seen = twice_round(160.0, 700.0)
    assert seen.track.confidence == GUESSED_PLACE
    for k in range(1, 60):
        seen.see(Moment(160.0 + k, 700.0 + 10.0 * k, 10.0))
        assert not seen.track.sure(POLICY)
    assert [(v.visit_index, v.outcome) for v in seen.finished] == [(1, VisitOutcome.UNKNOWN)]
    assert seen.finished[0].confidence <= 0.5


def test_once_the_clock_tells_the_rounds_apart_the_place_is_known() -> None:
    seen = twice_round(160.0, 700.0)
    guessed_m = seen.track.progress_m
    seen.see(Moment(161.0, 710.0, 10.0))
    assert not seen.track.sure(POLICY)
    far = 400.0
    for k in range(40):
        seen.see(Moment(200.0 + 30.0 * k, 750.0 + 2.0 * k, 0.5))
        far = seen.track.progress_m or far
    assert seen.track.sure(POLICY)
    assert guessed_m is not None
    assert far > 3000.0, "a bus so late on its first round is on its second"


def test_a_guess_gives_way_when_the_fixes_speak_for_the_other_way() -> None:
    network, rider = (
        line(list(OUT_AND_BACK), [300, 1200, 1500, 1800, 2700]),
        Rider(line(list(OUT_AND_BACK), [300]), [*OUT_AND_BACK]),
    )
    track = track_on(network)
    out_ms = rider.start_ms + 150_000
    take(track, rider.fix(1100.0, at_ms=out_ms, heading_deg=None, speed_mps=None), network, POLICY)
    assert not track.sure(POLICY)
    for k in (1, 2, 3):
        back = rider.fix(1900.0 + 20.0 * k, at_ms=out_ms + 2000 * k)
        assert isinstance(take(track, back, network, POLICY), Taken)
    assert track.sure(POLICY)
    assert track.progress_m == pytest.approx(1960.0, abs=1.0)


@pytest.mark.parametrize(("confidence", "whose"), [(GUESSED_PLACE, "first"), (SURE_PLACE, "nearer")])
def test_a_bus_at_a_guessed_place_takes_no_bell_from_one_whose_place_is_known(confidence: float, whose: str) -> None:
    world = World()
    first, nearer = Bus(world, "first", stop_x(0)), Bus(world, "nearer", stop_x(1) + 60.0)
    first.sign_on()
    first.report()
    world.ring(6)
    nearer.sign_on()
    nearer.report()
    world.engine._shard.tracks[VehicleId("nearer")].confidence = confidence
    world.wait(6)
    assert world.states()[-1] == (S.ASSIGNED, whose)
