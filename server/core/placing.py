"""Put a bus along its pattern by its fixes. Level 7 of the core: knows tracking, network, policy."""

import math
from collections.abc import Callable, Iterable

from server.core import departing
from server.core.admission import admit, is_blind
from server.core.events import Fix
from server.core.model import Reason
from server.core.network import Network, Pattern
from server.core.policy import Policy
from server.core.tracking import (
    CRUISE_MPS,
    GPS_SIGMA_M,
    HEADING_SPEED_MPS,
    URBAN_TOP_MPS,
    Blind,
    Found,
    Outset,
    Span,
    Taken,
    Track,
    scheduled_s,
)

BACK_M = 80.0
"""How far behind the last progress a projection may fall: GPS error of a standing bus in a street canyon (p99)."""
FAR_BACK_M = 250.0
"""... and how much farther a bus may really be behind it: the fix before erred (200 m have been seen)."""
TIMETABLE_SIGMA_S = 420.0
"""Weight of the timetable when a first fix could be two places of a pattern: buses are minutes off, not an hour."""
HEADING_SIGMA_DEG = 35.0
NEAR_SLACK_M = 60.0
"""A fix this much beyond one and a half times the way its speed explains may belong to another pass of the street."""
AGAINST_DEG = 90.0
TAILS = 5.0
"""Degrees of freedom of the spread off the path (Student): real offsets have p90 5 m, but p99 98 m (C53)."""
CLEARLY = 2.0
"""A place whose cost is this much lower than any other's is sure: odds of e to 1 in squared sigmas."""

STILL_M = 3.0
"""Fixes of a standing bus move by so much: it is where it was."""
SURE_PLACE = 0.7
"""Confidence in a place that one fix tells and no fix before it bears out; each that does adds a tenth."""
GUESSED_PLACE = 0.4
"""... where another place of the path explains the fix nearly as well: less than even, so that nothing is built on it."""
BLIND_CONFIDENCE = 0.8
"""What is left of the confidence after each fix that tells no place."""
ODOMETER_ERROR = 0.03
"""Share by which the way by odometer may be short: a bus tyre loses so much of its radius to wear and load."""

Row = tuple[float, float, float]
"""A place of a path: metres along it, metres off it, its heading."""


def take(track: Track, fix: Fix, network: Network, policy: Policy) -> Taken | Reason:
    """Take a fix and move the track, or say why not. A refused fix changes nothing but the list of suspects."""
    admitted = admit(track, fix, network, policy)
    if isinstance(admitted, Reason):
        return admitted
    return _place(track, fix, admitted.previous, admitted.was_mps, policy)


def place_again(track: Track, policy: Policy, *, at_start: bool, under_way: bool = False) -> Taken:
    """Put the vehicle on the pattern it was just signed on to, by the fix it last sent.

    `at_start`: it begins this run where the last one ended, so that a loop's end is not taken for its beginning.
    `under_way`: it was seen to drive along this pattern already, so that it does not wait for its departure.
    """
    if track.fix is None or track.pattern is None or is_blind(track.fix):
        return Taken(moved=False)
    if under_way:
        track.span, track.outset = None, None
        return _place_anew(track, track.pattern, track.fix, policy)
    track.span, track.outset = None, track.outset or Outset()
    return _before_departure(track, track.fix, None, None, policy, fresh=not at_start)


def _place(track: Track, fix: Fix, previous: Fix | None, was_mps: float | None, policy: Policy) -> Taken:
    """Put the vehicle on its pattern: near where it was if that is known, else wherever it fits best."""
    track.span = None
    pattern = track.pattern
    if pattern is None:
        return Taken(moved=False)
    if is_blind(fix):
        lost = track.outset is not None or track.progress_m is None or previous is None or not track.on_route
        return (
            Taken(moved=False) if lost or previous is None else _reckon(track, pattern, fix, previous, was_mps, policy)
        )
    if track.outset is not None:
        return _before_departure(track, fix, previous, was_mps, policy, fresh=track.outset.to_ms is None)
    if track.progress_m is None or previous is None or not track.on_route:
        return _place_anew(track, pattern, fix, policy)
    from_m, from_ms = track.progress_m, previous.at_ms
    if track.blind is not None:
        (from_m, from_ms, *_), track.blind = track.blind, None
    along_m, offset_m = _nearest_ahead(track, pattern, fix, from_m, (fix.at_ms - from_ms) / 1000.0, policy)
    if offset_m > policy.off_route_m:
        return _off_route(track, offset_m, policy)
    track.off_fixes = 0
    track.behind_fixes = track.behind_fixes + 1 if _goes_back(track, along_m) else 0
    if track.behind_fixes >= policy.reanchor_fixes:
        return _place_anew(track, pattern, fix, policy)
    if track.behind_fixes:
        track.confidence *= 0.8
    elif track.sure(policy):
        track.confidence = min(1.0, track.confidence + 0.1)
    else:
        best = _cheapest(_places(track, pattern, policy), lambda row: _cost(track, pattern, fix, *row))
        if best.sure and abs(best.along_m - along_m) > BACK_M:
            return _place_anew(track, pattern, fix, policy)
        track.confidence = SURE_PLACE if best.sure else track.confidence
    track.progress_m = max(track.progress_m, along_m)
    track.offset_m = offset_m
    track.span = Span(from_m, from_ms, track.progress_m, fix.at_ms, along_m, was_mps)
    return Taken(moved=True)


