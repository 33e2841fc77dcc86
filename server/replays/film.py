"""A replay cut into chunks that can each be shown by itself, written while it runs. One pass, bounded memory.

A chunk is a minute, or less where much happens; it opens with a key frame of what held then, so that seeking anywhere
reads one chunk. Files are gzip as browsers take them.
"""

import gzip
from collections import Counter, defaultdict
from pathlib import Path

import msgspec
import numpy as np

from server.core.model import END_STATES
from server.core.network import Network, Pattern
from server.protocol import recording as line
from server.protocol.replays import (
    Chunk,
    Density,
    KeyFrame,
    PatternStop,
    ReplayChunk,
    ReplayIndex,
    ReplayPattern,
    ReplayPatterns,
    ReplayStory,
    Row,
)

CHUNK_MS = 60_000
CHUNK_ROWS = 6_000
"""About 1.5 MB of JSON, 150 kB packed: parsed in some 20 ms."""
CHUNK_PER_VEHICLE = 2
"""But never so short that its key frame, a row a vehicle, is more than half as long as the rest."""
FIXES_PER_S = 1_000
"""More than so many fixes a second are not all in the picture: of each vehicle only one every few seconds. What was
decided stays whole, and the decisions file has every position."""
SECOND_MS = 1_000
BINS = 480
"""Stretches of the timeline: two pixels each on a desktop."""
FINEST_BIN_MS = 1_000
STORY_MAX = 60_000
LINE_POINTS, LEAST_POINTS, ALL_POINTS = 400, 16, 100_000
"""Points of a pattern's line in the picture: one each 100 m of a 40 km line; of a province's lines together no more than
a browser strokes within a frame."""
_ENDED = frozenset(state.value for state in END_STATES)
_TOLD = frozenset({"ring", "cancel", "respond", "shown", "bell", "alert", "clear", "refused", "choice", "telling"})


