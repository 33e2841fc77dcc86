"""`stop_times.txt` as compact columns, in order, with its times mended. Level 2 of the importer.

A row costs about 40 bytes here against 500 as Python objects, so a province (7 million rows) fits in 500 MB even
while it is put in order.
"""

import math
from array import array
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from server.core.assembly import NO_TIME, Calls
from server.core.columns import Ints
from server.gtfs.archive import FeedArchive
from server.gtfs.problems import ProblemLog
from server.gtfs.values import believable, real_number, seconds_of, text_of, unwrapped, whole_number

STOP_TIMES = "stop_times.txt"
CALL_COLUMNS = (
    "trip_id stop_id stop_sequence arrival_time departure_time pickup_type? drop_off_type? shape_dist_traveled?"
)
LEFT_OUT = -1
"""Row number of a trip that is in the feed but could not be used."""
BAD = -2
"""Stands for a text that cannot be read, beside row numbers, times and kinds, which are not negative."""
REGULAR = 0
BLOCK_ROWS = 250_000
MAX_CACHED_TEXTS = 200_000
"""Distinct texts remembered with what they mean (a day has 86,400 seconds)."""
PICKUP_TYPES = {"": 0, "0": 0, "1": 1, "2": 2, "3": 3}


@dataclass(frozen=True, slots=True, eq=False)
class CallTable:
    """All usable calls, ordered by trip and `stop_sequence`. `line` is where in the file each came from."""

    trip: Ints
    calls: Calls
    line: Ints

    def by_trip(self) -> Iterator[tuple[int, Calls, Ints]]:
        """Yield each trip's row number, its calls and their lines. The arrays are views."""
        if not len(self.trip):
            return
        starts = np.concatenate(([0], np.flatnonzero(np.diff(self.trip)) + 1)).tolist()
        c = self.calls
        for low, high in zip(starts, [*starts[1:], len(self.trip)], strict=True):
            part = slice(low, high)
            yield (
                int(self.trip[low]),
                Calls(
                    stop=c.stop[part],
                    sequence=c.sequence[part],
                    arrival_s=c.arrival_s[part],
                    departure_s=c.departure_s[part],
                    pickup=c.pickup[part],
                    drop_off=c.drop_off[part],
                    dist=c.dist[part],
                ),
                self.line[part],
            )


class _Meanings(dict[str, int]):
    """What texts mean, remembered; a text met for the first time is read by `read`, which gives BAD for nonsense."""

    def __init__(self, read: Callable[[str], int]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, text: str) -> int:
        meaning = self._read(text)
        if len(self) < MAX_CACHED_TEXTS:
            self[text] = meaning
        return meaning


def _read_time(text: str) -> int:
    time_s = seconds_of(text) if text.strip() else NO_TIME
    return BAD if time_s is None else time_s


def _read_sequence(text: str) -> int:
    number = whole_number(text)
    return BAD if number is None else number


def _read_boarding(text: str) -> int:
    return PICKUP_TYPES.get(text.strip(), BAD)


