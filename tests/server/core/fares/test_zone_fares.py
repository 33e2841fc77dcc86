"""Fares between places: the least at boarding, the rest at the exit, transfers of both feed models."""

from typing import Any

import msgspec
import pytest

from server.core.fares.pricing import price
from server.core.fares.riding import Bill, FareRide, Owed, Rule, Unpriced, Why
from server.core.fares.tariff import When, ZoneFare, ZoneRule, ZoneTariff, ZoneTransfer
from tests.server.core.fares.fare_cases import at, bill, example_zones


def hop(origin: str | None, to: str | None, boarded: str, alighted: str | None = None, route: str = "1") -> FareRide:
    """A ride from stop to stop."""
    return FareRide(
        ride_id=boarded,
        product="-",
        route_id=route,
        boarded_ms=at(boarded),
        alighted_ms=None if alighted is None else at(alighted),
        board_stop_id=origin,
        alight_stop_id=to,
    )


def taps(rides: list[FareRide], tariff: ZoneTariff, rider_class: str = "adult") -> list[list[int]]:
    """What the taps of each journey ask for."""
    return [[tap.won for tap in journey.increments] for journey in bill(rides, rider_class, tariff).journeys]


def changed(**fields: Any) -> ZoneTariff:
    """The example with something else in it."""
    return msgspec.structs.replace(example_zones(), **fields)


def test_the_least_fare_is_asked_for_first_and_the_rest_when_the_exit_is_known() -> None:
    tariff = example_zones()
    assert taps([hop("station", "harbour", "10:00", "10:30")], tariff) == [[1500, 900]]
    assert taps([hop("station", "market", "10:00", "10:10")], tariff) == [[1500, 0]]
    assert taps([hop("station", "harbour", "10:00", "10:30")], tariff, "child") == [[700, 500]]
    first = bill([hop("station", "harbour", "10:00", "10:30")], tariff=tariff).journeys[0].increments
    assert first[0].rules == (Rule.LEAST_FIRST,)
    assert first[1].rules == (Rule.BETWEEN_PLACES,)
    assert first[1].basis == ("zone-example/to-the-coast",)


def test_an_exit_that_is_not_known_costs_no_more() -> None:
    tariff = example_zones()
    assert taps([hop("station", None, "10:00")], tariff) == [[1500]]
    assert taps([hop("station", None, "10:00", "10:30")], tariff) == [[1500, 0]]
    assert taps([hop("station", None, "10:00"), hop("market", "station", "10:20", "10:30")], tariff) == [
        [1500],
        [1500, 0],
    ]


def test_a_debt_is_asked_for_at_the_next_boarding() -> None:
    result = price(example_zones(), [hop("station", None, "10:00")], "adult", owed=Owed(300, Rule.NO_EXIT_DISTANCE))
    assert isinstance(result, Bill)
    assert result.total_won == 1800
    assert result.owed == Owed()


def test_a_fare_may_be_good_for_another_ride() -> None:
    """`transfers` 1 within an hour of the first boarding, on the same fare."""
    tariff = example_zones()
    first, second = hop("station", "market", "10:00", "10:10"), hop("market", "station", "10:30", "10:40")
    assert taps([first, second], tariff) == [[1500, 0, 0, 0]]
    assert taps([first, second, hop("station", "market", "10:45", "10:50")], tariff) == [[1500, 0, 0, 0], [1500, 0]]
    assert taps([first, hop("market", "station", "11:00:00", "11:10")], tariff) == [[1500, 0, 0, 0]]
    assert taps([first, hop("market", "station", "11:00:01", "11:10")], tariff) == [[1500, 0], [1500, 0]]
    assert taps([first, hop("market", "harbour", "10:30", "10:50")], tariff) == [[1500, 0], [0, 2400]]
    assert taps([first, hop("market", None, "10:30")], tariff) == [[1500, 0, 0]]


def test_a_fare_may_be_good_without_an_end() -> None:
    tariff = changed(
        fares={"all": ZoneFare(won={"adult": 500, "child": 0}, transfers=None)}, rules=(ZoneRule(fare="all"),)
    )
    rides = [hop("a", "b", f"{hour}:00", f"{hour}:10") for hour in range(10, 18)]
    assert taps(rides, tariff) == [[500] + [0] * 15]


