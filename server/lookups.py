"""Rings of bells that the engine does not hold: the journal is asked before they are decided. Beside the runtime."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from server.core.model import Bell, BellId

log = logging.getLogger(__name__)

W = TypeVar("W")


class Lookups(Generic[W]):
    """A bell may have ended long ago, and its id must not be used twice. What follows of the same bell waits behind its ring.

    `find` asks the journal; `found` gets its record (or None) with all that waited, in order; `failed` gets what waited
    when the journal cannot be read. Whoever adds bounds `len`.
    """

    def __init__(
        self,
        find: Callable[[BellId], Awaitable[Bell | None]],
        found: Callable[[Bell | None, Sequence[W]], None],
        failed: Callable[[Sequence[W]], None],
    ) -> None:
        self._find = find
        self._found = found
        self._failed = failed
        self._waiting: dict[BellId, list[W]] = {}
        self._held = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return self._held

    def __contains__(self, bell_id: BellId) -> bool:
        return bell_id in self._waiting

    def add(self, bell_id: BellId, waiting: W) -> None:
        """Hold something back until the journal has said what it knows of its bell."""
        self._held += 1
        if bell_id in self._waiting:
            self._waiting[bell_id].append(waiting)
            return
        self._waiting[bell_id] = [waiting]
        task = asyncio.create_task(self._ask(bell_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finish(self) -> None:
        """Wait until nothing is held back."""
        await asyncio.gather(*self._tasks)

    async def _ask(self, bell_id: BellId) -> None:
        try:
            bell = await self._find(bell_id)
        except Exception:
            log.exception("the journal cannot be read")
            self._failed(self._take(bell_id))
            return
        self._found(bell, self._take(bell_id))

    def _take(self, bell_id: BellId) -> Sequence[W]:
        held = self._waiting.pop(bell_id)
        self._held -= len(held)
        return held
