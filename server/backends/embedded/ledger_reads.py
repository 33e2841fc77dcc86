"""What is asked of the ledger's tables. Back-end level, a part of `ledger`; reads only, on any connection."""

import sqlite3
from collections.abc import Iterator, Sequence

import msgspec
from msgspec.structs import replace

from server.core.fares.postings import OWED_REACH_MS, Entry, RideFact, TapKey, Waiver, rider_account
from server.core.fares.riding import Tap
from server.ledger.records import (
    Balance,
    CardTap,
    Conflict,
    Day,
    Devices,
    Dispute,
    Kept,
    Outcome,
    RideBook,
    Ruling,
    Settlement,
)

CARD_MARGIN_MS = 180_000
"""A card is tapped at the door, up to some minutes before departure or after arrival; readers' clocks are off by seconds."""
NEVER_MS = 2**62

_fact = msgspec.json.Decoder(RideFact).decode
_entry = msgspec.json.Decoder(Entry).decode
_LATEST = "revision = (SELECT max(revision) FROM facts WHERE ride_id = f.ride_id)"
_KEPT = "SELECT n, day, booked_ms, hash, payload FROM entries"


# -- rides -----------------------------------------------------------------------


def latest_fact(db: sqlite3.Connection, ride_id: str) -> RideFact | None:
    """What is known of a ride now, with what keeps it from being charged."""
    row = db.execute(
        "SELECT payload FROM facts WHERE ride_id = ? ORDER BY revision DESC LIMIT 1", (ride_id,)
    ).fetchone()
    return None if row is None else _waived(db, _fact(row[0]))


def facts_around(db: sqlite3.Connection, account: str, around_ms: int) -> list[RideFact]:
    """All rides of an account that bear on one that began then: its later ones, and those whose debts may reach it."""
    rows = db.execute(
        f"SELECT payload FROM facts f WHERE account = ? AND boarded_ms >= ? AND {_LATEST}",  # noqa: S608
        (account, around_ms - OWED_REACH_MS),
    )
    return [_waived(db, _fact(payload)) for (payload,) in rows.fetchall()]


def _waived(db: sqlite3.Connection, fact: RideFact) -> RideFact:
    ruling = db.execute(
        "SELECT verdict FROM rulings WHERE ride_id = ? ORDER BY number DESC LIMIT 1", (fact.ride_id,)
    ).fetchone()
    if ruling is not None and ruling[0] == "not_charged":
        return replace(fact, waiver=Waiver.DISPUTE)
    if fact.waiver is None:
        tapped = db.execute(
            "SELECT 1 FROM taps WHERE account = ? AND vehicle_id = ? AND at_ms BETWEEN ? AND ?",
            (fact.account, fact.vehicle_id, fact.ride.boarded_ms - CARD_MARGIN_MS, fact.last_ms + CARD_MARGIN_MS),
        ).fetchone()
        if tapped is not None:
            return replace(fact, waiver=Waiver.CARD)
    return fact


def ride_of_tap(db: sqlite3.Connection, tap: CardTap) -> str | None:
    """The known ride that a card was tapped for."""
    rows = db.execute(
        f"SELECT payload FROM facts f WHERE account = ? AND boarded_ms <= ? AND {_LATEST} ORDER BY boarded_ms DESC",  # noqa: S608
        (tap.account, tap.at_ms + CARD_MARGIN_MS),
    )
    for (payload,) in rows:
        fact = _fact(payload)
        if fact.vehicle_id == tap.vehicle_id:
            return fact.ride_id if tap.at_ms <= fact.last_ms + CARD_MARGIN_MS else None
    return None


def earliest_boarding(db: sqlite3.Connection, ride_id: str) -> int:
    """When a ride began by the earliest of all its revisions: what was posted for it may hang on that."""
    (at_ms,) = db.execute("SELECT min(boarded_ms) FROM facts WHERE ride_id = ?", (ride_id,)).fetchone()
    return int(at_ms)


def posted(db: sqlite3.Connection, account: str, ride_ids: Sequence[str]) -> dict[TapKey, int]:
    """Won that stand on a rider's account for each tap of these rides."""
    found: dict[TapKey, int] = {}
    for ride_id in ride_ids:
        rows = db.execute(
            "SELECT tap, sum(won) FROM lines WHERE account = ? AND ride_id = ? GROUP BY tap",
            (rider_account(account), ride_id),
        )
        found.update({(ride_id, Tap(tap)): won for tap, won in rows})
    return found


