"""Frames a second of the operators' map over a whole province; `docs/benchmarks/ops-map.md` keeps the result.

Run `python -m benchmarks.ops_map`. `ridebell serve` runs the generated province at Gyeonggi's size at eight in the
morning; a feed moves 10,300 buses along their ways, one fix a second each; Chromium shows `/ops` without a graphics
card and is watched, zoom by zoom. Before that, five ways of drawing as many arrows are compared in the same browser.
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import numpy as np
from playwright.sync_api import Browser, Page, expect, sync_playwright

from benchmarks import ops_feed
from simulator.networks import province

AS_OF = "2026-11-20T08:00:00+09:00"
"""A Friday's morning peak: then the most buses are out."""
PAGE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks" / "ops-map.md"
WAYS = {
    "pixels": "**stamps copied into an `ImageData`** (ours)",
    "webgl": "WebGL 2 points, software GL",
    "sprites": "canvas 2D, `drawImage` of a sprite each",
    "path": "canvas 2D, one path of all arrows",
    "squares": "canvas 2D, `fillRect` 3×3 (no arrows; a yardstick)",
}
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--allow-file-access-from-files"]
ZOOMS = (("the whole province, all buses in sight", 0), ("a county", 2), ("a town", 2), ("a quarter, numbers", 2))
LIST_MS = 120_000
SETTLE_MS = 4_000

COUNT_FRAMES = """seconds => new Promise(done => {
  const times = [], began = performance.now();
  const frame = now => { times.push(now); now - began < seconds * 1000 ? requestAnimationFrame(frame) : done(times) };
  requestAnimationFrame(frame); })"""


class Figure(NamedTuple):
    """What was measured at one zoom."""

    name: str
    frames_per_s: float
    p99_ms: float
    worst_ms: float
    page_cpu: float
    kb_per_s: float
    server_cpu: float


