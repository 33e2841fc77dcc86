"""Rides and books of the ledger's tests: a day in Suwon, told in minutes."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from server.backends.embedded.ledger import SqliteLedger
from server.core.fares.postings import Assessment, RideFact, TapKey, Waiver, assess
from server.core.fares.riding import FareRide
from server.ledger.records import CardTap
from server.tariff_presets import load_tariff

TARIFF = load_tariff("kr-capital")
MINUTE_MS = 60_000
DAY_MS = 86_400_000
MORNING_MS = 1_795_302_000_000
"""2026-11-22 08:00 in Seoul."""
FARE_WON = 1650


def price(
    facts: Sequence[RideFact], posted: Mapping[TapKey, int], rider_class: str, around_ms: int
) -> tuple[Assessment, str]:
    """`ports.Assess` by the capital's tariff."""
    return assess(TARIFF, facts, posted, rider_class=rider_class, around_ms=around_ms), TARIFF.table


def books(place: Path) -> SqliteLedger:
    """The ledger of a data directory."""
    return SqliteLedger.open(place, timezone="Asia/Seoul")


def riding(
    name: str,
    *,
    account: str = "a",
    minute: int = 0,
    takes: int = 20,
    km: int = 3,
    route: str = "",
    revision: int = 1,
    party: int = 1,
    waiver: Waiver | None = None,
    settled: bool = True,
) -> RideFact:
    """One ride; it is its own route unless one is named."""
    boarded_ms = MORNING_MS + minute * MINUTE_MS
    fare = FareRide(
        name, "GG_GENERAL", route or name, boarded_ms, boarded_ms + takes * MINUTE_MS, km * 1000, pricing="distance"
    )  # fmt: skip
    return RideFact(name, revision, account, "bus-1", fare, party, waiver, settled)


def tapped(n: int, *, account: str = "a", minute: int = 0, device: str = "reader-1", vehicle: str = "bus-1") -> CardTap:
    """A card tapped in the bus."""
    return CardTap(device, n, account, vehicle, MORNING_MS + minute * MINUTE_MS)


def total(ledger: SqliteLedger) -> int:
    """The sum over all accounts: zero, always."""
    (won,) = ledger.connection.execute("SELECT coalesce(sum(won), 0) FROM lines").fetchone()
    return int(won)


def stands(ledger: SqliteLedger) -> dict[str, int]:
    """What stands on each account that is not even."""
    rows = ledger.connection.execute("SELECT account, sum(won) FROM lines GROUP BY account HAVING sum(won) <> 0")
    return dict(rows.fetchall())
