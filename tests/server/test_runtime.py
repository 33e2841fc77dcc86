"""The runtime on a real journal: decide, keep, tell; what a client that comes back is given; what happens when keeping fails."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from server.backends.embedded.backend import EmbeddedBackend, open_embedded
from server.clock import ShiftedClock
from server.core.assembly import Call, PlannedTrip, build_network
from server.core.effects import BellChanged, BellRepeated, Effect, Refused
from server.core.engine import RouteEngine
from server.core.events import Cancel, Fix, Presence, Ring, Shown, SignOn
from server.core.model import (
    Bell,
    BellId,
    BellKind,
    BellState,
    Doors,
    Reason,
    RiderId,
    RouteId,
    StopId,
    TripId,
    VehicleId,
)
from server.core.network import Network, Route, Stop
from server.core.policy import Policy
from server.evidence import TerminalNote, bell_handle
from server.ports import Outgoing
from server.protocol import messages as wire
from server.runtime import Runtime
from server.settings import RuntimeSettings
from server.streams import Streams, rider_stream, terminal_stream

BUS = VehicleId("bus-1")
DAY = "20261120"


def network() -> Network:
    stops = [Stop(StopId(f"s{i}"), f"{i}", f"정류장 {i}", 37.26, 127.0 + i * 0.005, 0, {}) for i in range(5)]
    calls = [Call(s.stop_id, 36_000 + i * 60) for i, s in enumerate(stops)]
    trips = [(PlannedTrip("t1", "r1", direction_id=0), calls), (PlannedTrip("t2", "r1", direction_id=0), calls)]
    return build_network(stops=stops, routes=[Route(RouteId("r1"), "a", "1", "", 3)], trips=trips)


class Shard:
    """A runtime on a data directory, with a terminal and a rider listening."""

    def __init__(self, backend: EmbeddedBackend, runtime: Runtime) -> None:
        self.backend, self.runtime = backend, runtime

    def fix(self, lon: float, *, doors: Doors | None = None, speed_mps: float = 10.0) -> Fix:
        now = self.runtime.clock.now_ms()
        return Fix(BUS, now, now, 37.26, lon, speed_mps=speed_mps, heading_deg=90.0, accuracy_m=4.0, doors=doors)

    def ring(self, bell_id: str = "bell-00001", rider: str = "rider", stop: str = "s2") -> Ring:
        where = Presence(proven=True)
        return Ring(BellId(bell_id), RiderId(rider), BellKind.BOARD, StopId(stop), RouteId("r1"), presence=where)

    async def bus_on_its_way(self) -> None:
        self.runtime.link(BUS, up=True)
        await self.runtime.ask(SignOn(BUS, "on", TripId("t1"), DAY))
        await self.runtime.ask(self.fix(127.006))


@contextlib.asynccontextmanager
async def shard(data: Path, *, max_bytes: int | None = None, **settings: int) -> AsyncIterator[Shard]:
    """Open a shard on a directory; the clock stands in the service day's morning."""
    backend = await open_embedded(data, max_bytes=max_bytes)
    net = network()
    engine = RouteEngine(net, Policy(), vehicles={}, assume_terminal=False)
    clock = ShiftedClock(net.day_start_ms(DAY) + 36_030_000)
    runtime = Runtime(
        net,
        engine,
        backend.journal,
        backend.relay,
        analysis=backend.analysis,
        vehicles={},
        clock=clock,
        settings=RuntimeSettings(**settings),
    )
    await runtime.start()
    try:
        yield Shard(backend, runtime)
    finally:
        await runtime.stop()
        await backend.aclose()


class Ear:
    """A subscriber that remembers the frames."""

    def __init__(self) -> None:
        self.frames: list[dict[str, object]] = []

    def deliver(self, frame: bytes, *, seq: int | None, key: str) -> None:
        self.frames.append(json.loads(frame))

    def states(self) -> list[object]:
        return [f["state"] for f in self.frames if f["type"] == "bell"]


async def test_a_bell_is_kept_before_anybody_hears_of_it(tmp_path: Path) -> None:
    async with shard(tmp_path) as s:
        rider, terminal, operator = Ear(), Ear(), Ear()
        s.backend.relay.subscribe(rider_stream(RiderId("rider")), rider)
        s.backend.relay.subscribe(terminal_stream(BUS), terminal)
        s.backend.relay.subscribe("ops:bells", operator)
        await s.bus_on_its_way()
        effects = await s.runtime.ask(s.ring())
        assert [e.bell.state for e in effects if isinstance(e, BellChanged)] == [BellState.WAITING, BellState.ASSIGNED]
        kept = await s.backend.journal.find_bell(BellId("bell-00001"))
        assert kept is not None
        assert kept.state is BellState.ASSIGNED
        assert rider.states() == ["waiting", "assigned"]
        assert [f["type"] for f in terminal.frames] == ["trip", "alert"]
        assert [f["seq"] for f in terminal.frames] == [1, 2]
        assert "rider" not in json.dumps(operator.frames) + json.dumps(terminal.frames)
        assert "bell-00001" not in json.dumps(operator.frames) + json.dumps(terminal.frames)
        await s.runtime.ask(Shown(BUS, str(terminal.frames[1]["alert_id"]), 0))  # type: ignore[arg-type]
        assert rider.states()[-1] == "shown"
        metrics = s.runtime.metrics()
        assert metrics.bells_by_state["shown"] == 1
        assert metrics.ring_to_shown_ms["p50"] is not None


