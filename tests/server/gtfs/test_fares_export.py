"""Tariffs written as GTFS-Fares v2: what comes back costs the same, and what cannot come back is named."""

import csv
import io
import random
from pathlib import Path

import msgspec
import pytest

from server.core.fares.tariff import ProductTariff, When, ZoneFare, ZoneRule, ZoneTariff, ZoneTransfer
from server.gtfs.fares import read_fares
from server.gtfs.fares_export import export_fares
from server.tariff_presets import load_tariff
from tests.server.core.fares.fare_cases import capital, example_zones
from tests.server.gtfs.fare_feeds import FIRST
from tests.server.gtfs.schedule_feeds import TOWN, pack
from tests.server.gtfs.test_fares_import import costs


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def round_trip(tariff: ZoneTariff, folder: Path, stops: str | None = None, routes: str | None = None) -> ZoneTariff:
    """Write a tariff into the town's feed and read it again."""
    files: dict[str, str | bytes | None] = {**TOWN, **export_fares(tariff).files}
    calendar = TOWN["calendar.txt"] + export_fares(tariff).files.get("calendar.txt", "\n").split("\n", 1)[1]
    files |= {
        "calendar.txt": calendar,
        "stops.txt": stops or TOWN["stops.txt"],
        "routes.txt": routes or TOWN["routes.txt"],
    }
    return read_fares(pack(folder / "again.zip", files)).tariff


def test_fares_between_zones_come_back(tmp_path: Path) -> None:
    first = read_fares(pack(tmp_path / "first.zip", dict(FIRST))).tariff
    again = round_trip(first, tmp_path, FIRST["stops.txt"])
    for hops in ([("A", "B")], [("A", "C")], [("C", "B")], [("A", "B"), ("B", "A")], [("A", "B")] * 3):
        assert costs(again, *hops) == costs(first, *hops), hops
    assert costs(again, ("A", "D")) is None
    assert export_fares(first).losses == ("sources",)


@pytest.mark.shared
def test_a_real_table_of_pairs_comes_back(tmp_path: Path, shared_dir: Path) -> None:
    first = read_fares(shared_dir / "data" / "gtfs_jp_2019" / "kitaena.zip").tariff
    stops = "stop_id,stop_name,stop_lat,stop_lon\n" + "".join(f"{stop},x,35.5,137.5\n" for stop in first.zones)
    networks = sorted({network for rule in first.rules for network in rule.networks})
    routes = "route_id,route_short_name,route_type\n" + "".join(f"{route},x,3\n" for route in networks)
    again = round_trip(first, tmp_path, stops, routes)
    assert export_fares(first).files["fare_leg_rules.txt"].count("\n") == 12_440
    chosen = random.Random(7).sample(list(first.rules), 40)
    for rule in chosen:
        hop = (rule.origins[0], rule.destinations[0])
        assert costs(again, hop, route=rule.networks[0]) == costs(first, hop, route=rule.networks[0])


@pytest.mark.shared
def test_a_real_feed_of_the_second_model_comes_back(tmp_path: Path, shared_dir: Path) -> None:
    first = read_fares(shared_dir / "data" / "gtfs_static" / "transcollines_faresv2.zip").tariff
    stops = "stop_id,stop_name,stop_lat,stop_lon\n" + "".join(f"{stop},x,45.5,-75.7\n" for stop in first.zones)
    routes = "route_id,route_short_name,route_type\n" + "".join(f"{route},x,3\n" for route in first.networks)
    again = round_trip(first, tmp_path, stops, routes)
    rng = random.Random(3)
    for _ in range(60):
        hop, route = (rng.choice(list(first.zones)), rng.choice(list(first.zones))), rng.choice(list(first.networks))
        assert costs(again, hop, route=route) == costs(first, hop, route=route)


def test_transfers_and_networks_come_back(tmp_path: Path) -> None:
    tariff = msgspec.structs.replace(
        example_zones(),
        classes=("adult",),
        fares={"bus": ZoneFare(won={"adult": 100}), "boat": ZoneFare(won={"adult": 300}, transfers=None)},
        rules=(
            ZoneRule(fare="bus", networks=("bus",), group="bus"),
            ZoneRule(fare="boat", networks=("boat",), boarded="x"),
            ZoneRule(fare="boat", networks=("night boat",), alighted="late"),
        ),
        zones={},
        networks={"R": "bus"},
        timeframes={
            "x": (When(),),
            "late": (When(start="22:00:00", weekdays=(4, 5)), When(first="2026-12-31", last="2026-12-31")),
        },
        transfers=(
            ZoneTransfer(cost="all", won={"adult": -30}, from_group="bus", to_group="bus", limit_s=3600, count=2),
            ZoneTransfer(cost="transfer", from_group="bus", limit_s=60, limit_from="alighting"),
        ),
        empty="others",
    )
    export = export_fares(tariff)
    assert export.losses == ("timeframes", "sources")
    routes = "route_id,route_short_name,route_type\nR,1,3\nboat,2,4\nnight boat,3,4\n"
    again = round_trip(tariff, tmp_path, routes=routes)
    assert costs(again, ("A", "B"), ("B", "C"), ("C", "D"), ("D", "A")) == [100 + 70 + 70, 100]
    assert again.transfers[:2] == tariff.transfers
    assert again.timeframes["late"][0].weekdays == (4, 5)
    assert costs(again, ("A", "B"), route="night boat", boarded="2026-03-06 22:00") == [300]
    assert costs(again, ("A", "B"), route="night boat", boarded="2026-03-05 22:00") is None
    assert costs(again, ("A", "B"), route="night boat", boarded="2026-12-31 08:00") == [300]
    assert again.transfers[2].count == -1  # a boat ticket that is good for ever


def test_base_fares_and_dearer_transfers_of_the_capital_area() -> None:
    export = export_fares(capital())
    products = rows(export.files["fare_products.txt"])
    adult = {row["fare_product_id"]: row["amount"] for row in products if row["rider_category_id"] == "adult"}
    assert (adult["GG_GENERAL>GG_EXPRESS"], adult["SE_TRUNK>METRO"]) == ("1550", "50")
    card = {row["fare_product_id"]: row["amount"] for row in products if row["fare_media_id"] == "card"}
    assert card["METRO"] == "550"  # the last class written, a child
    transfers = {
        (row["from_leg_group_id"], row["to_leg_group_id"]): row for row in rows(export.files["fare_transfer_rules.txt"])
    }
    assert len(transfers) == len(capital().products) ** 2
    assert transfers["GG_EXPRESS", "METRO"]["fare_product_id"] == ""
    assert transfers["METRO", "METRO"]["transfer_count"] == "4"
    assert {row["duration_limit"] for row in transfers.values()} == {"1800"}
    assert set(export.losses) >= {"distance", "highest_base", "night_window", "earlier_fares", "missing_exit"}


def test_a_flat_city_loses_little() -> None:
    flat = load_tariff("flat-example")
    assert isinstance(flat, ProductTariff)
    losses = export_fares(flat).losses
    assert "distance" not in losses
    assert "same_route" not in losses
    alone = export_fares(msgspec.structs.replace(flat, transfer=None))
    assert alone.losses == ("route_networks", "sources")
    assert rows(alone.files["fare_transfer_rules.txt"]) == []
