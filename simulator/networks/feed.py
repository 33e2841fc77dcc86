"""Write a GTFS Schedule zip table by table, streaming and reproducible to the byte. Beside any network: knows no town."""

import csv
import io
import os
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Self

ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
"""Every member carries the oldest date a zip can hold, so that the same feed is the same bytes on any day."""
COMPRESS_LEVEL = 1
"""Fastest deflate: a province's stop_times is 150 MB of very regular text, and level 6 costs four times the seconds."""


class Table:
    """One open table of the feed."""

    def __init__(self, member: IO[bytes], columns: Iterable[str]) -> None:
        self._text = io.TextIOWrapper(member, encoding="utf-8", newline="", write_through=True)
        self._member = member
        self._csv = csv.writer(self._text, lineterminator="\n")
        self._csv.writerow(columns)

    def rows(self, rows: Iterable[Iterable[object]]) -> None:
        """Write rows; None becomes an empty field."""
        self._csv.writerows(rows)

    def raw(self, lines: bytes) -> None:
        """Write whole lines that are CSV already (the fast way for millions of rows)."""
        self._member.write(lines)

    def close(self) -> None:
        """Flush the text layer and leave the zip member to its owner."""
        self._text.detach()


class FeedWriter:
    """A feed under way: `with FeedWriter(path) as feed: with feed.table("stops.txt", ...) as table: table.rows(...)`.

    Written beside `path` and renamed when whole: an exception leaves no half feed. One table is open at a time.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(f".{path.name}.{os.getpid()}.part")

    def __enter__(self) -> Self:
        self._zip = zipfile.ZipFile(self._part, "w", zipfile.ZIP_DEFLATED, compresslevel=COMPRESS_LEVEL)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self._zip.close()
        if kind is None:
            self._part.replace(self._path)
        else:
            self._part.unlink(missing_ok=True)

    @contextmanager
    def table(self, name: str, columns: Iterable[str]) -> Iterator[Table]:
        """Open one table for writing; its header is written at once."""
        info = zipfile.ZipInfo(name, ZIP_EPOCH)
        info.compress_type = zipfile.ZIP_DEFLATED
        with self._zip.open(info, "w", force_zip64=True) as member:
            table = Table(member, columns)
            yield table
            table.close()


def clock(seconds: float) -> str:
    """`HH:MM:SS` of seconds since the start of a service day; hours may pass 24."""
    whole = round(seconds)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
