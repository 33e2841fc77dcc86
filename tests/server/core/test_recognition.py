"""Buses that nobody signed on: what the engine believes of them, and what it does then."""

import pytest

from server.core.effects import StopVisited
from server.core.events import Presence, Tick
from server.core.model import (
    Assignment,
    Bell,
    BellState,
    Phase,
    RouteId,
    Source,
    StopId,
    TripId,
    TripKey,
    VehicleId,
)
from server.core.network import Headway
from server.core.upkeep import FORGET_TRACK_S
from tests.server.core.engine_world import DAY, START_S, World
from tests.server.core.open_streets import (
    EAST,
    FAR_END,
    LENGTH_M,
    MIDDLE,
    NORTH_SOUTH,
    WEST,
    Line,
    Stray,
    at,
    shuttle,
    shuttle_world,
    streets,
)
from tests.server.core.winding_ways import lat_lon

# -- without a sign-on ------------------------------------------------------------


def test_nothing_is_believed_of_a_bus_that_has_not_moved_enough() -> None:
    bus = Stray(shuttle_world(30), x=300.0)
    bus.report()
    bus.drive((500.0, 0.0))
    assert bus.position().trip is None
    assert bus.position().phase is Phase.UNKNOWN
    assert bus.assignment is None


@pytest.mark.parametrize("heading", [False, True])
@pytest.mark.parametrize(("from_m", "to_m", "trip_id"), [(300.0, 900.0, "10-0-0"), (2_900.0, 2_100.0, "10-1-0")])
def test_a_bus_is_recognised_by_the_way_it_moves_and_the_clock(
    from_m: float, to_m: float, trip_id: str, heading: bool
) -> None:
    bus = Stray(shuttle_world(60 if to_m > from_m else 720), x=from_m)
    bus.report()
    says = {"heading_deg": 90.0 if to_m > from_m else 270.0, "speed_mps": 10.0} if heading else {}
    bus.drive((to_m, 0.0), says=says)
    assert bus.trip_id() == trip_id
    assert bus.position().phase is Phase.IN_SERVICE
    assert bus.position().progress_m == pytest.approx(abs(to_m - (0.0 if to_m > from_m else LENGTH_M)), abs=2.0)
    assert bus.assignment is not None
    assert bus.assignment.source is Source.INFERRED
    assert not bus.position().mismatch


def test_it_visits_stops_like_any_other_bus() -> None:
    bus = Stray(shuttle_world(0), period_s=5)
    bus.report()
    bus.drive((3_300.0, 0.0))
    visited = [e.visit.stop_id for e in bus.world.effects if isinstance(e, StopVisited)]
    assert visited == ["500,0", "1000,0", "1500,0", "2000,0", "2500,0", "3000,0"]


def test_at_the_end_of_its_run_the_next_of_its_block_begins() -> None:
    bus = Stray(shuttle_world(0))
    bus.report()
    bus.drive(FAR_END)
    bus.stand(30)
    assert bus.trip_id() == "10-1-0"
    assert bus.position().phase is Phase.LAYOVER
    bus.stand(150)
    bus.drive(MIDDLE)
    assert bus.trip_id() == "10-1-0"
    assert bus.position().direction_id == 1
    assert bus.position().phase is Phase.IN_SERVICE


@pytest.mark.parametrize(("short_m", "stands_s", "ended"), [(70.0, 30, False), (70.0, 120, True), (200.0, 90, False)])
def test_a_bus_that_queues_before_its_last_stop_has_arrived(short_m: float, stands_s: int, ended: bool) -> None:
    bus = Stray(shuttle_world(-240))
    bus.report()
    bus.drive((LENGTH_M - short_m, 0.0))
    bus.stand(stands_s)
    assert (bus.trip_id() == "10-1-0") is ended


def test_a_bus_that_stands_about_its_terminal_when_its_next_run_is_due_has_ended_the_one_before() -> None:
    bus = Stray(shuttle_world(0))
    bus.report()
    bus.drive((LENGTH_M - 200.0, 0.0))
    bus.stand(60)
    assert bus.trip_id() == "10-1-0"


