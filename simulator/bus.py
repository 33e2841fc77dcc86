"""One simulated bus: from sign-on to sign-off, trip after trip, stop after stop. Deterministic given its driver; no I/O."""

from enum import Enum
from typing import Protocol

import numpy as np

from geo.path import Path
from server.core.model import Answer, Doors, Phase, TripKey, VisitOutcome
from server.core.network import Visit
from simulator.cabin import Body, Cabin
from simulator.driver import EARLY_S, Driver, VisitKey, pace
from simulator.driving import (
    ARRIVED_M,
    TELL_S,
    Road,
    can_stop,
    next_speed,
    way_to_stop_m,
)
from simulator.duties import Duty, Run
from simulator.events import Alighted, Answered, Boarded, Called, Event, Placed, SignedOff, SignedOn, Visited
from simulator.gps import Reading
from simulator.hearing import Heard
from simulator.riders import Rider

SIGN_ON_EARLY_MS = 180_000
"""A bus comes to the first stop of its first trip so long before its time."""
BREAK_MS = 900_000
"""A bus that the world's beginning finds so long before its next trip is having its break between two."""
DOORS_EARLY_MS = 60_000
"""Doors stand open at the first stop in the last minute."""
SHORTEST_REST_MS = 45_000
"""A late bus leaves again after this however late it is."""
LOOK_M = 160.0
"""From here on a driver thinks about the next stop (comfortable braking from 50 km/h takes 100 m)."""
SIGHT_M = 80.0
"""People at the kerb, and what they want, can be made out from here."""
AIM_M = 2.0
"""Buses stand so far before or behind the pole (standard deviation); at most three times as far."""
DOOR_S = 2.0
"""Opening, and closing again."""
BOARD_S = 2.2
"""One person through the front door."""
ALIGHT_S = 1.3
LEAST_OPEN_S = 4.0
DEADHEAD_M = 60.0
"""Next trip begins farther away than this: the bus drives there empty; nearer, it turns on the spot."""
DEADHEAD_MPS = 9.0
USUAL_LOAD = 8.0
"""People on board of a bus that the world's beginning finds on its way, on average."""


class Stage(Enum):
    """What a bus does."""

    OFF = "off"
    WAITING = "waiting"
    DRIVING = "driving"
    SERVING = "serving"
    DEADHEAD = "deadhead"
    DONE = "done"


class Kerb(Protocol):
    """The people at stops, as a bus meets them."""

    def anyone(self, bus: "Bus", visit: Visit) -> bool:
        """Tell whether somebody waits there for this bus."""
        ...

    def next_boarder(self, bus: "Bus", visit: Visit) -> Rider | None:
        """Take the next person who gets on, out of the queue."""
        ...

    def waiting_for(self, bus: "Bus", visit: Visit) -> list[Rider]:
        """List those there who wait for this bus with a bell."""
        ...


