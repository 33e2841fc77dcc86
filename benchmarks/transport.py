"""CPU time of one WebSocket message on each transport we could use; `docs/benchmarks/transport.md` keeps the result.

Run `python -m benchmarks.transport`. Each server runs alone in a process of its own on uvloop; a bare-socket client in
this process sends prepared frames in rounds, one frame a connection, so that no two of them share a read. The server's
CPU time is read from the kernel (`/proc/PID/schedstat`, nanoseconds) before and after.
"""

import argparse
import asyncio
import functools
import multiprocessing
import os
import platform
import select
import socket
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

import msgspec
import uvicorn
import uvloop

from server.protocol import messages as wire

FIX = msgspec.json.encode(
    wire.Fix(
        at_ms=1_750_000_000_123,
        lat=37.263573,
        lon=127.028601,
        speed_mps=8.3,
        heading_deg=92.0,
        accuracy_m=4.0,
        odometer_m=10_234.5,
        n=4711,
    )
)
PUSH = b'{"type":"alert","pad":"' + b"x" * 175 + b'"}'
DECODE = msgspec.json.Decoder(wire.FromTerminal).decode
BYTES_A_FRAME = 202
"""200 bytes of text and a server's two- or four-byte head; only used to know when a round has arrived."""


class Peers:
    """What every server variant shares: it counts what it decoded, and pushes when told to."""

    def __init__(self) -> None:
        self.decoded = 0
        self.senders: list[Callable[[bytes], Any]] = []

    def take(self, frame: bytes | str) -> None:
        """Decode one message to its type, as a session would."""
        DECODE(frame)
        self.decoded += 1


# -- the candidates ------------------------------------------------------------


async def picows_in_uvicorn(peers: Peers, port: int) -> None:
    """Ours: picows' protocol object in uvicorn's `ws=` slot."""
    from server.web.connection import Connection
    from server.web.transport import SocketProtocol

    class Counting:
        def on_open(self, connection: Connection) -> None:
            peers.senders.append(connection.send)

        def on_frame(self, frame: bytes) -> None:
            peers.take(frame)

        def on_alive(self, size_bytes: int) -> None: ...
        def on_pause(self) -> None: ...
        def on_resume(self) -> None: ...
        def on_close(self) -> None: ...

    await _uvicorn(_nothing, port, functools.partial(SocketProtocol, lambda _request: Counting(), 65_536, 65_536))


async def asgi(peers: Peers, port: int, library: str) -> None:
    """A bare ASGI application; uvicorn frames with `library`."""

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        peers.senders.append(lambda frame: send({"type": "websocket.send", "text": frame.decode()}))
        while (message := await receive())["type"] == "websocket.receive":
            peers.take(message.get("text") or message["bytes"])

    await _uvicorn(app, port, library)


async def websockets_server(peers: Peers, port: int) -> None:
    """The `websockets` library's own server (no HTTP on the port)."""
    from websockets.asyncio.server import ServerConnection, serve

    async def handle(connection: ServerConnection) -> None:
        peers.senders.append(connection.send)
        async for frame in connection:
            peers.take(frame)

    async with serve(handle, "127.0.0.1", port, compression=None, ping_interval=None):
        await asyncio.Event().wait()


async def fastapi_socket(peers: Peers, port: int) -> None:
    """FastAPI's WebSocket on uvicorn's default framing."""
    from fastapi import FastAPI, WebSocket

    app = FastAPI()

    @app.websocket("/v1/ws/terminal")
    async def terminal(connection: WebSocket) -> None:
        await connection.accept()
        peers.senders.append(lambda frame: connection.send_text(frame.decode()))
        async for frame in connection.iter_text():
            peers.take(frame)

    await _uvicorn(app, port, "websockets-sansio")


async def _nothing(_scope: Any, _receive: Any, _send: Any) -> None: ...


async def _uvicorn(app: Any, port: int, ws: Any) -> None:
    config = uvicorn.Config(
        app, port=port, ws=ws, lifespan="off", log_level="error", ws_per_message_deflate=False, ws_ping_interval=None
    )
    await uvicorn.Server(config).serve()


CANDIDATES: dict[str, Callable[[Peers, int], Any]] = {
    "picows in uvicorn": picows_in_uvicorn,
    "raw ASGI, websockets-sansio": functools.partial(asgi, library="websockets-sansio"),
    "raw ASGI, wsproto": functools.partial(asgi, library="wsproto"),
    "websockets server": websockets_server,
    "FastAPI WebSocket": fastapi_socket,
}


# -- the server's process ------------------------------------------------------


