"""What is kept of people, for how long, and what stays when it goes: uses half a year, fares five years, balances always."""

from pathlib import Path

from server.backends.embedded import ledger_people as people, ledger_reads as reads, open_embedded
from server.backends.embedded.ledger_audit import audit
from server.core.model import Bell, BellId, BellKind, BellState, Fact, RiderId, RideState, RouteId, StopId
from server.ledger.records import Consent, Outcome, Use
from server.ports import Batch, Forget
from tests.server.ledger.charging_world import ride_of
from tests.server.ledger.ledger_cases import DAY_MS, FARE_WON, MORNING_MS, books, price, riding, stands

YEAR_MS = 366 * DAY_MS


def test_records_of_use_say_for_what_and_never_where_and_go_after_six_months(tmp_path: Path) -> None:
    ledger = books(tmp_path)
    old, new = Use("a", "fare", "ridebell", MORNING_MS), Use("a", "fare", "ridebell", MORNING_MS + 100 * DAY_MS)
    ledger.used([old, new, new])
    assert people.uses(ledger.connection, "a", limit=9) == [new, old]
    columns = {row[1] for row in ledger.connection.execute("PRAGMA table_info(uses)")}
    assert columns == {"n", "account", "purpose", "by", "at_ms"}
    assert ledger.purge(now_ms=MORNING_MS + 190 * DAY_MS).uses == 1
    assert people.uses(ledger.connection, "a", limit=9) == [new]
    ledger.close()


def test_fare_records_go_after_five_years_and_balances_stay(tmp_path: Path) -> None:
    ledger = books(tmp_path)
    ledger.take([riding("old")], price, now_ms=MORNING_MS)
    due = ledger.plan_settlement("a", now_ms=MORNING_MS)
    assert due is not None
    ledger.settle(due.settlement_id, Outcome.CHARGED, provider="practice", now_ms=MORNING_MS)
    ledger.take([riding("open", account="b", minute=5)], price, now_ms=MORNING_MS)
    later_ms = MORNING_MS + 4 * YEAR_MS
    ledger.take([riding("new", minute=200)], price, now_ms=later_ms)
    ledger.close_days(now_ms=later_ms + DAY_MS)
    before = stands(ledger)
    assert ledger.purge(now_ms=later_ms).entries == 0
    assert ledger.purge(now_ms=MORNING_MS + 5 * YEAR_MS).entries == 3
    assert stands(ledger) == before
    assert audit(ledger.connection).problems == ()
    assert reads.latest_fact(ledger.connection, "old") is None
    assert reads.fare_won(ledger.connection, "new") == FARE_WON
    assert ledger.purge(now_ms=MORNING_MS + 5 * YEAR_MS).entries == 0
    ledger.take([riding("next", account="c", minute=300)], price, now_ms=MORNING_MS + 5 * YEAR_MS)
    assert audit(ledger.connection).problems == ()
    ledger.close()


def test_a_purge_that_leaves_nothing_can_be_followed(tmp_path: Path) -> None:
    ledger = books(tmp_path)
    ledger.take([riding("r1")], price, now_ms=MORNING_MS)
    ledger.close_days(now_ms=MORNING_MS + DAY_MS)
    ledger.purge(now_ms=MORNING_MS + 6 * YEAR_MS)
    ledger.take([riding("r2", account="b")], price, now_ms=MORNING_MS + 6 * YEAR_MS)
    assert stands(ledger)["rider:a"] == FARE_WON
    assert audit(ledger.connection).problems == ()
    ledger.close()


def test_the_day_of_a_purge_on_29_february() -> None:
    from datetime import date

    assert people.purge_day(date(2028, 2, 29)) == "2023-02-28"
    assert people.purge_day(date(2028, 3, 1)) == "2023-03-01"


def test_erasure_breaks_the_link_and_keeps_the_balance(tmp_path: Path) -> None:
    ledger = books(tmp_path)
    account = ledger.account_of("kim")
    assert ledger.account_of("kim") == account
    ledger.classify(account, "teen")
    assert people.class_of(ledger.connection, account) == "teen"
    ledger.take([riding("r1", account=account)], price, now_ms=MORNING_MS)
    ledger.used([Use(account, "fare", "ridebell", MORNING_MS)])
    ledger.consent(Consent(account, "rides", "1", given=True, at_ms=MORNING_MS))
    before = stands(ledger)
    assert ledger.erase("kim") == account
    assert ledger.erase("kim") is None
    assert stands(ledger) == before
    assert people.rider_of(ledger.connection, account) is None
    assert people.uses(ledger.connection, account, limit=9) == []
    assert len(people.consents(ledger.connection, account)) == 1, "what was agreed to can still be shown"
    everything = "".join(str(row) for table in ("entries", "lines", "facts") for row in ledger.connection.execute(
        f"SELECT * FROM {table}"  # noqa: S608
    ))  # fmt: skip
    assert "kim" not in everything, "the books never knew a rider"
    assert ledger.account_of("kim") != account
    ledger.close()


def bell(name: str, rider: str, *, state: BellState, at_ms: int) -> Bell:
    return Bell(
        BellId(name), RiderId(rider), BellKind.BOARD, StopId("S1"), RouteId("10"), state, rung_ms=at_ms, changed_ms=at_ms
    )  # fmt: skip


async def test_the_journal_forgets_what_is_old_and_whom_it_is_told_to(tmp_path: Path) -> None:
    backend = await open_embedded(tmp_path)
    journal = backend.journal
    old: list[Fact] = [
        bell("bell-old1", "kim", state=BellState.SERVED, at_ms=100),
        bell("bell-open", "kim", state=BellState.WAITING, at_ms=100),
        ride_of("r-old", RideState.SETTLED, rider="kim", began_ms=100),
    ]
    new: list[Fact] = [
        bell("bell-new1", "lee", state=BellState.SERVED, at_ms=900),
        bell("bell-new2", "kim", state=BellState.SERVED, at_ms=900),
        ride_of("r-new", RideState.SETTLED, rider="kim", began_ms=900),
    ]
    journal.append(Batch(facts=[*old, *new]), lambda _: None)
    journal.append(Batch(forget=Forget(before_ms=500)), lambda _: None)
    await journal.close()
    await backend.aclose()
    backend = await open_embedded(tmp_path)
    journal = backend.journal
    assert await journal.find_bell(BellId("bell-old1")) is None
    assert await journal.find_bell(BellId("bell-open")) is not None, "one that still waits stays"
    assert [ride.ride_id for ride in await journal.recent_rides("kim", 9)] == ["r-new"]
    last = (await journal.ride_changes(0, 99))[-1][0]
    done: list[BaseException | None] = []
    journal.append(Batch(forget=Forget(riders=("kim",))), done.append)
    journal.append(Batch(facts=[ride_of("r-lee", RideState.SETTLED, rider="lee", began_ms=950)]), done.append)
    await journal.close()
    await backend.aclose()
    assert done == [None, None]
    backend = await open_embedded(tmp_path)
    assert await backend.journal.recent_rides("kim", 9) == []
    assert [one.bell_id for one in await backend.journal.recent_bells("kim", 9)] == ["bell-open"]
    assert await backend.journal.find_bell(BellId("bell-new1")) is not None
    [(n, ride)] = await backend.journal.ride_changes(0, 99)
    assert (n, ride.rider_id) == (last + 1, "lee"), "a number is never used again"
    await backend.aclose()
