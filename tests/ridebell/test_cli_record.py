"""`ridebell record` against a real server: start, wait, stop, fetch; list; and a no in one sentence."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ridebell.cli import run
from server.protocol.recording import read_lines
from tests.e2e.real_server import RealServer, ServerPlace, street_feed


@pytest.fixture
def server(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[RealServer]:
    """A server as an operator starts one."""
    street_feed(tmp_path / "street.zip")
    assert run(["import", str(tmp_path / "street.zip"), "--out", str(tmp_path / "street.network")]) == 0
    (tmp_path / "vehicles.json").write_text('{"schema": 1, "vehicles": []}')
    capsys.readouterr()
    place = ServerPlace(tmp_path / "street.network", tmp_path / "vehicles.json", tmp_path / "data")
    with place.serve() as running:
        yield running


def test_record_list_and_fetch(
    server: RealServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    base = ["record", "--url", server.url, "--data", str(server.data)]
    assert run([*base, "--minutes", "0", "--out", "now.jsonl.zst"]) == 0
    assert [json.loads(raw)["type"] for _, raw in read_lines(tmp_path / "now.jsonl.zst")] == ["begin"]
    capsys.readouterr()
    assert run([*base, "--list"]) == 0
    name, state, lines, _ = capsys.readouterr().out.split("\t")
    assert (state, lines) == ("complete", "1")
    assert run([*base, "--get", name]) == 0
    assert (tmp_path / f"{name}.jsonl.zst").read_bytes() == (tmp_path / "now.jsonl.zst").read_bytes()
    assert run([*base, "--get", "nothing"]) == 2
    assert "nothing" in capsys.readouterr().err
    assert not (tmp_path / "nothing.jsonl.zst").exists()


def test_who_asks(server: RealServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("RIDEBELL_TOKEN", raising=False)
    assert run(["record", "--url", server.url]) == 2
    assert "RIDEBELL_TOKEN" in capsys.readouterr().err
    monkeypatch.setenv("RIDEBELL_TOKEN", "not.a.token")
    assert run(["record", "--url", server.url, "--list"]) == 2
    assert "401" in capsys.readouterr().err
    assert run(["record", "--url", "http://127.0.0.1:9", "--list"]) == 2
    assert "127.0.0.1:9" in capsys.readouterr().err
