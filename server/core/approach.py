"""What a bus does at each visit: arrives, stands, leaves or passes. Level 7 of the core.

Progress along the pattern decides, never a circle: a stop across the road or the second pass of a loop is at another
place of the path. Entering and leaving have different thresholds, and a visit is over only once.
"""

import math
from dataclasses import dataclass, field
from typing import NamedTuple

from server.core.model import Doors, Source, VisitOutcome
from server.core.network import Pattern
from server.core.policy import Policy
from server.core.prediction import REACHED_M
from server.core.tracking import Span, Track, doors_open
from server.core.unseen import BRAKE_LOSS_S, spare_s, stop_spare_s

SEEN_GAP_S = 10.0
"""Fixes at most this far apart show what happened in a ±30 m zone (60 m at 6 m/s, a slow pass, take 10 s)."""
CONFIRM_M = 250.0
"""Farther beyond the leave threshold than a wrong fix errs (200 m) one fix says that a stop is behind; closer, two."""
MIN_LEAVE_M = 10.0
DOORS_SLACK_M = 30.0
"""Doors open at stops only: seen open this much outside the zone they still are at its stop."""
BRAKE_MPS2 = 1.0
"""How a bus slows for a stop and leaves it (comfortable service braking): tells the moment it stood between two fixes."""
SEEN_CONFIDENCE = 0.95
GUESSED_CONFIDENCE = 0.6
UNKNOWN_CONFIDENCE = 0.5


class Arrived(NamedTuple):
    """The bus stands in the zone of a visit (by the stand test)."""

    visit_index: int
    at_ms: int


class Finished(NamedTuple):
    """A visit is behind the bus. Times are device times; None where the fixes do not tell."""

    visit_index: int
    outcome: VisitOutcome
    arrived_ms: int | None
    departed_ms: int | None
    stood_s: float
    confidence: float
    again: bool = False
    """It was over already, and the bus was placed behind it since: it ends its bells, but goes on record once."""


VisitEvent = Arrived | Finished


@dataclass(slots=True)
class Zone:
    """What was seen of one visit so far."""

    entered_ms: int | None = None
    reached_ms: int | None = None
    left_ms: int | None = None
    inside_s: float = 0.0
    stood_s: float = 0.0
    slowed: bool = False
    """It did not say with each report in the zone that it moves with its doors closed."""
    stood: bool = False
    stood_at_m: float | None = None
    """Where it was last seen standing; None while it only rolled, or was out of sight."""
    told: bool = False
    longest_gap_s: float = 0.0
    slack_s: float = 0.0
    """Time it had to spare while it was out of sight, if it ran unhurriedly and did not stop."""
    stop_spare_s: float = -math.inf
    """... and if it ran briskly and stopped here: below 0 it cannot have."""
    beyond: int = 0
    guessed: bool = False
    """It was here only if the guess was right which of several places of the path its fixes meant."""


@dataclass(slots=True)
class Approach:
    """Where a vehicle is in its row of visits. `next_index` is the first visit that is not over."""

    next_index: int = 0
    zones: dict[int, Zone] = field(default_factory=dict)

    def slack_m(self, track: Track) -> float:
        """How much wider than the zone a stop must be taken: by what the receiver errs, and where doors open."""
        return max(track.errs_m, DOORS_SLACK_M) if doors_open(track.fix) else track.errs_m

    def standing_at(self, index: int) -> bool:
        """True while the bus stands, or has stood, in the zone of this visit and not left it."""
        zone = self.zones.get(index)
        return zone is not None and zone.stood

    def seen_beyond(self, index: int) -> bool:
        """True when the last fix was beyond this visit, though one fix alone does not end it."""
        zone = self.zones.get(index)
        return zone is not None and zone.beyond > 0


def start(track: Track, policy: Policy, before: Approach | None = None) -> Approach:
    """Begin at the first visit that is not behind the bus: nothing is said of stops that nobody saw it at.

    Where the bus was placed anew between the same two stops, what was seen there `before` still counts.
    """
    approach = Approach()
    assert track.pattern is not None
    assert track.progress_m is not None
    held = track.outset is not None and (track.outset.away or track.outset.early)
    if held and before is not None:
        return before
    moving = (track.speed_mps or 0.0) >= policy.stand_speed_mps and not doors_open(track.fix) and not held
    for visit in track.pattern.visits:
        if track.progress_m <= visit.along_m + (REACHED_M if moving else _leave_m(track.pattern, visit.index, policy)):
            break
        approach.next_index = visit.index + 1
    if before is not None and before.next_index == approach.next_index:
        return before
    if track.outset is not None and track.outset.away:
        return approach
    at_ms = track.fix.at_ms if track.fix is not None else track.seen_ms
    _look(approach, track, Span(track.progress_m, at_ms, track.progress_m, at_ms, seen_m=track.progress_m), policy)
    return approach


