"""The ledger as tables for other programs: CSV as in `server.exports`, and TIDES `fare_transactions`. Above the ports."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from server.core.fares.postings import EntryKind, RideFact, rider_account
from server.core.fares.riding import Tap
from server.exports import Cell, Names, csv_text, instant
from server.ledger.records import Kept
from server.ports import Books

LedgerTable = Literal["entries.csv", "rides.csv", "fare_transactions.csv"]

ENTRY_COLUMNS = (
    "n", "day", "booked_at", "entry_id", "kind", "cause", "table", "account", "won", "ride_id", "tap", "rules", "hash",
)  # fmt: skip
RIDE_COLUMNS = (
    "ride_id", "boarded_at", "alighted_at", "route_id", "route_name", "board_stop_id", "board_stop_name", "alight_stop_id",
    "alight_stop_name", "vehicle_id", "distance_m", "party", "product", "fare_won", "confidence", "settled", "waiver",
)  # fmt: skip
STATEMENT_COLUMNS = (
    "boarded_at", "alighted_at", "route", "from", "to", "distance_m", "party", "fare_won", "paid_by", "ride_id",
)  # fmt: skip
TIDES_COLUMNS = (
    "transaction_id", "service_date", "event_timestamp", "amount", "currency_type", "fare_action", "trip_id_performed",
    "vehicle_id", "stop_id", "num_riders", "fare_media_id", "fare_product",
)  # fmt: skip
"""The fields of TIDES `fare_transactions` (tides-transit.org, spec/fare_transactions.schema.json) that we can fill."""


async def table_text(
    table: LedgerTable, books: Books, names: Names, zone: ZoneInfo, *, currency: str, from_ms: int, to_ms: int
) -> Iterator[str]:
    """Give a table's text in pieces: rides that began in a window, or entries that were booked on its days."""
    if table == "rides.csv":
        return csv_text(RIDE_COLUMNS, ride_rows(await books.rides(from_ms=from_ms, to_ms=to_ms), names, zone))
    first_day, last_day = (_date(at_ms, zone).isoformat() for at_ms in (from_ms, to_ms))
    entries = await books.entries(first_day=first_day, last_day=last_day)
    if table == "entries.csv":
        return csv_text(ENTRY_COLUMNS, entry_rows(entries, zone))
    rides = {line.ride_id for kept in entries for line in kept.entry.lines if line.ride_id}
    found = [book.fact for ride_id in sorted(rides) if (book := await books.ride(ride_id)) is not None]
    facts = {fact.ride_id: fact for fact in found}
    return csv_text(TIDES_COLUMNS, tides_rows(entries, facts, currency, zone))


def entry_rows(entries: Iterable[Kept], zone: ZoneInfo) -> Iterator[Sequence[Cell]]:
    """One row a line of each entry, in the order of `ENTRY_COLUMNS`."""
    for kept in entries:
        entry = kept.entry
        for line in entry.lines:
            yield (
                kept.n, kept.day, instant(kept.booked_ms, zone), entry.entry_id, entry.kind, entry.cause, entry.table,
                line.account, line.won, line.ride_id, line.tap, " ".join(line.rules), kept.hash,
            )  # fmt: skip


def ride_rows(rides: Iterable[tuple[RideFact, int | None]], names: Names, zone: ZoneInfo) -> Iterator[Sequence[Cell]]:
    """One row a ride, in the order of `RIDE_COLUMNS`; nothing leads to a rider."""
    for fact, won in rides:
        ride = fact.ride
        yield (
            fact.ride_id, instant(ride.boarded_ms, zone), instant(ride.alighted_ms, zone), ride.route_id,
            names.route(ride.route_id), ride.board_stop_id, _stop(names, ride.board_stop_id), ride.alight_stop_id,
            _stop(names, ride.alight_stop_id), fact.vehicle_id, ride.distance_m, fact.party, ride.product, won,
            fact.confidence, fact.settled, fact.waiver,
        )  # fmt: skip


def statement_rows(
    rides: Iterable[RideFact], fares: Mapping[str, int], names: Names, zone: ZoneInfo
) -> Iterator[Sequence[Cell]]:
    """A rider's own rides, in the order of `STATEMENT_COLUMNS`, and their sum; what was taken back is left out."""
    total = 0
    for fact in rides:
        won = fares.get(fact.ride_id, 0)
        if fact.waiver is not None and fact.waiver != "card":
            continue
        total += won
        ride = fact.ride
        yield (
            instant(ride.boarded_ms, zone), instant(ride.alighted_ms, zone), names.route(ride.route_id),
            _stop(names, ride.board_stop_id), _stop(names, ride.alight_stop_id), ride.distance_m, fact.party, won,
            "card" if fact.waiver == "card" else "ridebell", fact.ride_id,
        )  # fmt: skip
    yield (None, None, None, None, None, None, None, total, None, None)


def tides_rows(
    entries: Iterable[Kept], facts: Mapping[str, RideFact], currency: str, zone: ZoneInfo
) -> Iterator[Sequence[Cell]]:
    """Rows of TIDES `fare_transactions`: one for each tap that an entry charged or corrected. Fares only, no payments."""
    for kept in entries:
        for line in kept.entry.lines:
            fact = facts.get(line.ride_id)
            if fact is None or line.tap is None or line.account != rider_account(fact.account):
                continue
            ride, boarding = fact.ride, line.tap is Tap.BOARD
            fresh = kept.entry.kind is EntryKind.FARE and kept.entry.cause.startswith(f"ride:{line.ride_id}:")
            at_ms = ride.boarded_ms if boarding or ride.alighted_ms is None else ride.alighted_ms
            yield (
                f"{kept.entry.entry_id}:{line.ride_id}:{line.tap}", _date(ride.boarded_ms, zone).isoformat(),
                instant(at_ms if fresh else kept.entry.at_ms, zone), line.won, currency,
                ("Enter" if boarding else "Exit") if fresh else "Adjust", fact.trip_id, fact.vehicle_id,
                ride.board_stop_id if boarding else ride.alight_stop_id, fact.party, "Other type", ride.product,
            )  # fmt: skip


def month_window(month: str, zone: ZoneInfo) -> tuple[int, int]:
    """The first instant of a month (`2026-11`) and of the next, epoch milliseconds. Raises ValueError."""
    first = datetime.strptime(month, "%Y-%m").replace(tzinfo=zone)
    after = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    return int(first.timestamp()) * 1000, int(after.timestamp()) * 1000


def _stop(names: Names, stop_id: str | None) -> str | None:
    return None if stop_id is None else names.stop(stop_id)


def _date(at_ms: int, zone: ZoneInfo) -> date:
    return datetime.fromtimestamp(at_ms // 1000, zone).date()
