"""Both SDKs against the real server: a bell's whole life, and the server killed with SIGKILL in the middle of it."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from driver_terminal.client import TerminalClient
from driver_terminal.display import DisplayedAlert
from loadtest.__main__ import bundled_network
from loadtest.driving import DrivenBus
from loadtest.fleet import Duties, Duty
from rider_client.bell import RiderBell
from rider_client.client import RiderClient
from server.core.model import BellState, Outcome, Reason
from server.core.network import Network, Visit
from server.gtfs.compiled import load
from server.protocol.messages import AlertMessage, PresenceClaim, Refused, TripMessage
from server.protocol.session import LinkStopped, StopReason
from server.protocol.tokens import Role
from tests.live.running_server import RunningServer, running_server

pytestmark = pytest.mark.chaos
WHOLE_STORY_S = 120.0


@pytest.fixture
async def real(town_file: Path, tmp_path: Path) -> AsyncIterator[RunningServer]:
    async with running_server(town_file, tmp_path / "data") as server:
        yield server


@pytest.fixture(scope="module")
def town_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundled_network(tmp_path_factory.mktemp("town"))


@pytest.fixture(scope="module")
def network(town_file: Path) -> Network:
    return load(town_file)


class Cab:
    """A driver who stops for what he is shown, and only for that."""

    def __init__(self, bus: DrivenBus) -> None:
        self.bus = bus
        self.shown: list[tuple[str, str, int]] = []
        self.cleared: list[Outcome | None] = []
        self.off: list[bool] = []
        self.gone = asyncio.Event()

    async def show(self, alert: AlertMessage) -> None:
        self.shown.append((alert.stop_id, alert.stage, alert.boarding))
        visit = self.bus.visit(alert.stop_sequence)
        assert visit is not None
        assert self.bus.along_m < visit.along_m + 30, "an alert behind its stop"
        self.bus.stop_at(visit.index)

    async def clear(self, alert: AlertMessage, outcome: Outcome | None) -> None:
        self.cleared.append(outcome)
        self.gone.set()

    async def bell_off(self, off: bool) -> None:
        self.off.append(off)


def before_a_stop(network: Network, *, seed: int, metres: float) -> tuple[Duty, Visit, DrivenBus]:
    """A run, a visit of it, and a bus so many metres before that visit."""
    duties = Duties(network, now_ms=time.time_ns() // 1_000_000, rng=random.Random(seed))
    for _ in range(50):
        duty = duties.take()
        assert duty is not None
        visits = [v for v in duty.pattern.visits if v.along_m >= metres + 250 and v.pickup_type == 0]
        if visits and duty.pattern.path.length_m > visits[0].along_m + 500:
            visit = visits[0]
            along_m = visit.along_m - metres
            bus = DrivenBus(duty.pattern, network.frame, along_m=along_m, cruise_mps=12.0, rng=random.Random(seed))
            return duty, visit, bus
    raise AssertionError("no run of the town has such a stop")


async def drive(client: TerminalClient, bus: DrivenBus) -> None:
    while True:
        lat, lon = bus.place()
        client.fix(
            lat=lat,
            lon=lon,
            speed_mps=bus.speed_mps,
            heading_deg=bus.heading_deg(),
            accuracy_m=4.0,
            doors=bus.doors,
            along_m=bus.along_m,
        )
        await asyncio.sleep(1.0)
        bus.step(1.0)


async def sign_on(client: TerminalClient, duty: Duty) -> None:
    answer = await client.sign_on(trip_id=duty.trip_id, start_date=duty.start_date)
    assert isinstance(answer, TripMessage)
    assert answer.trip_id == duty.trip_id
    assert [stop.stop_sequence for stop in answer.stops] == [v.stop_sequence for v in duty.pattern.visits]


async def ring(client: RiderClient, network: Network, duty: Duty, visit: Visit, vehicle_id: str) -> RiderBell:
    stop = network.stops[visit.stop_id]
    answer = await client.ring(
        stop_id=visit.stop_id,
        route_id=duty.pattern.route_id,
        stop_sequence=visit.stop_sequence,
        vehicle_id=vehicle_id,
        presence=PresenceClaim(lat=stop.lat, lon=stop.lon, accuracy_m=5.0),
    )
    assert isinstance(answer, RiderBell), answer
    return answer


async def test_a_bell_from_ring_to_served_with_the_server_killed_in_between(
    real: RunningServer, network: Network, tmp_path: Path
) -> None:
    """The accepted bell, the sign-on and the alert survive; nothing is displayed twice; both clients come back alone."""
    duty, visit, bus = before_a_stop(network, seed=12, metres=230.0)
    cab, stamps = Cab(bus), list[DisplayedAlert]()
    terminal = TerminalClient(
        real.url,
        real.token(Role.TERMINAL, "bus-2", vehicle_id="bus-2"),
        "bus-2",
        display=cab,
        state_path=tmp_path / "state.sqlite",
        on_alert=stamps.append,
    )
    async with (
        asyncio.timeout(WHOLE_STORY_S),
        terminal,
        RiderClient(real.url, real.token(Role.RIDER, "rider-2"), lang="en") as rider,
    ):
        await sign_on(terminal, duty)
        driving = asyncio.create_task(drive(terminal, bus))
        async with rider.watch(visit.stop_id) as watch:
            async for arrivals in watch:
                if any(row.vehicle_id == "bus-2" and row.ringable for row in arrivals.buses):
                    break
        bell = await ring(rider, network, duty, visit, "bus-2")
        async for message in bell.states():
            if message.state is BellState.SHOWN:
                break
        await real.kill()
        await real.launch()
        await real.ready()
        states = [message.state async for message in bell.states()]
        await asyncio.wait_for(cab.gone.wait(), 30)
        driving.cancel()
    assert not bell.lost
    assert states[-1] is BellState.SERVED
    assert len(states) == len(set(states))
    assert len(cab.shown) == len(set(cab.shown)), f"displayed twice: {cab.shown}"
    assert cab.off[:2] == [True, False]
    assert True in cab.off[2:-1], "the driver was told that the bell was off"
    assert cab.cleared == [Outcome.SERVED]
    assert all(0 <= one.decided_to_displayed_ms < 60_000 for one in stamps)


async def test_refusals_and_final_closes(real: RunningServer, network: Network) -> None:
    duty, _, bus = before_a_stop(network, seed=13, metres=200.0)
    token = real.token(Role.TERMINAL, "bus-3", vehicle_id="bus-3")
    async with asyncio.timeout(30), TerminalClient(real.url, token, "bus-3", display=Cab(bus)) as older:
        unknown = await older.sign_on(trip_id="no-such-trip")
        assert isinstance(unknown, Refused)
        assert unknown.reason is Reason.UNKNOWN_TRIP
        await sign_on(older, duty)
        async with TerminalClient(real.url, token, "bus-3", display=Cab(bus)) as newer:
            with pytest.raises(LinkStopped) as stopped:
                await older.link.stopped()
            assert stopped.value.reason is StopReason.SUPERSEDED
            assert newer.link.live
            assert newer.trip is not None
            assert newer.trip.trip_id == duty.trip_id
            assert isinstance(await newer.sign_off(), TripMessage)
            assert newer.alerts == ()
    async with asyncio.timeout(30), RiderClient(real.url, "no.such.token") as nobody:
        with pytest.raises(LinkStopped, match="token"):
            await nobody.link.stopped()
    async with asyncio.timeout(30), RiderClient(real.url, token) as wrong:
        with pytest.raises(LinkStopped) as stopped:
            await wrong.link.stopped()
        assert stopped.value.reason is StopReason.FORBIDDEN
    async with asyncio.timeout(30), RiderClient(real.url, real.token(Role.RIDER, "rider-3")) as rider:
        async with rider.watch("no-such-stop") as watch:
            assert [arrivals async for arrivals in watch] == []
            assert watch.refused is not None
            assert watch.refused.reason is Reason.UNKNOWN_STOP
        refused = await rider.ring(stop_id="no-such-stop", route_id=duty.pattern.route_id)
        assert isinstance(refused, Refused)
        assert refused.reason is Reason.UNKNOWN_STOP
