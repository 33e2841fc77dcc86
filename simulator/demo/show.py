"""The demo from beginning to end: import the town, start the server, let the town live, settle, report."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from server.core.model import StopId, Vehicle, VehicleId
from server.core.network import Network, Visit
from server.gtfs import compiled
from server.gtfs.schedule import read_schedule
from server.protocol.messages import BellEvent
from simulator.bus import Bus, Stage
from simulator.demo.child import ServerProcess
from simulator.demo.clock import DemoClock
from simulator.demo.drivers import BusTerminal, Depot
from simulator.demo.feed import ControlCentre
from simulator.demo.operator import OperatorView
from simulator.demo.public import Public, Town
from simulator.demo.screen import Screen
from simulator.demo.tally import Tally
from simulator.driver import Habits
from simulator.events import Answered, Event, Fixed, Rang, SignedOff, SignedOn, TookBack, Visited
from simulator.networks import town
from simulator.networks.town_map import FARES_FILE, VEHICLES_FILE
from simulator.riders import Demand
from simulator.world import Options, World

TICK_S = 0.25
"""The town lives in quarters of a second, so that buses report at any time and not all at once."""
LAG_TICKS = 40
"""After a longer stall (a sleeping laptop) the town goes on from where it was, instead of running after the clock."""
DRAW_EVERY = 2
SETTLE_S = 20.0
SETTLE_SHARE = 0.3
"""No new riders in the last 20 s of a limited demo, or in the last three tenths of a short one."""
LAST_S = 5.0
"""Bells that still run so long before the end are cancelled by their riders. Each must end within this; most take 10 ms."""
VISITOR_M = (800.0, 3_000.0)
"""How far the stop page's stop is ahead of the driver screen's bus: two to eight minutes."""
WARM_S = 30.0
"""After this every bus, and most code, has been used once."""
LINK_UP_S = 5.0
"""So long the town waits for its terminals' links before the first visitor is let in."""
FIGURES_WAIT_S = 3.0
"""The server sends its figures every two seconds: the last ones of the report are no older than the last bell."""
SPAN_S = 7 * 86_400.0
AHEAD_M = (130.0, 450.0)
"""Riders come to stops that a bus reaches in ten seconds to a minute: a demo should not make anybody wait."""

TokenMaker = Callable[[str, str, str | None], str]


@dataclass(frozen=True, slots=True)
class Plan:
    """What the demo is to be. `token_of(role, subject, vehicle)` signs tokens, `nonce_of(stop)` makes a stop's QR nonce."""

    data_dir: Path
    port: int
    seed: int
    riders_per_minute: float
    speed: float
    for_s: float | None
    fleet: dict[VehicleId, Vehicle]
    token_of: TokenMaker
    nonce_of: Callable[[str], str]
    screen: Callable[[dict[str, str], Network], contextlib.AbstractContextManager[Screen]] | None
    told: Callable[[dict[str, str]], None]


def make_town(data_dir: Path) -> Path:
    """Write the town's feed and import it like anybody's; the compiled network's path."""
    feed, network = data_dir / "town.zip", data_dir / "town.network"
    town.write_feed(feed)
    schedule = read_schedule(feed)
    compiled.save(schedule.columns, network, problems=sum(schedule.problems.counts.values()))
    return network


