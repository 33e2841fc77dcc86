"""`fare_attributes.txt` and `fare_rules.txt` as fares and rules between zones. Level 2 of the importer.

Of several fares that hold for a ride the cheapest counts, and a fare that no rule names holds everywhere, as trip
planners read these files. Zones that must be passed through (`contains_id`) cannot be told from a ride's two ends:
such rows are listed and left out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from server.core.fares.tariff import ADULT, MAX_WON, When, ZoneFare, ZoneRule, ZoneTransfer
from server.gtfs.archive import FeedArchive
from server.gtfs.money import is_currency, minor_digits, whole_amount
from server.gtfs.values import whole_number

ATTRIBUTES, RULES = "fare_attributes.txt", "fare_rules.txt"
FILES_V1 = (ATTRIBUTES, RULES)
UNLIMITED = ""


@dataclass(slots=True)
class FareTables:
    """What a feed says of fares, in either of its two models."""

    currency: str = ""
    classes: tuple[str, ...] = (ADULT,)
    fares: dict[str, ZoneFare] = field(default_factory=dict)
    rules: list[ZoneRule] = field(default_factory=list)
    zones: dict[str, tuple[str, ...]] = field(default_factory=dict)
    networks: dict[str, str] = field(default_factory=dict)
    timeframes: dict[str, tuple[When, ...]] = field(default_factory=dict)
    transfers: list[ZoneTransfer] = field(default_factory=list)
    empty: Literal["any", "others"] = "any"


def read_v1(feed: FeedArchive, routes: Mapping[str, str], stops: Mapping[str, str]) -> FareTables:
    """Read both files. `routes` has the ids that rules may name, `stops` the zone of each stop."""
    table = FareTables()
    table.zones = {stop_id: (zone,) for stop_id, zone in stops.items() if zone}
    _read_attributes(feed, table)
    pairs, named = _read_rules(feed, table.fares, routes, frozenset(stops.values()))
    table.rules = _grouped(pairs)
    table.rules += [ZoneRule(fare=fare_id) for fare_id in table.fares if fare_id not in named]
    return table


def _read_attributes(feed: FeedArchive, table: FareTables) -> None:
    columns = "fare_id price currency_type transfers? transfer_duration?"
    for line, row in feed.select(ATTRIBUTES, columns):
        fare_id, price, currency, transfers, duration = (text.strip() for text in row)
        if is_currency(currency):
            table.currency = table.currency or currency
        won = whole_amount(price, digits=minor_digits(currency), limit=MAX_WON)
        times = None if transfers == UNLIMITED else whole_number(transfers, high=100)
        if not fare_id:
            feed.problems.add(ATTRIBUTES, line, "no_id", column="fare_id")
        elif fare_id in table.fares:
            feed.problems.add(ATTRIBUTES, line, "repeated", column="fare_id", value=fare_id)
        elif currency != table.currency:
            feed.problems.add(ATTRIBUTES, line, "other_currency", value=currency, used=table.currency)
        elif won is None or won < 0:
            feed.problems.add(ATTRIBUTES, line, "bad_number", column="price", value=price)
        elif times is None and transfers != UNLIMITED:
            feed.problems.add(ATTRIBUTES, line, "bad_number", column="transfers", value=transfers)
        else:
            limit_s = whole_number(duration, low=1, high=2_000_000) if duration else None
            table.fares[fare_id] = ZoneFare(won={ADULT: won}, transfers=times, transfer_s=limit_s)


Pair = tuple[str, str, str, str]
"""Fare, route, origin, destination; an empty one holds for all."""


def _read_rules(
    feed: FeedArchive, fares: Mapping[str, ZoneFare], routes: Mapping[str, str], zones: frozenset[str]
) -> tuple[list[Pair], set[str]]:
    """Read the rules that can be used, and the fares that any rule names."""
    pairs: dict[Pair, None] = {}
    named: set[str] = set()
    columns = "fare_id route_id? origin_id? destination_id? contains_id?"
    for line, row in feed.select(RULES, columns, required=False):
        fare_id, route_id, origin, destination, through = (text.strip() for text in row)
        named.add(fare_id)
        wrong = _unknown(fare_id, fares, route_id, routes, (origin, destination), zones)
        if wrong is not None:
            feed.problems.add(RULES, line, "unknown_id", column=wrong[0], value=wrong[1])
        elif through:
            feed.problems.add(RULES, line, "contains_zone", value=through)
        else:
            pairs[fare_id, route_id, origin, destination] = None
    return list(pairs), named


def _unknown(
    fare_id: str,
    fares: Mapping[str, ZoneFare],
    route_id: str,
    routes: Mapping[str, str],
    ends: tuple[str, str],
    zones: frozenset[str],
) -> tuple[str, str] | None:
    """Find the first id of a rule that the feed does not have."""
    if fare_id not in fares:
        return "fare_id", fare_id
    if route_id and route_id not in routes:
        return "route_id", route_id
    for column, zone in zip(("origin_id", "destination_id"), ends, strict=True):
        if zone and zone not in zones:
            return column, zone
    return None


def _grouped(pairs: Iterable[Pair]) -> list[ZoneRule]:
    """Put pairs together: destinations of one origin, then routes that have the same of both."""
    destinations: dict[tuple[str, str, str, bool], list[str]] = {}
    for fare_id, route_id, origin, destination in pairs:
        destinations.setdefault((fare_id, route_id, origin, not destination), []).append(destination)
    networks: dict[tuple[str, str, tuple[str, ...], bool], list[str]] = {}
    for (fare_id, route_id, origin, _), ends in destinations.items():
        networks.setdefault((fare_id, origin, tuple(ends), not route_id), []).append(route_id)
    return [
        ZoneRule(
            fare=fare_id,
            networks=tuple(route for route in route_ids if route),
            origins=(origin,) if origin else (),
            destinations=tuple(end for end in ends if end),
        )
        for (fare_id, origin, ends, _), route_ids in networks.items()
    ]
