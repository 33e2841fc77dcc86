"""Keeps one client connected: runs a `Session` over a real WebSocket with asyncio. Level: protocol, for both SDKs."""

import asyncio
import contextlib
import logging
import ssl as tls
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Generic, Protocol, Self, TypeVar, assert_never
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from server.protocol.messages import Message, Welcome
from server.protocol.session import (
    Again,
    CloseCode,
    Delivered,
    LinkStopped,
    Lost,
    Phase,
    Session,
    Stop,
    StopReason,
    Welcomed,
)

T = TypeVar("T")
M = TypeVar("M", bound=Message)
M_contra = TypeVar("M_contra", bound=Message, contravariant=True)

Token = str | Callable[[], Awaitable[str]]
"""A token, or an async function that gets one; it is called for each connection and may raise OSError for "not now"."""

log = logging.getLogger(__name__)

_OPEN_TIMEOUT_S = 10.0
"""For DNS, TCP, TLS and the upgrade together; mobile networks need seconds, a dead host must not hold us longer."""
_CLOSE_TIMEOUT_S = 1.0
"""How long a polite close may take before the transport is cut."""
_FRAME_MAX_BYTES = 1 << 20
"""Largest frame taken from the server. The largest we know is a trip of some hundred stops, about 30 kB."""
_REFUSED_UPGRADES: dict[int, CloseCode] = {
    HTTPStatus.UNAUTHORIZED: CloseCode.NOT_AUTHENTICATED,
    HTTPStatus.FORBIDDEN: CloseCode.FORBIDDEN,
    HTTPStatus.TOO_MANY_REQUESTS: CloseCode.TOO_MANY,
    HTTPStatus.SERVICE_UNAVAILABLE: CloseCode.TOO_MANY,
}
"""A server or proxy that says no before the socket opens means what the close code would mean after it."""


class NoAnswer(TimeoutError):  # noqa: N818 - a TimeoutError that says what was not answered
    """The server did not answer in time. It may or may not have heard; the same request again is safe."""


def socket_url(url: str, role: str) -> str:
    """The socket of a role on a server: `http://host:port` becomes `ws://host:port/v1/ws/ROLE`; a full path is kept."""
    parts = urlsplit(url)
    scheme = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}.get(parts.scheme)
    if scheme is None or not parts.netloc:
        msg = f"{url!r} is not a server's address; give one like https://bell.example or ws://127.0.0.1:8080"
        raise ValueError(msg)
    path = parts.path if parts.path not in {"", "/"} else f"/v1/ws/{role}"
    return f"{scheme}://{parts.netloc}{path}"


class Listener(Protocol[M_contra]):
    """Who hears the link. Calls come one at a time, in order; the next frame waits until a call returns."""

    async def welcomed(self, welcome: Welcome, *, resumed: bool) -> None:
        """The link is live. Unless `resumed`, the welcome's snapshot replaces what is held."""
        ...

    async def delivered(self, message: M_contra, *, again: bool) -> None:
        """A message came. A numbered one is acknowledged when this returns. `again`: it was delivered before."""
        ...

    async def went_down(self) -> None:
        """The link was live and is not any more."""
        ...


