"""First visits to the five pages on a slow phone; `docs/benchmarks/pages.md` keeps the result.

Run `python -m benchmarks.pages`. A demo town runs beside Chromium on this machine; each page is opened with an empty
cache on a processor four times slower, once with the machine's own link and once with a poor mobile one.
"""

import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from benchmarks.page_figures import PageFigures, Visit, visit

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks" / "pages.md"
CPU = 4.0
SLOW_PHONE = Visit(cpu=CPU)
SLOW_LINK = Visit(cpu=CPU, bps=1_600_000, round_trip_ms=150)
"""Lighthouse's mobile profile: a slow 4G link."""
TIMES = 5


@dataclass(frozen=True, slots=True)
class Subject:
    """A page, what shows that it can be used, and its usual screen."""

    name: str
    path: str
    control: str
    width: int = 390
    height: int = 844


def subjects(stop_path: str, drive_path: str) -> list[Subject]:
    """All pages, on the demo's own stop and bus."""
    stop_id = re.sub(r"^/s/|\?.*$", "", stop_path)
    return [
        Subject("stop page `/s/…`", stop_path, "[data-act=star]"),
        Subject("rider app `/ride`", "/ride", "main button, nav button, nav a"),
        Subject("stop kiosk `/kiosk/…`", f"/kiosk/{stop_id}", "[data-act=language]", 1280, 800),
        Subject("driver terminal `/drive`", drive_path, "#page *", 1280, 800),
        Subject("operator console `/ops`", "/ops", "button, [role=tab]", 1440, 900),
    ]


@contextmanager
def town() -> Iterator[tuple[str, list[Subject]]]:
    """Run a demo town; its address and pages."""
    command = [sys.executable, "-m", "ridebell", "demo", "--headless", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            links: dict[str, str] = {}
            while not {"Stop page", "Driver screen", "Operator"} <= links.keys():
                name, _, address = process.stderr.readline().strip().partition(": ")
                links[name] = address
            root = re.match(r"https?://[^/]+", links["Stop page"])
            assert root is not None
            yield (
                root.group(),
                subjects(*(links[name].removeprefix(root.group()) for name in ("Stop page", "Driver screen"))),
            )
        finally:
            process.terminate()
            process.wait(20)


def median(browser: Browser, root: str, subject: Subject, how: Visit) -> PageFigures:
    """Figure by figure the median of several visits."""
    size = {"width": subject.width, "height": subject.height}
    several = [visit(browser, root + subject.path, subject.control, how, **size) for _ in range(TIMES)]

    def middle(name: str) -> float:
        return float(statistics.median(getattr(one, name) for one in several))

    return PageFigures(
        bytes_over_wire=round(middle("bytes_over_wire")),
        requests=round(middle("requests")),
        first_paint_ms=middle("first_paint_ms"),
        interactive_ms=middle("interactive_ms"),
        long_tasks=round(middle("long_tasks")),
        blocked_ms=middle("blocked_ms"),
        shift=middle("shift"),
    )


def line(name: str, near: PageFigures, far: PageFigures) -> str:
    """One row of the table."""
    return (
        f"| {name} | {near.bytes_over_wire / 1000:.1f} | {near.requests} | {near.first_paint_ms:,.0f} | {near.interactive_ms:,.0f} "
        f"| {near.long_tasks} | {near.blocked_ms:,.0f} | {near.shift:.3f} | {far.first_paint_ms:,.0f} | {far.interactive_ms:,.0f} |"
    )


def text(rows: list[str], version: str) -> str:
    """The whole page."""
    table = "\n".join(rows)
    return f"""# Pages on a slow phone

`python -m benchmarks.pages` writes this page. First visits with an empty cache; medians of {TIMES}. The demo town, its server
and Chromium {version} shared {len(os.sched_getaffinity(0))} virtual cores ({platform.machine()}); Chromium's processor was throttled {CPU:.0f}×. The last two columns add
a link of 1.6 Mbit/s and 150 ms there and back. KB are 1,000 bytes over the wire, heads of answers included, without sockets.

| page | KB | requests | first paint, ms | interactive, ms | long tasks | blocked, ms | layout shift | first paint, slow 4G, ms | interactive, slow 4G, ms |
|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|
{table}

*Interactive*: the first control stands there and no task of more than 50 ms runs any more. *Blocked*: what such tasks took above
50 ms. The stop page must not pass 60 KB (a test says so) and should be interactive within a second.
"""


def main() -> None:
    """Measure all pages and write the result."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("no Chromium here: `make chromium` installs it")
    rows: list[str] = []
    with sync_playwright() as playwright, town() as (root, pages):
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for subject in pages:
            near, far = (median(browser, root, subject, how) for how in (SLOW_PHONE, SLOW_LINK))
            rows.append(line(subject.name, near, far))
            print(rows[-1], flush=True)
        version = browser.version
        browser.close()
    PAGE.write_text(text(rows, version), encoding="utf-8")
    print(PAGE)


if __name__ == "__main__":
    main()
