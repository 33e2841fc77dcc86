"""The SQLite file of a data directory: its tables, versions and connections. Back-end level, below the journal.

One connection writes and checkpoints, the other only reads. That split is also what keeps SQLite's "WAL reset" race
(sqlite.org/wal.html, versions before 3.51.3) out of reach: it needs two connections that write or checkpoint.
"""

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import msgspec

from server.backends.embedded import lives
from server.backends.embedded.lock import DataDirError

FILE_NAME = "ridebell.sqlite3"
APPLICATION_ID = 0x52_42_45_4C
"""`RBEL` in the file's header, so that a stranger's SQLite file is never taken for ours."""

WAL_LIMIT_BYTES = 64 * 2**20
"""The write-ahead log is cut back to this after a checkpoint; it grows further only while a long read runs."""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID, STRICT",
        "INSERT INTO meta VALUES ('epoch', lower(hex(randomblob(8))))",
        # bells: the latest record of each; bell_events: every record there ever was, in order of commit.
        """CREATE TABLE bells (
            n INTEGER PRIMARY KEY, bell_id TEXT NOT NULL UNIQUE, rider_id TEXT NOT NULL, state TEXT NOT NULL,
            open INTEGER NOT NULL, rung_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL, record BLOB NOT NULL) STRICT""",
        "CREATE INDEX bells_open ON bells (n) WHERE open = 1",
        "CREATE INDEX bells_rider ON bells (rider_id, rung_ms)",
        """CREATE TABLE bell_events (
            n INTEGER PRIMARY KEY, bell_id TEXT NOT NULL, state TEXT NOT NULL, changed_ms INTEGER NOT NULL,
            vehicle_id TEXT, record BLOB NOT NULL) STRICT""",
        """CREATE TABLE alerts (
            n INTEGER PRIMARY KEY, alert_id TEXT NOT NULL UNIQUE, vehicle_id TEXT NOT NULL, live INTEGER NOT NULL,
            at_ms INTEGER NOT NULL, record BLOB NOT NULL) STRICT""",
        "CREATE INDEX alerts_live ON alerts (n) WHERE live = 1",
        """CREATE TABLE alert_events (
            n INTEGER PRIMARY KEY, alert_id TEXT NOT NULL, vehicle_id TEXT NOT NULL, outcome TEXT,
            at_ms INTEGER NOT NULL, record BLOB NOT NULL) STRICT""",
        """CREATE TABLE assignments (
            vehicle_id TEXT PRIMARY KEY, live INTEGER NOT NULL, at_ms INTEGER NOT NULL, record BLOB NOT NULL)
            WITHOUT ROWID, STRICT""",
        """CREATE TABLE stop_visits (
            n INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, vehicle_id TEXT NOT NULL, stop_id TEXT NOT NULL,
            outcome TEXT NOT NULL, record BLOB NOT NULL) STRICT""",
        "CREATE INDEX stop_visits_at ON stop_visits (at_ms)",
        "CREATE TABLE streams (stream TEXT PRIMARY KEY, last_seq INTEGER NOT NULL) WITHOUT ROWID, STRICT",
        """CREATE TABLE outgoing (
            stream TEXT NOT NULL, seq INTEGER NOT NULL, key TEXT NOT NULL, at_ms INTEGER NOT NULL, frame BLOB NOT NULL,
            PRIMARY KEY (stream, seq)) WITHOUT ROWID, STRICT""",
    ),
    (
        # What operators ask: notes, and the lives of bells (made from bell_events, see `lives`).
        """CREATE TABLE notes (
            n INTEGER PRIMARY KEY, kind TEXT NOT NULL, at_ms INTEGER NOT NULL, about TEXT NOT NULL,
            record BLOB NOT NULL) STRICT""",
        "CREATE INDEX notes_at ON notes (kind, at_ms)",
        "CREATE INDEX notes_about ON notes (about)",
        """CREATE TABLE lives (
            n INTEGER PRIMARY KEY, bell_id TEXT NOT NULL UNIQUE, rider_id TEXT NOT NULL, handle TEXT NOT NULL,
            kind TEXT NOT NULL, state TEXT NOT NULL, route_id TEXT NOT NULL, stop_id TEXT NOT NULL,
            rung_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL, assigned_ms INTEGER, shown_ms INTEGER,
            acknowledged_ms INTEGER, arrived_ms INTEGER, ended_ms INTEGER, attempts INTEGER NOT NULL,
            passed INTEGER NOT NULL, declined INTEGER NOT NULL, party INTEGER NOT NULL, needs TEXT NOT NULL,
            vehicle_id TEXT, reason TEXT) STRICT""",
        "CREATE INDEX lives_figures ON lives (rung_ms, route_id, stop_id, state, passed, declined, shown_ms)",
        "CREATE INDEX lives_handle ON lives (handle)",
        "CREATE INDEX bell_events_bell ON bell_events (bell_id)",
        "CREATE INDEX bell_events_passed ON bell_events (changed_ms) WHERE state = 'passed'",
        "CREATE INDEX alert_events_alert ON alert_events (alert_id)",
        "CREATE INDEX stop_visits_vehicle ON stop_visits (vehicle_id, at_ms)",
    ),
    (
        # rides: the latest record of each; ride_events: every record there ever was, in order of commit.
        """CREATE TABLE rides (
            n INTEGER PRIMARY KEY, ride_id TEXT NOT NULL UNIQUE, rider_id TEXT NOT NULL, vehicle_id TEXT NOT NULL,
            state TEXT NOT NULL, live INTEGER NOT NULL, began_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL,
            record BLOB NOT NULL) STRICT""",
        "CREATE INDEX rides_live ON rides (n) WHERE live = 1",
        "CREATE INDEX rides_rider ON rides (rider_id, began_ms)",
        "CREATE INDEX rides_began ON rides (began_ms)",
        """CREATE TABLE ride_events (
            n INTEGER PRIMARY KEY, ride_id TEXT NOT NULL, state TEXT NOT NULL, changed_ms INTEGER NOT NULL,
            record BLOB NOT NULL) STRICT""",
        "CREATE INDEX ride_events_ride ON ride_events (ride_id)",
    ),
    (
        # A number of ride_events is never used again: the ledger's clerk reads on from the last one it has taken.
        """CREATE TABLE ride_changes (
            n INTEGER PRIMARY KEY AUTOINCREMENT, ride_id TEXT NOT NULL, state TEXT NOT NULL, changed_ms INTEGER NOT NULL,
            record BLOB NOT NULL) STRICT""",
        "INSERT INTO ride_changes SELECT n, ride_id, state, changed_ms, record FROM ride_events ORDER BY n",
        "DROP TABLE ride_events",
        "ALTER TABLE ride_changes RENAME TO ride_events",
        "CREATE INDEX ride_events_ride ON ride_events (ride_id)",
    ),
)
"""Version n of the schema is what the first n entries make. An entry is never changed once released; add a new one.

`record` columns are msgpack of the core's records (exact for every float); the other columns are there to be queried.
"""

