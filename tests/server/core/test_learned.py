"""What was learned is written down and read back the same; anything else is refused with a sentence."""

import math
from typing import Any

import pytest

from server.core.calibration import HORIZONS_S, Quantiles
from server.core.learned import HEADER, Learned, from_bytes, to_bytes
from server.core.running_times import PARTS_OF_DAY, Link, Pace, Stand


def taught() -> Learned:
    learned = Learned()
    learned.running.links["A\nB"] = Link(3.0, 71.5, [1.0, 70.0] * PARTS_OF_DAY, 2.2, 68.0, 1_795_000_000_000)
    learned.running.stands["A"] = Stand(2.0, 14.0)
    learned.running.departures["A"] = Stand(1.0, 30.0)
    learned.running.paces["10\n0"] = Pace(600.0, 580.0, 1_795_000_000_000)
    learned.errors["10"] = [Quantiles(9.0, -1.0, 0.1, 1.5) for _ in range(len(HORIZONS_S) + 1)]
    return learned


@pytest.mark.parametrize("learned", [Learned(), taught()], ids=["nothing", "something"])
def test_it_reads_back_the_same(learned: Learned) -> None:
    data = to_bytes(learned)
    assert from_bytes(data) == learned
    assert to_bytes(learned) == data


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "it begins with ''"),
        (b"SQLite format 3\0", "it begins with 'SQLite format 3"),
        (HEADER.replace(b"1", b"2") + b"\x80", "it begins with 'ridebell learned 2' and not with 'ridebell learned 1'"),
        (HEADER, "its contents cannot be read"),
        (to_bytes(taught())[:-5], "its contents cannot be read"),
        (HEADER + b"\x93\x01\x02\x03", "its contents cannot be read"),
    ],
)
def test_what_is_not_ours_is_refused(data: bytes, says: str) -> None:
    found = from_bytes(data)
    assert isinstance(found, str)
    assert says in found


def spoilt(**rows: object) -> Learned:
    learned = taught()
    for name, row in rows.items():
        rows_of_kind: Any = learned.errors if name == "errors" else getattr(learned.running, name)
        rows_of_kind["10"] = row
    return learned


@pytest.mark.parametrize(
    ("learned", "says"),
    [
        (spoilt(links=Link(mean_s=math.nan)), "the times of link '10'"),
        (spoilt(links=Link(recent=-1.0)), "the times of link '10'"),
        (spoilt(links=Link(parts=[1.0])), "the times of link '10'"),
        (spoilt(stands=Stand(1.0, math.inf)), "the stand at stop '10'"),
        (spoilt(departures=Stand(-1.0, 0.0)), "the stand at stop '10'"),
        (spoilt(paces=Pace(took_s=-5.0)), "the pace of '10'"),
        (spoilt(errors=[Quantiles()]), "the errors of route '10'"),
        (spoilt(errors=[Quantiles(low=2.0)] * (len(HORIZONS_S) + 1)), "the errors of route '10'"),
        (spoilt(errors=[Quantiles(high=math.nan)] * (len(HORIZONS_S) + 1)), "the errors of route '10'"),
    ],
)
def test_figures_that_no_bus_can_have_taught_are_refused(learned: Learned, says: str) -> None:
    found = from_bytes(to_bytes(learned))
    assert isinstance(found, str)
    assert says in found


def test_more_than_was_ever_kept_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.core.learned.MAX_ROWS", 0)
    assert from_bytes(to_bytes(taught())) == "it has more than 0 rows of a kind"
