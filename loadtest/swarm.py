"""What all lives of one load process share: the server, tokens, the fleet on the road, and where measurements go."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from driver_terminal.client import wall_clock_ms
from loadtest.driving import DrivenBus
from loadtest.fleet import Duties
from loadtest.measures import Measures
from server.core.network import Network
from server.protocol.tokens import Role, make_token

TOKEN_TTL_S = 6 * 3600.0

Report = Callable[[str, str, float, Exception | None], None]
"""(kind of client, name of what was done, milliseconds, error): handed on to locust's statistics."""


@dataclass(slots=True, eq=False)
class OnRoad:
    """A bus that reports and can be told. `displayed_ms`: when each stop's alert last reached its screen."""

    vehicle_id: str
    bus: DrivenBus
    displayed_ms: dict[str, int] = field(default_factory=dict)


class Swarm:
    """Shared by the lives of one process; used on the asyncio loop's thread only."""

    def __init__(
        self, *, url: str, key: bytes, network: Network, now_ms: int, seed: int, name: str, report: Report
    ) -> None:
        self.url = url
        self.network = network
        self.name = name
        self.measures = Measures()
        self.rng = random.Random(f"{seed}/{name}")
        self.duties = Duties(network, now_ms=now_ms, rng=random.Random(f"{seed}/duties"))
        self.on_road: dict[str, OnRoad] = {}
        self.ends: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self.stopping = asyncio.Event()
        self.riders_gone = asyncio.Event()
        self.riders = 0
        self._key = key
        self._report = report
        self._numbers: Counter[str] = Counter()

    def token(self, role: Role, subject: str, *, vehicle_id: str | None = None) -> str:
        """Sign a token, as the server's operator would."""
        return make_token(
            self._key, role=role, subject=subject, now_s=time.time(), ttl_s=TOKEN_TTL_S, vehicle_id=vehicle_id
        )

    def next_name(self, kind: str) -> str:
        """A name no other life of this run has."""
        self._numbers[kind] += 1
        return f"load-{self.name}-{kind}-{self._numbers[kind]}"

    def measured(self, kind: str, name: str, value_ms: float, error: Exception | None = None) -> None:
        """Something was timed, or failed.

        When the load ends all riders let go at once; what is timed then has names of its own (`closing_…`).
        """
        if self.stopping.is_set():
            name = f"closing_{name}"
        if error is None:
            self.measures.add(name, value_ms)
        else:
            self.measures.count("errors")
        self._report(kind, name, value_ms, error)

    def rider_came(self) -> None:
        """One more person or button that may hold a bell."""
        self.riders += 1
        self.riders_gone.clear()

    def rider_went(self) -> None:
        """One fewer; terminals stay until the last is gone, so that every bell can end."""
        self.riders -= 1
        if self.riders == 0:
            self.riders_gone.set()

    async def pause(self, seconds: float) -> None:
        """Sleep, but not past the end of the run."""
        try:
            async with asyncio.timeout(seconds):
                await self.stopping.wait()
        except TimeoutError:
            pass

    def numbers(self) -> dict[str, float]:
        """Plain numbers of the run, for thresholds and the report."""
        counts = self.measures.counts
        rung = counts["bells_accepted"] + counts["bells_refused"]
        return {name: float(count) for name, count in counts.items()} | {
            "errors": float(counts["errors"]),
            "bells_rung": float(rung),
            "bells_accepted": float(counts["bells_accepted"]),
            "bells_without_end": float(counts["bells_accepted"] - sum(self.ends.values())),
            "accepted_share": counts["bells_accepted"] / rung if rung else 0.0,
            "displayed_after_stop": float(counts["displayed_after_stop"]),
            "links_lost": float(counts["links_lost"]),
            "fixes_sent_share": counts["fixes_sent"] / counts["fixes_made"] if counts["fixes_made"] else 0.0,
        }


def since_ms(began_s: float) -> float:
    """Milliseconds since a reading of the monotonic clock."""
    return (time.monotonic() - began_s) * 1000.0


now_ms = wall_clock_ms
