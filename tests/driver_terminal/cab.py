"""A driver's cab for tests: a terminal with its screen and its clock, and a scripted server behind it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from driver_terminal.client import TerminalClient
from driver_terminal.display import DisplayedAlert
from server.protocol.messages import Refused
from tests.driver_terminal.recording_display import RecordingDisplay
from tests.rider_client.scripted_server import QUICK, SOON_S, Peer, ScriptedServer, seeded


class Clock:
    """The device's clock, moved by hand."""

    def __init__(self, now_ms: int = 2000) -> None:
        self.now_ms = now_ms

    def __call__(self) -> int:
        return self.now_ms


class Cab:
    """A terminal, its screen and its clock."""

    def __init__(self, server: ScriptedServer, state: Path | None, **options: Any) -> None:
        self.server = server
        self.display = RecordingDisplay()
        self.clock = Clock()
        self.stamps: list[DisplayedAlert] = []
        self.refusals: list[Refused] = []
        self.client = TerminalClient(
            server.url,
            "token",
            "V1",
            display=options.pop("display", self.display),
            state_path=state,
            on_alert=self.stamps.append,
            on_refused=self.refusals.append,
            pace=options.pop("pace", QUICK),
            rng=seeded(),
            now_ms=self.clock,
            **options,
        )

    async def met(self, **welcome: Any) -> Peer:
        """Let the next connection be welcomed."""
        peer = await self.server.peer()
        welcome = {"trip": None, "alerts": [], "server_at_ms": self.clock.now_ms} | welcome
        if welcome.get("recovered"):
            del welcome["trip"], welcome["alerts"]
        await peer.welcome(**welcome)
        await self.client.connected()
        return peer


@asynccontextmanager
async def cab(server: ScriptedServer, state: Path | None = None, **options: Any) -> AsyncIterator[Cab]:
    """A cab whose terminal runs until the block ends."""
    one = Cab(server, state, **options)
    async with asyncio.timeout(SOON_S * 2), one.client:
        yield one


async def send(peer: Peer, frame: dict[str, Any]) -> None:
    """Send a frame and wait until the terminal has dealt with it."""
    fields = dict(frame)
    await peer.send(fields.pop("type"), **fields)
    await peer.acked(frame["seq"])
