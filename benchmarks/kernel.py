"""CPU time of putting fixes on their paths, in batches; `docs/benchmarks/kernel.md` keeps the result.

Run `python -m benchmarks.kernel`. The paths are those of the generated province at Gyeonggi's size, as its feed draws
them and as densely as real feeds do; the fixes lie near them, and the stretch looked at is the one that tracking looks
at for a bus that reports every ten seconds. In the same run, on the same fixes: the usual way of others
(`LineString.project` and a haversine to a stop, fix by fix) and shapely's own batches.
"""

import argparse
import math
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.bundle import Bundle
from geo.frame import Frame
from geo.path import Path as Way
from server.core.placing import BACK_M
from server.core.policy import Policy
from simulator.networks.province import ORIGIN, Size
from simulator.networks.province_map import ProvinceMap
from simulator.networks.province_routes import RoutePlanner

Floats = NDArray[np.float64]

BATCHES = (1, 16, 256, 4096)
FIXES = 8192
PERIOD_S = 10.0
"""The usual period of Korean terminals on the road."""
SPEED_MPS = 8.0
NOISE_M = 8.0
"""One sigma of a receiver among houses."""
EARTH_M = 6_371_000.0
REAL_STEP_M = 40.0
"""Length of a segment in real feeds: the median of 21 feeds of seven countries (12 to 104 m)."""


@dataclass(frozen=True, slots=True, eq=False)
class Fixes:
    """Fixes as columns: path, place, the stretch that can be meant, and the same place and a stop's in degrees."""

    path: NDArray[np.intp]
    x: Floats
    y: Floats
    lo_m: Floats
    hi_m: Floats
    lat: Floats
    lon: Floats
    stop_lat: Floats
    stop_lon: Floats

    def part(self, rows: slice) -> "Fixes":
        """Some of the rows."""
        return Fixes(*(getattr(self, name)[rows] for name in self.__slots__))


