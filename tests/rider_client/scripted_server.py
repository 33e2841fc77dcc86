"""A real WebSocket server on loopback that a test plays by hand: it says what PROTOCOL.md allows, and what it does not."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from server.protocol.session import Pace

Frame = dict[str, Any]
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
SOON_S = 10.0
"""Nothing here takes long; a test that waits longer has failed."""
QUICK = Pace(first_backoff_s=0.01, max_backoff_s=0.05, crowded_backoff_s=0.02, settled_s=60.0)
"""Back-off for tests: as jittered as ever, only short."""


class Peer:
    """One accepted connection, from its `hello` on."""

    def __init__(self, socket: ServerConnection, hello: Frame) -> None:
        self.hello = hello
        self.acks: list[Frame] = []
        self.over = asyncio.Event()
        self._socket = socket
        self._frames: asyncio.Queue[Frame] = asyncio.Queue()

    async def read(self) -> None:
        try:
            async for text in self._socket:
                frame = json.loads(text)
                if frame["type"] == "ack":
                    self.acks.append(frame)
                await self._frames.put(frame)
        except ConnectionClosed:
            pass
        self.over.set()

    async def receive(self, kind: str) -> Frame:
        """The next frame of a kind; others before it are dropped."""
        async with asyncio.timeout(SOON_S):
            while True:
                frame = await self._frames.get()
                if frame["type"] == kind:
                    return frame

    def unread(self) -> list[Frame]:
        """What came and was not looked at."""
        frames = []
        while not self._frames.empty():
            frames.append(self._frames.get_nowait())
        return frames

    async def acked(self, seq: int) -> None:
        """Wait until the client acknowledged up to `seq`."""
        while not any(ack["seq"] >= seq for ack in self.acks):
            await self.receive("ack")

    async def send(self, kind: str, /, **fields: Any) -> None:
        await self._socket.send(json.dumps({"type": kind} | fields))

    async def welcome(
        self,
        *,
        epoch: str = "e1",
        seq: int = 0,
        recovered: bool = False,
        heartbeat_s: int = 10,
        server_at_ms: int = 0,
        **snapshot: Any,
    ) -> None:
        await self.send(
            "welcome",
            epoch=epoch,
            seq=seq,
            recovered=recovered,
            server_at_ms=server_at_ms,
            heartbeat_s=heartbeat_s,
            snapshot=None if recovered else snapshot,
        )

    def abort(self) -> None:
        """Cut the TCP connection without a word."""
        self._socket.transport.abort()

    def freeze(self) -> None:
        """Stop reading and answering, as a hung process or a dead radio does; TCP stays open."""
        self._socket.transport.pause_reading()

    async def close(self, code: int) -> None:
        await self._socket.close(code)


class ScriptedServer:
    """Hands each new connection to the test."""

    def __init__(self) -> None:
        self.url = ""
        self._peers: asyncio.Queue[Peer] = asyncio.Queue()

    async def peer(self) -> Peer:
        """The next client that said hello."""
        async with asyncio.timeout(SOON_S):
            return await self._peers.get()

    def nobody_came(self) -> bool:
        return self._peers.empty()

    async def handle(self, socket: ServerConnection) -> None:
        try:
            hello = json.loads(await socket.recv())
        except ConnectionClosed:
            return
        peer = Peer(socket, hello)
        await self._peers.put(peer)
        await peer.read()


@asynccontextmanager
async def scripted_server() -> AsyncIterator[ScriptedServer]:
    """A server on a free port of loopback until the block ends."""
    server = ScriptedServer()
    async with serve(
        server.handle, "127.0.0.1", 0, compression=None, ping_interval=None, close_timeout=0.2
    ) as listening:
        port = next(iter(listening.sockets)).getsockname()[1]
        server.url = f"http://127.0.0.1:{port}"
        yield server
        await settled()
    await settled()


@asynccontextmanager
async def listening(serve: Serve) -> AsyncIterator[int]:
    """A TCP server on a free port of loopback; when the block ends all its connections have ended too."""
    serving: set[asyncio.Task[None]] = set()

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await serve(reader, writer)
        finally:
            writer.transport.abort()
            with suppress(ConnectionError):
                await writer.wait_closed()

    server = await asyncio.start_server(one, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
        await settled()
    await asyncio.gather(*serving)
    await settled()


async def settled() -> None:
    """Let connections that are being accepted or cut come to their end, so that none outlives the loop."""
    await asyncio.sleep(0.02)


def seeded() -> random.Random:
    """Jitter that is the same in each run."""
    return random.Random(7)
