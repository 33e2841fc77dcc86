"""How right rides by themselves are, against simulated truth; `docs/accuracy-rides.md` keeps the result.

Run `make accuracy`, or `python -m benchmarks.rides [--rides 20000] [--exposures 100000] [--seed 1] [--profile usual]`.
Each film is an hour of the bundled town with its own traffic; its riders, passers-by and phones come from
`simulator/radio/physics.json`. The words around the tables are the page's own.
"""

import argparse
import math
import multiprocessing
import platform
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from server.core.network import Network
from server.gtfs.schedule import read_schedule
from server.tariff_presets import load_tariff
from simulator.networks import town
from simulator.radio.film import shoot
from simulator.radio.people import Kind
from simulator.radio.settings import Profile, load_physics
from simulator.radio.study import Found, Tally, study

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "accuracy-rides.md"
DATE = "20261123"
FIRST_HOURS = (8, 13, 18, 21, 11, 15, 6, 23)
"""Films begin at different hours of the service day."""
FILM_S = 3600
RIDES_A_FILM = 2500


@dataclass(frozen=True, slots=True)
class Task:
    """One film to be made and judged."""

    profile: Profile
    seed: int
    number: int
    rides: int
    passers: int


def bundled() -> Network:
    """Read the bundled town."""
    with tempfile.TemporaryDirectory(prefix="ridebell-rides-") as folder:
        path = Path(folder) / "town.zip"
        town.write_feed(path)
        return Network(read_schedule(path).columns)


def run(task: Task) -> Tally:
    """Make one film and judge its people."""
    network, seed = bundled(), 1000 * task.seed + task.number
    hour = FIRST_HOURS[task.number % len(FIRST_HOURS)]
    start_ms = network.day_start_ms(DATE) + hour * 3_600_000
    return study(
        lambda: shoot(network, seed=seed, start_ms=start_ms, seconds=FILM_S),
        load_physics(task.profile),
        load_tariff("kr-capital"),
        seed=seed,
        rides=task.rides,
        passers=task.passers,
    )


def measure(profile: Profile, *, seed: int, rides: int, exposures: int, jobs: int) -> Tally:
    """Judge so many rides and exposures, spread over films."""
    films = max(jobs, math.ceil(rides / RIDES_A_FILM))
    passers = math.ceil(exposures * 1.04 / films)  # one in thirty hears no bus and is no exposure
    tasks = [Task(profile, seed, number, math.ceil(rides / films), passers) for number in range(films)]
    total = Tally()
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        for tally in pool.imap_unordered(run, tasks):
            total.add(tally)
            print(".", end="", flush=True)
    print()
    return total


def at_most(count: int, of: int, confidence: float = 0.95) -> float:
    """Give the share that is exceeded with 5 % probability at most, when `count` of `of` were seen (Clopper-Pearson)."""
    low, high = count / of, 1.0
    for _ in range(60):
        share = (low + high) / 2
        low, high = (share, high) if _tail(count, of, share) > 1.0 - confidence else (low, share)
    return high


def _tail(count: int, of: int, share: float) -> float:
    """Probability of so many or fewer."""
    if share >= 1.0:
        return 0.0
    logs = (
        math.lgamma(of + 1)
        - math.lgamma(k + 1)
        - math.lgamma(of - k + 1)
        + k * math.log(share)
        + (of - k) * math.log1p(-share)
        for k in range(count + 1)
    )
    return math.fsum(math.exp(one) for one in logs)


# -- the page ------------------------------------------------------------------------


def table(tally: Tally) -> str:
    """All figures of a run."""
    riders, exposures, false = tally.riders(), tally.exposures(), tally.exposures(Found.CHARGED)
    money = tally.money
    head = [
        "| asked for | measured | at most, with 95 % confidence | required |",
        "|---|---:|---:|---:|",
        f"| false charges of people who did not ride | {false} of {exposures:,} |"
        f" {at_most(false, exposures) * 20_000:.2f} in 20,000 | 1 in 20,000 |",
        f"| both stops right, not asked | {_share(tally.riders(Found.EXACT), riders)} of {riders:,} | | 98.5 % |",
        f"| asked | {_share(tally.riders(Found.ASKED), riders)} |"
        f" {at_most(tally.riders(Found.ASKED), riders):.2%} | 1.5 % |",
        f"| charged above the true fare without being asked | {money['rides above the fare']} rides,"
        f" {money['too much']:,} won | {at_most(money['rides above the fare'], riders):.3%} | 0 |",
        f"| charged below it | {money['rides below the fare']} rides, {money['too little']:,} of {money['owed']:,} won | | |",
        f"| order of time against all at once: other end | {tally.differed} of {tally.compared:,} | | 0 |",
    ]
    return "\n\n".join(("\n".join(head), _matrix(tally), _stops(tally), _phones(tally), _lengths(tally)))


