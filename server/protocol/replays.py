"""What the console reads of a replay: its index, its patterns, its chunks. Rows are lines as in recordings and decisions.

Row types: `fix` (a recorded fix with what was believed of its bus after it), `fix_refused`, the other recorded lines
(`ring`, `cancel`, `shown`, `respond`, `sign_on`, `sign_off`, `link`), and decisions (`bell`, `alert`, `clear`, `refused`,
`stop_visit`, `choice`, `telling`).
"""

from typing import Any, Literal

import msgspec

Row = dict[str, Any]


class RecordingCommand(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Start or stop the recording that an operator may run beside the rolling one."""

    action: Literal["start", "stop"]


class RecordingRow(msgspec.Struct, kw_only=True):
    """One recording, or decisions about one. `kind`: somebody started it, it rolls day by day, or it was given to us. Unknown figures are null."""

    name: str
    holds: Literal["recording", "decisions"]
    kind: Literal["live", "rolling", "given"]
    state: Literal["recording", "complete", "interrupted"]
    why_ended: str | None
    begun_ms: int | None
    ended_ms: int | None
    lines: int | None
    stored_bytes: int
    network_version: str
    feed_hash: str
    policy: str


class Recordings(msgspec.Struct, kw_only=True):
    """Every recording, the latest first. `recording`: the one that somebody started and that runs now.

    `keep_days`: how long the rolling recording is kept; 0 where there is none.
    """

    at_ms: int
    recording: str | None
    keep_days: int
    recordings: list[RecordingRow]


class ReplayRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Which recording to run, and under which preset. `network`: the feed hash of a kept network, else the recording's own.

    `decisions`: look at the decisions of that name, which another version made, instead of deciding anew.
    """

    recording: str
    policy: str = "physical"
    network: str | None = None
    decisions: str | None = None


class ReplayJob(msgspec.Struct, kw_only=True):
    """A replay: what it is of, and how far it is. `progress` is 0 to 1."""

    replay_id: str
    recording: str
    policy: str
    decisions: str | None = None
    state: Literal["waiting", "running", "done", "failed"]
    progress: float = 0.0
    asked_ms: int
    done_ms: int | None = None
    why_failed: str | None = None


class ReplayJobs(msgspec.Struct, kw_only=True):
    """All replays that are kept, the latest first, and the names of the policies one can ask for."""

    replays: list[ReplayJob]
    policies: list[str]


class Chunk(msgspec.Struct, kw_only=True):
    """Where a chunk is in time: rows from `from_ms` up to, not including, `to_ms`."""

    from_ms: int
    to_ms: int
    rows: int


class Density(msgspec.Struct, kw_only=True):
    """How many rows of each kind fall into each stretch of `bin_ms` from the replay's begin."""

    bin_ms: int
    fixes: list[int]
    rings: list[int]
    alerts: list[int]
    passed: list[int]


class ReplayIndex(msgspec.Struct, kw_only=True):
    """A replay in one look, from the first recorded line to the last. Chunks go on until the last open bell has ended."""

    from_ms: int
    to_ms: int
    chunks: list[Chunk]
    density: Density
    counts: dict[str, int]
    policy: str
    network_version: str
    timezone: str
    late: int
    bad_lines: int


class PatternStop(msgspec.Struct, kw_only=True):
    """One visit of a pattern."""

    stop_id: str
    stop_sequence: int
    name: str
    along_m: float
    lat: float
    lon: float


class ReplayPattern(msgspec.Struct, kw_only=True):
    """A pattern that a bus ran on. `line`: [lat, lon, metres along] of its shape."""

    pattern_id: str
    route_id: str
    route_name: str
    direction_id: int | None
    headsign: str
    length_m: float
    stops: list[PatternStop]
    line: list[tuple[float, float, float]]


class ReplayPatterns(msgspec.Struct, kw_only=True):
    """The patterns of a replay, by route and direction."""

    patterns: list[ReplayPattern]


class KeyFrame(msgspec.Struct, kw_only=True):
    """What held when a chunk begins: the newest `fix` row of each vehicle, open bells, alerts on screens."""

    vehicles: list[Row]
    bells: list[Row]
    alerts: list[Row]


class ReplayChunk(msgspec.Struct, kw_only=True):
    """A stretch of a replay that can be shown by itself."""

    from_ms: int
    to_ms: int
    key: KeyFrame
    rows: list[Row]


class ReplayStory(msgspec.Struct, kw_only=True):
    """Rows about bells and alerts of the whole replay, in order; `more` were left out at the end."""

    rows: list[Row]
    more: int = 0


class Fate(msgspec.Struct, kw_only=True):
    """What became of a bell in one run: the bus it had last, when its driver was first told, its last state.

    `refused` holds the reason when there was no bell at all.
    """

    vehicle_id: str | None = None
    plate: str | None = None
    state: str | None = None
    told_ms: int | None = None
    attempts: int = 0
    refused: str | None = None


class Difference(msgspec.Struct, kw_only=True):
    """A bell that fared differently. `differs`: any of `bus`, `outcome`, `told`."""

    bell_id: str
    rung_ms: int
    route_id: str
    stop_id: str
    differs: list[Literal["bus", "outcome", "told"]]
    one: Fate
    other: Fate


class Comparison(msgspec.Struct, kw_only=True):
    """Two runs side by side. `bells` is how many rang in either; figures count their last states."""

    bells: int
    same: int
    one_states: dict[str, int]
    other_states: dict[str, int]
    alerts: tuple[int, int]
    differences: list[Difference]


class Why(msgspec.Struct, kw_only=True):
    """What the rule makes now of every bus that could serve an open bell: a `choice` row, as in decisions."""

    choice: Row


REPLAY_SCHEMAS = (
    RecordingCommand,
    RecordingRow,
    Recordings,
    ReplayRequest,
    ReplayJob,
    ReplayJobs,
    ReplayIndex,
    ReplayPatterns,
    ReplayChunk,
    ReplayStory,
    Comparison,
    Why,
)
