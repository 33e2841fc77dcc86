"""How long buses take from stop to stop, learned from those that just did it. Level 1 of the core, below prediction.

A *link* is the way from one stop to the next, keyed by the two stops, so that all patterns that use them share what is
learned. Its time counts from arrival to arrival: the stand at the first of the two stops and the run to the second.

Each estimate is a weighted mean of what is known, from the most general to the most particular: the timetable times the
route's present pace, all traversals seen, those of this part of the day, those of the last hour (the bus ahead is the
best evidence). Each step counts as a few traversals of the next one (empirical Bayes with fixed prior weights), so a
link nobody has used yet follows the timetable and one that is used often follows its buses.
"""

import math
from collections.abc import Callable
from typing import TypeVar

import msgspec

from server.core.model import RouteId, StopId

TIMETABLE_WEIGHT = 1.5
"""Traversals that the timetable's time of one link is worth: it is interpolated or rounded, but knows the road's kind."""
USUAL_WEIGHT = 4.0
"""Traversals that the general is worth against the particular: single ones differ by a traffic light's cycle (σ ≈ 40 %)."""
RECENT_S = 1_800.0
"""Traversals fade from the recent mean with this time constant: congestion and signals change within half an hour."""
MEMORY = 40.0
"""Traversals after which older ones fade from the usual mean: some weeks of a part of the day, a road works' length."""
PARTS_OF_DAY = 8
"""Parts of a day kept apart, three hours each: night, early, morning peak, … as timetables are cut."""
OUTLIER = 3.0
OUTLIER_S = 20.0
"""A traversal counts as at most three times what was expected (a breakdown is no running time), at least a third."""
PACE_WEIGHT_S = 1_500.0
"""Seconds of running that must be seen before a route's pace is believed by half: about one trip across a town."""
SHORTEST_S = 3.0
"""No link is left and travelled in less."""
STAND_S = 10.0
"""Stand at a stop nobody has seen yet: doors, a few boarders (Transit Capacity Manual: 10 to 15 s at ordinary stops)."""
STAND_WEIGHT = 3.0
LONGEST_STAND_S = 180.0
"""Whoever stands longer does not board passengers."""
MAX_LINKS = 100_000
"""Links kept, as stops: a province has 50,000. Beyond, the one that was used the longest ago is forgotten."""
DAY_S = 86_400.0

Row = TypeVar("Row")


class Link(msgspec.Struct, array_like=True, gc=False):
    """What is known of one link: counts and mean seconds, of all times, of each part of the day, and of late."""

    seen: float = 0.0
    mean_s: float = 0.0
    parts: list[float] = msgspec.field(default_factory=lambda: [0.0] * (2 * PARTS_OF_DAY))
    """Count and mean of each part of the day, one after the other."""
    recent: float = 0.0
    recent_s: float = 0.0
    recent_ms: int = 0


class Stand(msgspec.Struct, array_like=True, gc=False):
    """Mean seconds of something that happens at one stop, and how often it was seen."""

    seen: float = 0.0
    mean_s: float = 0.0


class Pace(msgspec.Struct, array_like=True, gc=False):
    """Seconds that a route's buses took of late, and that the timetable gives for the same."""

    took_s: float = 0.0
    planned_s: float = 0.0
    at_ms: int = 0


class Running(msgspec.Struct):
    """All that is learned of running times: what `RunningTimes` begins with and what is stored of it."""

    links: dict[str, Link] = msgspec.field(default_factory=dict)
    stands: dict[str, Stand] = msgspec.field(default_factory=dict)
    departures: dict[str, Stand] = msgspec.field(default_factory=dict)
    paces: dict[str, Pace] = msgspec.field(default_factory=dict)


def link_key(before: StopId, after: StopId) -> str:
    """Name the way between two stops."""
    return f"{before}\n{after}"


def pace_key(route_id: RouteId, direction_id: int | None) -> str:
    """Name a route's direction."""
    return f"{route_id}\n{direction_id}"


