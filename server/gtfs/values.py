"""GTFS field types as numbers, and times that cannot be true. Level 0: pure. What cannot be read is None."""

import bisect
import math
import re
from collections.abc import Sequence

TIME = re.compile(r"\s*(\d{1,3}):(\d{2}):(\d{2})\s*", re.ASCII)
MAX_HOURS = 240
"""Ten days after the start of the service day: no bus trip is longer; a larger number is a typing error."""


MAX_LAT_DEG = 89.0
"""A stop nearer to a pole is a mistake, and no flat frame could be laid there."""
DAY_S = 86_400
LATE_S, EARLY_S = 22 * 3600, 2 * 3600
"""A trip that goes from after 22:00 to before 02:00 wrapped at midnight where GTFS counts on (24:05:00)."""


def seconds_of(text: str) -> int | None:
    """Read `H:MM:SS` or `HH:MM:SS` (hours may pass 24) as seconds after the start of the service day."""
    match = TIME.fullmatch(text)
    if match is None:
        return None
    hours, minutes, seconds = map(int, match.groups())
    if hours > MAX_HOURS or minutes > 59 or seconds > 59:
        return None
    return hours * 3600 + minutes * 60 + seconds


def text_of(time_s: int) -> str:
    """Write seconds after the start of the service day as GTFS does."""
    return f"{time_s // 3600:02d}:{time_s // 60 % 60:02d}:{time_s % 60:02d}"


def whole_number(text: str, *, low: int = 0, high: int = 2**31 - 1) -> int | None:
    """Read a whole number between two limits."""
    try:
        number = int(text)
    except ValueError:
        return None
    return number if low <= number <= high else None


def real_number(text: str) -> float | None:
    """Read a finite number."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def lat_lon_of(lat: str, lon: str) -> tuple[float, float] | None:
    """Read a place in WGS84 degrees. 0, 0 is none: it is what feeds write for "unknown"."""
    north, east = real_number(lat), real_number(lon)
    if north is None or east is None or abs(north) > MAX_LAT_DEG or abs(east) > 180.0 or north == east == 0.0:
        return None
    return north, east


def unwrapped(times_s: Sequence[int]) -> list[int]:
    """Count on after midnight: once a trip goes from late evening to early morning, all later times are a day later."""
    result: list[int] = []
    shift_s, before_s = 0, 0
    for time_s in times_s:
        if before_s >= LATE_S and time_s <= EARLY_S:
            shift_s += DAY_S
        result.append(time_s + shift_s)
        before_s = time_s
    return result


def believable(times_s: Sequence[int]) -> list[int]:
    """Choose as many times as possible that never go back; the others are typing errors. Gives indices."""
    tops: list[int] = []  # of the chains of each length, the smallest last time,
    ends: list[int] = []  # its index,
    before: list[int] = []  # and for every index the one before it in its chain
    for i, time_s in enumerate(times_s):
        at = bisect.bisect_right(tops, time_s)
        before.append(ends[at - 1] if at else -1)
        tops[at : at + 1] = [time_s]
        ends[at : at + 1] = [i]
    chain: list[int] = []
    i = ends[-1] if ends else -1
    while i >= 0:
        chain.append(i)
        i = before[i]
    return chain[::-1]
