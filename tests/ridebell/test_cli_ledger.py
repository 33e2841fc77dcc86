"""`ridebell ledger` and `ridebell payments`, as people run them."""

import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from ridebell.cli import run
from server.core.fares.postings import Waiver
from simulator.demo.show import make_town
from tests.server.ledger.ledger_cases import DAY_MS, MORNING_MS, books, price, riding, tapped


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory with a closed day: twenty journeys of one person, one taken back, a card, a conflict."""
    ledger = books(tmp_path)
    for n in range(20):
        ledger.take([riding(f"r{n}", minute=n * 60 * 8)], price, now_ms=MORNING_MS)
    ledger.take([riding("r3", minute=3 * 60 * 8, waiver=Waiver.VOID, revision=2)], price, now_ms=MORNING_MS)
    ledger.take([riding("r3", minute=3 * 60 * 8, km=9)], price, now_ms=MORNING_MS)
    ledger.tap(tapped(2, account="b"), price, now_ms=MORNING_MS)
    ledger.close_days(now_ms=MORNING_MS + DAY_MS)
    ledger.close()
    return tmp_path


def test_verify_prints_a_seal_and_compares_one(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ledger", "verify", "--data", str(data)]) == 0
    found = re.search(r"2026-11-22: ([0-9a-f]{64})", capsys.readouterr().out)
    assert found is not None
    assert run(["ledger", "verify", "--data", str(data), "--seal", f"2026-11-22={found[1]}"]) == 0
    assert run(["ledger", "verify", "--data", str(data), "--seal", "2026-11-22=another"]) == 1
    assert "another seal" in capsys.readouterr().err
    assert run(["ledger", "days", "--data", str(data)]) == 0
    assert found[1] in capsys.readouterr().out


def test_no_ledger_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ledger", "verify", "--data", str(tmp_path)]) == 2
    assert "there is no ledger" in capsys.readouterr().err


def test_balance_and_conflicts(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ledger", "balance", "--data", str(data)]) == 0
    assert capsys.readouterr().out.splitlines()[-1].split() == ["=", "0"]
    assert run(["ledger", "conflicts", "--data", str(data)]) == 0
    told = capsys.readouterr().out
    assert "ride:r3:1" in told
    assert "reader-1: numbers 1 to 1 never came" in told


@pytest.mark.parametrize("table", ["entries.csv", "rides.csv", "fare_transactions.csv"])
def test_tables(data: Path, table: str, capsys: pytest.CaptureFixture[str]) -> None:
    network = make_town(data)
    out = data / "out.csv"
    command = ["ledger", "export", table, "--data", str(data), "--network", str(network), "--out", str(out)]
    assert run(command) == 0
    assert len(out.read_text(encoding="utf-8").splitlines()) > 20
    assert run(["ledger", "export", "x.csv", "--data", str(data), "--network", str(network)]) == 2


def test_a_programme_reports_what_it_gives_back(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    month = ["--data", str(data), "--month", "2026-11"]
    assert run(["ledger", "programme", "k-pass", *month]) == 0
    assert "this class is not in the programme" in capsys.readouterr().out
    assert run(["ledger", "programme", "k-pass", "--class", "general", *month]) == 0
    told = capsys.readouterr().out
    assert "a share of what was paid" in told
    assert "k-pass@1: 1 accounts" in told
    assert run(["ledger", "programme", "cap-example", *month]) == 0
    assert "cap-example@1" in capsys.readouterr().out
    assert run(["ledger", "programme", "k-pass", "--data", str(data), "--month", "soon"]) == 2
    assert "is not a month" in capsys.readouterr().err
    assert run(["ledger", "programme", "none-such", *month]) == 2


def test_the_practice_provider_runs_as_a_process_of_its_own(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "ridebell",
        "payments",
        "--data",
        str(tmp_path),
        "--port",
        "0",
        "--decline",
        "poor",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert "NOT A BANK" in line or "은행 아님" in line
            url = line[line.index("http") :].strip()
            with httpx.Client(base_url=url, trust_env=False) as client:
                order = {"key": "0123456789", "payer": "poor", "won": 5}
                assert client.post("/charges", json=order).json()["state"] == "declined"
                assert client.get("/balances").headers["x-not-a-bank"] == "1"
            assert run(["payments", "--data", str(tmp_path), "--port", url.rsplit(":", 1)[1]]) == 2
        finally:
            process.terminate()
            process.wait(30)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--payments", "http://127.0.0.1:1"], "nothing prices rides"),
        (["--tariff", "kr-capital", "--payments", "ftp://x"], "not the address"),
        (["--tariff", "nowhere"], "nowhere"),
    ],
)
def test_serve_refuses_fares_that_cannot_be(
    tmp_path: Path, more: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["serve", "--network", "x.network", "--data", str(tmp_path), *more]
    assert run(command) == 2
    assert words in capsys.readouterr().err
