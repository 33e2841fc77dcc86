"""Who wants to hear of a bell while its page is closed: one subscription a bell, for as long as the bell lives. Web level.

The subscriptions lie in one small file of the data directory, so that a restart forgets nobody whose bell it keeps.
"""

import asyncio
import hashlib
import logging
import os
from base64 import urlsafe_b64encode
from collections import deque
from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path
from typing import Protocol

import msgspec

from server.core.model import END_STATES, Bell, BellId, BellState, RiderId, RouteId
from server.protocol import messages as wire
from server.protocol.codec import encode
from server.protocol.schema_push import PushPayload, PushRequest
from server.runtime import Runtime
from server.streams import rider_stream
from server.web.push_words import sentence
from server.web.words import Language

log = logging.getLogger(__name__)

FILE = "push-subscriptions.json"
FOLLOWED_MAX = 20_000
"""Bells followed at once; of more the longest followed is let go (its page still tells)."""
WAITING_MAX = 5_000
"""Pushes that wait to be sent; of more the oldest is dropped, for a newer one says more."""
SENDERS = 8
"""Pushes on their way at once: a push service answers in some 100 ms, so about 80 a second."""
CALM_S = 1.0
"""The file is written at most this often."""


class Outcome(Enum):
    """What became of a push."""

    SENT = "sent"
    GONE = "gone"
    FAILED = "failed"


class Sender(Protocol):
    """What sends."""

    public_key: str

    async def takes(self, endpoint: str) -> bool:
        """Whether pushes may be sent there."""
        ...

    async def send(self, to: PushRequest, payload: bytes) -> Outcome:
        """Send one."""
        ...

    async def close(self) -> None:
        """End."""
        ...


class _Kept(msgspec.Struct, frozen=True):
    """One subscription as it lies in the file."""

    rider_id: str
    to: PushRequest


class _Follower:
    """Hears one rider's stream, and of it one bell. `ports.Subscriber`."""

    def __init__(self, kept: _Kept, told: Callable[["_Follower", wire.BellMessage], None]) -> None:
        self.kept = kept
        self.end: Callable[[], None] = lambda: None
        self.failed: wire.BellMessage | None = None
        self._told = told
        self._key = f"bell:{kept.to.bell_id}"
        self._last: tuple[BellState, int] | None = None

    def deliver(self, frame: bytes, *, seq: int | None, key: str) -> None:  # noqa: ARG002 - each frame counts
        """Take a frame of the rider's stream; a state is told once, whatever else changes."""
        if key != self._key:
            return
        message = msgspec.json.decode(frame, type=wire.BellMessage)
        if (message.state, message.attempt) == self._last:
            return
        self._last = (message.state, message.attempt)
        self._told(self, message)
        if message.state in (BellState.PASSED, BellState.DECLINED):
            self.failed = message


class PushDesk:
    """All subscriptions of one server. `words`: the stop page's table of each language."""

    def __init__(
        self, runtime: Runtime, sender: Sender, folder: Path, words: Callable[[Language], Mapping[str, str]]
    ) -> None:
        self._runtime = runtime
        self._sender = sender
        self._file = folder / FILE
        self._words = words
        self._followers: dict[str, _Follower] = {}
        self._waiting: deque[tuple[_Follower, bytes]] = deque(maxlen=WAITING_MAX)
        self._news = asyncio.Semaphore(0)
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        return len(self._followers)

    @property
    def public_key(self) -> str:
        """The key with which browsers subscribe."""
        return self._sender.public_key

    async def takes(self, endpoint: str) -> bool:
        """Whether pushes may be sent there."""
        return await self._sender.takes(endpoint)

    def follow(self, bell: Bell, to: PushRequest) -> None:
        """Tell this browser what becomes of a bell, until it ends. A later subscription replaces an earlier one."""
        if bell.ended:
            return
        self.forget(bell.bell_id)
        while len(self._followers) >= FOLLOWED_MAX:
            self.forget(next(iter(self._followers)))
        self._start(_Kept(bell.rider_id, to))
        self._changed.set()

    def forget(self, bell_id: str) -> None:
        """Send nothing more about a bell."""
        follower = self._followers.pop(bell_id, None)
        if follower is not None:
            follower.end()
            self._changed.set()

    def _start(self, kept: _Kept) -> None:
        follower = self._followers[kept.to.bell_id] = _Follower(kept, self._told)
        follower.end = self._runtime.relay.subscribe(rider_stream(RiderId(kept.rider_id)), follower)

    def _told(self, follower: _Follower, message: wire.BellMessage) -> None:
        to = follower.kept.to
        route = self._runtime.network.routes.get(RouteId(message.route_id))
        name = route.name if route is not None else message.route_id
        words = self._words(to.lang)
        body = sentence(message, follower.failed, name, words)
        if body is not None:
            title = words["card.label"].format(route=name)
            tag, url = topic_of(to.bell_id), f"/s/{message.stop_id}"
            payload = PushPayload(title=title, body=body, tag=tag, url=url, lang=to.lang)
            self._waiting.append((follower, encode(payload)))
            self._news.release()
        if message.state in END_STATES:
            self.forget(to.bell_id)

    # -- tasks -----------------------------------------------------------------

    async def run(self) -> None:
        """Send and remember for ever."""
        self._read()
        try:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(SENDERS):
                    tasks.create_task(self._send())
                tasks.create_task(self._remember())
        finally:
            await self._sender.close()

    async def _send(self) -> None:
        while True:
            await self._news.acquire()
            if not self._waiting:
                continue  # an older one was dropped to make room
            follower, payload = self._waiting.popleft()
            try:
                outcome = await self._sender.send(follower.kept.to, payload)
            except Exception:
                log.exception("a push could not be sent")
                continue
            if outcome is Outcome.GONE and self._followers.get(follower.kept.to.bell_id) is follower:
                self.forget(follower.kept.to.bell_id)

    async def _remember(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            kept = msgspec.json.encode([follower.kept for follower in self._followers.values()])
            try:
                await asyncio.to_thread(_write, self._file, kept)
            except OSError as error:
                log.warning("subscriptions cannot be kept in %s: %s", self._file, error.strerror)
            await asyncio.sleep(CALM_S)

    def _read(self) -> None:
        """Take up again those whose bells live on. A file that cannot be read costs subscriptions, nothing else."""
        try:
            kept = msgspec.json.decode(self._file.read_bytes(), type=list[_Kept])
        except FileNotFoundError:
            return
        except (OSError, msgspec.MsgspecError) as error:
            log.warning("subscriptions in %s cannot be read: %s", self._file, error)
            return
        for one in kept:
            bell = self._runtime.engine.bell(BellId(one.to.bell_id))
            if bell is not None and not bell.ended and bell.rider_id == one.rider_id:
                self._start(one)
        self._changed.set()


def topic_of(bell_id: str) -> str:
    """Name a bell to a push service, which then keeps only the newest message about it: 32 characters that say nothing."""
    return urlsafe_b64encode(hashlib.sha256(f"ridebell:{bell_id}".encode()).digest()[:24]).decode()


def _write(path: Path, data: bytes) -> None:
    beside = path.with_suffix(".tmp")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    beside.replace(path)
