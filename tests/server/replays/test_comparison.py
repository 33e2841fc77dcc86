"""Two runs side by side: what counts as another fate, and what does not."""

import csv
import io
from typing import Any

from server.replays.comparison import Run, as_csv, compare

Line = dict[str, Any]


def bell(at_ms: int, state: str, bell_id: str = "b1", vehicle: str | None = "V1", attempt: int = 1) -> Line:
    line: Line = {"at_ms": at_ms, "type": "bell", "bell_id": bell_id, "state": state, "route_id": "7", "stop_id": "S3"}
    if vehicle is not None:
        line |= {"vehicle_id": vehicle, "plate": f"plate {vehicle}", "stop_sequence": 3}
    return line | {"attempt": attempt}


def alert(at_ms: int, vehicle: str = "V1", sequence: int = 3) -> Line:
    return {"at_ms": at_ms, "type": "alert", "alert_id": "a", "vehicle_id": vehicle, "stop_sequence": sequence}


SERVED = [
    bell(1_000, "waiting", vehicle=None),
    bell(1_000, "assigned"),
    alert(4_000),
    {"at_ms": 4_000, "type": "telling"},
    alert(9_000),
    bell(20_000, "served"),
]


def test_the_same_lines_are_the_same_run() -> None:
    found = compare(Run(SERVED), Run(SERVED))
    assert (found.bells, found.same, found.differences) == (1, 1, [])
    assert (found.alerts, found.one_states) == ((2, 2), {"served": 1})


def test_a_driver_told_later() -> None:
    later = [line | {"at_ms": 6_500} if line == alert(4_000) else line for line in SERVED]
    (row,) = compare(Run(SERVED), Run(later)).differences
    assert (row.differs, row.one.told_ms, row.other.told_ms) == (["told"], 4_000, 6_500)
    a_moment = [line | {"at_ms": 4_900} if line == alert(4_000) else line for line in SERVED]
    assert compare(Run(SERVED), Run(a_moment)).differences == []


def test_another_bus_after_a_pass_by() -> None:
    rolled = [
        *SERVED[:-1],
        bell(20_000, "passed"),
        bell(20_000, "assigned", vehicle="V2", attempt=2),
        alert(30_000, "V1"),
        alert(31_000, "V2"),
        bell(60_000, "served", vehicle="V2"),
    ]
    (row,) = compare(Run(SERVED), Run(rolled)).differences
    assert (row.differs, row.other.vehicle_id, row.other.attempts, row.other.told_ms) == (["bus"], "V2", 2, 4_000)


def test_a_bell_that_only_one_of_them_took() -> None:
    refused = [{"at_ms": 900, "type": "refused", "reason": "too_late", "ref": "b1", "rider": "r"}]
    found = compare(Run(SERVED), Run(refused))
    (row,) = found.differences
    assert (row.rung_ms, row.differs, row.other.refused, row.route_id) == (
        900,
        ["bus", "outcome", "told"],
        "too_late",
        "7",
    )
    assert found.other_states == {"not_rung": 1}
    assert compare(Run(SERVED), Run([])).differences[0].other.state is None


def test_refusals_that_are_no_bells() -> None:
    terminal = {"at_ms": 1, "type": "refused", "reason": "unknown_alert", "ref": "r1", "vehicle_id": "V1"}
    repeated = {"at_ms": 2, "type": "refused", "reason": "id_reused", "ref": "b1", "rider": "r"}
    assert Run([terminal]).bells == {}
    assert Run([*SERVED, repeated]).bells["b1"].fate.state == "served"


def test_rows_are_in_the_order_of_ringing() -> None:
    both = [bell(5_000, "expired", "b2"), bell(2_000, "expired", "b3"), bell(5_000, "expired", "b1")]
    assert [row.bell_id for row in compare(Run(both), Run([])).differences] == ["b3", "b1", "b2"]


def test_the_sheet_can_be_read_back() -> None:
    text = as_csv(compare(Run(SERVED), Run([])))
    assert text.startswith("\ufeff")
    (row,) = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    assert (row["bell_id"], row["differs"], row["one_plate"], row["other_state"]) == (
        "b1",
        "bus outcome told",
        "plate V1",
        "",
    )
    assert "\r\n" in text
