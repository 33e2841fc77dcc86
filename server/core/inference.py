"""Which way a vehicle runs, by its own movement. Level 8 of the core: knows tracking and network.

A *way* is a route in one direction. Without a sign-on, or with one that its movement contradicts, every path near the
vehicle is a hypothesis: where along it the vehicle would be, and how badly that explains what it did since. Being near
a line says little (both directions of a street lie within 15 m of each other); moving along it in its order says much.
Nothing is believed before it is clear: "unknown" is an answer.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import NamedTuple

from geo.path import Path
from server.core.events import Fix
from server.core.model import RouteId
from server.core.network import Network
from server.core.placing import HEADING_SIGMA_DEG, turn_deg
from server.core.tracking import HEADING_SPEED_MPS, Track

NEAR_M = 100.0
"""A path is looked at within this of a fix: 99 % of a bus's fixes lie so near its own (real data of Washington)."""
MOVE_M = 30.0
"""Less than this from the last place is standing or noise, and says nothing of the way: twice the GPS error."""
OFFSET_SIGMA_M = 20.0
"""Spread of fixes around a path drawn by hand: 95 % within 10-25 m in three towns, heavier in street canyons."""
ADVANCE_SIGMA_M = 25.0
ADVANCE_SHARE = 0.1
"""A path advances as far as its bus moves, up to error at both ends and a tenth for corners cut by sparse fixes."""
DETOUR = 1.6
REACH_M = 60.0
"""Along the streets it may be farther than through the air: no more than this factor and, around a corner, this more."""
MISFIT_CAP = 16.0
"""No single measure speaks against a path by more than four sigmas: one wrong fix must not bury it."""
HEADING_CAP = 9.0
FADE = 0.8
"""What a move said counts a fifth less with each move after it: five moves are remembered."""
FIRST_COST = 12.0
"""A path that was just taken up is as good as one that was two sigmas off over its last moves: it has to earn more."""
BAFFLED = 24.0
"""Two moves in a row that no path explains."""
HOPELESS = 45.0
"""Three moves in a row that a path cannot explain."""
MAX_HYPOTHESES = 96
"""More paths than lead through the middle of a province's largest town. With more, nothing is believed till they part."""
LOOK_AGAIN_MOVES = 3
"""Paths that have come near are looked for every so many moves; each time when none explains the last one."""

SURE_MOVES = 3
SURE_FORWARD_M = 250.0
"""Four fixes and the way between two stops along a path: a crossing or a parallel block is shorter."""
SURE_COST = 12.0
MARGIN = 10.0
"""What must speak against every other way, movement and timetable together: more than three sigmas beyond this one."""
HOME = 12.0
"""A vehicle mostly stays on its route: of lines that share a street it is on that one until another explains more."""
TURNED_MOVES = 2
TURNED_FORWARD_M = 120.0
"""After a run that ended here, the one that begins here is no surprise: it is believed sooner."""
BEGINS_M = 400.0
"""So near its first stop a path begins: the street or two around a terminal."""
TURN_M = 250.0
"""A bus may end its run and begin the next at a stand so far from its last stop and from its first."""
SAME_WAY_MARGIN = 10.0
"""Paths of the way that explain the movement almost as well may all be what it runs: the timetable chooses."""
ASTRAY_M = 250.0
"""Moved so far away from every path, a vehicle is not in service."""


class Way(NamedTuple):
    """A route in one direction; a path stands for the direction where the feed gives none."""

    route_id: RouteId
    direction: int


@dataclass(slots=True)
class Hypothesis:
    """The vehicle is on this path, `along_m` from its start, and has been since `start_m`. `cost`: fading sigmas²."""

    path_index: int
    along_m: float
    offset_m: float
    cost: float
    start_m: float
    moves: int = 0

    @property
    def forward_m(self) -> float:
        """Metres it has come along the path since it was taken up."""
        return self.along_m - self.start_m


@dataclass(slots=True)
class Belief:
    """What the movement of one vehicle says so far.

    `home`: the route it served last. `turning`: its run ended here. `crowded`: more paths are near than are looked at.
    """

    x: float
    y: float
    hypotheses: list[Hypothesis] = field(default_factory=list)
    moves: int = 0
    astray_m: float = 0.0
    crowded: bool = False
    home: RouteId | None = None
    turning: bool = False

    @property
    def astray(self) -> bool:
        """True once it has moved well away from every path."""
        return self.astray_m >= ASTRAY_M


