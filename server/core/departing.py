"""Has a bus left its first stop? Before its time it turns, waits in bays and drives along its own path. Level 6 of the core.

On real days a bus signed on to its next trip drives hundreds of metres along that trip's path to a bay and waits there
for twenty minutes: its fixes alone cannot be told from a departure, its clock can.
"""

from typing import NamedTuple

from server.core.course import FIRST_STOP_M, TERMINAL_M
from server.core.events import Fix
from server.core.network import Pattern
from server.core.policy import Policy
from server.core.tracking import URBAN_TOP_MPS, Outset, Track, scheduled_s

EARLY_S = 60.0
"""A bus may leave its first stop this much ahead of time without further proof (what operators still call on time)."""
DRIVEN_EARLY_S = 180.0
"""... and be this much ahead on its way: buses run minutes early between the stops where they wait."""
AHEAD_MPS = 2.0
"""The earlier a departure, the longer the run that proves it: `TERMINAL_M` for one more than eight minutes early."""
GUESSED_REACH_M = 150.0
"""... of a bus signed on to a route only: it may be on an earlier run than the one it was given while it waited."""
MIDWAY_EARLY_S = 900.0
"""Away from its first stop a bus this much ahead of its timetable is not on that run yet: it comes from a depot."""
STEP_M = 15.0
"""A smaller way along the path than this is GPS error of a standing bus."""
STEP_SLACK_M = 60.0
LONGEST_LIGHT_S = 120.0
"""A bus that stands longer than a red light does has ended its run."""
STATION_M = 120.0
"""A bus station with its bays and loop fits in this radius about its stop."""


class Seen(NamedTuple):
    """Where a fix is on the path: `along_m` metres, and how many seconds ahead of the timetable that is.

    `driving`: the bus moves, and not against the path.
    """

    along_m: float
    ahead_s: float
    driving: bool


def seen_at(track: Track, pattern: Pattern, fix: Fix, along_m: float, *, driving: bool) -> Seen:
    """Compare a place of the path with the timetable. A run of a headway window has no times to be ahead of."""
    assert track.trip is not None
    if track.trip.headways:
        return Seen(along_m, 0.0, driving)
    due_ms = track.day_start_ms + 1000.0 * scheduled_s(track.trip, pattern, along_m)
    return Seen(along_m, (due_ms - fix.at_ms) / 1000.0, driving)


def at_first(pattern: Pattern, along_m: float) -> bool:
    """Is this place of the path the first stop's, or before it?"""
    return along_m <= pattern.visits[0].along_m + FIRST_STOP_M


def follow(outset: Outset, seen: Seen, fix: Fix) -> bool:
    """Tell whether a fix lengthens the present run forward; where it does not continue it, another begins."""
    if outset.to_ms is not None:
        step_m, gap_s = seen.along_m - outset.to_m, (fix.at_ms - outset.to_ms) / 1000.0
        if STEP_M < step_m <= URBAN_TOP_MPS * gap_s + STEP_SLACK_M:
            outset.steps, outset.to_m, outset.to_ms = outset.steps + 1, seen.along_m, fix.at_ms
            return True
        if abs(step_m) <= STEP_M and outset.steps and gap_s < LONGEST_LIGHT_S:
            return False
        if abs(step_m) <= STEP_M and not outset.steps:
            outset.to_ms = fix.at_ms
            return False
    outset.from_m, outset.to_m, outset.to_ms, outset.steps = seen.along_m, seen.along_m, fix.at_ms, 0
    return False


def has_left(track: Track, pattern: Pattern, seen: Seen, *, fresh: bool, forward: bool) -> bool:
    """Is the bus on its way? `fresh`: nothing was known of it before this fix; `forward`: the fix lengthens a run."""
    outset = track.outset
    assert outset is not None
    if at_first(pattern, seen.along_m):
        return False
    near = near_start(track, pattern)
    if fresh and seen.ahead_s <= (DRIVEN_EARLY_S if near else MIDWAY_EARLY_S):
        return True
    if seen.driving and seen.ahead_s <= 0.0:
        return True
    if seen.ahead_s <= (EARLY_S if near else MIDWAY_EARLY_S):
        return forward and outset.steps >= (1 if at_first(pattern, outset.from_m) else 2)
    proof_m = GUESSED_REACH_M if track.hint is not None and not track.chosen else TERMINAL_M
    return forward and outset.steps >= 2 and outset.to_m - outset.from_m >= min(proof_m, AHEAD_MPS * seen.ahead_s)


def held_m(pattern: Pattern, outset: Outset, along_m: float, policy: Policy) -> float:
    """Where a bus counts as being that has not left: at its first stop, and in its zone until it may leave."""
    first_m = pattern.visits[0].along_m
    if outset.away:
        return first_m
    return min(along_m, first_m + policy.zone_m) if outset.early else along_m


def near_start(track: Track, pattern: Pattern, reach_m: float = TERMINAL_M) -> bool:
    """Is the bus, as the crow flies, about its first stop?"""
    x, y = pattern.start_xy
    return abs(track.x - x) <= reach_m and abs(track.y - y) <= reach_m
