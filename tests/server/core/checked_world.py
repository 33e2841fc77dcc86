"""A world that looks at every effect as it happens: what a journal and the screens would hold, and what may never be."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from server.core.alerts import alert_id
from server.core.bells import MOVES
from server.core.effects import (
    AlertCleared,
    AlertMarked,
    AlertRaised,
    Assigned,
    BellChanged,
    BellRepeated,
    Effect,
    FixRefused,
)
from server.core.engine import RouteEngine
from server.core.events import Event, Fix, Tick
from server.core.model import Alert, AlertId, Assignment, Bell, BellId, BellState, VehicleId
from tests.server.core.engine_world import Bus, World, stop_x

HARD_BRAKE_MPS2 = 1.5
"""What a standing rider still bears; a bus that is told must never need more."""
FIRST_SEQUENCE = 1
"""The builder of networks counts stops from here."""
COMFORT_MPS2, TELL_S = 1.0, 3.0
"""DOMAIN §2: comfortable braking, and 1 s to deliver and 2 s to react."""
PATH_SLACK_M = 2.0
"""A path of straight pieces through degrees of seven digits is this much longer or shorter than it was drawn."""
TOLD = (BellState.SHOWN, BellState.ACKNOWLEDGED)
ON_A_BUS = (BellState.ASSIGNED, *TOLD, BellState.ARRIVED)


@dataclass
class Ledger:
    """What a journal and the screens would hold after each effect, and the rules that no effect may break."""

    bells: dict[BellId, Bell] = field(default_factory=dict)
    alerts: dict[AlertId, Alert] = field(default_factory=dict)
    assignments: dict[VehicleId, Assignment] = field(default_factory=dict)

    def take(self, effect: Effect) -> None:
        match effect:
            case BellChanged(bell=bell):
                self._bell(bell)
            case BellRepeated(bell=bell):
                assert bell == self.bells[bell.bell_id]
            case AlertRaised(alert=alert):
                self._raised(alert)
            case AlertMarked(alert=alert):
                assert self.alerts[alert.alert_id].shown_ms is None
                self.alerts[alert.alert_id] = alert
            case AlertCleared(alert=alert):
                assert alert.outcome is not None
                del self.alerts[alert.alert_id]
            case Assigned(assignment=assignment):
                self.assignments[assignment.vehicle_id] = assignment
            case _:
                pass

    def _bell(self, bell: Bell) -> None:
        before = self.bells.get(bell.bell_id)
        if before is None:
            assert (bell.state, bell.attempt, bell.buses) == (BellState.WAITING, 1, 0)
        else:
            assert bell.state in MOVES[before.state], f"{before.state} -> {bell.state}"
            assert bell.buses - before.buses == (bell.state is BellState.ASSIGNED)
        assert (bell.vehicle_id is None) == (bell.trip is None) == (bell.visit_sequence is None)
        assert bell.attempt == max(1, bell.buses)
        tried: Iterable[tuple[object, object]] = zip(bell.tried, bell.tried_trips, strict=True)
        assert bell.state is not BellState.ASSIGNED or (bell.vehicle_id, bell.trip) not in list(tried)
        self.bells[bell.bell_id] = bell

    def _raised(self, alert: Alert) -> None:
        assert alert.outcome is None
        assert alert.alert_id == alert_id(alert.vehicle_id, alert.trip, alert.stop_sequence)
        behind = self.behind(alert)
        assert alert.bells
        assert set(alert.bells) == {b.bell_id for b in behind}
        assert alert.boarding == sum(b.party for b in behind)
        assert set(alert.needs) == {need for b in behind for need in b.needs}
        self.alerts[alert.alert_id] = alert

    def behind(self, alert: Alert) -> list[Bell]:
        return [
            b
            for b in self.bells.values()
            if b.state in ON_A_BUS and (b.vehicle_id, b.visit_sequence) == (alert.vehicle_id, alert.stop_sequence)
        ]

    @property
    def open_bells(self) -> dict[BellId, Bell]:
        return {bell_id: bell for bell_id, bell in self.bells.items() if not bell.ended}


class CheckedWorld(World):
    """A world that looks at every effect as it happens."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.ledger = Ledger()
        self.fleet: dict[str, Bus] = {}
        self.misled: set[str] = set()
        self.sent: dict[str, deque[Fix]] = {}
        self.newest: dict[VehicleId, Fix] = {}
        self.reported: dict[VehicleId, float] = {}
        """Of each bus the newest fix that was taken, and the metres along its way at which it was made."""

    def do(self, event: Event) -> list[Effect]:
        effects = super().do(event)
        if isinstance(event, Fix):
            self.sent.setdefault(event.vehicle_id, deque(maxlen=6)).append(event)
            if not any(isinstance(effect, FixRefused) for effect in effects):
                self.newest[event.vehicle_id] = event
                self.reported[event.vehicle_id] = self.fleet[event.vehicle_id].x_m if self.fleet else 0.0
        for effect in effects:
            self.ledger.take(effect)
            if isinstance(effect, AlertRaised):
                self.can_still_stop(effect.alert)
        return effects

    def can_still_stop(self, alert: Alert) -> None:
        """Was the driver asked in comfort, by what was reported, and (no false position sent) not too hard in truth?

        Worked out here from the fixes alone, by DOMAIN's formula; the engine's own rule is not asked.
        """
        bus, fix = self.fleet[alert.vehicle_id], self.newest.get(alert.vehicle_id)
        assert fix is not None
        if bus.name in self.misled:
            return
        stop_m = self.stop_m(alert)
        assert stop_m - bus.x_m > bus.speed_mps**2 / (2 * HARD_BRAKE_MPS2)
        reported_m, speed_mps = self.reported[fix.vehicle_id], fix.speed_mps or 0.0
        age_s = (self.now_ms - fix.received_ms) / 1000.0
        way_m = speed_mps * (min(age_s, self.policy.extrapolate_s) + TELL_S) + speed_mps**2 / (2 * COMFORT_MPS2)
        assert stop_m - reported_m > way_m - PATH_SLACK_M

    def crash(self) -> None:
        """Nothing is left but the journal."""
        facts = self.facts()
        self.engine = RouteEngine(
            self.network, self.policy, vehicles=self.vehicles, assume_terminal=self.assume_terminal
        )
        self.engine.restore(facts, now_ms=self.now_ms)
        self.sent.clear()
        self.newest.clear()

    def stop_m(self, alert: Alert) -> float:
        """Metres along the way of its bus at which an alert's stop is."""
        return stop_x(alert.stop_sequence - FIRST_SEQUENCE)

    def wait_coarsely(self, seconds: float) -> None:
        """Time passes with nobody on the road, a tick every 15 s."""
        for _ in range(round(seconds / 15.0)):
            self.now_ms += 15_000
            self.do(Tick())
