"""Fixes taken or refused, and where they put the bus on its pattern."""

from typing import Any

import pytest
from hypothesis import given, strategies as st
from msgspec.structs import replace

from server.core.events import Fix
from server.core.model import Assignment, Doors, Phase, Reason, RouteId, Source, TripId, TripKey
from server.core.placing import place_again, take
from server.core.policy import Policy
from server.core.tracking import Taken, Track, assign, doors_open, scheduled_s
from tests.server.core.engine_world import DAY, LENGTH_M, START_S, street
from tests.server.core.winding_ways import BUS, OUT_AND_BACK, STRAIGHT, TWICE_ROUND, Rider, line, track_on

POLICY = Policy()
STREET = line(STRAIGHT, [200, 1000, 2000, 3000, 3800])
THERE_AND_BACK = line(OUT_AND_BACK, [100, 800, 1500, 2200, 2900])
ROUNDS = line(TWICE_ROUND, [50, 900, 2450, 3300, 4700])


def placed(along_m: float = 1000.0, **more: Any) -> tuple[Track, Rider]:
    """A bus on the straight street that was seen once."""
    track, rider = track_on(STREET), Rider(STREET, STRAIGHT)
    assert take(track, rider.fix(along_m, **more), STREET, POLICY) == Taken(moved=True)
    return track, rider


# -- time ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("late_s", "reason"),
    [(121, Reason.FIX_STALE), (-31, Reason.FIX_FUTURE), (119, None), (-29, None)],
)
def test_device_time_must_be_near_ours(late_s: int, reason: Reason | None) -> None:
    track, fix = track_on(STREET), Rider(STREET, STRAIGHT).fix(500)
    taken = take(track, replace(fix, received_ms=fix.at_ms + late_s * 1000), STREET, POLICY)
    assert taken is reason if reason else taken == Taken(moved=True)
    assert (track.fix is None) == (reason is not None)


def test_a_fix_is_taken_once_and_never_after_a_newer_one() -> None:
    track, rider = placed(1000)
    assert take(track, rider.fix(1000), STREET, POLICY) is Reason.FIX_DUPLICATE
    assert take(track, rider.fix(990), STREET, POLICY) is Reason.FIX_OUT_OF_ORDER
    assert track.progress_m == pytest.approx(1000, abs=1)


@given(order=st.permutations(range(12)))
def test_any_order_of_arrival_leaves_the_bus_where_its_newest_fix_was(order: list[int]) -> None:
    track, rider = track_on(STREET), Rider(STREET, STRAIGHT)
    received_ms = rider.fix(1000 + 11 * 10).at_ms
    progress = []
    for k in order:
        take(track, replace(rider.fix(1000 + 10 * k), received_ms=received_ms), STREET, POLICY)
        progress.append(track.progress_m or 0.0)
    assert progress == sorted(progress)
    assert track.progress_m == pytest.approx(1110, abs=1)


# -- wrong places ------------------------------------------------------------------


@pytest.mark.parametrize("period_s", [1, 2, 5, 10])
@pytest.mark.parametrize(("dx_m", "dy_m"), [(200, 0), (-200, 0), (0, 250), (0, -250), (150, 150), (20_000, 0)])
def test_one_confident_wrong_fix_moves_nothing_for_long(period_s: int, dx_m: float, dy_m: float) -> None:
    track, rider = placed(1000)
    take(track, rider.fix(1000 + 10 * period_s), STREET, POLICY)
    wrong = rider.fix(1000 + 20 * period_s, dx_m=dx_m, dy_m=dy_m, accuracy_m=1.9)
    refused = take(track, wrong, STREET, POLICY)
    assert refused is Reason.FIX_IMPLAUSIBLE or refused == Taken(moved=False) or abs(dx_m) + abs(dy_m) < 260
    after = [take(track, rider.fix(1000 + k * period_s), STREET, POLICY) for k in (30, 40, 50)]
    assert isinstance(after[-1], Taken)
    assert track.on_route
    assert track.progress_m == pytest.approx(1000 + 50 * period_s, abs=30)


