"""A bus obeys physics: speed and acceleration have limits, and it stops where it means to."""

import itertools

import numpy as np
from hypothesis import given, strategies as st

from server.core.network import Network
from simulator.driving import (
    ACCELERATION_MPS2,
    BRAKE_MPS2,
    CORNERS,
    GRID_M,
    HIGHWAY_MPS,
    LIMIT_BRAKE_MPS2,
    SIGNAL_CLEAR_M,
    SIGNAL_CYCLE_S,
    STOP_ZONE_MPS,
    STREET_MPS,
    Signal,
    can_stop,
    next_speed,
    road_of,
)


@given(
    speed=st.floats(0, 25),
    distance=st.floats(0.01, 400),
    dt=st.sampled_from([0.1, 0.25, 0.5, 1.0]),
)
def test_it_stops_in_time_wherever_it_would_brake(speed: float, distance: float, dt: float) -> None:
    if not can_stop(speed, distance):
        return
    along, hardest = 0.0, 0.0
    for _ in range(5_000):
        new = next_speed(speed, wish_mps=25.0, stop_in_m=distance - along, dt_s=dt)
        hardest = max(hardest, (speed - new) / dt)
        assert new <= speed + ACCELERATION_MPS2 * dt + 1e-9
        along += new * dt
        speed = new
        if distance - along < 0.3:
            break
    assert distance - 0.3 <= along <= distance + max(0.5, 0.02 * distance)
    assert hardest <= LIMIT_BRAKE_MPS2 + 1e-9


@given(speed=st.floats(0, 25), wish=st.floats(0, 25), dt=st.floats(0.05, 1.0))
def test_speed_never_jumps(speed: float, wish: float, dt: float) -> None:
    new = next_speed(speed, wish_mps=wish, stop_in_m=None, dt_s=dt)
    assert new >= 0.0
    assert -LIMIT_BRAKE_MPS2 * dt - 1e-9 <= new - speed <= ACCELERATION_MPS2 * dt + 1e-9


def test_roads_can_be_driven_with_comfortable_braking(town_network: Network) -> None:
    for index in range(town_network.pattern_count):
        road = road_of(town_network.pattern(index), seed=1)
        caps = np.array(road.cap_mps)
        slowing = (caps[:-1] ** 2 - caps[1:] ** 2) / (2 * GRID_M)
        assert slowing.max() <= BRAKE_MPS2 + 1e-6
        assert caps.max() <= HIGHWAY_MPS
        assert caps.min() >= min(mps for _, mps in CORNERS)


def test_stop_zones_are_slow_and_highways_fast(town_network: Network) -> None:
    fastest = set()
    for index in range(town_network.pattern_count):
        pattern = town_network.pattern(index)
        road = road_of(pattern, seed=1)
        assert all(road.cap(visit.along_m) <= STOP_ZONE_MPS + 1e-9 for visit in pattern.visits)
        fastest.add((pattern.route_id[0] == "G", round(max(road.cap_mps), 2)))
    assert fastest == {(True, round(HIGHWAY_MPS, 2)), (False, round(STREET_MPS, 2))}


def test_signals_are_away_from_stops_and_the_same_for_the_same_seed(town_network: Network) -> None:
    pattern = town_network.pattern(0)
    road = road_of(pattern, seed=3)
    assert road.signals
    assert road.signals == road_of(pattern, seed=3).signals
    assert road.signals != road_of(pattern, seed=4).signals
    for signal in road.signals:
        assert np.abs(pattern.visit_along_m - signal.along_m).min() >= SIGNAL_CLEAR_M - 1e-6


def test_a_signal_turns_green_and_red_once_a_cycle() -> None:
    signal = Signal(0.0, 17.0)
    states = [signal.green(1000 * s) for s in range(round(SIGNAL_CYCLE_S) + 1)]
    assert sum(a != b for a, b in itertools.pairwise(states)) == 2
