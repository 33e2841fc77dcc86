"""Which product each route of a network is, so that a ride can be priced. Level 3 of the fares: pure.

A tariff knows products; a feed knows routes. The operator joins them in a small file: a product for each route that is
special, and one for all others.
"""

from typing import Literal

import msgspec

from server.core.fares.reading import Flaw, Flawed, Wrong, decoded
from server.core.fares.riding import FareRide
from server.core.fares.tariff import Data, Name, Tariff, ZoneTariff


class RouteFare(Data, frozen=True, gc=False):
    """What a route is for the tariff; `pricing` where its product leaves that to the route."""

    product: Name
    pricing: Literal["flat", "distance"] | None = None


class RouteFares(Data, frozen=True, gc=False):
    """The products of a network's routes, by `route_id`; `usual` is for those that are not named."""

    usual: RouteFare
    routes: dict[Name, RouteFare] = msgspec.field(default_factory=dict)
    schema: Literal[1] = 1

    def of(self, route_id: str) -> RouteFare:
        """Give a route's product."""
        return self.routes.get(route_id, self.usual)

    def priced_as(self, ride: FareRide) -> FareRide:
        """Give a ride its route's product and pricing, whatever it said."""
        fare = self.of(ride.route_id)
        return msgspec.structs.replace(ride, product=fare.product, pricing=fare.pricing)


_ROUTE_FARES = msgspec.json.Decoder(RouteFares)


def read_route_fares(content: bytes, tariff: Tariff) -> RouteFares | Flawed:
    """Decode and check such a file against the tariff that will price the rides. Never raises for bad content."""
    found = decoded(content, _ROUTE_FARES)
    if isinstance(found, Flawed) or isinstance(tariff, ZoneTariff):
        return found
    known = [product.id for product in tariff.products]
    fares = {"$.usual.product": found.usual} | {
        f"$.routes[{name}].product": fare for name, fare in found.routes.items()
    }
    flaws = tuple(
        Flaw(where, Wrong.UNKNOWN_PRODUCT, {"value": fare.product, "known": ", ".join(known)})
        for where, fare in fares.items()
        if fare.product not in known
    )
    return Flawed(flaws) if flaws else found
