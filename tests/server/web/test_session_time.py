"""What a session does as time passes: deadlines, beats, budgets, silence. In memory; the tests own the time."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from server.protocol.tokens import Role
from server.web.rider_socket import RiderSession
from server.web.session import Session, Stage
from server.web.terminal_socket import TerminalSession
from tests.server.web.memory_connection import MemoryConnection
from tests.server.web.web_world import Running, eventually, running


def opened(server: Running, kind: type[Session], bearer: str | None = None) -> tuple[Any, MemoryConnection]:
    session, connection = kind(server.house), MemoryConnection(bearer)
    session.on_open(connection)
    return session, connection


async def entered(server: Running, kind: type[Session], vehicle: str | None = None) -> tuple[Any, MemoryConnection]:
    token = server.token(kind.role, vehicle=vehicle)
    session, connection = opened(server, kind)
    session.on_frame(json.dumps({"type": "hello", "token": token}).encode())
    while session.stage is Stage.ENTERING:  # noqa: ASYNC110 - no event says it
        await asyncio.sleep(0)
    assert connection.sent[0]["type"] == "welcome"
    return session, connection


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_hello_has_a_deadline(server: Running) -> None:
    session, connection = opened(server, RiderSession)
    start = now()
    session.sweep(start + 6.4)
    assert connection.closed() is None
    session.on_frame(b'{"type":"hello","token":"' + b"x" * 40 + b'"}')
    session.sweep(start + 6.6)  # even while the token is being looked at
    assert connection.closed() == (4401, "no hello in time")
    await asyncio.sleep(0)
    assert connection.sent == []


async def test_a_beat_follows_silence_and_nothing_else(server: Running) -> None:
    session, connection = await entered(server, RiderSession)
    start = now()
    session.sweep(start)
    session.sweep(start + 9.9)
    assert len(connection.sent) == 1
    session.sweep(start + 10.1)
    assert connection.sent[1:] == [{"type": "beat"}]
    session.sweep(start + 12)
    session.outbox.deliver(b'{"type":"arrivals"}', seq=None, key="a")
    session.sweep(start + 13)
    session.on_alive(2)
    session.sweep(start + 22)
    assert [frame["type"] for frame in connection.sent[2:]] == ["arrivals"]
    session.sweep(start + 23)
    assert connection.sent[-1]["type"] == "beat"


async def test_a_client_without_a_sign_of_life_is_asked_and_then_closed(server: Running) -> None:
    session, connection = await entered(server, RiderSession)
    start = now()
    for second in range(16):
        session.sweep(start + second)
    assert connection.pings == 1
    session.on_alive(6)  # its pong
    for second in range(16, 45):
        session.sweep(start + second)
    assert (connection.pings, connection.closed()) == (2, None)
    session.sweep(start + 47)
    assert connection.closed() == (4408, "silent for too long")
    assert len(server.house.lobby) == 0


async def test_a_terminals_pongs_are_no_words(server: Running) -> None:
    links: list[str] = []

    class Listening:
        def deliver(self, frame: bytes, *, seq: int | None, key: str) -> None:
            links.append(json.loads(frame)["state"])

    server.runtime.relay.subscribe("ops:terminals", Listening())
    session, connection = await entered(server, TerminalSession, "V1")
    assert connection.send_buffer == server.house.settings.terminal_send_buffer_bytes
    start = now()
    for second in range(20):
        session.on_alive(2)
        session.sweep(start + second)
    assert links == ["up", "silent"]
    session.on_frame(b'{"type":"beat"}')
    session.sweep(start + 20)
    assert links == ["up", "silent", "up"]
    for second in range(21, 50):
        session.on_alive(2)
        session.sweep(start + second)
    assert links == ["up", "silent", "up", "silent"]
    session.sweep(start + 51)
    assert connection.closed() == (4408, "silent for too long")
    assert links == ["up", "silent", "up", "silent"]


async def test_a_session_ends_with_its_token(server: Running) -> None:
    session, connection = await entered(server, RiderSession)
    start = now()
    for later_s, closed in ((3_600, None), (3_640, (4401, "not_authenticated"))):
        session.on_alive(2)
        session.sweep(start + later_s)
        assert connection.closed() == closed
    assert connection.sent[-1]["reason"] == "not_authenticated"


async def test_one_session_in_trouble_does_not_stop_the_sweep(
    server: Running, caplog: pytest.LogCaptureFixture
) -> None:
    session, connection = await entered(server, RiderSession)

    def fails(_now_s: float) -> None:
        raise ZeroDivisionError

    session.sweep = fails
    rider = await server.hello(Role.RIDER)
    await eventually(lambda: connection.closed() == (1012, "try again"))
    assert "could not be looked after" in caplog.text
    await rider.send({"type": "watch", "stop_id": "S1"})
    await rider.until("arrivals")


async def test_a_budget_fills_again(tmp_path: Path) -> None:
    async with running(tmp_path, frames_burst=10, frames_per_s=2.0) as server:
        session, connection = await entered(server, RiderSession)
        start = now()
        session.sweep(start)
        for _ in range(9):
            session.on_frame(b'{"type":"beat"}')
        session.sweep(start + 2)
        for _ in range(4):
            session.on_frame(b'{"type":"beat"}')
        assert connection.closed() is None
        session.on_frame(b'{"type":"beat"}')
        session.on_frame(b'{"type":"beat"}')
        assert connection.closed() == (4429, "too many messages")
        session.on_frame(b'{"type":"beat"}')  # what was under way when we closed
        session.on_close()


async def test_frames_before_the_welcome_are_few(server: Running) -> None:
    session, connection = opened(server, RiderSession)
    session.on_frame(json.dumps({"type": "hello", "token": server.token(Role.RIDER)}).encode())
    for _ in range(65):
        session.on_frame(b'{"type":"beat"}')
    assert connection.closed() == (4400, "wait for the welcome")
    for _ in range(5):
        await asyncio.sleep(0)
    assert connection.sent == []


@pytest.mark.parametrize("moment", ["before hello", "while entering", "after the welcome"])
async def test_whenever_a_client_leaves_nothing_of_it_is_left(server: Running, moment: str) -> None:
    if moment == "after the welcome":
        session, _ = await entered(server, RiderSession)
        session.on_frame(b'{"type":"watch","stop_id":"S1"}')
        assert len(server.house.stop_boards) == 1
    else:
        session, _ = opened(server, RiderSession)
    if moment == "while entering":
        session.on_frame(json.dumps({"type": "hello", "token": server.token(Role.RIDER)}).encode())
    session.on_close()
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(server.house.lobby) == 0
    assert len(server.house.stop_boards) == 0
    assert server.house.lobby._subjects == {}
    assert server.runtime.relay._streams.keys() == {"ops:bells", "ops:terminals"}  # type: ignore[attr-defined]
