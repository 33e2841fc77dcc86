"""A busy day for the console, written into a journal: bells of every fate on any network, from a seed."""

import asyncio
import random
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec

from server.backends.embedded import open_embedded
from server.core.alerts import alert_id
from server.core.model import (
    Alert,
    AlertId,
    Bell,
    BellId,
    BellKind,
    BellState,
    Doors,
    Fact,
    Need,
    Outcome,
    Reason,
    RiderId,
    Stage,
    StopVisit,
    TripId,
    TripKey,
    VehicleId,
    VisitOutcome,
)
from server.core.network import Network
from server.evidence import DoorNote, Glimpse, Note, PassageNote, ReportNote, TerminalNote, Trouble, bell_handle
from server.ports import Batch, Journal

HOUR_MS = 3_600_000
RUSH = [1, 0, 0, 0, 1, 6, 20, 48, 60, 30, 18, 16, 20, 18, 16, 18, 24, 46, 58, 36, 20, 14, 8, 3]
"""How many bells an hour of the day has, against each other: two rushes."""
BATCH = 200


def fill(data_dir: Path, network: Network, *, now_ms: int, bells: int = 600, days: int = 1, seed: int = 1) -> None:
    """Write the day before `now_ms`; in a thread of its own, since a browser test's loop is somebody else's."""
    day = _Day(network, now_ms, random.Random(seed), days)
    thread = threading.Thread(target=lambda: asyncio.run(_fill(data_dir, day, bells)))
    thread.start()
    thread.join()


async def _fill(data_dir: Path, day: "_Day", bells: int) -> None:
    backend = await open_embedded(data_dir)
    try:
        for batch in day.batches(bells):
            await _keep(backend.journal, batch)
    finally:
        await backend.aclose()


async def _keep(journal: Journal, batch: Batch) -> None:
    answer: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()
    journal.append(batch, answer.set_result)
    assert await answer is None


