"""The rider SDK: ring, follow the bell to its end, watch a stop; through any number of lost connections."""

import asyncio
import logging
import random
import ssl as tls
import uuid
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Generic, Literal, Self, TypeVar

from rider_client.bell import RiderBell
from rider_client.watch import StopWatch
from server.core.model import BellKind, Need
from server.protocol.link import Link, Token, socket_url
from server.protocol.link import NoAnswer as NoAnswer
from server.protocol.messages import (
    Arrivals,
    BellMessage,
    Cancel,
    Message,
    PresenceClaim,
    Refused,
    RiderWelcome,
    Ring,
    ToRider,
    UnwatchStop,
    WatchStop,
    Welcome,
)
from server.protocol.session import Pace, Session

A = TypeVar("A")

log = logging.getLogger(__name__)

ANSWER_TIMEOUT_S = 20.0
"""How long a ring or cancel waits for its answer: two reconnects with back-off fit in, a person's patience as well."""
PENDING_MAX = 32
"""Rings, cancels and watches in the air. Full: a ValueError; a rider has one bell at a time, so this is a defect."""
ENDED_KEPT = 32
"""Ended bells kept in `bells`; the oldest ended goes first."""


class _Asked(Generic[A]):
    """A request in the air: said again after each reconnect until answered."""

    def __init__(self, request: Message) -> None:
        self.request = request
        self.answer: asyncio.Future[A | Refused] = asyncio.get_running_loop().create_future()

    def resolve(self, answer: A | Refused) -> None:
        if not self.answer.done():
            self.answer.set_result(answer)


