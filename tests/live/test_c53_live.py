"""A real morning of WMATA's route C53 through a real running server: GTFS-realtime in, one terminal, one rider.

The server runs in that day's time, fifteen times as fast. Positions and trip ids are the agency's; the truth is the two
fixes that bracket the bus's passage of the rider's stop.
"""

import asyncio
import csv
import io
import socket
import subprocess
import sys
import time
import zipfile
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NamedTuple

import httpx
import pytest
from google.transit import gtfs_realtime_pb2 as rt

from driver_terminal.client import TerminalClient
from rider_client.client import RiderClient
from server.backends.embedded import open_embedded
from server.core.model import BellState, Outcome, StopVisit, VisitOutcome
from server.protocol.messages import AlertMessage, BellMessage, PresenceClaim, Refused
from server.protocol.tokens import Role, make_token, signing_key

pytestmark = pytest.mark.shared

RATE = 15.0
TOLERANCE_MS = 5_000


class Passage(NamedTuple):
    """One derived passage: the bus was before the stop at `before_s` and beyond it at `after_s`."""

    vehicle_id: str
    trip_id: str
    stop_id: str
    stop_sequence: int
    before_s: int
    after_s: int


CASES = [("5461", "30894100", 40), ("2836", "20534100", 42)]


def passage(data: Path, vehicle_id: str, trip_id: str, stop_sequence: int) -> Passage:
    with (data / "stop_passages_derived.csv").open() as file:
        for row in csv.DictReader(file):
            if (row["vehicle_id"], row["trip_id"], int(row["stop_sequence"])) == (vehicle_id, trip_id, stop_sequence):
                times = int(row["t_before"]), int(row["t_after"])
                return Passage(vehicle_id, trip_id, row["stop_id"], stop_sequence, *times)
    raise LookupError(f"no passage of {vehicle_id} at {stop_sequence}")


def place_of(data: Path, stop_id: str) -> tuple[float, float]:
    with zipfile.ZipFile(data / "gtfs.zip") as feed:
        text = io.TextIOWrapper(feed.open("stops.txt"), encoding="utf-8-sig")
        for row in csv.DictReader(text):
            if row["stop_id"] == stop_id:
                return float(row["stop_lat"]), float(row["stop_lon"])
    raise LookupError(stop_id)


def feed_message(rows: list[dict[str, str]], at_s: int) -> bytes:
    message = rt.FeedMessage()
    message.header.gtfs_realtime_version = "2.0"
    message.header.timestamp = at_s
    for row in rows:
        entity = message.entity.add(id=row["vehicle_id"])
        entity.vehicle.vehicle.id = row["vehicle_id"]
        entity.vehicle.trip.trip_id = row["trip_id"]
        entity.vehicle.trip.start_date = row["start_date"]
        entity.vehicle.timestamp = int(row["ts"])
        entity.vehicle.position.latitude = float(row["lat"])
        entity.vehicle.position.longitude = float(row["lon"])
        if row["bearing"]:
            entity.vehicle.position.bearing = float(row["bearing"])
        if row["speed_mps"]:
            entity.vehicle.position.speed = float(row["speed_mps"])
    return bytes(message.SerializeToString())


def compile_network(feed: Path, network: Path) -> None:
    command = [sys.executable, "-m", "ridebell", "import", str(feed), "--out", str(network)]
    subprocess.run(command, check=True, capture_output=True)


