"""Which way a vehicle runs, by its movement alone: when that is clear, and when it is not."""

from collections.abc import Callable, Sequence

import pytest

from server.core import inference
from server.core.events import Fix
from server.core.inference import Belief, Found, Places, Way
from server.core.model import RouteId, VehicleId
from server.core.network import Network
from server.core.tracking import Track
from tests.server.core.open_streets import EAST, LENGTH_M, WEST, Line, shuttle, streets
from tests.server.core.winding_ways import SQUARE, Point, lat_lon

TEN_EAST, TEN_WEST, TWENTY = Way(RouteId("10"), 0), Way(RouteId("10"), 1), Way(RouteId("20"), 0)
SHUTTLE = streets(*shuttle())


def here(network: Network, x: float, y: float) -> Point:
    """A place of these streets in the network's own frame."""
    return network.frame.to_xy(*lat_lon(x, y))


def place(network: Network, track: Track, x: float, y: float, *, heading_deg: float | None = None) -> None:
    """Put the vehicle there, as taking a fix does."""
    at_ms = 0 if track.fix is None else track.fix.at_ms + 15_000
    track.fix = Fix(track.vehicle_id, at_ms, at_ms, *lat_lon(x, y), heading_deg=heading_deg)
    track.x, track.y = here(network, x, y)


def watched(network: Network, points: Sequence[Point], *, home: str | None = None, turning: bool = False) -> Belief:
    """What is believed of a vehicle seen at these places."""
    track = Track(VehicleId("bus"), seen_ms=0)
    place(network, track, *points[0])
    route = None if home is None else RouteId(home)
    belief = inference.begin(track, network, home=route, turning=turning, at=here(network, *points[0]))
    for x, y in points[1:]:
        place(network, track, x, y)
        assert inference.observe(belief, track, network)
    return belief


def eastward(from_m: float, to_m: float, y: float = 0.0, step_m: float = 100.0) -> list[Point]:
    count = round(abs(to_m - from_m) / step_m)
    return [(from_m + (to_m - from_m) * k / count, y) for k in range(count + 1)]


def whenever(_places: Places) -> float:
    """A timetable that fits everything."""
    return 0.0


def way(belief: Belief, network: Network, untimely: Callable[[Places], float] = whenever) -> Way | None:
    found = inference.found(belief, network, untimely)
    return None if found is None else found.way


@pytest.mark.parametrize(("from_m", "to_m", "expected"), [(500, 900, TEN_EAST), (900, 500, TEN_WEST)])
def test_both_directions_share_a_street_and_movement_tells_which(from_m: float, to_m: float, expected: Way) -> None:
    assert way(watched(SHUTTLE, eastward(from_m, to_m, y=8.0)), SHUTTLE) == expected


def test_two_fixes_and_a_short_way_say_nothing_yet() -> None:
    assert way(watched(SHUTTLE, eastward(500, 700)), SHUTTLE) is None
    assert way(watched(SHUTTLE, eastward(500, 740, step_m=40.0)), SHUTTLE) is None


def test_standing_still_says_nothing() -> None:
    track = Track(VehicleId("bus"), seen_ms=0)
    place(SHUTTLE, track, 500.0, 0.0)
    belief = inference.begin(track, SHUTTLE, at=here(SHUTTLE, 500.0, 0.0))
    place(SHUTTLE, track, 515.0, 8.0)
    assert not inference.observe(belief, track, SHUTTLE)
    assert belief.moves == 0


def test_far_from_every_path_it_is_astray() -> None:
    belief = watched(SHUTTLE, eastward(500, 700, y=800.0))
    assert not belief.astray
    belief = watched(SHUTTLE, eastward(500, 900, y=800.0))
    assert belief.astray
    assert way(belief, SHUTTLE) is None
    assert inference.compare(belief, SHUTTLE, 0) == (float("inf"), float("inf"), 0.0)


def test_a_parallel_street_is_not_the_line() -> None:
    assert way(watched(SHUTTLE, eastward(500, 1_500, y=90.0)), SHUTTLE) is None


def test_two_lines_on_one_street_are_told_apart_only_by_what_it_served_before() -> None:
    same = streets(*shuttle(), Line("20", 0, EAST))
    moved = eastward(500, 1_200)
    assert way(watched(same, moved), same) is None
    assert way(watched(same, moved, home="20"), same) == TWENTY
    assert way(watched(same, moved, home="30"), same) is None


def test_two_lines_on_one_street_are_told_apart_by_the_timetable() -> None:
    same = streets(*shuttle(), Line("20", 0, EAST))
    belief = watched(same, eastward(500, 1_200))

    def late(ten: float, twenty: float) -> Callable[[Places], float]:
        return lambda places: twenty if same.pattern(places[0][0]).route_id == "20" else ten

    assert way(belief, same, late(ten=36.0, twenty=1.0)) == TWENTY
    assert way(belief, same, late(ten=0.5, twenty=36.0)) == TEN_EAST
    assert way(belief, same, late(ten=6.0, twenty=1.0)) is None
    assert way(belief, same, late(ten=36.0, twenty=36.0)) is None


def test_the_two_directions_of_a_line_only_movement_tells_apart() -> None:
    loops = streets(Line("10", 0, EAST), Line("10", 1, EAST))
    belief = watched(loops, eastward(500, 1_200))
    assert way(belief, loops, lambda places: 36.0 * loops.pattern(places[0][0]).index) is None


