"""What every `ports.Analysis` must answer from what its journal holds."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from server.core.alerts import alert_id
from server.core.model import (
    Alert,
    AlertId,
    Bell,
    BellId,
    BellKind,
    BellState,
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
from server.evidence import Asked, DoorNote, Glimpse, PassageNote, ReportNote, TerminalNote, bell_handle
from server.ports import Batch, Journal

if TYPE_CHECKING:
    from tests.contract.conftest import Backend, BackendKind

HOUR_MS = 3_600_000
ALL = Asked(from_ms=0, to_ms=100 * HOUR_MS)
TRIP = TripKey(TripId("t1"), "20261122")
BUS = VehicleId("v1")
ALERT = alert_id(BUS, TRIP, 7)


def bell(name: str, at_ms: int = 1_000, *, rider: str = "r1", route: str = "88", stop: str = "s1") -> Bell:
    return Bell(
        bell_id=BellId(name),
        rider_id=RiderId(rider),
        kind=BellKind.BOARD,
        stop_id=StopId(stop),
        route_id=RouteId(route),
        state=BellState.WAITING,
        rung_ms=at_ms,
        changed_ms=at_ms,
        party=2,
        needs=(Need.WHEELCHAIR,),
    )


def then(before: Bell, state: BellState, after_ms: int, *, reason: Reason | None = None, attempt: int = 1) -> Bell:
    """The bell's next record; with a bus once it is assigned."""
    return msgspec.structs.replace(
        before,
        state=state,
        changed_ms=before.rung_ms + after_ms,
        vehicle_id=BUS,
        trip=TRIP,
        visit_sequence=7,
        reason=reason,
        attempt=attempt,
    )


def whole(first: Bell) -> list[Bell]:
    """Rung, shown after 5 s, passed after 60 s, given to the next bus, served."""
    states = BellState
    told = [
        (states.ASSIGNED, 100),
        (states.SHOWN, 5_000),
        (states.PASSED, 60_000),
        (states.ASSIGNED, 60_000),
        (states.SERVED, 300_000),
    ]
    return [first, *(then(first, state, ms, attempt=1 + (i > 2)) for i, (state, ms) in enumerate(told))]


def alert(stage: Stage, at_ms: int, *, shown_ms: int | None = None, outcome: Outcome | None = None) -> Alert:
    return Alert(
        alert_id=AlertId(ALERT),
        vehicle_id=BUS,
        trip=TRIP,
        stop_id=StopId("s1"),
        stop_sequence=7,
        stop_name="시장",
        stage=stage,
        boarding=2,
        alighting=0,
        needs=(),
        distance_m=180.0,
        eta_s=20.0,
        valid_until_along_m=900.0,
        at_ms=at_ms,
        shown_ms=shown_ms,
        outcome=outcome,
    )


async def keep(journal: Journal, batch: Batch) -> None:
    answer: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()
    journal.append(batch, answer.set_result)
    assert await answer is None


async def test_a_life_says_when_what_was_reached(backend: "Backend") -> None:
    await keep(backend.journal, Batch(facts=whole(bell("bell-0001"))))
    (life,) = (await backend.analysis.lives(ALL, limit=10)).rows
    assert (life.state, life.attempts, life.passed, life.party) == (BellState.SERVED, 2, 1, 2)
    assert (life.rung_ms, life.assigned_ms, life.shown_ms, life.ended_ms) == (1_000, 1_100, 6_000, 301_000)
    assert (life.acknowledged_ms, life.arrived_ms) == (None, None)
    assert life.needs == (Need.WHEELCHAIR,)
    assert life.vehicle_id == BUS
    assert life.handle == bell_handle(bell("bell-0001"))


