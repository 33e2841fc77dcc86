"""What the ledger holds of rides, as the wire has it. Web level; pure."""

from collections.abc import Iterable

from server.core.fares.postings import rider_account
from server.core.fares.riding import Rule, Tap
from server.ledger.records import Kept, RideBook
from server.protocol import schema_ledger as body
from server.protocol.ride_messages import FareStep, Receipt


def receipt_of(book: RideBook) -> Receipt:
    """A ride's receipt: each tap with all its corrections, and the entries that prove it."""
    mine = rider_account(book.fact.account)
    won: dict[Tap, int] = {}
    rules: dict[Tap, tuple[Rule, ...]] = {}
    table = ""
    for kept in book.entries:
        table = kept.entry.table or table
        for line in kept.entry.lines:
            if line.ride_id == book.fact.ride_id and line.account == mine and line.tap is not None:
                won[line.tap] = won.get(line.tap, 0) + line.won
                rules[line.tap] = line.rules or rules.get(line.tap, ())
    ride = book.fact.ride
    at_ms = {Tap.BOARD: ride.boarded_ms, Tap.ALIGHT: ride.alighted_ms or ride.boarded_ms}
    return Receipt(
        fare_won=sum(won.values()),
        table=table,
        increments=[
            FareStep(tap=tap.value, at_ms=at_ms[tap], won=won[tap], rules=[str(rule) for rule in rules[tap]])
            for tap in Tap
            if tap in won
        ],
        entries=[kept.entry.entry_id for kept in book.entries],
        waiver=book.fact.waiver.value if book.fact.waiver is not None else None,
        disputed=book.dispute is not None,
        ruling=book.ruling.verdict if book.ruling is not None else None,
    )


def entry_item(kept: Kept, *, only: str | None = None) -> body.LedgerEntry:
    """An entry for people; `only`: the lines of one account, so that no other is shown."""
    return body.LedgerEntry(
        entry_id=kept.entry.entry_id,
        kind=kept.entry.kind,
        day=kept.day,
        booked_ms=kept.booked_ms,
        at_ms=kept.entry.at_ms,
        hash=kept.hash,
        lines=[
            body.LedgerLine(
                account=line.account,
                won=line.won,
                ride_id=line.ride_id,
                tap=line.tap or "",
                rules=[str(rule) for rule in line.rules],
            )
            for line in kept.entry.lines
            if only is None or line.account == only
        ],
    )


def histogram(confidences: Iterable[int]) -> list[int]:
    """How many of a hundred-part confidence are in each tenth; 100 belongs to the last."""
    counts = [0] * 10
    for confidence in confidences:
        counts[min(confidence // 10, 9)] += 1
    return counts
