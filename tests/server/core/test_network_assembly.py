"""The door into a network: what is shared, drawn, placed and interpolated."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from geo.frame import Frame
from server.core.assembly import Assembly, Call, PlannedTrip, build_network
from server.core.drawing import Draughtsman, Shape, Sketch
from server.core.model import RouteId, StopId, TripId
from server.core.network import Network, Route, Stop, Trip

ROUTE = Route(RouteId("R"), "", "1", "", 3)
FRAME = Frame(37.26, 127.0)


def stop(stop_id: str, x: float, y: float = 0.0) -> Stop:
    return Stop(StopId(stop_id), "", stop_id, *FRAME.to_lat_lon(x, y))


def shape(*xy: tuple[float, float]) -> list[tuple[float, float]]:
    return [FRAME.to_lat_lon(x, y) for x, y in xy]


def on_line(*xs: float) -> list[Stop]:
    return [stop(f"s{i}", x) for i, x in enumerate(xs)]


def trip_of(network: Network, trip_id: str = "t") -> Trip:
    trip = network.trip(TripId(trip_id))
    assert trip is not None
    return trip


def one_trip(stops: list[Stop], calls: list[Call], line: list[tuple[float, float]] | None = None) -> Network:
    shapes = {} if line is None else {"S": line}
    planned = PlannedTrip("t", "R", shape_id="S" if shapes else None)
    return build_network(stops=stops, routes=[ROUTE], trips=[(planned, calls)], shapes=shapes)


# -- what is shared -----------------------------------------------------------------------


def test_trips_that_visit_the_same_stops_in_the_same_way_share_a_pattern() -> None:
    def calls(at_s: int, leg_s: int = 60, **kind: int) -> list[Call]:
        return [Call("s0", at_s, **kind), Call("s1", at_s + leg_s)]

    network = build_network(
        stops=on_line(0, 500),
        routes=[ROUTE],
        trips=[
            (PlannedTrip("a", "R", headsign="East"), calls(100)),
            (PlannedTrip("b", "R", headsign="West"), calls(300, leg_s=90)),
            (PlannedTrip("c", "R", headsign="West"), calls(200)),
            (PlannedTrip("other direction", "R", direction_id=1), calls(100)),
            (PlannedTrip("no boarding", "R"), calls(100, pickup_type=1)),
            (PlannedTrip("other numbers", "R"), calls(100, stop_sequence=7)),
        ],
    )
    assert network.pattern_count == 4
    shared = trip_of(network, "a").pattern_index
    assert network.trips_of_pattern(shared) == ["a", "c", "b"]
    assert network.pattern(shared).headsign == "West"
    assert trip_of(network, "a").headsign == "East"
    assert trip_of(network, "b").arrivals_s.tolist() == [300, 390]
    assert len({network.pattern(i).pattern_id for i in range(4)}) == 4


def test_a_pattern_keeps_its_id_when_other_patterns_come() -> None:
    calls = [Call("s0", 0), Call("s1", 60)]
    alone = build_network(stops=on_line(0, 500), routes=[ROUTE], trips=[(PlannedTrip("t", "R"), calls)])
    more = build_network(
        stops=on_line(0, 500),
        routes=[ROUTE],
        trips=[(PlannedTrip("new", "R"), calls[::-1]), (PlannedTrip("t", "R"), calls)],
    )
    ids = {more.pattern(i).pattern_id for i in range(more.pattern_count)}
    assert alone.pattern(0).pattern_id in ids


def test_a_trip_without_any_time_is_not_taken() -> None:
    network = one_trip(on_line(0, 500), [Call("s0"), Call("s1")])
    assert (network.trip_count, network.pattern_count) == (0, 0)


# -- times ---------------------------------------------------------------------------------


def test_missing_times_are_interpolated_by_distance() -> None:
    calls = [Call("s0", 0, 10), Call("s1"), Call("s2", stop_sequence=9), Call("s3", 110, 120), Call("s4")]
    trip = trip_of(one_trip(on_line(0, 250, 750, 1000, 2000), calls))
    assert trip.arrivals_s.tolist() == [0, 35, 85, 110, 120]
    assert trip.departures_s.tolist() == [10, 35, 85, 120, 120]


def test_times_missing_at_the_start_are_those_of_the_first_that_is_known() -> None:
    trip = trip_of(one_trip(on_line(0, 100, 200), [Call("s0"), Call("s1", 600), Call("s2", 660)]))
    assert trip.arrivals_s.tolist() == [600, 600, 660]


def test_one_time_of_a_call_stands_for_both() -> None:
    calls = [Call("s0", departure_s=50), Call("s1", 90, 95)]
    trip = trip_of(one_trip(on_line(0, 100), calls))
    assert (trip.arrivals_s.tolist(), trip.departures_s.tolist()) == ([50, 90], [50, 95])


@given(st.data())
def test_interpolated_times_never_go_back(data: st.DataObject) -> None:
    count = data.draw(st.integers(2, 12))
    xs = data.draw(st.lists(st.integers(0, 5_000), min_size=count, max_size=count).map(sorted))
    given_s = sorted(data.draw(st.lists(st.integers(0, 9_000), min_size=count, max_size=count)))
    known = data.draw(st.lists(st.booleans(), min_size=count, max_size=count).filter(any))
    calls = [Call(f"s{i}", given_s[i] if known[i] else None) for i in range(count)]
    trip = trip_of(one_trip(on_line(*xs), calls))
    assert (np.diff(trip.arrivals_s) >= 0).all()
    assert [s for s, k in zip(trip.arrivals_s.tolist(), known, strict=True) if k] == [
        s for s, k in zip(given_s, known, strict=True) if k
    ]


# -- paths ------------------------------------------------------------------------------------


def test_without_a_shape_the_path_runs_from_stop_to_stop() -> None:
    stops = [stop("a", 0), stop("b", 300, 400), stop("c", 300, 1000)]
    pattern = one_trip(stops, [Call("a", 0), Call("b"), Call("b"), Call("c", 60)]).pattern(0)
    assert pattern.visit_along_m.tolist() == pytest.approx([0, 500, 500, 1100], rel=1e-4)
    assert pattern.path.length_m == pytest.approx(1100, rel=1e-4)


def test_a_line_across_the_date_line_is_short() -> None:
    stops = [Stop(StopId(i), "", i, -17.0, lon) for i, lon in (("a", 179.99), ("b", -179.99), ("c", -179.98))]
    network = one_trip(stops, [Call("a", 0), Call("b", 60), Call("c", 90)])
    assert network.pattern(0).visit_along_m.tolist() == pytest.approx([0, 2130, 3195], rel=0.01)
    assert [s.stop_id for s, _ in network.stops_near(-17.0, 180.0, 1200, 5)] == ["a", "b"]


def test_stops_are_placed_on_the_shape() -> None:
    stops = [stop("a", 0, 5), stop("b", 1000, -5), stop("c", 500, 1005)]
    line = shape((0, 0), (1000, 0), (1000, 1000), (0, 1000))
    pattern = one_trip(stops, [Call("a", 0), Call("b", 60), Call("c", 120)], line).pattern(0)
    assert pattern.path.length_m == pytest.approx(3000, rel=1e-3)
    assert pattern.visit_along_m.tolist() == pytest.approx([0, 1000, 2500], rel=1e-2)


@pytest.mark.parametrize("line", [[(0, 0)], [(0, 0), (0, 0)]], ids=["one point", "one point twice"])
def test_a_shape_without_length_is_not_used(line: list[tuple[float, float]]) -> None:
    calls = [Call("s0", 0), Call("s1", 60)]
    pattern = one_trip(on_line(0, 700), calls, shape(*line)).pattern(0)
    assert pattern.visit_along_m.tolist() == pytest.approx([0, 700], rel=1e-4)


def test_patterns_of_one_shape_share_its_path() -> None:
    network = build_network(
        stops=on_line(0, 500, 1000),
        routes=[ROUTE],
        shapes={"S": shape((0, 0), (1000, 0))},
        trips=[
            (PlannedTrip("whole", "R", shape_id="S"), [Call("s0", 0), Call("s1", 60), Call("s2", 120)]),
            (PlannedTrip("short turn", "R", shape_id="S"), [Call("s0", 0), Call("s1", 60)]),
            (PlannedTrip("unknown shape", "R", shape_id="?"), [Call("s0", 0), Call("s1", 60)]),
        ],
    )
    whole, short, straight = (
        network.pattern(trip_of(network, t).pattern_index) for t in ("whole", "short turn", "unknown shape")
    )
    assert whole.path is short.path
    assert straight.path is not whole.path
    assert straight.path.length_m == pytest.approx(500, rel=1e-4)


def test_geometry_that_does_not_fit_is_reported() -> None:
    assembly = Assembly(timezone="Asia/Seoul")
    for each in (*on_line(0, 1000, 2000, 3000), stop("far", 1500, 400)):
        assembly.add_stop(each)
    assembly.add_route(ROUTE)
    network_shapes = {
        "right": shape((0, 0), (3000, 0)),
        "back": shape((3000, 0), (0, 0)),
        "elsewhere": shape((0, 5000), (3000, 5000)),
    }
    for shape_id, line in network_shapes.items():
        assembly.add_shape(shape_id, line)
    stop_xy = np.array([(0, 0), (1000, 0), (2000, 0), (3000, 0), (1500, 400)], dtype=np.float64)
    shapes = {shape_id: Shape.of(line, None) for shape_id, line in network_shapes.items()}
    rows = {
        "right": [0, 1, 2, 3],
        "right and far": [0, 1, 4, 2, 3],
        "back": [0, 1, 2, 3],
        "elsewhere": [0, 1, 2, 3],
    }
    sketches = [
        Sketch(name.split()[0], np.array(stops, dtype=np.int32), np.full(len(stops), np.nan), name)
        for name, stops in rows.items()
    ]
    drawing = Draughtsman(shapes, stop_xy, FRAME).draw([*sketches, sketches[1]])
    assert [(s.shape_id, s.trip_id, s.backwards) for s in drawing.stray_shapes] == [
        ("back", "back", True),
        ("elsewhere", "elsewhere", False),
    ]
    assert [(s.stop_row, s.shape_id, s.trip_id, round(s.offset_m)) for s in drawing.stray_stops] == [
        (4, "right", "right and far", 400)
    ]
    assert drawing.along_m[2].tolist() == pytest.approx([0, 1000, 2000, 3000], rel=1e-3)
    assert drawing.path_of == [0, 0, 1, 2, 0]
    assert [path.length_m for path in drawing.paths] == pytest.approx([3000] * 3, rel=1e-3)


@pytest.mark.parametrize("dist", [None, [0, 1], [0, 2, 1], [0, float("nan"), 2]])
def test_distances_that_cannot_be_right_are_not_used(dist: list[float] | None) -> None:
    assert Shape.of(shape((0, 0), (1, 1), (2, 2)), dist).dist is None


def test_the_feeds_own_distances_choose_the_pass() -> None:
    """Out and back on one street with the two ends' poles on the line: only the distances tell which way is meant."""
    assembly = Assembly(timezone="Asia/Seoul")
    shapes = {"S": Shape.of(shape((0, 0), (1000, 0), (0, 0)), [0.0, 1.0, 2.0])}
    stop_xy = np.array([(100, 0), (900, 0), (950, 0)], dtype=np.float64)
    sketch = Sketch("S", np.arange(3, dtype=np.int32), np.array([0.1, 0.9, 1.05]), "t")
    drawing = Draughtsman(shapes, stop_xy, FRAME).draw([sketch])
    assert drawing.along_m[0].tolist() == pytest.approx([100, 900, 1050], rel=1e-3)
    assert not assembly.build().stray_stops


def street_with_poles(side: int) -> tuple[list[Sketch], np.ndarray, dict[str, Shape]]:
    """Ten out-and-back lines with poles on one side; at the turning end two poles face each other."""
    xs = [100, 300, 500, 700, 900, 905, 700, 500, 300, 100]
    stop_xy = np.array([(x, -6.0 * side if i < 5 else 6.0 * side) for i, x in enumerate(xs)])
    shapes = {"S": Shape.of(shape((0, 0), (1000, 0), (0, 0)), None)}
    rows = np.arange(len(xs), dtype=np.int32)
    return [Sketch("S", rows, np.full(len(xs), np.nan), f"t{i}") for i in range(10)], stop_xy, shapes


@pytest.mark.parametrize("side", [1, -1], ids=["right", "left"])
def test_the_side_of_the_doors_is_learnt_from_the_feed(side: int) -> None:
    sketches, stop_xy, shapes = street_with_poles(side)
    drawing = Draughtsman(shapes, stop_xy, FRAME).draw(sketches)
    expected = [100, 300, 500, 700, 900, 1095, 1300, 1500, 1700, 1900]
    assert drawing.along_m[0].tolist() == pytest.approx(expected, rel=1e-3)
