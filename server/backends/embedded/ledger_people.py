"""People in the ledger: the link to an account that can be broken, consents, records of use, and what is let go. A part of `ledger`."""

import secrets
import sqlite3
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from server.backends.embedded.ledger_schema import KEPT_YEARS
from server.core.fares.postings import Entry, Line, carried_entry
from server.ledger.records import Consent, Use

FIRST_CLASS = "adult"
"""Whoever has shown no proof of another class pays the adult fare."""
USES_KEPT_MS = 183 * 86_400_000
"""Records that a location was used are kept six months (Location Information Act of Korea, art. 16)."""


class Carried(NamedTuple):
    """What must stay of days that go: the balances as an entry, and the hash that the next entry hangs on."""

    entry: Entry | None
    head: str


def account_of(db: sqlite3.Connection, rider_id: str) -> str | None:
    """The account of a rider, if she has one."""
    row = db.execute("SELECT account FROM holders WHERE rider_id = ?", (rider_id,)).fetchone()
    return None if row is None else str(row[0])


def rider_of(db: sqlite3.Connection, account: str) -> str | None:
    """The rider of an account; None once the link is broken."""
    row = db.execute("SELECT rider_id FROM holders WHERE account = ?", (account,)).fetchone()
    return None if row is None else str(row[0])


def class_of(db: sqlite3.Connection, account: str) -> str:
    """For which class an account is priced."""
    row = db.execute("SELECT rider_class FROM holders WHERE account = ?", (account,)).fetchone()
    return FIRST_CLASS if row is None else str(row[0])


def open_account(db: sqlite3.Connection, rider_id: str) -> str:
    """Open an account under a random name."""
    db.execute(
        "INSERT INTO holders VALUES (?, ?, ?) ON CONFLICT (rider_id) DO NOTHING",
        (secrets.token_hex(8), rider_id, FIRST_CLASS),
    )
    account = account_of(db, rider_id)
    assert account is not None
    return account


def erase(db: sqlite3.Connection, rider_id: str) -> str | None:
    """Break the link and let the records of use go; entries name the account alone and stay."""
    account = account_of(db, rider_id)
    if account is not None:
        db.execute("DELETE FROM uses WHERE account = ?", (account,))
        db.execute("DELETE FROM holders WHERE account = ?", (account,))
    return account


def consent(db: sqlite3.Connection, one: Consent) -> None:
    """Keep a consent, or its end."""
    row = (one.account, one.purpose, one.version, one.given, one.at_ms)
    db.execute("INSERT INTO consents (account, purpose, version, given, at_ms) VALUES (?,?,?,?,?)", row)


def consents(db: sqlite3.Connection, account: str) -> list[Consent]:
    """All that somebody said, oldest first."""
    rows = db.execute(
        "SELECT account, purpose, version, given, at_ms FROM consents WHERE account = ? ORDER BY n", (account,)
    )
    return [Consent(account, purpose, version, bool(given), at_ms) for account, purpose, version, given, at_ms in rows]


def used(db: sqlite3.Connection, uses: Sequence[Use]) -> None:
    """Keep records of use."""
    rows = [(use.account, use.purpose, use.by, use.at_ms) for use in uses]
    db.executemany("INSERT OR IGNORE INTO uses (account, purpose, by, at_ms) VALUES (?,?,?,?)", rows)


def uses(db: sqlite3.Connection, account: str, *, limit: int) -> list[Use]:
    """Who used somebody's location, the newest first."""
    rows = db.execute(
        "SELECT account, purpose, by, at_ms FROM uses WHERE account = ? ORDER BY at_ms DESC LIMIT ?", (account, limit)
    )
    return [Use(*row) for row in rows]


def purge_uses(db: sqlite3.Connection, now_ms: int) -> int:
    """Let records of use go after six months."""
    return db.execute("DELETE FROM uses WHERE at_ms < ?", (now_ms - USES_KEPT_MS,)).rowcount


def purge_day(today: date) -> str:
    """The first day that is still kept."""
    try:
        return today.replace(year=today.year - KEPT_YEARS).isoformat()
    except ValueError:  # 29 February
        return today.replace(year=today.year - KEPT_YEARS, day=28).isoformat()


def carried_over(db: sqlite3.Connection, before: str, now_ms: int) -> Carried | None:
    """What must stay of the days before one; None where there are no entries so old."""
    last = db.execute("SELECT hash FROM entries WHERE day < ? ORDER BY n DESC LIMIT 1", (before,)).fetchone()
    if last is None:
        return None
    sums = db.execute("SELECT account, sum(won) FROM lines WHERE day < ? GROUP BY account", (before,))
    lines = [Line(account, won) for account, won in sums if won]
    return Carried(carried_entry(before, lines, at_ms=now_ms), last[0])


def purge_books(db: sqlite3.Connection, before: str, head: str, now_ms: int) -> int:
    """Let the days before one go; the number of their entries. Their seals stay, so that the chain can be followed."""
    db.execute("INSERT INTO purges VALUES (?, ?, ?)", (before, now_ms, head))
    for table in ("outcomes", "lines"):
        db.execute(f"DELETE FROM {table} WHERE day < ?", (before,))  # noqa: S608 - names of ours
    gone = db.execute("DELETE FROM entries WHERE day < ?", (before,)).rowcount
    for table in ("facts", "taps", "rulings", "disputes", "settlements"):
        db.execute(f"DELETE FROM {table} WHERE day < ?", (before,))  # noqa: S608 - names of ours
    return gone
