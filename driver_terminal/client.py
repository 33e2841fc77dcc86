"""The driver terminal SDK: sign on, report positions, display each alert exactly once; through any number of lost links."""

import asyncio
import itertools
import logging
import random
import ssl as tls
import time
import uuid
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Literal, Self

from driver_terminal.display import Display, DisplayedAlert
from driver_terminal.ledger import DisplayLedger
from driver_terminal.screen import Screen, ScreenCounts
from server.core.model import Answer, Doors
from server.protocol.link import Link, NoAnswer as NoAnswer, Token, socket_url
from server.protocol.messages import (
    AlertMessage,
    ClearMessage,
    Fix,
    Refused,
    Respond,
    Shown,
    SignOff,
    SignOn,
    TerminalWelcome,
    ToTerminal,
    TripMessage,
    Welcome,
)
from server.protocol.session import Pace, Session

log = logging.getLogger(__name__)

TERMINAL_PACE = Pace(first_backoff_s=0.25, max_backoff_s=10.0, silence_limit_s=4.5)
"""A dead link must be known within 5 s (DOMAIN §3.6); and a bus that waits a minute to come back has passed its stops."""
ANSWER_TIMEOUT_S = 20.0
"""How long a sign-on waits for its trip before it raises; it is still said again after each reconnect."""


def wall_clock_ms() -> int:
    """This device's clock, epoch milliseconds."""
    return time.time_ns() // 1_000_000


class _Duty:
    """What the driver wants the bus to be signed on to (or off), and the server's answer once there is one."""

    def __init__(self, request: SignOn | SignOff) -> None:
        self.request = request
        self.answer: asyncio.Future[TripMessage | Refused] = asyncio.get_running_loop().create_future()

    def fits(self, trip: TripMessage) -> bool:
        """True when this is the trip (or the absence of one) that was asked for; answers carry no reference."""
        match self.request:
            case SignOff():
                return not trip.trip_id and not trip.route_id
            case SignOn(trip_id=str(trip_id), start_date=start_date):
                return trip.trip_id == trip_id and start_date in {None, trip.start_date}
            case SignOn(block_id=str()):
                return bool(trip.trip_id)
            case SignOn(route_id=route_id):
                return trip.route_id == route_id

    def resolve(self, answer: TripMessage | Refused) -> None:
        if not self.answer.done():
            self.answer.set_result(answer)

    def give_way(self) -> None:
        """Another sign-on or sign-off takes this one's place; whoever waits for it hears so."""
        if not self.answer.done():
            self.answer.set_exception(NoAnswer("another sign-on or sign-off took the place of this one"))
            self.answer.exception()  # nobody may be waiting any more; that is no defect


