"""Between a decision and its commit nobody is told, whichever way he asks; and what a rider says of a bell stays in order."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from server.core.effects import BellChanged, BellRepeated, Effect
from server.core.events import Cancel
from server.core.model import BellId, BellState, RiderId
from server.protocol import messages as wire
from server.runtime import RECENT_BELLS, StoreUnavailableError
from server.streams import rider_stream, terminal_stream
from tests.server.test_runtime import BUS, Shard, shard

RIDER = RiderId("rider")
BELL = BellId("bell-00001")
T = TypeVar("T")


@contextmanager
def busy_file(data: Path) -> Iterator[None]:
    """Somebody else writes to the journal's file: commits wait for it."""
    with closing(sqlite3.connect(data / "ridebell.sqlite3", isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        yield
        db.execute("ROLLBACK")


async def decided(s: Shard) -> None:
    """Ring, and wait until the engine (but not the journal) knows of it."""
    s.runtime.submit(s.ring())
    for _ in range(10_000):
        if s.runtime.engine.bell(BELL) is not None:
            return
        await asyncio.sleep(0.001)
    raise AssertionError("the ring was not decided")


async def not_yet(asking: Awaitable[T]) -> asyncio.Future[T]:
    """Ask, and see that there is no answer although everybody else had his turn."""
    task = asyncio.ensure_future(asking)
    for _ in range(100):
        await asyncio.sleep(0)
    assert not task.done()
    return task


async def test_a_bell_is_not_found_before_it_is_kept(tmp_path: Path) -> None:
    async with shard(tmp_path) as s:
        with busy_file(tmp_path):
            await decided(s)
            asking = await not_yet(s.runtime.find_bell(BELL))
        found = await asking
        assert found is not None
        assert found == await s.backend.journal.find_bell(BELL)


async def test_a_rider_s_snapshot_holds_only_what_is_kept(tmp_path: Path) -> None:
    async with shard(tmp_path) as s:
        with busy_file(tmp_path):
            await decided(s)
            entering = await not_yet(s.runtime.attach(rider_stream(RIDER), None))
            await s.runtime.attach(rider_stream(RiderId("another")), None)
        attached = await entering
        assert attached.seq == 1
        assert [b.state for b in s.runtime.rider_snapshot(RIDER).bells] == ["waiting"]


async def test_a_terminal_s_snapshot_holds_only_what_is_kept(tmp_path: Path) -> None:
    async with shard(tmp_path) as s:
        await s.bus_on_its_way()
        with busy_file(tmp_path):
            await decided(s)
            entering = await not_yet(s.runtime.attach(terminal_stream(BUS), None))
        assert (await entering).seq == 2
        assert len(s.runtime.terminal_snapshot(BUS).alerts) == 1


async def test_what_will_never_be_kept_is_never_told(tmp_path: Path) -> None:
    async with shard(tmp_path, max_bytes=300_000) as s:
        for k in range(5_000):
            await s.runtime.ask(s.ring(f"bell-{k:05}", f"rider-{k}"))
            if s.runtime.not_ready is not None:
                break
        with pytest.raises(StoreUnavailableError):
            await s.runtime.find_bell(BellId(f"bell-{k:05}"))
        with pytest.raises(StoreUnavailableError):
            await s.runtime.attach(rider_stream(RiderId(f"rider-{k}")), None)


async def test_a_cancel_does_not_overtake_its_ring(tmp_path: Path) -> None:
    async with shard(tmp_path) as s:
        heard: list[Effect] = []
        s.runtime.submit(s.ring(), heard.extend)
        s.runtime.submit(s.ring(), heard.extend)
        heard += await s.runtime.ask(Cancel(BELL, RIDER))
        assert [type(effect) for effect in heard] == [BellChanged, BellRepeated, BellChanged]
        kept = await s.backend.journal.find_bell(BELL)
        assert kept is not None
        assert kept.state is BellState.CANCELLED


async def test_what_memory_has_no_room_for_is_resumed_from_the_journal(tmp_path: Path) -> None:
    async with shard(tmp_path, frames_kept=1) as s:
        await s.runtime.ask(s.ring())
        await s.runtime.ask(s.ring("bell-00002", "another"))
        back = await s.runtime.attach(rider_stream(RIDER), wire.Resume(epoch=s.backend.journal.epoch, seq=0))
        assert (back.recovered, back.seq, len(back.frames)) == (True, 1, 1)


async def test_a_rider_who_comes_back_after_a_restart_hears_how_it_ended(tmp_path: Path) -> None:
    async with shard(tmp_path) as s:
        await s.runtime.ask(s.ring())
        await s.runtime.ask(Cancel(BELL, RIDER))
    async with shard(tmp_path) as s:
        assert s.runtime.rider_snapshot(RIDER).bells == []
        await s.runtime.attach(rider_stream(RIDER), None)
        assert [b.state for b in s.runtime.rider_snapshot(RIDER).bells] == ["cancelled"]


async def test_a_long_day_does_not_fill_the_snapshot(tmp_path: Path) -> None:
    async with shard(tmp_path) as s:
        ids = [f"bell-{n:05}" for n in range(RECENT_BELLS + 5)]
        for bell_id in ids:
            await s.runtime.ask(s.ring(bell_id))
            await s.runtime.ask(Cancel(BellId(bell_id), RIDER))
        await s.runtime.ask(s.ring("bell-open"))
        told = [b.bell_id for b in s.runtime.rider_snapshot(RIDER).bells]
        assert sorted(told) == sorted([*ids[-RECENT_BELLS:], "bell-open"])
