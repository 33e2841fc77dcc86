"""What is remembered of vehicles so that their runs can be recognised. Level 9 of the core: over inference and runs."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from server.core import inference, runs
from server.core.course import FIRST_STOP_M, TERMINAL_M
from server.core.inference import Belief, Found, Way
from server.core.model import Assignment, RouteId, Source, VehicleId
from server.core.network import Network
from server.core.runs import Doing, Duty, Fits, Timetable
from server.core.tracking import Track

PAST_KEPT = 8
"""Departures and places remembered of a vehicle: four trips, about half a day."""
NEARS_SHARE = 0.9
"""So much of the way done, how late a bus is says as much of its run as it will: near the end timetables have slack."""

AFTER_DEPARTURE = 0.3
"""How much the lateness of a bus still tells of its run once its departure was seen: what it gains or loses on its
way is the traffic's doing, not another run's."""


class Proposal(NamedTuple):
    """What a vehicle is believed to run.

    `at_start`: it begins this run now, where the last one ended. `under_way`: it was seen to drive along it already.
    """

    assignment: Assignment
    at_start: bool = False
    under_way: bool = False


@dataclass(slots=True)
class Watch:
    """What is remembered of one vehicle between its fixes, and what is made of its movement.

    `x`, `y`, `progress_m`: where it was when its progress was last compared with its movement. `still` and `still_ms`:
    where it stands, and since when. `rested`: where its last run ended, as long as it is there. `past`: the duties
    that fit each thing it was seen to do; `seen`: those that fit what it does now, while it is on no run yet; `waits`:
    it was seen to wait for a departure. `to_leave`, `to_arrive`: whether it has still to leave its first stop for
    good, and to come near its last. `departed`: it was seen to leave to make this run.
    """

    x: float
    y: float
    progress_m: float | None = None
    assignment: Assignment | None = None
    belief: Belief | None = None
    still: tuple[float, float] = (math.inf, math.inf)
    still_ms: int = 0
    looked_ms: int | None = None
    rested: tuple[float, float] | None = None
    way: Way | None = None
    patterns: tuple[int, ...] = ()
    duty: Duty | None = None
    past: list[Fits] = field(default_factory=list)
    seen: Fits | None = None
    waits: bool = False
    to_leave: bool = False
    to_arrive: bool = False
    departed: bool = False

    def check_from(self, track: Track) -> None:
        """Compare the progress with the movement from here on."""
        self.x, self.y, self.progress_m = track.x, track.y, track.progress_m

    def stands(self, track: Track) -> float:
        """Tell for how many seconds the vehicle has stood where it stands; 0 while it moves."""
        assert track.fix is not None
        if math.dist(self.still, (track.x, track.y)) > inference.MOVE_M:
            self.still, self.still_ms = (track.x, track.y), track.fix.at_ms
        return (track.fix.at_ms - self.still_ms) / 1000.0

    def remember(self, fits: Fits) -> None:
        """Keep which duties fit what the vehicle was seen to do."""
        self.past.append(fits)
        del self.past[:-PAST_KEPT]


class Watches:
    """The watches of a shard, and the timetable that vehicles are compared with."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.timetable = Timetable(network)
        self.of_route: defaultdict[RouteId, dict[VehicleId, None]] = defaultdict(dict)
        self.shared_ms: dict[RouteId, int] = {}
        self._watches: dict[VehicleId, Watch] = {}

    def of(self, track: Track) -> Watch:
        """The watch of a vehicle, begun now if it is new, brought up to date with what it is signed on to."""
        watch = self._watches.get(track.vehicle_id)
        if watch is None:
            watch = self._watches[track.vehicle_id] = Watch(track.x, track.y)
        if track.assignment is not watch.assignment:
            self._assigned(watch, track)
        return watch

    def forget(self, vehicle_id: VehicleId) -> None:
        """Drop what is remembered of a vehicle."""
        watch = self._watches.pop(vehicle_id, None)
        if watch is not None:
            self.leave(vehicle_id, watch)

    def serve(self, vehicle_id: VehicleId, watch: Watch, found: Found) -> None:
        """The vehicle serves this way from now on, on one of its likeliest patterns."""
        self.leave(vehicle_id, watch)
        watch.way, watch.patterns = found.way, tuple(dict.fromkeys(pattern for pattern, _ in found.places))
        self.of_route[found.way.route_id][vehicle_id] = None

    def leave(self, vehicle_id: VehicleId, watch: Watch) -> None:
        """The vehicle serves its way no longer."""
        if watch.way is not None:
            self.of_route[watch.way.route_id].pop(vehicle_id, None)
        watch.way, watch.patterns, watch.duty, watch.to_leave = None, (), None, False

    def _assigned(self, watch: Watch, track: Track) -> None:
        """The vehicle runs something else now: what was compared with the old run is forgotten."""
        assignment = watch.assignment = track.assignment
        if assignment is None or assignment.source is not Source.INFERRED:
            self.leave(track.vehicle_id, watch)
            watch.past.clear()
            watch.belief = None
        elif track.trip is not None and track.trip_key is not None:
            watch.belief = None
            way = inference.way_of(self.network, track.trip.pattern_index)
            others = watch.patterns if way == watch.way else ()
            self.serve(
                track.vehicle_id, watch, Found(way, tuple((i, 0.0) for i in (track.trip.pattern_index, *others)))
            )
            watch.duty = runs.duty_of(track.trip, track.trip_key.start_date)
            watch.to_leave = track.progress_m is not None and track.progress_m <= FIRST_STOP_M
            watch.to_arrive, watch.departed = True, False
        track.mismatch = assignment is not None and assignment.said is not None
        watch.check_from(track)

    def doing(self, watch: Watch, track: Track) -> Fits | None:
        """The duties that fit where the vehicle is now; None while nobody can tell where that is."""
        assert track.fix is not None
        if watch.seen is not None:
            return watch.seen
        if track.progress_m is None or track.trip is None or not track.on_route:
            return None
        if watch.to_leave:
            places = [(index, 0.0) for index in watch.patterns]
            return self.timetable.fits(places, track.fix.at_ms, Doing.WAITING)
        places = [(track.trip.pattern_index, track.progress_m)]
        for index in watch.patterns:
            if index != track.trip.pattern_index:
                along_m, offset_m = self.network.pattern(index).path.project(track.x, track.y)
                if offset_m <= inference.NEAR_M:
                    places.append((index, along_m))
        return self._under_way(watch, places, track.fix.at_ms)

    def _under_way(self, watch: Watch, places: Sequence[tuple[int, float]], at_ms: int) -> Fits:
        fits = self.timetable.fits(places, at_ms, Doing.UNDER_WAY)
        if not watch.departed:
            return fits
        return {duty: fit._replace(cost=AFTER_DEPARTURE * fit.cost) for duty, fit in fits.items()}

    def follow(self, watch: Watch, track: Track) -> bool:
        """Remember when the vehicle leaves its first stop and comes near its last. True when it has just left."""
        if track.progress_m is None or track.fix is None or track.pattern is None:
            return False
        place = (track.pattern.index, track.progress_m)
        left = watch.to_leave and track.progress_m > TERMINAL_M
        if left:
            watch.remember(self.timetable.fits((place,), track.fix.at_ms, Doing.LEAVING))
            watch.to_leave, watch.departed = False, True
        if watch.to_arrive and track.progress_m > NEARS_SHARE * float(track.pattern.visit_along_m[-1]):
            watch.remember(self._under_way(watch, (place,), track.fix.at_ms))
            watch.to_arrive = False
        return left
