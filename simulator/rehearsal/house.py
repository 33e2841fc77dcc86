"""A server of our own for each scenario: started in the scenario's day, ended after it."""

import asyncio
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import NamedTuple

from server.gtfs.compiled import save
from server.gtfs.schedule import Schedule
from server.protocol.scenario import Result, Scenario, Verdict
from simulator.demo.child import ServerDied, ServerProcess
from simulator.rehearsal.play import ClockElsewhereError, Stage, perform

START_S = (4.0, 12.0)
"""Our time that a server gets to start before the scenario begins; the second, longer one where the first was too short."""
AT_ONCE = 3
"""Scenarios played at the same time: they mostly wait."""


class House(NamedTuple):
    """How servers are made. `stage_of(url, data_dir)` opens a stage on one; `schedule_of` imports a feed's folder."""

    stage_of: Callable[[str, Path], Stage]
    schedule_of: Callable[[Path], Schedule]
    rate: float


async def rehearse(scenarios: list[Scenario], house: House, rng: Random) -> list[Verdict]:
    """Play scenarios, each to a server of its own, a few at a time; verdicts in the order of the scenarios."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(scenario: Scenario) -> Verdict:
        async with places:
            return await _one(scenario, house, rng)

    return list(await asyncio.gather(*(one(scenario) for scenario in scenarios)))


async def _one(scenario: Scenario, house: House, rng: Random) -> Verdict:
    trouble = ""
    with tempfile.TemporaryDirectory(prefix="ridebell-corpus-") as temporary:
        folder = Path(temporary)
        network = folder / "network"
        save(house.schedule_of(scenario.network).columns, network, problems=0)
        for number, start_s in enumerate(START_S):
            data = folder / f"data-{number}"
            arguments = [*_arguments(scenario, house.rate, start_s), "--network", str(network), "--data", str(data)]
            try:
                async with ServerProcess(arguments, folder / f"server-{number}.log") as server:
                    return await perform(scenario, house.stage_of(server.url, data), rng)
            except ClockElsewhereError as error:
                trouble = str(error)
            except ServerDied as error:
                return Verdict(scenario, Result.FAILED, (f"the server ended: {error}",))
    return Verdict(scenario, Result.FAILED, (f"the server took too long to start: {trouble}",))


def _arguments(scenario: Scenario, rate: float, start_s: float) -> list[str]:
    begins_s = scenario.events()[0].at_ms / 1000 - start_s * rate
    as_of = datetime.fromtimestamp(begins_s, UTC).isoformat()
    arguments = ["--port", "0", "--as-of", as_of, "--rate", str(rate)]
    if scenario.policy is not None:
        arguments += ["--policy", scenario.policy]
    if scenario.vehicles is not None:
        arguments += ["--vehicles", str(scenario.vehicles)]
    if scenario.beacons is not None:
        arguments += ["--beacons", str(scenario.beacons)]
    return arguments
