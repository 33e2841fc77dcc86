"""What operators' maps are told of the buses: rows once, then places as columns, near the screen first, slow readers spared."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from server.core.engine import RouteEngine
from server.core.events import Fix, Tick
from server.core.model import RouteId, Source, Vehicle, VehicleId
from server.core.policy import Policy
from server.protocol.render import Renderer
from server.web.fleet_board import ELSEWHERE_TICKS, ROWS_A_FRAME, VehicleBoard, Wish
from tests.server.web.web_world import TEN_PAST_TEN_MS, Frame, place, street

MOVES = Wish(moves=True)


class Clock:
    def __init__(self) -> None:
        self.ms = TEN_PAST_TEN_MS

    def now_ms(self) -> int:
        return self.ms


class Road:
    """What of a runtime the board looks at: a real engine, with buses that are put where a test wants them."""

    def __init__(self) -> None:
        vehicles = {VehicleId("V1"): Vehicle(VehicleId("V1"), plate="경기70바1234", garage="수원 차고지")}
        network = street()
        self.engine = RouteEngine(network, Policy(), vehicles=vehicles, assume_terminal=False)
        self.renderer = Renderer(network, vehicles)
        self.clock = Clock()

    def put(self, name: str, along_m: float, **more: Any) -> None:
        lat, lon = place(along_m)
        known: dict[str, Any] = {"speed_mps": 8.04, "heading_deg": 90.4, "route_id": RouteId("10"), "direction_id": 0}
        fix = Fix(
            vehicle_id=VehicleId(name),
            at_ms=self.clock.ms,
            received_ms=self.clock.ms,
            lat=lat,
            lon=lon,
            source=Source.FEED,
            **(known | more),
        )
        self.engine.step(fix, self.clock.ms)


class Screen:
    """An operator's connection that keeps what it is given, and may be slow."""

    def __init__(self) -> None:
        self.clear = True
        self.frames: list[Frame] = []

    def deliver(self, frame: bytes, *, seq: int | None, key: str) -> None:
        assert self.clear
        assert seq is None
        self.frames.append(json.loads(frame))
        assert self.frames[-1]["type"] == key

    def take(self, kind: str) -> list[Frame]:
        """All frames of a kind since the last call."""
        found = [frame for frame in self.frames if frame["type"] == kind]
        self.frames = [frame for frame in self.frames if frame["type"] != kind]
        return found


class Board:
    """The board on a road, a look whenever a test says so."""

    def __init__(self) -> None:
        self.road = Road()
        self.board = VehicleBoard(self.road)  # type: ignore[arg-type]

    async def look(self, *, after_s: float = 1.0) -> None:
        self.road.clock.ms += round(after_s * 1000)
        self.road.engine.step(Tick(), self.road.clock.ms)
        self.board._looked_s = float("-inf")
        await self.board._turn()


@pytest.fixture
def it() -> Board:
    return Board()


def names(frames: list[Frame]) -> list[str]:
    return [row["vehicle_id"] for frame in frames for row in frame["vehicles"]]


async def test_rows_come_whole_and_once_then_places_alone(it: Board) -> None:
    screen = Screen()
    it.road.put("V1", 300.0)
    it.board.watch(screen, MOVES)
    await it.look(after_s=0.0)
    (whole,) = screen.take("vehicles")
    (row,) = whole["vehicles"]
    assert (whole["full"], row["plate"], row["garage"], row["n"]) == (True, "경기70바1234", "수원 차고지", 1)
    screen.take("moves")
    it.road.clock.ms += 1000
    it.road.put("V1", 308.0)
    await it.look(after_s=0.0)
    assert screen.take("vehicles") == []
    (moves,) = screen.take("moves")
    lat, lon = place(308.0)
    assert (moves["n"], moves["lat_e5"], moves["lon_e5"]) == ([1], [round(lat * 1e5)], [round(lon * 1e5)])
    assert (moves["heading_deg"], moves["speed_mps"], moves["age_s"]) == ([90], [8.0], [0])
    await it.look()
    assert screen.take("moves")[0]["n"] == [], "it has said nothing new"


async def test_more_than_a_place_changed_is_a_row(it: Board) -> None:
    screen = Screen()
    it.road.put("V1", 300.0)
    it.board.watch(screen, MOVES)
    await it.look(after_s=0.0)
    screen.take("vehicles")
    await it.look(after_s=100.0)
    (frame,) = screen.take("vehicles")
    assert (frame["full"], frame["vehicles"][0]["stale"]) == (False, True)


async def test_a_plain_watcher_gets_a_row_with_every_fix(it: Board) -> None:
    screen = Screen()
    it.road.put("V1", 300.0)
    it.board.watch(screen, Wish())
    await it.look(after_s=0.0)
    it.road.clock.ms += 1000
    it.road.put("V1", 308.0)
    await it.look(after_s=0.0)
    assert [frame["full"] for frame in screen.take("vehicles")] == [True, False]
    assert screen.take("moves") == []