def ride_book(db: sqlite3.Connection, ride_id: str) -> RideBook | None:
    """Everything held of a ride."""
    fact = latest_fact(db, ride_id)
    if fact is None:
        return None
    rows = db.execute(
        f"{_KEPT} WHERE entry_id IN (SELECT DISTINCT entry_id FROM lines WHERE ride_id = ?) ORDER BY n",  # noqa: S608
        (ride_id,),
    )
    dispute = db.execute("SELECT payload FROM disputes WHERE ride_id = ?", (ride_id,)).fetchone()
    ruling = db.execute(
        "SELECT payload FROM rulings WHERE ride_id = ? ORDER BY number DESC LIMIT 1", (ride_id,)
    ).fetchone()
    return RideBook(
        fact,
        tuple(_kept(row) for row in rows),
        msgspec.json.decode(dispute[0], type=Dispute) if dispute else None,
        msgspec.json.decode(ruling[0], type=Ruling) if ruling else None,
    )


def fare_won(db: sqlite3.Connection, ride_id: str) -> int | None:
    """What a ride is charged now, all its corrections included; None where nothing was ever posted for it."""
    row = db.execute("SELECT sum(won) FROM lines WHERE ride_id = ? AND account LIKE 'rider:%'", (ride_id,)).fetchone()
    return None if row is None or row[0] is None else int(row[0])


def fares(db: sqlite3.Connection, ride_ids: Sequence[str]) -> dict[str, int]:
    """What rides are charged now; those for which nothing was ever posted are left out."""
    found = {ride_id: fare_won(db, ride_id) for ride_id in ride_ids}
    return {ride_id: won for ride_id, won in found.items() if won is not None}


def rides_with_fares(db: sqlite3.Connection, *, from_ms: int, to_ms: int) -> list[tuple[RideFact, int | None]]:
    """All rides that began in a window with what they are charged, oldest first."""
    return [(fact, fare_won(db, fact.ride_id)) for fact in list(rides(db, from_ms=from_ms, to_ms=to_ms))]


def rides(db: sqlite3.Connection, *, from_ms: int, to_ms: int) -> Iterator[RideFact]:
    """The latest of every ride that began in a window, oldest first."""
    rows = db.execute(
        f"SELECT payload FROM facts f WHERE boarded_ms >= ? AND boarded_ms < ? AND {_LATEST} ORDER BY boarded_ms, n",  # noqa: S608
        (from_ms, to_ms),
    )
    for (payload,) in rows:
        yield _waived(db, _fact(payload))


def rides_of(db: sqlite3.Connection, account: str, *, from_ms: int, to_ms: int) -> list[RideFact]:
    """The latest of an account's rides that began in a window, oldest first."""
    rows = db.execute(
        f"SELECT payload FROM facts f WHERE account = ? AND boarded_ms >= ? AND boarded_ms < ? AND {_LATEST}"  # noqa: S608
        " ORDER BY boarded_ms, n",
        (account, from_ms, to_ms),
    )
    return [_waived(db, _fact(payload)) for (payload,) in rows.fetchall()]


def disputes(db: sqlite3.Connection, *, limit: int) -> list[tuple[Dispute, Ruling | None]]:
    """What riders said, the newest first, each with the last ruling."""
    rows = db.execute(
        """SELECT d.payload, (SELECT r.payload FROM rulings r WHERE r.ride_id = d.ride_id ORDER BY number DESC LIMIT 1)
        FROM disputes d ORDER BY n DESC LIMIT ?""",
        (limit,),
    )
    return [
        (msgspec.json.decode(said, type=Dispute), msgspec.json.decode(ruled, type=Ruling) if ruled else None)
        for said, ruled in rows
    ]


# -- the books -------------------------------------------------------------------


def _kept(row: tuple[int, str, int, str, str]) -> Kept:
    n, day, booked_ms, hash_, payload = row
    return Kept(n, day, booked_ms, hash_, _entry(payload))


def entries(db: sqlite3.Connection, *, first_day: str, last_day: str) -> Iterator[Kept]:
    """Entries of some days, in the order of booking."""
    for row in db.execute(f"{_KEPT} WHERE day BETWEEN ? AND ? ORDER BY n", (first_day, last_day)):
        yield _kept(row)


def entries_of(db: sqlite3.Connection, account: str, *, limit: int) -> list[Kept]:
    """The newest entries that touch a rider's account."""
    rows = db.execute(
        f"{_KEPT} WHERE entry_id IN (SELECT entry_id FROM lines WHERE account = ?) ORDER BY n DESC LIMIT ?",  # noqa: S608
        (rider_account(account), limit),
    )
    return [_kept(row) for row in rows]


def trial_balance(db: sqlite3.Connection, *, last_day: str) -> list[Balance]:
    """What stands on every account at the end of a day; all riders are one line, so that nobody is shown."""
    rows = db.execute(
        """SELECT CASE WHEN account LIKE 'rider:%' THEN 'riders' ELSE account END AS name,
            sum(max(won, 0)), sum(max(-won, 0)), sum(won) FROM lines WHERE day <= ? GROUP BY name ORDER BY name""",
        (last_day,),
    )
    return [Balance(*row) for row in rows]


def balance(db: sqlite3.Connection, account: str) -> int:
    """What a rider owes; negative: what she is owed."""
    (won,) = db.execute(
        "SELECT coalesce(sum(won), 0) FROM lines WHERE account = ?", (rider_account(account),)
    ).fetchone()
    return int(won)


