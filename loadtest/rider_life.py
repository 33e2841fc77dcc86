"""People of the load: riders with the app at stops ahead of the load's buses, and buttons at stops (plain HTTP)."""

import asyncio
import random
import time
import uuid
from dataclasses import dataclass
from typing import Any, Literal

import httpx

from loadtest.swarm import OnRoad, Swarm, now_ms, since_ms
from rider_client.bell import RiderBell
from rider_client.client import NoAnswer, RiderClient
from server.core.model import END_STATES, BellState
from server.core.network import Stop, Visit
from server.protocol.messages import BellMessage, PresenceClaim, Refused
from server.protocol.tokens import Role

STOPS_AHEAD_M = (180.0, 600.0)
"""Riders ring at stops so far ahead of a bus: far enough to stop for, near enough to be served within the run."""
PATIENCE_S = 60.0
"""A rider who waited so long takes the bell back."""
BETWEEN_BELLS_S = (2.0, 8.0)
KIOSK_POLL_S = 2.0
LAST_ANSWER_S = 12.0
NO_PICKUP = 1


@dataclass(frozen=True, slots=True)
class Wish:
    """A stop, and the line a rider wants there."""

    stop: Stop
    visit: Visit
    route_id: str
    direction_id: Literal[0, 1] | None


def wish(swarm: Swarm, rng: random.Random) -> Wish | None:
    """A stop ahead of some bus on the road; None while there is none."""
    if not swarm.on_road:
        return None
    road = rng.choice(list(swarm.on_road.values()))
    near_m, far_m = STOPS_AHEAD_M
    visits = [v for v in road.bus.ahead(nearest_m=near_m, farthest_m=far_m) if v.pickup_type != NO_PICKUP]
    if not visits:
        return None
    visit = rng.choice(visits)
    pattern = road.bus.pattern
    direction: Literal[0, 1] | None = None if pattern.direction_id is None else 1 if pattern.direction_id else 0
    return Wish(swarm.network.stops[visit.stop_id], visit, pattern.route_id, direction)


async def live_as_rider(swarm: Swarm) -> None:
    """Ring, wait for the end, rest, and again, until the load ends."""
    subject = swarm.next_name("rider")
    rng = random.Random(subject)
    swarm.rider_came()
    try:
        async with RiderClient(swarm.url, swarm.token(Role.RIDER, subject), lang="ko", rng=rng) as client:
            began_s = time.monotonic()
            await client.connected(timeout_s=30.0)
            swarm.measured("rider", "rider_connect", since_ms(began_s))
            while not swarm.stopping.is_set():
                wanted = wish(swarm, rng)
                if wanted is not None:
                    await _one_bell(client, wanted, swarm, rng)
                await swarm.pause(rng.uniform(*BETWEEN_BELLS_S))
    finally:
        swarm.rider_went()


