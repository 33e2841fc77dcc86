"""Opens a data directory as a back end: the lock, the journal and the relay together. Back-end level, its front door."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from server.backends.embedded import notebook as notebooks
from server.backends.embedded.analysis import SqliteAnalysis, open_analysis
from server.backends.embedded.journal import SqliteJournal
from server.backends.embedded.lock import DataDirLock
from server.backends.embedded.notebook import FileNotebook
from server.backends.embedded.relay import InProcessRelay
from server.backends.embedded.schema import FILE_NAME


@dataclass(frozen=True, slots=True)
class EmbeddedBackend:
    """A data directory that this process owns, and what it serves."""

    journal: SqliteJournal
    analysis: SqliteAnalysis
    relay: InProcessRelay
    notebook: FileNotebook
    lock: DataDirLock

    async def aclose(self) -> None:
        """Commit what is queued, then give the directory up; more than once is harmless."""
        try:
            await self.journal.close()
            await self.analysis.close()
        finally:
            self.lock.release()


async def open_embedded(data_dir: Path, *, max_bytes: int | None = None) -> EmbeddedBackend:
    """Own a data directory (made if need be) and open its journal; raises `DataDirError` with one clear sentence.

    `max_bytes`: size at which the journal stops as on a full disk; None leaves that to the disk.
    """
    lock = await asyncio.to_thread(DataDirLock.acquire, data_dir)
    try:
        journal = await SqliteJournal.open(data_dir / FILE_NAME, max_bytes=max_bytes)
    except BaseException:
        lock.release()
        raise
    analysis = open_analysis(data_dir)
    notebook = FileNotebook(data_dir / notebooks.FILE_NAME)
    return EmbeddedBackend(journal=journal, analysis=analysis, relay=InProcessRelay(), notebook=notebook, lock=lock)
