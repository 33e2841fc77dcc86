"""Starts uvicorn with what it leaves out: our listening socket, our transport, our way to end. Web level.

What uvicorn does by default was measured to be wrong here (DESIGN): its ping never drops a frozen client, it compresses
frames, reads endless heads, and at the end closes sockets without a word.
"""

import asyncio
import contextlib
import functools
import logging
import resource
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any, cast

import uvicorn
from fastapi import FastAPI

from server.settings import WebSettings
from server.web.connection import Socket
from server.web.feed_socket import FeedSession
from server.web.house import House
from server.web.http_protocol import GuardedHttpProtocol
from server.web.operator_socket import OperatorSession
from server.web.origin import origin_allowed
from server.web.rider_socket import RiderSession
from server.web.terminal_socket import TerminalSession
from server.web.transport import Request, SocketProtocol, Turned

log = logging.getLogger(__name__)

SOCKETS: dict[str, type[RiderSession | TerminalSession | FeedSession | OperatorSession]] = {
    "/v1/ws/rider": RiderSession,
    "/v1/ws/terminal": TerminalSession,
    "/v1/ws/feed": FeedSession,
    "/v1/ws/operator": OperatorSession,
}


class PortError(Exception):
    """The port cannot be listened on; the text says what, where, and what to do."""


def listen(settings: WebSettings) -> socket.socket:
    """Open the listening socket; accepted ones inherit its options. Raises PortError.

    Also lets this process open as many files as the system allows: every client is one.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; elsewhere the beats alone find a dead link
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, settings.tcp_user_timeout_ms)
    try:
        listener.bind((settings.host, settings.port))
        listener.listen(settings.backlog)
    except OSError as error:
        listener.close()
        raise PortError(
            f"cannot listen on {settings.host} port {settings.port}: {error.strerror}; choose another with --port"
        ) from error
    listener.settimeout(0)
    return listener


def url_of(listener: socket.socket) -> str:
    """Tell the address under which a listening socket is reached from this machine."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def door_of(house: House) -> Callable[[Request], Socket | Turned]:
    """Choose the session for a request by its path; turn away foreign pages and tokens in addresses."""

    def door(request: Request) -> Socket | Turned:
        path, _, query = request.path.partition("?")
        session = SOCKETS.get(path)
        if session is None:
            return Turned(404, f"there is no socket at {path[:80]}; see /asyncapi.json")
        if "token=" in query or "ticket=" in query:
            return Turned(400, "a token does not belong into an address, where it is logged; put it into hello")
        if not origin_allowed(request.origin, request.host, house.settings.allowed_origins):
            return Turned(403, "pages of this origin may not connect; the operator can allow it")
        return session(house)

    return door


class Launcher(uvicorn.Server):
    """uvicorn's server with a drain before its shutdown, and signals that let the caller end in its own order."""

    def __init__(self, app: FastAPI, ready: Callable[[], None] | None) -> None:
        self._house: House = app.state.house
        self._ready = ready
        super().__init__(_config(app, self._house, self._house.settings))

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to take requests, and say so."""
        await super().startup(sockets)
        if self.started and self._ready is not None:
            self._ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Uvicorn raises a signal again after it has ended, which would cut off whoever must still close the journal."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take nobody new, ask everybody to come back later, then let uvicorn end."""
        for server in self.servers:
            server.close()
        await self._house.lobby.drain()
        await super().shutdown(sockets)


async def serve(
    app: FastAPI,
    listener: socket.socket,
    *,
    stop: asyncio.Event | None = None,
    ready: Callable[[], None] | None = None,
) -> None:
    """Serve until SIGINT, SIGTERM or `stop`; `ready` is called once requests are taken."""
    launcher = Launcher(app, ready)
    waiting = asyncio.create_task(_stop_when(stop, launcher)) if stop is not None else None
    try:
        await launcher.serve(sockets=[listener])
    finally:
        if waiting is not None:
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)


async def _stop_when(stop: asyncio.Event, launcher: Launcher) -> None:
    await stop.wait()
    launcher.should_exit = True


def _config(app: FastAPI, house: House, settings: WebSettings) -> uvicorn.Config:
    http = functools.partial(GuardedHttpProtocol, settings.header_deadline_s, settings.header_max_bytes)
    ws = functools.partial(SocketProtocol, door_of(house), settings.frame_max_bytes, settings.write_high_bytes)
    return uvicorn.Config(
        app,
        http=cast("Any", http),
        ws=cast("Any", ws),
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies or None,
        backlog=settings.backlog,
        timeout_keep_alive=settings.keep_alive_s,
        timeout_graceful_shutdown=settings.shutdown_s,
    )
