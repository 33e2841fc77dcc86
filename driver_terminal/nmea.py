"""From what a GNSS receiver or gpsd says, line by line, to positions. Pure; reading the lines is `positions.py`'s work.

Sentences are taken apart by pynmeagps (BSD, no dependencies, released this year; pynmea2's last release is of January
2023). This module joins RMC, GGA and VTG to one position a cycle and keeps count of what could not be used.
"""

import datetime as dt
import math
import re
from dataclasses import dataclass
from typing import TypeVar

import msgspec
from pynmeagps import NMEAReader
from pynmeagps.exceptions import NMEAMessageError, NMEAParseError, NMEAStreamError, NMEATypeError

T = TypeVar("T")

KNOT_MPS = 1852.0 / 3600.0
"""One international nautical mile an hour."""
METRES_PER_HDOP = 4.0
"""Accuracy is HDOP times this: the user range error of a single-frequency receiver with augmentation off is about 4 m (1 σ;
GPS Standard Positioning Service Performance Standard, 5th ed., 3.8 m in zone plus multipath of the street)."""
LINE_MAX_BYTES = 4096
"""Longest line looked at. NMEA 0183 allows 82 characters; a gpsd report has up to some 1,500."""
GGA_ALONE = 3
"""After so many GGA without an RMC the receiver is taken for one that sends no RMC, and GGA gives the position."""
WEEK_ROLLOVER = dt.timedelta(weeks=1024)
"""Old receivers lose 1,024 weeks when their ten-bit week number rolls over (IS-GPS-200, 20.3.3.3.1.1)."""
NOT_BEFORE = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
"""No position is older than this program; a date before it has rolled over."""

