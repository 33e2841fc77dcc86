"""What a fix or a sign-on changes: place, visits, this bus's bells, then bells that wait for its route. Level 13 of the core."""

from typing import assert_never

from server.core import (
    approach as approaching,
    bells as life,
    hinted,
    placing,
    recognition,
    sensing,
    serving,
    signon,
    tracking,
    trailing,
)
from server.core.approach import Arrived, Finished, VisitEvent
from server.core.course import Call
from server.core.effects import Assigned, Effect, FixRefused, Refused, StopVisited
from server.core.events import Fix, SignOff, SignOn, TerminalLink
from server.core.hinted import RETRY_S
from server.core.model import (
    Assignment,
    BellState,
    Outcome,
    Reason,
    Source,
    StopVisit,
    TripKey,
    VehicleId,
    VisitOutcome,
)
from server.core.network import Visit
from server.core.shard import Shard
from server.core.tracking import Taken, Track


def take_fix(shard: Shard, fix: Fix, now_ms: int) -> list[Effect]:
    """Take or refuse a fix, and decide all that follows from it."""
    track = shard.tracks.get(fix.vehicle_id) or Track(fix.vehicle_id, seen_ms=now_ms)
    taken = placing.take(track, fix, shard.network, shard.policy)
    if isinstance(taken, Reason):
        return [FixRefused(now_ms, fix.vehicle_id, taken)]
    shard.tracks[fix.vehicle_id] = track
    effects: list[Effect] = []
    if fix.source is Source.FEED:
        effects += follow_feed(shard, track, fix, now_ms)
    if track.hint is not None and not track.chosen and track.outset is None and taken.moved:
        effects += choose_again(shard, track, track.hint, now_ms)
    effects += moved(shard, track, taken, now_ms)
    trailing.follow(shard, track)
    for assignment, at_start, under_way in recognition.look(shard, track, now_ms):
        whose = shard.tracks[assignment.vehicle_id]
        if not at_start and _goes_on(shard, whose, assignment):
            effects += rename(shard, whose, assignment, now_ms)
        else:
            effects += assign(shard, whose, assignment, now_ms, at_start=at_start, under_way=under_way)
    return effects


def moved(shard: Shard, track: Track, taken: Taken, now_ms: int) -> list[Effect]:
    """After a taken fix: visits, then this bus's bells, then bells that wait for a bus of its route."""
    effects: list[Effect] = []
    if taken.left_route:
        effects += _end_visits(shard, track, now_ms)
        effects += serving.release(shard, track.vehicle_id, Reason.OFF_ROUTE, now_ms)
    if not taken.moved or track.progress_m is None:
        return effects
    approach = shard.approaches.get(track.vehicle_id)
    if approach is None or track.span is None:
        effects += begin_approach(shard, track, now_ms)
    else:
        for visit_event in approaching.advance(approach, track, shard.policy):
            effects += visited(shard, track, visit_event, now_ms)
    if run_is_over(shard, track):
        effects += end_of_trip(shard, track, now_ms)
    effects += serving.board_here(shard, track, now_ms)
    effects += serving.refresh_alerts(shard, track, now_ms)
    assert track.trip is not None
    for bell in shard.bells.without_bus(track.trip.route_id):
        effects += serving.offer(shard, bell, track, now_ms)
    return effects


def follow_feed(shard: Shard, track: Track, fix: Fix, now_ms: int) -> list[Effect]:
    """A feed says what the vehicle runs; a driver's own sign-on wins over it."""
    current = track.assignment
    if current is not None and current.source is Source.INFERRED:
        current = current.said
    if current is not None and current.source is Source.TERMINAL and current.trip is not None:
        return []
    if fix.trip is not None:
        if current is not None and current.trip is not None and _same_run(current.trip, fix.trip):
            return []
        said = SignOn(fix.vehicle_id, trip_id=fix.trip.trip_id, start_date=fix.trip.start_date or None)
    elif fix.route_id is not None and not _same_way(current, fix):
        said = SignOn(fix.vehicle_id, route_id=fix.route_id, direction_id=fix.direction_id)
    else:
        return []
    if track.unresolved == said and now_ms - track.unresolved_ms < RETRY_S * 1000:
        return []
    assignment = signon.resolve(said, track, shard.network, now_ms, Source.FEED, hinted.taken(shard, track, said))
    if isinstance(assignment, Reason):
        track.unresolved, track.unresolved_ms = said, now_ms
        return []
    return assign(shard, track, assignment, now_ms)


