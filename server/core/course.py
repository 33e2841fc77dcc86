"""What is expected of one run: seconds to each visit ahead, and how unsure they are. Level 4 of the core, below tracking.

A `Course` joins a trip's timetable with what is learned of its links and stops, and remembers what this run has done so
far. It knows no fix and no vehicle: the caller says where the bus is on the path.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

from server.core.calibration import Band, Calibration, horizon_class
from server.core.network import Pattern, Trip
from server.core.planned import planned_departures_s, planned_links_s
from server.core.running_times import RunningTimes, link_key, pace_key

LONGEST_WAIT_S = 3_600.0
"""A departure farther away than an hour is not what this bus waits for."""
FIRST_STOP_M = 60.0
"""A bus that is due, or late, to leave still waits if it stands within this of its first stop (a bay, a queue of two)."""
TERMINAL_M = 1_000.0
"""Bays, turning loops, parking places and fuel of a first stop are within this: a bus that stands there early has not begun,
and a run forward this long is no manoeuvre."""
APPROACH_MPS = 6.0
"""Speed of a bus on its way to its first stop: yards, turns and bays."""
STAND_SHARE = 0.6
"""Of a link's time at most this is the stand at its beginning."""
REST_S = 5.0
"""A bus that stands longer than usual will stand on a little: doors must close."""
LINKS_FRESH_S = 20.0
"""Estimates of links are made anew after this: in less than the time between two buses nothing is learned."""
FIX_SIGMA_S = 10.0
"""What a fix does not tell of the moment: its age within a period, the place to some 25 m."""
LINK_SIGMA_S = 12.0
LINK_SIGMA_SHARE = 0.35
"""Single traversals of one link differ by this share (a red light or none, boarders or none), independently, ..."""
COMMON_SIGMA_SHARE = 0.07
"""... and by this share all together (the driver, the crowd, the weather). Calibration sets what is wrong with these."""
WAIT_SIGMA_S = 45.0
"""A departure from a first stop comes with such a spread after its plan."""


SAMPLES_KEPT = 3
"""Of one visit and class of horizons. A bus that is stuck is asked again and again, and so counts as often as riders ask;
beyond, later ones are left out, so that one breakdown does not outweigh a day."""
WAITS = "\nwaits"
"""Predictions before the departure from the first stop err in a way of their own: it hangs on one man's decision."""


class Expected(NamedTuple):
    """A visit is expected so many seconds after the fix: the model's own figure, its spread, and the median of both.

    `kind` names the errors that such predictions make.
    """

    kind: str
    model_s: float
    spread_s: float
    median_s: float


class Sample(NamedTuple):
    """A prediction put aside until its visit has been seen."""

    at_ms: int
    expected: Expected


class Call(NamedTuple):
    """When this run was at a visit (device time, ms); None where nobody saw it."""

    visit_index: int
    arrived_ms: int | None
    departed_ms: int | None


class Place(NamedTuple):
    """Where the bus was, and when; `stands`: it did not move."""

    progress_m: float
    at_ms: int
    stands: bool


