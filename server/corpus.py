"""Scenarios through the engine, in process, and whether they came out as expected. Level: beside replay and score."""

import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from server.core.engine import RouteEngine
from server.core.model import Vehicle, VehicleId
from server.core.network import Network
from server.core.policy import Policy
from server.core.rides.beacons import Beacon
from server.gtfs.problems import FeedError
from server.gtfs.schedule import Schedule, read_schedule
from server.presets import read_policy
from server.protocol.expectations import Decision, complaints, door_reason
from server.protocol.render import Renderer
from server.protocol.scenario import AlertNames, Result, Scenario, ScenarioError, Verdict, feed_files, unanswered
from server.registry import read_beacons, read_vehicles
from server.replay import Replay


class Corpus:
    """Runs scenarios one after the other; a network that several share is compiled once."""

    def __init__(self) -> None:
        self._networks: dict[Path, Network] = {}

    def run(self, scenario: Scenario) -> Verdict:
        """Play a scenario and judge it. Raises ScenarioError, RecordingError, ExpectationError, PolicyError."""
        expected = scenario.expected()
        at_the_door = door_reason(expected)
        if at_the_door is not None:
            away = f"it expects `{at_the_door}`, which a server's door says; use --serve"
            return Verdict(scenario, Result.NOT_APPLICABLE, (away,))
        decisions, troubles = self.decisions(scenario)
        why = (*troubles, *complaints(expected, decisions))
        return Verdict(scenario, Result.FAILED if why else Result.OK, why)

    def decisions(self, scenario: Scenario) -> tuple[list[Decision], list[str]]:
        """All that is decided, traces included, and which of the drivers' lines found no alert to answer."""
        network, registry = self._network(scenario.network), registry_of(scenario)
        engine = RouteEngine(
            network, policy_of(scenario), vehicles=registry, assume_terminal=True, beacons=beacons_of(scenario)
        )
        replay = Replay(engine, Renderer(network, registry), trace=True)
        names, decisions, troubles = AlertNames(), list[Decision](), list[str]()
        for line in scenario.events():
            decisions += [names.hear(decision) for decision in replay.pass_time(line.at_ms)]
            named = names.named(line)
            if named is None:
                troubles.append(f"{scenario.name}/events.jsonl, {unanswered(line)}")
            else:
                decisions += [names.hear(decision) for decision in replay.take(named)]
        decisions += [names.hear(decision) for decision in replay.end()]
        return decisions, troubles

    def _network(self, folder: Path) -> Network:
        network = self._networks.get(folder)
        if network is None:
            network = self._networks[folder] = Network(schedule_of(folder).columns)
        return network


def policy_of(scenario: Scenario) -> Policy:
    """The policy a scenario is played under."""
    return Policy() if scenario.policy is None else read_policy(scenario.policy)


def registry_of(scenario: Scenario) -> Mapping[VehicleId, Vehicle]:
    """The vehicles a scenario knows of."""
    return {} if scenario.vehicles is None else read_vehicles(scenario.vehicles)


def beacons_of(scenario: Scenario) -> Sequence[Beacon]:
    """The beacons in a scenario's buses."""
    return () if scenario.beacons is None else read_beacons(scenario.beacons)


def schedule_of(folder: Path) -> Schedule:
    """Import a feed's folder as `ridebell import` imports its zip. A corpus feed has no problem that is left unsaid."""
    with tempfile.TemporaryDirectory(prefix="ridebell-corpus-") as temporary:
        feed = Path(temporary) / f"{folder.name}.zip"
        with zipfile.ZipFile(feed, "w") as archive:
            for table in feed_files(folder):
                archive.write(table, table.name)
        try:
            schedule = read_schedule(feed)
        except FeedError as error:
            raise ScenarioError(f"{folder}: the feed cannot be used: {error}") from error
    if schedule.problems.kept:
        first = schedule.problems.kept[0]
        raise ScenarioError(f"{folder}/{first.file}:{first.line}: {first.code}; correct the feed")
    return schedule