def begin_approach(shard: Shard, track: Track, now_ms: int) -> list[Effect]:
    """The bus was placed anew: visits behind it are over, and nobody saw how."""
    before = shard.approaches.get(track.vehicle_id)
    approach = shard.approaches[track.vehicle_id] = approaching.start(track, shard.policy, before)
    assert track.pattern is not None
    effects: list[Effect] = []
    if before is not None and before is not approach:
        for event in approaching.close(before, track, shard.policy, until=approach.next_index):
            effects += visited(shard, track, event, now_ms)
    behind = {visit.stop_sequence for visit in track.pattern.visits[: approach.next_index]}
    for bell in shard.bells.of_vehicle(track.vehicle_id):
        if bell.visit_sequence in behind:
            told = serving.driver_knew(shard, bell)
            effects += serving.over(shard, bell, VisitOutcome.UNKNOWN, told=told, sure=False, now_ms=now_ms)
    for alert in shard.alerts.live(track.vehicle_id):
        if alert.stop_sequence in behind:
            effects += shard.alerts.clear(track.vehicle_id, alert.stop_sequence, Outcome.EXPIRED, now_ms)
    return effects


def visited(shard: Shard, track: Track, event: VisitEvent, now_ms: int) -> list[Effect]:
    """The bus arrived at a visit, or one is behind it: its bells hear, and the visit is put on record."""
    assert track.pattern is not None
    assert track.trip_key is not None
    visit = track.pattern.visits[event.visit_index]
    bells = [b for b in shard.bells.of_vehicle(track.vehicle_id) if b.visit_sequence == visit.stop_sequence]
    effects: list[Effect] = []
    match event:
        case Arrived(visit_index=index, at_ms=at_ms):
            shard.forecasts.arrived(track, index, at_ms)
            for bell in bells:
                if bell.state in serving.ON_A_BUS:
                    effects += serving.change(shard, life.move(bell, BellState.ARRIVED, now_ms), now_ms)
        case Finished():
            if not event.again:
                call = Call(event.visit_index, event.arrived_ms, event.departed_ms)
                shard.forecasts.finished(track, call, stood_s=event.stood_s, confidence=event.confidence)
                effects.append(StopVisited(_stop_visit(track.vehicle_id, track.trip_key, event, visit, now_ms)))
            knew = {bell.bell_id for bell in bells if serving.driver_knew(shard, bell)}
            outcome = serving.judged(event.outcome, told=bool(knew))
            cleared = Outcome.SERVED if outcome is VisitOutcome.STOPPED else Outcome.PASSED
            effects += shard.alerts.clear(track.vehicle_id, visit.stop_sequence, cleared, now_ms)
            sure = event.confidence >= approaching.SEEN_CONFIDENCE
            for bell in bells:
                told = bell.bell_id in knew
                effects += serving.over(shard, bell, event.outcome, told=told, sure=sure, now_ms=now_ms)
        case _:
            assert_never(event)
    return effects + sensing.visited(shard, track, event, now_ms)


def _end_visits(shard: Shard, track: Track, now_ms: int) -> list[Effect]:
    """The bus leaves its run here: the visits it stands at, or has come past, are over."""
    effects: list[Effect] = []
    approach = shard.approaches.pop(track.vehicle_id, None)
    for event in approaching.close(approach, track, shard.policy) if approach is not None else ():
        effects += visited(shard, track, event, now_ms)
    return effects


def run_is_over(shard: Shard, track: Track) -> bool:
    """Has the bus been seen to stand at its last stop, or (sparse reports) to have been there for a whole gap?"""
    approach, pattern, span = shard.approaches.get(track.vehicle_id), track.pattern, track.span
    if approach is None or pattern is None or not track.at_end:
        return False
    if approach.standing_at(len(pattern.visits) - 1):
        return True
    since_m = pattern.visits[-1].along_m - tracking.END_M
    return span is not None and span.from_m >= since_m and span.to_ms - span.from_ms > approaching.SEEN_GAP_S * 1000


def end_of_trip(shard: Shard, track: Track, now_ms: int) -> list[Effect]:
    """At its last stop a bus signed on by block begins the block's next run; on a loop, the route's next one."""
    assert track.assignment is not None
    following = signon.next_of_block(track.assignment, shard.network, now_ms)
    if following is None and track.hint is not None:
        following = hinted.next_of_route(shard, track, track.hint, now_ms)
    return [] if following is None else assign(shard, track, following, now_ms, at_start=True)


