"""Who owns a data directory: one server at a time, by an exclusive file lock. Back-end level, knows nothing of what is kept."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

LOCK_NAME = "ridebell.lock"


class DataDirError(Exception):
    """A data directory cannot be used; the text says what, where, and what to do."""


class DataDirLock:
    """Exclusive ownership of a data directory, held until `release` or the end of the process (SIGKILL included).

    The kernel keeps the lock, so a crash leaves none behind. The lock file stays: unlinking it would let two
    servers lock two different files of the same name. Its text, the owner's pid, is for people only.
    """

    def __init__(self, data_dir: Path, descriptor: int) -> None:
        self.data_dir = data_dir
        self._descriptor: int | None = descriptor

    @classmethod
    def acquire(cls, data_dir: Path) -> Self:
        """Make the directory (mode 0700) if need be and own it; raises `DataDirError` when somebody else does."""
        try:
            data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(data_dir / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise DataDirError(
                f"cannot use data directory {data_dir}: {error.strerror}; give this user a directory it may write to"
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            raise DataDirError(_busy(data_dir)) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        return cls(data_dir, descriptor)

    def release(self) -> None:
        """Give the directory up; more than once is harmless."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def owner_pid(data_dir: Path) -> int | None:
    """The pid that the present owner wrote down, or None when nobody owns the directory (or it cannot be read)."""
    try:
        descriptor = os.open(data_dir / LOCK_NAME, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return _written_pid(data_dir)
    finally:
        os.close(descriptor)
    return None


def _written_pid(data_dir: Path) -> int | None:
    text = (data_dir / LOCK_NAME).read_text("ascii", errors="replace").strip()
    return int(text) if text.isdecimal() else None


def _busy(data_dir: Path) -> str:
    pid = _written_pid(data_dir)
    holder = f"process {pid}" if pid is not None else "another process"
    return f"data directory {data_dir} is in use by {holder}; stop it, or start this server with another directory"
