"""Two runs of one recording compared: which bells had another bus, another outcome, or were told at another time. Pure."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec

from server.protocol.replays import Comparison, Difference, Fate

TOLD_APART_MS = 1_000
"""Alerts nearer than this in time are the same: the engine looks at time once a second."""

Side = Literal["bus", "outcome", "told"]


class _Bell(msgspec.Struct):
    """A bell as one run tells it."""

    rung_ms: int
    route_id: str = ""
    stop_id: str = ""
    stop_sequence: int | None = None
    fate: Fate = msgspec.field(default_factory=Fate)


class Run:
    """What one run's decisions say of bells. Lines in order; those of other types are passed over."""

    def __init__(self, lines: Iterable[Mapping[str, Any]]) -> None:
        self.bells: dict[str, _Bell] = {}
        self.alerts = 0
        self._awaiting: dict[tuple[str, int], set[str]] = {}
        for line in lines:
            match line.get("type"):
                case "bell":
                    self._bell(line)
                case "alert":
                    self._alert(line)
                case "refused":
                    self._refused(line)
                case _:
                    pass

    def states(self) -> dict[str, int]:
        """How many bells ended in each state; `not_rung` for those that were refused."""
        return dict(sorted(Counter(bell.fate.state or "not_rung" for bell in self.bells.values()).items()))

    def _bell(self, line: Mapping[str, Any]) -> None:
        bell = self.bells.setdefault(line["bell_id"], _Bell(line["at_ms"], line["route_id"], line["stop_id"]))
        fate = bell.fate
        fate.state = line["state"]
        if fate.vehicle_id is not None and bell.stop_sequence is not None:
            self._awaiting.get((fate.vehicle_id, bell.stop_sequence), set()).discard(line["bell_id"])
        if line.get("vehicle_id") is not None:
            fate.vehicle_id, fate.plate = line["vehicle_id"], line.get("plate")
            bell.stop_sequence = line["stop_sequence"]
        if line["state"] == "assigned":
            fate.attempts = line["attempt"]
            self._awaiting.setdefault((line["vehicle_id"], line["stop_sequence"]), set()).add(line["bell_id"])

    def _alert(self, line: Mapping[str, Any]) -> None:
        self.alerts += 1
        for bell_id in self._awaiting.pop((line["vehicle_id"], line["stop_sequence"]), ()):
            fate = self.bells[bell_id].fate
            fate.told_ms = line["at_ms"] if fate.told_ms is None else fate.told_ms

    def _refused(self, line: Mapping[str, Any]) -> None:
        if "rider" in line and line.get("ref") is not None and line["ref"] not in self.bells:
            self.bells[line["ref"]] = _Bell(line["at_ms"], fate=Fate(refused=line["reason"]))


def compare(one: Run, other: Run) -> Comparison:
    """Find the bells that fared differently, in the order in which they rang."""
    ids = sorted(one.bells.keys() | other.bells.keys(), key=lambda bell_id: (_rung_ms(one, other, bell_id), bell_id))
    differences = [found for bell_id in ids if (found := _difference(one, other, bell_id)) is not None]
    return Comparison(
        bells=len(ids),
        same=len(ids) - len(differences),
        one_states=one.states(),
        other_states=other.states(),
        alerts=(one.alerts, other.alerts),
        differences=differences,
    )


def as_csv(comparison: Comparison) -> str:
    """The differences as CSV (RFC 4180, with a byte order mark so that spreadsheets read UTF-8)."""
    out = io.StringIO()
    writer = csv.writer(out)
    parts = ("vehicle_id", "plate", "state", "told_ms", "attempts", "refused")
    heads = [f"{side}_{part}" for side in ("one", "other") for part in parts]
    writer.writerow(["bell_id", "rung_ms", "route_id", "stop_id", "differs", *heads])
    for row in comparison.differences:
        fates = [getattr(fate, part) for fate in (row.one, row.other) for part in parts]
        writer.writerow([row.bell_id, row.rung_ms, row.route_id, row.stop_id, " ".join(row.differs), *fates])
    return "\ufeff" + out.getvalue()


def _rung_ms(one: Run, other: Run, bell_id: str) -> int:
    return min(run.bells[bell_id].rung_ms for run in (one, other) if bell_id in run.bells)


def _difference(one: Run, other: Run, bell_id: str) -> Difference | None:
    nothing = _Bell(0)
    a, b = one.bells.get(bell_id, nothing), other.bells.get(bell_id, nothing)
    differs: list[Side] = []
    if a.fate.vehicle_id != b.fate.vehicle_id:
        differs.append("bus")
    if (a.fate.state, a.fate.refused) != (b.fate.state, b.fate.refused):
        differs.append("outcome")
    if _told_apart(a.fate.told_ms, b.fate.told_ms):
        differs.append("told")
    if not differs:
        return None
    return Difference(
        bell_id=bell_id,
        rung_ms=_rung_ms(one, other, bell_id),
        route_id=a.route_id or b.route_id,
        stop_id=a.stop_id or b.stop_id,
        differs=differs,
        one=a.fate,
        other=b.fate,
    )


def _told_apart(a_ms: int | None, b_ms: int | None) -> bool:
    if a_ms is None or b_ms is None:
        return a_ms != b_ms
    return abs(a_ms - b_ms) >= TOLD_APART_MS
