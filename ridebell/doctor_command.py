"""`ridebell doctor`: looks at the installation and at a data directory, and says what to do."""

import importlib
import resource
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from ridebell.texts import t

OLDEST_PYTHON = (3, 11)
NEEDED = ("fastapi", "msgspec", "numpy", "shapely", "uvicorn", "uvloop", "picows", "websockets")
FILES_FOR_A_TOWN = 4_096
"""Open files a server for a few thousand sockets needs; each connection is one."""
EARLIEST_S = 1_735_689_600
"""2025-01-01: a clock before this was never set, and tokens and service days would be wrong."""
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


class Seen(NamedTuple):
    """One thing looked at. `severity` is `ok`, `info`, `warning` or `fault`; `advice` is empty when all is well."""

    check: str
    severity: str
    text: str
    advice: str = ""


def doctor(
    data: Annotated[Path | None, typer.Option(metavar="DIR", help=t("doctor.data"))] = None,
    network: Annotated[Path | None, typer.Option(metavar="NETWORK", help=t("doctor.network"))] = None,
) -> None:
    """Look at the installation, and at a data directory and a network if they are named."""
    findings = [finding for check in CHECKS for finding in check()]
    if network is not None:
        findings += _network(network)
    if data is not None:
        findings += _data_dir(data)
    _show(findings)
    if any(finding.severity == "fault" for finding in findings):
        raise typer.Exit(1)


def _python() -> Iterator[Seen]:
    text = f"Python {sys.version.split()[0]}"
    if sys.version_info[:2] < OLDEST_PYTHON:
        yield Seen("python", "fault", text, t("doctor.python_old"))
    else:
        yield Seen("python", "ok", text)


def _packages() -> Iterator[Seen]:
    for name in NEEDED:
        try:
            importlib.import_module(name)
            yield Seen(name, "ok", version(name))
        except (ImportError, PackageNotFoundError) as error:
            yield Seen(name, "fault", str(error), t("doctor.package_missing"))


def _clock() -> Iterator[Seen]:
    text = time.strftime("%Y-%m-%d %H:%M:%S %Z")
    if time.time() < EARLIEST_S:
        yield Seen("clock", "fault", text, t("doctor.clock_wrong"))
    else:
        yield Seen("clock", "ok", text)


def _file_limit() -> Iterator[Seen]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    text = t("doctor.files", soft=soft, hard=hard)
    if soft != resource.RLIM_INFINITY and soft < FILES_FOR_A_TOWN:
        yield Seen("open files", "warning", text, t("doctor.files_few", needed=FILES_FOR_A_TOWN))
    else:
        yield Seen("open files", "ok", text)


def _chromium() -> Iterator[Seen]:
    found = next((path for name in CHROMIUM if (path := shutil.which(name))), None)
    yield Seen("chromium", "info", found or t("doctor.chromium_missing"))


CHECKS: tuple[Callable[[], Iterator[Seen]], ...] = (_python, _packages, _clock, _file_limit, _chromium)


def _network(path: Path) -> list[Seen]:
    from server.gtfs.compiled import NetworkFileError, load

    try:
        loaded = load(path)
    except (NetworkFileError, OSError) as error:
        return [Seen("network", "fault", str(error), t("doctor.network_bad"))]
    text = t("doctor.network_good", routes=len(loaded.routes), stops=len(loaded.stops), trips=loaded.trip_count)
    return [Seen("network", "ok", text)]


def _data_dir(path: Path) -> list[Seen]:
    from server.backends.embedded.doctor import check_data_dir

    return [
        Seen(f"data: {finding.check}", finding.severity.value, finding.text, finding.advice)
        for finding in check_data_dir(path)
    ]


def _show(findings: list[Seen]) -> None:
    from rich.console import Console
    from rich.text import Text

    marks = {"ok": ("✓", "green"), "info": ("·", "dim"), "warning": ("!", "yellow"), "fault": ("✗", "red")}
    console = Console(highlight=False, soft_wrap=True)
    for finding in findings:
        mark, style = marks[finding.severity]
        console.print(Text.assemble((f"{mark} ", style), (f"{finding.check}: ", "bold"), finding.text))
        if finding.advice:
            console.print(Text(f"  → {finding.advice}", style=style))
    faults = sum(finding.severity == "fault" for finding in findings)
    console.print(t("doctor.faults", count=faults) if faults else t("doctor.well"))