def test_without_a_block_it_rests_at_the_end_until_it_turns_round() -> None:
    bus = Stray(shuttle_world(0, blocks=False))
    bus.report()
    bus.drive(FAR_END)
    bus.stand(60)
    assert bus.position().phase is Phase.LAYOVER
    assert bus.trip_id() is None
    bus.stand(30)
    bus.world.wait(60)
    bus.drive((LENGTH_M - 320.0, 0.0))
    assert bus.trip_id() == "10-1-0"


def test_a_bus_that_drives_away_after_its_last_run_is_deadheading() -> None:
    bus = Stray(shuttle_world(0, blocks=False))
    bus.report()
    bus.drive(FAR_END)
    bus.stand(30)
    bus.drive((LENGTH_M + 140.0, 140.0))
    assert bus.position().phase is Phase.LAYOVER
    bus.drive((LENGTH_M + 300.0, 300.0))
    assert bus.position().phase is not Phase.LAYOVER
    bus.drive((LENGTH_M + 1_000.0, 300.0))
    assert bus.position().phase is Phase.DEADHEAD


def test_a_bus_far_from_every_line_is_deadheading_and_then_recognised_when_it_begins() -> None:
    bus = Stray(shuttle_world(-120), x=-900.0, y=900.0)
    bus.report()
    bus.drive((-300.0, 900.0))
    assert bus.position().phase is Phase.DEADHEAD
    bus.drive((0.0, 0.0), (900.0, 0.0))
    assert bus.trip_id() == "10-0-0"


def test_a_recognised_bus_that_leaves_its_street_is_let_go() -> None:
    bus = Stray(shuttle_world(60), x=500.0)
    bus.report()
    bus.drive(MIDDLE)
    assert bus.trip_id() == "10-0-0"
    bus.drive((2_000.0, 1_900.0))
    assert bus.trip_id() is None
    assert bus.position().phase is Phase.DEADHEAD
    bus.drive((2_000.0, 0.0), (2_900.0, 0.0))
    assert bus.trip_id() == "10-0-0"


def test_a_recognised_bus_keeps_its_run_on_a_detour() -> None:
    bus = Stray(shuttle_world(60), x=500.0)
    bus.report()
    bus.drive((1_500.0, 0.0), (1_500.0, 450.0), (2_000.0, 450.0))
    assert bus.trip_id() == "10-0-0"
    assert bus.position().phase is Phase.OFF_ROUTE
    bus.drive((2_000.0, 0.0), (2_900.0, 0.0))
    assert bus.trip_id() == "10-0-0"
    assert bus.position().phase is Phase.IN_SERVICE


def test_a_bus_that_waits_at_a_terminal_waits_for_the_run_that_begins_there() -> None:
    bus = Stray(shuttle_world(-240), y=40.0)
    bus.report()
    bus.stand(150)
    assert bus.trip_id() is None
    bus.stand(60)
    assert bus.trip_id() == "10-0-0"
    assert bus.position().phase is Phase.LAYOVER


@pytest.mark.parametrize("place", [MIDDLE, (0.0, 2_000.0)])
def test_a_bus_that_stands_anywhere_else_waits_for_nothing(place: tuple[float, float]) -> None:
    bus = Stray(shuttle_world(-240), *place)
    bus.report()
    bus.stand(400)
    assert bus.trip_id() is None
    assert bus.position().phase is Phase.UNKNOWN


def test_a_bus_without_a_run_in_the_timetable_stays_unknown() -> None:
    bus = Stray(shuttle_world(5 * 3_600), x=500.0)
    bus.report()
    bus.drive((1_500.0, 0.0))
    assert bus.trip_id() is None
    assert bus.position().phase is Phase.UNKNOWN


# -- which run --------------------------------------------------------------------


def test_two_buses_are_never_given_the_same_run() -> None:
    world = shuttle_world(60)
    first, second = Stray(world, x=100.0, name="first"), Stray(world, x=0.0, name="second", y=3.0)
    for bus in (first, second):
        bus.report()
    for x in range(150, 1_200, 150):
        for bus in (first, second):
            bus.x = float(x) if bus is first else x - 100.0
            bus.report()
        world.wait(15)
    trips = {first.trip_id(), second.trip_id()}
    assert len(trips) == 2
    assert trips <= {"10-0-0", "10-0-1"}


