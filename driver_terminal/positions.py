"""Where a terminal's positions come from: gpsd, a receiver on a serial port or a TCP port, or a recorded file."""

import asyncio
import logging
import os
import random
import stat
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import serialx

from driver_terminal.nmea import LINE_MAX_BYTES, LineCounts, Position, PositionDecoder

log = logging.getLogger(__name__)

GPSD_PORT = 2947
"""The port gpsd listens on (IANA)."""
GPSD_WATCH = b'?WATCH={"enable":true,"json":true};\n'
NMEA_BAUD = 9600
"""What most receivers speak out of the box (NMEA 0183 itself says 4800)."""
CONNECT_TIMEOUT_S = 5.0
SILENCE_S = 15.0
"""A receiver or gpsd says something every second; after so long the source is opened again."""
FIRST_BACKOFF_S, MAX_BACKOFF_S = 0.5, 15.0
"""Full-jitter back-off between attempts; a USB receiver that was pulled out comes back within seconds."""
READ_BYTES = 4096
LONGEST_GAP_S = 60.0
"""A hole in a recorded file is not waited out for longer."""


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """A source as it is written: `gpsd://HOST[:2947]`, `tcp://HOST:PORT`, `serial:/dev/ttyUSB0?baud=9600`, or a file."""

    kind: str
    host: str = ""
    port: int = 0
    path: str = ""
    baud: int = NMEA_BAUD

    @staticmethod
    def parse(text: str) -> "SourceSpec":
        """Read a source. A path that is a character device is a serial port. Raises ValueError with what to write."""
        parts = urlsplit(text)
        try:
            match parts.scheme:
                case "gpsd" if parts.hostname:
                    return SourceSpec("gpsd", host=parts.hostname, port=parts.port or GPSD_PORT)
                case "tcp" if parts.hostname and parts.port:
                    return SourceSpec("tcp", host=parts.hostname, port=parts.port)
                case "serial" if parts.path:
                    baud = int(parse_qs(parts.query).get("baud", [str(NMEA_BAUD)])[0])
                    return SourceSpec("serial", path=parts.path, baud=baud)
                case "" | "file" if parts.path:
                    kind = "serial" if _is_device(parts.path) else "file"
                    return SourceSpec(kind, path=parts.path)
                case _:
                    pass
        except ValueError:
            pass  # a port or baud rate that is no number: said below
        msg = (
            f"{text!r} is not a source of positions; "
            "write gpsd://HOST, tcp://HOST:PORT, serial:/dev/ttyUSB0?baud=9600 or the path of a file"
        )
        raise ValueError(msg)


class PositionFeed:
    """Positions of one source: `async for position in feed.positions()`. Opened again when it breaks, except a file.

    A file is read to its end; with `real_time` at the pace at which it was recorded. `counts` tells of bad lines,
    `reopened` how often a live source had to be opened again.
    """

    def __init__(self, source: str | SourceSpec, *, real_time: bool = False, rng: random.Random | None = None) -> None:
        self.spec = SourceSpec.parse(source) if isinstance(source, str) else source
        self.reopened = 0
        self._decoder = PositionDecoder()
        self._real_time = real_time
        self._rng = rng or random.Random()

    @property
    def counts(self) -> LineCounts:
        """What became of the lines so far."""
        return self._decoder.counts

    async def positions(self) -> AsyncGenerator[Position, None]:
        """Every position as it comes; of a live source for ever. Raises OSError for a file that cannot be read.

        Whoever leaves it early closes it (`contextlib.aclosing`), so that the source is closed at once.
        """
        if self.spec.kind == "file":
            async with aclosing(self._file()) as places:
                async for position in places:
                    yield position
            return
        attempt = 0
        while True:
            try:
                async with aclosing(self._live()) as lines:
                    async for line in lines:
                        attempt = 0
                        if (place := self._decoder.push(line)) is not None:
                            yield place
            except (OSError, TimeoutError, serialx.SerialException) as error:
                log.info("positions from %s: %s; opening it again", self.spec.path or self.spec.host, error)
            self.reopened += 1
            ceiling_s = min(MAX_BACKOFF_S, FIRST_BACKOFF_S * 2.0 ** min(attempt, 16))
            attempt += 1
            await asyncio.sleep(self._rng.uniform(0.0, ceiling_s))

    async def _file(self) -> AsyncGenerator[Position, None]:
        before_ms: int | None = None
        with Path(self.spec.path).open("rb") as file:  # noqa: ASYNC230 - opening is quick, reading is in a thread
            while chunk := await asyncio.to_thread(file.readlines, READ_BYTES):
                for line in chunk:
                    position = self._decoder.push(line)
                    if position is None:
                        continue
                    if self._real_time and position.at_ms is not None and before_ms is not None:
                        await asyncio.sleep(min(LONGEST_GAP_S, max(0.0, (position.at_ms - before_ms) / 1000)))
                    before_ms = position.at_ms if position.at_ms is not None else before_ms
                    yield position

    async def _live(self) -> AsyncGenerator[bytes, None]:
        """Lines of an open source until it ends, breaks or falls silent (TimeoutError)."""
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            reader, writer = await self._open()
        try:
            rest = b""
            while True:
                async with asyncio.timeout(SILENCE_S):
                    chunk = await reader.read(READ_BYTES)
                if not chunk:
                    return
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    yield line
                if len(rest) > LINE_MAX_BYTES:  # no line of ours: let the decoder count it and begin anew
                    yield rest
                    rest = b""
        finally:
            writer.transport.abort()

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self.spec.kind == "serial":
            return await serialx.open_serial_connection(self.spec.path, baudrate=self.spec.baud)
        reader, writer = await asyncio.open_connection(self.spec.host, self.spec.port)
        if self.spec.kind == "gpsd":
            writer.write(GPSD_WATCH)
        return reader, writer


def _is_device(path: str) -> bool:
    try:
        return stat.S_ISCHR(os.stat(path).st_mode)  # noqa: PTH116 - follows links such as /dev/gps0
    except OSError:
        return False