Places = tuple[tuple[int, float], ...]
"""Where a vehicle may be: patterns (index) and metres along them."""


class Found(NamedTuple):
    """The vehicle runs this way. `places`: the likeliest first."""

    way: Way
    places: Places


class Likely(NamedTuple):
    """A way that nothing speaks clearly against: its cost, the hypothesis that explains the movement best, the rest."""

    cost: float
    best: Hypothesis
    found: Found


def begin(
    track: Track, network: Network, *, home: RouteId | None = None, turning: bool = False, at: tuple[float, float]
) -> Belief:
    """Begin to look at a vehicle, from the place (metres of the frame) it was at."""
    belief = Belief(*at, home=home, turning=turning)
    _take_up(belief, track, network, None)
    return belief


def observe(belief: Belief, track: Track, network: Network) -> bool:
    """Take the vehicle's last fix into account. False when it has not moved: nothing new is known then."""
    assert track.fix is not None
    moved_m = math.hypot(track.x - belief.x, track.y - belief.y)
    if moved_m < MOVE_M:
        return False
    belief.x, belief.y, belief.moves = track.x, track.y, belief.moves + 1
    for hypothesis in belief.hypotheses:
        _advance(hypothesis, network.path(hypothesis.path_index), track, track.fix, moved_m)
    _drop_hopeless(belief)
    explained = any(h.offset_m <= NEAR_M and h.cost < FIRST_COST for h in belief.hypotheses)
    if not explained or belief.moves % LOOK_AGAIN_MOVES == 0:
        _take_up(belief, track, network, track.fix)
    near = any(h.offset_m <= NEAR_M for h in belief.hypotheses)
    belief.astray_m = 0.0 if near else belief.astray_m + moved_m
    return True


def found(belief: Belief, network: Network, untimely: Callable[[Places], float]) -> Found | None:
    """Tell which way the vehicle runs, once that is clear; None before.

    Lines that share a street explain the movement equally well: the timetable may tell them apart. `untimely` says how
    badly the runs of a way's places fit the clock, in sigmas². The directions of one line only movement tells apart.
    """
    if not belief.hypotheses or belief.crowded:
        return None
    ways_likely = likely(belief, network)
    if not _sure(ways_likely[0].best, belief):
        return None
    if len(ways_likely) == 1:
        return ways_likely[0].found
    if any(a.found.way.route_id == b.found.way.route_id for a, b in combinations(ways_likely, 2)):
        return None
    first, second, *_ = sorted((one.cost + untimely(one.found.places), i) for i, one in enumerate(ways_likely))
    return ways_likely[first[1]].found if second[0] - first[0] >= MARGIN else None


def begins_here(network: Network, x: float, y: float) -> Found | None:
    """Tell the one way that begins at this terminal; None where several do, or where another way passes through."""
    beginning: list[int] = []
    passing: set[Way] = set()
    for path_index in network.paths_near(x, y, TURN_M):
        for index in network.patterns_of_path(path_index):
            pattern = network.pattern(index)
            if math.dist(pattern.start_xy, (x, y)) <= TURN_M:
                beginning.append(index)
            elif math.dist(pattern.path.at(pattern.visits[-1].along_m), (x, y)) > TURN_M:
                passing.add(way_of(network, index))
    found = {way_of(network, index) for index in beginning}
    if len(found) != 1 or not passing <= found:
        return None
    return Found(found.pop(), tuple((index, 0.0) for index in beginning))


def compare(belief: Belief, network: Network, pattern_index: int) -> tuple[float, float, float]:
    """Tell the cost of the best path, that of a pattern's own (infinite: not near), and metres come along the best."""
    path = network.pattern(pattern_index).path
    best = min(belief.hypotheses, key=lambda h: h.cost, default=None)
    own = min((h.cost for h in belief.hypotheses if network.path(h.path_index) is path), default=math.inf)
    return (math.inf, own, 0.0) if best is None else (best.cost, own, best.forward_m)


def ways(network: Network, path_index: int) -> tuple[Way, ...]:
    """Every way that runs along a path."""
    return tuple({way_of(network, index): None for index in network.patterns_of_path(path_index)})


def way_of(network: Network, pattern_index: int) -> Way:
    """The way of a pattern."""
    pattern = network.pattern(pattern_index)
    direction = -1 - pattern.index if pattern.direction_id is None else pattern.direction_id
    return Way(pattern.route_id, direction)


