"""`ports.Ledger` on SQLite: every call is one transaction that happened wholly or not at all. Back-end level.

Calls block for as long as a commit takes: the clerk makes them in a thread. Several connections may write: each takes
the file's lock before it reads what it decides on.
"""

import hashlib
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Self, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from server.backends.embedded import ledger_people as people, ledger_reads as reads
from server.backends.embedded.ledger_schema import GENESIS, LEDGER_FILE, open_ledger_file
from server.core.fares.postings import Entry, RideFact, fare_entry, payment_entry
from server.ledger.records import Booked, CardTap, Consent, Day, Dispute, Outcome, Purged, Ruling, Settlement, Use
from server.ports import Assess

BUSY_TIMEOUT_S = 20.0
"""How long a call waits for another writer: sixteen of them, each some milliseconds, and a slow disk."""
DECLINED_AGAIN_MS = 6 * 3_600_000
"""A declined sum is asked for again after this time, under a new id: the first one's answer was final."""

Fact = TypeVar("Fact", RideFact, CardTap, Ruling)


class SqliteLedger:
    """A ledger file, opened for writing. One object per thread."""

    def __init__(self, connection: sqlite3.Connection, *, timezone: str) -> None:
        self._db = connection
        self._zone = ZoneInfo(timezone)

    @classmethod
    def open(cls, data_dir: Path, *, timezone: str, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Self:
        """Open or create the ledger of a data directory; days are those of `timezone`. Raises `DataDirError`."""
        return cls(open_ledger_file(data_dir / LEDGER_FILE, busy_timeout_s=busy_timeout_s), timezone=timezone)

    @property
    def connection(self) -> sqlite3.Connection:
        """For the reads of `ledger_reads`."""
        return self._db

    def close(self) -> None:
        """Give the file up."""
        self._db.close()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: whatever is raised inside, nothing of it stays."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield self._db
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    # -- rides ---------------------------------------------------------------------

    def take(
        self, facts: Sequence[RideFact], assess: Assess, *, now_ms: int, cursor: tuple[str, int] | None = None
    ) -> list[Booked]:
        """Take what is known of rides, and post what follows; with it, how far the caller has read."""
        with self._writing() as db:
            booked = [self._take(db, fact, assess, now_ms) for fact in facts]
            if cursor is not None:
                db.execute(
                    "INSERT INTO cursors VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)",
                    cursor,
                )
            return booked

    def _take(self, db: sqlite3.Connection, fact: RideFact, assess: Assess, now_ms: int) -> Booked:
        held = db.execute(
            "SELECT payload FROM facts WHERE ride_id = ? AND revision = ?", (fact.ride_id, fact.revision)
        ).fetchone()
        if held is not None:
            return self._again(db, fact, held[0], now_ms)
        row = (self._day(db, now_ms), fact.ride_id, fact.revision, fact.account, fact.ride.boarded_ms, fact.settled)
        db.execute(
            "INSERT INTO facts (day, ride_id, revision, account, boarded_ms, settled, payload) VALUES (?,?,?,?,?,?,?)",
            (*row, _text(fact)),
        )
        return self._reprice(db, fact.fact_id, fact.account, fact.ride_id, assess, now_ms)

    def tap(self, tap: CardTap, assess: Assess, *, now_ms: int) -> Booked:
        """Take a card that was tapped: a ride that it fits is paid by it, whichever of the two was known first."""
        with self._writing() as db:
            held = db.execute(
                "SELECT payload FROM taps WHERE device = ? AND number = ?", (tap.device, tap.n)
            ).fetchone()
            if held is not None:
                return self._again(db, tap, held[0], now_ms)
            db.execute(
                "INSERT INTO taps (day, device, number, account, vehicle_id, at_ms, payload) VALUES (?,?,?,?,?,?,?)",
                (self._day(db, now_ms), tap.device, tap.n, tap.account, tap.vehicle_id, tap.at_ms, _text(tap)),
            )
            ride_id = reads.ride_of_tap(db, tap)
            if ride_id is None:
                return Booked(tap.fact_id)
            return self._reprice(db, tap.fact_id, tap.account, ride_id, assess, now_ms)

    def dispute(self, dispute: Dispute, *, now_ms: int) -> bool:
        """Keep what a rider says of a ride; false where she has said something of it before."""
        with self._writing() as db:
            if db.execute("SELECT 1 FROM disputes WHERE ride_id = ?", (dispute.ride_id,)).fetchone():
                return False
            row = (self._day(db, now_ms), dispute.ride_id, dispute.account, _text(dispute))
            db.execute("INSERT INTO disputes (day, ride_id, account, payload) VALUES (?,?,?,?)", row)
            return True

    def rule(self, ruling: Ruling, assess: Assess, *, now_ms: int) -> Booked | None:
        """Take the operator's decision about a ride, and post what follows; None for a ride that is not in the books."""
        with self._writing() as db:
            held = db.execute(
                "SELECT payload FROM rulings WHERE ride_id = ? AND number = ?", (ruling.ride_id, ruling.n)
            ).fetchone()
            if held is not None:
                return self._again(db, ruling, held[0], now_ms)
            fact = reads.latest_fact(db, ruling.ride_id)
            if fact is None:
                return None
            row = (self._day(db, now_ms), ruling.ride_id, ruling.n, ruling.verdict, _text(ruling))
            db.execute("INSERT INTO rulings (day, ride_id, number, verdict, payload) VALUES (?,?,?,?,?)", row)
            return self._reprice(db, ruling.fact_id, fact.account, fact.ride_id, assess, now_ms)

    def _again(self, db: sqlite3.Connection, fact: Fact, held: str, now_ms: int) -> Booked:
        """A fact whose id is known: the same once more, or another that is kept for inspection."""
        came = _text(fact)
        if came == held:
            return Booked(fact.fact_id, repeated=True)
        known = db.execute("SELECT 1 FROM conflicts WHERE fact_id = ? AND came = ?", (fact.fact_id, came)).fetchone()
        if known is None:
            row = (fact.fact_id, now_ms, held, came)
            db.execute("INSERT INTO conflicts (fact_id, at_ms, held, came) VALUES (?,?,?,?)", row)
        return Booked(fact.fact_id, conflict=True)

    def _reprice(
        self, db: sqlite3.Connection, cause: str, account: str, ride_id: str, assess: Assess, now_ms: int
    ) -> Booked:
        """Price the rides around one again, and post the difference."""
        around_ms = reads.earliest_boarding(db, ride_id)
        facts = reads.facts_around(db, account, around_ms)
        posted = reads.posted(db, account, [fact.ride_id for fact in facts])
        found, table = assess(facts, posted, people.class_of(db, account), around_ms)
        entry = fare_entry(cause, found, posted, ride_id=ride_id, at_ms=now_ms, table=table)
        if entry is not None:
            self._post(db, entry, now_ms)
        return Booked(cause, entry, unpriced=tuple((no.ride_id, no.why.value) for no in found.unpriced))

    # -- the books -----------------------------------------------------------------

    def post(self, entry: Entry, *, now_ms: int) -> Booked:
        """Write a balanced entry; the same id again is no second one. Raises `sqlite3.IntegrityError` if it is unbalanced."""
        with self._writing() as db:
            return self._post_once(db, entry, now_ms)

    def _post_once(self, db: sqlite3.Connection, entry: Entry, now_ms: int) -> Booked:
        held = db.execute("SELECT payload FROM entries WHERE entry_id = ?", (entry.entry_id,)).fetchone()
        if held is None:
            self._post(db, entry, now_ms)
            return Booked(entry.entry_id, entry)
        if held[0] == _text(entry):
            return Booked(entry.entry_id, repeated=True)
        row = (entry.entry_id, now_ms, held[0], _text(entry))
        if not db.execute("SELECT 1 FROM conflicts WHERE fact_id = ? AND came = ?", (row[0], row[3])).fetchone():
            db.execute("INSERT INTO conflicts (fact_id, at_ms, held, came) VALUES (?,?,?,?)", row)
        return Booked(entry.entry_id, conflict=True)

    def _post(self, db: sqlite3.Connection, entry: Entry, now_ms: int) -> None:
        day, prev, payload = self._day(db, now_ms), last_hash(db), _text(entry)
        db.executemany(
            "INSERT INTO lines (entry_id, day, account, won, ride_id, tap) VALUES (?,?,?,?,?,?)",
            [(entry.entry_id, day, line.account, line.won, line.ride_id, line.tap or "") for line in entry.lines],
        )
        row = (entry.entry_id, day, now_ms, entry.kind, payload, prev, entry_hash(prev, day, now_ms, payload))
        db.execute(
            "INSERT INTO entries (entry_id, day, booked_ms, kind, payload, prev, hash) VALUES (?,?,?,?,?,?,?)", row
        )

    def _day(self, db: sqlite3.Connection, now_ms: int) -> str:
        """The open day: today, or the one after the last closed day where the clock went back."""
        today = self._date(now_ms)
        (closed,) = db.execute("SELECT max(day) FROM days").fetchone()
        if closed is None or today.isoformat() > closed:
            return today.isoformat()
        return (date.fromisoformat(closed) + timedelta(days=1)).isoformat()

    def _date(self, at_ms: int) -> date:
        return datetime.fromtimestamp(at_ms // 1000, self._zone).date()

    def close_days(self, *, now_ms: int) -> list[Day]:
        """Close every day before today that has entries, in order: from then on nothing is posted into it."""
        closed: list[Day] = []
        with self._writing() as db:
            today = self._date(now_ms).isoformat()
            pending = db.execute(
                "SELECT DISTINCT day FROM entries WHERE day < ? AND day > coalesce((SELECT max(day) FROM days), '')"
                " ORDER BY day",
                (today,),
            ).fetchall()
            for (day,) in pending:
                one = sealed(db, day, closed_ms=now_ms)
                db.execute("INSERT INTO days VALUES (?,?,?,?,?,?)", msgspec.structs.astuple(one))
                closed.append(one)
        return closed

    # -- money ---------------------------------------------------------------------

    def plan_settlement(self, account: str, *, now_ms: int) -> Settlement | None:
        """Fix what is to be taken from a rider, or given back, under an id for good; None where nothing is due.

        Nothing is planned while an earlier settlement has no final answer, so that no won is asked for twice.
        """
        with self._writing() as db:
            if reads.open_settlements(db, account):
                return None
            declined_ms = reads.declined_ms(db, account)
            due_won = reads.due_won(db, account)
            if due_won == 0 or (declined_ms is not None and now_ms - declined_ms < DECLINED_AGAIN_MS):
                return None
            planned = Settlement(secrets.token_hex(12), account, due_won, now_ms)
            row = (self._day(db, now_ms), planned.settlement_id, account, due_won, now_ms)
            db.execute("INSERT INTO settlements (day, settlement_id, account, won, created_ms) VALUES (?,?,?,?,?)", row)
            return planned

    def settle(self, settlement_id: str, outcome: Outcome, *, provider: str, now_ms: int) -> Booked:
        """Take the provider's answer. A final one counts once; another final one after it is kept for inspection."""
        with self._writing() as db:
            settlement = reads.settlement(db, settlement_id)
            final = reads.final_outcome(db, settlement_id)
            if final is not None:
                return self._after_the_end(db, settlement_id, final, outcome, now_ms)
            row = (self._day(db, now_ms), settlement_id, now_ms, outcome)
            db.execute("INSERT INTO outcomes (day, settlement_id, at_ms, outcome) VALUES (?,?,?,?)", row)
            if outcome is not Outcome.CHARGED:
                return Booked(settlement_id)
            entry = payment_entry(
                settlement_id, settlement.account, won=settlement.won, provider=provider, at_ms=settlement.created_ms
            )
            return self._post_once(db, entry, now_ms)

    @staticmethod
    def _after_the_end(
        db: sqlite3.Connection, settlement_id: str, final: Outcome, outcome: Outcome, now_ms: int
    ) -> Booked:
        if outcome in (final, Outcome.UNKNOWN, Outcome.ABSENT):
            return Booked(settlement_id, repeated=True)
        row = (f"outcome:{settlement_id}", now_ms, final, outcome)
        if not db.execute("SELECT 1 FROM conflicts WHERE fact_id = ? AND came = ?", (row[0], row[3])).fetchone():
            db.execute("INSERT INTO conflicts (fact_id, at_ms, held, came) VALUES (?,?,?,?)", row)
        return Booked(settlement_id, conflict=True)

    # -- people --------------------------------------------------------------------

    def account_of(self, rider_id: str) -> str:
        """The account of a rider, opened if need be: a random name that leads to nobody without this table."""
        found = people.account_of(self._db, rider_id)
        if found is not None:
            return found
        with self._writing() as db:
            return people.open_account(db, rider_id)

    def classify(self, account: str, rider_class: str) -> None:
        """From now on price an account's rides for another class."""
        with self._writing() as db:
            db.execute("UPDATE holders SET rider_class = ? WHERE account = ?", (rider_class, account))

    def erase(self, rider_id: str) -> str | None:
        """Break the link from a rider to her account, and her uses and consents with it; the books stay. Her account's name."""
        with self._writing() as db:
            return people.erase(db, rider_id)

    def consent(self, consent: Consent) -> None:
        """Keep that somebody agreed, or no longer agrees."""
        with self._writing() as db:
            people.consent(db, consent)

    def used(self, uses: Sequence[Use]) -> None:
        """Keep that locations were used; the same use twice is one."""
        with self._writing() as db:
            people.used(db, uses)

    def purge(self, *, now_ms: int) -> Purged:
        """Let go of what is too old: records of use after six months, fare records after five years, balances never."""
        with self._writing() as db:
            uses = people.purge_uses(db, now_ms)
            before = people.purge_day(self._date(now_ms) - timedelta(days=1))  # days begin earlier here than in UTC
            carried = people.carried_over(db, before, now_ms)
            if carried is None:
                return Purged(uses, 0)
            if carried.entry is not None:
                self._post_once(db, carried.entry, now_ms)
            return Purged(uses, people.purge_books(db, before, carried.head, now_ms))


def _text(record: msgspec.Struct) -> str:
    """The canonical form of a record: fields in the order of their declaration, integers and texts only."""
    return msgspec.json.encode(record).decode()


def entry_hash(prev: str, day: str, booked_ms: int, payload: str) -> str:
    """Bind an entry to the one before it."""
    return hashlib.sha256(f"{prev}\n{day}\n{booked_ms}\n{payload}".encode()).hexdigest()


def day_seal(prev: str, day: str, *, entries: int, debit_won: int, head: str) -> str:
    """Bind a closed day to the one before it and to its last entry."""
    return hashlib.sha256(f"{prev}\n{day}\n{entries}\n{debit_won}\n{head}".encode()).hexdigest()


def last_hash(db: sqlite3.Connection) -> str:
    """What the next entry hangs on."""
    last = db.execute("SELECT hash FROM entries ORDER BY n DESC LIMIT 1").fetchone()
    last = last or db.execute("SELECT head FROM purges ORDER BY before_day DESC LIMIT 1").fetchone()
    return last[0] if last is not None else GENESIS


def sealed(db: sqlite3.Connection, day: str, *, closed_ms: int) -> Day:
    """Make the seal of a day from its entries."""
    (entries,) = db.execute("SELECT count(*) FROM entries WHERE day = ?", (day,)).fetchone()
    (debit,) = db.execute("SELECT coalesce(sum(won), 0) FROM lines WHERE day = ? AND won > 0", (day,)).fetchone()
    (head,) = db.execute("SELECT hash FROM entries WHERE day = ? ORDER BY n DESC LIMIT 1", (day,)).fetchone()
    before = db.execute("SELECT seal FROM days WHERE day < ? ORDER BY day DESC LIMIT 1", (day,)).fetchone()
    seal = day_seal(before[0] if before else GENESIS, day, entries=entries, debit_won=debit, head=head)
    return Day(day, closed_ms, entries, debit, head, seal)
