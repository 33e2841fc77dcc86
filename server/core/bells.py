"""The bell's state machine, and the book of bells. Level 1 of the core.

A bell moves only along `MOVES` and ends exactly once; every move makes a new record.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import TypeVar

import msgspec

from server.core.model import END_STATES, Bell, BellId, BellState, Reason, RiderId, RouteId, StopId, TripKey, VehicleId

_Key = TypeVar("_Key")
_Index = defaultdict[_Key, dict[BellId, Bell]]
"""Bells by what is asked for, in the order in which they came to it."""
_NONE: Mapping[BellId, Bell] = MappingProxyType({})
"""What such an index has for what it does not know."""
_WITHOUT_BUS = frozenset({BellState.WAITING, BellState.PASSED, BellState.DECLINED})
_ANSWERED = frozenset({BellState.SERVED, BellState.BOARDED})
"""Ends of a bell for which a bus stopped."""

MOVES: dict[BellState, frozenset[BellState]] = {
    BellState.WAITING: frozenset({BellState.ASSIGNED}) | END_STATES,
    BellState.ASSIGNED: frozenset({BellState.WAITING, BellState.ASSIGNED, BellState.SHOWN, BellState.ACKNOWLEDGED})
    | {BellState.ARRIVED, BellState.PASSED, BellState.DECLINED}
    | END_STATES,
    BellState.SHOWN: frozenset({BellState.WAITING, BellState.ASSIGNED, BellState.ACKNOWLEDGED, BellState.ARRIVED})
    | {BellState.PASSED, BellState.DECLINED}
    | END_STATES,
    BellState.ACKNOWLEDGED: frozenset({BellState.WAITING, BellState.ASSIGNED, BellState.ARRIVED})
    | {BellState.PASSED, BellState.DECLINED}
    | END_STATES,
    BellState.ARRIVED: END_STATES | {BellState.PASSED, BellState.DECLINED, BellState.WAITING, BellState.ASSIGNED},
    BellState.PASSED: frozenset({BellState.WAITING, BellState.ASSIGNED}) | END_STATES,
    BellState.DECLINED: frozenset({BellState.WAITING, BellState.ASSIGNED}) | END_STATES,
} | {state: frozenset() for state in END_STATES}
"""From each state, where a bell may go. Ends lead nowhere; `passed` and `declined` lead to the next bus."""


class IllegalMoveError(ValueError):
    """A rule tried to move a bell where it cannot go: a defect, never a user's mistake."""


def rename(bell: Bell, trip: TripKey) -> Bell:
    """The bus that is awaited turned out to be on another run."""
    return msgspec.structs.replace(bell, trip=trip)


def move(bell: Bell, state: BellState, now_ms: int, *, reason: Reason | None = None) -> Bell:
    """Go to another state, keeping the bus."""
    if state not in MOVES[bell.state]:
        raise IllegalMoveError(f"bell {bell.bell_id} cannot go from {bell.state} to {state}")
    return msgspec.structs.replace(bell, state=state, changed_ms=now_ms, reason=reason)


def give(
    bell: Bell, vehicle_id: VehicleId, trip: TripKey, visit_sequence: int, now_ms: int, *, reason: Reason | None = None
) -> Bell:
    """Choose a bus. Every choice is another attempt."""
    moved = move(bell, BellState.ASSIGNED, now_ms, reason=reason)
    return msgspec.structs.replace(
        moved,
        vehicle_id=vehicle_id,
        trip=trip,
        visit_sequence=visit_sequence,
        buses=bell.buses + 1,
        attempt=bell.buses + 1,
    )


def fail(bell: Bell, state: BellState, now_ms: int, *, reason: Reason | None) -> Bell:
    """Record that the chosen bus passed or declined: on this run it is not tried again for this bell."""
    if bell.vehicle_id is None or bell.trip is None:
        raise IllegalMoveError(f"bell {bell.bell_id} has no bus that could fail it")
    moved = move(bell, state, now_ms, reason=reason)
    return msgspec.structs.replace(
        moved, tried=(*bell.tried, bell.vehicle_id), tried_trips=(*bell.tried_trips, bell.trip)
    )


def wait(bell: Bell, now_ms: int, *, reason: Reason | None) -> Bell:
    """Let go of the bus: none can be chosen at the moment."""
    moved = move(bell, BellState.WAITING, now_ms, reason=reason)
    return msgspec.structs.replace(moved, vehicle_id=None, trip=None, visit_sequence=None)


