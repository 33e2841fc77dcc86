"""A journal against a plain model of one: any sequence of appends, kills of the connection and reads agrees with dicts."""

import asyncio
import tempfile
from collections.abc import Awaitable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from hypothesis import given, strategies as st

from server.core.model import (
    Assignment,
    Bell,
    BellId,
    BellKind,
    BellState,
    RiderId,
    RouteId,
    StopId,
    StopVisit,
    TripId,
    TripKey,
    VehicleId,
    VisitOutcome,
)
from server.ports import Batch, Outgoing

if TYPE_CHECKING:
    from tests.contract.conftest import Backend, BackendKind

TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
MS = st.integers(0, 2**53)
VEHICLES = st.sampled_from([VehicleId(f"버스-{n}") for n in range(3)])
TRIPS = st.builds(TripKey, trip_id=TEXT.map(TripId), start_date=st.just("20261122"))
BELLS = st.builds(
    Bell,
    bell_id=st.sampled_from([BellId(f"bell-000{n}") for n in range(4)]),
    rider_id=st.just(RiderId("r1")),
    kind=st.sampled_from(BellKind),
    stop_id=TEXT.map(StopId),
    route_id=TEXT.map(RouteId),
    state=st.sampled_from(BellState),
    rung_ms=st.just(1000),
    changed_ms=MS,
    direction_id=st.none() | st.integers(0, 1),
    vehicle_id=st.none() | VEHICLES,
    trip=st.none() | TRIPS,
)
ASSIGNMENTS = st.builds(Assignment, vehicle_id=VEHICLES, at_ms=MS, trip=st.none() | TRIPS)
VISITS = st.builds(
    StopVisit,
    at_ms=MS,
    vehicle_id=VEHICLES,
    trip=TRIPS,
    stop_id=TEXT.map(StopId),
    stop_sequence=st.integers(0, 200),
    arrived_ms=st.none() | MS,
    departed_ms=st.none() | MS,
    stood_s=st.floats(0, 3600),
    outcome=st.sampled_from(VisitOutcome),
    confidence=st.floats(0, 1),
)
STREAMS = st.sampled_from(["terminal:버스-0", "rider:r1", "rider:r2"])
Step: TypeAlias = tuple[list[Bell | Assignment], list[StopVisit], list[tuple[str, str, bytes]], str]
STEPS = st.lists(
    st.tuples(
        st.lists(BELLS | ASSIGNMENTS, max_size=5),
        st.lists(VISITS, max_size=3),
        st.lists(st.tuples(STREAMS, TEXT, st.binary(max_size=50)), max_size=90),
        st.sampled_from(["wait", "go on", "reopen"]),
    ),
    max_size=12,
)


ANSWERED = frozenset({BellState.SERVED, BellState.BOARDED})
"""Their riders may still be on board: an engine that starts again has to know them."""


class Model:
    """What a journal must answer, by dicts and lists."""

    def __init__(self) -> None:
        self.bells: dict[str, Bell] = {}
        self.assignments: dict[str, Assignment] = {}
        self.visits: list[StopVisit] = []
        self.streams: dict[str, list[Outgoing]] = {}

    def batch(
        self, facts: list[Bell | Assignment], visits: list[StopVisit], frames: list[tuple[str, str, bytes]]
    ) -> Batch:
        """Number the frames and remember everything."""
        outgoing = []
        for stream, key, frame in frames:
            kept = self.streams.setdefault(stream, [])
            kept.append(Outgoing(stream=stream, seq=len(kept) + 1, key=key, frame=frame, at_ms=7))
            outgoing.append(kept[-1])
        for fact in facts:
            if isinstance(fact, Bell):
                self.bells[fact.bell_id] = fact
            else:
                self.assignments[fact.vehicle_id] = fact
        self.visits += visits
        return Batch(facts=facts, visits=visits, outgoing=outgoing)

    async def compare(self, backend: "Backend") -> None:
        recovered = await backend.journal.recover()
        bells = {fact.bell_id: fact for fact in recovered.facts if isinstance(fact, Bell)}
        assignments = {fact.vehicle_id: fact for fact in recovered.facts if isinstance(fact, Assignment)}
        assert bells == {bell.bell_id: bell for bell in self.bells.values() if not bell.ended or bell.state in ANSWERED}
        assert assignments == {one.vehicle_id: one for one in self.assignments.values() if one.trip is not None}
        assert recovered.last_seq == {stream: len(kept) for stream, kept in self.streams.items()}
        for bell in self.bells.values():
            assert await backend.journal.find_bell(bell.bell_id) == bell
        assert list(await backend.journal.stop_visits(0, 1000)) == sorted(self.visits, key=lambda one: one.at_ms)
        for stream, kept in self.streams.items():
            assert await backend.journal.outgoing_since(stream, len(kept) - len(kept[-64:]), 64) == kept[-64:]


@given(steps=STEPS)
def test_any_sequence_agrees_with_the_model(kind: "BackendKind", steps: list[Step]) -> None:
    async def run(place: Path) -> None:
        model, backend = Model(), await kind.open(place)
        waiting: list[Awaitable[BaseException | None]] = []
        for facts, visits, frames, then in steps:
            waiting.append(_append(backend, model.batch(facts, visits, frames)))
            match then:
                case "wait":
                    await waiting[-1]
                    await model.compare(backend)
                case "reopen":
                    await backend.aclose()
                    backend = await kind.open(place)
                    await model.compare(backend)
        assert set(await asyncio.gather(*waiting)) <= {None}
        await model.compare(backend)
        await backend.aclose()

    with tempfile.TemporaryDirectory() as place:
        asyncio.run(run(Path(place)))


def _append(backend: "Backend", batch: Batch) -> "asyncio.Future[BaseException | None]":
    answer: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()
    backend.journal.append(batch, answer.set_result)
    return answer
