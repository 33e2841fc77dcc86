"""Bells and the buses that serve them: choose, tell, let go, end. Level 11 of the core.

Each function takes the shard, makes its change, and returns the effects in the order in which they happened.
"""

from collections.abc import Iterable

from server.core import bells as life
from server.core.dispatch import Candidate, acceptable, cannot_serve, far_off, first_of, reach_of, rests, stage_of
from server.core.effects import BellChanged, BellRepeated, Effect, Refused
from server.core.events import Ring
from server.core.model import Alert, Bell, BellId, BellKind, BellState, Need, Outcome, Reason, VehicleId, VisitOutcome
from server.core.network import Visit, VisitRef
from server.core.refusals import same_request
from server.core.shard import Shard
from server.core.tracking import Track

UNSEEN = frozenset({BellState.WAITING, BellState.ASSIGNED})
TOLD = frozenset({BellState.SHOWN, BellState.ACKNOWLEDGED})
ON_A_BUS = TOLD | {BellState.ASSIGNED}


def change(shard: Shard, bell: Bell, now_ms: int) -> list[Effect]:
    """Keep a bell's new record and tell it."""
    shard.bells.put(bell)
    if bell.ended:
        shard.forget_bell(bell.bell_id)
    return [BellChanged(bell, *shard.outlook(bell, now_ms))]


def answer_again(shard: Shard, ring: Ring, known: Bell, now_ms: int) -> list[Effect]:
    """A ring whose id has a bell: the same ring hears how that bell is doing, any other has no right to the id."""
    if not same_request(ring, known):
        return [Refused(Reason.ID_REUSED, ring.bell_id)]
    return [BellRepeated(known, *shard.outlook(known, now_ms))]


def dispatch(shard: Shard, bell: Bell, now_ms: int) -> list[Effect]:
    """Give a bell without a bus to the next one that can serve it; tell it that it waits if there is none."""
    best = best_for(shard, bell, now_ms)
    if best is None:
        if shard.witness is not None:
            shard.witness.chose(bell, None, now_ms, reason=None)
        return [] if bell.state is BellState.WAITING else change(shard, life.wait(bell, now_ms, reason=None), now_ms)
    return give(shard, bell, best, now_ms, reason=None)


def offer(shard: Shard, bell: Bell, track: Track, now_ms: int) -> list[Effect]:
    """After a fix of this bus: give it, or one ahead of it, a bell without a bus. Others are asked when they report."""
    candidates = shard.candidates_of(track, shard.places_of(bell))
    if bell.state is BellState.WAITING and not any(may(shard, bell, c, now_ms) for c in candidates):
        return []
    return dispatch(shard, bell, now_ms)


def give(shard: Shard, bell: Bell, best: Candidate, now_ms: int, *, reason: Reason | None) -> list[Effect]:
    """Give a bell to a bus; the one that had it, if any, loses it from its alert."""
    track = best.track
    assert track.trip_key is not None
    if shard.witness is not None:
        shard.witness.chose(bell, best, now_ms, reason=reason)
    given = life.give(bell, track.vehicle_id, track.trip_key, best.visit.stop_sequence, now_ms, reason=reason)
    effects = change(shard, given, now_ms)
    if bell.vehicle_id is not None and bell.vehicle_id != track.vehicle_id:
        effects += refresh_of(shard, bell.vehicle_id, now_ms)
    return effects + refresh_alerts(shard, track, now_ms)


def best_for(shard: Shard, bell: Bell, now_ms: int, *, but: VehicleId | None = None) -> Candidate | None:
    """The next bus that can serve this bell now; not `but`, which it was just taken from."""
    found = (c for c in shard.candidates(shard.places_of(bell)) if c.track.vehicle_id != but)
    return first_of((c for c in found if may(shard, bell, c, now_ms)), now_ms)


def may(shard: Shard, bell: Bell, candidate: Candidate, now_ms: int) -> bool:
    """Can this bus be given this bell?"""
    return acceptable(bell, candidate.track.vehicle_id, candidate.track.trip_key) and (
        why_not(shard, candidate, bell, now_ms) is None
    )


