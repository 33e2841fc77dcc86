"""From a receiver to the page beside it: the newest place, to our own page only, and no more pages than there may be."""

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import websockets
from websockets.asyncio.client import connect

from driver_terminal.bridge import PAGES_MAX, TRY_AGAIN_LATER, PositionBridge, bridge_positions
from driver_terminal.nmea import Position
from driver_terminal.positions import PositionFeed
from tests.driver_terminal.test_nmea_decoding import GGA, RMC, sentence

ORIGIN = "https://bell.example"
SOON_S = 10


def page(bridge: PositionBridge, origin: str = ORIGIN) -> connect:
    return connect(f"ws://127.0.0.1:{bridge.port}/positions", origin=websockets.Origin(origin), compression=None)


async def test_what_the_receiver_says_reaches_the_page(tmp_path: Path) -> None:
    path = tmp_path / "drive.nmea"
    path.write_bytes(sentence(GGA) + sentence(RMC))
    async with asyncio.timeout(SOON_S), PositionBridge(origin=ORIGIN, port=0) as bridge, page(bridge) as listening:
        await bridge_positions(PositionFeed(str(path)), bridge)
        place = json.loads(await listening.recv())
    assert place["type"] == "position"
    assert place["lat"] == pytest.approx(37.26)
    assert (place["heading_deg"], place["accuracy_m"]) == (84.4, pytest.approx(3.2))
    assert place["at_ms"] > 1_700_000_000_000


async def test_a_page_that_comes_late_hears_the_newest_place_and_only_that() -> None:
    async with asyncio.timeout(SOON_S), PositionBridge(origin=ORIGIN, port=0) as bridge:
        for lat in (37.1, 37.2, 37.3):
            await bridge.tell(Position(lat=lat, lon=127.0, at_ms=1_800_000_000_000))
        async with page(bridge) as listening:
            assert json.loads(await listening.recv()) == {
                "type": "position",
                "at_ms": 1_800_000_000_000,
                "lat": 37.3,
                "lon": 127.0,
            }
            await bridge.tell(Position(lat=37.4, lon=127.0, heading_deg=-90.0))
            assert json.loads(await listening.recv())["heading_deg"] == 270.0


async def test_pages_of_others_are_turned_away() -> None:
    async with asyncio.timeout(SOON_S), PositionBridge(origin=ORIGIN, port=0) as bridge:
        with pytest.raises(websockets.InvalidStatus, match="403"):
            async with page(bridge, "https://elsewhere.example"):
                pass


async def test_one_page_too_many_is_told_so_and_a_place_is_free_again_when_one_goes() -> None:
    async with asyncio.timeout(SOON_S), PositionBridge(origin=ORIGIN, port=0) as bridge:
        await bridge.tell(Position(lat=37.1, lon=127.0))
        async with AsyncExitStack() as pages:
            first = [await pages.enter_async_context(page(bridge)) for _ in range(PAGES_MAX)]
            for one in first:
                await one.recv()
            async with page(bridge) as late:
                with pytest.raises(websockets.ConnectionClosed):
                    await late.recv()
                assert late.close_code == TRY_AGAIN_LATER
        async with page(bridge) as again:
            assert json.loads(await again.recv())["lat"] == 37.1


async def test_a_taken_port_is_said() -> None:
    async with PositionBridge(origin=ORIGIN, port=0) as bridge:
        with pytest.raises(OSError, match="address"):
            async with PositionBridge(origin=ORIGIN, port=bridge.port):
                pass
