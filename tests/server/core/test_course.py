"""What a run teaches, and what is expected of it: links, stands, departures, errors, and the way from place to place."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, strategies as st

from server.core.assembly import Call as PlannedCall, PlannedTrip, build_network
from server.core.calibration import Calibration
from server.core.course import (
    FIRST_STOP_M,
    REST_S,
    STAND_SHARE,
    WAITS,
    Call,
    Course,
    Expected,
    Place,
)
from server.core.model import RouteId, StopId, TripId
from server.core.network import Network, Route, Stop, Trip
from server.core.planned import COARSE_S, PLANNED_STAND_S, planned_links_s
from server.core.running_times import STAND_S, RunningTimes, link_key
from tests.server.core.engine_world import DAY, START_S
from tests.server.core.winding_ways import STRAIGHT, lat_lon

GAP_M = 500.0
LEG_S = 60
STOPS = 6


def planned(calls: list[tuple[float, int, int]], **more: Any) -> Network:
    """One trip: metres, planned arrival and departure in seconds after the start."""
    stops = [Stop(StopId(f"S{i}"), "", "", *lat_lon(along_m, 0.0)) for i, (along_m, _, _) in enumerate(calls)]
    row = [PlannedCall(f"S{i}", START_S + a, START_S + d) for i, (_, a, d) in enumerate(calls)]
    return build_network(
        stops=stops,
        routes=[Route(RouteId("10"), "A", "10", "", 3)],
        trips=[(PlannedTrip("T0", "10", shape_id="way"), row)],
        shapes={"way": [lat_lon(*point) for point in STRAIGHT]},
        **more,
    )


STREET = planned([(GAP_M * i, LEG_S * i, LEG_S * i) for i in range(STOPS)])


@dataclass
class Line:
    """A line whose runs teach each other."""

    network: Network = STREET
    times: RunningTimes = field(default_factory=RunningTimes)
    calibration: Calibration = field(default_factory=Calibration)

    @property
    def trip(self) -> Trip:
        trip = self.network.trip(TripId("T0"))
        assert trip is not None
        return trip

    def run(self) -> Course:
        pattern = self.network.pattern(self.trip.pattern_index)
        return Course(self.trip, pattern, self.network.day_start_ms(DAY), self.times, self.calibration)

    def ms(self, second: float) -> int:
        return self.network.day_start_ms(DAY) + round(1000 * (START_S + second))

    def place(self, along_m: float, second: float, *, stands: bool = False) -> Place:
        return Place(along_m, self.ms(second), stands)

    def drive(self, *, leg_s: float, stand_s: float = 10.0, first: int = 0, start_s: float = 0.0) -> Course:
        """One run from stop `first` on, `leg_s` from arrival to arrival; only the stands it makes are seen."""
        course = self.run()
        for n, index in enumerate(range(first, STOPS)):
            at_s = start_s + n * leg_s
            course.arrived(index, self.ms(at_s))
            course.finished(Call(index, self.ms(at_s), self.ms(at_s + stand_s)), stand_s)
        return course


def seconds(course: Course, place: Place, *indices: int) -> list[float]:
    found = [course.expected(place, index) for index in indices]
    return [expected.model_s for expected in found if expected is not None]


def test_a_run_teaches_the_next_one() -> None:
    line = Line()
    before = seconds(line.run(), line.place(GAP_M * 1.5, 90), 2, 5)
    for n in range(5):
        line.drive(leg_s=90.0, start_s=n * 300)
    after = seconds(line.run(), line.place(GAP_M * 1.5, 1500), 2, 5)
    assert before == pytest.approx([25, 205], abs=1)
    assert after == pytest.approx([40, 310], abs=6)


def test_what_nobody_saw_teaches_nothing() -> None:
    line = Line()
    course = line.run()
    course.finished(Call(1, line.ms(60), None), None)
    course.finished(Call(2, None, None), None)  # out of sight
    course.finished(Call(3, line.ms(300), None), None)
    course.finished(Call(5, line.ms(400), None), None)  # one was skipped
    course.finished(Call(5, line.ms(400), None), 20.0)
    assert line.times.learned.links == {}
    assert line.times.learned.stands == {}  # at the last stop it does not stand for boarding


def test_a_clock_that_stands_still_teaches_nothing() -> None:
    line = Line()
    course = line.run()
    for index in (1, 2):
        course.finished(Call(index, line.ms(60), None), None)
    assert line.times.learned.links == {}


def test_the_first_link_counts_from_the_departure() -> None:
    line = Line()
    course = line.run()
    course.finished(Call(0, line.ms(-600), line.ms(40)), 640.0)
    course.finished(Call(1, line.ms(110), None), None)
    assert line.times.learned.links[link_key(StopId("S0"), StopId("S1"))].mean_s == 70.0
    assert line.times.learned.departures["S0"].mean_s == 40.0
    assert line.times.learned.stands == {}
    course = line.run()
    course.finished(Call(0, line.ms(-600), None), None)
    course.finished(Call(1, line.ms(110), None), None)
    assert line.times.learned.links[link_key(StopId("S0"), StopId("S1"))].seen == 1.0


def test_a_bus_is_expected_to_leave_as_late_as_buses_do_there() -> None:
    line = Line()
    for _ in range(10):
        line.run().finished(Call(0, line.ms(-100), line.ms(60)), 160.0)
    (expected_s,) = seconds(line.run(), line.place(0.0, -120, stands=True), 1)
    assert expected_s == pytest.approx(120 + 60 + LEG_S, abs=20)


def test_a_stop_it_stands_at_costs_only_what_is_left_of_the_stand() -> None:
    line = Line()
    run_s = LEG_S - STAND_S
    course = line.run()
    assert seconds(course, line.place(GAP_M, 60, stands=True), 1, 2) == pytest.approx([0, STAND_S + run_s], abs=0.1)
    course.arrived(1, line.ms(60))
    assert seconds(course, line.place(GAP_M, 64, stands=True), 1, 2) == pytest.approx([0, 6 + run_s], abs=0.1)
    assert seconds(course, line.place(GAP_M, 300, stands=True), 1, 2) == pytest.approx([0, REST_S + run_s], abs=0.1)
    assert seconds(course, line.place(GAP_M - 8.0, 64, stands=True), 1) == [0.0]
    assert seconds(course, line.place(GAP_M + 5.0, 64, stands=True), 2) == pytest.approx([6 + 0.99 * run_s])
    course.finished(Call(1, line.ms(60), line.ms(70)), 10.0)
    assert seconds(course, line.place(GAP_M + 5.0, 71), 2) == pytest.approx([0.99 * run_s])


def test_no_stand_eats_up_a_short_link() -> None:
    line = Line()
    for _ in range(50):
        line.times.stood(StopId("S2"), 170.0)
    (expected_s,) = seconds(line.run(), line.place(GAP_M * 2 + 1, 130), 3)
    assert expected_s == pytest.approx(LEG_S * (1 - STAND_SHARE), abs=1)


def test_a_bus_at_a_planned_stand_leaves_when_the_plan_says() -> None:
    stand_s = int(PLANNED_STAND_S) + 270
    line = Line(planned([(0, 0, 0), (500, 60, 60 + stand_s), (1000, 120 + stand_s, 120 + stand_s)]))
    course = line.run()
    assert seconds(course, line.place(250, 30), 2) == pytest.approx([30 + stand_s + LEG_S])
    course.arrived(1, line.ms(60))
    assert seconds(course, line.place(500, 100, stands=True), 2) == pytest.approx([60 + stand_s - 100 + LEG_S])
    course.finished(Call(1, line.ms(60), line.ms(60 + stand_s)), float(stand_s))
    course.finished(Call(2, line.ms(60 + stand_s + 80), None), None)
    assert line.times.learned.stands == {}
    assert line.times.learned.links[link_key(StopId("S1"), StopId("S2"))].mean_s == 80.0


def test_where_only_a_headway_is_planned_nobody_waits_for_a_time() -> None:
    line = Line()
    course = line.run()
    course.leaves_s = {}
    assert seconds(course, line.place(0.0, -900, stands=True), 1) == pytest.approx([REST_S + LEG_S - STAND_S])
    course.finished(Call(0, line.ms(-100), line.ms(60)), 160.0)
    assert line.times.learned.departures == {}


def test_errors_are_learned_and_shift_what_is_said() -> None:
    line = Line()
    for n in range(60):
        course, start_s = line.run(), 600.0 * n
        course.put_aside(line.place(GAP_M * 0.5, start_s), [1, 2, 3])
        for index in (2, 3):  # the first is never seen
            course.finished(Call(index, line.ms(start_s + 200 * index), None), None)
        assert course.samples == {}
    expected = line.run().expected(line.place(GAP_M * 0.5, 90_000), 2)
    assert expected is not None
    assert expected.median_s > expected.model_s + expected.spread_s
    assert set(line.calibration.classes) == {"", "10"}


def test_one_of_each_class_of_horizons_is_put_aside() -> None:
    line = Line()
    course = line.run()
    for second in (0, 10, 20):
        course.put_aside(line.place(GAP_M * 0.5 + second, second), [0, 1, 5])
    assert {index: len(samples) for index, samples in course.samples.items()} == {1: 1, 5: 1}


def test_before_the_departure_errors_are_of_their_own_kind() -> None:
    line = Line()
    course = line.run()
    waiting = course.expected(line.place(0.0, -100, stands=True), 2)
    driving = course.expected(line.place(GAP_M * 0.5, 10), 2)
    assert isinstance(waiting, Expected)
    assert isinstance(driving, Expected)
    assert (waiting.kind, driving.kind) == ("10" + WAITS, "10")
    assert waiting.spread_s > driving.spread_s


def test_on_a_path_of_two_stops_at_one_place() -> None:
    line = Line(planned([(0, 0, 0), (500, 60, 60), (500, 90, 90), (1000, 150, 150)]))
    first, second, last = seconds(line.run(), line.place(250, 30), 1, 2, 3)
    assert first < second < last


@given(along_m=st.floats(-100, GAP_M * STOPS), second=st.floats(-4_000, 4_000), stands=st.booleans())
def test_visits_come_in_order_from_wherever_it_is(along_m: float, second: float, stands: bool) -> None:
    line = Line()
    course = line.run()
    rows = [course.expected(line.place(along_m, second, stands=stands), index) for index in range(STOPS)]
    ahead = [row for row in rows if row is not None]
    assert [row.model_s for row in ahead] == sorted(row.model_s for row in ahead)
    assert [row.median_s for row in ahead] == sorted(row.median_s for row in ahead)
    assert [row.spread_s for row in ahead] == sorted(row.spread_s for row in ahead)
    assert all(row.model_s >= 0.0 for row in ahead)
    assert len(ahead) == sum(GAP_M * i >= along_m for i in range(STOPS))


def test_links_of_less_than_two_minutes_share_what_rounding_took() -> None:
    rounded = planned([(500.0 * i, s, s) for i, s in enumerate((0, 60, 60, 120, 180, 180, 180 + int(COARSE_S)))])
    line = Line(rounded)
    links_s = planned_links_s(line.trip, line.run().stops_m)
    assert all(20.0 <= link_s <= 60.0 for link_s in links_s[:5])
    assert links_s[5] == COARSE_S
    assert sum(links_s[:5]) == pytest.approx(180, abs=30)


def test_a_bus_near_its_first_stop_waits_there_before_its_departure_only() -> None:
    line = Line()
    beyond_m = FIRST_STOP_M + 40.0
    (waits_s,) = seconds(line.run(), line.place(beyond_m, -100, stands=True), 1)
    (goes_s,) = seconds(line.run(), line.place(beyond_m, 10, stands=True), 1)
    assert waits_s == pytest.approx(100 + LEG_S, abs=1)
    assert goes_s == pytest.approx(LEG_S * 0.8, abs=1)


def test_beyond_its_last_stop_a_bus_is_expected_nowhere() -> None:
    line = Line()
    assert line.run().expected(line.place(GAP_M * STOPS, 400), STOPS - 1) is None
