"""When will it be there: a bus's place joined with what is expected of its run. Level 6 of the core.

`eta_s` is the median of the same model that gives `bands` (10, 50 and 90 %). `Forecasts` is what is learned from all
buses of a shard: it is told of arrivals and finished visits, and puts predictions aside to learn from their errors.
"""

import math
from typing import NamedTuple

from server.core.calibration import Band, Calibration, still_to_come
from server.core.course import Call, Course, Place
from server.core.learned import Learned
from server.core.model import Phase
from server.core.network import Pattern, Trip
from server.core.running_times import RunningTimes
from server.core.tracking import CRUISE_MPS, HEADING_SPEED_MPS, Track

REACHED_M = 12.0
"""This near a stop's own place, or at a stand in its zone, it is reached (as the approach step has it)."""
SAMPLE_EVERY_S = 60.0
"""How often each bus's predictions are put aside to be judged later: every other stop, so that errors are not all one."""
SAMPLED_AHEAD = (0, 1, 2, 4, 7, 12, 19)
"""Which of the stops ahead are put aside: the same number from each class of horizons."""
LONGEST_GAP_MS = 150_000
"""Visits within a longer gap between fixes are interpolated over several stops: nothing is learned from them."""
LONGEST_SILENCE_S = 180.0
"""Nothing is predicted of a bus that was not heard for longer: three periods of the slowest terminals (60 s)."""
TURN_S = 60.0
"""Least time from the last stop of a run to the departure of the next: doors, the sign, the way around the loop."""
LOOK_AHEAD_S = 1_800.0
"""A next run is predicted once this one ends within half an hour: farther ahead the timetable knows as much."""
SURE = 0.9
"""Confidence of a visit from which its stand was seen and not guessed."""


class VisitBand(NamedTuple):
    """When a bus is expected at one visit, in epoch ms."""

    visit_index: int
    p10_ms: int
    p50_ms: int
    p90_ms: int


def eta_s(track: Track, visit_index: int, now_ms: int) -> float | None:
    """Seconds from now until the bus reaches the visit (median); None while its place or trip is unknown.

    0 for a visit it stands at or has passed. Never negative: a bus that is overdue by its last fix is due now.
    """
    course, place = course_of(track), place_of(track)
    if course is None or place is None:
        return None
    expected = course.expected(place, visit_index)
    return 0.0 if expected is None else max(0.0, expected.median_s - (now_ms - place.at_ms) / 1000.0)


def bands(track: Track, now_ms: int) -> list[VisitBand]:
    """When the bus is expected at each visit ahead of it, knowing that it has not been seen there by now."""
    course, place = course_of(track), place_of(track)
    if course is None or place is None:
        return []
    since_s, rows = (now_ms - place.at_ms) / 1000.0, []
    least = Band(since_s, since_s, since_s)
    for index in _ahead(course, place):
        expected = course.expected(place, index)
        assert expected is not None
        spread_s = math.hypot(expected.spread_s, track.doubt_m / CRUISE_MPS)
        band = still_to_come(course.band(expected._replace(spread_s=spread_s)), since_s)
        least = Band(*map(max, band, least))
        rows.append(VisitBand(index, *(place.at_ms + round(1000.0 * in_s) for in_s in least)))
    return rows


def bands_after(track: Track, following: Course, now_ms: int) -> list[VisitBand]:
    """When the bus is expected on its next run, beyond that run's first stop: not before it is there, nor before its plan."""
    course, place = course_of(track), place_of(track)
    assert course is not None
    assert place is not None
    last = course.expected(place, len(course.stops_m) - 1)
    ends_s, unsure_s = (last.median_s, last.spread_s) if last is not None else (0.0, 0.0)
    if ends_s > LOOK_AHEAD_S:
        return []
    start = Place(following.stops_m[0], max(place.at_ms + round(1000.0 * (ends_s + TURN_S)), now_ms), stands=True)
    rows = []
    for index in range(1, len(following.stops_m)):
        expected = following.expected(start, index)
        assert expected is not None
        p10, p50, p90 = following.band(expected._replace(spread_s=math.hypot(expected.spread_s, unsure_s)))
        rows.append(VisitBand(index, *(start.at_ms + round(1000.0 * max(in_s, 0.0)) for in_s in (p10, p50, p90))))
    return rows


