"""What every `ports.Journal` must do; the runtime relies on nothing else."""

import asyncio
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from server.core.model import (
    Alert,
    AlertId,
    Assignment,
    Bell,
    BellId,
    BellKind,
    BellState,
    Fact,
    Need,
    Outcome,
    Reason,
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
from server.ports import Batch, Journal, JournalFullError, Outgoing

if TYPE_CHECKING:
    from tests.contract.conftest import Backend, BackendKind

TRIP = TripKey(trip_id=TripId("t1"), start_date="20261122")


def bell(
    name: str = "bell-0001", *, state: BellState = BellState.WAITING, rider: str = "r1", at_ms: int = 1000
) -> Bell:
    return Bell(
        bell_id=BellId(name),
        rider_id=RiderId(rider),
        kind=BellKind.BOARD,
        stop_id=StopId("정류장"),
        route_id=RouteId("G1300"),
        state=state,
        rung_ms=at_ms,
        changed_ms=at_ms,
        needs=(Need.WHEELCHAIR, Need.BLIND),
        trip=TRIP,
        reason=Reason.OVERTAKEN,
        tried=(VehicleId("v0"),),
    )


def alert(name: str = "a1", *, outcome: Outcome | None = None, eta_s: float = 12.5) -> Alert:
    return Alert(
        alert_id=AlertId(name),
        vehicle_id=VehicleId("v1"),
        trip=TRIP,
        stop_id=StopId("s1"),
        stop_sequence=7,
        stop_name="승차벨 앞",
        stage=Stage.AHEAD,
        boarding=2,
        alighting=0,
        needs=(Need.SLOW,),
        distance_m=0.1 + 0.2,
        eta_s=eta_s,
        valid_until_along_m=1 / 3,
        at_ms=5,
        outcome=outcome,
        bells=(BellId("bell-0001"),),
    )


def visit(at_ms: int, *, vehicle: str = "v1") -> StopVisit:
    return StopVisit(
        at_ms=at_ms,
        vehicle_id=VehicleId(vehicle),
        trip=TRIP,
        stop_id=StopId("s1"),
        stop_sequence=7,
        arrived_ms=at_ms - 20,
        departed_ms=None,
        stood_s=0.02,
        outcome=VisitOutcome.STOPPED,
        confidence=0.9,
    )


def message(stream: str, seq: int, *, key: str = "trip") -> Outgoing:
    return Outgoing(stream=stream, seq=seq, key=key, frame=f'{{"seq":{seq},"이름":"값"}}'.encode(), at_ms=seq)


def messages(stream: str, first: int, last: int) -> Batch:
    return Batch(outgoing=[message(stream, seq) for seq in range(first, last + 1)])


def seqs(kept: Sequence[Outgoing] | None) -> list[int] | None:
    return None if kept is None else [one.seq for one in kept]


async def keep(journal: Journal, batch: Batch) -> BaseException | None:
    """Append and wait for the answer."""
    answer: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()
    journal.append(batch, answer.set_result)
    return await answer


async def until_there_is_room(journal: Journal) -> None:
    while journal.full:
        await journal.recover()  # a read takes its turns on the event loop, as the answers do


async def test_a_new_journal_knows_nothing(backend: "Backend") -> None:
    recovered = await backend.journal.recover()
    assert list(recovered.facts) == []
    assert recovered.last_seq == {}
    assert await backend.journal.find_bell(BellId("bell-0001")) is None
    assert await backend.journal.outgoing_since("terminal:v1", 0, 64) == []
    assert backend.journal.failed is None
    assert not backend.journal.full


async def test_done_is_not_called_before_append_returns(backend: "Backend") -> None:
    told: list[BaseException | None] = []
    backend.journal.append(Batch(facts=[bell()]), told.append)
    assert len(told) == 0
    await keep(backend.journal, Batch())
    assert told == [None]


async def test_done_comes_in_the_order_of_append(backend: "Backend") -> None:
    told: list[int] = []

    def tell(n: int) -> Callable[[BaseException | None], None]:
        return lambda error: told.append(n if error is None else -1)

    for n in range(300):
        backend.journal.append(Batch(facts=[bell(f"bell-{n:04}")]) if n % 3 else Batch(), tell(n))
        if n % 50 == 0:
            await asyncio.sleep(0)
    await keep(backend.journal, Batch())
    assert told == list(range(300))


async def test_records_come_back_exactly(kind: "BackendKind", tmp_path: Path) -> None:
    facts: list[Fact] = [
        bell(),
        alert(),
        Assignment(vehicle_id=VehicleId("v1"), at_ms=3, trip=TRIP, route_id=RouteId("G1300"), direction_id=0),
    ]
    opened = await kind.open(tmp_path)
    assert await keep(opened.journal, Batch(facts=facts, visits=[visit(77)])) is None
    await opened.aclose()
    again = await kind.open(tmp_path)
    assert list((await again.journal.recover()).facts) == facts
    assert list(await again.journal.stop_visits(0, 10)) == [visit(77)]
    await again.aclose()


@pytest.mark.parametrize("eta_s", [math.inf, -0.0, 5e-324, 1e308])
async def test_any_float_survives(backend: "Backend", eta_s: float) -> None:
    await keep(backend.journal, Batch(facts=[alert(eta_s=eta_s)]))
    (kept,) = (await backend.journal.recover()).facts
    assert isinstance(kept, Alert)
    assert str(kept.eta_s) == str(eta_s)


async def test_recovery_gives_the_latest_record_of_what_has_not_ended_and_of_who_may_be_on_board(
    backend: "Backend",
) -> None:
    ended, open_, moved = bell("bell-ended"), bell("bell-open1"), bell("bell-moved")
    served = bell("bell-served", state=BellState.SERVED, at_ms=3000)
    later = bell("bell-moved", state=BellState.PASSED, at_ms=2000)
    on = Assignment(vehicle_id=VehicleId("v1"), at_ms=1, route_id=RouteId("G1300"))
    for batch in (
        Batch(facts=[ended, open_, moved, alert("a1"), alert("a2"), on]),
        Batch(
            facts=[bell("bell-ended", state=BellState.CANCELLED), served, later, alert("a2", outcome=Outcome.SERVED)]
        ),
        Batch(facts=[Assignment(vehicle_id=VehicleId("v2"), at_ms=2, trip=TRIP)]),
        Batch(facts=[Assignment(vehicle_id=VehicleId("v2"), at_ms=3)]),
    ):
        assert await keep(backend.journal, batch) is None
    assert list((await backend.journal.recover()).facts) == [open_, later, served, alert("a1"), on]


async def test_the_last_record_wins_within_one_batch(backend: "Backend") -> None:
    assigned = bell(state=BellState.ASSIGNED, at_ms=2)
    await keep(backend.journal, Batch(facts=[bell(), assigned, alert(), alert(outcome=Outcome.MOVED)]))
    assert list((await backend.journal.recover()).facts) == [assigned]


async def test_an_ended_bell_can_be_found(backend: "Backend") -> None:
    await keep(backend.journal, Batch(facts=[bell()]))
    ended = bell(state=BellState.BOARDED, at_ms=9)
    await keep(backend.journal, Batch(facts=[ended]))
    assert await backend.journal.find_bell(ended.bell_id) == ended


async def test_a_riders_bells_come_newest_first_and_nobody_elses(backend: "Backend") -> None:
    mine = [bell(f"bell-{n:04}", at_ms=n) for n in range(5)]
    await keep(backend.journal, Batch(facts=[*mine, bell("bell-other", rider="r2", at_ms=99)]))
    assert list(await backend.journal.recent_bells("r1", 3)) == [mine[4], mine[3], mine[2]]
    assert list(await backend.journal.recent_bells("nobody", 3)) == []


async def test_stop_visits_come_oldest_first_from_an_instant_on(backend: "Backend") -> None:
    await keep(backend.journal, Batch(visits=[visit(300), visit(100)]))
    await keep(backend.journal, Batch(visits=[visit(200), visit(200, vehicle="v2")]))
    assert [one.at_ms for one in await backend.journal.stop_visits(200, 10)] == [200, 200, 300]
    assert [one.at_ms for one in await backend.journal.stop_visits(0, 2)] == [100, 200]


async def test_a_client_resumes_where_it_left_off(backend: "Backend") -> None:
    await keep(backend.journal, messages("terminal:v1", 1, 10))
    await keep(backend.journal, messages("terminal:v2", 1, 2))
    kept = await backend.journal.outgoing_since("terminal:v1", 7, 64)
    assert kept == [message("terminal:v1", seq) for seq in (8, 9, 10)]
    assert seqs(await backend.journal.outgoing_since("terminal:v1", 7, 2)) == [8, 9]
    assert await backend.journal.outgoing_since("terminal:v1", 10, 64) == []


async def test_a_client_with_numbers_of_another_life_takes_a_snapshot(backend: "Backend") -> None:
    await keep(backend.journal, messages("terminal:v1", 1, 10))
    assert await backend.journal.outgoing_since("terminal:v1", 11, 64) is None
    assert await backend.journal.outgoing_since("terminal:unheard-of", 1, 64) is None


@pytest.mark.parametrize("step", [1, 7, 200])
async def test_the_last_64_messages_of_a_stream_are_kept(backend: "Backend", step: int) -> None:
    for first in range(1, 201, step):
        await keep(backend.journal, messages("rider:r1", first, min(first + step - 1, 200)))
    assert seqs(await backend.journal.outgoing_since("rider:r1", 136, 64)) == list(range(137, 201))
    assert (await backend.journal.recover()).last_seq == {"rider:r1": 200}


async def test_who_missed_more_than_is_kept_takes_a_snapshot(backend: "Backend") -> None:
    await keep(backend.journal, messages("rider:r1", 1, 1000))
    assert await backend.journal.outgoing_since("rider:r1", 1, 64) is None


async def test_numbers_and_epoch_live_on_after_reopening(kind: "BackendKind", tmp_path: Path) -> None:
    opened = await kind.open(tmp_path)
    epoch = opened.journal.epoch
    await keep(opened.journal, messages("terminal:v1", 1, 3))
    await opened.aclose()
    again = await kind.open(tmp_path)
    assert again.journal.epoch == epoch
    assert (await again.journal.recover()).last_seq == {"terminal:v1": 3}
    assert await keep(again.journal, messages("terminal:v1", 4, 4)) is None
    assert seqs(await again.journal.outgoing_since("terminal:v1", 0, 64)) == [1, 2, 3, 4]
    await again.aclose()


async def test_another_place_is_another_epoch(kind: "BackendKind", backend: "Backend", tmp_path: Path) -> None:
    other = await kind.open(tmp_path / "other")
    assert other.journal.epoch != backend.journal.epoch
    await other.aclose()


@pytest.mark.parametrize("seq", [0, 2, 3, 5, 99])
async def test_a_number_out_of_step_fails_the_journal(backend: "Backend", seq: int) -> None:
    await keep(backend.journal, messages("terminal:v1", 1, 3))
    error = await keep(backend.journal, Batch(facts=[bell()], outgoing=[message("terminal:v1", seq)]))
    assert error is not None
    assert backend.journal.failed is error
    assert await backend.journal.find_bell(bell().bell_id) is None
    assert (await backend.journal.recover()).last_seq == {"terminal:v1": 3}


@pytest.mark.parametrize("numbers", [[2], [1, 3], [1, 1], [2, 1]])
async def test_a_new_stream_must_count_from_one(backend: "Backend", numbers: list[int]) -> None:
    batch = Batch(outgoing=[message("terminal:v1", seq) for seq in numbers])
    assert await keep(backend.journal, batch) is not None
    assert (await backend.journal.recover()).last_seq == {}


async def test_after_a_failure_every_append_fails_until_a_restart(kind: "BackendKind", tmp_path: Path) -> None:
    opened = await kind.open(tmp_path)
    assert await keep(opened.journal, Batch(facts=[bell("bell-before")])) is None
    error = await keep(opened.journal, messages("terminal:v1", 9, 9))
    assert error is not None
    answers = await asyncio.gather(*[keep(opened.journal, Batch(facts=[bell("bell-later")])) for _ in range(3)])
    assert answers == [error] * 3
    assert not opened.journal.full
    await opened.aclose()
    again = await kind.open(tmp_path)
    assert again.journal.failed is None
    assert await again.journal.find_bell(BellId("bell-before")) is not None
    assert await again.journal.find_bell(BellId("bell-later")) is None
    assert await keep(again.journal, Batch(facts=[bell("bell-later")])) is None
    await again.aclose()


async def test_the_queue_is_bounded_and_says_so(backend: "Backend") -> None:
    told: list[BaseException | None] = []
    while not backend.journal.full:
        backend.journal.append(Batch(), told.append)
    with pytest.raises(JournalFullError):
        backend.journal.append(Batch(facts=[bell()]), told.append)
    await until_there_is_room(backend.journal)
    assert await keep(backend.journal, Batch()) is None
    assert set(told) == {None}
    assert await backend.journal.find_bell(bell().bell_id) is None


async def test_closing_commits_what_is_queued_and_tells(kind: "BackendKind", tmp_path: Path) -> None:
    opened = await kind.open(tmp_path)
    told: list[BaseException | None] = []
    for n in range(200):
        opened.journal.append(Batch(facts=[bell(f"bell-{n:04}")]), told.append)
    await opened.aclose()
    assert told == [None] * 200
    again = await kind.open(tmp_path)
    assert len((await again.journal.recover()).facts) == 200
    await again.aclose()


async def test_a_closed_journal_keeps_nothing_and_says_so(kind: "BackendKind", tmp_path: Path) -> None:
    opened = await kind.open(tmp_path)
    told: list[BaseException | None] = []
    opened.journal.append(Batch(facts=[bell("bell-early")]), told.append)
    closing = asyncio.create_task(opened.aclose())
    await asyncio.sleep(0)
    opened.journal.append(Batch(facts=[bell("bell-late1")]), told.append)
    await closing
    opened.journal.append(Batch(facts=[bell("bell-late2")]), told.append)
    await asyncio.sleep(0)
    assert told == [None, opened.journal.failed, opened.journal.failed]
    assert opened.journal.failed is not None
    await opened.aclose()


async def test_a_callback_that_raises_hurts_no_other(backend: "Backend") -> None:
    reported: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(str(context["exception"])))

    def broken(error: BaseException | None) -> None:
        raise RuntimeError("a caller's bug")

    backend.journal.append(Batch(facts=[bell()]), broken)
    assert await keep(backend.journal, Batch()) is None
    assert reported == ["a caller's bug"]
    assert backend.journal.failed is None