def test_of_several_fares_the_cheapest_and_before_it_the_one_with_priority() -> None:
    fares = {"a": ZoneFare(won={"adult": 300}), "b": ZoneFare(won={"adult": 200}), "c": ZoneFare(won={"adult": 250})}
    rules = (ZoneRule(fare="a"), ZoneRule(fare="b", networks=("1",)), ZoneRule(fare="c", networks=("1",)))
    tariff = changed(classes=("adult",), fares=fares, rules=rules)
    assert taps([hop("x", "y", "10:00", "10:10")], tariff) == [[200, 0]]
    assert taps([hop("x", "y", "10:00", "10:10", route="2")], tariff) == [[300, 0]]
    first = changed(classes=("adult",), fares=fares, rules=(ZoneRule(fare="a", priority=1), *rules[1:]))
    assert taps([hop("x", "y", "10:00", "10:10")], first) == [[200, 100]]


def test_an_empty_field_may_mean_the_others() -> None:
    fares = {"x": ZoneFare(won={"adult": 100}), "rest": ZoneFare(won={"adult": 50})}
    rules = (ZoneRule(fare="x", networks=("1",), origins=("x",), destinations=("y",)), ZoneRule(fare="rest"))
    tariff = changed(classes=("adult",), fares=fares, rules=rules, zones={}, empty="others")
    assert taps([hop("x", "y", "10:00", "10:10")], tariff) == [[100, 0]]
    assert taps([hop("p", "q", "10:00", "10:10", route="2")], tariff) == [[50, 0]]
    result = price(tariff, [hop("x", "q", "10:00", "10:10")], "adult")
    assert isinstance(result, Unpriced)
    assert result.why is Why.NO_FARE_BETWEEN


@pytest.mark.parametrize(
    ("boarded", "alighted", "won"),
    [
        ("2025-11-03 08:59:59", "2025-11-03 09:30", 100),
        ("2025-11-03 09:00:00", "2025-11-03 09:30", 50),
        ("2025-11-03 09:10:00", "2025-11-03 17:00", 100),
        ("2025-11-08 10:00", "2025-11-08 10:30", 100),  # a Saturday
        ("2025-12-31 10:00", "2025-12-31 10:30", 50),
        ("2026-01-01 10:00", "2026-01-01 10:30", 100),
        ("2024-12-31 10:00", "2024-12-31 10:30", 100),
    ],
)
def test_fares_by_time(boarded: str, alighted: str, won: int) -> None:
    calm = When(start="09:00:00", until="17:00:00", weekdays=(0, 1, 2, 3, 4), first="2025-01-01", last="2025-12-31")
    tariff = changed(
        classes=("adult",),
        fares={"calm": ZoneFare(won={"adult": 50}), "rest": ZoneFare(won={"adult": 100})},
        rules=(ZoneRule(fare="calm", boarded="calm", alighted="calm", priority=1), ZoneRule(fare="rest")),
        timeframes={"calm": (calm,)},
    )
    assert sum(sum(journey) for journey in taps([hop("a", "b", boarded, alighted)], tariff)) == won


# -- transfers of the second model -----------------------------------------------------------------------------------------


def with_transfers(*transfers: ZoneTransfer) -> ZoneTariff:
    """Buses (group bus, 100) and ferries (group boat, 300) by network."""
    return changed(
        classes=("adult",),
        fares={"bus": ZoneFare(won={"adult": 100}), "boat": ZoneFare(won={"adult": 300})},
        rules=(
            ZoneRule(fare="bus", networks=("bus",), group="bus"),
            ZoneRule(fare="boat", networks=("boat",), group="boat"),
        ),
        zones={},
        networks={"1": "bus", "2": "bus", "9": "boat"},
        transfers=transfers,
    )


BUS = hop("a", "b", "10:00", "10:20", route="1")
BOAT = hop("b", "c", "10:30", "11:00", route="9")


@pytest.mark.parametrize(
    ("cost", "won", "journey"),
    [
        ("from_and_transfer", {"adult": 40}, [100, 0, 40, 0]),
        ("from_and_transfer", {}, [100, 0, 0, 0]),
        ("all", {"adult": -60}, [100, 0, 240, 0]),
        ("transfer", {"adult": 350}, [100, 0, 250, 0]),
    ],
)
def test_what_a_transfer_costs(cost: Any, won: dict[str, int], journey: list[int]) -> None:
    tariff = with_transfers(ZoneTransfer(cost=cost, won=won, from_group="bus", to_group="boat"))
    assert taps([BUS, BOAT], tariff) == [journey]
    assert taps([BOAT, hop("c", "d", "11:05", "11:10", route="1")], tariff) == [[300, 0], [100, 0]]


