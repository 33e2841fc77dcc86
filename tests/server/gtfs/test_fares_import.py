"""Fares of feeds, in both models: what they cost after the import is what the feed's own tables say."""

import csv
import io
import itertools
import random
import tempfile
import zipfile
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, strategies as st

from server.core.fares.pricing import price
from server.core.fares.reading import read_tariff
from server.core.fares.riding import Bill, FareRide
from server.core.fares.tariff import When, ZoneTariff
from server.gtfs.fares import ImportedFares, read_fares
from server.gtfs.problems import FeedError
from tests.server.core.fares.fare_cases import at
from tests.server.gtfs.fare_feeds import FIRST, SECOND
from tests.server.gtfs.schedule_feeds import TOWN, pack

Files = dict[str, str | bytes | None]


def imported(path: Path, files: Files) -> ImportedFares:
    found = read_fares(pack(path / "my town.zip", files))
    assert read_tariff(msgspec.json.encode(found.tariff)) == found.tariff
    return found


def costs(
    tariff: ZoneTariff,
    *hops: tuple[str, str],
    route: str = "R",
    rider_class: str = "adult",
    boarded: str = "2026-03-04 10:00",
) -> list[int] | None:
    """What each journey costs when the hops follow one another every twenty minutes; None without a price."""
    rides = [
        FareRide(
            ride_id=str(i),
            product="-",
            route_id=route,
            boarded_ms=at(boarded) + i * 1_200_000,
            alighted_ms=at(boarded) + i * 1_200_000 + 600_000,
            board_stop_id=origin,
            alight_stop_id=to,
        )
        for i, (origin, to) in enumerate(hops)
    ]
    result = price(tariff, rides, rider_class)
    return [journey.total_won for journey in result.journeys] if isinstance(result, Bill) else None


def problems(found: ImportedFares) -> list[tuple[str, int, str]]:
    return [(problem.file, problem.line, problem.code) for problem in found.problems.kept]


# -- the first model -------------------------------------------------------------------------------------------------------


def test_zones_and_cents(tmp_path: Path) -> None:
    found = imported(tmp_path, dict(FIRST))
    tariff = found.tariff
    assert (tariff.name, tariff.currency, tariff.minor_digits, tariff.timezone) == ("my-town", "EUR", 2, "Asia/Seoul")
    assert costs(tariff, ("A", "B")) == [250]
    assert costs(tariff, ("A", "C")) == [400]
    assert costs(tariff, ("A", "C"), route="X") is None
    assert costs(tariff, ("A", "D")) is None  # D is in no zone
    assert costs(tariff, ("A", "B"), ("B", "A")) == [250]
    assert costs(tariff, ("A", "B"), ("B", "A"), ("A", "B")) == [250, 250]
    assert len(found.problems) == 0
    assert found.rows["fare_rules.txt"] == 4


def test_a_fare_that_no_rule_names_holds_everywhere(tmp_path: Path) -> None:
    tariff = imported(tmp_path, {**FIRST, "fare_rules.txt": None}).tariff
    assert costs(tariff, ("A", "D"), route="X") == [250]


def test_rows_that_cannot_be_used_are_listed_and_left_out(tmp_path: Path) -> None:
    attributes = FIRST["fare_attributes.txt"] + (
        ",1,EUR,0,0,\nin,9,EUR,0,0,\ndollar,1,USD,0,0,\nless,-1,EUR,0,0,\nfine,1.005,EUR,0,0,\nodd,1,EUR,0,many,\n"
        "nan,NaN,EUR,0,0,\nword,free,EUR,0,0,\nover,99999999999,EUR,0,0,\n"
    )
    rules = FIRST["fare_rules.txt"] + "gone,R,inner,outer\nin,Q,inner,inner\nin,R,moon,inner\nin,R,inner,moon\n"
    found = imported(tmp_path, {**FIRST, "fare_attributes.txt": attributes, "fare_rules.txt": rules})
    assert problems(found) == [
        ("fare_attributes.txt", 4, "no_id"),
        ("fare_attributes.txt", 5, "repeated"),
        ("fare_attributes.txt", 6, "other_currency"),
        *(("fare_attributes.txt", line, "bad_number") for line in range(7, 13)),
        *(("fare_rules.txt", line, "unknown_id") for line in range(6, 10)),
    ]
    assert list(found.tariff.fares) == ["in", "out"]


