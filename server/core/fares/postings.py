"""Double-entry postings from what rides cost: known rides and what is posted for them in, lines out. Level 5 of the fares; pure.

Nothing is edited. Whenever a ride becomes known, or is known otherwise, its rider's rides around it are priced again and
the difference to what is posted becomes a new entry. So the order in which facts arrive does not matter, and a fact that
arrives twice changes nothing.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from msgspec.structs import replace

from server.core.fares.pricing import price
from server.core.fares.riding import NOTHING_OWED, FareRide, Owed, Rule, Tap, Unpriced
from server.core.fares.tariff import Tariff
from server.core.model import Record

JOURNEY_BREAK_MS = 6 * 3_600_000
"""Rides further apart never share a journey: the longest transfer window is 60 min, a feed's passes last some hours."""
OWED_REACH_MS = 31 * 86_400_000
"""How far back a missing exit is looked for that the next boarding still pays (a month, as statements are made)."""

TapKey = tuple[str, Tap]
"""A ride and one of its two moments."""


class Waiver(StrEnum):
    """Why a ride that was is not charged."""

    VOID = "void"
    """There was no such ride: taken back by its rider, or never answered."""
    CARD = "card"
    """A card was tapped for it: it is paid elsewhere."""
    DISPUTE = "dispute"
    """The operator agreed with its rider."""


class RideFact(Record, frozen=True, gc=False):
    """A ride as the ledger knows it at one revision. Of one ride the highest `revision` holds, in whatever order they come.

    `party`: people who ride on this account. `settled`: its rider can no longer take it back by hand.
    """

    ride_id: str
    revision: int
    account: str
    vehicle_id: str
    ride: FareRide
    party: int = 1
    waiver: Waiver | None = None
    settled: bool = False
    trip_id: str = ""
    confidence: int = 100
    """How sure the ride was decided, of a hundred."""

    @property
    def fact_id(self) -> str:
        """The permanent id of this fact."""
        return f"ride:{self.ride_id}:{self.revision}"

    @property
    def last_ms(self) -> int:
        """When the ride was last known to go on."""
        return self.ride.boarded_ms if self.ride.alighted_ms is None else self.ride.alighted_ms


class Line(Record, frozen=True, gc=False):
    """Won on one account: positive is debit, negative credit."""

    account: str
    won: int
    ride_id: str = ""
    tap: Tap | None = None
    rules: tuple[Rule, ...] = ()


class EntryKind(StrEnum):
    """What an entry is."""

    FARE = "fare"
    CORRECTION = "correction"
    REVERSAL = "reversal"
    PAYMENT = "payment"
    REFUND = "refund"
    CREDIT = "credit"
    CARRIED = "carried"
    """Balances of days that are no longer kept."""


class Entry(Record, frozen=True, gc=False):
    """One balanced transaction. `cause` is the id of the fact that made it; `at_ms` when that happened."""

    entry_id: str
    kind: EntryKind
    at_ms: int
    lines: tuple[Line, ...]
    cause: str = ""
    table: str = ""

    @property
    def balanced(self) -> bool:
        """Whether debits and credits are equal, and there is something on either side."""
        return len(self.lines) > 1 and sum(line.won for line in self.lines) == 0


class Charge(Record, frozen=True, gc=False):
    """What one tap costs now."""

    won: int
    rules: tuple[Rule, ...]
    product: str


class Assessment(Record, frozen=True, gc=False):
    """What is to be posted, and the rides that no tariff prices (they are not charged, and an operator sees them)."""

    lines: tuple[Line, ...]
    unpriced: tuple[Unpriced, ...] = ()


def rider_account(account: str) -> str:
    """The receivable of one rider's account: what she owes."""
    return f"rider:{account}"


def assess(
    tariff: Tariff, facts: Iterable[RideFact], posted: Mapping[TapKey, int], *, rider_class: str, around_ms: int
) -> Assessment:
    """Give the lines that make what is posted what the rides cost.

    `facts`: every ride of one account from `around_ms` minus `OWED_REACH_MS` on, latest revisions; `posted`: won by tap.
    Rides that were before the journeys around `around_ms` are not touched, later ones only as far as what is owed reaches.
    """
    groups = _groups(sorted(facts, key=lambda fact: (fact.ride.boarded_ms, fact.ride_id)))
    first = next((i for i, group in enumerate(groups) if _end(group) + JOURNEY_BREAK_MS >= around_ms), len(groups))
    _, owed, _ = _charges(tariff, [fact for group in groups[:first] for fact in group], rider_class, NOTHING_OWED)
    lines: list[Line] = []
    unpriced: list[Unpriced] = []
    for number, group in enumerate(groups[first:]):
        charges, owed, odd = _charges(tariff, group, rider_class, owed)
        changes = _changes(group, charges, posted)
        lines += changes
        unpriced += odd
        if number and charges and not changes:  # the first boarding after the change owes what it did before
            break
    return Assessment(tuple(lines), tuple(unpriced))


def quote(tariff: Tariff, facts: Iterable[RideFact], ride_id: str, *, rider_class: str) -> int | None:
    """Tell what a ride costs so far, among the rides around it; None if no tariff prices it."""
    charges, _, _ = _charges(tariff, sorted(facts, key=lambda fact: fact.ride.boarded_ms), rider_class, NOTHING_OWED)
    found = [charge.won for (ride, _), charge in charges.items() if ride == ride_id]
    return sum(found) if found else None


