"""Which services run on which day, and when a service day begins. Level 1 of the core: over `server.core.columns`.

Dates are `YYYYMMDD` strings. A service day begins at noon minus twelve hours in the agency's time zone (GTFS
reference, `stop_times.txt`): midnight, but for the days on which the clocks change.
"""

import datetime as dt
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from server.core.columns import Columns

HALF_A_DAY_MS = 12 * 3_600_000
CACHED_DAYS = 64
"""A running server asks for three days at a time; a replay walks through months."""


def date_of(text: str) -> dt.date | None:
    """Read a `YYYYMMDD` date; None when it is not one."""
    if len(text) != 8 or not (text.isascii() and text.isdigit()):
        return None
    try:
        return dt.date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


class ServiceCalendar:
    """The calendar of one network: weekly services, added and removed days. Immutable."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._zone = ZoneInfo(columns.timezone)
        self._index = {service_id: i for i, service_id in enumerate(columns.service_ids)}
        self.active = lru_cache(CACHED_DAYS)(self._active)
        self.day_start_ms = lru_cache(CACHED_DAYS)(self._day_start_ms)
        self.dates_around = lru_cache(CACHED_DAYS)(self._dates_around)

    def runs(self, service_id: str, date: str) -> bool:
        """Tell whether a service runs on a day; an unknown service or something that is no date does not."""
        index = self._index.get(service_id)
        return index is not None and bool(self.active(date)[index])

    def first_and_last(self) -> tuple[int, int] | None:
        """From which day to which anything runs (`YYYYMMDD` as numbers); None where nothing ever does."""
        c = self._columns
        weekly = c.service_weekdays > 0
        added = c.exception_date[c.exception_added == 1]
        days = np.concatenate([c.service_first[weekly], c.service_last[weekly], added])
        return (int(days.min()), int(days.max())) if days.size else None

    def _active(self, date: str) -> NDArray[np.bool_]:
        """Mark, for every service, whether it runs on the day."""
        c = self._columns
        day = date_of(date)
        if day is None:
            return np.zeros(len(c.service_ids), dtype=np.bool_)
        number = int(date)
        weekly = (c.service_weekdays >> day.weekday()) & 1 == 1
        active: NDArray[np.bool_] = weekly & (c.service_first <= number) & (number <= c.service_last)
        low, high = np.searchsorted(c.exception_date, [number, number + 1])
        active[c.exception_service[low:high]] = c.exception_added[low:high] == 1
        return active

    def _day_start_ms(self, date: str) -> int:
        day = date_of(date)
        if day is None:
            raise ValueError(f"{date!r} is not a date of the form YYYYMMDD")
        noon = dt.datetime(day.year, day.month, day.day, 12, tzinfo=self._zone)
        return int(noon.timestamp()) * 1000 - HALF_A_DAY_MS

    def local_day(self, at_ms: int) -> int:
        """Number (ordinal) of the calendar day it is in the agency's time zone."""
        return dt.datetime.fromtimestamp(at_ms / 1000, self._zone).toordinal()

    def _dates_around(self, local_day: int) -> tuple[str, str, str]:
        yesterday, today, tomorrow = (f"{dt.date.fromordinal(local_day + k):%Y%m%d}" for k in (-1, 0, 1))
        return yesterday, today, tomorrow
