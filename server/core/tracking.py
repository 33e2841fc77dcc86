"""What is believed of one vehicle: its fix, run, place and how sure that is. Level 5 of the core: knows network, policy.

A `Track` is the live state of one vehicle. It belongs to the engine and is changed by `admission` (a fix is taken or
refused), `placing` (where that is along the pattern) and the functions here (which run it is on).
"""

import math
from dataclasses import dataclass, field
from typing import NamedTuple

from server.core.course import FIRST_STOP_M, Course
from server.core.events import Fix, SignOn
from server.core.model import Assignment, Doors, Phase, TripKey, VehicleId
from server.core.network import Network, Pattern, Trip
from server.core.policy import Policy

CRUISE_MPS = 10.0
"""Assumed speed of a moving bus that never said one: 36 km/h, a city bus between stops."""
URBAN_TOP_MPS = 14.0
"""Speed a bus may have reached since a fix that is some seconds old: 50 km/h, the urban limit."""
GAIN_MPS2 = 1.0
"""How fast it may have gained it: comfortable acceleration of a city bus."""
GPS_SIGMA_M = 12.0
"""Spread of fixes around the true place when the receiver says nothing: 95 % within 25 m on real C53 data."""
USUAL_OFFSET_M = 8.0
"""How far beside its path a bus is seen under an open sky: half the street, and some metres of error."""
OFFSET_MEMORY_S = 60.0
"""Over so long the offset is averaged: reflections change with every few house fronts."""
OFFSET_WEIGHT = 0.25
"""... and over four reports at least."""
MOST_ERROR_M = 30.0
"""Receivers that err more than a stop zone say nothing of a stop at all."""
HEADING_SPEED_MPS = 2.0
"""Below walking speed a GPS heading is noise."""
LAST_STRETCH_M = 1_000.0
"""So far before their last stop drivers begin to set up the next trip; sparse reports are this far apart."""
RUNS_REMEMBERED = 4
"""Sign-ons that waver between two runs do so within minutes: a bus does not run more of them in that time."""
END_M = 40.0
"""Within this of the path's end the trip is at its last stop."""


@dataclass(slots=True)
class Span:
    """How progress moved with the last fix: from `from_m` at `from_ms` to `to_m` at `to_ms` (device times).

    Progress never goes back; `seen_m` is where the fix itself was, which may. `from_mps`: the speed at `from_ms`.
    """

    from_m: float
    from_ms: int
    to_m: float
    to_ms: int
    seen_m: float
    from_mps: float | None = None


class Found(NamedTuple):
    """A place of the path for a fix; `sure` when no other place of the path explains it nearly as well."""

    along_m: float
    offset_m: float
    heading_deg: float
    sure: bool


class Blind(NamedTuple):
    """The last sure place of a bus whose receiver sees nothing since, when that was, and its speed then.

    `doubt_m`: how much farther than reckoned it may have come.
    """

    from_m: float
    from_ms: int
    mps: float
    doubt_m: float = 0.0


@dataclass(slots=True)
class Outset:
    """What a bus did that has not left its first stop yet: its last run forward along the path, in `steps` fixes.

    `early`: the timetable does not let it go yet; `away`: it is not at the stop, but turning or in a bay. Its progress
    is held at the stop then.
    """

    from_m: float = 0.0
    to_m: float = 0.0
    to_ms: int | None = None
    steps: int = 0
    early: bool = False
    away: bool = False
    looked_up: tuple[float, float] = (math.inf, math.inf)
    found: Found | None = None
    """Where on the path it was found, and at what place (x, y): one that stands still is not looked up again."""


