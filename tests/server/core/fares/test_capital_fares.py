"""The fares of the capital area: published examples, and every rule at its edges."""

import csv
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from server.core.fares.pricing import price
from server.core.fares.riding import Bill, FareRide, Owed, Rule, Unpriced, Why
from tests.server.core.fares.fare_cases import at, bill, capital, ride, taps, totals

GENERAL, EXPRESS, SUWON = "GG_GENERAL", "GG_EXPRESS", "GG_VILLAGE_SUWON"
TRUNK, VILLAGE, METRO, NIGHT, WIDE = "SE_TRUNK", "SE_VILLAGE", "METRO", "SE_NIGHT", "SE_WIDE"


def general(km: float, boarded: str = "2025-11-03 10:00", alighted: str = "2025-11-03 11:00") -> list[FareRide]:
    return [ride(GENERAL, boarded, alighted, km=km, pricing="distance")]


def two(gap: str, alighted: str) -> list[FareRide]:
    """Two rides on two routes: the first ends at `alighted`, the second begins at `gap`."""
    return [ride(GENERAL, "05:00", alighted, route="1"), ride(GENERAL, gap, None, route="2")]


VECTORS: dict[str, Callable[[], list[FareRide]]] = {
    "S01": lambda: [ride(GENERAL, "10:00", "11:00", km=23.4, pricing="flat")],
    "S02": lambda: general(10.0),
    "S03": lambda: general(10.1),
    "S04": lambda: general(15.0),
    "S06": lambda: general(40.0),
    "S08": lambda: general(12.0),
    "S10": lambda: [ride(EXPRESS, "10:00", "11:00", km=30.0)],
    "S11": lambda: [ride(EXPRESS, "10:00", "11:00", km=41.0)],
    "S13": lambda: [ride(EXPRESS, "10:00", "11:00", km=33.0)],
    "S15": lambda: general(12.0, "2025-10-24 22:00", "2025-10-24 22:40"),
    "S17": lambda: general(12.0, "2025-10-25 06:45", "2025-10-25 07:20"),
    "S18": lambda: [ride(NIGHT, "2023-08-12 02:30", "2023-08-12 02:50", km=5.0)],
    "S20": lambda: [ride(TRUNK, "10:00", "11:00", km=25.0)],
    "S21": lambda: [ride(METRO, "10:00", "10:30", km=12.0)],
    "T01": lambda: [ride(GENERAL, "10:00", "10:15", km=4.0), ride(METRO, "10:27", "10:40", km=5.0)],
    "T03": lambda: [ride(SUWON, "10:00", "10:10", km=2.0), ride(EXPRESS, "10:15", "11:00", km=26.0)],
    "T05": lambda: [
        ride(GENERAL, "10:00", "10:20", km=6.0, route="1"),
        ride(GENERAL, "10:25", "10:50", km=7.0, route="2"),
    ],
    "T07": lambda: [ride(EXPRESS, "10:00", "11:00", km=28.0), ride(TRUNK, "11:05", "11:25", km=6.0)],
    "T08": lambda: [ride(TRUNK, "10:00", "10:20", km=5.0), ride(VILLAGE, "10:25", "10:35", km=2.0)],
    "W01": lambda: two("14:30:00", "14:00:00"),
    "W03": lambda: two("21:59:00", "21:00:00"),
    "W05": lambda: two("07:44:59", "06:59:59"),
    "R01": lambda: [ride(GENERAL, "10:00", "10:20"), ride(GENERAL, "10:30", "10:50")],
    "R02": lambda: [ride(GENERAL, f"10:{m:02}", f"10:{m + 5:02}", km=2.0, route=str(m)) for m in (0, 10, 20, 30, 40)],
    "R04": lambda: [ride(GENERAL, "10:00"), ride(METRO, "10:20", "10:40", km=5.0)],
}
"""The rides that each published case describes."""


