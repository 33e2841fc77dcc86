"""The report of a load run: one JSON object for machines, a table for people."""

import os
import platform
import time
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from loadtest.measures import Summary, Verdict

SCHEMA = "ridebell-load-report"
VERSION = 1


class LoadReport(msgspec.Struct, frozen=True):
    """Everything a run found out. `numbers` are counts and shares, those named `server_…` the server's own."""

    schema: str
    version: int
    at_ms: int
    machine: dict[str, Any]
    asked: dict[str, Any]
    measures: dict[str, Summary]
    numbers: dict[str, float]
    ends: dict[str, int]
    refusals: dict[str, int]
    verdicts: list[Verdict]

    @property
    def passed(self) -> bool:
        """True when no threshold failed."""
        return all(verdict.passed for verdict in self.verdicts)


def make_report(
    *,
    asked: dict[str, Any],
    measures: dict[str, Summary],
    numbers: dict[str, float],
    ends: dict[str, int],
    refusals: dict[str, int],
    verdicts: list[Verdict],
) -> LoadReport:
    """Put a report together, with what machine it was."""
    machine = {"cpus": os.cpu_count(), "python": platform.python_version(), "system": platform.system()}
    rounded = {name: round(value, 4) for name, value in sorted(numbers.items())}
    return LoadReport(
        SCHEMA, VERSION, time.time_ns() // 1_000_000, machine, asked, measures, rounded, ends, refusals, verdicts
    )


def write_report(report: LoadReport, path: Path) -> None:
    """Write the JSON, indented, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(".part")
    half.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
    half.replace(path)


def read_report(path: Path) -> LoadReport:
    """Read a report back."""
    return msgspec.json.decode(path.read_bytes(), type=LoadReport)


def print_report(report: LoadReport, console: Console) -> None:
    """Show latencies, what became of the bells, and the verdicts."""
    latencies = Table("measure (ms)", "n", "p50", "p95", "p99", "max", title="Latency, from outside")
    for name, summary in report.measures.items():
        cells = (summary.count, summary.p50, summary.p95, summary.p99, summary.max)
        latencies.add_row(name, *(f"{cell:g}" for cell in cells))
    console.print(latencies)
    server = Table("number", "value", title="Counts, and what the server says of itself")
    for name, value in report.numbers.items():
        server.add_row(name, f"{value:g}")
    console.print(server)
    console.print("bells by end:", report.ends, " refused by reason:", report.refusals)
    verdicts = Table("threshold", "value", "demand", "", title="Thresholds")
    for verdict in report.verdicts:
        found = "not measured" if verdict.value is None else f"{verdict.value:g}"
        verdicts.add_row(verdict.name, found, verdict.demand, "ok" if verdict.passed else "[bold red]FAILED[/]")
    console.print(verdicts)
