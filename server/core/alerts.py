"""What each driver is shown: one alert for each (trip, visit), however many bells stand behind it. Level 9 of the core."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence

import msgspec

from server.core.dispatch import Candidate
from server.core.effects import AlertCleared, AlertMarked, AlertRaised, Effect
from server.core.model import Alert, AlertId, Bell, BellKind, Need, Outcome, Stage, TripKey, VehicleId
from server.core.policy import Policy
from server.core.prediction import eta_s

NEED_ORDER = {need: i for i, need in enumerate(Need)}


def alert_id(vehicle_id: VehicleId, trip: TripKey, stop_sequence: int) -> AlertId:
    """Name the alert of a (trip, visit) on a vehicle: the same whenever it is raised again."""
    text = f"{vehicle_id}\n{trip.trip_id}\n{trip.start_date}\n{stop_sequence}"
    return AlertId(hashlib.blake2b(text.encode(), digest_size=9).hexdigest())


class AlertBoard:
    """The alerts that are on, or on their way to, drivers' screens."""

    def __init__(self) -> None:
        self._live: defaultdict[VehicleId, dict[int, Alert]] = defaultdict(dict)

    def live(self, vehicle_id: VehicleId) -> Sequence[Alert]:
        """A vehicle's alerts in the order of its stops."""
        alerts = self._live.get(vehicle_id)
        return sorted(alerts.values(), key=lambda a: a.stop_sequence) if alerts else ()

    def at(self, vehicle_id: VehicleId, stop_sequence: int) -> Alert | None:
        """The live alert of a visit."""
        return self._live[vehicle_id].get(stop_sequence) if vehicle_id in self._live else None

    def find(self, vehicle_id: VehicleId, wanted: AlertId) -> Alert | None:
        """A vehicle's live alert by its id; another vehicle's is as unknown as none."""
        return next((a for a in self._live.get(vehicle_id, {}).values() if a.alert_id == wanted), None)

    def restore(self, alert: Alert) -> None:
        """Take a live alert back from the journal."""
        self._keep(alert)

    def refresh(
        self, candidate: Candidate, stage: Stage, bells: Sequence[Bell], stop_name: str, now_ms: int, policy: Policy
    ) -> list[AlertRaised]:
        """Make a visit's alert say what its bells say; once it said `now` it goes on saying so.

        What it says follows from its stage and from which bells it stands for: what riders asked for does not change.
        """
        track = candidate.track
        live = self.at(track.vehicle_id, candidate.visit.stop_sequence)
        assert track.trip_key is not None
        if live is not None and live.stage is Stage.NOW:
            stage = Stage.NOW
        bell_ids = tuple([bell.bell_id for bell in bells])
        if live is not None and live.stage is stage and live.bells == bell_ids:
            return []
        alert = Alert(
            alert_id=alert_id(track.vehicle_id, track.trip_key, candidate.visit.stop_sequence)
            if live is None
            else live.alert_id,
            vehicle_id=track.vehicle_id,
            trip=track.trip_key,
            stop_id=candidate.visit.stop_id,
            stop_sequence=candidate.visit.stop_sequence,
            stop_name=stop_name,
            stage=stage,
            boarding=sum(b.party for b in bells if b.kind is BellKind.BOARD),
            alighting=sum({b.rider_id: b.party for b in bells if b.kind is BellKind.ALIGHT}.values()),
            needs=tuple(sorted({need for b in bells for need in b.needs}, key=NEED_ORDER.__getitem__)),
            distance_m=candidate.left_m,
            eta_s=eta_s(track, candidate.visit.index, now_ms) or 0.0,
            valid_until_along_m=candidate.visit.along_m + policy.zone_m,
            at_ms=now_ms,
            shown_ms=live.shown_ms if live is not None else None,
            bells=bell_ids,
        )
        self._keep(alert)
        return [AlertRaised(alert)]

    def mark_shown(self, alert: Alert, at_ms: int) -> list[Effect]:
        """The screen says that it shows this alert; only the first time counts."""
        if alert.shown_ms is not None:
            return []
        marked = msgspec.structs.replace(alert, shown_ms=at_ms)
        self._keep(marked)
        return [AlertMarked(marked)]

    def clear(self, vehicle_id: VehicleId, stop_sequence: int, outcome: Outcome, now_ms: int) -> list[Effect]:
        """Take a visit's alert off the screen, if there is one."""
        live = self.at(vehicle_id, stop_sequence)
        if live is None:
            return []
        del self._live[vehicle_id][stop_sequence]
        if not self._live[vehicle_id]:
            del self._live[vehicle_id]
        return [AlertCleared(msgspec.structs.replace(live, outcome=outcome), now_ms)]

    def _keep(self, alert: Alert) -> None:
        self._live[alert.vehicle_id][alert.stop_sequence] = alert
