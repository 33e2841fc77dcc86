"""Bells and the buses that serve them: choose, tell, let go, end. Level 9 of the core.

Each function takes the shard, makes its change, and returns the effects in the order in which they happened.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from server.core import bells as life
from server.core import refusals
from server.core.dispatch import Candidate, acceptable, cannot_serve, nearest
from server.core.effects import BellChanged, Effect
from server.core.model import Alert, Bell, BellId, BellState, Outcome, Reason, VehicleId, VisitOutcome
from server.core.shard import Shard
from server.core.tracking import Track

TOLD = frozenset({BellState.SHOWN, BellState.ACKNOWLEDGED})
ON_A_BUS = TOLD | {BellState.ASSIGNED}


def change(shard: Shard, bell: Bell, now_ms: int) -> list[Effect]:
    """Keep a bell's new record and tell it."""
    shard.bells.put(bell)
    if bell.ended:
        shard.checked_ms.pop(bell.bell_id, None)
    return [BellChanged(bell, *shard.outlook(bell, now_ms))]


def dispatch(shard: Shard, bell: Bell, now_ms: int) -> list[Effect]:
    """Give a bell without a bus to the next one that can serve it; tell it that it waits if there is none."""
    best = best_for(shard, bell, now_ms)
    if best is None:
        return [] if bell.state is BellState.WAITING else change(shard, life.wait(bell, now_ms, reason=None), now_ms)
    return give(shard, bell, best, now_ms, reason=None)


def give(shard: Shard, bell: Bell, best: Candidate, now_ms: int, *, reason: Reason | None) -> list[Effect]:
    """Give a bell to a bus; the one that had it, if any, loses it from its alert."""
    track = best.track
    assert track.trip_key is not None
    given = life.give(bell, track.vehicle_id, track.trip_key, best.visit.stop_sequence, now_ms, reason=reason)
    effects = change(shard, given, now_ms)
    if bell.vehicle_id is not None and bell.vehicle_id != track.vehicle_id:
        effects += refresh_of(shard, bell.vehicle_id, now_ms)
    return effects + refresh_alerts(shard, track, now_ms)


def best_for(shard: Shard, bell: Bell, now_ms: int) -> Candidate | None:
    """The next bus that can serve this bell now."""
    places = refusals.places_of_bell(bell, shard.network)
    return nearest(c for c in shard.candidates(places) if may(shard, bell, c, now_ms))


def may(shard: Shard, bell: Bell, candidate: Candidate, now_ms: int) -> bool:
    """Can this bus be given this bell?"""
    vehicle_id = candidate.track.vehicle_id
    if not acceptable(bell, vehicle_id):
        return False
    return cannot_serve(candidate, bell.needs, shard.registry.get(vehicle_id), now_ms, shard.rules) is None


def release(shard: Shard, vehicle_id: VehicleId, reason: Reason, now_ms: int) -> list[Effect]:
    """This bus cannot serve any more: its bells go to others, its alerts off the screen."""
    effects: list[Effect] = []
    bells = shard.bells.of_vehicle(vehicle_id)
    for alert in shard.alerts.live(vehicle_id):
        effects += shard.alerts.clear(vehicle_id, alert.stop_sequence, Outcome.MOVED, now_ms)
    for bell in bells:
        if bell.state is BellState.ARRIVED:
            effects += over(shard, bell, VisitOutcome.STOPPED, sure=True, now_ms=now_ms)
        else:
            waiting = life.wait(bell, now_ms, reason=reason)
            effects += change(shard, waiting, now_ms)
    for bell in bells:
        effects += dispatch_if_waiting(shard, bell.bell_id, vehicle_id, now_ms)
    return effects


def dispatch_if_waiting(shard: Shard, bell_id: BellId, but: VehicleId, now_ms: int) -> list[Effect]:
    """Give a bell that was just taken from a bus (`but`) to another one, if there is any."""
    bell = shard.bells.get(bell_id)
    if bell is None or bell.state is not BellState.WAITING:
        return []
    best = nearest(
        c
        for c in shard.candidates(refusals.places_of_bell(bell, shard.network))
        if c.track.vehicle_id != but and may(shard, bell, c, now_ms)
    )
    return [] if best is None else give(shard, bell, best, now_ms, reason=bell.reason)


def refresh_of(shard: Shard, vehicle_id: VehicleId | None, now_ms: int) -> list[Effect]:
    """`refresh_alerts` for a vehicle by its id; nothing for one we do not know."""
    track = shard.tracks.get(vehicle_id) if vehicle_id is not None else None
    return [] if track is None else refresh_alerts(shard, track, now_ms)


