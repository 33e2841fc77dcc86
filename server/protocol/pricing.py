"""Prices asked from outside: the question as JSON, its rides in the core's terms, and the answer. Wire format only."""

import datetime as dt
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import msgspec

from server.core.fares import moments
from server.core.fares.riding import Bill, FareRide, Increment
from server.core.fares.tariff import MAX_RIDE_M, Tariff

MAX_RIDES = 10_000
"""A question of more rides is refused: nobody takes so many in ten years."""

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Metres = Annotated[float, msgspec.Meta(ge=0, le=MAX_RIDE_M)]
"""Fares count whole metres (F21); a measured fraction is rounded."""


class AskedRide(msgspec.Struct, frozen=True, kw_only=True):
    """One ride. Times are RFC 3339; one without an offset is local to the tariff."""

    product: Id = "-"
    route_id: Id
    boarded_at: dt.datetime
    alighted_at: dt.datetime | None = None
    distance_m: Metres | None = None
    pricing: Literal["flat", "distance"] | None = None
    route_length_m: Metres | None = None
    medium: Literal["card", "cash"] = "card"
    board_stop_id: Id | None = None
    alight_stop_id: Id | None = None


class PriceQuestion(msgspec.Struct, frozen=True):
    """What one rider's rides cost."""

    rider_class: Id
    rides: Annotated[list[AskedRide], msgspec.Meta(max_length=MAX_RIDES)]


class ToldPart(msgspec.Struct, frozen=True):
    """What one rule added to an increment."""

    rule: str
    won: int


class ToldIncrement(msgspec.Struct, frozen=True):
    """What one boarding or alighting adds, by which rules and which dated fares; `parts` sum to `won`."""

    at: str
    won: int
    rules: list[str]
    ride: int
    tap: str
    basis: list[str]
    parts: list[ToldPart]


class ToldJourney(msgspec.Struct, frozen=True):
    """A journey; `rides` are places in the question."""

    total_won: int
    rides: list[int]
    increments: list[ToldIncrement]


class PriceAnswer(msgspec.Struct, frozen=True):
    """The price. `owed_won` is what missing exits leave to be asked for at the next boarding."""

    total_won: int
    journeys: list[ToldJourney]
    owed_won: int
    tariff: str


def rides_of(question: PriceQuestion, tariff: Tariff) -> list[FareRide]:
    """Put the asked rides into the core's terms; a ride is known by its place in the question."""
    return [
        FareRide(
            ride_id=_ride_id(place),
            product=ride.product,
            route_id=ride.route_id,
            boarded_ms=_ms(ride.boarded_at, tariff),
            alighted_ms=None if ride.alighted_at is None else _ms(ride.alighted_at, tariff),
            distance_m=_whole(ride.distance_m),
            pricing=ride.pricing,
            route_length_m=_whole(ride.route_length_m),
            medium=ride.medium,
            board_stop_id=ride.board_stop_id,
            alight_stop_id=ride.alight_stop_id,
        )
        for place, ride in enumerate(question.rides)
    ]


def _ride_id(place: int) -> str:
    """Name a ride so that rides of the same moment stay in the order of the question."""
    return f"{place:05d}"


def _whole(metres: float | None) -> int | None:
    return None if metres is None else round(metres)


def place_of(ride_id: str) -> int:
    """Tell the place in the question of a ride."""
    return int(ride_id)


def _ms(moment: dt.datetime, tariff: Tariff) -> int:
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(tariff.timezone))
    return round(moment.timestamp() * moments.SECOND_MS)


def answer_of(bill: Bill, tariff: Tariff) -> PriceAnswer:
    """Put a bill on the wire."""
    journeys = [
        ToldJourney(
            journey.total_won,
            [place_of(ride_id) for ride_id in journey.rides],
            [_told(increment, tariff) for increment in journey.increments],
        )
        for journey in bill.journeys
    ]
    return PriceAnswer(bill.total_won, journeys, bill.owed.won, bill.table)


def _told(increment: Increment, tariff: Tariff) -> ToldIncrement:
    return ToldIncrement(
        moments.local(tariff, increment.at_ms).isoformat(),
        increment.won,
        [str(rule) for rule in increment.rules],
        place_of(increment.ride_id),
        str(increment.tap),
        list(increment.basis),
        [ToldPart(str(part.rule), part.won) for part in increment.parts],
    )
