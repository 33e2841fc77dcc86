"""What many people look at: worked out once a second for each thing, however many watch it. Web level."""

import asyncio
import logging
from collections.abc import Callable
from itertools import count
from typing import Generic, TypeVar

import msgspec

from server.ports import Subscriber
from server.protocol.codec import encode

log = logging.getLogger(__name__)

REFRESH_S = 1.0
"""PROTOCOL promises news whenever there are any; people see no more than one change a second."""
CHUNK = 50
"""Boards worked out before others get a turn."""

Key = TypeVar("Key", bound=str)


class _Board:
    __slots__ = ("frame", "made_s", "picture", "watchers")

    def __init__(self) -> None:
        self.watchers: dict[int, Subscriber] = {}
        self.picture: msgspec.Struct | None = None
        self.frame = b""
        self.made_s = float("-inf")


class Boards(Generic[Key]):
    """The watched boards of one kind, at most `max_boards`; `draw` gives a key's message, which has an `at_ms`."""

    def __init__(self, kind: str, draw: Callable[[Key], msgspec.Struct], *, max_boards: int) -> None:
        self._kind = kind
        self._draw = draw
        self._max = max_boards
        self._boards: dict[Key, _Board] = {}
        self._tokens = count()

    def __len__(self) -> int:
        return len(self._boards)

    def watch(self, key: Key, watcher: Subscriber) -> Callable[[], None] | None:
        """Deliver this board now and whenever it changes, until the returned call. None: no room.

        What the key names must exist.
        """
        board = self._boards.get(key)
        if board is None:
            if len(self._boards) >= self._max:
                return None
            board = self._boards[key] = _Board()
        now_s = asyncio.get_running_loop().time()
        if now_s - board.made_s >= REFRESH_S:
            self._refresh(key, board, now_s)
        token = next(self._tokens)
        board.watchers[token] = watcher
        watcher.deliver(board.frame, seq=None, key=f"{self._kind}:{key}")

        def end() -> None:
            if board.watchers.pop(token, None) is not None and not board.watchers:
                self._boards.pop(key, None)

        return end

    async def run(self) -> None:
        """Refresh for ever."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(REFRESH_S)
            for done, (key, board) in enumerate(tuple(self._boards.items()), start=1):
                try:
                    self._refresh(key, board, loop.time())
                except Exception:
                    log.exception("%s of %s could not be worked out", self._kind, key)
                if done % CHUNK == 0:
                    await asyncio.sleep(0)

    def _refresh(self, key: Key, board: _Board, now_s: float) -> None:
        picture = self._draw(key)
        board.made_s = now_s
        if board.picture is not None and _same(board.picture, picture):
            return
        board.picture, board.frame = picture, encode(picture)
        for watcher in tuple(board.watchers.values()):
            watcher.deliver(board.frame, seq=None, key=f"{self._kind}:{key}")


def _same(before: msgspec.Struct, after: msgspec.Struct) -> bool:
    """Whether only the time is another."""
    return all(getattr(before, name) == getattr(after, name) for name in before.__struct_fields__ if name != "at_ms")
