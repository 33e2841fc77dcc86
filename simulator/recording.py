"""Write what a simulated world does as a recording and its truth (PROTOCOL, Recording), without any server.

There is no server in a recording, so no driver sees an alert: buses stop as they did before there were bells, because
the driver sees people at the stop (with the probability `Habits.sees_people`) or somebody on board wants to get off.
"""

import heapq
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import IO, Any, assert_never

import msgspec

from server.core.model import BellKind, BellState
from server.protocol.recording import write_lines
from simulator.events import (
    Alighted,
    Answered,
    Boarded,
    Called,
    Event,
    Fixed,
    Placed,
    Rang,
    SignedOff,
    SignedOn,
    TookBack,
    Visited,
    WalkedAway,
)
from simulator.world import World

STEP_S = 1.0
SLOWEST_MS = 30_000
"""Nothing that happened is received later than this; until then lines wait to be put in the order of their receipt."""

Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Written:
    """How many lines each file has."""

    recorded: int
    truth: int


def write_recording(world: World, *, minutes: float, out: Path, truth: Path | None) -> Written:
    """Run a fresh world and write what a server would have heard to `out`, and what really happened to `truth`.

    The same world gives the same bytes. Either file is Zstandard-compressed when its name ends in `.zst`.
    """
    with tempfile.TemporaryFile() as spool:
        recorded = write_lines(out, _in_order(_heard(world, minutes, spool)))
        if truth is None:
            return Written(recorded, 0)
        spool.seek(0)
        return Written(recorded, write_lines(truth, _in_order(msgspec.json.decode(line) for line in spool)))


def _heard(world: World, minutes: float, spool: IO[bytes]) -> Iterator[Line]:
    """Run the world; yields what a server would hear, and puts the truth aside."""
    encode = msgspec.json.Encoder().encode
    for event in _events(world, minutes):
        heard, truth = recorded_line(event), truth_line(event)
        if truth is not None:
            spool.write(encode(truth) + b"\n")
        if heard is not None:
            yield heard


def _events(world: World, minutes: float) -> Iterator[Event]:
    yield from world.begin()
    for _ in range(round(60 * minutes / STEP_S)):
        yield from world.step(STEP_S)


def _in_order(lines: Iterator[Line]) -> Iterator[Line]:
    """Put lines into the order of `at_ms`; those of one instant keep theirs. Holds half a minute of lines."""
    waiting: list[tuple[int, int, Line]] = []
    newest_ms = 0
    for number, line in zip(count(), lines):
        heapq.heappush(waiting, (line["at_ms"], number, line))
        newest_ms = max(newest_ms, line["at_ms"])
        while waiting[0][0] < newest_ms - SLOWEST_MS:
            yield heapq.heappop(waiting)[2]
    while waiting:
        yield heapq.heappop(waiting)[2]


def recorded_line(event: Event) -> Line | None:
    """Give the recording's line of an event; None for what no server hears."""
    match event:
        case SignedOn():
            return _line("sign_on", event, without=("block_id",))
        case SignedOff():
            return _line("sign_off", event)
        case Fixed():
            return _line("fix", event)
        case Rang():
            line = _line("ring", event, without=("rider_id", "stop_sequence", "lat", "lon", "accuracy_m"))
            presence = {"lat": event.lat, "lon": event.lon, "accuracy_m": event.accuracy_m}
            return line | {"rider": event.rider_id, "kind": BellKind.BOARD, "presence": presence}
        case TookBack(at_ms, rider_id, bell_id):
            return {"at_ms": at_ms, "type": "cancel", "rider": rider_id, "bell_id": bell_id}
        case Placed() | Visited() | Called() | Answered() | WalkedAway() | Boarded() | Alighted():
            return None
        case _:
            assert_never(event)


def truth_line(event: Event) -> Line | None:
    """Give the truth's line of an event; None for what is a report, or says nothing about how a bell must end."""
    match event:
        case Placed():
            on_route = event.pattern_id is not None
            return _line("position", event) | {"on_route": on_route, "uncertainty_m": 0.0, "confidence": 1.0}
        case Visited():
            stood_s = (event.departed_ms - event.arrived_ms) / 1000
            return _line("stop_visit", event) | {"stood_s": stood_s, "confidence": 1.0}
        case Called():
            return _line("call", event)
        case Boarded(bell_id=None):
            return None
        case Boarded():
            line = _line("bell", event, without=("rider_id",))
            return line | {"rider": event.rider_id, "kind": BellKind.BOARD, "state": BellState.BOARDED}
        case TookBack(at_ms, rider_id, bell_id):
            ended = {"kind": BellKind.BOARD, "state": BellState.CANCELLED}
            return {"at_ms": at_ms, "type": "bell", "bell_id": bell_id, "rider": rider_id} | ended
        case Alighted():
            line = _line("ride", event, without=("rider_id", "stop_id"))
            return line | {"rider": event.rider_id, "state": "alighted", "alight_stop_id": event.stop_id}
        case SignedOn() | SignedOff() | Fixed() | Answered() | Rang() | WalkedAway():
            return None
        case _:
            assert_never(event)


def _line(kind: str, event: Event, *, without: tuple[str, ...] = ()) -> Line:
    """All fields of an event under the name of a line."""
    values = {name: getattr(event, name) for name in event.__slots__ if name not in without}
    return {"at_ms": event.at_ms, "type": kind} | values
