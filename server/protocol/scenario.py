"""A scenario of the corpus: a folder with a title, a network, what came in, and what is expected. Level: protocol, reads files.

`NNN-name/` holds `title.txt` (one sentence; Korean first, English second), `events.jsonl` (a recording), `expected.jsonl`,
and the feed: its own `network/`, or `network.txt` with the name of a folder in `networks/` beside the scenarios. It may hold
`policy.txt` (the name of a preset) or `policy.json`, `vehicles.json` and `beacons.json` (the registries).
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from server.protocol.expectations import OF_THE_ALERT, Decision, Expectation, read_expectations
from server.protocol.recording import RecordedLine, RespondLine, ShownLine, read_recording

NAME = re.compile(r"(\d{3})-[a-z0-9-]+")
NETWORKS = "networks"
ALERT_OF_VISIT = re.compile(r"@(\d+)")
"""In `shown` and `respond`: the newest alert of this vehicle for that `stop_sequence`, since ids are the server's own."""


class ScenarioError(ValueError):
    """A folder that is no scenario; the message says which, what is wrong and what to do."""


class Scenario(NamedTuple):
    """One case. `policy` is a preset's name or a file; None for the defaults."""

    number: str
    name: str
    titles: tuple[str, ...]
    folder: Path
    network: Path
    policy: str | None
    vehicles: Path | None
    beacons: Path | None = None

    def events(self) -> list[RecordedLine]:
        """What came in, in order. Raises RecordingError, and ScenarioError where nothing did."""
        lines = list(read_recording(self.folder / "events.jsonl", lenient=False, bad=[]))
        if not lines:
            raise ScenarioError(f"{self.folder}/events.jsonl: nothing happens; write what came in, one event a line")
        return lines

    def expected(self) -> list[Expectation]:
        """What must come of it. Raises ExpectationError."""
        return read_expectations(self.folder / "expected.jsonl")

    def title(self, language: str) -> str:
        """The sentence in Korean, or in English where there is one."""
        return self.titles[-1] if language == "en" else self.titles[0]


class Result(StrEnum):
    """How a scenario came out."""

    OK = "ok"
    FAILED = "failed"
    NOT_APPLICABLE = "not_applicable"


class Verdict(NamedTuple):
    """A scenario's result; `why`: what was not as expected, or why it could not be played."""

    scenario: Scenario
    result: Result
    why: tuple[str, ...] = ()


def find_scenarios(path: Path, only: frozenset[str] = frozenset()) -> list[Scenario]:
    """Scenarios of a corpus folder by number, or the one that the folder is. `only`: numbers or full names."""
    folders = [path] if NAME.fullmatch(path.name) else sorted(p for p in path.iterdir() if NAME.fullmatch(p.name))
    found = [_scenario(folder) for folder in folders]
    numbers = [one.number for one in found]
    twice = sorted({number for number in numbers if numbers.count(number) > 1})
    if twice:
        raise ScenarioError(f"{path}: two scenarios have the number {twice[0]}; give one of them a free one")
    unknown = only - {*numbers, *(one.name for one in found)}
    if unknown or not found:
        what = f"no scenario {', '.join(sorted(unknown))}" if unknown else "no scenario"
        raise ScenarioError(f"{path}: there is {what}; folders are named like 001-a-bell-is-served")
    return [one for one in found if not only or {one.number, one.name} & only]


def _scenario(folder: Path) -> Scenario:
    for name in ("title.txt", "events.jsonl", "expected.jsonl"):
        if not (folder / name).is_file():
            raise ScenarioError(f"{folder}: {name} is missing; every scenario has one")
    titles = tuple(line.strip() for line in (folder / "title.txt").read_text("utf-8").splitlines() if line.strip())
    if not 1 <= len(titles) <= 2:
        raise ScenarioError(f"{folder}/title.txt: give one sentence, or one in Korean and one in English")
    vehicles, beacons = folder / "vehicles.json", folder / "beacons.json"
    return Scenario(
        number=folder.name[:3],
        name=folder.name,
        titles=titles,
        folder=folder,
        network=_network(folder),
        policy=_policy(folder),
        vehicles=vehicles if vehicles.is_file() else None,
        beacons=beacons if beacons.is_file() else None,
    )


def _network(folder: Path) -> Path:
    own, named = folder / "network", folder / "network.txt"
    if own.is_dir() == named.is_file():
        raise ScenarioError(f"{folder}: give either network/ with a feed or network.txt with the name of a shared one")
    network = own if own.is_dir() else folder.parent / NETWORKS / named.read_text("utf-8").strip()
    if not (network / "stop_times.txt").is_file():
        raise ScenarioError(f"{network}: there is no feed (stop_times.txt is missing)")
    return network


def _policy(folder: Path) -> str | None:
    named, own = folder / "policy.txt", folder / "policy.json"
    if named.is_file():
        return named.read_text("utf-8").strip()
    return str(own) if own.is_file() else None


class AlertNames:
    """Knows alerts by vehicle and visit: turns `@STOP_SEQUENCE` in a driver's line into the id of the newest such alert."""

    def __init__(self) -> None:
        self._ids: dict[tuple[str, int], str] = {}
        self._visits: dict[str, dict[str, Any]] = {}

    def hear(self, decision: Decision) -> Decision:
        """Remember an alert; a `clear` is given back with the trip and stop of the alert that it ends."""
        if decision["type"] == "alert":
            self._ids[decision["vehicle_id"], decision["stop_sequence"]] = decision["alert_id"]
            self._visits[decision["alert_id"]] = {name: decision[name] for name in OF_THE_ALERT}
        if decision["type"] == "clear":
            return {**decision, **self._visits.get(decision["alert_id"], {})}
        return decision

    def named(self, line: RecordedLine) -> RecordedLine | None:
        """The line with the real id; None when no such alert has come."""
        if not isinstance(line, ShownLine | RespondLine):
            return line
        visit = ALERT_OF_VISIT.fullmatch(line.alert_id)
        if visit is None:
            return line
        alert_id = self._ids.get((line.vehicle_id, int(visit[1])))
        return None if alert_id is None else msgspec.structs.replace(line, alert_id=alert_id)


def unanswered(line: RecordedLine) -> str:
    """The complaint about a driver's line for which there is no alert."""
    assert isinstance(line, ShownLine | RespondLine)
    visit = line.alert_id.removeprefix("@")
    return f"at_ms {line.at_ms}: {line.vehicle_id} has had no alert for stop_sequence {visit} that it could answer"


def feed_files(network: Path) -> Iterator[Path]:
    """The tables of a feed's folder."""
    yield from sorted(network.glob("*.txt"))