class RunningTimes:
    """Running and dwell times of a network, learned as buses report. Every table is bounded by `MAX_LINKS`."""

    def __init__(self, learned: Running | None = None) -> None:
        self.learned = learned or Running()

    def link_s(self, key: str, planned_s: float, day_s: float, now_ms: int) -> float:
        """Seconds from arrival at one stop to arrival at the next; `planned_s` the timetable's, at the present pace."""
        link = self.learned.links.get(key)
        if link is None:
            return max(planned_s, SHORTEST_S)
        all_s = _blend(planned_s, TIMETABLE_WEIGHT, link.mean_s, link.seen)
        part = 2 * part_of_day(day_s)
        usual_s = _blend(all_s, USUAL_WEIGHT, link.parts[part + 1], link.parts[part])
        weight = link.recent * _fade(now_ms - link.recent_ms)
        return max(_blend(usual_s, USUAL_WEIGHT, link.recent_s, weight), SHORTEST_S)

    def travelled(self, key: str, pace: str, took_s: float, planned_s: float, day_s: float, now_ms: int) -> None:
        """A bus took so long from arrival to arrival; `planned_s` is the timetable's time, without the pace."""
        expected_s = self.link_s(key, planned_s * self.pace(pace, now_ms), day_s, now_ms)
        took_s = min(max(took_s, expected_s / OUTLIER - OUTLIER_S, SHORTEST_S), expected_s * OUTLIER + OUTLIER_S)
        self._keep_pace(pace, took_s, planned_s, now_ms)
        link = _used(self.learned.links, key, Link)
        link.seen, link.mean_s = _counted(link.seen, link.mean_s, took_s)
        part = 2 * part_of_day(day_s)
        link.parts[part], link.parts[part + 1] = _counted(link.parts[part], link.parts[part + 1], took_s)
        weight = link.recent * _fade(now_ms - link.recent_ms)
        link.recent, link.recent_s = weight + 1.0, (weight * link.recent_s + took_s) / (weight + 1.0)
        link.recent_ms = max(link.recent_ms, now_ms)

    def pace(self, key: str, now_ms: int) -> float:
        """How much longer than planned a route's buses take of late (1.0: as planned)."""
        pace = self.learned.paces.get(key)
        if pace is None:
            return 1.0
        fade = _fade(now_ms - pace.at_ms)
        return (PACE_WEIGHT_S + fade * pace.took_s) / (PACE_WEIGHT_S + fade * pace.planned_s)

    def _keep_pace(self, key: str, took_s: float, planned_s: float, now_ms: int) -> None:
        pace = _used(self.learned.paces, key, Pace)
        fade = _fade(now_ms - pace.at_ms)
        pace.took_s, pace.planned_s = fade * pace.took_s + took_s, fade * pace.planned_s + planned_s
        pace.at_ms = max(pace.at_ms, now_ms)

    def stand_s(self, stop_id: StopId) -> float:
        """Seconds a bus stands at a stop on its way, those that pass it included."""
        stand = self.learned.stands.get(stop_id)
        return STAND_S if stand is None else _blend(STAND_S, STAND_WEIGHT, stand.mean_s, stand.seen)

    def stood(self, stop_id: StopId, stood_s: float) -> None:
        """A bus stood so long at a stop on its way (0: it passed)."""
        stand = _used(self.learned.stands, stop_id, Stand)
        stand.seen, stand.mean_s = _counted(stand.seen, stand.mean_s, min(max(stood_s, 0.0), LONGEST_STAND_S))

    def departure_s(self, stop_id: StopId) -> float:
        """Seconds after the planned time at which buses leave this first stop of theirs."""
        late = self.learned.departures.get(stop_id)
        return 0.0 if late is None else _blend(0.0, STAND_WEIGHT, late.mean_s, late.seen)

    def departed(self, stop_id: StopId, late_s: float) -> None:
        """A bus left its first stop so long after the later of its planned time and its own coming."""
        late = _used(self.learned.departures, stop_id, Stand)
        late.seen, late.mean_s = _counted(late.seen, late.mean_s, min(max(late_s, 0.0), LONGEST_STAND_S))


def part_of_day(day_s: float) -> int:
    """Which part of the day a second of the service day is in; after midnight the day's first parts come again."""
    return int(day_s % DAY_S / DAY_S * PARTS_OF_DAY)


def _used(table: dict[str, Row], key: str, new: Callable[[], Row]) -> Row:
    """The row of a name, made if need be and put last: rows are in the order of their use, and the first one may go."""
    row = table.pop(key, None) or new()
    table[key] = row
    if len(table) > MAX_LINKS:
        del table[next(iter(table))]
    return row


def _blend(general_s: float, weight: float, particular_s: float, seen: float) -> float:
    return (weight * general_s + seen * particular_s) / (weight + seen)


def _counted(seen: float, mean_s: float, value_s: float) -> tuple[float, float]:
    seen = min(seen + 1.0, MEMORY)
    return seen, mean_s + (value_s - mean_s) / seen


def _fade(age_ms: int) -> float:
    return math.exp(-max(age_ms, 0) / (1000.0 * RECENT_S))
