"""Play a scenario to a server: every rider and every terminal on a connection of its own, in the server's time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from random import Random
from typing import Generic, TypeVar

from server.core.model import END_STATES
from server.protocol import messages as wire, recording as line
from server.protocol.expectations import Decision, Expectation, complaints
from server.protocol.link import Link, socket_url
from server.protocol.scenario import AlertNames, Result, Scenario, Verdict, unanswered
from server.protocol.session import LinkStopped, Session
from server.protocol.tokens import Role
from simulator.rehearsal.wire import NonceOf, heard, riders_of, speech, unfit, vehicles_of

M = TypeVar("M", bound=wire.Message)

CONNECT_S = 15.0
"""Longer than a server on a busy machine takes to greet somebody."""
AHEAD_MAX_S = 60.0
"""A server whose clock is further than this (of our time) before the first event is not in the scenario's day."""
AFTER_S = 240.0
"""Time of the server after the last event in which bells may still end: beyond its limit for a silent bus (180 s)."""
SETTLE_S = 0.4
"""Our time after the last bell's end in which something that must not come may still come."""
TICK_S = 1.5
"""A server looks at time about once a second; its stamps may be so much (of our time) off a recording's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where scenarios are played. `token_of(role, subject, vehicle)` signs; `rate` is how fast the server's clock runs."""

    url: str
    token_of: Callable[[Role, str, str | None], Awaitable[str]]
    nonce_of: NonceOf | None
    rate: float = 1.0


class ClockElsewhereError(Exception):
    """The server's clock is not where the scenario begins; the text says by how much."""


@dataclass(slots=True)
class _Log:
    """Everything that anybody heard, in the order in which it came."""

    mark: str
    rate: float
    decisions: list[Decision] = field(default_factory=list)
    names: AlertNames = field(default_factory=AlertNames)
    seen_alerts: set[tuple[str, int]] = field(default_factory=set)
    base: tuple[int, float] | None = None
    """The server's time at a moment of ours."""
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def now_ms(self) -> int:
        """The server's time now."""
        assert self.base is not None
        return self.base[0] + round(1000 * self.rate * (time.monotonic() - self.base[1]))

    def take(self, message: wire.Message, *, rider: str | None, vehicle_id: str | None) -> None:
        """Note a message; an alert that comes again after a reconnect is one alert."""
        if isinstance(message, wire.AlertMessage):
            key = (message.alert_id, message.at_ms)
            if key in self.seen_alerts:
                return
            self.seen_alerts.add(key)
        decision = heard(message, self.now_ms(), mark=self.mark, rider=rider, vehicle_id=vehicle_id)
        if decision is not None:
            self.decisions.append(self.names.hear(decision))
            self.news.set()

    async def wait(self, at_most_s: float) -> None:
        """Until somebody hears something, or so long."""
        self.news.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self.news.wait(), at_most_s)

    def open_bells(self) -> set[str]:
        """Bells that were told of and have not ended."""
        last = {d["bell_id"]: d["state"] for d in self.decisions if d["type"] == "bell"}
        return {bell_id for bell_id, state in last.items() if state not in END_STATES}


class _Speaker(Generic[M]):
    """One connection: what comes is noted, what is said is sent."""

    def __init__(self, log: _Log, *, rider: str | None = None, vehicle_id: str | None = None) -> None:
        self._log = log
        self._who = {"rider": rider, "vehicle_id": vehicle_id}
        self.live = asyncio.Event()

    async def welcomed(self, welcome: wire.Welcome, *, resumed: bool) -> None:
        if self._log.base is None:
            self._log.base = welcome.server_at_ms, time.monotonic()
        if not resumed and isinstance(welcome, wire.TerminalWelcome) and welcome.snapshot is not None:
            for alert in welcome.snapshot.alerts:
                self._log.take(alert, **self._who)
        self.live.set()

    async def delivered(self, message: M, *, again: bool) -> None:
        if not again:
            self._log.take(message, **self._who)

    async def went_down(self) -> None:
        self.live.clear()


