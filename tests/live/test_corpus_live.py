"""Scenarios of the corpus over real sockets: to servers of their own, and to one that runs already."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ridebell.cli import run
from server.corpus import schedule_of
from server.gtfs.compiled import save
from tests.live.running_server import running_server

RATE = 20.0
START_S = 6.0
"""Time of ours in which the server may start before the scenario begins."""


def results(out: str) -> dict[str, str]:
    return {verdict["number"]: f"{verdict['result']}: {verdict['why']}" for verdict in json.loads(out)}


def test_each_case_on_a_server_of_its_own(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases = [word for number in ("001", "002", "020", "093", "108", "110") for word in ("--only", number)]
    run(["corpus", str(root / "tests" / "scenarios"), *cases, "--serve", "--rate", str(RATE), "--json"])
    found = results(capsys.readouterr().out)
    assert found.pop("002").startswith("not_applicable: ['it expects stop_visit, which")
    assert found == dict.fromkeys(("001", "020", "093", "108", "110"), "ok: []")


async def test_a_server_that_runs_already(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = root / "tests" / "scenarios" / "034-cancelled-before-it-was-shown"
    network = tmp_path / "street.network"
    save(schedule_of(case.parent / "networks" / "street").columns, network, problems=0)
    first = json.loads((case / "events.jsonl").read_text().splitlines()[0])
    as_of = datetime.fromtimestamp(first["at_ms"] / 1000 - START_S * RATE, UTC).isoformat()
    options = ["--as-of", as_of, "--rate", str(RATE), "--demo"]
    async with running_server(network, tmp_path / "data", options) as server:
        url = server.url.replace("http", "ws")
        only = [word for number in ("034", "093", "110", "132") for word in ("--only", number)]
        command = ["corpus", str(case.parent), *only, "--against", url, "--rate", str(RATE), "--json"]
        assert await asyncio.to_thread(run, command) == 0
    found = results(capsys.readouterr().out)
    assert found["034"] == "ok: []"
    assert "the server's key" in found["093"]
    assert "policy" in found["110"]
    assert "before the scenario's beginning" in found["132"]
