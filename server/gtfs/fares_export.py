"""A tariff as GTFS-Fares v2 files, and a list of what they cannot say. Level 3, beside the importer.

GTFS-Fares v2 has prices between areas and costs of transfers, but no distance, no highest base, no memory beyond the
leg before. What is lost is never silent: each loss has a code, looked up for people by the command line.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from server.core.fares.tariff import Product, ProductTariff, Tariff, Version, ZoneTariff
from server.gtfs.fares_v2 import (
    CATEGORIES,
    COSTS,
    LEG_RULES,
    LIMITS,
    PRODUCTS,
    ROUTE_NETWORKS,
    STOP_AREAS,
    TIMEFRAMES,
    TRANSFER_RULES,
)
from server.gtfs.money import amount_text
from server.gtfs.tables import CALENDAR, WEEKDAYS

MEDIA, NETWORKS, AREAS = "fare_media.txt", "networks.txt", "areas.txt"
CARD, CASH = "card", "cash"
FIRST_DAY, LAST_DAY = "2000-01-01", "2099-12-31"
"""What a feed must say where a timeframe has no first or last day."""
COST_CODES = {cost: code for code, cost in COSTS.items()}
LIMIT_CODES = {limits: code for code, limits in LIMITS.items()}
Row = Sequence[object]


class Loss(StrEnum):
    """What GTFS-Fares v2 cannot say; the sentences are looked up by these codes."""

    DISTANCE = "distance"
    EARLIER_FARES = "earlier_fares"
    EARLY_BIRD = "early_bird"
    MISSING_EXIT = "missing_exit"
    COMPANIONS = "companions"
    DISPUTED = "disputed"
    HIGHEST_BASE = "highest_base"
    CASH_TRANSFERS = "cash_transfers"
    NIGHT_WINDOW = "night_window"
    SAME_ROUTE = "same_route"
    NEVER_DEARER = "never_dearer"
    ROUTE_NETWORKS = "route_networks"
    SOURCES = "sources"
    TIMEFRAMES = "timeframes"


@dataclass(frozen=True, slots=True)
class FaresExport:
    """Files by name, and the codes of what is lost."""

    files: Mapping[str, str]
    losses: tuple[Loss, ...]


def export_fares(tariff: Tariff) -> FaresExport:
    """Write a tariff as files of a feed; of dated fares the last ones."""
    match tariff:
        case ProductTariff():
            return _of_products(tariff)
        case ZoneTariff():
            return _of_zones(tariff)
        case _:
            assert_never(tariff)


def _table(columns: str, rows: Iterable[Row]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns.split())
    writer.writerows(rows)
    return text.getvalue()


def _categories(classes: Sequence[str]) -> str:
    rows = [(name, name, int(i == 0)) for i, name in enumerate(classes)]
    return _table("rider_category_id rider_category_name is_default_fare_category", rows)


# -- base fares by product ---------------------------------------------------------------------------------------------


def _of_products(tariff: ProductTariff) -> FaresExport:
    last = {product.id: product.versions[-1] for product in tariff.products}
    transfers = list(_product_transfers(tariff, last))
    discounts = [row for rows in (_transfer_prices(tariff, last, *pair) for pair in transfers) for row in rows]
    files = {
        CATEGORIES: _categories(tariff.classes),
        MEDIA: _table("fare_media_id fare_media_name fare_media_type", [(CARD, CARD, 2), (CASH, CASH, 0)]),
        NETWORKS: _table("network_id network_name", [(product.id, product.name.en) for product in tariff.products]),
        PRODUCTS: _table(
            "fare_product_id fare_product_name rider_category_id fare_media_id amount currency",
            [row for product in tariff.products for row in _prices(tariff, product, last[product.id])] + discounts,
        ),
        LEG_RULES: _table("leg_group_id network_id fare_product_id", [(product, product, product) for product in last]),
        TRANSFER_RULES: _table(
            "from_leg_group_id to_leg_group_id transfer_count duration_limit duration_limit_type fare_transfer_type "
            "fare_product_id",
            [_transfer_row(tariff, last, *pair) for pair in transfers],
        ),
    }
    return FaresExport(files, tuple(_product_losses(tariff)))


def _prices(tariff: ProductTariff, product: Product, version: Version) -> Iterator[Row]:
    for medium, won in ((CARD, version.won), (CASH, version.cash_won)):
        for rider_class, amount in won.items():
            text = amount_text(amount, digits=tariff.minor_digits)
            yield product.id, product.name.en, rider_class, medium, text, tariff.currency


def _product_transfers(tariff: ProductTariff, last: Mapping[str, Version]) -> Iterator[tuple[str, str]]:
    """Give every pair of products between which a rider may change."""
    if tariff.transfer is not None:
        yield from ((origin, to) for origin in last for to in last)


def _dearer(tariff: ProductTariff, last: Mapping[str, Version], origin: str, to: str) -> dict[str, int]:
    """Tell what a change to a dearer product adds, by class: the rise of the highest base from one leg to the next."""
    return {name: max(last[to].won[name] - last[origin].won[name], 0) for name in tariff.classes}


def _transfer_prices(tariff: ProductTariff, last: Mapping[str, Version], origin: str, to: str) -> Iterator[Row]:
    rises = _dearer(tariff, last, origin, to)
    if any(rises.values()):
        for rider_class, won in rises.items():
            text = amount_text(won, digits=tariff.minor_digits)
            yield f"{origin}>{to}", "", rider_class, CARD, text, tariff.currency


def _transfer_row(tariff: ProductTariff, last: Mapping[str, Version], origin: str, to: str) -> Row:
    transfer = tariff.transfer
    assert transfer is not None
    count = transfer.max_rides - 1 if origin == to else ""
    product = f"{origin}>{to}" if any(_dearer(tariff, last, origin, to).values()) else ""
    return origin, to, count, transfer.window_s, 2, COST_CODES["from_and_transfer"], product


def _product_losses(tariff: ProductTariff) -> Iterator[Loss]:
    """Name what the files cannot say of this tariff."""
    versions = [version for product in tariff.products for version in product.versions]
    transfer = tariff.transfer
    lost = {
        Loss.DISTANCE: tariff.surcharge is not None,
        Loss.EARLIER_FARES: any(len(product.versions) > 1 for product in tariff.products),
        Loss.EARLY_BIRD: tariff.early_bird is not None,
        Loss.MISSING_EXIT: tariff.missing_exit is not None,
        Loss.COMPANIONS: tariff.companions is not None,
        Loss.DISPUTED: any(version.disputed for version in versions),
        Loss.HIGHEST_BASE: transfer is not None,
        Loss.CASH_TRANSFERS: transfer is not None and any(version.cash_won for version in versions),
        Loss.NIGHT_WINDOW: transfer is not None and transfer.night_window_s != transfer.window_s,
        Loss.SAME_ROUTE: transfer is not None and transfer.same_route != "allowed",
        Loss.NEVER_DEARER: transfer is not None,
        Loss.ROUTE_NETWORKS: True,
        Loss.SOURCES: True,
    }
    return (code for code, is_lost in lost.items() if is_lost)


# -- fares between places ----------------------------------------------------------------------------------------------


def _of_zones(tariff: ZoneTariff) -> FaresExport:
    rules = tariff.rules
    stops = _members({area for rule in rules for area in (*rule.origins, *rule.destinations)}, tariff.zones)
    own = {route_id: (network,) for route_id, network in tariff.networks.items()}
    routes = _members({network for rule in rules for network in rule.networks}, own)
    files = {
        CATEGORIES: _categories(tariff.classes),
        PRODUCTS: _table("fare_product_id rider_category_id amount currency", _zone_prices(tariff)),
        AREAS: _table("area_id", [(area,) for area in stops]),
        STOP_AREAS: _table("area_id stop_id", [(area, stop) for area, ids in stops.items() for stop in ids]),
        NETWORKS: _table("network_id", [(network,) for network in routes]),
        ROUTE_NETWORKS: _table("network_id route_id", [(name, route) for name, ids in routes.items() for route in ids]),
        LEG_RULES: _leg_rules(tariff),
        TRANSFER_RULES: _zone_transfers(tariff),
    }
    if tariff.timeframes:
        files |= {TIMEFRAMES: _timeframes(tariff), CALENDAR: _services(tariff)}
    return FaresExport(files, tuple(_zone_losses(tariff)))


def _members(named: set[str], groups: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Give the stops of each zone, or the routes of each network; one that has none is a stop or route by itself."""
    members: dict[str, list[str]] = {}
    for member, of in groups.items():
        for group in of:
            members.setdefault(group, []).append(member)
    return {group: members.get(group, [group]) for group in sorted(named | members.keys())}


