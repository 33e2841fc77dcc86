"""The rider SDK: ring, follow the bell to its end, ride, watch a stop; through any number of lost connections."""

import asyncio
import logging
import random
import ssl as tls
import uuid
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Generic, Literal, Self, TypeVar

from rider_client.bell import RiderBell
from rider_client.senses import BATCH_S, Senses
from rider_client.watch import StopWatch
from server.core.model import ON_BOARD, BellKind, Need, Reason
from server.protocol.link import Link, NoAnswer as NoAnswer, Token, socket_url
from server.protocol.messages import (
    Arrivals,
    BellMessage,
    Cancel,
    CheckIn,
    CheckOut,
    Correct,
    Message,
    PresenceClaim,
    Refused,
    RideMessage,
    RidePosition,
    RiderWelcome,
    Ring,
    Taken,
    ToRider,
    Undo,
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
RIDES_KEPT = 32
"""Rides kept in `rides`; the oldest goes first."""
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
    that answer nothing asked here; `senses` is what the phone gathers for rides, told every `batch_s`. Methods raise `LinkStopped` once the server said not to come back.
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
        senses: Senses | None = None,
        batch_s: float = BATCH_S,
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
        self.senses = senses
        self._batch_s = batch_s
        self._telling: asyncio.Task[None] | None = None
        self._rides: dict[str, RideMessage] = {}
        self._check_ins: dict[str, _Asked[RideMessage]] = {}
        self._ride_changes: dict[str, _Asked[RideMessage]] = {}

    async def __aenter__(self) -> Self:
        await self.link.__aenter__()
        if self.senses is not None:
            self._telling = asyncio.create_task(self._tell_for_ever(self.senses))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.gather(self._telling, return_exceptions=True)
        await self.link.__aexit__()

    @property
    def bells(self) -> Mapping[str, RiderBell]:
        """All bells of this rider that the server spoke of, by id, also those rung elsewhere or before a restart."""
        return MappingProxyType(self._bells)

    @property
    def rides(self) -> Mapping[str, RideMessage]:
        """All rides of this rider that the server spoke of, by id: the newest of each."""
        return MappingProxyType(self._rides)

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

    # -- rides -----------------------------------------------------------------

    async def check_in(
        self,
        *,
        vehicle_id: str | None = None,
        nonce: str | None = None,
        position: RidePosition | None = None,
        party: int = 1,
        timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> RideMessage | Refused:
        """Say to be on a bus: by the code it shows inside, or by its id with a position beside it. Raises `NoAnswer`."""
        ref = str(uuid.uuid4())
        device = self.senses.device if self.senses is not None else ""
        request = CheckIn(vehicle_id=vehicle_id, nonce=nonce, position=position, party=party, device=device, ref=ref)
        return await self._ask(self._check_ins, ref, request, "the check-in", timeout_s=timeout_s)

    async def check_out(self, ride_id: str, *, timeout_s: float = ANSWER_TIMEOUT_S) -> RideMessage | Refused:
        """Say to have got off. Raises `NoAnswer`."""
        return await self._change_ride(ride_id, CheckOut(ride_id=ride_id), timeout_s=timeout_s)

    async def undo(self, ride_id: str, *, timeout_s: float = ANSWER_TIMEOUT_S) -> RideMessage | Refused:
        """Take a ride back: "I was not on this bus". Raises `NoAnswer`."""
        return await self._change_ride(ride_id, Undo(ride_id=ride_id), timeout_s=timeout_s)

    async def correct(
        self,
        ride_id: str,
        *,
        board_stop_id: str | None = None,
        alight_stop_id: str | None = None,
        party: int | None = None,
        timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> RideMessage | Refused:
        """Say where one got on or off, or how many rode; the answer to a ride that is `asked`. Raises `NoAnswer`."""
        request = Correct(ride_id=ride_id, board_stop_id=board_stop_id, alight_stop_id=alight_stop_id, party=party)
        return await self._change_ride(ride_id, request, timeout_s=timeout_s)

    async def _change_ride(self, ride_id: str, request: Message, *, timeout_s: float) -> RideMessage | Refused:
        return await self._ask(
            self._ride_changes, ride_id, request, f"what was said of ride {ride_id}", timeout_s=timeout_s
        )

    async def _tell_for_ever(self, senses: Senses) -> None:
        """Tell what the phone gathered, batch by batch; what the server has not taken is told again the next time."""
        while True:
            await self._tell(senses)
            await asyncio.sleep(self._batch_s)

    async def _tell(self, senses: Senses) -> None:
        for batch in senses.batches():
            if not await self.link.send(batch):
                return

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
            for ride in welcome.snapshot.rides if welcome.snapshot is not None else ():
                self._take_ride(ride)
            for message in told:
                self._take(message)
            for bell_id in self._bells.keys() - {message.bell_id for message in told} - self._rings.keys():
                self._bells[bell_id].lose()
        self._live.set()
        requests: list[Message] = [ring.request for ring in self._rings.values()]
        requests += [cancel.request for cancel in self._cancels.values()]
        requests += [check_in.request for check_in in self._check_ins.values()]
        requests += [change.request for change in self._ride_changes.values()]
        requests += [WatchStop(stop_id=stop_id) for stop_id in self._watches]
        for request in requests:
            await self.link.send(request)
        if self.senses is not None:
            await self._tell(self.senses)

    async def delivered(self, message: ToRider, *, again: bool) -> None:  # noqa: ARG002 - repeats are recognised by content
        """Hand a message to whom it concerns."""
        match message:
            case BellMessage():
                self._take(message)
            case RideMessage():
                self._take_ride(message)
            case Taken(ref=ref) if self.senses is not None:
                self.senses.taken(ref)
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

    def _take_ride(self, ride: RideMessage) -> None:
        self._rides[ride.ride_id] = ride
        for old in list(self._rides)[: max(0, len(self._rides) - RIDES_KEPT)]:
            del self._rides[old]
        if (change := self._ride_changes.get(ride.ride_id)) is not None:
            change.resolve(ride)
        for check_in in self._check_ins.values():
            wanted = check_in.request
            if isinstance(wanted, CheckIn) and wanted.vehicle_id in (None, ride.vehicle_id) and ride.state in ON_BOARD:
                check_in.resolve(ride)

    def _refuse(self, refused: Refused) -> None:
        ref = refused.ref or ""
        if (ring := self._rings.get(ref)) is not None:
            ring.resolve(refused)
        elif (cancel := self._cancels.get(ref)) is not None:
            cancel.resolve(refused)
        elif (check_in := self._check_ins.get(ref)) is not None:
            check_in.resolve(refused)
        elif (change := self._ride_changes.get(ref)) is not None:
            change.resolve(refused)
        elif self.senses is not None and refused.reason is Reason.BAD_MESSAGE and self.senses.taken(ref):
            log.warning("what the phone gathered was refused: %s", refused.message)
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
