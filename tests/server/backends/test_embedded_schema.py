import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from server.backends.embedded import DataDirError, lives, open_embedded
from server.backends.embedded.lives import LIVES_VERSION
from server.backends.embedded.schema import (
    FILE_NAME,
    MIGRATIONS,
    SCHEMA_VERSION,
    Store,
    connect_reader,
    connect_writer,
    migrate,
    open_store,
)
from server.core.model import Bell, BellId, BellKind, BellState, RiderId, RouteId, StopId
from server.evidence import Asked
from server.ports import Batch


def opened(place: Path) -> Store:
    return open_store(place / FILE_NAME, busy_timeout_s=1.0)


def close(store: Store) -> None:
    store.reader.close()
    store.writer.close()


def pragma(connection: sqlite3.Connection, name: str) -> object:
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


def test_every_commit_is_flushed_to_the_device(tmp_path: Path) -> None:
    store = opened(tmp_path)
    assert pragma(store.writer, "journal_mode") == "wal"
    assert pragma(store.writer, "synchronous") == 2  # FULL
    close(store)


def test_the_reader_cannot_write(tmp_path: Path) -> None:
    store = opened(tmp_path)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        store.reader.execute("DELETE FROM bells")
    close(store)


def test_only_the_owner_can_read_the_files(tmp_path: Path) -> None:
    store = opened(tmp_path)
    assert {file.name: oct(file.stat().st_mode & 0o777) for file in tmp_path.iterdir()} == {
        FILE_NAME: "0o600",
        f"{FILE_NAME}-wal": "0o600",
        f"{FILE_NAME}-shm": "0o600",
    }
    close(store)


