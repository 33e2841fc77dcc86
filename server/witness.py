"""What buses did at stops where somebody waited, seen from their own reports. Beside the runtime; decides nothing.

Positions are never journaled. While a driver is told of riders, the last reports of that bus are held in memory; when
the alert ends, what they say of this stop (metres before it, speed, doors) is kept as one note, without a coordinate.
"""

import math
from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence

from server.core.effects import AlertCleared, AlertRaised, Effect, FixRefused
from server.core.events import Event, Fix
from server.core.model import Alert, AlertId, Fact, Outcome, VehicleId
from server.core.network import Network, Pattern, Visit
from server.evidence import Glimpse, Note, PassageNote

FIXES_HELD = 90
"""Reports held of a bus: a minute and a half at 1 Hz, which is 900 m at 10 m/s; more where reports are rarer."""
BUSES_HELD = 4_000
"""Buses watched at once, the newest alerts first (some 100 MB at worst); alerts are live for a minute or two each."""
PASSED_POINTS, SERVED_POINTS = 60, 20
"""Points kept with a note. A pass-by is argued about; a stop that was served seldom is."""
BEFORE_MS = 180_000
"""How far back a profile goes: what a bus did three minutes earlier says nothing of this stop."""
WINDOW_M = 1_500.0
"""How far along the route around the stop a report is looked for; the second pass of a loop is farther away."""
OFF_PATH_M = 200.0
"""Farther beside the route the bus was elsewhere (DOMAIN §4)."""


class _Held:
    __slots__ = ("alerts", "fixes")

    def __init__(self) -> None:
        self.alerts: set[AlertId] = set()
        self.fixes: deque[Fix] = deque(maxlen=FIXES_HELD)


class Witness:
    """Sees every event with its effects, in order; gives the notes to be kept with them."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._held: OrderedDict[VehicleId, _Held] = OrderedDict()

    def __len__(self) -> int:
        return len(self._held)

    def restore(self, facts: Iterable[Fact]) -> None:
        """Go on after a restart: the alerts that are still live."""
        for fact in facts:
            if isinstance(fact, Alert):
                self._hold(fact)

    def see(self, event: Event, effects: Sequence[Effect]) -> list[Note]:
        """Hold a report, and judge the alerts that ended."""
        if isinstance(event, Fix):
            held = self._held.get(event.vehicle_id)
            if held is not None and not any(isinstance(effect, FixRefused) for effect in effects):
                held.fixes.append(event)
        notes: list[Note] = []
        for effect in effects:
            match effect:
                case AlertRaised(alert=alert):
                    self._hold(alert)
                case AlertCleared(alert=alert, at_ms=at_ms):
                    notes += self._over(alert, at_ms)
                case _:
                    pass
        return notes

    def _hold(self, alert: Alert) -> None:
        self._held.setdefault(alert.vehicle_id, _Held()).alerts.add(alert.alert_id)
        if len(self._held) > BUSES_HELD:
            self._held.popitem(last=False)

    def _over(self, alert: Alert, at_ms: int) -> list[Note]:
        held = self._held.get(alert.vehicle_id)
        fixes = () if held is None else tuple(held.fixes)
        if held is not None:
            held.alerts.discard(alert.alert_id)
            if not held.alerts:
                del self._held[alert.vehicle_id]
        if alert.outcome not in (Outcome.PASSED, Outcome.SERVED):
            return []
        most = PASSED_POINTS if alert.outcome is Outcome.PASSED else SERVED_POINTS
        profile = self._profile(alert, [fix for fix in fixes if at_ms - fix.received_ms <= BEFORE_MS])
        note = PassageNote(
            at_ms, alert.alert_id, alert.vehicle_id, alert.trip, alert.stop_id, alert.stop_sequence, alert.outcome,
            thinned(profile, most),
        )  # fmt: skip
        return [note]

    def _profile(self, alert: Alert, fixes: Iterable[Fix]) -> list[Glimpse]:
        trip = self._network.trip(alert.trip.trip_id)
        if trip is None:
            return []
        pattern = self._network.pattern(trip.pattern_index)
        index = pattern.index_of.get(alert.stop_sequence)
        if index is None:
            return []
        seen = (self._glimpse(fix, pattern, pattern.visits[index]) for fix in fixes)
        return [glimpse for glimpse in seen if glimpse is not None]

    def _glimpse(self, fix: Fix, pattern: Pattern, visit: Visit) -> Glimpse | None:
        x, y = self._network.frame.to_xy(fix.lat, fix.lon)
        along_m, offset_m, _ = pattern.path.window(x, y, visit.along_m - WINDOW_M, visit.along_m + WINDOW_M)
        if offset_m > OFF_PATH_M:
            return None
        speed_mps = None if fix.speed_mps is None else round(fix.speed_mps, 1)
        return Glimpse(fix.received_ms, round(along_m - visit.along_m, 1), speed_mps, fix.doors)


def thinned(profile: Sequence[Glimpse], most: int) -> tuple[Glimpse, ...]:
    """At most so many points: all within 60 m of the stop as far as there is room, the others evenly, in order.

    >>> [g.at_ms for g in thinned([Glimpse(i, -500.0 + i * 50) for i in range(12)], 6)]
    [0, 3, 6, 9, 10, 11]
    """
    if len(profile) <= most:
        return tuple(profile)
    near = sorted(range(len(profile)), key=lambda i: abs(profile[i].from_stop_m))
    close = [i for i in near if abs(profile[i].from_stop_m) <= 60.0][: most // 2 + most % 2]
    rest = sorted(set(range(len(profile))) - set(close))
    room = most - len(close)
    chosen = {rest[math.floor(k * len(rest) / room)] for k in range(room)} | set(close)
    return tuple(profile[i] for i in sorted(chosen))
