"""A terminal that is closed while its ledger is being written: what the driver saw is on record, and nothing crashes."""

import asyncio
import threading
from pathlib import Path

import pytest

from driver_terminal.ledger import DisplayLedger
from driver_terminal.screen import Screen
from server.core.model import Stage
from server.protocol.messages import AlertMessage
from tests.driver_terminal.recording_display import RecordingDisplay

ALERT = AlertMessage(
    seq=1, alert_id="a1", trip_id="t1", stop_id="s1", stop_sequence=1, stop_name="시청", stage=Stage.AHEAD,
    boarding=1, alighting=0, needs=[], distance_m=200, eta_s=20, valid_until_along_m=500.0, at_ms=1_000,
)  # fmt: skip


class SlowDisk(DisplayLedger):
    """A ledger on a device that takes its time."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "bus-1")
        self.began = threading.Event()
        self.may_end = threading.Event()

    def record(self, alert: AlertMessage, *, epoch: str, displayed_ms: int) -> None:
        self.began.set()
        assert self.may_end.wait(30)
        super().record(alert, epoch=epoch, displayed_ms=displayed_ms)


async def test_closing_waits_until_what_was_seen_is_on_record(tmp_path: Path) -> None:
    display = RecordingDisplay()
    with SlowDisk(tmp_path / "terminal.sqlite3") as ledger:
        screen = Screen(display, ledger, now_ms=lambda: 1_000)
        taking = asyncio.create_task(screen.take(ALERT, epoch="e1"))
        await asyncio.to_thread(ledger.began.wait, 30)
        taking.cancel()
        for _ in range(10):
            await asyncio.sleep(0)
        assert not taking.done()
        ledger.may_end.set()
        with pytest.raises(asyncio.CancelledError):
            await taking
    assert len(display.of("show")) == 1
    with DisplayLedger(ledger.path, "bus-1") as again:
        assert not again.is_news(ALERT, epoch="e1")
