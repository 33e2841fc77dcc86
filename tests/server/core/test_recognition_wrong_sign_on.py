"""Buses that are signed on to what they do not run: when it is seen, what is done, and who is told."""

import msgspec

from server.core.events import Tick
from server.core.model import (
    Assignment,
    Phase,
    Source,
    TripId,
    TripKey,
)
from server.core.upkeep import FORGET_TRACK_S
from tests.server.core.engine_world import DAY, World
from tests.server.core.open_streets import (
    NORTH_SOUTH,
    Line,
    Stray,
    at,
    shuttle,
    shuttle_world,
    streets,
)


def wrong_way(seconds: float = 660) -> Stray:
    """A bus signed on eastbound that drives west."""
    bus = Stray(shuttle_world(seconds), x=3_400.0)
    bus.sign_on("10-0-1")
    bus.report()
    bus.drive((2_300.0, 0.0))
    return bus


def test_a_bus_that_drives_the_other_way_is_followed_and_reported() -> None:
    bus = wrong_way()
    assert bus.position().mismatch
    assert bus.trip_id() == "10-1-0"
    assert bus.assignment is not None
    assert bus.assignment.said is not None
    assert bus.assignment.said.trip == TripKey(TripId("10-0-1"), DAY)
    assert bus.assignment.said.source is Source.TERMINAL
    rows = {row.vehicle_id: row for row in bus.world.engine.vehicles(bus.world.now_ms)}
    assert rows[bus.vehicle_id].mismatch


def test_what_the_driver_had_said_is_next_when_the_inferred_run_is_over() -> None:
    bus = wrong_way()
    bus.drive((0.0, 0.0))
    bus.stand(15)
    assert bus.trip_id() == "10-0-1"
    assert not bus.position().mismatch
    assert bus.assignment is not None
    assert bus.assignment.source is Source.TERMINAL


def test_what_the_driver_had_said_is_right_again_once_it_agrees_with_the_movement() -> None:
    bus = wrong_way()
    bus.drive((3_900.0, 0.0))
    assert bus.trip_id() == "10-0-1"
    assert not bus.position().mismatch


def test_what_a_driver_had_said_outlives_a_restart() -> None:
    bus = wrong_way()
    kept = [msgspec.msgpack.encode(fact) for fact in bus.world.facts() if isinstance(fact, Assignment)]
    again = World(network=bus.world.network, now_ms=bus.world.now_ms)
    again.engine.restore([msgspec.msgpack.decode(fact, type=Assignment) for fact in kept], now_ms=again.now_ms)
    bus.world = again
    bus.stand(15)
    assert bus.position().mismatch
    assert bus.trip_id() == "10-1-0"
    bus.drive((0.0, 0.0))
    bus.stand(15)
    assert bus.trip_id() == "10-0-1"


def test_a_new_sign_on_wins_at_once() -> None:
    bus = wrong_way()
    bus.sign_on("10-1-1")
    bus.stand(15)
    assert bus.trip_id() == "10-1-1"
    assert not bus.position().mismatch


def test_until_shortly_before_its_departure_a_bus_may_drive_about() -> None:
    bus = Stray(shuttle_world(0), x=1_000.0)
    bus.sign_on("10-0-2")
    bus.report()
    bus.drive((600.0, 0.0), says={"heading_deg": 270.0})
    assert not bus.position().mismatch


def from_its_bay(begins_s: float) -> Stray:
    """A bus that waits for 10-0-0 in a bay 600 m along its path, and drives back to its first stop from then on."""
    bus = Stray(shuttle_world(-600))
    bus.sign_on("10-0-0")
    bus.report()
    bus.drive((600.0, 0.0))
    bus.stand(round(540 + begins_s))
    bus.drive((300.0, 0.0), (75.0, 0.0), says={"heading_deg": 270.0})
    return bus


def test_a_bus_that_drives_about_its_terminal_before_its_departure_contradicts_nothing() -> None:
    bus = from_its_bay(-150)
    assert not bus.position().mismatch
    assert bus.trip_id() == "10-0-0"


