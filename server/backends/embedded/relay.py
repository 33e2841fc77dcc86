"""Messages handed on inside one process. Back-end level: a dict of subscribers, no tasks, no queue."""

import logging
from collections.abc import Callable
from itertools import count

from server.ports import Subscriber

log = logging.getLogger(__name__)


class InProcessRelay:
    """`ports.Relay` for one process: calls every subscriber at once, in the order in which they subscribed.

    Holds nothing but subscriptions; what a slow reader cannot take is bounded by the subscriber's own outbox.
    """

    def __init__(self) -> None:
        self._streams: dict[str, dict[int, Subscriber]] = {}
        self._tokens = count()

    def publish(self, stream: str, frame: bytes, *, seq: int | None, key: str) -> int:
        """Hand a frame to the stream's subscribers; the number of them that took it. One that raises hurts no other."""
        subscribers = self._streams.get(stream)
        if not subscribers:
            return 0
        taken = 0
        for token, subscriber in tuple(subscribers.items()):
            if token not in subscribers:  # ended by an earlier subscriber of this very frame
                continue
            try:
                subscriber.deliver(frame, seq=seq, key=key)
            except Exception:
                log.exception("a subscriber of %s could not take %s (seq %s)", stream, key, seq)
            else:
                taken += 1
        return taken

    def subscribe(self, stream: str, subscriber: Subscriber) -> Callable[[], None]:
        """Deliver this stream's frames from now on; the returned call ends it, and is harmless when repeated."""
        token = next(self._tokens)
        self._streams.setdefault(stream, {})[token] = subscriber

        def end() -> None:
            subscribers = self._streams.get(stream)
            if subscribers is not None and subscribers.pop(token, None) is not None and not subscribers:
                del self._streams[stream]

        return end
