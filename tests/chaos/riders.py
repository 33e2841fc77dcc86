"""Riders who ring for the buses, ring again, take it back or wait, with the real rider SDK, whatever becomes of the server."""

import asyncio
import contextlib
import random
import uuid
from collections.abc import Sequence
from typing import Literal, cast

from rider_client.bell import RiderBell
from server.protocol.messages import BellMessage, PresenceClaim, Refused
from server.protocol.tokens import Role
from tests.chaos.buses import EAGER, PATIENCE_S, Ahead, Bus
from tests.chaos.witness import WatchedRider, Witness
from tests.live.running_server import RunningServer

RINGS_AGAIN = 0.4
SOON_CANCELLED = 0.25
PATIENCE_OF_RIDERS_S = (5.0, 60.0)
BETWEEN_WISHES_S = 0.5


class Rider:
    """One person with a telephone, one bell at a time."""

    def __init__(self, server: RunningServer, witness: Witness, rng: random.Random, name: str) -> None:
        self._server = server
        self._witness = witness
        self._rng = rng
        self._name = name

    async def live(self, buses: Sequence[Bus], over: asyncio.Event) -> None:
        """Wish for buses until it is over; every bell of mine has ended then, and I heard so."""
        token = self._server.token(Role.RIDER, self._name)
        async with WatchedRider(self._server.url, token, self._witness, pace=EAGER, rng=self._rng) as client:
            while not over.is_set():
                place = self._rng.choice(buses).ahead()
                if place is not None:
                    await self._wish(client, place, over)
                await self._pause(over, self._rng.uniform(0.0, BETWEEN_WISHES_S))

    async def _wish(self, client: WatchedRider, place: Ahead, over: asyncio.Event) -> None:
        bell_id = str(uuid.UUID(int=self._rng.getrandbits(128), version=4))
        self._witness.rider_of[bell_id] = self._name
        bell = await self._ring(client, place, bell_id)
        if isinstance(bell, Refused):
            self._witness.refuse(bell)
            return
        hurry = self._rng.random() < SOON_CANCELLED
        await self._pause(over, self._rng.uniform(0.0, 2.0))
        await self._perhaps_again(client, place, bell_id)
        if not hurry:
            await self._wait(bell, over)
        ended = await client.cancel(bell_id, timeout_s=PATIENCE_S)
        assert isinstance(ended, BellMessage), f"{bell_id} was accepted, and taken back is {ended}"
        assert self._witness.bells[bell_id].ended
        await self._perhaps_again(client, place, bell_id)

    async def _perhaps_again(self, client: WatchedRider, place: Ahead, bell_id: str) -> None:
        """The same ring again, of an open or an ended bell, is answered with the bell."""
        if self._rng.random() < RINGS_AGAIN:
            again = await self._ring(client, place, bell_id)
            assert isinstance(again, RiderBell), f"{bell_id} was accepted, and rung again is {again}"

    async def _ring(self, client: WatchedRider, place: Ahead, bell_id: str) -> RiderBell | Refused:
        lat, lon = place.way.place(place.way.stop_along_m(place.stop))
        return await client.ring(
            bell_id=bell_id,
            stop_id=place.way.stop_id(place.stop),
            route_id=place.way.route_id,
            direction_id=cast("Literal[0, 1]", place.way.direction_id),
            presence=PresenceClaim(lat=lat, lon=lon, accuracy_m=10.0),
            timeout_s=PATIENCE_S,
        )

    async def _wait(self, bell: RiderBell, over: asyncio.Event) -> None:
        """Until the bell has ended, or patience has, or all is over."""
        ended = asyncio.create_task(bell.end())
        told = asyncio.create_task(over.wait())
        try:
            patience_s = self._rng.uniform(*PATIENCE_OF_RIDERS_S)
            await asyncio.wait({ended, told}, timeout=patience_s, return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                ended.result()
        finally:
            ended.cancel()
            told.cancel()
            await asyncio.gather(ended, told, return_exceptions=True)

    @staticmethod
    async def _pause(over: asyncio.Event, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), seconds)
