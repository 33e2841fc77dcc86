"""An ordinary hour at the operator's desk: bells that were served, passed, cancelled, straight into the journal."""

import asyncio

import msgspec

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
    RiderId,
    RouteId,
    Stage,
    StopId,
    StopVisit,
    TripId,
    TripKey,
    VehicleId,
    VisitOutcome,
)
from server.evidence import Glimpse, PassageNote, ReportNote, bell_handle
from server.ports import Batch, Journal
from tests.server.web.web_world import DAY, TEN_PAST_TEN_MS

BUS = VehicleId("V1")
TRIP = TripKey(TripId("T1"), DAY)
T0 = TEN_PAST_TEN_MS - 1_800_000
"""When the first bell rings: half an hour before the test's clock begins."""
STEPS = {
    BellState.SERVED: [
        (BellState.ASSIGNED, 1),
        (BellState.SHOWN, 20),
        (BellState.ARRIVED, 95),
        (BellState.SERVED, 120),
    ],
    BellState.PASSED: [
        (BellState.ASSIGNED, 1),
        (BellState.SHOWN, 30),
        (BellState.PASSED, 90),
        (BellState.ASSIGNED, 90),
        (BellState.SERVED, 400),
    ],
    BellState.CANCELLED: [(BellState.ASSIGNED, 1), (BellState.CANCELLED, 9)],
    BellState.WAITING: [],
}


def life(name: str, how: BellState, *, at_ms: int = T0, stop: int = 3, rider: str = "secret-rider") -> list[Bell]:
    """All records of one bell; `how` it went."""
    first = Bell(
        BellId(name), RiderId(rider), BellKind.BOARD, StopId(f"S{stop}"), RouteId("10"), BellState.WAITING, at_ms, at_ms,
        party=2, needs=(Need.WHEELCHAIR,),
    )  # fmt: skip
    records = [first]
    for state, second in STEPS[how]:
        on_bus = {"vehicle_id": BUS, "trip": TRIP, "visit_sequence": stop + 1}
        attempt = 1 + any(r.state is BellState.PASSED for r in records)
        records.append(
            msgspec.structs.replace(first, state=state, changed_ms=at_ms + second * 1000, attempt=attempt, **on_bus)
        )
    return records


def alerts(stop: int = 3) -> list[Alert]:
    raised = Alert(
        AlertId(alert_id(BUS, TRIP, stop + 1)), BUS, TRIP, StopId(f"S{stop}"), stop + 1, "시장", Stage.AHEAD,
        2, 0, (), 420.0, 40.0, 2_000.0, T0 + 28_000, bells=(BellId("passed-01"),),
    )  # fmt: skip
    shown = msgspec.structs.replace(raised, shown_ms=T0 + 30_000)
    now = msgspec.structs.replace(shown, stage=Stage.NOW, distance_m=118.0, at_ms=T0 + 70_000)
    return [raised, shown, now, msgspec.structs.replace(now, outcome=Outcome.PASSED)]


def passage(stop: int = 3) -> PassageNote:
    points = tuple(Glimpse(T0 + 60_000 + 1000 * i, -160.0 + 12.0 * i, 12.0 - 0.1 * i, Doors.CLOSED) for i in range(20))
    wanted = AlertId(alert_id(BUS, TRIP, stop + 1))
    return PassageNote(T0 + 90_000, wanted, BUS, TRIP, StopId(f"S{stop}"), stop + 1, Outcome.PASSED, points)


def visit(stop: int, at_ms: int, *, outcome: VisitOutcome = VisitOutcome.STOPPED) -> StopVisit:
    stood_s = 14.0 if outcome is VisitOutcome.STOPPED else 0.0
    return StopVisit(
        at_ms, BUS, TRIP, StopId(f"S{stop}"), stop + 1, at_ms - 20_000, at_ms - 6_000, stood_s, outcome, 0.95
    )


def report() -> ReportNote:
    (first, *_) = life("passed-01", BellState.PASSED)
    return ReportNote(T0 + 95_000, bell_handle(first), BUS, RouteId("10"), StopId("S3"), T0 + 90_000, "섰어야 합니다")


async def keep(journal: Journal, batch: Batch) -> None:
    answer: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()
    journal.append(batch, answer.set_result)
    assert await answer is None


async def ordinary_hour(journal: Journal) -> None:
    """Four served, one passed with all its evidence, one cancelled, one that still waits."""
    facts: list[Fact] = []
    for i in range(4):
        facts += life(f"served-{i:02}", BellState.SERVED, at_ms=T0 + i * 60_000, stop=2 + i % 2, rider=f"r{i}")
    facts += life("passed-01", BellState.PASSED)
    facts += life("cancelled-01", BellState.CANCELLED, at_ms=T0 + 300_000)
    facts += life("waiting-01", BellState.WAITING, at_ms=T0 + 1_000_000, stop=4)
    visits = [visit(3, T0 + 92_000, outcome=VisitOutcome.PASSED), visit(2, T0 + 50_000)]
    await keep(journal, Batch(facts=[*facts, *alerts()], visits=visits, notes=[passage(), report()]))
