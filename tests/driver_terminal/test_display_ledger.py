"""What the ledger calls news, and that it stays small."""

import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import pytest

from driver_terminal import ledger as ledger_module
from driver_terminal.ledger import DisplayLedger
from server.protocol.messages import AlertMessage
from tests.driver_terminal.wire import alert


def message(seq: int, **more: Any) -> AlertMessage:
    return msgspec.convert(alert(seq, **more), AlertMessage)


def test_news_and_not() -> None:
    with DisplayLedger(None, "V1") as ledger:
        first = message(5)
        assert ledger.is_news(first, epoch="e1")
        ledger.record(first, epoch="e1", displayed_ms=1)
        assert not ledger.is_news(first, epoch="e1")
        assert not ledger.is_news(message(6, distance_m=10, eta_s=1), epoch="e1"), "the driver sees no difference"
        assert ledger.is_news(message(6, boarding=2), epoch="e1")
        assert ledger.is_news(message(6, needs=["wheelchair"]), epoch="e1")
        assert not ledger.is_news(message(4, boarding=2), epoch="e1"), "older than what was shown"


def test_a_cleared_alert_is_news_only_when_decided_again() -> None:
    with DisplayLedger(None, "V1") as ledger:
        ledger.record(message(5, at_ms=50), epoch="e1", displayed_ms=1)
        ledger.record_cleared("A4")
        assert not ledger.is_news(message(7, at_ms=50), epoch="e1"), "a snapshot repeats it"
        assert not ledger.is_news(message(1, at_ms=50), epoch="e2")
        assert ledger.is_news(message(8, at_ms=80), epoch="e1")
        assert ledger.is_news(message(1, at_ms=80), epoch="e2")


def test_another_epoch_goes_by_the_servers_clock() -> None:
    with DisplayLedger(None, "V1") as ledger:
        ledger.record(message(50, at_ms=1000), epoch="e1", displayed_ms=1)
        assert ledger.is_news(message(1, boarding=2, at_ms=1001), epoch="e2")
        assert not ledger.is_news(message(99, boarding=2, at_ms=999), epoch="e2")


def test_it_survives_and_stays_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_module, "KEPT", 10)
    path = tmp_path / "ledger.sqlite"
    with DisplayLedger(path, "V1") as ledger:
        for stop in range(25):
            ledger.record(message(stop + 1, stop=stop), epoch="e1", displayed_ms=stop)
    with DisplayLedger(path, "V1") as ledger:
        kept = [stop for stop in range(25) if ledger.find(f"A{stop}") is not None]
    assert kept == list(range(15, 25))


def test_a_file_of_another_version_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    db = sqlite3.connect(path)
    db.executescript("CREATE TABLE displayed (x); PRAGMA user_version=99;")
    db.close()
    with DisplayLedger(path, "V1") as ledger:
        assert ledger.is_news(message(1), epoch="e1")


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError), DisplayLedger(tmp_path, "V1"):
        pass


def test_outside_with_is_said() -> None:
    with pytest.raises(RuntimeError, match="inside `with`"):
        DisplayLedger(None, "V1").find("A1")