def province(seed: int) -> list[Way]:
    """All paths of the province, as its feed draws them."""
    rng = np.random.default_rng(seed)
    size = Size()
    ground = ProvinceMap(rng, size.stops // 2)
    return [Way(way.points) for route in RoutePlanner(rng, ground).plan(size.routes) for way in route.ways]


def drawn_densely(way: Way) -> Way:
    """The same path with points as near to each other as real feeds have them."""
    along_m = np.union1d(way.cum_m, np.arange(0.0, way.length_m, REAL_STEP_M))
    return Way(np.column_stack(way.at(along_m)))


def fixes_near(bundle: Bundle, ways: list[Way], frame: Frame, seed: int) -> Fixes:
    """Fixes anywhere on any path, and for each the stretch in which tracking looks for it."""
    rng = np.random.default_rng(seed)
    policy = Policy()
    path = rng.integers(0, len(ways), FIXES)
    along_m = rng.random(FIXES) * np.array([way.length_m for way in ways])[path]
    x, y = (place + rng.normal(0.0, NOISE_M, FIXES) for place in bundle.at(path, along_m))
    before_m = along_m - SPEED_MPS * PERIOD_S
    reach_m = policy.max_speed_mps * PERIOD_S + policy.jump_slack_m
    lat, lon = frame.to_lat_lon(x, y)
    stop_lat, stop_lon = frame.to_lat_lon(*bundle.at(path, along_m + 300.0))
    return Fixes(path, x, y, before_m - BACK_M, before_m + reach_m, lat, lon, stop_lat, stop_lon)


def haversine_m(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Metres through the air on a sphere."""
    a, b = math.radians(lat), math.radians(other_lat)
    half = math.sin((b - a) / 2) ** 2 + math.cos(a) * math.cos(b) * math.sin(math.radians(other_lon - lon) / 2) ** 2
    return 2 * EARTH_M * math.asin(math.sqrt(half))


Question = Callable[[Fixes], object]


def lines_of(ways: list[Way]) -> NDArray[np.object_]:
    """The paths as shapely knows them."""
    lines = np.array([shapely.LineString(way.xy) for way in ways])
    shapely.prepare(lines)
    return lines


def shapely_batch(lines: NDArray[np.object_], fixes: Fixes) -> tuple[Floats, Floats]:
    """Metres along and metres off by shapely's functions on arrays."""
    points, mine = shapely.points(fixes.x, fixes.y), lines[fixes.path]
    return shapely.line_locate_point(mine, points), shapely.distance(mine, points)


def shapely_one_by_one(lines: NDArray[np.object_], fixes: Fixes) -> list[tuple[float, float]]:
    """Metres along and metres to the stop through the air, fix by fix."""
    f = fixes
    rows = zip(f.path, f.x, f.y, f.lat, f.lon, f.stop_lat, f.stop_lon, strict=True)
    return [(lines[n].project(shapely.Point(x, y)), haversine_m(*degrees)) for n, x, y, *degrees in rows]


def ways_to_ask(bundle: Bundle, ways: list[Way]) -> dict[str, Question]:
    """Ours and the others', by the name of their column."""
    lines = lines_of(ways)
    return {
        "ours": lambda f: bundle.project(f.path, f.x, f.y, lo_m=f.lo_m, hi_m=f.hi_m),
        "ours, whole path": lambda f: bundle.project(f.path, f.x, f.y),
        "(a) project, haversine": partial(shapely_one_by_one, lines),
        "(b) shapely's batch": partial(shapely_batch, lines),
    }


def batches(fixes: Fixes, n: int) -> Iterator[Fixes]:
    """Cut the fixes into batches of `n`."""
    for start in range(0, FIXES, n):
        yield fixes.part(slice(start, start + n))


def us_a_row(ask: Question, parts: list[Fixes]) -> float:
    """CPU microseconds a fix, over all fixes once."""
    began = time.thread_time_ns()
    for part in parts:
        ask(part)
    return (time.thread_time_ns() - began) / FIXES / 1000


def table(questions: dict[str, Question], fixes: Fixes, runs: int) -> str:
    """Measure one network; the ways take turns within a run, so that a busy machine hits all alike."""
    names = list(questions)
    lines = [f"| batch | {' | '.join(names)} | (a) / ours | (b) / ours |", "|---:|" + "---:|" * (len(names) + 2)]
    for n in BATCHES:
        parts = list(batches(fixes, n))
        taken: dict[str, list[float]] = {name: [] for name in names}
        for _ in range(runs):
            for name, ask in questions.items():
                taken[name].append(us_a_row(ask, parts))
        us = [statistics.median(taken[name]) for name in names]
        shown = " | ".join(f"**{value:.2f}**" if i == 0 else f"{value:.2f}" for i, value in enumerate(us))
        lines.append(f"| {n:,} | {shown} | {us[2] / us[0]:.1f} | {us[3] / us[0]:.1f} |")
    return "\n".join(lines)


def section(name: str, ways: list[Way], runs: int) -> str:
    """What one network costs: its size, the table, the bundle's building, and how well the answers agree."""
    began = time.thread_time_ns()
    bundle = Bundle(ways)
    built_ms = (time.thread_time_ns() - began) / 1e6
    fixes = fixes_near(bundle, ways, ORIGIN, seed=2)
    questions = ways_to_ask(bundle, ways)
    rows = table(questions, fixes, runs)
    _, theirs_m = shapely_batch(lines_of(ways), fixes)
    apart_m = float(np.abs(bundle.project(fixes.path, fixes.x, fixes.y).offset_m - theirs_m).max())
    segments = statistics.mean(len(way) - 1 for way in ways)
    return f"""## {name}

{len(ways):,} paths, in the mean {statistics.mean(way.length_m for way in ways) / 1000:.1f} km in {segments:.0f} segments.

{rows}

The bundle of all paths is built in {built_ms:.0f} ms. Distances off whole paths, ours and shapely's, differ by at most {apart_m:.0e} m.
"""


def page(sections: list[str], runs: int) -> str:
    """The whole page."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    policy = Policy()
    stretch_m = BACK_M + policy.max_speed_mps * PERIOD_S + policy.jump_slack_m
    return f"""# What it costs to put a fix on its path

CPU microseconds a fix in one thread, by the number of fixes asked about at once. `python -m benchmarks.kernel` measures it again.

CPython {platform.python_version()}, numpy {version("numpy")}, shapely {version("shapely")}, {os.cpu_count()} virtual cores ({platform.machine()}), commit {commit}; median of {runs} runs.
The machine had other work to do, so the ways took turns within each run: trust the ratios more than the microseconds.

{FIXES:,} fixes near the paths of the generated province. *Ours* is `geo.bundle.Bundle.project`: metres along, metres off and heading,
within the {stretch_m:.0f} m where a bus that reports every {PERIOD_S:g} s can be, so that the other pass of a loop is not an answer. *(a)* is
`LineString.project` of the fix and a haversine to a stop, fix by fix; *(b)* is `shapely.line_locate_point` and `shapely.distance` on
arrays. Both know whole paths only, and no heading. Up to a few rows ours asks `geo.path.Path` row by row, which is what the engine
does today for its one bus at a time.

{chr(10).join(sections)}"""


def main() -> None:
    """Measure and write `docs/benchmarks/kernel.md`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    args = parser.parse_args()
    ways = province(seed=1)
    sections = [
        section("As the province's feed draws them", ways, args.runs),
        section(f"A point every {REAL_STEP_M:g} m, as in real feeds", [drawn_densely(way) for way in ways], args.runs),
    ]
    print("\n".join(sections))
    out = Path(__file__).parent.parent / "docs" / "benchmarks" / "kernel.md"
    out.write_text(page(sections, args.runs))


if __name__ == "__main__":
    main()