def test_zones_on_the_way_cannot_be_told_from_two_ends(tmp_path: Path) -> None:
    rules = "fare_id,route_id,origin_id,destination_id,contains_id\nin,,inner,inner,\nout,R,,,inner\nout,R,,,outer\n"
    found = imported(tmp_path, {**FIRST, "fare_rules.txt": rules})
    assert problems(found) == [("fare_rules.txt", 3, "contains_zone"), ("fare_rules.txt", 4, "contains_zone")]
    assert costs(found.tariff, ("A", "C")) is None  # such a fare does not hold everywhere instead


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"fare_attributes.txt": None}, "missing_file"),
        ({"fare_attributes.txt": "fare_id,price,currency_type\nx,free,EUR\n", "fare_rules.txt": None}, "no_fares"),
        ({"fare_attributes.txt": "fare_id,price\nx,1\n"}, "missing_column"),
    ],
)
def test_a_feed_without_fares_is_refused(tmp_path: Path, files: Files, code: str) -> None:
    with pytest.raises(FeedError) as error:
        imported(tmp_path, {**FIRST, **files})
    assert error.value.code == code


# -- real feeds against their own tables -----------------------------------------------------------------------------------


def table(feed: zipfile.ZipFile, name: str) -> list[dict[str, str]]:
    if name not in feed.namelist():
        return []
    return list(csv.DictReader(io.TextIOWrapper(feed.open(name), "utf-8-sig")))


class OwnTables:
    """A feed's fares straight from its tables: the cheapest rule of a route between two stops."""

    def __init__(self, path: Path) -> None:
        with zipfile.ZipFile(path) as feed:
            prices = {row["fare_id"]: int(Decimal(row["price"])) for row in table(feed, "fare_attributes.txt")}
            self.rules: dict[tuple[str, str, str], int] = {}
            for row in table(feed, "fare_rules.txt"):
                key = (row["route_id"], row.get("origin_id") or "", row.get("destination_id") or "")
                self.rules[key] = min(prices[row["fare_id"]], self.rules.get(key, 10**9))
            self.rules = self.rules or {("", "", ""): min(prices.values())}
            self.zones = {row["stop_id"]: row.get("zone_id") or "" for row in table(feed, "stops.txt")}
            self.routes = [row["route_id"] for row in table(feed, "routes.txt")]
        self.stops: dict[str, list[str]] = {}
        for stop, zone in self.zones.items():
            self.stops.setdefault(zone, []).append(stop)

    def sample(self, rng: random.Random) -> tuple[str, str, str]:
        """A route and two stops for which there is a rule."""
        route, origin, to = rng.choice(list(self.rules))
        ends = [rng.choice(self.stops[zone] if zone else list(self.zones)) for zone in (origin, to)]
        return route or rng.choice(self.routes), ends[0], ends[1]

    def cheapest(self, route: str, a: str, b: str) -> int:
        keys = itertools.product({route, ""}, {self.zones[a], ""}, {self.zones[b], ""})
        return min(self.rules[key] for key in keys if key in self.rules)


@pytest.mark.shared
@pytest.mark.parametrize(
    "name",
    [
        "kitaena",
        "nagai_gunma",
        "nanto",
        "nara",
        "owariasahi",
        "tonami",
        "toyama_maidohaya",
        "toyama_yamada",
        "uozu",
    ],
)
def test_japanese_feeds_cost_what_their_tables_say(name: str, shared_dir: Path) -> None:
    path = shared_dir / "data" / "gtfs_jp_2019" / f"{name}.zip"
    tariff, own, rng = read_fares(path).tariff, OwnTables(path), random.Random(19)
    for _ in range(60):
        route, a, b = own.sample(rng)
        assert costs(tariff, (a, b), route=route) == [own.cheapest(route, a, b)], (route, a, b)


@pytest.mark.shared
def test_where_a_feed_has_no_fare_there_is_no_price(shared_dir: Path) -> None:
    path = shared_dir / "data" / "gtfs_jp_2019" / "kitaena.zip"
    tariff = read_fares(path).tariff
    with zipfile.ZipFile(path) as feed:
        ruled = {(row["route_id"], row["origin_id"]) for row in table(feed, "fare_rules.txt")}
        stops = [row["stop_id"] for row in table(feed, "stops.txt")]
    route = next(iter(ruled))[0]
    stranger = next(stop for stop in stops if (route, stop) not in ruled)
    assert costs(tariff, (stranger, stops[0]), route=route) is None


# -- the second model ------------------------------------------------------------------------------------------------------


