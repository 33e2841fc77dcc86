"""What is made of a judgement, and when: be-in, be-out, a question, or nothing. Level 7 of the core; pure.

This is the whole decision of one rider on one run of a bus. The engine feeds it live; a simulator may feed it a finished
day: `judge` and `decide` know no rider, no shard and no clock.
"""

from collections.abc import Sequence
from typing import NamedTuple

from server.core.model import Evidence, EvidenceKey, Question, RideState
from server.core.ride_rules import RideRules
from server.core.rides.judgement import Hints, Judgement
from server.core.rides.phone import SLOT_MS, Phone
from server.core.rides.trail import Call, Run, Trail


class Verdict(NamedTuple):
    """What the rider is to be told; `state` None: nothing (yet). Confidence is that of the whole statement, 0 to 1."""

    state: RideState | None
    board: Call | None = None
    alight: Call | None = None
    confidence: float = 0.0
    question: Question | None = None


NOTHING = Verdict(None)


def decide(
    judged: Judgement,
    run: Run,
    phones: Sequence[Phone],
    hints: Hints,
    rules: RideRules,
    *,
    now_ms: int,
    rotating: bool = False,
) -> Verdict:
    """Make a statement of what is believed, as of an instant (bus clock).

    `rotating`: the bus's beacons change their ids, so that what was heard cannot have been played back for long.
    """
    by_hand = hints.by_hand_ms is not None
    told_ms = max((phone.newest_ms for phone in phones), default=0)
    if not judged.committed(rules, by_hand=by_hand):
        return _unsure(judged, run, phones, hints, rules, now_ms=now_ms)
    if judged.alight is None or judged.out < rules.exit or not _waited(judged.alight, run, rules, told_ms, now_ms):
        return Verdict(RideState.ABOARD, judged.board, None, judged.probability * judged.board_share)
    confidence = judged.probability * judged.pair
    if not (by_hand or judged.placed or rotating):  # an id that never changes proves no place by itself
        return Verdict(RideState.ASKED, judged.board, judged.alight, confidence, Question.ABOARD)
    if judged.pair >= rules.charge:
        return Verdict(RideState.ALIGHTED, judged.board, judged.alight, confidence)
    question = Question.BOARD if judged.board_share < judged.alight_share else Question.ALIGHT
    return Verdict(RideState.ASKED, judged.board, judged.alight, confidence, question)


def _waited(alight: Call, run: Run, rules: RideRules, told_ms: int, now_ms: int) -> bool:
    """Is it time to say that the ride has ended? Phones report late; one that has told what came after is heard out."""
    left_ms = _left_ms(alight)
    since_s = (now_ms - left_ms) / 1000.0
    heard_out = told_ms >= left_ms + rules.exit_wait_s * 1000
    wait_s = rules.exit_wait_s if heard_out else rules.late_wait_s
    return since_s >= wait_s and (run.over or alight.departed_ms is not None)


def _unsure(
    judged: Judgement, run: Run, phones: Sequence[Phone], hints: Hints, rules: RideRules, *, now_ms: int
) -> Verdict:
    """No ride is certain: it may become so while the bus runs; after that a likely one is asked for, once."""
    heard_ms = max((phone.last_ms(run.vehicle_id) or 0 for phone in phones), default=0)
    quiet_s = (now_ms - max(heard_ms, hints.by_hand_ms or 0)) / 1000.0
    last = run.ordered()[-1] if run.calls else None
    ended_ms = (last.departed_ms or last.arrived_ms) if last is not None and run.over else now_ms
    if now_ms - ended_ms < rules.late_wait_s * 1000 and quiet_s < rules.drop_s:
        return Verdict(RideState.DETECTED, judged.board) if hints.by_hand_ms is not None else NOTHING
    if hints.by_hand_ms is not None and judged.ride < 0.0:
        return Verdict(RideState.VOIDED, judged.board, None, 1.0 - judged.probability)
    if judged.probability >= rules.ask:
        alight = judged.alight if judged.gaps else None
        return Verdict(RideState.ASKED, judged.board, alight, judged.probability * judged.pair, Question.ABOARD)
    return Verdict(RideState.VOIDED)


# -- what speaks for it -------------------------------------------------------------


def evidence(judged: Judgement, run: Run, trail: Trail, phones: Sequence[Phone], hints: Hints) -> list[Evidence]:
    """What a rider may read of why a ride is believed, as data."""
    found: list[Evidence] = [Evidence(EvidenceKey.BOARDING_BELL)] if hints.rang else []
    if judged.board is not None:
        visit, began_ms = run.visits[judged.board.visit_index], judged.board.arrived_ms
        found.append(Evidence(EvidenceKey.DOORS_OPENED, {"stop_id": visit.stop_id, "at_ms": began_ms}))
        ended_ms = trail.newest_ms if judged.alight is None else _left_ms(judged.alight)
        near = sum(len(phone.positions_between(began_ms, ended_ms)) for phone in phones)
        found += [Evidence(EvidenceKey.POSITIONS_AGREE, {"positions": near})] if near and judged.gaps else []
    beacons, slots = _heard(run, phones)
    if slots:
        minutes = max(1, round(slots * SLOT_MS / 60_000))
        found.append(Evidence(EvidenceKey.HEARD_BEACONS, {"beacons": beacons, "minutes": minutes}))
    if judged.gaps:
        seconds = round(judged.together_s)
        found.append(Evidence(EvidenceKey.MOVED_WITH_BUS, {"stops": judged.gaps, "seconds": seconds}))
    found += [Evidence(EvidenceKey.INSPECTED, {"at_ms": met_ms}) for met_ms in hints.met_ms]
    if hints.wants_off_at is not None:
        found.append(Evidence(EvidenceKey.ALIGHTING_BELL, {"stop_id": hints.wants_off_at}))
    if judged.alight is not None:
        found.append(_exit(judged.alight, run, trail, phones))
    return found


def _heard(run: Run, phones: Sequence[Phone]) -> tuple[int, int]:
    """How many beacons of the bus were heard, and in how many slots."""
    bits, slots = 0, 0
    for phone in phones:
        heard = phone.slots_of(run.vehicle_id)
        slots = max(slots, len(heard))
        for slot in heard.values():
            bits |= slot.beacons
    return bits.bit_count(), slots


def _exit(alight: Call, run: Run, trail: Trail, phones: Sequence[Phone]) -> Evidence:
    """Why the ride is believed to have ended: by what the phone told after it, or because it told nothing more."""
    where: dict[str, str | int | float] = {
        "stop_id": run.visits[alight.visit_index].stop_id,
        "at_ms": alight.arrived_ms,
    }
    if not any(phone.newest_ms > _left_ms(alight) + SLOT_MS for phone in phones):
        return Evidence(EvidenceKey.INFERRED_EXIT, where)
    return Evidence(EvidenceKey.STOPPED_HEARING if trail.beacons else EvidenceKey.MOVED_AWAY, where)


def _left_ms(call: Call) -> int:
    return call.departed_ms if call.departed_ms is not None else call.arrived_ms
