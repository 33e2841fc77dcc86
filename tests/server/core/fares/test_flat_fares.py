"""A city with one fare: what is left of the rules when a tariff does without distances, windows and early hours."""

import msgspec

from server.core.fares.riding import FareRide, Owed
from server.core.fares.tariff import ProductTariff
from server.tariff_presets import load_tariff
from tests.server.core.fares.fare_cases import bill, ride, totals


def flat() -> ProductTariff:
    tariff = load_tariff("flat-example")
    assert isinstance(tariff, ProductTariff)
    return tariff


def buses(*minutes: int) -> list[FareRide]:
    """Rides of ten minutes that begin at these minutes after ten."""
    return [ride("BUS", f"10:{m:02}", f"10:{m + 5:02}", km=80.0, route=str(m % 2)) for m in minutes]


def test_however_far_it_costs_the_same() -> None:
    assert totals(buses(0), tariff=flat()) == [1500]
    assert totals(buses(0), "child", tariff=flat()) == [500]


def test_three_rides_are_one_journey_on_any_route() -> None:
    assert totals(buses(0, 10, 20), tariff=flat()) == [1500]
    assert totals(buses(0, 10, 20, 30), tariff=flat()) == [1500, 1500]


def test_without_transfers_every_ride_is_paid() -> None:
    alone = msgspec.structs.replace(flat(), transfer=None)
    assert totals(buses(0, 10), tariff=alone) == [1500, 1500]


def test_a_missing_exit_owes_nothing_where_the_tariff_does_not_ask() -> None:
    one = bill([ride("BUS", "10:00"), ride("BUS", "10:20", "10:30")], tariff=flat())
    assert [journey.total_won for journey in one.journeys] == [1500, 1500]
    assert one.owed == Owed()


def test_no_hour_is_early_and_cash_has_its_own_fare() -> None:
    assert totals([ride("BUS", "05:00", "05:10")], tariff=flat()) == [1500]
    assert totals([ride("BUS", "05:00", "05:10", medium="cash")], "teen", tariff=flat()) == [1100]
