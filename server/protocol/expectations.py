"""What a scenario expects of decisions: a small language of partial matches, JSON Lines. Level: protocol, pure.

Each line of an `expected.jsonl` is one of
- a pattern, an object with a `type` and any fields of it: such a decision must be found, after the one found last;
- `{"never": PATTERN}`: no decision is like it;
- `{"count": N, "of": PATTERN}`: exactly N are (`[LO, HI]`: at least LO and at most HI).

In a pattern `[LO, HI]` means a number within, a list of texts one of them (where the decision has a list: the same list),
and null that the field is null or absent. Fields that are not named do not matter. Misspelt types, fields and codes are
refused, because a pattern that can never match would make every `never` come true.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from server.core.effects import FixRefused, Positioned
from server.core.model import (
    BellKind,
    BellState,
    Outcome,
    Phase,
    Question,
    Reason,
    RideState,
    Stage,
    StopVisit,
    VisitOutcome,
)
from server.protocol.messages import AlertMessage, BellMessage, ClearMessage, RideMessage
from server.protocol.recording import read_lines

Decision = Mapping[str, Any]
Pattern = Mapping[str, Any]


class ExpectationError(ValueError):
    """An expectation that cannot be understood; the message names file and line and says what to do."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """One line: `least` to `most` decisions like `pattern`; or, where both are None, the next one in order."""

    where: str
    pattern: Pattern
    least: int | None = None
    most: int | None = None

    @property
    def kind(self) -> str:
        """The type of decision that it is about."""
        return str(self.pattern["type"])


def _names(record: type[msgspec.Struct], *more: str) -> frozenset[str]:
    names = {field.encode_name for field in msgspec.structs.fields(record)}
    return frozenset(names | {"at_ms", "type", *more})


_TRIP = ("trip_id", "start_date")
OF_THE_ALERT = ("trip_id", "stop_id", "stop_sequence")
"""What a pattern for `clear` may ask besides its own fields: they are those of the alert that is cleared."""
FIELDS: Mapping[str, frozenset[str]] = {
    "bell": _names(BellMessage, "rider"),
    "ride": _names(RideMessage, "rider"),
    "alert": _names(AlertMessage, "vehicle_id"),
    "clear": _names(ClearMessage, "vehicle_id", *OF_THE_ALERT),
    "refused": frozenset({"at_ms", "type", "reason", "ref", "rider", "vehicle_id"}),
    "stop_visit": _names(StopVisit, *_TRIP) - {"trip"},
    "position": _names(Positioned, *_TRIP) - {"trip"},
    "fix_refused": _names(FixRefused),
}
"""Which fields a decision of each type may have: those of the wire and of the records, read from their types."""
CODES: Mapping[tuple[str, str], type[StrEnum]] = {
    ("bell", "state"): BellState,
    ("bell", "kind"): BellKind,
    ("bell", "reason"): Reason,
    ("ride", "state"): RideState,
    ("ride", "question"): Question,
    ("ride", "reason"): Reason,
    ("alert", "stage"): Stage,
    ("clear", "outcome"): Outcome,
    ("refused", "reason"): Reason,
    ("stop_visit", "outcome"): VisitOutcome,
    ("position", "phase"): Phase,
    ("fix_refused", "reason"): Reason,
}
"""Fields that hold a stable code."""


AT_THE_DOOR = frozenset({Reason.RATE_LIMITED, Reason.BUSY, Reason.BAD_MESSAGE, Reason.UNKNOWN_TYPE})
"""Refusals that never reach the rules: a server's doors say them, so only a scenario over sockets can see them."""


def door_reason(expected: Iterable[Expectation]) -> Reason | None:
    """The first refusal that must come from a door, if any is expected."""
    said = (one.pattern.get("reason") for one in expected if one.kind == "refused" and one.most != 0)
    return next((Reason(reason) for reason in said if isinstance(reason, str) and reason in AT_THE_DOOR), None)


def read_expectations(path: Path) -> list[Expectation]:
    """The lines of an expectations file. Raises ExpectationError, OSError."""
    found = [_expectation(f"{path}:{number}", raw) for number, raw in read_lines(path)]
    if not found:
        raise ExpectationError(f"{path}: nothing is expected; write one line for each decision that must come")
    return found


