"""How fast the journal commits, beside the device's own flush: run `python -m benchmarks.journal [DIRECTORY]`.

Writes docs/benchmarks/journal.md. Run it on the disk that will hold the data directory.
"""

import asyncio
import os
import platform
import sqlite3
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from server.backends.embedded.journal import SqliteJournal
from server.backends.embedded.schema import FILE_NAME
from server.core.model import (
    Alert,
    AlertId,
    Bell,
    BellId,
    BellKind,
    BellState,
    RiderId,
    RouteId,
    Stage,
    StopId,
    TripId,
    TripKey,
    VehicleId,
)
from server.ports import Batch, Journal, Outgoing

REPORT = Path(__file__).resolve().parent.parent / "docs" / "benchmarks" / "journal.md"
GROUP_SIZES = (1, 16, 256)
SECONDS = 3.0
FLUSHES = 300
HISTORY = 1_000_000
OPEN_IN_HISTORY = 500
FRAME = b'{"type":"bell","seq":1,"bell_id":"0123456789abcdef","state":"assigned","stop_id":"203000122"}'
TRIP = TripKey(trip_id=TripId("G1300-0612"), start_date="20261122")


@dataclass(frozen=True)
class Rate:
    """What one group size came to."""

    group: int
    batches_per_s: float
    commits_per_s: float
    commit_p50_ms: float
    commit_p99_ms: float
    cpu_us_per_batch: float


class Numbers:
    """Numbers the messages of each stream, as the runtime does."""

    def __init__(self) -> None:
        self.last: dict[str, int] = {}

    def message(self, stream: str, key: str, at_ms: int) -> Outgoing:
        """Make the next message of a stream."""
        seq = self.last[stream] = self.last.get(stream, 0) + 1
        return Outgoing(stream=stream, seq=seq, key=key, frame=FRAME, at_ms=at_ms)


def bell(n: int, state: BellState = BellState.ASSIGNED) -> Bell:
    """A bell as rich as in service."""
    return Bell(
        bell_id=BellId(f"{n:032x}"),
        rider_id=RiderId(f"rider-{n % 20_000}"),
        kind=BellKind.BOARD,
        stop_id=StopId("203000122"),
        route_id=RouteId("G1300"),
        state=state,
        rung_ms=n,
        changed_ms=n,
        vehicle_id=VehicleId(f"v{n % 500}"),
        trip=TRIP,
        visit_sequence=14,
    )


def decision(n: int, numbers: Numbers) -> Batch:
    """What one ring comes to: a bell, an alert, and a message to the rider and one to the terminal."""
    alert = Alert(
        alert_id=AlertId(f"alert-{n}"),
        vehicle_id=VehicleId(f"v{n % 500}"),
        trip=TRIP,
        stop_id=StopId("203000122"),
        stop_sequence=14,
        stop_name="수원역.노보텔수원",
        stage=Stage.AHEAD,
        boarding=1,
        alighting=0,
        needs=(),
        distance_m=412.5,
        eta_s=61.0,
        valid_until_along_m=9120.25,
        at_ms=n,
        bells=(BellId(f"{n:032x}"),),
    )
    outgoing = [
        numbers.message(f"rider:rider-{n % 20_000}", "bell:x", n),
        numbers.message(f"terminal:v{n % 500}", "alert:x", n),
    ]
    return Batch(facts=[bell(n), alert], outgoing=outgoing)


async def measure(journal: Journal, group: int, first: int, numbers: Numbers) -> tuple[Rate, int]:
    """Append groups of batches for some seconds, each group when the one before is kept; the rate and the next number."""
    times_ms: list[float] = []
    n = first
    cpu_before, begun = time.process_time(), time.perf_counter()
    while time.perf_counter() - begun < SECONDS:
        kept = asyncio.get_running_loop().create_future()
        started = time.perf_counter()
        for _ in range(group - 1):
            journal.append(decision(n, numbers), raise_error)
            n += 1
        journal.append(decision(n, numbers), kept.set_result)
        n += 1
        raise_error(await kept)
        times_ms.append((time.perf_counter() - started) * 1000)
    elapsed_s, cpu_s = time.perf_counter() - begun, time.process_time() - cpu_before
    times_ms.sort()
    rate = Rate(
        group=group,
        batches_per_s=(n - first) / elapsed_s,
        commits_per_s=len(times_ms) / elapsed_s,
        commit_p50_ms=statistics.median(times_ms),
        commit_p99_ms=times_ms[int(len(times_ms) * 0.99)],
        cpu_us_per_batch=cpu_s / (n - first) * 1e6,
    )
    return rate, n