_CHECKED = re.compile(rb"\$[ -~]+\*[0-9A-Fa-f]{2}")
_DEAD_RECKONING = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where the receiver was. `at_ms` is its own time, epoch milliseconds; None while it does not know the date."""

    lat: float
    lon: float
    at_ms: int | None = None
    speed_mps: float | None = None
    heading_deg: float | None = None
    accuracy_m: float | None = None


@dataclass(slots=True)
class LineCounts:
    """What became of the lines. `bad`: damaged or not understood; `no_fix`: fine, but the receiver has no position."""

    lines: int = 0
    positions: int = 0
    bad: int = 0
    no_fix: int = 0


class _Tpv(msgspec.Struct):
    """A gpsd time-position-velocity report (gpsd_json(5)); metres, metres a second, degrees."""

    kind: str = msgspec.field(name="class")
    mode: int = 0
    time: dt.datetime | None = None
    lat: float | None = None
    lon: float | None = None
    speed: float | None = None
    track: float | None = None
    eph: float | None = None


class PositionDecoder:
    """Feed it lines; it gives a position whenever one is complete. Knows NMEA 0183 of any talker and gpsd's JSON."""

    def __init__(self) -> None:
        self.counts = LineCounts()
        self._tpv = msgspec.json.Decoder(_Tpv)
        self._hdop: float | None = None
        self._date: dt.date | None = None
        self._course: tuple[float | None, float | None] = (None, None)
        self._gga_since_rmc = 0
        self._last: tuple[int | None, float, float] | None = None

    def push(self, line: bytes) -> Position | None:
        """Take one line, with or without its end."""
        line = line.strip(b"\x00\r\n\t ")
        if not line:
            return None
        self.counts.lines += 1
        if len(line) > LINE_MAX_BYTES:
            self.counts.bad += 1
            return None
        position = self._json(line) if line.startswith(b"{") else self._sentence(line)
        if position is None:
            return None
        key = (position.at_ms, position.lat, position.lon)
        if position.at_ms is not None and key == self._last:
            return None  # the same cycle from a second talker
        self._last = key
        self.counts.positions += 1
        return position

    # -- gpsd ------------------------------------------------------------------

    def _json(self, line: bytes) -> Position | None:
        try:
            tpv = self._tpv.decode(line)
        except msgspec.MsgspecError:
            self.counts.bad += 1
            return None
        if tpv.kind != "TPV":
            return None
        if tpv.mode < 2 or tpv.lat is None or tpv.lon is None:
            self.counts.no_fix += 1
            return None
        return self._checked(
            Position(
                lat=tpv.lat,
                lon=tpv.lon,
                at_ms=_epoch_ms(tpv.time) if tpv.time is not None else None,
                speed_mps=tpv.speed,
                heading_deg=tpv.track,
                accuracy_m=tpv.eph,
            )
        )

    # -- NMEA 0183 -------------------------------------------------------------

    def _sentence(self, line: bytes) -> Position | None:
        if _CHECKED.fullmatch(line) is None:
            self.counts.bad += 1
            return None
        try:
            parsed = NMEAReader.parse(line + b"\r\n")
        except (NMEAParseError, NMEAMessageError, NMEATypeError, NMEAStreamError, ValueError, TypeError, IndexError):
            self.counts.bad += 1
            return None
        if parsed is None:  # a sentence this library does not know: fine, not ours
            return None
        match parsed.msgID:
            case "RMC":
                return self._rmc(parsed)
            case "GGA":
                return self._gga(parsed)
            case "VTG":
                self._course = (_number(getattr(parsed, "sogn", None)), _number(getattr(parsed, "cogt", None)))
                return None
            case _:
                return None

    def _rmc(self, rmc: object) -> Position | None:
        self._gga_since_rmc = 0
        date, time = _field(rmc, "date", dt.date), _field(rmc, "time", dt.time)
        self._date = date or self._date
        lat, lon = _number(getattr(rmc, "lat", None)), _number(getattr(rmc, "lon", None))
        if getattr(rmc, "status", "V") != "A" or getattr(rmc, "posMode", "A") == "N" or lat is None or lon is None:
            self.counts.no_fix += 1
            return None
        knots = _number(getattr(rmc, "spd", None))
        return self._checked(
            Position(
                lat=lat,
                lon=lon,
                at_ms=_moment_ms(date, time),
                speed_mps=None if knots is None else knots * KNOT_MPS,
                heading_deg=_number(getattr(rmc, "cog", None)),
                accuracy_m=None if self._hdop is None else self._hdop * METRES_PER_HDOP,
            )
        )

    def _gga(self, gga: object) -> Position | None:
        self._gga_since_rmc += 1
        quality = getattr(gga, "quality", 0) or 0
        self._hdop = _number(getattr(gga, "HDOP", None)) if quality and quality != _DEAD_RECKONING else None
        if self._gga_since_rmc <= GGA_ALONE:
            return None  # RMC gives the position; this only says how exact it is
        lat, lon = _number(getattr(gga, "lat", None)), _number(getattr(gga, "lon", None))
        if not quality or lat is None or lon is None:
            self.counts.no_fix += 1
            return None
        knots, course_deg = self._course
        return self._checked(
            Position(
                lat=lat,
                lon=lon,
                at_ms=_moment_ms(self._date, _field(gga, "time", dt.time)),
                speed_mps=None if knots is None else knots * KNOT_MPS,
                heading_deg=course_deg,
                accuracy_m=None if self._hdop is None else self._hdop * METRES_PER_HDOP,
            )
        )

    def _checked(self, position: Position) -> Position | None:
        """A place that is on earth, with numbers that are numbers; otherwise the line was bad."""
        sizes = (position.speed_mps or 0.0, position.accuracy_m or 0.0)
        if not (abs(position.lat) <= 90 and abs(position.lon) <= 180 and all(0 <= n < math.inf for n in sizes)):
            self.counts.bad += 1
            return None
        return position


def _number(value: object) -> float | None:
    """A field that is there and a number; an empty field is the empty string."""
    return float(value) if isinstance(value, int | float) else None


def _field(sentence: object, name: str, kind: type[T]) -> T | None:
    value = getattr(sentence, name, None)
    return value if isinstance(value, kind) else None


def _moment_ms(date: dt.date | None, time: dt.time | None) -> int | None:
    """Date and time of a receiver as epoch milliseconds, with lost weeks given back."""
    if date is None or time is None:
        return None
    return _epoch_ms(dt.datetime.combine(date, time, tzinfo=dt.UTC))


def _epoch_ms(moment: dt.datetime) -> int:
    while moment < NOT_BEFORE:
        moment += WEEK_ROLLOVER
    return round(moment.timestamp() * 1000)