@pytest.mark.shared
def test_every_published_journey(shared_dir: Path) -> None:
    with (shared_dir / "fares" / "vectors.csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) >= 25
    for row in rows:
        rides = VECTORS[row["id"]]()
        wanted = [int(part) for part in row["per_journey_won"].split(" + ")]
        assert totals(rides, row["rider"]) == wanted, row
        assert bill(rides, row["rider"]).total_won == int(row["total_won"]), row


# -- worked taps ---------------------------------------------------------------------------------------------------------


def test_a_discount_taken_back_the_next_day() -> None:
    rides = [
        ride(METRO, "2023-04-10 08:00", "2023-04-10 08:20", km=6.0),
        ride(SUWON, "2023-04-10 08:30"),
        ride(GENERAL, "2023-04-11 08:00", "2023-04-11 08:20"),
    ]
    assert taps(rides, "teen") == [720, 0, 230, 1730, 0]
    back = bill(rides, "teen").journeys[1].increments[0]
    assert {part.rule: part.won for part in back.parts} == {Rule.BASE: 1010, Rule.NO_EXIT_TRANSFER: 720}


def test_a_transfer_that_cost_nothing_is_taken_back_whole() -> None:
    rides = [ride(METRO, "10:00", "10:20"), ride(TRUNK, "10:30", route="1"), ride(TRUNK, "18:00", route="2")]
    assert taps(rides) == [1550, 0, 0, 3000]


@pytest.mark.parametrize(
    ("route_km", "rider_class", "asked"),
    [
        (18, "adult", 1850),  # two started steps beyond 10 km
        (10, "adult", 1650),
        (39.9, "adult", 2250),
        (40, "adult", 2350),  # printed: from 40 km on 700
        (90, "adult", 2350),
        (40, "teen", 1160 + 560),
        (40, "child", 830 + 350),
        (None, "adult", 1650),  # what is not known is not charged
    ],
)
def test_a_missing_exit_on_a_distance_route_costs_its_longest_ride(
    route_km: float | None, rider_class: str, asked: int
) -> None:
    rides = [ride(GENERAL, "10:00", pricing="distance", route_km=route_km), ride(GENERAL, "18:00", route="other")]
    first, second = bill(rides, rider_class).journeys
    assert first.total_won == {"adult": 1650, "teen": 1160, "child": 830}[rider_class]
    assert second.increments[0].won == asked
    assert Rule.NO_EXIT_DISTANCE in second.increments[0].rules


def test_a_long_base_moves_the_ceiling_of_a_missing_exit() -> None:
    short, long = ([ride(EXPRESS, "10:00", route_km=route_km), ride(TRUNK, "18:00")] for route_km in (40, 60))
    assert taps(short) == [3200, 1500 + 200]
    assert taps(long) == [3200, 1500 + 700]


def test_what_is_owed_is_said_and_carried_on() -> None:
    first = bill([ride(GENERAL, "10:00", pricing="distance", route_km=18)])
    assert first.owed == Owed(200, Rule.NO_EXIT_DISTANCE)
    later = price(capital(), [ride(METRO, "2025-11-05 10:00")], "adult", owed=first.owed)
    assert isinstance(later, Bill)
    assert later.total_won == 1750
    assert later.owed == Owed(0, Rule.NO_EXIT_DISTANCE)  # a metro ride whose route is not known


def test_a_flat_ride_without_an_exit_owes_nothing() -> None:
    rides = [ride(TRUNK, "10:00"), ride(METRO, "10:10", "10:30")]
    assert taps(rides) == [1500, 1550, 0]
    assert bill(rides[:1]).owed == Owed(0, Rule.NO_EXIT_FLAT)
    assert Rule.KNOWN_EXIT in bill(rides).journeys[1].increments[0].rules


def test_cash_does_not_join_and_pays_no_debt() -> None:
    assert taps([ride(GENERAL, "10:00", "10:10", medium="cash"), ride(METRO, "10:20", "10:40")]) == [1700, 0, 1550, 0]
    debt = [
        ride(GENERAL, "10:00", pricing="distance", route_km=18),
        ride(TRUNK, "11:00", medium="cash"),
        ride(TRUNK, "12:00"),
    ]
    assert taps(debt) == [1650, 1500, 1700]


def test_the_card_does_not_see_a_ride_for_cash_between_two_of_its_own() -> None:
    rides = [
        ride(GENERAL, "10:00", "10:10"),
        ride(TRUNK, "10:12", "10:20", medium="cash"),
        ride(METRO, "10:25", "10:40"),
    ]
    assert totals(rides) == [1650, 1500]
    assert [journey.rides for journey in bill(rides).journeys] == [("10:00", "10:25"), ("10:12",)]


def test_cash_is_early_for_nobody_and_a_metro_ticket_goes_by_distance() -> None:
    assert taps([ride(TRUNK, "06:00", "06:20", medium="cash")]) == [1500, 0]
    assert taps([ride(METRO, "10:00", "10:40", km=12, medium="cash")]) == [1650, 100]
    assert taps([ride(GENERAL, "10:00", "10:40", km=23, pricing="distance", medium="cash")]) == [1700, 0]


def test_cash_that_nobody_printed_has_no_price() -> None:
    result = price(capital(), [ride(GENERAL, "10:00", medium="cash")], "teen")
    assert isinstance(result, Unpriced)
    assert result.why is Why.NO_CASH_FARE
    assert result.values == {"product": GENERAL, "rider_class": "teen", "since": "2025-10-25"}


def test_children_under_six_ride_free_beside_an_adult() -> None:
    assert taps([ride(GENERAL, "10:00", "10:20")]) == [1650, 0]
    free = bill([ride(GENERAL, "10:00", "10:20"), ride(METRO, "10:30")], "infant")
    assert free.total_won == 0
    assert [tap.rules for journey in free.journeys for tap in journey.increments] == [(Rule.COMPANION,)] * 3
    companions = capital().companions
    assert companions is not None
    assert companions.per_payer == 3


# -- surcharges ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("product", "km", "rider_class", "won"),
    [
        (GENERAL, 0.0, "adult", 1650),
        (GENERAL, 15.001, "adult", 1850),
        (GENERAL, 45.0, "adult", 2350),
        (GENERAL, 45.1, "adult", 2350),  # the ceiling of seven steps
        (GENERAL, 200.0, "teen", 1160 + 560),
        (GENERAL, 200.0, "child", 830 + 350),
        ("GG_SEAT", 30.001, "adult", 2750),
        ("GG_LOOP", 36.0, "child", 1830),
        (EXPRESS, 300.0, "adult", 3900),
        (WIDE, 80.0, "adult", 3000),  # flat
        (NIGHT, 80.0, "adult", 2500),
        ("SE_CIRC", 30.0, "adult", 1400),
        (METRO, 50.0, "adult", 2350),  # 1550 + 8 · 100
        (METRO, 50.001, "adult", 2450),
        (METRO, 58.0, "adult", 2450),
        (METRO, 58.001, "adult", 2550),
        (METRO, 58.001, "teen", 900 + 800),
        (METRO, 120.0, "adult", 1550 + 800 + 900),
    ],
)
def test_a_ride_alone(product: str, km: float, rider_class: str, won: int) -> None:
    one = bill([ride(product, "10:00", "11:00", km=km, pricing="distance")], rider_class)
    assert one.total_won == won


