"""A bus of the load: signs on, drives a real pattern at 1 Hz, stops for what its screen shows. On the terminal SDK."""

import asyncio
import random
import time

from driver_terminal.client import TerminalClient
from driver_terminal.display import DisplayedAlert
from loadtest.driving import DrivenBus
from loadtest.fleet import Duty
from loadtest.swarm import OnRoad, Swarm, since_ms
from server.core.model import Outcome
from server.protocol.messages import AlertMessage, Refused
from server.protocol.tokens import Role

PERIOD_S = 1.0
"""The fastest period of the field (DOMAIN §4)."""
CRUISE_MPS = (8.0, 13.0)
ZONE_M = 30.0
"""A stop farther behind than this has been passed."""
LAST_BELLS_S = 15.0
"""How long buses stay on the road at the end of the run, so that riders can end their bells."""


class Cab:
    """The driver's screen and the driver: sees each alert and means to stop there."""

    def __init__(self, road: OnRoad, swarm: Swarm) -> None:
        self._road = road
        self._swarm = swarm
        self._was_on = False

    async def show(self, alert: AlertMessage) -> None:
        """Look, and remember where to stop."""
        bus, counts = self._road.bus, self._swarm.measures
        visit = bus.visit(alert.stop_sequence)
        counts.count("alerts_displayed")
        if visit is None:
            return
        if bus.along_m > visit.along_m + ZONE_M:
            counts.count("displayed_after_stop")
        bus.stop_at(visit.index)

    async def clear(self, alert: AlertMessage, outcome: Outcome | None) -> None:
        """The tick at the end."""
        self._swarm.measures.count(f"alerts_{outcome or 'ended_unseen'}")
        self._road.displayed_ms.pop(alert.stop_id, None)

    async def bell_off(self, off: bool) -> None:  # noqa: FBT001 - the display port's own shape
        """Count links that broke during the run."""
        if off and self._was_on and not self._swarm.stopping.is_set():
            self._swarm.measures.count("links_lost")
        self._was_on = not off


async def live_as_terminal(swarm: Swarm) -> None:
    """Drive runs of the timetable until the load ends."""
    vehicle_id = swarm.next_name("bus")
    rng = random.Random(vehicle_id)
    duty = swarm.duties.take()
    if duty is None:
        raise RuntimeError("the network has fewer runs around now than buses are wanted; ask for fewer terminals")
    road = OnRoad(vehicle_id, _bus(duty, swarm, rng))

    def on_alert(displayed: DisplayedAlert) -> None:
        road.displayed_ms[displayed.alert.stop_id] = displayed.displayed_ms
        # One machine or clocks kept by NTP: the difference as it is. `decided_to_displayed_ms` reckons with clocks apart,
        # and is short by the delay of the welcome, which is long while everybody connects at once.
        swarm.measured("terminal", "decided_to_displayed", float(displayed.displayed_ms - displayed.alert.at_ms))

    token = swarm.token(Role.TERMINAL, vehicle_id, vehicle_id=vehicle_id)
    async with TerminalClient(
        swarm.url, token, vehicle_id, display=Cab(road, swarm), on_alert=on_alert, rng=rng
    ) as client:
        began_s = time.monotonic()
        await client.connected(timeout_s=30.0)
        swarm.measured("terminal", "terminal_connect", since_ms(began_s))
        while duty is not None and not swarm.stopping.is_set():
            await _run(client, duty, road, swarm, rng)
            duty = swarm.duties.take()
            if duty is not None and not swarm.stopping.is_set():
                road.bus = _bus(duty, swarm, rng)
        swarm.measures.count("fixes_sent", client.fixes_sent)


async def _run(client: TerminalClient, duty: Duty, road: OnRoad, swarm: Swarm, rng: random.Random) -> None:
    """One run, from sign-on to sign-off or the end of the load."""
    began_s = time.monotonic()
    answer = await client.sign_on(trip_id=duty.trip_id, start_date=duty.start_date)
    if isinstance(answer, Refused):
        swarm.measured("terminal", "sign_on", since_ms(began_s), RuntimeError(f"sign-on refused: {answer.reason}"))
        return
    swarm.measured("terminal", "sign_on", since_ms(began_s))
    await asyncio.sleep(rng.uniform(0.0, PERIOD_S))  # buses do not report in step
    swarm.on_road[road.vehicle_id] = road
    try:
        await _drive(client, road.bus, swarm)
    finally:
        del swarm.on_road[road.vehicle_id]
    if not swarm.stopping.is_set():
        await client.sign_off()


async def _drive(client: TerminalClient, bus: DrivenBus, swarm: Swarm) -> None:
    loop = asyncio.get_running_loop()
    next_s = loop.time()
    stays_until_s: float | None = None
    while not bus.at_end:
        if swarm.stopping.is_set():
            stays_until_s = stays_until_s or loop.time() + LAST_BELLS_S
            if swarm.riders_gone.is_set() or loop.time() >= stays_until_s:
                return
        lat, lon = bus.place()
        client.fix(
            lat=lat,
            lon=lon,
            speed_mps=bus.speed_mps,
            heading_deg=bus.heading_deg(),
            accuracy_m=5.0,
            odometer_m=bus.odometer_m,
            doors=bus.doors,
            along_m=bus.along_m,
        )
        swarm.measures.count("fixes_made")
        next_s += PERIOD_S
        await asyncio.sleep(max(0.0, next_s - loop.time()))
        bus.step(PERIOD_S)


def _bus(duty: Duty, swarm: Swarm, rng: random.Random) -> DrivenBus:
    return DrivenBus(
        duty.pattern, swarm.network.frame, along_m=duty.along_m, cruise_mps=rng.uniform(*CRUISE_MPS), rng=rng
    )