def _reckon(track: Track, pattern: Pattern, fix: Fix, previous: Fix, was_mps: float | None, policy: Policy) -> Taken:
    """The receiver sees nothing (a tunnel): the bus is believed to go on, by its odometer or else its last speed.

    Nothing is decided by that: the next fix that tells a place is judged from the last one that did.
    """
    assert track.progress_m is not None
    track.blind = track.blind or Blind(track.progress_m, previous.at_ms, CRUISE_MPS if was_mps is None else was_mps)
    gap_s = (fix.at_ms - previous.at_ms) / 1000.0
    left_s = max(0.0, policy.extrapolate_s - (previous.at_ms - track.blind.from_ms) / 1000.0)
    if fix.odometer_m is not None and previous.odometer_m is not None:
        run_m = min(max(0.0, fix.odometer_m - previous.odometer_m), policy.max_speed_mps * gap_s)
        doubt_m = ODOMETER_ERROR * run_m
    else:
        run_m = track.blind.mps * min(gap_s, left_s)
        doubt_m = max(0.0, max(URBAN_TOP_MPS, track.blind.mps) * gap_s - run_m)
    track.blind = track.blind._replace(doubt_m=track.blind.doubt_m + doubt_m)
    track.progress_m = max(track.progress_m, min(track.progress_m + run_m, float(pattern.visit_along_m[-1])))
    track.confidence *= BLIND_CONFIDENCE
    return Taken(moved=False)


def _before_departure(
    track: Track, fix: Fix, previous: Fix | None, was_mps: float | None, policy: Policy, *, fresh: bool
) -> Taken:
    """Put a bus that was not seen to leave its first stop there, or on its way when it has left."""
    pattern, outset = track.pattern, track.outset
    assert pattern is not None
    assert outset is not None
    found = _outset_place(track, pattern, fix, policy, at_start=not fresh and outset.to_ms is None)
    if found is None:
        return _off_route(track, pattern.path.project(track.x, track.y)[1], policy)
    driving = (track.speed_mps or 0.0) > HEADING_SPEED_MPS and not _against(track, fix, found.heading_deg)
    seen = departing.seen_at(track, pattern, fix, found.along_m, driving=driving)
    held_m = track.progress_m if track.on_route else None
    was_held = outset.away or held_m is None
    forward = departing.follow(outset, seen, fix)
    if departing.has_left(track, pattern, seen, fresh=fresh, forward=forward):
        track.outset = None
        from_first = held_m is not None and previous is not None and departing.at_first(pattern, outset.from_m)
        _settle(track, found.along_m, found.offset_m, sure=found.sure or from_first)
        if from_first and held_m is not None and previous is not None:
            track.span = Span(held_m, previous.at_ms, max(held_m, found.along_m), fix.at_ms, found.along_m, was_mps)
        return Taken(moved=True)
    if not departing.near_start(track, pattern):
        return _unplaced(track)
    outset.away, outset.early = not departing.at_first(pattern, found.along_m), seen.ahead_s > departing.EARLY_S
    at_m = departing.held_m(pattern, outset, found.along_m, policy)
    # Not seen to run yet: where it begins is its first stop, though the path may come by there again.
    _settle(track, at_m if held_m is None else max(held_m, at_m), found.offset_m, sure=not outset.away)
    if held_m is not None and previous is not None and not outset.away:
        from_ms = fix.at_ms if was_held else previous.at_ms
        track.span = Span(held_m, from_ms, max(held_m, at_m), fix.at_ms, at_m, was_mps)
    return Taken(moved=True)


def _outset_place(track: Track, pattern: Pattern, fix: Fix, policy: Policy, *, at_start: bool) -> Found | None:
    """Find where on the path a bus is that waits or turns; None off the route. One that did not move stays."""
    outset = track.outset
    assert outset is not None
    if outset.found is not None and math.dist(outset.looked_up, (track.x, track.y)) < STILL_M:
        return outset.found
    rows = _places(track, pattern, policy)
    if not rows:
        return None
    rows = [min(rows)] if at_start else rows
    outset.found = _cheapest(rows, lambda row: _cost(track, pattern, fix, *row))
    outset.looked_up = track.x, track.y
    return outset.found


def _places(track: Track, pattern: Pattern, policy: Policy) -> list[Row]:
    """Every place of the path that could explain where the bus is seen; none off the route."""
    places = pattern.path.candidates(track.x, track.y, policy.off_route_m)
    return list(zip(places.along_m.tolist(), places.offset_m.tolist(), places.heading_deg.tolist(), strict=True))


