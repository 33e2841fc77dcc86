"""The simulated world: the same seed gives the same life, physics holds, and the truth it tells is consistent."""

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from server.core.model import Doors, Phase, StopId, TripId, TripKey, Vehicle, VehicleId, VisitOutcome
from server.core.network import Network
from simulator.bus import AIM_M, Bus, Stage
from simulator.driver import Habits
from simulator.driving import ACCELERATION_MPS2, HIGHWAY_MPS, LIMIT_BRAKE_MPS2
from simulator.duties import duties_between
from simulator.events import (
    Alighted,
    Answered,
    Boarded,
    Event,
    Fixed,
    Placed,
    Rang,
    SignedOff,
    SignedOn,
    TookBack,
    Visited,
    WalkedAway,
)
from simulator.gps import Receivers
from simulator.riders import Demand
from simulator.world import Options, World

E = TypeVar("E", bound=Event)
SEOUL = ZoneInfo("Asia/Seoul")
MORNING_MS = round(datetime(2026, 11, 20, 8, 0, tzinfo=SEOUL).timestamp() * 1000)
ATTENTIVE = Options(demand=Demand(per_minute=30), habits=Habits(sees_people=0.95))


def world_of(network: Network, *, seed: int = 1, start_ms: int = MORNING_MS, options: Options = ATTENTIVE) -> World:
    return World(network, seed=seed, start_ms=start_ms, span_s=3600, options=options)


def life(world: World, seconds: int) -> list[Event]:
    events = world.begin()
    for _ in range(seconds):
        events += world.step(1.0)
    return events


def of_type(events: list[Event], kind: type[E]) -> list[E]:
    return [event for event in events if isinstance(event, kind)]


@pytest.fixture(scope="module")
def half_hour(town_network: Network) -> list[Event]:
    return life(world_of(town_network), 1800)


def test_same_seed_same_life(town_network: Network, half_hour: list[Event]) -> None:
    assert life(world_of(town_network), 300) == half_hour[: len(life(world_of(town_network), 300))]
    assert life(world_of(town_network, seed=2), 60) != life(world_of(town_network, seed=1), 60)


def test_a_step_of_many_seconds_is_many_steps(town_network: Network) -> None:
    long, short = world_of(town_network), world_of(town_network)
    assert long.begin() == short.begin()
    assert long.step(20.0) == [event for _ in range(20) for event in short.step(1.0)]


def test_everything_happens_at_this_rate(half_hour: list[Event]) -> None:
    kinds = Counter(type(event) for event in half_hour)
    for kind in (SignedOn, Fixed, Placed, Visited, Rang, TookBack, Boarded, Alighted):
        assert kinds[kind] > 0, kind
    assert 600 < kinds[Rang] < 1200
    assert kinds[Boarded] > 0.6 * kinds[Rang]


def test_speed_and_acceleration_stay_within_physics(town_network: Network) -> None:
    world = world_of(town_network)
    world.begin()
    before: dict[str, tuple[float, float]] = {}
    for _ in range(900):
        world.step(1.0)
        for bus in world.buses.values():
            old_mps, old_odometer_m = before.get(bus.vehicle_id, (bus.speed_mps, bus.odometer_m))
            assert 0.0 <= bus.speed_mps <= HIGHWAY_MPS * 1.1
            assert -LIMIT_BRAKE_MPS2 - 1e-6 <= bus.speed_mps - old_mps <= ACCELERATION_MPS2 + 1e-6
            assert 0.0 <= bus.odometer_m - old_odometer_m <= HIGHWAY_MPS * 1.1
            before[bus.vehicle_id] = bus.speed_mps, bus.odometer_m


def test_progress_never_falls_within_a_trip(half_hour: list[Event]) -> None:
    progress: dict[tuple[str, str | None], float] = {}
    for place in of_type(half_hour, Placed):
        if place.progress_m is not None:
            key = place.vehicle_id, place.trip_id
            assert place.progress_m >= progress.get(key, 0.0) - 0.01
            progress[key] = place.progress_m


def test_every_visit_of_a_trip_is_told_once_and_in_order(town_network: Network, half_hour: list[Event]) -> None:
    visits: dict[tuple[str, str], list[Visited]] = defaultdict(list)
    for visit in of_type(half_hour, Visited):
        visits[visit.vehicle_id, visit.trip_id].append(visit)
    whole = 0
    for (_, trip_id), told in visits.items():
        trip = town_network.trip(TripId(trip_id))
        assert trip is not None
        planned = [(v.stop_sequence, v.stop_id) for v in town_network.pattern(trip.pattern_index).visits]
        said = [(visit.stop_sequence, StopId(visit.stop_id)) for visit in told]
        start = planned.index(said[0])
        assert planned[start : start + len(said)] == said
        whole += said == planned
        times = [t for visit in told for t in (visit.arrived_ms, visit.departed_ms)]
        assert times == sorted(times)
    assert whole > 10


