"""What riders and drivers say: ring, cancel, shown, answer. Level 12 of the core."""

from collections.abc import Sequence
from typing import assert_never

from server.core import bells as life, refusals, serving
from server.core.dispatch import arrives_in_s, rests
from server.core.effects import BellRepeated, Effect, Refused
from server.core.events import Cancel, Respond, Ring, Shown, StillThere
from server.core.model import Answer, Bell, BellKind, BellState, Outcome, Reason
from server.core.policy import Policy
from server.core.refusals import Place
from server.core.shard import Declined, Shard
from server.core.tracking import Track

ANSWER_REASONS = {Answer.FULL: Reason.FULL, Answer.CANNOT_STOP: Reason.CANNOT_STOP}
TOUCH_MPS = 3.0 / 3.6
"""Below 3 km/h a driver may touch the screen (DOMAIN §3.4; Korean Road Traffic Act, art. 49)."""


def take(shard: Shard, event: Ring | StillThere | Cancel | Shown | Respond, now_ms: int) -> list[Effect]:
    """What a rider or a driver says of a bell."""
    match event:
        case Ring():
            return ring(shard, event, now_ms)
        case StillThere():
            return still_there(shard, event, now_ms)
        case Cancel():
            return cancel(shard, event, now_ms)
        case Shown():
            return shown(shard, event, now_ms)
        case Respond():
            return respond(shard, event, now_ms)
        case _:
            assert_never(event)


def ring(shard: Shard, ring: Ring, now_ms: int) -> list[Effect]:
    """Accept a bell or say why not; the same ring again gets the present state and makes nothing new."""
    known = shard.bells.get(ring.bell_id)
    if known is not None:
        return serving.answer_again(shard, ring, known, now_ms)
    places = refusals.places_of(ring, shard.network)
    refused = (
        refusals.unknown_names(ring, shard.network)
        or refusals.wrong_place(ring, places, shard.network)
        or refusals.not_present(ring, shard.network, shard.policy)
        or refusals.second_bell(ring, shard.bells.of_rider(ring.rider_id), shard.policy)
        or no_bus(shard, ring, places, now_ms)
    )
    if refused is not None:
        return [refused]
    bell = Bell(
        bell_id=ring.bell_id,
        rider_id=ring.rider_id,
        kind=ring.kind,
        stop_id=ring.stop_id,
        route_id=shard.network.pattern(places[0].ref.pattern_index).route_id,
        state=BellState.WAITING,
        rung_ms=now_ms,
        changed_ms=now_ms,
        direction_id=ring.direction_id,
        stop_sequence=ring.stop_sequence,
        wanted_vehicle_id=ring.vehicle_id,
        alight_stop_id=ring.alight_stop_id,
        party=ring.party,
        needs=ring.needs,
    )
    return serving.change(shard, bell, now_ms) + serving.dispatch(shard, bell, now_ms)


def no_bus(shard: Shard, ring: Ring, places: Sequence[Place], now_ms: int) -> Refused | None:
    """No bus that runs, and none that is due, could serve this ring; the next bus's reason is given.

    Nor is a bell needed for a bus that stands at the stop and can be boarded (DOMAIN §2: "here now", not accepted).
    """
    found = [c for c in shard.candidates(places) if ring.vehicle_id in (None, c.track.vehicle_id)]
    found.sort(key=lambda c: arrives_in_s(c, now_ms))
    reasons = [serving.why_not(shard, c, ring, now_ms) for c in found]
    here = [c for c, reason in zip(found, reasons, strict=True) if reason is Reason.BUS_HERE_NOW]
    if any(not rests(c) for c in here) or (here and None not in reasons):
        return Refused(Reason.BUS_HERE_NOW, ring.bell_id)
    if None in reasons:
        return None
    if ring.vehicle_id is not None:
        return Refused(reasons[0] if reasons and reasons[0] else Reason.NO_BUS_CAN_SERVE, ring.bell_id)
    if shard.due(places, now_ms):
        return None
    return Refused(reasons[0] if reasons and reasons[0] else Reason.NOT_IN_SERVICE, ring.bell_id)


