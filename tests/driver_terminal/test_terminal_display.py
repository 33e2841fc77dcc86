"""What the terminal SDK puts on the screen, against a real, scripted server: once, in order, never for a stop behind."""

import asyncio
from pathlib import Path

import pytest

from driver_terminal.client import TerminalClient
from driver_terminal.screen import Withheld
from server.protocol.messages import AlertMessage
from tests.driver_terminal.cab import Cab, Clock, cab, send
from tests.driver_terminal.recording_display import PlainDisplay, RecordingDisplay
from tests.driver_terminal.wire import alert, clear, trip
from tests.rider_client.scripted_server import QUICK, SOON_S, ScriptedServer


class TestDisplaying:
    async def test_shown_is_said_after_the_display_and_before_the_acknowledgement(self, server: ScriptedServer) -> None:
        async with cab(server) as c:
            peer = await c.met(seq=1, trip=trip(1))
            c.clock.now_ms = 3456
            await send(peer, alert(2))
            assert c.display.of("show") == ["A4 ahead 1+0"]
            frames = [frame["type"] for frame in peer.unread()]
            assert "shown" not in frames, "it came before the acknowledgement, which was waited for"
            (stamps,) = c.stamps
            assert (stamps.received_ms, stamps.displayed_ms) == (3456, 3456)
            assert stamps.decided_to_displayed_ms == 3456 - 1002
            assert [one.alert_id for one in c.client.alerts] == ["A4"]

    async def test_the_server_hears_shown(self, server: ScriptedServer) -> None:
        async with cab(server) as c:
            peer = await c.met(seq=1, trip=trip(1))
            frame = alert(2)
            await peer.send(frame.pop("type"), **frame)
            assert await peer.receive("shown") == {"type": "shown", "alert_id": "A4", "at_ms": 2000}

    async def test_a_changed_alert_replaces_and_a_clear_ends_it(self, server: ScriptedServer) -> None:
        async with cab(server) as c:
            peer = await c.met(seq=1, trip=trip(1))
            await send(peer, alert(2))
            await send(peer, alert(3, boarding=2))
            await send(peer, alert(4, boarding=2, distance_m=120, eta_s=9))
            await send(peer, alert(5, boarding=2, stage="now"))
            await send(peer, alert(6, boarding=1, stage="now"))
            await send(peer, clear(7))
            assert c.display.of("show") == ["A4 ahead 1+0", "A4 ahead 2+0", "A4 now 2+0", "A4 now 1+0"]
            assert c.display.of("clear") == ["A4 served"]
            assert c.client.counts.withheld[Withheld.REPEATED] == 1

    async def test_a_redelivered_alert_is_not_displayed_again(self, server: ScriptedServer) -> None:
        async with cab(server) as c:
            peer = await c.met(seq=1, trip=trip(1))
            await send(peer, alert(2))
            peer.abort()
            peer = await c.met(seq=2, recovered=True)
            fields = alert(2)
            await peer.send(fields.pop("type"), **fields)
            await send(peer, alert(3, stop=5, at_ms=1900))
            assert c.display.of("show") == ["A4 ahead 1+0", "A5 ahead 1+0"]

    async def test_an_older_version_after_a_newer_one_is_not_displayed(self, server: ScriptedServer) -> None:
        """A server that began anew replays an older decision: its clock tells."""
        async with cab(server) as c:
            peer = await c.met(seq=1, trip=trip(1))
            await send(peer, alert(9 - 7, stage="ahead", at_ms=1500))
            await send(peer, alert(3, stage="now", at_ms=1800))
            peer.abort()
            peer = await c.met(epoch="e2", seq=1, trip=trip(1), alerts=[alert(1, stage="ahead", at_ms=1500)])
            await send(peer, alert(2, stop=5, at_ms=1900))
            assert c.display.of("show") == ["A4 ahead 1+0", "A4 now 1+0", "A5 ahead 1+0"]

    async def test_what_the_snapshot_does_not_contain_leaves_the_screen(self, server: ScriptedServer) -> None:
        async with cab(server) as c:
            peer = await c.met(seq=1, trip=trip(1))
            await send(peer, alert(2))
            peer.abort()
            await c.met(epoch="e2", trip=trip(1), alerts=[])
            assert c.display.of("clear") == ["A4 None"]

    async def test_a_screen_that_fails_ends_the_client(self, server: ScriptedServer) -> None:
        class Broken(RecordingDisplay):
            async def show(self, alert: AlertMessage) -> None:
                raise OSError(f"the panel does not answer to {alert.alert_id}")

        async def drive(one: Cab) -> None:
            async with asyncio.timeout(SOON_S), one.client:
                peer = await one.met(seq=1, trip=trip(1))
                fields = alert(2)
                await peer.send(fields.pop("type"), **fields)
                await one.client.link.stopped()

        with pytest.raises(OSError, match="panel does not answer to A4"):
            await drive(Cab(server, None, display=Broken()))


