"""When the bus will be there: the timetable's running times from where it is, and its wait at the first stop."""

from typing import Any

import pytest
from hypothesis import given, strategies as st

from server.core.assembly import Call, PlannedTrip, build_network
from server.core.course import APPROACH_MPS, REST_S
from server.core.model import RouteId, StopId
from server.core.network import Network, Route, Stop
from server.core.placing import take
from server.core.planned import FASTEST_MPS, SLOWEST_MPS
from server.core.policy import Policy
from server.core.prediction import bands, eta_s
from server.core.running_times import STAND_S
from server.core.tracking import Track
from tests.server.core.engine_world import DAY, START_S
from tests.server.core.winding_ways import STRAIGHT, Rider, lat_lon, line, track_on

STOPS_M = [200.0, 1000.0, 2000.0, 3000.0]
STREET = line(STRAIGHT, STOPS_M)
RUN_S = {0: 0, 1: 80, 2: 180, 3: 280}
"""Scheduled running time from the first stop, at 10 m/s."""
RUN_SHARE = 0.9
"""Of the 100 s from stop to stop ten are for the stand."""


def now(network: Network, seconds: float) -> int:
    return network.day_start_ms(DAY) + round((START_S + seconds) * 1000)


def at(along_m: float, seconds: float = 20.0, network: Network = STREET, **more: Any) -> Track:
    """A bus seen at a place, so many seconds after the nominal start of its trip."""
    track = track_on(network)
    take(track, Rider(network, STRAIGHT).fix(along_m, at_ms=now(network, seconds), **more), network, Policy())
    return track


def timed(calls: list[tuple[float, int, int]]) -> Network:
    """A trip with its own arrivals and departures (metres, seconds, seconds after the start)."""
    stops = [Stop(StopId(f"S{i}"), "", "", *lat_lon(along_m, 0.0)) for i, (along_m, _, _) in enumerate(calls)]
    planned = [Call(f"S{i}", START_S + arrival, START_S + departure) for i, (_, arrival, departure) in enumerate(calls)]
    return build_network(
        stops=stops,
        routes=[Route(RouteId("10"), "A", "10", "", 3)],
        trips=[(PlannedTrip("T0", "10", shape_id="way"), planned)],
        shapes={"way": [lat_lon(*point) for point in STRAIGHT]},
    )


def test_unknown_places_have_no_time() -> None:
    assert eta_s(Track(track_on(STREET).vehicle_id, seen_ms=0), 1, 0) is None
    assert eta_s(track_on(STREET), 1, 0) is None


@pytest.mark.parametrize(("along_m", "visit", "eta"), [(600, 1, 40), (600, 2, 140), (1000, 3, 200), (1500, 2, 45)])
def test_running_times_count_from_where_the_bus_is(along_m: float, visit: int, eta: float) -> None:
    track = at(along_m, seconds=500.0)  # minutes late: lateness is carried forward, not made up
    assert eta_s(track, visit, track.seen_ms) == pytest.approx(eta, abs=1)


def test_a_stop_that_is_reached_or_behind_is_now() -> None:
    track = at(1000.0, seconds=100.0)
    assert [eta_s(track, visit, track.seen_ms) for visit in (0, 1)] == [0.0, 0.0]


def test_time_that_passes_comes_off_and_never_below_0() -> None:
    track = at(600.0)
    said = [eta_s(track, 1, track.seen_ms + s * 1000) for s in (0, 10, 39, 41, 900)]
    assert said == pytest.approx([40, 30, 1, 0, 0], abs=1)


@given(along_m=st.floats(0, 3000), later=st.integers(0, 600))
def test_stops_farther_on_are_never_sooner(along_m: float, later: int) -> None:
    track = at(along_m)
    etas = [eta_s(track, visit, track.seen_ms + later * 1000) or 0.0 for visit in range(4)]
    assert etas == sorted(etas)
    assert min(etas) >= 0.0


@pytest.mark.parametrize(("seconds", "wait"), [(-300, 320), (0, 20), (20, REST_S), (900, REST_S), (-3570, 3590)])
def test_before_its_departure_the_bus_waits_at_the_first_stop(seconds: int, wait: float) -> None:
    """Departure is at 20 s after the start; who stands there later is about to leave."""
    track = at(200.0, seconds=seconds, speed_mps=0.0)
    assert eta_s(track, 1, track.seen_ms) == pytest.approx(RUN_S[1] + wait, abs=2)