def _groups(ordered: Sequence[RideFact]) -> list[list[RideFact]]:
    """Split rides where no journey can reach across."""
    groups: list[list[RideFact]] = []
    for fact in ordered:
        if groups and fact.ride.boarded_ms - _end(groups[-1]) <= JOURNEY_BREAK_MS:
            groups[-1].append(fact)
        else:
            groups.append([fact])
    return groups


def _end(group: Sequence[RideFact]) -> int:
    return max(fact.last_ms for fact in group)


def _charges(
    tariff: Tariff, facts: Sequence[RideFact], rider_class: str, owed: Owed
) -> tuple[dict[TapKey, Charge], Owed, list[Unpriced]]:
    """Price each of those who ride on one account by herself: companions pay alike, and change buses with her."""
    charged = [fact for fact in facts if fact.waiver is None]
    charges: dict[TapKey, Charge] = {}
    unpriced: dict[str, Unpriced] = {}
    left = owed if not charged else NOTHING_OWED
    for member in range(1, max((fact.party for fact in charged), default=0) + 1):
        rides = [fact.ride for fact in charged if fact.party >= member]
        left = _add(tariff, rides, rider_class, owed if member == 1 else NOTHING_OWED, charges, unpriced, left)
    return charges, left, list(unpriced.values())


def _add(
    tariff: Tariff,
    rides: list[FareRide],
    rider_class: str,
    owed: Owed,
    charges: dict[TapKey, Charge],
    unpriced: dict[str, Unpriced],
    left: Owed,
) -> Owed:
    """Add what one person's rides cost to `charges`; give what she leaves owed together with `left`."""
    bill = price(tariff, rides, rider_class, owed=owed)
    while isinstance(bill, Unpriced):
        unpriced[bill.ride_id] = bill
        rides = [ride for ride in rides if bill.ride_id not in ("", ride.ride_id)]
        if not rides:
            return Owed(left.won + owed.won, owed.rule or left.rule)
        bill = price(tariff, rides, rider_class, owed=owed)
    products = {ride.ride_id: ride.product for ride in rides}
    for journey in bill.journeys:
        for one in journey.increments:
            before = charges.get((one.ride_id, one.tap), Charge(0, one.rules, products[one.ride_id]))
            charges[one.ride_id, one.tap] = replace(before, won=before.won + one.won)
    return Owed(left.won + bill.owed.won, bill.owed.rule or left.rule)


def _changes(group: Sequence[RideFact], charges: Mapping[TapKey, Charge], posted: Mapping[TapKey, int]) -> list[Line]:
    lines: list[Line] = []
    for fact in group:
        for tap in Tap:
            key = (fact.ride_id, tap)
            charge = charges.get(key, Charge(0, (), fact.ride.product))
            won = charge.won - posted.get(key, 0)
            if won:
                lines.append(Line(rider_account(fact.account), won, fact.ride_id, tap, charge.rules))
                lines.append(Line(f"fares:{charge.product}", -won, fact.ride_id, tap, charge.rules))
    return lines


def fare_entry(
    cause: str, assessment: Assessment, posted: Mapping[TapKey, int], *, ride_id: str, at_ms: int, table: str
) -> Entry | None:
    """Make the entry of a fact about a ride; None where it changes nothing that is posted."""
    if not assessment.lines:
        return None
    before = sum(won for (ride, _), won in posted.items() if ride == ride_id)
    change = sum(line.won for line in assessment.lines[::2])
    known = any(ride == ride_id for ride, _ in posted)
    if not known:
        kind = EntryKind.FARE
    else:
        kind = EntryKind.REVERSAL if change < 0 and before + change <= 0 else EntryKind.CORRECTION
    return Entry(cause, kind, at_ms, assessment.lines, cause, table)


def payment_entry(settlement_id: str, account: str, *, won: int, provider: str, at_ms: int) -> Entry:
    """The entry of money that came from a rider (`won` > 0) or went back to her."""
    kind = EntryKind.PAYMENT if won > 0 else EntryKind.REFUND
    lines = (Line(f"provider:{provider}", won), Line(rider_account(account), -won))
    return Entry(f"payment:{settlement_id}", kind, at_ms, lines, settlement_id)


def credit_entry(programme: str, account: str, *, period: str, won: int, at_ms: int) -> Entry:
    """The entry of what a programme gives back for a period: once, however often its report is made."""
    lines = (Line(f"programme:{programme}", won), Line(rider_account(account), -won))
    cause = f"credit:{programme}:{account}:{period}"
    return Entry(cause, EntryKind.CREDIT, at_ms, lines, cause)


def carried_entry(before_day: str, lines: Iterable[Line], *, at_ms: int) -> Entry | None:
    """The entry that keeps every account's balance when old days are no longer kept; None where they left nothing."""
    sums: Counter[str] = Counter()
    for line in lines:
        sums[line.account] += line.won
    kept = tuple(Line(account, won) for account, won in sorted(sums.items()) if won)
    return Entry(f"carried:{before_day}", EntryKind.CARRIED, at_ms, kept, before_day) if kept else None
