"""uvicorn's HTTP with a deadline and a size limit for the request's head. Web level.

uvicorn has neither: a client may send one header byte a minute, or one endless header, and keep its place for ever.
"""

import asyncio
import logging
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

log = logging.getLogger(__name__)

TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class GuardedHttpProtocol(HttpToolsProtocol):
    """For uvicorn's `http=` slot. The deadline runs from the connection, and from the first byte of each later request."""

    def __init__(self, deadline_s: float, head_max_bytes: int, **of_uvicorn: Any) -> None:
        super().__init__(**of_uvicorn)
        self._deadline_s = deadline_s
        self._head_max_bytes = head_max_bytes
        self._head_bytes = 0
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client is here; its first request is awaited."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._head_done()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes of a head are counted until it is complete; a body is the application's to limit."""
        super().data_received(data)
        if self._deadline is None:
            return
        self._head_bytes += len(data)
        if self._head_bytes > self._head_max_bytes:
            self._turn_away(TOO_LARGE)

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        if self._deadline is None:
            self._await_head()

    def on_headers_complete(self) -> None:
        """The head is complete."""
        self._head_done()
        super().on_headers_complete()

    def _await_head(self) -> None:
        self._head_bytes = 0
        self._deadline = self.loop.call_later(self._deadline_s, self._turn_away, TOO_SLOW)

    def _head_done(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _turn_away(self, answer: bytes) -> None:
        self._head_done()
        if not self.transport.is_closing():
            log.info("turned %s away: %s", self.client, answer[9:30])
            self.transport.write(answer)
            self.transport.close()
