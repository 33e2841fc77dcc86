"""What time alone changes: silence, overtaking, expiry, forgetting. Level 12 of the core."""

from server.core import bells as life, serving
from server.core.dispatch import acceptable, can_be_told, may_be_ahead, needed_m, overtaken_by
from server.core.effects import Effect
from server.core.model import ON_BOARD, Bell, BellKind, BellState, Outcome, Reason, VehicleId, VisitOutcome
from server.core.shard import Shard
from server.core.tracking import Track

FORGET_TRACK_S = 3_600.0
"""A vehicle silent this long, with no bell behind it, is dropped from memory."""
FORGET_EVERY_S = 60.0
"""How often such vehicles are looked for: against an hour a minute is little."""
OVERTAKE_CHECK_S = 5.0
"""How often a bell whose driver does not know it yet is compared with the other buses: a bus comes 50 m in it."""
EXPIRY_CHECK_S = 20.0
"""How often a bell without a bus is asked whether any bus is still to come (a timetable look-up)."""


def tick(shard: Shard, now_ms: int) -> list[Effect]:
    """Look at every bell once: the bus it awaits, or the buses that may still come."""
    effects: list[Effect] = []
    awaited: dict[VehicleId, None] = {}
    for bell in shard.bells.with_bus():
        if shard.bells.get(bell.bell_id) is bell:
            effects += look_after(shard, bell, now_ms)
            assert bell.vehicle_id is not None
            awaited[bell.vehicle_id] = None
    for vehicle_id in awaited:
        effects += serving.refresh_of(shard, vehicle_id, now_ms)
    for bell in shard.bells.without_bus():
        effects += serving.dispatch(shard, bell, now_ms)
        fresh = shard.bells.get(bell.bell_id)
        if fresh is not None and fresh.state is BellState.WAITING:
            effects += expire(shard, fresh, now_ms)
    if now_ms - shard.forgot_ms >= FORGET_EVERY_S * 1000:
        shard.forgot_ms = now_ms
        forget_silent(shard, now_ms)
    for track in shard.tracks.values():
        shard.forecasts.sample(track, now_ms)
    return effects


def look_after(shard: Shard, bell: Bell, now_ms: int) -> list[Effect]:
    """Is the chosen bus still the right one? Once shown, only silence and a full bus can take a bell away from it."""
    assert bell.vehicle_id is not None
    track = shard.tracks[bell.vehicle_id]
    lost = track.age_s(now_ms) > shard.policy.silent_s
    if bell.state is BellState.ARRIVED:
        return leave_standing(shard, bell, now_ms) if lost or _too_old(shard, bell, now_ms) else []
    if _too_old(shard, bell, now_ms):
        return give_up(shard, bell, Reason.TOO_OLD, now_ms)
    if lost:
        return lose(shard, bell, track, now_ms)
    if hand_over(shard, bell, track, now_ms):
        return serving.move_away(shard, bell, Reason.FULL, now_ms)
    if bell.state is not BellState.ASSIGNED:
        return []
    if not can_be_told(track, now_ms, shard.rules):
        return serving.move_away(shard, bell, Reason.NO_TERMINAL, now_ms)
    return compare(shard, bell, track, now_ms)


def compare(shard: Shard, bell: Bell, track: Track, now_ms: int) -> list[Effect]:
    """Has another bus come clearly ahead of the chosen one, whose driver was not shown the bell yet?

    One whose place is a guess takes no bell from one whose place is known.
    """
    if not _due(shard, bell, OVERTAKE_CHECK_S, now_ms):
        return []
    current = shard.current(bell, track)
    if current is None or not any(may_be_ahead(current, c) for c in shard.candidates(shard.places_of(bell))):
        return []
    best = serving.best_for(shard, bell, now_ms)
    if best is not None and not best.track.sure(shard.policy) and track.sure(shard.policy):
        return []
    if best is not None and overtaken_by(current, best, now_ms):
        return serving.give(shard, bell, best, now_ms, reason=Reason.OVERTAKEN)
    return []


def hand_over(shard: Shard, bell: Bell, track: Track, now_ms: int) -> bool:
    """Is the bus full by its own count, and early enough that a driver who saw the bell need not stop for it?"""
    if track.seats_left != 0 or bell.kind is BellKind.ALIGHT:
        return False
    current = shard.current(bell, track)
    return current is not None and current.left_m > needed_m(track, now_ms, shard.policy)


