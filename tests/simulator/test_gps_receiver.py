"""Receivers err as real ones do: a little and slowly by default, and badly when asked."""

import itertools
from collections.abc import Iterator

import numpy as np

from geo.frame import Frame
from server.core.model import Doors
from simulator.events import Fixed
from simulator.gps import Reading, Receiver, Receivers

FRAME = Frame(37.3, 127.0)
START_MS = 1_790_000_000_000


def reports(options: Receivers, seconds: int, seed: int = 1) -> Iterator[Fixed]:
    receiver = Receiver(np.random.default_rng(seed), FRAME, "V1", options)
    for second in range(seconds):
        if receiver.due(1.0):
            reading = Reading(10.0 * second, 0.0, 10.0, 90.0, 10.0 * second, Doors.CLOSED, 3, 27)
            yield from receiver.report(reading, START_MS + 1000 * second)


def errors_m(fixes: list[Fixed]) -> np.ndarray:
    return np.array(
        [
            np.hypot(x - (fix.fixed_at_ms - START_MS) / 100, y)
            for fix in fixes
            for x, y in [FRAME.to_xy(fix.lat, fix.lon)]
        ]
    )


def test_errors_are_small_and_alike_from_fix_to_fix() -> None:
    fixes = list(reports(Receivers(), 3600))
    error = errors_m(fixes)
    assert 2.0 < np.median(error) < 6.0
    assert error.max() < 25.0
    steps = np.abs(np.diff(error))
    assert np.median(steps) < np.median(error) / 2
    assert [fix.n for fix in fixes] == list(range(1, 3601))
    assert all(0 < fix.at_ms - fix.fixed_at_ms < 2000 for fix in fixes)


def test_period_is_kept_and_buses_do_not_report_in_step() -> None:
    first = [fix.fixed_at_ms for fix in reports(Receivers(period_s=10), 600)]
    assert set(np.diff(first)) == {10_000}
    starts = {next(reports(Receivers(period_s=10), 60, seed)).fixed_at_ms for seed in range(20)}
    assert len(starts) > 5


def test_outages_leave_gaps() -> None:
    times = [fix.fixed_at_ms for fix in reports(Receivers(outage=0.01, outage_s=30), 3600)]
    assert max(np.diff(times)) >= 30_000
    assert len(times) < 3000


def test_teleports_are_far_and_claim_to_be_good() -> None:
    fixes = list(reports(Receivers(teleport=0.05, teleport_m=300), 600))
    error = errors_m(fixes)
    assert 10 < (error > 250).sum() < 60
    assert max(fix.accuracy_m for fix in fixes) < 10


def test_duplicates_and_late_fixes_arrive() -> None:
    twice = list(reports(Receivers(duplicate=0.1), 300))
    assert len(twice) > 300
    assert len(set(twice)) == 300
    late = sorted(reports(Receivers(delayed=0.1), 300), key=lambda fix: fix.at_ms)
    assert any(b.fixed_at_ms < a.fixed_at_ms for a, b in itertools.pairwise(late))


def test_worn_receivers_have_every_fault() -> None:
    worn = Receivers.worn(5.0)
    assert worn.period_s == 5.0
    assert min(worn.outage, worn.teleport, worn.duplicate, worn.delayed) > 0


def test_between_high_houses_errors_are_wide_and_fleets_are_mixed() -> None:
    canyon = Receivers.urban_canyon()
    periods = set()
    errors: list[float] = []
    for seed in range(40):
        fixes = list(reports(canyon, 900, seed))
        gaps = np.diff(sorted({fix.fixed_at_ms for fix in fixes}))
        periods.add(int(np.median(gaps)) // 1000)
        errors += errors_m(fixes).tolist()
    assert periods >= {1, 3, 10, 15, 35, 60}
    assert 12.0 < np.median(errors) < 25.0
    assert 30.0 < np.quantile(errors, 0.95) < 50.0