class Link(Generic[M]):
    """One client's connection for life: lives inside `async with`, comes back by itself until told not to.

    Nothing is queued on the way out: `send` waits for the transport's own bounded buffer, and says False when there is
    no live link, so that the caller decides what is worth sending later.
    """

    def __init__(
        self,
        url: str,
        token: Token,
        session: Session[M],
        listener: Listener[M],
        *,
        ssl: tls.SSLContext | None = None,
    ) -> None:
        self.url = url
        self.session = session
        self._token = token
        self._listener = listener
        self._ssl = ssl
        self._socket: ClientConnection | None = None
        self._clock = time.monotonic
        self._stir = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._broken: BaseException | None = None

    @property
    def live(self) -> bool:
        """True between a welcome and the end of its connection."""
        return self.session.phase is Phase.LIVE and self._socket is not None

    async def __aenter__(self) -> Self:
        self._running = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close politely. Raises what broke the link if that was a defect (of a display, say) and not a `LinkStopped`."""
        if self._running is None:
            return
        self._running.cancel()
        await _ended(self._running)
        if self._broken is not None:
            raise self._broken
        if not self._running.cancelled():
            with contextlib.suppress(LinkStopped):
                self._running.result()

    def break_off(self, error: BaseException) -> None:
        """End the link because something beside it failed; whoever waits, and the end of the `async with`, raise `error`."""
        self._broken = error
        if self._running is not None:
            self._running.cancel()

    async def wait(self, wanted: Awaitable[T], *, timeout_s: float | None = None) -> T:
        """Wait for something the link is to bring.

        Raises what ended the link for good if that comes first (`LinkStopped`), and `TimeoutError` after `timeout_s`.
        """
        if self._running is None:
            msg = "the client is not running; use it inside `async with`"
            raise RuntimeError(msg)
        waiting = asyncio.ensure_future(wanted)
        try:
            await asyncio.wait({waiting, self._running}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                return waiting.result()
            if self._running.cancelled():
                raise self._broken or LinkStopped(
                    StopReason.CLOSED, "the client was closed while something was waited for"
                )
            if self._running.done():
                self._running.result()
            raise TimeoutError
        finally:
            waiting.cancel()

    async def stopped(self) -> None:
        """Wait until the link ends for good, and raise why."""
        await self.wait(asyncio.Event().wait())

    async def _run(self) -> None:
        while True:
            code = await self._one_connection()
            match self.session.closed(code, now_s=self._clock()):
                case Stop(error=error):
                    raise error
                case Again(after_s=after_s):
                    log.debug("link to %s ended (%s), again in %.1f s", self.url, code, after_s)
                    await asyncio.sleep(after_s)
                case other:
                    assert_never(other)

    async def send(self, message: Message) -> bool:
        """Send now if the link is live. True: handed to the transport, which is not yet delivery."""
        socket = self._socket
        if socket is None or not self.live:
            return False
        return await self._write(socket, self.session.encode(message, now_s=self._clock()))

    # -- one connection --------------------------------------------------------

    async def _one_connection(self) -> int | None:
        """From the upgrade to the end; the close code, None when there was no clean one."""
        try:
            token = self._token if isinstance(self._token, str) else await self._token()
            socket = await self._open()
        except InvalidStatus as refused:
            return _REFUSED_UPGRADES.get(refused.response.status_code)
        except (OSError, TimeoutError, InvalidHandshake) as error:
            log.debug("no connection to %s: %s", self.url, error)
            return None
        tending: asyncio.Task[None] | None = None
        self._socket = socket
        try:
            if await self._write(socket, self.session.hello(token, now_s=self._clock())):
                tending = asyncio.create_task(self._tend(socket))
                await self._read(socket)
        finally:
            was_live, self._socket = self.live, None
            tidying = asyncio.create_task(self._tidy(socket, tending, was_live=was_live))
            await _ended(tidying)
            tidying.result()
        return socket.close_code

    async def _tidy(self, socket: ClientConnection, tending: asyncio.Task[None] | None, *, was_live: bool) -> None:
        """Leave nothing of a connection behind; a task of its own, so that nobody's cancel stops it half-way."""
        if tending is not None:
            tending.cancel()
            await asyncio.wait({tending})
            if not tending.cancelled():
                tending.result()
        await self._end(socket)
        if was_live:
            await self._listener.went_down()

    async def _open(self) -> ClientConnection:
        return await connect(
            self.url,
            compression=None,  # 39 kB a connection less, and no compression bombs
            ping_interval=None,  # beats and probes are the session's business
            open_timeout=_OPEN_TIMEOUT_S,
            close_timeout=_CLOSE_TIMEOUT_S,
            max_size=_FRAME_MAX_BYTES,
            proxy=None,
            ssl=self._ssl,
        )

    @staticmethod
    async def _end(socket: ClientConnection) -> None:
        try:
            await socket.close(CloseCode.NORMAL)
        finally:
            socket.transport.abort()

    async def _read(self, socket: ClientConnection) -> None:
        while True:
            try:
                frame = await socket.recv(decode=False)
            except ConnectionClosed:
                return
            match self.session.received(frame, now_s=self._clock()):
                case Welcomed(welcome=welcome, resumed=resumed):
                    self._stir.set()
                    await self._listener.welcomed(welcome, resumed=resumed)
                    await self._acknowledge(socket, self.session.acknowledgement())
                case Delivered(message=message, seq=seq, again=again):
                    await self._listener.delivered(message, again=again)
                    if seq is not None:
                        await self._acknowledge(socket, self.session.taken(seq))
                case Lost(expected_seq=expected, got_seq=got):
                    log.warning("message %d came where %d was due; taking a snapshot again", got, expected)
                    return
                case None:
                    pass
                case other:
                    assert_never(other)

    async def _acknowledge(self, socket: ClientConnection, frame: bytes | None) -> None:
        if frame is not None:
            await self._write(socket, frame)

    @staticmethod
    async def _write(socket: ClientConnection, frame: bytes) -> bool:
        try:
            await socket.send(frame, text=True)
        except ConnectionClosed:
            return False
        return True

    async def _tend(self, socket: ClientConnection) -> None:
        """Beat, probe, and cut a dead link. A write that does not get through in time proves it dead as well."""
        while True:
            due = self.session.due(now_s=self._clock())
            if due.dead is not None:
                log.info("link to %s: %s; cutting it", self.url, due.dead)
                socket.transport.abort()
                return
            try:
                async with asyncio.timeout(self.session.silence_limit_s):
                    if due.beat:
                        await self._write(socket, self.session.beat(now_s=self._clock()))
                    if due.probe:
                        await self._probe(socket)
            except TimeoutError:
                log.info("link to %s takes no more bytes; cutting it", self.url)
                socket.transport.abort()
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(due.again_in_s):
                    await self._stir.wait()
            self._stir.clear()

    async def _probe(self, socket: ClientConnection) -> None:
        """A WebSocket ping; its pong counts as a sign of life."""
        with contextlib.suppress(ConnectionClosed):
            pong = await socket.ping()
            asyncio.ensure_future(pong).add_done_callback(self._heard_pong)

    def _heard_pong(self, pong: asyncio.Future[float]) -> None:
        if not pong.cancelled() and pong.exception() is None:
            self.session.heard(now_s=self._clock())


async def _ended(task: asyncio.Task[None]) -> None:
    """Wait until a task has ended, however. A cancel of ours meanwhile is not lost, but heard only afterwards."""
    try:
        await asyncio.wait({task})
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise
