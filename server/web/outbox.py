"""What waits for one client that reads slowly: bounded, in order, written by nobody else. Web level.

Numbered messages are never dropped: when there is no room the client is told to come back (4408) and resumes where it
was. Messages without a number (arrivals, vehicles) are replaced by newer ones of the same key.
"""

from collections import deque
from collections.abc import Callable


class Outbox:
    """The only writer of a connection; `ports.Subscriber` for the relay. Calls `overflow` once and then holds nothing."""

    __slots__ = ("_closed", "_max", "_newest", "_numbered", "_overflow", "_paused", "_send", "said")

    def __init__(self, send: Callable[[bytes], None], overflow: Callable[[], None], *, max_waiting: int) -> None:
        self._send = send
        self._overflow = overflow
        self._max = max_waiting
        self._numbered: deque[bytes] = deque()
        self._newest: dict[str, bytes] = {}
        self._paused = False
        self._closed = False
        self.said = False
        """Set with every write; whoever watches for silence clears it."""

    def __len__(self) -> int:
        return len(self._numbered) + len(self._newest)

    @property
    def clear(self) -> bool:
        """True when a message given now is written at once."""
        return not self._paused

    def deliver(self, frame: bytes, *, seq: int | None, key: str) -> None:
        """Write a frame, or keep it until the client has caught up."""
        if self._closed:
            return
        if not self._paused:
            self.said = True
            self._send(frame)
            return
        if seq is not None:
            self._numbered.append(frame)
        else:
            self._newest.pop(key, None)
            self._newest[key] = frame
        if len(self) > self._max:
            self.close()
            self._overflow()

    def pause(self) -> None:
        """The transport holds enough unsent bytes: write no more."""
        self._paused = True

    def resume(self) -> None:
        """The transport has room again: numbered messages first, then the newest of each key."""
        self._paused = False
        while self._numbered and not self._paused:
            self.said = True
            self._send(self._numbered.popleft())
        while self._newest and not self._paused:
            self.said = True
            self._send(self._newest.pop(next(iter(self._newest))))

    def close(self) -> None:
        """Take nothing more and let go of what waits."""
        self._closed = True
        self._numbered.clear()
        self._newest.clear()
