"""GTFS-realtime through a real server: positions in by POST and by polling, feeds out, judged by an independent validator."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from google.transit import gtfs_realtime_pb2 as pb
from gtfs_rt_validator.api import Inputs, Mode, Request, prepare_feed, validate
from gtfs_rt_validator.runner import Source

from server.protocol.tokens import Role
from tests.live.running_server import RunningServer, running_server
from tests.live.street_feed import WAYS, Streets, Way

PROTOBUF = {"Content-Type": "application/x-protobuf"}
FEEDS = {"vp": "vehicle-positions", "tu": "trip-updates"}
HISTORY_S = 20
ROUNDS = 3


@dataclass(frozen=True)
class FedBus:
    """A bus that a control centre speaks for; it has no terminal of ours. `along_m` is its place now."""

    vehicle_id: str
    way: Way
    trip_id: str | None
    start_date: str
    along_m: float
    speed_mps: float = 9.0
    aside_m: float = 0.0

    def into(self, message: pb.FeedMessage, at_s: int, now_s: int) -> None:
        """Say where it was at an instant."""
        lat, lon = self.way.place(self.along_m + self.speed_mps * (at_s - now_s))
        vehicle = message.entity.add(id=self.vehicle_id).vehicle
        vehicle.vehicle.id = self.vehicle_id
        if self.trip_id is not None:
            vehicle.trip.trip_id, vehicle.trip.start_date = self.trip_id, self.start_date
        vehicle.trip.route_id, vehicle.trip.direction_id = self.way.route_id, self.way.direction_id
        vehicle.position.latitude, vehicle.position.longitude = lat + self.aside_m / 111_000, lon
        vehicle.position.speed, vehicle.position.bearing = self.speed_mps, self.way.heading_deg
        vehicle.timestamp = at_s


def fleet(streets: Streets) -> list[FedBus]:
    """Buses in all sorts of situations; trips that begin about now."""
    buses = []
    for n, way in enumerate(WAYS):
        trip = streets.trips[way][14]
        bus = FedBus(f"{way.route_id}{way.direction_id}", way, trip.trip_id, trip.start_date, along_m=400.0 + 230.0 * n)
        buses.append(bus)
    first, _, third = buses[:3]
    return [
        *buses,
        replace(first, vehicle_id="stands", trip_id=streets.trips[first.way][15].trip_id, along_m=630.0, speed_mps=0.0),
        replace(third, vehicle_id="says no trip", trip_id=None, along_m=500.0),
    ]


def message_of(buses: Sequence[FedBus], at_s: int, now_s: int, *, header_s: int | None = None) -> bytes:
    message = pb.FeedMessage()
    message.header.gtfs_realtime_version = "2.0"
    message.header.timestamp = at_s if header_s is None else header_s
    for bus in buses:
        bus.into(message, at_s, now_s)
    return bytes(message.SerializeToString())


class Feed:
    """A control centre with a token, and a reader of what the server publishes."""

    def __init__(self, server: RunningServer, http: httpx.AsyncClient) -> None:
        self.headers = server.bearer(Role.FEED, "control-centre")
        self._http = http

    async def post(self, data: bytes) -> httpx.Response:
        return await self._http.post("/v1/feed/vehicle-positions", content=data, headers=self.headers | PROTOBUF)

    async def published(self, name: str) -> bytes:
        answer = await self._http.get(f"/gtfs-rt/{name}.pb")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-protobuf")
        return answer.content

    async def positions(self) -> list[pb.VehiclePosition]:
        """What is published of the vehicles; ages and the header aside."""
        await asyncio.sleep(1.1)  # a published message is kept for a second
        return [e.vehicle for e in pb.FeedMessage.FromString(await self.published(FEEDS["vp"])).entity]


@pytest.fixture
async def server(streets: Streets, tmp_path: Path) -> AsyncIterator[RunningServer]:
    async with running_server(streets.network, tmp_path / "data") as server:
        yield server


@pytest.fixture
async def feed(server: RunningServer) -> AsyncIterator[Feed]:
    async with httpx.AsyncClient(base_url=server.url, timeout=30.0) as http:
        yield Feed(server, http)


def findings(static: Path, folder: Path, cycles: int) -> dict[str, object]:
    """What the validator says of all the messages, in their order, by rule."""
    inputs = Inputs(
        tuple(
            tuple(Source(f"{role}-{n}", role, folder / f"{role}-{n}.pb") for role in ("tu", "vp"))
            for n in range(cycles)
        ),
        True,
    )
    result = validate(Request(mode=Mode.MODERN, gtfs=prepare_feed(static, mode=Mode.MODERN), inputs=inputs))
    result.write(folder / "report")
    report = json.loads((folder / "report" / "report.json").read_text())
    assert report["summary"]["messagesValidated"] == 2 * cycles
    return {notice["code"]: notice["sampleNotices"][:2] for notice in report["notices"]}


async def test_what_is_published_has_no_fault(feed: Feed, streets: Streets, tmp_path: Path) -> None:
    """Of a bus that then comes in far from its trip's street the trip is not said: a warning, and the truth."""
    buses, begin_s = fleet(streets), int(time.time())
    for at_s in range(begin_s - HISTORY_S, begin_s):
        answer = await feed.post(message_of(buses, at_s, begin_s))
        assert answer.status_code == 200, answer.text
    for n in range(2 * ROUNDS):
        if n == ROUNDS:
            assert findings(streets.feed, tmp_path, ROUNDS) == {}
            trip = streets.trips[buses[0].way][16]
            buses.append(replace(buses[0], vehicle_id="astray", trip_id=trip.trip_id, aside_m=800.0))
        now_s = int(time.time())
        answer = await feed.post(message_of(buses, now_s, begin_s))
        assert (answer.json()["accepted"], answer.json()["refused"]) == (len(buses), [])
        for role, name in FEEDS.items():
            (tmp_path / f"{role}-{n}.pb").write_bytes(await feed.published(name))
        await asyncio.sleep(1.1)
    vehicles = {vehicle.vehicle.id: vehicle for vehicle in await feed.positions()}
    assert vehicles[buses[0].vehicle_id].trip.trip_id == buses[0].trip_id
    assert vehicles["astray"].trip.trip_id == ""
    assert findings(streets.feed, tmp_path, 2 * ROUNDS).keys() == {"W003"}


