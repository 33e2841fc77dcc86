"""Looks through a whole ledger: does everything in it hold? Back-end level, a part of `ledger`; reads only."""

import sqlite3
from collections import Counter

import msgspec

from server.backends.embedded import ledger_reads as reads
from server.backends.embedded.ledger import day_seal, entry_hash
from server.backends.embedded.ledger_schema import GENESIS
from server.core.fares.postings import Entry
from server.ledger.records import Checked

PROBLEMS_MAX = 20
"""Problems that are told; behind a broken link every entry is one."""


def audit(db: sqlite3.Connection) -> Checked:
    """Compute every hash and sum anew. Each problem is one sentence that names the entry or the day.

    All of it is read as of one moment, while others may write.
    """
    db.execute("BEGIN")
    try:
        return _audit(db)
    finally:
        db.execute("ROLLBACK")


def _audit(db: sqlite3.Connection) -> Checked:
    problems = [f"the file is damaged: {what}" for (what,) in db.execute("PRAGMA integrity_check(3)") if what != "ok"]
    last_of_day: dict[str, str] = {}
    count_of_day: Counter[str] = Counter()
    debit_of_day: Counter[str] = Counter()
    purged = db.execute("SELECT before_day, head FROM purges ORDER BY before_day DESC LIMIT 1").fetchone()
    prev = GENESIS if purged is None else purged[1]
    rows = db.execute("SELECT entry_id, day, booked_ms, payload, prev, hash FROM entries ORDER BY n")
    for entry_id, day, booked_ms, payload, hangs_on, hash_ in rows:
        if hangs_on != prev or hash_ != entry_hash(prev, day, booked_ms, payload):
            problems.append(f"entry {entry_id} of {day} is not the one that was written, or one before it is gone")
        problems += _entry_problems(db, entry_id, day, payload)
        prev = hash_
        last_of_day[day] = hash_
        count_of_day[day] += 1
        (debit,) = db.execute("SELECT sum(max(won, 0)) FROM lines WHERE entry_id = ?", (entry_id,)).fetchone()
        debit_of_day[day] += debit or 0
    problems += _day_problems(db, last_of_day, count_of_day, debit_of_day, purged[0] if purged else "")
    problems += _sum_problems(db)
    (days,) = db.execute("SELECT count(*) FROM days").fetchone()
    return Checked(count_of_day.total(), days, prev, tuple(problems[:PROBLEMS_MAX]))


def _entry_problems(db: sqlite3.Connection, entry_id: str, day: str, payload: str) -> list[str]:
    try:
        entry = msgspec.json.decode(payload, type=Entry)
    except msgspec.MsgspecError as error:
        return [f"entry {entry_id} of {day} cannot be read: {error}"]
    rows = db.execute(
        "SELECT account, won, ride_id, tap, day FROM lines WHERE entry_id = ? ORDER BY n", (entry_id,)
    ).fetchall()
    said = [(line.account, line.won, line.ride_id, line.tap or "", day) for line in entry.lines]
    if entry.entry_id != entry_id or rows != said:
        return [f"the lines of entry {entry_id} of {day} are not those that were written"]
    return [] if entry.balanced else [f"entry {entry_id} of {day} does not balance"]


def _day_problems(
    db: sqlite3.Connection, last: dict[str, str], count: Counter[str], debit: Counter[str], kept_from: str
) -> list[str]:
    problems: list[str] = []
    prev = GENESIS
    closed = list(reversed(reads.days(db, limit=2**31)))
    for one in closed:
        seal = day_seal(prev, one.day, entries=one.entries, debit_won=one.debit_won, head=one.head)
        if seal != one.seal:
            problems.append(f"the seal of {one.day} is not the one that was set")
        if one.day >= kept_from and (last.get(one.day), count[one.day], debit[one.day]) != (
            one.head,
            one.entries,
            one.debit_won,
        ):
            problems.append(f"closed day {one.day} is not what it was when it was closed")
        prev = one.seal
    sealed = {one.day for one in closed}
    end = closed[-1].day if closed else ""
    problems += [
        f"{day} has entries and was never closed, but {end} was" for day in last if day < end and day not in sealed
    ]
    return problems


def _sum_problems(db: sqlite3.Connection) -> list[str]:
    problems: list[str] = []
    (total,) = db.execute("SELECT coalesce(sum(won), 0) FROM lines").fetchone()
    if total:
        problems.append(f"all accounts together do not balance: {total} won too much")
    (alone,) = db.execute(
        "SELECT count(*) FROM lines l WHERE NOT EXISTS (SELECT 1 FROM entries e WHERE e.entry_id = l.entry_id)"
    ).fetchone()
    if alone:
        problems.append(f"{alone} lines belong to no entry")
    return problems
