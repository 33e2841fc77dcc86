"""Fetches a GTFS-realtime feed again and again over HTTP, politely. Beside the protocol; I/O, but knows no message.

Polite: it asks only for what changed (ETag, Last-Modified), waits longer and at random after failures, obeys
Retry-After, and never has more than one request open. Careful: every wait and every answer's size is bounded.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import assert_never

import httpx

log = logging.getLogger(__name__)

MAX_BYTES = 32 * 2**20
"""Largest answer taken. A vehicle is some 100 bytes: the largest feeds known, of 20,000 vehicles, are under 4 MB."""

TIMEOUT_S = 10.0
"""For one whole answer, to the last byte: later than that the positions are stale anyway."""

MAX_WAIT_S = 300.0
"""Longest wait after failures, whatever Retry-After says: a feed that is back is noticed within five minutes."""

JITTER = 0.1
"""Share of the period by which polls are shifted at random, so that many pollers do not strike together."""

Take = Callable[[bytes], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Fetched:
    """A new message."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The feed says that nothing is new."""


@dataclass(frozen=True, slots=True)
class Failed:
    """No message, and why. `retry_after_s`: what the server asked us to wait."""

    detail: str
    retry_after_s: float | None = None


@dataclass(slots=True)
class FeedSource:
    """One feed's address, and what its server said of the message that we hold."""

    url: str
    max_bytes: int = MAX_BYTES
    timeout_s: float = TIMEOUT_S
    _validators: dict[str, str] = field(default_factory=dict)

    async def fetch(self, client: httpx.AsyncClient) -> Fetched | Unchanged | Failed:
        """Ask once; whatever goes wrong is a `Failed`, and leaves it to the next time to get the whole message."""
        try:
            async with (
                asyncio.timeout(self.timeout_s),
                client.stream("GET", self.url, headers=self._validators) as answer,
            ):
                return await self._read(answer)
        except TimeoutError:
            return Failed(f"no whole answer within {self.timeout_s:g} s")
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            return Failed(str(error) or type(error).__name__)

    async def _read(self, answer: httpx.Response) -> Fetched | Unchanged | Failed:
        if answer.status_code == httpx.codes.NOT_MODIFIED:
            return Unchanged()
        if answer.status_code != httpx.codes.OK:
            status = f"status {answer.status_code} {answer.reason_phrase}".rstrip()
            return Failed(status, _retry_after_s(answer.headers.get("retry-after")))
        data = bytearray()
        async for chunk in answer.aiter_bytes():
            data += chunk
            if len(data) > self.max_bytes:
                return Failed(f"the answer is larger than {self.max_bytes} bytes")
        self._remember(answer.headers)
        return Fetched(bytes(data))

    def _remember(self, headers: httpx.Headers) -> None:
        pairs = (("If-None-Match", headers.get("etag")), ("If-Modified-Since", headers.get("last-modified")))
        self._validators = {name: value for name, value in pairs if value}


async def poll(
    url: str,
    take: Take,
    *,
    period_s: float,
    max_bytes: int = MAX_BYTES,
    timeout_s: float = TIMEOUT_S,
    rng: random.Random | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Fetch `url` about every `period_s` seconds and hand each new message to `take`, until cancelled.

    One message at a time: the next request waits until `take` is through with the last. An exception of `take` ends
    the poll. `rng` and `sleep` are where chance and time come from.
    """
    chance = rng or random.Random()
    source = FeedSource(url, max_bytes=max_bytes, timeout_s=timeout_s)
    failures = 0
    async with httpx.AsyncClient(follow_redirects=True, max_redirects=5, timeout=timeout_s) as client:
        while True:
            found = await source.fetch(client)
            match found:
                case Fetched(data):
                    failures = _well(url, failures)
                    await take(data)
                    await sleep(_jittered(period_s, chance))
                case Unchanged():
                    failures = _well(url, failures)
                    await sleep(_jittered(period_s, chance))
                case Failed(detail, retry_after_s):
                    failures += 1
                    wait_s = _wait_s(failures, retry_after_s, period_s, chance)
                    log.warning("feed %s: %s (failure %d); next try in %.1f s", url, detail, failures, wait_s)
                    await sleep(wait_s)
                case _:
                    assert_never(found)


def _well(url: str, failures: int) -> int:
    if failures:
        log.info("feed %s: answers again after %d failures", url, failures)
    return 0


def _jittered(period_s: float, chance: random.Random) -> float:
    return period_s * chance.uniform(1 - JITTER, 1 + JITTER)


def _wait_s(failures: int, retry_after_s: float | None, period_s: float, chance: random.Random) -> float:
    """Seconds to wait: at least a period, then anywhere up to twice as long for each failure, or as long as asked."""
    ceiling_s = min(MAX_WAIT_S, period_s * 2.0 ** min(failures, 16))
    wait_s = chance.uniform(min(period_s, ceiling_s), ceiling_s)
    return min(MAX_WAIT_S, max(wait_s, retry_after_s or 0.0))


def _retry_after_s(text: str | None) -> float | None:
    """Seconds of a Retry-After; its other form, a date, is left to the back-off."""
    return float(text) if text is not None and text.isascii() and text.isdecimal() and len(text) < 10 else None
