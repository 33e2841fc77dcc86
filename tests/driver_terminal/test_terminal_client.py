"""The terminal SDK against a real, scripted server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from driver_terminal.client import TERMINAL_PACE, NoAnswer, TerminalClient
from driver_terminal.display import DisplayedAlert
from driver_terminal.screen import Withheld
from server.core.model import Answer, Reason
from server.protocol.messages import AlertMessage, Refused, TripMessage
from server.protocol.session import LinkStopped, StopReason
from tests.driver_terminal.recording_display import PlainDisplay, RecordingDisplay
from tests.driver_terminal.wire import alert, clear, trip
from tests.rider_client.scripted_server import QUICK, SOON_S, Peer, ScriptedServer, seeded


class Clock:
    """The device's clock, moved by hand."""

    def __init__(self, now_ms: int = 2000) -> None:
        self.now_ms = now_ms

    def __call__(self) -> int:
        return self.now_ms


class Cab:
    """A terminal, its screen and its clock."""

    def __init__(self, server: ScriptedServer, state: Path | None, **options: Any) -> None:
        self.server = server
        self.display = RecordingDisplay()
        self.clock = Clock()
        self.stamps: list[DisplayedAlert] = []
        self.refusals: list[Refused] = []
        self.client = TerminalClient(
            server.url,
            "token",
            "V1",
            display=options.pop("display", self.display),
            state_path=state,
            on_alert=self.stamps.append,
            on_refused=self.refusals.append,
            pace=options.pop("pace", QUICK),
            rng=seeded(),
            now_ms=self.clock,
            **options,
        )

    async def met(self, **welcome: Any) -> Peer:
        """Let the next connection be welcomed."""
        peer = await self.server.peer()
        welcome = {"trip": None, "alerts": [], "server_at_ms": self.clock.now_ms} | welcome
        if welcome.get("recovered"):
            del welcome["trip"], welcome["alerts"]
        await peer.welcome(**welcome)
        await self.client.connected()
        return peer


@asynccontextmanager
async def cab(server: ScriptedServer, state: Path | None = None, **options: Any) -> AsyncIterator[Cab]:
    """A cab whose terminal runs until the block ends."""
    one = Cab(server, state, **options)
    async with asyncio.timeout(SOON_S * 2), one.client:
        yield one


async def send(peer: Peer, frame: dict[str, Any]) -> None:
    """Send a frame and wait until the terminal has dealt with it."""
    fields = dict(frame)
    await peer.send(fields.pop("type"), **fields)
    await peer.acked(frame["seq"])


class TestSigningOn:
    async def test_by_trip(self, server: ScriptedServer) -> None:
        async with cab(server) as c:
            peer = await c.met()
            signing = asyncio.create_task(c.client.sign_on(trip_id="T1", start_date="20260301"))
            request = await peer.receive("sign_on")
            assert (request["trip_id"], request["start_date"]) == ("T1", "20260301")
            await send(peer, trip(1))
            answer = await signing
            assert isinstance(answer, TripMessage)
            assert c.client.trip is not None
            assert c.client.trip.trip_id == "T1"

    async def test_an_unanswered_sign_on_is_said_again(self, server: ScriptedServer) -> None:
        async with cab(server) as c:
            signing = asyncio.create_task(c.client.sign_on(route_id="R1", direction_id=0))
            peer = await c.met()
            first = await peer.receive("sign_on")
            peer.abort()
            peer = await c.met()
            assert await peer.receive("sign_on") == first
            await send(peer, trip(1))
            assert isinstance(await signing, TripMessage)

    async def test_a_server_that_forgot_is_told_again(self, server: ScriptedServer) -> None:
        async with cab(server) as c:
            peer = await c.met()
            signing = asyncio.create_task(c.client.sign_on(trip_id="T1"))
            await peer.receive("sign_on")
            await send(peer, trip(1))
            await signing
            peer.abort()
            peer = await c.met(epoch="e2")
            assert (await peer.receive("sign_on"))["trip_id"] == "T1"

    async def test_a_server_that_knows_is_not_told_again(self, server: ScriptedServer) -> None:
        async with cab(server) as c:
            peer = await c.met()
            signing = asyncio.create_task(c.client.sign_on(trip_id="T1"))
            await peer.receive("sign_on")
            await send(peer, trip(1))
            await signing
            peer.abort()
            peer = await c.met(seq=1, recovered=True)
            peer.abort()
            second = await c.met(epoch="e2", seq=5, trip=trip(5, "T2"))
            c.client.fix(lat=37.0, lon=127.0)
            await second.receive("fix")
            said = [frame["type"] for frame in (*peer.unread(), *second.unread())]
            assert "sign_on" not in said
            assert c.client.trip is not None
            assert c.client.trip.trip_id == "T2"

    async def test_a_refused_sign_on_is_a_value(self, server: ScriptedServer) -> None:
        async with cab(server) as c:
            peer = await c.met()
            signing = asyncio.create_task(c.client.sign_on(trip_id="T9"))
            request = await peer.receive("sign_on")
            await peer.send("refused", ref=request["ref"], reason="unknown_trip", message="no such trip")
            answer = await signing
            assert isinstance(answer, Refused)
            assert answer.reason is Reason.UNKNOWN_TRIP

    async def test_off(self, server: ScriptedServer) -> None:
        async with cab(server) as c:
            peer = await c.met(seq=1, trip=trip(1))
            signing = asyncio.create_task(c.client.sign_off())
            await peer.receive("sign_off")
            await send(peer, trip(2, "", route_id="", stops=0))
            assert isinstance(await signing, TripMessage)
            assert c.client.trip is None

    async def test_no_answer_is_said_and_another_takes_its_place(self, server: ScriptedServer) -> None:
        async with cab(server) as c:
            with pytest.raises(NoAnswer, match=r"no answer to the sign-on of V1 within 0.02 s"):
                await c.client.sign_on(trip_id="T1", timeout_s=0.02)
            first = asyncio.create_task(c.client.sign_on(trip_id="T2"))
            await asyncio.sleep(0)
            second = asyncio.create_task(c.client.sign_on(trip_id="T3"))
            with pytest.raises(NoAnswer, match="took the place"):
                await first
            peer = await c.met()
            assert (await peer.receive("sign_on"))["trip_id"] == "T3"
            await send(peer, trip(1, "T3"))
            await second

    async def test_the_trip_that_runs_already_needs_no_question(self, server: ScriptedServer) -> None:
        async with cab(server) as c:
            await c.met(seq=1, trip=trip(1))
            assert isinstance(await c.client.sign_on(trip_id="T1"), TripMessage)


