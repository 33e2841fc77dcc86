"""Rides of the corpus over real sockets, each on a server of its own: be-in, be-out, and the bell they end."""

import json
from pathlib import Path

import pytest

from ridebell.cli import run

CASES = ("200", "208", "218")


def test_rides_over_sockets(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    only = [word for number in CASES for word in ("--only", number)]
    run(["corpus", str(root / "tests" / "scenarios"), *only, "--serve", "--rate", "20", "--json"])
    found = {verdict["number"]: (verdict["result"], verdict["why"]) for verdict in json.loads(capsys.readouterr().out)}
    assert found == dict.fromkeys(CASES, ("ok", []))
