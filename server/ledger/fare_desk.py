"""A tariff joined with a network: what rides are for the fare, and what is to be posted for them. Above the core."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from server.core.fares.postings import Assessment, RideFact, TapKey, Waiver, assess, quote
from server.core.fares.reading import Flawed
from server.core.fares.riding import FareRide
from server.core.fares.route_fares import RouteFares, read_route_fares
from server.core.fares.tariff import Tariff
from server.core.model import Ride, RideState, RouteId
from server.core.network import Network
from server.tariff_presets import TariffError, load_tariff

CHARGED_STATES = frozenset({RideState.ALIGHTED, RideState.SETTLED})
"""A ride is charged when its end is sure; until it is settled its rider takes it back by hand."""
BOOKED_STATES = CHARGED_STATES | {RideState.VOIDED, RideState.ASKED}
"""States that the books must hear of: what was charged and then asked about is not charged until it is answered."""


class FareDesk(NamedTuple):
    """What prices the rides of one network."""

    tariff: Tariff
    routes: RouteFares
    network: Network

    def ride_of(self, ride: Ride) -> FareRide | None:
        """A ride as the fare sees it: where its rider really was; None while it is not known where she got on."""
        if ride.board is None:
            return None
        alighted = ride.alight if ride.state in CHARGED_STATES else None
        plain = FareRide(
            ride.ride_id,
            "",
            ride.route_id,
            ride.board.at_ms,
            max(alighted.at_ms, ride.board.at_ms) if alighted is not None else None,
            ride.distance_m if alighted is not None else None,
            route_length_m=self.length_m(ride.route_id),
            board_stop_id=ride.board.stop_id,
            alight_stop_id=alighted.stop_id if alighted is not None else None,
        )
        return self.routes.priced_as(plain)

    def length_m(self, route_id: RouteId) -> int | None:
        """The longest pattern of a route, in metres: what a missing exit may cost at most."""
        patterns = (self.network.pattern(index) for index in self.network.patterns_of_route(route_id))
        return max((round(pattern.visits[-1].along_m) for pattern in patterns), default=None)

    def fact_of(self, ride: Ride, account: str, revision: int) -> RideFact | None:
        """What the books are told of a ride; None while there is nothing to charge or to take back."""
        fare_ride = self.ride_of(ride)
        if fare_ride is None or ride.state not in BOOKED_STATES:
            return None
        waiver = Waiver.CARD if ride.by_card else None
        if ride.state not in CHARGED_STATES:
            waiver = Waiver.VOID
        settled = ride.state in (RideState.SETTLED, RideState.VOIDED)
        return RideFact(
            ride.ride_id,
            revision,
            account,
            ride.vehicle_id,
            fare_ride,
            ride.party,
            waiver,
            settled,
            trip_id=ride.trip.trip_id if ride.trip is not None else "",
            confidence=round(ride.confidence * 100),
        )

    def assess(
        self, facts: Sequence[RideFact], posted: Mapping[TapKey, int], rider_class: str, around_ms: int
    ) -> tuple[Assessment, str]:
        """`ports.Assess` by this tariff."""
        return assess(self.tariff, facts, posted, rider_class=rider_class, around_ms=around_ms), self.tariff.table

    def quote(self, ride: Ride, account: str, others: Iterable[RideFact], rider_class: str) -> int | None:
        """Tell what a ride that is still going on costs so far; None where that is not known."""
        fare_ride = self.ride_of(ride)
        if fare_ride is None:
            return None
        mine = RideFact(ride.ride_id, 0, account, ride.vehicle_id, fare_ride, ride.party)
        around = [fact for fact in others if fact.ride_id != ride.ride_id]
        return 0 if ride.by_card else quote(self.tariff, [*around, mine], ride.ride_id, rider_class=rider_class)


def open_desk(tariff: str, route_fares: Path | None, network: Network) -> FareDesk:
    """Read the tariff (a name or a file) and the products of the routes, and check one against the other.

    Raises TariffError, NoSuchTariffError, or OSError for a file that cannot be read.
    """
    loaded = load_tariff(tariff)
    content = route_fares.read_bytes() if route_fares is not None else b'{"usual": {"product": "zone"}}'
    routes = read_route_fares(content, loaded)
    if isinstance(routes, Flawed):
        raise TariffError(str(route_fares or tariff), routes.flaws)
    return FareDesk(loaded, routes, network)
