"""A growing recording: whole frames, bounded, readable whatever happens."""

import asyncio
import os
import signal
import subprocess
import sys
from io import FileIO
from pathlib import Path

import msgspec
import pytest

from server.protocol.recording import FixLine, read_recording
from server.recordings import spool as spooling
from server.recordings.spool import Spool, mend


def fix(n: int) -> FixLine:
    return FixLine(at_ms=n, vehicle_id="v", lat=37.0, lon=127.0, n=n)


def numbers(path: Path) -> list[int | None]:
    return [each.n for each in read_recording(path, lenient=False, bad=[]) if isinstance(each, FixLine)]


async def test_lines_come_back_in_order(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "a.jsonl.zst", max_bytes=1 << 30)
    spool.open()
    for n in range(20_000):
        spool.put(fix(n))
        if n % 5_000 == 0:
            await asyncio.sleep(0)
    await spool.close()
    assert numbers(spool.path) == list(range(20_000))
    assert spool.written.lines == 20_000
    assert spool.written.stored_bytes == spool.path.stat().st_size < spool.written.raw_bytes
    spool.put(fix(1))  # after the end nothing is taken
    assert spool.written.lines == 20_000


async def test_it_ends_at_its_greatest_size(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "a.jsonl.zst", max_bytes=1_000)
    spool.open()
    for n in range(10_000):
        spool.put(fix(n))
    await spool.close()
    spool.put(fix(0))
    assert spool.ended == "it reached its greatest size"
    assert numbers(spool.path) == list(range(spool.written.lines))


async def test_a_disk_that_cannot_follow_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spooling, "WAITING_MAX_BYTES", 1_000)
    spool = Spool(tmp_path / "a.jsonl.zst", max_bytes=1 << 30)
    spool.open()
    for n in range(100):
        spool.put(fix(n))
    await spool.close()
    assert spool.ended == "the disk was too slow"
    assert numbers(spool.path) == []


async def test_a_full_disk_ends_it(tmp_path: Path) -> None:
    full = tmp_path / "a.jsonl.zst"
    spool = Spool(full, max_bytes=1 << 30)
    spool.open()
    assert spool._file is not None
    os.dup2(os.open("/dev/full", os.O_WRONLY), spool._file.fileno())
    spool.put(fix(1))
    await spool.close()
    assert spool.ended is not None
    assert "No space left" in spool.ended


async def test_no_recording_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.zst").write_bytes(b"")
    with pytest.raises(FileExistsError):
        Spool(tmp_path / "a.jsonl.zst", max_bytes=1).open()


CHILD = """
import asyncio, sys
from io import FileIO
from pathlib import Path
from server.recordings import spool as spooling
from server.protocol.recording import FixLine
spooling.FRAME_BYTES = 2_000
async def main():
    spool = spooling.Spool(Path(sys.argv[1]), max_bytes=1 << 30)
    spool.open()
    n = 0
    while True:
        for _ in range(50):
            spool.put(FixLine(at_ms=n, vehicle_id="v", lat=37.0, lon=127.0, n=n))
            n += 1
        await asyncio.sleep(0)
        if spool.written.lines > 3_000 and n > 0:
            print(spool.written.lines, flush=True)
asyncio.run(main())
"""


def test_a_killed_process_leaves_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.zst"
    with subprocess.Popen([sys.executable, "-c", CHILD, str(path)], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        said = int(child.stdout.readline())
        child.send_signal(signal.SIGKILL)
    read = numbers(path)
    assert read == list(range(len(read)))
    assert len(read) >= said


@pytest.mark.parametrize("cut", [1, 5, 40])
async def test_half_a_frame_is_cut_off(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "a.jsonl.zst"
    for part in range(3):
        with FileIO(path, "ab") as file:
            spooling._write_frame(file, msgspec.json.encode(fix(part)) + b"\n")
    whole = path.read_bytes()
    assert mend(path) == 0
    path.write_bytes(whole[:-cut])
    assert mend(path) > 0
    assert numbers(path) == [0, 1]
    path.write_bytes(whole + b"not a frame")
    assert mend(path) == len(b"not a frame")
    assert numbers(path) == [0, 1, 2]