class RiderClient:
    """A rider's connection. Use inside `async with`; it connects in the background and comes back by itself.

    `url` is the server (`https://bell.example`) or the full address of its rider socket; `token` a token of role rider
    or an async function that gets one; `lang` (`ko`, `en`) chooses the words of refusals; `on_refused` hears refusals
    that answer nothing asked here. Methods raise `LinkStopped` once the server said not to come back.
    """

    def __init__(
        self,
        url: str,
        token: Token,
        *,
        lang: str | None = None,
        pace: Pace | None = None,
        rng: random.Random | None = None,
        ssl: tls.SSLContext | None = None,
        on_refused: Callable[[Refused], None] | None = None,
    ) -> None:
        session: Session[ToRider] = Session(
            ToRider,  # type: ignore[arg-type]  # a union is a type to msgspec, not to mypy
            rng=rng or random.Random(),
            pace=pace,
            lang=lang,
            renewable=not isinstance(token, str),
        )
        self.link: Link[ToRider] = Link(socket_url(url, "rider"), token, session, self, ssl=ssl)
        self._on_refused = on_refused
        self._bells: dict[str, RiderBell] = {}
        self._rings: dict[str, _Asked[RiderBell]] = {}
        self._cancels: dict[str, _Asked[BellMessage]] = {}
        self._watches: dict[str, list[StopWatch]] = {}
        self._live = asyncio.Event()

    async def __aenter__(self) -> Self:
        await self.link.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.link.__aexit__()

    @property
    def bells(self) -> Mapping[str, RiderBell]:
        """All bells of this rider that the server spoke of, by id, also those rung elsewhere or before a restart."""
        return MappingProxyType(self._bells)

    async def connected(self, *, timeout_s: float | None = None) -> None:
        """Wait until the link is live. Raises TimeoutError, or `LinkStopped`."""
        await self.link.wait(self._live.wait(), timeout_s=timeout_s)

    # -- what a rider does -----------------------------------------------------

    async def ring(
        self,
        *,
        stop_id: str,
        route_id: str | None = None,
        kind: BellKind = BellKind.BOARD,
        direction_id: Literal[0, 1] | None = None,
        stop_sequence: int | None = None,
        vehicle_id: str | None = None,
        ride_id: str | None = None,
        alight_stop_id: str | None = None,
        party: int = 1,
        needs: Iterable[Need] = (),
        presence: PresenceClaim | None = None,
        bell_id: str | None = None,
        timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> RiderBell | Refused:
        """Ring; the accepted bell, or why there is none.

        The bell's id is made here unless given. The same ring is said again after each reconnect until it is
        answered; the server makes one bell of it however often it hears it. Raises `NoAnswer` after `timeout_s`.
        """
        request = Ring(
            bell_id=bell_id or str(uuid.uuid4()),
            kind=kind,
            stop_id=stop_id,
            route_id=route_id,
            direction_id=direction_id,
            stop_sequence=stop_sequence,
            vehicle_id=vehicle_id,
            ride_id=ride_id,
            alight_stop_id=alight_stop_id,
            party=party,
            needs=list(needs),
            presence=presence,
        )
        what = f"the ring at stop {stop_id} (bell {request.bell_id})"
        return await self._ask(self._rings, request.bell_id, request, what, timeout_s=timeout_s)

    async def cancel(self, bell_id: str, *, timeout_s: float = ANSWER_TIMEOUT_S) -> BellMessage | Refused:
        """Take a bell back; the message with which it ended (perhaps otherwise than cancelled), or why not.

        Said again after each reconnect until answered. Raises `NoAnswer` after `timeout_s`.
        """
        known = self._bells.get(bell_id)
        if known is not None and known.ended:
            return known.latest
        return await self._ask(
            self._cancels, bell_id, Cancel(bell_id=bell_id), f"the cancel of bell {bell_id}", timeout_s=timeout_s
        )

    def watch(self, stop_id: str) -> StopWatch:
        """Follow the buses on their way to a stop: `async with client.watch(stop) as w: async for arrivals in w`."""
        if stop_id not in self._watches and len(self._watches) >= PENDING_MAX:
            msg = f"{PENDING_MAX} stops are watched already; close one of the watches first"
            raise ValueError(msg)
        return StopWatch(stop_id, self.link, begin=self._begin_watch, let_go=self._end_watch)

    # -- asking ----------------------------------------------------------------

    async def _ask(
        self, asked: dict[str, _Asked[A]], key: str, request: Message, what: str, *, timeout_s: float
    ) -> A | Refused:
        if key not in asked and len(asked) >= PENDING_MAX:
            msg = f"{PENDING_MAX} requests wait for an answer already; wait for them first"
            raise ValueError(msg)
        mine = asked.setdefault(key, _Asked(request))
        mine.request = request
        await self.link.send(request)
        try:
            return await self.link.wait(asyncio.shield(mine.answer), timeout_s=timeout_s)
        except TimeoutError:
            state = "is live" if self.link.live else "is down"
            msg = f"no answer to {what} within {timeout_s:g} s; the link {state}; the same request again is safe"
            raise NoAnswer(msg) from None
        finally:
            if asked.get(key) is mine:
                del asked[key]

    async def _begin_watch(self, watch: StopWatch) -> None:
        self._watches.setdefault(watch.stop_id, []).append(watch)
        await self.link.send(WatchStop(stop_id=watch.stop_id))

    async def _end_watch(self, watch: StopWatch) -> None:
        watches = self._watches.get(watch.stop_id, [])
        if watch in watches:
            watches.remove(watch)
        if not watches and self._watches.pop(watch.stop_id, None) is not None:
            await self.link.send(UnwatchStop(stop_id=watch.stop_id))

    # -- the link speaks (server.protocol.link.Listener) -----------------------

    async def welcomed(self, welcome: Welcome, *, resumed: bool) -> None:
        """Replace what is held unless it goes on, then say again what was not answered."""
        if not resumed and isinstance(welcome, RiderWelcome):
            told = welcome.snapshot.bells if welcome.snapshot is not None else []
            for message in told:
                self._take(message)
            for bell_id in self._bells.keys() - {message.bell_id for message in told} - self._rings.keys():
                self._bells[bell_id].lose()
        self._live.set()
        requests: list[Message] = [ring.request for ring in self._rings.values()]
        requests += [cancel.request for cancel in self._cancels.values()]
        requests += [WatchStop(stop_id=stop_id) for stop_id in self._watches]
        for request in requests:
            await self.link.send(request)

    async def delivered(self, message: ToRider, *, again: bool) -> None:  # noqa: ARG002 - repeats are recognised by content
        """Hand a message to whom it concerns."""
        match message:
            case BellMessage():
                self._take(message)
            case Arrivals(stop_id=stop_id):
                for watch in self._watches.get(stop_id, ()):
                    watch.take(message)
            case Refused():
                self._refuse(message)
            case _:
                pass

    async def went_down(self) -> None:
        """The link is down; what was asked stays asked."""
        self._live.clear()

    def _take(self, message: BellMessage) -> None:
        bell = self._bells.get(message.bell_id)
        if bell is None:
            bell = self._bells[message.bell_id] = RiderBell(message, self, self.link)
            self._forget_ended()
        else:
            bell.take(message)
        if (ring := self._rings.get(message.bell_id)) is not None:
            ring.resolve(bell)
        if bell.ended and (cancel := self._cancels.get(message.bell_id)) is not None:
            cancel.resolve(bell.latest)

    def _refuse(self, refused: Refused) -> None:
        ref = refused.ref or ""
        if (ring := self._rings.get(ref)) is not None:
            ring.resolve(refused)
        elif (cancel := self._cancels.get(ref)) is not None:
            cancel.resolve(refused)
        elif ref in self._watches:
            for watch in self._watches.pop(ref):
                watch.refuse(refused)
        elif self._on_refused is not None:
            self._on_refused(refused)
        else:
            log.warning("refused: %s (%s, ref %s)", refused.message, refused.reason, refused.ref)

    def _forget_ended(self) -> None:
        ended = [bell_id for bell_id, bell in self._bells.items() if bell.ended]
        for bell_id in ended[: max(0, len(ended) - ENDED_KEPT)]:
            del self._bells[bell_id]
