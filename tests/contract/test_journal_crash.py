"""A real process keeps batches and is killed with SIGKILL at random moments: what was acknowledged is there."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from server.core.model import Bell
from tests.contract import crash_child

if TYPE_CHECKING:
    from tests.contract.conftest import Backend, BackendKind

KILLS = 30
CHILD = Path(crash_child.__file__)


def run_and_kill(kind: str, place: Path, first: int, *, acknowledgements: int) -> list[int]:
    """Let a child keep batches until so many were acknowledged, kill it in mid-air; every number it acknowledged."""
    command = [sys.executable, str(CHILD), kind, str(place), str(first)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(CHILD.parents[2])}
    ) as child:
        assert child.stdout is not None
        lines = []
        for line in child.stdout:
            lines.append(line)
            if len(lines) == acknowledgements:
                child.send_signal(signal.SIGKILL)  # and read on: what is in the pipe was acknowledged, too
        assert child.wait() == -signal.SIGKILL
    complete = [line.split(maxsplit=1) for line in lines if line.endswith(b"\n")]
    assert {answer for _, answer in complete} == {b"kept\n"}
    return [int(number) for number, _ in complete]


async def highest_kept(backend: "Backend") -> int:
    visits = await backend.journal.stop_visits(0, 10**9)
    numbers = [visit.at_ms for visit in visits]
    assert numbers == list(range(1, len(numbers) + 1)), "batches are kept in order, each once, without a hole"
    return len(numbers)


async def check_streams(backend: "Backend", highest: int) -> None:
    """Numbers are contiguous, the last 64 are there, and the newest message is that of a batch that was kept."""
    for stream, last in (await backend.journal.recover()).last_seq.items():
        kept = await backend.journal.outgoing_since(stream, max(0, last - 64), 64)
        assert kept is not None
        assert [message.seq for message in kept] == list(range(max(1, last - 63), last + 1))
        assert int(kept[-1].frame) <= highest


async def check_bells(backend: "Backend", highest: int, acknowledged: list[int]) -> None:
    open_bells = {
        fact.bell_id for fact in (await backend.journal.recover()).facts if isinstance(fact, Bell) and not fact.ended
    }
    expected = {crash_child.bell_of(n).bell_id for n in range(1, highest + 1) if not crash_child.bell_of(n).ended}
    assert open_bells == expected, "a bell is there exactly if its batch is: all or nothing"
    for n in acknowledged:
        wanted = crash_child.bell_of(n)
        assert await backend.journal.find_bell(wanted.bell_id) == wanted


async def test_what_was_acknowledged_survives_kill_9(kind: "BackendKind", tmp_path: Path) -> None:
    moments = random.Random(20261122)
    highest = 0
    for _ in range(KILLS):
        acknowledged = run_and_kill(
            kind.name, tmp_path, highest + 1, acknowledgements=moments.choice([1, 2, moments.randint(3, 2000)])
        )
        backend = await kind.open(tmp_path)
        before, highest = highest, await highest_kept(backend)
        assert acknowledged == list(range(before + 1, before + len(acknowledged) + 1)), "answers come in order"
        assert highest >= acknowledged[-1], "every acknowledged batch was kept"
        await check_streams(backend, highest)
        await check_bells(backend, highest, acknowledged)
        await backend.aclose()