def test_classes_areas_networks_times_and_transfers(tmp_path: Path) -> None:
    found = imported(tmp_path, dict(SECOND))
    tariff = found.tariff
    assert tariff.classes == ("adult", "child")
    assert tariff.networks == {"R": "bus", "S": "bus", "F": "ferry"}
    assert tariff.zones["A"] == ("centre",)  # from its station
    assert tariff.zones["B"] == ()
    assert tariff.empty == "any"
    assert costs(tariff, ("B", "C")) == [1500]
    assert costs(tariff, ("B", "C"), rider_class="child") == [700]
    assert costs(tariff, ("A", "C")) == [1500]
    assert costs(tariff, ("A", "C"), boarded="2026-03-04 08:00") == [2000]
    assert costs(tariff, ("A", "C"), boarded="2026-03-07 08:00") == [1500]  # a Saturday
    assert costs(tariff, ("B", "C"), ("C", "D"), ("D", "C")) == [1500]
    assert costs(tariff, ("B", "C"), route="F") == [3000]
    assert costs(tariff, ("B", "C"), route="F", rider_class="child") == [3000]  # no price of their own
    assert problems(found) == [("fare_products.txt", 5, "several_media")]


@pytest.mark.shared
def test_a_real_feed_of_the_second_model_costs_what_its_table_says(shared_dir: Path) -> None:
    path = shared_dir / "data" / "gtfs_static" / "transcollines_faresv2.zip"
    found = read_fares(path)
    with zipfile.ZipFile(path) as feed:
        prices = {row["fare_product_id"]: Decimal(row["amount"]) for row in table(feed, "fare_products.txt")}
        legs = {
            (row["network_id"], row["from_area_id"], row["to_area_id"]): prices[row["fare_product_id"]]
            for row in table(feed, "fare_leg_rules.txt")
        }
        areas = {row["stop_id"]: row["area_id"] for row in table(feed, "stop_areas.txt")}
        routes = {row["route_id"]: row["network_id"] for row in table(feed, "routes.txt")}
    rng = random.Random(4)
    for _ in range(200):
        a, b, route = rng.choice(list(areas)), rng.choice(list(areas)), rng.choice(list(routes))
        wanted = legs.get((routes[route], areas[a], areas[b]))
        assert costs(found.tariff, (a, b), route=route) == (None if wanted is None else [int(wanted * 100)])
    hop, route = (next(iter(areas)),) * 2, next(iter(routes))
    assert costs(found.tariff, hop, route=route) == [500]
    assert costs(found.tariff, hop, route=route, boarded="2026-12-24 10:00") is None  # its fares end in August


def test_without_priorities_an_empty_field_means_the_others(tmp_path: Path) -> None:
    rules = "network_id,from_area_id,fare_product_id\nbus,,single\n,,boat\n"
    files: Files = {**SECOND, "fare_leg_rules.txt": rules, "fare_transfer_rules.txt": None}
    tariff = imported(tmp_path, files).tariff
    assert tariff.empty == "others"
    assert costs(tariff, ("B", "C")) == [1500]
    assert costs(tariff, ("B", "C"), route="F") == [3000]


def test_without_categories_there_is_one_class(tmp_path: Path) -> None:
    files: Files = {
        **SECOND,
        "rider_categories.txt": None,
        "fare_products.txt": "fare_product_id,amount,currency\nsingle,1500,KRW\n",
        "fare_leg_rules.txt": "fare_product_id\nsingle\n",
        "fare_transfer_rules.txt": None,
    }
    assert imported(tmp_path, files).tariff.classes == ("adult",)


def test_days_of_a_timeframe(tmp_path: Path) -> None:
    files: Files = {
        **SECOND,
        "calendar_dates.txt": "service_id,date,exception_type\nW,20260101,2\nW,20260307,1\nH,20260308,1\n",
        "timeframes.txt": SECOND["timeframes.txt"]
        + "morning,,,H\nmorning,9,10,H\nmorning,,,gone\nmorning,10:00:00,09:00:00,W\n",
    }
    found = imported(tmp_path, files)
    assert found.tariff.timeframes["morning"] == (
        When(start="07:00:00", until="09:00:00", weekdays=(0, 1, 2, 3, 4), first="2026-01-01", last="2026-12-31"),
        When(start="07:00:00", until="09:00:00", first="2026-03-07", last="2026-03-07"),
        When(first="2026-03-08", last="2026-03-08"),
    )
    assert problems(found)[1:] == [
        ("timeframes.txt", 2, "removed_days"),
        ("timeframes.txt", 4, "bad_window"),
        ("timeframes.txt", 5, "unknown_id"),
        ("timeframes.txt", 6, "bad_window"),
    ]


