"""`python -m loadtest`: a fresh server, the load on it, a table, kept reports; the exit status says whether it held."""

import argparse
import contextlib
import datetime as dt
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import msgspec
from rich.console import Console

from loadtest.report import print_report, read_report

HERE = Path(__file__).parent
RIDEBELL = (sys.executable, "-m", "ridebell")
READY_S = 60.0
SPAWN_PER_S = 100
"""Clients that come a second: a fleet after a depot's power cut, not a thundering herd."""
LAST_BELLS_S = 40
"""How long locust waits for riders to end their bells and buses to leave."""
LOG_TAIL_LINES = 15


def parser() -> argparse.ArgumentParser:
    """The command line."""
    p = argparse.ArgumentParser(prog="python -m loadtest", description=__doc__)
    p.add_argument("--terminals", type=int, default=500, help="buses, one fix a second each (500)")
    p.add_argument("--riders", type=int, default=200, help="riders with the app (200)")
    p.add_argument("--kiosks", type=int, default=20, help="buttons at stops, over HTTP (20)")
    p.add_argument("--seconds", type=int, default=60, help="how long to measure, after everybody is there (60)")
    p.add_argument("--seed", type=int, default=1, help="which buses, stops and pauses (1)")
    p.add_argument("--network", type=Path, help="a compiled NETWORK (default: the bundled town)")
    p.add_argument("--url", help="load a server that runs already; needs --data and --network as it was started with")
    p.add_argument("--data", type=Path, help="data directory of that server, for the key that signs tokens")
    p.add_argument("--thresholds", type=Path, default=HERE / "thresholds.json", help="file of named thresholds")
    p.add_argument("--reports", type=Path, default=Path("reports"), help="folder for the reports (reports)")
    return p


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the load; 0 when every threshold held, 1 when one did not, 2 when the run could not be made."""
    p = parser()
    asked = p.parse_args(arguments)
    if asked.url is not None and (asked.data is None or asked.network is None):
        p.error("--url needs --data and --network of the server that runs there")
    console = Console()
    with tempfile.TemporaryDirectory(prefix="ridebell-load-") as folder:
        try:
            network = asked.network or bundled_network(Path(folder))
            if asked.url is not None:
                return load(asked, network, asked.url, asked.data, console)
            data = Path(folder) / "data"
            with running_server(network, data, Path(folder) / "server.log") as url:
                return load(asked, network, url, data, console)
        except LoadError as error:
            console.print(f"[bold red]no load run:[/] {error}")
            return 2


class LoadError(Exception):
    """The run could not be made; the text says why."""


def bundled_network(folder: Path) -> Path:
    """The bundled town through `ridebell simulate` and `ridebell import`, as anybody would."""
    feed, network = folder / "town.zip", folder / "town.network"
    _run("simulate", "--network-size", "town", "--out", str(feed))
    _run("import", str(feed), "--out", str(network))
    return network


def _run(*command: str) -> None:
    done = subprocess.run((*RIDEBELL, *command), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LoadError(f"`ridebell {command[0]}` ended with {done.returncode}: {done.stderr.strip()}")


@contextlib.contextmanager
def running_server(network: Path, data: Path, log: Path) -> Iterator[str]:
    """A server with an empty data directory on a free port of loopback; ended by SIGTERM."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = (*RIDEBELL, "serve", "--network", str(network), "--port", str(port), "--data", str(data))
    with log.open("wb") as output:
        server = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            _until_ready(url, server, log)
            yield url
        finally:
            server.send_signal(signal.SIGTERM)
            try:
                server.wait(30)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _until_ready(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + READY_S
    while time.monotonic() < end:
        if server.poll() is not None:
            break
        with contextlib.suppress(URLError, OSError), urlopen(f"{url}/readyz", timeout=2) as answer:  # noqa: S310 - our own server
            if answer.status == 200:
                return
        time.sleep(0.1)
    words = _tail(log.read_text(errors="replace"))
    raise LoadError(f"the server did not become ready within {READY_S:g} s; its last words:\n{words}")


def _tail(text: str) -> str:
    return "\n".join(text.splitlines()[-LOG_TAIL_LINES:])


def load(asked: argparse.Namespace, network: Path, url: str, data: Path, console: Console) -> int:
    """Run locust against a server and show what it found."""
    stamp = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%SZ")
    asked.reports.mkdir(parents=True, exist_ok=True)
    report, page = asked.reports / f"load-{stamp}.json", asked.reports / f"load-{stamp}.html"
    users = asked.terminals + asked.riders + asked.kiosks
    settings = {
        "network": str(network.resolve()),
        "data": str(data.resolve()),
        "thresholds": str(asked.thresholds.resolve()),
        "report": str(report.resolve()),
        "terminals": asked.terminals,
        "riders": asked.riders,
        "kiosks": asked.kiosks,
        "seed": asked.seed,
    }
    seconds = asked.seconds + users // SPAWN_PER_S + 6  # coming, and the warm-up
    command = [sys.executable, "-m", "locust", "--locustfile", str(HERE / "locustfile.py"), "--headless"]
    command += ["--host", url, "--users", str(users), "--spawn-rate", str(SPAWN_PER_S), "--run-time", f"{seconds}s"]
    command += ["--stop-timeout", str(LAST_BELLS_S), "--html", str(page), "--only-summary", "--loglevel", "WARNING"]
    environment = os.environ | {
        "LOCUST_SKIP_MONKEY_PATCH": "1",
        "RIDEBELL_LOAD": msgspec.json.encode(settings).decode(),
    }
    console.print(
        f"{asked.terminals} buses, {asked.riders} riders, {asked.kiosks} buttons on {url} for {seconds} s ..."
    )
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if not report.exists():
        raise LoadError(
            f"locust ended with {done.returncode} and left no report; its last words:\n{_tail(done.stderr)}"
        )
    result = read_report(report)
    print_report(result, console)
    console.print(f"kept: {page} and {report}")
    return 0 if result.passed and done.returncode == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
