"""A feed's zip file as tables of text, read row by row with bounded memory. Level 1 of the importer.

Takes what feeds do in practice: a byte order mark, spaces around column names, quoted line breaks, extra or missing
trailing columns, files in a folder of the zip. Refuses what would fill the memory.
"""

import csv
import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from operator import itemgetter
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import IO, Self

from server.gtfs.problems import FeedError, ProblemLog

MAX_FILE_BYTES = 4 << 30
MAX_FEED_BYTES = 8 << 30
"""Unpacked sizes. The largest public feed (all of Germany) unpacks to about 2 GiB; zipfile stops at the size declared."""
MAX_PACKING = 200
"""Packed text is 5 to 30 times smaller, a bomb a thousand times; small files may be packed as they like."""
SMALL_FILE_BYTES = 16 << 20
MAX_LINE_CHARS = 1 << 20
"""A longer line is not a row of a table; it would be held in memory whole."""
MAX_ROW_LINES = 64
"""A row over more lines is not a quoted text with line breaks but a quote that was never closed."""
FEED_MARK = "stop_times.txt"
"""The file by which a folder of the zip is known to be a feed."""
ROWS_PER_STEP = 4096
"""Progress is told once in so many rows."""

Progress = Callable[[str, float], None]
"""Is told which file is being read and what share of all bytes has been read, 0 to 1."""
Row = tuple[int, tuple[str, ...]]


class FeedArchive:
    """An open feed, of which only the `files` named are looked at; `rows` counts what was read of each.

    Raises FeedError when the file is no zip, holds no feed, or is dangerous to unpack.
    """

    def __init__(
        self, path: Path, files: Collection[str], problems: ProblemLog, progress: Progress | None = None
    ) -> None:
        self.path = path
        self.problems = problems
        self.rows: dict[str, int] = {}
        self._progress = progress
        self._bytes_read: dict[str, int] = {}
        self._zip = _opened(path)
        try:
            members = _feed_members(path, self._zip)
            self._members = {name: info for name, info in members.items() if name in files}
            _refuse_bombs(path, self._members)
        except FeedError:
            self._zip.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()

    def size(self, name: str) -> int:
        """Tell a file's unpacked size in bytes; 0 when the feed does not have it."""
        info = self._members.get(name)
        return 0 if info is None else info.file_size

    def select(self, name: str, columns: str, *, required: bool = True) -> Iterator[Row]:
        """Read a file's rows as (line, values of the named columns); blank lines are left out.

        `columns` are names separated by spaces; one with a question mark may be missing and is then empty in every
        row. A file that is not `required` may be missing. Raises FeedError for a missing file or column and for a
        file that cannot be unpacked.
        """
        info = self._members.get(name)
        if info is None or (info.file_size == 0 and not required):
            if required:
                raise FeedError("missing_file", file=name)
            return
        try:
            with self._zip.open(info) as raw:
                yield from self._rows(name, raw, columns.split())
        except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError) as error:
            raise FeedError("damaged", file=name) from error
        except (RuntimeError, OSError) as error:  # encrypted, packed in an unknown way; the disk
            raise FeedError("unreadable", file=name, why=str(error)) from error

    def _rows(self, name: str, raw: IO[bytes], columns: list[str]) -> Iterator[Row]:
        reader = csv.reader(self._lines(name, raw), skipinitialspace=True)
        header = self._header(name, reader)
        width, pick = len(header), _picker(name, header, columns)
        count, line = 0, reader.line_num + 1
        while True:
            try:
                values = next(reader)
            except StopIteration:
                break
            except csv.Error:
                self.problems.add(name, line, "bad_quotes")
                line = reader.line_num + 1
                continue
            if reader.line_num - line >= MAX_ROW_LINES:
                self.problems.add(name, line, "bad_quotes")
            elif values:
                if len(values) != width:
                    del values[width:]
                    values += [""] * (width - len(values))
                values.append("")
                yield line, pick(values)
                count += 1
                if count % ROWS_PER_STEP == 0:
                    self._tell(name, raw.tell())
            line = reader.line_num + 1
        self.rows[name] = count
        self._tell(name, self.size(name))

    def _tell(self, name: str, bytes_read: int) -> None:
        if self._progress is not None:
            self._bytes_read[name] = bytes_read
            total = sum(info.file_size for info in self._members.values())
            self._progress(name, sum(self._bytes_read.values()) / max(total, 1))

    def _lines(self, name: str, raw: IO[bytes]) -> Iterator[str]:
        """Yield the lines of a file as text; bytes that are no UTF-8 are spelled out, so that ids stay distinct."""
        text = io.TextIOWrapper(raw, encoding="utf-8-sig", errors="surrogateescape", newline="")
        number = 0
        while line := text.readline(MAX_LINE_CHARS):
            number += 1
            if len(line) == MAX_LINE_CHARS:
                raise FeedError("line_too_long", file=name, line=number)
            if not line.isascii():
                try:
                    line.encode()
                except UnicodeEncodeError:
                    self.problems.add(name, number, "not_utf8")
                    line = line.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
            yield line

    def _header(self, name: str, reader: Iterator[list[str]]) -> list[str]:
        try:
            header = next(reader, None)
        except csv.Error as error:
            raise FeedError("bad_header", file=name) from error
        if not header:
            raise FeedError("empty_file", file=name)
        return [column.strip() for column in header]


