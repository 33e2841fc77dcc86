"""Can a bus have stood at a stop while nobody saw it? Time answers: running takes some, a stop takes more. Level 6 of the core.

Between two fixes lies a way and a time. A bus that stands on the way must brake to nothing, stand and pull out again, and
must fit the speeds that it reported at both ends. Where that takes longer than there was, it passed, whatever its driver
had been told. Where it had so much time that even an unhurried bus had stopped, it stood. Between the two nobody can know.
"""

import math

from server.core.policy import Policy
from server.core.tracking import Span, Track

PULL_MPS2 = 1.2
"""The most at which a city bus pulls out or brakes with passengers standing (comfort: 1.0; they fall from 1.5 on)."""
BRAKE_LOSS_S = 10.0
"""Time that stopping and starting again costs besides standing: v/a at 10 m/s and 1 m/s²."""
FREE_MPS = 9.0
"""Speed of a bus between stops when its fixes do not tell: 32 km/h."""
BRISK_MPS = 12.0
"""... and where the road is free: 43 km/h under a limit of 50. What may have been either is unknown."""

HARDLY_MPS = 3.0
"""Slower than a run, near a stop: it may be standing there, seen a little off. A bus that passes goes three times as fast."""


def spare_s(track: Track, span: Span, policy: Policy) -> float:
    """Time that a movement took beyond what a bus needs that runs freely, or at its own speed if that is higher."""
    free_mps = max(FREE_MPS, min(track.speed_mps or 0.0, policy.max_speed_mps))
    return (span.to_ms - span.from_ms) / 1000.0 - (span.to_m - span.from_m) / free_mps


def stop_spare_s(track: Track, span: Span, stop_m: float, policy: Policy) -> float:
    """Time left of a movement if the bus stood at the stop as shortly as counts; below 0 it cannot have.

    It may have stood anywhere in the zone, and receivers err by as much: each end is taken that much nearer. Infinite
    where it hardly moved, all in all or by a report near the stop: whoever passes does not slow to a walk there.
    """
    gap_s, (from_mps, to_mps) = (span.to_ms - span.from_ms) / 1000.0, _reported(track, span)
    before_m, after_m = abs(stop_m - span.from_m), abs(span.to_m - stop_m)
    said_near = [
        mps
        for way_m, mps in ((before_m, from_mps), (after_m, to_mps))
        if mps is not None and way_m <= 2.0 * policy.zone_m
    ]
    if min([(span.to_m - span.from_m) / gap_s, *said_near]) < HARDLY_MPS:
        return math.inf
    top_mps = min(max(BRISK_MPS, from_mps or 0.0, to_mps or 0.0), policy.max_speed_mps)
    run_s = _leg_s(before_m - policy.zone_m, from_mps, top_mps) + _leg_s(after_m - policy.zone_m, to_mps, top_mps)
    return gap_s - policy.stand_s - run_s


def _reported(track: Track, span: Span) -> tuple[float | None, float | None]:
    """The speeds at both ends by the vehicle's own word; a mean over the way would not tell of the ends."""
    if not track.says_speed or track.fix is None or track.fix.speed_mps is None:
        return None, None
    return span.from_mps, track.fix.speed_mps


def _leg_s(way_m: float, end_mps: float | None, top_mps: float) -> float:
    """Least time over a way between a stand and a report at `end_mps`; unknown, it was as fast as the way lets it be.

    Where the way is too short for that speed the place is what is wrong: the bus was as far away as the speed needs.
    """
    way_m = max(way_m, 0.0)
    if end_mps is None:
        end_mps = min(top_mps, math.sqrt(2.0 * PULL_MPS2 * way_m))
    way_m = max(way_m, end_mps**2 / (2.0 * PULL_MPS2))
    peak_mps = min(top_mps, math.sqrt(PULL_MPS2 * way_m + end_mps**2 / 2.0))
    if peak_mps == 0.0:
        return 0.0
    even_m = way_m - (2.0 * peak_mps**2 - end_mps**2) / (2.0 * PULL_MPS2)
    return (2.0 * peak_mps - end_mps) / PULL_MPS2 + even_m / peak_mps
