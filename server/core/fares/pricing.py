"""The price of a rider's rides by any tariff, and what changes when rides are corrected. Level 4 of the fares.

Pure: the same rides give the same bill, in whatever order they became known.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import assert_never

from server.core.fares.journeys import price_by_product
from server.core.fares.riding import (
    NOTHING_OWED,
    Bill,
    FareRide,
    Increment,
    Journey,
    Owed,
    Rule,
    Tap,
    Unpriced,
    Why,
)
from server.core.fares.tariff import ProductTariff, Tariff, ZoneTariff
from server.core.fares.zones import price_by_zone
from server.core.model import Record


def price(tariff: Tariff, rides: Iterable[FareRide], rider_class: str, *, owed: Owed = NOTHING_OWED) -> Bill | Unpriced:
    """Price the rides of one rider of one class, given in any order.

    `owed` is what rides before the first one left to be asked for. Says which ride has no price and why, if one has none.
    """
    ordered = sorted(rides, key=lambda ride: (ride.boarded_ms, ride.ride_id))
    unfit = _unfit(ordered)
    if unfit is not None:
        return unfit
    match tariff:
        case ProductTariff():
            companions = tariff.companions
            if companions is not None and rider_class == companions.rider_class:
                return _free(tariff, ordered, owed)
            return price_by_product(tariff, ordered, rider_class, owed)
        case ZoneTariff():
            return price_by_zone(tariff, ordered, rider_class, owed)
        case _:
            assert_never(tariff)


def _unfit(rides: Sequence[FareRide]) -> Unpriced | None:
    """Find a ride that cannot have been."""
    seen: set[str] = set()
    for ride in rides:
        if ride.alighted_ms is not None and ride.alighted_ms < ride.boarded_ms:
            return Unpriced(Why.ALIGHTED_BEFORE_BOARDING, ride.ride_id, {})
        if ride.ride_id in seen:
            return Unpriced(Why.SAME_RIDE_TWICE, ride.ride_id, {})
        seen.add(ride.ride_id)
    return None


def _free(tariff: ProductTariff, rides: Sequence[FareRide], owed: Owed) -> Bill:
    """Companions ride free; so many as the tariff says with one payer (`Companions.per_payer`)."""
    journeys = []
    for ride in rides:
        taps = [(Tap.BOARD, ride.boarded_ms)]
        if ride.alighted_ms is not None:
            taps.append((Tap.ALIGHT, ride.alighted_ms))
        increments = tuple(Increment(ride.ride_id, tap, at_ms, 0, (Rule.COMPANION,)) for tap, at_ms in taps)
        journeys.append(Journey(0, (ride.ride_id,), increments))
    return Bill(tariff.table, 0, tuple(journeys), owed)


class Adjustment(Record, frozen=True, gc=False):
    """One signed correction of what a tap was charged: `won` is to be added; `rules` are those that hold now."""

    ride_id: str
    tap: Tap
    won: int
    rules: tuple[Rule, ...]


def reprice(before: Bill, after: Bill) -> tuple[Adjustment, ...]:
    """List what must be posted so that rides charged as `before` are charged as `after`.

    The adjustments sum to the difference of the totals. They stand in the order of `after`; taps that are gone come
    last, with the rules by which they had been charged.
    """
    was, now = _taps(before), _taps(after)
    changes: Counter[tuple[str, Tap]] = Counter({key: increment.won for key, increment in now.items()})
    changes.subtract({key: increment.won for key, increment in was.items()})
    return tuple(
        Adjustment(ride_id, tap, changes[ride_id, tap], ({**was, **now})[ride_id, tap].rules)
        for ride_id, tap in changes
        if changes[ride_id, tap]
    )


def _taps(bill: Bill) -> dict[tuple[str, Tap], Increment]:
    return {
        (increment.ride_id, increment.tap): increment for journey in bill.journeys for increment in journey.increments
    }
