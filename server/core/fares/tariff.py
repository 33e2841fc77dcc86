"""A tariff as frozen records, exactly as its JSON file holds it. Level 0 of the fares: imports nothing of ours.

Amounts (`won`) are whole numbers of the currency's smallest unit in use (won, yen, cents: `minor_digits`); there is no
fraction anywhere. Distances are whole metres. Every number carries its evidence: V printed by a source, P a source's
own worked figure, D derived from the rules, B an assumption of ours, X sources disagree (`disputed` has the other).
"""

from typing import Annotated, Literal

import msgspec

MAX_WON = 100_000_000
"""No single fare is larger in any currency (about 70 000 euros in won); a larger number is a typing error."""
MAX_RIDE_M = 2_000_000
"""2000 km: no bus ride is longer."""

Won = Annotated[int, msgspec.Meta(ge=0, le=MAX_WON)]
Metres = Annotated[int, msgspec.Meta(ge=0, le=MAX_RIDE_M)]
Positive = Annotated[int, msgspec.Meta(ge=1, le=MAX_RIDE_M)]
Name = Annotated[str, msgspec.Meta(min_length=1)]
Day = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2})?$")]
Time = Annotated[str, msgspec.Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Evidence = Literal["V", "P", "D", "B", "X"]
ClassWon = dict[Name, Won]
"""An amount for each class of riders."""

ADULT = "adult"


class Data(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """Base of all records of a file: a field that is misspelt is an error."""


class Words(Data, frozen=True, gc=False):
    """A text for people in both languages."""

    ko: str
    en: str


class Source(Data, frozen=True, gc=False):
    """Where numbers come from."""

    title: Name
    url: str = ""


class Proof(Data, frozen=True, gc=False):
    """How well something is known."""

    evidence: Evidence
    source: Name
    note: str = ""


class Disputed(Data, frozen=True, gc=False):
    """A fare for which another source prints another number."""

    rider_class: Name
    won: Won
    source: Name
    medium: Literal["card", "cash"] = "card"


class Version(Data, frozen=True, gc=False):
    """The fares of one product from a day on, until its next version.

    `from` is a service day, or an instant of local time where the notice gave one (F20).
    """

    since: Day = msgspec.field(name="from")
    won: ClassWon
    base_m: Positive
    """Distance that the base fare covers (F2)."""
    proof: Proof
    cash_won: ClassWon = {}
    """Empty, or without a class, where no cash fare is known."""
    early_percent: Annotated[int, msgspec.Meta(ge=0, le=100)] = 0
    early_won: ClassWon = {}
    """Early bird: a share of the base (F15), or fixed amounts (F16)."""
    disputed: tuple[Disputed, ...] = ()


class Step(Data, frozen=True, gc=False):
    """How long a started step is, up to a distance from the start of the ride (the last one has no end)."""

    length_m: Positive
    until_m: Positive | None = None


class Product(Data, frozen=True, gc=False):
    """A kind of service with a base fare of its own."""

    id: Name
    name: Words
    pricing: Literal["flat", "distance", "by_route"]
    """A single ride is flat (F4), priced by distance (F5), or each route says (a ride that does not say is flat)."""
    versions: Annotated[tuple[Version, ...], msgspec.Meta(min_length=1)]
    single_steps: tuple[Step, ...] = ()
    """Steps of a ride alone, where they differ from the tariff's; such a product has no ceiling (metro)."""
    cash_pricing: Literal["flat", "distance"] = "flat"


class Surcharge(Data, frozen=True, gc=False):
    """What each started step beyond the base distance costs (F3), and a single ride's most (F6)."""

    length_m: Positive
    won: ClassWon
    single_ceiling_won: ClassWon


class Transfer(Data, frozen=True, gc=False):
    """When a ride continues a journey (F8–F11). Windows are seconds from alighting, both ends included."""

    window_s: Positive
    max_rides: Annotated[int, msgspec.Meta(ge=2, le=100)]
    night_window_s: Positive
    night_from: Time = "21:00"
    night_until: Time = "07:00"
    night_until_included: bool = False
    """Whether an alighting at exactly `night_until` is still at night (B)."""
    same_route: Literal["consecutive", "journey", "allowed"] = "consecutive"
    """Onto which route there is no transfer: the one just left, any of the journey, none (B, F10)."""


class EarlyBird(Data, frozen=True, gc=False):
    """When the first ride of a journey is early (F15): from the start of the service day, before this time."""

    before: Time
    round_won: Positive = 10
    """A discounted fare is rounded to a multiple of this, halves up (B)."""


class MissingExit(Data, frozen=True, gc=False):
    """What an exit that was never seen costs at the next boarding (F12–F14)."""

    ceiling_beyond_base_m: Positive
    """A route so much longer than its base distance pays the ceiling (40 km = 10 + 30; 60 km = 30 + 30)."""


class Companions(Data, frozen=True, gc=False):
    """A class of riders that pays nothing, so many with one payer."""

    rider_class: Name
    per_payer: Annotated[int, msgspec.Meta(ge=1, le=100)]
    proof: Proof


class _Head(Data, frozen=True, gc=False, kw_only=True):
    """What every tariff says of itself."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    version: Annotated[int, msgspec.Meta(ge=1)]
    """Counted up by whoever changes a number, so that a charge can say which table made it."""
    title: Words
    currency: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$")]
    timezone: Name
    sources: dict[Name, Source]
    schema: Literal[1] = 1
    minor_digits: Annotated[int, msgspec.Meta(ge=0, le=4)] = 0
    """Decimal places of an amount as people write it: 0 for won and yen, 2 for euros (ISO 4217)."""
    service_day_start: Time = "04:00"
    """Local time at which a service day, and a new fare, begins (F20, B)."""

    @property
    def table(self) -> str:
        """The name by which a charge remembers its table."""
        return f"{self.name}@{self.version}"


class ProductTariff(_Head, frozen=True, gc=False, kw_only=True, tag="products", tag_field="kind"):
    """Base fares by product, surcharges by distance, journeys joined by transfers: flat cities and the capital area."""

    classes: Annotated[tuple[Name, ...], msgspec.Meta(min_length=1)]
    products: Annotated[tuple[Product, ...], msgspec.Meta(min_length=1)]
    rules: dict[Name, Proof] = {}
    surcharge: Surcharge | None = None
    transfer: Transfer | None = None
    early_bird: EarlyBird | None = None
    missing_exit: MissingExit | None = None
    companions: Companions | None = None


# -- fares between places ------------------------------------------------------------------


class ZoneFare(Data, frozen=True, gc=False):
    """One fare of a feed: what it costs, and for how many further rides within what time it is good."""

    won: ClassWon
    transfers: Annotated[int, msgspec.Meta(ge=0)] | None = 0
    """None: as many as fit in the time."""
    transfer_s: Positive | None = None
    """From the first boarding to the last; None: no limit."""


class When(Data, frozen=True, gc=False):
    """A set of local times: these weekdays (0 is Monday; none named means every day), within a day."""

    start: Annotated[str, msgspec.Meta(pattern=r"^\d{2}:\d{2}:\d{2}$")] = "00:00:00"
    until: Annotated[str, msgspec.Meta(pattern=r"^\d{2}:\d{2}:\d{2}$")] = "24:00:00"
    """Not included."""
    weekdays: tuple[Annotated[int, msgspec.Meta(ge=0, le=6)], ...] = ()
    first: str = ""
    last: str = ""
    """Days `YYYY-MM-DD` between which it holds, both included; empty: no limit."""


class ZoneRule(Data, frozen=True, gc=False):
    """Where a fare holds. What is empty holds for every route, origin or destination (see `ZoneTariff.empty`)."""

    fare: Name
    networks: tuple[Name, ...] = ()
    origins: tuple[Name, ...] = ()
    destinations: tuple[Name, ...] = ()
    boarded: Name | None = None
    alighted: Name | None = None
    """Names of timeframes in which the boarding and the alighting must be."""
    group: Name | None = None
    """The leg group by which transfers name it."""
    priority: Annotated[int, msgspec.Meta(ge=0)] = 0


class ZoneTransfer(Data, frozen=True, gc=False):
    """What a change from one leg to the next costs (GTFS-Fares v2 `fare_transfer_rules.txt`)."""

    cost: Literal["from_and_transfer", "all", "transfer"]
    """`fare_transfer_type` 0, 1, 2: A + AB, A + AB + B, AB."""
    won: dict[Name, Annotated[int, msgspec.Meta(ge=-MAX_WON, le=MAX_WON)]] = {}
    """AB by class; negative is a discount; empty is nothing."""
    from_group: Name | None = None
    to_group: Name | None = None
    count: Annotated[int, msgspec.Meta(ge=-1)] = -1
    limit_s: Positive | None = None
    limit_from: Literal["boarding", "alighting"] = "boarding"
    limit_to: Literal["boarding", "alighting"] = "boarding"


class ZoneTariff(_Head, frozen=True, gc=False, kw_only=True, tag="zones", tag_field="kind"):
    """Fares by origin, destination and route, as GTFS feeds give them."""

    classes: Annotated[tuple[Name, ...], msgspec.Meta(min_length=1)]
    fares: Annotated[dict[Name, ZoneFare], msgspec.Meta(min_length=1)]
    rules: Annotated[tuple[ZoneRule, ...], msgspec.Meta(min_length=1)]
    zones: dict[Name, tuple[Name, ...]] = {}
    """The zones of each stop; a stop that is not named is a zone of its own."""
    networks: dict[Name, Name] = {}
    """The network of each route; a route that is not named is a network of its own."""
    timeframes: dict[Name, tuple[When, ...]] = {}
    transfers: tuple[ZoneTransfer, ...] = ()
    empty: Literal["any", "others"] = "any"
    """What an empty field of a rule means: any value (GTFS fares v1, and v2 with priorities), or any that no rule names
    in that field (v2 without priorities)."""


Tariff = ProductTariff | ZoneTariff
