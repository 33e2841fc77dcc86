"""The asyncio link under a session: doors that stay shut, slow listeners, stuck writes, and how it ends."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from server.protocol.link import Link
from server.protocol.messages import Cancel, ToRider, Welcome
from server.protocol.session import LinkStopped, Pace, Session, StopReason
from tests.rider_client.scripted_server import QUICK, SOON_S, ScriptedServer, listening, scripted_server, settled


class Ears:
    """A listener that writes down what it hears, and takes its time if told to."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.news = asyncio.Event()
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()

    async def welcomed(self, welcome: Welcome, *, resumed: bool) -> None:
        self._note(f"welcome {welcome.epoch} {resumed}")

    async def delivered(self, message: ToRider, *, again: bool) -> None:
        await self.may_go_on.wait()
        self._note(f"{type(message).__name__} {again}")

    async def went_down(self) -> None:
        self._note("down")

    async def until(self, count: int) -> None:
        async with asyncio.timeout(SOON_S):
            while len(self.heard) < count:
                self.news.clear()
                await self.news.wait()

    def _note(self, what: str) -> None:
        self.heard.append(what)
        self.news.set()


def link_to(url: str, ears: Ears, *, pace: Pace = QUICK) -> Link[ToRider]:
    session: Session[ToRider] = Session(
        ToRider,  # type: ignore[arg-type]  # a union is a type to msgspec, not to mypy
        rng=random.Random(1),
        pace=pace,
    )
    return Link(url.replace("http", "ws"), "token", session, ears)


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with scripted_server() as running:
        yield running


@asynccontextmanager
async def door(*answers: HTTPStatus) -> AsyncIterator[tuple[str, list[HTTPStatus]]]:
    """A server that answers upgrades with these statuses, one each, and then lets in."""
    given: list[HTTPStatus] = []

    def decide(connection: ServerConnection, request: Request) -> Response | None:
        if len(given) == len(answers):
            return None
        given.append(answers[len(given)])
        return connection.respond(given[-1], "no\n")

    async def hold(connection: ServerConnection) -> None:
        await connection.wait_closed()

    async with serve(hold, "127.0.0.1", 0, process_request=decide, close_timeout=0.2) as running:
        port = next(iter(running.sockets)).getsockname()[1]
        yield f"ws://127.0.0.1:{port}", given
        await settled()
    await settled()


@pytest.mark.parametrize(
    ("status", "reason"),
    [(HTTPStatus.UNAUTHORIZED, StopReason.NOT_AUTHENTICATED), (HTTPStatus.FORBIDDEN, StopReason.FORBIDDEN)],
)
async def test_a_door_that_says_who_are_you(status: HTTPStatus, reason: StopReason) -> None:
    async with door(status) as (url, given), link_to(url, Ears()) as link:
        with pytest.raises(LinkStopped) as stopped:
            await link.stopped()
        assert stopped.value.reason is reason
        assert given == [status]


async def test_a_door_that_says_not_now_is_tried_again() -> None:
    closed = (
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.BAD_GATEWAY,
    )
    async with door(*closed) as (url, given), link_to(url, Ears()):
        async with asyncio.timeout(SOON_S):
            while len(given) < len(closed):  # noqa: ASYNC110 - the server's own list has no event
                await asyncio.sleep(0.01)


async def test_a_server_that_speaks_no_websocket() -> None:
    async def serve_nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"220 mail.example ESMTP\r\n")
        await writer.drain()

    async with listening(serve_nonsense) as port, link_to(f"ws://127.0.0.1:{port}", Ears()) as link:
        with pytest.raises(TimeoutError):
            await link.wait(asyncio.Event().wait(), timeout_s=0.1)
        assert not link.live


async def test_a_slow_listener_is_not_taken_for_a_dead_link(server: ScriptedServer) -> None:
    """The next frame waits until the last is dealt with; a healthy server answers probes meanwhile."""
    ears = Ears()
    async with link_to(server.url, ears, pace=Pace(first_backoff_s=0.01, silence_limit_s=0.4)):
        peer = await server.peer()
        await peer.welcome(bells=[])
        await ears.until(1)
        ears.may_go_on.clear()
        await peer.send("arrivals", stop_id="S1", at_ms=1, buses=[])
        await peer.send("arrivals", stop_id="S1", at_ms=2, buses=[])
        await asyncio.sleep(1.0)
        ears.may_go_on.set()
        await ears.until(3)
        assert ears.heard == ["welcome e1 False", "Arrivals False", "Arrivals False"]


async def test_a_server_that_takes_no_more_bytes_is_cut(server: ScriptedServer) -> None:
    """`send` waits for room, never queues; a link whose bytes do not get through is dead, and `send` says so."""
    ears = Ears()
    async with link_to(server.url, ears, pace=Pace(first_backoff_s=0.01, silence_limit_s=0.4)) as link:
        peer = await server.peer()
        await peer.welcome(bells=[])
        await ears.until(1)
        peer.freeze()
        async with asyncio.timeout(SOON_S):
            while await link.send(Cancel(bell_id="x" * 60_000)):
                pass
        await ears.until(2)
        assert ears.heard == ["welcome e1 False", "down"]


async def test_nothing_is_sent_before_the_welcome(server: ScriptedServer) -> None:
    async with link_to(server.url, Ears()) as link:
        await server.peer()
        assert not await link.send(Cancel(bell_id="bell-0001"))


async def test_something_beside_the_link_fails(server: ScriptedServer) -> None:
    async def story() -> None:
        async with link_to(server.url, Ears()) as link:
            await server.peer()
            link.break_off(OSError("the screen is gone"))
            await link.stopped()

    with pytest.raises(OSError, match="the screen is gone"):
        await story()
