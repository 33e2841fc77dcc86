"""Which dated fare a ride falls under, and what it costs alone. Level 2 of the fares."""

from collections import Counter
from collections.abc import Sequence

from server.core.fares import moments
from server.core.fares.riding import FareRide, Part, Rule, Unpriced, Why
from server.core.fares.tariff import Product, ProductTariff, Step, Version
from server.core.model import Record


class Terms(Record, frozen=True, gc=False):
    """The amounts that hold for one ride: of its product, at its boarding, for its rider's class."""

    base_won: int
    base_m: int
    basis: str
    base_rule: Rule = Rule.BASE
    early_won: int = 0
    early_rule: Rule | None = None
    by_distance: bool = False
    step_won: int = 0
    steps: tuple[Step, ...] = ()
    ceiling_won: int | None = None


class Quote(Record, frozen=True, gc=False):
    """An amount as the sum of what each rule adds to it, and the rules that decided without money of their own."""

    parts: tuple[Part, ...] = ()
    rules: tuple[Rule, ...] = ()

    @property
    def won(self) -> int:
        """The whole amount."""
        return sum(part.won for part in self.parts)

    def minus(self, before: "Quote") -> tuple[Part, ...]:
        """Tell what has changed since an earlier quote, rule by rule; what has not changed is left out."""
        change = Counter({part.rule: part.won for part in self.parts})
        change.subtract({part.rule: part.won for part in before.parts})
        return tuple(Part(rule, won) for rule, won in change.items() if won)


def terms_of(tariff: ProductTariff, ride: FareRide, rider_class: str) -> Terms | Unpriced:
    """Look up what holds for a ride (F20: by the version in force at its boarding)."""
    if rider_class not in tariff.classes:
        return _no(Why.UNKNOWN_CLASS, ride, rider_class=rider_class, known=", ".join(tariff.classes))
    product = next((product for product in tariff.products if product.id == ride.product), None)
    if product is None:
        return _no(Why.UNKNOWN_PRODUCT, ride, known=", ".join(product.id for product in tariff.products))
    version = moments.in_force(tariff, product.versions, ride.boarded_ms)
    if version is None:
        return _no(Why.BEFORE_FIRST_VERSION, ride, first=product.versions[0].since)
    if ride.medium == "cash":
        return _cash_terms(tariff, product, version, ride, rider_class)
    return _card_terms(tariff, product, version, ride, rider_class)


def _no(why: Why, ride: FareRide, **values: str) -> Unpriced:
    return Unpriced(why, ride.ride_id, {"product": ride.product, **values})


def _cash_terms(
    tariff: ProductTariff, product: Product, version: Version, ride: FareRide, rider_class: str
) -> Terms | Unpriced:
    """Cash: the product's own cash fare, no transfer, no early bird (F17)."""
    if rider_class not in version.cash_won:
        return _no(Why.NO_CASH_FARE, ride, rider_class=rider_class, since=version.since)
    plain = Terms(version.cash_won[rider_class], version.base_m, f"{product.id}@{version.since}", Rule.CASH)
    return _with_steps(tariff, product, plain, rider_class) if product.cash_pricing == "distance" else plain


def _card_terms(tariff: ProductTariff, product: Product, version: Version, ride: FareRide, rider_class: str) -> Terms:
    early_won, early_rule = _early(tariff, version, ride, rider_class)
    basis = f"{product.id}@{version.since}"
    plain = Terms(version.won[rider_class], version.base_m, basis, early_won=early_won, early_rule=early_rule)
    by_distance = (ride.pricing if product.pricing == "by_route" else product.pricing) == "distance"
    return _with_steps(tariff, product, plain, rider_class) if by_distance else plain


def _early(tariff: ProductTariff, version: Version, ride: FareRide, rider_class: str) -> tuple[int, Rule | None]:
    """Tell what the early hours take off a base fare: a share (F15), or a fixed amount (F16)."""
    early = tariff.early_bird
    if early is None or not moments.is_early(tariff, early, ride.boarded_ms):
        return 0, None
    if rider_class in version.early_won:
        return version.early_won[rider_class], Rule.EARLY_FIXED
    if version.early_percent:
        base_won = version.won[rider_class]
        hundredths = base_won * (100 - version.early_percent)
        fare_won = (hundredths + 50 * early.round_won) // (100 * early.round_won) * early.round_won
        return base_won - min(fare_won, base_won), Rule.EARLY_SHARE
    return 0, None


def _with_steps(tariff: ProductTariff, product: Product, plain: Terms, rider_class: str) -> Terms:
    """Add the surcharge by distance; a product with steps of its own (metro) has no ceiling."""
    surcharge = tariff.surcharge
    assert surcharge is not None, "a tariff that prices by distance has been read with a surcharge"
    return Terms(
        plain.base_won,
        plain.base_m,
        plain.basis,
        plain.base_rule,
        plain.early_won,
        plain.early_rule,
        by_distance=True,
        step_won=surcharge.won[rider_class],
        steps=product.single_steps or (Step(length_m=surcharge.length_m),),
        ceiling_won=None if product.single_steps else surcharge.single_ceiling_won[rider_class],
    )


def started(metres: int, base_m: int, steps: Sequence[Step]) -> int:
    """Count the steps that a distance has begun beyond its base (F3)."""
    count, at_m = 0, base_m
    for step in steps:
        end_m = metres if step.until_m is None else min(metres, step.until_m)
        if end_m > at_m:
            count += -((at_m - end_m) // step.length_m)
            at_m = end_m
    return count


def alone(terms: Terms, metres: int) -> Quote:
    """Price a ride on its own (F4, F5, F6), the early hours taken off."""
    parts = base_parts(terms.base_won, terms)
    if not terms.by_distance:
        return Quote(parts, (Rule.FLAT,))
    surcharge_won = started(metres, terms.base_m, terms.steps) * terms.step_won
    parts = (*parts, *parts_of(Rule.STEPS, surcharge_won))
    if terms.ceiling_won is not None:
        parts = (*parts, *parts_of(Rule.CEILING, min(terms.ceiling_won - surcharge_won, 0)))
    return Quote(parts, (Rule.DISTANCE, Rule.BASE_DISTANCE))


def base_parts(base_won: int, first: Terms) -> tuple[Part, ...]:
    """Begin an amount: a base fare, less what the early hours take off the first ride's own."""
    early = () if first.early_rule is None else parts_of(first.early_rule, -first.early_won)
    return (*parts_of(first.base_rule, base_won), *early)


def parts_of(rule: Rule, won: int) -> tuple[Part, ...]:
    """Give a rule's part of an amount; none where it adds nothing."""
    return (Part(rule, won),) if won else ()