class TerminalClient:
    """A bus's connection. Use inside `async with`; it connects in the background and comes back by itself.

    `url` is the server or the full address of its terminal socket; `token` a token of role terminal for this vehicle,
    or an async function that gets one. `display` is the driver's screen. `state_path` is a file that remembers what was
    displayed (None: memory only, for simulated terminals). `on_alert` hears each displayed alert with its stamps,
    `on_refused` each refusal that answers no sign-on. Methods raise `LinkStopped` once the server said not to come
    back, for instance because a newer session runs the same bus.
    """

    def __init__(
        self,
        url: str,
        token: Token,
        vehicle_id: str,
        *,
        display: Display,
        state_path: Path | None = None,
        on_alert: Callable[[DisplayedAlert], None] | None = None,
        on_refused: Callable[[Refused], None] | None = None,
        lang: str | None = None,
        pace: Pace = TERMINAL_PACE,
        rng: random.Random | None = None,
        ssl: tls.SSLContext | None = None,
        now_ms: Callable[[], int] = wall_clock_ms,
    ) -> None:
        session: Session[ToTerminal] = Session(
            ToTerminal,  # type: ignore[arg-type]  # a union is a type to msgspec, not to mypy
            rng=rng or random.Random(),
            pace=pace,
            lang=lang,
            renewable=not isinstance(token, str),
        )
        self.vehicle_id = vehicle_id
        self.link: Link[ToTerminal] = Link(socket_url(url, "terminal"), token, session, self, ssl=ssl)
        self.fixes_sent = 0
        self.fixes_overtaken = 0
        self._session = session
        self._ledger = DisplayLedger(state_path, vehicle_id)
        self._screen = Screen(display, self._ledger, now_ms=now_ms)
        self._on_alert = on_alert
        self._on_refused = on_refused
        self._now_ms = now_ms
        self._fix_numbers = itertools.count(1)
        self._boot = uuid.uuid4().hex[:8]
        self._refs = itertools.count(1)
        self._duty: _Duty | None = None
        self._responses: dict[str, Respond] = {}
        self._newest_fix: Fix | None = None
        self._fix_waits = asyncio.Event()
        self._live = asyncio.Event()
        self._closing = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._screen.bell_off(off=True)
        self._closing.enter_context(self._ledger)
        await self._closing.enter_async_context(self.link)
        reporting = asyncio.create_task(self._report())
        reporting.add_done_callback(self._reporting_ended)
        self._closing.push_async_callback(_end, reporting)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._closing.aclose()

    async def connected(self, *, timeout_s: float | None = None) -> None:
        """Wait until the link is live. Raises TimeoutError, or `LinkStopped`."""
        await self.link.wait(self._live.wait(), timeout_s=timeout_s)

    @property
    def trip(self) -> TripMessage | None:
        """The trip the server says this bus runs; None when signed off or not known yet."""
        trip = self._screen.trip
        return trip if trip is not None and (trip.trip_id or trip.route_id) else None

    @property
    def alerts(self) -> tuple[AlertMessage, ...]:
        """What is on the screen now."""
        return tuple(self._screen.alerts)

    @property
    def counts(self) -> ScreenCounts:
        """Alerts displayed and withheld since start."""
        return self._screen.counts

    # -- what a terminal does --------------------------------------------------

    async def sign_on(
        self,
        *,
        trip_id: str | None = None,
        start_date: str | None = None,
        block_id: str | None = None,
        route_id: str | None = None,
        direction_id: Literal[0, 1] | None = None,
        timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> TripMessage | Refused:
        """Say what this bus runs: a trip and its service day (YYYYMMDD), a block, or a route and direction.

        The trip with its stops, or why not. Raises `NoAnswer` after `timeout_s`, but goes on asking after reconnects
        until it is answered or another sign-on or sign-off takes its place.
        """
        request = SignOn(
            ref=self._ref(),
            trip_id=trip_id,
            start_date=start_date,
            block_id=block_id,
            route_id=route_id,
            direction_id=direction_id,
        )
        return await self._perform(_Duty(request), "the sign-on", timeout_s=timeout_s)

    async def sign_off(self, *, timeout_s: float = ANSWER_TIMEOUT_S) -> TripMessage | Refused:
        """Leave service; an empty trip, or why not. Otherwise as `sign_on`."""
        return await self._perform(_Duty(SignOff(ref=self._ref())), "the sign-off", timeout_s=timeout_s)

    def fix(
        self,
        *,
        lat: float,
        lon: float,
        at_ms: int | None = None,
        speed_mps: float | None = None,
        heading_deg: float | None = None,
        accuracy_m: float | None = None,
        odometer_m: float | None = None,
        doors: Doors | None = None,
        passengers: int | None = None,
        seats_left: int | None = None,
        along_m: float | None = None,
    ) -> Fix:
        """Report a position. Returns at once; a fix that is still unsent is replaced by this one and counted.

        `at_ms` is when it was measured (default: now). `along_m`, metres along the trip as in `trip.stops`, stays in
        the terminal: it is how the terminal knows best which stops are behind the bus.
        """
        now_ms = self._now_ms()
        self._screen.progress.moved(
            at_ms=now_ms, lat=lat, lon=lon, speed_mps=speed_mps, odometer_m=odometer_m, along_m=along_m
        )
        self.fixes_overtaken += self._newest_fix is not None
        self._newest_fix = Fix(
            at_ms=now_ms if at_ms is None else at_ms,
            lat=lat,
            lon=lon,
            speed_mps=speed_mps,
            heading_deg=heading_deg,
            accuracy_m=accuracy_m,
            odometer_m=odometer_m,
            doors=doors,
            passengers=passengers,
            seats_left=seats_left,
            n=next(self._fix_numbers),
        )
        self._fix_waits.set()
        return self._newest_fix

    async def respond(self, alert_id: str, answer: Answer, *, reason: str | None = None) -> None:
        """The driver's answer to an alert that is on the screen; only when (nearly) standing.

        Said again after reconnects until the alert is cleared or the answer refused (`on_refused` hears that).
        Raises ValueError for an alert that is not on the screen.
        """
        if all(alert.alert_id != alert_id for alert in self._screen.alerts):
            msg = f"alert {alert_id} is not on the screen; answer one of TerminalClient.alerts"
            raise ValueError(msg)
        response = Respond(ref=self._ref(), alert_id=alert_id, answer=answer, reason=reason)
        self._responses[alert_id] = response
        await self.link.send(response)

    # -- inside ----------------------------------------------------------------

    def _ref(self) -> str:
        return f"{self._boot}-{next(self._refs)}"

    async def _perform(self, duty: _Duty, what: str, *, timeout_s: float) -> TripMessage | Refused:
        if self._duty is not None:
            self._duty.give_way()
        self._duty = duty
        trip = self._screen.trip
        if (
            trip is not None
            and self.link.live
            and isinstance(duty.request, SignOn)
            and trip.trip_id
            and duty.fits(trip)
        ):
            duty.resolve(trip)
        else:
            await self.link.send(duty.request)
        try:
            return await self.link.wait(asyncio.shield(duty.answer), timeout_s=timeout_s)
        except NoAnswer:
            raise
        except TimeoutError:
            msg = f"no answer to {what} of {self.vehicle_id} within {timeout_s:g} s; it is said again when the link comes back"
            raise NoAnswer(msg) from None

    async def _report(self) -> None:
        """Send the newest fix whenever there is one and a link; without a link, keep the screen true by ourselves."""
        while True:
            await self._fix_waits.wait()
            self._fix_waits.clear()
            if not self.link.live:
                await self._screen.sweep()
                continue
            fix, self._newest_fix = self._newest_fix, None
            if fix is not None and await self.link.send(fix):
                self.fixes_sent += 1
            elif fix is not None and self._newest_fix is None:
                self._newest_fix = fix

    def _reporting_ended(self, reporting: asyncio.Task[None]) -> None:
        error = None if reporting.cancelled() else reporting.exception()
        if error is not None:
            self.link.break_off(error)

    # -- the link speaks (server.protocol.link.Listener) -----------------------

    async def welcomed(self, welcome: Welcome, *, resumed: bool) -> None:
        """Bell on again; take the snapshot unless the old state goes on; say again what the server may not know."""
        self._screen.server_ahead_ms = welcome.server_at_ms - self._now_ms()
        self._screen.linked_at_ms = welcome.server_at_ms
        await self._screen.bell_off(off=False)
        if not resumed and isinstance(welcome, TerminalWelcome):
            snapshot = welcome.snapshot
            self._take_trip(snapshot.trip if snapshot is not None else None)
            displayed = await self._screen.replace(snapshot.alerts if snapshot is not None else (), epoch=welcome.epoch)
            self._tell_stamps(displayed)
        await self._say_again()
        self._live.set()
        self._fix_waits.set()

    async def delivered(self, message: ToTerminal, *, again: bool) -> None:
        """Act on one message; it is acknowledged when this returns."""
        match message:
            case Refused():
                self._refuse(message)
            case _ if again:
                pass
            case AlertMessage():
                displayed = await self._screen.take(message, epoch=self._session.epoch or "")
                if displayed is not None:
                    await self.link.send(Shown(alert_id=message.alert_id, at_ms=displayed.displayed_ms))
                    self._tell_stamps([displayed])
            case ClearMessage():
                self._responses.pop(message.alert_id, None)
                await self._screen.clear(message)
            case TripMessage():
                self._take_trip(message)
            case _:
                pass

    async def went_down(self) -> None:
        """The driver must know at once that no bell will come."""
        self._live.clear()
        await self._screen.bell_off(off=True)

    async def _say_again(self) -> None:
        duty = self._duty
        forgotten = self._screen.trip is None and duty is not None and isinstance(duty.request, SignOn)
        if duty is not None and (forgotten or not duty.answer.done()):
            await self.link.send(duty.request)
        for alert in self._screen.alerts:
            shown_ms = self._screen.shown_at_ms(alert.alert_id)
            await self.link.send(Shown(alert_id=alert.alert_id, at_ms=shown_ms))
        on_screen = {alert.alert_id for alert in self._screen.alerts}
        self._responses = {key: value for key, value in self._responses.items() if key in on_screen}
        for response in tuple(self._responses.values()):
            await self.link.send(response)

    def _take_trip(self, trip: TripMessage | None) -> None:
        self._screen.on_trip(trip)
        if trip is not None and self._duty is not None and self._duty.fits(trip):
            self._duty.resolve(trip)

    def _refuse(self, refused: Refused) -> None:
        duty = self._duty
        if duty is not None and refused.ref == duty.request.ref:
            duty.resolve(refused)
            self._duty = None
            return
        self._responses = {key: value for key, value in self._responses.items() if value.ref != refused.ref}
        if self._on_refused is not None:
            self._on_refused(refused)
        else:
            log.warning("refused: %s (%s, ref %s)", refused.message, refused.reason, refused.ref)

    def _tell_stamps(self, displayed: list[DisplayedAlert]) -> None:
        if self._on_alert is not None:
            for one in displayed:
                self._on_alert(one)


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task})
