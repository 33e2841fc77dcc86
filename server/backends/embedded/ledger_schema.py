"""The ledger's SQLite file: its tables, the triggers that keep it append-only, its connections. Back-end level.

A file of its own: it lives five years where use records live months, it is opened by auditors, and nothing that the
journal does can touch it.
"""

import os
import sqlite3
from pathlib import Path

from server.backends.embedded.lock import DataDirError

LEDGER_FILE = "ledger.sqlite3"
APPLICATION_ID = 0x52_42_4C_44
"""`RBLD` in the file's header."""
VERSION = 1
GENESIS = "0" * 64
"""What the first entry's hash hangs on."""

_APPEND_ONLY = {
    "entries": ("n", "entry_id", "prev", "hash"),
    "lines": ("n",),
    "days": ("day", "seal"),
    "facts": ("n", "ride_id, revision"),
    "taps": ("n", "device, number"),
    "rulings": ("n", "ride_id, number"),
    "disputes": ("n", "ride_id"),
    "settlements": ("n", "settlement_id"),
    "outcomes": ("n",),
    "conflicts": ("n", "fact_id, came"),
    "purges": ("before_day",),
    "consents": ("n",),
}
"""Tables of which no row is ever changed, with their unique keys; none is deleted before it is over five years old."""
_PURGED = frozenset({"entries", "lines", "facts", "taps", "rulings", "disputes", "settlements", "outcomes"})
KEPT_YEARS = 5

