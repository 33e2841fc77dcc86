"""What was learned outlives the server; what cannot be read or stored is said, and costs nothing else."""

import asyncio
import logging
from pathlib import Path

import pytest

from server.backends.embedded import open_embedded
from server.backends.embedded.notebook import FileNotebook
from server.bootstrap import Plan, running
from server.core.events import Fix, SignOn
from server.core.learned import Learned, to_bytes
from server.core.model import TripId, VehicleId
from server.core.running_times import Link
from server.learning import recall, remembering
from server.protocol.recording import FixLine
from server.recorded import event_of
from tests.server.replay_town import DAY, NETWORK, START_MS, drive

BUS = VehicleId("bus")


class TownClock:
    """The time of the recording."""

    def __init__(self) -> None:
        self.at_ms = START_MS

    def now_ms(self) -> int:
        return self.at_ms

    def perf_ns(self) -> int:
        return self.at_ms * 1_000_000


def taught() -> Learned:
    learned = Learned()
    learned.running.links["A\nB"] = Link(seen=1.0, mean_s=70.0)
    return learned


async def test_a_second_life_knows_what_the_first_one_saw(tmp_path: Path) -> None:
    clock = TownClock()
    plan = Plan(network=NETWORK, data_dir=tmp_path, clock=clock)
    async with running(plan) as runtime:
        await runtime.ask(SignOn(BUS, trip_id=TripId("T0"), start_date=DAY))
        for row in drive()[1:]:
            clock.at_ms = row["at_ms"]
            fix = event_of(FixLine(**{k: v for k, v in row.items() if k != "type"}), clock.at_ms)
            assert isinstance(fix, Fix)
            await runtime.ask(fix)
        first = to_bytes(runtime.engine.learned)
        assert runtime.engine.learned.running.links
    async with running(plan) as runtime:
        assert to_bytes(runtime.engine.learned) == first


class WatchedNotebook(FileNotebook):
    """Tells when something has been saved."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.saved = asyncio.Event()

    async def save(self, data: bytes) -> None:
        await super().save(data)
        self.saved.set()


async def test_it_is_stored_while_the_server_runs(tmp_path: Path) -> None:
    notebook = WatchedNotebook(tmp_path / "learned")
    assert (await recall(notebook)) == Learned()
    async with remembering(notebook, taught(), period_s=0.001):
        await notebook.saved.wait()
        assert (await recall(notebook)) == taught()


def test_nobody_else_may_read_it_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    asyncio.run(FileNotebook(tmp_path / "learned").save(b"one"))
    assert [(file.name, file.stat().st_mode & 0o777) for file in tmp_path.iterdir()] == [("learned", 0o600)]


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"ridebell learned 2\n\x80", to_bytes(taught())[:-3]])
async def test_a_file_that_is_not_what_we_stored_is_refused_with_a_sentence(
    tmp_path: Path, data: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "learned").write_bytes(data)
    with caplog.at_level(logging.WARNING):
        assert (await recall(FileNotebook(tmp_path / "learned"))) == Learned()
    assert "learning starts anew" in caplog.text


async def test_a_disk_that_fails_is_said_and_nothing_else_ends(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "learned").mkdir()
    notebook = FileNotebook(tmp_path / "learned")
    with caplog.at_level(logging.WARNING):
        assert (await recall(notebook)) == Learned()
        async with remembering(notebook, taught(), period_s=60.0):
            pass
    assert "cannot be read" in caplog.text
    assert "cannot be stored" in caplog.text


async def test_a_data_directory_keeps_it_beside_the_journal(tmp_path: Path) -> None:
    backend = await open_embedded(tmp_path)
    try:
        await backend.notebook.save(b"one")
        await backend.notebook.save(b"two")
        assert await backend.notebook.load() == b"two"
    finally:
        await backend.aclose()