async def test_bad_messages_are_refused_with_a_reason_and_change_nothing(feed: Feed, streets: Streets) -> None:
    buses, now_s = fleet(streets), int(time.time())
    good = message_of(buses, now_s, now_s)
    assert (await feed.post(good)).json()["accepted"] == len(buses)
    before = await feed.positions()
    moved = [replace(bus, along_m=bus.along_m + 50.0) for bus in buses]
    bad = {
        "empty": b"",
        "not_protobuf": message_of(moved, now_s + 1, now_s)[:-3],
        "no_header": b"\x12\x00",
        "header_went_back": message_of(moved, now_s + 1, now_s, header_s=now_s - 30),
        "header_future": message_of(moved, now_s + 1, now_s, header_s=now_s * 1000),
    }
    for reason, data in bad.items():
        answer = await feed.post(data)
        assert (answer.status_code, answer.json()["reason"]) == (400, "bad_message")
        assert reason in answer.json()["detail"], answer.text
    assert await feed.positions() == before
    assert (await feed.post(message_of(moved, now_s + 1, now_s))).json()["accepted"] == len(buses)
    assert await feed.positions() != before


async def test_positions_are_taken_from_feeds_only(server: RunningServer, feed: Feed, streets: Streets) -> None:
    now_s = int(time.time())
    data = message_of(fleet(streets), now_s, now_s)
    for headers, status in ((server.bearer(Role.RIDER, "somebody"), 403), ({}, 401)):
        feed.headers = headers
        assert (await feed.post(data)).status_code == status
    assert await feed.positions() == []


class PolledFeed:
    """An agency's web server with one message, which may be a broken one."""

    def __init__(self) -> None:
        self.data = b""
        self._loop = asyncio.get_running_loop()
        self._asked = asyncio.Event()

    def give(self) -> bytes:
        """Somebody asks (on the web server's thread)."""
        self._loop.call_soon_threadsafe(self._asked.set)
        return self.data

    async def polled(self, times: int = 2) -> None:
        """Wait until it was asked so often from now on: of all but the last answer the poller has made up its mind."""
        for _ in range(times):
            self._asked.clear()
            async with asyncio.timeout(60):
                await self._asked.wait()


class PolledHandler(BaseHTTPRequestHandler):
    """Answers every GET with the message."""

    def __init__(self, source: PolledFeed, *args: Any) -> None:
        self._source = source
        super().__init__(*args)

    def do_GET(self) -> None:
        data = self._source.give()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Quiet."""


@contextmanager
def web_server(source: PolledFeed) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(PolledHandler, source)) as web:
        thread = threading.Thread(target=web.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{web.server_address[1]}/positions.pb"
        web.shutdown()
        thread.join()


async def test_a_polled_feed_moves_the_buses_and_a_broken_one_does_not(streets: Streets, tmp_path: Path) -> None:
    source, buses, now_s = PolledFeed(), fleet(streets), int(time.time())
    source.data = message_of(buses, now_s, now_s)
    with web_server(source) as url:
        options = ("--poll", url, "--poll-period", "1")
        async with (
            running_server(streets.network, tmp_path / "data", options) as server,
            httpx.AsyncClient(base_url=server.url, timeout=30.0) as http,
        ):
            feed = Feed(server, http)
            await source.polled()
            before = await feed.positions()
            assert {vehicle.vehicle.id for vehicle in before} == {bus.vehicle_id for bus in buses}
            moved = [replace(bus, along_m=bus.along_m + 50.0) for bus in buses]
            newer = message_of(moved, now_s + 1, now_s)
            for bad in (newer[:-3], b"", message_of(moved, now_s + 1, now_s, header_s=now_s - 30)):
                source.data = bad
                await source.polled()
            assert await feed.positions() == before
            said = server.complaints()
            assert all(reason in said for reason in ("not_protobuf", "empty", "header_went_back")), said
            source.data = newer
            await source.polled()
            assert await feed.positions() != before
