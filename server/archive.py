"""Recordings and replays of one server: the shelf, the recorder, the board of replays, the networks they need. Shell level."""

import asyncio
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from server.core.model import Vehicle, VehicleId
from server.recordings.recorder import Recorder
from server.recordings.shelf import Shelf
from server.replays.jobs import ReplayJobsBoard
from server.runtime import Runtime
from server.settings import RecordingSettings

HASH_CHARS = 24
"""So much of a feed's hash names its kept network: 96 bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivePlan:
    """Where recordings and replays are kept. `network_file` is the compiled network that this server runs."""

    recordings: Path
    replays: Path
    network_file: Path
    vehicles: Mapping[VehicleId, Vehicle] = field(default_factory=dict)


class Archive:
    """What operators record and look at again. `run` for as long as the server lives."""

    def __init__(self, runtime: Runtime, plan: ArchivePlan, settings: RecordingSettings) -> None:
        self.settings = settings
        self._runtime = runtime
        self._plan = plan
        self.shelf = Shelf(plan.recordings)
        self.recorder = Recorder(runtime, self.shelf, settings, keep_network=self.keep_network)
        self.replays = ReplayJobsBoard(plan.replays, plan.vehicles, settings, runtime.clock.now_ms)

    async def run(self) -> None:
        """Record and replay until cancelled."""
        await asyncio.gather(self.recorder.run(), self.replays.run())

    async def keep_network(self) -> None:
        """Keep the network of a recording for as long as its folder: a feed that is imported later is another one."""
        await asyncio.to_thread(self._keep_network)

    def network_for(self, feed_hash: str) -> Path | None:
        """The compiled network of this hash (empty: the one that runs); None where it is not kept."""
        if feed_hash in ("", self._runtime.network.feed_hash):
            return self._plan.network_file
        kept = self._kept(feed_hash)
        return kept if kept.is_file() else None

    def _kept(self, feed_hash: str) -> Path:
        name = "".join(c for c in feed_hash if c.isalnum())[:HASH_CHARS]
        return self._plan.recordings / "networks" / f"{name}.network"

    def _keep_network(self) -> None:
        kept = self._kept(self._runtime.network.feed_hash)
        if kept.exists():
            return
        kept.parent.mkdir(exist_ok=True, mode=0o700)
        try:
            os.link(self._plan.network_file, kept)  # compiled networks are replaced whole, never written into
        except OSError:
            part = kept.with_suffix(".part")
            shutil.copyfile(self._plan.network_file, part)
            part.replace(kept)
