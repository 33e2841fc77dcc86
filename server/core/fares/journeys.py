"""Journeys by product: where one ends, what it costs so far, what a missing exit leaves owed. Level 3 of the fares.

The price of a journey is a function of its rides so far; what a tap asks for is the difference to the tap before it.
"""

from collections.abc import Sequence

from server.core.fares import moments
from server.core.fares.riding import (
    NOTHING_OWED,
    Bill,
    FareRide,
    Increment,
    Journey,
    Owed,
    Part,
    Rule,
    Tap,
    Unpriced,
)
from server.core.fares.tariff import ProductTariff, Step
from server.core.fares.terms import Quote, Terms, alone, base_parts, parts_of, started, terms_of
from server.core.model import Record


class Leg(Record, frozen=True, gc=False):
    """One ride of a journey with the metres that count so far: none until its exit is known (F11, F21)."""

    ride: FareRide
    terms: Terms
    metres: int = 0


def price_by_product(tariff: ProductTariff, rides: Sequence[FareRide], rider_class: str, owed: Owed) -> Bill | Unpriced:
    """Price rides that are in the order of their boarding."""
    cash: list[Journey] = []
    card: list[_OpenJourney] = []
    for ride in rides:
        terms = terms_of(tariff, ride, rider_class)
        if isinstance(terms, Unpriced):
            return terms
        if ride.medium == "cash":
            cash.append(_cash_journey(ride, terms))
        else:
            owed = _board(tariff, rider_class, card, Leg(ride, terms), owed)
    done = cash + [journey.closed() for journey in card]
    place = {ride.ride_id: i for i, ride in enumerate(rides)}
    done.sort(key=lambda journey: place[journey.rides[0]])
    return Bill(tariff.table, sum(journey.total_won for journey in done), tuple(done), owed)


def _board(tariff: ProductTariff, rider_class: str, journeys: "list[_OpenJourney]", leg: Leg, owed: Owed) -> Owed:
    """Add one ride to the last journey or begin another; give what it leaves owed."""
    last = journeys[-1] if journeys else None
    broken = _why_new(tariff, last.legs, leg.ride) if last is not None else ()
    if last is None or broken is not None:
        last = _OpenJourney(tariff, rider_class)
        journeys.append(last)
    last.add(leg, owed, broken or ())
    return last.left_open()


def _why_new(tariff: ProductTariff, legs: Sequence[Leg], ride: FareRide) -> tuple[Rule, ...] | None:
    """Tell why a ride does not continue a journey; None when it does. Only reasons that cost a rider are named."""
    transfer, before = tariff.transfer, legs[-1].ride
    if transfer is None:
        return ()
    if before.alighted_ms is None:
        return (Rule.KNOWN_EXIT,)
    gap_ms = ride.boarded_ms - before.alighted_ms
    if not 0 <= gap_ms <= moments.transfer_window_ms(tariff, transfer, before.alighted_ms):
        return ()
    if len(legs) >= transfer.max_rides:
        return (Rule.TRANSFERS,)
    routes = {leg.ride.route_id for leg in (legs if transfer.same_route == "journey" else legs[-1:])}
    if transfer.same_route != "allowed" and ride.route_id in routes:
        return (Rule.SAME_ROUTE,)
    return None


def _cash_journey(ride: FareRide, terms: Terms) -> Journey:
    """A ride for cash is a journey by itself; the card knows nothing of it (F17)."""
    boarding, leaving = alone(terms, 0), alone(terms, ride.distance_m or 0)
    rules: tuple[Rule, ...] = (Rule.CASH, Rule.VERSION)
    basis = (terms.basis,)
    taps = [Increment(ride.ride_id, Tap.BOARD, ride.boarded_ms, boarding.won, rules, basis, boarding.parts)]
    if ride.alighted_ms is not None:
        parts = leaving.minus(boarding)
        rules = (Rule.CASH, *_rules(leaving.rules, parts))
        taps.append(Increment(ride.ride_id, Tap.ALIGHT, ride.alighted_ms, _sum(parts), rules, basis, parts))
    return Journey(sum(tap.won for tap in taps), (ride.ride_id,), tuple(taps))


def _sum(parts: Sequence[Part]) -> int:
    return sum(part.won for part in parts)


def _rules(rules: Sequence[Rule], parts: Sequence[Part]) -> tuple[Rule, ...]:
    """Name each rule once: those that decided, then those that moved money."""
    return tuple(dict.fromkeys([*rules, *(part.rule for part in parts)]))