class TestRestarting:
    @pytest.fixture
    def state(self, tmp_path: Path) -> Path:
        return tmp_path / "terminal" / "displayed.sqlite"

    @pytest.fixture
    def damaged(self, tmp_path: Path) -> Path:
        path = tmp_path / "displayed.sqlite"
        path.write_bytes(b"this is no database at all" * 100)
        return path

    async def test_a_new_process_restores_silently_and_shows_only_what_is_new(
        self, server: ScriptedServer, state: Path
    ) -> None:
        async with cab(server, state) as c:
            peer = await c.met(seq=1, trip=trip(1))
            await send(peer, alert(2))
            await send(peer, alert(3, stop=5))
        async with cab(server, state) as c:
            peer = await server.peer()
            assert "resume" not in peer.hello, "a fresh process has nothing to go on from"
            await peer.welcome(
                seq=4, server_at_ms=2000, trip=trip(1), alerts=[alert(4), alert(4, stop=5, boarding=3, at_ms=1990)]
            )
            shown = {(await peer.receive("shown"))["alert_id"] for _ in range(2)}
            assert shown == {"A4", "A5"}, "the server may not have heard it the first time"
            assert c.display.of("restore") == ["A4"]
            assert c.display.of("show") == ["A5 ahead 3+0"]

    async def test_a_display_that_cannot_be_restored_still_shows_nothing_twice(
        self, server: ScriptedServer, state: Path
    ) -> None:
        async with cab(server, state) as c:
            peer = await c.met(seq=1, trip=trip(1))
            await send(peer, alert(2))
        record = RecordingDisplay()
        async with cab(server, state, display=PlainDisplay(record)) as c:
            await c.met(seq=2, trip=trip(1), alerts=[alert(2)])
            assert record.of("show") == []
            assert [one.alert_id for one in c.client.alerts] == ["A4"]

    async def test_the_file_of_another_bus_is_begun_anew(self, server: ScriptedServer, state: Path) -> None:
        async with cab(server, state) as c:
            peer = await c.met(seq=1, trip=trip(1))
            await send(peer, alert(2))
        other = RecordingDisplay()
        async with (
            asyncio.timeout(SOON_S),
            TerminalClient(server.url, "t", "V2", display=other, state_path=state, now_ms=Clock(), pace=QUICK),
        ):
            peer = await server.peer()
            await peer.welcome(seq=2, server_at_ms=2000, trip=trip(1), alerts=[alert(2)])
            await peer.receive("shown")
            assert other.of("show") == ["A4 ahead 1+0"]

    async def test_a_damaged_file_is_begun_anew(self, server: ScriptedServer, damaged: Path) -> None:
        async with cab(server, damaged) as c:
            peer = await c.met(seq=1, trip=trip(1))
            await send(peer, alert(2))
            assert c.display.of("show") == ["A4 ahead 1+0"]


