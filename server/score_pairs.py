"""Which decided line is compared with which true line. The rules are told in `server.score`."""

import bisect
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from server.protocol.decisions import PositionLine, StopVisitLine

POSITION_NEAR_MS = 1_000
"""A truth at 1 Hz has a line within half of this; more would blur progress by more than a bus length."""
VISIT_NEAR_MS = 1_800_000
"""Half an hour: shorter than any round trip that could bring a bus to the same visit again."""
VISIT_EDGE_MS = 120_000
"""Truth of a vehicle is taken to reach this far beyond its first and last visit."""


def agree(one: object, other: object) -> bool:
    """Equal, or one side does not say."""
    return one is None or other is None or one == other


def pair_positions(
    decided: Iterable[PositionLine], truth: Iterable[PositionLine]
) -> list[tuple[PositionLine, PositionLine | None]]:
    """Each true position with the decided one of its fix, or with None."""
    by_vehicle: dict[str, list[PositionLine]] = defaultdict(list)
    for said in sorted(decided, key=_at):
        by_vehicle[said.vehicle_id].append(said)
    return [(true, _nearest_position(true, by_vehicle.get(true.vehicle_id, ()))) for true in truth]


def _nearest_position(true: PositionLine, lines: Sequence[PositionLine]) -> PositionLine | None:
    place = bisect.bisect_left(lines, true.at_ms, key=_at)
    beside = lines[max(0, place - 1) : place + 1]
    if not beside:
        return None
    nearest = min(beside, key=lambda said: abs(said.at_ms - true.at_ms))
    return nearest if abs(nearest.at_ms - true.at_ms) <= POSITION_NEAR_MS else None


def pair_visits(
    decided: Sequence[StopVisitLine], truth: Iterable[StopVisitLine]
) -> tuple[list[tuple[StopVisitLine, StopVisitLine]], list[StopVisitLine]]:
    """Pairs of true and decided visits, and the decided ones for which nothing true was left."""
    by_trip: dict[tuple[str | None, int | None], list[StopVisitLine]] = defaultdict(list)
    by_stop: dict[tuple[str, str | None], list[StopVisitLine]] = defaultdict(list)
    for said in decided:
        by_trip[said.trip_id, said.stop_sequence].append(said)
        by_stop[said.vehicle_id, said.stop_id].append(said)
    used: set[int] = set()
    pairs: list[tuple[StopVisitLine, StopVisitLine]] = []
    for true in sorted(truth, key=_when):
        rivals = by_trip[true.trip_id, true.stop_sequence] if true.trip_id else by_stop[true.vehicle_id, true.stop_id]
        best = _nearest_visit(true, [said for said in rivals if id(said) not in used])
        if best is not None:
            used.add(id(best))
            pairs.append((true, best))
    return pairs, [said for said in decided if id(said) not in used]


def _nearest_visit(true: StopVisitLine, rivals: Iterable[StopVisitLine]) -> StopVisitLine | None:
    near = [
        said
        for said in rivals
        if agree(true.start_date, said.start_date) and abs(said.when_ms - true.when_ms) <= VISIT_NEAR_MS
    ]
    return min(
        near, key=lambda said: (said.vehicle_id != true.vehicle_id, abs(said.when_ms - true.when_ms)), default=None
    )


def known_spans(truth: Iterable[StopVisitLine]) -> Mapping[str, tuple[int, int]]:
    """Of each vehicle, from when to when truth tells its visits."""
    spans: dict[str, tuple[int, int]] = {}
    for true in truth:
        first, last = spans.get(true.vehicle_id, (true.when_ms, true.when_ms))
        spans[true.vehicle_id] = min(first, true.when_ms), max(last, true.when_ms)
    return {vehicle: (first - VISIT_EDGE_MS, last + VISIT_EDGE_MS) for vehicle, (first, last) in spans.items()}


def _at(line: PositionLine) -> int:
    return line.at_ms


def _when(line: StopVisitLine) -> int:
    return line.when_ms
