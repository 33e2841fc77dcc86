"""The network as its readers see it: records, calendar, departures, finding stops."""

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, strategies as st

from server.core.assembly import Call, PlannedTrip, Service, build_network
from server.core.model import BlockId, RouteId, StopId, TripId
from server.core.network import Headway, Network, Route, Stop, VisitRef

HOUR = 3600
SEOUL = ZoneInfo("Asia/Seoul")
MONDAY, TUESDAY, SATURDAY = "20261123", "20261124", "20261128"
STOPS = [
    Stop(StopId("A"), "03127", "수원역", 37.2660, 127.0000, 1, {"en": "Suwon Station"}),
    Stop(StopId("B"), "03128", "시청", 37.2690, 127.0000, 0, {"en": "City Hall"}),
    Stop(StopId("C"), "03129", "Ｃａｆé 거리", 37.2720, 127.0000),
    Stop(StopId("D"), "", "시청 앞", 37.2721, 127.0010),
]
ROUTES = [Route(RouteId("R2"), "a", "", "Loop line", 3), Route(RouteId("R1"), "a", "11", "", 3)]


def calls(*stops: str, at: float, leg_s: int = 300) -> list[Call]:
    return [Call(stop, round(at * HOUR) + i * leg_s, round(at * HOUR) + i * leg_s + 30) for i, stop in enumerate(stops)]


@pytest.fixture(scope="module")
def network() -> Network:
    return build_network(
        stops=STOPS,
        routes=ROUTES,
        services=[
            Service("weekdays", 0b0011111, "20261101", "20261231", added=(SATURDAY,), removed=(TUESDAY,)),
            Service("daily"),
            Service("once", 0, added=(MONDAY,)),
        ],
        trips=[
            (PlannedTrip("late", "R1", direction_id=0, block_id="b7", headsign="시청"), calls("A", "B", "C", at=23.9)),
            (PlannedTrip("noon", "R1", "weekdays", direction_id=0, block_id="b7"), calls("A", "B", "C", at=12)),
            (PlannedTrip("back", "R1", direction_id=1, block_id="b7"), calls("C", "B", "A", at=12.5)),
            (PlannedTrip("loop", "R2"), calls("A", "B", "D", "A", at=8)),
            (PlannedTrip("extra", "R1", "once", direction_id=0), calls("A", "B", "C", at=11, leg_s=400)),
        ],
        agency_name="수원교통",
        version="v1",
        feed_hash="ab" * 32,
    )


@pytest.mark.parametrize(
    ("service", "days"),
    [
        (Service("s", 0b1, "20261101", "20261231"), (20261101, 20261231)),
        (Service("s", 0, "20200101", "20201231", added=(MONDAY, SATURDAY)), (int(MONDAY), int(SATURDAY))),
        (Service("s", 0, "20200101", "20201231", removed=(MONDAY,)), None),
        (Service("s", 0b1, "20261101", "20261120", added=(SATURDAY,)), (20261101, int(SATURDAY))),
    ],
)
def test_days_without_service_are_not_days_of_the_timetable(service: Service, days: tuple[int, int] | None) -> None:
    trip = (PlannedTrip("t", "R1", "s"), calls("A", "B", at=8))
    assert build_network(stops=STOPS, routes=ROUTES, services=[service], trips=[trip]).first_and_last_day() == days


def at_ms(date: str, hour: float) -> int:
    """Epoch milliseconds of an hour of a local day."""
    day = dt.datetime.strptime(date, "%Y%m%d").replace(tzinfo=SEOUL)
    return int(day.timestamp() * 1000) + round(hour * 3_600_000)


def only_pattern(network: Network, trip_id: str) -> int:
    trip = network.trip(TripId(trip_id))
    assert trip is not None
    return trip.pattern_index


# -- records ------------------------------------------------------------------------


