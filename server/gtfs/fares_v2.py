"""GTFS-Fares v2 as fares, rules and transfers between areas. Level 2 of the importer; `docs`: gtfs.org/schedule.

What is read: products, rider categories, leg rules with priorities, areas, networks, timeframes, transfer rules. What
cannot be kept is listed: prices that differ by medium (the lowest is taken), joined legs, days taken from a timeframe.
"""

from collections.abc import Iterator, Mapping
from typing import Literal

from server.core.assembly import Service
from server.core.fares.tariff import ADULT, MAX_WON, When, ZoneFare, ZoneRule, ZoneTransfer
from server.core.service_calendar import date_of
from server.gtfs.archive import FeedArchive
from server.gtfs.fares_v1 import FareTables
from server.gtfs.money import is_currency, minor_digits, whole_amount
from server.gtfs.problems import FeedError
from server.gtfs.values import seconds_of, text_of, whole_number

PRODUCTS, CATEGORIES, LEG_RULES = "fare_products.txt", "rider_categories.txt", "fare_leg_rules.txt"
TRANSFER_RULES, JOIN_RULES, TIMEFRAMES = "fare_transfer_rules.txt", "fare_leg_join_rules.txt", "timeframes.txt"
STOP_AREAS, ROUTE_NETWORKS = "stop_areas.txt", "route_networks.txt"
FILES_V2 = (PRODUCTS, CATEGORIES, LEG_RULES, TRANSFER_RULES, JOIN_RULES, TIMEFRAMES, STOP_AREAS, ROUTE_NETWORKS)
DAY_S = 86_400
COSTS: Mapping[str, Literal["from_and_transfer", "all", "transfer"]] = {
    "0": "from_and_transfer",
    "1": "all",
    "2": "transfer",
}
LIMITS: Mapping[str, tuple[Literal["boarding", "alighting"], Literal["boarding", "alighting"]]] = {
    "0": ("boarding", "alighting"),
    "1": ("boarding", "boarding"),
    "2": ("alighting", "boarding"),
    "3": ("alighting", "alighting"),
}
"""`duration_limit_type`: from which event of the first leg to which of the last."""


def read_v2(
    feed: FeedArchive,
    routes: Mapping[str, str],
    platforms: Mapping[str, str],
    services: Mapping[str, Service],
) -> FareTables:
    """Read the second model. `routes` gives each route's own network, `platforms` the station of each stop."""
    table = FareTables(empty="others")
    table.classes = _read_classes(feed)
    prices = _read_prices(feed, table)
    table.zones = _read_areas(feed, platforms)
    table.networks = _read_networks(feed, routes)
    table.timeframes = _read_timeframes(feed, services)
    _read_leg_rules(feed, table, prices)
    _read_transfers(feed, table, prices)
    for line, _ in feed.select(JOIN_RULES, "from_network_id", required=False):
        feed.problems.add(JOIN_RULES, line, "joined_legs")
    return table


def _read_classes(feed: FeedArchive) -> tuple[str, ...]:
    """Read the rider categories, the default one first."""
    rows = feed.select(CATEGORIES, "rider_category_id is_default_fare_category?", required=False)
    classes = {name.strip(): default.strip() == "1" for _, (name, default) in rows}
    named = sorted((name for name in classes if name), key=lambda name: not classes[name])
    return tuple(named) or (ADULT,)


Prices = dict[str, dict[str, int]]
"""By product, then by class; negative ones are discounts of transfers."""


def _read_prices(feed: FeedArchive, table: FareTables) -> Prices:
    prices: dict[str, dict[str, int]] = {}
    columns = "fare_product_id rider_category_id? fare_media_id? amount currency"
    for line, row in feed.select(PRODUCTS, columns):
        product, category, _, amount, currency = (text.strip() for text in row)
        if is_currency(currency):
            table.currency = table.currency or currency
        won = whole_amount(amount, digits=minor_digits(currency), limit=MAX_WON)
        if not product:
            feed.problems.add(PRODUCTS, line, "no_id", column="fare_product_id")
        elif currency != table.currency:
            feed.problems.add(PRODUCTS, line, "other_currency", value=currency, used=table.currency)
        elif category and category not in table.classes:
            feed.problems.add(PRODUCTS, line, "unknown_id", column="rider_category_id", value=category)
        elif won is None:
            feed.problems.add(PRODUCTS, line, "bad_number", column="amount", value=amount)
        else:
            known = prices.setdefault(product, {})
            if known.get(category, won) != won:
                feed.problems.add(PRODUCTS, line, "several_media", value=product)
            known[category] = min(won, known.get(category, won))
    return {product: _for_classes(known, table.classes) for product, known in prices.items()}


def _for_classes(known: Mapping[str, int], classes: tuple[str, ...]) -> dict[str, int]:
    """Give every class a price: its own, that for anybody, or that of the first class that has one."""
    first = next(known[name] for name in (*classes, "") if name in known)
    return {name: known.get(name, known.get("", first)) for name in classes}