class Course:
    """One run of a trip on a day: plan, what was learned, what was seen. Owned by the vehicle's track."""

    def __init__(
        self, trip: Trip, pattern: Pattern, day_start_ms: int, times: RunningTimes, calibration: Calibration
    ) -> None:
        self.trip, self.pattern, self.day_start_ms = trip, pattern, day_start_ms
        self.times, self.calibration = times, calibration
        self.stops_m: list[float] = pattern.visit_along_m.tolist()
        self.keys = [link_key(a.stop_id, b.stop_id) for a, b in zip(pattern.visits, pattern.visits[1:], strict=False)]
        self.pace_key = pace_key(trip.route_id, trip.direction_id)
        self.planned_s = planned_links_s(trip, self.stops_m)
        self.leaves_s = planned_departures_s(trip)
        self.standing: int | None = None
        self.standing_ms = 0
        self.last: Call | None = None
        self.samples: dict[int, dict[int, list[Sample]]] = {}
        """Earlier predictions of each visit by class of horizons, `SAMPLES_KEPT` of each at most."""
        self.sampled_ms = 0
        self._links_s: list[float] = []
        """Seconds from each visit to the next; of these the stand at the first, and the run."""
        self._stands_s: list[float] = []
        self._runs_s: list[float] = []
        self._links_ms = 0
        self._place: Place | None = None
        self._first = 0
        self._ahead: list[Expected] = []
        self._leave_s = 0.0
        self._variance = 0.0
        self._kind: str = trip.route_id

    def is_of(self, trip: Trip, day_start_ms: int) -> bool:
        """Is this the course of that trip on that service day?"""
        return self.trip is trip and self.day_start_ms == day_start_ms

    def expected(self, place: Place, index: int) -> Expected | None:
        """When the bus will be at a visit, counted from `place`; None for a visit that is behind it."""
        if place != self._place:
            self._begin(place)
        if index < self._first:
            return None
        while len(self._ahead) <= index - self._first:
            self._next_visit(self._first + len(self._ahead))
        return self._ahead[index - self._first]

    def band(self, expected: Expected) -> Band:
        """The seconds after the fix before which the visit comes in 10, 50 and 90 % of cases."""
        q = self.calibration.quantiles(expected.kind, expected.model_s)
        return Band(
            min(expected.model_s + q.low * expected.spread_s, expected.median_s),
            expected.median_s,
            max(expected.model_s + q.high * expected.spread_s, expected.median_s),
        )

    def changed(self) -> None:
        """Something was learned of this run: what is expected must be reckoned anew."""
        self._place = None

    # -- reckoning ---------------------------------------------------------------

    def _begin(self, place: Place) -> None:
        """Reckon the way to the next visit."""
        self._place = place
        self._refresh_links(place.at_ms)
        self._first = next_index = bisect_left(self.stops_m, place.progress_m)
        self._ahead, self._variance = [], FIX_SIGMA_S**2
        self._kind = self.trip.route_id + (WAITS if self._has_not_begun(place) else "")
        if next_index == 0:
            self._leave_s = (self.stops_m[0] - place.progress_m) / APPROACH_MPS
            self._put(self._leave_s)
        elif next_index < len(self.stops_m):
            behind = next_index - 1
            gap_m = self.stops_m[next_index] - self.stops_m[behind]
            share = (self.stops_m[next_index] - place.progress_m) / gap_m
            run_s = share * self._runs_s[behind]
            self._vary(run_s)
            wait_s = self._still_waits_s(behind, place)
            self._put(0.0 if self.standing == next_index else wait_s + run_s)

    def _next_visit(self, index: int) -> None:
        """Reckon one visit more: the stand at the one before it, and the run."""
        before, place = index - 1, self._place
        assert place is not None
        arrives_s = self._ahead[-1].model_s
        if before == self.standing or (before == 0 and self._has_not_begun(place)):
            leaves_s = arrives_s + self._still_waits_s(before, place)
        else:
            leaves_s = arrives_s + self._stands_s[before]
            if before in self.leaves_s:
                leaves_s = max(leaves_s, self._planned_leave_s(before, place.at_ms) or 0.0)
        self._vary(self._links_s[before])
        self._put(leaves_s + self._runs_s[before])

    def _vary(self, link_s: float) -> None:
        self._variance += LINK_SIGMA_S**2 + (LINK_SIGMA_SHARE * link_s) ** 2

    def _put(self, model_s: float) -> None:
        spread_s = math.sqrt(self._variance + (COMMON_SIGMA_SHARE * model_s) ** 2)
        middle = self.calibration.quantiles(self._kind, model_s).middle
        least_s = self._ahead[-1].median_s if self._ahead else 0.0
        self._ahead.append(Expected(self._kind, model_s, spread_s, max(model_s + middle * spread_s, least_s)))

    def _still_waits_s(self, index: int, place: Place) -> float:
        """Seconds until a bus leaves a stop that it is at, or has just left: 0 unless it stands there."""
        if self._has_not_begun(place):
            late_s = self.times.departure_s(self.pattern.visits[0].stop_id)
            until_s = self._planned_leave_s(0, place.at_ms)
            self._variance += WAIT_SIGMA_S**2
            return REST_S if until_s is None else max(until_s + late_s, REST_S) + self._from_start_s(place.progress_m)
        if self.standing != index:
            return 0.0
        until_s = self._planned_leave_s(index, place.at_ms) or 0.0
        return max(self._stands_s[index] - (place.at_ms - self.standing_ms) / 1000.0, until_s, REST_S)

    def _has_not_begun(self, place: Place) -> bool:
        """Does the bus stand at its first stop, or before its departure somewhere near it?"""
        from_first_m = place.progress_m - self.stops_m[0]
        if not place.stands or from_first_m > TERMINAL_M:
            return False
        return from_first_m <= FIRST_STOP_M or (self._planned_leave_s(0, place.at_ms) or 0.0) > 0.0

    def _from_start_s(self, progress_m: float) -> float:
        """Seconds that a bus needs from its first stop to a place near it."""
        on_way = bisect_left(self.stops_m, progress_m) - 1
        if on_way < 0 or progress_m <= self.stops_m[0] + FIRST_STOP_M:
            return 0.0
        gap_m = self.stops_m[on_way + 1] - self.stops_m[on_way]
        share = (progress_m - self.stops_m[on_way]) / gap_m
        return sum(self._links_s[:on_way]) + share * self._runs_s[on_way]

    def _planned_leave_s(self, index: int, at_ms: int) -> float | None:
        """Seconds until the timetable lets the bus leave a stop where it waits; None where it does not wait."""
        planned_s = self.leaves_s.get(index)
        if planned_s is None:
            return None
        until_s = planned_s - (at_ms - self.day_start_ms) / 1000.0
        return until_s if until_s < LONGEST_WAIT_S else None

    def _refresh_links(self, at_ms: int) -> None:
        if self._links_s and 0 <= at_ms - self._links_ms < LINKS_FRESH_S * 1000:
            return
        self._links_ms = at_ms
        day_s = (at_ms - self.day_start_ms) / 1000.0
        pace, times = self.times.pace(self.pace_key, at_ms), self.times
        self._links_s = [
            times.link_s(key, pace * planned_s, day_s, at_ms)
            for key, planned_s in zip(self.keys, self.planned_s, strict=True)
        ]
        self._stands_s = [
            min(times.stand_s(visit.stop_id), STAND_SHARE * link_s)
            for visit, link_s in zip(self.pattern.visits, self._links_s, strict=False)
        ]
        self._runs_s = [
            link_s - (0.0 if index in self.leaves_s else stand_s)
            for index, (link_s, stand_s) in enumerate(zip(self._links_s, self._stands_s, strict=True))
        ]

    # -- learning ------------------------------------------------------------------

    def arrived(self, index: int, at_ms: int) -> None:
        """The bus stands at a visit."""
        self.standing, self.standing_ms = index, at_ms
        self.changed()

    def finished(self, call: Call, stood_s: float | None) -> None:
        """A visit is over; `stood_s` only where the stand was seen."""
        before, self.last = self.last, call
        self.standing = None
        self.changed()
        visits = self.pattern.visits
        if stood_s is not None and call.visit_index not in self.leaves_s and call.visit_index < len(visits) - 1:
            self.times.stood(visits[call.visit_index].stop_id, stood_s)
        if call.visit_index == 0:
            self._learn_departure(call)
        if call.arrived_ms is None:
            return
        self._learn_errors(call.visit_index, call.arrived_ms)
        if before is not None and before.visit_index == call.visit_index - 1:
            self._learn_link(before, call.arrived_ms)

    def _learn_departure(self, call: Call) -> None:
        planned_s = self.leaves_s.get(0)
        if call.arrived_ms is not None and call.departed_ms is not None and planned_s is not None:
            ready_ms = max(call.arrived_ms, self.day_start_ms + round(1000 * planned_s))
            self.times.departed(self.pattern.visits[0].stop_id, (call.departed_ms - ready_ms) / 1000.0)

    def _learn_link(self, before: Call, arrived_ms: int) -> None:
        began_ms = before.departed_ms if before.visit_index in self.leaves_s else before.arrived_ms
        if began_ms is None or arrived_ms <= began_ms:
            return
        took_s, index = (arrived_ms - began_ms) / 1000.0, before.visit_index
        day_s = (arrived_ms - self.day_start_ms) / 1000.0
        self.times.travelled(self.keys[index], self.pace_key, took_s, self.planned_s[index], day_s, arrived_ms)

    def _learn_errors(self, index: int, arrived_ms: int) -> None:
        for at_ms, expected in chain.from_iterable(self.samples.pop(index, {}).values()):
            late_s = (arrived_ms - at_ms) / 1000.0 - expected.model_s
            self.calibration.missed(expected.kind, expected.model_s, late_s / expected.spread_s)
        for passed in [k for k in self.samples if k < index]:
            del self.samples[passed]

    def put_aside(self, place: Place, indices: Sequence[int]) -> None:
        """Keep what is now expected at some visits, to be judged when they have been seen."""
        for index in indices:
            expected = self.expected(place, index)
            if expected is not None:
                kept = self.samples.setdefault(index, {}).setdefault(horizon_class(expected.model_s), [])
                if len(kept) < SAMPLES_KEPT:
                    kept.append(Sample(place.at_ms, expected))
