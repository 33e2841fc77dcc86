"""What a fare is computed on, and what comes out: rides, increments, journeys, bills. Level 0 of the fares."""

from enum import StrEnum
from typing import Literal

from server.core.model import Record


class Rule(StrEnum):
    """Every rule by which money is asked for; the numbers are in the tariff. F: journeys, Z: fares between places."""

    BASE = "F1"
    BASE_DISTANCE = "F2"
    STEPS = "F3"
    FLAT = "F4"
    DISTANCE = "F5"
    CEILING = "F6"
    WINDOW = "F8"
    TRANSFERS = "F9"
    SAME_ROUTE = "F10"
    KNOWN_EXIT = "F11"
    NO_EXIT_FLAT = "F12"
    NO_EXIT_DISTANCE = "F13"
    NO_EXIT_TRANSFER = "F14"
    EARLY_SHARE = "F15"
    EARLY_FIXED = "F16"
    CASH = "F17"
    NEVER_DEARER = "F18"
    COMPANION = "C1"
    VERSION = "F20"
    METRES = "F21"
    BETWEEN_PLACES = "Z1"
    LEAST_FIRST = "Z2"
    GOOD_FOR_MORE = "Z3"
    TRANSFER_COST = "Z4"


class FareRide(Record, frozen=True, gc=False):
    """One ride as the fare sees it. Times are epoch milliseconds, distances metres in the vehicle (F21).

    A ride without `alighted_ms` has no known exit. `pricing` counts only where its product leaves it to the route.
    """

    ride_id: str
    product: str
    route_id: str
    boarded_ms: int
    alighted_ms: int | None = None
    distance_m: int | None = None
    pricing: Literal["flat", "distance"] | None = None
    route_length_m: int | None = None
    medium: Literal["card", "cash"] = "card"
    board_stop_id: str | None = None
    alight_stop_id: str | None = None


class Tap(StrEnum):
    """The two moments of a ride at which money moves."""

    BOARD = "board"
    ALIGHT = "alight"


class Part(Record, frozen=True, gc=False):
    """What one rule adds to an amount, or takes from it."""

    rule: Rule
    won: int


class Increment(Record, frozen=True, gc=False):
    """What one boarding or alighting adds, and by which rules.

    `parts` say what each rule that moved money added to it; they sum to `won`. `basis` names the dated fares that went
    into it (`product@from`).
    """

    ride_id: str
    tap: Tap
    at_ms: int
    won: int
    rules: tuple[Rule, ...]
    basis: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()


class Journey(Record, frozen=True, gc=False):
    """Rides joined by transfers; its increments sum to its total."""

    total_won: int
    rides: tuple[str, ...]
    increments: tuple[Increment, ...]


class Owed(Record, frozen=True, gc=False):
    """What missing exits left to be asked for at the next boarding with a card."""

    won: int = 0
    rule: Rule | None = None

    @property
    def parts(self) -> tuple[Part, ...]:
        """The amount in the name of the rule that left it."""
        return () if self.rule is None or not self.won else (Part(self.rule, self.won),)


NOTHING_OWED = Owed()


class Bill(Record, frozen=True, gc=False):
    """What a rider's rides cost, by the table named (`name@version`)."""

    table: str
    total_won: int
    journeys: tuple[Journey, ...]
    owed: Owed = NOTHING_OWED


class Why(StrEnum):
    """Why a ride has no price."""

    UNKNOWN_PRODUCT = "unknown_product"
    UNKNOWN_CLASS = "unknown_class"
    BEFORE_FIRST_VERSION = "before_first_version"
    NO_CASH_FARE = "no_cash_fare"
    ALIGHTED_BEFORE_BOARDING = "alighted_before_boarding"
    SAME_RIDE_TWICE = "same_ride_twice"
    NO_STOP = "no_stop"
    NO_FARE_FOR_ROUTE = "no_fare_for_route"
    NO_FARE_BETWEEN = "no_fare_between"


class Unpriced(Record, frozen=True, gc=False):
    """No price, because of this ride; `values` fill the sentence that people read."""

    why: Why
    ride_id: str
    values: dict[str, str]
