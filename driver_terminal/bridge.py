"""Hands the places of a receiver to the driver's page on the same device: a WebSocket on 127.0.0.1, the newest place first."""

import asyncio
import time
from contextlib import AsyncExitStack, aclosing
from types import TracebackType
from typing import Self

import msgspec
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

from driver_terminal.nmea import Position
from driver_terminal.positions import PositionFeed

BRIDGE_PORT = 8742
"""Where the page looks (`/drive?receiver=8742`); any free port of the device will do."""
HOST = "127.0.0.1"
"""This device alone: where a bus is, is nobody else's to read."""
PAGES_MAX = 4
"""Pages listening at once: the screen, its reload before the old one is gone, and somebody who repairs it."""
CLIENT_MAX_BYTES = 256
"""A page has nothing to say here."""
TRY_AGAIN_LATER = 1013


class Place(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, tag="position", tag_field="type"):
    """One frame: where the receiver was. `at_ms` epoch milliseconds, metres a second, degrees from north, metres."""

    at_ms: int
    lat: float
    lon: float
    speed_mps: float | None = None
    heading_deg: float | None = None
    accuracy_m: float | None = None


class PositionBridge:
    """Tells every listening page the newest place; one that reads slowly misses those in between, and none waits.

    Use inside `async with`; raises OSError when the port is taken. `origin` is the origin of the page (such as
    `https://bell.example`): pages of anybody else are turned away by their `Origin`.
    """

    def __init__(self, *, origin: str, port: int = BRIDGE_PORT) -> None:
        self.port = port
        self._origin = Origin(origin)
        self._news = asyncio.Condition()
        self._newest: Place | None = None
        self._pages = 0
        self._closing = AsyncExitStack()

    async def __aenter__(self) -> Self:
        serving = serve(
            self._talk, HOST, self.port, origins=[self._origin], compression=None, max_size=CLIENT_MAX_BYTES
        )
        server: Server = await self._closing.enter_async_context(serving)
        self.port = server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        await self._closing.aclose()

    async def tell(self, position: Position) -> None:
        """The receiver has a place; one without a time of its own is of now."""
        async with self._news:
            self._newest = Place(
                at_ms=time.time_ns() // 1_000_000 if position.at_ms is None else position.at_ms,
                lat=position.lat,
                lon=position.lon,
                speed_mps=position.speed_mps,
                heading_deg=None if position.heading_deg is None else position.heading_deg % 360.0,
                accuracy_m=position.accuracy_m,
            )
            self._news.notify_all()

    async def _talk(self, page: ServerConnection) -> None:
        if self._pages >= PAGES_MAX:
            await page.close(TRY_AGAIN_LATER, "too many pages listen already")
            return
        self._pages += 1
        telling = asyncio.create_task(self._tell_on(page))
        try:
            await page.wait_closed()
        finally:
            self._pages -= 1
            telling.cancel()
            await asyncio.wait({telling})

    async def _tell_on(self, page: ServerConnection) -> None:
        told: Place | None = None
        while True:
            async with self._news:
                while self._newest is told:
                    await self._news.wait()
                told = self._newest
            try:
                await page.send(msgspec.json.encode(told), text=True)
            except ConnectionClosed:
                return


async def bridge_positions(feed: PositionFeed, bridge: PositionBridge) -> None:
    """Tell every position of a source to the pages until it ends (a file) or for ever.

    Raises OSError for a file that cannot be read.
    """
    async with aclosing(feed.positions()) as positions:
        async for position in positions:
            await bridge.tell(position)
