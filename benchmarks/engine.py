"""CPU time of one fix and one bell in the engine; `docs/benchmarks/engine.md` keeps the result.

Run `python -m benchmarks.engine`. A simulated hour of the bundled town (1 fix a second and bus, riders who ring) goes
through `RouteEngine.step` in one thread. In the same run, on the same fixes: the floor (decoding the wire message) and
the usual way of others (shapely's `LineString.project` of the fix on its shape, and a haversine to the next stop).
"""

import argparse
import math
import platform
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import msgspec
import shapely

from server.core.engine import RouteEngine
from server.core.events import Event, Fix, Ring, SignOn, Tick
from server.core.network import Network
from server.core.policy import Policy
from server.gtfs.schedule import read_schedule
from server.protocol import messages as wire
from server.protocol.recording import read_recording
from server.recorded import event_of
from simulator.networks import town
from simulator.recording import write_recording
from simulator.riders import Demand
from simulator.world import Options, World

START = "20261120"
START_S = 8 * 3600
EARTH_M = 6_371_000.0


def town_network(folder: Path) -> Network:
    """The bundled town, through the importer."""
    feed = folder / "town.zip"
    town.write_feed(feed)
    return Network(read_schedule(feed).columns)


class Received(NamedTuple):
    """An event and when it came in, in Unix milliseconds."""

    at_ms: int
    event: Event


def events_of(network: Network, folder: Path, minutes: float) -> list[Received]:
    """A simulated morning as engine events, in order of receipt."""
    start_ms = network.day_start_ms(START) + START_S * 1000
    options = Options(demand=Demand(per_minute=60))
    world = World(network, seed=1, start_ms=start_ms, span_s=60 * minutes, options=options)
    recording = folder / "morning.jsonl"
    write_recording(world, minutes=minutes, out=recording, truth=None)
    lines = read_recording(recording, lenient=False, bad=[])
    events = ((line.at_ms, event_of(line, line.at_ms)) for line in lines)
    return [Received(at_ms, event) for at_ms, event in events if event is not None]


def engine_costs(network: Network, events: Sequence[Received]) -> dict[str, list[int]]:
    """Nanoseconds of CPU of each step, by kind of event; a tick each second."""
    engine = RouteEngine(network, Policy(), vehicles={}, assume_terminal=True)
    costs: dict[str, list[int]] = {"fix": [], "ring": [], "sign-on": [], "tick": []}
    kinds = {Fix: "fix", Ring: "ring", SignOn: "sign-on", Tick: "tick"}
    second = events[0].at_ms // 1000
    for now_ms, event in events:
        if now_ms // 1000 > second:
            second = now_ms // 1000
            costs["tick"].append(_ns(partial(engine.step, Tick(), second * 1000)))
        kind = kinds.get(type(event))
        took = _ns(partial(engine.step, event, now_ms))
        if kind is not None:
            costs[kind].append(took)
    return costs


def _ns(call: Callable[[], object]) -> int:
    began = time.thread_time_ns()
    call()
    return time.thread_time_ns() - began


def floor_us(fixes: Sequence[Fix]) -> float:
    """Decoding alone: nothing a server does with a fix can cost less."""
    frames = [
        msgspec.json.encode(wire.Fix(at_ms=f.at_ms, lat=f.lat, lon=f.lon, speed_mps=f.speed_mps, n=f.n)) for f in fixes
    ]
    decode = msgspec.json.Decoder(wire.FromTerminal).decode
    return _ns(lambda: [decode(frame) for frame in frames]) / len(frames) / 1000


def others_us(network: Network, fixes: Sequence[Fix]) -> float:
    """The usual way: project on the whole shape, then the distance through the air to the stop ahead."""
    pattern = network.pattern(0)
    line = shapely.LineString(pattern.path.xy)
    stop = network.stops[pattern.visits[len(pattern.visits) // 2].stop_id]

    def one(fix: Fix) -> float:
        line.project(shapely.Point(*network.frame.to_xy(fix.lat, fix.lon)))
        a, b = math.radians(fix.lat), math.radians(stop.lat)
        half = (
            math.sin((b - a) / 2) ** 2 + math.cos(a) * math.cos(b) * math.sin(math.radians(stop.lon - fix.lon) / 2) ** 2
        )
        return 2 * EARTH_M * math.asin(math.sqrt(half))

    return _ns(lambda: [one(fix) for fix in fixes]) / len(fixes) / 1000


def morning(minutes: float) -> tuple[Network, list[Received]]:
    """What is measured: the town, and its morning."""
    with tempfile.TemporaryDirectory() as name:
        network = town_network(Path(name))
        return network, events_of(network, Path(name), minutes)


def table(network: Network, events: Sequence[Received], runs: int) -> str:
    """Measure, and write the page's table."""
    fixes = [event for _, event in events if isinstance(event, Fix)]
    quiet = [received for received in events if not isinstance(received.event, Ring)]
    measured = [
        engine_costs(network, events) | {"fix, nobody rings": engine_costs(network, quiet)["fix"]} for _ in range(runs)
    ]
    sample = fixes[:5000]
    floor = statistics.median(floor_us(sample) for _ in range(runs))
    others = statistics.median(others_us(network, sample) for _ in range(runs))
    rows = [
        "| step | events | mean CPU µs | lowest to highest run | p99 CPU µs | times the floor |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for kind in ("fix", "fix, nobody rings", "ring", "sign-on", "tick"):
        means = [statistics.mean(costs[kind]) / 1000 for costs in measured]
        mean, spread = statistics.median(means), f"{min(means):.1f} - {max(means):.1f}"
        p99 = statistics.median(statistics.quantiles(costs[kind], n=100)[98] for costs in measured) / 1000
        rows.append(
            f"| **{kind}** (ours) | {len(measured[0][kind]):,} | {mean:.1f} | {spread} | {p99:.1f} | {mean / floor:.0f} |"
        )
    rows.append(
        f"| whole-shape `LineString.project` and haversine, a fix | {len(sample):,} | {others:.1f} | | | {others / floor:.0f} |"
    )
    rows.append(f"| floor: decoding a fix | {len(sample):,} | {floor:.2f} | | | 1 |")
    return "\n".join(rows)


def page(rows: str, minutes: float, runs: int, buses: int) -> str:
    """The whole page."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    return f"""# What one fix costs in the engine

CPU time of `RouteEngine.step` in one thread, without sockets and journal. `python -m benchmarks.engine` measures it again.

CPython {platform.python_version()}, numpy {version("numpy")}, shapely {version("shapely")}, {platform.machine()}, commit {commit}.
{minutes:g} simulated minutes of the bundled town, {buses} buses at 1 Hz, 60 rings a minute asked for; median of {runs} runs
(others used the machine at the same time).
A fix is everything: taken or refused, placed, visits, bells, dispatch, alerts. A ring is its look-up of buses and its choice.
A tick, once a second, looks after every bus and every open bell.

{rows}

What the table's second to last line buys is a number of metres on a shape whose direction nobody knows; it is there as a yardstick.
"""


def main() -> None:
    """Measure and write `docs/benchmarks/engine.md`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--runs", type=int, default=7)
    args = parser.parse_args()
    network, events = morning(args.minutes)
    rows = table(network, events, args.runs)
    print(rows)
    buses = len({event.vehicle_id for _, event in events if isinstance(event, Fix)})
    out = Path(__file__).parent.parent / "docs" / "benchmarks" / "engine.md"
    out.write_text(page(rows, args.minutes, args.runs, buses))


if __name__ == "__main__":
    main()