def _zone_prices(tariff: ZoneTariff) -> Iterator[Row]:
    for name, fare in tariff.fares.items():
        for rider_class, won in fare.won.items():
            yield name, rider_class, amount_text(won, digits=tariff.minor_digits), tariff.currency
    for number, transfer in enumerate(tariff.transfers):
        for rider_class, won in transfer.won.items():
            yield f"transfer-{number}", rider_class, amount_text(won, digits=tariff.minor_digits), tariff.currency


def _timeframes(tariff: ZoneTariff) -> str:
    """Write the times of each timeframe; its days become a service of their own."""
    rows = [
        (name, when.start, when.until, _service(name, i))
        for name, parts in tariff.timeframes.items()
        for i, when in enumerate(parts)
    ]
    return _table("timeframe_group_id start_time end_time service_id", rows)


def _services(tariff: ZoneTariff) -> str:
    rows = [
        (
            _service(name, i),
            *(int(day in when.weekdays or not when.weekdays) for day in range(7)),
            (when.first or FIRST_DAY).replace("-", ""),
            (when.last or LAST_DAY).replace("-", ""),
        )
        for name, parts in tariff.timeframes.items()
        for i, when in enumerate(parts)
    ]
    return _table(" ".join(("service_id", *WEEKDAYS, "start_date end_date")), rows)