class TestStopsBehind:
    async def test_an_alert_for_a_stop_behind_the_bus_is_never_displayed(self, server: ScriptedServer) -> None:
        async with cab(server) as c:
            peer = await c.met(seq=1, trip=trip(1))
            c.client.fix(lat=37.0, lon=127.0, along_m=2031.0)
            await send(peer, alert(2, stop=4))
            await send(peer, alert(3, stop=5))
            assert c.display.of("show") == ["A5 ahead 1+0"]
            assert c.client.counts.withheld[Withheld.PASSED] == 1
            assert all(frame.get("alert_id") != "A4" for frame in peer.unread())

    async def test_news_from_before_the_link_whose_commit_point_has_passed_is_never_replayed(
        self, server: ScriptedServer
    ) -> None:
        async with cab(server) as c:
            peer = await c.met(seq=1, trip=trip(1))
            c.client.fix(lat=37.0, lon=127.0, along_m=1_940.0, speed_mps=12.0)
            peer.abort()
            late, early = alert(3, stop=4, at_ms=1_000), alert(3, stop=5, at_ms=1_000)
            peer = await c.met(epoch="e2", seq=3, trip=trip(1), alerts=[late, early])
            await send(peer, alert(4, stop=4, at_ms=2_500, boarding=3, stage="now"))
            await send(peer, alert(5, stop=5, at_ms=2_500, boarding=2))
            assert c.display.of("show") == ["A5 ahead 1+0", "A5 ahead 2+0"], "96 m are needed, 60 m are left"
            assert c.client.counts.withheld[Withheld.TOO_LATE] == 2

    async def test_by_odometer_and_the_distance_of_an_earlier_alert(self, server: ScriptedServer) -> None:
        async with cab(server) as c:
            peer = await c.met(seq=1, trip=trip(1))
            c.clock.now_ms = 1_000
            c.client.fix(lat=37.0, lon=127.0, odometer_m=50_000.0)
            await send(peer, alert(2, stop=4, distance_m=300, at_ms=1_000))
            assert c.display.of("show") == ["A4 ahead 1+0"]
            peer.abort()
            await c.display.until(lambda: c.display.off is True)
            c.clock.now_ms = 40_000
            c.client.fix(lat=37.01, lon=127.0, odometer_m=50_329.0)
            await c.display.until(lambda: c.display.off is True)
            assert c.display.of("clear") == [], "29 m past the stop: still in the zone"
            c.clock.now_ms = 41_000
            c.client.fix(lat=37.01, lon=127.0, odometer_m=50_331.0)
            await c.display.until(lambda: c.display.of("clear") == ["A4 None"])
            peer = await c.met(seq=3, recovered=True)
            fields = alert(3, stop=4, stage="now", at_ms=2_000, distance_m=291)
            await peer.send(fields.pop("type"), **fields)
            await peer.acked(3)
            assert c.display.of("show") == ["A4 ahead 1+0"]

    async def test_a_bus_that_does_not_know_where_it_is_trusts_only_fresh_alerts(self, server: ScriptedServer) -> None:
        async with cab(server) as c:
            c.clock.now_ms = 200_000
            peer = await c.met(
                seq=3,
                trip=trip(1),
                alerts=[alert(3, stop=4, at_ms=100_000, eta_s=30), alert(3, stop=5, at_ms=150_000, eta_s=30)],
            )
            await peer.receive("shown")
            assert c.display.of("show") == ["A5 ahead 1+0"]
            assert c.client.counts.withheld[Withheld.OUT_OF_DATE] == 1

    async def test_the_servers_clock_may_be_hours_off(self, server: ScriptedServer) -> None:
        async with cab(server) as c:
            ahead_ms = 7_200_000
            peer = await c.met(seq=1, trip=trip(1), server_at_ms=c.clock.now_ms + ahead_ms)
            await send(peer, alert(2, at_ms=c.clock.now_ms + ahead_ms))
            assert c.display.of("show") == ["A4 ahead 1+0"]
            assert c.stamps[0].decided_to_displayed_ms == 0

    async def test_an_alert_of_another_trip_is_not_displayed(self, server: ScriptedServer) -> None:
        async with cab(server) as c:
            peer = await c.met(seq=1, trip=trip(1))
            await send(peer, alert(2, trip_id="T0"))
            assert c.display.of("show") == []
            assert c.client.counts.withheld[Withheld.OTHER_TRIP] == 1