class Bus:
    """A bus with its duty. `step` moves it; the rest tells how it is."""

    def __init__(
        self, duty: Duty, body: Body, driver: Driver, roads: dict[int, Road], rng: np.random.Generator
    ) -> None:
        self.vehicle_id = duty.vehicle_id
        self.cabin = Cabin(body)
        self.driver = driver
        self.stage = Stage.OFF
        self.along_m = 0.0
        self.speed_mps = 0.0
        self.odometer_m = float(rng.integers(10_000, 400_000)) * 1000.0
        self.doors = Doors.CLOSED
        self.visit_index = 0
        self._duty = duty
        self._roads = roads
        self._rng = rng
        self._run_index = 0
        self._aim_m = 0.0
        self._stopping = False
        self._busy_s = 0.0
        self._arrived_ms = 0
        self._boarded = 0
        self._alighted = 0
        self._path: Path | None = None
        self._now_ms = 0
        self._before = (0, 0.0)
        self._tell_by_ms = 0
        self.heard: Heard | None = None
        """What the server knows of it; the world keeps it."""

    # -- how it is ---------------------------------------------------------------

    @property
    def run(self) -> Run:
        """The run it is on, or waits for."""
        return self._duty.runs[self._run_index]

    @property
    def trip_key(self) -> TripKey:
        """Trip and service day."""
        return TripKey(trip_id=self.run.trip.trip_id, start_date=self.run.start_date)

    @property
    def visit(self) -> Visit:
        """The next visit it has not departed from."""
        return self.run.pattern.visits[self.visit_index]

    @property
    def _at_last_visit(self) -> bool:
        return self.visit_index == len(self.run.pattern.visits) - 1

    @property
    def reporting(self) -> bool:
        """Whether its terminal is switched on."""
        return self.stage not in {Stage.OFF, Stage.DONE}

    def under_way(self, now_ms: int) -> bool:
        """Whether it is on its trip, or about to leave for it."""
        leaves = self.stage is Stage.WAITING and now_ms >= self.run.departs_ms - DOORS_EARLY_MS
        return leaves or self.stage in {Stage.DRIVING, Stage.SERVING}

    def measured(self, at_ms: int) -> Heard | None:
        """What a report measured now says without error; None while it runs no trip."""
        return None if self._path is not None else Heard(at_ms, self.trip_key, self.along_m, self.speed_mps)

    def reading(self) -> Reading:
        """What an errorless receiver would report."""
        path = self._path or self.run.pattern.path
        x, y = path.at(self.along_m)
        heading = path.heading_deg(self.along_m)
        return Reading(
            x, y, self.speed_mps, heading, self.odometer_m, self.doors, len(self.cabin), self.cabin.seats_left
        )

    def placed(self, at_ms: int) -> Placed:
        """Tell the truth about its place at an instant of the step that is just over."""
        if self._path is not None:
            return Placed(at_ms, self.vehicle_id, Phase.DEADHEAD)
        run, pattern = self.run, self.run.pattern
        (before_ms, before_m), (now_ms, now_m) = self._before, (self._now_ms, self.along_m)
        progress_m = float(np.interp(at_ms, (before_ms, now_ms), (before_m, now_m)))
        return Placed(
            at_ms,
            self.vehicle_id,
            Phase.LAYOVER if self.stage is Stage.WAITING else Phase.IN_SERVICE,
            run.trip.trip_id,
            run.start_date,
            pattern.route_id,
            pattern.direction_id,
            pattern.pattern_id,
            round(progress_m, 2),
            self.visit.stop_sequence,
        )

    # -- what it does ------------------------------------------------------------

    def begin(self, now_ms: int) -> list[Event]:
        """Put the bus where its timetable says it is at an instant, in the middle of a trip where that is so."""
        run = self.run
        if now_ms < run.departs_ms:
            return self._report_for_duty(now_ms) if now_ms >= run.departs_ms - BREAK_MS else []
        times = np.column_stack((run.arrivals_ms, run.departures_ms)).reshape(-1)
        place_m = np.repeat(run.pattern.visit_along_m, 2)
        self.along_m = float(np.interp(now_ms, times, place_m))
        ahead = np.flatnonzero(run.pattern.visit_along_m > self.along_m + 1.0)
        self.visit_index = int(ahead[0]) if len(ahead) else len(run.pattern.visits) - 1
        self._prepare_visit()
        self.stage = Stage.DRIVING
        last = len(run.pattern.visits) - 1
        people = int(self._rng.poisson(min(USUAL_LOAD, self.cabin.body.seats / 3)))
        self.cabin.fill([int(index) for index in self._rng.integers(self.visit_index, last + 1, people)])
        return [self._signed_on(now_ms)]

    def step(self, now_ms: int, dt_s: float, kerb: Kerb) -> list[Event]:
        """Live through the `dt_s` seconds that end at `now_ms`."""
        self._before = self._now_ms, self.along_m
        self._now_ms = now_ms
        match self.stage:
            case Stage.OFF:
                due = now_ms >= self.run.departs_ms - SIGN_ON_EARLY_MS
                return self._report_for_duty(now_ms) if due else []
            case Stage.WAITING:
                return self._wait(now_ms, dt_s, kerb)
            case Stage.DRIVING:
                return self._drive(now_ms, dt_s, kerb)
            case Stage.SERVING:
                return self._serve(now_ms, dt_s, kerb)
            case Stage.DEADHEAD:
                return self._return_empty(now_ms, dt_s)
            case Stage.DONE:
                return []

    def _signed_on(self, now_ms: int) -> SignedOn:
        trip = self.run.trip
        return SignedOn(now_ms, self.vehicle_id, trip.trip_id, self.run.start_date, trip.block_id)

    def _report_for_duty(self, now_ms: int) -> list[Event]:
        """Stand at the first stop of a run, signed on to it."""
        self.stage = Stage.WAITING
        self._path = None
        self.visit_index = 0
        self.along_m = self.visit.along_m
        self.speed_mps = 0.0
        self._before = self._now_ms, self.along_m
        self._arrived_ms = now_ms
        self._busy_s = 0.0
        return [self._signed_on(now_ms)]

    def _wait(self, now_ms: int, dt_s: float, kerb: Kerb) -> list[Event]:
        leaves_ms = max(self.run.departs_ms, self._arrived_ms + SHORTEST_REST_MS)
        self._busy_s -= dt_s
        if self._busy_s > 0.0 or now_ms < leaves_ms - DOORS_EARLY_MS:
            return []
        self.doors = Doors.OPEN
        events = self._board(now_ms, kerb)
        if events:
            self._busy_s = BOARD_S
            return events
        if now_ms < leaves_ms:
            return []
        self.doors = Doors.CLOSED
        return self._leave(now_ms)

    def _drive(self, now_ms: int, dt_s: float, kerb: Kerb) -> list[Event]:
        road = self._road()
        self._stopping = self._stopping or self._wants_to_stop(now_ms, kerb)
        if self.visit.along_m - self.along_m > way_to_stop_m(self.speed_mps, blind_s=TELL_S):
            self._tell_by_ms = now_ms
        traffic = self.driver.traffic(dt_s) * pace(self.run.early_s(self.along_m, now_ms))
        wish_mps = min(road.cap(self.along_m), road.cap(self.along_m + self.speed_mps * dt_s)) * traffic
        self._move(wish_mps, self._stop_in_m(road, now_ms), dt_s)
        if self._stopping and self._aim_m - self.along_m <= ARRIVED_M:
            self.speed_mps = 0.0
            self.stage = Stage.SERVING
            self._arrived_ms = now_ms
            self._busy_s = DOOR_S
            return []
        return self._pass_by(now_ms, kerb)

    def _move(self, wish_mps: float, stop_in_m: float | None, dt_s: float) -> None:
        self.speed_mps = next_speed(self.speed_mps, wish_mps=wish_mps, stop_in_m=stop_in_m, dt_s=dt_s)
        self.along_m += self.speed_mps * dt_s
        self.odometer_m += self.speed_mps * dt_s

    def _stop_in_m(self, road: Road, now_ms: int) -> float | None:
        """Distance to the nearest place where it must stand: the stop it wants to serve, or a red light."""
        stops = [self._aim_m - self.along_m] if self._stopping else []
        for signal in road.signals:
            ahead_m = signal.along_m - self.along_m
            if 0.0 < ahead_m < LOOK_M and not signal.green(now_ms) and can_stop(self.speed_mps, ahead_m):
                stops.append(ahead_m)
        return min(stops) if stops else None

    def _wants_to_stop(self, now_ms: int, kerb: Kerb) -> bool:
        """Decide about the next stop: must he, did somebody on board ask, has he read a bell, does he see people?"""
        ahead_m = self._aim_m - self.along_m
        if ahead_m > LOOK_M:
            return False
        if self._at_last_visit:
            return True
        if not can_stop(self.speed_mps, ahead_m):
            return False
        if self.cabin.anyone_for(self.visit_index):
            return True
        if self.cabin.full:
            return False
        key: VisitKey = (self.trip_key, self.visit.stop_sequence)
        if self.driver.expects_somebody(key, now_ms):
            return True
        return ahead_m <= SIGHT_M and kerb.anyone(self, self.visit) and self.driver.notices_people(key)

    def _pass_by(self, now_ms: int, kerb: Kerb) -> list[Event]:
        """What lies behind it unserved. The last stop is always served, even where it stands beside the one before."""
        events: list[Event] = []
        while not self._stopping and not self._at_last_visit and self.along_m >= self.visit.along_m:
            past_s = (self.along_m - self.visit.along_m) / max(self.speed_mps, 0.1)
            crossed_ms = now_ms - round(1000 * past_s)
            events.append(self._visited(now_ms, crossed_ms, crossed_ms, VisitOutcome.PASSED))
            waiting = kerb.waiting_for(self, self.visit)
            events += [self._called(now_ms, rider, VisitOutcome.PASSED) for rider in waiting]
            self._next_visit()
        return events

    def _serve(self, now_ms: int, dt_s: float, kerb: Kerb) -> list[Event]:
        """Open, let people off and on one by one, wait where too early, close, leave. `_busy_s`: left of the present act."""
        self._busy_s -= dt_s
        if self._busy_s > 0.0:
            return []
        if self.doors is Doors.CLOSED and now_ms - self._arrived_ms > 1000 * (DOOR_S + LEAST_OPEN_S):
            return self._leave(now_ms)
        if self.doors is Doors.CLOSED:
            self.doors = Doors.OPEN
            events = self._let_off(now_ms)
            self._busy_s = max(ALIGHT_S * self._alighted, float(self._rng.exponential(1.5)))
            return events
        events = self._board(now_ms, kerb)
        open_s = (now_ms - self._arrived_ms) / 1000 - DOOR_S
        if events:
            self._busy_s = BOARD_S
        elif open_s < LEAST_OPEN_S:
            self._busy_s = LEAST_OPEN_S - open_s
        elif self._at_last_visit or self.run.early_s(self.visit.along_m, now_ms) <= EARLY_S:
            self.doors = Doors.CLOSED
            self._busy_s = DOOR_S
            events = self._answer(now_ms)
        return events

    def _let_off(self, now_ms: int) -> list[Event]:
        leaving = self.cabin.let_off(self.visit_index, everybody=self._at_last_visit)
        self._alighted += len(leaving)
        route_id, stop_id = self.run.trip.route_id, self.visit.stop_id
        return [
            Alighted(now_ms, p.rider.rider_id, self.vehicle_id, route_id, p.board_stop_id, stop_id)
            for p in leaving
            if p.rider is not None
        ]

    def _board(self, now_ms: int, kerb: Kerb) -> list[Event]:
        """Let one person on, if somebody wants and there is room."""
        rider = None if self.cabin.full else kerb.next_boarder(self, self.visit)
        if rider is None:
            return []
        events: list[Event] = [self._called(now_ms, rider, VisitOutcome.STOPPED)] if rider.rung else []
        last = len(self.run.pattern.visits) - 1
        self.cabin.let_on(rider, self.visit.stop_id, min(self.visit_index + rider.ride_stops, last))
        self._boarded += rider.party
        run, visit = self.run, self.visit
        events.append(
            Boarded(
                now_ms,
                rider.rider_id,
                rider.bell_id if rider.rung else None,
                self.vehicle_id,
                run.trip.trip_id,
                run.start_date,
                run.trip.route_id,
                visit.stop_id,
                visit.stop_sequence,
            )
        )
        return events

    def _answer(self, now_ms: int) -> list[Event]:
        """Press "full" for the alerts of stops ahead: only possible while standing."""
        if not self.cabin.full:
            return []
        keys = self.driver.answers_full(now_ms)
        return [Answered(now_ms, self.vehicle_id, key.trip_id, sequence, Answer.FULL) for key, sequence in keys]

    def _leave(self, now_ms: int) -> list[Event]:
        """Leave a stop where it stood: on to the next, or to the next trip after the last."""
        events: list[Event] = [self._visited(now_ms, self._arrived_ms, now_ms, VisitOutcome.STOPPED)]
        if self._at_last_visit:
            return events + self._end_run(now_ms)
        self._next_visit()
        self.stage = Stage.DRIVING
        return events

    def _end_run(self, now_ms: int) -> list[Event]:
        self.driver.ends_trip()
        if self._run_index + 1 == len(self._duty.runs):
            self.stage = Stage.DONE
            return [SignedOff(now_ms, self.vehicle_id)]
        here = np.array(self.run.pattern.path.at(self.along_m))
        self._run_index += 1
        pattern = self.run.pattern
        there = np.array(pattern.path.at(pattern.visits[0].along_m))
        if float(np.hypot(*(there - here))) <= DEADHEAD_M:
            return self._report_for_duty(now_ms)
        self.stage = Stage.DEADHEAD
        self._path = Path(np.vstack((here, there)))
        self.along_m = self.speed_mps = 0.0
        return [SignedOff(now_ms, self.vehicle_id)]

    def _return_empty(self, now_ms: int, dt_s: float) -> list[Event]:
        assert self._path is not None
        self._move(DEADHEAD_MPS, self._path.length_m - self.along_m, dt_s)
        arrived = self._path.length_m - self.along_m <= ARRIVED_M
        return self._report_for_duty(now_ms) if arrived else []

    # -- visits ------------------------------------------------------------------

    def _road(self) -> Road:
        return self._roads[self.run.pattern.index]

    def _next_visit(self) -> None:
        self.visit_index += 1
        self._prepare_visit()

    def _prepare_visit(self) -> None:
        """Choose where to stand at the next stop: near its pole, on the path."""
        off_m = min(max(float(self._rng.normal(0.0, AIM_M)), -3 * AIM_M), 3 * AIM_M)
        self._aim_m = min(max(self.visit.along_m + off_m, self.along_m), self.run.pattern.path.length_m)
        self._stopping = False
        self._boarded = self._alighted = 0
        self._tell_by_ms = self._now_ms

    def _called(self, now_ms: int, rider: Rider, outcome: VisitOutcome) -> Called:
        run, visit = self.run, self.visit
        told = not self.cabin.full and (self.vehicle_id, self.trip_key) not in rider.too_late_for
        return Called(
            now_ms,
            rider.bell_id,
            self.vehicle_id,
            run.trip.trip_id,
            run.start_date,
            visit.stop_id,
            visit.stop_sequence,
            outcome,
            told,
            self._tell_by_ms,
        )

    def _visited(self, now_ms: int, arrived_ms: int, departed_ms: int, outcome: VisitOutcome) -> Visited:
        visit, boarded, alighted = self.visit, self._boarded, self._alighted
        return Visited(
            now_ms,
            self.vehicle_id,
            self.run.trip.trip_id,
            self.run.start_date,
            visit.stop_id,
            visit.stop_sequence,
            arrived_ms,
            departed_ms,
            outcome,
            boarded,
            alighted,
        )