def _service(timeframe: str, part: int) -> str:
    return f"fares-{timeframe}-{part}"


def _leg_rules(tariff: ZoneTariff) -> str:
    """Write one row for each network, origin and destination. Where empty means any, every row has a priority."""
    with_priority = tariff.empty == "any"
    rows = (
        (
            rule.group or rule.fare,
            network,
            origin,
            destination,
            rule.boarded or "",
            rule.alighted or "",
            rule.fare,
            *((rule.priority,) if with_priority else ()),
        )
        for rule in tariff.rules
        for network in rule.networks or ("",)
        for origin in rule.origins or ("",)
        for destination in rule.destinations or ("",)
    )
    columns = (
        "leg_group_id network_id from_area_id to_area_id from_timeframe_group_id to_timeframe_group_id fare_product_id"
    )
    return _table(f"{columns} rule_priority" if with_priority else columns, rows)


def _zone_transfers(tariff: ZoneTariff) -> str:
    """Write the transfers, and what of the fares is good for more than one ride as transfers that cost nothing."""
    rows: list[Row] = []
    for number, transfer in enumerate(tariff.transfers):
        limit_type = LIMIT_CODES[transfer.limit_from, transfer.limit_to] if transfer.limit_s else ""
        count = transfer.count if transfer.from_group == transfer.to_group else ""
        product = f"transfer-{number}" if transfer.won else ""
        groups = (transfer.from_group or "", transfer.to_group or "")
        rows.append((*groups, count, transfer.limit_s or "", limit_type, COST_CODES[transfer.cost], product))
    for name, fare in tariff.fares.items():
        if fare.transfers != 0:
            limit_type = "1" if fare.transfer_s else ""
            rows.append((name, name, fare.transfers or -1, fare.transfer_s or "", limit_type, "0", ""))
    columns = "from_leg_group_id to_leg_group_id transfer_count duration_limit duration_limit_type fare_transfer_type"
    return _table(f"{columns} fare_product_id", rows)


def _zone_losses(tariff: ZoneTariff) -> Iterator[Loss]:
    """Name what the files cannot say of this tariff."""
    if tariff.timeframes:
        yield Loss.TIMEFRAMES
    yield Loss.SOURCES