async def run(plan: Plan, stop: asyncio.Event) -> dict[str, Any]:
    """Run the demo until its time is over or `stop` is set; the report. Raises `ServerDied`."""
    network_file = make_town(plan.data_dir)
    practice = ["--data", str(plan.data_dir / "practice-payments"), "--port", "0"]
    async with (
        ServerProcess(practice, plan.data_dir / "payments.log", command="payments") as payments,
        ServerProcess(_server_arguments(plan, network_file, payments.url), plan.data_dir / "server.log") as server,
        _stage(plan, server.url, compiled.load(network_file)) as show,
    ):
        memory = asyncio.create_task(_watch_memory(server))
        ended = asyncio.create_task(server.ended())
        living = asyncio.create_task(show.live(stop))
        try:
            await asyncio.wait({ended, living}, return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                ended.result()
            await living
        finally:
            for task in (living, ended, memory):
                task.cancel()
            await asyncio.gather(living, ended, memory, return_exceptions=True)
        return show.report() | {"server_rss_mb": server.memory | {"end": server.rss_mb()}}


async def _watch_memory(server: ServerProcess) -> None:
    """Note the server's memory at the start, and again when it is warm: from then on it should not grow."""
    server.memory["start"] = server.rss_mb()
    await asyncio.sleep(WARM_S)
    server.memory["warm"] = server.rss_mb()


def _server_arguments(plan: Plan, network_file: Path, payments_url: str) -> Sequence[str]:
    data = ["--network", str(network_file), "--data", str(plan.data_dir), "--vehicles", str(VEHICLES_FILE)]
    clock = ["--as-of", datetime.now(UTC).isoformat(), "--rate", str(plan.speed)] if plan.speed != 1.0 else []
    fares = ["--fares", str(FARES_FILE), "--payments", payments_url]
    return [*data, *fares, "--port", str(plan.port), "--demo", *clock]


@contextlib.asynccontextmanager
async def _stage(plan: Plan, url: str, network: Network) -> AsyncIterator["Show"]:
    """Open every socket of the demo that is not a bus's or a rider's."""
    async with AsyncExitStack() as stack:
        terminals: dict[str, BusTerminal] = {}

        def terminal_went(vehicle_id: str) -> None:
            if vehicle_id in terminals:
                terminals[vehicle_id].guest_left()

        def bell_changed(event: BellEvent) -> None:
            for terminal in terminals.values():
                terminal.bell_changed(event)

        token = plan.token_of("operator", "demo", None)
        view = OperatorView(url, token, terminal_went=terminal_went, bell_changed=bell_changed)
        operator = await stack.enter_async_context(view)
        centre = await stack.enter_async_context(ControlCentre(url, plan.token_of("feed", "demo-centre", None)))
        clock = DemoClock(await operator.server_now_ms(), plan.speed)
        tally = Tally(rate=plan.speed)
        depot = Depot(url, lambda vehicle: plan.token_of("terminal", f"bus {vehicle}", vehicle), clock, tally, centre)
        phones = Town(url, lambda rider: plan.token_of("rider", rider, None), plan.nonce_of, tally)
        options = Options(
            demand=Demand(per_minute=plan.riders_per_minute / plan.speed, ahead_m=AHEAD_M), habits=Habits()
        )
        world = World(
            network, seed=plan.seed, start_ms=clock.now_ms(), span_s=SPAN_S, options=options, fleet=plan.fleet
        )
        yield Show(plan, url, world, operator, depot, Public(phones), terminals)


class Show:
    """The running demo."""

    def __init__(
        self,
        plan: Plan,
        url: str,
        world: World,
        operator: OperatorView,
        depot: Depot,
        public: Public,
        terminals: dict[str, BusTerminal],
    ) -> None:
        self._plan = plan
        self._url = url
        self._world = world
        self._operator = operator
        self._depot = depot
        self._public = public
        self._terminals = terminals
        self._tasks: list[asyncio.Task[None]] = []
        self._ticks = 0

    async def live(self, stop: asyncio.Event) -> None:
        """Let the town live, settle, and put everything away."""
        try:
            await self._happen(self._world.begin())
            await self._link_up(stop)
            links = self._links()
            self._plan.told(links)
            with self._screen(links) as screen:
                await self._tick_until_end(stop, screen)
            await self._public.put_away()
            await self._operator.newer(FIGURES_WAIT_S)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
        self._depot.tally.close()

    def report(self) -> dict[str, Any]:
        """Give the whole result as it is written to JSON."""
        tally, metrics = self._depot.tally, self._operator.metrics
        head = {"schema": 1, "seed": self._plan.seed, "seconds": round(self._depot.clock.real_s(), 1)}
        server = (
            {
                "fixes_taken": metrics.fixes_taken,
                "fixes_refused": metrics.fixes_refused,
                "fix_to_alert_ms": metrics.fix_to_alert_ms,
                "alert_to_shown_ms": metrics.alert_to_shown_ms,
                "ring_to_shown_ms": metrics.ring_to_shown_ms,
                "passbys": metrics.passbys,
                "terminals_up": metrics.terminals_up,
            }
            if metrics is not None
            else None
        )
        fixes = metrics.fixes_taken if metrics is not None else None
        return head | tally.figures() | {"fixes_taken": fixes, "server": server, "violations": list(tally.violations)}

    async def _link_up(self, stop: asyncio.Event) -> None:
        """Wait until the buses' terminals are linked, so that a visitor who takes one takes it from them."""
        while not stop.is_set() and self._depot.clock.real_s() < LINK_UP_S:
            if all(terminal.live for terminal in self._terminals.values()):
                return
            await self._tick(stop, None, coming=False)

    # -- time ----------------------------------------------------------------------

    async def _tick_until_end(self, stop: asyncio.Event, screen: Screen | None) -> None:
        """Live until told to stop or until it is time; then cancel what still runs, and live on until all bells end."""
        while not stop.is_set() and not self._over():
            await self._tick(stop, screen, coming=self._coming())
        closing_s = self._depot.clock.real_s()
        await self._happen(self._world.crowd.go_home(self._world.now_ms))
        self._public.take_all_back()
        while self._public.phones and self._depot.clock.real_s() < closing_s + LAST_S:
            await self._tick(asyncio.Event(), screen, coming=False)

    async def _tick(self, stop: asyncio.Event, screen: Screen | None, *, coming: bool) -> None:
        """Live through a quarter of a second that is over, or wait until one is (or `stop`)."""
        clock = self._depot.clock
        behind = int(clock.real_s() / TICK_S) - self._ticks
        if behind > LAG_TICKS:
            self._ticks += behind - 1
        if behind > 0:
            self._ticks += 1
            await self._happen(self._world.step(TICK_S * clock.rate, coming=coming))
            if screen is not None and self._ticks % DRAW_EVERY == 0:
                self._draw(screen)
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout((self._ticks + 1) * TICK_S - clock.real_s()):
                await stop.wait()

    def _over(self) -> bool:
        return self._plan.for_s is not None and self._depot.clock.real_s() >= self._plan.for_s - self._last_s()

    def _coming(self) -> bool:
        if self._plan.for_s is None:
            return True
        settle_s = min(SETTLE_S, SETTLE_SHARE * self._plan.for_s)
        return self._depot.clock.real_s() < self._plan.for_s - self._last_s() - settle_s

    def _last_s(self) -> float:
        assert self._plan.for_s is not None
        return min(LAST_S, 0.1 * self._plan.for_s)

    # -- what happens --------------------------------------------------------------

    async def _happen(self, events: Sequence[Event]) -> None:
        """Carry out, through the SDKs, what buses and people do."""
        for event in events:
            match event:
                case SignedOn() | SignedOff() | Answered():
                    self._terminal(event.vehicle_id).duty(event)
                case Fixed():
                    await self._terminal(event.vehicle_id).fix(event)
                case Rang():
                    self._public.ring(event)
                case TookBack():
                    self._public.take_back(event.bell_id)
                case Visited():
                    self._depot.tally.visited(event)
                case _:
                    pass

    def _terminal(self, vehicle_id: str) -> BusTerminal:
        if vehicle_id not in self._terminals:
            terminal = self._terminals[vehicle_id] = BusTerminal(self._world.buses[vehicle_id], self._depot)
            task = asyncio.create_task(terminal.run())
            task.add_done_callback(self._terminal_broke)
            self._tasks.append(task)
        return self._terminals[vehicle_id]

    def _terminal_broke(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._depot.tally.violations.append(f"a terminal broke: {error!r}")

    # -- what is shown -------------------------------------------------------------

    def _screen(self, links: dict[str, str]) -> contextlib.AbstractContextManager[Screen | None]:
        if self._plan.screen is None:
            return contextlib.nullcontext()
        return self._plan.screen(links, self._world.network)

    def _draw(self, screen: Screen) -> None:
        screen.draw(
            self._depot.tally,
            self._operator.metrics,
            now_ms=self._depot.clock.now_ms(),
            buses=self._world.in_service(),
            terminals=sum(terminal.live for terminal in self._terminals.values()),
            waiting=len(self._world.crowd.waiting),
        )

    def _links(self) -> dict[str, str]:
        """Where a visitor goes: a busy stop's page and kiosk, the app, the screen of a bus on its way there, the operator's."""
        bus = self._guest_bus()
        stop_id = self._busy_stop(bus)
        return {
            "stop": f"{self._url}/s/{quote(stop_id)}?n={self._plan.nonce_of(stop_id)}",
            "ride": f"{self._url}/ride",
            "kiosk": f"{self._url}/kiosk/{quote(stop_id)}",
            "drive": f"{self._url}/drive?vehicle_id={quote(bus.vehicle_id)}&positions=feed",
            "ops": f"{self._url}/ops",
        }

    def _guest_bus(self) -> Bus:
        """A bus with many stops ahead of it."""
        buses = self._world.buses.values()
        driving = [bus for bus in buses if bus.stage is Stage.DRIVING] or list(buses)
        return max(driving, key=lambda bus: len(bus.run.pattern.visits) - bus.visit_index)

    def _busy_stop(self, bus: Bus) -> StopId:
        """The stop that the most lines serve, of those that a bus reaches while a visitor finds his way."""
        network = self._world.network
        visits = bus.run.pattern.visits[bus.visit_index : -1] or bus.run.pattern.visits
        low_m, high_m = VISITOR_M
        near = [visit for visit in visits if low_m <= visit.along_m - bus.along_m <= high_m] or visits

        def lines(visit: Visit) -> int:
            refs = network.visits_at(visit.stop_id)
            return len({network.pattern(ref.pattern_index).route_id for ref in refs})

        return max(near, key=lines).stop_id