class BellBook:
    """All bells that are open, and the latest ended ones (bounded), with the indexes that the steps ask for."""

    def __init__(self, ended_kept: int) -> None:
        self._ended_kept = ended_kept
        self._bells: dict[BellId, Bell] = {}
        self._ended: OrderedDict[BellId, Bell] = OrderedDict()
        self._placed: dict[BellId, Bell] = {}
        self._unplaced: dict[BellId, Bell] = {}
        self._by_rider: _Index[RiderId] = defaultdict(dict)
        self._by_route: _Index[RouteId] = defaultdict(dict)
        self._by_stop: _Index[StopId] = defaultdict(dict)
        self._by_vehicle: _Index[VehicleId] = defaultdict(dict)
        self._answered: _Index[VehicleId] = defaultdict(dict)
        self._by_visit: defaultdict[VehicleId, _Index[int]] = defaultdict(lambda: defaultdict(dict))

    def __len__(self) -> int:
        return len(self._bells)

    def get(self, bell_id: BellId) -> Bell | None:
        """The latest record of a bell, open or ended lately."""
        return self._bells.get(bell_id) or self._ended.get(bell_id)

    def put(self, bell: Bell) -> None:
        """Keep a new record in place of the earlier one."""
        self._forget(bell.bell_id)
        self._by_rider[bell.rider_id][bell.bell_id] = bell
        if bell.ended:
            self._ended[bell.bell_id] = bell
            while len(self._ended) > self._ended_kept:
                _, old = self._ended.popitem(last=False)
                self._drop(self._by_rider, old.rider_id, old.bell_id)
                self._drop_answered(old)
            if bell.state in _ANSWERED and bell.vehicle_id is not None:
                self._answered[bell.vehicle_id][bell.bell_id] = bell
            return
        self._bells[bell.bell_id] = bell
        self._by_stop[bell.stop_id][bell.bell_id] = bell
        if bell.state in _WITHOUT_BUS or bell.vehicle_id is None:
            self._unplaced[bell.bell_id] = bell
            self._by_route[bell.route_id][bell.bell_id] = bell
        else:
            self._placed[bell.bell_id] = bell
            self._by_vehicle[bell.vehicle_id][bell.bell_id] = bell
            if bell.visit_sequence is not None:
                self._by_visit[bell.vehicle_id][bell.visit_sequence][bell.bell_id] = bell

    def of_rider(self, rider_id: RiderId) -> list[Bell]:
        """A rider's bells, oldest first, ended ones included while they are kept."""
        return sorted(self._by_rider.get(rider_id, _NONE).values(), key=lambda b: (b.rung_ms, b.bell_id))

    def of_vehicle(self, vehicle_id: VehicleId) -> list[Bell]:
        """Bells that await this vehicle."""
        return list(self._by_vehicle.get(vehicle_id, _NONE).values())

    def answered_by(self, vehicle_id: VehicleId) -> list[Bell]:
        """Ended bells for which this vehicle stopped, on whatever run, while they are kept."""
        return list(self._answered.get(vehicle_id, _NONE).values())

    def visits_of(self, vehicle_id: VehicleId) -> Collection[int]:
        """The stop sequences at which bells await this vehicle: live, so to be copied by who changes bells."""
        visits = self._by_visit.get(vehicle_id)
        return () if visits is None else visits.keys()

    def at_visit(self, vehicle_id: VehicleId, stop_sequence: int) -> list[Bell]:
        """Bells that await this vehicle at one visit."""
        visits = self._by_visit.get(vehicle_id)
        return [] if visits is None else list(visits.get(stop_sequence, _NONE).values())

    def at_stop(self, stop_id: StopId) -> list[Bell]:
        """Open bells rung at a stop, whichever bus they await."""
        return list(self._by_stop.get(stop_id, _NONE).values())

    def without_bus(self, route_id: RouteId | None = None) -> list[Bell]:
        """Bells for which no bus is chosen: all, or those of a route."""
        return list((self._unplaced if route_id is None else self._by_route.get(route_id, _NONE)).values())

    def with_bus(self) -> list[Bell]:
        """Every bell that awaits a chosen bus."""
        return list(self._placed.values())

    def _forget(self, bell_id: BellId) -> None:
        old = self._bells.pop(bell_id, None)
        ended = self._ended.pop(bell_id, None)
        if ended is not None:
            self._drop_answered(ended)
        if old is None:
            return
        self._unplaced.pop(bell_id, None)
        self._placed.pop(bell_id, None)
        self._drop(self._by_route, old.route_id, bell_id)
        self._drop(self._by_stop, old.stop_id, bell_id)
        if old.vehicle_id is not None:
            self._drop(self._by_vehicle, old.vehicle_id, bell_id)
            self._drop_visit(old.vehicle_id, old.visit_sequence, bell_id)

    def _drop_answered(self, bell: Bell) -> None:
        if bell.vehicle_id is not None:
            self._drop(self._answered, bell.vehicle_id, bell.bell_id)

    def _drop_visit(self, vehicle_id: VehicleId, stop_sequence: int | None, bell_id: BellId) -> None:
        visits = self._by_visit.get(vehicle_id)
        if visits is not None and stop_sequence is not None:
            self._drop(visits, stop_sequence, bell_id)
            if not visits:
                del self._by_visit[vehicle_id]

    @staticmethod
    def _drop(index: _Index[_Key], key: _Key, bell_id: BellId) -> None:
        ids = index.get(key)
        if ids is not None:
            ids.pop(bell_id, None)
            if not ids:
                del index[key]
