"""Real days for the tests of accuracy: a feed as a network, its trace as a recording, and one causal pass over it."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from server.core.engine import RouteEngine
from server.core.network import Network
from server.core.policy import Policy
from server.gtfs.schedule import read_schedule
from server.protocol.recording import RecordedLine
from server.protocol.render import Renderer
from server.replay import Decision, Replay

Line = dict[str, Any]
"""A recorded line as it stands in a recording's file."""

KNOWN_BAD = {("5475", "23735100"), ("5466", "18219100")}
"""C53: (vehicle, trip) whose positions contradict the trip the agency had assigned (the data's own README)."""


class Truth(NamedTuple):
    """What the agency said of one C53 fix: the columns that a pass without sign-on never sees."""

    at_ms: int
    vehicle_id: str
    trip_id: str
    start_date: str
    direction_id: int
    stop_sequence: int
    status: str


@cache
def network_of(feed: Path) -> Network:
    """Compile a GTFS feed as `ridebell import` does."""
    return Network(read_schedule(feed).columns)


def one_pass(network: Network, lines: Iterable[Mapping[str, Any]], policy: Policy | None = None) -> list[Decision]:
    """Replay lines through the engine as `ridebell replay --trace` does, and give back all that was decided."""
    engine = RouteEngine(network, policy or Policy(), vehicles={}, assume_terminal=True)
    recorded = (msgspec.convert(line, RecordedLine) for line in lines)
    return list(Replay(engine, Renderer(network, {}), trace=True).run(recorded))


def of_type(decisions: Iterable[Decision], kind: str) -> list[Decision]:
    """Only the decisions of one type, in order."""
    return [decision for decision in decisions if decision["type"] == kind]


def rows_of(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV file by column name."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


@cache
def c53_rows(data: Path) -> Sequence[dict[str, str]]:
    """Rows of C53 in order of time; of a vehicle's rows of one second only the first."""
    rows = sorted(rows_of(data / "wmata_bus_2026" / "vehicle_positions.csv"), key=lambda row: int(row["ts"]))
    first: dict[tuple[str, str], dict[str, str]] = {}
    for row in rows:
        first.setdefault((row["vehicle_id"], row["ts"]), row)
    return tuple(first.values())


def c53_truth(data: Path) -> list[Truth]:
    """The agency's own view of every fix of C53."""
    return [
        Truth(
            int(row["ts"]) * 1000,
            row["vehicle_id"],
            row["trip_id"],
            row["start_date"],
            int(row["direction_id"]),
            int(row["agency_stop_sequence"] or -1),
            row["agency_status"],
        )
        for row in c53_rows(data)
    ]


def c53_lines(data: Path, *, sign_on: bool) -> Iterator[Line]:
    """C53 as a recording: positions only, or with the agency's trip as a sign-on whenever it changes."""
    running: dict[str, str] = {}
    for row in c53_rows(data):
        at_ms, vehicle = int(row["ts"]) * 1000, row["vehicle_id"]
        if sign_on and running.get(vehicle) != row["trip_id"]:
            running[vehicle] = row["trip_id"]
            yield {
                "at_ms": at_ms,
                "type": "sign_on",
                "vehicle_id": vehicle,
                "trip_id": row["trip_id"],
                "start_date": row["start_date"],
            }
        fix: Line = {"at_ms": at_ms, "type": "fix", "vehicle_id": vehicle}
        fix |= {"lat": float(row["lat"]), "lon": float(row["lon"])}
        if row["speed_mps"]:
            fix["speed_mps"] = float(row["speed_mps"])
        if row["bearing"]:
            fix["heading_deg"] = float(row["bearing"])
        yield fix
