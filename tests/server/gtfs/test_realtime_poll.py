"""Polling a real HTTP server on this machine: what it is asked, what it is spared, and what it cannot do to us."""

import asyncio
import contextlib
import gzip
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import httpx
import pytest

from server.gtfs.realtime_poll import MAX_WAIT_S, Failed, FeedSource, Fetched, Unchanged, poll


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever this machine's way to the internet is, it is not the way to itself."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def answer(body: bytes = b"", *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


@dataclass
class FeedServer:
    """Answers requests with the given bytes, one after the other, the last for ever; remembers what was asked."""

    answers: list[bytes]
    hold_open: bool = False
    url: str = ""
    asked: list[dict[str, str]] = field(default_factory=list)
    tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        pairs = (line.split(": ", 1) for line in head[1:] if line)
        self.asked.append({name.lower(): value for name, value in pairs})
        with contextlib.suppress(ConnectionError):  # the client may hang up in the middle
            writer.write(self.answers[min(len(self.asked), len(self.answers)) - 1])
            await writer.drain()
            if self.hold_open:
                await reader.read()  # until the client gives up
            writer.close()
            await writer.wait_closed()


@contextlib.asynccontextmanager
async def serving(*answers: bytes, hold_open: bool = False) -> AsyncIterator[FeedServer]:
    feed = FeedServer(list(answers), hold_open)
    async with await asyncio.start_server(feed.handle, "127.0.0.1", 0) as server:
        feed.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/vehicle-positions.pb"
        yield feed
        await asyncio.gather(*feed.tasks)


async def fetch(source: FeedSource, times: int = 1) -> list[Fetched | Unchanged | Failed]:
    async with httpx.AsyncClient() as client:
        return [await source.fetch(client) for _ in range(times)]


async def test_only_what_changed_is_asked_for() -> None:
    first = answer(b"one", 'ETag: "a"', "Last-Modified: Mon, 16 Feb 2026 16:00:00 GMT")
    async with serving(first, answer(status="304 Not Modified"), answer(b"two")) as feed:
        found = await fetch(FeedSource(feed.url), 4)
    assert found == [Fetched(b"one"), Unchanged(), Fetched(b"two"), Fetched(b"two")]
    assert [request.get("if-none-match") for request in feed.asked] == [None, '"a"', '"a"', None]
    assert feed.asked[1]["if-modified-since"] == "Mon, 16 Feb 2026 16:00:00 GMT"


@pytest.mark.parametrize("status", ["404 Not Found", "500 Oops", "204 No Content"])
async def test_any_other_status_is_a_failure(status: str) -> None:
    async with serving(answer(b"<html>", status=status)) as feed:
        assert await fetch(FeedSource(feed.url)) == [Failed(f"status {status}")]


@pytest.mark.parametrize(
    ("said", "seconds"), [("120", 120.0), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("-5", None), ("9" * 30, None)]
)
async def test_a_server_may_ask_for_patience(said: str, seconds: float | None) -> None:
    async with serving(answer(b"", f"Retry-After: {said}", status="503 Busy")) as feed:
        assert await fetch(FeedSource(feed.url)) == [Failed("status 503 Busy", seconds)]


async def test_too_much_is_not_taken_even_when_it_comes_small() -> None:
    bomb = answer(gzip.compress(bytes(5_000_000)), "Content-Encoding: gzip")
    async with serving(answer(bytes(1001)), bomb, answer(bytes(1000))) as feed:
        found = await fetch(FeedSource(feed.url, max_bytes=1000), 3)
    too_large = Failed("the answer is larger than 1000 bytes")
    assert found == [too_large, too_large, Fetched(bytes(1000))]


async def test_an_answer_cut_short_is_a_failure_and_forgets_nothing() -> None:
    cut = answer(b"whole", 'ETag: "b"')[:-3]
    async with serving(answer(b"one", 'ETag: "a"'), cut, answer(b"two")) as feed:
        found = await fetch(FeedSource(feed.url), 3)
    assert [type(one) for one in found] == [Fetched, Failed, Fetched]
    assert feed.asked[2]["if-none-match"] == '"a"'


async def test_an_answer_that_never_ends_is_given_up() -> None:
    async with serving(answer(bytes(10))[:-5], hold_open=True) as feed:
        assert await fetch(FeedSource(feed.url, timeout_s=0.05)) == [Failed("no whole answer within 0.05 s")]


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/feed.pb", "ftp://127.0.0.1/feed.pb", "http://", "no address"])
async def test_an_address_where_nothing_is_is_a_failure_with_words(url: str) -> None:
    (found,) = await fetch(FeedSource(url))
    assert isinstance(found, Failed)
    assert found.detail


class EnoughError(Exception):
    """Ends a poll from within its sleep."""


def sleeps(waited: list[float], times: int) -> Callable[[float], Awaitable[None]]:
    """A sleep that remembers, takes no time, and ends the poll after so many."""

    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == times:
            raise EnoughError

    return sleep


async def test_each_new_message_is_taken_once_and_in_order() -> None:
    taken: list[bytes] = []
    waited: list[float] = []

    async def take(data: bytes) -> None:
        taken.append(data)

    one, same, two = answer(b"one", 'ETag: "a"'), answer(status="304 Not Modified"), answer(b"two")
    async with serving(one, same, answer(status="500 Oops"), two) as feed:
        with pytest.raises(EnoughError):
            await poll(feed.url, take, period_s=10, rng=random.Random(1), sleep=sleeps(waited, 4))
    assert taken == [b"one", b"two"]
    assert all(9 <= waited[n] <= 11 for n in (0, 1, 3))
    assert 10 <= waited[2] <= 20


async def test_waits_grow_with_failures_within_a_bound_and_end_with_success() -> None:
    waited: list[float] = []

    async def take(data: bytes) -> None: ...

    oops = answer(status="500 Oops")
    async with serving(*[oops] * 9, answer(b"well"), oops) as feed:
        with pytest.raises(EnoughError):
            await poll(feed.url, take, period_s=10, rng=random.Random(7), sleep=sleeps(waited, 11))
    for failures, wait_s in enumerate(waited[:9], start=1):
        assert 10 <= wait_s <= min(MAX_WAIT_S, 10 * 2**failures)
    assert len(set(waited)) == len(waited)
    assert 9 <= waited[9] <= 11
    assert 10 <= waited[10] <= 20


async def test_patience_asked_for_is_given_within_a_bound() -> None:
    waited: list[float] = []

    async def take(data: bytes) -> None: ...

    minute, day = (answer(b"", f"Retry-After: {asked}", status="429 Slower") for asked in (60, 86400))
    async with serving(minute, day) as feed:
        with pytest.raises(EnoughError):
            await poll(feed.url, take, period_s=1, rng=random.Random(3), sleep=sleeps(waited, 2))
    assert waited == [60, MAX_WAIT_S]


async def test_a_moved_feed_is_followed() -> None:
    taken: list[bytes] = []

    async def take(data: bytes) -> None:
        taken.append(data)

    moved = answer(b"", "Location: /elsewhere.pb", status="302 Found")
    async with serving(moved, answer(b"here")) as feed:
        with pytest.raises(EnoughError):
            await poll(feed.url, take, period_s=1, rng=random.Random(3), sleep=sleeps([], 1))
    assert taken == [b"here"]
