"""A connection in memory: what a session does, frame by frame and second by second, without a network or a clock."""

import json

from server.web.connection import Peer
from tests.server.web.web_world import Frame


class MemoryConnection:
    """`connection.Connection` that keeps what it was given."""

    def __init__(self, bearer: str | None = None) -> None:
        self.peer = Peer("192.0.2.1", bearer)
        self.sent: list[Frame] = []
        self.pings = 0
        self.send_buffer: int | None = None
        self._closed: tuple[int, str] | None = None

    def send(self, frame: bytes) -> None:
        assert self._closed is None, "nothing may be written after a close"
        self.sent.append(json.loads(frame))

    def ping(self) -> None:
        self.pings += 1

    def close(self, code: int, reason: str) -> None:
        assert len(reason.encode()) <= 120
        self._closed = self._closed or (code, reason)

    def closed(self) -> tuple[int, str] | None:
        """How it was closed, if it was."""
        return self._closed

    def limit_send_buffer(self, size_bytes: int) -> None:
        self.send_buffer = size_bytes
