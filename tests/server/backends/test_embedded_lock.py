import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from server.backends.embedded import DataDirError, open_embedded
from server.backends.embedded.lock import DataDirLock, owner_pid

HOLD = """
import sys
from pathlib import Path
from server.backends.embedded.lock import DataDirLock
lock = DataDirLock.acquire(Path(sys.argv[1]))
print("owned", flush=True)
sys.stdin.read()
"""


def hold_in_another_process(place: Path) -> "subprocess.Popen[str]":
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(place)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "owned\n"
    return child


async def test_a_second_server_is_refused_with_directory_and_pid(tmp_path: Path) -> None:
    with hold_in_another_process(tmp_path) as child:
        with pytest.raises(DataDirError) as refusal:
            await open_embedded(tmp_path)
        assert str(refusal.value) == (
            f"data directory {tmp_path} is in use by process {child.pid}; "
            "stop it, or start this server with another directory"
        )
        assert owner_pid(tmp_path) == child.pid
        child.communicate()


async def test_a_killed_owner_leaves_no_lock_behind(tmp_path: Path) -> None:
    with hold_in_another_process(tmp_path) as child:
        child.send_signal(signal.SIGKILL)
        child.communicate()
    assert owner_pid(tmp_path) is None
    backend = await open_embedded(tmp_path)
    assert owner_pid(tmp_path) == os.getpid()
    await backend.aclose()
    assert owner_pid(tmp_path) is None


async def test_the_same_process_cannot_own_it_twice(tmp_path: Path) -> None:
    backend = await open_embedded(tmp_path)
    with pytest.raises(DataDirError, match=f"in use by process {os.getpid()};"):
        await open_embedded(tmp_path)
    await backend.aclose()
    await backend.aclose()


def test_an_owner_that_wrote_no_pid_is_still_an_owner(tmp_path: Path) -> None:
    with DataDirLock.acquire(tmp_path):
        (tmp_path / "ridebell.lock").write_text("")
        with pytest.raises(DataDirError, match="in use by another process;"):
            DataDirLock.acquire(tmp_path)


def test_a_new_directory_is_for_its_owner_only(tmp_path: Path) -> None:
    place = tmp_path / "새" / "data"
    DataDirLock.acquire(place).release()
    assert place.stat().st_mode & 0o777 == 0o700
    assert (place / "ridebell.lock").stat().st_mode & 0o777 == 0o600


def test_a_place_that_cannot_be_a_directory_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataDirError, match=r"cannot use data directory .*/file/data: Not a directory; give"):
        DataDirLock.acquire(tmp_path / "file" / "data")


async def test_an_owner_that_cannot_open_its_journal_gives_the_directory_up(tmp_path: Path) -> None:
    (tmp_path / "ridebell.sqlite3").write_text("not a database, and long enough to look like a header" * 99)
    with pytest.raises(DataDirError, match=r"cannot open .*ridebell\.sqlite3: file is not a database"):
        await open_embedded(tmp_path)
    assert owner_pid(tmp_path) is None
