"""What one client can do to us is bounded: frames, bytes, watches, silence, and slow reading."""

import asyncio
import contextlib
import json
from pathlib import Path

import pytest
import websockets

from server.protocol.tokens import Role
from server.runtime import OPS_TERMINALS
from tests.server.web.web_world import Running, eventually, fix, running


async def test_a_frame_too_large_is_closed(server: Running) -> None:
    rider = await server.hello(Role.RIDER)
    with contextlib.suppress(websockets.ConnectionClosed):
        await rider.socket.send("x" * 2_000_000)
    assert await rider.closed() == 1009


async def test_a_message_too_large_in_fragments_is_closed(server: Running) -> None:
    rider = await server.hello(Role.RIDER)
    with contextlib.suppress(websockets.ConnectionClosed):
        await rider.socket.send("x" * 9_000 for _ in range(9))
    assert await rider.closed() == 1009


async def test_fragments_are_joined(server: Running) -> None:
    rider = await server.hello(Role.RIDER)
    await rider.socket.send(['{"type": "wat', 'ch", "stop_id"', ': "S2"}'])
    await rider.until("arrivals", stop_id="S2")


async def test_binary_frames_are_not_spoken(server: Running) -> None:
    rider = await server.hello(Role.RIDER)
    await rider.socket.send(b'{"type": "beat"}')
    assert await rider.closed() == 4400


@pytest.mark.parametrize("frame", ["beat", "ping"])
async def test_too_many_frames_are_closed(tmp_path: Path, frame: str) -> None:
    async with running(tmp_path, frames_burst=50, frames_per_s=1.0) as server:
        rider = await server.hello(Role.RIDER)
        with contextlib.suppress(websockets.ConnectionClosed):
            for _ in range(60):
                await (rider.send({"type": "beat"}) if frame == "beat" else rider.socket.ping())
        assert await rider.closed() == 4429


async def test_too_many_bytes_are_closed(tmp_path: Path) -> None:
    async with running(tmp_path, bytes_per_s=10_000, bytes_burst_s=2.0) as server:
        rider = await server.hello(Role.RIDER)
        with contextlib.suppress(websockets.ConnectionClosed):
            await rider.send({"type": "beat", "pad": "x" * 15_000}, {"type": "beat", "pad": "x" * 15_000})
        assert await rider.closed() == 4429


async def test_a_feed_may_send_more_bytes(tmp_path: Path) -> None:
    async with running(tmp_path, bytes_per_s=1_000, bytes_burst_s=2.0) as server:
        feed = await server.hello(Role.FEED)
        report = {k: v for k, v in fix(300.0, server.now_ms()).items() if k != "type"}
        await feed.send({"type": "fixes", "ref": "1", "fixes": [report | {"vehicle_id": f"F{n}"} for n in range(50)]})
        assert (await feed.until("taken"))["accepted"] == 50


async def test_watches_are_few_and_asking_again_shows_at_once(tmp_path: Path) -> None:
    async with running(tmp_path, watches_max=2) as server:
        rider = await server.hello(Role.RIDER)
        await rider.send(*[{"type": "watch", "stop_id": f"S{n}"} for n in (0, 1, 0, 2)])
        for stop in ("S0", "S1", "S0"):
            await rider.until("arrivals", stop_id=stop)
        refused = await rider.until("refused")
        assert (refused["reason"], refused["ref"]) == ("rate_limited", "S2")
        await rider.send({"type": "unwatch", "stop_id": "S0"}, {"type": "watch", "stop_id": "S2"})
        await rider.until("arrivals", stop_id="S2")
        await rider.send({"type": "watch", "stop_id": "nowhere"})
        assert (await rider.until("refused"))["reason"] == "unknown_stop"
        assert len(server.house.stop_boards) == 2
        await rider.socket.close()
        await eventually(lambda: len(server.house.stop_boards) == 0)


async def test_a_dead_client_is_closed_and_a_quiet_one_is_not(tmp_path: Path) -> None:
    async with running(tmp_path, dead_after_s=1.0) as server:
        quiet = await server.hello(Role.RIDER)  # its library answers pings by itself
        dead = await server.hello(Role.RIDER)
        dead.socket.transport.pause_reading()
        await eventually(lambda: len(server.house.lobby) == 1)
        await quiet.send({"type": "watch", "stop_id": "S1"})
        await quiet.until("arrivals")
        dead.socket.transport.abort()


async def test_a_slow_reader_loses_no_numbered_message_and_no_newer_state(tmp_path: Path) -> None:
    """The client stops reading: what waits is bounded, then it is told to come back."""
    async with running(tmp_path, outbox_max=20, write_high_bytes=20_000) as server:
        slow = await server.hello(Role.OPERATOR)
        await slow.send({"type": "watch", "what": "terminals"})
        await server.decided()
        slow.socket.transport.pause_reading()
        sent = 0
        while len(server.house.lobby):
            frame = json.dumps({"type": "terminal_event", "n": sent, "pad": "x" * 60_000}).encode()
            server.runtime.relay.publish(OPS_TERMINALS, frame, seq=sent, key="k")
            sent += 1
            assert sent < 1_000
            await asyncio.sleep(0)
        slow.socket.transport.resume_reading()
        assert await slow.closed() == 4408
        numbers = [frame["n"] for frame in slow.seen if frame["type"] == "terminal_event"]
        assert numbers == list(range(len(numbers)))
