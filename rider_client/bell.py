"""A rider's bell as the server told it so far, and a way to wait for what comes. Part of the rider SDK."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Protocol

from server.core.model import END_STATES
from server.protocol.link import Link
from server.protocol.messages import BellMessage, Refused, ToRider

HISTORY_MAX = 64
"""Messages kept of one bell. When full the oldest goes; a bell has a handful, more only after very many roll-overs."""


class BellLost(Exception):  # noqa: N818 - it says what happened, as asyncio's own do
    """The server no longer knows a bell that it had accepted: it started again without its data, or the bell is old."""


class BellKeeper(Protocol):
    """What a bell needs of its client."""

    async def cancel(self, bell_id: str, *, timeout_s: float) -> BellMessage | Refused:
        """Take a bell back."""
        ...


class RiderBell:
    """One accepted bell. Get it from `RiderClient.ring` or `RiderClient.bells`; read it or iterate over `states`."""

    def __init__(self, first: BellMessage, client: BellKeeper, link: Link[ToRider]) -> None:
        self.bell_id = first.bell_id
        self._client = client
        self._link = link
        self._history: deque[tuple[int, BellMessage]] = deque([(0, first)], maxlen=HISTORY_MAX)
        self._news = asyncio.Event()
        self._lost = False

    @property
    def latest(self) -> BellMessage:
        """The newest the server said of this bell."""
        return self._history[-1][1]

    @property
    def ended(self) -> bool:
        """True when the bell is in an end state."""
        return self.latest.state in END_STATES

    @property
    def lost(self) -> bool:
        """True when the server no longer knows the bell although it had not ended."""
        return self._lost

    async def states(self) -> AsyncIterator[BellMessage]:
        """Everything said of this bell from the first kept message on, until it ends.

        Raises `BellLost` if it never will, and `LinkStopped` when the client may not come back.
        """
        told = -1
        while True:
            for number, message in [entry for entry in self._history if entry[0] > told]:
                told = number
                yield message
            if self._history[-1][0] > told:
                continue
            if self.ended:
                return
            if self._lost:
                msg = f"the server no longer knows bell {self.bell_id}; ring again if the bus is still wanted"
                raise BellLost(msg)
            await self._link.wait(self._news.wait())

    async def end(self, *, timeout_s: float | None = None) -> BellMessage:
        """Wait for the end state. Raises TimeoutError after `timeout_s`; otherwise as `states`."""
        async with asyncio.timeout(timeout_s):
            async for _ in self.states():
                pass
        return self.latest

    async def cancel(self, *, timeout_s: float = 20.0) -> BellMessage | Refused:
        """Take the bell back; the message with which it ended, or why not. As `RiderClient.cancel`."""
        return await self._client.cancel(self.bell_id, timeout_s=timeout_s)

    # -- told by the client ----------------------------------------------------

    def take(self, message: BellMessage) -> None:
        """The server said something of this bell. What is older than the latest, or the same, is not news."""
        latest = self.latest
        self._lost = False
        same = (message.state, message.attempt, message.vehicle_id) == (latest.state, latest.attempt, latest.vehicle_id)
        if same:
            self._history[-1] = (self._history[-1][0], message)
        elif message.at_ms >= latest.at_ms and not self.ended:
            self._history.append((self._history[-1][0] + 1, message))
            self._tell()

    def lose(self) -> None:
        """The server's complete snapshot did not contain this bell."""
        if not self.ended:
            self._lost = True
            self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
