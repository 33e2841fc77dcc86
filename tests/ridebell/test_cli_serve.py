"""`ridebell serve` as a process: ready on one port, one server a directory, a clean end, and one sentence when it cannot."""

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from ridebell.cli import run
from tests.ridebell.test_cli_replay import write_feed


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """A folder with a network."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RIDEBELL_SECRET", raising=False)
    write_feed(tmp_path / "feed.zip")
    assert run(["import", "feed.zip", "--out", "town.network"]) == 0
    capsys.readouterr()
    return tmp_path


def start(*more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "ridebell", "serve", "--network", "town.network", "--data", "data", *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def address_of(server: subprocess.Popen[str]) -> str:
    """What it says when it is ready."""
    assert server.stdout is not None
    return next(word for word in server.stdout.readline().split() if word.startswith("http://"))


@pytest.fixture
def server(folder: Path) -> Iterator[subprocess.Popen[str]]:
    process = start("--port", "0")
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_serves_and_ends_cleanly(server: subprocess.Popen[str], by: signal.Signals) -> None:
    url = address_of(server)
    with urllib.request.urlopen(f"{url}/readyz") as answer:
        assert json.load(answer) == {"status": "ok"}
    server.send_signal(by)
    _, err = server.communicate(timeout=30)
    assert server.returncode in {0, 130}
    assert "Traceback" not in err


def test_one_server_a_directory(server: subprocess.Popen[str], capsys: pytest.CaptureFixture[str]) -> None:
    address_of(server)
    assert run(["serve", "--network", "town.network", "--data", "data", "--port", "0"]) == 2
    err = capsys.readouterr().err
    assert "data" in err
    assert str(server.pid) in err
    assert run(["doctor", "--data", "data"]) == 0


def test_a_taken_port_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert run(["serve", "--network", "town.network", "--data", "data", "--port", port]) == 2
    err = capsys.readouterr().err
    assert port in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--network", "feed.zip"], "feed.zip"),
        (["--network", "missing"], "missing"),
        (["--backend", "cloud"], "--backend"),
        (["--policy", "strict"], "physical"),
        (["--vehicles", "feed.zip"], "vehicles file"),
        (["--rate", "2"], "--as-of"),
        (["--as-of", "yesterday"], "yesterday"),
    ],
)
def test_what_cannot_be_served_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str], options: list[str], says: str
) -> None:
    network = [] if "--network" in options else ["--network", "town.network"]
    assert run(["serve", *network, "--data", "data", "--port", "0", *options]) == 2
    err = capsys.readouterr().err
    assert says in err
    assert err.count("\n") == 1


def test_the_demo_secret_is_refused_outside_the_demo(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RIDEBELL_SECRET", "ridebell-demo-secret-for-trying-out-only")
    assert run(["serve", "--network", "town.network", "--data", "data", "--port", "0"]) == 2
    assert "demo secret" in capsys.readouterr().err