def still_there(shard: Shard, event: StillThere, now_ms: int) -> list[Effect]:
    """A rider's phone says where she is while she waits: the bell of one who walked away ends by itself (DOMAIN §2)."""
    bell = shard.bells.get(event.bell_id)
    if bell is None or bell.rider_id != event.rider_id:
        return [Refused(Reason.UNKNOWN_BELL, event.bell_id)]
    waits = not bell.ended and bell.state is not BellState.ARRIVED and bell.kind is BellKind.BOARD
    if not waits or not refusals.gone_away(bell, event.presence, shard.network, shard.policy):
        shard.gone_ms.pop(bell.bell_id, None)
        return []
    since_ms = shard.gone_ms.setdefault(bell.bell_id, now_ms)
    if now_ms - since_ms < shard.policy.gone_s * 1000:
        return []
    gone = life.move(bell, BellState.CANCELLED, now_ms, reason=Reason.WALKED_AWAY)
    return serving.change(shard, gone, now_ms) + serving.refresh_of(shard, bell.vehicle_id, now_ms)


def cancel(shard: Shard, event: Cancel, now_ms: int) -> list[Effect]:
    """Take a bell back. Not mine and not there are told alike."""
    bell = shard.bells.get(event.bell_id)
    if bell is None or bell.rider_id != event.rider_id:
        return [Refused(Reason.UNKNOWN_BELL, event.bell_id)]
    if bell.ended:
        return [BellRepeated(bell)]
    effects = serving.change(shard, life.move(bell, BellState.CANCELLED, now_ms), now_ms)
    return effects + serving.refresh_of(shard, bell.vehicle_id, now_ms)


def shown(shard: Shard, event: Shown, now_ms: int) -> list[Effect]:
    """A screen shows an alert: its bells hear. Of an alert that is gone nothing is said."""
    alert = shard.alerts.find(event.vehicle_id, event.alert_id)
    if alert is None:
        return []
    effects = shard.alerts.mark_shown(alert, now_ms)
    return effects + serving.bells_of_alert(shard, alert, BellState.SHOWN, {BellState.ASSIGNED}, now_ms)


def respond(shard: Shard, event: Respond, now_ms: int) -> list[Effect]:
    """A driver answers: `ok` is passed on; `full` and `cannot_stop` send the bells to the next bus."""
    alert = shard.alerts.find(event.vehicle_id, event.alert_id)
    if alert is None:
        return [Refused(Reason.UNKNOWN_ALERT, event.ref)]
    if event.answer is Answer.OK:
        marked = shard.alerts.mark_shown(alert, now_ms)
        return marked + serving.bells_of_alert(shard, alert, BellState.ACKNOWLEDGED, serving.ON_A_BUS, now_ms)
    if event.by_touch and _moves(shard.track(event.vehicle_id, now_ms), shard.policy, now_ms):
        return [Refused(Reason.MOVING, event.ref)]
    reason = ANSWER_REASONS[event.answer]
    shard.declined[event.vehicle_id] = Declined(alert.trip, alert.stop_sequence, reason)
    behind = serving.behind(shard, alert)
    staying = [b for b in behind if b.kind is BellKind.ALIGHT and reason is Reason.FULL]
    declined = [life.fail(b, BellState.DECLINED, now_ms, reason=reason) for b in behind if b not in staying]
    effects: list[Effect] = []
    if not staying:
        effects += shard.alerts.clear(event.vehicle_id, alert.stop_sequence, Outcome.MOVED, now_ms)
    for bell in declined:
        effects += serving.change(shard, bell, now_ms)
    for bell in declined:
        effects += serving.dispatch(shard, bell, now_ms)
    return effects + (serving.refresh_of(shard, event.vehicle_id, now_ms) if staying else [])


def _moves(track: Track, policy: Policy, now_ms: int) -> bool:
    """Can the bus not be standing yet, by the speed it said last? It may have braked since, as hard as is comfortable."""
    if track.speed_mps is None:
        return False
    return track.speed_mps - policy.a_comfort_mps2 * track.age_s(now_ms) >= TOUCH_MPS