def test_among_more_paths_than_can_be_looked_at_nothing_is_believed() -> None:
    many = range(inference.MAX_HYPOTHESES + 4)
    crowd = streets(*(Line(f"{n}", 0, [(0, n / 10), (2_000, n / 10)], trips=1) for n in many))
    belief = watched(crowd, eastward(500, 1_200))
    assert len(belief.hypotheses) == inference.MAX_HYPOTHESES
    assert way(belief, crowd) is None
    shown = belief.hypotheses[0].path_index
    assert (
        way(belief, crowd, lambda places: 0.0 if crowd.path(shown) is crowd.pattern(places[0][0]).path else 36.0)
        is None
    )


def test_lines_that_part_are_told_apart_where_they_do() -> None:
    branch = streets(*shuttle(), Line("20", 0, [(0, 0), (2_000, 0), (2_000, 2_000)]))
    trunk = eastward(1_000, 2_000)
    assert way(watched(branch, trunk), branch) is None
    assert way(watched(branch, trunk, home="20"), branch) == TWENTY
    assert way(watched(branch, trunk, home="10"), branch) == TEN_EAST
    assert way(watched(branch, eastward(2_000, 3_000), home="20"), branch) == TEN_EAST
    assert way(watched(branch, [*trunk, (2_000.0, 120.0), (2_000.0, 240.0), (2_000.0, 360.0)]), branch) == TWENTY


def test_after_a_run_that_ended_here_the_one_that_begins_is_believed_sooner() -> None:
    moved = eastward(LENGTH_M, LENGTH_M - 210, step_m=70.0)
    assert way(watched(SHUTTLE, moved), SHUTTLE) is None
    assert way(watched(SHUTTLE, moved, turning=True), SHUTTLE) == TEN_WEST
    elsewhere = eastward(2_000, 1_790, step_m=70.0)
    assert way(watched(SHUTTLE, elsewhere, turning=True), SHUTTLE) is None


def test_a_bus_that_turns_in_the_street_is_looked_at_afresh() -> None:
    moved = [*eastward(500, 1_300), *eastward(1_200, 600)]
    assert way(watched(SHUTTLE, moved), SHUTTLE) == TEN_WEST


def test_a_bus_that_comes_out_of_a_side_street_is_recognised() -> None:
    moved = [(1_000.0, 600.0), (1_000.0, 300.0), (1_000.0, 0.0), *eastward(1_100, 1_600)]
    assert way(watched(SHUTTLE, moved), SHUTTLE) == TEN_EAST


def test_a_reported_heading_speaks_for_one_direction_at_once() -> None:
    track = Track(VehicleId("bus"), seen_ms=0, speed_mps=10.0)
    place(SHUTTLE, track, 500.0, 0.0)
    belief = inference.begin(track, SHUTTLE, at=here(SHUTTLE, 500.0, 0.0))
    place(SHUTTLE, track, 600.0, 0.0, heading_deg=90.0)
    inference.observe(belief, track, SHUTTLE)
    with_heading = _gap(belief)
    assert with_heading > _gap(watched(SHUTTLE, [(500.0, 0.0), (600.0, 0.0)]))
    track.speed_mps = 0.5
    place(SHUTTLE, track, 700.0, 0.0, heading_deg=270.0)
    inference.observe(belief, track, SHUTTLE)
    assert min(belief.hypotheses, key=lambda h: h.cost).along_m == pytest.approx(700.0)


def _gap(belief: Belief) -> float:
    costs = sorted(h.cost for h in belief.hypotheses)
    return costs[1] - costs[0]


def test_each_pass_of_a_loop_is_a_hypothesis() -> None:
    loop = streets(Line("10", 0, SQUARE))
    belief = watched(loop, [(0.0, 0.0)])
    assert sorted(round(h.along_m) for h in belief.hypotheses) == [0, 2_400]
    assert way(watched(loop, eastward(0, 500)), loop) == TEN_EAST


def test_a_line_without_directions_has_one_way_for_each_pattern() -> None:
    lines = streets(Line("10", None, EAST), Line("10", None, WEST))
    found = inference.found(watched(lines, eastward(500, 1_000)), lines, whenever)
    assert found is not None
    assert found.way.route_id == "10"
    assert [lines.pattern(index).path.heading_deg(0.0) for index, _ in found.places] == [pytest.approx(90.0, abs=0.1)]


def test_patterns_of_one_way_stay_possible_together() -> None:
    lines = streets(*shuttle(), Line("10", 0, [(0, 0), (2_000, 0)], name="half"))
    found = inference.found(watched(lines, eastward(500, 1_000)), lines, whenever)
    assert found is not None
    assert len(found.places) == 2
    assert all(along_m == pytest.approx(1_000.0, abs=1.0) for _, along_m in found.places)


# -- at a terminal ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "at", "expected"),
    [
        (shuttle(), (0.0, 60.0), TEN_EAST),
        (shuttle(), (LENGTH_M, -60.0), TEN_WEST),
        (shuttle(), (2_000.0, 0.0), None),
        (shuttle(), (0.0, 900.0), None),
        ((*shuttle(), Line("20", 0, EAST)), (0.0, 0.0), None),
        ((*shuttle(), Line("20", 0, [(-900, 0), (LENGTH_M, 0)])), (0.0, 0.0), None),
        ((*shuttle(), Line("10", 0, [(-900, 0), (LENGTH_M, 0)], name="long")), (0.0, 0.0), TEN_EAST),
    ],
)
def test_a_terminal_is_where_one_way_begins(lines: Sequence[Line], at: Point, expected: Way | None) -> None:
    network = streets(*lines)
    found = inference.begins_here(network, *here(network, *at))
    assert (None if found is None else found.way) == expected
    assert found is None or isinstance(found, Found)