def lose(shard: Shard, bell: Bell, track: Track, now_ms: int) -> list[Effect]:
    """The bus fell silent. By its last word it was beyond the stop, and nobody saw how; or it is awaited no longer."""
    current = shard.current(bell, track)
    if current is None or not current.approach.seen_beyond(current.visit.index):
        return serving.move_away(shard, bell, Reason.BUS_SILENT, now_ms)
    told = serving.driver_knew(shard, bell)
    outcome = Outcome.SERVED if told else Outcome.PASSED
    effects = shard.alerts.clear(track.vehicle_id, current.visit.stop_sequence, outcome, now_ms)
    return effects + serving.over(shard, bell, VisitOutcome.UNKNOWN, told=told, sure=False, now_ms=now_ms)


def leave_standing(shard: Shard, bell: Bell, now_ms: int) -> list[Effect]:
    """Nobody will see the bus that stands at the bell's stop leave: it was there, and that is all we know."""
    assert bell.vehicle_id is not None
    assert bell.visit_sequence is not None
    effects = shard.alerts.clear(bell.vehicle_id, bell.visit_sequence, Outcome.SERVED, now_ms)
    return effects + serving.over(shard, bell, VisitOutcome.STOPPED, told=True, sure=False, now_ms=now_ms)


def expire(shard: Shard, bell: Bell, now_ms: int) -> list[Effect]:
    """A bell without a bus ends when none is to come, or when it is older than anybody waits."""
    if _too_old(shard, bell, now_ms):
        return give_up(shard, bell, Reason.TOO_OLD, now_ms)
    if not _due(shard, bell, EXPIRY_CHECK_S, now_ms):
        return []
    if bell.kind is BellKind.ALIGHT:
        return expire_alighting(shard, bell, now_ms)
    places = shard.places_of(bell)
    coming = any(acceptable(bell, c.track.vehicle_id, c.track.trip_key) for c in shard.candidates(places))
    if coming or shard.due(places, now_ms):
        return []
    return give_up(shard, bell, Reason.NO_MORE_BUSES, now_ms)


def expire_alighting(shard: Shard, bell: Bell, now_ms: int) -> list[Effect]:
    """A bell to be let off waits for its own bus only, and ends when the stop is behind it, or the rider is not aboard."""
    ride = shard.rides.get(bell.ride_id) if bell.ride_id is not None else None
    if ride is None or ride.state not in ON_BOARD:
        return give_up(shard, bell, Reason.RIDE_OVER, now_ms)
    track = shard.tracks.get(ride.vehicle_id)
    behind = track is None or track.pattern is None or shard.passed(track, bell.stop_sequence)
    return give_up(shard, bell, Reason.TOO_LATE, now_ms) if behind else []


def give_up(shard: Shard, bell: Bell, reason: Reason, now_ms: int) -> list[Effect]:
    """The bell ends without a bus."""
    return serving.change(shard, life.move(bell, BellState.EXPIRED, now_ms, reason=reason), now_ms)


def forget_silent(shard: Shard, now_ms: int) -> None:
    """Drop vehicles that nobody has heard of for an hour and nobody awaits."""
    gone = [
        t.vehicle_id
        for t in shard.tracks.values()
        if t.age_s(now_ms) > FORGET_TRACK_S and not t.terminal_up and not shard.bells.of_vehicle(t.vehicle_id)
    ]
    for vehicle_id in gone:
        track = shard.tracks.pop(vehicle_id)
        shard.approaches.pop(vehicle_id, None)
        shard.declined.pop(vehicle_id, None)
        shard.watches.forget(vehicle_id)
        shard.riders.forget_bus(vehicle_id)
        if track.pattern is not None:
            shard.on_pattern[track.pattern.index].pop(vehicle_id, None)


def _due(shard: Shard, bell: Bell, every_s: float, now_ms: int) -> bool:
    """Is it time to ask again what is dear to ask? Counts from now on if so."""
    if now_ms - shard.checked_ms.get(bell.bell_id, bell.rung_ms) < every_s * 1000:
        return False
    shard.checked_ms[bell.bell_id] = now_ms
    return True


def _too_old(shard: Shard, bell: Bell, now_ms: int) -> bool:
    return now_ms - bell.rung_ms > shard.policy.bell_max_age_s * 1000
