"""What `ridebell doctor` says about a data directory, and what to do about it. Back-end level, reads only.

Safe beside a running server: nothing is locked, migrated or written but a scratch file that is removed again.
"""

import shutil
import sqlite3
import stat
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from server.backends.embedded.lock import DataDirError, owner_pid
from server.backends.embedded.schema import (
    FILE_NAME,
    SCHEMA_VERSION,
    WAL_LIMIT_BYTES,
    connect_inspector,
    connect_writer,
    schema_version,
)

LOW_DISK_BYTES = 500 * 2**20
"""Below this a busy day may fill the disk: 100,000 bells with their alerts and messages take some 200 MB."""

COMMITS_MEASURED = 25
"""Enough for a median; a second even on a disk that takes 40 ms a flush."""

HONEST_COMMIT_MS = 0.05
"""No device with a flush behind it answers faster; below this the file system is memory or ignores flushes."""

SLOW_COMMIT_MS = 50.0
"""Above this a rider waits noticeably for `accepted` and group commit must carry the load."""


class Severity(StrEnum):
    """How bad a finding is: nothing, look at it, or the server will not work."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `check` is a stable name, `text` what was found, `advice` what to do ("" when all is well)."""

    check: str
    severity: Severity
    text: str
    advice: str = ""


def check_data_dir(path: Path) -> list[Finding]:
    """Look at a data directory; never raises for what it finds. Takes as long as reading the journal once."""
    if not path.is_dir():
        return [
            _fault("directory", f"{path} is not a directory", "name the directory given to `ridebell serve --data`")
        ]
    findings: list[Finding] = []
    for check in (_permissions, _disk_space, _owner, _journal, _commit_time):
        findings += _guarded(check, path)
    return findings


def _guarded(check: Callable[[Path], Iterator[Finding]], path: Path) -> list[Finding]:
    findings: list[Finding] = []
    try:
        findings.extend(check(path))
    except (OSError, sqlite3.Error) as error:
        findings.append(
            _fault(check.__name__.strip("_"), f"{path}: {error}", "run the doctor as the user that runs the server")
        )
    return findings


def _permissions(path: Path) -> Iterator[Finding]:
    for entry in (path, *sorted(path.glob("ridebell.*"))):
        mode = stat.S_IMODE(entry.stat().st_mode)
        if mode & 0o077:
            fitting = "700" if entry.is_dir() else "600"
            yield _warning("permissions", f"{entry} is open to other users ({mode:o})", f"chmod {fitting} {entry}")
            return
    yield _ok("permissions", "only its owner can read it")


def _disk_space(path: Path) -> Iterator[Finding]:
    free_bytes = shutil.disk_usage(path).free
    text = f"{free_bytes / 2**20:,.0f} MB free"
    if free_bytes < LOW_DISK_BYTES:
        yield _warning(
            "disk_space", text, f"keep at least {LOW_DISK_BYTES // 2**20} MB free: a full disk stops the bell"
        )
    else:
        yield _ok("disk_space", text)


def _owner(path: Path) -> Iterator[Finding]:
    pid = owner_pid(path)
    yield _ok("owner", "no server is using it" if pid is None else f"in use by process {pid}")


def _journal(path: Path) -> Iterator[Finding]:
    file = path / FILE_NAME
    if not file.exists():
        yield _ok("journal", "none yet; the first start makes it")
        return
    try:
        version = schema_version(file)
    except (DataDirError, sqlite3.Error) as error:
        yield _fault("journal", f"{file}: {error}", "restore a copy, or move the file away to begin anew")
        return
    if version < SCHEMA_VERSION:
        yield _ok("schema", f"version {version}; the next start brings it to {SCHEMA_VERSION}")
    else:
        yield _ok("schema", f"version {version}")
    yield _wal_size(file)
    yield _integrity(file)


def _wal_size(file: Path) -> Finding:
    wal = file.with_name(file.name + "-wal")
    size = wal.stat().st_size if wal.exists() else 0
    text = f"write-ahead log {size / 2**20:.1f} MB"
    if size > 2 * WAL_LIMIT_BYTES:
        return _warning("wal", text, "something reads the journal for a long time; end open sqlite3 shells and backups")
    return _ok("wal", text)


def _integrity(file: Path) -> Finding:
    with closing(connect_inspector(file)) as connection:
        problems = [str(text) for (text,) in connection.execute("PRAGMA quick_check(3)")]
    if problems == ["ok"]:
        return _ok("integrity", f"quick_check found nothing wrong in {file.stat().st_size / 2**20:,.1f} MB")
    return _fault("integrity", f"{file} is damaged: {'; '.join(problems)}", "stop the server and restore a copy")


def _commit_time(path: Path) -> Iterator[Finding]:
    with tempfile.TemporaryDirectory(prefix="doctor-", dir=path) as scratch:
        yield judge_commit_time(_measure_commit_ms(Path(scratch) / "commit.sqlite3"))


def judge_commit_time(median_ms: float) -> Finding:
    """What a median commit time in milliseconds says about the device."""
    text = f"a commit takes {median_ms:.2f} ms (median of {COMMITS_MEASURED})"
    if median_ms < HONEST_COMMIT_MS:
        advice = "this file system does not really flush (memory?); a power cut would lose accepted bells"
        return _warning("commit_time", text, advice)
    if median_ms > SLOW_COMMIT_MS:
        return _warning("commit_time", text, "riders wait for this; use a local solid-state disk")
    return _ok("commit_time", text)


def _measure_commit_ms(file: Path) -> float:
    """Median time of a one-row commit with the journal's own settings, in milliseconds."""
    times_ms: list[float] = []
    with closing(connect_writer(file, busy_timeout_s=2.0)) as connection:
        connection.execute("CREATE TABLE commits (n INTEGER PRIMARY KEY)")
        for _ in range(COMMITS_MEASURED):
            begun = time.perf_counter()
            connection.execute("INSERT INTO commits DEFAULT VALUES")
            times_ms.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times_ms)


def _ok(check: str, text: str) -> Finding:
    return Finding(check, Severity.OK, text)


def _warning(check: str, text: str, advice: str) -> Finding:
    return Finding(check, Severity.WARNING, text, advice)


def _fault(check: str, text: str, advice: str) -> Finding:
    return Finding(check, Severity.FAULT, text, advice)
