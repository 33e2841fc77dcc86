"""Arrivals at the stops that somebody watches: worked out once a second for each stop, however many watch. Web level."""

import asyncio
import logging
from collections.abc import Callable
from itertools import count

from server.core.model import StopId
from server.ports import Subscriber
from server.protocol import messages as wire
from server.protocol.codec import encode
from server.runtime import Runtime

log = logging.getLogger(__name__)

REFRESH_S = 1.0
"""PROTOCOL promises arrivals whenever they change; people see no more than one change a second."""
CHUNK = 50
"""Stops worked out before others get a turn."""


class _Board:
    __slots__ = ("arrivals", "frame", "made_s", "watchers")

    def __init__(self) -> None:
        self.watchers: dict[int, Subscriber] = {}
        self.arrivals: list[wire.ArrivalRow] = []
        self.frame = b""
        self.made_s = float("-inf")


class StopBoards:
    """The watched stops of one server, at most `max_boards`."""

    def __init__(self, runtime: Runtime, *, max_boards: int) -> None:
        self._runtime = runtime
        self._max = max_boards
        self._boards: dict[StopId, _Board] = {}
        self._tokens = count()

    def __len__(self) -> int:
        return len(self._boards)

    def watch(self, stop_id: StopId, watcher: Subscriber) -> Callable[[], None] | None:
        """Deliver this stop's arrivals now and whenever they change, until the returned call. None: no room.

        The stop must exist.
        """
        board = self._boards.get(stop_id)
        if board is None:
            if len(self._boards) >= self._max:
                return None
            board = self._boards[stop_id] = _Board()
        now_s = asyncio.get_running_loop().time()
        if now_s - board.made_s >= REFRESH_S:
            self._refresh(stop_id, board, now_s)
        token = next(self._tokens)
        board.watchers[token] = watcher
        watcher.deliver(board.frame, seq=None, key=_key(stop_id))

        def end() -> None:
            if board.watchers.pop(token, None) is not None and not board.watchers:
                self._boards.pop(stop_id, None)

        return end

    async def run(self) -> None:
        """Refresh for ever."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(REFRESH_S)
            for done, (stop_id, board) in enumerate(tuple(self._boards.items()), start=1):
                try:
                    self._refresh(stop_id, board, loop.time())
                except Exception:
                    log.exception("arrivals at %s could not be worked out", stop_id)
                if done % CHUNK == 0:
                    await asyncio.sleep(0)

    def _refresh(self, stop_id: StopId, board: _Board, now_s: float) -> None:
        arrivals = self._runtime.arrivals(stop_id)
        board.made_s = now_s
        if board.frame and arrivals.buses == board.arrivals:
            return
        board.arrivals, board.frame = arrivals.buses, encode(arrivals)
        for watcher in tuple(board.watchers.values()):
            watcher.deliver(board.frame, seq=None, key=_key(stop_id))


def _key(stop_id: StopId) -> str:
    return f"arrivals:{stop_id}"
