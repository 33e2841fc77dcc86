"""Feeds as agencies publish them: what is odd in a timetable does not stop a simulated town."""

from server.core.assembly import Call, PlannedTrip, build_network
from server.core.model import RouteId, StopId, VisitOutcome
from server.core.network import Network, Route, Stop
from simulator.events import Event, Visited
from simulator.riders import Demand
from simulator.world import Options, World

LAT0, LON0 = 37.26, 127.02
DAY, START_S = "20261120", 8 * 3600


def with_two_last_stops_at_one_place() -> Network:
    """A terminus whose arrival bay and end are two stops at one pole, as some feeds have it."""
    lons = [LON0, LON0 + 0.006, LON0 + 0.012, LON0 + 0.012]
    stops = [Stop(StopId(f"S{i}"), f"{i}", f"정류장 {i}", LAT0, lon, 0, {}) for i, lon in enumerate(lons)]
    calls = [Call(f"S{i}", START_S + 60 + 90 * i) for i in range(len(stops))]
    return build_network(
        stops=stops,
        routes=[Route(RouteId("7"), "A", "7", "", 3)],
        trips=[(PlannedTrip("T", "7", direction_id=0, headsign="끝"), calls)],
    )


def test_a_bus_ends_its_trip_where_two_last_stops_share_a_pole() -> None:
    network = with_two_last_stops_at_one_place()
    start_ms = network.day_start_ms(DAY) + 1000 * START_S
    world = World(network, seed=4, start_ms=start_ms, span_s=1800, options=Options(demand=Demand(per_minute=0)))
    events: list[Event] = world.begin() + world.step(1200.0)
    ended = {event.stop_sequence: event.outcome for event in events if isinstance(event, Visited)}
    assert list(ended) == sorted(ended)
    assert len(ended) == 4
    assert ended[max(ended)] is VisitOutcome.STOPPED
