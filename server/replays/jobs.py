"""Replays asked for, running and kept: one at a time in a process of its own, the others wait. Shell level."""

import asyncio
import contextlib
import secrets
import shutil
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from server.core.model import Vehicle, VehicleId
from server.core.policy import Policy
from server.protocol.replays import ReplayJob, ReplayRequest
from server.replays.worker import Job
from server.settings import RecordingSettings

CARD = "job.json"
LINE_MAX = 1 << 16
OVER = frozenset({"done", "failed"})


class ReplayJobsBoard:
    """All replays of one folder. Methods are called on the event loop; `now_ms` is any clock of epoch milliseconds."""

    def __init__(
        self,
        folder: Path,
        vehicles: Mapping[VehicleId, Vehicle],
        settings: RecordingSettings,
        now_ms: Callable[[], int],
    ) -> None:
        self.folder = folder
        self._vehicles = list(vehicles.values())
        self._settings = settings
        self._now_ms = now_ms
        self._jobs: dict[str, ReplayJob] = {}
        self._waiting: deque[tuple[str, Job]] = deque()
        self._wake = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None
        self._running_id: str | None = None

    def all(self) -> Sequence[ReplayJob]:
        """Every replay that is kept, the latest first."""
        return sorted(self._jobs.values(), key=lambda job: (job.asked_ms, job.replay_id), reverse=True)

    def get(self, replay_id: str) -> ReplayJob | None:
        """One replay."""
        return self._jobs.get(replay_id)

    def folder_of(self, replay_id: str) -> Path:
        """Where the files of a known replay are."""
        return self.folder / replay_id

    def ask(
        self, wish: ReplayRequest, recording: Path, network: Path, policy: Policy, decisions: Path | None
    ) -> ReplayJob | None:
        """Put a replay in the queue; None when the queue is full."""
        if len(self._waiting) >= self._settings.replays_waiting:
            return None
        replay_id = secrets.token_hex(6)
        out = self.folder_of(replay_id)
        out.mkdir(parents=True, mode=0o700)
        job = ReplayJob(
            replay_id=replay_id,
            recording=wish.recording,
            policy=wish.policy,
            decisions=wish.decisions,
            state="waiting",
            asked_ms=self._now_ms(),
        )
        work = Job(
            recording=str(recording),
            network=str(network),
            out=str(out),
            policy=policy,
            vehicles=self._vehicles,
            decisions=None if decisions is None else str(decisions),
        )
        self._jobs[replay_id] = job
        self._waiting.append((replay_id, work))
        self._wake.set()
        return job

    async def remove(self, replay_id: str) -> bool:
        """Cancel a replay if it is not over, and forget it; False for one that is not known."""
        job = self._jobs.pop(replay_id, None)
        if job is None:
            return False
        self._waiting = deque(each for each in self._waiting if each[0] != replay_id)
        if self._running_id == replay_id and self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        await asyncio.to_thread(shutil.rmtree, self.folder_of(replay_id), ignore_errors=True)
        return True

    async def run(self) -> None:
        """Run what waits, one after the other, until cancelled; the one under way is then ended."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        await asyncio.to_thread(self._recall)
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                replay_id, work = self._waiting.popleft()
                await self._run_one(self._jobs[replay_id], work)
                await self._forget_old()

    async def _run_one(self, job: ReplayJob, work: Job) -> None:
        job.state, self._running_id = "running", job.replay_id
        process = self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "server.replays.worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LINE_MAX,
        )
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(msgspec.json.encode(work))
            process.stdin.close()
            said: dict[str, Any] = {}
            async for line in process.stdout:
                said = msgspec.json.decode(line)
                job.progress = said.get("progress", job.progress)
            await process.wait()
        finally:
            self._process, self._running_id = None, None
            if process.returncode is None:
                process.kill()
                await process.wait()
        if job.replay_id in self._jobs:
            self._over(job, said, process.returncode)

    def _over(self, job: ReplayJob, said: Mapping[str, Any], status: int | None) -> None:
        job.done_ms = self._now_ms()
        if said.get("done"):
            job.state, job.progress = "done", 1.0
            (self.folder_of(job.replay_id) / CARD).write_bytes(msgspec.json.encode(job))
        else:
            job.state = "failed"
            job.why_failed = said.get("failed", f"the replay's process ended with status {status}")

    async def _forget_old(self) -> None:
        """Keep so many results, and none for longer than the settings say."""
        over = [job for job in self.all() if job.state in OVER]
        oldest_ms = self._now_ms() - round(1000 * self._settings.replay_ttl_s)
        for place, job in enumerate(over):
            if place >= self._settings.replays_kept or job.asked_ms < oldest_ms:
                await self.remove(job.replay_id)

    def _recall(self) -> None:
        """Know again what earlier runs of the server finished; what they did not finish goes."""
        for folder in self.folder.iterdir():
            if not folder.is_dir() or folder.name in self._jobs:
                continue
            try:
                self._jobs[folder.name] = msgspec.json.decode((folder / CARD).read_bytes(), type=ReplayJob)
            except (OSError, msgspec.MsgspecError):
                shutil.rmtree(folder, ignore_errors=True)