def _sure(best: Hypothesis, belief: Belief) -> bool:
    if best.cost > SURE_COST:
        return False
    if best.moves >= SURE_MOVES and best.forward_m >= SURE_FORWARD_M:
        return True
    begins = belief.turning and best.start_m <= BEGINS_M
    return begins and best.moves >= TURNED_MOVES and best.forward_m >= TURNED_FORWARD_M


def likely(belief: Belief, network: Network) -> list[Likely]:
    """List the ways that the movement may be, the likeliest first."""
    of_way: dict[Way, list[Hypothesis]] = {}
    for hypothesis in sorted(belief.hypotheses, key=lambda h: h.cost):
        for way in ways(network, hypothesis.path_index):
            of_way.setdefault(way, []).append(hypothesis)
    costs = {way: own[0].cost - (HOME if way.route_id == belief.home else 0.0) for way, own in of_way.items()}
    limit = min(costs.values(), default=0.0) + MARGIN
    return [
        Likely(cost, of_way[way][0], Found(way, _places(network, way, of_way[way])))
        for way, cost in sorted(costs.items(), key=lambda item: item[1])
        if cost < limit
    ]


def _places(network: Network, way: Way, own: Sequence[Hypothesis]) -> Places:
    """List the patterns of a way that explain the movement about as well as its best, the likeliest first."""
    near = [h for h in own if h.cost <= own[0].cost + SAME_WAY_MARGIN]
    return tuple((index, h.along_m) for h in near for index in _patterns(network, h.path_index, way))


def _patterns(network: Network, path_index: int, way: Way) -> list[int]:
    return [index for index in network.patterns_of_path(path_index) if way_of(network, index) == way]


def _take_up(belief: Belief, track: Track, network: Network, fix: Fix | None) -> None:
    """Take up the paths that are near now and are no hypothesis yet, each pass of a loop by itself.

    One that comes later has not explained the moves before: it starts behind the best. Where none explains them (the
    bus turned, or went where no path leads), everything begins anew.
    """
    best = min((h.cost for h in belief.hypotheses), default=BAFFLED)
    if best >= BAFFLED:
        belief.hypotheses.clear()
        best = 0.0
    known = {h.path_index for h in belief.hypotheses}
    for index in network.paths_near(belief.x, belief.y, NEAR_M):
        if index in known:
            continue
        places = network.path(index).candidates(belief.x, belief.y, NEAR_M)
        rows = zip(places.along_m.tolist(), places.offset_m.tolist(), places.heading_deg.tolist(), strict=True)
        for along_m, offset_m, heading_deg in rows:
            across = 0.0 if fix is None else _across(track, fix, heading_deg)
            cost = best + FIRST_COST + _beside(offset_m) + across
            belief.hypotheses.append(Hypothesis(index, along_m, offset_m, cost, along_m))
    belief.hypotheses.sort(key=lambda h: h.cost)
    belief.crowded = len(belief.hypotheses) > MAX_HYPOTHESES
    del belief.hypotheses[MAX_HYPOTHESES:]


def _advance(hypothesis: Hypothesis, path: Path, track: Track, fix: Fix, moved_m: float) -> None:
    """Move a hypothesis along its path, and add how badly it explains the move."""
    before_m = hypothesis.along_m
    reach_m = DETOUR * moved_m + REACH_M
    along_m, offset_m, heading_deg = path.window(track.x, track.y, before_m - REACH_M, before_m + reach_m)
    short_m = max(0.0, moved_m - (along_m - before_m))
    misfit = _beside(offset_m) + _across(track, fix, heading_deg)
    misfit += min((short_m / (ADVANCE_SIGMA_M + ADVANCE_SHARE * moved_m)) ** 2, MISFIT_CAP)
    hypothesis.along_m, hypothesis.offset_m = along_m, offset_m
    hypothesis.cost = FADE * hypothesis.cost + misfit
    hypothesis.moves += 1


def _beside(offset_m: float) -> float:
    return min((offset_m / OFFSET_SIGMA_M) ** 2, MISFIT_CAP)


def _across(track: Track, fix: Fix, heading_deg: float) -> float:
    """What the reported heading says against a path that leads elsewhere; nothing while the vehicle stands."""
    if fix.heading_deg is None or (track.speed_mps is not None and track.speed_mps <= HEADING_SPEED_MPS):
        return 0.0
    return min((turn_deg(fix.heading_deg, heading_deg) / HEADING_SIGMA_DEG) ** 2, HEADING_CAP)


def _drop_hopeless(belief: Belief) -> None:
    belief.hypotheses = [h for h in belief.hypotheses if h.cost < HOPELESS]
