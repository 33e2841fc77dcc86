"""Which run each vehicle of a route is on, chosen for all of them together. Level 6 of the core: knows network.

Buses are later than their headway is long, so the nearest departure in the timetable is a coin toss in the middle of
a trip. Three things decide it: no two vehicles are on one run; a vehicle keeps its block all day, so that every
departure it was ever seen to make must fit; and nobody leaves a terminal early.
"""

import math
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from server.core.model import BlockId, TripId, TripKey
from server.core.network import Network, Trip
from server.core.tracking import scheduled_s

SEARCH_S = 3_600.0
"""A run from which the vehicle would be farther off than an hour is not what it is on."""
UNKNOWN_COST = 36.0
"""A run that explains a vehicle worse than six sigmas is not believed: its run is unknown then."""
ABSENT_COST = 9.0
"""What speaks against a duty that had no run at all for something the vehicle was seen to do: three sigmas."""
CACHED_TABLES = 1_024
"""Runs of a pattern on a day, some 50 kB each: those of 300 routes whose buses do not say what they run."""
LONGEST_DAY_S = 36 * 3_600.0
"""No run of a service day is still on the road at noon of the day after: its table need not be made then."""


class Doing(Enum):
    """What a vehicle was doing when it was seen, and how early and how late it may be then, in seconds (one sigma).

    Within a trip buses are early as well as late: timetables leave room before the terminal. A terminal is not left
    before its time, but for a minute's error of clocks and of what "left" means, and mostly in the minutes after it.
    They wait there for half a headway and more.
    """

    UNDER_WAY = (420.0, 420.0)
    LEAVING = (60.0, 300.0)
    WAITING = (1_200.0, 420.0)


class Duty(NamedTuple):
    """What one vehicle does on a service day: its block, or a single trip where the feed has no blocks."""

    block_id: BlockId | None
    trip_id: TripId | None
    date: str


class Fit(NamedTuple):
    """A run of a duty that may be what was seen, and its cost in sigmas²."""

    cost: float
    trip: Trip


Fits = dict[Duty, Fit]
"""The duties that may be what was seen, each with the best of its runs."""


class Timetable:
    """The runs of each pattern on each service day, in the order in which they begin."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._runs = lru_cache(CACHED_TABLES)(self._make)

    def fits(self, places: Iterable[tuple[int, float]], at_ms: int, doing: Doing) -> Fits:
        """List the duties of a vehicle seen at one of these places (pattern index, metres along it)."""
        found: Fits = {}
        for pattern_index, along_m in places:
            for date in self._network.service_dates(at_ms):
                at_s = (at_ms - self._network.day_start_ms(date)) / 1000.0
                if -SEARCH_S <= at_s <= LONGEST_DAY_S:
                    self._collect(found, pattern_index, along_m, date, at_s, doing)
        return found

    def _collect(self, found: Fits, pattern_index: int, along_m: float, date: str, at_s: float, doing: Doing) -> None:
        starts_s, longest_s, trips = self._runs(pattern_index, date)
        pattern = self._network.pattern(pattern_index)
        first = bisect_left(starts_s, at_s - longest_s - SEARCH_S)
        for trip in trips[first : bisect_left(starts_s, at_s + SEARCH_S)]:
            late_s = _late_s(trip, at_s, scheduled_s(trip, pattern, along_m))
            if abs(late_s) > SEARCH_S:
                continue
            cost = _lateness_cost(late_s, doing)
            duty = duty_of(trip, date)
            if duty not in found or cost < found[duty].cost:
                found[duty] = Fit(cost, trip)

    def _make(self, pattern_index: int, date: str) -> tuple[list[float], float, list[Trip]]:
        trips = [
            trip
            for trip_id in self._network.trips_of_pattern(pattern_index)
            if (trip := self._network.trip(trip_id)) is not None and self._network.service_active(trip.service_id, date)
        ]
        trips.sort(key=_start_s)
        longest_s = max((_end_s(trip) - _start_s(trip) for trip in trips), default=0.0)
        return [_start_s(trip) for trip in trips], longest_s, trips


def duty_of(trip: Trip, date: str) -> Duty:
    """The duty that a run belongs to."""
    return Duty(trip.block_id, None, date) if trip.block_id is not None else Duty(None, trip.trip_id, date)


def key_of(fit: Fit, duty: Duty) -> TripKey:
    """The run that fits, on its duty's day."""
    return TripKey(fit.trip.trip_id, duty.date)


def share_out(costs: Sequence[Mapping[Duty, float]], *, unmatched: float = UNKNOWN_COST) -> list[Duty | None]:
    """Give each vehicle (row) one duty, no duty twice, so that the sum of costs is least; None costs `unmatched`.

    Successive shortest augmenting paths: each newcomer takes the duty it fits, whose holder takes its next best, and
    so on, if that is cheaper for all of them together (Bellman-Ford, since giving a duty up lowers the cost).
    """
    owner: dict[Duty, int] = {}
    held: list[Duty | None] = [None] * len(costs)
    for newcomer in range(len(costs)):
        _, at, duty, came = _cheapest_chain(newcomer, costs, owner, unmatched)
        while True:
            freed, held[at] = held[at], duty
            if duty is not None:
                owner[duty] = at
            if at == newcomer:
                break
            at, duty = came[at], freed
    return held


def _cheapest_chain(
    newcomer: int, costs: Sequence[Mapping[Duty, float]], owner: Mapping[Duty, int], unmatched: float
) -> tuple[float, int, Duty | None, dict[int, int]]:
    """Find the cheapest chain of vehicles that move on, as (cost, who ends it, with which duty, who came from whom)."""
    reached: dict[int, float] = {newcomer: 0.0}
    came: dict[int, int] = {}
    best: tuple[float, int, Duty | None] = (unmatched, newcomer, None)
    queue = deque([newcomer])
    while queue:
        at = queue.popleft()
        if reached[at] + unmatched < best[0]:
            best = (reached[at] + unmatched, at, None)
        for duty, cost in costs[at].items():
            total, holder = reached[at] + cost, owner.get(duty)
            if holder is None:
                best = min(best, (total, at, duty), key=lambda row: row[0])
            elif holder != at and total - costs[holder][duty] < reached.get(holder, math.inf) - 1e-9:
                reached[holder], came[holder] = total - costs[holder][duty], at
                queue.append(holder)
    return *best, came


def _start_s(trip: Trip) -> float:
    return float(min((h.start_s for h in trip.headways), default=trip.departures_s[0]))


def _end_s(trip: Trip) -> float:
    runs_s = float(trip.arrivals_s[-1] - trip.departures_s[0])
    return max((h.end_s + runs_s for h in trip.headways), default=float(trip.arrivals_s[-1]))


def _late_s(trip: Trip, at_s: float, due_s: float) -> float:
    """Seconds behind the timetable. A trip that is run again and again is on time while one of its runs may be there."""
    if not trip.headways:
        return at_s - due_s
    began_s = at_s - (due_s - float(trip.departures_s[0]))
    return min(max(h.start_s - began_s, 0.0) + max(began_s - h.end_s, 0.0) for h in trip.headways)


def _lateness_cost(late_s: float, doing: Doing) -> float:
    early_sigma_s, late_sigma_s = doing.value
    return (late_s / (late_sigma_s if late_s >= 0.0 else early_sigma_s)) ** 2
