"""Buses that drive a street out and back without end, with the real terminal SDK, whatever becomes of the server."""

import asyncio
import random
from pathlib import Path
from typing import NamedTuple

from driver_terminal.client import TerminalClient
from server.core.model import Answer, Doors
from server.protocol.messages import TripMessage
from server.protocol.session import Pace
from server.protocol.tokens import Role
from tests.chaos.witness import WatchedDisplay, WatchedTerminal, Witness
from tests.live.running_server import RunningServer
from tests.live.street_feed import LENGTH_M, STOPS, Streets, Way

BUSES_A_STREET = 4
PERIOD_S = 0.25
"""Fixes at 4 Hz: more moments at which a kill may strike."""
SPEED_MPS = 13.0
STAND_S = 1.5
BEFORE_POLE_M = 2.0
STOPS_WHEN_RUNG = 0.6
STOPS_UNASKED = 0.1
ANSWERS = 0.3
"""Share of stands during which the driver answers the alert of the stop after."""
EAGER = Pace(first_backoff_s=0.05, max_backoff_s=0.3, silence_limit_s=4.5)
"""Clients that come back at once: the server's memory is tested, not their patience."""
PATIENCE_S = 120.0
"""Only ever used up by a failing test."""
NOON_TRIP = 15
"""Index of the trip that begins now (one every two minutes, the first half an hour ago)."""


class Ahead(NamedTuple):
    """A stop that a bus has not reached yet."""

    way: Way
    stop: int


class Bus:
    """One bus, its driver, and its terminal with the state on disk."""

    def __init__(self, server: RunningServer, witness: Witness, rng: random.Random, home: Path) -> None:
        self._server = server
        self._witness = witness
        self._rng = rng
        self._home = home
        self._reboot = asyncio.Event()

    def put(self, streets: Streets, way: Way, n: int) -> None:
        """Stand at the n-th quarter of the street, with trips that no other bus runs."""
        self.vehicle_id = f"{way.route_id}-bus{n}"
        self.way = way
        self.along_m = LENGTH_M / BUSES_A_STREET * n + self._rng.uniform(0.0, 100.0)
        self._trips = {w: iter(streets.trips[w][NOON_TRIP + n :: BUSES_A_STREET]) for w in (way, _back(way))}
        self._trip = next(self._trips[way])
        self._display = WatchedDisplay(self.vehicle_id, self._witness, self._along_of)

    def power_cycle(self) -> None:
        """The terminal's program ends and is started again; its state file and its screen stay."""
        self._reboot.set()

    def ahead(self) -> Ahead | None:
        """A stop ahead at which somebody may ring; None at the end of the street."""
        first = self._next_index()
        indices = range(first + 1, min(first + 3, STOPS - 1))
        return Ahead(self.way, self._rng.choice(indices)) if indices else None

    async def run(self) -> None:
        """Drive for ever, through power cycles."""
        token = self._server.token(Role.TERMINAL, self.vehicle_id, vehicle_id=self.vehicle_id)
        while True:
            self._reboot.clear()
            client = WatchedTerminal(
                self._server.url, token, self.vehicle_id, self._witness,
                display=self._display, state_path=self._home / f"{self.vehicle_id}.sqlite3", pace=EAGER, rng=self._rng,
            )  # fmt: skip
            async with client:
                await self._until_reboot(asyncio.create_task(self._drive(client)))

    async def _until_reboot(self, driving: asyncio.Task[None]) -> None:
        reboot = asyncio.create_task(self._reboot.wait())
        try:
            await asyncio.wait({reboot, driving}, return_when=asyncio.FIRST_COMPLETED)
            if driving.done():
                driving.result()
        finally:
            reboot.cancel()
            driving.cancel()
            await asyncio.gather(reboot, driving, return_exceptions=True)

    def _along_of(self, trip_id: str) -> float:
        """Beyond the end of every trip but the present one."""
        return self.along_m if trip_id == self._trip.trip_id else LENGTH_M

    def _next_index(self) -> int:
        return next((i for i in range(STOPS) if self.way.stop_along_m(i) > self.along_m), STOPS)

    async def _drive(self, client: TerminalClient) -> None:
        while True:
            trip = self._trip
            signed = await client.sign_on(trip_id=trip.trip_id, start_date=trip.start_date, timeout_s=PATIENCE_S)
            assert isinstance(signed, TripMessage), signed
            while self.along_m < LENGTH_M:
                await self._advance(client)
            self.way, self.along_m = _back(self.way), 0.0
            self._trip = next(self._trips[self.way])

    async def _advance(self, client: TerminalClient) -> None:
        index = self._next_index()
        goal_m = min(LENGTH_M, self.along_m + SPEED_MPS * PERIOD_S)
        pole_m = self.way.stop_along_m(index) if index < STOPS else LENGTH_M + 1.0
        if goal_m >= pole_m and self._will_stop(client, index):
            self.along_m = pole_m - BEFORE_POLE_M
            await self._stand(client, index)
        self.along_m = goal_m
        self._report(client, speed_mps=SPEED_MPS, doors=Doors.CLOSED)
        await asyncio.sleep(PERIOD_S)

    def _will_stop(self, client: TerminalClient, index: int) -> bool:
        rung = any(alert.stop_sequence == index + 1 for alert in client.alerts)
        return self._rng.random() < (STOPS_WHEN_RUNG if rung else STOPS_UNASKED)

    async def _stand(self, client: TerminalClient, index: int) -> None:
        for alert in client.alerts:
            if alert.stop_sequence > index + 1 and self._rng.random() < ANSWERS:
                await client.respond(alert.alert_id, self._rng.choice((Answer.OK, Answer.FULL)))
        for _ in range(round(STAND_S / PERIOD_S)):
            self._report(client, speed_mps=0.0, doors=Doors.OPEN)
            await asyncio.sleep(PERIOD_S)

    def _report(self, client: TerminalClient, *, speed_mps: float, doors: Doors) -> None:
        lat, lon = self.way.place(self.along_m)
        client.fix(
            lat=lat, lon=lon, speed_mps=speed_mps, doors=doors,
            heading_deg=self.way.heading_deg, accuracy_m=4.0, along_m=self.along_m,
        )  # fmt: skip


def _back(way: Way) -> Way:
    return Way(way.route_id, 1 - way.direction_id)