@dataclass(slots=True)
class Track:
    """What is believed of one vehicle. `progress_m` is None while its place on a pattern is unknown.

    `span` is the last movement for the approach step to look at; None when the vehicle was placed anew.
    """

    vehicle_id: VehicleId
    seen_ms: int
    assignment: Assignment | None = None
    trip_key: TripKey | None = None
    trip: Trip | None = None
    pattern: Pattern | None = None
    day_start_ms: int = 0
    fix: Fix | None = None
    x: float = 0.0
    y: float = 0.0
    progress_m: float | None = None
    span: Span | None = None
    speed_mps: float | None = None
    says_speed: bool = False
    """It has reported a speed above 0 at least once (feeds that say 0 for every bus are common)."""
    offset_m: float = 0.0
    beside_m: float = USUAL_OFFSET_M
    """How far beside its path the bus was seen of late, on average."""
    confidence: float = 0.0
    period_s: float = 5.0
    off_fixes: int = 0
    behind_fixes: int = 0
    on_route: bool = False
    blind: Blind | None = None
    outset: Outset | None = None
    """None once it has left its first stop."""
    over: set[int] = field(default_factory=set)
    """Visits of this run that are on record: none is put there twice."""
    runs_over: dict[TripKey, set[int]] = field(default_factory=dict)
    """The same for the runs before, should it be signed on to one of them again."""
    hint: SignOn | None = None
    """The sign-on, where it named a route only: which run that is may show later."""
    looked_ms: int = 0
    """When it was looked up what such a bus runs next."""
    chosen: bool = False
    """The run was chosen once more since, by its departure."""
    terminal_up: bool | None = None
    terminal_since_ms: int = 0
    suspects: list[Fix] = field(default_factory=list)
    unresolved: SignOn | None = None
    unresolved_ms: int = 0
    """What its feed said last that is no run we know, and when it was looked up."""
    seats_left: int | None = None
    passengers: int | None = None
    course: Course | None = None
    """What is expected of the run it is on; kept by `prediction`."""

    idle: Phase = Phase.UNKNOWN
    """What it does while it is on no run, as far as its movement tells."""
    mismatch: bool = False
    """Its movement contradicts what was signed on."""

    @property
    def at_end(self) -> bool:
        """True when the trip is over: the bus stands at the last stop of its pattern."""
        return (
            self.pattern is not None
            and self.progress_m is not None
            and self.progress_m >= self.pattern.visits[-1].along_m - END_M
        )

    @property
    def nearly_done(self) -> bool:
        """True on the last stretch: who signs on here signs on to what comes next."""
        if self.pattern is None or self.progress_m is None:
            return False
        last_m = float(self.pattern.visit_along_m[-1])
        return self.progress_m >= max(last_m - LAST_STRETCH_M, last_m / 2.0)

    @property
    def phase(self) -> Phase:
        """What the vehicle is doing."""
        if self.pattern is None or self.fix is None:
            return self.idle
        if not self.on_route:
            return Phase.OFF_ROUTE if self.off_fixes else Phase.UNKNOWN
        return Phase.LAYOVER if self.at_end or self._waits_to_depart else Phase.IN_SERVICE

    @property
    def _waits_to_depart(self) -> bool:
        """True while the bus stands at its first stop, or turns near it, and the timetable does not let it go yet."""
        if self.outset is not None and self.outset.away:
            return True
        assert self.pattern is not None
        assert self.fix is not None
        assert self.progress_m is not None
        at_first = self.progress_m <= self.pattern.visits[0].along_m + FIRST_STOP_M
        return at_first and self.fix.at_ms < self.departs_ms and (self.speed_mps or 0.0) < HEADING_SPEED_MPS

    @property
    def departs_ms(self) -> int:
        """When its run leaves the first stop by the timetable, in Unix milliseconds. It must be on a run."""
        assert self.trip is not None
        return self.day_start_ms + 1000 * int(self.trip.departures_s[0])

    def age_s(self, now_ms: int) -> float:
        """Seconds since the last fix was received (receive time is what freshness means)."""
        return (now_ms - self.seen_ms) / 1000.0 if now_ms > self.seen_ms else 0.0

    def likely_speed_mps(self, now_ms: int) -> float:
        """The speed to reckon with now: what was said, plus what an accelerating bus may have gained since."""
        said = CRUISE_MPS if self.speed_mps is None else self.speed_mps
        gained_s = self.age_s(now_ms) - 1.0
        return said if gained_s <= 0.0 else max(said, min(URBAN_TOP_MPS, said + GAIN_MPS2 * gained_s))

    def look_beside(self, gap_s: float) -> None:
        """Learn from how far beside its path the bus is seen after so many seconds."""
        self.beside_m += min(OFFSET_WEIGHT, gap_s / OFFSET_MEMORY_S) * (self.offset_m - self.beside_m)

    @property
    def errs_m(self) -> float:
        """How far its receiver is seen to err, whatever it says: between high houses along the path as much as beside it.

        Two average errors.
        """
        return min(MOST_ERROR_M, 2.0 * max(0.0, self.beside_m - USUAL_OFFSET_M))

    @property
    def doubt_m(self) -> float:
        """How much nearer to a stop than believed the bus may have been at its last fix, beyond an ordinary GPS error.

        What a receiver says of its own error counts only beyond that: a stop's place is not known better either.
        """
        if self.blind is not None:
            return self.blind.doubt_m
        if self.fix is None or self.fix.accuracy_m is None:
            return self.errs_m
        return max(self.errs_m, self.fix.accuracy_m - GPS_SIGMA_M)

    def uncertainty_m(self, now_ms: int, policy: Policy) -> float | None:
        """Half width of where the bus may be: GPS error, reckoning, plus age times likely speed (limited extrapolation)."""
        if self.fix is None:
            return None
        accuracy = GPS_SIGMA_M if self.fix.accuracy_m is None else min(max(self.fix.accuracy_m, 3.0), GPS_SIGMA_M)
        return accuracy + self.doubt_m + min(self.age_s(now_ms), policy.extrapolate_s) * self.likely_speed_mps(now_ms)

    def sure(self, policy: Policy) -> bool:
        """Is its place on the path more than a guess between several that explain its fixes alike?"""
        return self.confidence >= policy.sure_confidence