def test_stopped_means_doors_at_the_stop_and_passed_means_none(town_network: Network) -> None:
    world = world_of(town_network)
    world.begin()
    opened: set[tuple[str, str, int]] = set()
    for _ in range(900):
        for event in world.step(1.0):
            if isinstance(event, Visited) and event.outcome is VisitOutcome.PASSED:
                assert (event.vehicle_id, event.trip_id, event.stop_sequence) not in opened
                assert event.boarded == event.alighted == 0
            elif isinstance(event, Visited):
                assert (event.vehicle_id, event.trip_id, event.stop_sequence) in opened
        for bus in world.buses.values():
            if bus.doors is Doors.OPEN:
                assert bus.speed_mps == 0.0
                assert abs(bus.along_m - bus.visit.along_m) <= 3 * AIM_M + 0.5
                opened.add((bus.vehicle_id, bus.run.trip.trip_id, bus.visit.stop_sequence))


def test_riders_get_on_where_they_rang_and_off_farther_on(half_hour: list[Event]) -> None:
    rang = {ring.rider_id: ring for ring in of_type(half_hour, Rang)}
    boarded = {event.rider_id: event for event in of_type(half_hour, Boarded)}
    for event in boarded.values():
        if event.bell_id is not None:
            ring = rang[event.rider_id]
            assert (ring.bell_id, ring.stop_id, ring.route_id) == (event.bell_id, event.stop_id, event.route_id)
            assert ring.at_ms <= event.at_ms
    for leaving in of_type(half_hour, Alighted):
        assert leaving.at_ms > boarded[leaving.rider_id].at_ms
        assert leaving.board_stop_id == boarded[leaving.rider_id].stop_id
    gone = {e.rider_id for e in of_type(half_hour, TookBack)} | {e.rider_id for e in of_type(half_hour, WalkedAway)}
    assert not gone & boarded.keys()


def test_passengers_never_exceed_what_a_bus_takes(town_network: Network) -> None:
    coach = Vehicle(vehicle_id=VehicleId("any"), seats=40, low_floor=False)
    fleet = {
        VehicleId(duty.vehicle_id): coach for duty in duties_between(town_network, MORNING_MS, MORNING_MS + 3_600_000)
    }
    rush = replace(ATTENTIVE, demand=Demand(per_minute=900))
    world = World(town_network, seed=1, start_ms=MORNING_MS, span_s=600, options=rush, fleet=fleet)
    world.begin()
    most = 0
    for _ in range(600):
        world.step(1.0)
        most = max(most, *(len(bus.cabin) for bus in world.buses.values()))
    assert 35 <= most <= 40 + 2  # a party is not torn apart


def test_truth_names_the_phase(half_hour: list[Event]) -> None:
    phases = Counter(place.phase for place in of_type(half_hour, Placed))
    assert set(phases) == {Phase.IN_SERVICE, Phase.LAYOVER}
    assert phases[Phase.IN_SERVICE] > phases[Phase.LAYOVER]


def test_driver_stops_for_an_alert_on_his_display_and_not_without(town_network: Network) -> None:
    nobody = Options(demand=Demand(per_minute=0), habits=Habits(overlooks_alert=0.0))
    shown, unshown = (world_of(town_network, options=nobody) for _ in range(2))
    bus = next(bus for bus in shown.buses.values() if _empty_run_ahead(bus, shown, unshown))
    visits = bus.run.pattern.visits[bus.visit_index + 1 : bus.visit_index + 4]
    key = TripKey(trip_id=bus.run.trip.trip_id, start_date=bus.run.start_date)
    for world in (shown, unshown):
        world.buses[bus.vehicle_id].cabin.empty()
    for visit in visits:
        shown.show(bus.vehicle_id, (key, visit.stop_sequence))
    shown.show(bus.vehicle_id, (key, visits[0].stop_sequence))
    shown.take_down(bus.vehicle_id, (key, visits[2].stop_sequence))
    assert _outcomes(shown, bus.vehicle_id, visits[2].stop_sequence) == ["stopped", "stopped", "passed"]
    assert _outcomes(unshown, bus.vehicle_id, visits[2].stop_sequence) == ["passed", "passed", "passed"]