def test_a_run_that_somebody_has_signed_on_to_is_not_inferred() -> None:
    world = shuttle_world(60)
    driver = Stray(world, name="driver", x=200.0)
    driver.sign_on("10-0-0")
    driver.report()
    bus = Stray(world, x=150.0)
    bus.report()
    bus.drive((1_200.0, 0.0))
    assert bus.trip_id() == "10-0-1"


def test_a_departure_tells_which_block_it_has_been_on_all_the_time() -> None:
    """Seven minutes late of a ten minutes' headway it looks early; but then it would leave the terminal early."""
    bus = Stray(shuttle_world(420))
    bus.report()
    bus.drive(FAR_END)
    bus.stand(60)
    assert bus.assignment is not None
    assert bus.assignment.block_id == "B"
    bus.drive((2_500.0, 0.0))
    assert bus.assignment.block_id == "A"
    assert bus.trip_id() == "10-1-0"


def test_a_departure_tells_that_another_run_was_meant() -> None:
    """Waiting, it may be for the next run; when it leaves only after the one after that was due, it was for that."""
    bus = Stray(shuttle_world(-200))
    bus.report()
    bus.stand(210)
    assert bus.trip_id() == "10-0-0"
    bus.stand(600)
    bus.drive((1_500.0, 0.0))
    assert bus.trip_id() == "10-0-1"


def test_riders_keep_a_bus_that_turns_out_to_be_on_another_run() -> None:
    bus = Stray(shuttle_world(-200))
    bus.report()
    bus.stand(210)
    x, world = 3_000.0, bus.world
    world.ring(at_stop=StopId(f"{x:.0f},0"), presence=Presence(*lat_lon(x, 0.0), 8.0))
    bus.stand(600)
    bus.drive((900.0, 0.0))
    waited = len(world.states())
    assert (bus.trip_id(), world.states()[-1]) == ("10-0-2", (BellState.ASSIGNED, "stray"))
    bus.drive((1_500.0, 0.0))
    assert bus.trip_id() == "10-0-1"
    assert world.states()[waited:] == [(BellState.ASSIGNED, "stray")]
    [bell] = [fact for fact in world.facts() if isinstance(fact, Bell)]
    assert bell.trip == TripKey(TripId("10-0-1"), DAY)
    bus.drive((2_990.0, 0.0))
    assert {alert.trip.trip_id for alert in world.alerts("stray")} == {"10-0-1"}


def test_trips_run_by_headway_belong_to_every_bus_of_the_line() -> None:
    always = (Headway(START_S, START_S + 7_200, 300, exact=False),)
    east = Line("10", 0, EAST, trips=1, headways=always)
    world = at(streets(east, Line("10", 1, WEST, trips=1, headways=always)), 3_600)
    buses = [Stray(world, x=300.0 * n, name=f"bus-{n}") for n in range(2)]
    for bus in buses:
        bus.report()
        bus.drive((1_800.0, 0.0))
    assert [bus.trip_id() for bus in buses] == ["10-0-0", "10-0-0"]


@pytest.mark.parametrize(("late_s", "name"), [(0, "half"), (-300, "10")])
def test_of_two_patterns_of_a_way_the_timetable_chooses(late_s: int, name: str) -> None:
    """A short turn between two full runs: up to where it ends, only the clock tells them apart."""
    half = Line("10", 0, [(0, 0), MIDDLE], first_s=START_S + 300, trips=3, name="half")
    bus = Stray(at(streets(*shuttle(blocks=False), half), 300 + late_s))
    bus.report()
    bus.drive((1_400.0, 0.0))
    assert bus.trip_id() == f"{name}-0-0"


@pytest.mark.parametrize(("starts_s", "found"), [(4 * 3_600, "10-0-0"), (-3 * 3_600, "10-0-0"), (0, None)])
def test_of_two_lines_on_one_street_the_timetable_chooses_if_it_can(starts_s: int, found: str | None) -> None:
    """Line 20 uses the same street in the afternoon, in the early morning, or at the same time."""
    other = Line("20", 0, EAST, first_s=START_S + starts_s, trips=2)
    bus = Stray(at(streets(*shuttle(), other), 30))
    bus.report()
    bus.drive((1_400.0, 0.0))
    assert bus.trip_id() == found