class _OpenJourney:
    """A journey while rides are added to it: its legs, and the increments so far."""

    def __init__(self, tariff: ProductTariff, rider_class: str) -> None:
        self.legs: list[Leg] = []
        self._tariff = tariff
        self._class = rider_class
        self._increments: list[Increment] = []
        self._cost = Quote()
        self._boarding_won = 0

    def add(self, leg: Leg, owed: Owed, broken: tuple[Rule, ...]) -> None:
        """Board, and alight where the exit is known. What was owed is asked for with the boarding (F12–F14)."""
        ride, joins = leg.ride, bool(self.legs)
        self.legs.append(leg)
        quote = self._quote()
        parts = quote.minus(self._cost)
        self._boarding_won = _sum(parts)
        self._cost = quote
        asked = () if owed.rule is None else (owed.rule,)
        rules = (Rule.BASE, *((Rule.WINDOW, Rule.BASE_DISTANCE) if joins else broken), Rule.VERSION, *asked)
        self._tap(leg, Tap.BOARD, ride.boarded_ms, rules, (*parts, *owed.parts))
        if ride.alighted_ms is not None:
            self.legs[-1] = Leg(ride, leg.terms, ride.distance_m or 0)
            quote = self._quote()
            self._tap(leg, Tap.ALIGHT, ride.alighted_ms, (*quote.rules, Rule.METRES), quote.minus(self._cost))
            self._cost = quote

    def _tap(self, leg: Leg, tap: Tap, at_ms: int, rules: Sequence[Rule], parts: Sequence[Part]) -> None:
        basis = tuple(dict.fromkeys(leg.terms.basis for leg in self.legs))
        increment = Increment(leg.ride.ride_id, tap, at_ms, _sum(parts), _rules(rules, parts), basis, tuple(parts))
        self._increments.append(increment)

    def _quote(self) -> Quote:
        """Price the journey so far: the highest base, the sum of metres, never dearer than its rides alone (F18)."""
        legs = self.legs
        if len(legs) == 1:
            return alone(legs[0].terms, legs[0].metres)
        parts = base_parts(max(leg.terms.base_won for leg in legs), legs[0].terms)
        surcharge = self._tariff.surcharge
        if surcharge is not None:
            base_m, metres = max(leg.terms.base_m for leg in legs), sum(leg.metres for leg in legs)
            steps = started(metres, base_m, (Step(length_m=surcharge.length_m),))
            parts = (*parts, *parts_of(Rule.STEPS, steps * surcharge.won[self._class]))
        singles_won = sum(alone(leg.terms, leg.metres).won for leg in legs)
        return Quote((*parts, *parts_of(Rule.NEVER_DEARER, min(singles_won - _sum(parts), 0))), (Rule.BASE_DISTANCE,))

    def left_open(self) -> Owed:
        """Tell what the last ride leaves to be asked for at the next boarding, if its exit is not known."""
        leg = self.legs[-1]
        if leg.ride.alighted_ms is not None or self._tariff.missing_exit is None:
            return NOTHING_OWED
        if len(self.legs) > 1:
            discount_won = alone(leg.terms, 0).won - self._boarding_won
            return Owed(max(discount_won, 0), Rule.NO_EXIT_TRANSFER)
        if not leg.terms.by_distance:
            return Owed(0, Rule.NO_EXIT_FLAT)
        return Owed(self._route_maximum_won(leg), Rule.NO_EXIT_DISTANCE)

    def _route_maximum_won(self, leg: Leg) -> int:
        """Tell the most that anybody pays beyond the base on a route; nothing where its length is not known."""
        missing, surcharge, length_m = self._tariff.missing_exit, self._tariff.surcharge, leg.ride.route_length_m
        if length_m is None or missing is None or surcharge is None:
            return 0
        ceiling_won = surcharge.single_ceiling_won[self._class]
        if length_m >= leg.terms.base_m + missing.ceiling_beyond_base_m:
            return ceiling_won
        return min(started(length_m, leg.terms.base_m, leg.terms.steps) * leg.terms.step_won, ceiling_won)

    def closed(self) -> Journey:
        """Give the journey as a record."""
        increments = tuple(self._increments)
        rides = tuple(leg.ride.ride_id for leg in self.legs)
        return Journey(sum(increment.won for increment in increments), rides, increments)