def test_the_route_says_flat_or_distance_only_where_its_product_lets_it() -> None:
    assert totals([ride(GENERAL, "10:00", "11:00", km=23)]) == [1650]
    assert totals([ride(TRUNK, "10:00", "11:00", km=23, pricing="distance")]) == [1500]
    assert totals([ride(EXPRESS, "10:00", "11:00", km=33, pricing="flat")]) == [3300]


def test_metres_that_are_not_known_are_not_charged() -> None:
    unknown = FareRide("a", METRO, "2", at("10:00"), at("10:30"))
    assert taps([unknown]) == [1550, 0]


# -- journeys ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("products", "kms", "won"),
    [
        ((GENERAL, METRO), (4.0, 5.0), 1650),
        ((TRUNK, METRO), (8.0, 2.001), 1650),  # 10.001 km: one started step on 1550
        ((TRUNK, TRUNK), (9.0, 6.0), 1600),
        ((NIGHT, METRO), (9.0, 7.0), 2700),  # 10 km for a night bus
        ((WIDE, METRO), (9.0, 21.0), 3000),  # 30 km with a wide-area bus
        ((METRO, WIDE), (25.0, 5.001), 3100),
        ((METRO, "GG_LOOP"), (40.0, 5.0), 3450 + 300),
        (("GG_SEAT", EXPRESS, METRO), (12.0, 12.0, 12.0), 3200 + 200),
        ((TRUNK, VILLAGE), (60.0, 1.0), 1500 + 1100),
        ((VILLAGE, VILLAGE), (200.0, 1.0), 2400),  # never dearer than the rides one by one
        ((METRO, TRUNK), (60.0, 5.0), 1550 + 1100),  # joined journeys know no steps of 8 km
    ],
)
def test_a_journey(products: tuple[str, ...], kms: tuple[float, ...], won: int) -> None:
    rides = [
        ride(product, f"{10 + i}:00", f"{10 + i}:40", km=km, route=str(i))
        for i, (product, km) in enumerate(zip(products, kms, strict=True))
    ]
    assert totals(rides) == [won]


