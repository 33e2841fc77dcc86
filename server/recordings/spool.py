"""One growing recording: lines in, whole Zstandard frames on disk. What a crash leaves can be read to its last frame."""

import asyncio
import contextlib
import os
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

import msgspec
import zstandard

from server.protocol.recording import Line

FLUSH_S = 2.0
"""A frame is written at least this often: so much of a recording may a crash cost."""
FRAME_BYTES = 1 << 18
"""Or as soon as so much waits: 256 kB compress in about 2 ms and nearly as well as the whole."""
WAITING_MAX_BYTES = 1 << 25
"""More than this may not wait for a slow disk: the recording ends and says so, rather than have a hole in it."""
LEVEL = 3
"""Zstandard's own default: 300 MB/s, so that a province's 1.5 MB/s cost half a percent of a core."""


@dataclass(slots=True)
class Written:
    """What is on disk so far."""

    lines: int = 0
    raw_bytes: int = 0
    stored_bytes: int = 0


class Spool:
    """Takes lines on the event loop, writes frames on a thread. `ended` says why it ended by itself, if so."""

    def __init__(self, path: Path, *, max_bytes: int) -> None:
        self.path = path
        self.written = Written()
        self.ended: str | None = None
        self._max_bytes = max_bytes
        self._encoder = msgspec.json.Encoder()
        self._waiting = bytearray()
        self._waiting_lines = 0
        self._wake = asyncio.Event()
        self._closing = False
        self._file: FileIO | None = None
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Create the file and begin to write. Raises OSError when it cannot be created, or is there already."""
        self._file = self.path.open("xb", buffering=0)
        self._task = asyncio.create_task(self._write_on(self._file), name=f"spool {self.path.name}")

    def put(self, line: Line) -> None:
        """Take a line; nothing after the end."""
        if self.ended is not None or self._closing:
            return
        before = len(self._waiting)
        self._waiting += self._encoder.encode(line) + b"\n"
        self._waiting_lines += 1
        if len(self._waiting) > WAITING_MAX_BYTES:
            self._end("the disk was too slow")
        elif before < FRAME_BYTES <= len(self._waiting):
            self._wake.set()

    async def close(self) -> None:
        """Write what waits and put it safely on disk."""
        self._closing = True
        self._wake.set()
        if self._task is not None:
            await self._task

    def _end(self, why: str) -> None:
        self.ended = why
        self._waiting.clear()
        self._waiting_lines = 0
        self._wake.set()

    async def _write_on(self, file: FileIO) -> None:
        try:
            while not self._closing and self.ended is None:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), FLUSH_S)
                self._wake.clear()
                await self._write(file)
            await self._write(file)
            await asyncio.to_thread(_settle, file)
        except OSError as error:
            self._end(f"the disk refused: {error.strerror or error}")
            with contextlib.suppress(OSError):
                file.truncate(self.written.stored_bytes)  # to the last whole frame
        finally:
            file.close()

    async def _write(self, file: FileIO) -> None:
        data, lines = bytes(self._waiting), self._waiting_lines
        if not data:
            return
        self._waiting.clear()
        self._waiting_lines = 0
        stored = await asyncio.to_thread(_write_frame, file, data)
        self.written.lines += lines
        self.written.raw_bytes += len(data)
        self.written.stored_bytes += stored
        if self.written.stored_bytes >= self._max_bytes:
            self._end("it reached its greatest size")


def _write_frame(file: FileIO, data: bytes) -> int:
    """One whole frame, as a rule by one write: a crash of this process leaves all of it or nothing."""
    frame = memoryview(zstandard.ZstdCompressor(level=LEVEL).compress(data))
    done = 0
    while done < len(frame):
        done += file.write(frame[done:])
    return done


def _settle(file: FileIO) -> None:
    os.fsync(file.fileno())


def mend(path: Path) -> int:
    """Cut what a loss of power left of a frame off the end of a recording; the bytes that were cut."""
    size = path.stat().st_size
    whole = _whole_bytes(path)
    if whole < size:
        os.truncate(path, whole)
    return size - whole


def _whole_bytes(path: Path) -> int:
    """Length of the frames that are complete, from the start."""
    whole = read = 0
    frame = zstandard.ZstdDecompressor().decompressobj()
    with path.open("rb") as file:
        while piece := file.read(FRAME_BYTES):
            read += len(piece)
            while piece:
                try:
                    frame.decompress(piece)
                except zstandard.ZstdError:
                    return whole
                if not frame.eof:
                    break
                piece = frame.unused_data
                whole = read - len(piece)
                frame = zstandard.ZstdDecompressor().decompressobj()
    return whole