def days(db: sqlite3.Connection, *, limit: int) -> list[Day]:
    """Closed days, the newest first."""
    return [Day(*row) for row in db.execute("SELECT * FROM days ORDER BY day DESC LIMIT ?", (limit,))]


def conflicts(db: sqlite3.Connection, *, limit: int) -> list[Conflict]:
    """Ids that came with two contents, the newest first."""
    rows = db.execute("SELECT fact_id, at_ms, held, came FROM conflicts ORDER BY n DESC LIMIT ?", (limit,))
    return [Conflict(*row) for row in rows]


# -- money -----------------------------------------------------------------------


_SETTLEMENT = """SELECT settlement_id, account, won, created_ms,
    (SELECT outcome FROM outcomes o WHERE o.settlement_id = s.settlement_id ORDER BY
        outcome IN ('charged', 'declined') DESC, n DESC LIMIT 1) FROM settlements s"""
_NOT_FINAL = """NOT EXISTS (SELECT 1 FROM outcomes o
    WHERE o.settlement_id = s.settlement_id AND o.outcome IN ('charged', 'declined'))"""


def _settlement(row: tuple[str, str, int, int, str | None]) -> Settlement:
    outcome = None if row[4] is None else Outcome(row[4])
    return Settlement(row[0], row[1], row[2], row[3], outcome)


def settlement(db: sqlite3.Connection, settlement_id: str) -> Settlement:
    """One settlement that must exist; raises KeyError."""
    row = db.execute(f"{_SETTLEMENT} WHERE settlement_id = ?", (settlement_id,)).fetchone()
    if row is None:
        raise KeyError(settlement_id)
    return _settlement(row)


def open_settlements(db: sqlite3.Connection, account: str | None = None) -> list[Settlement]:
    """Settlements without a final answer, oldest first; of one account or of all."""
    of = "" if account is None else " AND account = ?"
    rows = db.execute(f"{_SETTLEMENT} WHERE {_NOT_FINAL}{of} ORDER BY n", () if account is None else (account,))
    return [_settlement(row) for row in rows]


def final_outcome(db: sqlite3.Connection, settlement_id: str) -> Outcome | None:
    """The answer that holds, if there is one."""
    row = db.execute(
        "SELECT outcome FROM outcomes WHERE settlement_id = ? AND outcome IN ('charged', 'declined')", (settlement_id,)
    ).fetchone()
    return None if row is None else Outcome(row[0])


def declined_ms(db: sqlite3.Connection, account: str) -> int | None:
    """When a rider's last settlement was declined; None if it was not."""
    row = db.execute(
        """SELECT o.outcome, o.at_ms FROM settlements s JOIN outcomes o USING (settlement_id)
        WHERE s.account = ? AND o.outcome IN ('charged', 'declined') ORDER BY o.n DESC LIMIT 1""",
        (account,),
    ).fetchone()
    return row[1] if row is not None and row[0] == Outcome.DECLINED else None


def due_won(db: sqlite3.Connection, account: str) -> int:
    """What is to be taken from a rider now: her balance without rides that she may still take back."""
    (unsettled,) = db.execute(
        f"""SELECT coalesce(sum(l.won), 0) FROM lines l JOIN facts f USING (ride_id)
        WHERE l.account = ? AND f.account = ? AND f.settled = 0 AND {_LATEST}""",  # noqa: S608
        (rider_account(account), account),
    ).fetchone()
    return balance(db, account) - int(unsettled)


def accounts_due(db: sqlite3.Connection) -> list[str]:
    """Accounts that owe something or are owed something."""
    rows = db.execute(
        "SELECT substr(account, 7) FROM lines WHERE account LIKE 'rider:%' GROUP BY account HAVING sum(won) <> 0"
    )
    return [account for (account,) in rows]


# -- devices ---------------------------------------------------------------------


def device(db: sqlite3.Connection, name: str) -> Devices:
    """What is held of a device's numbered events: it may delete what the watermark covers, and nothing else."""
    watermark, highest, missing = 0, 0, []
    for (n,) in db.execute("SELECT number FROM taps WHERE device = ? ORDER BY number", (name,)):
        if n > highest + 1:
            missing.append((highest + 1, n - 1))
        if not missing:
            watermark = n
        highest = n
    return Devices(name, watermark, highest, tuple(missing))


def devices(db: sqlite3.Connection) -> list[Devices]:
    """Every device that ever sent something."""
    names = [
        name for (name,) in db.execute("SELECT DISTINCT device FROM taps WHERE device NOT LIKE '%/' ORDER BY device")
    ]
    return [device(db, name) for name in names]


def cursor(db: sqlite3.Connection, name: str) -> int:
    """How far a reader has come."""
    row = db.execute("SELECT value FROM cursors WHERE name = ?", (name,)).fetchone()
    return 0 if row is None else int(row[0])
