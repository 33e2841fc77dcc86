"""Why this bus, why then: the snapshot that a rule saw, as records. Level 12 of the core: reads state, changes none.

Nothing is decided here and no rule is told a second time: what is noted is what `serving` and `dispatch` answer at the
moment of the choice. An engine notes only when asked to (`RouteEngine(witnessed=True)`); a live one does not.
"""

from enum import StrEnum

from server.core import serving, views
from server.core.dispatch import Candidate, Reach, acceptable, arrives_in_s, needed_m
from server.core.model import (
    Alert,
    AlertId,
    Bell,
    BellId,
    BellState,
    Reason,
    Record,
    RouteId,
    Stage,
    StopId,
    TripKey,
    VehicleId,
)
from server.core.shard import Shard


class Verdict(StrEnum):
    """What the rule made of one bus."""

    CHOSEN = "chosen"
    LATER = "later"
    """It could serve, and another will be there first."""
    CANNOT = "cannot"
    """It cannot be given the bell; the reason says why."""
    FAILED = "failed"
    """On this run it passed or declined this very bell."""
    NOT_WISHED = "not_wished"
    """The rider asked for another bus."""


class Considered(Record, frozen=True, gc=False, omit_defaults=False):
    """One bus at one visit as the rule saw it. Metres along the route; `commit_m` of them are too few to be asked.

    `speed_mps` is the speed reckoned with, `uncertainty_m` half the width of where the bus may be, `age_s` the age of
    the newest fix, all at the moment of the choice.
    """

    vehicle_id: VehicleId
    trip: TripKey | None
    stop_sequence: int
    left_m: float
    commit_m: float
    eta_s: float
    stops_away: int
    speed_mps: float
    age_s: float
    uncertainty_m: float | None
    confidence: float
    verdict: Verdict
    reason: Reason | None


class Choice(Record, frozen=True, gc=False, omit_defaults=False):
    """How the bus of a bell was chosen (`vehicle_id` null: none could be). The chosen one first, then by time of arrival.

    `before` is the bus that had the bell, `reason` why it was chosen anew. The numbers are the policy's at that time.
    """

    at_ms: int
    bell_id: BellId
    stop_id: StopId
    route_id: RouteId
    attempt: int
    vehicle_id: VehicleId | None
    before: VehicleId | None
    reason: Reason | None
    policy: str
    numbers: dict[str, float | str]
    considered: tuple[Considered, ...]


class Telling(Record, frozen=True, gc=False, omit_defaults=False):
    """Why a driver was told now: `left_m` to the stop, of which `commit_m` are too few to stop in comfort.

    `now` is said within `now_m` before that, `ahead` within `soon_m`, or as soon as the stop is the bus's next one.
    """

    at_ms: int
    alert_id: AlertId
    vehicle_id: VehicleId
    trip: TripKey
    stop_id: StopId
    stop_sequence: int
    stage: Stage
    bells: tuple[BellId, ...]
    left_m: float
    commit_m: float
    now_m: float
    soon_m: float
    stops_away: int
    speed_mps: float
    age_s: float
    uncertainty_m: float | None


Explanation = Choice | Telling