def _serve(name: str, port: int, control: Pipe) -> None:
    peers = Peers()

    async def push(rounds: int, pause_s: float) -> None:
        for _ in range(rounds):
            for send in peers.senders:
                pending = send(PUSH)
                if pending is not None:
                    await pending
            await asyncio.sleep(pause_s)

    async def obey() -> None:
        loop = asyncio.get_running_loop()
        while True:
            order, *arguments = await loop.run_in_executor(None, control.recv)
            if order == "push":
                before = _cpu_ns(os.getpid())
                await push(*arguments)
                control.send(_cpu_ns(os.getpid()) - before)
            else:
                control.send((peers.decoded, len(peers.senders)))

    async def main() -> None:
        commands = asyncio.create_task(obey())
        await CANDIDATES[name](peers, port)
        commands.cancel()

    uvloop.run(main())


def _cpu_ns(pid: int) -> int:
    """CPU time of a process's main thread so far, in nanoseconds."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])


# -- the client ----------------------------------------------------------------


def _masked(payload: bytes) -> bytes:
    mask = b"\x11\x22\x33\x44"
    body = bytes(b ^ mask[i % 4] for i, b in enumerate(payload))
    head = bytes([0x81, 0x80 | len(payload)]) if len(payload) < 126 else b"\x81\xfe" + len(payload).to_bytes(2, "big")
    return head + mask + body


def _connect(port: int, count: int) -> list[socket.socket]:
    upgrade = (
        b"GET /v1/ws/terminal HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    connections = []
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", port), timeout=5)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(upgrade)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += connection.recv(1024)
        connections.append(connection)
    return connections


@contextmanager
def _server(name: str, count: int) -> Iterator[tuple[int, Pipe, list[socket.socket]]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(name, port, theirs), daemon=True)
    process.start()
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            break
        except OSError:
            time.sleep(0.1)
    try:
        yield int(process.pid or 0), ours, _connect(port, count)
    finally:
        process.kill()
        process.join()


def measure(name: str, *, count: int, rounds: int, pause_s: float) -> tuple[float, float]:
    """CPU microseconds of one incoming fix and of one outgoing push."""
    with _server(name, count) as (pid, control, connections):
        frame = _masked(FIX)
        _fixes(connections, frame, 3, pause_s)
        start_ns, start = _cpu_ns(pid), _decoded(control)
        _fixes(connections, frame, rounds, pause_s)
        while (taken := _decoded(control) - start) < count * rounds:
            time.sleep(0.05)
        incoming = (_cpu_ns(pid) - start_ns) / taken / 1e3
        control.send(("push", rounds, pause_s))
        _drain(connections, count * rounds * BYTES_A_FRAME)
        outgoing = control.recv() / (count * rounds) / 1e3
    return incoming, outgoing


def decode_us() -> float:
    """CPU microseconds of decoding one fix to its type, the part no transport can save."""
    start_ns = time.process_time_ns()
    for _ in range(100_000):
        DECODE(FIX)
    return (time.process_time_ns() - start_ns) / 1e8


def _fixes(connections: list[socket.socket], frame: bytes, rounds: int, pause_s: float) -> None:
    for _ in range(rounds):
        for connection in connections:
            connection.send(frame)
        time.sleep(pause_s)


def _decoded(control: Pipe) -> int:
    control.send(("count",))
    decoded, _ = control.recv()
    return int(decoded)


def _drain(connections: list[socket.socket], expected: int) -> None:
    poll = select.epoll()
    by_fd = {connection.fileno(): connection for connection in connections}
    for fd in by_fd:
        poll.register(fd, select.EPOLLIN)
    while expected > 0:
        for fd, _ in poll.poll(2):
            expected -= len(by_fd[fd].recv(65_536))


def main() -> None:
    """Measure every candidate in turn and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=100, help="messages of each connection and direction")
    parser.add_argument("--pause", type=float, default=0.05, help="seconds between rounds")
    parser.add_argument("--repeat", type=int, default=3, help="the median of so many runs is printed")
    arguments = parser.parse_args()
    print(f"{platform.python_implementation()} {platform.python_version()}, uvloop {version('uvloop')},", end=" ")
    print(f"{arguments.connections} connections, fix of {len(FIX)} bytes, push of {len(PUSH)} bytes")
    print(f"decoding alone: {decode_us():.2f} µs\n")
    print("| transport | fix in, CPU µs | push out, CPU µs |\n|---|---:|---:|")
    for name in CANDIDATES:
        runs = [
            measure(name, count=arguments.connections, rounds=arguments.rounds, pause_s=arguments.pause)
            for _ in range(arguments.repeat)
        ]
        incoming, outgoing = (statistics.median(column) for column in zip(*runs, strict=True))
        print(f"| {name} | {incoming:.1f} | {outgoing:.1f} |", flush=True)


if __name__ == "__main__":
    main()