def test_a_bus_that_is_not_at_its_first_stop_when_it_ought_to_leave_is_missed_until_it_comes() -> None:
    bus = from_its_bay(0)
    assert bus.position().mismatch
    assert bus.trip_id() == "10-0-0"
    bus.drive((0.0, 0.0))
    assert not bus.position().mismatch
    bus.drive((1_500.0, 0.0))
    assert bus.trip_id() == "10-0-0"
    assert not bus.position().mismatch


def test_a_bus_that_drives_about_its_terminal_long_after_its_departure_makes_another_run() -> None:
    bus = from_its_bay(660)
    assert bus.position().mismatch
    assert bus.trip_id() == "10-1-0"


def test_a_contradiction_is_reported_before_another_run_is_found() -> None:
    """One long move backwards, that its heading confirms."""
    bus = Stray(shuttle_world(60), x=600.0)
    bus.sign_on("10-0-0")
    bus.report()
    bus.drive((300.0, 0.0), says={"heading_deg": 270.0})
    assert bus.position().mismatch
    assert bus.trip_id() == "10-0-0"
    bus.drive((1_500.0, 0.0), says={"heading_deg": 90.0})
    assert not bus.position().mismatch


def test_an_unexplained_stretch_that_its_own_path_explains_after_all_is_forgotten() -> None:
    bus = Stray(shuttle_world(60), x=300.0)
    bus.sign_on("10-0-0")
    bus.report()
    bus.drive((500.0, 240.0), (900.0, 240.0), (1_000.0, 0.0), (2_500.0, 0.0))
    assert bus.trip_id() == "10-0-0"
    assert not bus.position().mismatch


def test_a_bus_signed_on_to_a_line_elsewhere_is_followed_where_it_is() -> None:
    other = Line("20", 0, NORTH_SOUTH)
    world = at(streets(*shuttle(), other), 60)
    bus = Stray(world, x=500.0)
    bus.sign_on("20-0-0")
    bus.report()
    bus.drive((1_500.0, 0.0))
    assert bus.trip_id() == "10-0-0"
    assert bus.position().mismatch


def test_a_bus_that_was_signed_off_is_left_alone() -> None:
    bus = Stray(shuttle_world(60), x=300.0)
    bus.sign_on("10-0-0")
    bus.report()
    bus.sign_off()
    bus.drive((1_500.0, 0.0))
    assert bus.trip_id() is None
    assert bus.position().phase is Phase.UNKNOWN


def test_a_feed_that_goes_on_saying_the_wrong_run_changes_nothing() -> None:
    bus = Stray(shuttle_world(660), x=3_400.0, source=Source.FEED)
    says = {"trip": TripKey(TripId("10-0-1"), DAY)}
    bus.report(**says)
    bus.drive((2_000.0, 0.0), says=says)
    assert bus.trip_id() == "10-1-0"
    assert bus.position().mismatch
    bus.report(trip=TripKey(TripId("10-1-1"), DAY))


def test_what_a_feed_says_wins_over_what_was_inferred() -> None:
    bus = Stray(shuttle_world(60), x=300.0, source=Source.FEED)
    bus.report()
    bus.drive((1_200.0, 0.0))
    assert bus.trip_id() == "10-0-0"
    bus.world.wait(15)
    bus.report(trip=TripKey(TripId("10-0-0"), DAY))
    assert bus.assignment is not None
    assert bus.assignment.source is Source.FEED


def test_a_silent_bus_is_forgotten_whole() -> None:
    bus = Stray(shuttle_world(60), x=300.0)
    bus.report()
    bus.drive((1_200.0, 0.0))
    bus.world.now_ms += round((FORGET_TRACK_S + 60) * 1000)
    bus.world.do(Tick())
    assert bus.assignment is None
    other = Stray(bus.world, x=300.0, name="other")
    other.report()
    other.drive((1_200.0, 0.0))
    assert other.trip_id() is not None
