"""Take or refuse a fix: its time, and whether a bus can have come there. Level 6 of the core: knows tracking."""

import math
from typing import NamedTuple

from server.core.events import Fix
from server.core.model import Reason, Source
from server.core.network import Network
from server.core.policy import Policy
from server.core.tracking import GPS_SIGMA_M, Track

REPORTED_GAIN_MPS2 = 2.5
REPORTED_SLACK_M = 40.0
SHORT_GAP_S = 10.0
"""Within this gap the reported speeds bound how far the bus can have come."""
BLIND_M = 100.0
"""A receiver that claims no better than this has lost its satellites: reckoning tells more for a minute."""
MAX_SUSPECTS = 8
PERIOD_GAIN = 0.3
"""Weight of the newest gap in the learned reporting period: settles within five reports."""
LONGEST_PERIOD_S = 120.0


class Admitted(NamedTuple):
    """A fix is now the newest. `previous`: the one before it; None when it is the first or far from all before it."""

    previous: Fix | None
    was_mps: float | None


def admit(track: Track, fix: Fix, network: Network, policy: Policy) -> Admitted | Reason:
    """Take a fix as the newest of the vehicle, or say why not. A refused fix changes nothing but the suspects."""
    refused = _time_refusal(track, fix, policy)
    if refused is not None:
        return refused
    x, y = network.frame.to_xy(fix.lat, fix.lon)
    jumped = track.fix is not None and not _plausible(track.fix, fix, _distance(track, x, y), policy)
    if jumped and not _believe_suspects(track, fix, network, policy):
        return Reason.FIX_IMPLAUSIBLE
    track.suspects.clear()
    previous, was_mps = track.fix, track.speed_mps
    _remember(track, fix, x, y, previous)
    return Admitted(None if jumped else previous, was_mps)


def _time_refusal(track: Track, fix: Fix, policy: Policy) -> Reason | None:
    if fix.at_ms > fix.received_ms + policy.fix_future_s * 1000:
        return Reason.FIX_FUTURE
    if fix.at_ms < fix.received_ms - policy.fix_stale_s * 1000:
        return Reason.FIX_STALE
    last = track.fix
    if last is None or fix.at_ms > last.at_ms:
        return None
    if fix.at_ms == last.at_ms:
        return Reason.FIX_DUPLICATE
    return Reason.FIX_OUT_OF_ORDER


def _plausible(last: Fix, fix: Fix, distance_m: float, policy: Policy) -> bool:
    """Could a bus have come this far since? Reported speeds bound it over short gaps, the road's top over long."""
    if distance_m <= min(REPORTED_SLACK_M, policy.jump_slack_m):
        return True  # within the slack of any bound: most fixes of a bus that reports often
    gap_s = max(0.0, (fix.at_ms - last.at_ms) / 1000.0)
    error_m = (last.accuracy_m or GPS_SIGMA_M) + (fix.accuracy_m or GPS_SIGMA_M)
    limit_m = policy.max_speed_mps * gap_s + policy.jump_slack_m
    if gap_s <= SHORT_GAP_S and fix.source is Source.TERMINAL and last.speed_mps is not None:
        limit_m = min(limit_m, _reach_m(last.speed_mps, fix.speed_mps, gap_s) + REPORTED_SLACK_M + error_m)
    return distance_m <= limit_m or distance_m <= limit_m + _blind_m(last) + _blind_m(fix)


def _blind_m(fix: Fix) -> float:
    """How far a fix may be wrong whose receiver says that it is lost; 0 for any other."""
    return fix.accuracy_m if fix.accuracy_m is not None and fix.accuracy_m > BLIND_M else 0.0


def is_blind(fix: Fix) -> bool:
    """Does the receiver itself say that it does not know where it is?"""
    return fix.accuracy_m is not None and fix.accuracy_m > BLIND_M


def _reach_m(from_mps: float, to_mps: float | None, gap_s: float) -> float:
    """How far a bus comes that gains and loses speed as fast as it can between two reported speeds.

    A receiver that always says 0 says nothing about the end of the way.
    """
    if to_mps is None or from_mps == to_mps == 0.0:
        return (from_mps + REPORTED_GAIN_MPS2 * gap_s) * gap_s
    return (from_mps + to_mps) / 2.0 * gap_s + REPORTED_GAIN_MPS2 * gap_s * gap_s / 4.0


def _believe_suspects(track: Track, fix: Fix, network: Network, policy: Policy) -> bool:
    """Several refused fixes that agree with one another were right, and the one before them wrong.

    One of them that comes again, or late, says nothing new.
    """
    if track.suspects:
        last = track.suspects[-1]
        if fix.at_ms <= last.at_ms:
            return False
        ax, ay = network.frame.to_xy(last.lat, last.lon)
        bx, by = network.frame.to_xy(fix.lat, fix.lon)
        if not _plausible(last, fix, math.hypot(bx - ax, by - ay), policy):
            track.suspects.clear()
    track.suspects.append(fix)
    del track.suspects[:-MAX_SUSPECTS]
    return len(track.suspects) >= policy.reanchor_fixes


def _distance(track: Track, x: float, y: float) -> float:
    return math.hypot(x - track.x, y - track.y)


def _remember(track: Track, fix: Fix, x: float, y: float, previous: Fix | None) -> None:
    track.says_speed = track.says_speed or bool(fix.speed_mps)
    said = fix.speed_mps if track.says_speed or fix.source is Source.TERMINAL else None
    if previous is not None:
        gap_s = (fix.at_ms - previous.at_ms) / 1000.0
        track.period_s += PERIOD_GAIN * (min(gap_s, LONGEST_PERIOD_S) - track.period_s)
        track.speed_mps = said if said is not None else _distance(track, x, y) / gap_s
    else:
        track.speed_mps = said
    track.fix, track.x, track.y, track.seen_ms = fix, x, y, fix.received_ms
    track.seats_left = fix.seats_left if fix.seats_left is not None else track.seats_left
    track.passengers = fix.passengers if fix.passengers is not None else track.passengers