@pytest.mark.parametrize("period_s", [1, 2, 5, 10])
def test_a_wrong_fix_ahead_is_refused_at_every_short_period(period_s: int) -> None:
    track, rider = placed(1000)
    wrong = rider.fix(1000 + 10 * period_s, dx_m=200, accuracy_m=1.9)
    assert take(track, wrong, STREET, POLICY) is Reason.FIX_IMPLAUSIBLE
    assert track.progress_m == pytest.approx(1000, abs=1)
    assert track.suspects == [wrong]


def test_suspects_that_agree_are_believed_in_the_end() -> None:
    track, rider = placed(1000)
    verdicts = [take(track, rider.fix(1000 + 10 * k, dx_m=900), STREET, POLICY) for k in (1, 2, 3)]
    assert verdicts == [Reason.FIX_IMPLAUSIBLE, Reason.FIX_IMPLAUSIBLE, Taken(moved=True)]
    assert track.progress_m == pytest.approx(1930, abs=1)
    assert track.span is None
    assert track.suspects == []


def test_suspects_that_disagree_are_never_believed() -> None:
    track, rider = placed(1000)
    for k in range(1, 9):
        wrong = rider.fix(1000 + 10 * k, dx_m=900 if k % 2 else -900)
        assert take(track, wrong, STREET, POLICY) is Reason.FIX_IMPLAUSIBLE
    assert len(track.suspects) == 1


def test_the_same_suspect_again_and_again_convinces_nobody() -> None:
    track, rider = placed(1000)
    first, second = rider.fix(1010, dx_m=900), rider.fix(1020, dx_m=900)
    for wrong in (first, second, second, first, second, second):
        assert take(track, wrong, STREET, POLICY) is Reason.FIX_IMPLAUSIBLE
    assert track.suspects == [first, second]


def test_a_receiver_that_always_says_0_is_not_taken_for_a_standing_bus() -> None:
    track, rider = placed(1000, speed_mps=0.0)
    for k in range(1, 20):
        assert take(track, rider.fix(1000 + 100 * k, speed_mps=0.0), STREET, POLICY) == Taken(moved=True)
    assert track.progress_m == pytest.approx(2900, abs=1)


def test_a_receiver_without_speed_is_bounded_by_the_road_and_its_own_last_word() -> None:
    track, rider = placed(1000)
    assert isinstance(take(track, rider.fix(1010, speed_mps=None), STREET, POLICY), Taken)
    assert take(track, rider.fix(1020, dx_m=200, speed_mps=None), STREET, POLICY) is Reason.FIX_IMPLAUSIBLE


# -- where a sign-on puts it -----------------------------------------------------


@pytest.mark.parametrize(("along_m", "heading_deg"), [(700, 90.0), (2300, 270.0)])
def test_heading_tells_the_two_ways_on_one_street_apart(along_m: float, heading_deg: float) -> None:
    track, rider = track_on(THERE_AND_BACK), Rider(THERE_AND_BACK, OUT_AND_BACK)
    fix = rider.fix(along_m)
    assert fix.heading_deg == pytest.approx(heading_deg, abs=1)
    assert take(track, fix, THERE_AND_BACK, POLICY) == Taken(moved=True)
    assert track.progress_m == pytest.approx(along_m, abs=1)
    assert track.confidence == 0.7


@pytest.mark.parametrize("along_m", [300, 2700])
def test_without_a_heading_the_timetable_tells_them_apart(along_m: float) -> None:
    rider = Rider(THERE_AND_BACK, OUT_AND_BACK, speed_mps=2.0)  # slow: the two passes lie an hour apart
    slow = line(OUT_AND_BACK, [100, 800, 1500, 2200, 2900], headway_s=7200)
    track = track_on(slow)
    at_ms = rider.start_ms + along_m * 100
    fix = replace(rider.fix(along_m, heading_deg=None, speed_mps=None), at_ms=at_ms, received_ms=at_ms)
    take(track, fix, slow, POLICY)
    assert track.progress_m == pytest.approx(along_m, abs=1)
    assert track.confidence == 0.4


