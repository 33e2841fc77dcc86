"""An operator's socket: the server's own figures, and what becomes of terminals and bells. No rules."""

import asyncio
import contextlib
import random
from collections.abc import Callable
from typing import Self

from server.protocol.link import Link, socket_url
from server.protocol.messages import BellEvent, Metrics, TerminalEvent, ToOperator, WatchTopic, Welcome
from server.protocol.session import LinkStopped, Session


class OperatorView:
    """What an operator sees. `terminal_went` hears of each terminal whose link ended, `bell_changed` of each bell."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        terminal_went: Callable[[str], None],
        bell_changed: Callable[[BellEvent], None],
    ) -> None:
        session: Session[ToOperator] = Session(
            ToOperator,  # type: ignore[arg-type]  # a union is a type to msgspec, not to mypy
            rng=random.Random(),
        )
        self._link: Link[ToOperator] = Link(socket_url(url, "operator"), token, session, self)
        self._welcomed: asyncio.Future[Welcome] = asyncio.get_running_loop().create_future()
        self._terminal_went = terminal_went
        self._bell_changed = bell_changed
        self._news = asyncio.Event()
        self.metrics: Metrics | None = None

    async def __aenter__(self) -> Self:
        await self._link.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._link.__aexit__()

    async def server_now_ms(self) -> int:
        """Wait for the first welcome and read the server's clock in it."""
        return (await self._link.wait(self._welcomed, timeout_s=10.0)).server_at_ms

    async def newer(self, timeout_s: float) -> None:
        """Wait for the next figures, at most `timeout_s`."""
        self._news.clear()
        with contextlib.suppress(TimeoutError, LinkStopped):
            await self._link.wait(self._news.wait(), timeout_s=timeout_s)

    # -- the link speaks (server.protocol.link.Listener) -----------------------------

    async def welcomed(self, welcome: Welcome, *, resumed: bool) -> None:  # noqa: ARG002 - operators have nothing to resume
        """Follow terminals and bells; the figures come unasked."""
        if not self._welcomed.done():
            self._welcomed.set_result(welcome)
        await self._link.send(WatchTopic(what="terminals"))
        await self._link.send(WatchTopic(what="bells"))

    async def delivered(self, message: ToOperator, *, again: bool) -> None:  # noqa: ARG002 - nothing here is numbered
        """Keep the newest figures."""
        match message:
            case Metrics():
                self.metrics = message
                self._news.set()
            case TerminalEvent(vehicle_id=vehicle_id, state="down"):
                self._terminal_went(vehicle_id)
            case BellEvent():
                self._bell_changed(message)
            case _:
                pass

    async def went_down(self) -> None:
        """Nothing to do: the link comes back by itself."""
