"""Real faults of a real disk and file: full, unwritable beyond a size, locked by somebody else, damaged."""

import asyncio
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from server.backends.embedded import open_embedded
from server.backends.embedded.journal import SqliteJournal
from server.backends.embedded.schema import FILE_NAME
from server.core.model import Bell, BellId, BellKind, BellState, RiderId, RouteId, StopId
from server.ports import Batch, Journal, Outgoing


def batch(n: int, *, size: int = 500) -> Batch:
    bell = Bell(
        bell_id=BellId(f"bell-{n:06}"),
        rider_id=RiderId("r1"),
        kind=BellKind.BOARD,
        stop_id=StopId("s1"),
        route_id=RouteId("G1300"),
        state=BellState.WAITING,
        rung_ms=n,
        changed_ms=n,
    )
    return Batch(facts=[bell], outgoing=[Outgoing(stream=f"rider:r{n}", seq=1, key="k", frame=b"x" * size, at_ms=n)])


async def keep(journal: Journal, wanted: Batch) -> BaseException | None:
    answer: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()
    journal.append(wanted, answer.set_result)
    return await answer


async def fill(journal: Journal, limit: int) -> tuple[int, BaseException | None]:
    """Append one by one until it fails; how many were kept, and the error."""
    for n in range(limit):
        if (error := await keep(journal, batch(n))) is not None:
            return n, error
    return limit, None


async def kept_exactly(place: Path, count: int) -> None:
    """After a restart precisely the first `count` batches are there, whole."""
    backend = await open_embedded(place)
    recovered = await backend.journal.recover()
    assert [fact.bell_id for fact in recovered.facts if isinstance(fact, Bell)] == [
        f"bell-{n:06}" for n in range(count)
    ]
    assert recovered.last_seq == {f"rider:r{n}": 1 for n in range(count)}
    assert await keep(backend.journal, batch(count)) is None
    await backend.aclose()


async def test_a_full_store_fails_every_append_and_shows_nothing_of_them(tmp_path: Path) -> None:
    journal = await SqliteJournal.open(tmp_path / FILE_NAME, max_bytes=400_000)
    kept, error = await fill(journal, 10_000)
    assert 50 < kept < 1000
    assert isinstance(error.__cause__ if error else None, sqlite3.OperationalError)
    assert "database or disk is full; mend the cause and start the server again" in str(error)
    assert journal.failed is error
    assert await journal.find_bell(BellId(f"bell-{kept:06}")) is None
    assert await keep(journal, Batch()) is error
    assert len((await journal.recover()).facts) == kept
    await journal.close()
    await kept_exactly(tmp_path, kept)


async def test_a_full_store_fails_all_that_shared_the_transaction(tmp_path: Path) -> None:
    journal = await SqliteJournal.open(tmp_path / FILE_NAME, max_bytes=400_000)
    answers = await asyncio.gather(*[keep(journal, batch(n, size=2000)) for n in range(1000)])
    kept = answers.index(journal.failed)
    assert answers == [None] * kept + [journal.failed] * (1000 - kept)
    await journal.close()
    await kept_exactly(tmp_path, kept)


LIMITED = """
import asyncio, resource, sys
from pathlib import Path
from server.backends.embedded import open_embedded
from tests.server.backends.test_embedded_faults import fill

async def run():
    backend = await open_embedded(Path(sys.argv[1]))
    kept, error = await fill(backend.journal, 10_000)
    print(kept, repr(error.__cause__), flush=True)
    await backend.aclose()

resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
asyncio.run(run())
"""


async def test_a_write_that_the_system_refuses_is_a_failure(tmp_path: Path, root: Path) -> None:
    """The operating system itself refuses to let files grow (RLIMIT_FSIZE), as a failing device would."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", LIMITED, str(tmp_path), cwd=root, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await child.communicate()
    kept, cause = output.decode().split(maxsplit=1)
    assert cause.strip() == "OperationalError('disk I/O error')"
    assert int(kept) > 0
    await kept_exactly(tmp_path, int(kept))


async def test_a_lock_that_somebody_else_holds_is_waited_for_and_then_a_failure(tmp_path: Path) -> None:
    journal = await SqliteJournal.open(tmp_path / FILE_NAME, busy_timeout_s=0.05)
    assert await keep(journal, batch(0)) is None
    with closing(sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)) as shell:
        shell.execute("BEGIN IMMEDIATE")
        error = await keep(journal, batch(1))
        assert "database is locked" in str(error)
        shell.execute("ROLLBACK")
    assert await keep(journal, batch(2)) is error
    await journal.close()
    await kept_exactly(tmp_path, 1)


async def test_a_short_lock_only_delays(tmp_path: Path) -> None:
    journal = await SqliteJournal.open(tmp_path / FILE_NAME, busy_timeout_s=30.0)
    with closing(sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)) as shell:
        shell.execute("BEGIN IMMEDIATE")
        answer = asyncio.ensure_future(keep(journal, batch(0)))
        assert await journal.find_bell(BellId("bell-000000")) is None  # reading goes on meanwhile
        shell.execute("ROLLBACK")
    assert await answer is None
    await journal.close()


async def test_what_cannot_be_written_down_fails_with_a_reason_and_the_thread_lives(tmp_path: Path) -> None:
    journal = await SqliteJournal.open(tmp_path / FILE_NAME)
    error = await keep(journal, Batch(outgoing=[Outgoing(stream="rider:\ud800", seq=1, key="k", frame=b"", at_ms=1)]))
    assert isinstance(error.__cause__ if error else None, UnicodeEncodeError)
    assert await keep(journal, batch(0)) is error
    await journal.close()


async def test_reading_is_not_held_up_by_a_writer_that_waits(tmp_path: Path) -> None:
    backend = await open_embedded(tmp_path)
    answers = [asyncio.ensure_future(keep(backend.journal, batch(n))) for n in range(500)]
    assert await backend.journal.find_bell(BellId("bell-none")) is None
    assert set(await asyncio.gather(*answers)) == {None}
    await backend.aclose()