@pytest.mark.parametrize("along_m", [400.0, 2800.0])
def test_both_rounds_of_a_loop_are_different_places(along_m: float) -> None:
    rounds = line(TWICE_ROUND, [50, 900, 2450, 3300, 4700], headway_s=3600)
    track, rider = track_on(rounds), Rider(rounds, TWICE_ROUND)
    late = rider.fix(along_m)
    take(track, late, rounds, POLICY)
    assert track.progress_m == pytest.approx(along_m, abs=1)
    take(track, rider.fix(along_m + 10), rounds, POLICY)
    assert track.progress_m == pytest.approx(along_m + 10, abs=1)


def test_a_stop_and_heading_below_walking_speed_say_nothing() -> None:
    track, rider = track_on(STREET), Rider(STREET, STRAIGHT)
    take(track, rider.fix(1000, speed_mps=0.5, heading_deg=270.0), STREET, POLICY)
    assert track.confidence == 0.7


def test_placed_again_by_the_last_fix() -> None:
    track, _ = placed(1000)
    assign(track, Assignment(BUS, 1, TripKey(TripId("T1"), DAY)), STREET)
    assert (track.progress_m, track.phase, track.confidence) == (None, Phase.UNKNOWN, 0.0)
    assert place_again(track, POLICY, at_start=False) == Taken(moved=True)
    assert (round(track.progress_m or 0), track.phase) == (200, Phase.LAYOVER)
    unseen = track_on(STREET)
    assert place_again(unseen, POLICY, at_start=False) == Taken(moved=False)


def test_a_run_that_follows_begins_at_its_start() -> None:
    track, rider = track_on(ROUNDS), Rider(ROUNDS, TWICE_ROUND)
    take(track, rider.fix(4795), ROUNDS, POLICY)
    assert track.at_end
    assign(track, Assignment(BUS, 1, TripKey(TripId("T1"), DAY)), ROUNDS)
    place_again(track, POLICY, at_start=True)
    assert track.progress_m == pytest.approx(0, abs=6)
    off = track_on(STREET)
    take(off, Rider(STREET, STRAIGHT).fix(3900), STREET, POLICY)
    place_again(off, POLICY, at_start=True)
    assert off.progress_m == pytest.approx(3900, abs=1)  # the only place near


def test_a_bus_without_sign_on_is_seen_but_on_no_pattern() -> None:
    track = Track(BUS, seen_ms=0)
    assert (track.phase, track.uncertainty_m(0, POLICY)) == (Phase.UNKNOWN, None)
    assert take(track, Rider(STREET, STRAIGHT).fix(500), STREET, POLICY) == Taken(moved=False)
    assert (track.phase, track.progress_m, track.at_end) == (Phase.UNKNOWN, None, False)


def test_a_trip_we_do_not_know_is_no_pattern_and_the_same_trip_again_keeps_its_place() -> None:
    track, _ = placed(1000)
    same = Assignment(BUS, 5, TripKey(TripId("T0"), DAY), RouteId("10"))
    assert not assign(track, same, STREET)
    assert track.progress_m == pytest.approx(1000, abs=1)
    assert assign(track, Assignment(BUS, 6, TripKey(TripId("gone"), DAY)), STREET)
    assert (track.pattern, track.trip_key, track.day_start_ms) == (None, None, 0)


# -- along the way -----------------------------------------------------------------


@pytest.mark.parametrize("period_s", [1, 10, 35, 60])
def test_progress_follows_the_bus_at_every_period(period_s: int) -> None:
    track, rider = track_on(STREET), Rider(STREET, STRAIGHT)
    for along_m, fix in rider.ride(period_s):
        assert isinstance(take(track, fix, STREET, POLICY), Taken)
        assert track.progress_m == pytest.approx(along_m, abs=1)
    assert track.confidence > 0.7
    assert track.period_s == pytest.approx(period_s, rel=0.3)


@pytest.mark.parametrize("period_s", [1, 5, 10, 20, 35])
@pytest.mark.parametrize("dy_m", [-6.0, 0.0, 6.0])
@pytest.mark.parametrize("says_heading", [True, False])
def test_the_way_back_on_the_same_street_is_not_taken_for_the_way_out(
    period_s: int, dy_m: float, says_heading: bool
) -> None:
    track, rider = track_on(THERE_AND_BACK), Rider(THERE_AND_BACK, OUT_AND_BACK)
    worst_m = 0.0
    more: dict[str, Any] = {} if says_heading else {"heading_deg": None}
    for along_m, fix in rider.ride(period_s, dy_m=dy_m, **more):
        take(track, fix, THERE_AND_BACK, POLICY)
        worst_m = max(worst_m, abs((track.progress_m or 0.0) - along_m))
    assert worst_m < (60 if says_heading else 10 * period_s + 60)
    assert track.progress_m == pytest.approx(along_m, abs=20)