def _read_areas(feed: FeedArchive, platforms: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Read the areas of stops; a station hands its areas to its platforms unless they have their own."""
    areas: dict[str, list[str]] = {}
    for line, (area, stop_id) in feed.select(STOP_AREAS, "area_id stop_id", required=False):
        if area.strip():
            areas.setdefault(stop_id.strip(), []).append(area.strip())
        else:
            feed.problems.add(STOP_AREAS, line, "no_id", column="area_id")
    return {stop_id: tuple(areas.get(stop_id, areas.get(station, []))) for stop_id, station in platforms.items()}


def _read_networks(feed: FeedArchive, routes: Mapping[str, str]) -> dict[str, str]:
    """Read the network of each route; one that has none is in a network without a name of its own."""
    networks = dict(routes)
    for line, (network, route_id) in feed.select(ROUTE_NETWORKS, "network_id route_id", required=False):
        if route_id.strip() not in routes:
            feed.problems.add(ROUTE_NETWORKS, line, "unknown_id", column="route_id", value=route_id.strip())
        else:
            networks[route_id.strip()] = network.strip()
    return {route_id: network for route_id, network in networks.items() if network}


# -- timeframes ----------------------------------------------------------------------------


def _read_timeframes(feed: FeedArchive, services: Mapping[str, Service]) -> dict[str, tuple[When, ...]]:
    found: dict[str, tuple[When, ...]] = {}
    columns = "timeframe_group_id start_time? end_time? service_id"
    for line, row in feed.select(TIMEFRAMES, columns, required=False):
        group, start, end, service_id = (text.strip() for text in row)
        start_s, end_s = seconds_of(start or "00:00:00"), seconds_of(end or "24:00:00")
        service = services.get(service_id)
        if not group:
            feed.problems.add(TIMEFRAMES, line, "no_id", column="timeframe_group_id")
        elif service is None:
            feed.problems.add(TIMEFRAMES, line, "unknown_id", column="service_id", value=service_id)
        elif start_s is None or end_s is None or start_s >= end_s or end_s > DAY_S:
            feed.problems.add(TIMEFRAMES, line, "bad_window", value=f"{start}-{end}")
        else:
            if service.removed:
                feed.problems.add(TIMEFRAMES, line, "removed_days", value=service_id)
            days = tuple(_days(service, text_of(start_s), text_of(end_s)))
            found[group] = (*found.get(group, ()), *days)
    return found


def _days(service: Service, start: str, until: str) -> Iterator[When]:
    """Give the days of a service: its weekly pattern, and each day that was added to it."""
    weekdays = tuple(day for day in range(7) if service.weekdays >> day & 1)
    if weekdays:
        first, last = _dashed(service.first), _dashed(service.last)
        yield When(start=start, until=until, weekdays=weekdays, first=first, last=last)
    for date in service.added:
        yield When(start=start, until=until, first=_dashed(date), last=_dashed(date))


def _dashed(date: str) -> str:
    day = date_of(date)
    return "" if day is None else day.isoformat()


# -- rules -----------------------------------------------------------------------------------


def _has_column(feed: FeedArchive, file: str, column: str) -> bool:
    try:
        next(feed.select(file, column, required=False), None)
    except FeedError:
        return False
    return True


def _read_leg_rules(feed: FeedArchive, table: FareTables, prices: Prices) -> None:
    """Read the leg rules. Where there are priorities, what is empty holds for all; else for what no rule names."""
    if _has_column(feed, LEG_RULES, "rule_priority"):
        table.empty = "any"
    columns = (
        "leg_group_id? network_id? from_area_id? to_area_id? from_timeframe_group_id? to_timeframe_group_id? "
        "fare_product_id rule_priority?"
    )
    for line, row in feed.select(LEG_RULES, columns):
        group, network, origin, destination, boarded, alighted, product, priority = (text.strip() for text in row)
        amounts = prices.get(product)
        wrong = next((name for name in (boarded, alighted) if name and name not in table.timeframes), None)
        if amounts is None:
            feed.problems.add(LEG_RULES, line, "unknown_id", column="fare_product_id", value=product)
        elif min(amounts.values()) < 0:
            feed.problems.add(LEG_RULES, line, "bad_number", column="amount", value=product)
        elif wrong is not None:
            feed.problems.add(LEG_RULES, line, "unknown_id", column="timeframe_group_id", value=wrong)
        else:
            table.fares[product] = ZoneFare(won=amounts)
            rule = ZoneRule(
                fare=product,
                networks=(network,) if network else (),
                origins=(origin,) if origin else (),
                destinations=(destination,) if destination else (),
                boarded=boarded or None,
                alighted=alighted or None,
                group=group or None,
                priority=whole_number(priority) or 0,
            )
            table.rules.append(rule)


def _read_transfers(feed: FeedArchive, table: FareTables, prices: Prices) -> None:
    columns = (
        "from_leg_group_id? to_leg_group_id? transfer_count? duration_limit? duration_limit_type? "
        "fare_transfer_type fare_product_id?"
    )
    for line, row in feed.select(TRANSFER_RULES, columns, required=False):
        origin, to, count, limit, limit_type, cost, product = (text.strip() for text in row)
        limits = LIMITS.get(limit_type or "1")
        if cost not in COSTS:
            feed.problems.add(TRANSFER_RULES, line, "bad_transfer", column="fare_transfer_type", value=cost)
        elif limits is None:
            feed.problems.add(TRANSFER_RULES, line, "bad_transfer", column="duration_limit_type", value=limit_type)
        elif product and product not in prices:
            feed.problems.add(TRANSFER_RULES, line, "unknown_id", column="fare_product_id", value=product)
        else:
            transfer = ZoneTransfer(
                cost=COSTS[cost],
                won=prices.get(product, {}),
                from_group=origin or None,
                to_group=to or None,
                count=whole_number(count, low=1, high=1000) or -1,
                limit_s=whole_number(limit, low=1, high=2_000_000),
                limit_from=limits[0],
                limit_to=limits[1],
            )
            table.transfers.append(transfer)
