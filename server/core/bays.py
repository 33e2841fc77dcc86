"""Is there room for one more wheelchair: the places of a bus against the riders it was promised to. Level 6 of the core.

A place is taken from the stop where a rider boards to the stop where she said she gets off, or to the end of the run
where she did not say. A bus that stopped for her is taken to carry her: that it went on without her nobody told us.
"""

from collections.abc import Iterable

from server.core.model import Bell, BellId, Need, StopId
from server.core.network import Pattern

Ride = tuple[int, int]
"""From which visit to which (indices on the pattern) somebody is on board."""


def free(places: int, bells: Iterable[Bell], pattern: Pattern, ride: Ride, *, but: BellId | None) -> int:
    """How many of a bus's wheelchair places are free all the way of this ride.

    `bells`: those that await the bus on its present run, or that it has answered on it. `but`: the bell that asks.
    """
    rides = [
        ride_of(pattern, index, bell.alight_stop_id)
        for bell in bells
        if Need.WHEELCHAIR in bell.needs and bell.bell_id != but
        for index in _visit_of(pattern, bell)
    ]
    return max(0, places - _most_at_once(rides, ride))


def ride_of(pattern: Pattern, visit_index: int, alight_stop_id: StopId | None) -> Ride:
    """Which visits lie between boarding here and getting off there; the whole rest of the run where that was not said."""
    for visit in pattern.visits[visit_index + 1 :]:
        if visit.stop_id == alight_stop_id:
            return visit_index, visit.index
    return visit_index, len(pattern.visits) - 1


def _visit_of(pattern: Pattern, bell: Bell) -> tuple[int, ...]:
    """Where on this pattern the bell is awaited; nowhere for one of another pattern."""
    index = None if bell.visit_sequence is None else pattern.index_of.get(bell.visit_sequence)
    return () if index is None else (index,)


def _most_at_once(rides: Iterable[Ride], during: Ride) -> int:
    """The most of these rides that are under way at one moment of another one: counted where one of them begins."""
    overlapping = [
        (max(board, during[0]), alight) for board, alight in rides if board < during[1] and alight > during[0]
    ]
    return max((sum(board <= at < alight for board, alight in overlapping) for at, _ in overlapping), default=0)
