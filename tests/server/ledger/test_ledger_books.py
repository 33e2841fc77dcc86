"""The ledger's promises: append-only, balanced, once, into the open day, and closed days that never change."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from server.backends.embedded import ledger_reads as reads
from server.backends.embedded.ledger_audit import audit
from server.backends.embedded.ledger_schema import LEDGER_FILE, read_ledger_file
from server.backends.embedded.lock import DataDirError
from server.core.fares.postings import Entry, EntryKind, Line, Waiver
from server.ledger.records import Dispute, Outcome, Ruling
from tests.server.ledger.ledger_cases import (
    DAY_MS,
    FARE_WON,
    MINUTE_MS,
    MORNING_MS,
    books,
    price,
    riding,
    stands,
    tapped,
    total,
)

NOW_MS = MORNING_MS + 30 * MINUTE_MS


def a_full_day(place: Path) -> None:
    """A ride, its payment, a ride that is taken back; the day is closed."""
    ledger = books(place)
    ledger.take([riding("r1"), riding("r2", account="b", minute=5)], price, now_ms=NOW_MS)
    ledger.take([riding("r2", account="b", minute=5, revision=2, waiver=Waiver.VOID)], price, now_ms=NOW_MS)
    due = ledger.plan_settlement("a", now_ms=NOW_MS)
    assert due is not None
    ledger.settle(due.settlement_id, Outcome.CHARGED, provider="practice", now_ms=NOW_MS)
    assert [day.day for day in ledger.close_days(now_ms=NOW_MS + DAY_MS)] == ["2026-11-22"]
    assert audit(ledger.connection).problems == ()
    ledger.close()


def test_a_ride_is_charged_and_the_books_balance(tmp_path: Path) -> None:
    ledger = books(tmp_path)
    [booked] = ledger.take([riding("r1")], price, now_ms=NOW_MS)
    assert booked.entry is not None
    assert stands(ledger) == {"rider:a": FARE_WON, "fares:GG_GENERAL": -FARE_WON}
    assert total(ledger) == 0
    assert reads.fare_won(ledger.connection, "r1") == FARE_WON
    ledger.close()


def test_the_same_fact_again_changes_nothing_and_another_under_its_id_is_kept_for_inspection(tmp_path: Path) -> None:
    ledger = books(tmp_path)
    ledger.take([riding("r1")], price, now_ms=NOW_MS)
    [again] = ledger.take([riding("r1")], price, now_ms=NOW_MS + 1)
    for _ in range(2):
        [other] = ledger.take([riding("r1", km=30)], price, now_ms=NOW_MS + 2)
        assert other.conflict
    assert again.repeated
    assert stands(ledger)["rider:a"] == FARE_WON
    [kept] = reads.conflicts(ledger.connection, limit=9)
    assert kept.fact_id == "ride:r1:1"
    assert '"distance_m":30000' in kept.came
    ledger.close()


def test_an_older_revision_that_comes_late_changes_nothing(tmp_path: Path) -> None:
    ledger = books(tmp_path)
    ledger.take([riding("r1", revision=2, km=12), riding("r1", revision=1, km=40)], price, now_ms=NOW_MS)
    assert reads.fare_won(ledger.connection, "r1") == FARE_WON + 100
    assert len(list(reads.entries(ledger.connection, first_day="", last_day="9"))) == 1
    ledger.close()


@pytest.mark.parametrize("card_first", [True, False])
def test_card_and_phone_on_one_ride_charge_once(tmp_path: Path, card_first: bool) -> None:
    ledger = books(tmp_path)
    if card_first:
        ledger.tap(tapped(1), price, now_ms=NOW_MS)
    ledger.take([riding("r1")], price, now_ms=NOW_MS)
    if not card_first:
        assert stands(ledger)["rider:a"] == FARE_WON
        booked = ledger.tap(tapped(1), price, now_ms=NOW_MS)
        assert booked.entry is not None
        assert booked.entry.kind is EntryKind.REVERSAL
    assert ledger.tap(tapped(2, minute=20), price, now_ms=NOW_MS).entry is None, "tapped again at the exit"
    assert ledger.tap(tapped(1), price, now_ms=NOW_MS).repeated
    assert ledger.tap(tapped(1, minute=3), price, now_ms=NOW_MS).conflict
    assert stands(ledger) == {}
    fact = reads.latest_fact(ledger.connection, "r1")
    assert fact is not None
    assert fact.waiver is Waiver.CARD
    ledger.close()


def test_a_card_in_another_bus_or_at_another_time_pays_nothing_here(tmp_path: Path) -> None:
    ledger = books(tmp_path)
    ledger.take([riding("r1")], price, now_ms=NOW_MS)
    ledger.tap(tapped(1, vehicle="bus-2"), price, now_ms=NOW_MS)
    ledger.tap(tapped(2, minute=40), price, now_ms=NOW_MS)
    ledger.tap(tapped(3, minute=-40), price, now_ms=NOW_MS)
    assert stands(ledger)["rider:a"] == FARE_WON
    ledger.close()


def test_a_dispute_that_is_granted_posts_a_reversal_and_gives_the_money_back(tmp_path: Path) -> None:
    ledger = books(tmp_path)
    ledger.take([riding("r1")], price, now_ms=NOW_MS)
    due = ledger.plan_settlement("a", now_ms=NOW_MS)
    assert due is not None
    ledger.settle(due.settlement_id, Outcome.CHARGED, provider="practice", now_ms=NOW_MS)
    said = Dispute("r1", "a", "not_aboard", "I was at home", NOW_MS)
    assert ledger.dispute(said, now_ms=NOW_MS)
    assert not ledger.dispute(said, now_ms=NOW_MS)
    booked = ledger.rule(Ruling("r1", 1, "not_charged", "operator", NOW_MS), price, now_ms=NOW_MS)
    assert booked is not None
    assert booked.entry is not None
    assert booked.entry.kind is EntryKind.REVERSAL
    back = ledger.plan_settlement("a", now_ms=NOW_MS)
    assert back is not None
    assert back.won == -FARE_WON
    ledger.settle(back.settlement_id, Outcome.CHARGED, provider="practice", now_ms=NOW_MS)
    assert stands(ledger) == {}
    book = reads.ride_book(ledger.connection, "r1")
    assert book is not None
    assert book.dispute == said
    assert book.ruling is not None
    assert [kept.entry.kind for kept in book.entries] == [EntryKind.FARE, EntryKind.REVERSAL]
    again = ledger.rule(Ruling("r1", 2, "stands", "operator", NOW_MS), price, now_ms=NOW_MS)
    assert again is not None
    assert again.entry is not None
    assert stands(ledger)["rider:a"] == FARE_WON
    assert ledger.rule(Ruling("nobody's", 1, "stands", "operator", NOW_MS), price, now_ms=NOW_MS) is None
    assert len(reads.disputes(ledger.connection, limit=5)) == 1
    ledger.close()


def test_late_events_are_posted_into_the_open_day(tmp_path: Path) -> None:
    ledger = books(tmp_path)
    ledger.take([riding("r1")], price, now_ms=NOW_MS)
    ledger.close_days(now_ms=NOW_MS + DAY_MS)
    before = reads.days(ledger.connection, limit=9)
    ledger.take([riding("late", minute=60)], price, now_ms=NOW_MS + DAY_MS)
    ledger.take([riding("back", account="c", minute=60)], price, now_ms=NOW_MS)
    days = {kept.entry.entry_id: kept.day for kept in reads.entries(ledger.connection, first_day="", last_day="9")}
    assert days == {"ride:r1:1": "2026-11-22", "ride:late:1": "2026-11-23", "ride:back:1": "2026-11-23"}
    assert reads.days(ledger.connection, limit=9) == before
    assert audit(ledger.connection).problems == ()
    ledger.close()


def test_a_settlement_is_planned_once_and_counts_once(tmp_path: Path) -> None:
    ledger = books(tmp_path)
    ledger.take([riding("r1"), riding("r2", minute=60, settled=False)], price, now_ms=NOW_MS)
    due = ledger.plan_settlement("a", now_ms=NOW_MS)
    assert due is not None
    assert due.won == FARE_WON, "a ride that can still be taken back is not asked for"
    assert ledger.plan_settlement("a", now_ms=NOW_MS) is None
    assert not ledger.settle(due.settlement_id, Outcome.UNKNOWN, provider="practice", now_ms=NOW_MS).repeated
    assert ledger.plan_settlement("a", now_ms=NOW_MS) is None, "nobody knows: no new key"
    assert ledger.settle(due.settlement_id, Outcome.CHARGED, provider="practice", now_ms=NOW_MS).entry is not None
    assert ledger.settle(due.settlement_id, Outcome.CHARGED, provider="practice", now_ms=NOW_MS).repeated
    assert ledger.settle(due.settlement_id, Outcome.UNKNOWN, provider="practice", now_ms=NOW_MS).repeated
    for _ in range(2):
        assert ledger.settle(due.settlement_id, Outcome.DECLINED, provider="practice", now_ms=NOW_MS).conflict
    assert stands(ledger)["rider:a"] == FARE_WON
    with pytest.raises(KeyError):
        ledger.settle("never planned", Outcome.CHARGED, provider="practice", now_ms=NOW_MS)
    ledger.close()


def test_a_declined_sum_is_asked_for_again_later_under_another_id(tmp_path: Path) -> None:
    ledger = books(tmp_path)
    ledger.take([riding("r1")], price, now_ms=NOW_MS)
    first = ledger.plan_settlement("a", now_ms=NOW_MS)
    assert first is not None
    ledger.settle(first.settlement_id, Outcome.DECLINED, provider="practice", now_ms=NOW_MS)
    assert ledger.plan_settlement("a", now_ms=NOW_MS + MINUTE_MS) is None
    second = ledger.plan_settlement("a", now_ms=NOW_MS + DAY_MS)
    assert second is not None
    assert second.settlement_id != first.settlement_id
    assert reads.accounts_due(ledger.connection) == ["a"]
    ledger.close()


def test_an_entry_is_written_once_and_an_unbalanced_one_never(tmp_path: Path) -> None:
    ledger = books(tmp_path)
    entry = Entry("e1", EntryKind.CREDIT, 1, (Line("rider:a", -5), Line("programme:x", 5)))
    assert not ledger.post(entry, now_ms=NOW_MS).repeated
    assert ledger.post(entry, now_ms=NOW_MS + 5).repeated
    other = Entry("e1", EntryKind.CREDIT, 1, (Line("rider:a", -6), Line("programme:x", 6)))
    assert ledger.post(other, now_ms=NOW_MS).conflict
    with pytest.raises(sqlite3.IntegrityError, match="sum to zero"):
        ledger.post(Entry("e2", EntryKind.CREDIT, 1, (Line("rider:a", -5), Line("programme:x", 6))), now_ms=NOW_MS)
    assert stands(ledger) == {"rider:a": -5, "programme:x": 5}
    ledger.close()


FORBIDDEN = [
    f"{what} {table} {more}"
    for table in ("entries", "lines", "days", "facts", "settlements", "outcomes")
    for what, more in (
        ("DELETE FROM", ""),
        ("UPDATE", "SET rowid = rowid + 100" if table != "days" else "SET entries = 0"),
    )
] + [
    "UPDATE lines SET won = won + 1",
    "UPDATE entries SET payload = '{}'",
    "INSERT OR REPLACE INTO entries SELECT * FROM entries",
    "INSERT OR REPLACE INTO lines SELECT n, entry_id, day, account, won * 2, ride_id, tap FROM lines",
    "INSERT INTO lines SELECT NULL, entry_id, day, account, won, ride_id, tap FROM lines",
    "INSERT OR REPLACE INTO days SELECT day, closed_ms, 0, 0, head, 'x' FROM days",
    "INSERT INTO entries VALUES (NULL, 'new', '2026-11-22', 1, 'fare', '{}', 'x', 'y')",
    "INSERT INTO purges VALUES ('2026-11-30', 1795302000000, 'x')",
]


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_file_itself_refuses_to_change(tmp_path: Path, statement: str) -> None:
    a_full_day(tmp_path)
    with closing(sqlite3.connect(tmp_path / LEDGER_FILE, isolation_level=None)) as raw:
        with pytest.raises(sqlite3.IntegrityError):
            raw.execute(statement)
        assert audit(raw).problems == ()


TAMPERINGS = {
    "a line": "UPDATE lines SET won = won * 2",
    "one side": "UPDATE lines SET won = won + 1 WHERE won > 0",
    "an entry's words": "UPDATE entries SET payload = replace(payload, '1650', '1560')",
    "an entry's day": "UPDATE entries SET day = '2026-11-21' WHERE n = 1",
    "an entry that is gone": "DELETE FROM entries WHERE n = 1",
    "the last entry": "DELETE FROM entries WHERE n = (SELECT max(n) FROM entries)",
    "a line alone": "DELETE FROM lines WHERE n = 1",
    "a stray line": "INSERT INTO lines VALUES (NULL, 'nowhere', '2026-11-22', 'rider:a', 7, '', '')",
    "unreadable": "UPDATE entries SET payload = 'x' WHERE n = 2",
    "a seal": "UPDATE days SET seal = 'x'",
    "a day's sum": "UPDATE days SET debit_won = debit_won + 1",
    "a day opened again": "DELETE FROM days",
}


@pytest.mark.parametrize("what", TAMPERINGS)
def test_a_tampered_copy_is_told_from_the_books(tmp_path: Path, what: str) -> None:
    a_full_day(tmp_path)
    copy = tmp_path / "copy"
    copy.mkdir()
    shutil.copy(tmp_path / LEDGER_FILE, copy)
    with closing(sqlite3.connect(copy / LEDGER_FILE, isolation_level=None)) as raw:
        for (trigger,) in raw.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {trigger}")
        raw.execute(TAMPERINGS[what])
        found = audit(raw)
    if what == "a day opened again":
        assert (found.problems, found.days) == ((), 0), "whoever holds a seal of that day sees that it is gone"
    else:
        assert found.problems, what


def test_a_file_that_is_not_a_ledger_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataDirError, match="there is no ledger"):
        read_ledger_file(tmp_path / LEDGER_FILE)
    (tmp_path / LEDGER_FILE).write_text("something else " * 100, encoding="utf-8")
    with pytest.raises(DataDirError, match="cannot"):
        read_ledger_file(tmp_path / LEDGER_FILE)
    with pytest.raises(DataDirError, match="cannot open"):
        books(tmp_path)
    with closing(sqlite3.connect(tmp_path / "other.sqlite3")) as other:
        other.execute("CREATE TABLE x (y)")
    shutil.move(tmp_path / "other.sqlite3", tmp_path / LEDGER_FILE)
    with pytest.raises(DataDirError, match="not a Ridebell ledger"):
        books(tmp_path)


def test_device_counters_tell_what_is_missing_and_what_may_be_deleted(tmp_path: Path) -> None:
    ledger = books(tmp_path)
    for n in (1, 2, 5, 3, 9):
        ledger.tap(tapped(n), price, now_ms=NOW_MS)
    held = reads.device(ledger.connection, "reader-1")
    assert (held.watermark, held.highest, held.missing) == (3, 9, ((4, 4), (6, 8)))
    assert reads.device(ledger.connection, "unknown").watermark == 0
    assert [one.device for one in reads.devices(ledger.connection)] == ["reader-1"]
    ledger.close()