async def _one_bell(client: RiderClient, wanted: Wish, swarm: Swarm, rng: random.Random) -> None:
    presence = PresenceClaim(lat=wanted.stop.lat, lon=wanted.stop.lon, accuracy_m=rng.uniform(4.0, 25.0))
    began_s = time.monotonic()
    try:
        answer = await client.ring(
            stop_id=wanted.stop.stop_id,
            route_id=wanted.route_id,
            direction_id=wanted.direction_id,
            stop_sequence=wanted.visit.stop_sequence,
            presence=presence,
        )
    except NoAnswer as error:
        swarm.measured("rider", "ring_to_answer", since_ms(began_s), error)
        return
    swarm.measured("rider", "ring_to_answer", since_ms(began_s))
    if isinstance(answer, Refused):
        swarm.measures.count("bells_refused")
        swarm.refusals[answer.reason] += 1
        return
    swarm.measures.count("bells_accepted")
    following = asyncio.create_task(_follow(answer, swarm, began_s))
    stopping = asyncio.create_task(swarm.stopping.wait())
    await asyncio.wait({following, stopping}, timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not following.done():
        await _give_up(answer, swarm)
    try:
        async with asyncio.timeout(LAST_ANSWER_S):
            end = await following
        swarm.ends[end.state] += 1
    except TimeoutError as error:
        swarm.measured("rider", "bell_to_end", since_ms(began_s), error)


async def _follow(bell: RiderBell, swarm: Swarm, began_s: float) -> BellMessage:
    """Hear everything of a bell until it ends."""
    told_shown = False
    async for message in bell.states():
        if message.state is BellState.SHOWN and not told_shown:
            told_shown = True
            swarm.measured("rider", "ring_to_shown", since_ms(began_s))
            road = swarm.on_road.get(message.vehicle_id) if isinstance(message.vehicle_id, str) else None
            _measure_told(road, message, swarm)
        elif message.state is BellState.PASSED:
            swarm.measures.count("bells_passed")
    return bell.latest


def _measure_told(road: OnRoad | None, message: BellMessage, swarm: Swarm) -> None:
    """From the driver's screen to the rider's hand, where the bus is ours: same clock on both ends."""
    displayed_ms = road.displayed_ms.get(message.stop_id) if road is not None else None
    if displayed_ms is not None and message.at_ms >= displayed_ms:
        swarm.measured("rider", "displayed_to_told", float(now_ms() - displayed_ms))


async def _give_up(bell: RiderBell, swarm: Swarm) -> None:
    began_s = time.monotonic()
    try:
        await bell.cancel(timeout_s=LAST_ANSWER_S)
    except NoAnswer as error:
        swarm.measured("rider", "cancel_to_end", since_ms(began_s), error)
        return
    swarm.measured("rider", "cancel_to_end", since_ms(began_s))


async def live_as_kiosk(swarm: Swarm) -> None:
    """A button at a stop: POST a bell, ask for it every two seconds, take it back when nobody waits any more."""
    subject = swarm.next_name("kiosk")
    rng = random.Random(subject)
    headers = {"Authorization": f"Bearer {swarm.token(Role.RIDER, subject)}", "Accept-Language": "ko"}
    swarm.rider_came()
    try:
        async with httpx.AsyncClient(base_url=swarm.url, headers=headers, timeout=10.0) as http:
            while not swarm.stopping.is_set():
                wanted = wish(swarm, rng)
                if wanted is not None:
                    await _one_press(http, wanted, swarm)
                await swarm.pause(rng.uniform(*BETWEEN_BELLS_S))
    finally:
        swarm.rider_went()


async def _one_press(http: httpx.AsyncClient, wanted: Wish, swarm: Swarm) -> None:
    bell_id = str(uuid.uuid4())
    ring: dict[str, Any] = {
        "bell_id": bell_id,
        "kind": "board",
        "stop_id": wanted.stop.stop_id,
        "route_id": wanted.route_id,
        "stop_sequence": wanted.visit.stop_sequence,
        "presence": {"lat": wanted.stop.lat, "lon": wanted.stop.lon, "accuracy_m": 5.0},
    }
    answer = await _asked(http, swarm, "POST", "/v1/bells", "kiosk_ring", json=ring)
    if answer is None:
        return
    if answer.status_code not in {200, 201}:
        swarm.measures.count("bells_refused")
        swarm.refusals[str(answer.json().get("reason", answer.status_code))] += 1
        return
    swarm.measures.count("bells_accepted")
    began_s = time.monotonic()
    state = str(answer.json()["state"])
    while state not in END_STATES and time.monotonic() - began_s < PATIENCE_S and not swarm.stopping.is_set():
        await swarm.pause(KIOSK_POLL_S)
        answer = await _asked(http, swarm, "GET", f"/v1/bells/{bell_id}", "kiosk_poll")
        state = str(answer.json()["state"]) if answer is not None and answer.is_success else state
    if state not in END_STATES:
        answer = await _asked(http, swarm, "DELETE", f"/v1/bells/{bell_id}", "kiosk_cancel")
        state = str(answer.json()["state"]) if answer is not None and answer.is_success else state
    if state in END_STATES:
        swarm.ends[state] += 1


async def _asked(
    http: httpx.AsyncClient, swarm: Swarm, method: str, path: str, name: str, **more: Any
) -> httpx.Response | None:
    began_s = time.monotonic()
    try:
        answer = await http.request(method, path, **more)
    except httpx.HTTPError as error:
        swarm.measured("kiosk", name, since_ms(began_s), error)
        return None
    failed = RuntimeError(f"HTTP {answer.status_code}") if answer.status_code >= 500 else None
    swarm.measured("kiosk", name, since_ms(began_s), failed)
    return answer
