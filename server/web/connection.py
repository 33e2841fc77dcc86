"""What a socket's handler and the transport under it know of each other. Web level.

All calls are made on one event loop and return at once. A transport calls `on_open` once, then any number of
`on_frame`, `on_alive`, `on_pause` and `on_resume`, then `on_close` once; nothing after that.
"""

from typing import NamedTuple, Protocol


class Peer(NamedTuple):
    """Who is at the other end, as far as the request tells."""

    address: str
    bearer: str | None = None
    """The token of an `Authorization` header: native clients only, browsers cannot send one."""
    language: str | None = None


class Connection(Protocol):
    """One open connection that carries text frames both ways."""

    @property
    def peer(self) -> Peer:
        """Who is at the other end."""
        ...

    def send(self, frame: bytes) -> None:
        """Write one text frame (UTF-8). After `on_pause` the caller holds back until `on_resume`."""
        ...

    def ping(self) -> None:
        """Ask the other end's transport for a sign of life (`on_alive`)."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Say goodbye with a code and a short reason (≤ 120 bytes), and close. Harmless when repeated."""
        ...

    def limit_send_buffer(self, size_bytes: int) -> None:
        """Keep at most about this much unsent in the kernel, so that a slow reader is noticed here."""
        ...


class Socket(Protocol):
    """What is done with one connection's frames: a session of some role."""

    def on_open(self, connection: Connection) -> None:
        """The connection is open."""
        ...

    def on_frame(self, frame: bytes) -> None:
        """One whole message came."""
        ...

    def on_alive(self, size_bytes: int) -> None:
        """A sign of life without a message (ping, pong, a fragment), and what it cost to read."""
        ...

    def on_pause(self) -> None:
        """The other end reads too slowly: write no more for now."""
        ...

    def on_resume(self) -> None:
        """The other end has caught up."""
        ...

    def on_close(self) -> None:
        """The connection is gone, whoever ended it."""
        ...