class Performance:
    """One scenario on one stage."""

    def __init__(self, scenario: Scenario, stage: Stage, rng: Random) -> None:
        self._scenario = scenario
        self._stage = stage
        self._rng = rng
        self._log = _Log(mark=f"-{rng.randrange(16**6):06x}", rate=stage.rate)
        self._lines = scenario.events()
        self._links: dict[str, Link[wire.ToRider] | Link[wire.ToTerminal]] = {}
        self._terminals: dict[str, AsyncExitStack] = {}
        self._troubles: list[str] = []

    async def verdict(self) -> Verdict:
        """Play and judge. Raises ClockElsewhereError, and LinkStopped when the server sends somebody away."""
        expected = self._scenario.expected()
        why = unfit(self._lines, expected, knows_nonces=self._stage.nonce_of is not None)
        if why is not None:
            return Verdict(self._scenario, Result.NOT_APPLICABLE, (why,))
        async with AsyncExitStack() as everybody:
            await self._gather(everybody)
            try:
                await self._play()
                await self._wait_for_the_end(expected)
                why_not = (*self._troubles, *self._judged(expected))
                await self._leave_nothing()
            finally:
                for terminal in self._terminals.values():
                    await terminal.aclose()
        return Verdict(self._scenario, Result.FAILED if why_not else Result.OK, why_not)

    def _judged(self, expected: list[Expectation]) -> list[str]:
        slack_ms = round(1000 * TICK_S * self._stage.rate)
        return complaints(expected, self._log.decisions, slack_ms=slack_ms, per_recipient=True)

    async def _gather(self, everybody: AsyncExitStack) -> None:
        """Connect everybody who is connected at the beginning, and see that the clock fits."""
        first_ms = self._lines[0].at_ms
        away = {said.vehicle_id for said in self._lines if isinstance(said, line.LinkLine) and said.at_ms <= first_ms}
        for rider in riders_of(self._lines):
            speaker: _Speaker[wire.ToRider] = _Speaker(self._log, rider=rider)
            session: Session[wire.ToRider] = Session(wire.ToRider, rng=self._rng)  # type: ignore[arg-type]  # a union
            token = await self._stage.token_of(Role.RIDER, rider + self._log.mark, None)
            link = Link(socket_url(self._stage.url, "rider"), token, session, speaker)
            self._links[rider] = await everybody.enter_async_context(link)
            await link.wait(speaker.live.wait(), timeout_s=CONNECT_S)
        for vehicle_id in vehicles_of(self._lines):
            if vehicle_id not in away:
                await self._connect(vehicle_id)
        ahead_ms = first_ms - self._log.now_ms()
        if not 0.0 <= ahead_ms / 1000 / self._stage.rate <= AHEAD_MAX_S:
            where = "before" if ahead_ms > 0 else "beyond"
            away_s = round(abs(ahead_ms) / 1000)
            raise ClockElsewhereError(
                f"the server's clock is {away_s} s {where} the scenario's beginning (at_ms {first_ms})"
            )

    async def _connect(self, vehicle_id: str) -> None:
        await self._disconnect(vehicle_id)
        speaker: _Speaker[wire.ToTerminal] = _Speaker(self._log, vehicle_id=vehicle_id)
        session: Session[wire.ToTerminal] = Session(wire.ToTerminal, rng=self._rng)  # type: ignore[arg-type]  # a union
        token = await self._stage.token_of(Role.TERMINAL, vehicle_id, vehicle_id)
        link = Link(socket_url(self._stage.url, "terminal"), token, session, speaker)
        stack = self._terminals[vehicle_id] = AsyncExitStack()
        self._links[vehicle_id] = await stack.enter_async_context(link)
        await link.wait(speaker.live.wait(), timeout_s=CONNECT_S)

    async def _disconnect(self, vehicle_id: str) -> None:
        stack = self._terminals.pop(vehicle_id, None)
        self._links.pop(vehicle_id, None)
        if stack is not None:
            await stack.aclose()

    async def _play(self) -> None:
        for number, said in enumerate(self._lines, 1):
            await asyncio.sleep(max(0.0, (said.at_ms - self._log.now_ms()) / 1000 / self._stage.rate))
            if isinstance(said, line.LinkLine):
                await (self._connect(said.vehicle_id) if said.up else self._disconnect(said.vehicle_id))
                continue
            named = await self._named(said)
            if named is None:
                self._troubles.append(f"{self._scenario.name}/events.jsonl, {unanswered(said)}")
                continue
            spoken = speech(named, number, mark=self._log.mark, nonce_of=self._stage.nonce_of)
            link = self._links.get((spoken.rider or spoken.vehicle_id or "") if spoken is not None else "")
            if spoken is not None and link is not None:
                await link.send(spoken.message)

    async def _named(self, said: line.RecordedLine) -> line.RecordedLine | None:
        """The line with the alert's id. A driver answers what is on the screen: an alert on its way is waited for."""
        until_s = time.monotonic() + TICK_S
        while (named := self._log.names.named(said)) is None and (left_s := until_s - time.monotonic()) > 0:
            await self._log.wait(left_s)
        return named

    async def _wait_for_the_end(self, expected: list[Expectation]) -> None:
        """Until every bell has ended, or as long as a silent bus may keep one."""
        until_ms = max(self._lines[-1].at_ms + round(1000 * AFTER_S), *(_latest_ms(one) for one in expected))
        await asyncio.sleep(SETTLE_S + TICK_S)
        while self._log.open_bells() and (left_ms := until_ms - self._log.now_ms()) > 0:
            await self._log.wait(left_ms / 1000 / self._stage.rate)
        await asyncio.sleep(SETTLE_S)

    async def _leave_nothing(self) -> None:
        """Bells are taken back and buses signed off: another scenario may be played to the same server."""
        opened = self._log.open_bells()
        rung = {said.bell_id: said.rider for said in self._lines if isinstance(said, line.RingLine)}
        for bell_id in sorted(opened & rung.keys()):
            await self._links[rung[bell_id]].send(wire.Cancel(bell_id=bell_id + self._log.mark))
        for vehicle_id in self._terminals:
            await self._links[vehicle_id].send(wire.SignOff(ref="end"))


def _latest_ms(expectation: Expectation) -> int:
    """Until when a decision that must come may come; 0 where that is not said, or it must not come."""
    match expectation:
        case Expectation(least=None, pattern={"at_ms": [int(), int() as latest_ms]}):
            return latest_ms
        case _:
            return 0


async def perform(scenario: Scenario, stage: Stage, rng: Random) -> Verdict:
    """Play one scenario; trouble with the server is a failed scenario that says so. Raises ClockElsewhereError."""
    try:
        return await Performance(scenario, stage, rng).verdict()
    except LinkStopped as error:
        return Verdict(scenario, Result.FAILED, (f"the server ended a connection: {error}",))
    except TimeoutError:
        return Verdict(scenario, Result.FAILED, (f"the server did not greet somebody within {CONNECT_S:g} s",))