_TABLES = (
    # the books: an entry with its lines; `hash` binds it to the entry before
    """CREATE TABLE entries (
        n INTEGER PRIMARY KEY, entry_id TEXT NOT NULL UNIQUE, day TEXT NOT NULL, booked_ms INTEGER NOT NULL,
        kind TEXT NOT NULL, payload TEXT NOT NULL, prev TEXT NOT NULL UNIQUE, hash TEXT NOT NULL UNIQUE) STRICT""",
    """CREATE TABLE lines (
        n INTEGER PRIMARY KEY, entry_id TEXT NOT NULL REFERENCES entries (entry_id) DEFERRABLE INITIALLY DEFERRED,
        day TEXT NOT NULL, account TEXT NOT NULL, won INTEGER NOT NULL CHECK (won <> 0), ride_id TEXT NOT NULL,
        tap TEXT NOT NULL) STRICT""",
    "CREATE INDEX lines_entry ON lines (entry_id)",
    "CREATE INDEX lines_account ON lines (account, ride_id)",
    "CREATE INDEX lines_ride ON lines (ride_id)",
    "CREATE INDEX entries_day ON entries (day)",
    """CREATE TABLE days (
        day TEXT PRIMARY KEY, closed_ms INTEGER NOT NULL, entries INTEGER NOT NULL, debit_won INTEGER NOT NULL,
        head TEXT NOT NULL, seal TEXT NOT NULL UNIQUE) WITHOUT ROWID, STRICT""",
    # what the books rest on
    """CREATE TABLE facts (
        n INTEGER PRIMARY KEY, day TEXT NOT NULL, ride_id TEXT NOT NULL, revision INTEGER NOT NULL, account TEXT NOT NULL,
        boarded_ms INTEGER NOT NULL, settled INTEGER NOT NULL, payload TEXT NOT NULL, UNIQUE (ride_id, revision)) STRICT""",
    "CREATE INDEX facts_account ON facts (account, boarded_ms)",
    """CREATE TABLE taps (
        n INTEGER PRIMARY KEY, day TEXT NOT NULL, device TEXT NOT NULL, number INTEGER NOT NULL, account TEXT NOT NULL,
        vehicle_id TEXT NOT NULL, at_ms INTEGER NOT NULL, payload TEXT NOT NULL, UNIQUE (device, number)) STRICT""",
    "CREATE INDEX taps_account ON taps (account, at_ms)",
    """CREATE TABLE rulings (
        n INTEGER PRIMARY KEY, day TEXT NOT NULL, ride_id TEXT NOT NULL, number INTEGER NOT NULL, verdict TEXT NOT NULL,
        payload TEXT NOT NULL, UNIQUE (ride_id, number)) STRICT""",
    """CREATE TABLE disputes (
        n INTEGER PRIMARY KEY, day TEXT NOT NULL, ride_id TEXT NOT NULL UNIQUE, account TEXT NOT NULL,
        payload TEXT NOT NULL) STRICT""",
    """CREATE TABLE conflicts (
        n INTEGER PRIMARY KEY, fact_id TEXT NOT NULL, at_ms INTEGER NOT NULL, held TEXT NOT NULL, came TEXT NOT NULL,
        UNIQUE (fact_id, came)) STRICT""",
    # money at the provider: a settlement, and what was heard of it; at most one answer is final
    """CREATE TABLE settlements (
        n INTEGER PRIMARY KEY, day TEXT NOT NULL, settlement_id TEXT NOT NULL UNIQUE, account TEXT NOT NULL,
        won INTEGER NOT NULL CHECK (won <> 0), created_ms INTEGER NOT NULL) STRICT""",
    "CREATE INDEX settlements_account ON settlements (account)",
    """CREATE TABLE outcomes (
        n INTEGER PRIMARY KEY, day TEXT NOT NULL, settlement_id TEXT NOT NULL REFERENCES settlements (settlement_id),
        at_ms INTEGER NOT NULL, outcome TEXT NOT NULL) STRICT""",
    "CREATE UNIQUE INDEX outcomes_final ON outcomes (settlement_id) WHERE outcome IN ('charged', 'declined')",
    # people: the one table whose rows are meant to go
    """CREATE TABLE holders (
        account TEXT PRIMARY KEY, rider_id TEXT NOT NULL UNIQUE, rider_class TEXT NOT NULL) WITHOUT ROWID, STRICT""",
    """CREATE TABLE consents (
        n INTEGER PRIMARY KEY, account TEXT NOT NULL, purpose TEXT NOT NULL, version TEXT NOT NULL,
        given INTEGER NOT NULL, at_ms INTEGER NOT NULL) STRICT""",
    "CREATE INDEX consents_account ON consents (account, purpose)",
    """CREATE TABLE uses (
        n INTEGER PRIMARY KEY, account TEXT NOT NULL, purpose TEXT NOT NULL, by TEXT NOT NULL, at_ms INTEGER NOT NULL,
        UNIQUE (account, purpose, by, at_ms)) STRICT""",
    "CREATE INDEX uses_at ON uses (at_ms)",
    "CREATE TABLE purges (before_day TEXT PRIMARY KEY, at_ms INTEGER NOT NULL, head TEXT NOT NULL) WITHOUT ROWID, STRICT",
    "CREATE TABLE cursors (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID, STRICT",
)

_RULES = (
    """CREATE TRIGGER entry_balances BEFORE INSERT ON entries
        WHEN (SELECT count(*) < 2 OR sum(won) <> 0 FROM lines WHERE entry_id = NEW.entry_id)
        BEGIN SELECT raise(ABORT, 'an entry has lines on either side, and they sum to zero'); END""",
    """CREATE TRIGGER entry_into_closed_day BEFORE INSERT ON entries
        WHEN NEW.day <= (SELECT max(day) FROM days)
        BEGIN SELECT raise(ABORT, 'that day is closed'); END""",
    """CREATE TRIGGER entry_hangs_on_the_last BEFORE INSERT ON entries
        WHEN NEW.prev <> coalesce((SELECT hash FROM entries ORDER BY n DESC LIMIT 1),
                                  (SELECT head FROM purges ORDER BY before_day DESC LIMIT 1), NEW.prev)
        BEGIN SELECT raise(ABORT, 'an entry hangs on the one before it'); END""",
    """CREATE TRIGGER line_of_a_written_entry BEFORE INSERT ON lines
        WHEN EXISTS (SELECT 1 FROM entries WHERE entry_id = NEW.entry_id)
        BEGIN SELECT raise(ABORT, 'an entry that is written gets no more lines'); END""",
    f"""CREATE TRIGGER purge_only_the_old BEFORE INSERT ON purges
        WHEN NEW.before_day > date(NEW.at_ms / 1000, 'unixepoch', '-{KEPT_YEARS} years')
        BEGIN SELECT raise(ABORT, 'fare records are kept for five years'); END""",
    "CREATE TRIGGER uses_unchanged BEFORE UPDATE ON uses BEGIN SELECT raise(ABORT, 'nothing here is ever changed'); END",
)  # fmt: skip