def test_a_bus_that_goes_on_where_the_short_turn_ends_was_on_the_full_run() -> None:
    half = Line("10", 0, [(0, 0), MIDDLE], first_s=START_S + 300, trips=3, name="half")
    bus = Stray(at(streets(*shuttle(blocks=False), half), 300))
    bus.report()
    bus.drive((3_600.0, 0.0))
    assert bus.trip_id() in {"10-0-0", "10-0-1"}


def test_a_run_that_was_long_ago_is_given_up() -> None:
    world = shuttle_world(5 * 3_600)
    key = TripKey(TripId("10-0-0"), DAY)
    old = Assignment(VehicleId("stray"), world.now_ms, key, RouteId("10"), 0, source=Source.INFERRED)
    world.engine.restore([old], now_ms=world.now_ms)
    bus = Stray(world, x=500.0)
    bus.report()
    bus.drive((1_500.0, 0.0))
    assert bus.trip_id() is None


def test_an_inferred_run_outlives_a_restart() -> None:
    bus = Stray(shuttle_world(60), x=300.0)
    bus.report()
    bus.drive((1_500.0, 0.0))
    again = World(network=bus.world.network, now_ms=bus.world.now_ms)
    again.engine.restore(bus.world.facts(), now_ms=again.now_ms)
    bus.world = again
    bus.report()
    assert bus.trip_id() == "10-0-0"


# -- several vehicles, several ways --------------------------------------------------


def test_a_bus_that_turns_onto_a_third_way_is_followed_again() -> None:
    world = at(streets(*shuttle(), Line("20", 0, NORTH_SOUTH)), 660)
    bus = Stray(world, x=3_400.0)
    bus.sign_on("10-0-1")
    bus.report()
    bus.drive((2_300.0, 0.0))
    assert bus.trip_id() == "10-1-0"
    bus.drive((2_000.0, 0.0), (2_000.0, 1_500.0))
    assert bus.trip_id() is not None
    assert bus.position().route_id == "20"
    assert bus.position().mismatch


def test_a_bus_aside_keeps_its_run_while_others_are_given_theirs() -> None:
    world = shuttle_world(60)
    aside = Stray(world, x=600.0, name="aside")
    aside.report()
    aside.drive((1_500.0, 0.0), (1_500.0, 120.0), (1_500.0, 230.0))
    aside.stand(30)
    assert aside.position().phase is Phase.OFF_ROUTE
    other = Stray(world, x=100.0, name="other")
    other.report()
    other.drive((1_500.0, 0.0))
    assert (aside.trip_id(), other.trip_id()) == ("10-0-0", "10-0-1")


def test_a_bus_may_be_found_to_be_on_another_pattern_of_its_way() -> None:
    """The short turn left two minutes before; its own bus comes behind it, and the first goes on to the end."""
    half = Line("10", 0, [(0, 0), MIDDLE], first_s=START_S - 120, trips=1, name="half")
    world = at(streets(*shuttle(blocks=False), half), 0)
    first, second = Stray(world, name="first"), Stray(world, name="second")
    for bus in (first, second):
        bus.report()
        bus.drive((900.0, 0.0))
    assert {first.trip_id(), second.trip_id()} == {"half-0-0", "10-0-0"}
    first.drive((3_000.0, 0.0))
    first.world.wait(300)
    first.report()
    first.drive((3_500.0, 0.0))
    assert first.trip_id() == "10-0-0"


def test_an_inferred_run_nowhere_near_is_given_up() -> None:
    world = shuttle_world(120)
    key = TripKey(TripId("10-0-0"), DAY)
    old = Assignment(VehicleId("stray"), world.now_ms, key, RouteId("10"), 0, source=Source.INFERRED)
    world.engine.restore([old], now_ms=world.now_ms)
    bus = Stray(world, x=500.0, y=900.0)
    bus.report()
    assert bus.trip_id() == "10-0-0"
    bus.drive((2_300.0, 900.0))
    assert bus.trip_id() is None
    assert bus.position().phase is Phase.DEADHEAD


def test_a_signed_on_bus_that_never_reported_is_forgotten_too() -> None:
    bus = Stray(shuttle_world(60))
    bus.sign_on("10-0-0")
    bus.world.now_ms += round((FORGET_TRACK_S + 60) * 1000)
    bus.world.do(Tick())
    assert bus.assignment is None
