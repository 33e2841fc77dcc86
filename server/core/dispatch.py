"""Which bus serves which bell, and when its driver is told. Level 8 of the core.

Exactly one bus: the one that will be there first of those that still can stop in comfort. Reasons are given for every
bus that cannot.
"""

from collections.abc import Iterable
from typing import NamedTuple, assert_never

from server.core.approach import Approach
from server.core.model import Bell, BellKind, Need, Phase, Reason, Stage, TripKey, Vehicle, VehicleId
from server.core.network import Visit
from server.core.policy import Policy
from server.core.prediction import eta_s
from server.core.tracking import Track, doors_open

NOT_PICKED_UP = 1
"""GTFS `pickup_type` 1: no boarding here."""
NOT_LET_OFF = 1
"""GTFS `drop_off_type` 1: nobody alights here."""
OVERTAKE_M = 150.0
"""Of two buses on one path the other has come ahead only when it is this much nearer: bunched buses must not flap."""
SOONER_S = 30.0
"""A bus on another path, or one that waits for its departure, is ahead when it will be there this much sooner.

Two stops' dwell: what an estimate a few minutes ahead may be off without anybody having overtaken."""
HERE_S = 15.0
"""A bus seen standing longer ago may have left: letting one person on and closing the doors takes about so long."""
CRUISE_MPS = 10.0
"""For a bus whose trip is unknown, and so its estimate: 36 km/h, a city bus between stops."""


class Candidate(NamedTuple):
    """A bus that could serve a bell at a visit, and how far it is."""

    track: Track
    approach: Approach
    visit: Visit
    left_m: float


class Rules(NamedTuple):
    """What choosing needs besides the buses: thresholds, the registry's entry, and whether silence means no terminal."""

    policy: Policy
    assume_terminal: bool


def needed_m(track: Track, now_ms: int, policy: Policy) -> float:
    """Metres before a stop within which a bus can no longer be asked to stop.

    DOMAIN §2: `v·(t_data_age + t_deliver + t_react) + v²/(2·a_comfort)`; `v` is the likely speed, so that the
    uncertainty of an old position widens it; and by what the position itself may be wrong (`Track.doubt_m`).
    """
    return _stopping_m(track, track.likely_speed_mps(now_ms), now_ms, policy)


def _stopping_m(track: Track, v: float, now_ms: int, policy: Policy) -> float:
    blind_s = min(track.age_s(now_ms), policy.extrapolate_s) + policy.t_deliver_s + policy.t_react_s
    return v * blind_s + v * v / (2.0 * policy.a_comfort_mps2) + track.doubt_m


class Reach(NamedTuple):
    """What a bus's speed now means for all stops ahead of it, in metres.

    `needed_m`: as the function says. Its driver is told `now` within `now_m` before that, and within `soon_m` of a stop
    that is not the next one.
    """

    needed_m: float
    now_m: float
    soon_m: float


def reach_of(track: Track, now_ms: int, policy: Policy) -> Reach:
    """Reckon once for a bus what `stage_of` asks at each stop ahead of it."""
    v = track.likely_speed_mps(now_ms)
    now_m = v * max(policy.now_lead_s, 0.5 * track.period_s)
    soon_m = v * (policy.alert_lead_s + 2.0 * track.period_s)
    return Reach(_stopping_m(track, v, now_ms, policy), now_m, max(now_m, soon_m))


def before_commit(candidate: Candidate, now_ms: int, policy: Policy) -> bool:
    """Is the bus short of the last place where it may be asked to stop at this visit?"""
    if candidate.left_m <= needed_m(candidate.track, now_ms, policy):
        return False
    stops_between = candidate.visit.index - candidate.approach.next_index
    match policy.cutoff:
        case "physical":
            return True
        case "previous-stop":
            return stops_between >= 1
        case "second-previous-stop":
            return stops_between >= 2
        case "minutes":
            eta = eta_s(candidate.track, candidate.visit.index, now_ms)
            return eta is not None and eta >= policy.cutoff_s
        case _:
            assert_never(policy.cutoff)


def standing_here(candidate: Candidate, now_ms: int) -> bool:
    """Does the bus stand in the zone of this visit, so that the rider needs no bell but can board?"""
    if candidate.track.age_s(now_ms) > HERE_S:
        return False
    at_it = candidate.approach.next_index == candidate.visit.index
    return (
        at_it
        and candidate.approach.standing_at(candidate.visit.index)
        and (doors_open(candidate.track.fix) or (candidate.track.speed_mps or 0.0) < 1.0)
    )


def rests(candidate: Candidate) -> bool:
    """Does the bus wait, its doors not open, until the timetable lets it go? An earlier one may come and leave first."""
    return candidate.track.phase is Phase.LAYOVER and not doors_open(candidate.track.fix)


