"""A running server on a straight street with one bus line: real sockets, real journal, a clock in a known morning."""

import asyncio
import contextlib
import itertools
import json
import math
import time
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import websockets
from fastapi import FastAPI
from websockets.asyncio.client import ClientConnection

from server.archive import Archive, ArchivePlan
from server.backends.embedded.backend import open_embedded
from server.clock import ShiftedClock
from server.core.assembly import Call, PlannedTrip, build_network
from server.core.engine import RouteEngine
from server.core.model import RouteId, StopId, Vehicle, VehicleId
from server.core.network import Network, Route, Stop
from server.core.policy import Policy
from server.gtfs.compiled import save
from server.protocol.tokens import Role
from server.runtime import Runtime
from server.settings import RecordingSettings, RuntimeSettings, WebSettings
from server.web.app import create_app
from server.web.house import House, furnish
from server.web.launcher import listen, serve, url_of
from server.web.push_sender import open_desk

KEY = b"a key for tests, thirty-two bytes or more"
LAT0, LON0 = 37.26, 127.02
M_LAT, M_LON = 110_990.0, 111_320.0 * math.cos(math.radians(LAT0))
SPACING_M, STOPS, LEAD_M = 450.0, 6, 200.0
DAY, NOON_MS = "20261120", 1_795_143_600_000
"""Noon of that day in Seoul; the service day starts twelve hours before."""
TEN_PAST_TEN_MS = NOON_MS - 110 * 60_000
Frame = dict[str, Any]


def place(x_m: float, y_m: float = 0.0) -> tuple[float, float]:
    """(lat, lon) of a point on or beside the street."""
    return LAT0 + y_m / M_LAT, LON0 + x_m / M_LON


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait for what the server does in its own time and tells nobody."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.01)


def stop_id(index: int) -> StopId:
    return StopId(f"S{index}")


def stop_x(index: int) -> float:
    return LEAD_M + index * SPACING_M


def street() -> Network:
    """Route 10 eastwards, a trip every five minutes from ten o'clock."""
    stops = [
        Stop(stop_id(i), f"0{i}", f"거리 <{i}> & 시장", *place(stop_x(i), -6.0), 1, {"en": f"Street {i}"})
        for i in range(STOPS)
    ]
    planned = [
        (
            PlannedTrip(f"T{n}", "10", direction_id=0, headsign="동쪽", shape_id="E", block_id="B"),
            [Call(stop_id(i), round(36_000 + n * 300 + i * 68)) for i in range(STOPS)],
        )
        for n in range(24)
    ]
    shape = [place((2 * LEAD_M + (STOPS - 1) * SPACING_M) * k / 20) for k in range(21)]
    return build_network(
        stops=stops, routes=[Route(RouteId("10"), "A", "10", "시험", 3)], trips=planned, shapes={"E": shape}
    )


def fix(along_m: float, at_ms: int, *, speed_mps: float = 8.0, **more: Any) -> Frame:
    lat, lon = place(along_m)
    return {"type": "fix", "at_ms": at_ms, "lat": lat, "lon": lon, "speed_mps": speed_mps, "accuracy_m": 4.0} | more


def ring(index: int = 3, **more: Any) -> Frame:
    lat, lon = place(stop_x(index))
    at = {"lat": lat, "lon": lon, "accuracy_m": 5.0}
    return {
        "type": "ring",
        "bell_id": str(uuid.uuid4()),
        "kind": "board",
        "stop_id": stop_id(index),
        "route_id": "10",
        "presence": at,
    } | more


