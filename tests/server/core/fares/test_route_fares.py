"""Routes and their products: what the operator joins, and what is wrong with it."""

import json

from server.core.fares.reading import Flawed
from server.core.fares.route_fares import RouteFare, RouteFares, read_route_fares
from tests.server.core.fares.fare_cases import bill, capital, example_zones, ride

GOOD = {
    "usual": {"product": "GG_GENERAL", "pricing": "distance"},
    "routes": {"M5107": {"product": "GG_EXPRESS"}, "11-1": {"product": "GG_VILLAGE_SUWON"}},
}


def test_a_ride_takes_the_product_of_its_route() -> None:
    fares = read_route_fares(json.dumps(GOOD).encode(), capital())
    assert isinstance(fares, RouteFares)
    assert fares.of("M5107") == RouteFare(product="GG_EXPRESS")
    rides = [ride("-", "10:00", "10:40", km=12.0, route="88"), ride("-", "18:00", "18:40", km=12.0, route="M5107")]
    assert [journey.total_won for journey in bill([fares.priced_as(one) for one in rides]).journeys] == [1750, 3200]


def test_a_product_that_the_tariff_does_not_have_is_said() -> None:
    bad = {"usual": {"product": "TRAM"}, "routes": {"1": {"product": "METRO"}, "2": {"product": "FERRY"}}}
    read = read_route_fares(json.dumps(bad).encode(), capital())
    assert isinstance(read, Flawed)
    assert [(flaw.where, flaw.code, flaw.values["value"]) for flaw in read.flaws] == [
        ("$.usual.product", "unknown_product", "TRAM"),
        ("$.routes[2].product", "unknown_product", "FERRY"),
    ]


def test_what_is_no_such_file_is_said() -> None:
    assert isinstance(read_route_fares(b"{}", capital()), Flawed)
    assert isinstance(read_route_fares(b"{", capital()), Flawed)


def test_fares_between_places_do_not_ask_for_products() -> None:
    assert isinstance(read_route_fares(b'{"usual": {"product": "-"}}', example_zones()), RouteFares)
