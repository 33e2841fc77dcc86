"""A street with four stops, drives along it fix by fix, and what is seen of them at its stops."""

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

from server.core.approach import Approach, Arrived, Finished, VisitEvent, advance, start
from server.core.model import Doors, VisitOutcome
from server.core.network import Network
from server.core.placing import take
from server.core.policy import Policy
from server.core.tracking import Taken, Track
from tests.server.core.winding_ways import STRAIGHT, Point, Rider, line, track_on

POLICY = Policy()
V = VisitOutcome
STOPS_M = [200.0, 1000.0, 2000.0, 3000.0]
STREET = line(STRAIGHT, STOPS_M)
BRAKE_MPS2 = 1.0


class Moment(NamedTuple):
    """Where a bus truly is at a second, how fast it goes, and whether its doors are open."""

    at_s: float
    along_m: float
    speed_mps: float
    open: bool = False


def driven(
    stops: dict[float, float], *, cruise_mps: float = 10.0, until_m: float = 1500.0, from_m: float = 700.0
) -> list[Moment]:
    """A bus by the second: it brakes at 1 m/s² for each place of `stops` and stands there as many seconds."""
    moments, now_s, along_m, speed = [], 0.0, from_m, cruise_mps
    ahead = sorted(stops)
    while along_m < until_m:
        moments.append(Moment(now_s, along_m, speed))
        now_s += 1.0
        if ahead and ahead[0] - along_m < 1e-6:
            along_m, speed = ahead[0], 0.0
            wait_s = stops[ahead.pop(0)]
            moments += [Moment(now_s + k, along_m, 0.0, open=True) for k in range(round(wait_s))]
            now_s += wait_s
            continue
        if ahead:
            left_m = ahead[0] - along_m
            speed = min(speed + BRAKE_MPS2, cruise_mps, max(math.sqrt(2 * BRAKE_MPS2 * left_m) - 0.5, 1.2), left_m)
        else:
            speed = min(speed + BRAKE_MPS2, cruise_mps)
        along_m += speed
    return moments


class Seen:
    """Drives a track and its approach by what a receiver says of a way, and keeps what was decided."""

    def __init__(self, network: Network = STREET, points: Iterable[Point] = STRAIGHT, policy: Policy = POLICY) -> None:
        self.network, self.policy = network, policy
        self.rider = Rider(network, list(points))
        self.track: Track = track_on(network)
        self.approach = Approach()
        self.events: list[VisitEvent] = []

    def see(self, moment: Moment, **more: Any) -> list[VisitEvent]:
        fields: dict[str, Any] = {
            "speed_mps": moment.speed_mps,
            "doors": Doors.OPEN if moment.open else Doors.CLOSED,
        } | more
        at_ms = self.rider.start_ms + round(1000 * moment.at_s)
        fix = self.rider.fix(moment.along_m, at_ms=at_ms, **fields)
        taken = take(self.track, fix, self.network, self.policy)
        if not isinstance(taken, Taken) or not taken.moved:
            return []
        if self.track.span is None:
            self.approach = start(self.track, self.policy, self.approach)
            return []
        events = advance(self.approach, self.track, self.policy)
        self.events += events
        return events

    def drive(self, moments: Iterable[Moment], period_s: int = 1, **more: Any) -> "Seen":
        for moment in list(moments)[::period_s]:
            self.see(moment, **more)
        return self

    @property
    def finished(self) -> list[Finished]:
        return [e for e in self.events if isinstance(e, Finished)]

    @property
    def arrived(self) -> list[int]:
        return [e.visit_index for e in self.events if isinstance(e, Arrived)]

    def at_s(self, at_ms: int | None) -> float:
        assert at_ms is not None
        return (at_ms - self.rider.start_ms) / 1000.0


def standing(moments: list[Moment]) -> tuple[float, float]:
    """When the bus truly came to a stand and when it set off."""
    still = [m.at_s for m in moments if m.speed_mps == 0.0]
    return still[0], still[-1]