def _expectation(where: str, raw: bytes) -> Expectation:
    try:
        said = msgspec.json.decode(raw, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise ExpectationError(f"{where}: not an expectation: {error}") from error
    if "never" in said and set(said) == {"never"}:
        return Expectation(where, _pattern(where, said["never"]), 0, 0)
    if {"count", "of"} == set(said):
        least, most = _bounds(where, said["count"])
        return Expectation(where, _pattern(where, said["of"]), least, most)
    return Expectation(where, _pattern(where, said))


def _bounds(where: str, count: object) -> tuple[int, int]:
    match count:
        case int() if count >= 0:
            return count, count
        case [int() as least, int() as most] if 0 <= least <= most:
            return least, most
        case _:
            raise ExpectationError(f"{where}: `count` is {count!r}; give a number, or [LEAST, MOST]")


def _pattern(where: str, said: object) -> Pattern:
    if not isinstance(said, dict) or said.get("type") not in FIELDS:
        raise ExpectationError(f"{where}: a pattern needs a `type`, one of {', '.join(FIELDS)}")
    kind = said["type"]
    for name, value in said.items():
        if name not in FIELDS[kind]:
            known = ", ".join(sorted(FIELDS[kind] - {"type"}))
            raise ExpectationError(f"{where}: a {kind} has no field `{name}`; it has {known}")
        codes = CODES.get((kind, name))
        if codes is not None and not set(value if isinstance(value, list) else [value]) <= {*codes, None}:
            raise ExpectationError(f"{where}: `{name}` of a {kind} is never {value!r}; it is one of {', '.join(codes)}")
    return said


# -- judging -------------------------------------------------------------------


def complaints(
    expected: Iterable[Expectation], decisions: Sequence[Decision], *, slack_ms: int = 0, per_recipient: bool = False
) -> list[str]:
    """What was expected and is not so, one sentence each; empty when all is as expected.

    `slack_ms` is by how much an `at_ms` may be off. `per_recipient`: the order is that of each rider and each vehicle by itself, because
    two connections have no order between them.
    """
    found: list[str] = []
    reached: dict[str, int] = {}
    for expectation in expected:
        if expectation.least is not None and expectation.most is not None:
            found += _miscounted(expectation, decisions, slack_ms=slack_ms)
            continue
        lane = _recipient(expectation.pattern) if per_recipient else ""
        start = reached.get(lane, 0)
        at = next(
            (i for i in range(start, len(decisions)) if matches(expectation.pattern, decisions[i], slack_ms=slack_ms)),
            None,
        )
        if at is None:
            found.append(_missing(expectation, decisions, start))
        else:
            reached[lane] = at + 1
    return found


def matches(pattern: Pattern, decision: Decision, *, slack_ms: int = 0) -> bool:
    """Is this decision like the pattern in every field that the pattern names?"""
    return all(
        _agrees(wanted, decision.get(name), slack=slack_ms if name == "at_ms" else 0)
        for name, wanted in pattern.items()
    )


def _agrees(wanted: Any, is_: Any, *, slack: int) -> bool:
    match wanted, is_:
        case list(), list() | tuple():
            return wanted == list(is_)
        case [int() | float() as low, int() | float() as high], int() | float():
            return bool(low - slack <= is_ <= high + slack)
        case list(), _:
            return is_ in wanted
        case int(), int() if slack > 0:
            return bool(abs(wanted - is_) <= slack)
        case _:
            return bool(wanted == is_)


def _recipient(pattern: Pattern) -> str:
    """Whose connection a message comes by: a rider's for bells, the bus's for alerts."""
    if pattern["type"] == "bell":
        return f"bell {pattern.get('rider', pattern.get('bell_id', ''))}"
    return f"{pattern.get('rider', '')} {pattern.get('vehicle_id', '')}"


def _miscounted(expectation: Expectation, decisions: Sequence[Decision], *, slack_ms: int) -> list[str]:
    """Slack is in favour of whoever is judged: it widens the times of what must be, and narrows those of what must not."""
    assert expectation.least is not None
    assert expectation.most is not None
    enough = [d for d in decisions if matches(expectation.pattern, d, slack_ms=slack_ms)]
    surely = [d for d in decisions if matches(expectation.pattern, d, slack_ms=-slack_ms)]
    if len(enough) >= expectation.least and len(surely) <= expectation.most:
        return []
    pattern = _brief(expectation.pattern)
    if expectation.most == 0:
        return [f"{expectation.where}: there must be no {pattern}, but there is {_brief(surely[0])}"]
    wanted = f"{expectation.least}" + ("" if expectation.least == expectation.most else f" to {expectation.most}")
    alike = len(enough) if len(enough) < expectation.least else len(surely)
    return [f"{expectation.where}: there must be {wanted} of {pattern}, but there are {alike}"]


def _missing(expectation: Expectation, decisions: Sequence[Decision], start: int) -> str:
    text = f"{expectation.where}: nothing like {_brief(expectation.pattern)}"
    if start:
        text += f" after {_brief(decisions[start - 1])}"
    nearest = max(
        (d for d in decisions[start:] if d["type"] == expectation.kind),
        key=lambda d: sum(_agrees(wanted, d.get(name), slack=0) for name, wanted in expectation.pattern.items()),
        default=None,
    )
    return text + (f"; nearest is {_brief(nearest)}" if nearest is not None else f"; no {expectation.kind} comes")


_BRIEF = (
    "at_ms",
    "rider",
    "bell_id",
    "vehicle_id",
    "trip_id",
    "stop_id",
    "stop_sequence",
    "state",
    "attempt",
    "reason",
)
_MORE_BRIEF = ("stage", "boarding", "needs", "outcome", "ref", "on_route", "phase", "next_stop_sequence", "progress_m")


def _brief(fields: Mapping[str, Any]) -> str:
    """A pattern or decision in short: its type and the fields that tell it from others."""
    shown: Iterator[str] = (
        f"{name} {fields[name]}" for name in (*_BRIEF, *_MORE_BRIEF) if fields.get(name) not in (None, [], ())
    )
    return f"{fields['type']} ({', '.join(shown)})"
