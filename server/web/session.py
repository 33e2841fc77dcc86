"""One connection from hello to goodbye, whatever its role: who it is, how much it may send, whether it still lives. Web level."""

import asyncio
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from enum import Enum
from typing import ClassVar

from server.core.effects import Effect, Refused as RefusedEffect
from server.core.model import Reason
from server.protocol import messages as wire
from server.protocol.codec import Codec, Rejected, encode
from server.protocol.session import CloseCode
from server.protocol.tokens import Role
from server.streams import Attached
from server.web.auth import LEEWAY_S, Identity
from server.web.connection import Connection
from server.web.house import House
from server.web.outbox import Outbox
from server.web.words import Detail, Language, language_of

log = logging.getLogger(__name__)

HELD_MAX = 64
"""Frames of a client that does not wait for its welcome; more is rude (4400)."""
BEAT = encode(wire.Beat())


class Stage(Enum):
    """How far a connection is."""

    NEW = "new"
    ENTERING = "entering"
    OPEN = "open"
    CLOSED = "closed"


class Session(ABC):
    """`connection.Socket` for all roles. A role says what its messages do and what its welcome holds."""

    role: ClassVar[Role]
    also: ClassVar[tuple[Role, ...]] = ()
    """Other roles that may come in by this door."""
    codec: ClassVar[Codec[wire.Message]]

    def __init__(self, house: House) -> None:
        self.house = house
        self.runtime = house.runtime
        self.language: Language = "ko"
        self.identity: Identity | None = None
        self.stage = Stage.NEW
        self.heartbeat_s = house.settings.heartbeat_s
        self.subscriptions: list[Callable[[], None]] = []
        settings = house.settings
        self._bytes_per_s = settings.bytes_per_s
        self._frames_left = float(settings.frames_burst)
        self._bytes_left = self._bytes_per_s * settings.bytes_burst_s
        self._held: list[bytes] = []
        self._entering: asyncio.Task[None] | None = None
        self._answers = 0
        self._spoke = self._alive = True
        self._pinged = False
        self._expires_s = 0.0

    # -- for the roles ---------------------------------------------------------

    @property
    def drives(self) -> bool:
        """True for a driver's terminal."""
        return self.role is Role.TERMINAL

    def stream(self, identity: Identity) -> str:
        """Name of the stream of numbered messages for this client; who has none needs it only to learn the epoch."""
        return f"{self.role}:{identity.subject}"

    def enter(self, identity: Identity, attached: Attached) -> wire.Welcome:  # noqa: ARG002 - riders and terminals ask
        """Subscribe to what this client is to hear, and make its welcome. No await may come before the subscription."""
        return wire.Welcome(
            epoch=attached.epoch,
            seq=attached.seq,
            recovered=attached.recovered,
            server_at_ms=self.runtime.clock.now_ms(),
            heartbeat_s=self.heartbeat_s,
        )

    @abstractmethod
    def take(self, message: wire.Message) -> None:
        """Do what a message asks."""

    def leave(self) -> None:  # noqa: B027 - nothing to undo is usual
        """Undo `enter`; called once, only after it."""

    def limit_send_buffer(self) -> None:
        """Notice a slow reader here rather than let the kernel hide it."""
        self._connection.limit_send_buffer(self.house.settings.terminal_send_buffer_bytes)

    # -- the connection --------------------------------------------------------

    def on_open(self, connection: Connection) -> None:
        """Wait for hello."""
        settings = self.house.settings
        self._connection = connection
        self.outbox = Outbox(connection.send, self._overflow, max_waiting=settings.outbox_max)
        self.language = language_of(connection.peer.language)
        self._opened_s = self._swept_s = self._heard_s = self._said_s = asyncio.get_running_loop().time()
        if not self.house.lobby.come(self):
            leaving = self.house.lobby.draining
            self.end(CloseCode.RESTART if leaving else CloseCode.TOO_MANY, "no room, come back later")

    def on_frame(self, frame: bytes) -> None:
        """One message came."""
        self._spoke = self._alive = True
        self._frames_left -= 1.0
        self._bytes_left -= len(frame)
        if self._frames_left < 0.0 or self._bytes_left < 0.0:
            self.end(CloseCode.TOO_MANY, "too many messages")
        elif self.stage is Stage.OPEN:
            self._read(frame)
        elif self.stage is Stage.NEW:
            self._greet(frame)
        elif self.stage is Stage.ENTERING:
            self._held.append(frame)
            if len(self._held) > HELD_MAX:
                self.end(CloseCode.BAD_MESSAGE, "wait for the welcome")

    def on_alive(self, size_bytes: int) -> None:
        """A sign of life without a message; it counts as a frame, so that pings are no way around the budget."""
        self._alive = True
        self._frames_left -= 1.0
        self._bytes_left -= size_bytes
        if self._frames_left < 0.0 or self._bytes_left < 0.0:
            self.end(CloseCode.TOO_MANY, "too many frames")

    def on_pause(self) -> None:
        """The client reads too slowly."""
        self.outbox.pause()

    def on_resume(self) -> None:
        """It has caught up."""
        self.outbox.resume()

    def on_close(self) -> None:
        """The connection is gone."""
        self._gone()

    # -- hello -----------------------------------------------------------------

    def _greet(self, frame: bytes) -> None:
        if len(frame) > self.house.settings.hello_max_bytes:
            self.end(CloseCode.NOT_AUTHENTICATED, "hello is too large")
            return
        hello = self.codec.decode(frame)
        if not isinstance(hello, wire.Hello):
            self.end(CloseCode.NOT_AUTHENTICATED, "say hello first")
            return
        if hello.lang is not None:
            self.language = language_of(hello.lang)
        self.stage = Stage.ENTERING
        self._entering = asyncio.create_task(self._enter(hello))

    async def _enter(self, hello: wire.Hello) -> None:
        try:
            identity = await self._identify(hello)
            if self.stage is Stage.CLOSED:
                return
            if isinstance(identity, Reason):
                self._turn_away(CloseCode.NOT_AUTHENTICATED, identity)
            elif identity.role not in (self.role, *self.also):
                self._turn_away(CloseCode.FORBIDDEN, Reason.FORBIDDEN)
            elif not self.house.lobby.know(f"{identity.role}:{identity.subject}"):
                self._turn_away(CloseCode.TOO_MANY, Reason.RATE_LIMITED)
            else:
                self.identity = identity
                await self._attach(identity, hello.resume)
        except Exception:
            log.exception("a %s could not be let in", self.role)
            self.end(CloseCode.RESTART, "try again")

    async def _identify(self, hello: wire.Hello) -> Identity | Reason:
        if hello.ticket is not None:
            redeemed = self.house.tickets.redeem(hello.ticket, asyncio.get_running_loop().time())
            return redeemed if redeemed is not None else Reason.NOT_AUTHENTICATED
        token = hello.token if hello.token is not None else self._connection.peer.bearer
        return Reason.NOT_AUTHENTICATED if token is None else await self.house.auth.identify(token)

    async def _attach(self, identity: Identity, resume: wire.Resume | None) -> None:
        attached = await self.runtime.attach(self.stream(identity), resume)
        if self.stage is Stage.CLOSED:
            return
        self.stage = Stage.OPEN
        now_s = asyncio.get_running_loop().time()
        self._expires_s = now_s + identity.expires_s + LEEWAY_S - time.time()
        welcome = self.enter(identity, attached)
        self.outbox.deliver(encode(welcome), seq=None, key="welcome")
        for missed in attached.frames:
            self.outbox.deliver(missed.frame, seq=missed.seq, key=missed.key)
        held, self._held = self._held, []
        for frame in held:
            if self.stage is Stage.OPEN:
                self._read(frame)

    # -- messages --------------------------------------------------------------

    def _read(self, frame: bytes) -> None:
        message = self.codec.decode(frame)
        if isinstance(message, Rejected):
            self.refuse(message.reason, message.ref, {"what": message.what})
        elif isinstance(message, wire.Hello):
            self.refuse(Reason.BAD_MESSAGE, None, {"what": "hello was said before"})
        elif not isinstance(message, wire.Beat | wire.Ack):
            self.take(message)

    def refuse(self, reason: Reason, ref: str | None, detail: Detail | None = None) -> None:
        """Say no, why, and in words for people."""
        words = self.house.words.say(reason, self.language, detail)
        self.reply(wire.Refused(reason=reason, message=words, ref=ref))

    def refuse_all(self, effects: Sequence[Effect]) -> None:
        """Pass on the noes among what was decided; a `runtime.Done`."""
        for effect in effects:
            if isinstance(effect, RefusedEffect):
                self.refuse(effect.reason, effect.ref, effect.detail)

    def reply(self, message: wire.Message) -> None:
        """Send something that has no number and that nothing later replaces."""
        self._answers += 1
        self.outbox.deliver(encode(message), seq=None, key=f"answer:{self._answers}")

    # -- time passes -----------------------------------------------------------

    def sweep(self, now_s: float) -> None:
        """Keep deadlines, fill budgets up, say a beat after silence."""
        settings = self.house.settings
        if self.stage in (Stage.NEW, Stage.ENTERING):
            if now_s - self._opened_s >= settings.hello_deadline_s:
                self.end(CloseCode.NOT_AUTHENTICATED, "no hello in time")
            return
        passed_s, self._swept_s = now_s - self._swept_s, now_s
        self._frames_left = min(settings.frames_burst, self._frames_left + passed_s * settings.frames_per_s)
        full = self._bytes_per_s * settings.bytes_burst_s
        self._bytes_left = min(full, self._bytes_left + passed_s * self._bytes_per_s)
        self._listen(now_s)
        if self.outbox.said:
            self.outbox.said, self._said_s = False, now_s
        elif now_s - self._said_s >= self.heartbeat_s:
            self.outbox.deliver(BEAT, seq=None, key="beat")
        if now_s >= self._expires_s:
            self._turn_away(CloseCode.NOT_AUTHENTICATED, Reason.NOT_AUTHENTICATED)

    def _listen(self, now_s: float) -> None:
        """A client may be quiet, but not dead: half-way to the limit its transport is asked."""
        if self._alive:
            self._alive, self._pinged, self._heard_s = False, False, now_s
            return
        silent_s, limit_s = now_s - self._heard_s, self.house.settings.dead_after_s
        if silent_s >= limit_s:
            self.end(CloseCode.TOO_SLOW, "silent for too long")
        elif silent_s >= limit_s / 2 and not self._pinged:
            self._pinged = True
            self._connection.ping()

    def spoke_since_asked(self) -> bool:
        """Whether a message (not only a pong) came since this was last asked."""
        spoke, self._spoke = self._spoke, False
        return spoke

    # -- goodbye ---------------------------------------------------------------

    def drain(self, reconnect_in_ms: int) -> None:
        """Say when to come back."""
        if self.stage is Stage.OPEN:
            self.outbox.deliver(encode(wire.Drain(reconnect_in_ms=reconnect_in_ms)), seq=None, key="drain")

    def end(self, code: CloseCode, reason: str) -> None:
        """Close, from our side."""
        if self.stage is not Stage.CLOSED:
            self._connection.close(code, reason)
            self._gone()

    def _turn_away(self, code: CloseCode, reason: Reason) -> None:
        if self.stage is not Stage.CLOSED:
            words = self.house.words.say(reason, self.language)
            self._connection.send(encode(wire.Refused(reason=reason, message=words)))
            self.end(code, reason)

    def _overflow(self) -> None:
        self.end(CloseCode.TOO_SLOW, "reads too slowly")

    def _gone(self) -> None:
        if self.stage is Stage.CLOSED:
            return
        entered, self.stage = self.stage is Stage.OPEN, Stage.CLOSED
        self.outbox.close()
        self._held.clear()
        for end in self.subscriptions:
            end()
        self.subscriptions.clear()
        self.house.lobby.go(self)
        if self.identity is not None:
            self.house.lobby.forget(f"{self.identity.role}:{self.identity.subject}")
        if entered:
            self.leave()
