"""How fast the operators' figures come from a journal with a busy month: `python benchmarks/ops_analysis.py`.

Fills a journal with bells on the bundled town, asks each question of the console, writes docs/benchmarks/ops-analysis.md.
"""

import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from server.backends.embedded import SqliteAnalysis, open_analysis, open_embedded
from server.core.model import Bell, BellId, BellKind, BellState, RiderId, RouteId, StopId, TripId, TripKey, VehicleId
from server.evidence import Asked, bell_handle
from server.ports import Batch, Journal

BELLS = 50_000
ROUTES, STOPS, BUSES = 120, 2_400, 800
DAYS = 30
DAY_MS = 86_400_000
NOW_MS = 1_795_143_600_000
ASKED = 9
TARGET = Path(__file__).resolve().parents[1] / "docs" / "benchmarks" / "ops-analysis.md"


def life(i: int, rng: random.Random) -> list[Bell]:
    """One bell: rung, assigned, shown, now and then passed, served or cancelled."""
    rung_ms = NOW_MS - int(rng.random() * DAYS * DAY_MS)
    base = {
        "bell_id": BellId(f"bench-{i:07}"),
        "rider_id": RiderId(f"rider-{rng.randrange(20_000)}"),
        "kind": BellKind.BOARD,
        "stop_id": StopId(f"stop-{rng.randrange(STOPS)}"),
        "route_id": RouteId(f"route-{rng.randrange(ROUTES)}"),
        "rung_ms": rung_ms,
    }
    bus = {
        "vehicle_id": VehicleId(f"bus-{rng.randrange(BUSES)}"),
        "trip": TripKey(TripId(f"trip-{rng.randrange(9_000)}"), "20261120"),
        "visit_sequence": rng.randrange(60),
    }
    states = [(BellState.ASSIGNED, 1), (BellState.SHOWN, 30 + rng.randrange(300))]
    fate = rng.random()
    states += [(BellState.PASSED, 400)] if fate < 0.03 else []
    states += [(BellState.CANCELLED if fate > 0.92 else BellState.SERVED, 500 + rng.randrange(300))]
    records = [Bell(**base, state=BellState.WAITING, changed_ms=rung_ms)]  # type: ignore[arg-type]
    records += [Bell(**base, **bus, state=s, changed_ms=rung_ms + at * 1000) for s, at in states]  # type: ignore[arg-type]
    return records


async def keep(journal: Journal, batch: Batch) -> None:
    """Append and wait."""
    done: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()
    journal.append(batch, done.set_result)
    error = await done
    if error is not None:
        raise error


async def fill(folder: Path) -> tuple[str, float]:
    """Write the bells; the handle of one of them, and how many records a second were kept."""
    backend, rng, records = await open_embedded(folder), random.Random(7), 0
    begun = time.perf_counter()
    for start in range(0, BELLS, 500):
        facts = [record for i in range(start, start + 500) for record in life(i, rng)]
        records += len(facts)
        await keep(backend.journal, Batch(facts=facts))
    taken_s = time.perf_counter() - begun
    await backend.aclose()
    return bell_handle(life(0, random.Random(7))[0]), records / taken_s


def questions(analysis: SqliteAnalysis, handle: str) -> dict[str, Callable[[], Awaitable[object]]]:
    """What the console asks, by name."""
    day, month = Asked(from_ms=NOW_MS - DAY_MS, to_ms=NOW_MS), Asked(from_ms=NOW_MS - DAYS * DAY_MS, to_ms=NOW_MS)

    async def figures(asked: Asked) -> None:
        for by in ("all", "route", "stop", "hour"):
            await analysis.tallies(asked, by)

    async def story() -> None:
        assert await analysis.story(handle) is not None

    return {
        "figures of a day (four groupings)": lambda: figures(day),
        "figures of a month (four groupings)": lambda: figures(month),
        "list, first page of 200, a month": lambda: analysis.lives(month, limit=200),
        "list, passed at least once, a month": lambda: analysis.lives(
            Asked(from_ms=month.from_ms, to_ms=NOW_MS, passed=True), limit=200
        ),
        "one bell's story": story,
        "pass-bys of a month, 500": lambda: analysis.passbys(month, limit=500),
        "riders who never ride, a month": lambda: analysis.riders(from_ms=month.from_ms, to_ms=NOW_MS, limit=50),
        "stops stormed, a month": lambda: analysis.rushes(from_ms=month.from_ms, to_ms=NOW_MS, least=20, limit=50),
    }


async def measure(folder: Path, handle: str) -> list[tuple[str, float, float]]:
    """Median and worst of several askings, in milliseconds."""
    analysis, rows = open_analysis(folder), []
    for name, ask in questions(analysis, handle).items():
        times_ms = []
        for _ in range(ASKED):
            begun = time.perf_counter()
            await ask()
            times_ms.append((time.perf_counter() - begun) * 1000)
        rows.append((name, statistics.median(times_ms), max(times_ms)))
    await analysis.close()
    return rows


async def main() -> None:
    """Fill, ask, write."""
    with tempfile.TemporaryDirectory() as name:
        handle, per_s = await fill(Path(name))
        rows = await measure(Path(name), handle)
        size_mb = sum(path.stat().st_size for path in Path(name).iterdir()) / 2**20  # noqa: ASYNC240 - nobody waits
    lines = [f"| {what} | {middle:.1f} | {worst:.1f} |" for what, middle, worst in rows]
    text = (
        "# Operators' figures\n\n"
        f"{BELLS:,} bells of {DAYS} days on {ROUTES} routes and {STOPS:,} stops; a journal of {size_mb:.0f} MB. "
        f"Written with the read model at {per_s:,.0f} records a second in one process. Each question asked {ASKED} times.\n\n"
        "| question | median, ms | worst, ms |\n|---|---:|---:|\n" + "\n".join(lines) + "\n"
    )
    TARGET.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    asyncio.run(main())
