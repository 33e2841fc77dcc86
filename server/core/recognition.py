"""What a vehicle runs when nobody said it, or when what was said is not so. Level 12 of the core: over sharing.

A signed-on bus costs one distance a fix: only when it has moved and its progress has not is it looked at more closely.
An unsigned one is looked at until its way is clear (`inference`), then given a run (`sharing`). What a driver said is
kept, and wins as soon as it agrees with the movement, or when the inferred run is over.
"""

import math
from functools import partial

from server.core import departing, inference, sharing, signon
from server.core.course import TERMINAL_M
from server.core.inference import Belief, Found, Places
from server.core.model import Assignment, Phase, Source
from server.core.runs import UNKNOWN_COST, Doing
from server.core.shard import Shard
from server.core.tracking import Track
from server.core.watch import Proposal, Watch

CHECK_M = 150.0
"""How far a vehicle moves before its progress is compared with it: more than GPS error and a stand's manoeuvres."""
EXPLAINED_SHARE = 0.5
"""A path winds, so its progress is at least the distance through the air; half of it leaves room for errors."""
CONTRADICTION = 20.0
"""What must speak against the signed-on path beyond the best one to call it contradicted: more than one measure."""
CONTRADICTION_M = 200.0
"""... and moved so far along the best one: more than a bus is shunted around a terminal."""
MAY_BE_ELSEWHERE_S = 120.0
"""Until so long before its departure a bus may be anywhere: finishing another trip, or waiting in another street."""
LONG_PAST_S = 600.0
"""A bus that is not on its way so long after its departure does not make that run late, it makes another one."""
DETOUR_M = 1_500.0
"""Round a closed street a bus drives so far: out by two or three blocks, along, and back. With more it left its run."""
QUEUE_M = 80.0
"""Two buses that wait in front of it keep a bus so far from its last stop: standing there it has arrived."""
TURNS_S = 60.0
"""Standing so long, longer than at a light."""
DUE_S = 300.0
"""Standing anywhere at its terminal so shortly before its next departure, the run before is over."""
WAITS_S = 180.0
"""A vehicle that stands so long at a terminal waits for a departure."""


def look(shard: Shard, track: Track, now_ms: int) -> list[Proposal]:
    """After a taken fix: what this vehicle, and others of its route, are now believed to run. Mostly nothing new."""
    watch, assignment = shard.watches.of(track), track.assignment
    if assignment is None or (assignment.trip is None and assignment.source is Source.INFERRED):
        return _without_run(shard, track, watch, now_ms)
    if track.trip is None:
        return []
    if assignment.source is Source.INFERRED:
        ended = _ended(shard, track, watch, assignment, now_ms)
        if ended:
            return ended
    return _on_run(shard, track, watch, assignment, now_ms) or sharing.follow(shard, track, watch, now_ms)


# -- without a run ------------------------------------------------------------------


def _without_run(shard: Shard, track: Track, watch: Watch, now_ms: int) -> list[Proposal]:
    """Look for the way of a vehicle that nobody signed on."""
    network = shard.network
    if watch.belief is None:
        watch.belief = inference.begin(track, network, at=(track.x, track.y))
    if not inference.observe(watch.belief, track, network):
        return _waiting(shard, track, watch, now_ms)
    if watch.rested is not None and math.dist(watch.rested, (track.x, track.y)) > inference.TURN_M:
        watch.rested = None
    resting = Phase.UNKNOWN if watch.rested is None else Phase.LAYOVER
    track.idle = Phase.DEADHEAD if watch.belief.astray else resting
    found = inference.found(watch.belief, network, partial(_untimely, shard, track))
    if found is None:
        return []
    leaving = watch.belief.turning and found.places[0][1] <= TERMINAL_M
    return _take_way(shard, track, watch, found, Doing.LEAVING if leaving else Doing.UNDER_WAY, now_ms)


def _untimely(shard: Shard, track: Track, places: Places) -> float:
    """How badly the best of the runs that may be here fits the clock, in sigmas²."""
    assert track.fix is not None
    fits = shard.watches.timetable.fits(places, track.fix.at_ms, Doing.UNDER_WAY)
    return min((fit.cost for fit in fits.values()), default=UNKNOWN_COST)


def _waiting(shard: Shard, track: Track, watch: Watch, now_ms: int) -> list[Proposal]:
    """A vehicle that stands at a terminal where only one way begins waits to run it."""
    if watch.stands(track) < WAITS_S or watch.looked_ms == watch.still_ms:
        return []
    watch.looked_ms = watch.still_ms
    found = inference.begins_here(shard.network, track.x, track.y)
    return [] if found is None else _take_way(shard, track, watch, found, Doing.WAITING, now_ms)


def _take_way(shard: Shard, track: Track, watch: Watch, found: Found, doing: Doing, now_ms: int) -> list[Proposal]:
    """The way is clear: a run is chosen. Without one in the timetable the vehicle's run stays unknown."""
    assert track.fix is not None
    shard.watches.serve(track.vehicle_id, watch, found)
    watch.seen = shard.watches.timetable.fits(found.places, track.fix.at_ms, doing)
    watch.waits = doing is Doing.WAITING
    if not watch.waits:
        watch.remember(watch.seen)
    proposals = sharing.join(shard, track, watch, now_ms)
    watch.seen = None
    if all(proposal.assignment.vehicle_id != track.vehicle_id for proposal in proposals):
        shard.watches.leave(track.vehicle_id, watch)
    return proposals


# -- at the end of an inferred run ---------------------------------------------------