def test_it_says_what_it_is(network: Network) -> None:
    assert (network.version, network.feed_hash, network.timezone) == ("v1", "ab" * 32, "Asia/Seoul")
    assert (network.agency_name, network.pattern_count, network.trip_count) == ("수원교통", 3, 5)


def test_routes_and_stops_keep_the_order_of_the_feed(network: Network) -> None:
    assert list(network.routes) == ["R2", "R1"]
    assert [route.name for route in network.routes.values()] == ["Loop line", "11"]
    assert list(network.stops.values()) == STOPS


def test_nobody_can_change_it(network: Network) -> None:
    with pytest.raises(TypeError):
        network.routes[RouteId("x")] = ROUTES[0]  # type: ignore[index]
    with pytest.raises(TypeError):
        network.stops[StopId("A")].names["en"] = "?"  # type: ignore[index]


def test_a_pattern_knows_its_visits(network: Network) -> None:
    pattern = network.pattern(only_pattern(network, "noon"))
    assert pattern is network.pattern(pattern.index)
    assert (pattern.route_id, pattern.direction_id) == ("R1", 0)
    assert [(v.index, v.stop_id, v.stop_sequence) for v in pattern.visits] == [(0, "A", 1), (1, "B", 2), (2, "C", 3)]
    assert [v.along_m for v in pattern.visits] == pattern.visit_along_m.tolist()
    assert pattern.index_of == {v.stop_sequence: v.index for v in pattern.visits}
    assert pattern.start_xy == pattern.path.at(pattern.visits[0].along_m)
    assert pattern.visit_along_m[-1] == pytest.approx(pattern.path.length_m) == pytest.approx(666, abs=1)


def test_a_trip_knows_its_times(network: Network) -> None:
    trip = network.trip(TripId("late"))
    assert trip is not None
    assert (trip.route_id, trip.direction_id, trip.headsign, trip.block_id) == ("R1", 0, "시청", "b7")
    assert (trip.service_id, trip.headways) == ("daily", ())
    assert trip.arrivals_s.tolist() == [86040, 86340, 86640]
    assert trip.departures_s.tolist() == [86070, 86370, 86670]
    assert network.trip(TripId("back")) is network.trip(TripId("back"))


def test_patterns_and_trips_belong_together(network: Network) -> None:
    forth, back = network.patterns_of_route(RouteId("R1"))
    assert [network.pattern(p).direction_id for p in (forth, back)] == [0, 1]
    assert network.trips_of_pattern(forth) == ["extra", "noon", "late"]
    assert network.trips_of_block(BlockId("b7")) == ["noon", "back", "late"]
    assert network.pattern(network.patterns_of_route(RouteId("R2"))[0]).direction_id is None


def test_every_visit_at_a_stop_is_listed_once(network: Network) -> None:
    loop = only_pattern(network, "loop")
    at_a = network.visits_at(StopId("A"))
    assert [ref.visit_index for ref in at_a if ref.pattern_index == loop] == [0, 3]
    assert len(at_a) == 4
    for stop_id in network.stops:
        for ref in network.visits_at(stop_id):
            assert network.pattern(ref.pattern_index).visits[ref.visit_index].stop_id == stop_id


def test_what_is_unknown_is_not_there(network: Network) -> None:
    assert network.trip(TripId("?")) is None
    assert not network.patterns_of_route(RouteId("?"))
    assert not network.trips_of_block(BlockId("?"))
    assert not network.visits_at(StopId("?"))
    assert not network.service_active("?", MONDAY)
    with pytest.raises(IndexError):
        network.pattern(network.pattern_count)


# -- the calendar -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("service_id", "date", "active"),
    [
        ("weekdays", MONDAY, True),
        ("weekdays", TUESDAY, False),
        ("weekdays", SATURDAY, True),
        ("weekdays", "20261129", False),
        ("weekdays", "20261030", False),
        ("weekdays", "20270101", False),
        ("once", MONDAY, True),
        ("once", "20261130", False),
        ("daily", "20240229", True),
        ("daily", "20230229", False),
        ("daily", "2026-11-", False),
        ("daily", "٢٠٢٦١١٢٣", False),
        ("daily", "", False),
    ],
)
def test_services_run_on_their_days(network: Network, service_id: str, date: str, active: bool) -> None:
    assert network.service_active(service_id, date) is active