def cannot_serve(
    candidate: Candidate,
    needs: Iterable[Need],
    vehicle: Vehicle | None,
    now_ms: int,
    rules: Rules,
    *,
    alighting: bool = False,
) -> Reason | None:
    """Why this bus cannot be given a bell at this visit, or None. Unknown seats and floors are unknown, not no.

    To let somebody off it needs no seat and no low floor.
    """
    track, policy = candidate.track, rules.policy
    if not alighting and candidate.visit.pickup_type == NOT_PICKED_UP:
        return Reason.ALIGHT_ONLY
    if not track.on_route:
        return Reason.OFF_ROUTE
    if track.age_s(now_ms) > policy.silent_s:
        return Reason.BUS_SILENT
    if not alighting and track.seats_left == 0:
        return Reason.FULL
    if not alighting and Need.WHEELCHAIR in needs and vehicle is not None and vehicle.low_floor is False:
        return Reason.NO_BUS_CAN_SERVE
    if candidate.approach.standing_at(candidate.visit.index):
        return (
            Reason.BUS_HERE_NOW if standing_here(candidate, now_ms) else Reason.TOO_LATE
        )  # it stood here and is leaving
    if not can_be_told(track, now_ms, rules):
        return Reason.NO_TERMINAL
    return None if before_commit(candidate, now_ms, policy) else Reason.TOO_LATE


def can_be_told(track: Track, now_ms: int, rules: Rules) -> bool:
    """Is there a terminal that will show it? A link that just broke gets `terminal_grace_s` to come back."""
    if track.terminal_up or (track.terminal_up is None and rules.assume_terminal):
        return True
    return (now_ms - track.terminal_since_ms) / 1000.0 < rules.policy.terminal_grace_s


def arrives_in_s(candidate: Candidate, now_ms: int) -> float:
    """Seconds until the bus is at the visit, by its estimate, or at an even speed where there is none."""
    eta = eta_s(candidate.track, candidate.visit.index, now_ms)
    return max(0.0, candidate.left_m) / CRUISE_MPS if eta is None else eta


def first_of(candidates: Iterable[Candidate], now_ms: int) -> Candidate | None:
    """Find the next bus: the one that will be there first, ties by vehicle id, so that replays agree.

    Of bunched buses on one path it is the one in front, whatever a few seconds of their estimates say.
    """
    timed = [(arrives_in_s(c, now_ms), c) for c in candidates]
    if not timed:
        return None
    soonest_s, soonest = min(timed, key=lambda row: (row[0], row[1].left_m, row[1].track.vehicle_id))
    bunched = [c for in_s, c in timed if _same_path(c, soonest) and in_s <= soonest_s + SOONER_S]
    return min(bunched, key=lambda c: (c.left_m, c.track.vehicle_id))


def may_be_ahead(current: Candidate, other: Candidate) -> bool:
    """Could `overtaken_by` find the other bus ahead? On one path its metres alone can say no; no estimate is needed."""
    if other.track.vehicle_id == current.track.vehicle_id:
        return False
    return not _same_path(current, other) or current.left_m - other.left_m > -OVERTAKE_M


def overtaken_by(current: Candidate, best: Candidate, now_ms: int) -> bool:
    """Has another bus come clearly ahead of the chosen one?"""
    if best.track.vehicle_id == current.track.vehicle_id:
        return False
    sooner_s = arrives_in_s(current, now_ms) - arrives_in_s(best, now_ms)
    if not _same_path(current, best):
        return sooner_s > SOONER_S
    nearer_m = current.left_m - best.left_m
    return (nearer_m > OVERTAKE_M and sooner_s > -SOONER_S) or (nearer_m > -OVERTAKE_M and sooner_s > SOONER_S)


def _same_path(one: Candidate, other: Candidate) -> bool:
    """Do both come along the same pattern to the same visit, so that metres tell who is in front?"""
    assert one.track.pattern is not None
    assert other.track.pattern is not None
    return (one.track.pattern.index, one.visit.index) == (other.track.pattern.index, other.visit.index)


def acceptable(bell: Bell, vehicle_id: VehicleId, trip: TripKey | None) -> bool:
    """May this vehicle be chosen for the bell at all: the one wished for until that is lost, and no run that failed it.

    On its next run a vehicle may come for a rider whom it passed: where one bus serves a route it is the next bus.
    """
    if any(run == (vehicle_id, trip) for run in zip(bell.tried, bell.tried_trips, strict=False)):
        return False
    if bell.kind is BellKind.ALIGHT:
        return vehicle_id == bell.wanted_vehicle_id
    lost = bell.buses > 0 and (bell.vehicle_id is None or bell.vehicle_id in bell.tried)
    return lost or bell.wanted_vehicle_id in (None, vehicle_id)


def far_off(candidate: Candidate, reach: Reach) -> bool:
    """Is it too early to tell the driver of this visit, and so of every later one?"""
    return candidate.left_m - reach.needed_m > reach.soon_m and not _is_next(candidate)


def stage_of(candidate: Candidate, reach: Reach) -> Stage | None:
    """What the driver should see now: nothing yet, `ahead`, or `now`; None also once the commit point is behind.

    Nothing, too, for a stop where the bus stands or stood. `ahead` when the stop is the bus's next one, or when
    waiting for that would come too late (short gaps, sparse reports); `now` shortly before the commit point
    (DOMAIN §3 rule 2).
    """
    margin_m = candidate.left_m - reach.needed_m
    if margin_m <= 0.0 or candidate.approach.standing_at(candidate.visit.index):
        return None
    if margin_m <= reach.now_m:
        return Stage.NOW
    return Stage.AHEAD if margin_m <= reach.soon_m or _is_next(candidate) else None


def _is_next(candidate: Candidate) -> bool:
    """Is this the bus's next stop, one where it stands not counted?"""
    next_index = candidate.approach.next_index
    return candidate.visit.index <= next_index + candidate.approach.standing_at(next_index)