def raise_error(error: BaseException | None) -> None:
    """Stop the run when anything was not kept."""
    if error is not None:
        raise error


def flush_floor_ms(place: Path) -> float:
    """Median time to append 4 KiB to a file and flush it (fdatasync): no durable commit can be faster."""
    times_ms = []
    descriptor = os.open(place / "flush", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for _ in range(FLUSHES):
        begun = time.perf_counter()
        os.write(descriptor, bytes(4096))
        os.fdatasync(descriptor)
        times_ms.append((time.perf_counter() - begun) * 1000)
    os.close(descriptor)
    return statistics.median(times_ms)


async def recovery_s(place: Path) -> tuple[float, float]:
    """Seconds to open and recover a journal with a million bells of the past, and the file's size in MB."""
    journal = await SqliteJournal.open(place / FILE_NAME)
    for first in range(0, HISTORY, 1000):
        every = HISTORY // OPEN_IN_HISTORY
        facts = [
            bell(n, BellState.ASSIGNED if n % every == 0 else BellState.BOARDED) for n in range(first, first + 1000)
        ]
        kept = asyncio.get_running_loop().create_future()
        journal.append(Batch(facts=facts), kept.set_result)
        raise_error(await kept)
    await journal.close()
    begun = time.perf_counter()
    journal = await SqliteJournal.open(place / FILE_NAME)
    recovered = await journal.recover()
    elapsed_s = time.perf_counter() - begun
    assert len(recovered.facts) == OPEN_IN_HISTORY
    await journal.close()
    return elapsed_s, (place / FILE_NAME).stat().st_size / 1e6


def report(floor_ms: float, rates: list[Rate], recovered_s: float, size_mb: float) -> str:
    """Write the page."""
    rows = "\n".join(
        f"| {rate.group} | {rate.batches_per_s:,.0f} | {rate.commits_per_s:,.0f} | {rate.commit_p50_ms:.2f} | "
        f"{rate.commit_p99_ms:.2f} | {rate.cpu_us_per_batch:.0f} |"
        for rate in rates
    )
    return f"""# The journal's speed

Written by `python -m benchmarks.journal`, {datetime.now(UTC):%Y-%m-%d}; {os.cpu_count()} CPUs, {platform.system()} \
{platform.machine()}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}.

A batch is what one ring comes to: a bell, an alert, one numbered message to the rider and one to the terminal. Each
group of batches is appended at once and waited for; it becomes one or two transactions. CPU is that of the whole
process, both threads, making the records included.

| batches at a time | batches/s | groups/s | p50 ms | p99 ms | CPU µs a batch |
|---:|---:|---:|---:|---:|---:|
{rows}

Floor in the same run: appending 4 KiB and `fdatasync` takes **{floor_ms:.3f} ms** (median of {FLUSHES}). Devices that
really flush take from some 0.02 ms (NVMe with power-loss protection) to 10 ms (spinning disk); the single commit above
moves with that, the CPU cost does not.

Opening and recovering a journal that holds {HISTORY:,} bells, {OPEN_IN_HISTORY} of them open ({size_mb:,.0f} MB): **{recovered_s * 1000:.0f} ms**.
"""


async def main(place: Path) -> None:
    """Measure in a scratch directory inside `place`."""
    with tempfile.TemporaryDirectory(dir=place) as scratch:
        floor_ms = flush_floor_ms(Path(scratch))
        journal, numbers, first = await SqliteJournal.open(Path(scratch) / FILE_NAME), Numbers(), 0
        rates = []
        for group in GROUP_SIZES:
            rate, first = await measure(journal, group, first, numbers)
            rates.append(rate)
            print(rate)
        await journal.close()
    with tempfile.TemporaryDirectory(dir=place) as scratch:
        recovered_s, size_mb = await recovery_s(Path(scratch))
    text = report(floor_ms, rates, recovered_s, size_mb)
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.gettempdir())))
