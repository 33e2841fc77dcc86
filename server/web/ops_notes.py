"""Keeps what operators will ask about later: troubles of terminals, and whom the doors turned away. Web level."""

import asyncio
import logging

from server.evidence import Note
from server.runtime import Runtime
from server.web.door_counts import DoorCounts
from server.web.terminal_health import TerminalBoard

log = logging.getLogger(__name__)

LOOK_S = 5.0
"""Terminals are judged this often: troubles last minutes, and all buses of a province are gone through each time."""
AT_ONCE = 200
"""Terminals judged before a waiting fix or bell has its turn: about a millisecond."""
DOORS_EVERY = 12
"""Counts of the doors are kept at every twelfth look: one line a minute and person at most."""


class OpsNotes:
    """The house's record keeper."""

    def __init__(self, runtime: Runtime, terminals: TerminalBoard, doors: DoorCounts) -> None:
        self._runtime = runtime
        self._terminals = terminals
        self._doors = doors

    async def run(self) -> None:
        """Look for ever; at the end keep what was counted."""
        looks = 0
        try:
            while True:
                await asyncio.sleep(LOOK_S)
                looks += 1
                try:
                    await self.keep(doors=looks % DOORS_EVERY == 0)
                except Exception:
                    log.exception("the terminals could not be judged")
        finally:
            self._runtime.keep(self._doors.take(self._runtime.clock.now_ms()))

    async def keep(self, *, doors: bool) -> None:
        """Look now, in parts that let others have their turn, and keep what is new."""
        known = self._terminals.known()
        notes: list[Note] = []
        for start in range(0, len(known), AT_ONCE):
            notes += self._terminals.look(known[start : start + AT_ONCE])
            await asyncio.sleep(0)
        if doors:
            notes += self._doors.take(self._runtime.clock.now_ms())
        if notes:
            self._runtime.keep(notes)