def compiled(folder: Path) -> Path:
    """Give the province's network, made when it is not there."""
    network = folder / "province.network"
    if not network.exists():
        feed = folder / "province.zip"
        province.write_feed(feed)
        command = [sys.executable, "-m", "ridebell", "import", str(feed), "--out", str(network)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return network


def compare_ways(browser: Browser) -> dict[str, dict[str, float] | None]:
    """Let each way draw for some seconds, with nothing else to do."""
    found: dict[str, dict[str, float] | None] = {}
    address = (Path(__file__).parent / "ops_ways.html").as_uri()
    for way in WAYS:
        page = browser.new_page(viewport={"width": 1344, "height": 840})
        page.goto(f"{address}?way={way}")
        page.wait_for_function("window.result !== undefined", timeout=60_000)
        found[way] = page.evaluate("window.result")
        page.close()
    return found


class Watched:
    """A page of the console and what it costs."""

    def __init__(self, page: Page, server_pid: int) -> None:
        self._page = page
        self._pid = server_pid
        self._received = 0
        self._session = page.context.new_cdp_session(page)
        self._session.send("Performance.enable")
        page.on("websocket", lambda one: one.on("framereceived", self._count))

    def _count(self, payload: str | bytes) -> None:
        self._received += len(payload)

    def _readings(self) -> Any:
        metrics = {one["name"]: one["value"] for one in self._session.send("Performance.getMetrics")["metrics"]}
        return np.array([metrics["Timestamp"], metrics["TaskDuration"], self._received / 1000, _cpu_s(self._pid)])

    def measure(self, name: str, seconds: float) -> Figure:
        """Watch for a while."""
        self._page.wait_for_timeout(SETTLE_MS)
        before = self._readings()
        gaps_ms = np.diff(np.array(self._page.evaluate(COUNT_FRAMES, seconds)))
        took = self._readings() - before
        return Figure(
            name=name,
            frames_per_s=1000 / float(gaps_ms.mean()),
            p99_ms=float(np.percentile(gaps_ms, 99)),
            worst_ms=float(gaps_ms.max()),
            page_cpu=float(took[1] / took[0]),
            kb_per_s=float(took[2] / took[0]),
            server_cpu=float(took[3] / took[0]),
        )


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def watch(browser: Browser, network: Path, folder: Path, seconds: float, pictures: Path | None) -> list[Figure]:
    """Run server, feed and page."""
    command = [sys.executable, "-m", "ridebell", "serve", "--network", str(network), "--data", str(folder / "data")]
    command += ["--port", "0", "--demo", "--as-of", AS_OF]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            line = server.stdout.readline()
            url = line[line.index("http") :].strip().rstrip("/")
            asked = [{"role": "feed", "subject": f"bench-{i}"} for i in range(ops_feed.SOCKETS)]
            tokens = [httpx.post(f"{url}/v1/token", json=one).json()["token"] for one in asked]
            feed = ops_feed.start(network, url, tokens, round(datetime.fromisoformat(AS_OF).timestamp() * 1000))
            try:
                return _look(browser, url, server.pid, seconds, pictures)
            finally:
                feed.terminate()
        finally:
            server.terminate()


def _look(browser: Browser, url: str, pid: int, seconds: float, pictures: Path | None) -> list[Figure]:
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    watched = Watched(page, pid)
    page.goto(f"{url}/ops?lang=ko")
    expect(page.locator("#tab-buses .count")).to_have_text(f"{ops_feed.BUSES:,}", timeout=LIST_MS)
    figures = []
    for name, steps in ZOOMS:
        for _ in range(steps):
            page.mouse.move(860, 560)
            page.mouse.wheel(0, -280)
        figures.append(watched.measure(name, seconds))
        if pictures is not None:
            page.screenshot(path=pictures / f"ops-map-{len(figures)}.png")
    return figures


def report(
    ways: dict[str, dict[str, float] | None], figures: Sequence[Figure], *, seconds: float, browser: str, load: float
) -> str:
    """Write the page."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    drawn = "\n".join(
        f"| {WAYS[way]} | {found['frames_per_s']:.0f} | {found['script_ms']:.1f} |"
        if found
        else f"| {WAYS[way]} | – | – |"
        for way, found in ways.items()
    )
    seen = "\n".join(
        f"| {f.name} | **{f.frames_per_s:.0f}** | {f.p99_ms:.0f} | {f.worst_ms:.0f} | {f.page_cpu:.0%} | {f.kb_per_s:.0f} | {f.server_cpu:.0%} |"
        for f in figures
    )
    return f"""# The operators' map with a whole province on it

`python -m benchmarks.ops_map` measures it again. `ridebell serve` with the generated province at Gyeonggi's size at eight in the
morning; {ops_feed.BUSES:,} buses, each with a fix a second through the feed's socket; `/ops` in Chromium {browser} without a graphics card
(software GL), window 1440 × 900. Server, feed and browser shared {os.cpu_count()} virtual cores ({platform.machine()}), CPython {platform.python_version()},
Playwright {version("playwright")}, commit {commit.stdout.strip()}; load average before it began {load:.1f}. {seconds:.0f} s at each zoom; a frame is one that the page was asked to draw and drew, all buses
gliding between their fixes. Where others use the machine, feed and server fall behind first (few KB/s, a small share of a core) and
buses are moved by older fixes; frames are drawn all the same.

| zoom | frames/s | p99 between frames, ms | longest, ms | page's main thread | KB/s to the page | server's process, all of its work |
|---|---:|---:|---:|---:|---:|---:|
{seen}

## Five ways to draw {ops_feed.BUSES:,} arrows

In the same browser with nothing else to do, 1344 × 840 pixels, over a still picture. Why the map stamps pixels: it needs no graphics
card, no library and no shader, and leaves most of a frame to the rest of the page. WebGL spends as little in script but then paints in
software on the same cores, and is missing altogether where a driver is blocked. MapLibre GL (0.8 MB of script) draws by WebGL and
would have to be fed {ops_feed.BUSES:,} features anew each second.

| way | frames/s | script a frame, ms |
|---|---:|---:|
{drawn}
"""


def main() -> None:
    """Measure, print, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="where the compiled province is kept between runs")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--pictures", type=Path, help="a folder for a picture of each zoom")
    args = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("no Chromium here: `make chromium` installs it")
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        network = compiled(args.folder or Path(name))
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        ways = compare_ways(browser)
        figures = watch(browser, network, Path(name), args.seconds, args.pictures)
        text = report(ways, figures, seconds=args.seconds, browser=browser.version, load=load)
        browser.close()
    PAGE.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