async def test_pages_of_lives_follow_each_other_without_gap_or_repetition(backend: "Backend") -> None:
    await keep(backend.journal, Batch(facts=[bell(f"bell-{i:04}", 1_000 + i // 3) for i in range(25)]))
    seen, after = [], None
    while True:
        page = await backend.analysis.lives(ALL, limit=7, after=after)
        assert page.count == 25
        seen += [life.handle for life in page.rows]
        if page.next is None:
            break
        after = page.next
    assert seen == [bell_handle(bell(f"bell-{i:04}", 1_000 + i // 3)) for i in reversed(range(25))]
    assert len((await backend.analysis.lives(ALL, limit=99, after="nonsense")).rows) == 25


async def test_only_what_is_asked_for(backend: "Backend") -> None:
    facts = [*whole(bell("bell-0001")), bell("bell-0002", 2_000, route="7"), bell("bell-0003", 3_000, stop="s2")]
    await keep(backend.journal, Batch(facts=facts))

    async def found(**more: object) -> list[int]:
        asked = msgspec.structs.replace(ALL, **more)
        lives = (await backend.analysis.lives(asked, limit=10)).rows
        assert [life.rung_ms for life in backend.analysis.each_life(asked)] == [life.rung_ms for life in lives[::-1]]
        return [life.rung_ms for life in lives]

    assert await found(route_id="7") == [2_000]
    assert await found(stop_id="s2", state=BellState.WAITING) == [3_000]
    assert await found(passed=True) == [1_000]
    assert await found(vehicle_id="v1", kind=BellKind.BOARD) == [1_000]
    assert await found(from_ms=2_000, to_ms=3_000) == [2_000]
    assert await found(kind=BellKind.ALIGHT) == []


async def test_tallies_count_each_bell_once_in_its_group(backend: "Backend") -> None:
    facts = [
        *whole(bell("bell-0001")),
        bell("bell-0002", 2 * HOUR_MS + 5, route="7"),
        *whole(bell("bell-0003", HOUR_MS - 1))[:3],
    ]
    await keep(backend.journal, Batch(facts=facts))
    (all_of_them,) = await backend.analysis.tallies(ALL, "all")
    assert (all_of_them.bells, all_of_them.open, all_of_them.passbys) == (3, 2, 1)
    assert sorted(all_of_them.ring_to_shown_ms) == [5_000, 5_000]
    by_route = {tally.key: tally for tally in await backend.analysis.tallies(ALL, "route")}
    assert by_route["88"].by_state == {"served": 1, "shown": 1}
    assert (by_route["7"].bells, by_route["7"].passed_bells) == (1, 0)
    by_hour = await backend.analysis.tallies(ALL, "hour")
    assert [(tally.key, tally.bells) for tally in by_hour] == [("0", 2), (str(2 * HOUR_MS), 1)]
    assert [tally.key for tally in await backend.analysis.tallies(ALL, "stop")] == ["s1"]
    assert await backend.analysis.tallies(Asked(from_ms=0, to_ms=1), "all") == []


async def test_the_story_of_a_bell_holds_its_alerts_and_reports(backend: "Backend") -> None:
    records = whole(bell("bell-0001"))
    shown = [alert(Stage.AHEAD, 1_200), alert(Stage.AHEAD, 1_200, shown_ms=5_900)]
    handle = bell_handle(records[0])
    report = ReportNote(400_000, handle, BUS, RouteId("88"), StopId("s1"), 61_000)
    await keep(backend.journal, Batch(facts=[*records, *shown, bell("bell-0002")], notes=[report]))
    story = await backend.analysis.story(handle)
    assert story is not None
    assert list(story.bells) == records
    assert list(story.alerts) == shown
    assert story.reports == (report,)
    assert await backend.analysis.story("ffffffffffff") is None


async def test_a_pass_by_gathers_the_riders_it_left_and_its_evidence(backend: "Backend") -> None:
    first, second = whole(bell("bell-0001")), whole(bell("bell-0002", rider="r2"))
    alerts = [
        alert(Stage.AHEAD, 1_200),
        alert(Stage.NOW, 40_000, shown_ms=5_900),
        alert(Stage.NOW, 40_000, outcome=Outcome.PASSED),
    ]
    visit = StopVisit(61_500, BUS, TRIP, StopId("s1"), 7, 59_000, 62_000, 0.0, VisitOutcome.PASSED, 0.99)
    other = msgspec.structs.replace(visit, stop_sequence=6, at_ms=60_500)
    passage = PassageNote(61_000, ALERT, BUS, TRIP, StopId("s1"), 7, Outcome.PASSED, (Glimpse(60_000, -4.0, 11.5),))
    facts = [record for pair in zip(first, second, strict=True) for record in pair]
    await keep(backend.journal, Batch(facts=[*facts, *alerts], visits=[visit, other], notes=[passage]))
    (listed,) = await backend.analysis.passbys(ALL, limit=5)
    assert set(listed.handles) == {bell_handle(first[0]), bell_handle(second[0])}
    assert (listed.party, listed.visit, listed.alerts, listed.passage) == (4, visit, (), None)
    evidence = await backend.analysis.passby(listed.n)
    assert evidence is not None
    assert list(evidence.alerts) == alerts
    assert evidence.passage == passage
    assert evidence.handles == listed.handles
    assert await backend.analysis.passby(10**9) is None
    for nobody in ({"route_id": "7"}, {"stop_id": "s9"}, {"vehicle_id": "v9"}, {"kind": BellKind.ALIGHT}):
        assert await backend.analysis.passbys(msgspec.structs.replace(ALL, **nobody), limit=5) == []


async def test_notes_are_found_by_time_kind_and_what_they_are_about(backend: "Backend") -> None:
    silent = [TerminalNote(1_000 * i, VehicleId(f"v{i % 2}"), "silent", wrong=i % 3 == 0) for i in range(9)]
    door = DoorNote(5_000, "ring", "a1b2", 12, StopId("s1"))
    await keep(backend.journal, Batch(notes=[*silent, door]))
    analysis = backend.analysis
    assert await analysis.notes("terminal", from_ms=2_000, to_ms=5_000, limit=99) == silent[2:5]
    assert await analysis.notes("terminal", from_ms=0, to_ms=99_000, limit=3) == silent[-3:]
    assert await analysis.notes("terminal", from_ms=0, to_ms=99_000, limit=99, about="v1") == silent[1::2]
    assert await analysis.notes("door", from_ms=0, to_ms=99_000, limit=9) == [door]


async def test_riders_who_never_ride_and_stops_that_are_stormed(backend: "Backend") -> None:
    facts: list[Bell] = []
    for i in range(6):
        rung = bell(f"bell-{i:04}", 1_000 + i, rider="again")
        facts += [rung, then(rung, BellState.CANCELLED, 500)]
    facts += whole(bell("bell-once", rider="calm"))
    await keep(backend.journal, Batch(facts=facts))
    (worst,) = await backend.analysis.riders(from_ms=0, to_ms=HOUR_MS, limit=9)
    assert (worst.rider, worst.bells, worst.cancelled, worst.served) == ("again", 6, 6, 0)
    (rush,) = await backend.analysis.rushes(from_ms=0, to_ms=HOUR_MS, least=7, limit=9)
    assert (rush.stop_id, rush.from_ms, rush.rings, rush.riders, rush.cancelled) == ("s1", 0, 7, 2, 6)
    assert await backend.analysis.rushes(from_ms=0, to_ms=HOUR_MS, least=8, limit=9) == []


async def test_stop_visits_of_a_window_in_order(backend: "Backend") -> None:
    visits = [StopVisit(at, BUS, TRIP, StopId("s1"), 7, at, None, 9.0, VisitOutcome.STOPPED, 1.0) for at in (3, 1, 2)]
    await keep(backend.journal, Batch(visits=visits))
    assert [visit.at_ms for visit in backend.analysis.each_visit(from_ms=1, to_ms=3)] == [1, 2]


async def test_what_was_asked_before_is_answered_alike_after_a_restart(kind: "BackendKind", tmp_path: Path) -> None:
    opened = await kind.open(tmp_path)
    await keep(opened.journal, Batch(facts=whole(bell("bell-0001"))))
    before = await opened.analysis.lives(ALL, limit=10)
    await opened.aclose()
    again = await kind.open(tmp_path)
    assert await again.analysis.lives(ALL, limit=10) == before
    await again.aclose()
