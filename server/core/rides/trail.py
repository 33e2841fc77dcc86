"""A bus's own motion and the visits it made, bounded: what a phone's motion is compared with. Level 7 of the core."""

from array import array
from bisect import bisect_left, bisect_right
from typing import NamedTuple

from server.core.model import PatternId, RouteId, TripKey, VehicleId, VisitOutcome
from server.core.network import Visit

SAMPLE_S = 4.0
"""A bus that brakes as hard as is comfortable (1 m/s²) is 2 m off the straight line between samples so far apart."""
SAMPLES_KEPT = 900
"""An hour of motion (18 KB a bus): phones without a link send what they heard within it."""
CALM_GAP_MS = 60_000
"""Between samples farther apart nobody knows where the bus was."""
CALLS_KEPT = 4
"""Of a bus that nobody is believed to be on: enough to know where somebody got on who says so now."""
RUNS_KEPT = 3
"""Runs remembered of a bus: the present one, and the two before for what comes late."""


class Call(NamedTuple):
    """A bus at one visit of its run: when it came and left (bus time), and what it did there as far as was seen."""

    visit_index: int
    arrived_ms: int
    departed_ms: int | None
    outcome: VisitOutcome
    sure: bool


class Run:
    """One run of a bus: its visits by index. `over`: it has come to its end."""

    __slots__ = ("calls", "over", "pattern_id", "route_id", "trip", "vehicle_id", "visits")

    def __init__(
        self,
        vehicle_id: VehicleId,
        trip: TripKey,
        route_id: RouteId,
        pattern_id: PatternId,
        visits: tuple[Visit, ...],
    ) -> None:
        self.vehicle_id, self.trip, self.route_id, self.pattern_id = vehicle_id, trip, route_id, pattern_id
        self.visits = visits
        self.calls: dict[int, Call] = {}
        self.over = False

    def ordered(self) -> list[Call]:
        """The calls in the order of the visits."""
        return [self.calls[index] for index in sorted(self.calls)]


class Trail:
    """What one bus did of late. `followed`: somebody may be on it, so that its motion is kept, not only its last calls.

    `beacons`: it carries some; where it does not, hearing nothing means nothing.
    """

    __slots__ = ("_along", "_at_ms", "_x", "_y", "beacons", "followed", "runs", "vehicle_id")

    def __init__(self, vehicle_id: VehicleId, *, followed: bool, beacons: bool = True) -> None:
        self.vehicle_id = vehicle_id
        self.followed = followed
        self.beacons = beacons
        self.runs: list[Run] = []
        self._at_ms = array("q")
        self._x, self._y, self._along = array("f"), array("f"), array("f")

    @property
    def run(self) -> Run | None:
        """The run that the bus is on, or was on last."""
        return self.runs[-1] if self.runs else None

    @property
    def newest_ms(self) -> int:
        """When the bus was last seen to move; 0 before."""
        return self._at_ms[-1] if self._at_ms else 0

    def begin(self, run: Run) -> None:
        """The bus begins a run; the one before is over."""
        for before in self.runs:
            before.over = True
        self.runs.append(run)
        del self.runs[:-RUNS_KEPT]

    def moved(self, at_ms: int, x: float, y: float, along_m: float) -> None:
        """The bus was at a place of the frame, so far along its pattern."""
        if not self.followed or (self._at_ms and at_ms - self._at_ms[-1] < SAMPLE_S * 1000):
            return
        self._at_ms.append(at_ms)
        self._x.append(x)
        self._y.append(y)
        self._along.append(along_m)
        if len(self._at_ms) >= 2 * SAMPLES_KEPT:
            for samples in (self._at_ms, self._x, self._y, self._along):
                del samples[:-SAMPLES_KEPT]

    def called(self, call: Call) -> None:
        """The bus stands at a visit of its run, or has left it."""
        assert self.run is not None
        self.run.calls[call.visit_index] = call
        if not self.followed:
            for index in sorted(self.run.calls)[:-CALLS_KEPT]:
                del self.run.calls[index]

    def place(self, at_ms: int) -> tuple[float, float] | None:
        """Where the bus was at an instant, in metres of the frame; None where nobody knows."""
        after = bisect_right(self._at_ms, at_ms)
        if after == 0 or after == len(self._at_ms):
            near = 0 if after == 0 else after - 1
            if not self._at_ms or abs(self._at_ms[near] - at_ms) > 2 * SAMPLE_S * 1000:
                return None
            return self._x[near], self._y[near]
        before = after - 1
        gap_ms = self._at_ms[after] - self._at_ms[before]
        if gap_ms > CALM_GAP_MS:
            return None
        share = (at_ms - self._at_ms[before]) / gap_ms
        x = self._x[before] + share * (self._x[after] - self._x[before])
        return x, self._y[before] + share * (self._y[after] - self._y[before])

    def speed_mps(self, at_ms: int) -> float:
        """How fast the bus went at an instant, by the samples around it; 0 where nobody knows."""
        after = bisect_right(self._at_ms, at_ms)
        if after == 0 or after == len(self._at_ms):
            return 0.0
        before = after - 1
        gap_ms = self._at_ms[after] - self._at_ms[before]
        dx, dy = self._x[after] - self._x[before], self._y[after] - self._y[before]
        return float(1000.0 * (dx * dx + dy * dy) ** 0.5 / gap_ms) if gap_ms <= CALM_GAP_MS else 0.0

    def clear_of(self, from_ms: int, to_ms: int, from_m: float, to_m: float) -> tuple[int, int]:
        """The part of a time in which the bus was between two places of its pattern; empty (to before from) if never."""
        first, last = bisect_left(self._at_ms, from_ms), bisect_right(self._at_ms, to_ms)
        inside = [i for i in range(first, last) if from_m <= self._along[i] <= to_m]
        return (self._at_ms[inside[0]], self._at_ms[inside[-1]]) if inside else (to_ms, from_ms)