@pytest.mark.parametrize("period_s", [1, 10, 35])
def test_two_rounds_are_run_through_in_order(period_s: int) -> None:
    track, rider = track_on(ROUNDS), Rider(ROUNDS, TWICE_ROUND)
    for along_m, fix in rider.ride(period_s):
        take(track, fix, ROUNDS, POLICY)
        assert track.progress_m == pytest.approx(along_m, abs=25)


@given(errors=st.lists(st.tuples(st.integers(-30, 30), st.integers(-30, 30)), min_size=20, max_size=60))
def test_progress_never_goes_back_whatever_the_receiver_jitters(errors: list[tuple[int, int]]) -> None:
    track, rider = placed(500)
    before = track.progress_m or 0.0
    for k, (dx_m, dy_m) in enumerate(errors):
        take(track, rider.fix(500 + 10 * (k + 1), dx_m=dx_m, dy_m=dy_m), STREET, POLICY)
        assert track.progress_m is not None
        assert track.progress_m >= before
        before = track.progress_m


def test_a_bus_that_runs_against_its_pattern_is_placed_anew_and_less_sure() -> None:
    track, rider = placed(2000)
    verdicts = []
    for k in range(1, 16):
        back = replace(rider.fix(2000 + 10 * k), lat=rider.fix(2000).lat, lon=rider.fix(2000 - 10 * k).lon)
        verdicts.append(take(track, back, STREET, POLICY))
        assert verdicts[-1] == Taken(moved=True)
    assert track.progress_m is not None
    assert track.progress_m < 1950


@pytest.mark.parametrize("period_s", [1, 20])
def test_the_street_next_door_and_the_long_way_off(period_s: int) -> None:
    """170 m beside the street may still be the route (a canyon's reflection); 215 m is not, at the second fix."""
    track, rider = placed(1000)
    step_m = 10 * period_s

    def report(k: int, dy_m: float) -> Taken | Reason:
        return take(track, rider.fix(1000 + k * step_m, dy_m=dy_m), STREET, POLICY)

    for k, dy_m in enumerate((0, 45, 90, 130, 170), start=1):
        assert report(k, dy_m) == Taken(moved=True)
    assert report(6, 215) == Taken(moved=False)
    assert (track.on_route, track.phase) == (True, Phase.IN_SERVICE)
    assert report(7, 250) == Taken(moved=False, left_route=True)
    assert (track.on_route, track.confidence, track.phase) == (False, 0.0, Phase.OFF_ROUTE)
    assert track.offset_m == pytest.approx(250, abs=1)
    assert report(8, 250) == Taken(moved=False)
    assert report(9, 205) == Taken(moved=False)
    assert report(10, 165) == Taken(moved=True)
    assert (track.on_route, track.phase) == (True, Phase.IN_SERVICE)
    assert track.progress_m == pytest.approx(1000 + 10 * step_m, abs=1)


def test_a_first_fix_far_away_is_off_the_route_at_once() -> None:
    track, rider = track_on(STREET), Rider(STREET, STRAIGHT)
    assert take(track, rider.fix(500, dy_m=5000), STREET, POLICY) == Taken(moved=False)
    assert (track.phase, track.progress_m) == (Phase.OFF_ROUTE, None)


def test_the_end_of_the_way_is_a_layover() -> None:
    track, _ = placed(3790)
    assert (track.at_end, track.phase) == (True, Phase.LAYOVER)


# -- speed and uncertainty ---------------------------------------------------------