def advance(approach: Approach, track: Track, policy: Policy) -> list[VisitEvent]:
    """Look at the last movement. Emits each visit's arrival at most once, and its end exactly once, in order."""
    span, pattern = track.span, track.pattern
    assert span is not None
    assert pattern is not None
    _look(approach, track, span, policy)
    events: list[VisitEvent] = []
    if not approach.zones:
        return events
    for index in range(approach.next_index, len(pattern.visits)):
        zone = approach.zones.get(index)
        if zone is None:
            break
        if zone.stood and not zone.told:
            zone.told = True
            events.append(Arrived(index, zone.reached_ms or zone.entered_ms or span.to_ms))
        leave_m = _leave_m(pattern, index, policy, approach.slack_m(track))
        if not _left(zone, span.seen_m - pattern.visits[index].along_m - leave_m):
            break
        events.append(_finish(track, index, zone, policy))
        approach.next_index = index + 1
        del approach.zones[index]
    return events


def close(approach: Approach, track: Track, policy: Policy, *, until: int | None = None) -> list[VisitEvent]:
    """End the visits the bus stands at or has come past: its trip ends or changes there, or it was lost sight of.

    `until`: only those before this visit.
    """
    assert track.pattern is not None
    assert track.progress_m is not None
    events: list[VisitEvent] = []
    for index in sorted(approach.zones):
        if until is not None and index >= until:
            break
        zone = approach.zones.pop(index)
        if zone.stood or track.progress_m >= track.pattern.visits[index].along_m:
            events.append(_finish(track, index, zone, policy))
            approach.next_index = index + 1
    return events


def _look(approach: Approach, track: Track, span: Span, policy: Policy) -> None:
    pattern = track.pattern
    assert pattern is not None
    track.look_beside((span.to_ms - span.from_ms) / 1000.0)
    slack_m = approach.slack_m(track)
    reached = _reached(pattern, approach.next_index, span.to_m, policy, slack_m)
    unseen = span.to_ms - span.from_ms > SEEN_GAP_S * 1000
    sharing = max(1, sum(span.from_m < stop_m <= span.to_m for _, stop_m, _ in reached)) if unseen else 1
    for index, stop_m, zone_m in reached:
        zone = approach.zones.get(index)
        if zone is None:
            zone = approach.zones[index] = Zone()
        zone.guessed = zone.guessed or not track.sure(policy)
        _measure(zone, track, span, stop_m, policy)
        _see(zone, track, span, stop_m, zone_m, policy)
        if unseen:
            _unseen(zone, track, span, stop_m, zone_m, sharing, policy)
        beyond_m = span.seen_m - stop_m - _leave_m(pattern, index, policy, slack_m)
        zone.beyond = zone.beyond + 1 if beyond_m > 0 else 0


def _reached(
    pattern: Pattern, next_index: int, to_m: float, policy: Policy, slack_m: float
) -> list[tuple[int, float, float]]:
    """The visits whose zone the bus has come to, each with its place and the zone's half width in metres."""
    reached: list[tuple[int, float, float]] = []
    widest_m = policy.zone_m + slack_m
    for index in range(next_index, len(pattern.visits)):
        stop_m = pattern.visits[index].along_m
        if stop_m - widest_m > to_m:
            break
        zone_m = _zone_m(pattern, index, policy, slack_m)
        if stop_m - zone_m > to_m:
            break
        reached.append((index, stop_m, zone_m))
    return reached