@pytest.mark.parametrize(
    ("zone", "date", "start"),
    [
        ("Asia/Seoul", "20261122", "2026-11-22T00:00:00+09:00"),
        ("America/New_York", "20260308", "2026-03-07T23:00:00-05:00"),
        ("America/New_York", "20261101", "2026-11-01T01:00:00-04:00"),
        ("Europe/Berlin", "20260329", "2026-03-28T23:00:00+01:00"),
    ],
)
def test_a_service_day_starts_twelve_hours_before_noon(zone: str, date: str, start: str) -> None:
    network = build_network(stops=STOPS, routes=ROUTES, trips=[], timezone=zone)
    assert network.day_start_ms(date) == dt.datetime.fromisoformat(start).timestamp() * 1000


def test_a_text_that_is_no_date_has_no_start(network: Network) -> None:
    with pytest.raises(ValueError, match="YYYYMMDD"):
        network.day_start_ms("20260230")


@pytest.mark.parametrize(("hour", "today"), [(0.0, MONDAY), (23.99, MONDAY), (24.0, TUESDAY)])
def test_the_days_around_an_instant_are_local(network: Network, hour: float, today: str) -> None:
    assert network.service_dates(at_ms(MONDAY, hour))[1] == today


def test_yesterday_and_tomorrow_pass_the_ends_of_months(network: Network) -> None:
    assert network.service_dates(at_ms("20261231", 12)) == ("20261230", "20261231", "20270101")


# -- departures -------------------------------------------------------------------------


def next_departure(network: Network, trip_id: str, visit: int, after_ms: int) -> int | None:
    return network.next_departure_ms(VisitRef(only_pattern(network, trip_id), visit), after_ms)


def test_the_next_departure_is_the_first_of_any_active_trip(network: Network) -> None:
    assert next_departure(network, "noon", 0, at_ms(MONDAY, 10)) == at_ms(MONDAY, 11) + 30_000
    assert next_departure(network, "noon", 0, at_ms(MONDAY, 11.5)) == at_ms(MONDAY, 12) + 30_000
    assert next_departure(network, "noon", 0, at_ms(TUESDAY, 10)) == at_ms(TUESDAY, 23.9) + 30_000


def test_a_departure_at_that_very_instant_counts(network: Network) -> None:
    instant = at_ms(MONDAY, 12) + 30_000
    assert next_departure(network, "noon", 0, instant) == instant
    assert next_departure(network, "noon", 0, instant + 1) == at_ms(MONDAY, 23.9) + 30_000


def test_yesterdays_trip_departs_after_midnight(network: Network) -> None:
    assert next_departure(network, "late", 2, at_ms(TUESDAY, 0.01)) == at_ms(TUESDAY, 0) + 270_000


def test_without_departures_within_the_days_there_is_none() -> None:
    network = build_network(
        stops=STOPS,
        routes=ROUTES,
        services=[Service("once", 0, added=(MONDAY,))],
        trips=[(PlannedTrip("t", "R1", "once"), calls("A", "B", at=8))],
    )
    assert network.next_departure_ms(VisitRef(0, 0), at_ms(MONDAY, 9)) is None
    assert network.next_departure_ms(VisitRef(0, 0), at_ms("20261120", 9)) is None
    assert network.next_departure_ms(VisitRef(0, 1), at_ms("20261122", 9)) == at_ms(MONDAY, 8) + 330_000


