"""Lets locust's greenlets run asyncio clients: one asyncio loop in a native thread, results handed over by a queue.

Locust is made of gevent greenlets, the SDKs of asyncio tasks. Patching asyncio's sockets with gevent's would run every
byte through two event loops and test a client nobody ships. Instead each load process has one asyncio loop in one
*native* thread. A locust user is a greenlet that hands a coroutine to that loop and sleeps until it is done; what the
clients measured goes into a thread-safe queue that a greenlet empties into locust's statistics. For this, gevent must
not patch the standard library: `LOCUST_SKIP_MONKEY_PATCH=1` has to be set before locust is imported (the runner
`python -m loadtest` does; the locustfile refuses to run without).
"""

import asyncio
import queue
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

import gevent
from gevent.event import AsyncResult

T = TypeVar("T")

DRAIN_S = 0.2
"""How often the queue is emptied. Locust's statistics are by the second; finer would only cost CPU."""
QUEUE_MAX = 100_000
"""Samples waiting for locust. Full (locust hangs): the newest are dropped and counted; our own measures have them."""


class Bridge:
    """One asyncio loop in a native thread, and the way there and back. Made and used on locust's (the hub's) thread."""

    def __init__(self, take: Callable[..., None]) -> None:
        self.loop = asyncio.new_event_loop()
        self.dropped = 0
        self._take = take
        self._samples: queue.Queue[tuple[Any, ...]] = queue.Queue(QUEUE_MAX)
        self._thread = threading.Thread(target=self._serve, name="asyncio clients", daemon=True)
        self._draining: gevent.Greenlet | None = None

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()
        self._draining = gevent.spawn(self._drain_forever)

    def hand_over(self, *sample: Any) -> None:
        """Called on the asyncio thread: a sample for locust."""
        try:
            self._samples.put_nowait(sample)
        except queue.Full:
            self.dropped += 1

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Called in a greenlet: run a coroutine to its end on the asyncio loop; other greenlets go on meanwhile."""
        done: AsyncResult = AsyncResult()
        hub_loop = gevent.get_hub().loop
        future = asyncio.run_coroutine_threadsafe(coroutine, self.loop)

        def tell(finished: Future[T]) -> None:
            hub_loop.run_callback_threadsafe(done.set, finished)

        future.add_done_callback(tell)
        try:
            done.get()
        except gevent.GreenletExit:
            future.cancel()
            raise
        return future.result()

    def stop(self) -> None:
        """End the loop and pass on what is left."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(timeout=5.0)
        if self._draining is not None:
            self._draining.kill()
        self._drain()

    def _serve(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()

    def _drain_forever(self) -> None:
        while True:
            gevent.sleep(DRAIN_S)
            self._drain()

    def _drain(self) -> None:
        while True:
            try:
                sample = self._samples.get_nowait()
            except queue.Empty:
                return
            self._take(*sample)