def _cheapest(rows: Iterable[Row], cost: Callable[[Row], float]) -> Found:
    costs = sorted((cost(row), row) for row in rows)
    return Found(*costs[0][1], len(costs) == 1 or costs[1][0] - costs[0][0] > CLEARLY)


def _settle(track: Track, along_m: float, offset_m: float, *, sure: bool) -> None:
    """Believe a place that does not follow from the one before."""
    track.confidence = max(SURE_PLACE if sure else GUESSED_PLACE, min(track.confidence, 0.9) if track.on_route else 0.0)
    track.progress_m, track.offset_m = along_m, offset_m
    track.on_route, track.off_fixes, track.behind_fixes = True, 0, 0


def _unplaced(track: Track) -> Taken:
    """The bus is on its way to its first stop, far from it still: it is on no run."""
    left, track.on_route, track.confidence = track.on_route, False, 0.0
    return Taken(moved=False, left_route=left)


def _nearest_ahead(
    track: Track, pattern: Pattern, fix: Fix, progress_m: float, gap_s: float, policy: Policy
) -> tuple[float, float]:
    """Find where the bus can have come to, as (along_m, offset_m).

    Where its path uses a street twice both passes are equally near: the one that speed, heading and timetable explain.
    """
    lo_m, hi_m = progress_m - BACK_M, progress_m + policy.max_speed_mps * gap_s + policy.jump_slack_m
    along_m, offset_m, heading_deg = pattern.path.window(track.x, track.y, lo_m, hi_m)
    if along_m <= lo_m:
        behind = pattern.path.window(track.x, track.y, lo_m - FAR_BACK_M, lo_m)
        along_m, offset_m, heading_deg = min((along_m, offset_m, heading_deg), behind, key=lambda place: place[1])
    run_m = (CRUISE_MPS if track.speed_mps is None else track.speed_mps) * gap_s
    if along_m - progress_m <= 1.5 * run_m + NEAR_SLACK_M and not _against(track, fix, heading_deg):
        return along_m, offset_m
    rows = [row for row in _places(track, pattern, policy) if lo_m <= row[0] <= hi_m] or [
        (along_m, offset_m, heading_deg)
    ]
    found = _cheapest(
        rows,
        lambda row: (
            _cost(track, pattern, fix, *row) + ((row[0] - progress_m - run_m) / (0.5 * run_m + NEAR_SLACK_M)) ** 2
        ),
    )
    return found.along_m, found.offset_m


def _against(track: Track, fix: Fix, heading_deg: float) -> bool:
    """Does the bus, while it moves, say that it goes against the path here?"""
    if fix.heading_deg is None or track.speed_mps is None or track.speed_mps <= HEADING_SPEED_MPS:
        return False
    return turn_deg(fix.heading_deg, heading_deg) > AGAINST_DEG


def turn_deg(a_deg: float, b_deg: float) -> float:
    """Tell the angle between two headings in degrees, 0 to 180."""
    return abs((a_deg - b_deg + 180.0) % 360.0 - 180.0)


def _goes_back(track: Track, along_m: float) -> bool:
    """Does the bus seem to run against its pattern? Turning once more about its first stop is no such thing."""
    if track.progress_m is None or along_m >= track.progress_m - BACK_M * 0.6:
        return False
    assert track.pattern is not None
    return not departing.near_start(track, track.pattern, departing.STATION_M)


def _off_route(track: Track, offset_m: float, policy: Policy) -> Taken:
    track.off_fixes += 1
    track.offset_m = offset_m
    if track.off_fixes < policy.off_route_fixes:
        return Taken(moved=False)
    left = track.on_route
    track.on_route, track.confidence = False, 0.0
    return Taken(moved=False, left_route=left)


def _place_anew(track: Track, pattern: Pattern, fix: Fix, policy: Policy) -> Taken:
    rows = _places(track, pattern, policy)
    if not rows:
        return _off_route(track, pattern.path.project(track.x, track.y)[1], policy)
    found = _cheapest(rows, lambda row: _cost(track, pattern, fix, *row))
    track.on_route = False
    _settle(track, found.along_m, found.offset_m, sure=found.sure)
    return Taken(moved=True)


def _cost(track: Track, pattern: Pattern, fix: Fix, along_m: float, offset_m: float, heading_deg: float) -> float:
    """How badly a place explains the fix: distance, heading while moving, and the timetable, each in sigmas."""
    cost = (TAILS + 1.0) * math.log1p((offset_m / GPS_SIGMA_M) ** 2 / TAILS)
    if fix.heading_deg is not None and (track.speed_mps is None or track.speed_mps > HEADING_SPEED_MPS):
        cost += (turn_deg(fix.heading_deg, heading_deg) / HEADING_SIGMA_DEG) ** 2
    assert track.trip is not None
    due_ms = track.day_start_ms + 1000 * scheduled_s(track.trip, pattern, along_m)
    late_s = (fix.at_ms - due_ms) / 1000.0
    return cost + min((late_s / TIMETABLE_SIGMA_S) ** 2, 9.0)
