"""Recording files: streaming, strict with file and line, bounded, and written whole or not at all."""

import io
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard

from server.protocol.recording import (
    MAX_LINE_BYTES,
    STDOUT,
    FixLine,
    RecordingError,
    read_lines,
    read_recording,
    write_lines,
)

FIX = {"at_ms": 1, "type": "fix", "vehicle_id": "v", "lat": 37.0, "lon": 127.0}


def read(path: Path, *, lenient: bool = False) -> tuple[list[Any], list[str]]:
    bad: list[str] = []
    return list(read_recording(path, lenient=lenient, bad=bad)), bad


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"at_ms": 1, "type": "teleport"}', "teleport"),
        ('{"at_ms": 1, "type": "fix", "vehicle_id": "v", "lat": 37.0}', "lon"),
        ('{"at_ms": 1, "type": "fix", "vehicle_id": "v", "lat": 91, "lon": 0}', "$.lat"),
        ('{"type": "fix", "vehicle_id": "v", "lat": 37, "lon": 0}', "at_ms"),
        ('{"at_ms": "soon", "type": "fix", "vehicle_id": "v", "lat": 37, "lon": 0}', "at_ms"),
        ("{", "truncated"),
        ("[]", "object"),
        ("\u0000", "malformed"),
    ],
)
def test_a_bad_line_is_named_by_file_and_line(tmp_path: Path, line: str, says: str) -> None:
    path = tmp_path / "day.jsonl"
    path.write_text(json.dumps(FIX) + "\n\n" + line + "\n" + json.dumps(FIX) + "\n")
    with pytest.raises(RecordingError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}:3: ")
    assert says in str(caught.value)
    lines, bad = read(path, lenient=True)
    assert len(lines) == 2
    assert bad == [str(caught.value)]


def test_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "day.jsonl"
    path.write_bytes(b'{"at_ms": 1, "type": "fix", "vehicle_id": "\xff\xfe", "lat": 1, "lon": 1}\n')
    with pytest.raises(RecordingError, match=r"day\.jsonl:1: "):
        read(path)


def test_unknown_fields_are_ignored_and_null_means_not_known(tmp_path: Path) -> None:
    path = tmp_path / "day.jsonl"
    path.write_text(json.dumps({**FIX, "colour": "blue", "speed_mps": None}) + "\n")
    assert read(path)[0] == [FixLine(at_ms=1, vehicle_id="v", lat=37.0, lon=127.0)]


def test_a_line_without_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "day.jsonl"
    path.write_bytes(b"x" * (MAX_LINE_BYTES + 10))
    with pytest.raises(RecordingError, match="JSON Lines"):
        list(read_lines(path))


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "day.jsonl.zst"
    write_lines(path, [FIX] * 20_000)
    path.write_bytes(path.read_bytes()[:40] + b"\x00" * 40)
    with pytest.raises(RecordingError, match="damaged"):
        read(path)
    path.write_bytes(b"plain text\n")
    with pytest.raises(RecordingError, match="damaged"):
        read(path)


def test_several_frames_are_one_recording(tmp_path: Path) -> None:
    path = tmp_path / "day.jsonl.zst"
    frame = zstandard.compress(json.dumps(FIX).encode() + b"\n")
    path.write_bytes(frame + frame)
    assert len(read(path)[0]) == 2


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    path.write_text("old\n")

    def broken() -> Iterator[dict[str, Any]]:
        yield FIX
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_lines(path, broken())
    assert path.read_text() == "old\n"
    assert [entry.name for entry in tmp_path.iterdir()] == ["decisions.jsonl"]


@pytest.mark.parametrize("name", ["d.jsonl", "d.jsonl.zst"])
def test_the_file_has_the_rights_of_its_user(tmp_path: Path, name: str) -> None:
    before = os.umask(0o027)
    try:
        assert write_lines(tmp_path / name, [FIX]) == 1
    finally:
        os.umask(before)
    assert (tmp_path / name).stat().st_mode & 0o777 == 0o640


def test_to_standard_output(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(sys, "stdout", out)
    assert write_lines(STDOUT, [FIX, FIX]) == 2
    assert isinstance(out.buffer, io.BytesIO)
    assert out.buffer.getvalue().count(b"\n") == 2