def _picker(name: str, header: list[str], columns: list[str]) -> Callable[[list[str]], tuple[str, ...]]:
    """Make the call that takes the wanted columns from a row that was padded with one empty value."""
    places = {column: i for i, column in reversed(list(enumerate(header)))}
    missing = [column for column in columns if not column.endswith("?") and column not in places]
    if missing:
        raise FeedError("missing_column", file=name, column=", ".join(missing))
    wanted = [places.get(column.removesuffix("?"), len(header)) for column in columns]
    if len(wanted) == 1:
        only = wanted[0]
        return lambda values: (values[only],)
    return itemgetter(*wanted)


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except FileNotFoundError as error:
        raise FeedError("no_such_file", file=str(path)) from error
    except IsADirectoryError as error:
        raise FeedError("is_a_folder", file=str(path)) from error
    except (zipfile.BadZipFile, EOFError) as error:
        raise FeedError("not_a_zip", file=str(path)) from error
    except OSError as error:
        raise FeedError("cannot_open", file=str(path), why=error.strerror or str(error)) from error


def _feed_members(path: Path, archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Find the folder of the zip that is the feed: the one highest up that has `stop_times.txt`."""
    files = [
        (PurePosixPath(info.filename.replace("\\", "/")), info) for info in archive.infolist() if not info.is_dir()
    ]
    folders = sorted({file.parent for file, _ in files if file.name == FEED_MARK}, key=lambda f: (len(f.parts), f))
    if not folders:
        raise FeedError("missing_file", file=FEED_MARK)
    if len(folders) > 1 and len(folders[0].parts) == len(folders[1].parts):
        raise FeedError("two_feeds", file=path.name, one=str(folders[0]), other=str(folders[1]))
    return {file.name: info for file, info in files if file.parent == folders[0]}


def _refuse_bombs(path: Path, members: dict[str, zipfile.ZipInfo]) -> None:
    for name, info in members.items():
        packing = info.file_size / max(info.compress_size, 1)
        if info.file_size > MAX_FILE_BYTES or (info.file_size > SMALL_FILE_BYTES and packing > MAX_PACKING):
            raise FeedError("bomb", file=name, size_mib=info.file_size >> 20, packed_mib=info.compress_size >> 20)
    if sum(info.file_size for info in members.values()) > MAX_FEED_BYTES:
        raise FeedError("too_large", file=path.name, limit_gib=MAX_FEED_BYTES >> 30)