def sign_on(shard: Shard, event: SignOn, now_ms: int) -> list[Effect]:
    """A driver signs on; a name we do not know, or no run at this hour, is refused."""
    track = shard.track(event.vehicle_id, now_ms)
    assignment = signon.resolve(event, track, shard.network, now_ms, Source.TERMINAL, hinted.taken(shard, track, event))
    if isinstance(assignment, Reason):
        named = event.trip_id or event.block_id or event.route_id or ""
        return [Refused(assignment, event.ref, {"name": named})]
    track.hint, track.chosen = (event if assignment.block_id is None and event.trip_id is None else None), False
    return assign(shard, track, assignment, now_ms, at_start=track.hint is not None and track.nearly_done)


def choose_again(shard: Shard, track: Track, hint: SignOn, now_ms: int) -> list[Effect]:
    """A bus signed on to a route has left its first stop: by its departure it is put on a run once more.

    One that still waits for that run is given another.
    """
    chosen = hinted.by_departure(shard, track, hint, now_ms)
    if chosen is None:
        return []
    waiting = hinted.who_waits_for(shard, track, hint, chosen)
    if hinted.same_pattern(shard, track, chosen):
        effects = rename(shard, track, chosen, now_ms)
    else:
        effects = assign(shard, track, chosen, now_ms)
    for other in waiting:
        another = hinted.another(shard, other, now_ms)
        effects += [] if another is None else assign(shard, other, another, now_ms)
    return effects


def sign_off(shard: Shard, event: SignOff, now_ms: int) -> list[Effect]:
    """A driver signs off: the bus serves nobody until it signs on again."""
    track = shard.track(event.vehicle_id, now_ms)
    track.hint = None
    return assign(shard, track, Assignment(event.vehicle_id, now_ms), now_ms)


def assign(
    shard: Shard,
    track: Track,
    assignment: Assignment,
    now_ms: int,
    *,
    at_start: bool = False,
    under_way: bool = False,
) -> list[Effect]:
    """Put the vehicle on a run (or none): visits of the old run end, its bells go to others."""
    effects: list[Effect] = []
    before = track.pattern.index if track.pattern is not None else None
    if assignment.trip != track.trip_key or assignment.trip is None:
        effects += _end_visits(shard, track, now_ms)
        effects += serving.release(shard, track.vehicle_id, Reason.SIGNED_OFF, now_ms)
    changed = tracking.assign(track, assignment, shard.network)
    shard.index(track, before=before)
    effects.append(Assigned(assignment))
    if changed and track.fix is not None:
        placed = placing.place_again(track, shard.policy, at_start=at_start, under_way=under_way)
        effects += moved(shard, track, placed, now_ms)
    return effects


def rename(shard: Shard, track: Track, assignment: Assignment, now_ms: int) -> list[Effect]:
    """A bus under way turned out to be on another run of its pattern: it goes on, and those who await it keep it."""
    assert track.pattern is not None
    assert assignment.trip is not None
    tracking.rename(track, assignment, shard.network)
    shard.index(track, before=track.pattern.index)
    effects: list[Effect] = [Assigned(assignment), *sensing.renamed(shard, track, now_ms)]
    for bell in shard.bells.of_vehicle(track.vehicle_id):
        effects += serving.change(shard, life.rename(bell, assignment.trip), now_ms)
    return effects


def _goes_on(shard: Shard, track: Track, assignment: Assignment) -> bool:
    """Is this only another name for what an unsigned bus is seen to run?"""
    before = track.assignment
    inferred = before is not None and before.source is assignment.source is Source.INFERRED
    if not inferred or assignment.trip is None or track.pattern is None or track.outset is not None:
        return False
    trip = shard.network.trip(assignment.trip.trip_id)
    return track.on_route and trip is not None and trip.pattern_index == track.pattern.index


def terminal_link(shard: Shard, event: TerminalLink, now_ms: int) -> list[Effect]:
    """A terminal came or went. Bells move only if it stays away (see `upkeep`)."""
    track = shard.track(event.vehicle_id, now_ms)
    track.terminal_up, track.terminal_since_ms = event.up, now_ms
    return []


def _same_run(current: TripKey, said: TripKey) -> bool:
    return current.trip_id == said.trip_id and said.start_date in ("", current.start_date)


def _same_way(current: Assignment | None, fix: Fix) -> bool:
    return current is not None and current.route_id == fix.route_id and fix.direction_id in (None, current.direction_id)


def _stop_visit(vehicle_id: VehicleId, trip: TripKey, event: Finished, visit: Visit, now_ms: int) -> StopVisit:
    return StopVisit(
        at_ms=now_ms,
        vehicle_id=vehicle_id,
        trip=trip,
        stop_id=visit.stop_id,
        stop_sequence=visit.stop_sequence,
        arrived_ms=event.arrived_ms,
        departed_ms=event.departed_ms,
        stood_s=event.stood_s,
        outcome=event.outcome,
        confidence=event.confidence,
    )
