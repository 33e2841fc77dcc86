"""Sends one encrypted push to one push service (RFC 8030, 8291, 8292). Web level; needs the extra `push`."""

import asyncio
import functools
import logging
from pathlib import Path

import httpx
from pywebpush import WebPusher, WebPushException

from server.protocol.schema_push import PushRequest
from server.runtime import Runtime
from server.settings import WebSettings
from server.web.pages import page_words
from server.web.push_address import judged
from server.web.push_desk import Outcome, PushDesk, topic_of
from server.web.push_keys import PushKey, push_key

log = logging.getLogger(__name__)

TTL_S = 120
"""A push that could not be delivered within this is thrown away: the bus is gone by then."""
PATIENCE_S = 10.0
TRIES = 2
RETRY_S = 2.0
"""A push service that is busy is asked once more; later the bell has moved on."""
GONE = (404, 410)
"""The browser has ended its subscription (RFC 8030 §7.3)."""


class PushSender:
    """Has one HTTP client for all pushes. `loopback`: also to this machine, for trying things out."""

    def __init__(self, key: PushKey, *, loopback: bool) -> None:
        self.public_key = key.public
        self._key = key
        self._loopback = loopback
        self._http = httpx.AsyncClient(timeout=PATIENCE_S, follow_redirects=False, trust_env=False)

    async def takes(self, endpoint: str) -> bool:
        """Whether pushes may be sent there."""
        return await judged(endpoint, loopback=self._loopback) is not None

    async def send(self, to: PushRequest, payload: bytes) -> Outcome:
        """Encrypt and send; a busy push service is asked once more."""
        try:
            body = await asyncio.to_thread(_sealed, to, payload)
        except (WebPushException, ValueError):
            return Outcome.GONE  # keys that no browser makes: nobody could ever read it
        for attempt in range(TRIES):
            if attempt:
                await asyncio.sleep(RETRY_S)
            status = await self._post(to, body)
            if status in GONE:
                return Outcome.GONE
            if status is not None and 200 <= status < 300:
                return Outcome.SENT
            if status is not None and status < 500 and status != httpx.codes.TOO_MANY_REQUESTS:
                return Outcome.FAILED
        return Outcome.FAILED

    async def _post(self, to: PushRequest, body: bytes) -> int | None:
        address = await judged(to.endpoint, loopback=self._loopback)
        if address is None:
            return GONE[0]
        headers = {
            "host": address.host,
            "authorization": self._key.authorization(address.origin),
            "content-encoding": "aes128gcm",
            "content-type": "application/octet-stream",
            "ttl": str(TTL_S),
            "topic": topic_of(to.bell_id),
            "urgency": "high",
        }
        sni = {"sni_hostname": address.host}
        try:
            async with (
                asyncio.timeout(PATIENCE_S),
                self._http.stream("POST", address.url, content=body, headers=headers, extensions=sni) as answer,
            ):
                return answer.status_code  # of what else it says nothing is read: it may be anybody's server
        except (httpx.HTTPError, TimeoutError) as error:
            log.info("a push service cannot be reached: %s", type(error).__name__)
            return None

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()


def open_desk(runtime: Runtime, settings: WebSettings, data_dir: Path) -> PushDesk:
    """Open the desk with this server's key. Raises SecretError."""
    sender = PushSender(push_key(data_dir, settings.push_contact), loopback=settings.demo)
    return PushDesk(runtime, sender, data_dir, functools.cache(page_words))


def _sealed(to: PushRequest, payload: bytes) -> bytes:
    info = {"endpoint": to.endpoint, "keys": {"p256dh": to.keys.p256dh, "auth": to.keys.auth}}
    body: bytes = WebPusher(info).encode(payload, content_encoding="aes128gcm")["body"]
    return body