class Client:
    """One raw socket; remembers what it was sent."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.seen: list[Frame] = []

    async def send(self, *frames: Frame) -> None:
        for frame in frames:
            await self.socket.send(json.dumps(frame))

    async def next(self) -> Frame:
        frame: Frame = json.loads(await asyncio.wait_for(self.socket.recv(), 10))
        self.seen.append(frame)
        return frame

    async def until(self, kind: str, **fields: Any) -> Frame:
        """The next frame of a type with these fields; others before it are only remembered."""
        while True:
            frame = await self.next()
            if frame["type"] == kind and all(frame.get(name) == value for name, value in fields.items()):
                return frame

    async def closed(self) -> int | None:
        """The close code, when the server closes."""
        with contextlib.suppress(websockets.ConnectionClosed):
            while True:
                await self.next()
        return self.socket.close_code


@dataclass
class Running:
    """A server that runs in this process."""

    app: FastAPI
    house: House
    runtime: Runtime
    url: str
    stop: asyncio.Event
    serving: "asyncio.Task[None]"
    http: httpx.AsyncClient
    _clients: contextlib.AsyncExitStack = field(default_factory=contextlib.AsyncExitStack)
    _counter: "itertools.count[int]" = field(default_factory=itertools.count)

    def now_ms(self) -> int:
        return self.runtime.clock.now_ms()

    def token(self, role: Role, subject: str | None = None, vehicle: str | None = None, ttl_s: float = 3600) -> str:
        subject = subject or f"{role}-{next(self._counter)}"
        return self.house.own_key.make(role, subject, now_s=time.time(), ttl_s=ttl_s, vehicle_id=vehicle)

    def bearer(self, role: Role, subject: str | None = None) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token(role, subject)}"}

    async def connect(self, path: str, **how: Any) -> Client:
        address = self.url.replace("http", "ws", 1) + path
        connecting = websockets.connect(address, compression=None, ping_interval=None, max_size=2**24, **how)
        return Client(await self._clients.enter_async_context(connecting))

    async def open(self, role: Role) -> Client:
        return await self.connect(f"/v1/ws/{role}")

    async def hello(self, role: Role, subject: str | None = None, *, vehicle: str | None = None, **more: Any) -> Client:
        client = await self.open(role)
        await client.send({"type": "hello", "token": self.token(role, subject, vehicle)} | more)
        await client.until("welcome")
        return client

    async def bus(self, vehicle: str, along_m: float, trip: str = "T1") -> Client:
        """A terminal that has signed on and is on the street."""
        terminal = await self.hello(Role.TERMINAL, vehicle, vehicle=vehicle)
        await terminal.send({"type": "sign_on", "ref": "on", "trip_id": trip, "start_date": DAY})
        await terminal.until("trip")
        for step in (2, 1, 0):
            await terminal.send(fix(along_m - 8.0 * step, self.now_ms() - 1000 * step))
            await self.decided()
        return terminal

    async def decided(self) -> None:
        """All that was submitted so far is decided."""
        for _ in range(3):
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def running(
    folder: Path, *, recording: RecordingSettings | None = None, **changes: Any
) -> AsyncIterator[Running]:
    """A server with some settings changed, until the block ends. `recording`: it keeps recordings and replays."""
    settings = WebSettings(port=0, **changes)
    network = street()
    vehicles = {VehicleId("V1"): Vehicle(VehicleId("V1"), plate="경기70바1234", low_floor=True, seats=30)}
    backend = await open_embedded(folder / "data")
    engine = RouteEngine(network, Policy(), vehicles=vehicles, assume_terminal=False)
    runtime = Runtime(
        network,
        engine,
        backend.journal,
        backend.relay,
        analysis=backend.analysis,
        vehicles=vehicles,
        clock=ShiftedClock(TEN_PAST_TEN_MS),
        settings=RuntimeSettings(),
    )
    await runtime.start()
    archive = None if recording is None else Archive(runtime, archive_plan(folder, network, vehicles), recording)
    push = open_desk(runtime, settings, folder / "data") if settings.push_contact else None
    house = furnish(runtime, settings, KEY, archive, push=push)
    listener, stop, ready = listen(settings), asyncio.Event(), asyncio.Event()
    app = create_app(house)
    serving = asyncio.create_task(serve(app, listener, stop=stop, ready=ready.set))
    await ready.wait()
    url = url_of(listener)
    try:
        async with httpx.AsyncClient(base_url=url) as http:
            it = Running(app, house, runtime, url, stop, serving, http)
            async with it._clients:
                yield it
    finally:
        stop.set()
        await serving
        await runtime.stop()
        await backend.aclose()


def archive_plan(folder: Path, network: Network, vehicles: dict[VehicleId, Vehicle]) -> ArchivePlan:
    """Recordings and replays beside the data, and the network as a file."""
    save(network._columns, folder / "street.network", problems=0)
    return ArchivePlan(
        recordings=folder / "recordings",
        replays=folder / "replays",
        network_file=folder / "street.network",
        vehicles=vehicles,
    )
