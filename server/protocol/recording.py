"""Lines of a recording (what came in) and of a truth or decisions file, JSON Lines, optionally Zstandard by suffix.

One object a line, `type` and `at_ms` in each. Reading is streaming and strict: a bad line is a `RecordingError` that
names file and line. Writing is atomic: the file appears whole under its name, or not at all.
"""

import io
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Annotated, Any, Literal

import msgspec
import zstandard
from msgspec import Meta

from server.core.model import Answer, BellKind, Doors, Need
from server.protocol.messages import BeaconHeard, Id, Lat, Listened, Lon, Metres, Ms, PresenceClaim, RidePosition

MAX_LINE_BYTES = 1 << 20
"""Longer lines are refused: the largest honest event is a few kilobytes, and memory must be bounded."""

STDOUT = Path("-")
"""As an output path: write to standard output."""

_ZSTD_LEVEL = 10
"""Recordings are written once and read often: level 10 halves level 3's size at about 40 MB/s."""


class RecordingError(ValueError):
    """A file that cannot be understood; the message names the file, the line and what to do."""


class Line(msgspec.Struct, tag_field="type", gc=False, omit_defaults=True, kw_only=True):
    """Base of all lines: `at_ms` is the time of receipt, epoch milliseconds."""

    at_ms: Ms


class BeginLine(Line, tag="begin", kw_only=True):
    """How a live recording opens: under which network and rules it was decided, if a reader wants to do the same.

    `terminals` "known": a vehicle without a `link` line has no terminal that is up. Without this line it has one.
    """

    network_version: str = ""
    feed_hash: str = ""
    policy: str = ""
    terminals: Literal["assumed", "known"] = "assumed"


class SignOnLine(Line, tag="sign_on", kw_only=True):
    """A vehicle was signed on to a trip, a block, or a route and direction."""

    vehicle_id: Id
    trip_id: Id | None = None
    start_date: Annotated[str, Meta(pattern=r"^\d{8}$")] | None = None
    block_id: Id | None = None
    route_id: Id | None = None
    direction_id: Annotated[int, Meta(ge=0, le=1)] | None = None


class SignOffLine(Line, tag="sign_off", kw_only=True):
    """A vehicle left service."""

    vehicle_id: Id


class FixLine(Line, tag="fix", kw_only=True):
    """A position report. `fixed_at_ms` is the device's own time where it is known; else it is taken to be `at_ms`."""

    vehicle_id: Id
    lat: Lat
    lon: Lon
    fixed_at_ms: Ms | None = None
    speed_mps: Annotated[float, Meta(ge=0, le=200)] | None = None
    heading_deg: Annotated[float, Meta(ge=-360, le=720)] | None = None
    accuracy_m: Metres | None = None
    odometer_m: Annotated[float, Meta(ge=0)] | None = None
    doors: Doors | None = None
    passengers: Annotated[int, Meta(ge=0, le=1000)] | None = None
    seats_left: Annotated[int, Meta(ge=0, le=1000)] | None = None
    n: Annotated[int, Meta(ge=0)] | None = None
    trip_id: Id | None = None
    start_date: Annotated[str, Meta(pattern=r"^\d{8}$")] | None = None
    route_id: Id | None = None
    direction_id: Annotated[int, Meta(ge=0, le=1)] | None = None


class RingLine(Line, tag="ring", kw_only=True):
    """A rider rang. A `nonce` in a recording had been checked by the door: it proves presence."""

    rider: Id
    bell_id: Id
    stop_id: Id
    kind: BellKind = BellKind.BOARD
    route_id: Id | None = None
    direction_id: Annotated[int, Meta(ge=0, le=1)] | None = None
    stop_sequence: Annotated[int, Meta(ge=0)] | None = None
    vehicle_id: Id | None = None
    alight_stop_id: Id | None = None
    ride_id: Id | None = None
    party: Annotated[int, Meta(ge=1, le=50)] = 1
    needs: list[Need] = []
    presence: PresenceClaim | None = None


class StillThereLine(Line, tag="presence", kw_only=True):
    """A rider's phone said where she waits."""

    rider: Id
    bell_id: Id
    presence: PresenceClaim


class CancelLine(Line, tag="cancel", kw_only=True):
    """A rider took a bell back."""

    rider: Id
    bell_id: Id


class ShownLine(Line, tag="shown", kw_only=True):
    """A terminal's screen showed an alert."""

    vehicle_id: Id
    alert_id: Id


class RespondLine(Line, tag="respond", kw_only=True):
    """A driver answered an alert."""

    vehicle_id: Id
    alert_id: Id
    answer: Answer
    reason: str | None = None


class LinkLine(Line, tag="link", kw_only=True):
    """A vehicle's terminal came (`up`) or went. Without such a line every vehicle is taken to have one that is up."""

    vehicle_id: Id
    up: bool