def why_not(shard: Shard, candidate: Candidate, asking: Bell | Ring | None, now_ms: int) -> Reason | None:
    """Why this bus cannot be given a bell at this visit now, or None; what its driver said of the visit counts.

    A full bus still lets people off. `asking` is the bell, or the ring that would become one; None for what anybody without needs would be told.
    """
    declined = shard.declined.get(candidate.track.vehicle_id)
    here = (candidate.track.trip_key, candidate.visit.stop_sequence)
    alighting = asking is not None and asking.kind is BellKind.ALIGHT
    if declined is not None and declined[:2] == here and not (alighting and declined.reason is Reason.FULL):
        return declined.reason
    vehicle = shard.registry.get(candidate.track.vehicle_id)
    needs = asking.needs if asking is not None else ()
    reason = cannot_serve(candidate, needs, vehicle, now_ms, shard.rules, alighting=alighting)
    if reason is None and asking is not None and not alighting and Need.WHEELCHAIR in needs:
        free = shard.free_bays(candidate, asking.alight_stop_id, but=asking.bell_id)
        return Reason.NO_FREE_BAY if free == 0 else None
    return reason


def release(shard: Shard, vehicle_id: VehicleId, reason: Reason, now_ms: int) -> list[Effect]:
    """This bus cannot serve any more: its bells go to others, its alerts off the screen."""
    effects: list[Effect] = []
    bells = shard.bells.of_vehicle(vehicle_id)
    for alert in shard.alerts.live(vehicle_id):
        effects += shard.alerts.clear(vehicle_id, alert.stop_sequence, Outcome.MOVED, now_ms)
    for bell in bells:
        if bell.state is BellState.ARRIVED:
            effects += over(shard, bell, VisitOutcome.STOPPED, told=True, sure=True, now_ms=now_ms)
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
    best = best_for(shard, bell, now_ms, but=but)
    return [] if best is None else give(shard, bell, best, now_ms, reason=bell.reason)


def refresh_of(shard: Shard, vehicle_id: VehicleId | None, now_ms: int) -> list[Effect]:
    """`refresh_alerts` for a vehicle by its id; nothing for one we do not know."""
    track = shard.tracks.get(vehicle_id) if vehicle_id is not None else None
    return [] if track is None else refresh_alerts(shard, track, now_ms)


def refresh_alerts(shard: Shard, track: Track, now_ms: int) -> list[Effect]:
    """Make this bus's alerts say what its bells say, in the order of the stops ahead."""
    waiting = shard.bells.visits_of(track.vehicle_id)
    effects: list[Effect] = []
    for alert in shard.alerts.live(track.vehicle_id):
        if alert.stop_sequence not in waiting:
            effects += shard.alerts.clear(track.vehicle_id, alert.stop_sequence, Outcome.CANCELLED, now_ms)
    if not waiting or track.pattern is None:
        return effects
    reach = reach_of(track, now_ms, shard.policy)
    for stop_sequence in sorted(waiting):
        candidate = shard.awaited(track, stop_sequence)
        if candidate is None:
            continue
        stage = stage_of(candidate, reach)
        if stage is not None:
            bells = shard.bells.at_visit(track.vehicle_id, stop_sequence)
            name = shard.network.stops[candidate.visit.stop_id].name
            raised = shard.alerts.refresh(candidate, stage, bells, name, now_ms, shard.policy)
            if raised and shard.witness is not None:
                shard.witness.told(raised[0].alert, candidate, reach, now_ms)
            effects += raised
        elif candidate.left_m <= reach.needed_m:
            effects += give_up_late(shard, candidate, now_ms)
        elif far_off(candidate, reach):
            break
    return effects


def give_up_late(shard: Shard, candidate: Candidate, now_ms: int) -> list[Effect]:
    """Beyond the commit point: a bell whose driver was not told goes to the next bus, and says so.

    The physical one: an operator's earlier cut-off says until when one may ring, not until when a driver is told.
    """
    vehicle_id = candidate.track.vehicle_id
    if shard.alerts.at(vehicle_id, candidate.visit.stop_sequence) is not None:
        return []
    effects: list[Effect] = []
    for bell in shard.bells.at_visit(vehicle_id, candidate.visit.stop_sequence):
        if bell.state is BellState.ASSIGNED and shard.bells.get(bell.bell_id) is bell:
            effects += change(shard, life.wait(bell, now_ms, reason=Reason.TOO_LATE), now_ms)
            effects += dispatch_if_waiting(shard, bell.bell_id, vehicle_id, now_ms)
    return effects


