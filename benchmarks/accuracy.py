"""How right the engine is against simulated truth, clean and between high houses; `docs/accuracy.md` keeps the result.

Run `make accuracy`, or `python -m benchmarks.accuracy [--hours 2] [--seeds 1,2,3]`. For each seed and each kind of
receiver it does what `ridebell simulate`, `replay` and `score` do, with the bundled town and its register of vehicles,
and puts the table of figures into the page; the words around the table are the page's own.
"""

import argparse
import platform
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ridebell.cli import run
from server.protocol.decisions import read_judged
from server.score import Score, score

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "accuracy.md"
VEHICLES = ROOT / "simulator" / "networks" / "town-vehicles.json"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
KINDS = {"clean": (), "urban canyon": ("--urban-canyon",)}


@dataclass(frozen=True, slots=True)
class Measured:
    """One world and how it was judged."""

    kind: str
    seed: int
    score: Score


def measure(folder: Path, kind: str, seed: int, hours: float) -> Measured:
    """Simulate, replay and score one world."""
    network, recording, truth = folder / "town.network", folder / "recording.jsonl", folder / "truth.jsonl"
    decisions, known = folder / "decisions.jsonl", ("--network", str(network), "--vehicles", str(VEHICLES))
    lasting = ("--hours", str(hours), "--seed", str(seed))
    command("simulate", *known, *lasting, *KINDS[kind], "--out", str(recording), "--truth", str(truth))
    command("replay", str(recording), *known, "--out", str(decisions))
    return Measured(kind, seed, score(read_judged(decisions), read_judged(truth)))


def command(*words: str) -> None:
    """Run a command line of ours."""
    if run(words) != 0:
        raise SystemExit(f"ridebell {' '.join(words)} failed")


def table(measured: list[Measured]) -> str:
    """One row of figures a world."""
    rows = [
        "| receivers | seed | bells | wrong vehicle | came together | could not be told | missed alerts | stale alerts |"
        " pass-by verdicts right | pass-by recall | precision |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for one in measured:
        bell = one.score.bell
        assert bell is not None
        passed = bell.pass_by
        rows.append(
            f"| {one.kind} | {one.seed} | {bell.decided:,} |"
            f" {percent(bell.wrong_vehicle_rate)} ({bell.wrong_vehicles} of {bell.with_vehicle:,}) |"
            f" {bell.together} | {bell.could_not_be_told} |"
            f" {percent(bell.missed_alert_rate)} ({bell.missed_alerts} of {bell.calls:,}) | {bell.stale_alerts} |"
            f" {percent(passed.agreement)} (of {passed.verdicts:,}) |"
            f" {percent(passed.recall)} (of {passed.true}) | {percent(passed.precision)} |"
        )
    rows += [
        "",
        "| receivers | seed | bells: recall | precision | ends agree | stop visits | recall | precision | stopped or"
        " passed, where said | arrival within (p95) |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for one in measured:
        bell, visit = one.score.bell, one.score.stop_visit
        assert bell is not None
        assert visit is not None
        rows.append(
            f"| {one.kind} | {one.seed} | {percent(bell.recall)} | {percent(bell.precision)} |"
            f" {percent(bell.end_agreement)} | {visit.truth:,} | {percent(visit.recall)} | {percent(visit.precision)} |"
            f" {percent(visit.outcome_agreement)} | {visit.arrival_error_s.p95} s |"
        )
    return "\n".join(rows)


def percent(share: float | None) -> str:
    """A share for people."""
    return "–" if share is None else f"{share:.2%}"


def write(figures: str, hours: float) -> None:
    """Put the figures into the page."""
    commit = subprocess.run(("git", "rev-parse", "--short", "HEAD"), capture_output=True, text=True, check=False)
    about = f"{hours:g} simulated hours each, CPython {platform.python_version()}, commit {commit.stdout.strip()}."
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n{about}\n\n{figures}\n{END}{after}", encoding="utf-8")


def main() -> None:
    """Measure every world and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--seeds", default="1,2,3")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ridebell-accuracy-") as name:
        folder = Path(name)
        command("simulate", "--network-size", "town", "--out", str(folder / "town.zip"))
        command("import", str(folder / "town.zip"), "--out", str(folder / "town.network"))
        seeds = [int(seed) for seed in asked.seeds.split(",")]
        measured = [measure(folder, kind, seed, asked.hours) for kind in KINDS for seed in seeds]
    figures = table(measured)
    print(figures)
    write(figures, asked.hours)


if __name__ == "__main__":
    main()
