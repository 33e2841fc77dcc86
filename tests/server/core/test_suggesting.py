"""What a driver is asked when he gets in: which run is this? Nothing where he said it; never a run that another bus makes."""

from server.core.model import Phase, Source, VehicleId
from server.core.network import Headway
from server.core.suggesting import FRESH_S, SUGGESTED, Suggestions
from tests.server.core.engine_world import START_S
from tests.server.core.open_streets import EAST, WEST, Line, Stray, at, shuttle, shuttle_world, streets


def asked(bus: Stray) -> Suggestions:
    return bus.world.engine.suggestions(bus.vehicle_id, bus.world.now_ms)


def trips(bus: Stray) -> list[str]:
    return [str(run.key.trip_id) for run in asked(bus).runs]


def test_a_bus_that_waits_at_a_terminal_is_asked_for_the_departure_that_is_due() -> None:
    bus = Stray(shuttle_world(-120), x=60.0)
    bus.report()
    assert trips(bus)[0] == "10-0-0"
    first = asked(bus).runs[0]
    assert first.departs_ms == bus.world.now_ms + 120_000
    assert first.trip.route_id == "10"
    assert not asked(bus).mismatch


def test_at_most_three_runs_are_offered_and_each_duty_once() -> None:
    bus = Stray(at(streets(*shuttle(blocks=False, headway_s=120)), 300), x=0.0)
    bus.report()
    assert len(trips(bus)) == SUGGESTED == len(set(trips(bus)))


def test_of_lines_that_begin_at_one_terminal_the_one_that_leaves_next_comes_first() -> None:
    network = streets(Line("10", 0, EAST), Line("20", 0, [(0, 0), (0, 4_000)], first_s=START_S + 240))
    bus = Stray(at(network, 230), x=10.0)
    bus.report()
    assert trips(bus)[0] == "20-0-0"


def test_on_the_way_the_direction_that_it_moves_in_comes_first() -> None:
    bus = Stray(shuttle_world(30), x=300.0)
    bus.report()
    bus.drive((500.0, 0.0))
    assert bus.assignment is None
    assert trips(bus)[0] == "10-0-0"


def test_what_is_believed_is_asked_about_first() -> None:
    bus = Stray(shuttle_world(60), x=300.0)
    bus.report()
    bus.drive((900.0, 0.0))
    assert bus.assignment is not None
    assert bus.assignment.source is Source.INFERRED
    assert trips(bus)[0] == bus.trip_id() == "10-0-0"


def test_a_run_that_another_bus_makes_is_not_offered() -> None:
    world = shuttle_world(-120)
    other = Stray(world, x=0.0, name="other")
    other.sign_on_block("A")
    other.report()
    bus = Stray(world, x=60.0)
    bus.report()
    assert trips(bus)
    assert "10-0-0" not in trips(bus)


def test_a_trip_run_again_and_again_is_everybodys() -> None:
    windows = (Headway(START_S, START_S + 4_000, 600, exact=False),)
    world = at(streets(Line("10", 0, EAST, trips=1, headways=windows)), 60)
    other = Stray(world, x=0.0, name="other")
    other.sign_on("10-0-0")
    other.report()
    bus = Stray(world, x=20.0)
    bus.report()
    assert trips(bus) == ["10-0-0"]
    assert asked(bus).runs[0].departs_ms is None


def test_nothing_is_asked_of_a_bus_that_drives_what_its_driver_said() -> None:
    bus = Stray(shuttle_world(60), x=300.0)
    bus.report()
    bus.sign_on("10-0-0")
    assert asked(bus) == Suggestions()


def test_a_bus_on_another_way_than_said_is_asked_about_that_one() -> None:
    bus = Stray(shuttle_world(660), x=3_400.0)
    bus.sign_on("10-0-1")
    bus.report()
    bus.drive((2_300.0, 0.0))
    assert asked(bus).mismatch
    assert trips(bus)[0] == "10-1-0"


def test_a_contradicted_sign_on_is_not_offered_again() -> None:
    bus = Stray(at(streets(Line("10", 0, EAST), Line("20", 0, WEST)), 660), x=3_700.0)
    bus.sign_on("10-0-1")
    bus.report()
    position = bus.position()
    while not position.mismatch:
        bus.drive((bus.x - 150.0, 0.0))
        position = bus.position()
    assert "10-0-1" not in trips(bus)
    assert trips(bus)[0].startswith("20-0-")


def test_nothing_is_asked_without_a_place_or_with_an_old_one_or_far_from_every_line() -> None:
    bus = Stray(shuttle_world(0), x=0.0)
    assert asked(bus) == Suggestions()
    bus.sign_off()
    assert asked(bus) == Suggestions()
    bus.report()
    assert trips(bus)
    bus.world.wait(FRESH_S + 1)
    assert asked(bus) == Suggestions()
    astray = Stray(bus.world, x=30_000.0, y=30_000.0, name="astray")
    astray.report()
    assert trips(astray) == []
    assert astray.position().phase is Phase.UNKNOWN


def test_a_signed_off_bus_at_its_last_stop_is_asked_for_what_begins_there() -> None:
    bus = Stray(shuttle_world(0), x=0.0)
    bus.report()
    bus.sign_on("10-0-0")
    bus.drive((4_000.0, 0.0))
    bus.sign_off()
    bus.world.wait(60)
    bus.report()
    assert bus.world.engine.assignment(VehicleId("stray")) is not None
    assert trips(bus)[0] == "10-1-0"