class _Day:
    """Makes bells one after another; each has its bus, its alert, its stop visit."""

    def __init__(self, network: Network, now_ms: int, rng: random.Random, days: int) -> None:
        self.network, self.now_ms, self.rng, self.days = network, now_ms, rng, days
        self.patterns = [p for p in map(network.pattern, range(network.pattern_count)) if len(p.visits) > 2]
        self.hard = {stop: rng.random() ** 6 for stop in network.stops}
        """How likely a bus passes each stop: a few are bad."""

    def batches(self, count: int) -> Iterator[Batch]:
        facts: list[Fact] = []
        visits: list[StopVisit] = []
        notes: list[Note] = list(self._doors_and_terminals())
        for i in range(count):
            self._one(i, facts, visits, notes)
            if i % BATCH == BATCH - 1:
                yield Batch(facts=facts, visits=visits, notes=notes)
                facts, visits, notes = [], [], []
        yield Batch(facts=facts, visits=visits, notes=notes)

    def _when(self) -> int:
        """An instant of the days before now, more likely in a rush (hours counted in Seoul)."""
        while True:
            at_ms = self.now_ms - int(self.rng.random() * self.days * 24 * HOUR_MS)
            hour = (at_ms // HOUR_MS + 9) % 24
            if self.rng.random() * max(RUSH) < RUSH[hour]:
                return at_ms - 600_000

    def _one(self, i: int, facts: list[Fact], visits: list[StopVisit], notes: list[Note]) -> None:
        rng, pattern = self.rng, self.rng.choice(self.patterns)
        visit = rng.choice(pattern.visits[1:-1])
        trip = TripKey(TripId(rng.choice(self.network.trips_of_pattern(pattern.index))), "20261121")
        rung_ms, bus = self._when(), VehicleId(f"V{rng.randint(1, 9)}")
        first = Bell(
            BellId(f"day-{i:06}-{rung_ms}"), RiderId(f"rider-{rng.randint(1, 400)}"), BellKind.BOARD, visit.stop_id,
            pattern.route_id, BellState.WAITING, rung_ms, rung_ms, party=rng.choice([1, 1, 1, 2, 3]),
            needs=(Need.WHEELCHAIR,) if rng.random() < 0.04 else (),
        )  # fmt: skip
        life = _Life(first, bus, trip, visit.stop_sequence)
        wait_s = 20 + rng.expovariate(1 / 150)
        life.then(BellState.ASSIGNED, 0.3)
        fate = rng.random()
        if fate < 0.08:
            life.then(BellState.CANCELLED, wait_s / 3)
        elif fate < 0.11:
            life.then(BellState.EXPIRED, 2_400, reason=Reason.NO_MORE_BUSES)
        else:
            life.then(BellState.SHOWN, wait_s)
            stop_s = wait_s + 24 + rng.random() * 12
            passed = rng.random() < 0.02 + 0.3 * self.hard[visit.stop_id]
            alerts = list(self._alerts(life, wait_s, stop_s, passed=passed))
            facts += alerts
            notes.append(self._passage(alerts[-1], life, stop_s, passed=passed))
            visits.append(self._visit(life, stop_s, passed=passed))
            if passed:
                life.then(BellState.PASSED, stop_s)
                if rng.random() < 0.4:
                    at_ms = life.at(stop_s + 60)
                    words = "정류장에 서 있었는데 서지 않고 지나갔습니다."
                    notes.append(
                        ReportNote(at_ms, bell_handle(first), bus, first.route_id, first.stop_id, at_ms, words)
                    )
                life.then(BellState.ASSIGNED, stop_s + 0.1, attempt=2, vehicle=VehicleId(f"V{rng.randint(10, 19)}"))
                stop_s += 400 + rng.random() * 300
            life.then(BellState.ARRIVED, stop_s)
            life.then(rng.choice([BellState.SERVED, BellState.BOARDED]), stop_s + 18)
        facts += life.records

    def _alerts(self, life: "_Life", shown_s: float, stop_s: float, *, passed: bool) -> Iterator[Alert]:
        bell = life.records[0]
        raised = Alert(
            AlertId(alert_id(life.bus, life.trip, life.sequence)), life.bus, life.trip, bell.stop_id, life.sequence,
            self.network.stops[bell.stop_id].name, Stage.AHEAD, bell.party, 0, bell.needs, 380.0, 40.0, 900.0,
            life.at(shown_s - 0.8), bells=(bell.bell_id,),
        )  # fmt: skip
        yield raised
        shown = msgspec.structs.replace(raised, shown_ms=life.at(shown_s))
        yield shown
        now = msgspec.structs.replace(shown, stage=Stage.NOW, distance_m=124.0, at_ms=life.at(stop_s - 14))
        yield now
        yield msgspec.structs.replace(now, outcome=Outcome.PASSED if passed else Outcome.SERVED)

    def _passage(self, alert: Alert, life: "_Life", stop_s: float, *, passed: bool) -> PassageNote:
        points: list[Glimpse] = []
        along_m, speed = -390.0, 12.0
        for second in range(-38, 12):
            if passed:
                speed = max(8.0, min(14.0, speed + self.rng.uniform(-0.5, 0.45)))
            else:
                speed = max(0.0, min(12.0, abs(along_m) / 9 if along_m < 2 else 3.0))
            along_m += speed
            points.append(Glimpse(life.at(stop_s + second), round(along_m, 1), round(speed, 1), Doors.CLOSED))
        outcome = Outcome.PASSED if passed else Outcome.SERVED
        at_ms = life.at(stop_s + 12)
        return PassageNote(
            at_ms, alert.alert_id, life.bus, life.trip, alert.stop_id, life.sequence, outcome, tuple(points)
        )

    def _visit(self, life: "_Life", stop_s: float, *, passed: bool) -> StopVisit:
        outcome = VisitOutcome.PASSED if passed else VisitOutcome.STOPPED
        stood_s = 0.0 if passed else round(9 + self.rng.random() * 20, 1)
        bell = life.records[0]
        return StopVisit(
            life.at(stop_s + 8), life.bus, life.trip, bell.stop_id, life.sequence, life.at(stop_s),
            life.at(stop_s + stood_s), stood_s, outcome, 0.95,
        )  # fmt: skip

    def _doors_and_terminals(self) -> Iterator[Note]:
        for minute in range(6):
            yield DoorNote(self.now_ms - minute * 240_000, "ring", "5f3a91c204", 14 - minute)
        yield DoorNote(self.now_ms - 90_000, "kiosk", "e1c0d27b88", 31)
        troubles: list[Trouble] = ["silent", "frozen", "gps_bad", "sound_failed"]
        for i, trouble in enumerate(troubles):
            begun_ms = self.now_ms - (i + 1) * 1_500_000
            yield TerminalNote(begun_ms, VehicleId("V1"), trouble, wrong=True, value=42.0 + i)
            if trouble != "sound_failed":
                yield TerminalNote(begun_ms + 380_000, VehicleId("V1"), trouble, wrong=False)


class _Life:
    """The records of one bell, each following from the one before."""

    def __init__(self, first: Bell, bus: VehicleId, trip: TripKey, sequence: int) -> None:
        self.records, self.bus, self.trip, self.sequence = [first], bus, trip, sequence

    def at(self, second: float) -> int:
        return self.records[0].rung_ms + round(second * 1000)

    def then(
        self,
        state: BellState,
        second: float,
        *,
        reason: Reason | None = None,
        attempt: int | None = None,
        vehicle: VehicleId | None = None,
    ) -> None:
        last = self.records[-1]
        self.records.append(
            msgspec.structs.replace(
                last, state=state, changed_ms=self.at(second), reason=reason, attempt=attempt or last.attempt,
                vehicle_id=vehicle or last.vehicle_id or self.bus, trip=self.trip, visit_sequence=self.sequence,
            )
        )  # fmt: skip
