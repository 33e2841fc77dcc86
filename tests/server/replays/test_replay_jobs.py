"""Replays in their own processes: in turn, cancelled, failed, kept and forgotten."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.core.policy import Policy
from server.gtfs.compiled import save
from server.protocol.recording import write_lines
from server.protocol.replays import ReplayJob, ReplayRequest
from server.replays.jobs import ReplayJobsBoard
from server.settings import RecordingSettings
from tests.server.replay_town import NETWORK, START_MS, drive, in_order, ring

PATIENCE_S = 60


@contextlib.asynccontextmanager
async def board(folder: Path, **settings: float) -> AsyncIterator[ReplayJobsBoard]:
    it = ReplayJobsBoard(folder / "replays", {}, RecordingSettings(**settings), lambda: START_MS)  # type: ignore[arg-type]
    running = asyncio.create_task(it.run())
    try:
        yield it
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.fixture
def day(tmp_path: Path) -> Path:
    save(NETWORK._columns, tmp_path / "town.network", problems=0)
    write_lines(tmp_path / "day.jsonl", in_order(drive(), [ring(START_MS + 20_000)]))
    return tmp_path


def ask(it: ReplayJobsBoard, folder: Path, recording: str = "day.jsonl") -> ReplayJob | None:
    wish = ReplayRequest(recording=recording)
    return it.ask(wish, folder / recording, folder / "town.network", Policy(), None)


async def over(job: ReplayJob | None) -> ReplayJob:
    assert job is not None
    async with asyncio.timeout(PATIENCE_S):
        while job.state in {"waiting", "running"}:  # noqa: ASYNC110 - the board tells nobody but its readers
            await asyncio.sleep(0.02)
    return job


async def test_one_after_the_other_and_kept_over_a_restart(day: Path) -> None:
    async with board(day) as it:
        first, second = ask(it, day), ask(it, day)
        done = [await over(first), await over(second)]
        assert [job.state for job in done] == ["done", "done"]
        folders = [it.folder_of(job.replay_id) for job in done]
        for part in ("decisions.jsonl.zst", "index.json.gz", "story.json.gz", "chunk-00000.json.gz"):
            assert (folders[0] / part).read_bytes() == (folders[1] / part).read_bytes()
    (day / "replays" / "half-done").mkdir()
    async with board(day) as again:
        async with asyncio.timeout(PATIENCE_S):
            while len(again.all()) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert {job.replay_id for job in again.all()} == {job.replay_id for job in done}
    assert not (day / "replays" / "half-done").exists()


async def test_what_fails_says_why(day: Path) -> None:
    (day / "bad.jsonl.zst").write_bytes(b"no zstd at all")
    async with board(day) as it:
        job = await over(ask(it, day, "bad.jsonl.zst"))
    assert job.state == "failed"
    assert job.why_failed is not None
    assert "damaged" in job.why_failed


async def test_one_under_way_can_be_cancelled(day: Path) -> None:
    write_lines(day / "long.jsonl", in_order(*(drive(f"v{n}") for n in range(60))))
    async with board(day) as it:
        job = ask(it, day, "long.jsonl")
        waiting = ask(it, day)
        assert job is not None
        async with asyncio.timeout(PATIENCE_S):
            while job.state == "waiting":  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert await it.remove(job.replay_id)
        assert not await it.remove(job.replay_id)
        assert not it.folder_of(job.replay_id).exists()
        assert (await over(waiting)).state == "done"


async def test_a_full_queue_says_no_and_old_results_go(day: Path) -> None:
    it = ReplayJobsBoard(day / "replays", {}, RecordingSettings(replays_waiting=2, replays_kept=1), lambda: START_MS)
    jobs = [ask(it, day), ask(it, day), ask(it, day)]
    assert jobs[2] is None
    running = asyncio.create_task(it.run())
    await over(jobs[0])
    await over(jobs[1])
    async with asyncio.timeout(PATIENCE_S):
        while len(it.all()) > 1:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