def test_the_steps_ridden_on_a_flat_bus_count_once_the_journey_goes_on() -> None:
    rides = [ride(TRUNK, "10:00", "10:40", km=23.0), ride(VILLAGE, "10:50", "11:00", km=1.0)]
    assert taps(rides) == [1500, 0, 300, 0]


def test_a_longer_base_distance_gives_steps_back_to_the_journey() -> None:
    rides = [ride(METRO, "10:00", "10:40", km=23.0), ride(EXPRESS, "10:50", "11:30", km=5.0)]
    assert taps(rides) == [1550, 300, 1350, 0]
    assert {part.rule: part.won for part in bill(rides).journeys[0].increments[2].parts} == {
        Rule.BASE: 1650,
        Rule.STEPS: -300,
    }


def test_five_rides_are_one_journey_and_the_sixth_begins_another() -> None:
    rides = [ride(TRUNK, f"10:{m:02}", f"10:{m + 5:02}", route=str(m)) for m in (0, 8, 16, 24, 32, 40, 48)]
    assert totals(rides) == [1500, 1500]
    begun = bill(rides).journeys[1]
    assert begun.rides == ("10:40", "10:48")
    assert Rule.TRANSFERS in begun.increments[0].rules


@pytest.mark.parametrize(
    ("scope", "there_and_back"), [("consecutive", [1500]), ("journey", [1500, 1500]), ("allowed", [1500])]
)
def test_the_same_route_by_setting(scope: str, there_and_back: list[int]) -> None:
    tariff = capital()
    assert tariff.transfer is not None
    changed = msgspec.structs.replace(tariff, transfer=msgspec.structs.replace(tariff.transfer, same_route=scope))
    back = [ride(TRUNK, f"10:{m:02}", f"10:{m + 5:02}", route=route) for m, route in ((0, "1"), (10, "2"), (20, "1"))]
    assert totals(back, tariff=changed) == there_and_back
    twice = [back[0], ride(TRUNK, "10:10", "10:15", route="1")]
    assert totals(twice, tariff=changed) == ([1500] if scope == "allowed" else [1500, 1500])
    if scope != "allowed":
        assert Rule.SAME_ROUTE in bill(twice, tariff=changed).journeys[1].increments[0].rules


@pytest.mark.parametrize(
    ("alighted", "boarded", "joined"),
    [
        ("14:00:00", "14:30:00", True),
        ("14:00:00", "14:30:01", False),
        ("20:59:59", "21:29:59", True),
        ("20:59:59", "21:30:00", False),  # the alighting decides, not the boarding
        ("21:00:00", "22:00:00", True),
        ("21:00:00", "22:00:01", False),
        ("23:50:00", "2025-11-04 00:50:00", True),
        ("06:59:59", "07:59:59", True),
        ("07:00:00", "07:30:00", True),
        ("07:00:00", "07:30:01", False),
        ("14:00:00", "14:00:00", True),
        ("14:00:00", "13:59:59", False),  # before the exit there is no transfer
    ],
)
def test_the_transfer_window(alighted: str, boarded: str, *, joined: bool) -> None:
    rides = [ride(GENERAL, "05:00", alighted, route="1"), ride(METRO, boarded, route="2")]
    assert len(totals(rides)) == (1 if joined else 2)


def test_whether_seven_is_night_is_a_setting() -> None:
    tariff = capital()
    assert tariff.transfer is not None
    late = msgspec.structs.replace(tariff.transfer, night_until_included=True)
    rides = [ride(GENERAL, "05:00", "07:00:00", route="1"), ride(METRO, "07:45", route="2")]
    assert totals(rides, tariff=msgspec.structs.replace(tariff, transfer=late)) == [1650]
    assert totals(rides) == [1650, 1550]
    noon = msgspec.structs.replace(tariff.transfer, night_from="12:00", night_until="13:00")
    midday = [ride(GENERAL, "05:00", "12:30", route="1"), ride(METRO, "13:20", route="2")]
    assert totals(midday, tariff=msgspec.structs.replace(tariff, transfer=noon)) == [1650]
    assert totals(midday) == [1650, 1550]


# -- dates ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("product", "boarded", "won"),
    [
        (GENERAL, "2025-10-25 03:59:59", 1450),  # the service day begins at four
        (GENERAL, "2025-10-25 07:00:00", 1650),
        (TRUNK, "2023-08-12 02:59:59", 1200),  # an instant, where the notice gave one
        (TRUNK, "2023-08-12 03:00:00", 1500),
        (NIGHT, "2023-08-12 03:00:00", 2500),
        (METRO, "2023-10-07 03:59:00", 1250),
        (METRO, "2023-10-07 12:00:00", 1400),
        (METRO, "2025-06-28 12:00:00", 1550),
        (EXPRESS, "2019-09-28 12:00:00", 2800),
        (SUWON, "2024-01-01 12:00:00", 1450),
    ],
)
def test_the_table_in_force_at_boarding(product: str, boarded: str, won: int) -> None:
    assert totals([ride(product, boarded)]) == [won]