def over(shard: Shard, bell: Bell, outcome: VisitOutcome, *, told: bool, sure: bool, now_ms: int) -> list[Effect]:
    """The awaited visit is over: the bell ends, or is told to the next bus. `told`: its driver knew of it."""
    reason = None if sure else Reason.UNSURE
    stood = bell.state is BellState.ARRIVED or judged(outcome, told=told) is VisitOutcome.STOPPED
    if stood:
        boarded = bell.vehicle_id is not None and shard.rides.aboard(bell.rider_id, bell.vehicle_id) is not None
        end = BellState.BOARDED if boarded and bell.kind is BellKind.BOARD else BellState.SERVED
        return change(shard, life.move(bell, end, now_ms, reason=reason), now_ms)
    passed = life.fail(bell, BellState.PASSED, now_ms, reason=reason)
    effects = change(shard, passed, now_ms)
    if bell.kind is BellKind.ALIGHT:  # the stop is behind the bus for good: its rider must choose another
        return effects + change(shard, life.move(passed, BellState.EXPIRED, now_ms, reason=reason), now_ms)
    return effects + dispatch(shard, passed, now_ms)


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
    return shard.bells.at_visit(alert.vehicle_id, alert.stop_sequence)


def move_away(shard: Shard, bell: Bell, reason: Reason, now_ms: int) -> list[Effect]:
    """Take a bell from its bus for a reason, and give it to another if there is one."""
    vehicle_id = bell.vehicle_id
    assert vehicle_id is not None
    effects = change(shard, life.wait(bell, now_ms, reason=reason), now_ms)
    effects += refresh_of(shard, vehicle_id, now_ms)
    return effects + dispatch_if_waiting(shard, bell.bell_id, vehicle_id, now_ms)


def driver_knew(shard: Shard, bell: Bell) -> bool:
    """Was the driver of the bell's bus told? Where a terminal is taken for granted it shows what it was sent."""
    if bell.vehicle_id is None or bell.visit_sequence is None or bell.state in TOLD:
        return bell.state in TOLD
    taken_for_granted = shard.rules.assume_terminal and shard.tracks[bell.vehicle_id].terminal_up is None
    alert = shard.alerts.at(bell.vehicle_id, bell.visit_sequence) if taken_for_granted else None
    return alert is not None and bell.bell_id in alert.bells


def board_here(shard: Shard, track: Track, now_ms: int) -> list[Effect]:
    """Riders whose bell no driver knows board the bus that stands at their stop now, whichever they awaited.

    It came too late for this bus, which stopped all the same (somebody got off, the driver saw them). Without this
    the bus behind would be asked to stop for nobody.
    """
    approach = shard.approaches.get(track.vehicle_id)
    if track.pattern is None or approach is None or not approach.standing_at(approach.next_index):
        return []
    visit = track.pattern.visits[approach.next_index]
    effects: list[Effect] = []
    for bell in shard.bells.at_stop(visit.stop_id):
        if bell.state in UNSEEN and bell.vehicle_id != track.vehicle_id and not driver_knew(shard, bell):
            effects += _board(shard, bell, track, visit, now_ms)
    return effects


def _board(shard: Shard, bell: Bell, track: Track, visit: Visit, now_ms: int) -> list[Effect]:
    assert track.pattern is not None
    here = VisitRef(track.pattern.index, visit.index)
    candidate = shard.candidate(track.vehicle_id, visit.index)
    fits = candidate is not None and any(here == place.ref for place in shard.places_of(bell))
    if candidate is None or not fits or rests(candidate) or not acceptable(bell, track.vehicle_id, track.trip_key):
        return []
    if why_not(shard, candidate, bell, now_ms) is not Reason.BUS_HERE_NOW:
        return []
    here_now = Reason.BUS_HERE_NOW
    assert track.trip_key is not None
    given = life.give(bell, track.vehicle_id, track.trip_key, visit.stop_sequence, now_ms, reason=here_now)
    effects = change(shard, given, now_ms)
    effects += change(shard, life.move(given, BellState.ARRIVED, now_ms, reason=here_now), now_ms)
    return effects + refresh_of(shard, bell.vehicle_id, now_ms)


def judged(outcome: VisitOutcome, *, told: bool) -> VisitOutcome:
    """Judge an outcome nobody saw by whether the driver knew: a told driver stops far more often than not."""
    if outcome is not VisitOutcome.UNKNOWN:
        return outcome
    return VisitOutcome.STOPPED if told else VisitOutcome.PASSED
