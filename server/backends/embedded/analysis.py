"""`ports.Analysis` on SQLite: its own connection and thread, so that no figure ever keeps a rider waiting. Back-end level."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Literal, TypeVar, TypeVarTuple

from server.backends.embedded import lives, passbys
from server.backends.embedded.lock import DataDirError
from server.backends.embedded.schema import FILE_NAME, SCHEMA_VERSION, connect_inspector, schema_version
from server.core.model import StopVisit
from server.evidence import Asked, Life, Lives, Note, NoteKind, PassBy, RiderDay, StopRush, Story, Tally

Args = TypeVarTuple("Args")
Result = TypeVar("Result")


class SqliteAnalysis:
    """Reads what was committed. One question at a time; the next waits."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ridebell-analysis")

    async def lives(self, asked: Asked, *, limit: int, after: str | None = None) -> Lives:
        """A page of bells, newest ring first."""
        return await self._ask(lives.lives, asked, limit, after)

    def each_life(self, asked: Asked) -> Iterator[Life]:
        """Every bell that fits, oldest ring first; blocks."""
        with closing(connect_inspector(self._path)) as connection:
            yield from lives.each_life(connection, asked)

    async def tallies(self, asked: Asked, by: Literal["all", "route", "stop", "hour"]) -> Sequence[Tally]:
        """Bells counted by group."""
        return await self._ask(lives.tallies, asked, by)

    async def story(self, handle: str) -> Story | None:
        """One bell whole."""
        return await self._ask(passbys.story, handle)

    async def passbys(self, asked: Asked, *, limit: int) -> Sequence[PassBy]:
        """Pass-bys, newest first."""
        return await self._ask(passbys.passbys, asked, limit)

    async def passby(self, n: int) -> PassBy | None:
        """One pass-by with its evidence."""
        return await self._ask(passbys.passby, n)

    async def notes(
        self, kind: NoteKind, *, from_ms: int, to_ms: int, limit: int, about: str | None = None
    ) -> Sequence[Note]:
        """Notes of a kind, oldest first."""
        return await self._ask(passbys.notes, kind, from_ms, to_ms, limit, about)

    async def riders(self, *, from_ms: int, to_ms: int, limit: int) -> Sequence[RiderDay]:
        """Those who rang and did not ride."""
        return await self._ask(lives.riders, from_ms, to_ms, limit)

    async def rushes(self, *, from_ms: int, to_ms: int, least: int, limit: int) -> Sequence[StopRush]:
        """Stops with many rings within ten minutes."""
        return await self._ask(lives.rushes, from_ms, to_ms, least, limit)

    def each_visit(self, *, from_ms: int, to_ms: int) -> Iterator[StopVisit]:
        """Every stop visit of the window, oldest first; blocks."""
        with closing(connect_inspector(self._path)) as connection:
            yield from passbys.each_visit(connection, from_ms, to_ms)

    async def close(self) -> None:
        """Finish the question that is being answered; no more afterwards. More than once is harmless."""
        await asyncio.to_thread(self._thread.shutdown)
        self._connection.close()

    async def _ask(self, query: Callable[[sqlite3.Connection, *Args], Result], *args: *Args) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, query, self._connection, *args)


def open_analysis(data_dir: Path) -> SqliteAnalysis:
    """Read a data directory's journal, also while a server writes it; raises `DataDirError` where there is none to read."""
    path = data_dir / FILE_NAME
    if not path.is_file():
        raise DataDirError(f"there is no journal in {data_dir}; name the directory given to `ridebell serve --data`")
    try:
        version = schema_version(path)
        if version < SCHEMA_VERSION:
            raise DataDirError(
                f"{path} has schema version {version}; start the server once to bring it to {SCHEMA_VERSION}"
            )
        return SqliteAnalysis(path, connect_inspector(path, any_thread=True))
    except sqlite3.Error as error:
        raise DataDirError(f"cannot read {path}: {error}; run `ridebell doctor` on its directory") from error
