"""SIGKILL of a terminal at the worst moments: what the driver saw is not shown again, what he did not see is."""

import asyncio
import sys
import time
from asyncio.subprocess import Process
from pathlib import Path

import pytest

from tests.driver_terminal import kill_child
from tests.driver_terminal.wire import alert, trip
from tests.rider_client.scripted_server import SOON_S, Frame, ScriptedServer


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "screen.log"
    path.touch()
    return path


async def start(server: ScriptedServer, log: Path) -> Process:
    state = log.with_name("displayed.sqlite")
    return await asyncio.create_subprocess_exec(sys.executable, kill_child.__file__, server.url, str(state), str(log))


async def kill(child: Process) -> None:
    child.kill()
    await child.wait()


def lines_of(log: Path) -> list[str]:
    """What the screen did, without the BELL OFF mark."""
    return [line for line in log.read_text().splitlines() if not line.startswith("bell_off")]


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@pytest.mark.chaos
async def test_killed_after_each_display(server: ScriptedServer, log: Path) -> None:
    """The terminal dies right after the screen has the alert; the server, which heard no ack, sends all again."""
    alerts: list[Frame] = []
    for n in range(1, 7):
        async with asyncio.timeout(SOON_S):
            child = await start(server, log)
            peer = await server.peer()
            await peer.welcome(seq=n, server_at_ms=now_ms(), trip=trip(n), alerts=alerts)
            fresh = alert(n + 1, stop=n, at_ms=now_ms(), eta_s=60)
            alerts.append(fresh)
            fields = dict(fresh)
            await peer.send(fields.pop("type"), **fields)
            while (await peer.receive("shown"))["alert_id"] != fresh["alert_id"]:
                pass
            await kill(child)
    assert lines_of(log) == [f"show A{n} 1" for n in range(1, 7)]


@pytest.mark.chaos
async def test_killed_while_displaying(server: ScriptedServer, log: Path) -> None:
    """Nobody can know whether the driver saw it: it is shown (again) rather than never."""
    fresh = alert(2, at_ms=now_ms(), eta_s=60, stop_name=kill_child.HANG)
    async with asyncio.timeout(SOON_S):
        child = await start(server, log)
        peer = await server.peer()
        await peer.welcome(seq=1, server_at_ms=now_ms(), trip=trip(1), alerts=[])
        fields = dict(fresh)
        await peer.send(fields.pop("type"), **fields)
        while not lines_of(log):  # noqa: ASYNC110 - another process's file has no event to wait for
            await asyncio.sleep(0.01)
        await kill(child)
        child = await start(server, log)
        peer = await server.peer()
        await peer.welcome(seq=2, server_at_ms=now_ms(), trip=trip(1), alerts=[fresh])
        await peer.receive("shown")
        await kill(child)
    assert lines_of(log) == ["begin A4", "show A4 1"]
