"""A link that is closed at the very moment at which its connection breaks ends all the same, and leaves nothing behind."""

import asyncio

import pytest

from tests.rider_client.scripted_server import SOON_S, ScriptedServer, scripted_server
from tests.server.protocol.test_client_link import Ears, link_to

TURNS = 40
"""Turns of the event loop between the break and the end: more than the link needs to notice and tidy up."""


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def live_link(server: ScriptedServer, ears: Ears) -> tuple[asyncio.Task[None], asyncio.Event]:
    """A link that is live inside its `async with`; set the event, and it leaves."""
    leave = asyncio.Event()

    async def stay() -> None:
        async with link_to(server.url, ears):
            await leave.wait()

    staying = asyncio.create_task(stay())
    peer = await server.peer()
    await peer.welcome(bells=[])
    await ears.until(1)
    peer.abort()
    return staying, leave


@pytest.mark.parametrize("by", ["leaving", "cancel"])
async def test_the_end_and_a_break_at_once(by: str) -> None:
    async with scripted_server() as server:
        for count in range(TURNS):
            ears = Ears()
            staying, leave = await live_link(server, ears)
            await turns(count)
            if by == "leaving":
                leave.set()
            else:
                staying.cancel()
            done, _ = await asyncio.wait({staying}, timeout=SOON_S)
            assert done, f"the link did not end {count} turns after its connection broke"
            assert staying.cancelled() == (by == "cancel")
            assert ears.heard[-1] == "down"


async def test_whoever_is_cancelled_while_leaving_stays_cancelled() -> None:
    async with scripted_server() as server:
        for count in range(TURNS):
            staying, leave = await live_link(server, Ears())
            leave.set()
            await turns(count)
            before = staying.done()
            staying.cancel()
            done, _ = await asyncio.wait({staying}, timeout=SOON_S)
            assert done
            assert staying.cancelled() or before
