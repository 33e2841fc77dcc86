"""How the real server ends when asked to, what it knows when it is started again, and what it says to a damaged journal."""

import asyncio
import json
import random
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from ridebell.cli import run as ridebell
from rider_client.bell import RiderBell
from server.backends.embedded import open_embedded
from server.protocol.messages import PresenceClaim, TripMessage
from server.protocol.session import CloseCode
from server.protocol.tokens import Role
from tests.chaos.buses import EAGER
from tests.chaos.evidence import FILE_NAME
from tests.chaos.witness import WatchedDisplay, WatchedRider, WatchedTerminal, Witness
from tests.live.running_server import RunningServer, running_server
from tests.live.street_feed import WAYS, Streets

pytestmark = pytest.mark.chaos

WAY = WAYS[0]
STOP = 3
BUS = "bus-1"


@pytest.fixture
async def server(streets: Streets, tmp_path: Path) -> AsyncIterator[RunningServer]:
    async with running_server(streets.network, tmp_path / "data") as server:
        yield server


async def greeted(server: RunningServer, role: Role, vehicle_id: str | None = None) -> ClientConnection:
    """A bare socket that has been welcomed."""
    socket = await connect(f"ws://127.0.0.1:{server.port}/v1/ws/{role}", compression=None)
    await socket.send(json.dumps({"type": "hello", "token": server.token(role, "somebody", vehicle_id=vehicle_id)}))
    assert json.loads(await socket.recv())["type"] == "welcome"
    return socket


async def until_closed(socket: ClientConnection) -> tuple[list[str], int | None, int]:
    """The types of what still came, the close code, and when the last `drain` asks to come back (ms)."""
    types, come_back_ms = [], 0
    try:
        async with asyncio.timeout(30):
            while True:
                frame = json.loads(await socket.recv())
                types.append(frame["type"])
                come_back_ms = frame.get("reconnect_in_ms", come_back_ms)
    except ConnectionClosed:
        return types, socket.close_code, come_back_ms


async def test_sigterm_says_when_to_come_back_drivers_first(server: RunningServer) -> None:
    terminal = await greeted(server, Role.TERMINAL, BUS)
    others = [await greeted(server, role) for role in (Role.RIDER, Role.OPERATOR, Role.FEED)]
    hearing = [asyncio.create_task(until_closed(socket)) for socket in (terminal, *others)]
    assert await server.terminate() == 0
    for one in hearing:
        types, code, come_back_ms = await one
        assert types.count("drain") == 1
        assert code == CloseCode.RESTART
        assert come_back_ms > 0
    _, _, driver_back_ms = await hearing[0]
    assert driver_back_ms <= 1000
    with pytest.raises(OSError, match=r"refused|failed"):
        await connect(f"ws://127.0.0.1:{server.port}/v1/ws/rider")


class Morning:
    """A bus on its way and a rider who waits for it."""

    def __init__(self, server: RunningServer, streets: Streets, home: Path) -> None:
        self.witness = Witness()
        self.trip = streets.trips[WAY][15]
        chance = random.Random(7)
        self.rider = WatchedRider(server.url, server.token(Role.RIDER, "rider"), self.witness, pace=EAGER, rng=chance)
        self.terminal = WatchedTerminal(
            server.url, server.token(Role.TERMINAL, BUS, vehicle_id=BUS), BUS, self.witness, pace=EAGER, rng=chance,
            display=WatchedDisplay(BUS, self.witness, lambda _: 0.0), state_path=home / "terminal.sqlite3",
        )  # fmt: skip

    async def report(self, along_m: float) -> None:
        """One fix of the bus, which stands at a light."""
        lat, lon = WAY.place(along_m)
        self.terminal.fix(lat=lat, lon=lon, speed_mps=0.0, accuracy_m=4.0, along_m=along_m)

    async def sign_on(self) -> None:
        """The driver begins, 200 m before the rider's stop."""
        signed = await self.terminal.sign_on(trip_id=self.trip.trip_id, start_date=self.trip.start_date)
        assert isinstance(signed, TripMessage)
        await self.report(WAY.stop_along_m(STOP) - 200.0)

    async def ring(self) -> RiderBell:
        """The rider rings."""
        lat, lon = WAY.place(WAY.stop_along_m(STOP))
        bell = await self.rider.ring(
            stop_id=WAY.stop_id(STOP), route_id=WAY.route_id, direction_id=0, presence=PresenceClaim(lat=lat, lon=lon)
        )
        assert isinstance(bell, RiderBell), bell
        return bell


async def said(bell: RiderBell, state: str) -> None:
    """Wait until a state is told."""
    async with asyncio.timeout(60):
        async for message in bell.states():
            if message.state == state:
                return
    raise AssertionError(f"the bell ended {bell.latest.state}")


async def test_a_polite_restart_loses_nothing(streets: Streets, tmp_path: Path) -> None:
    async with running_server(streets.network, tmp_path / "data") as server:
        morning = Morning(server, streets, tmp_path)
        async with morning.rider, morning.terminal:
            await morning.sign_on()
            bell = await morning.ring()
            await said(bell, "shown")
            assert await server.terminate() == 0
            await server.launch()
            await server.ready()
            await morning.terminal.connected(timeout_s=60)
            await morning.rider.connected(timeout_s=60)
            assert bell.latest.state == "shown"
            assert len(morning.terminal.alerts) == len(morning.witness.shown) == 1
            assert morning.witness.returns["rider resumed"] == morning.witness.returns["terminal resumed"] == 1
            await morning.report(WAY.stop_along_m(STOP) - 190.0)
            await bell.cancel()
            assert bell.latest.state == "cancelled"


def garbage(file: Path) -> None:
    file.write_bytes(b"x" * 8192)


def cut_short(file: Path) -> None:
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 2])


def another_program_s(file: Path) -> None:
    file.unlink()
    run(file, "CREATE TABLE notes (text)")


def from_the_future(file: Path) -> None:
    run(file, "PRAGMA user_version = 99")


def without_epoch(file: Path) -> None:
    run(file, "DELETE FROM meta")


def unreadable_record(file: Path) -> None:
    run(file, "INSERT INTO assignments VALUES ('bus-1', 1, 0, x'00FF')")


def without_a_table(file: Path) -> None:
    run(file, "DROP TABLE streams")


def run(file: Path, statement: str) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.execute(statement)


@pytest.mark.parametrize(
    "damage",
    [garbage, cut_short, another_program_s, from_the_future, without_epoch, unreadable_record, without_a_table],
)
def test_a_damaged_journal_is_refused_in_one_sentence(
    streets: Streets, tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: Callable[[Path], None]
) -> None:
    asyncio.run(make_journal(tmp_path))
    damage(tmp_path / FILE_NAME)
    before = (tmp_path / FILE_NAME).read_bytes()
    command = ["serve", "--network", str(streets.network), "--data", str(tmp_path), "--port", "0"]
    assert ridebell(command) == 2
    sentence = capsys.readouterr().err
    assert str(tmp_path / FILE_NAME) in sentence
    assert sentence.count("\n") == 1
    assert (tmp_path / FILE_NAME).read_bytes() == before, "what is refused is left as it is"


async def make_journal(data: Path) -> None:
    """An empty one."""
    backend = await open_embedded(data)
    await backend.aclose()