class Noted:
    """A witness that keeps what it saw until it is asked."""

    def __init__(self, shard: Shard) -> None:
        self._shard = shard
        self._seen: list[Explanation] = []

    def chose(self, bell: Bell, best: Candidate | None, now_ms: int, *, reason: Reason | None) -> None:
        """A bell was given to a bus; or to none, which is noted once and not at each later look."""
        if best is not None or bell.state is not BellState.WAITING or bell.rung_ms == now_ms:
            attempt = bell.buses + (best is not None)
            self._seen.append(choice(self._shard, bell, best, now_ms, attempt=attempt, reason=reason))

    def told(self, alert: Alert, candidate: Candidate, reach: Reach, now_ms: int) -> None:
        """A driver was told of a stop, or told more."""
        track = candidate.track
        uncertainty_m = track.uncertainty_m(now_ms, self._shard.policy)
        self._seen.append(
            Telling(
                at_ms=now_ms,
                alert_id=alert.alert_id,
                vehicle_id=alert.vehicle_id,
                trip=alert.trip,
                stop_id=alert.stop_id,
                stop_sequence=alert.stop_sequence,
                stage=alert.stage,
                bells=alert.bells,
                left_m=round(candidate.left_m, 1),
                commit_m=round(reach.needed_m, 1),
                now_m=round(reach.now_m, 1),
                soon_m=round(reach.soon_m, 1),
                stops_away=views.stops_away(candidate),
                speed_mps=round(track.likely_speed_mps(now_ms), 2),
                age_s=round(track.age_s(now_ms), 1),
                uncertainty_m=None if uncertainty_m is None else round(uncertainty_m, 1),
            )
        )

    def take(self) -> list[Explanation]:
        """What was seen since the last time, in order."""
        seen, self._seen = self._seen, []
        return seen


def choice(
    shard: Shard, bell: Bell, best: Candidate | None, now_ms: int, *, attempt: int, reason: Reason | None
) -> Choice:
    """Every bus that has the bell's stop ahead of it, and what the rule makes of it now. `bell` is as before the choice."""
    policy = shard.policy
    rows = [_considered(shard, bell, each, best, now_ms) for each in shard.candidates(shard.places_of(bell))]
    rows.sort(key=lambda row: (row.verdict is not Verdict.CHOSEN, row.eta_s, row.left_m, row.vehicle_id))
    return Choice(
        at_ms=now_ms,
        bell_id=bell.bell_id,
        stop_id=bell.stop_id,
        route_id=bell.route_id,
        attempt=attempt,
        vehicle_id=None if best is None else best.track.vehicle_id,
        before=bell.vehicle_id,
        reason=reason,
        policy=f"{policy.name} v{policy.version}",
        numbers={
            "a_comfort_mps2": policy.a_comfort_mps2,
            "t_react_s": policy.t_react_s,
            "t_deliver_s": policy.t_deliver_s,
            "cutoff": policy.cutoff,
            "cutoff_s": policy.cutoff_s,
            "silent_s": policy.silent_s,
        },
        considered=tuple(rows),
    )


def _considered(shard: Shard, bell: Bell, candidate: Candidate, best: Candidate | None, now_ms: int) -> Considered:
    track = candidate.track
    verdict, reason = _verdict(shard, bell, candidate, best, now_ms)
    uncertainty_m = track.uncertainty_m(now_ms, shard.policy)
    return Considered(
        vehicle_id=track.vehicle_id,
        trip=track.trip_key,
        stop_sequence=candidate.visit.stop_sequence,
        left_m=round(candidate.left_m, 1),
        commit_m=round(needed_m(track, now_ms, shard.policy), 1),
        eta_s=round(arrives_in_s(candidate, now_ms), 1),
        stops_away=views.stops_away(candidate),
        speed_mps=round(track.likely_speed_mps(now_ms), 2),
        age_s=round(track.age_s(now_ms), 1),
        uncertainty_m=None if uncertainty_m is None else round(uncertainty_m, 1),
        confidence=round(track.confidence, 3),
        verdict=verdict,
        reason=reason,
    )


def _verdict(
    shard: Shard, bell: Bell, candidate: Candidate, best: Candidate | None, now_ms: int
) -> tuple[Verdict, Reason | None]:
    vehicle_id, trip = candidate.track.vehicle_id, candidate.track.trip_key
    if best is not None and (vehicle_id, candidate.visit.index) == (best.track.vehicle_id, best.visit.index):
        return Verdict.CHOSEN, None
    if not acceptable(bell, vehicle_id, trip):
        failed = vehicle_id in bell.tried
        return (Verdict.FAILED if failed else Verdict.NOT_WISHED), None
    reason = serving.why_not(shard, candidate, bell, now_ms)
    return (Verdict.LATER, None) if reason is None else (Verdict.CANNOT, reason)
