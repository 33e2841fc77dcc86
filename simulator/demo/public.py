"""The riders' phones: one rider SDK for each person who rings, from the press to the bell's end."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Literal, cast

from rider_client.bell import BellLost, RiderBell
from rider_client.client import NoAnswer, RiderClient
from server.protocol.messages import PresenceClaim, Refused
from server.protocol.session import LinkStopped
from simulator.demo.tally import Tally
from simulator.events import Rang

PHONES_MAX = 1_000
"""People who ring at once. Full: who comes then has no phone and only stands at the stop (the server's own limits are
higher; this bounds the demo's memory)."""
BY_QR_EVERY = 3
"""Every third rider rings from the stop's QR code, the others from where their phone says they are."""


@dataclass(frozen=True, slots=True)
class Town:
    """What all phones share."""

    url: str
    token_of: Callable[[str], str]
    nonce_of: Callable[[str], str]
    tally: Tally


class Public:
    """Everybody with a phone."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._phones: dict[str, asyncio.Task[None]] = {}
        self._bells: dict[str, RiderBell] = {}
        self._taken_back: set[str] = set()
        self._count = 0

    @property
    def phones(self) -> int:
        """People who wait for an answer or follow a bell."""
        return len(self._phones)

    def ring(self, rang: Rang) -> None:
        """Somebody rings."""
        if len(self._phones) >= PHONES_MAX:
            return
        self._count += 1
        self._start(rang.bell_id, self._live(rang, by_qr=self._count % BY_QR_EVERY == 0))

    def take_back(self, bell_id: str) -> None:
        """Somebody cancels; as soon as the bell is accepted, if it is not yet."""
        if bell_id in self._phones:
            self._taken_back.add(bell_id)
            if bell_id in self._bells:
                self._start(f"cancel {bell_id}", self._cancel(bell_id))

    def take_all_back(self) -> None:
        """Everybody whose bell still runs cancels it."""
        for bell_id in [key for key in self._bells if key not in self._taken_back]:
            self.take_back(bell_id)

    async def put_away(self) -> None:
        """Close every phone, also those whose bell has not ended."""
        for task in list(self._phones.values()):
            task.cancel()
        await asyncio.gather(*self._phones.values(), return_exceptions=True)

    async def _live(self, rang: Rang, *, by_qr: bool) -> None:
        tally = self._town.tally
        tally.rings(rang.bell_id)
        try:
            async with RiderClient(self._town.url, self._town.token_of(rang.rider_id)) as client:
                bell = await self._press(client, rang, by_qr=by_qr)
                if bell is None:
                    return
                self._bells[rang.bell_id] = bell
                if rang.bell_id in self._taken_back:
                    self.take_back(rang.bell_id)
                async for message in bell.states():
                    tally.hears(message)
                tally.ends_with(rang.bell_id)
        except NoAnswer:
            tally.is_unanswered(rang.bell_id)
        except (BellLost, LinkStopped) as lost:
            tally.has_no_end(rang.bell_id, str(lost))

    async def _press(self, client: RiderClient, rang: Rang, *, by_qr: bool) -> RiderBell | None:
        at_stop = PresenceClaim(lat=rang.lat, lon=rang.lon, accuracy_m=rang.accuracy_m)
        presence = PresenceClaim(nonce=self._town.nonce_of(rang.stop_id)) if by_qr else at_stop
        answer = await client.ring(
            bell_id=rang.bell_id,
            stop_id=rang.stop_id,
            route_id=rang.route_id,
            direction_id=cast("Literal[0, 1] | None", rang.direction_id),
            party=rang.party,
            needs=rang.needs,
            presence=presence,
        )
        if isinstance(answer, Refused):
            self._town.tally.is_refused(rang.bell_id, answer.reason.value)
            return None
        return answer

    async def _cancel(self, bell_id: str) -> None:
        try:
            await self._bells[bell_id].cancel()
        except (NoAnswer, LinkStopped) as silence:
            self._town.tally.violations.append(f"the cancel of {bell_id} was not answered: {silence}")

    def _start(self, key: str, life: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(life)
        self._phones[key] = task
        task.add_done_callback(lambda done: self._hang_up(key, done))

    def _hang_up(self, key: str, task: asyncio.Task[None]) -> None:
        self._phones.pop(key, None)
        self._bells.pop(key, None)
        self._taken_back.discard(key)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._town.tally.violations.append(f"the phone of {key} broke: {error!r}")
