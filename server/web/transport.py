"""WebSockets on uvicorn's port, spoken by picows: upgrade, frames, lingering close. Web level.

uvicorn's `ws=` slot takes a protocol class; ours hands the upgraded transport and the request's bytes to picows'
protocol object, which frames in C (docs/decisions/0002-transport.md has the measurements). No deflate is offered.
"""

import asyncio
import logging
import re
import socket as sockets
from collections.abc import Callable
from typing import Any, NamedTuple, cast

from picows import (
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener as Answer,
)
from picows.picows import WSAutoPingStrategy, WSProtocol  # type: ignore[attr-defined]
from uvicorn.server import ServerState

from server.protocol.session import CloseCode
from server.web.connection import Peer, Socket

log = logging.getLogger(__name__)

LINGER_S = 2.0
"""After our half of the close the other end gets this long to read it and close too; then the connection is cut."""
READ_BUFFER_BYTES = 4096
"""First read buffer of a connection: a fix is about 250 bytes, a ring 300; it grows to the largest frame when needed."""
CONNECTION_HEADER = re.compile(rb"\r\nconnection:[^\r\n]*", re.IGNORECASE)
TEXT, BINARY, CONTINUATION, CLOSE, PING = (
    WSMsgType.TEXT,
    WSMsgType.BINARY,
    WSMsgType.CONTINUATION,
    WSMsgType.CLOSE,
    WSMsgType.PING,
)

# What clients do wrong is no error of ours, and picows logs a line for every connection: it is kept quiet.
_quiet = logging.LoggerAdapter(logging.getLogger("server.web.picows"), {})
_quiet.logger.setLevel(logging.CRITICAL)


class Turned(NamedTuple):
    """An upgrade that is turned away: HTTP status and one sentence."""

    status: int
    sentence: str


class Request(NamedTuple):
    """What a request for a socket says, before anybody is let in."""

    path: str
    origin: str | None
    host: str
    peer: Peer


Door = Callable[[Request], Socket | Turned]
"""Chooses the handler of a new connection, or turns it away."""


class PicowsConnection(WSListener):
    """One WebSocket: `connection.Connection` for its handler, a listener for picows. Joins fragmented messages."""

    def __init__(self, socket: Socket, peer: Peer, frame_max: int) -> None:
        self.peer = peer
        self._socket = socket
        self._frame_max = frame_max
        self._parts: list[bytes] = []
        self._transport: WSTransport | None = None

    # -- what the handler asks -------------------------------------------------

    def send(self, frame: bytes) -> None:
        """Write one text frame."""
        if self._transport is not None:
            self._transport.send(TEXT, frame)

    def ping(self) -> None:
        """Ask for a pong."""
        if self._transport is not None:
            self._transport.send_ping()

    def close(self, code: int, reason: str) -> None:
        """Send a close frame and end our half; the other half lingers."""
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.send_close(cast("Any", code), reason.encode()[:120])  # picows' enum ends where our codes begin
            transport.disconnect()

    def limit_send_buffer(self, size_bytes: int) -> None:
        """Set `SO_SNDBUF` of this connection (the kernel doubles it for its bookkeeping)."""
        if self._transport is not None:
            raw: sockets.socket = self._transport.underlying_transport.get_extra_info("socket")
            raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_SNDBUF, size_bytes)

    # -- what picows tells -----------------------------------------------------

    def on_ws_connected(self, transport: WSTransport) -> None:
        """The upgrade is through."""
        self._transport = transport
        self._socket.on_open(self)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """One frame came; most are whole text messages."""
        if self._transport is None:
            if frame.msg_type == CLOSE:
                transport.disconnect()
            return
        try:
            self._take(transport, frame)
        except Exception:
            # A defect of ours on this one message: it must be seen in the log, and the client may try again.
            log.exception("a message on %s could not be handled", type(self._socket).__name__)
            self.close(CloseCode.RESTART, "try again")

    def _take(self, transport: WSTransport, frame: WSFrame) -> None:
        kind = frame.msg_type
        if kind == TEXT and frame.fin and not self._parts:
            self._socket.on_frame(frame.get_payload_as_bytes())
        elif kind in (TEXT, CONTINUATION):
            self._join(frame)
        elif kind == CLOSE:
            code = cast("int", frame.get_close_code())  # an enum that is an int
            self.close(max(code, CloseCode.NORMAL), "")
        elif kind == BINARY:
            self.close(CloseCode.BAD_MESSAGE, "text frames only")
        else:
            if kind == PING:
                transport.send_pong(frame.get_payload_as_bytes())
            self._socket.on_alive(frame.payload_size + 2)

    def _join(self, frame: WSFrame) -> None:
        if (frame.msg_type == TEXT) == bool(self._parts):
            self.close(CloseCode.BAD_MESSAGE, "fragments out of order")
            return
        self._parts.append(frame.get_payload_as_bytes() or b"")
        if sum(map(len, self._parts)) > self._frame_max:
            self.close(CloseCode.TOO_LARGE, "message too large")
        elif frame.fin:
            whole, self._parts = b"".join(self._parts), []
            self._socket.on_frame(whole)
        else:
            self._socket.on_alive(frame.payload_size + 2)

    def on_ws_disconnected(self, _transport: WSTransport) -> None:
        """The transport is gone."""
        self._transport = None
        self._socket.on_close()

    def pause_writing(self) -> None:
        """Too much is unsent."""
        self._socket.on_pause()

    def resume_writing(self) -> None:
        """It has been sent."""
        self._socket.on_resume()