async def test_the_same_ring_after_a_restart_is_not_a_second_bell(tmp_path: Path) -> None:
    async with shard(tmp_path) as s:
        await s.runtime.ask(s.ring())
        await s.runtime.ask(Cancel(BellId("bell-00001"), RiderId("rider")))
    async with shard(tmp_path) as s:
        effects = await s.runtime.ask(s.ring())
        assert isinstance(effects[0], BellRepeated)
        assert effects[0].bell.state is BellState.CANCELLED


async def test_a_terminal_resumes_across_a_restart(tmp_path: Path) -> None:
    async with shard(tmp_path) as s:
        await s.bus_on_its_way()
        await s.runtime.ask(s.ring())
        epoch = s.backend.journal.epoch
    async with shard(tmp_path) as s:
        back = await s.runtime.attach(terminal_stream(BUS), wire.Resume(epoch=epoch, seq=1))
        assert (back.recovered, back.seq) == (True, 2)
        assert [json.loads(m.frame)["type"] for m in back.frames] == ["alert"]
        up_to_date = await s.runtime.attach(terminal_stream(BUS), wire.Resume(epoch=epoch, seq=2))
        assert (up_to_date.recovered, list(up_to_date.frames)) == (True, [])
        other = await s.runtime.attach(terminal_stream(BUS), wire.Resume(epoch="another life", seq=1))
        assert other.recovered is False
        fresh = await s.runtime.attach(terminal_stream(BUS), None)
        assert (fresh.recovered, fresh.seq) == (False, 2)
        snapshot = s.runtime.terminal_snapshot(BUS)
        assert snapshot.trip is not None
        assert snapshot.trip.trip_id == "t1"
        assert [a.stop_id for a in snapshot.alerts] == ["s2"]
        assert [b.state for b in s.runtime.rider_snapshot(RiderId("rider")).bells] == ["assigned"]


async def test_a_cleared_alert_comes_back_as_its_clear() -> None:
    streams = Streams("e", {}, frames_max=64)
    for kind in ("alert", "alert", "clear"):
        streams.committed(Outgoing("terminal:b", streams.next_seq("terminal:b"), "alert:1", kind.encode(), 0))
    assert [m.frame for m in streams.attach("terminal:b", "e", 0).frames] == [b"clear"]


async def test_when_keeping_fails_nothing_is_announced_and_everything_is_refused(tmp_path: Path) -> None:
    """The disk is full (a real SQLITE_FULL): the rider hears a no, and never a state that nobody keeps."""
    async with shard(tmp_path, max_bytes=300_000) as s:
        ear, effects = Ear(), list[Effect]()
        for k in range(5_000):
            rider, ear = f"rider-{k}", Ear()
            leave = s.backend.relay.subscribe(rider_stream(RiderId(rider)), ear)
            effects = list(await s.runtime.ask(s.ring(f"bell-{k:05}", rider)))
            leave()
            if isinstance(effects[0], Refused):
                break
            assert ear.states() == ["waiting"]
        assert [e.reason for e in effects if isinstance(e, Refused)] == [Reason.STORE_UNAVAILABLE]
        assert ear.frames == []
        assert s.runtime.not_ready is not None
        again = await s.runtime.ask(s.ring("bell-again", "another"))
        assert [e.reason for e in again if isinstance(e, Refused)] == [Reason.STORE_UNAVAILABLE]


async def test_the_newest_fix_of_a_bus_wins(tmp_path: Path) -> None:
    async with shard(tmp_path) as s:
        await s.bus_on_its_way()
        heard: list[int] = []
        for k in range(3):
            s.runtime.submit(s.fix(127.0065 + k * 1e-5), lambda effects: heard.append(len(effects)))
            await asyncio.sleep(0.001)
        for k in range(3):
            fix = msgspec.structs.replace(s.fix(127.0066), at_ms=s.runtime.clock.now_ms() + k)
            s.runtime.submit(fix, lambda effects: heard.append(len(effects)))
        await asyncio.sleep(0.05)
        assert len(heard) == 6
        assert s.runtime.telemetry.fixes_overtaken >= 2


async def test_a_full_inbox_is_said(tmp_path: Path) -> None:
    async with shard(tmp_path, inbox_max=1) as s:
        s.runtime.submit(Cancel(BellId("nobody-00"), RiderId("rider")))
        effects = await s.runtime.ask(s.ring("bell-00009"))
        assert [e.reason for e in effects if isinstance(e, Refused)] == [Reason.BUSY]


def test_an_operator_s_handle_tells_nothing() -> None:
    bell = Bell(BellId("secret-id"), RiderId("r"), BellKind.BOARD, StopId("s"), RouteId("r1"), BellState.WAITING, 1, 1)
    assert "secret" not in bell_handle(bell)
    assert bell_handle(bell) == bell_handle(bell)


@pytest.mark.parametrize("rate", [0.0, -1.0])
def test_a_clock_must_run(rate: float) -> None:
    with pytest.raises(ValueError, match="rate"):
        ShiftedClock(0, rate=rate)


async def test_notes_are_kept_and_their_sender_hears_so(tmp_path: Path) -> None:
    note = TerminalNote(1_000, BUS, "silent", wrong=True)
    heard: asyncio.Queue[Reason | None] = asyncio.Queue()
    async with shard(tmp_path) as s:
        s.runtime.keep([note], heard.put_nowait)
        assert await heard.get() is None
        s.runtime.keep([note])
        await s.runtime.stop()
        s.runtime.keep([note], heard.put_nowait)
        assert await heard.get() is Reason.STORE_UNAVAILABLE
        assert s.runtime.telemetry.notes_dropped == 1
        assert await s.runtime.analysis.notes("terminal", from_ms=0, to_ms=2_000, limit=9) == [note, note]