class Film:
    """Takes recorded lines and decisions in their order; `finish` writes the index."""

    def __init__(self, folder: Path, network: Network, *, policy: str) -> None:
        self._folder = folder
        self._network = network
        self._policy = policy
        self._chunks: list[Chunk] = []
        self._rows: list[Row] = []
        self._key = KeyFrame(vehicles=[], bells=[], alerts=[])
        self._vehicles: dict[str, Row] = {}
        self._bells: dict[str, Row] = {}
        self._alerts: dict[str, Row] = {}
        self._fix: Row | None = None
        self._pictured_ms: dict[str, int] = {}
        self._story = ReplayStory(rows=[])
        self._patterns: dict[str, None] = {}
        self._seconds: defaultdict[str, Counter[int]] = defaultdict(Counter)
        self._counts: Counter[str] = Counter()
        self._from_ms: int | None = None
        self._begin_ms = self._now_ms = self._heard_ms = 0

    def recorded(self, recorded: line.RecordedLine) -> None:
        """A line that came in. A fix waits for what is believed after it."""
        self._at(recorded.at_ms)
        self._heard_ms = self._now_ms
        row = msgspec.to_builtins(recorded)
        row.pop("rider", None)
        match recorded:
            case line.FixLine():
                self._fix = row
                self._count("fixes")
            case line.RingLine():
                row.pop("presence", None)
                self._count("rings")
                self._put(row)
            case line.BeginLine() | line.SightingsLine():  # what phones hear is many lines, and no picture shows it
                pass
            case _:
                self._put(row)

    def decided(self, decision: Row) -> None:
        """A decision, as it is written."""
        self._at(decision["at_ms"])
        row = {name: value for name, value in decision.items() if name != "rider"}
        match row["type"]:
            case "position" | "fix_refused":
                self._place(row)
            case "bell":
                self._keep(self._bells, row["bell_id"], row, gone=row["state"] in _ENDED)
                if row["state"] == "passed":
                    self._count("passed")
                self._put(row)
            case "alert":
                self._count("alerts")
                self._keep(self._alerts, row["alert_id"], row, gone=False)
                self._put(row)
            case "clear":
                self._keep(self._alerts, row["alert_id"], row, gone=True)
                self._put(row)
            case "prediction":
                pass
            case _:
                self._put(row)

    def finish(self, *, late: int, bad_lines: int) -> ReplayIndex:
        """Write what is left, the patterns, the story and the index."""
        self._cut(self._now_ms + 1)
        index = ReplayIndex(
            from_ms=self._from_ms or 0,
            to_ms=self._heard_ms,
            chunks=self._chunks,
            density=self._density(),
            counts=dict(sorted(self._counts.items())),
            policy=self._policy,
            network_version=self._network.version,
            timezone=self._network.timezone,
            late=late,
            bad_lines=bad_lines,
        )
        wanted = [
            p
            for i in range(self._network.pattern_count)
            if (p := self._network.pattern(i)).pattern_id in self._patterns
        ]
        points = max(LEAST_POINTS, min(LINE_POINTS, ALL_POINTS // max(1, len(wanted))))
        self._write("patterns", ReplayPatterns(patterns=[pattern_of(self._network, p, points=points) for p in wanted]))
        self._write("story", self._story)
        self._write("index", index)
        return index

    def _at(self, at_ms: int) -> None:
        if self._from_ms is None:
            self._from_ms = self._begin_ms = self._now_ms = at_ms - at_ms % SECOND_MS
        at_ms = max(at_ms, self._now_ms)
        second_ms = at_ms - at_ms % SECOND_MS
        room = max(CHUNK_ROWS, CHUNK_PER_VEHICLE * len(self._vehicles))
        full = len(self._rows) >= room and second_ms > self._begin_ms
        if second_ms - self._begin_ms >= CHUNK_MS or full:
            self._cut(second_ms)
        self._now_ms = at_ms

    def _place(self, row: Row) -> None:
        """Join a fix with what is believed after it."""
        fix = self._fix
        if fix is None or fix["vehicle_id"] != row["vehicle_id"]:
            return  # decisions of another version may speak of fixes that it alone took
        self._fix = None
        if row["type"] == "fix_refused":
            self._put(fix | {"type": "fix_refused", "reason": row["reason"], "at_ms": row["at_ms"]})
            return
        if row["pattern_id"] is not None:
            self._patterns[row["pattern_id"]] = None
        joined = fix | row | {"type": "fix"}
        self._vehicles[row["vehicle_id"]] = joined
        every_ms = len(self._vehicles) // FIXES_PER_S * SECOND_MS
        if self._now_ms - self._pictured_ms.get(row["vehicle_id"], -every_ms) >= every_ms:
            self._pictured_ms[row["vehicle_id"]] = self._now_ms
            self._put(joined)

    def _keep(self, kept: dict[str, Row], name: str, row: Row, *, gone: bool) -> None:
        if gone:
            kept.pop(name, None)
        else:
            kept[name] = row

    def _put(self, row: Row) -> None:
        self._counts[row["type"]] += 1
        self._rows.append(row)
        if row["type"] in _TOLD:
            if len(self._story.rows) < STORY_MAX:
                self._story.rows.append(row)
            else:
                self._story.more += 1

    def _count(self, kind: str) -> None:
        self._seconds[kind][self._now_ms // SECOND_MS] += 1

    def _cut(self, until_ms: int) -> None:
        """Write the chunk that ends here; the next one opens with what holds now."""
        chunk = ReplayChunk(from_ms=self._begin_ms, to_ms=until_ms, key=self._key, rows=self._rows)
        self._write(f"chunk-{len(self._chunks):05}", chunk)
        self._chunks.append(Chunk(from_ms=self._begin_ms, to_ms=until_ms, rows=len(self._rows)))
        self._begin_ms, self._rows = until_ms, []
        self._key = KeyFrame(
            vehicles=list(self._vehicles.values()),
            bells=list(self._bells.values()),
            alerts=list(self._alerts.values()),
        )

    def _density(self) -> Density:
        from_ms = self._from_ms or 0
        span_ms = max(1, self._heard_ms - from_ms)
        bin_ms = max(FINEST_BIN_MS, -(-span_ms // BINS // SECOND_MS) * SECOND_MS)
        bins = span_ms // bin_ms + 1
        rows: dict[str, list[int]] = {}
        for kind in ("fixes", "rings", "alerts", "passed"):
            rows[kind] = [0] * bins
            for second, count in self._seconds[kind].items():
                if second * SECOND_MS <= self._heard_ms:
                    rows[kind][(second * SECOND_MS - from_ms) // bin_ms] += count
        return Density(bin_ms=bin_ms, **rows)

    def _write(self, name: str, what: msgspec.Struct) -> None:
        packed = gzip.compress(msgspec.json.encode(what), 6, mtime=0)
        (self._folder / f"{name}.json.gz").write_bytes(packed)


def pattern_of(network: Network, pattern: Pattern, *, points: int) -> ReplayPattern:
    """A pattern as the console draws it; its line by so many points at most."""
    return ReplayPattern(
        pattern_id=pattern.pattern_id,
        route_id=pattern.route_id,
        route_name=network.routes[pattern.route_id].name,
        direction_id=pattern.direction_id,
        headsign=pattern.headsign,
        length_m=round(pattern.path.length_m, 1),
        stops=[
            PatternStop(
                stop_id=visit.stop_id,
                stop_sequence=visit.stop_sequence,
                name=network.stops[visit.stop_id].name,
                along_m=round(visit.along_m, 1),
                lat=network.stops[visit.stop_id].lat,
                lon=network.stops[visit.stop_id].lon,
            )
            for visit in pattern.visits
        ],
        line=_line_of(network, pattern, points),
    )


def _line_of(network: Network, pattern: Pattern, points: int) -> list[tuple[float, float, float]]:
    """The shape's points, or so many of them, evenly left out."""
    path = pattern.path
    rows = np.unique(np.linspace(0, len(path) - 1, min(len(path), points)).round().astype(np.intp))
    lat, lon = network.frame.to_lat_lon(path.x[rows], path.y[rows])
    columns = (np.round(lat, 6), np.round(lon, 6), np.round(path.cum_m[rows], 1))
    return list(zip(*(column.tolist() for column in columns), strict=True))
