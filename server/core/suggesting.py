"""Which runs a bus may be about to make, for its driver to say yes to. Level 12 of the core: over sharing; changes nothing.

What is known is the same as in recognition: where the bus is, how it moved, the timetable, and what the other buses
run. Here nothing has to be certain, because a person answers; the likeliest comes first.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

from server.core import inference, runs
from server.core.inference import Belief, Places, Way
from server.core.model import RouteId, Source, TripKey
from server.core.network import Network, Trip
from server.core.runs import Doing, Duty, Fit
from server.core.shard import Shard
from server.core.signon import WAIT_SIGMA_M
from server.core.tracking import Track

SUGGESTED = 3
"""Runs offered: what a driver reads in a glance, and with large keys what fits a small screen."""
FRESH_S = 60.0
"""Of a bus that has not said for so long where it is, nothing is suggested."""


class SuggestedRun(NamedTuple):
    """A run that the driver may be about to make.

    `departs_ms`: when it leaves its first stop by the timetable; None where that only gives a headway.
    """

    key: TripKey
    trip: Trip
    departs_ms: int | None


class Suggestions(NamedTuple):
    """The likeliest runs, best first; empty while the bus drives what it said.

    `mismatch`: its movement contradicts what was said.
    """

    runs: tuple[SuggestedRun, ...] = ()
    mismatch: bool = False


class _Guess(NamedTuple):
    """One way that the bus may run: how badly its place and movement fit it, in sigmas², and what it does there."""

    way: Way
    cost: float
    places: Places
    doing: Doing


def suggest(shard: Shard, track: Track, now_ms: int) -> Suggestions:
    """List what to ask the driver of a bus: which run this is. Nothing where he said it and nothing speaks against it."""
    said = track.assignment is not None and track.assignment.source is not Source.INFERRED and track.trip is not None
    if track.fix is None or track.age_s(now_ms) > FRESH_S or (said and not track.mismatch):
        return Suggestions(mismatch=track.mismatch)
    best: dict[Duty, tuple[float, Fit]] = {}
    for guess in _guesses(shard, track):
        taken = _taken(shard, guess.way.route_id, track, said=said)
        fits = shard.watches.timetable.fits(guess.places, track.fix.at_ms, guess.doing)
        for duty, fit in fits.items():
            cost = guess.cost + fit.cost
            if duty not in taken and fit.cost <= runs.UNKNOWN_COST and (duty not in best or cost < best[duty][0]):
                best[duty] = (cost, fit)
    ranked = sorted(best, key=lambda duty: (runs.key_of(best[duty][1], duty) != track.trip_key, best[duty][0]))
    return Suggestions(
        tuple(_run(shard.network, best[duty][1], duty) for duty in ranked[:SUGGESTED]), mismatch=track.mismatch
    )


def _run(network: Network, fit: Fit, duty: Duty) -> SuggestedRun:
    departs_ms = network.day_start_ms(duty.date) + 1000 * int(fit.trip.departures_s[0])
    return SuggestedRun(runs.key_of(fit, duty), fit.trip, None if fit.trip.headways else departs_ms)


def _guesses(shard: Shard, track: Track) -> Iterator[_Guess]:
    """Every way the bus may be under way on, and every one that begins where it stands."""
    network, here = shard.network, (track.x, track.y)
    belief = shard.watches.of(track).belief or inference.begin(track, network, at=here)
    yield from _under_way(belief, network)
    for path_index in network.paths_near(*here, inference.TURN_M):
        for index in network.patterns_of_path(path_index):
            away_m = math.dist(network.pattern(index).start_xy, here)
            if away_m <= inference.TURN_M:
                cost = (away_m / WAIT_SIGMA_M) ** 2
                yield _Guess(inference.way_of(network, index), cost, ((index, 0.0),), Doing.WAITING)


def _under_way(belief: Belief, network: Network) -> Iterator[_Guess]:
    """What the movement may be; of a bus that has not moved yet, whatever leads past it. Only the differences count."""
    likely = inference.likely(belief, network)
    for one in likely:
        yield _Guess(one.found.way, one.cost - likely[0].cost, one.found.places, Doing.UNDER_WAY)


def _taken(shard: Shard, route_id: RouteId, track: Track, *, said: bool) -> set[Duty]:
    """The duties of a route that other buses do, and the one that this bus is seen not to do though it was said.

    A trip that is run again and again (GTFS `frequencies.txt`) is everybody's.
    """
    taken: set[Duty] = set()
    for pattern_index in shard.network.patterns_of_route(route_id):
        for vehicle_id in shard.on_pattern.get(pattern_index, ()):
            other = shard.tracks[vehicle_id]
            mine = vehicle_id == track.vehicle_id and not said
            if other.trip is not None and other.trip_key is not None and not (mine or other.trip.headways):
                taken.add(runs.duty_of(other.trip, other.trip_key.start_date))
    return taken
