"""What is posted for rides: differences to what stands, in balanced entries, whatever the order in which rides become known."""

import itertools
import random

from msgspec.structs import replace

from server.core.fares.postings import (
    Assessment,
    Entry,
    EntryKind,
    Line,
    RideFact,
    TapKey,
    Waiver,
    assess,
    carried_entry,
    credit_entry,
    fare_entry,
    payment_entry,
    quote,
)
from server.core.fares.riding import Tap
from tests.server.core.fares.fare_cases import at, capital, ride

TARIFF = capital()
BUS, METRO = "GG_GENERAL", "METRO"


def fact(
    product: str, boarded: str, alighted: str | None, *, km: float = 3.0, route: str = "", revision: int = 1
) -> RideFact:
    fare_ride = ride(
        product, boarded, alighted, km=km, route=route or product, pricing="distance" if product == BUS else None
    )
    return RideFact(boarded, revision, "a", "bus", fare_ride)


def posting(facts: list[RideFact], posted: dict[TapKey, int], around: RideFact) -> tuple[Assessment, dict[TapKey, int]]:
    """Assess, and what stands afterwards."""
    found = assess(TARIFF, facts, posted, rider_class="adult", around_ms=around.ride.boarded_ms)
    after = dict(posted)
    for line in found.lines:
        if line.account == "rider:a" and line.tap is not None:
            after[line.ride_id, line.tap] = after.get((line.ride_id, line.tap), 0) + line.won
    return found, after


def total(posted: dict[TapKey, int]) -> int:
    return sum(posted.values())


def test_a_ride_is_debited_to_its_rider_and_credited_to_its_product() -> None:
    one = fact(BUS, "08:00", "08:20")
    found, after = posting([one], {}, one)
    assert sum(line.won for line in found.lines) == 0
    assert {line.account for line in found.lines} == {"rider:a", f"fares:{BUS}"}
    assert total(after) == 1650
    entry = fare_entry("ride:1", found, {}, ride_id=one.ride_id, at_ms=1, table=TARIFF.table)
    assert entry is not None
    assert entry.kind is EntryKind.FARE
    assert entry.balanced


def test_a_fact_that_changes_nothing_makes_no_entry() -> None:
    one = fact(BUS, "08:00", "08:20")
    _, posted = posting([one], {}, one)
    again, _ = posting([one], posted, one)
    assert fare_entry("ride:2", again, posted, ride_id=one.ride_id, at_ms=1, table="") is None


def test_a_ride_taken_back_is_reversed_and_what_hung_on_it_corrected() -> None:
    first, second = fact(BUS, "08:00", "08:20"), fact(METRO, "08:30", "08:50")
    _, posted = posting([first], {}, first)
    _, posted = posting([first, second], posted, second)
    void = replace(first, revision=2, waiver=Waiver.VOID)
    found, after = posting([void, second], posted, first)
    entry = fare_entry("ride:3", found, posted, ride_id=first.ride_id, at_ms=1, table="")
    assert entry is not None
    alone, _ = posting([second], {}, second)
    assert total(after) == sum(line.won for line in alone.lines[::2]), "the second ride pays as if it were the only one"
    assert sum(won for (ride_id, _), won in after.items() if ride_id == first.ride_id) == 0
    assert entry.kind is EntryKind.CORRECTION, "it costs the rider nothing less: the second ride now begins the journey"
    found, _ = posting([void], {key: won for key, won in posted.items() if key[0] == first.ride_id}, first)
    reversal = fare_entry("ride:4", found, posted, ride_id=first.ride_id, at_ms=1, table="")
    assert reversal is not None
    assert reversal.kind is EntryKind.REVERSAL


def test_the_order_in_which_rides_become_known_does_not_matter() -> None:
    rides = [fact(BUS, "08:00", "08:20"), fact(METRO, "08:30", "08:50", km=14), fact(BUS, "09:05", "09:25", route="2")]
    totals = set()
    for order in itertools.permutations(rides):
        posted: dict[TapKey, int] = {}
        known: list[RideFact] = []
        for one in order:
            known.append(one)
            _, posted = posting(known, posted, one)
        totals.add(total(posted))
    assert len(totals) == 1


def test_random_revisions_end_where_the_last_ones_alone_would() -> None:
    dice = random.Random(7)
    for _ in range(40):
        known: dict[str, RideFact] = {}
        posted: dict[TapKey, int] = {}
        for n in range(8):
            hour = dice.choice(["08", "09", "17"])
            one = fact(BUS, f"{hour}:00", f"{hour}:{dice.randint(10, 50)}", km=dice.randint(1, 40), revision=n)
            one = replace(one, party=dice.randint(1, 3), waiver=dice.choice([None, None, Waiver.VOID, Waiver.CARD]))
            known[one.ride_id] = one
            _, posted = posting(list(known.values()), posted, one)
        fresh: dict[TapKey, int] = {}
        for one in sorted(known.values(), key=lambda fact: fact.ride.boarded_ms):
            _, fresh = posting(
                [other for other in known.values() if other.ride.boarded_ms <= one.ride.boarded_ms], fresh, one
            )
        assert {k: v for k, v in posted.items() if v} == {k: v for k, v in fresh.items() if v}