def test_a_feed_that_says_0_for_every_bus_is_measured_instead() -> None:
    track, rider = placed(1000, speed_mps=0.0, source=Source.FEED)
    assert track.speed_mps is None
    take(track, rider.fix(1300, speed_mps=0.0, source=Source.FEED), STREET, POLICY)
    assert track.speed_mps == pytest.approx(10.0, abs=0.1)
    take(track, rider.fix(1400, speed_mps=7.0, source=Source.FEED), STREET, POLICY)
    take(track, rider.fix(1500, speed_mps=0.0, source=Source.FEED), STREET, POLICY)
    assert track.speed_mps == 0.0  # it has said otherwise once: now it is believed


def test_likely_speed_grows_with_age_up_to_the_towns_limit() -> None:
    track, _ = placed(1000, speed_mps=5.0)
    seen_ms = track.seen_ms
    assert [track.likely_speed_mps(seen_ms + s * 1000) for s in (0, 1, 5, 60)] == [5.0, 5.0, 9.0, 14.0]
    fast, _ = placed(1000, speed_mps=25.0)
    assert fast.likely_speed_mps(fast.seen_ms + 60_000) == 25.0
    unknown, _ = placed(1000, speed_mps=None)
    assert unknown.likely_speed_mps(unknown.seen_ms) == 10.0


def test_uncertainty_is_the_receivers_error_and_the_age() -> None:
    track, _ = placed(1000, speed_mps=0.0, accuracy_m=1.0)
    now_ms = track.seen_ms
    assert track.uncertainty_m(now_ms, POLICY) == 3.0  # nobody's receiver is better than that in a street
    grown = [track.uncertainty_m(now_ms + s * 1000, POLICY) or 0.0 for s in (1, 10, 60, 600)]
    assert grown == sorted(grown)
    assert grown[-1] == 3.0 + POLICY.extrapolate_s * 14.0
    silent, _ = placed(1000, accuracy_m=None)
    assert silent.uncertainty_m(silent.seen_ms, POLICY) == 12.0


def test_seats_and_passengers_are_kept_until_said_otherwise() -> None:
    track, rider = placed(1000, seats_left=3, passengers=20)
    take(track, rider.fix(1010), STREET, POLICY)
    assert (track.seats_left, track.passengers) == (3, 20)
    take(track, rider.fix(1020, seats_left=0), STREET, POLICY)
    assert track.seats_left == 0


def test_open_doors_are_only_those_that_are_said_to_be() -> None:
    fix = Rider(STREET, STRAIGHT).fix(10)
    assert not doors_open(None)
    assert not doors_open(fix)
    assert doors_open(replace(fix, doors=Doors.OPEN))


# -- the timetable between stops -----------------------------------------------------


def test_scheduled_time_is_linear_between_stops_and_flat_beyond() -> None:
    trip, pattern = track_on(STREET).trip, track_on(STREET).pattern
    assert trip is not None
    assert pattern is not None
    said = [scheduled_s(trip, pattern, along_m) - START_S for along_m in (0, 200, 600, 3800, 4000)]
    assert said == pytest.approx([20, 20, 60, 380, 380], abs=1)


def test_a_pattern_of_one_stop_has_one_time() -> None:
    lone = line(STRAIGHT, [200], trips=1)
    trip = lone.trip(TripId("T0"))
    assert trip is not None
    assert scheduled_s(trip, lone.pattern(0), 500.0) == float(trip.departures_s[0])


def test_stops_at_one_place_have_the_later_time() -> None:
    twin = line(STRAIGHT, [200, 1000, 1000, 2000], trips=1)
    trip, pattern = twin.trip(TripId("T0")), twin.pattern(0)
    assert trip is not None
    assert scheduled_s(trip, pattern, 1000.0) == pytest.approx(START_S + 100, abs=1)


def test_the_other_direction_is_another_pattern_of_the_same_street() -> None:
    both = street()
    track = Track(BUS, seen_ms=0)
    assign(track, Assignment(BUS, 0, TripKey(TripId("W-0"), DAY)), both)
    start_ms = both.day_start_ms(DAY) + START_S * 1000
    for k in range(3):
        fix: Fix = replace(Rider(STREET, STRAIGHT).fix(600 - 10 * k), at_ms=start_ms + 1000 * k, heading_deg=270.0)
        take(track, replace(fix, received_ms=fix.at_ms), both, POLICY)
    assert track.progress_m == pytest.approx(LENGTH_M - 580, abs=10)