@contextmanager
def serving(network: Path, data_dir: Path, start_s: int) -> Iterator[str]:
    """`ridebell serve` in that day's time, as a child process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    as_of = datetime.fromtimestamp(start_s, UTC).isoformat()
    command = [sys.executable, "-m", "ridebell", "serve", "--network", str(network), "--data", str(data_dir)]
    child = subprocess.Popen([*command, "--port", str(port), "--as-of", as_of, "--rate", str(RATE)])
    try:
        url = f"http://127.0.0.1:{port}"
        end = time.monotonic() + 30
        while time.monotonic() < end and child.poll() is None:
            try:
                if httpx.get(f"{url}/readyz").status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.05)
        else:
            raise AssertionError("the server did not become ready")
        yield url
    finally:
        child.terminate()
        assert child.wait(30) == 0


class Screen:
    """The driver's screen: what it showed and when, in the server's time."""

    def __init__(self) -> None:
        self.alerts: list[AlertMessage] = []
        self.cleared: list[Outcome | None] = []

    async def show(self, alert: AlertMessage) -> None:
        self.alerts.append(alert)

    async def clear(self, alert: AlertMessage, outcome: Outcome | None) -> None:
        self.cleared.append(outcome)

    async def bell_off(self, off: bool) -> None:
        pass


@asynccontextmanager
async def posting(url: str, token: str, rows: list[dict[str, str]], start_s: int) -> AsyncIterator[None]:
    """Post the day's positions second by second, as a control centre would."""
    by_second: defaultdict[int, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        by_second[int(row["ts"])].append(row)
    began = time.monotonic()

    async def post() -> None:
        async with httpx.AsyncClient(headers={"authorization": f"Bearer {token}"}) as client:
            for second in sorted(by_second):
                await asyncio.sleep(max(0.0, began + (second - start_s) / RATE - time.monotonic()))
                body = feed_message(by_second[second], second)
                answer = await client.post(
                    f"{url}/v1/feed/vehicle-positions", content=body, headers={"content-type": "application/x-protobuf"}
                )
                assert answer.status_code == 200, answer.text

    task = asyncio.create_task(post())
    try:
        yield
        assert not task.done() or task.exception() is None
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def recorded_visits(data_dir: Path) -> list[StopVisit]:
    backend = await open_embedded(data_dir)
    try:
        return list(await backend.journal.stop_visits(0, 100_000))
    finally:
        await backend.aclose()


@pytest.mark.parametrize(("vehicle_id", "trip_id", "stop_sequence"), CASES)
async def test_the_alert_comes_before_the_bus(
    shared_dir: Path, tmp_path: Path, vehicle_id: str, trip_id: str, stop_sequence: int
) -> None:
    data = shared_dir / "data" / "wmata_bus_2026"
    wanted = passage(data, vehicle_id, trip_id, stop_sequence)
    start_s, end_s = wanted.before_s - 270, wanted.after_s + 90
    with (data / "vehicle_positions.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if start_s <= int(row["ts"]) <= end_s]
    direction_id: Literal[0, 1] = 1 if any(r["trip_id"] == trip_id and r["direction_id"] == "1" for r in rows) else 0
    network, data_dir = tmp_path / "c53.network", tmp_path / "data"
    compile_network(data / "gtfs.zip", network)
    key = signing_key(data_dir, demo=False)
    screen = Screen()

    def token(role: Role, subject: str, vehicle: str | None = None) -> str:
        return make_token(key, role=role, subject=subject, vehicle_id=vehicle, ttl_s=3600, now_s=time.time())

    with serving(network, data_dir, start_s) as url:
        terminal = TerminalClient(url, token(Role.TERMINAL, vehicle_id, vehicle_id), vehicle_id, display=screen)
        rider = RiderClient(url, token(Role.RIDER, "rider"), lang="en")
        async with posting(url, token(Role.FEED, "wmata"), rows, start_s), terminal, rider:
            await asyncio.sleep(60 / RATE)
            lat, lon = place_of(data, wanted.stop_id)
            bell = await rider.ring(
                stop_id=wanted.stop_id,
                route_id="C53",
                direction_id=direction_id,
                presence=PresenceClaim(lat=lat, lon=lon, accuracy_m=10.0),
            )
            assert not isinstance(bell, Refused), bell
            async with asyncio.timeout((end_s - start_s) / RATE + 10):
                states = [message async for message in _until_passed(bell.states())]
    assert screen.alerts, [s.state for s in states]
    first = screen.alerts[0]
    assert (first.trip_id, first.stop_sequence) == (trip_id, stop_sequence)
    assert first.at_ms < wanted.before_s * 1000
    assert states[-1].state in (BellState.SERVED, BellState.PASSED)
    assert states[-1].vehicle_id == vehicle_id
    visits = [v for v in await recorded_visits(data_dir) if v.vehicle_id == vehicle_id]
    visit = next(v for v in visits if v.stop_sequence == stop_sequence)
    assert visit.arrived_ms is not None
    assert visit.departed_ms is not None
    assert visit.departed_ms >= wanted.before_s * 1000 - TOLERANCE_MS
    assert visit.arrived_ms <= wanted.after_s * 1000 + TOLERANCE_MS
    expected = {BellState.SERVED: VisitOutcome.PASSED, BellState.PASSED: VisitOutcome.STOPPED}
    assert visit.outcome is not expected[states[-1].state]


async def _until_passed(states: AsyncIterator[BellMessage]) -> AsyncIterator[BellMessage]:
    async for message in states:
        yield message
        if message.state is BellState.PASSED:
            return