class Taken(NamedTuple):
    """A fix was taken. `moved`: the place on the pattern is known and may be looked at by the next steps."""

    moved: bool
    left_route: bool = False


def assign(track: Track, assignment: Assignment, network: Network) -> bool:
    """Sign the vehicle on (or off). False when the trip is the one it runs already; its progress is kept then."""
    track.assignment = assignment
    if assignment.trip is not None and assignment.trip == track.trip_key:
        return False
    trip = network.trip(assignment.trip.trip_id) if assignment.trip is not None else None
    track.trip_key = assignment.trip if trip is not None else None
    track.trip = trip
    track.pattern = network.pattern(trip.pattern_index) if trip is not None else None
    track.day_start_ms = network.day_start_ms(assignment.trip.start_date) if trip and assignment.trip else 0
    track.progress_m, track.span = None, None
    track.blind, track.outset, track.over = None, Outset(), _over(track, track.trip_key)
    track.on_route, track.off_fixes, track.behind_fixes, track.confidence = False, 0, 0, 0.0
    return True


def _over(track: Track, key: TripKey | None) -> set[int]:
    """The visits on record of a run; of the runs before only the last few are remembered."""
    if key is None:
        return set()
    over = track.runs_over[key] = track.runs_over.pop(key, set())
    for oldest in list(track.runs_over)[:-RUNS_REMEMBERED]:
        del track.runs_over[oldest]
    return over


def rename(track: Track, assignment: Assignment, network: Network) -> None:
    """The vehicle turned out to be on another run of the same pattern: all that was seen of it holds."""
    assert assignment.trip is not None
    track.assignment, track.trip_key = assignment, assignment.trip
    track.trip = network.trip(assignment.trip.trip_id)
    track.day_start_ms = network.day_start_ms(assignment.trip.start_date)
    track.over = track.runs_over[assignment.trip] = set(track.over)


def scheduled_s(trip: Trip, pattern: Pattern, along_m: float) -> float:
    """When the timetable has the trip at this place, in seconds of its service day (linear between stops)."""
    stops_m = pattern.visit_along_m
    last = len(stops_m) - 1
    after = min(max(int(stops_m.searchsorted(along_m, side="right")), 1), last) if last else 0
    if not last:
        return float(trip.departures_s[0])
    before = after - 1
    gap_m = float(stops_m[after] - stops_m[before])
    share = min(max((along_m - float(stops_m[before])) / gap_m, 0.0), 1.0) if gap_m > 0 else 1.0
    leave_s, reach_s = float(trip.departures_s[before]), float(trip.arrivals_s[after])
    return leave_s + share * (reach_s - leave_s)


def doors_open(fix: Fix | None) -> bool:
    """True only when the vehicle says so; unknown doors are not open ones."""
    return fix is not None and fix.doors is Doors.OPEN