def _ended(shard: Shard, track: Track, watch: Watch, assignment: Assignment, now_ms: int) -> list[Proposal]:
    """When an inferred run is over, what the driver had said is next, or the block's next run; else it rests here."""
    stood_s = watch.stands(track)
    if track.pattern is None or track.progress_m is None or not track.on_route:
        return []
    left_m = float(track.pattern.visit_along_m[-1]) - track.progress_m
    if left_m > inference.TURN_M:
        return []
    arrived = track.at_end or (stood_s >= TURNS_S and left_m <= QUEUE_M)
    if assignment.said is not None:
        return [Proposal(assignment.said, at_start=True)] if arrived else []
    following = signon.next_of_block(assignment, shard.network, now_ms)
    if following is None:
        return _give_up(shard, track, watch, now_ms, idle=Phase.LAYOVER) if arrived else []
    turns = arrived or (stood_s >= TURNS_S and _due_here(shard, track, following))
    return [Proposal(following, at_start=True)] if turns else []


def _due_here(shard: Shard, track: Track, following: Assignment) -> bool:
    """Is the next run due about now, and does it begin here?"""
    assert following.trip is not None
    assert track.fix is not None
    trip = shard.network.trip(following.trip.trip_id)
    assert trip is not None
    departs_ms = shard.network.day_start_ms(following.trip.start_date) + 1000 * int(trip.departures_s[0])
    pattern = shard.network.pattern(trip.pattern_index)
    away_m = math.dist(pattern.start_xy, (track.x, track.y))
    return track.fix.at_ms >= departs_ms - DUE_S * 1000 and away_m <= inference.TURN_M


def _give_up(shard: Shard, track: Track, watch: Watch, now_ms: int, *, idle: Phase) -> list[Proposal]:
    """The vehicle is on no run any more."""
    home = watch.way.route_id if watch.way is not None else None
    resting = idle is Phase.LAYOVER
    here = (track.x, track.y)
    astray_m = 0.0 if watch.belief is None else watch.belief.astray_m
    shard.watches.leave(track.vehicle_id, watch)
    watch.rested = here if resting else None
    watch.belief = inference.begin(track, shard.network, home=home, turning=resting, at=here)
    watch.belief.astray_m = astray_m
    track.idle = idle
    return [Proposal(Assignment(track.vehicle_id, now_ms, source=Source.INFERRED))]


# -- on a run -----------------------------------------------------------------------


def _on_run(shard: Shard, track: Track, watch: Watch, assignment: Assignment, now_ms: int) -> list[Proposal]:
    """Does its movement agree with its run? If it moves and its progress does not, look which way it does go."""
    if track.outset is not None and not track.outset.away and track.on_route:
        _agrees(watch, track, assignment)
        return []
    if watch.belief is None:
        moved_m = math.hypot(track.x - watch.x, track.y - watch.y)
        if moved_m < CHECK_M:
            return []
        if not _explained(watch, track, moved_m):
            at = (watch.x, watch.y)
            watch.belief = inference.begin(track, shard.network, home=assignment.route_id, at=at)
        watch.check_from(track)
    if watch.belief is None or not inference.observe(watch.belief, track, shard.network):
        return []
    return _judge(shard, track, watch, watch.belief, now_ms)


def _explained(watch: Watch, track: Track, moved_m: float) -> bool:
    """Has its progress grown as it should have?"""
    if not track.on_route or track.progress_m is None or watch.progress_m is None:
        return track.on_route
    return track.progress_m - watch.progress_m >= EXPLAINED_SHARE * moved_m


def _judge(shard: Shard, track: Track, watch: Watch, belief: Belief, now_ms: int) -> list[Proposal]:
    """Compare the run's own path with the one that explains the movement best."""
    assert track.trip is not None
    assert track.assignment is not None
    assignment, network = track.assignment, shard.network
    best_cost, own_cost, forward_m = inference.compare(belief, network, track.trip.pattern_index)
    if own_cost <= min(best_cost + inference.SAME_WAY_MARGIN, inference.SURE_COST):
        _agrees(watch, track, assignment)
        return []
    manoeuvres = _manoeuvres(track)
    may_be_s = departing.EARLY_S if manoeuvres else MAY_BE_ELSEWHERE_S
    if own_cost - best_cost >= CONTRADICTION and forward_m >= CONTRADICTION_M and _ahead_s(track) <= may_be_s:
        track.mismatch = True
    if manoeuvres:
        return []
    found = inference.found(belief, network, partial(_untimely, shard, track))
    if found is None:
        lost = belief.astray_m > DETOUR_M and assignment.source is Source.INFERRED
        return _give_up(shard, track, watch, now_ms, idle=Phase.DEADHEAD) if lost else []
    if assignment.said is not None and assignment.said.trip is not None:
        trip = network.trip(assignment.said.trip.trip_id)
        if trip is not None and inference.way_of(network, trip.pattern_index) == found.way:
            return [Proposal(assignment.said, under_way=True)]
    return _take_way(shard, track, watch, found, Doing.UNDER_WAY, now_ms)


def _agrees(watch: Watch, track: Track, assignment: Assignment) -> None:
    """Its movement agrees with its run, or did so again: what spoke against it is forgotten."""
    watch.belief, track.mismatch = None, assignment.said is not None
    watch.check_from(track)


def _manoeuvres(track: Track) -> bool:
    """Has it not left its first stop yet, and drives about its terminal: to a bay, to turn, and back?

    Which way it drives says nothing of its run then. Only in the minute in which it ought to leave is it missed.
    """
    if track.outset is None or track.pattern is None or _ahead_s(track) < -LONG_PAST_S:
        return False
    return departing.near_start(track, track.pattern)


def _ahead_s(track: Track) -> float:
    """Tell how many seconds there are until its run begins (negative: since)."""
    assert track.fix is not None
    return (track.departs_ms - track.fix.at_ms) / 1000.0