def _empty_run_ahead(bus: Bus, *worlds: World) -> bool:
    """Begin the worlds on first use; find a bus that is driving with many stops ahead."""
    if bus.stage is Stage.OFF:
        for world in worlds:
            world.begin()
    return bus.stage is Stage.DRIVING and len(bus.run.pattern.visits) - bus.visit_index > 8


def _outcomes(world: World, vehicle_id: str, last_sequence: int) -> list[str]:
    told: list[Visited] = []
    for _ in range(900):
        told += [e for e in world.step(1.0) if isinstance(e, Visited) and e.vehicle_id == vehicle_id]
        if told and told[-1].stop_sequence == last_sequence:
            return [visit.outcome.value for visit in told[-3:]]
    raise AssertionError("the bus never got there")


def test_driver_of_a_full_bus_says_so_only_while_standing(town_network: Network) -> None:
    rush = Options(
        demand=Demand(per_minute=2_000), habits=Habits(overlooks_alert=0.0, sees_people=1.0, answers_full=1.0)
    )
    world = world_of(town_network, options=rush)
    world.begin()
    answers: list[Answered] = []
    for _ in range(400):
        for bus in world.buses.values():
            if bus.stage is Stage.DRIVING:
                for visit in bus.run.pattern.visits[bus.visit_index : bus.visit_index + 2]:
                    world.show(bus.vehicle_id, (bus.trip_key, visit.stop_sequence))
        for event in world.step(1.0):
            if isinstance(event, Answered):
                assert world.buses[event.vehicle_id].speed_mps == 0.0
                assert world.buses[event.vehicle_id].cabin.full
                answers.append(event)
    assert answers
    assert len(answers) == len({(a.vehicle_id, a.trip_id, a.stop_sequence) for a in answers})


def test_after_closing_time_everybody_goes_home(town_network: Network) -> None:
    world = world_of(town_network)
    life(world, 120)
    rung = [rider for rider in world.crowd.waiting if rider.rung]
    home = world.crowd.go_home(world.now_ms)
    assert {event.bell_id for event in of_type(home, TookBack)} == {rider.bell_id for rider in rung}
    assert not world.crowd.waiting
    assert not of_type([e for _ in range(60) for e in world.step(1.0, coming=False)], Rang)


def test_buses_run_through_the_end_of_the_service_day(town_network: Network) -> None:
    start_ms = round(datetime(2026, 11, 21, 3, 30, tzinfo=SEOUL).timestamp() * 1000)
    quiet = Options(demand=Demand(per_minute=0), receivers=Receivers(period_s=600))
    world = World(town_network, seed=1, start_ms=start_ms, span_s=7200, options=quiet)
    events = life(world, 7200)
    dates = {event.start_date for event in of_type(events, SignedOn)}
    assert dates == {"20261120", "20261121"}
    assert world.in_service() == len(world.buses) == 56


def test_bus_leaves_service_after_its_last_trip(town_network: Network) -> None:
    world = World(town_network, seed=1, start_ms=MORNING_MS, span_s=-3000, options=ATTENTIVE)
    events = life(world, 5400)
    off = of_type(events, SignedOff)
    assert off
    fixes_after = [
        e for e in of_type(events, Fixed) if e.vehicle_id == off[0].vehicle_id and e.fixed_at_ms > off[0].at_ms
    ]
    assert not fixes_after
    assert world.in_service() < len(world.buses)


def test_a_busy_day_keeps_its_timetable(town_network: Network) -> None:
    busy = Options(demand=Demand(per_minute=60), habits=Habits(sees_people=0.95), receivers=Receivers(period_s=60))
    world = World(town_network, seed=5, start_ms=MORNING_MS, span_s=3600, options=busy)
    first: dict[str, int] = {}
    ratios = []
    for event in of_type(life(world, 3600), Visited):
        trip = town_network.trip(TripId(event.trip_id))
        assert trip is not None
        visits = town_network.pattern(trip.pattern_index).visits
        if event.stop_sequence == visits[0].stop_sequence:
            first[event.trip_id] = event.departed_ms
        elif event.stop_sequence == visits[-1].stop_sequence and event.trip_id in first:
            planned_s = int(trip.arrivals_s[-1] - trip.departures_s[0])
            ratios.append((event.arrived_ms - first[event.trip_id]) / 1000 / planned_s)
    assert len(ratios) > 30
    assert 0.85 < float(np.median(ratios)) < 1.1