def _measure(zone: Zone, track: Track, span: Span, stop_m: float, policy: Policy) -> None:
    """Add what one movement says about one stop: time in the zone, standing, doors, and the gap in our sight."""
    gap_s = (span.to_ms - span.from_ms) / 1000.0
    inside = abs(span.seen_m - stop_m) <= policy.zone_m
    was_inside = abs(span.from_m - stop_m) <= policy.zone_m
    if zone.entered_ms is None:
        zone.entered_ms = _when(span, stop_m - policy.zone_m)
    if zone.reached_ms is None and span.to_m >= stop_m - REACHED_M:
        zone.reached_ms = _when(span, stop_m - REACHED_M)
    if inside or was_inside:
        zone.inside_s += gap_s * _share_inside(span, stop_m, policy.zone_m)
    if inside and not _rolls(track, policy):
        zone.slowed = True
    if span.from_m < stop_m + policy.zone_m and gap_s > zone.longest_gap_s:
        zone.longest_gap_s = gap_s
    crossed = span.from_m < stop_m <= span.to_m
    if crossed and gap_s > SEEN_GAP_S and not zone.stood:
        zone.reached_ms = _when(span, stop_m)
    # A bus may stand short of the pole (a queue) and pass it later: it leaves when it does.
    seen_at_pole = zone.stood_at_m is not None and zone.stood_at_m >= stop_m - REACHED_M and gap_s <= SEEN_GAP_S
    if (not zone.stood or (crossed and not seen_at_pole)) and span.from_m < stop_m + REACHED_M:
        zone.left_ms = max(_when(span, stop_m + REACHED_M), zone.left_ms or 0)


def _see(zone: Zone, track: Track, span: Span, stop_m: float, zone_m: float, policy: Policy) -> None:
    """Does the bus stand at one stop now: doors, speed, or time in its zone (DOMAIN §2)?"""
    gap_s = (span.to_ms - span.from_ms) / 1000.0
    inside, was_inside = abs(span.seen_m - stop_m) <= zone_m, abs(span.from_m - stop_m) <= zone_m
    moved_mps = (span.to_m - span.from_m) / gap_s if gap_s > 0 else None
    if inside and (doors_open(track.fix) or _stands(track, moved_mps, policy)):
        _stand(zone, span, gap_s if was_inside else 0.0)
    elif zone.stood_at_m is not None and zone.left_ms == span.from_ms and gap_s <= SEEN_GAP_S:
        zone.left_ms = _set_off_ms(span, max(track.speed_mps or 0.0, policy.stand_speed_mps))
    if zone.slowed and zone.inside_s >= policy.stand_s and inside and gap_s <= SEEN_GAP_S:
        zone.stood = True


def _unseen(zone: Zone, track: Track, span: Span, stop_m: float, zone_m: float, sharing: int, policy: Policy) -> None:
    """Add the time that a bus unseen for long had to spare on a movement past a stop, or from or into its zone.

    Stops passed in one movement share it (`sharing`), though it may have stood at any one of them. A long movement from or
    into the zone may have been delayed elsewhere: it only says that a stop was possible.
    """
    past = span.from_m < stop_m <= span.to_m
    near = abs(span.seen_m - stop_m) <= zone_m or abs(span.from_m - stop_m) <= zone_m
    if not (past or near):
        return
    if past or span.to_m - span.from_m <= 2.0 * policy.zone_m:
        zone.slack_s = max(zone.slack_s, spare_s(track, span, policy) / sharing)
    zone.stop_spare_s = max(zone.stop_spare_s, stop_spare_s(track, span, stop_m, policy))


def _rolls(track: Track, policy: Policy) -> bool:
    """Does the bus itself say that it moves and that its doors are closed?"""
    fix = track.fix
    said = fix.speed_mps if fix is not None and fix.doors is Doors.CLOSED else None
    return said is not None and said >= policy.roll_mps


def _stand(zone: Zone, span: Span, stood_s: float) -> None:
    """The bus stands in the zone at the end of this movement."""
    if zone.stood_at_m is None and span.to_ms - span.from_ms <= SEEN_GAP_S * 1000:
        zone.reached_ms = _stopped_ms(span)
    zone.reached_ms = min(zone.reached_ms or span.to_ms, span.to_ms)
    zone.stood, zone.stood_at_m = True, span.to_m
    zone.stood_s += stood_s
    zone.left_ms = span.to_ms


def _stopped_ms(span: Span) -> int:
    """When a bus that was moving at the beginning of this movement and stands at its end came to a stand."""
    if not span.from_mps:
        return span.to_ms
    run_s = (span.to_m - span.from_m) / span.from_mps + span.from_mps / (2.0 * BRAKE_MPS2)
    return min(span.to_ms, span.from_ms + round(1000.0 * run_s))


def _set_off_ms(span: Span, to_mps: float) -> int:
    """When a bus that stood at the beginning of this movement and moves at its end set off."""
    run_s = (span.to_m - span.from_m) / to_mps + to_mps / (2.0 * BRAKE_MPS2)
    return max(span.from_ms, span.to_ms - round(1000.0 * run_s))