def refresh_alerts(shard: Shard, track: Track, now_ms: int) -> list[Effect]:
    """Make this bus's alerts say what its bells say, in the order of the stops ahead."""
    waiting: defaultdict[int | None, list[Bell]] = defaultdict(list)
    for bell in shard.bells.of_vehicle(track.vehicle_id):
        waiting[bell.visit_sequence].append(bell)
    effects: list[Effect] = []
    for alert in shard.alerts.live(track.vehicle_id):
        if alert.stop_sequence not in waiting:
            effects += shard.alerts.clear(track.vehicle_id, alert.stop_sequence, Outcome.CANCELLED, now_ms)
    if not waiting or track.pattern is None:
        return effects
    for visit in track.pattern.visits:
        bells = waiting.get(visit.stop_sequence)
        candidate = shard.candidate(track.vehicle_id, visit.index) if bells else None
        if bells and candidate is not None:
            name = shard.network.stops[visit.stop_id].name
            effects += shard.alerts.refresh(candidate, bells, name, now_ms, shard.policy)
            effects += give_up_late(shard, candidate, bells, now_ms)
    return effects


def give_up_late(shard: Shard, candidate: Candidate, bells: Sequence[Bell], now_ms: int) -> list[Effect]:
    """A bell whose driver was not told before the commit point goes to the next bus, and says so."""
    vehicle_id = candidate.track.vehicle_id
    if shard.alerts.at(vehicle_id, candidate.visit.stop_sequence) is not None:
        return []
    effects: list[Effect] = []
    for bell in bells:
        if bell.state is BellState.ASSIGNED and shard.bells.get(bell.bell_id) is bell:
            reason = cannot_serve(candidate, bell.needs, shard.registry.get(vehicle_id), now_ms, shard.rules)
            if reason in (Reason.TOO_LATE, Reason.BUS_HERE_NOW):
                effects += change(shard, life.wait(bell, now_ms, reason=Reason.TOO_LATE), now_ms)
                effects += dispatch_if_waiting(shard, bell.bell_id, vehicle_id, now_ms)
    return effects


def over(shard: Shard, bell: Bell, outcome: VisitOutcome, *, sure: bool, now_ms: int) -> list[Effect]:
    """The awaited visit is over: the bell ends, or is told to the next bus."""
    reason = None if sure else Reason.UNSURE
    stood = bell.state is BellState.ARRIVED or judged(outcome, told=bell.state in TOLD) is VisitOutcome.STOPPED
    if stood:
        return change(shard, life.move(bell, BellState.SERVED, now_ms, reason=reason), now_ms)
    passed = life.fail(bell, BellState.PASSED, now_ms, reason=reason)
    return change(shard, passed, now_ms) + dispatch(shard, passed, now_ms)


def bells_of_alert(
    shard: Shard, alert: Alert, state: BellState, among: Iterable[BellState], now_ms: int
) -> list[Effect]:
    """Move the bells that this very alert told of; one that joined later waits for the alert's next showing."""
    effects: list[Effect] = []
    for bell in behind(shard, alert):
        if bell.state in among and bell.state is not state and bell.bell_id in alert.bells:
            effects += change(shard, life.move(bell, state, now_ms), now_ms)
    return effects


def behind(shard: Shard, alert: Alert) -> list[Bell]:
    """The open bells that an alert stands for, in the order in which they rang."""
    bells = shard.bells.of_vehicle(alert.vehicle_id)
    return [b for b in bells if b.visit_sequence == alert.stop_sequence]


def move_away(shard: Shard, bell: Bell, reason: Reason, now_ms: int) -> list[Effect]:
    """Take a bell from its bus for a reason, and give it to another if there is one."""
    vehicle_id = bell.vehicle_id
    assert vehicle_id is not None
    effects = change(shard, life.wait(bell, now_ms, reason=reason), now_ms)
    effects += refresh_of(shard, vehicle_id, now_ms)
    return effects + dispatch_if_waiting(shard, bell.bell_id, vehicle_id, now_ms)


def judged(outcome: VisitOutcome, *, told: bool) -> VisitOutcome:
    """Judge an outcome nobody saw by whether the driver knew: a told driver stops far more often than not."""
    if outcome is not VisitOutcome.UNKNOWN:
        return outcome
    return VisitOutcome.STOPPED if told else VisitOutcome.PASSED
