"""Which run of which trip a sign-on means. Level 3 of the core: knows tracking and network.

By trip and service day when both are said; otherwise the run that fits the clock and, where a fix is known, the place.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from server.core.events import SignOn
from server.core.model import Assignment, Reason, RouteId, Source, TripId, TripKey
from server.core.network import Network, Trip
from server.core.service_calendar import date_of
from server.core.tracking import Track, scheduled_s

PLACE_SIGMA_M = 60.0
"""How far off its path a bus may plausibly stand when it signs on (stands and bays beside the street)."""
CLOCK_SIGMA_S = 600.0
"""How early or late a bus may plausibly be when it signs on."""
SEARCH_S = 5_400
"""Runs that begin later, or ended earlier, than this from now are not considered for a route sign-on."""


class Run(NamedTuple):
    """A trip on a service day."""

    trip: Trip
    date: str


def resolve(sign_on: SignOn, track: Track, network: Network, now_ms: int, source: Source) -> Assignment | Reason:
    """Find what the vehicle runs. Unknown names are refused by name; so is a day that is none, and a block or route without a run now."""
    if sign_on.trip_id is not None:
        trip = network.trip(sign_on.trip_id)
        if trip is None:
            return Reason.UNKNOWN_TRIP
        if sign_on.start_date and date_of(sign_on.start_date) is None:
            return Reason.BAD_MESSAGE
        run: Run | None = Run(trip, sign_on.start_date or _likely_date(trip, network, now_ms))
    elif sign_on.block_id is not None:
        if not network.trips_of_block(sign_on.block_id):
            return Reason.UNKNOWN_TRIP
        run = _best(_runs(network.trips_of_block(sign_on.block_id), network, now_ms), track, network, now_ms)
    elif sign_on.route_id is not None:
        if sign_on.route_id not in network.routes:
            return Reason.UNKNOWN_ROUTE
        run = _best(_runs_of_route(sign_on.route_id, sign_on.direction_id, network, now_ms), track, network, now_ms)
    else:
        return Reason.BAD_MESSAGE
    if run is None:
        return Reason.NOT_IN_SERVICE
    return Assignment(
        sign_on.vehicle_id,
        now_ms,
        TripKey(run.trip.trip_id, run.date),
        run.trip.route_id,
        run.trip.direction_id,
        sign_on.block_id,
        source,
    )


def next_of_block(assignment: Assignment, network: Network, now_ms: int) -> Assignment | None:
    """The run after this one in its block, on the same service day; None at the block's end."""
    if assignment.block_id is None or assignment.trip is None:
        return None
    date = assignment.trip.start_date
    today: list[Trip] = []
    for trip_id in network.trips_of_block(assignment.block_id):
        trip = network.trip(trip_id)
        if trip is not None and (network.service_active(trip.service_id, date) or trip_id == assignment.trip.trip_id):
            today.append(trip)
    ids = [trip.trip_id for trip in today]
    at = ids.index(assignment.trip.trip_id) + 1 if assignment.trip.trip_id in ids else len(ids)
    if at >= len(today):
        return None
    trip = today[at]
    key = TripKey(trip.trip_id, date)
    return Assignment(
        assignment.vehicle_id, now_ms, key, trip.route_id, trip.direction_id, assignment.block_id, assignment.source
    )


def _likely_date(trip: Trip, network: Network, now_ms: int) -> str:
    """The service day on which this trip runs nearest to now; days on which it is not active only if none is."""
    dates = network.service_dates(now_ms)
    active = [date for date in dates if network.service_active(trip.service_id, date)]
    return min(active or dates, key=lambda date: _off_s(Run(trip, date), network, now_ms))


def _off_s(run: Run, network: Network, now_ms: int) -> float:
    """Seconds by which now lies outside the run's scheduled time; 0 inside it."""
    now_s = (now_ms - network.day_start_ms(run.date)) / 1000.0
    return max(0.0, float(run.trip.departures_s[0]) - now_s, now_s - float(run.trip.arrivals_s[-1]))


def _runs(trip_ids: Iterable[TripId], network: Network, now_ms: int) -> Iterator[Run]:
    dates = network.service_dates(now_ms)
    for trip_id in trip_ids:
        trip = network.trip(trip_id)
        assert trip is not None
        for date in dates:
            run = Run(trip, date)
            if network.service_active(trip.service_id, date) and _off_s(run, network, now_ms) <= SEARCH_S:
                yield run


def _runs_of_route(route_id: RouteId, direction_id: int | None, network: Network, now_ms: int) -> Iterator[Run]:
    for index in network.patterns_of_route(route_id):
        if direction_id in (None, network.pattern(index).direction_id):
            yield from _runs(network.trips_of_pattern(index), network, now_ms)


def _best(runs: Iterator[Run], track: Track, network: Network, now_ms: int) -> Run | None:
    return min(runs, key=lambda run: (_cost(run, track, network, now_ms), run.trip.trip_id, run.date), default=None)


def _cost(run: Run, track: Track, network: Network, now_ms: int) -> float:
    if track.fix is None:
        return (_off_s(run, network, now_ms) / CLOCK_SIGMA_S) ** 2
    pattern = network.pattern(run.trip.pattern_index)
    now_s = (now_ms - network.day_start_ms(run.date)) / 1000.0
    places = pattern.path.candidates(track.x, track.y, 4 * PLACE_SIGMA_M)
    if not len(places):
        away_m = pattern.path.project(track.x, track.y)[1]
        return (away_m / PLACE_SIGMA_M) ** 2 + (_off_s(run, network, now_ms) / CLOCK_SIGMA_S) ** 2
    costs: list[float] = [
        (offset_m / PLACE_SIGMA_M) ** 2 + ((now_s - scheduled_s(run.trip, pattern, along_m)) / CLOCK_SIGMA_S) ** 2
        for along_m, offset_m in zip(places.along_m.tolist(), places.offset_m.tolist(), strict=True)
    ]
    return min(costs)
