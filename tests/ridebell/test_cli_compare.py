"""`ridebell compare`: what two policies made of one recording; and `replay --explain`."""

import csv
import json
from pathlib import Path

import pytest

from ridebell.cli import run
from server.protocol.recording import write_lines
from tests.ridebell.test_cli_replay import write_feed
from tests.server.replay_town import START_MS, drive, in_order, ring


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """A recording decided under two policies; the rider's bus is two stops away when she rings."""
    monkeypatch.chdir(tmp_path)
    write_feed(tmp_path / "feed.zip")
    assert run(["import", "feed.zip", "--out", "town.network"]) == 0
    write_lines(tmp_path / "day.jsonl", in_order(drive(), [ring(START_MS + 110_000)]))
    for policy in ("physical", "second-previous-stop"):
        command = ["replay", "--network", "town.network", "day.jsonl", "--policy", policy, "--explain"]
        assert run([*command, "--out", f"{policy}.jsonl"]) == 0
    capsys.readouterr()
    return tmp_path


def test_the_bells_that_fared_differently(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = ["physical.jsonl", "second-previous-stop.jsonl"]
    assert run(["compare", *files]) == 0
    assert "1 of 1 bells" in capsys.readouterr().out
    assert run(["compare", *files, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    (row,) = found["differences"]
    assert (row["one"]["vehicle_id"], row["one"]["state"]) == ("bus", "served")
    assert row["one"]["told_ms"] >= START_MS + 110_000
    assert row["other"]["told_ms"] is None
    assert "told" in row["differs"]
    assert run(["compare", *files, "--csv", "differences.csv"]) == 0
    with (folder / "differences.csv").open(encoding="utf-8-sig", newline="") as sheet:
        (line,) = csv.DictReader(sheet)
    assert (line["bell_id"], line["one_state"]) == ("bell-0001", "served")


def test_a_run_is_like_itself(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compare", "physical.jsonl", "physical.jsonl"]) == 0
    assert "0 of 1 bells" in capsys.readouterr().out


def test_what_is_no_decisions_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "list.json").write_text("[1]\n")
    assert run(["compare", "physical.jsonl", "list.json"]) == 2
    assert "list.json" in capsys.readouterr().err


def test_what_the_rules_saw(folder: Path) -> None:
    lines = [json.loads(line) for line in (folder / "physical.jsonl").read_text().splitlines()]
    choice = next(line for line in lines if line["type"] == "choice")
    assert (choice["vehicle_id"], choice["policy"]) == ("bus", "physical v1")
    assert choice["considered"][0]["left_m"] > choice["considered"][0]["commit_m"]
    telling = next(line for line in lines if line["type"] == "telling")
    assert (telling["trip_id"], telling["bells"]) == ("T0", ["bell-0001"])
