"""A tariff read from JSON, with everything that is wrong with it told at once. Level 2 of the fares: pure.

The shape is checked by the types of `tariff`; what types cannot say (dates in order, names that exist, amounts for
every class) is checked here. A flaw says where, what, and is looked up by its code for what to do.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import TypeVar, assert_never
from zoneinfo import ZoneInfo

import msgspec

from server.core.fares import moments
from server.core.fares.tariff import Disputed, Product, ProductTariff, Tariff, Version, ZoneRule, ZoneTariff
from server.core.model import Record

T = TypeVar("T")
_TARIFFS: msgspec.json.Decoder[Tariff] = msgspec.json.Decoder(Tariff)
MAX_BYTES = 64 << 20
"""The largest feed of fares seen has 24 000 pairs (3 MB); a larger file than this is something else."""


class Wrong(StrEnum):
    """What can be wrong with a tariff file; the sentences are looked up by these codes."""

    TOO_LARGE = "too_large"
    NO_JSON = "no_json"
    SHAPE = "shape"
    UNKNOWN_TIMEZONE = "unknown_timezone"
    TWICE = "twice"
    UNKNOWN_SOURCE = "unknown_source"
    UNKNOWN_CLASS = "unknown_class"
    CLASS_MISSING = "class_missing"
    PAYING_COMPANION = "paying_companion"
    NO_SURCHARGE = "no_surcharge"
    STEPS_ORDER = "steps_order"
    NO_DATE = "no_date"
    DATES_ORDER = "dates_order"
    EARLY_TOO_MUCH = "early_too_much"
    UNKNOWN_FARE = "unknown_fare"
    UNKNOWN_TIMEFRAME = "unknown_timeframe"
    UNKNOWN_PRODUCT = "unknown_product"


class Flaw(Record, frozen=True, gc=False):
    """One thing that is wrong: a JSON path, a code, and the values of its sentence."""

    where: str
    code: Wrong
    values: dict[str, str] = msgspec.field(default_factory=dict)


class Flawed(Record, frozen=True, gc=False):
    """A file that is no tariff."""

    flaws: tuple[Flaw, ...]


def read_tariff(content: bytes) -> Tariff | Flawed:
    """Decode and check a tariff. Never raises for bad content."""
    if len(content) > MAX_BYTES:
        return Flawed((Flaw("$", Wrong.TOO_LARGE, {"limit": f"{MAX_BYTES >> 20} MiB"}),))
    tariff = decoded(content, _TARIFFS)
    if isinstance(tariff, Flawed):
        return tariff
    flaws = tuple(_flaws(tariff))
    return Flawed(flaws) if flaws else tariff


def decoded(content: bytes, decoder: msgspec.json.Decoder[T]) -> T | Flawed:
    """Decode JSON into a record of our files, or say where it has another shape."""
    try:
        return decoder.decode(content)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `")
        path = where.rstrip("`").replace("` in `", " in ") or "$"
        return Flawed((Flaw(path, Wrong.SHAPE, {"what": what}),))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        return Flawed((Flaw("$", Wrong.NO_JSON, {"what": str(error)}),))


def _flaws(tariff: Tariff) -> Iterator[Flaw]:
    try:
        ZoneInfo(tariff.timezone)
    except (ValueError, OSError, LookupError):
        yield Flaw("$.timezone", Wrong.UNKNOWN_TIMEZONE, {"value": tariff.timezone})
        return
    match tariff:
        case ProductTariff():
            yield from _of_products(tariff)
        case ZoneTariff():
            yield from _of_zones(tariff)
        case _:
            assert_never(tariff)


def _of_products(tariff: ProductTariff) -> Iterator[Flaw]:
    yield from _twice("$.products", [product.id for product in tariff.products])
    yield from _twice("$.classes", tariff.classes)
    for i, product in enumerate(tariff.products):
        yield from _of_product(tariff, product, f"$.products[{i}]")
    for rule, proof in tariff.rules.items():
        yield from _source(tariff, f"$.rules[{rule}].source", proof.source)
    if tariff.surcharge is not None:
        yield from _amounts(tariff, "$.surcharge.won", tariff.surcharge.won, every=True)
        yield from _amounts(tariff, "$.surcharge.single_ceiling_won", tariff.surcharge.single_ceiling_won, every=True)
    if tariff.companions is not None:
        yield from _source(tariff, "$.companions.proof.source", tariff.companions.proof.source)
        if tariff.companions.rider_class in tariff.classes:
            yield Flaw("$.companions.rider_class", Wrong.PAYING_COMPANION, {"value": tariff.companions.rider_class})


def _of_product(tariff: ProductTariff, product: Product, where: str) -> Iterator[Flaw]:
    if (product.pricing != "flat" or product.cash_pricing != "flat") and tariff.surcharge is None:
        yield Flaw(f"{where}.pricing", Wrong.NO_SURCHARGE, {"product": product.id})
    ends = [step.until_m for step in product.single_steps]
    known = [end for end in ends[:-1] if end is not None]
    if ends and (ends[-1] is not None or None in ends[:-1] or known != sorted(set(known))):
        yield Flaw(f"{where}.single_steps", Wrong.STEPS_ORDER)
    before_ms, before = -1, ""
    for i, version in enumerate(product.versions):
        here = f"{where}.versions[{i}]"
        if not _is_moment(version.since):
            yield Flaw(f"{here}.from", Wrong.NO_DATE, {"value": version.since})
        elif (begins_ms := moments.begins_ms(tariff, version.since)) <= before_ms:
            yield Flaw(f"{here}.from", Wrong.DATES_ORDER, {"value": version.since, "before": before})
        else:
            before_ms, before = begins_ms, version.since
        yield from _of_version(tariff, version, here)


def _of_version(tariff: ProductTariff, version: Version, where: str) -> Iterator[Flaw]:
    yield from _amounts(tariff, f"{where}.won", version.won, every=True)
    yield from _amounts(tariff, f"{where}.cash_won", version.cash_won, every=False)
    yield from _amounts(tariff, f"{where}.early_won", version.early_won, every=False)
    for rider_class, won in version.early_won.items():
        if won > version.won.get(rider_class, won):
            yield Flaw(f"{where}.early_won.{rider_class}", Wrong.EARLY_TOO_MUCH, {"value": str(won)})
    yield from _source(tariff, f"{where}.proof.source", version.proof.source)
    for i, disputed in enumerate(version.disputed):
        yield from _of_disputed(tariff, disputed, f"{where}.disputed[{i}]")


def _of_disputed(tariff: ProductTariff, disputed: Disputed, where: str) -> Iterator[Flaw]:
    yield from _source(tariff, f"{where}.source", disputed.source)
    yield from _amounts(tariff, where, {disputed.rider_class: disputed.won}, every=False)


def _amounts(tariff: ProductTariff, where: str, won: dict[str, int], *, every: bool) -> Iterator[Flaw]:
    for rider_class in won:
        if rider_class not in tariff.classes:
            yield Flaw(where, Wrong.UNKNOWN_CLASS, {"value": rider_class, "known": ", ".join(tariff.classes)})
    for rider_class in tariff.classes:
        if every and rider_class not in won:
            yield Flaw(where, Wrong.CLASS_MISSING, {"value": rider_class})


def _source(tariff: Tariff, where: str, source: str) -> Iterator[Flaw]:
    if source not in tariff.sources:
        yield Flaw(where, Wrong.UNKNOWN_SOURCE, {"value": source, "known": ", ".join(tariff.sources)})


def _twice(where: str, names: Sequence[str]) -> Iterator[Flaw]:
    for name in dict.fromkeys(name for name in names if names.count(name) > 1):
        yield Flaw(where, Wrong.TWICE, {"value": name})


def _is_moment(text: str) -> bool:
    try:
        dt.datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


# -- fares between places ----------------------------------------------------------------


def _of_zones(tariff: ZoneTariff) -> Iterator[Flaw]:
    yield from _twice("$.classes", tariff.classes)
    for name, fare in tariff.fares.items():
        for rider_class in tariff.classes:
            if rider_class not in fare.won:
                yield Flaw(f"$.fares[{name}].won", Wrong.CLASS_MISSING, {"value": rider_class})
    for i, rule in enumerate(tariff.rules):
        yield from _of_zone_rule(tariff, rule, f"$.rules[{i}]")


def _of_zone_rule(tariff: ZoneTariff, rule: ZoneRule, where: str) -> Iterator[Flaw]:
    if rule.fare not in tariff.fares:
        yield Flaw(f"{where}.fare", Wrong.UNKNOWN_FARE, {"value": rule.fare})
    for field, timeframe in (("boarded", rule.boarded), ("alighted", rule.alighted)):
        if timeframe is not None and timeframe not in tariff.timeframes:
            yield Flaw(f"{where}.{field}", Wrong.UNKNOWN_TIMEFRAME, {"value": timeframe})