def test_a_journey_over_a_rise_takes_each_base_from_its_own_boarding() -> None:
    rides = [
        ride(GENERAL, "2025-10-25 03:30", "2025-10-25 03:50", route="1"),
        ride(GENERAL, "2025-10-25 04:10", "2025-10-25 04:20", route="2"),
    ]
    assert taps(rides) == [1450, 0, 200, 0]
    assert bill(rides).journeys[0].increments[2].basis == ("GG_GENERAL@2019-09-28", "GG_GENERAL@2025-10-25")


def test_before_the_first_table_there_is_no_price() -> None:
    result = price(capital(), [ride(VILLAGE, "2020-01-01 12:00")], "adult")
    assert isinstance(result, Unpriced)
    assert result.why is Why.BEFORE_FIRST_VERSION


# -- early bird ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("product", "boarded", "rider_class", "won"),
    [
        (TRUNK, "06:00", "adult", 1200),
        (TRUNK, "06:29:59", "teen", 720),
        (TRUNK, "06:30:00", "adult", 1500),
        (TRUNK, "05:00", "child", 440),
        (METRO, "06:00", "adult", 1240),
        (METRO, "06:00", "teen", 720),
        (METRO, "04:00", "adult", 1240),
        (METRO, "03:59", "adult", 1550),  # the end of the day before, not early
        ("SE_CIRC", "06:00", "adult", 1120),
        (WIDE, "06:00", "adult", 2400),
        (VILLAGE, "06:00", "adult", 960),
        (GENERAL, "06:00", "adult", 1650),  # amounts after the rise are not known
        (GENERAL, "2025-10-24 06:00", "adult", 1250),
        ("GG_SEAT", "2025-10-24 06:00", "adult", 2050),
        (EXPRESS, "2025-10-24 06:00", "adult", 2400),
        ("GG_LOOP", "2025-10-24 06:00", "adult", 2600),
        (GENERAL, "2025-10-24 06:00", "teen", 1010),
        (METRO, "2020-01-02 06:00", "teen", 580),  # 576, rounded to ten
    ],
)
def test_early_birds(product: str, boarded: str, rider_class: str, won: int) -> None:
    one = bill([ride(product, boarded)], rider_class)
    assert one.total_won == won
    early = {Rule.EARLY_SHARE, Rule.EARLY_FIXED} & set(one.journeys[0].increments[0].rules)
    assert bool(early) == (sum(part.won for part in one.journeys[0].increments[0].parts[1:]) < 0)


def test_the_discount_of_the_first_ride_stays_after_a_transfer() -> None:
    assert taps([ride(TRUNK, "06:00", "06:20"), ride(METRO, "06:40", "07:00")]) == [1200, 0, 50, 0]
    assert taps([ride(TRUNK, "06:10", "06:20"), ride(METRO, "06:25", "07:00")]) == [1200, 0, 50, 0]


def test_a_later_ride_before_half_past_six_is_no_first_ride() -> None:
    old = [ride(GENERAL, "2025-10-25 05:30", "2025-10-25 05:40"), ride(METRO, "2025-10-25 05:50")]
    assert totals(old) == [1650]


# -- what cannot be priced -----------------------------------------------------------------------------------------------


def test_what_is_wrong_is_said() -> None:
    def why(rides: list[FareRide], rider_class: str = "adult") -> tuple[Why, str]:
        result = price(capital(), rides, rider_class)
        assert isinstance(result, Unpriced)
        return result.why, result.ride_id

    good = ride(TRUNK, "10:00", "10:20")
    assert why([good, ride("TRAM", "11:00")]) == (Why.UNKNOWN_PRODUCT, "11:00")
    assert why([good], "senior") == (Why.UNKNOWN_CLASS, "10:00")
    assert why([ride(TRUNK, "10:00", "09:59:59")]) == (Why.ALIGHTED_BEFORE_BOARDING, "10:00")
    assert why([good, good]) == (Why.SAME_RIDE_TWICE, "10:00")


def test_no_rides_cost_nothing() -> None:
    assert bill([]) == Bill("kr-capital@1", 0, ())