SCHEMA_VERSION = len(MIGRATIONS)


class Store(NamedTuple):
    """An open journal file: the one connection that writes and the one that reads."""

    path: Path
    epoch: str
    writer: sqlite3.Connection
    reader: sqlite3.Connection


def open_store(path: Path, *, busy_timeout_s: float, max_bytes: int | None = None) -> Store:
    """Open or create the file, bring its schema up to date; raises `DataDirError` for a file that is not ours to use."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite would make it readable for everybody
        writer = connect_writer(path, busy_timeout_s=busy_timeout_s)
        try:
            migrate(writer, path)
            row = writer.execute("SELECT value FROM meta WHERE name = 'epoch'").fetchone()
            if row is None:
                raise DataDirError(damaged(path, "it has no epoch"))
            lives.catch_up(writer)
            if max_bytes is not None:
                limit_size(writer, max_bytes)
            return Store(path, row[0], writer, connect_reader(path, busy_timeout_s=busy_timeout_s))
        except BaseException:
            writer.close()
            raise
    except msgspec.MsgspecError as error:
        raise DataDirError(damaged(path, str(error))) from error
    except (OSError, sqlite3.Error) as error:
        raise DataDirError(f"cannot open {path}: {error}; run `ridebell doctor` on its directory") from error


def damaged(path: Path, why: str) -> str:
    """The sentence for a journal that is ours but cannot be read."""
    return f"{path} is damaged ({why}); run `ridebell doctor` on its directory and restore a copy, or move it away to begin anew"


def connect_writer(path: Path, *, busy_timeout_s: float) -> sqlite3.Connection:
    """Open the connection that writes. FULL: the log is flushed to the device inside every commit, before it returns."""
    connection = sqlite3.connect(path, timeout=busy_timeout_s, isolation_level=None, check_same_thread=False)
    try:
        refuse_foreign(connection, path)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA journal_size_limit = {WAL_LIMIT_BYTES}")
        connection.execute("PRAGMA trusted_schema = OFF")
    except BaseException:
        connection.close()
        raise
    return connection


def connect_reader(path: Path, *, busy_timeout_s: float) -> sqlite3.Connection:
    """Open a connection that can only read; it sees what was committed when its statement began."""
    uri = f"{path.resolve().as_uri()}?mode=ro"
    return sqlite3.connect(uri, uri=True, timeout=busy_timeout_s, isolation_level=None, check_same_thread=False)


def connect_inspector(path: Path, *, any_thread: bool = False) -> sqlite3.Connection:
    """Open a reader that leaves no file behind, for looking at a journal from outside.

    Without a write-ahead log beside it the file is complete and nobody uses it, so SQLite may take it for immutable
    and makes no side files. (Made by another user, those would keep the server from starting.)
    """
    if path.with_name(f"{path.name}-wal").exists():
        return connect_reader(path, busy_timeout_s=2.0)
    return sqlite3.connect(
        f"{path.resolve().as_uri()}?mode=ro&immutable=1",
        uri=True,
        isolation_level=None,
        check_same_thread=not any_thread,
    )


def refuse_foreign(connection: sqlite3.Connection, path: Path) -> None:
    """Raise `DataDirError` when the file is another program's, or a later Ridebell's. Writes nothing."""
    owner, version = _pragma(connection, "application_id"), _pragma(connection, "user_version")
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if owner == 0 and version == 0 and tables == 0:
        return  # new and empty
    if owner != APPLICATION_ID:
        raise DataDirError(f"{path} is not a Ridebell journal; move it away or choose another data directory")
    if version > SCHEMA_VERSION:
        raise DataDirError(
            f"{path} has schema version {version}, this Ridebell knows up to {SCHEMA_VERSION}; "
            "start the newer Ridebell that wrote it"
        )


def migrate(
    connection: sqlite3.Connection, path: Path, migrations: Sequence[Sequence[str]] = MIGRATIONS
) -> tuple[int, int]:
    """Bring the schema up to date, one transaction a version; the versions before and after."""
    before = version = _pragma(connection, "user_version")
    for statements in migrations[before:]:
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in statements:
                connection.execute(statement)
            version += 1
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {version}")
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise DataDirError(
                f"cannot bring {path} to schema version {version}: {error}; the file is unchanged, keep a copy of it"
            ) from error
    return before, version


def limit_size(connection: sqlite3.Connection, max_bytes: int) -> None:
    """Let the database refuse (as a full disk would) to grow past `max_bytes`, rounded down to whole pages."""
    pages = max_bytes // _pragma(connection, "page_size")
    connection.execute(f"PRAGMA max_page_count = {pages}")


def schema_version(path: Path) -> int:
    """Schema version of an existing file; raises `DataDirError` or `sqlite3.Error` when it is not a journal of ours."""
    with closing(connect_inspector(path)) as connection:
        refuse_foreign(connection, path)
        return _pragma(connection, "user_version")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    (value,) = connection.execute(f"PRAGMA {name}").fetchone()
    return int(value)
