"""Duties come from the timetable's blocks, whatever kind of feed it is."""

from datetime import datetime
from zoneinfo import ZoneInfo

from server.core.assembly import Call, PlannedTrip, Service, build_network
from server.core.model import Phase, RouteId, StopId
from server.core.network import Headway, Network, Route, Stop
from simulator.bus import Stage
from simulator.driver import pace
from simulator.duties import duties_between
from simulator.events import Event, Placed, SignedOff, SignedOn, Visited
from simulator.riders import Demand
from simulator.world import Options, World

NOON_MS = round(datetime(2026, 11, 20, 12, 0, tzinfo=ZoneInfo("Asia/Seoul")).timestamp() * 1000)
NOON_S = 12 * 3600
MINUTE_MS = 60_000


def network_of(*trips: tuple[PlannedTrip, list[Call]], services: tuple[Service, ...] = (Service(),)) -> Network:
    return build_network(
        stops=[Stop(StopId(name), name, name, 37.0, 127.0 + i * 0.006) for i, name in enumerate("ABCDEF")],
        routes=[Route(RouteId("1"), "", "1", "", 3)],
        trips=trips,
        services=services,
    )


def calls(stops: str, start_s: int) -> list[Call]:
    return [Call(stop, start_s + 90 * i) for i, stop in enumerate(stops)]


def test_trips_of_a_block_are_one_vehicle_and_a_trip_without_is_its_own() -> None:
    network = network_of(
        (PlannedTrip("t1", "1", block_id="b"), calls("ABC", NOON_S)),
        (PlannedTrip("t2", "1", block_id="b"), calls("CBA", NOON_S + 600)),
        (PlannedTrip("t3", "1"), calls("ABC", NOON_S)),
    )
    duties = duties_between(network, NOON_MS, NOON_MS + 20 * MINUTE_MS)
    assert {duty.vehicle_id: [run.trip.trip_id for run in duty.runs] for duty in duties} == {
        "V-b": ["t1", "t2"],
        "V-t3": ["t3"],
    }


def test_only_what_runs_in_the_span_on_an_active_day() -> None:
    workdays = Service("daily", weekdays=0b0011111)
    network = network_of(
        (PlannedTrip("early", "1"), calls("ABC", NOON_S - 7200)),
        (PlannedTrip("now", "1"), calls("ABC", NOON_S - 60)),
        (PlannedTrip("late", "1"), calls("ABC", NOON_S + 7200)),
        services=(workdays,),
    )
    assert [duty.vehicle_id for duty in duties_between(network, NOON_MS, NOON_MS + 10 * MINUTE_MS)] == ["V-now"]
    sunday_ms = NOON_MS + 2 * 86_400_000
    assert duties_between(network, sunday_ms, sunday_ms + 10 * MINUTE_MS) == []


def test_each_departure_of_a_headway_trip_has_a_vehicle() -> None:
    windows = (Headway(NOON_S, NOON_S + 900, 300, exact=True),)
    network = network_of((PlannedTrip("f", "1", headways=windows), calls("ABC", 0)))
    duties = duties_between(network, NOON_MS, NOON_MS + 60 * MINUTE_MS)
    assert [(duty.vehicle_id, (duty.runs[0].departs_ms - NOON_MS) // MINUTE_MS) for duty in duties] == [
        ("V-f-001", 0),
        ("V-f-002", 5),
        ("V-f-003", 10),
    ]


def test_next_trip_that_begins_elsewhere_is_driven_to_empty() -> None:
    network = network_of(
        (PlannedTrip("t1", "1", block_id="b"), calls("ABC", NOON_S)),
        (PlannedTrip("t2", "1", block_id="b"), calls("FED", NOON_S + 900)),
    )
    world = World(
        network, seed=1, start_ms=NOON_MS - MINUTE_MS, span_s=2400, options=Options(demand=Demand(per_minute=0))
    )
    events: list[Event] = world.begin()
    for _ in range(2400):
        events += world.step(1.0)
    story = [(type(e).__name__, getattr(e, "trip_id", None)) for e in events if isinstance(e, SignedOn | SignedOff)]
    assert story == [("SignedOn", "t1"), ("SignedOff", None), ("SignedOn", "t2"), ("SignedOff", None)]
    assert any(isinstance(e, Placed) and e.phase is Phase.DEADHEAD and e.trip_id is None for e in events)
    assert [e.stop_id for e in events if isinstance(e, Visited)] == list("ABCFED")
    assert world.buses["V-b"].stage is Stage.DONE


def test_a_bus_whose_time_has_not_come_is_switched_off() -> None:
    network = network_of((PlannedTrip("t1", "1"), calls("ABC", NOON_S + 1200)))
    world = World(network, seed=1, start_ms=NOON_MS, span_s=600)
    assert world.begin() == []
    assert not any(e for _ in range(60) for e in world.step(1.0))
    assert world.in_service() == 0


def test_a_driver_ahead_of_time_lets_the_bus_roll_and_one_behind_it_does_not() -> None:
    network = network_of((PlannedTrip("T1", "1", direction_id=0), calls("ABC", NOON_S)))
    (duty,) = duties_between(network, NOON_MS, NOON_MS + MINUTE_MS)
    run = duty.runs[0]
    visits, half_ms = run.pattern.visits, (run.departs_ms + int(run.arrivals_ms[1])) // 2
    half_m = (visits[0].along_m + visits[1].along_m) / 2
    assert abs(run.early_s(half_m, half_ms)) < 1.0
    assert abs(run.early_s(visits[2].along_m, run.arrives_ms - 90_000) - 90.0) < 1.0
    assert [pace(s) for s in (-300.0, 60.0, 210.0, 360.0, 3_600.0)] == [1.0, 1.0, 0.75, 0.5, 0.5]
