"""The ledger's writer is killed with SIGKILL around each step, and in the middle of them: nothing lost, nothing twice, sum 0."""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from server.backends.embedded import ledger_reads as reads
from server.backends.embedded.ledger import SqliteLedger
from server.backends.embedded.ledger_audit import audit
from server.payments.practice import PracticeBooks
from tests.chaos import ledger_child
from tests.server.ledger.ledger_cases import books, stands

pytestmark = pytest.mark.chaos

KILLS = 200
TIMED_EVERY = 4
"""Of so many places one sees its second kill at some moment instead of at some statement: also in the middle of a commit."""
MEMORY = Path("/dev/shm")  # noqa: S108 - SIGKILL leaves the system's memory as it is: no disk needs to be waited for


class Lives:
    """The child that forks lives."""

    def __init__(self, child: "subprocess.Popen[str]") -> None:
        self._child = child

    def live(self, place: Path, *, step: int = 0, kill_after_s: float | None = None) -> tuple[int, int]:
        """One life in a place: its exit status, and how many statements it made (0 of a killed one)."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(f"{place} {step}\n")
        self._child.stdin.flush()
        pid = int(self._child.stdout.readline())
        if kill_after_s is not None:
            time.sleep(kill_after_s)
            with contextlib.suppress(ProcessLookupError):  # it had ended before
                os.kill(pid, signal.SIGKILL)
        status, statements = self._child.stdout.readline().split()
        return int(status), int(statements)


@pytest.fixture
def lives() -> Iterator[Lives]:
    """A child process that forks lives, ended with the test."""
    with _child() as child:
        yield Lives(child)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Path]:
    """A directory in memory, where there is one."""
    if not MEMORY.is_dir():
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(prefix="ridebell-ledger-", dir=MEMORY) as place:
        yield Path(place)


@contextmanager
def _child() -> "Iterator[subprocess.Popen[str]]":
    program = Path(ledger_child.__file__)
    environment = {**os.environ, "PYTHONPATH": str(program.parents[2])}
    command = [sys.executable, str(program)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment) as child:
        yield child


def look(place: Path) -> tuple[dict[str, int], dict[str, int], int]:
    """What stands on the accounts here, what stands at the provider, and how often anybody was charged."""
    ledger: SqliteLedger = books(place)
    provider = PracticeBooks(place / "provider.sqlite3")
    try:
        assert audit(ledger.connection).problems == ()
        assert reads.conflicts(ledger.connection, limit=9) == []
        assert reads.open_settlements(ledger.connection) == []
        asked = ledger.connection.execute("SELECT settlement_id FROM settlements ORDER BY 1").fetchall()
        assert asked == provider._db.execute("SELECT key FROM charges ORDER BY 1").fetchall(), "each key, and no other"
        return stands(ledger), provider.balances(), len(asked)
    finally:
        ledger.close()
        provider.close()


def test_kill_9_around_every_step_loses_and_doubles_nothing(lives: Lives, room: Path) -> None:
    calm = room / "calm"
    calm.mkdir()
    started_s = time.monotonic()
    status, statements = lives.live(calm)
    life_s = time.monotonic() - started_s
    assert status == 0
    expected = look(calm)
    assert sum(expected[0].values()) == 0
    chance, kills, number = random.Random(), 0, 0
    while kills < KILLS:
        number += 1
        place = room / str(number)
        place.mkdir()
        first = chance.randint(1, statements)
        kills += lives.live(place, step=first)[0] == -signal.SIGKILL
        if number % TIMED_EVERY:
            second = lives.live(place, step=chance.randint(1, statements - first + 60))
        else:
            second = lives.live(place, kill_after_s=chance.uniform(0, life_s * (1 - first / statements)))
        assert second[0] in (0, -signal.SIGKILL)
        kills += second[0] == -signal.SIGKILL
        assert lives.live(place)[0] == 0
        assert look(place) == expected, f"killed first at statement {first} of {statements}"
        shutil.rmtree(place)