def test_headway_runs_depart_all_through_their_windows() -> None:
    windows = (Headway(6 * HOUR, 7 * HOUR, 1200, False), Headway(7 * HOUR, 8 * HOUR, 1800, True))
    network = build_network(
        stops=STOPS,
        routes=ROUTES,
        trips=[
            (PlannedTrip("often", "R1", headways=windows), [Call("A", 0), Call("B", 100, 120), Call("C", 300)]),
            (PlannedTrip("single", "R1"), [Call("A", 25_500), Call("B", 25_600, 25_620), Call("C", 25_800)]),
        ],
    )
    trip = network.trip(TripId("often"))
    assert trip is not None
    assert trip.headways == windows
    found, after_ms = [], at_ms(MONDAY, 5)
    while (after := network.next_departure_ms(VisitRef(0, 1), after_ms)) is not None and after < at_ms(MONDAY, 12):
        found.append((after - at_ms(MONDAY, 0)) // 1000 - 120)
        after_ms = after + 1
    assert found == [21_600, 22_800, 24_000, 25_200, 25_500, 27_000]


@given(
    st.lists(st.tuples(st.integers(0, 30 * HOUR), st.booleans(), st.integers(0, 900)), min_size=1, max_size=12),
    st.integers(-30 * HOUR, 60 * HOUR),
)
def test_the_next_departure_is_what_a_plain_search_finds(plan: list[tuple[int, bool, int]], after_s: int) -> None:
    trips = [
        (PlannedTrip(f"t{i}", "R1", "daily" if daily else "once"), [Call("A", start_s), Call("B", start_s + leg_s)])
        for i, (start_s, daily, leg_s) in enumerate(plan)
    ]
    services = [Service("daily"), Service("once", 0, added=(MONDAY,))]
    network = build_network(stops=STOPS, routes=ROUTES, services=services, trips=trips)
    after_ms = at_ms(MONDAY, 0) + after_s * 1000
    departures = [
        network.day_start_ms(date) + int(trip.departures_s[1]) * 1000
        for date in network.service_dates(after_ms)
        for trip in (network.trip(TripId(planned.trip_id)) for planned, _ in trips)
        if trip is not None and network.service_active(trip.service_id, date)
    ]
    wanted = min((ms for ms in departures if ms >= after_ms), default=None)
    assert network.next_departure_ms(VisitRef(0, 1), after_ms) == wanted


# -- finding stops ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("03128", ["B"]),
        ("A", ["A", "B", "C"]),
        ("수원", ["A"]),
        ("시청", ["B", "D"]),
        ("city h", ["B"]),
        ("STATION", ["A"]),
        ("cafÉ", ["C"]),
        ("  시청   앞 ", ["D"]),
        ("nowhere", []),
        ("", []),
        ("  ", []),
    ],
)
def test_stops_are_found_by_what_people_know(network: Network, text: str, found: list[str]) -> None:
    assert [stop.stop_id for stop in network.search_stops(text, 10)] == found


def test_no_more_stops_than_asked_for(network: Network) -> None:
    assert len(network.search_stops("0", 2)) == 2
    assert not network.search_stops("0", 0)
    assert not network.search_stops("0", -1)
    assert len(network.stops_near(37.27, 127.0, 5_000, 2)) == 2


def test_stops_near_come_nearest_first(network: Network) -> None:
    near = network.stops_near(37.2690, 127.0, 340.0, 10)
    assert [stop.stop_id for stop, _ in near] == ["B", "A", "C"]
    assert [away_m for _, away_m in near] == pytest.approx([0.0, 333.0, 333.0], abs=1.0)
    assert not network.stops_near(35.0, 129.0, 500.0, 10)


def test_an_empty_network_answers_too() -> None:
    empty = build_network(stops=[], routes=[], trips=[])
    assert (empty.pattern_count, empty.trip_count, len(empty.stops)) == (0, 0, 0)
    assert not empty.search_stops("x", 5)
    assert not empty.stops_near(37.0, 127.0, 1e6, 5)
    assert np.array(empty.trips_of_block(BlockId("b"))).size == 0
