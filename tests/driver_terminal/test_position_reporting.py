"""From NMEA text to fixes on the wire."""

import asyncio
from pathlib import Path

import pytest

from driver_terminal.client import TerminalClient
from driver_terminal.positions import PositionFeed
from driver_terminal.reporting import report_positions
from tests.driver_terminal.recording_display import RecordingDisplay
from tests.driver_terminal.test_nmea_decoding import GGA, RMC, sentence
from tests.rider_client.scripted_server import QUICK, SOON_S, ScriptedServer


async def test_a_recorded_drive_is_reported(server: ScriptedServer, tmp_path: Path) -> None:
    path = tmp_path / "drive.nmea"
    path.write_bytes(b"".join(sentence(GGA) + sentence(RMC.replace("081530", f"0815{s:02d}")) for s in range(5)))
    async with (
        asyncio.timeout(SOON_S),
        TerminalClient(server.url, "token", "V1", display=RecordingDisplay(), pace=QUICK) as client,
    ):
        await report_positions(PositionFeed(str(path)), client)
        assert client.fixes_overtaken == 4
        peer = await server.peer()
        await peer.welcome(trip=None, alerts=[])
        fix = await peer.receive("fix")
    assert (fix["n"], fix["heading_deg"]) == (5, 84.4)
    assert fix["lat"] == pytest.approx(37.26)
    assert fix["accuracy_m"] == pytest.approx(3.2)
    assert fix["at_ms"] % 60_000 == 4_000
