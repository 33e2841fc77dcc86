"""Rides of fare tests, written as a person would tell them: what, on which route, when, how far."""

import datetime as dt
from typing import Literal
from zoneinfo import ZoneInfo

from server.core.fares.pricing import price
from server.core.fares.reading import read_tariff
from server.core.fares.riding import Bill, FareRide
from server.core.fares.tariff import ProductTariff, ZoneTariff
from server.tariff_presets import load_tariff

SEOUL = ZoneInfo("Asia/Seoul")


def capital() -> ProductTariff:
    """The tariff of the capital area."""
    tariff = load_tariff("kr-capital")
    assert isinstance(tariff, ProductTariff)
    return tariff


def example_zones() -> ZoneTariff:
    """Two zones, two fares, one transfer."""
    tariff = load_tariff("zone-example")
    assert isinstance(tariff, ZoneTariff)
    return tariff


def product_tariff(content: bytes) -> ProductTariff:
    """A tariff by product of a test's own."""
    tariff = read_tariff(content)
    assert isinstance(tariff, ProductTariff), tariff
    return tariff


def at(text: str) -> int:
    """A Seoul time, `2025-11-03 08:00:00` or a part of it, as epoch milliseconds; without a day it is in November 2025."""
    full = text if "-" in text else f"2025-11-03 {text}"
    return int(dt.datetime.fromisoformat(full).replace(tzinfo=SEOUL).timestamp()) * 1000


def ride(
    product: str,
    boarded: str,
    alighted: str | None = None,
    *,
    km: float = 1.0,
    route: str | None = None,
    pricing: Literal["flat", "distance"] | None = None,
    route_km: float | None = None,
    medium: Literal["card", "cash"] = "card",
    ride_id: str | None = None,
) -> FareRide:
    """One ride; its route is its product's and its id its boarding's unless named."""
    return FareRide(
        ride_id=ride_id or boarded,
        product=product,
        route_id=route or product,
        boarded_ms=at(boarded),
        alighted_ms=None if alighted is None else at(alighted),
        distance_m=None if alighted is None else round(km * 1000),
        pricing=pricing,
        route_length_m=None if route_km is None else round(route_km * 1000),
        medium=medium,
    )


def bill(rides: list[FareRide], rider_class: str = "adult", tariff: ProductTariff | ZoneTariff | None = None) -> Bill:
    """The bill of rides that all have a price."""
    result = price(tariff or capital(), rides, rider_class)
    assert isinstance(result, Bill), result
    return result


def totals(rides: list[FareRide], rider_class: str = "adult", tariff: ProductTariff | None = None) -> list[int]:
    """What each journey costs."""
    return [journey.total_won for journey in bill(rides, rider_class, tariff).journeys]


def taps(rides: list[FareRide], rider_class: str = "adult") -> list[int]:
    """What each boarding and alighting asks for."""
    return [tap.won for journey in bill(rides, rider_class).journeys for tap in journey.increments]