class TestFixes:
    async def test_numbered_by_boot_and_only_the_newest_waits(self, server: ScriptedServer) -> None:
        async with cab(server) as c:
            for i in range(5):
                c.client.fix(lat=37.0 + i / 1000, lon=127.0, along_m=10.0)
            peer = await c.met()
            fix = await peer.receive("fix")
            assert fix["n"] == 5
            assert fix["lat"] == pytest.approx(37.004)
            assert "along_m" not in fix
            assert c.client.fixes_overtaken == 4
            c.client.fix(lat=37.1, lon=127.0, at_ms=77)
            fix = await peer.receive("fix")
            assert (fix["n"], fix["at_ms"]) == (6, 77)

    async def test_an_unsent_fix_waits_for_the_link(self, server: ScriptedServer) -> None:
        async with cab(server) as c:
            peer = await c.met()
            peer.abort()
            await c.display.until(lambda: c.display.off is True)
            c.client.fix(lat=37.0, lon=127.0)
            c.client.fix(lat=37.5, lon=127.0)
            peer = await c.met(recovered=True)
            assert (await peer.receive("fix"))["lat"] == 37.5
            assert c.client.fixes_sent == 1


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


class TestBellOff:
    async def test_from_the_start_until_the_welcome_and_whenever_the_link_is_down(self, server: ScriptedServer) -> None:
        async with cab(server) as c:
            assert c.display.of("bell_off") == ["True"]
            peer = await c.met()
            assert c.display.of("bell_off") == ["True", "False"]
            peer.abort()
            await c.display.until(lambda: c.display.off is True)
            await c.met(recovered=True)
            assert c.display.of("bell_off") == ["True", "False", "True", "False"]
        assert c.display.of("bell_off")[-1] == "True"

    async def test_a_server_that_hangs_is_known_within_the_limit_whatever_its_heartbeat(
        self, server: ScriptedServer
    ) -> None:
        """The real limit is 4.5 s; a tenth of it here, with a heartbeat of a minute."""
        assert TERMINAL_PACE.silence_limit_s < 5.0
        async with cab(server, pace=replace(QUICK, silence_limit_s=0.45)) as c:
            peer = await c.met(heartbeat_s=60)
            await asyncio.sleep(1.0)
            assert c.display.off is False, "probes are answered by a healthy server"
            peer.freeze()
            await c.display.until(lambda: c.display.off is True)

    async def test_a_newer_session_stops_this_one(self, server: ScriptedServer) -> None:
        async with cab(server) as c:
            peer = await c.met()
            await peer.close(4409)
            with pytest.raises(LinkStopped) as stopped:
                await c.client.link.stopped()
            assert stopped.value.reason is StopReason.SUPERSEDED
            assert c.display.off is True


class TestAnswers:
    async def test_an_answer_is_said_again_until_the_alert_ends(self, server: ScriptedServer) -> None:
        async with cab(server) as c:
            peer = await c.met(seq=1, trip=trip(1))
            await send(peer, alert(2))
            await c.client.respond("A4", Answer.FULL)
            said = await peer.receive("respond")
            assert (said["alert_id"], said["answer"]) == ("A4", "full")
            peer.abort()
            peer = await c.met(seq=2, recovered=True)
            assert await peer.receive("respond") == said
            await send(peer, clear(3, outcome="moved"))
            peer.abort()
            peer = await c.met(seq=3, recovered=True)
            c.client.fix(lat=37.0, lon=127.0)
            await peer.receive("fix")
            assert all(frame["type"] != "respond" for frame in peer.unread())

    async def test_a_refused_answer_is_heard_and_not_repeated(self, server: ScriptedServer) -> None:
        async with cab(server) as c:
            peer = await c.met(seq=1, trip=trip(1))
            await send(peer, alert(2))
            await c.client.respond("A4", Answer.CANNOT_STOP, reason="blocked")
            said = await peer.receive("respond")
            await peer.send("refused", ref=said["ref"], reason="moving", message="정차 후에 눌러 주세요.")
            await send(peer, alert(3, boarding=2))
            assert [refused.reason for refused in c.refusals] == [Reason.MOVING]
            peer.abort()
            peer = await c.met(seq=3, recovered=True)
            c.client.fix(lat=37.0, lon=127.0)
            await peer.receive("fix")
            assert all(frame["type"] != "respond" for frame in peer.unread())

    async def test_only_what_is_on_the_screen_can_be_answered(self, server: ScriptedServer) -> None:
        async with cab(server) as c:
            with pytest.raises(ValueError, match="A9 is not on the screen"):
                await c.client.respond("A9", Answer.OK)