def _stands(track: Track, moved_mps: float | None, policy: Policy) -> bool:
    """Under walking speed: by its own word where it has one, else by how far it came."""
    said = track.fix.speed_mps if track.fix is not None else None
    if said is not None and (track.says_speed or (track.fix is not None and track.fix.source is Source.TERMINAL)):
        return said < policy.stand_speed_mps
    return moved_mps is not None and moved_mps < policy.stand_speed_mps


def _left(zone: Zone, beyond_leave_m: float) -> bool:
    """Has the bus left for good? One wrong fix a little beyond the stop must not close anything."""
    return beyond_leave_m > CONFIRM_M or (beyond_leave_m > 0.0 and zone.beyond >= 2)


def _finish(track: Track, index: int, zone: Zone, policy: Policy) -> Finished:
    again = index in track.over
    track.over.add(index)
    verdict = _verdict(index, zone, policy)
    if zone.guessed:
        verdict = verdict._replace(outcome=VisitOutcome.UNKNOWN, confidence=min(verdict.confidence, UNKNOWN_CONFIDENCE))
    return verdict._replace(again=again)


def _verdict(index: int, zone: Zone, policy: Policy) -> Finished:
    if zone.stood:
        stood_s = max(zone.stood_s, zone.inside_s if zone.inside_s >= policy.stand_s else 0.0)
        if zone.stood_at_m is not None and zone.longest_gap_s <= SEEN_GAP_S:
            stood_s = ((zone.left_ms or 0) - (zone.reached_ms or 0)) / 1000.0
        return Finished(index, VisitOutcome.STOPPED, zone.reached_ms, zone.left_ms, round(stood_s, 1), SEEN_CONFIDENCE)
    if zone.longest_gap_s <= SEEN_GAP_S:
        return Finished(index, VisitOutcome.PASSED, zone.reached_ms, zone.left_ms, 0.0, SEEN_CONFIDENCE)
    return _guess(index, zone, policy)


def _guess(index: int, zone: Zone, policy: Policy) -> Finished:
    """The bus was out of sight at the stop: time it had to spare says whether it can have stood there."""
    stood_s = zone.slack_s - BRAKE_LOSS_S
    reached, left = zone.reached_ms, zone.left_ms
    if stood_s >= policy.stand_s:
        left = reached + int(stood_s * 1000) if reached is not None else left
        return Finished(index, VisitOutcome.STOPPED, reached, left, round(stood_s, 1), GUESSED_CONFIDENCE)
    if zone.stop_spare_s < 0.0:
        return Finished(index, VisitOutcome.PASSED, reached, left, 0.0, GUESSED_CONFIDENCE)
    return Finished(index, VisitOutcome.UNKNOWN, reached, left, 0.0, UNKNOWN_CONFIDENCE)


def _share_inside(span: Span, stop_m: float, zone_m: float) -> float:
    length_m = span.to_m - span.from_m
    if length_m <= 0.0:
        return 1.0
    inside_m = min(span.to_m, stop_m + zone_m) - max(span.from_m, stop_m - zone_m)
    return max(0.0, min(1.0, inside_m / length_m))


def _when(span: Span, along_m: float) -> int:
    """When the bus was at a place of the span, at even speed; the nearer end for a place outside it."""
    length_m = span.to_m - span.from_m
    if length_m <= 0.0:
        return span.to_ms
    share = min(max((along_m - span.from_m) / length_m, 0.0), 1.0)
    return span.from_ms + round(share * (span.to_ms - span.from_ms))


def _zone_m(pattern: Pattern, index: int, policy: Policy, slack_m: float) -> float:
    """How near a stop a bus must be seen to stand at it; the slack ends half-way to the stops beside it."""
    if slack_m <= 0.0:
        return policy.zone_m
    stops_m = pattern.visits
    gaps_m = [abs(stops_m[k].along_m - stops_m[index].along_m) for k in (index - 1, index + 1) if 0 <= k < len(stops_m)]
    return max(policy.zone_m, min(policy.zone_m + slack_m, *(gap_m / 2 for gap_m in gaps_m)))


def _leave_m(pattern: Pattern, index: int, policy: Policy, slack_m: float = 0.0) -> float:
    """How far beyond a stop it is behind; less where the next stop is so near that the zones would overlap."""
    if index + 1 == len(pattern.visits):
        return policy.leave_m + slack_m
    gap_m = pattern.visits[index + 1].along_m - pattern.visits[index].along_m
    return min(policy.leave_m + slack_m, max(MIN_LEAVE_M, gap_m / 2))