def test_a_later_schema_is_refused_and_not_touched(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.writer.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    close(store)
    before = (tmp_path / FILE_NAME).read_bytes()
    with pytest.raises(DataDirError, match=f"schema version {SCHEMA_VERSION + 1}, this Ridebell knows up to"):
        opened(tmp_path)
    assert (tmp_path / FILE_NAME).read_bytes() == before


def test_a_strangers_database_is_refused_and_not_touched(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as stranger:
        stranger.execute("CREATE TABLE recipes (name TEXT)")
    before = (tmp_path / FILE_NAME).read_bytes()
    with pytest.raises(DataDirError, match="is not a Ridebell journal; move it away"):
        opened(tmp_path)
    assert (tmp_path / FILE_NAME).read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == [FILE_NAME]


def test_a_migration_runs_once_and_keeps_what_is_there(tmp_path: Path) -> None:
    store = opened(tmp_path)
    later = [*MIGRATIONS, ("ALTER TABLE bells ADD COLUMN colour TEXT", "INSERT INTO meta VALUES ('migrated', 'yes')")]
    assert migrate(store.writer, store.path, later) == (SCHEMA_VERSION, SCHEMA_VERSION + 1)
    assert migrate(store.writer, store.path, later) == (SCHEMA_VERSION + 1, SCHEMA_VERSION + 1)
    assert dict(store.reader.execute("SELECT name, value FROM meta")) == {
        "epoch": store.epoch,
        "lives": LIVES_VERSION,
        "migrated": "yes",
    }
    close(store)


def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    store = opened(tmp_path)
    broken = [*MIGRATIONS, ("DROP TABLE bells", "CREATE TABLE meta (again TEXT)")]
    with pytest.raises(DataDirError, match=r"cannot bring .* to schema version .*the file is unchanged"):
        migrate(store.writer, store.path, broken)
    assert pragma(store.writer, "user_version") == SCHEMA_VERSION
    assert store.reader.execute("SELECT count(*) FROM bells").fetchone() == (0,)
    close(store)


def test_a_file_that_contradicts_itself_is_left_as_it_is(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.writer.execute("PRAGMA user_version = 0")
    close(store)
    before = (tmp_path / FILE_NAME).read_bytes()
    with pytest.raises(DataDirError, match=r"cannot bring .* table meta already exists; the file is unchanged"):
        opened(tmp_path)
    assert (tmp_path / FILE_NAME).read_bytes() == before


def test_a_first_start_that_died_halfway_is_begun_again(tmp_path: Path) -> None:
    with closing(connect_writer(tmp_path / FILE_NAME, busy_timeout_s=1.0)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        for statement in MIGRATIONS[0][:4]:
            connection.execute(statement)
    store = opened(tmp_path)
    assert len(store.epoch) == 16
    close(store)


def test_recovery_reads_what_is_open_by_index_not_by_scan(tmp_path: Path) -> None:
    asyncio.run(_open_and_close(tmp_path))
    with closing(connect_reader(tmp_path / FILE_NAME, busy_timeout_s=1.0)) as reader:
        for query in (
            "SELECT record FROM bells WHERE open = 1 ORDER BY n",
            "SELECT record FROM alerts WHERE live = 1 ORDER BY n",
        ):
            (step,) = [row[3] for row in reader.execute(f"EXPLAIN QUERY PLAN {query}")]
            assert "USING INDEX" in step
            assert "TEMP B-TREE" not in step


async def _open_and_close(place: Path) -> None:
    await (await open_embedded(place)).aclose()


def test_lives_of_an_older_reading_are_made_anew_from_the_histories(tmp_path: Path) -> None:
    rung = Bell(
        BellId("bell-0001"), RiderId("r"), BellKind.BOARD, StopId("s"), RouteId("88"), BellState.WAITING, 1_000, 1_000
    )
    shown = msgspec.structs.replace(rung, state=BellState.SHOWN, changed_ms=6_000)
    asyncio.run(_keep(tmp_path, [rung, shown]))
    store = opened(tmp_path)
    store.writer.execute("UPDATE lives SET shown_ms = 1")
    store.writer.execute("UPDATE meta SET value = 'older' WHERE name = 'lives'")
    close(store)
    store = opened(tmp_path)
    assert store.reader.execute("SELECT state, rung_ms, shown_ms FROM lives").fetchall() == [("shown", 1_000, 6_000)]
    close(store)


async def _keep(place: Path, facts: list[Bell]) -> None:
    backend = await open_embedded(place)
    backend.journal.append(Batch(facts=facts), lambda _: None)
    await backend.aclose()


def test_a_history_that_cannot_be_read_stops_the_start_with_one_sentence(tmp_path: Path) -> None:
    asyncio.run(_open_and_close(tmp_path))
    with closing(connect_writer(tmp_path / FILE_NAME, busy_timeout_s=1.0)) as writer:
        writer.execute("INSERT INTO bell_events (bell_id, state, changed_ms, record) VALUES ('b', 'waiting', 1, x'c1')")
        writer.execute("DELETE FROM meta WHERE name = 'lives'")
    with pytest.raises(DataDirError, match="is damaged"):
        opened(tmp_path)


def test_figures_and_stories_are_read_by_index_not_by_scan(tmp_path: Path) -> None:
    store = opened(tmp_path)
    asked = lives._where(Asked(from_ms=0, to_ms=9, route_id="88"))
    for query, values, index in (
        (
            f"SELECT route_id, state, count(*) FROM lives WHERE {asked.sql} GROUP BY 1, 2",  # noqa: S608 - of ours
            asked.values,
            "lives_figures",
        ),
        ("SELECT n FROM lives WHERE handle = ?", ("h",), "lives_handle"),
        ("SELECT record FROM bell_events WHERE bell_id = ? ORDER BY n", ("b",), "bell_events_bell"),
        ("SELECT record FROM alert_events WHERE alert_id = ? ORDER BY n", ("a",), "alert_events_alert"),
        ("SELECT n FROM bell_events WHERE state = 'passed' AND changed_ms >= ?", (5,), "bell_events_passed"),
        ("SELECT record FROM notes WHERE kind = ? AND at_ms >= ?", ("door", 5), "notes_at"),
    ):
        steps = [row[3] for row in store.reader.execute(f"EXPLAIN QUERY PLAN {query}", values)]
        assert any(index in step for step in steps), (query, steps)
        assert not any(step.startswith("SCAN") for step in steps), (query, steps)
    close(store)
