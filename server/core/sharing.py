"""Share the runs of a route out among the vehicles that nobody signed on to one. Level 11 of the core.

Rarely done: when a vehicle's way becomes clear, when it has left a terminal, and every few minutes.
"""

from server.core import runs
from server.core.model import Assignment, RouteId, Source
from server.core.runs import Duty, Fit, Fits
from server.core.shard import Shard
from server.core.tracking import Track
from server.core.watch import Proposal, Watch

STAY_COST = 2.0
"""What must speak for another run beyond the present one: no change of mind for a sigma or so."""
SHARE_AGAIN_S = 300.0
"""How often the runs of a route are shared out anew by themselves: lateness changes by minutes, not seconds."""
SHARE_PAUSE_S = 20.0
"""A vehicle that comes so shortly after the last sharing takes what is free: hundreds may come with a restart."""


def follow(shard: Shard, track: Track, watch: Watch, now_ms: int) -> list[Proposal]:
    """After a fix of a vehicle on an inferred run: a departure tells much about the run, and so does time."""
    if watch.way is None:
        return []
    route_id = watch.way.route_id
    due = now_ms - shard.watches.shared_ms.get(route_id, 0) >= SHARE_AGAIN_S * 1000
    return share(shard, route_id, now_ms) if shard.watches.follow(watch, track) or due else []


def join(shard: Shard, track: Track, watch: Watch, now_ms: int) -> list[Proposal]:
    """A vehicle's way has become clear: choose its run, together with the others' unless that was just done."""
    assert watch.way is not None
    route_id = watch.way.route_id
    if now_ms - shard.watches.shared_ms.get(route_id, 0) >= SHARE_PAUSE_S * 1000:
        return share(shard, route_id, now_ms)
    held = {watch.duty for _, watch in _members(shard, route_id) if watch.duty is not None}
    return _choose(shard, [(track, watch)], _signed(shard, route_id) | held, now_ms)


def share(shard: Shard, route_id: RouteId, now_ms: int) -> list[Proposal]:
    """Share the runs of a route out anew; list what changes."""
    shard.watches.shared_ms[route_id] = now_ms
    return _choose(shard, _members(shard, route_id), _signed(shard, route_id), now_ms)


def _members(shard: Shard, route_id: RouteId) -> list[tuple[Track, Watch]]:
    """The vehicles that serve the route without having been signed on to a run of it."""
    tracks = [shard.tracks[vehicle_id] for vehicle_id in shard.watches.of_route[route_id]]
    members = [(track, shard.watches.of(track)) for track in tracks]
    return [(track, watch) for track, watch in members if watch.way is not None and watch.way.route_id == route_id]


def _choose(shard: Shard, members: list[tuple[Track, Watch]], taken: set[Duty], now_ms: int) -> list[Proposal]:
    fits = [shard.watches.doing(watch, track) for track, watch in members]
    rows = [_row(watch, fit, taken) for (_, watch), fit in zip(members, fits, strict=True)]
    proposals: list[Proposal] = []
    for (track, watch), fit, duty in zip(members, fits, runs.share_out(rows), strict=True):
        chosen = _run_by_headway(fit or {}) or duty
        if fit is None:
            continue
        if chosen in fit:
            if runs.key_of(fit[chosen], chosen) != track.trip_key:
                under_way = not (watch.waits if watch.seen is not None else watch.to_leave)
                proposals.append(Proposal(_inferred(track, fit[chosen], chosen, now_ms), under_way=under_way))
        elif watch.duty is not None and watch.duty not in fit:
            proposals.append(Proposal(Assignment(track.vehicle_id, now_ms, source=Source.INFERRED)))
    return proposals


def _run_by_headway(fits: Fits) -> Duty | None:
    """A trip that is run again and again (GTFS `frequencies.txt`) is everybody's, if it fits best."""
    best = min(fits, key=lambda duty: fits[duty].cost, default=None)
    return best if best is not None and fits[best].trip.headways else None


def _row(watch: Watch, fits: Fits | None, taken: set[Duty]) -> dict[Duty, float]:
    """What each duty costs this vehicle: what it does now, and all it was seen to do before.

    Where no duty explains the past (it swapped its block), the past says nothing against any of them.
    """
    if fits is None:
        return {} if watch.duty is None else {watch.duty: -STAY_COST}
    past = {duty: _past_cost(watch, duty) for duty in fits if duty not in taken}
    least = min(past.values(), default=0.0)
    return {
        duty: fits[duty].cost + cost - least - (STAY_COST if duty == watch.duty else 0.0) for duty, cost in past.items()
    }


def _past_cost(watch: Watch, duty: Duty) -> float:
    return sum(min(past[duty].cost, runs.ABSENT_COST) if duty in past else runs.ABSENT_COST for past in watch.past)


def _inferred(track: Track, fit: Fit, duty: Duty, now_ms: int) -> Assignment:
    current, said = track.assignment, None
    if current is not None and current.trip is not None:
        said = current.said if current.source is Source.INFERRED else current
    key, trip = runs.key_of(fit, duty), fit.trip
    return Assignment(
        track.vehicle_id, now_ms, key, trip.route_id, trip.direction_id, duty.block_id, Source.INFERRED, said
    )


def _signed(shard: Shard, route_id: RouteId) -> set[Duty]:
    """Duties of the route that vehicles are signed on to, and run."""
    signed: set[Duty] = set()
    for pattern_index in shard.network.patterns_of_route(route_id):
        for vehicle_id in shard.on_pattern.get(pattern_index, ()):
            track = shard.tracks[vehicle_id]
            inferred = track.assignment is None or track.assignment.source is Source.INFERRED
            if track.trip is not None and track.trip_key is not None and not (inferred or track.mismatch):
                signed.add(runs.duty_of(track.trip, track.trip_key.start_date))
    return signed