def test_while_it_waits_silence_brings_it_no_nearer() -> None:
    track = at(200.0, seconds=-300, speed_mps=0.0)
    etas = [eta_s(track, 1, now(STREET, second)) for second in (-300, -250, 20, 30, 99)]
    assert etas == pytest.approx([400, 350, 80, 70, 1], abs=2)


def test_a_bus_that_is_parked_near_its_first_stop_has_not_begun() -> None:
    parked = at(700.0, seconds=-300, speed_mps=0.0)
    assert eta_s(parked, 1, parked.seen_ms) == pytest.approx(320 + 80, abs=2)
    turning = at(700.0, seconds=-300, speed_mps=9.0)
    assert eta_s(turning, 1, turning.seen_ms) == pytest.approx(320 + 80, abs=2)
    early = at(700.0, seconds=-100, speed_mps=9.0)
    assert eta_s(early, 1, early.seen_ms) == pytest.approx(30, abs=2)
    far_out = at(1500.0, seconds=-300, speed_mps=0.0)
    assert eta_s(far_out, 2, far_out.seen_ms) == pytest.approx(50 * RUN_SHARE, abs=2)


def test_nobody_waits_for_hours() -> None:
    far_too_early = at(200.0, seconds=-3600, speed_mps=0.0)
    assert eta_s(far_too_early, 1, far_too_early.seen_ms) == pytest.approx(RUN_S[1] + REST_S, abs=1)


def test_on_the_way_to_its_first_stop() -> None:
    track = at(100.0, seconds=-3600)
    assert eta_s(track, 0, track.seen_ms) == pytest.approx(100 / APPROACH_MPS, abs=1)


def test_a_timetable_rounded_to_minutes_makes_no_bus_fly() -> None:
    same_minute = timed([(200, 0, 0), (1000, 60, 60), (2000, 60, 60)])
    track = at(1000.0, seconds=70, network=same_minute)
    assert (eta_s(track, 2, track.seen_ms) or 0.0) >= 0.9 * (1000 / FASTEST_MPS)


def test_nor_does_it_crawl_but_for_a_stand_that_is_planned() -> None:
    crawling = timed([(200, 0, 0), (1000, 3600, 3600), (2000, 3700, 3700)])
    track = at(300.0, seconds=449, network=crawling)
    assert eta_s(track, 1, track.seen_ms) == pytest.approx(700 / SLOWEST_MPS, abs=1)
    layover = timed([(200, 0, 0), (1000, 80, 1280), (2000, 1380, 1380)])
    track = at(300.0, seconds=70, network=layover)
    assert eta_s(track, 2, track.seen_ms) == pytest.approx(1280 - 70 + 100, abs=2)


def test_a_bus_that_is_late_does_not_sit_out_its_planned_stand() -> None:
    layover = timed([(200, 0, 0), (1000, 80, 1280), (2000, 1380, 1380)])
    track = at(300.0, seconds=1270, network=layover)
    assert eta_s(track, 2, track.seen_ms) == pytest.approx(70 + STAND_S + 100, abs=3)


def test_bands_hold_what_is_still_possible() -> None:
    track = at(600.0)
    fresh, later = bands(track, track.seen_ms), bands(track, track.seen_ms + 60_000)
    assert [band.visit_index for band in fresh] == [1, 2, 3]
    for band in fresh:
        assert band.p10_ms < band.p50_ms < band.p90_ms
    assert [band.p90_ms - band.p10_ms for band in fresh] == sorted(band.p90_ms - band.p10_ms for band in fresh)
    assert all(band.p10_ms >= track.seen_ms + 60_000 for band in later)
    assert later[0].p50_ms > fresh[0].p50_ms


def test_a_stop_that_it_has_all_but_reached_is_not_ahead_any_more() -> None:
    track = at(995.0, seconds=100)
    assert [band.visit_index for band in bands(track, track.seen_ms)] == [2, 3]
    track = at(3000.0, seconds=300)
    assert bands(track, track.seen_ms) == []
    assert bands(track_on(STREET), 0) == []
