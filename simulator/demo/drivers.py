"""The buses' terminals: one terminal SDK a bus, and a display that only its simulated driver looks at."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from driver_terminal.client import NoAnswer, TerminalClient
from server.core.model import END_STATES, Answer, BellState, Outcome, Reason, TripId, TripKey
from server.protocol.messages import AlertMessage, BellEvent, Refused
from server.protocol.session import LinkStopped, StopReason
from simulator.bus import Bus
from simulator.demo.clock import DemoClock
from simulator.demo.feed import ControlCentre
from simulator.demo.tally import Tally, Where
from simulator.events import Answered, Fixed, SignedOff, SignedOn

DUTIES_MAX = 64
"""Sign-ons and answers that wait for a bus's link. Full: the newest is dropped; a bus has one every few minutes."""

Duty = SignedOn | SignedOff | Answered


@dataclass(frozen=True, slots=True)
class Depot:
    """What all terminals share."""

    url: str
    token_of: Callable[[str], str]
    clock: DemoClock
    tally: Tally
    centre: ControlCentre


class Cab:
    """What the driver of one bus sees. A display of the terminal SDK (`driver_terminal.display.Display`)."""

    def __init__(self, bus: Bus, depot: Depot) -> None:
        self._bus = bus
        self._depot = depot
        self._start_dates: dict[str, str] = {}

    def on_duty(self, trip_id: str, start_date: str) -> None:
        """Remember the service day of the trip that is signed on to; alerts name only the trip."""
        self._start_dates = {trip_id: start_date}

    async def show(self, alert: AlertMessage) -> None:
        """The alert is before the driver's eyes when this returns."""
        bus = self._bus
        self._depot.tally.displays(bus.vehicle_id, alert, _where(bus, alert))
        bus.driver.show(self._key(alert), self._depot.clock.now_ms())

    async def clear(self, alert: AlertMessage, outcome: Outcome | None) -> None:  # noqa: ARG002 - the driver only sees it go
        """The alert is gone."""
        self._depot.tally.takes_down(alert.alert_id)
        self._bus.driver.take_down(self._key(alert))

    async def bell_off(self, off: bool) -> None:  # noqa: FBT001 - as in the SDK's Display
        """Without a bell the driver looks for people at every stop, as before there were bells."""
        self._bus.driver.looks_out = off

    def _key(self, alert: AlertMessage) -> tuple[TripKey, int]:
        date = self._start_dates.get(alert.trip_id, self._bus.run.start_date)
        return TripKey(trip_id=TripId(alert.trip_id), start_date=date), alert.stop_sequence


def _where(bus: Bus, alert: AlertMessage) -> Where:
    """Compare an alert with the bus's true place."""
    stop_m = [v.along_m for v in bus.run.pattern.visits if v.stop_sequence == alert.stop_sequence]
    same_trip = bus.run.trip.trip_id == alert.trip_id and stop_m
    return Where(bus.run.trip.trip_id, bus.visit.stop_sequence, bus.along_m - stop_m[0] if same_trip else None)


