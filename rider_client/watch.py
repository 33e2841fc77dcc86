"""The buses on their way to one stop, newest picture only. Part of the rider SDK."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Self

from server.protocol.link import Link
from server.protocol.messages import Arrivals, Refused, ToRider


class StopWatch:
    """Iterate over it for `Arrivals` of a stop; a picture that was not fetched is replaced by the next one.

    The server is asked again after every reconnect. Leave it with `async with`, or call `aclose`, when done. If the
    server refuses (an unknown stop, too many watches) the iteration ends and `refused` says why.
    """

    def __init__(
        self,
        stop_id: str,
        link: Link[ToRider],
        *,
        begin: Callable[["StopWatch"], Awaitable[None]],
        let_go: Callable[["StopWatch"], Awaitable[None]],
    ) -> None:
        self.stop_id = stop_id
        self.refused: Refused | None = None
        self._link = link
        self._begin = begin
        self._let_go = let_go
        self._begun = False
        self._newest: Arrivals | None = None
        self._news = asyncio.Event()
        self._over = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Arrivals:
        """Wait for a picture newer than the last. Raises `LinkStopped` when the client may not come back."""
        if not self._begun:
            self._begun = True
            await self._begin(self)
        while self._newest is None:
            if self._over:
                raise StopAsyncIteration
            self._news.clear()
            await self._link.wait(self._news.wait())
        newest, self._newest = self._newest, None
        return newest

    async def aclose(self) -> None:
        """Stop watching."""
        if not self._over:
            self._over = True
            self._news.set()
            await self._let_go(self)

    # -- told by the client ----------------------------------------------------

    def take(self, arrivals: Arrivals) -> None:
        """A newer picture."""
        self._newest = arrivals
        self._news.set()

    def refuse(self, refused: Refused) -> None:
        """The server will not show this stop."""
        self.refused = refused
        self._over = True
        self._news.set()