class _Lingering:
    """The transport as picows sees it: `close` ends our half and reads on for a while, so that no reset eats the close frame."""

    def __init__(self, transport: asyncio.Transport, protocol: asyncio.BaseProtocol) -> None:
        self._transport = transport
        self._protocol = protocol
        self._closing = False
        self.write = transport.write
        self.writelines = transport.writelines
        self.get_write_buffer_size = transport.get_write_buffer_size
        self.get_extra_info = transport.get_extra_info
        self.abort = transport.abort

    def close(self) -> None:
        if self._closing or self._transport.is_closing():
            return
        self._closing = True
        loop = asyncio.get_running_loop()
        if not self._transport.can_write_eof():  # TLS ends both halves at once
            self._transport.close()
            return
        self._transport.set_protocol(_Discard(self._protocol))
        self._transport.write_eof()
        loop.call_later(LINGER_S, self._transport.abort)


class _Discard(asyncio.BufferedProtocol):
    """Reads what still comes and throws it away; passes the end on."""

    def __init__(self, ended: asyncio.BaseProtocol) -> None:
        self._ended = ended
        self._bin = bytearray(16_384)

    def get_buffer(self, _sizehint: int) -> bytearray:
        return self._bin

    def buffer_updated(self, _nbytes: int) -> None:
        pass

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended.connection_lost(exc)


class SocketProtocol(WSProtocol):  # type: ignore[misc]
    """The class for uvicorn's `ws=` slot: a picows protocol that uvicorn can make, feed, count and shut down."""

    def __init__(
        self, door: Door, frame_max: int, write_high: int, *, server_state: ServerState, **_of_uvicorn: object
    ) -> None:
        super().__init__(
            host_port=None,
            ws_path=None,
            is_client_side=False,
            ws_listener_factory=self._open,
            logger=_quiet,
            disconnect_on_exception=True,
            websocket_handshake_timeout=5.0,
            enable_auto_ping=False,
            auto_ping_idle_timeout=0.0,
            auto_ping_reply_timeout=0.0,
            auto_ping_strategy=WSAutoPingStrategy.PING_WHEN_IDLE,
            enable_auto_pong=False,
            max_frame_size=frame_max,
            extra_headers=None,
            read_buffer_init_size=READ_BUFFER_BYTES,
        )
        self._door = door
        self._frame_max = frame_max
        self._write_high = write_high
        self._server_state = server_state
        self._address = ""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Uvicorn hands over an upgraded transport; from now on it counts as ours in the server's state."""
        self._server_state.connections.add(cast("Any", self))
        transport.set_write_buffer_limits(high=self._write_high)
        address = transport.get_extra_info("peername")
        self._address = str(address[0]) if isinstance(address, tuple) else ""
        super().connection_made(_Lingering(transport, self))

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._server_state.connections.discard(cast("Any", self))
        super().connection_lost(exc)

    def buffer_updated(self, nbytes: int) -> None:
        """Bytes came. After a protocol error picows would read on for 10 ms, an oversized frame included: stop at once."""
        super().buffer_updated(nbytes)
        if self.transport.is_close_frame_sent:
            self.transport.disconnect()

    def data_received(self, data: bytes) -> None:
        """The request's head, as uvicorn puts it together again; everything later comes by the buffer.

        Firefox sends `Connection: keep-alive, Upgrade`, of which picows takes only the last word; uvicorn has
        already checked the list.
        """
        head = memoryview(CONNECTION_HEADER.sub(b"\r\nconnection: Upgrade", data))
        while head:
            room = self.get_buffer(-1)
            taken = min(len(room), len(head))
            room[:taken] = head[:taken]
            head = head[taken:]
            self.buffer_updated(taken)

    def shutdown(self) -> None:
        """Uvicorn ends: whoever is still here after the drain goes now."""
        if isinstance(self.listener, PicowsConnection):
            self.listener.close(CloseCode.RESTART, "restart")
        else:
            self.transport.disconnect()

    def _open(self, request: WSUpgradeRequest) -> Answer | PicowsConnection:
        headers = request.headers
        bearer = headers.get("authorization", "")
        peer = Peer(
            self._address,
            bearer[7:].strip() if bearer[:7].lower() == "bearer " else None,
            headers.get("accept-language"),
        )
        opened = self._door(
            Request(request.path.decode("latin-1"), headers.get("origin"), headers.get("host", ""), peer)
        )
        if isinstance(opened, Turned):
            body = (opened.sentence + "\n").encode()
            return Answer(WSUpgradeResponse.create_error_response(opened.status, body), None)
        return PicowsConnection(opened, peer, self._frame_max)