class BusTerminal:
    """One bus's terminal for the whole demo; gives way to a visitor's page and returns when the page is closed."""

    def __init__(self, bus: Bus, depot: Depot) -> None:
        self.bus = bus
        self.guest = False
        self._depot = depot
        self._cab = Cab(bus, depot)
        self._client: TerminalClient | None = None
        self._duties: asyncio.Queue[Duty] = asyncio.Queue(DUTIES_MAX)
        self._last_sign_on: SignedOn | None = None
        self._guest_left = asyncio.Event()

    @property
    def live(self) -> bool:
        """Whether the simulated terminal has a link."""
        return self._client is not None and self._client.link.live

    def duty(self, duty: Duty) -> None:
        """Hand the terminal something to say."""
        match duty:
            case SignedOn():
                self._last_sign_on = duty
                self._cab.on_duty(duty.trip_id, duty.start_date)
            case SignedOff():
                self._last_sign_on = None
            case Answered():
                pass
            case _:
                assert_never(duty)
        if not self._duties.full():
            self._duties.put_nowait(duty)

    async def fix(self, fix: Fixed) -> None:
        """Report a position: by the terminal, or by the control centre while a visitor has the terminal."""
        if self.guest:
            await self._depot.centre.report(self.bus, fix, self._depot.clock.now_ms())
        elif self._client is not None:
            self._depot.tally.reports(self.bus.vehicle_id, self._depot.clock.now_ms())
            self._client.fix(
                lat=fix.lat,
                lon=fix.lon,
                speed_mps=fix.speed_mps,
                heading_deg=fix.heading_deg,
                accuracy_m=fix.accuracy_m,
                odometer_m=fix.odometer_m,
                doors=fix.doors,
                passengers=fix.passengers,
                seats_left=fix.seats_left,
            )

    def guest_left(self) -> None:
        """The visitor's page is closed."""
        self._guest_left.set()

    def bell_changed(self, event: BellEvent) -> None:
        """A visitor's page is this bus's screen: its driver looks at it, which only an operator can tell us."""
        if not self.guest or event.vehicle_id != self.bus.vehicle_id:
            return
        ahead = self.bus.run.pattern.visits[self.bus.visit_index :]
        sequence = next((visit.stop_sequence for visit in ahead if visit.stop_id == event.stop_id), None)
        if sequence is not None and event.state is BellState.SHOWN:
            self.bus.driver.show((self.bus.trip_key, sequence), self._depot.clock.now_ms())
        elif sequence is not None and event.state in END_STATES:
            self.bus.driver.take_down((self.bus.trip_key, sequence))

    async def run(self) -> None:
        """Be the terminal until cancelled."""
        while True:
            try:
                await self._as_terminal()
            except LinkStopped as stopped:
                if stopped.reason is not StopReason.SUPERSEDED:
                    self._depot.tally.violations.append(
                        f"the terminal of {self.bus.vehicle_id} was sent away: {stopped}"
                    )
                    return
            await self._as_guests_bus()

    async def _as_terminal(self) -> None:
        depot, vehicle_id = self._depot, self.bus.vehicle_id
        client = TerminalClient(
            depot.url,
            depot.token_of(vehicle_id),
            vehicle_id,
            display=self._cab,
            on_refused=self._refused,
            now_ms=depot.clock.now_ms,
        )
        async with client:
            self._client = client
            try:
                while True:
                    await self._perform(client, await client.link.wait(self._duties.get()))
            finally:
                self._client = None

    async def _as_guests_bus(self) -> None:
        self._depot.tally.guests += 1
        self.guest = True
        self._guest_left.clear()
        await self._guest_left.wait()
        self.guest = False
        if self._last_sign_on is not None:
            self.duty(self._last_sign_on)

    async def _perform(self, client: TerminalClient, duty: Duty) -> None:
        answer = None
        try:
            match duty:
                case SignedOn(trip_id=trip_id, start_date=start_date):
                    answer = await client.sign_on(trip_id=trip_id, start_date=start_date)
                case SignedOff():
                    answer = await client.sign_off()
                case Answered():
                    await self._respond(client, duty)
                case _:
                    assert_never(duty)
        except NoAnswer as silence:
            self._depot.tally.violations.append(str(silence))
        if isinstance(answer, Refused):
            self._refused(answer)

    async def _respond(self, client: TerminalClient, answered: Answered) -> None:
        for alert in client.alerts:
            if (alert.trip_id, alert.stop_sequence) == (answered.trip_id, answered.stop_sequence):
                await client.respond(alert.alert_id, Answer(answered.answer))
                return

    def _refused(self, refused: Refused) -> None:
        self._depot.tally.refused[f"terminal: {Reason(refused.reason).value}"] += 1
