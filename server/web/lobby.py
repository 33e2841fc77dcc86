"""Everybody who has a socket open: looked after twice a second, one seat a vehicle, told before we leave. Web level."""

import asyncio
import logging
import random
from collections import Counter
from typing import Protocol

from server.protocol.session import CloseCode

log = logging.getLogger(__name__)

SWEEP_S = 0.5
"""Deadlines and beats are kept to this; one timer for all is cheaper than one each."""
SWEEP_CHUNK = 500
"""Sessions looked after before others get a turn: about 0.2 ms."""
FAREWELL_S = 0.3
"""Between `drain` and the close, so that the frame is read before the end."""
DRIVERS_BACK_S = 1.0
"""Drivers are asked back within this, riders after it (promise 12: drivers first)."""


class Member(Protocol):
    """A session, as far as the lobby looks after it."""

    @property
    def drives(self) -> bool:
        """True for a driver's terminal."""
        ...

    def sweep(self, now_s: float) -> None:
        """Keep deadlines. `now_s` is the loop's clock."""
        ...

    def drain(self, reconnect_in_ms: int) -> None:
        """Say when to come back."""
        ...

    def end(self, code: CloseCode, reason: str) -> None:
        """Close."""
        ...


class Lobby:
    """The open sessions of one server; all calls on its event loop."""

    def __init__(self, *, sessions_max: int, per_subject_max: int, drain_spread_s: float) -> None:
        self._members: set[Member] = set()
        self._subjects: Counter[str] = Counter()
        self._seats: dict[str, Member] = {}
        self._sessions_max = sessions_max
        self._per_subject_max = per_subject_max
        self._drain_spread_s = drain_spread_s
        self.draining = False

    def __len__(self) -> int:
        return len(self._members)

    # -- who is here -----------------------------------------------------------

    def come(self, member: Member) -> bool:
        """A connection opened; False when there is no room (or we are leaving)."""
        if self.draining or len(self._members) >= self._sessions_max:
            return False
        self._members.add(member)
        return True

    def go(self, member: Member) -> None:
        """It closed."""
        self._members.discard(member)

    def know(self, subject: str) -> bool:
        """A session turned out to be of `subject`; False when that one has too many. Undone by `forget`."""
        if self._subjects[subject] >= self._per_subject_max:
            return False
        self._subjects[subject] += 1
        return True

    def forget(self, subject: str) -> None:
        """A session of `subject` ended."""
        self._subjects[subject] -= 1
        if self._subjects[subject] <= 0:
            del self._subjects[subject]

    def sit(self, seat: str, member: Member) -> Member | None:
        """Take the one seat of a vehicle; whoever had it is returned and must go."""
        before = self._seats.get(seat)
        self._seats[seat] = member
        return before

    def rise(self, seat: str, member: Member) -> bool:
        """Give the seat up; False when somebody else has it by now."""
        if self._seats.get(seat) is not member:
            return False
        del self._seats[seat]
        return True

    # -- looking after them ----------------------------------------------------

    async def run(self) -> None:
        """Sweep for ever."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(SWEEP_S)
            for done, member in enumerate(tuple(self._members), start=1):
                self._look_after(member, loop.time())
                if done % SWEEP_CHUNK == 0:
                    await asyncio.sleep(0)

    def _look_after(self, member: Member, now_s: float) -> None:
        """One member's trouble must not leave the others without anybody who looks after them."""
        try:
            member.sweep(now_s)
        except Exception:
            log.exception("a session could not be looked after")
            member.end(CloseCode.RESTART, "try again")

    async def drain(self) -> None:
        """Ask everybody to come back later, spread over time and drivers first, then close with 1012."""
        self.draining = True
        rng = random.Random()
        for done, member in enumerate(tuple(self._members), start=1):
            wait_s = rng.uniform(0.2, DRIVERS_BACK_S)
            if not member.drives:
                wait_s += rng.uniform(0.0, self._drain_spread_s)
            member.drain(round(wait_s * 1000))
            if done % SWEEP_CHUNK == 0:
                await asyncio.sleep(0)
        if self._members:
            await asyncio.sleep(FAREWELL_S)
        for member in tuple(self._members):
            member.end(CloseCode.RESTART, "restart")