class _RideLine(Line, kw_only=True):
    rider: Id


class SightingsLine(_RideLine, tag="sightings", kw_only=True):
    """What a rider's phone heard, and where it was."""

    beacons: list[BeaconHeard] = []
    position: RidePosition | None = None
    positions: list[RidePosition] = []
    listened: list[Listened] = []
    sent_ms: Ms | None = None
    device: str = ""


class CheckInLine(_RideLine, tag="check_in", kw_only=True):
    """A rider checked in by hand. A `nonce` in a recording had been checked by the door: it proves the bus."""

    vehicle_id: Id
    nonce: str | None = None
    position: RidePosition | None = None
    party: Annotated[int, Meta(ge=1, le=50)] = 1
    device: str = ""


class CheckOutLine(_RideLine, tag="check_out", kw_only=True):
    """A rider checked out by hand; without a `ride_id`, of the latest ride."""

    ride_id: Id | None = None


class UndoLine(_RideLine, tag="undo", kw_only=True):
    """A rider took a ride back; without a `ride_id`, the latest."""

    ride_id: Id | None = None


class CorrectLine(_RideLine, tag="correct", kw_only=True):
    """A rider said where a ride began or ended; without a `ride_id`, the latest."""

    ride_id: Id | None = None
    board_stop_id: Id | None = None
    alight_stop_id: Id | None = None
    party: Annotated[int, Meta(ge=1, le=50)] | None = None


class MetLine(_RideLine, tag="met", kw_only=True):
    """An inspector, or a card reader (`by_card`), met the rider in a bus, at `met_at_ms` where that is not now."""

    vehicle_id: Id
    met_at_ms: Ms | None = None
    by_card: bool = False


RideLine = SightingsLine | CheckInLine | CheckOutLine | UndoLine | CorrectLine | MetLine
RecordedLine = (
    BeginLine
    | SignOnLine
    | SignOffLine
    | FixLine
    | RingLine
    | StillThereLine
    | CancelLine
    | ShownLine
    | RespondLine
    | LinkLine
    | RideLine
)


def read_recording(path: Path, *, lenient: bool, bad: list[str]) -> Iterator[RecordedLine]:
    """The lines of a recording, in order. `lenient`: a bad line is noted in `bad` and left out instead of raised."""
    decoder: msgspec.json.Decoder[RecordedLine] = msgspec.json.Decoder(RecordedLine)
    for number, raw in read_lines(path):
        try:
            line = decoder.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            sentence = f"{path}:{number}: not an event of a recording: {error}"
            if not lenient:
                raise RecordingError(sentence) from error
            bad.append(sentence)
        else:
            yield line


def opening_of(path: Path) -> BeginLine | None:
    """How a recording opens, if it says so. A file that cannot be understood is a `RecordingError`."""
    first = next(read_recording(path, lenient=True, bad=[]), None)
    return first if isinstance(first, BeginLine) else None


def read_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Numbered lines that are not blank, decompressed where the name ends in `.zst`."""
    with path.open("rb") as raw:
        source = _decompressed(raw) if path.suffix == ".zst" else raw
        number = 0
        try:
            while line := source.readline(MAX_LINE_BYTES + 1):
                number += 1
                if len(line) > MAX_LINE_BYTES:
                    msg = f"{path}:{number}: a line of more than {MAX_LINE_BYTES} bytes; is this a JSON Lines file?"
                    raise RecordingError(msg)
                if not line.isspace():
                    yield number, line
        except zstandard.ZstdError as error:
            msg = f"{path}: the compressed data is damaged after line {number}: {error}"
            raise RecordingError(msg) from error


def _decompressed(raw: IO[bytes]) -> IO[bytes]:
    return io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True))


def write_lines(path: Path, lines: Iterable[Mapping[str, Any]]) -> int:
    """Write objects as JSON Lines, deterministic to the byte: the fields of a line keep their order. Their number.

    The file is written beside its place and renamed when complete and on disk; `-` streams to standard output.
    """
    if path == STDOUT:
        return _write(sys.stdout.buffer, lines, flush=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as raw:
            if path.suffix == ".zst":
                with zstandard.ZstdCompressor(level=_ZSTD_LEVEL).stream_writer(raw, closefd=False) as out:
                    count = _write(out, lines, flush=False)
            else:
                count = _write(raw, lines, flush=False)
            raw.flush()
            os.fsync(raw.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return count


def _write(out: Any, lines: Iterable[Mapping[str, Any]], *, flush: bool) -> int:
    encoder = msgspec.json.Encoder()
    count = 0
    for line in lines:
        out.write(encoder.encode(line) + b"\n")
        count += 1
        if flush:
            out.flush()
    return count
