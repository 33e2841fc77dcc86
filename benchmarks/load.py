"""What a rider, a driver and a button wait for under load; `docs/benchmarks/load.md` keeps the result.

Run `python -m benchmarks.load`. It runs `python -m loadtest` (500 terminals, 200 riders, 20 buttons, a minute) with a
fresh server beside it on this machine, and writes the page from the kept report.
"""

import platform
import subprocess
import sys
import tempfile
from pathlib import Path

from loadtest.report import LoadReport, read_report

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks" / "load.md"
ROWS = {
    "ring_to_answer": "a rider's tap → the bell is on the disk and answered",
    "decided_to_displayed": "the server's decision → displayed by the terminal, said by its screen",
    "displayed_to_told": "displayed → its rider hears so",
    "kiosk_ring": "a button's `POST /v1/bells` → answered",
    "ring_to_shown": "a rider's tap → on the driver's screen, the bus's way there included",
}
SERVER = {
    "fix_to_alert": "a fix is received → the alert it caused is handed to the terminal's connection, journal included"
}


def page(report: LoadReport) -> str:
    """The whole page."""
    commit = subprocess.run(("git", "rev-parse", "--short", "HEAD"), capture_output=True, text=True, check=False)
    rows = ["| from → to (milliseconds) | n | p50 | p95 | p99 |", "|---|---:|---:|---:|---:|"]
    for name, words in ROWS.items():
        m = report.measures[name]
        rows.append(f"| {words} | {m.count:,} | {m.p50:,.1f} | {m.p95:,.1f} | {m.p99:,.1f} |")
    n = report.numbers
    for name, words in SERVER.items():
        p50, p95, p99 = (n[f"server_{name}_p{p}_ms"] for p in (50, 95, 99))
        rows.append(f"| {words} (server's own) | | {p50:,.1f} | {p95:,.1f} | {p99:,.1f} |")
    ends = ", ".join(f"{count:,} {state}" for state, count in sorted(report.ends.items()))
    table = "\n".join(rows)
    return f"""# Under load

`make load` prints it, with an HTML report; `python -m benchmarks.load` writes this page. One run, not a median: a smoke test of the first form.

{report.asked["terminals"]} terminals at 1 Hz, {report.asked["riders"]} riders and {report.asked["kiosks"]} buttons on the real protocol for a minute. Server, clients and
locust shared {report.machine["cpus"]} virtual cores ({platform.machine()}), CPython {report.machine["python"]}, commit {commit.stdout.strip()}.

{table}

{n["fixes_sent"]:,.0f} fixes sent, {n["server_fixes_refused"]:.0f} refused. {n["bells_accepted"]:,.0f} bells accepted: {ends}, {n["bells_without_end"]:.0f} without an end (riders of a load
test are impatient, and all cancel when it closes). {n["alerts_displayed"]:,.0f} alerts displayed, {n["displayed_after_stop"]:.0f} behind their stop. {n["links_lost"]:.0f} links lost, {n["errors"]:.0f} errors.
"""


def main() -> int:
    """Run the load and write the page; the load's own exit status."""
    with tempfile.TemporaryDirectory(prefix="ridebell-bench-") as folder:
        status = subprocess.run((sys.executable, "-m", "loadtest", "--reports", folder), check=False).returncode
        reports = sorted(Path(folder).glob("load-*.json"))
        if reports:
            PAGE.write_text(page(read_report(reports[-1])))
            print(f"wrote {PAGE}")
    return status


if __name__ == "__main__":
    sys.exit(main())
