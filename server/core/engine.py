"""RouteEngine: the ordered list of the steps. Event + now → effects. Level 8, the top of the core.

A fix goes: tracking → approach → bells of the visits it touches → dispatch → alerts. Every other event changes bells
or sign-ons and ends in the same two last steps. The engine is the only owner of its state; it has no clock.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import assert_never

from server.core import approach as approaching
from server.core import bells as life
from server.core import refusals, signon, tracking, views
from server.core.alerts import AlertBoard
from server.core.approach import Approach, Arrived, Finished, VisitEvent
from server.core.bells import BellBook
from server.core.dispatch import Candidate, Rules, acceptable, can_be_told, cannot_serve, nearest, overtaken_by
from server.core.model import (
    Alert,
    Answer,
    ArrivalView,
    Assigned,
    Assignment,
    Bell,
    BellChanged,
    BellId,
    BellRepeated,
    BellState,
    Cancel,
    Effect,
    Event,
    Fact,
    Fix,
    FixRefused,
    Outcome,
    Reason,
    Refused,
    Respond,
    RiderId,
    Ring,
    Shown,
    SignOff,
    SignOn,
    Source,
    StopId,
    StopVisit,
    StopVisited,
    TerminalLink,
    Tick,
    Vehicle,
    VehicleId,
    VehicleView,
    VisitOutcome,
)
from server.core.network import Network
from server.core.policy import Policy
from server.core.refusals import Place
from server.core.tracking import Taken, Track

TOLD = frozenset({BellState.SHOWN, BellState.ACKNOWLEDGED})
ON_A_BUS = TOLD | {BellState.ASSIGNED}
FORGET_TRACK_S = 3_600.0
"""A vehicle silent this long, with no bell behind it, is dropped from memory."""
EXPIRY_CHECK_S = 20.0
"""How often a bell without a bus is asked whether any bus is still to come (a timetable look-up)."""
ANSWER_REASONS = {Answer.FULL: Reason.FULL, Answer.CANNOT_STOP: Reason.CANNOT_STOP}


class RouteEngine:
    """All live buses, bells and alerts of one shard, and the rules that move them. One caller at a time.

    `assume_terminal`: whether a bus of which no terminal was ever heard can be told (replays: yes; live: no).
    """

    def __init__(
        self, network: Network, policy: Policy, *, vehicles: Mapping[VehicleId, Vehicle], assume_terminal: bool
    ) -> None:
        self.network = network
        self.policy = policy
        self._registry = vehicles
        self._rules = Rules(policy, assume_terminal)
        self._tracks: dict[VehicleId, Track] = {}
        self._approaches: dict[VehicleId, Approach] = {}
        self._on_pattern: defaultdict[int, dict[VehicleId, None]] = defaultdict(dict)
        self._bells = BellBook(policy.ended_kept)
        self._alerts = AlertBoard()
        self._checked_ms: dict[BellId, int] = {}

    # -- events ----------------------------------------------------------------

    def step(self, event: Event, now_ms: int) -> list[Effect]:
        """Decide what one event changes. Effects are in the order in which they happened."""
        match event:
            case Fix():
                return self._take_fix(event, now_ms)
            case Tick():
                return self._tick(now_ms)
            case Ring():
                return self._ring(event, now_ms)
            case Cancel():
                return self._cancel(event, now_ms)
            case Shown():
                return self._shown(event, now_ms)
            case Respond():
                return self._respond(event, now_ms)
            case SignOn():
                return self._sign_on(event, now_ms)
            case SignOff():
                return self._sign_off(event, now_ms)
            case TerminalLink():
                return self._terminal_link(event, now_ms)
            case _:
                assert_never(event)

    def restore(self, facts: Iterable[Fact], *, now_ms: int) -> None:
        """Rebuild what lasts from the latest records. Positions come back with the next fixes."""
        for fact in facts:
            match fact:
                case Assignment():
                    track = self._track(fact.vehicle_id, now_ms)
                    tracking.assign(track, fact, self.network)
                    self._index(track, before=None)
                case Bell():
                    self._bells.put(fact)
                case Alert():
                    self._alerts.restore(fact)
                case _:
                    assert_never(fact)

    # -- a fix -----------------------------------------------------------------

    def _take_fix(self, fix: Fix, now_ms: int) -> list[Effect]:
        known = self._tracks.get(fix.vehicle_id)
        track = known or Track(fix.vehicle_id, seen_ms=now_ms)
        taken = tracking.take(track, fix, self.network, self.policy)
        if isinstance(taken, Reason):
            if known is None and track.suspects:
                self._tracks[fix.vehicle_id] = track
            return [FixRefused(now_ms, fix.vehicle_id, taken)]
        self._tracks[fix.vehicle_id] = track
        effects: list[Effect] = []
        if fix.source is Source.FEED:
            effects += self._follow_feed(track, fix, now_ms)
        effects += self._moved(track, taken, now_ms)
        effects.append(views.positioned(track, self.policy, now_ms))
        return effects

    def _moved(self, track: Track, taken: Taken, now_ms: int) -> list[Effect]:
        """After a taken fix: visits, then this bus's bells, then bells that wait for a bus of its route."""
        effects: list[Effect] = []
        if taken.left_route:
            self._approaches.pop(track.vehicle_id, None)
            effects += self._release(track.vehicle_id, Reason.OFF_ROUTE, now_ms)
        if not taken.moved:
            return effects
        approach = self._approaches.get(track.vehicle_id)
        if approach is None or track.span is None:
            effects += self._begin_approach(track, now_ms)
        else:
            for visit_event in approaching.advance(approach, track, self.policy):
                effects += self._visited(track, visit_event, now_ms)
        if track.at_end:
            effects += self._end_of_trip(track, now_ms)
        effects += self._refresh_alerts(track, now_ms)
        if track.assignment is not None and track.assignment.route_id is not None:
            for bell in self._bells.without_bus(track.assignment.route_id):
                effects += self._dispatch(bell, now_ms)
        return effects

    def _follow_feed(self, track: Track, fix: Fix, now_ms: int) -> list[Effect]:
        """A feed says what the vehicle runs; a driver's own sign-on wins over it."""
        current = track.assignment
        if current is not None and current.source is Source.TERMINAL and current.trip is not None:
            return []
        if fix.trip is not None:
            if current is not None and current.trip is not None and _same_run(current, fix):
                return []
            said = SignOn(fix.vehicle_id, trip_id=fix.trip.trip_id, start_date=fix.trip.start_date or None)
        elif fix.route_id is not None and (current is None or current.route_id != fix.route_id):
            said = SignOn(fix.vehicle_id, route_id=fix.route_id, direction_id=fix.direction_id)
        else:
            return []
        assignment = signon.resolve(said, track, self.network, now_ms, Source.FEED)
        return [] if isinstance(assignment, Reason) else self._assign(track, assignment, now_ms)

    def _begin_approach(self, track: Track, now_ms: int) -> list[Effect]:
        """The bus was placed anew: visits behind it are over, and nobody saw how."""
        approach = approaching.start(track, self.policy)
        self._approaches[track.vehicle_id] = approach
        effects: list[Effect] = []
        if track.pattern is None:
            return effects
        behind = {visit.stop_sequence for visit in track.pattern.visits[: approach.next_index]}
        for bell in self._bells.of_vehicle(track.vehicle_id):
            if bell.visit_sequence in behind:
                effects += self._over(bell, VisitOutcome.UNKNOWN, sure=False, now_ms=now_ms)
        for alert in self._alerts.live(track.vehicle_id):
            if alert.stop_sequence in behind:
                effects += self._alerts.clear(track.vehicle_id, alert.stop_sequence, Outcome.EXPIRED, now_ms)
        return effects

    # -- visits ----------------------------------------------------------------

    def _visited(self, track: Track, event: VisitEvent, now_ms: int) -> list[Effect]:
        if track.pattern is None or track.trip_key is None:
            return []
        visit = track.pattern.visits[event.visit_index]
        bells = [b for b in self._bells.of_vehicle(track.vehicle_id) if b.visit_sequence == visit.stop_sequence]
        effects: list[Effect] = []
        match event:
            case Arrived():
                for bell in bells:
                    if bell.state in ON_A_BUS:
                        effects += self._change(life.move(bell, BellState.ARRIVED, now_ms), now_ms)
            case Finished():
                effects.append(StopVisited(_stop_visit(track, event, visit.stop_id, visit.stop_sequence, now_ms)))
                alert = self._alerts.at(track.vehicle_id, visit.stop_sequence)
                outcome = _judged(event.outcome, told=alert is not None and alert.shown_ms is not None)
                cleared = Outcome.SERVED if outcome is VisitOutcome.STOPPED else Outcome.PASSED
                effects += self._alerts.clear(track.vehicle_id, visit.stop_sequence, cleared, now_ms)
                sure = event.confidence >= approaching.SEEN_CONFIDENCE
                for bell in bells:
                    effects += self._over(bell, event.outcome, sure=sure, now_ms=now_ms)
            case _:
                assert_never(event)
        return effects

    def _over(self, bell: Bell, outcome: VisitOutcome, *, sure: bool, now_ms: int) -> list[Effect]:
        """The awaited visit is over: the bell ends, or is told to the next bus."""
        reason = None if sure else Reason.UNSURE
        stood = bell.state is BellState.ARRIVED or _judged(outcome, told=bell.state in TOLD) is VisitOutcome.STOPPED
        if stood:
            return self._change(life.move(bell, BellState.SERVED, now_ms, reason=reason), now_ms)
        passed = life.fail(bell, BellState.PASSED, now_ms, reason=reason)
        return self._change(passed, now_ms) + self._dispatch(passed, now_ms)

    def _end_of_trip(self, track: Track, now_ms: int) -> list[Effect]:
        """At its last stop a bus signed on by block begins the block's next run."""
        if track.assignment is None:
            return []
        following = signon.next_of_block(track.assignment, self.network, now_ms)
        return [] if following is None else self._assign(track, following, now_ms)

    # -- sign-on ---------------------------------------------------------------

    def _sign_on(self, event: SignOn, now_ms: int) -> list[Effect]:
        track = self._track(event.vehicle_id, now_ms)
        assignment = signon.resolve(event, track, self.network, now_ms, Source.TERMINAL)
        if isinstance(assignment, Reason):
            named = event.trip_id or event.block_id or event.route_id or ""
            return [Refused(assignment, event.ref, {"name": named})]
        return self._assign(track, assignment, now_ms)

    def _sign_off(self, event: SignOff, now_ms: int) -> list[Effect]:
        track = self._track(event.vehicle_id, now_ms)
        return self._assign(track, Assignment(event.vehicle_id, now_ms), now_ms)

    def _assign(self, track: Track, assignment: Assignment, now_ms: int) -> list[Effect]:
        effects: list[Effect] = []
        before = track.pattern.index if track.pattern is not None else None
        if assignment.trip != track.trip_key or assignment.trip is None:
            approach = self._approaches.pop(track.vehicle_id, None)
            for event in approaching.close(approach, self.policy) if approach is not None else ():
                effects += self._visited(track, event, now_ms)
            effects += self._release(track.vehicle_id, Reason.SIGNED_OFF, now_ms)
        changed = tracking.assign(track, assignment, self.network)
        self._index(track, before=before)
        effects.append(Assigned(assignment))
        if changed and track.fix is not None:
            effects += self._moved(track, tracking.place_again(track, self.policy), now_ms)
        return effects

    def _terminal_link(self, event: TerminalLink, now_ms: int) -> list[Effect]:
        track = self._track(event.vehicle_id, now_ms)
        track.terminal_up, track.terminal_since_ms = event.up, now_ms
        return []

    # -- bells -----------------------------------------------------------------

    def _ring(self, ring: Ring, now_ms: int) -> list[Effect]:
        known = self._bells.get(ring.bell_id)
        if known is not None:
            if not refusals.same_request(ring, known):
                return [Refused(Reason.ID_REUSED, ring.bell_id)]
            return [BellRepeated(known, *self.bell_outlook(known, now_ms))]
        places = refusals.places_of(ring, self.network)
        refused = (
            refusals.unknown_names(ring, self.network)
            or refusals.wrong_place(ring, places, self.network)
            or refusals.not_present(ring, self.network, self.policy)
            or refusals.second_bell(ring, self._bells.of_rider(ring.rider_id), self.policy)
            or self._no_bus(ring, places, now_ms)
        )
        if refused is not None:
            return [refused]
        bell = Bell(
            bell_id=ring.bell_id,
            rider_id=ring.rider_id,
            kind=ring.kind,
            stop_id=ring.stop_id,
            route_id=self.network.pattern(places[0].ref.pattern_index).route_id,
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
        return self._change(bell, now_ms) + self._dispatch(bell, now_ms)

    def _no_bus(self, ring: Ring, places: Sequence[Place], now_ms: int) -> Refused | None:
        """No bus that runs, and none that is due, could serve this ring; the nearest bus's reason is given."""
        found = [c for c in self._candidates(places) if ring.vehicle_id in (None, c.track.vehicle_id)]
        reasons = [
            cannot_serve(c, ring.needs, self._registry.get(c.track.vehicle_id), now_ms, self._rules)
            for c in sorted(found, key=lambda c: c.left_m)
        ]
        if None in reasons:
            return None
        if reasons and reasons[0] is Reason.BUS_HERE_NOW:
            return Refused(Reason.BUS_HERE_NOW, ring.bell_id)
        if ring.vehicle_id is not None:
            return Refused(reasons[0] if reasons and reasons[0] else Reason.NO_BUS_CAN_SERVE, ring.bell_id)
        if self._due(places, now_ms):
            return None
        return Refused(reasons[0] if reasons and reasons[0] else Reason.NOT_IN_SERVICE, ring.bell_id)

    def _due(self, places: Iterable[Place], now_ms: int) -> bool:
        """Is any bus still scheduled at these visits within the horizon a rider may wait?"""
        horizon_ms = now_ms + int(self.policy.ring_horizon_s * 1000)
        due = (self.network.next_departure_ms(place.ref, now_ms) for place in places)
        return any(at_ms is not None and at_ms <= horizon_ms for at_ms in due)

    def _cancel(self, event: Cancel, now_ms: int) -> list[Effect]:
        bell = self._bells.get(event.bell_id)
        if bell is None or bell.rider_id != event.rider_id:
            return [Refused(Reason.UNKNOWN_BELL, event.bell_id)]
        if bell.ended:
            return [BellRepeated(bell)]
        effects = self._change(life.move(bell, BellState.CANCELLED, now_ms), now_ms)
        return effects + self._refresh_of(bell.vehicle_id, now_ms)

    def _shown(self, event: Shown, now_ms: int) -> list[Effect]:
        alert = self._alerts.find(event.vehicle_id, event.alert_id)
        if alert is None:
            return []
        effects = self._alerts.mark_shown(alert, now_ms)
        return effects + self._bells_of_alert(alert, BellState.SHOWN, {BellState.ASSIGNED}, now_ms)

    def _respond(self, event: Respond, now_ms: int) -> list[Effect]:
        alert = self._alerts.find(event.vehicle_id, event.alert_id)
        if alert is None:
            return [Refused(Reason.UNKNOWN_ALERT, event.ref)]
        if event.answer is Answer.OK:
            effects = self._alerts.mark_shown(alert, now_ms)
            return effects + self._bells_of_alert(alert, BellState.ACKNOWLEDGED, ON_A_BUS, now_ms)
        reason = ANSWER_REASONS[event.answer]
        effects = self._alerts.clear(event.vehicle_id, alert.stop_sequence, Outcome.MOVED, now_ms)
        for bell in self._behind(alert):
            declined = life.fail(bell, BellState.DECLINED, now_ms, reason=reason)
            effects += self._change(declined, now_ms) + self._dispatch(declined, now_ms)
        return effects

    def _behind(self, alert: Alert) -> list[Bell]:
        """The open bells that an alert stands for, in the order in which they rang."""
        bells = self._bells.of_vehicle(alert.vehicle_id)
        return [b for b in bells if b.visit_sequence == alert.stop_sequence]

    def _bells_of_alert(self, alert: Alert, state: BellState, among: Iterable[BellState], now_ms: int) -> list[Effect]:
        """Move the bells that this very alert told of; one that joined later waits for the alert's next showing."""
        effects: list[Effect] = []
        for bell in self._behind(alert):
            if bell.state in among and bell.state is not state and bell.bell_id in alert.bells:
                effects += self._change(life.move(bell, state, now_ms), now_ms)
        return effects

    def _change(self, bell: Bell, now_ms: int) -> list[Effect]:
        """Keep a bell's new record and tell it."""
        self._bells.put(bell)
        if bell.ended:
            self._checked_ms.pop(bell.bell_id, None)
        return [BellChanged(bell, *self.bell_outlook(bell, now_ms))]

    # -- dispatch --------------------------------------------------------------

    def _dispatch(self, bell: Bell, now_ms: int) -> list[Effect]:
        """Give a bell without a bus to the next one that can serve it; tell it that it waits if there is none."""
        best = self._best_for(bell, now_ms)
        if best is None:
            return [] if bell.state is BellState.WAITING else self._change(life.wait(bell, now_ms, reason=None), now_ms)
        return self._give(bell, best, now_ms, reason=None)

    def _give(self, bell: Bell, best: Candidate, now_ms: int, *, reason: Reason | None) -> list[Effect]:
        track = best.track
        if track.trip_key is None:
            return []
        given = life.give(bell, track.vehicle_id, track.trip_key, best.visit.stop_sequence, now_ms, reason=reason)
        effects = self._change(given, now_ms)
        if bell.vehicle_id is not None and bell.vehicle_id != track.vehicle_id:
            effects += self._refresh_of(bell.vehicle_id, now_ms)
        return effects + self._refresh_alerts(track, now_ms)

    def _best_for(self, bell: Bell, now_ms: int) -> Candidate | None:
        places = refusals.places_of_bell(bell, self.network)
        return nearest(c for c in self._candidates(places) if self._may(bell, c, now_ms))

    def _may(self, bell: Bell, candidate: Candidate, now_ms: int) -> bool:
        vehicle_id = candidate.track.vehicle_id
        if not acceptable(bell, vehicle_id):
            return False
        return cannot_serve(candidate, bell.needs, self._registry.get(vehicle_id), now_ms, self._rules) is None

    def _candidates(self, places: Iterable[Place]) -> list[Candidate]:
        """Buses whose pattern has one of the visits ahead of them."""
        found: list[Candidate] = []
        for place in places:
            for vehicle_id in self._on_pattern.get(place.ref.pattern_index, ()):
                candidate = self._candidate(vehicle_id, place.ref.visit_index)
                if candidate is not None:
                    found.append(candidate)
        return found

    def _candidate(self, vehicle_id: VehicleId, visit_index: int) -> Candidate | None:
        track, approach = self._tracks[vehicle_id], self._approaches.get(vehicle_id)
        if track.pattern is None or track.progress_m is None or approach is None or approach.next_index > visit_index:
            return None
        visit = track.pattern.visits[visit_index]
        return Candidate(track, approach, visit, visit.along_m - track.progress_m)

    def _release(self, vehicle_id: VehicleId, reason: Reason, now_ms: int) -> list[Effect]:
        """This bus cannot serve any more: its bells go to others, its alerts off the screen."""
        effects: list[Effect] = []
        bells = self._bells.of_vehicle(vehicle_id)
        for alert in self._alerts.live(vehicle_id):
            effects += self._alerts.clear(vehicle_id, alert.stop_sequence, Outcome.MOVED, now_ms)
        for bell in bells:
            if bell.state is BellState.ARRIVED:
                effects += self._over(bell, VisitOutcome.STOPPED, sure=True, now_ms=now_ms)
            else:
                waiting = life.wait(bell, now_ms, reason=reason)
                effects += self._change(waiting, now_ms)
        for bell in bells:
            effects += self._dispatch_if_waiting(bell.bell_id, vehicle_id, now_ms)
        return effects

    def _dispatch_if_waiting(self, bell_id: BellId, but: VehicleId, now_ms: int) -> list[Effect]:
        bell = self._bells.get(bell_id)
        if bell is None or bell.state is not BellState.WAITING:
            return []
        best = nearest(
            c
            for c in self._candidates(refusals.places_of_bell(bell, self.network))
            if c.track.vehicle_id != but and self._may(bell, c, now_ms)
        )
        return [] if best is None else self._give(bell, best, now_ms, reason=bell.reason)

    def _refresh_of(self, vehicle_id: VehicleId | None, now_ms: int) -> list[Effect]:
        track = self._tracks.get(vehicle_id) if vehicle_id is not None else None
        return [] if track is None else self._refresh_alerts(track, now_ms)

    def _refresh_alerts(self, track: Track, now_ms: int) -> list[Effect]:
        """Make this bus's alerts say what its bells say, in the order of the stops ahead."""
        waiting: defaultdict[int, list[Bell]] = defaultdict(list)
        for bell in self._bells.of_vehicle(track.vehicle_id):
            if bell.visit_sequence is not None:
                waiting[bell.visit_sequence].append(bell)
        sequences = waiting.keys() | {a.stop_sequence for a in self._alerts.live(track.vehicle_id)}
        if not sequences or track.pattern is None:
            return []
        effects: list[Effect] = []
        for visit in track.pattern.visits:
            if visit.stop_sequence not in sequences:
                continue
            candidate = self._candidate(track.vehicle_id, visit.index)
            if candidate is not None:
                name = self.network.stops[visit.stop_id].name
                bells = waiting.get(visit.stop_sequence, [])
                effects += self._alerts.refresh(candidate, bells, name, now_ms, self.policy)
                effects += self._give_up_late(candidate, bells, now_ms)
        return effects

    def _give_up_late(self, candidate: Candidate, bells: Sequence[Bell], now_ms: int) -> list[Effect]:
        """A bell whose driver was not told before the commit point goes to the next bus, and says so."""
        vehicle_id = candidate.track.vehicle_id
        if self._alerts.at(vehicle_id, candidate.visit.stop_sequence) is not None:
            return []
        effects: list[Effect] = []
        for bell in bells:
            if bell.state is BellState.ASSIGNED:
                reason = cannot_serve(candidate, bell.needs, self._registry.get(vehicle_id), now_ms, self._rules)
                if reason in (Reason.TOO_LATE, Reason.BUS_HERE_NOW):
                    effects += self._change(life.wait(bell, now_ms, reason=Reason.TOO_LATE), now_ms)
                    effects += self._dispatch_if_waiting(bell.bell_id, vehicle_id, now_ms)
        return effects

    # -- time ------------------------------------------------------------------

    def _tick(self, now_ms: int) -> list[Effect]:
        effects: list[Effect] = []
        for bell in self._bells.with_bus():
            if (fresh := self._bells.get(bell.bell_id)) is bell and not fresh.ended:
                effects += self._look_after(bell, now_ms)
        for bell in self._bells.without_bus():
            effects += self._dispatch(bell, now_ms)
            if (fresh := self._bells.get(bell.bell_id)) is not None and fresh.state is BellState.WAITING:
                effects += self._expire(fresh, now_ms)
        self._forget_silent(now_ms)
        return effects

    def _look_after(self, bell: Bell, now_ms: int) -> list[Effect]:
        """Is the chosen bus still the right one? Once shown, only its silence can take a bell away from it."""
        track = self._tracks.get(bell.vehicle_id) if bell.vehicle_id is not None else None
        if bell.state is BellState.ARRIVED:
            return (
                self._over(bell, VisitOutcome.STOPPED, sure=False, now_ms=now_ms)
                if _lost(track, now_ms, self.policy)
                else []
            )
        if track is None or _lost(track, now_ms, self.policy):
            return self._move_away(bell, Reason.BUS_SILENT, now_ms)
        if bell.state is not BellState.ASSIGNED:
            return []
        if not can_be_told(track, now_ms, self._rules):
            return self._move_away(bell, Reason.NO_TERMINAL, now_ms)
        current = self._current(bell, track)
        best = self._best_for(bell, now_ms)
        if current is not None and best is not None and overtaken_by(current, best):
            return self._give(bell, best, now_ms, reason=Reason.OVERTAKEN)
        return self._refresh_alerts(track, now_ms)

    def _current(self, bell: Bell, track: Track) -> Candidate | None:
        if track.pattern is None:
            return None
        index = next((v.index for v in track.pattern.visits if v.stop_sequence == bell.visit_sequence), None)
        return None if index is None else self._candidate(track.vehicle_id, index)

    def _move_away(self, bell: Bell, reason: Reason, now_ms: int) -> list[Effect]:
        vehicle_id = bell.vehicle_id
        effects = self._change(life.wait(bell, now_ms, reason=reason), now_ms)
        effects += self._refresh_of(vehicle_id, now_ms)
        if vehicle_id is not None:
            effects += self._dispatch_if_waiting(bell.bell_id, vehicle_id, now_ms)
        return effects

    def _expire(self, bell: Bell, now_ms: int) -> list[Effect]:
        """A bell without a bus ends when none is to come, or when it is older than anybody waits."""
        if now_ms - bell.rung_ms > self.policy.bell_max_age_s * 1000:
            return self._change(life.move(bell, BellState.EXPIRED, now_ms, reason=Reason.TOO_OLD), now_ms)
        if now_ms - self._checked_ms.get(bell.bell_id, bell.rung_ms) < EXPIRY_CHECK_S * 1000:
            return []
        self._checked_ms[bell.bell_id] = now_ms
        places = refusals.places_of_bell(bell, self.network)
        coming = any(acceptable(bell, c.track.vehicle_id) for c in self._candidates(places))
        if coming or self._due(places, now_ms):
            return []
        return self._change(life.move(bell, BellState.EXPIRED, now_ms, reason=Reason.NO_MORE_BUSES), now_ms)

    def _forget_silent(self, now_ms: int) -> None:
        gone = [
            t.vehicle_id
            for t in self._tracks.values()
            if t.age_s(now_ms) > FORGET_TRACK_S and not t.terminal_up and not self._bells.of_vehicle(t.vehicle_id)
        ]
        for vehicle_id in gone:
            track = self._tracks.pop(vehicle_id)
            self._approaches.pop(vehicle_id, None)
            if track.pattern is not None:
                self._on_pattern[track.pattern.index].pop(vehicle_id, None)

    # -- what is asked ---------------------------------------------------------

    def bell(self, bell_id: BellId) -> Bell | None:
        """The latest record of a bell, if it is open or ended lately."""
        return self._bells.get(bell_id)

    def remember(self, bell: Bell) -> None:
        """Take back an ended bell that the journal still knows, so that its id is not used twice."""
        if self._bells.get(bell.bell_id) is None:
            self._bells.put(bell)

    def bells_of(self, rider_id: RiderId) -> Sequence[Bell]:
        """A rider's bells, oldest first."""
        return self._bells.of_rider(rider_id)

    @property
    def open_bell_count(self) -> int:
        """How many bells have not ended."""
        return len(self._bells)

    def live_alerts(self, vehicle_id: VehicleId) -> Sequence[Alert]:
        """What this vehicle's screen should show, in the order of its stops."""
        return self._alerts.live(vehicle_id)

    def assignment(self, vehicle_id: VehicleId) -> Assignment | None:
        """What this vehicle is signed on to."""
        track = self._tracks.get(vehicle_id)
        return track.assignment if track is not None else None

    def bell_outlook(self, bell: Bell, now_ms: int) -> tuple[float | None, int | None]:
        """Seconds until the bell's bus is there and how many stops away it is; None where there is no bus."""
        track = self._tracks.get(bell.vehicle_id) if bell.vehicle_id is not None else None
        candidate = self._current(bell, track) if track is not None and not bell.ended else None
        return views.outlook(candidate, now_ms)

    def arrivals(self, stop_id: StopId, now_ms: int) -> Sequence[ArrivalView]:
        """The buses on their way to a stop, soonest first; each says why it cannot be told, if so."""
        rows: list[ArrivalView] = []
        for ref in self.network.visits_at(stop_id):
            if ref.visit_index == len(self.network.pattern(ref.pattern_index).visits) - 1:
                continue
            for vehicle_id in self._on_pattern.get(ref.pattern_index, ()):
                candidate = self._candidate(vehicle_id, ref.visit_index)
                if candidate is not None and candidate.track.on_route:
                    why_not = cannot_serve(candidate, (), self._registry.get(vehicle_id), now_ms, self._rules)
                    rows.append(views.arrival(candidate, why_not, self.network, self.policy, ref, now_ms))
        return sorted(rows, key=lambda row: (row.eta_s, row.vehicle_id))

    def vehicles(self, now_ms: int, *, with_etas: bool = False) -> Sequence[VehicleView]:
        """Every vehicle with a position; `with_etas` adds the seconds to each visit ahead."""
        return [
            views.vehicle(
                t,
                self._approaches.get(t.vehicle_id),
                self.policy,
                now_ms,
                len(self._alerts.live(t.vehicle_id)),
                with_etas=with_etas,
            )
            for t in self._tracks.values()
            if t.fix is not None
        ]

    # -- bookkeeping -----------------------------------------------------------

    def _track(self, vehicle_id: VehicleId, now_ms: int) -> Track:
        track = self._tracks.get(vehicle_id)
        if track is None:
            track = self._tracks[vehicle_id] = Track(vehicle_id, seen_ms=now_ms)
        return track

    def _index(self, track: Track, *, before: int | None) -> None:
        after = track.pattern.index if track.pattern is not None else None
        if before is not None and before != after:
            self._on_pattern[before].pop(track.vehicle_id, None)
        if after is not None:
            self._on_pattern[after][track.vehicle_id] = None


def _judged(outcome: VisitOutcome, *, told: bool) -> VisitOutcome:
    """An outcome nobody saw is judged by whether the driver knew: told drivers stop (nine in ten do)."""
    if outcome is not VisitOutcome.UNKNOWN:
        return outcome
    return VisitOutcome.STOPPED if told else VisitOutcome.PASSED


def _lost(track: Track | None, now_ms: int, policy: Policy) -> bool:
    return track is None or track.age_s(now_ms) > policy.silent_s


def _same_run(current: Assignment, fix: Fix) -> bool:
    if current.trip is None or fix.trip is None or current.trip.trip_id != fix.trip.trip_id:
        return False
    return fix.trip.start_date in ("", current.trip.start_date)


def _stop_visit(track: Track, event: Finished, stop_id: StopId, stop_sequence: int, now_ms: int) -> StopVisit:
    if track.trip_key is None:
        raise ValueError("a stop visit needs a trip")
    return StopVisit(
        at_ms=now_ms,
        vehicle_id=track.vehicle_id,
        trip=track.trip_key,
        stop_id=stop_id,
        stop_sequence=stop_sequence,
        arrived_ms=event.arrived_ms,
        departed_ms=event.departed_ms,
        stood_s=event.stood_s,
        outcome=event.outcome,
        confidence=event.confidence,
    )