def course_of(track: Track) -> Course | None:
    """What is expected of the track's present run; one that learns nothing where no `Forecasts` began it."""
    if track.trip is None or track.pattern is None:
        return None
    course = track.course
    if course is None or not course.is_of(track.trip, track.day_start_ms):
        course = track.course = Course(track.trip, track.pattern, track.day_start_ms, RunningTimes(), Calibration())
    return course


def place_of(track: Track) -> Place | None:
    """Where the bus was by its last fix, at the time of the fix (never later than it was received)."""
    if track.progress_m is None or track.fix is None:
        return None
    stands = (track.speed_mps or 0.0) < HEADING_SPEED_MPS
    return Place(track.progress_m, min(track.fix.at_ms, track.seen_ms), stands)


def _ahead(course: Course, place: Place) -> range:
    """Visits that the bus has not reached."""
    first = next((i for i, along_m in enumerate(course.stops_m) if along_m > place.progress_m + REACHED_M), None)
    if first is None:
        return range(0)
    return range(first + (course.standing == first), len(course.stops_m))


class Forecasts:
    """What a shard's buses teach of running times and of the errors of predictions."""

    def __init__(self, learned: Learned | None = None) -> None:
        self.learned = learned or Learned()
        self.times = RunningTimes(self.learned.running)
        self.calibration = Calibration(self.learned.errors)

    def begin(self, track: Track) -> None:
        """The track was put on a run, or on none; what the present run has done so far is kept."""
        if track.trip is None or track.pattern is None:
            track.course = None
        elif track.course is None or not track.course.is_of(track.trip, track.day_start_ms):
            track.course = self.course(track.trip, track.pattern, track.day_start_ms)

    def course(self, trip: Trip, pattern: Pattern, day_start_ms: int) -> Course:
        """What is expected of a run that no bus is on yet."""
        return Course(trip, pattern, day_start_ms, self.times, self.calibration)

    def arrived(self, track: Track, visit_index: int, at_ms: int) -> None:
        """The bus stands at a visit."""
        course = course_of(track)
        assert course is not None
        course.arrived(visit_index, at_ms)

    def finished(self, track: Track, call: Call, *, stood_s: float, confidence: float) -> None:
        """A visit is behind the bus."""
        course, span = course_of(track), track.span
        assert course is not None
        if span is not None and span.to_ms - span.from_ms > LONGEST_GAP_MS:
            call = Call(call.visit_index, None, None)
        course.finished(call, stood_s if confidence >= SURE else None)

    def sample(self, track: Track, now_ms: int) -> None:
        """Put aside what is expected of a bus in service, once in a while."""
        course = track.course
        if course is None or now_ms - course.sampled_ms < SAMPLE_EVERY_S * 1000 or not predictable(track, now_ms):
            return
        place = place_of(track)
        assert place is not None
        course.sampled_ms = now_ms
        ahead = _ahead(course, place)
        course.put_aside(place, [ahead[k] for k in SAMPLED_AHEAD if k < len(ahead)])


def predictable(track: Track, now_ms: int) -> bool:
    """Is the bus on its way, its place known, and heard of lately?"""
    return placed(track, now_ms) and track.phase is Phase.IN_SERVICE


def placed(track: Track, now_ms: int) -> bool:
    """Is its place on a run known, and was it heard of lately? It may wait for its departure, or lie over at its end."""
    return track.on_route and track.progress_m is not None and track.age_s(now_ms) <= LONGEST_SILENCE_S
