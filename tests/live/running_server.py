"""`ridebell serve` as a child process on one port and one data directory, to be ended politely or killed, and started again."""

import asyncio
import os
import random
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

import httpx

from server.protocol.tokens import Role, make_token, signing_key

READY_S = 60.0
"""How long a start may take on a busy machine; only ever used up by a failing test."""
PORTS = range(20_000, 32_000)
"""Below the ephemeral ports (32768 and up): no client of anybody gets ours while the server is down."""
INHERITED = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith("RIDEBELL_") and name != "PYTHONDONTWRITEBYTECODE"
}
"""A server starts as one that is installed: with compiled modules, and without a secret from outside."""


def free_port(rng: random.Random | None = None) -> int:
    """A port on which nobody listens."""
    chance = rng or random.Random()
    while True:
        port = chance.choice(PORTS)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


class RunningServer:
    """One server's place: network, data directory and port stay the same through all its lives."""

    def __init__(self, network: Path, data: Path, *options: str) -> None:
        self.data = data
        self.log = data.with_name(f"{data.name}.log")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._command = [sys.executable, "-m", "ridebell", "serve", "--network", str(network), "--data", str(data)]
        self._command += ["--port", str(self.port), *options]
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        await self.launch()
        try:
            await self.ready()
        except BaseException:
            await self.kill()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.kill()

    @property
    def process(self) -> asyncio.subprocess.Process:
        """The present life."""
        assert self._process is not None, "the server was not started"
        return self._process

    async def launch(self) -> None:
        """Start the process; it is not ready yet."""
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, stdout=asyncio.subprocess.PIPE, stderr=log, env=INHERITED
            )

    async def ready(self) -> None:
        """Wait until it says that it takes requests, and is believed by `/readyz`."""
        assert self.process.stdout is not None
        async with asyncio.timeout(READY_S):
            said = await self.process.stdout.readline()
        assert self.url.encode() in said, f"the server did not start: {said!r}; {self.complaints()}"
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"{self.url}/readyz", timeout=READY_S)
        assert answer.status_code == 200, answer.text

    async def kill(self) -> None:
        """SIGKILL, if it still runs."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def terminate(self) -> int:
        """SIGTERM; the exit status once it has ended."""
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(READY_S):
            return await self.process.wait()

    def complaints(self) -> str:
        """What it wrote to stderr in all its lives."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def token(self, role: Role, subject: str, *, vehicle_id: str | None = None) -> str:
        """A token signed with the data directory's own key."""
        key = signing_key(self.data, demo=False, environment={})
        return make_token(key, role=role, subject=subject, now_s=time.time(), ttl_s=7200, vehicle_id=vehicle_id)

    def bearer(self, role: Role, subject: str) -> dict[str, str]:
        """The header of an HTTP request of somebody."""
        return {"Authorization": f"Bearer {self.token(role, subject)}"}


@asynccontextmanager
async def running_server(network: Path, data: Path, options: Sequence[str] = ()) -> AsyncIterator[RunningServer]:
    """A ready server that was ended politely, and without a complaint, at the end of the block."""
    async with RunningServer(network, data, *options) as server:
        yield server
        if server.process.returncode is None:
            assert await server.terminate() == 0
        assert "Traceback" not in server.complaints(), server.complaints()
