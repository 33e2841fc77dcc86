"""Which run is a bus on whose driver or feed named a route only. Level 12 of the core: answers, and changes no run.

A route and a direction leave open which departure it is. It is guessed by the timetable and by what the other buses of
the route run, and chosen once more when the bus leaves its first stop: then its clock tells.
"""

from server.core import departing, signon
from server.core.events import SignOn
from server.core.model import Assignment, Reason, RouteId, TripKey
from server.core.shard import Shard
from server.core.tracking import Track

RETRY_S = 30.0
"""How often it is asked again what a feed means that names no run of ours, or what a bus at its route's end runs next."""


def taken(shard: Shard, track: Track, sign_on: SignOn) -> set[TripKey]:
    """The runs of the route that other buses are on, and the one that this bus has come to the end of."""
    done = {track.trip_key} if track.trip_key is not None and track.nearly_done else set()
    return done | {other.trip_key for other in _others(shard, track, sign_on) if other.trip_key is not None}


def by_departure(shard: Shard, track: Track, hint: SignOn, now_ms: int) -> Assignment | None:
    """Which run its departure says it is, better than its wait did; None where that is the one it is on. Asked once a run.

    Runs of buses that only wait are not taken yet.
    """
    track.chosen = True
    assert track.assignment is not None
    sure = (other.trip_key for other in _others(shard, track, hint) if not _guesses(other))
    chosen = signon.resolve(
        hint, track, shard.network, now_ms, track.assignment.source, {key for key in sure if key is not None}
    )
    if isinstance(chosen, Reason) or chosen.trip == track.trip_key or chosen.trip is None:
        return None
    return chosen


def who_waits_for(shard: Shard, track: Track, hint: SignOn, chosen: Assignment) -> list[Track]:
    """The buses that wait for the run that this one turned out to be on."""
    return [other for other in _others(shard, track, hint) if _guesses(other) and other.trip_key == chosen.trip]


def another(shard: Shard, track: Track, now_ms: int) -> Assignment | None:
    """A run for a bus that waits for one which another bus has begun."""
    assert track.assignment is not None
    assert track.hint is not None
    chosen = signon.resolve(
        track.hint, track, shard.network, now_ms, track.assignment.source, taken(shard, track, track.hint)
    )
    return None if isinstance(chosen, Reason) else chosen


def next_of_route(shard: Shard, track: Track, hint: SignOn, now_ms: int) -> Assignment | None:
    """The next run of the route that a bus is signed on to, if it begins where the last one ended."""
    assert track.assignment is not None
    patterns = map(shard.network.pattern, shard.network.patterns_of_route(track.assignment.route_id or RouteId("")))
    begins_here = any(
        departing.near_start(track, pattern)
        for pattern in patterns
        if hint.direction_id in (None, pattern.direction_id)
    )
    if not begins_here or now_ms - track.looked_ms < RETRY_S * 1000:
        return None
    track.looked_ms = now_ms
    runs = taken(shard, track, hint)
    following = signon.resolve(hint, track, shard.network, now_ms, track.assignment.source, runs)
    if isinstance(following, Reason) or following.trip is None or following.trip in runs:
        return None
    trip = shard.network.trip(following.trip.trip_id)
    assert trip is not None
    if not departing.near_start(track, shard.network.pattern(trip.pattern_index)):
        return None
    track.chosen = False
    return following


def same_pattern(shard: Shard, track: Track, chosen: Assignment) -> bool:
    """Does the run call at the same stops, so that all that was seen of the bus holds?"""
    assert chosen.trip is not None
    assert track.pattern is not None
    trip = shard.network.trip(chosen.trip.trip_id)
    return trip is not None and trip.pattern_index == track.pattern.index


def _guesses(track: Track) -> bool:
    """Is its run a guess still: named by its route only, and not seen to leave?"""
    return track.outset is not None and track.hint is not None


def _others(shard: Shard, track: Track, sign_on: SignOn) -> list[Track]:
    """The other buses of the route that a sign-on names."""
    return [
        shard.tracks[vehicle_id]
        for pattern in (() if sign_on.route_id is None else shard.network.patterns_of_route(sign_on.route_id))
        for vehicle_id in sorted(shard.on_pattern.get(pattern, ()))
        if vehicle_id != track.vehicle_id
    ]
