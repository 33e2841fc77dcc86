"""The rider SDK against a real, scripted server."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from rider_client.bell import BellLost, RiderBell
from rider_client.client import NoAnswer, RiderClient
from server.core.model import BellKind, BellState, Need, Reason
from server.protocol.link import socket_url
from server.protocol.messages import PresenceClaim, Refused
from server.protocol.session import LinkStopped, StopReason
from tests.rider_client.scripted_server import QUICK, SOON_S, Frame, ScriptedServer, seeded


@asynccontextmanager
async def rider(server: ScriptedServer, **options: Any) -> AsyncIterator[RiderClient]:
    async with (
        asyncio.timeout(SOON_S * 2),
        RiderClient(server.url, options.pop("token", "token"), pace=QUICK, rng=seeded(), **options) as client,
    ):
        yield client


def bell(seq: int, bell_id: str, state: str, **more: Any) -> Frame:
    return {
        "seq": seq,
        "bell_id": bell_id,
        "kind": "board",
        "state": state,
        "stop_id": "S1",
        "stop_sequence": 3,
        "route_id": "R1",
        "attempt": 1,
        "at_ms": 1000 + seq,
    } | more


def accepted(answer: RiderBell | Refused) -> RiderBell:
    assert isinstance(answer, RiderBell)
    return answer


class TestRinging:
    async def test_a_ring_is_followed_to_its_end(self, server: ScriptedServer) -> None:
        async with rider(server, lang="en") as client:
            ringing = asyncio.create_task(
                client.ring(
                    stop_id="S1",
                    route_id="R1",
                    direction_id=0,
                    needs=[Need.WHEELCHAIR],
                    presence=PresenceClaim(lat=37.0, lon=127.0, accuracy_m=8.0),
                )
            )
            peer = await server.peer()
            assert peer.hello == {"type": "hello", "token": "token", "lang": "en"}
            await peer.welcome(bells=[])
            ring = await peer.receive("ring")
            assert ring["stop_id"] == "S1"
            assert ring["kind"] == "board"
            assert ring["needs"] == ["wheelchair"]
            assert ring["presence"] == {"lat": 37.0, "lon": 127.0, "accuracy_m": 8.0}
            for seq, state in enumerate(["waiting", "assigned", "shown", "arrived", "served"], 1):
                await peer.send("bell", **bell(seq, ring["bell_id"], state))
            answer = accepted(await ringing)
            states = [message.state async for message in answer.states()]
            assert states == ["waiting", "assigned", "shown", "arrived", "served"]
            assert (await answer.end()).state is BellState.SERVED
            await peer.acked(5)

    async def test_a_refused_ring_is_a_value(self, server: ScriptedServer) -> None:
        async with rider(server) as client:
            ringing = asyncio.create_task(client.ring(stop_id="S1", route_id="R1"))
            peer = await server.peer()
            await peer.welcome(bells=[])
            ring = await peer.receive("ring")
            await peer.send("refused", ref=ring["bell_id"], reason="not_at_stop", message="정류장에서 너무 멀어요.")
            answer = await ringing
            assert isinstance(answer, Refused)
            assert answer.reason is Reason.NOT_AT_STOP
            assert not client.bells

    async def test_an_unanswered_ring_is_said_again_with_the_same_id_after_each_break(
        self, server: ScriptedServer
    ) -> None:
        async with rider(server) as client:
            ringing = asyncio.create_task(client.ring(stop_id="S1", route_id="R1"))
            ids = set()
            for _ in range(3):
                peer = await server.peer()
                await peer.welcome(bells=[])
                ids.add((await peer.receive("ring"))["bell_id"])
                peer.abort()
            peer = await server.peer()
            await peer.welcome(bells=[])
            ids.add((await peer.receive("ring"))["bell_id"])
            assert len(ids) == 1
            await peer.send("bell", **bell(1, ids.pop(), "waiting"))
            assert accepted(await ringing).latest.state is BellState.WAITING

    async def test_the_answer_that_was_lost_comes_with_the_resumed_stream(self, server: ScriptedServer) -> None:
        async with rider(server) as client:
            peer = await server.peer()
            await peer.welcome(seq=4, bells=[])
            ringing = asyncio.create_task(client.ring(stop_id="S1", route_id="R1"))
            ring = await peer.receive("ring")
            peer.abort()
            peer = await server.peer()
            assert peer.hello["resume"] == {"epoch": "e1", "seq": 4}
            await peer.welcome(seq=5, recovered=True)
            await peer.send("bell", **bell(5, ring["bell_id"], "assigned"))
            assert accepted(await ringing).latest.state is BellState.ASSIGNED

    async def test_the_answer_may_be_a_repeated_number(self, server: ScriptedServer) -> None:
        """A repeat gets the first answer, number and all."""
        async with rider(server) as client:
            peer = await server.peer()
            await peer.welcome(seq=9, bells=[])
            ringing = asyncio.create_task(client.ring(stop_id="S1", route_id="R1", bell_id="my-own-bell"))
            await peer.receive("ring")
            await peer.send("bell", **bell(7, "my-own-bell", "served"))
            assert accepted(await ringing).ended

    async def test_no_answer_is_said_clearly(self, server: ScriptedServer) -> None:
        async with rider(server) as client:
            with pytest.raises(NoAnswer, match=r"no answer to the ring at stop S1 \(bell .*\) within 0.05 s"):
                await client.ring(stop_id="S1", route_id="R1", timeout_s=0.05)

    async def test_an_alighting_ring(self, server: ScriptedServer) -> None:
        async with rider(server) as client:
            peer = await server.peer()
            await peer.welcome(bells=[])
            ringing = asyncio.create_task(client.ring(kind=BellKind.ALIGHT, stop_id="S1", vehicle_id="V1"))
            ring = await peer.receive("ring")
            assert (ring["kind"], ring["vehicle_id"]) == ("alight", "V1")
            await peer.send("bell", **bell(1, ring["bell_id"], "assigned", kind="alight"))
            accepted(await ringing)


class TestCancelling:
    async def test_a_cancel_is_said_again_until_the_bell_ended(self, server: ScriptedServer) -> None:
        async with rider(server) as client:
            peer = await server.peer()
            await peer.welcome(seq=1, bells=[bell(1, "bell-0001", "assigned")])
            await client.connected()
            cancelling = asyncio.create_task(client.bells["bell-0001"].cancel())
            await peer.receive("cancel")
            peer.abort()
            peer = await server.peer()
            await peer.welcome(seq=1, recovered=True)
            assert (await peer.receive("cancel"))["bell_id"] == "bell-0001"
            await peer.send("bell", **bell(2, "bell-0001", "cancelled"))
            answer = await cancelling
            assert not isinstance(answer, Refused)
            assert answer.state is BellState.CANCELLED

    async def test_a_cancel_of_an_ended_bell_asks_nobody(self, server: ScriptedServer) -> None:
        async with rider(server) as client:
            peer = await server.peer()
            await peer.welcome(seq=1, bells=[bell(1, "bell-0001", "served")])
            await client.connected()
            answer = await client.cancel("bell-0001")
            assert not isinstance(answer, Refused)
            assert answer.state is BellState.SERVED

    async def test_a_cancel_of_an_unknown_bell_is_refused(self, server: ScriptedServer) -> None:
        async with rider(server) as client:
            peer = await server.peer()
            await peer.welcome(bells=[])
            cancelling = asyncio.create_task(client.cancel("bell-0001"))
            await peer.receive("cancel")
            await peer.send("refused", ref="bell-0001", reason="unknown_bell", message="no such bell")
            answer = await cancelling
            assert isinstance(answer, Refused)


class TestSnapshots:
    async def test_a_new_epoch_replaces_what_was_held(self, server: ScriptedServer) -> None:
        async with rider(server) as client:
            peer = await server.peer()
            await peer.welcome(seq=2, bells=[bell(1, "bell-kept", "assigned"), bell(2, "bell-gone", "assigned")])
            await client.connected()
            kept, gone = client.bells["bell-kept"], client.bells["bell-gone"]
            ending = asyncio.create_task(gone.end())
            await asyncio.sleep(0)
            peer.abort()
            peer = await server.peer()
            await peer.welcome(epoch="e2", seq=8, bells=[bell(8, "bell-kept", "shown", at_ms=5000)])
            with pytest.raises(BellLost, match="ring again"):
                await ending
            assert gone.lost
            await peer.send("bell", **bell(9, "bell-kept", "served", at_ms=6000))
            assert (await kept.end()).state is BellState.SERVED
            assert [m.state async for m in kept.states()] == ["assigned", "shown", "served"]

    async def test_a_gap_makes_the_client_take_a_snapshot_again(self, server: ScriptedServer) -> None:
        async with rider(server) as client:
            peer = await server.peer()
            await peer.welcome(seq=1, bells=[bell(1, "bell-0001", "waiting")])
            await peer.send("bell", **bell(3, "bell-0001", "shown"))
            peer = await server.peer()
            assert "resume" not in peer.hello
            await peer.welcome(seq=3, bells=[bell(3, "bell-0001", "shown")])
            await client.connected()
            async for message in client.bells["bell-0001"].states():
                if message.state is BellState.SHOWN:
                    break

    async def test_old_news_never_goes_back(self, server: ScriptedServer) -> None:
        async with rider(server) as client:
            peer = await server.peer()
            await peer.welcome(seq=5, bells=[bell(5, "bell-0001", "shown")])
            await peer.send("bell", **bell(2, "bell-0001", "waiting"))
            await peer.send("bell", **bell(6, "bell-0001", "served"))
            await peer.acked(6)
            states = [m.state async for m in client.bells["bell-0001"].states()]
            assert states == ["shown", "served"]

    async def test_a_rolled_over_bell_goes_on(self, server: ScriptedServer) -> None:
        async with rider(server) as client:
            peer = await server.peer()
            await peer.welcome(seq=1, bells=[bell(1, "bell-0001", "assigned", vehicle_id="V1")])
            await peer.send("bell", **bell(2, "bell-0001", "passed", vehicle_id="V1"))
            await peer.send("bell", **bell(3, "bell-0001", "assigned", vehicle_id="V2", attempt=2))
            await peer.send("bell", **bell(4, "bell-0001", "served", vehicle_id="V2", attempt=2))
            await peer.acked(4)
            told = [(m.state, m.attempt) async for m in client.bells["bell-0001"].states()]
            assert told == [("assigned", 1), ("passed", 1), ("assigned", 2), ("served", 2)]


class TestWatching:
    async def test_only_the_newest_picture_is_kept_and_asked_for_again(self, server: ScriptedServer) -> None:
        async with rider(server) as client, client.watch("S1") as watch:
            first = asyncio.create_task(anext(watch))
            peer = await server.peer()
            await peer.welcome(bells=[])
            assert (await peer.receive("watch"))["stop_id"] == "S1"
            await peer.send("arrivals", stop_id="S1", at_ms=1, buses=[])
            assert (await first).at_ms == 1
            peer.abort()
            peer = await server.peer()
            await peer.welcome(bells=[])
            await peer.receive("watch")
            for at_ms in range(2, 10):
                await peer.send("arrivals", stop_id="S1", at_ms=at_ms, buses=[])
            await peer.send("bell", **bell(1, "bell-0001", "waiting"))
            await peer.acked(1)
            assert (await anext(watch)).at_ms == 9

    async def test_leaving_says_unwatch(self, server: ScriptedServer) -> None:
        async with rider(server) as client:
            peer = await server.peer()
            await peer.welcome(bells=[])
            async with client.watch("S1") as one, client.watch("S1") as two:
                first, second = asyncio.create_task(anext(one)), asyncio.create_task(anext(two))
                await peer.receive("watch")
                await peer.send("arrivals", stop_id="S1", at_ms=1, buses=[])
                await asyncio.gather(first, second)
            assert (await peer.receive("unwatch"))["stop_id"] == "S1"
            assert all(frame["type"] != "unwatch" for frame in peer.unread())

    async def test_a_refused_watch_ends_and_says_why(self, server: ScriptedServer) -> None:
        async with rider(server) as client, client.watch("nowhere") as watch:
            asking = asyncio.create_task(anext(watch, None))
            peer = await server.peer()
            await peer.welcome(bells=[])
            await peer.receive("watch")
            await peer.send("refused", ref="nowhere", reason="unknown_stop", message="no such stop")
            assert await asking is None
            assert watch.refused is not None
            assert watch.refused.reason is Reason.UNKNOWN_STOP


class TestTheLink:
    @pytest.mark.parametrize(
        ("code", "reason"),
        [
            (4401, StopReason.NOT_AUTHENTICATED),
            (4403, StopReason.FORBIDDEN),
            (4409, StopReason.SUPERSEDED),
        ],
    )
    async def test_a_final_close_reaches_everyone_who_waits(
        self, server: ScriptedServer, code: int, reason: StopReason
    ) -> None:
        async with rider(server) as client:
            ringing = asyncio.create_task(client.ring(stop_id="S1", route_id="R1"))
            peer = await server.peer()
            await peer.close(code)
            with pytest.raises(LinkStopped) as stopped:
                await ringing
            assert stopped.value.reason is reason
            with pytest.raises(LinkStopped):
                await client.ring(stop_id="S1", route_id="R1")
            assert server.nobody_came()

    @pytest.mark.parametrize("code", [1000, 1001, 1009, 1011, 1012, 4400, 4408, 4429])
    async def test_any_other_close_is_survived(self, server: ScriptedServer, code: int) -> None:
        async with rider(server) as client:
            peer = await server.peer()
            await peer.welcome(bells=[])
            await peer.close(code)
            peer = await server.peer()
            await peer.welcome(bells=[])
            await client.connected()

    async def test_a_drain_is_honoured(self, server: ScriptedServer) -> None:
        async with rider(server) as client:
            peer = await server.peer()
            await peer.welcome(bells=[])
            await client.connected()
            loop = asyncio.get_running_loop()
            began_s = loop.time()
            await peer.send("drain", reconnect_in_ms=80)
            await peer.close(1012)
            await server.peer()
            assert loop.time() - began_s >= 0.08

    async def test_each_connection_gets_a_fresh_token(self, server: ScriptedServer) -> None:
        tokens = iter(["stale", "fresh"])

        async def provide() -> str:
            return next(tokens)

        async with rider(server, token=provide) as client:
            peer = await server.peer()
            assert peer.hello["token"] == "stale"
            await peer.close(4401)
            peer = await server.peer()
            assert peer.hello["token"] == "fresh"
            await peer.welcome(bells=[])
            await client.connected()

    async def test_a_token_provider_that_cannot_now_is_asked_again(self, server: ScriptedServer) -> None:
        answers: Iterator[str | Exception] = iter([ConnectionError("no network"), "token"])

        async def provide() -> str:
            answer = next(answers)
            if isinstance(answer, Exception):
                raise answer
            return answer

        async with rider(server, token=provide):
            assert (await server.peer()).hello["token"] == "token"

    async def test_beats_are_said_when_silent(self, server: ScriptedServer) -> None:
        async with rider(server):
            peer = await server.peer()
            await peer.welcome(heartbeat_s=1, bells=[])
            await peer.receive("beat")

    async def test_a_frozen_server_is_noticed(self, server: ScriptedServer) -> None:
        async with rider(server) as client:
            peer = await server.peer()
            await peer.welcome(heartbeat_s=1, bells=[])
            await client.connected()
            peer.freeze()
            assert "resume" in (await server.peer()).hello

    async def test_strange_frames_do_no_harm(self, server: ScriptedServer) -> None:
        heard: list[Refused] = []
        async with rider(server, on_refused=heard.append) as client:
            peer = await server.peer()
            await peer.welcome(bells=[])
            await peer.send("hologram", seq=1, of="the future")
            await peer.send("bell", seq=2)
            await peer.send("refused", reason="busy", message="later")
            await peer.send("refused", ref="nobody", reason="busy", message="later")
            await peer.send("bell", **bell(3, "bell-0001", "waiting"))
            await peer.acked(3)
            assert set(client.bells) == {"bell-0001"}
            assert len(heard) == 2

    async def test_waiting_for_a_closed_client_ends(self, server: ScriptedServer) -> None:
        async with rider(server) as client:
            peer = await server.peer()
            await peer.welcome(seq=1, bells=[bell(1, "bell-0001", "waiting")])
            await client.connected()
            ending = asyncio.create_task(client.bells["bell-0001"].end())
            await asyncio.sleep(0)
        with pytest.raises(LinkStopped, match="closed"):
            await ending

    async def test_a_server_that_is_not_there_yet(self) -> None:
        async with RiderClient("http://127.0.0.1:9", "token", pace=QUICK) as client:
            with pytest.raises(TimeoutError):
                await client.connected(timeout_s=0.05)

    async def test_outside_async_with_is_said(self, server: ScriptedServer) -> None:
        client = RiderClient(server.url, "token")
        with pytest.raises(RuntimeError, match="async with"):
            await client.ring(stop_id="S1")


@pytest.mark.parametrize(
    ("url", "socket"),
    [
        ("http://127.0.0.1:8080", "ws://127.0.0.1:8080/v1/ws/rider"),
        ("https://bell.example/", "wss://bell.example/v1/ws/rider"),
        ("wss://bell.example/other/ws", "wss://bell.example/other/ws"),
    ],
)
def test_addresses(url: str, socket: str) -> None:
    assert socket_url(url, "rider") == socket


@pytest.mark.parametrize("url", ["bell.example", "ftp://bell.example", "http://"])
def test_what_is_no_address_is_said(url: str) -> None:
    with pytest.raises(ValueError, match="is not a server's address"):
        socket_url(url, "rider")
