"""Buses and riders of the load are where and how they should be, on the bundled town."""

import asyncio
import itertools
import random
import time

import gevent
import pytest

from loadtest.bridge import Bridge
from loadtest.driving import ACCELERATION_MPS2, BRAKE_MPS2, DWELL_S, DrivenBus
from loadtest.fleet import FIRST_PART, Duties
from loadtest.rider_life import STOPS_AHEAD_M, wish
from loadtest.swarm import OnRoad, Swarm
from server.core.model import Doors
from server.core.network import Network


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def some_bus(
    town: Network, *, along_m: float = 100.0, stop_within_m: tuple[float, float] = (200.0, 500.0)
) -> DrivenBus:
    """A bus of whatever runs now that has a stop so far ahead."""
    duties = Duties(town, now_ms=now_ms(), rng=random.Random(1))
    while (duty := duties.take()) is not None:
        bus = DrivenBus(duty.pattern, town.frame, along_m=along_m, cruise_mps=12.0, rng=random.Random(1))
        if bus.ahead(nearest_m=stop_within_m[0], farthest_m=stop_within_m[1]):
            return bus
    raise AssertionError("no line of the town has such a stop")


def test_a_bus_stops_where_it_was_told_and_nowhere_else(town: Network) -> None:
    bus = some_bus(town)
    target = bus.ahead(nearest_m=200.0, farthest_m=500.0)[0]
    bus.stop_at(target.index)
    stood_s, speed_mps, along_m = 0.0, bus.speed_mps, bus.along_m
    for _ in range(300):
        bus.step(1.0)
        assert bus.along_m >= along_m
        assert -BRAKE_MPS2 - 1e-6 <= bus.speed_mps - speed_mps <= ACCELERATION_MPS2 + 1e-6 or bus.speed_mps == 0.0
        speed_mps, along_m = bus.speed_mps, bus.along_m
        if bus.doors is Doors.OPEN:
            assert abs(bus.along_m - target.along_m) <= 1.0
            stood_s += 1.0
        if bus.at_end or bus.along_m > target.along_m + 100:
            break
    assert stood_s == DWELL_S


def test_a_stop_behind_is_not_heeded(town: Network) -> None:
    bus = some_bus(town, along_m=1500.0)
    for visit in bus.pattern.visits:
        if visit.along_m < bus.along_m - 50:
            bus.stop_at(visit.index)
    bus.step(1.0)
    assert bus.speed_mps > 0


def test_no_run_is_handed_out_twice_and_those_on_the_road_come_first(town: Network) -> None:
    duties = Duties(town, now_ms=now_ms(), rng=random.Random(3))
    taken = [duties.take() for _ in range(500)]
    runs = [(duty.trip_id, duty.start_date) for duty in taken if duty is not None]
    assert len(set(runs)) == 500, "the town has runs for the smoke of 500 buses"
    assert all(duty.along_m <= duty.pattern.path.length_m * FIRST_PART + 1e-6 for duty in taken if duty is not None)
    off_s = []
    for trip_id, date in runs:
        trip = town.trip(trip_id)
        assert trip is not None
        now_s = (now_ms() - town.day_start_ms(date)) / 1000
        off_s.append(max(0.0, float(trip.departures_s[0]) - now_s, now_s - float(trip.arrivals_s[-1])))
    assert all(later >= earlier - 30 for earlier, later in itertools.pairwise(off_s))


def test_when_the_runs_are_used_up_there_is_none(town: Network) -> None:
    duties = Duties(town, now_ms=now_ms(), rng=random.Random(3))
    while duties.take() is not None:
        pass
    assert duties.take() is None


async def test_riders_ring_ahead_of_a_bus(town: Network) -> None:
    swarm = Swarm(
        url="http://127.0.0.1:1",
        key=b"k" * 32,
        network=town,
        now_ms=now_ms(),
        seed=1,
        name="t",
        report=lambda *_: None,
    )
    rng = random.Random(5)
    assert wish(swarm, rng) is None
    bus = some_bus(town)
    swarm.on_road["bus"] = OnRoad("bus", bus)
    wishes = [found for found in (wish(swarm, rng) for _ in range(50)) if found is not None]
    assert wishes
    for found in wishes:
        assert STOPS_AHEAD_M[0] <= found.visit.along_m - bus.along_m <= STOPS_AHEAD_M[1]
        assert found.route_id == bus.pattern.route_id
        assert found.stop.stop_id == found.visit.stop_id


class TestBridge:
    def test_a_greenlet_waits_for_a_coroutine_while_others_go_on(self) -> None:
        samples: list[tuple[object, ...]] = []
        bridge = Bridge(lambda *sample: samples.append(sample))
        bridge.start()

        async def work(value: int) -> int:
            await asyncio.sleep(0.01)
            bridge.hand_over("sample", value)
            return value * 2

        greenlets = [gevent.spawn(bridge.run, work(value)) for value in range(20)]
        gevent.joinall(greenlets, timeout=10)
        assert [greenlet.value for greenlet in greenlets] == [value * 2 for value in range(20)]
        bridge.stop()
        assert sorted(samples, key=str) == sorted((("sample", value) for value in range(20)), key=str)

    def test_an_error_comes_back_to_the_greenlet(self) -> None:
        bridge = Bridge(lambda *_: None)
        bridge.start()

        async def fail() -> None:
            raise ValueError("no")

        with pytest.raises(ValueError, match="no"):
            bridge.run(fail())
        bridge.stop()

    def test_a_killed_greenlet_ends_its_coroutine(self) -> None:
        bridge = Bridge(lambda *_: None)
        bridge.start()
        ended = []

        async def forever() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                ended.append(True)

        greenlet = gevent.spawn(bridge.run, forever())
        gevent.sleep(0.05)
        greenlet.kill()
        bridge.stop()
        assert ended == [True]
