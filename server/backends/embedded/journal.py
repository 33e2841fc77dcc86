"""Lasting facts in one SQLite file: one writer thread with group commit, one reader thread. Back-end level.

The event loop never waits for a disk. Batches that arrive while a commit is being flushed share the next one, so the
number of flushes follows the speed of the device and not the load.
"""

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import NamedTuple, Self, TypeVar, TypeVarTuple

import msgspec

from server.backends.embedded import ride_rows, rows
from server.backends.embedded.lock import DataDirError
from server.backends.embedded.schema import Store, damaged, open_store
from server.core.model import Bell, BellId, Ride, RideId, StopVisit
from server.ports import Batch, JournalFullError, Outgoing, Recovered

MAX_PENDING = 4096
"""Batches that may wait for their commit (about 4 MB). Reached only when the device stalls for seconds."""

MAX_GROUP = 512
"""Batches that may share one transaction: bounds how long the first of them waits for the last (some 20 ms)."""

BUSY_TIMEOUT_S = 2.0
"""How long a commit waits for somebody else's lock on the file (a person with the sqlite3 shell) before it fails."""


Args = TypeVarTuple("Args")
Result = TypeVar("Result")


class JournalFailedError(RuntimeError):
    """A batch was not kept. The text says why; `__cause__` is the store's own error."""


class _Waiting(NamedTuple):
    batch: Batch
    done: Callable[[BaseException | None], None]


