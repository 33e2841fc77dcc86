"""One replay in a process of its own: `python -m server.replays.worker` with a job on standard input. Says how far it is.

Lines on standard output: `{"progress": 0.4}` now and then, at the end `{"failed": "why"}` or `{"done": true}`. It runs
at a low priority and with bounded memory, so that the server beside it is not slowed.
"""

import os
import resource
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec

from server.core.model import Vehicle
from server.core.policy import Policy
from server.gtfs.compiled import NetworkFileError, load
from server.protocol.recording import (
    RecordedLine,
    RecordingError,
    opening_of,
    read_lines,
    read_recording,
    write_lines,
)
from server.replay import replay_under
from server.replays.film import Film

NICE = 10
MEMORY_BYTES = 6 << 30
"""A province's network and engine take under 2 GB; what takes more is a defect, and ends here."""
SAID_EVERY = 20_000
"""Lines between two words about progress: a tenth of a second's work."""
DECISIONS = "decisions.jsonl.zst"


class Job(msgspec.Struct, kw_only=True):
    """What to replay. `decisions`: a file of another version's, to be looked at instead of deciding anew."""

    recording: str
    network: str
    out: str
    policy: Policy
    vehicles: list[Vehicle]
    decisions: str | None = None


def run(job: Job) -> None:
    """Write the decisions, and the film of them. Raises RecordingError, NetworkFileError, OSError."""
    recording, out = Path(job.recording), Path(job.out)
    bad: list[str] = []
    total = max(1, sum(1 for _ in read_lines(recording)))
    network = load(Path(job.network))
    film = Film(out, network, policy=f"{job.policy.name} v{job.policy.version}")
    lines = _watched(read_recording(recording, lenient=True, bad=bad), total)
    if job.decisions is not None:
        late = _look_at(lines, Path(job.decisions), film)
    else:
        vehicles = {vehicle.vehicle_id: vehicle for vehicle in job.vehicles}
        replay = replay_under(network, job.policy, vehicles, opening_of(recording), trace=True, explain=True)

        def decisions() -> Iterator[dict[str, Any]]:
            for each in lines:
                yield from _filmed(film, replay.pass_time(each.at_ms))
                film.recorded(each)
                yield from _filmed(film, replay.take(each))
            yield from _filmed(film, replay.end())

        write_lines(out / DECISIONS, decisions())
        late = replay.late
    film.finish(late=late, bad_lines=len(bad))


def _filmed(film: Film, decisions: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for decision in decisions:
        film.decided(decision)
        yield decision


def _watched(lines: Iterator[RecordedLine], total: int) -> Iterator[RecordedLine]:
    for number, each in enumerate(lines):
        if number % SAID_EVERY == 0:
            _say({"progress": round(number / total, 4)})
        yield each


def _look_at(lines: Iterator[RecordedLine], decisions: Path, film: Film) -> int:
    """Join a recording with decisions that somebody else made of it: by their times, what came in first."""
    decided = (msgspec.json.decode(raw) for _, raw in read_lines(decisions))
    waiting: dict[str, Any] | None = next(decided, None)
    for each in lines:
        while waiting is not None and waiting["at_ms"] < each.at_ms:
            film.decided(waiting)
            waiting = next(decided, None)
        film.recorded(each)
        while waiting is not None and waiting["at_ms"] == each.at_ms and _about(waiting, each):
            film.decided(waiting)
            waiting = next(decided, None)
    for decision in chain([] if waiting is None else [waiting], decided):
        film.decided(decision)
    return 0


def _about(decision: dict[str, Any], each: RecordedLine) -> bool:
    """Of several lines of one instant: is this decision not a later one's position?"""
    speaks_of_fix = decision["type"] in {"position", "fix_refused"}
    return not speaks_of_fix or decision["vehicle_id"] == getattr(each, "vehicle_id", None)


def _say(words: dict[str, Any]) -> None:
    try:
        sys.stdout.buffer.write(msgspec.json.encode(words) + b"\n")
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        os._exit(1)  # the server is gone, and nobody will ask for the result


def main() -> int:
    """Run the job on standard input; the exit status is 0 when it was done."""
    os.nice(NICE)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    try:
        run(job)
    except (RecordingError, NetworkFileError, OSError, msgspec.MsgspecError, KeyError) as error:
        _say({"failed": str(error)})
        return 1
    _say({"done": True})
    return 0


if __name__ == "__main__":
    sys.exit(main())