class _CallReader:
    """Grows the columns of `stop_times.txt` row by row."""

    def __init__(self, trip_rows: Mapping[str, int], stop_rows: Mapping[str, int], problems: ProblemLog) -> None:
        self._problems = problems
        self._trip_rows = _Meanings(lambda text: trip_rows.get(text.strip(), BAD))
        self._stop_rows = _Meanings(lambda text: stop_rows.get(text.strip(), BAD))
        self._times, self._sequences = _Meanings(_read_time), _Meanings(_read_sequence)
        self._boardings = _Meanings(_read_boarding)
        self.trip, self.stop, self.sequence = array("i"), array("i"), array("i")
        self.arrival, self.departure, self.line = array("i"), array("i"), array("i")
        self.pickup, self.drop_off, self.dist = array("b"), array("b"), array("f")

    def add(self, line: int, row: tuple[str, ...]) -> None:
        """Take one row, or list why it cannot be taken. Rows of trips that were left out go without a word."""
        trip_id, stop_id, sequence_text, arrival, departure, pickup, drop_off, dist = row
        trip, stop, sequence = self._trip_rows[trip_id], self._stop_rows[stop_id], self._sequences[sequence_text]
        if trip == LEFT_OUT:
            return
        if trip == BAD or stop == BAD:
            column, value = ("trip_id", trip_id) if trip == BAD else ("stop_id", stop_id)
            self._problems.add(STOP_TIMES, line, "unknown_id", column=column, value=value)
            return
        if sequence == BAD:
            self._problems.add(STOP_TIMES, line, "bad_number", column="stop_sequence", value=sequence_text)
            return
        arrival_s, departure_s = self._times[arrival], self._times[departure]
        if arrival_s == BAD:
            arrival_s = self._instead(NO_TIME, line, "bad_time", "arrival_time", arrival)
        if departure_s == BAD:
            departure_s = self._instead(NO_TIME, line, "bad_time", "departure_time", departure)
        pickup_type, drop_off_type = self._boardings[pickup], self._boardings[drop_off]
        if pickup_type == BAD:
            pickup_type = self._instead(REGULAR, line, "bad_kind", "pickup_type", pickup)
        if drop_off_type == BAD:
            drop_off_type = self._instead(REGULAR, line, "bad_kind", "drop_off_type", drop_off)
        self.trip.append(trip)
        self.stop.append(stop)
        self.sequence.append(sequence)
        self.arrival.append(arrival_s)
        self.departure.append(departure_s)
        self.pickup.append(pickup_type)
        self.drop_off.append(drop_off_type)
        self.dist.append(self._distance(dist, line) if dist else math.nan)
        self.line.append(line)

    def _instead(self, value: int, line: int, code: str, column: str, text: str) -> int:
        self._problems.add(STOP_TIMES, line, code, column=column, value=text)
        return value

    def _distance(self, text: str, line: int) -> float:
        distance = real_number(text)
        if distance is None:
            self._problems.add(STOP_TIMES, line, "bad_distance", column="shape_dist_traveled", value=text)
            return math.nan
        return distance

    def table(self) -> CallTable:
        """Put the rows in order; of rows with the same trip and sequence the first stays. Empties the columns."""
        trip, sequence = np.frombuffer(self.trip, dtype=np.int32), np.frombuffer(self.sequence, dtype=np.int32)
        line = np.frombuffer(self.line, dtype=np.int32)
        order = in_order(trip, sequence)
        again = np.zeros(len(order), dtype=np.bool_)
        again[1:] = (np.diff(trip[order]) == 0) & (np.diff(sequence[order]) == 0)
        for row in order[again].tolist():
            self._problems.add(STOP_TIMES, int(line[row]), "repeated", column="stop_sequence", value=int(sequence[row]))
        order = order[~again]
        calls = Calls(
            stop=self._taken("stop", order),
            sequence=sequence[order],
            arrival_s=self._taken("arrival", order),
            departure_s=self._taken("departure", order),
            pickup=self._taken("pickup", order),
            drop_off=self._taken("drop_off", order),
            dist=self._taken("dist", order),
        )
        return CallTable(trip[order], calls, line[order])

    def _taken(self, name: str, order: NDArray[np.intp]) -> NDArray[Any]:
        """Give a column in order and free the rows it was grown in."""
        grown = getattr(self, name)
        setattr(self, name, None)
        return np.frombuffer(grown, dtype=np.dtype(grown.typecode))[order]


def read_calls(feed: FeedArchive, trip_rows: Mapping[str, int], stop_rows: Mapping[str, int]) -> CallTable:
    """Read `stop_times.txt`, put it in order and mend its times. Raises FeedError as `FeedArchive.select` does."""
    reader = _CallReader(trip_rows, stop_rows, feed.problems)
    for line, row in feed.select(STOP_TIMES, CALL_COLUMNS):
        reader.add(line, row)
    table = reader.table()
    _mend_times(table, feed.problems)
    return table


def _mend_times(table: CallTable, problems: ProblemLog) -> None:
    """Mend, in place, the trips whose times go back, and list what was changed."""
    suspects = _trips_going_back(table)
    for trip, calls, lines in table.by_trip() if suspects else ():
        if trip not in suspects:
            continue
        columns = (calls.arrival_s, calls.departure_s)
        places = [(column, i) for i in range(len(lines)) for column in columns if column[i] != NO_TIME]
        given_s = [int(column[i]) for column, i in places]
        times_s = unwrapped(given_s)
        if times_s != given_s:
            problems.add(STOP_TIMES, int(lines[0]), "wrapped_at_midnight")
        kept = set(believable(times_s))
        for k, (column, i) in enumerate(places):
            column[i] = times_s[k] if k in kept else NO_TIME
            if k not in kept:
                problems.add(STOP_TIMES, int(lines[i]), "time_goes_back", value=text_of(given_s[k]))


def _trips_going_back(table: CallTable) -> set[int]:
    """Find the trips in which a known time is before an earlier one; looks at a block of whole trips at a time."""
    suspects: set[int] = set()
    low, rows = 0, len(table.trip)
    while low < rows:
        high = rows if rows - low <= BLOCK_ROWS else int(np.searchsorted(table.trip, table.trip[low + BLOCK_ROWS]))
        high = high if high > low else rows
        part = slice(low, high)
        times_s = np.column_stack((table.calls.arrival_s[part], table.calls.departure_s[part])).reshape(-1)
        known = np.flatnonzero(times_s != NO_TIME)
        trip = table.trip[part][known // 2]
        back = (np.diff(times_s[known]) < 0) & (np.diff(trip) == 0)
        suspects.update(trip[1:][back].tolist())
        low = high
    return suspects


def in_order(owner: Ints, sequence: Ints) -> NDArray[np.intp]:
    """Tell the order of rows by owner and then sequence; rows that are equal in both stay in the order of the file."""
    step = np.diff(owner)
    if ((step > 0) | ((step == 0) & (np.diff(sequence) >= 0))).all():
        return np.arange(len(owner))
    return np.lexsort((sequence, owner))
