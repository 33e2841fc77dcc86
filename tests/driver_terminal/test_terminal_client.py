"""The terminal SDK against a real, scripted server: signing on, fixes, a dead link, answers."""

import asyncio
from dataclasses import replace

import pytest

from driver_terminal.client import TERMINAL_PACE, NoAnswer
from server.core.model import Answer, Reason
from server.protocol.messages import Refused, TripMessage
from server.protocol.session import LinkStopped, StopReason
from tests.driver_terminal.cab import cab, send
from tests.driver_terminal.wire import alert, clear, trip
from tests.rider_client.scripted_server import QUICK, ScriptedServer


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
