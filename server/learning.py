"""Keeps what the engine learns over restarts: reads it at the start, stores it every minute and at the end.

It is an aid and no fact: where it cannot be read or stored, that is said in the log, predictions begin with the
timetable, and everything else goes on.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

from server.core.learned import Learned, from_bytes, to_bytes
from server.ports import Notebook

log = logging.getLogger(__name__)


async def recall(notebook: Notebook) -> Learned:
    """What earlier days taught; nothing, and a sentence in the log, where it cannot be used."""
    try:
        data = await notebook.load()
    except OSError as error:
        log.warning("what was learned of running times cannot be read (%s); learning starts anew", error)
        return Learned()
    found = Learned() if data is None else from_bytes(data)
    if isinstance(found, str):
        log.warning("what was learned of running times is refused: %s; learning starts anew", found)
        return Learned()
    return found


@contextlib.asynccontextmanager
async def remembering(notebook: Notebook, learned: Learned, *, period_s: float) -> AsyncIterator[None]:
    """Store what is learned every `period_s` seconds, and once more at the end."""
    task = asyncio.create_task(_store_always(notebook, learned, period_s))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await _store(notebook, learned)


async def _store_always(notebook: Notebook, learned: Learned, period_s: float) -> None:
    while True:
        await asyncio.sleep(period_s)
        await _store(notebook, learned)


async def _store(notebook: Notebook, learned: Learned) -> None:
    try:
        await notebook.save(to_bytes(learned))
    except OSError as error:
        log.warning("what was learned of running times cannot be stored: %s", error)