class SqliteJournal:
    """`ports.Journal` on SQLite (WAL, synchronous=FULL). Made by `open` on the event loop that will use it."""

    def __init__(self, store: Store, *, loop: asyncio.AbstractEventLoop, max_pending: int) -> None:
        self._store = store
        self._loop = loop
        self._max_pending = max_pending
        self._pending = 0
        self._failed: JournalFailedError | None = None
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._writer: threading.Thread | None = threading.Thread(
            target=self._write_until_closed, name="ridebell-journal", daemon=True
        )
        self._reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ridebell-journal-read")
        self._writer.start()

    @classmethod
    async def open(
        cls,
        path: Path,
        *,
        max_pending: int = MAX_PENDING,
        max_bytes: int | None = None,
        busy_timeout_s: float = BUSY_TIMEOUT_S,
    ) -> Self:
        """Open or create the journal file; raises `DataDirError` when it cannot be used.

        `max_bytes`: fail as on a full disk rather than let the file grow further; None leaves that to the disk.
        """
        store = await asyncio.to_thread(open_store, path, busy_timeout_s=busy_timeout_s, max_bytes=max_bytes)
        return cls(store, loop=asyncio.get_running_loop(), max_pending=max_pending)

    @property
    def epoch(self) -> str:
        """Made with the file, and lost with it."""
        return self._store.epoch

    @property
    def failed(self) -> BaseException | None:
        """Why nothing can be kept any more, or None."""
        return self._failed

    @property
    def full(self) -> bool:
        """True while `max_pending` batches wait for their commit."""
        return self._pending >= self._max_pending

    def append(self, batch: Batch, done: Callable[[BaseException | None], None]) -> None:
        """Queue a batch for the next commit; `done` hears of it on the event loop. Raises `JournalFullError`."""
        if self._writer is None:
            self._loop.call_soon(done, self._failed)
            return
        if self.full:
            raise JournalFullError(f"{self._pending} batches wait for the journal at {self._store.path}")
        self._pending += 1
        self._queue.put(_Waiting(batch, done))

    async def recover(self) -> Recovered:
        """Open bells, rides, live alerts, what vehicles are signed on to, and the last number of each stream.

        Raises `DataDirError` for a file whose contents are damaged.
        """
        try:
            return await self._read(rows.recover)
        except (sqlite3.Error, msgspec.MsgspecError) as error:
            raise DataDirError(damaged(self._store.path, str(error))) from error

    async def find_bell(self, bell_id: BellId) -> Bell | None:
        """The latest committed record of a bell, ended or not."""
        return await self._read(rows.find_bell, bell_id)

    async def recent_bells(self, rider_id: str, limit: int) -> Sequence[Bell]:
        """A rider's latest bells, newest ring first."""
        return await self._read(rows.recent_bells, rider_id, limit)

    async def find_ride(self, ride_id: RideId) -> Ride | None:
        """The latest committed record of a ride, ended or not."""
        return await self._read(ride_rows.find_ride, ride_id)

    async def recent_rides(self, rider_id: str, limit: int) -> Sequence[Ride]:
        """A rider's latest rides, the newest first."""
        return await self._read(ride_rows.recent_rides, rider_id, limit)

    async def ride_changes(self, after: int, limit: int) -> Sequence[tuple[int, Ride]]:
        """Records of rides in the order of their commit, with their numbers."""
        return await self._read(ride_rows.ride_changes, after, limit)

    async def outgoing_since(self, stream: str, seq: int, limit: int) -> Sequence[Outgoing] | None:
        """Messages of a stream with a higher number, or None when the client must take a snapshot."""
        return await self._read(rows.outgoing_since, stream, seq, limit)

    async def stop_visits(self, since_ms: int, limit: int) -> Sequence[StopVisit]:
        """Committed stop visits from an instant on, oldest first."""
        return await self._read(rows.stop_visits, since_ms, limit)

    async def close(self) -> None:
        """Commit what is queued, tell its callers, and close the file. More than once is harmless."""
        writer = self._writer
        if writer is None:
            return
        self._queue.put(None)
        await asyncio.to_thread(writer.join)
        self._writer = None
        self._failed = self._failed or JournalFailedError(f"the journal at {self._store.path} is closed")
        late = [self._queue.get_nowait() for _ in range(self._queue.qsize())]
        self._finish([waiting for waiting in late if waiting is not None], self._failed)
        await asyncio.to_thread(self._close_connections)

    def _close_connections(self) -> None:
        self._reader.shutdown()
        self._store.reader.close()
        self._store.writer.close()

    async def _read(self, query: Callable[[sqlite3.Connection, *Args], Result], *args: *Args) -> Result:
        return await self._loop.run_in_executor(self._reader, query, self._store.reader, *args)

    def _finish(self, group: Sequence[_Waiting], error: BaseException | None) -> None:
        """Tell the callers of a group, in order; one that raises is reported and hurts no other."""
        self._pending -= len(group)
        for waiting in group:
            try:
                waiting.done(error)
            except Exception as problem:  # noqa: BLE001 - a caller's bug must not keep others waiting for ever
                self._loop.call_exception_handler({"message": "a journal callback raised", "exception": problem})

    # -- on the writer thread ------------------------------------------------------

    def _write_until_closed(self) -> None:
        closing = False
        while not closing:
            group, closing = self._next_group()
            self._failed = self._failed or self._commit(group)
            self._loop.call_soon_threadsafe(self._finish, group, self._failed)

    def _next_group(self) -> tuple[list[_Waiting], bool]:
        """Wait for a batch and take those queued behind it; true when `close` said that these are the last."""
        group: list[_Waiting] = []
        waiting = self._queue.get()
        while waiting is not None:
            group.append(waiting)
            if len(group) == MAX_GROUP:
                return group, False
            try:
                waiting = self._queue.get_nowait()
            except Empty:
                return group, False
        return group, True

    def _commit(self, group: Sequence[_Waiting]) -> JournalFailedError | None:
        """Keep a group in one transaction: all of it, or nothing and the reason."""
        writer = self._store.writer
        try:
            rows_of_group = rows.GroupRows()
            for waiting in group:
                rows_of_group.add(waiting.batch)
            writer.execute("BEGIN IMMEDIATE")
            rows_of_group.write(writer)
            writer.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 - whatever it is, this thread must live to say so
            failure = JournalFailedError(
                f"cannot keep anything more in {self._store.path}: {error}; mend the cause and start the server again"
            )
            failure.__cause__ = error
            self._roll_back()
            return failure
        return None

    def _roll_back(self) -> None:
        with contextlib.suppress(sqlite3.Error):  # a connection that cannot even roll back has nothing committed
            if self._store.writer.in_transaction:
                self._store.writer.execute("ROLLBACK")
