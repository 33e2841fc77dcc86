"""When a bus that waits, turns and drives about its first stop counts as having left it."""

from dataclasses import replace as with_fields

import pytest

from server.core.departing import Seen, follow, seen_at
from server.core.model import Assignment, Phase, TripId, TripKey
from server.core.network import Headway
from server.core.placing import take
from server.core.policy import Policy
from server.core.tracking import RUNS_REMEMBERED, Outset, Taken, Track, assign
from tests.server.core.engine_world import DAY
from tests.server.core.winding_ways import BUS, STRAIGHT, Rider, line, track_on

POLICY = Policy()
STOPS_M = [200, 1000, 2000, 3000, 3800]
STREET = line(STRAIGHT, STOPS_M, trips=8)


def drives(trip: str, places: list[tuple[float, float]], *, speed_mps: float = 9.0) -> tuple[Track, list[float | None]]:
    """Fixes at (seconds after the trip's departure, metres along): the track, and its progress after each."""
    track, rider = track_on(STREET, trip), Rider(STREET, STRAIGHT)
    assert track.trip is not None
    departs_ms = track.day_start_ms + int(track.trip.departures_s[0]) * 1000
    progress: list[float | None] = []
    for after_s, along_m in places:
        at_ms = departs_ms + round(1000 * after_s)
        moves = bool(progress) and along_m != places[len(progress) - 1][1]
        assert isinstance(
            take(track, rider.fix(along_m, at_ms=at_ms, speed_mps=speed_mps if moves else 0.0), STREET, POLICY), Taken
        )
        progress.append(None if track.progress_m is None else round(track.progress_m))
    return track, progress


def test_a_bus_that_drives_to_its_bay_and_back_before_its_time_stays_at_its_first_stop() -> None:
    bay = [(-900.0, 200.0), (-870.0, 400.0), (-840.0, 780.0), (-600.0, 780.0), (-300.0, 780.0), (-60.0, 500.0)]
    track, progress = drives("T1", [*bay, (-30.0, 210.0), (0.0, 210.0)])
    assert progress == [200, 200, 200, 200, 200, 200, 210, 210]
    assert track.outset is not None
    assert track.phase is not Phase.OFF_ROUTE


def test_it_lies_over_in_its_bay() -> None:
    track, _ = drives("T1", [(-900.0, 200.0), (-870.0, 500.0), (-600.0, 780.0)])
    assert (track.phase, track.on_route) == (Phase.LAYOVER, True)


def test_a_departure_in_time_is_followed_from_the_first_fix_on_the_way() -> None:
    track, progress = drives("T1", [(-120.0, 200.0), (-20.0, 200.0), (10.0, 380.0), (40.0, 650.0)])
    assert progress == [200, 200, 380, 650]
    assert track.outset is None


def test_an_early_departure_is_believed_after_a_long_way() -> None:
    places = [(-420.0, 200.0), *((-420.0 + 30 * k, 200.0 + 270 * k) for k in range(1, 6))]
    track, progress = drives("T1", places)
    assert progress[1] == 200
    assert progress[-1] == 1550
    assert track.outset is None


def test_from_a_bay_ahead_of_the_stop_two_fixes_forward_are_a_departure() -> None:
    track, progress = drives("T1", [(-900.0, 220.0), (-600.0, 700.0), (20.0, 700.0), (50.0, 880.0), (80.0, 1100.0)])
    assert progress[2] == 220
    assert progress[-1] == 1100
    assert track.outset is None


def test_who_comes_from_far_is_on_no_run_until_then() -> None:
    track, progress = drives("T4", [(-2000.0, 3600.0), (-1970.0, 3500.0)])
    assert progress == [None, None]
    assert not track.on_route


def test_a_run_of_a_headway_window_has_no_time_to_be_ahead_of() -> None:
    track, rider = track_on(STREET, "T7"), Rider(STREET, STRAIGHT)
    assert track.trip is not None
    assert track.pattern is not None
    track.trip = with_fields(track.trip, headways=(Headway(0, 90_000, 300, exact=False),))
    assert seen_at(track, track.pattern, rider.fix(500), 500.0, driving=True) == Seen(500.0, 0.0, driving=True)
    assert isinstance(take(track, rider.fix(500), STREET, POLICY), Taken)
    assert track.progress_m == pytest.approx(500, abs=1)


def test_a_stand_longer_than_a_red_light_ends_a_run_forward() -> None:
    outset, rider = Outset(), Rider(STREET, STRAIGHT)
    at_ms = rider.start_ms
    run = [(0, 200.0, False), (30, 400.0, True), (60, 405.0, False), (200, 405.0, False), (230, 410.0, False)]
    for after_s, along_m, forward in run:
        fix = rider.fix(along_m, at_ms=at_ms + 1000 * after_s)
        assert follow(outset, Seen(along_m, 0.0, driving=False), fix) is forward
    assert (outset.from_m, outset.steps) == (405.0, 0)


def test_what_is_on_record_of_a_run_is_remembered_for_a_while() -> None:
    track = track_on(STREET)
    track.over.add(1)
    for trip in ("T1", "T0"):
        assign(track, Assignment(BUS, 0, TripKey(TripId(trip), DAY)), STREET)
    assert track.over == {1}
    for n in range(1, RUNS_REMEMBERED + 2):
        assign(track, Assignment(BUS, 0, TripKey(TripId(f"T{n}"), DAY)), STREET)
    assign(track, Assignment(BUS, 0, TripKey(TripId("T0"), DAY)), STREET)
    assert track.over == set()
