"""The transport on both event loops: the whole life of a connection over real sockets."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import uvloop
import websockets

from server.protocol.session import CloseCode
from server.protocol.tokens import Role
from server.web.rider_socket import RiderSession
from tests.server.web.web_world import running

Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_the_whole_life_of_a_connection(run: Run, tmp_path: Path) -> None:
    async def life() -> None:
        async with running(tmp_path) as server:
            polite = await server.hello(Role.RIDER)
            await (await polite.socket.ping())
            await polite.socket.send(['{"type": "watch", ', '"stop_id": "S2"}'])
            await polite.until("arrivals", stop_id="S2")
            await polite.socket.close(4000, "bye")
            assert polite.socket.close_code == 4000

            rude = await server.hello(Role.RIDER)
            with contextlib.suppress(websockets.ConnectionClosed):
                await rude.socket.send("x" * 3_000_000)
            assert await rude.closed() == CloseCode.TOO_LARGE

            turned_away = await server.open(Role.OPERATOR)
            await turned_away.send({"type": "hello", "token": server.token(Role.RIDER)})
            assert await turned_away.closed() == CloseCode.FORBIDDEN
            assert turned_away.seen[0]["type"] == "refused"

            vanishing = await server.hello(Role.RIDER)
            vanishing.socket.transport.abort()

            slow = await server.hello(Role.RIDER, "slow")
            slow.socket.transport.pause_reading()
            sessions = [m for m in server.house.lobby._members if isinstance(m, RiderSession)]
            session = next(s for s in sessions if s.identity is not None and s.identity.subject == "slow")
            for n in range(400):
                session.outbox.deliver(b'{"type":"arrivals","pad":"%s"}' % (b"x" * 50_000), seq=n, key="k")
            assert session.stage.value == "closed"
            slow.socket.transport.resume_reading()
            assert await slow.closed() == CloseCode.TOO_SLOW

            last = await server.hello(Role.RIDER)
            server.stop.set()
            assert (await last.until("drain"))["reconnect_in_ms"] > 0
            assert await last.closed() == CloseCode.RESTART
            await server.serving

    run(life())


async def test_a_message_that_cannot_be_handled_is_logged_and_costs_only_its_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(tmp_path) as server:
        rider, other = await server.hello(Role.RIDER), await server.hello(Role.RIDER)

        def fails(*_: object) -> None:
            raise ZeroDivisionError

        with monkeypatch.context() as patch:
            patch.setattr(server.house.stop_boards, "_refresh", fails)
            await rider.send({"type": "watch", "stop_id": "S1"})
            assert await rider.closed() == CloseCode.RESTART
        assert "could not be handled" in caplog.text
        await other.send({"type": "watch", "stop_id": "S2"})
        await other.until("arrivals")