def _matrix(tally: Tally) -> str:
    columns = list(Found)
    rows = ["| truth | " + " | ".join(columns) + " |", "|---|" + "---:|" * len(columns)]
    for kind in Kind:
        counts = [tally.found[kind, one] for one in columns]
        rows.append(f"| {kind} | " + " | ".join(f"{n:,}" if n else "–" for n in counts) + " |")
    return "\n".join(rows)


def _stops(tally: Tally) -> str:
    errors = sorted({error for _, error in tally.stops})
    rows = [
        "| stops too far | " + " | ".join(f"{e:+d}" if e else "0" for e in errors) + " |",
        "|---|" + "---:|" * len(errors),
    ]
    rows += [
        f"| {end} | " + " | ".join(f"{tally.stops[end, e]:,}" for e in errors) + " |" for end in ("board", "alight")
    ]
    return "\n".join(rows)


def _phones(tally: Tally) -> str:
    names = sorted({name for name, _ in tally.phones})
    return _by("phone scans", names, lambda name, one: tally.phones[name, one])


def _lengths(tally: Tally) -> str:
    names = [f"{n}" if n < 10 else "10 and more" for n in range(1, 11)]
    return _by("stops ridden", names, lambda name, one: tally.lengths[int(name.split()[0]), one])


def _by(title: str, names: list[str], count: Callable[[str, Found], int]) -> str:
    rows = [f"| {title} | rides | exact | asked | unnoticed | wrong |", "|---|---:|---:|---:|---:|---:|"]
    for name in names:
        of = sum(count(name, one) for one in Found)
        wrong = count(name, Found.OTHER_BUS) + count(name, Found.OTHER_STOPS)
        shares = [_share(count(name, one), of) for one in (Found.EXACT, Found.ASKED, Found.UNNOTICED)]
        rows.append(f"| {name} | {of:,} | " + " | ".join(shares) + f" | {wrong} |")
    return "\n".join(rows)


def _share(count: int, of: int) -> str:
    return f"{count / of:.2%}" if of else "–"


def write(profile: Profile, figures: str, about: str) -> None:
    """Put the figures of a profile into the page."""
    begin, end = f"<!-- {profile}: begin -->", f"<!-- {profile}: end -->"
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(begin)
    after = rest.partition(end)[2]
    PAGE.write_text(f"{before}{begin}\n{about}\n\n{figures}\n{end}{after}", encoding="utf-8")


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rides", type=int, default=20_000)
    parser.add_argument("--exposures", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--profile", type=Profile, default=Profile.USUAL, choices=list(Profile))
    parser.add_argument("--no-page", action="store_true")
    asked = parser.parse_args()
    begun = time.monotonic()
    tally = measure(asked.profile, seed=asked.seed, rides=asked.rides, exposures=asked.exposures, jobs=asked.jobs)
    commit = subprocess.run(("git", "rev-parse", "--short", "HEAD"), capture_output=True, text=True, check=False)
    about = (
        f"{tally.riders():,} rides, {tally.exposures():,} exposures ({tally.unheard:,} more people heard no bus), seed"
        f" {asked.seed}, {(time.monotonic() - begun) / 60:.0f} min with {asked.jobs} processes,"
        f" CPython {platform.python_version()}, commit {commit.stdout.strip()}."
    )
    figures = table(tally)
    print(f"{about}\n\n{figures}\n\n" + "\n".join(tally.odd))
    if not asked.no_page:
        write(asked.profile, figures, about)


if __name__ == "__main__":
    main()
