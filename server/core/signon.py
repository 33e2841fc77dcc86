"""Which run of which trip a sign-on means. Level 6 of the core: knows tracking and network.

By trip and service day when both are said; otherwise the run that fits the clock and, where a fix is known, the place.
"""

import math
from collections.abc import Container, Iterable, Iterator
from functools import cache
from typing import NamedTuple

from server.core.events import SignOn
from server.core.model import Assignment, Reason, RouteId, Source, TripId, TripKey
from server.core.network import Network, Pattern, Trip
from server.core.service_calendar import date_of
from server.core.tracking import Track, scheduled_s

PLACE_SIGMA_M = 60.0
"""How far off its path a bus may plausibly stand when it signs on (stands and bays beside the street)."""
CLOCK_SIGMA_S = 600.0
"""How early or late a bus may plausibly be when it signs on and its place is unknown."""
WAIT_SIGMA_M = 400.0
"""How far from its first stop a bus waits, turns or comes from when it signs on."""
WAIT_SIGMA_S = 1_200.0
"""How long before its departure it does so: layovers are some minutes up to half an hour."""
EARLY_SIGMA_S = 150.0
"""On its way a bus is seldom ahead of its timetable, ..."""
LATE_SIGMA_S = 420.0
"""... and often behind it."""
SEARCH_S = 5_400
"""Runs that begin later, or ended earlier, than this from now are not considered for a route sign-on."""


class Run(NamedTuple):
    """A trip on a service day."""

    trip: Trip
    date: str


def resolve(
    sign_on: SignOn, track: Track, network: Network, now_ms: int, source: Source, taken: Container[TripKey] = ()
) -> Assignment | Reason:
    """Find what the vehicle runs; `taken` are runs that other buses are on. Unknown names are refused by name; so is a day that is none, and a block or route without a run now."""
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
        run = _best(_runs(network.trips_of_block(sign_on.block_id), network, now_ms), track, network, now_ms, ())
    elif sign_on.route_id is not None:
        if sign_on.route_id not in network.routes:
            return Reason.UNKNOWN_ROUTE
        runs = _runs_of_route(sign_on.route_id, sign_on.direction_id, network, now_ms)
        run = _best(runs, track, network, now_ms, taken)
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


def _best(runs: Iterator[Run], track: Track, network: Network, now_ms: int, taken: Container[TripKey]) -> Run | None:
    """The run that fits best; one that another bus runs only when there is no other."""
    stand = cache(lambda pattern_index: _standing(track, network.pattern(pattern_index)))

    def rank(run: Run) -> tuple[bool, float, TripId, str]:
        if track.fix is None:
            cost = (_off_s(run, network, now_ms) / CLOCK_SIGMA_S) ** 2
        else:
            now_s = (now_ms - network.day_start_ms(run.date)) / 1000.0
            cost = _cost(run.trip, network.pattern(run.trip.pattern_index), stand(run.trip.pattern_index), now_s)
        return key_of(run) in taken, cost, run.trip.trip_id, run.date

    return min(runs, key=rank, default=None)


def key_of(run: Run) -> TripKey:
    """The run as others name it."""
    return TripKey(run.trip.trip_id, run.date)


class Standing(NamedTuple):
    """Where a bus is on a pattern: how far from its first stop, and near which places of its path.

    `waits`: it may be waiting for a departure; it is not when it was seen to leave, and is not near the end of that run.
    """

    start_m: float
    places: list[tuple[float, float]]
    waits: bool


def _standing(track: Track, pattern: Pattern) -> Standing:
    start_m = math.dist(pattern.start_xy, (track.x, track.y))
    places = pattern.path.candidates(track.x, track.y, 4 * PLACE_SIGMA_M)
    waits = track.trip is None or track.outset is not None or track.nearly_done
    return Standing(start_m, list(zip(places.along_m.tolist(), places.offset_m.tolist(), strict=True)), waits)


def _cost(trip: Trip, pattern: Pattern, standing: Standing, now_s: float) -> float:
    """How badly a run explains clock and place: the bus waits at its start, or is on its way."""
    before_s = WAIT_SIGMA_S if standing.waits else EARLY_SIGMA_S
    wait = (standing.start_m / WAIT_SIGMA_M) ** 2 + _off(float(trip.departures_s[0]) - now_s, before_s)
    on_its_way = [
        (offset_m / PLACE_SIGMA_M) ** 2 + _off(scheduled_s(trip, pattern, along_m) - now_s, EARLY_SIGMA_S)
        for along_m, offset_m in standing.places
    ]
    return min(wait, *on_its_way) if on_its_way else wait


def _off(ahead_s: float, early_sigma_s: float) -> float:
    """How badly it fits to be so many seconds ahead of the timetable (negative: behind it)."""
    return float((ahead_s / (early_sigma_s if ahead_s > 0.0 else LATE_SIGMA_S)) ** 2)