def _guards() -> list[str]:
    """Refuse UPDATE and DELETE, and INSERT OR REPLACE, which deletes without asking DELETE's triggers."""
    guards: list[str] = []
    for table, keys in _APPEND_ONLY.items():
        old = " WHEN OLD.day >= coalesce((SELECT max(before_day) FROM purges), '')" if table in _PURGED else ""
        there = " OR ".join(_same(table, key) for key in keys)
        guards += [
            f"CREATE TRIGGER {table}_unchanged BEFORE UPDATE ON {table} "
            "BEGIN SELECT raise(ABORT, 'nothing here is ever changed'); END",
            f"CREATE TRIGGER {table}_kept BEFORE DELETE ON {table}{old} "
            "BEGIN SELECT raise(ABORT, 'nothing here is deleted before its time'); END",
            f"CREATE TRIGGER {table}_once BEFORE INSERT ON {table} WHEN {there} "
            "BEGIN SELECT raise(ABORT, 'nothing here is written twice'); END",
        ]
    return guards


def _same(table: str, key: str) -> str:
    same = " AND ".join(f"{column} = NEW.{column}" for column in key.split(", "))
    return f"EXISTS (SELECT 1 FROM {table} WHERE {same})"  # noqa: S608 - names of ours


def open_ledger_file(path: Path, *, busy_timeout_s: float) -> sqlite3.Connection:
    """Open or create the file for writing; raises `DataDirError` for one that is not ours to use."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        connection = sqlite3.connect(path, timeout=busy_timeout_s, isolation_level=None, check_same_thread=False)
    except (OSError, sqlite3.Error) as error:
        raise DataDirError(f"cannot open {path}: {error}; run `ridebell doctor` on its directory") from error
    try:
        _refuse_foreign(connection, path)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA recursive_triggers = ON")  # else INSERT OR REPLACE deletes without a trigger
        _create(connection)
    except sqlite3.Error as error:
        connection.close()
        raise DataDirError(f"cannot open {path}: {error}; run `ridebell doctor` on its directory") from error
    except BaseException:
        connection.close()
        raise
    return connection


def read_ledger_file(path: Path) -> sqlite3.Connection:
    """Open an existing ledger for reading only. Raises `DataDirError`."""
    if not path.is_file():
        raise DataDirError(f"there is no ledger at {path}; name the data directory of a server that charges fares")
    try:
        beside = path.with_name(f"{path.name}-wal").exists()
        uri = f"{path.resolve().as_uri()}?mode=ro{'' if beside else '&immutable=1'}"
        connection = sqlite3.connect(uri, uri=True, timeout=2.0, isolation_level=None, check_same_thread=False)
        _refuse_foreign(connection, path)
    except sqlite3.Error as error:
        raise DataDirError(f"cannot read {path}: {error}; restore a copy of it") from error
    return connection


def _refuse_foreign(connection: sqlite3.Connection, path: Path) -> None:
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if owner == 0 and tables == 0:
        return
    if owner != APPLICATION_ID:
        raise DataDirError(f"{path} is not a Ridebell ledger; move it away or choose another data directory")
    if version > VERSION:
        raise DataDirError(f"{path} has version {version}, this Ridebell knows up to {VERSION}; start the newer one")


def _create(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == 0:
        for statement in (*_TABLES, *_RULES, *_guards()):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")