async def test_buses_elsewhere_are_told_in_turn(it: Board) -> None:
    screen = Screen()
    for i in range(2 * ELSEWHERE_TICKS):
        it.road.put(f"B{i}", 100.0 * i)
    lat, lon = place(0.0)
    it.board.watch(screen, Wish(moves=True, bbox=(lon - 0.001, lat - 0.001, lon + 0.0001, lat + 0.001)))
    told: list[list[int]] = []
    for second in range(ELSEWHERE_TICKS):
        for i in range(2 * ELSEWHERE_TICKS):
            it.road.put(f"B{i}", 100.0 * i + second)
        await it.look()
        told += [frame["n"] for frame in screen.take("moves")]
    assert all(1 in numbers for numbers in told), "the one on the screen at every look"
    elsewhere = sorted(n for numbers in told for n in numbers if n != 1)
    assert elsewhere == list(range(2, 2 * ELSEWHERE_TICKS + 1)), "each of the others once"


async def test_who_looks_elsewhere_is_told_what_moved_there_lately_and_no_rows(it: Board) -> None:
    screen = Screen()
    it.road.put("V1", 300.0)
    watch = it.board.watch(screen, Wish(moves=True, bbox=(0.0, 0.0, 1.0, 1.0)))
    await it.look(after_s=0.0)
    screen.frames.clear()
    watch.change(MOVES)
    await it.look()
    assert screen.take("vehicles") == []
    assert screen.take("moves")[0]["n"] == [1]


async def test_the_route_in_focus_keeps_its_rows_coming(it: Board) -> None:
    screen = Screen()
    it.road.put("V1", 300.0)
    it.board.watch(screen, Wish(moves=True, focus_route_id="10"))
    await it.look(after_s=0.0)
    screen.take("vehicles")
    it.road.clock.ms += 1000
    it.road.put("V1", 308.0)
    await it.look(after_s=0.0)
    route_known = it.road.engine.vehicles(it.road.clock.ms)[0].route_id == "10"
    assert names(screen.take("vehicles")) == (["V1"] if route_known else [])
    assert route_known


async def test_a_slow_reader_is_given_nothing_until_it_has_caught_up_and_then_all(it: Board) -> None:
    screen = Screen()
    it.road.put("V1", 300.0)
    it.board.watch(screen, MOVES)
    await it.look(after_s=0.0)
    screen.frames.clear()
    screen.clear = False
    it.road.clock.ms += 1000
    it.road.put("V1", 308.0)
    it.road.put("V2", 500.0)
    await it.look(after_s=0.0)
    assert screen.frames == []
    screen.clear = True
    await it.look()
    assert names(screen.take("vehicles")) == ["V2"]
    assert screen.take("moves")[0]["n"] == [1, 2]


async def test_a_large_fleet_comes_in_parts(it: Board) -> None:
    screen = Screen()
    count = ROWS_A_FRAME + 20
    for i in range(count):
        it.road.put(f"B{i:03d}", 10.0, speed_mps=None, heading_deg=None)
    it.board.watch(screen, MOVES)
    await it.look(after_s=0.0)
    frames = screen.take("vehicles")
    assert [(frame["full"], len(frame["vehicles"])) for frame in frames] == [(True, ROWS_A_FRAME), (False, 20)]
    (moves,) = screen.take("moves")
    assert moves["speed_mps"] == [None] * count


async def test_a_bus_that_is_forgotten_is_gone_and_its_number_is_used_again(it: Board) -> None:
    screen = Screen()
    it.road.put("V1", 300.0)
    it.board.watch(screen, MOVES)
    await it.look(after_s=0.0)
    screen.frames.clear()
    await it.look(after_s=7_200.0)
    await it.look()
    assert [frame["gone"] for frame in screen.take("vehicles") if "gone" in frame] == [["V1"]]
    it.road.put("V2", 300.0)
    await it.look()
    assert screen.take("vehicles")[0]["vehicles"][0]["n"] == 1


async def test_of_one_route_no_other_bus_is_told(it: Board) -> None:
    screen = Screen()
    it.road.put("V1", 300.0)
    it.road.put("V2", 100.0, route_id=None, direction_id=None, speed_mps=None)
    watch = it.board.watch(screen, Wish(route_id="10", moves=True))
    await it.look(after_s=0.0)
    assert names(screen.take("vehicles")) == ["V1"]
    assert screen.take("moves")[0]["n"] == [1]
    watch.change(MOVES)
    await it.look()
    assert names(screen.take("vehicles")) == ["V1", "V2"]


async def test_two_watchers_of_one_place_share_a_frame_and_nobody_is_told_after_the_end(it: Board) -> None:
    one, two = Screen(), Screen()
    it.road.put("V1", 300.0)
    first, second = it.board.watch(one, MOVES), it.board.watch(two, MOVES)
    await it.look(after_s=0.0)
    assert one.frames == two.frames
    first.end()
    first.end()
    one.frames.clear()
    it.road.put("V2", 300.0)
    await it.look()
    assert one.frames == []
    second.end()
    assert it.board._cells == {}


@asynccontextmanager
async def living(board: VehicleBoard) -> AsyncIterator[None]:
    task = asyncio.create_task(board.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.005)


async def test_who_comes_is_told_at_once_and_a_defect_ends_nothing(it: Board, caplog: pytest.LogCaptureFixture) -> None:
    async with living(it.board):
        first = Screen()
        it.board.watch(first, MOVES)
        await until(lambda: bool(first.frames))
        assert first.take("vehicles")[0]["vehicles"] == []
        engine, it.road.engine = it.road.engine, None  # type: ignore[assignment]
        broken = Screen()
        it.board._cells.clear()
        it.board.watch(broken, MOVES)
        await until(lambda: "could not be listed" in caplog.text)
        it.road.engine = engine
        it.road.put("V1", 300.0)
        await until(lambda: names(broken.take("vehicles")) == ["V1"])