def test_companions_pay_alike_and_transfer_together() -> None:
    first, second = replace(fact(BUS, "08:00", "08:20"), party=2), fact(BUS, "08:30", "08:50", route="2")
    _, posted = posting([first], {}, first)
    assert total(posted) == 2 * 1650
    _, posted = posting([first, second], posted, second)
    assert total(posted) == 2 * 1650, "only one of the two goes on, and her transfer is free"


def test_a_missing_exit_is_paid_at_the_next_boarding_even_after_a_break() -> None:
    lost, later = fact("GG_EXPRESS", "08:00", None), fact(BUS, "18:00", "18:10")
    lost = replace(lost, ride=replace(lost.ride, pricing="distance", route_length_m=60_000))
    _, posted = posting([lost], {}, lost)
    assert lost.last_ms == at("08:00")
    found, after = posting([lost, later], posted, later)
    assert after[later.ride_id, Tap.BOARD] > 1650
    assert Tap.BOARD in {line.tap for line in found.lines}
    known = replace(lost, revision=2, ride=replace(lost.ride, alighted_ms=at("08:40"), distance_m=12_000))
    _, mended = posting([known, later], after, known)
    assert mended[later.ride_id, Tap.BOARD] == 1650, "once the exit is known the next boarding owes nothing for it"


def test_what_is_owed_waits_while_nothing_is_charged() -> None:
    lost = fact("GG_EXPRESS", "08:00", None)
    lost = replace(lost, ride=replace(lost.ride, pricing="distance", route_length_m=60_000))
    void = replace(fact(BUS, "18:00", "18:10"), waiver=Waiver.CARD)
    unknown = fact("NO_SUCH", "2025-11-04 02:00", "2025-11-04 02:10")
    later = fact(BUS, "2025-11-04 18:00", "2025-11-04 18:10")
    found = assess(TARIFF, [lost, void, unknown, later], {}, rider_class="adult", around_ms=later.ride.boarded_ms)
    board = next(line for line in found.lines if line.tap is Tap.BOARD)
    assert board.won > 1650


def test_a_ride_without_a_price_is_told_and_hurts_no_other() -> None:
    odd, one = fact("NO_SUCH", "08:00", "08:10"), fact(BUS, "08:20", "08:40")
    found, after = posting([odd, one], {}, odd)
    assert [no.ride_id for no in found.unpriced] == [odd.ride_id]
    assert total(after) == 1650
    nobody = assess(TARIFF, [one], {}, rider_class="emperor", around_ms=one.ride.boarded_ms)
    assert nobody.lines == ()
    assert nobody.unpriced


def test_a_quote_counts_the_rides_before() -> None:
    first, second = fact(BUS, "08:00", "08:20"), fact(BUS, "08:30", None, route="2")
    assert quote(TARIFF, [first, second], second.ride_id, rider_class="adult") == 0
    assert quote(TARIFF, [second], second.ride_id, rider_class="adult") == 1650
    odd = fact("NO_SUCH", "08:00", None)
    assert quote(TARIFF, [odd], odd.ride_id, rider_class="adult") is None


def test_money_in_and_out_and_back_balances() -> None:
    paid = payment_entry("s1", "a", won=1650, provider="practice", at_ms=1)
    back = payment_entry("s2", "a", won=-1650, provider="practice", at_ms=1)
    credit = credit_entry("k-pass@1", "a", period="2026-10", won=9000, at_ms=1)
    assert [entry.kind for entry in (paid, back, credit)] == [EntryKind.PAYMENT, EntryKind.REFUND, EntryKind.CREDIT]
    assert all(entry.balanced for entry in (paid, back, credit))
    assert not Entry("x", EntryKind.FARE, 1, (Line("a", 1),)).balanced
    assert credit.entry_id == credit_entry("k-pass@1", "a", period="2026-10", won=1, at_ms=2).entry_id


def test_balances_are_carried_over_old_days() -> None:
    lines = [Line("rider:a", 5), Line("fares:x", -5), Line("rider:a", -5), Line("provider:p", 5)]
    carried = carried_entry("2021-01-01", lines, at_ms=1)
    assert carried is not None
    assert carried.lines == (Line("fares:x", -5), Line("provider:p", 5))
    assert carried_entry("2021-01-01", lines[:1] + lines[2:3], at_ms=1) is None


def test_a_fact_has_a_permanent_id() -> None:
    one = fact(BUS, "08:00", "08:20", revision=3)
    assert one.fact_id == "ride:08:00:3"
    assert one.last_ms == at("08:20")