def test_a_transfer_that_replaces_costs_only_itself_later_in_a_journey() -> None:
    tariff = with_transfers(ZoneTransfer(cost="transfer", won={"adult": 150}, from_group="bus", to_group="bus"))
    third = hop("c", "d", "10:50", "11:00", route="1")
    assert taps([BUS, hop("b", "c", "10:30", "10:40", route="2"), third], tariff) == [[100, 0, 50, 0, 150, 0]]


def test_how_often_and_the_tightest_rule_that_still_holds() -> None:
    again = [hop("a", "b", f"10:{m}0", f"10:{m}5", route="1") for m in range(4)]
    once = ZoneTransfer(cost="from_and_transfer", won={"adult": 10}, from_group="bus", to_group="bus", count=1)
    assert taps(again, with_transfers(once)) == [[100, 0, 10, 0], [100, 0, 10, 0]]
    twice = ZoneTransfer(cost="from_and_transfer", won={"adult": 20}, from_group="bus", to_group="bus", count=2)
    ever = ZoneTransfer(cost="from_and_transfer", won={"adult": 90}, from_group="bus", to_group="bus")
    assert taps(again, with_transfers(ever, twice))[0][:3] == [100, 0, 20]


@pytest.mark.parametrize(
    ("limit_from", "limit_to", "limit_s", "joined"),
    [
        ("boarding", "boarding", 30 * 60, True),
        ("boarding", "boarding", 30 * 60 - 1, False),
        ("alighting", "boarding", 10 * 60, True),
        ("alighting", "boarding", 10 * 60 - 1, False),
        ("boarding", "alighting", 60 * 60, True),
        ("boarding", "alighting", 60 * 60 - 1, False),
        ("alighting", "alighting", 40 * 60, True),
    ],
)
def test_the_limit_of_a_transfer(limit_from: Any, limit_to: Any, limit_s: int, *, joined: bool) -> None:
    transfer = ZoneTransfer(
        cost="from_and_transfer",
        from_group="bus",
        to_group="boat",
        limit_s=limit_s,
        limit_from=limit_from,
        limit_to=limit_to,
    )
    assert len(taps([BUS, BOAT], with_transfers(transfer))) == (1 if joined else 2)


def test_a_transfer_needs_a_known_exit() -> None:
    free = ZoneTransfer(cost="from_and_transfer", from_group="bus", to_group="boat")
    assert taps([hop("a", None, "10:00", route="1"), BOAT], with_transfers(free)) == [[100], [300, 0]]
    assert taps([BUS, hop("b", None, "10:30", route="9")], with_transfers(free)) == [[100, 0, 0]]


def test_an_empty_group_of_a_transfer_means_those_that_no_rule_names() -> None:
    to_boats = ZoneTransfer(cost="from_and_transfer", won={"adult": 5}, to_group="boat")
    assert taps([BUS, BOAT], with_transfers(to_boats)) == [[100, 0, 5, 0]]
    named = ZoneTransfer(cost="from_and_transfer", won={"adult": 7}, from_group="bus", to_group="boat")
    assert taps([BUS, BOAT], with_transfers(to_boats, named)) == [[100, 0, 7, 0]]


# -- what has no price -------------------------------------------------------------------------------------------------------


def test_what_is_wrong_is_said() -> None:
    tariff = example_zones()

    def why(rides: list[FareRide], rider_class: str = "adult") -> Why:
        result = price(tariff, rides, rider_class)
        assert isinstance(result, Unpriced)
        return result.why

    assert why([hop("airport", "market", "10:00")]) is Why.NO_FARE_FOR_ROUTE
    assert why([hop(None, "market", "10:00")]) is Why.NO_STOP
    assert why([hop("station", "airport", "10:00", "10:10")]) is Why.NO_FARE_BETWEEN
    assert why([], "senior") is Why.UNKNOWN_CLASS
    assert why([hop("station", None, "10:00")], "senior") is Why.UNKNOWN_CLASS