def test_rows_of_the_second_model_that_cannot_be_used(tmp_path: Path) -> None:
    legs = SECOND["fare_leg_rules.txt"] + "x,bus,,,,gone,\nx,bus,,,,change,\nx,bus,,,evening,single,\n"
    transfers = SECOND["fare_transfer_rules.txt"] + "bus,bus,1,,,7,\nbus,bus,1,60,9,0,\nbus,bus,1,,,0,gone\n"
    files: Files = {
        **SECOND,
        "fare_products.txt": SECOND["fare_products.txt"] + "x,adult,,1,USD\nx,senior,,1,KRW\nx,adult,,1.5,KRW\n",
        "fare_leg_rules.txt": legs,
        "fare_transfer_rules.txt": transfers,
        "route_networks.txt": SECOND["route_networks.txt"] + "ferry,gone\n",
        "fare_leg_join_rules.txt": "from_network_id,to_network_id\nbus,bus\n",
    }
    assert sorted(problems(imported(tmp_path, files))) == [
        ("fare_leg_join_rules.txt", 2, "joined_legs"),
        ("fare_leg_rules.txt", 5, "unknown_id"),
        ("fare_leg_rules.txt", 6, "bad_number"),
        ("fare_leg_rules.txt", 7, "unknown_id"),
        ("fare_products.txt", 5, "several_media"),
        ("fare_products.txt", 8, "other_currency"),
        ("fare_products.txt", 9, "unknown_id"),
        ("fare_products.txt", 10, "bad_number"),
        ("fare_transfer_rules.txt", 4, "bad_transfer"),
        ("fare_transfer_rules.txt", 5, "bad_transfer"),
        ("fare_transfer_rules.txt", 6, "unknown_id"),
        ("route_networks.txt", 3, "unknown_id"),
    ]


def test_rows_without_an_id_are_listed(tmp_path: Path) -> None:
    files: Files = {
        **SECOND,
        "stops.txt": SECOND["stops.txt"] + ",마,37.27,127.0,,\n",
        "fare_products.txt": SECOND["fare_products.txt"] + ",adult,,1,KRW\n",
        "stop_areas.txt": SECOND["stop_areas.txt"] + ",A\n",
        "timeframes.txt": SECOND["timeframes.txt"] + ",,,W\n",
    }
    found = problems(imported(tmp_path, files))
    assert {file for file, _, code in found if code == "no_id"} == {
        "stops.txt",
        "fare_products.txt",
        "stop_areas.txt",
        "timeframes.txt",
    }


def test_a_currency_that_is_none_is_no_currency_of_the_feed(tmp_path: Path) -> None:
    attributes = "fare_id,price,currency_type\nodd,1,euro\nfine,2,EUR\n"
    found = imported(tmp_path, {**FIRST, "fare_attributes.txt": attributes, "fare_rules.txt": None})
    assert problems(found) == [("fare_attributes.txt", 2, "other_currency")]
    assert (found.tariff.currency, list(found.tariff.fares)) == ("EUR", ["fine"])


def test_the_town_has_no_fares(tmp_path: Path) -> None:
    with pytest.raises(FeedError):
        read_fares(pack(tmp_path / "feed.zip", dict(TOWN)))


# -- broken feeds ------------------------------------------------------------------------------------------------------------


@given(st.sampled_from([FIRST, SECOND]), st.data())
def test_a_broken_feed_is_refused_or_leaves_rows_out(model: dict[str, str], data: st.DataObject) -> None:
    """Anything may stand in any field of any fare file; what comes of it is a tariff that can be read, or a FeedError."""
    name = data.draw(st.sampled_from(sorted(model)))
    lines = model[name].splitlines()
    at_line = data.draw(st.integers(0, len(lines) - 1))
    fields = lines[at_line].split(",")
    fields[data.draw(st.integers(0, len(fields) - 1))] = data.draw(
        st.sampled_from(
            ["", "-1", "x", "999999999999", "NaN", "25:00:00", "single", '"', "x" * 300, "\x00", "1e5", "７"]
        )
    )
    lines[at_line] = ",".join(fields)
    with tempfile.TemporaryDirectory() as folder:
        feed = pack(Path(folder) / "feed.zip", {**model, name: "\n".join(lines) + "\n"})
        try:
            found = read_fares(feed)
        except FeedError:
            return
    assert read_tariff(msgspec.json.encode(found.tariff)) == found.tariff
