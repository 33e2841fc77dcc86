"""The real server is killed with SIGKILL at random moments, under load, and started again on the same directory.

Riders and buses run on the real SDKs through it all. Whatever any of them was told must still be true afterwards.
"""

import asyncio
import contextlib
import logging
import os
import random
from collections import Counter
from pathlib import Path

import httpx
import msgspec
import pytest

from server.protocol.messages import BellMessage
from server.protocol.tokens import Role
from tests.chaos.buses import BUSES_A_STREET, Bus
from tests.chaos.evidence import judge
from tests.chaos.riders import Rider
from tests.chaos.witness import Witness, word_of
from tests.live.running_server import RunningServer
from tests.live.street_feed import WAYS, Streets

pytestmark = pytest.mark.chaos

log = logging.getLogger(__name__)

KILLS = int(os.environ.get("RIDEBELL_CHAOS_KILLS", "51"))
TOWNS = 3
"""Servers side by side: while one starts, others are under load."""
RIDERS = 16
LIFE_S = (0.05, 2.0)
"""From ready to the kill."""
LONG_LIFE_S = (4.0, 8.0)
LONG_LIVES = 0.2
"""Share of lives in which a bus is seen passing a stop from beginning to end."""
UNBORN = 0.12
"""Share of lives that end before the server is ready, in the middle of its recovery."""
UNBORN_S = (0.3, 1.0)
POWER_CYCLES = 0.25


class Town:
    """A server and those who use it."""

    def __init__(self, streets: Streets, folder: Path, http: httpx.AsyncClient, n: int, seed: int) -> None:
        folder.mkdir()
        self.http = http
        self.rng = random.Random(seed)
        self.witness = Witness()
        self.server = RunningServer(streets.network, folder / "data")
        self.buses = [self._bus(folder) for _ in range(BUSES_A_STREET)]
        for place, bus in enumerate(self.buses):
            bus.put(streets, WAYS[2 * n % len(WAYS)], place)
        self.riders = [Rider(self.server, self.witness, self._chance(), f"rider-{k}") for k in range(RIDERS)]

    def _bus(self, folder: Path) -> Bus:
        return Bus(self.server, self.witness, self._chance(), folder)

    def _chance(self) -> random.Random:
        return random.Random(self.rng.getrandbits(64))

    async def live_through(self, kills: int) -> None:
        """The storm, then peace: riders finish what they began, and the server ends by itself."""
        over = asyncio.Event()
        try:
            async with asyncio.TaskGroup() as group:
                driving = [group.create_task(bus.run()) for bus in self.buses]
                riding = [group.create_task(rider.live(self.buses, over)) for rider in self.riders]
                for _ in range(kills):
                    await self._one_life()
                await self.server.launch()
                await self.server.ready()
                over.set()
                await asyncio.gather(*riding)
                await self._question()
                for bus in driving:
                    bus.cancel()
            assert await self.server.terminate() == 0
        finally:
            await self.server.kill()

    async def _one_life(self) -> None:
        """Be started, live a random while, questioned all the time, and be killed."""
        await self.server.launch()
        if self.rng.random() < UNBORN:
            await asyncio.sleep(self.rng.uniform(*UNBORN_S))
        else:
            await self.server.ready()
            life_s = self.rng.uniform(*(LONG_LIFE_S if self.rng.random() < LONG_LIVES else LIFE_S))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(life_s):
                    await self._question()
                    await asyncio.sleep(life_s)
        if self.rng.random() < POWER_CYCLES:
            self.rng.choice(self.buses).power_cycle()
        await self.server.kill()

    async def _question(self) -> None:
        """Ask for every bell by HTTP, open ones first."""
        bells = self.witness.bells
        for bell_id in sorted(bells, key=lambda one: (bells[one].ended, self.rng.random())):
            await self._ask(bell_id)

    async def _ask(self, bell_id: str) -> None:
        told = self.witness.bells[bell_id]
        before = told.heard[-1]
        headers = self.server.bearer(Role.RIDER, self.witness.rider_of[bell_id])
        answer = await self.http.get(f"{self.server.url}/v1/bells/{bell_id}", headers=headers)
        assert answer.status_code == 200, f"{bell_id} was accepted: {answer.text}"
        word = word_of(msgspec.json.decode(answer.content, type=BellMessage))
        assert word.at_ms >= before.at_ms, f"{bell_id}: told {before}, asked {word}"
        assert not before.is_end or word == before, f"{bell_id}: told {before}, asked {word}"
        told.asked.append(word)


async def test_whatever_anybody_was_told_is_true_after_kill_9(streets: Streets, tmp_path: Path) -> None:
    shares = [KILLS // TOWNS + (n < KILLS % TOWNS) for n in range(TOWNS)]
    async with httpx.AsyncClient(timeout=60.0) as http:
        seeds = [random.getrandbits(32) for _ in range(TOWNS)]  # of pytest-randomly, which prints and repeats its own
        towns = [Town(streets, tmp_path / f"town-{n}", http, n, seed) for n, seed in enumerate(seeds)]
        await asyncio.gather(*(town.live_through(kills) for town, kills in zip(towns, shares, strict=True)))
    for town in towns:
        judge(town.server.data, town.witness)
        assert "Traceback" not in town.server.complaints(), town.server.complaints()
    returns = sum((town.witness.returns for town in towns), Counter[str]())
    ends = Counter(told.heard[-1].state for town in towns for told in town.witness.bells.values())
    shown = sum(len(town.witness.shown) for town in towns)
    log.info("%d kills, returns %s, ends %s, %d alerts shown", KILLS, dict(returns), dict(ends), shown)
    assert returns["terminal resumed"] > KILLS
    assert returns["rider resumed"] > KILLS
    assert sum(ends.values()) > KILLS
    assert shown > KILLS / 2
