"""The compiled network: one file of plain arrays and JSON, written whole or not at all. Level 2: over `core.columns`.

An uncompressed zip of `.npy` arrays (readable with numpy alone) beside two JSON members: `head`, which says what the
file is, and `texts`, the columns of strings. Nothing in it is ever executed (no pickle); zip checksums tell damage.
"""

import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import IO, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from server.core.columns import Columns
from server.core.network import Network

FORMAT = "ridebell-network"
FORMAT_VERSION = 1
"""Goes up when a column is added, removed or means something else; a file of another version is imported again."""
HEAD, TEXTS, ARRAY = "head", "texts", ".npy"
DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError),  # a zip that is not as it was written
    *(msgspec.MsgspecError, LookupError, TypeError, ValueError, MemoryError),  # members that are not
)
ZIP_START = b"PK\x03\x04"


class NetworkFileError(Exception):
    """The file is not a network that this program can load; the message is one sentence that says what to do."""


class Head(msgspec.Struct, frozen=True):
    """What a compiled network says about itself, readable without loading the rest."""

    format: str
    format_version: int
    feed_version: str
    feed_hash: str
    timezone: str
    agency_name: str
    routes: int
    patterns: int
    stops: int
    trips: int
    problems: int


def head_of(columns: Columns, *, problems: int) -> Head:
    """Sum a network up."""
    return Head(
        format=FORMAT,
        format_version=FORMAT_VERSION,
        feed_version=columns.version,
        feed_hash=columns.feed_hash,
        timezone=columns.timezone,
        agency_name=columns.agency_name,
        routes=len(columns.route_ids),
        patterns=len(columns.pattern_ids),
        stops=len(columns.stop_ids),
        trips=len(columns.trip_ids),
        problems=problems,
    )


def save(columns: Columns, path: Path, *, problems: int) -> Head:
    """Write a network whole or not at all: temporary file beside it, fsync, rename. Raises OSError."""
    head = head_of(columns, problems=problems)
    members = {field.name: getattr(columns, field.name) for field in fields(columns)}
    texts = {name: value for name, value in members.items() if not isinstance(value, np.ndarray)}
    arrays = {name: value for name, value in members.items() if isinstance(value, np.ndarray)}
    with written_whole(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo(HEAD), msgspec.json.encode(head))
        archive.writestr(zipfile.ZipInfo(TEXTS), msgspec.json.encode(texts))
        for name, array in arrays.items():
            with archive.open(zipfile.ZipInfo(name + ARRAY), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
    return head


@contextmanager
def written_whole(path: Path) -> Iterator[IO[bytes]]:
    """Open a temporary file that takes the name of `path` once it is complete and on the disk."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_head(path: Path) -> Head:
    """Read what a network file says about itself. Raises NetworkFileError."""
    with _opened(path) as archive:
        return _head(path, archive)


def load(path: Path) -> Network:
    """Load a compiled network. Raises NetworkFileError when the file is missing, another kind, or damaged."""
    with _opened(path) as archive:
        _head(path, archive)
        texts = msgspec.json.decode(archive.read(TEXTS), type=dict[str, Any])
        columns: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in texts.items()
        }
        columns |= {field.name: _array(archive, field.name) for field in fields(Columns) if field.name not in texts}
        return Network(Columns(**columns))


def _array(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    with archive.open(name + ARRAY) as member:
        array: NDArray[Any] = np.lib.format.read_array(member, allow_pickle=False)
    array.setflags(write=False)
    return array


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a network file; whatever is wrong with it ends as one sentence."""
    try:
        with path.open("rb") as file:
            start = file.read(len(ZIP_START))
            if start != ZIP_START:
                raise NetworkFileError(f"{path} is not a compiled network; make one with: ridebell import FEED.zip")
            with zipfile.ZipFile(file) as archive:
                yield archive
    except OSError as error:
        raise NetworkFileError(f"cannot read {path}: {error.strerror or error}") from error
    except DAMAGE as error:
        raise NetworkFileError(f"{path} is damaged or cut short; import the feed again") from error


def _head(path: Path, archive: zipfile.ZipFile) -> Head:
    if HEAD not in archive.namelist():
        hint = "a GTFS feed" if any(name.endswith("stop_times.txt") for name in archive.namelist()) else "a zip file"
        raise NetworkFileError(f"{path} is {hint}, not a compiled network; make one with: ridebell import FEED.zip")
    kind = msgspec.json.decode(archive.read(HEAD), type=dict[str, Any])
    if kind.get("format") != FORMAT:
        raise NetworkFileError(f"{path} is not a compiled network; make one with: ridebell import FEED.zip")
    if kind.get("format_version") != FORMAT_VERSION:
        raise NetworkFileError(
            f"{path} has network format {kind.get('format_version')}, this program reads {FORMAT_VERSION};"
            " import the feed again"
        )
    return msgspec.convert(kind, Head)
