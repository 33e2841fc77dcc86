"""A push service and a browser of our own: a real HTTP server that checks who sends (VAPID) and opens what it is sent."""

import asyncio
import base64
import contextlib
import json
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import http_ece
import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec


def text_of(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def bytes_of(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Pushed:
    """One message that came in."""

    path: str
    headers: dict[str, str]
    payload: dict[str, Any]


@dataclass
class PushService:
    """Takes pushes for one browser. `status` is what it answers."""

    url: str
    status: int = 201
    came: "asyncio.Queue[Pushed]" = field(default_factory=asyncio.Queue)
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    secret: bytes = field(default_factory=lambda: os.urandom(16))
    server_key: str = ""
    """Which server may send here, as the browser said when it subscribed."""

    def subscription(self, bell_id: str, lang: str = "ko", name: str = "browser") -> dict[str, Any]:
        """What a page sends to `/v1/push`."""
        point = self.key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        keys = {"p256dh": text_of(point), "auth": text_of(self.secret)}
        return {"bell_id": bell_id, "endpoint": f"{self.url}/{name}", "keys": keys, "lang": lang}

    async def next(self) -> Pushed:
        return await asyncio.wait_for(self.came.get(), 10)

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in head[1:] if line)}
        body = await reader.readexactly(int(headers["content-length"]))
        self.check_sender(headers)
        opened = http_ece.decrypt(body, private_key=self.key, auth_secret=self.secret, version="aes128gcm")
        self.came.put_nowait(Pushed(head[0].split()[1], headers, json.loads(opened)))
        writer.write(f"HTTP/1.1 {self.status} x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    def check_sender(self, headers: dict[str, str]) -> None:
        """As RFC 8292 asks of a push service."""
        scheme, _, rest = headers["authorization"].partition(" ")
        parts = dict(part.strip().split("=", 1) for part in rest.split(","))
        assert (scheme, parts["k"]) == ("vapid", self.server_key)
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), bytes_of(parts["k"]))
        claims = jwt.decode(parts["t"], point, algorithms=["ES256"], audience=self.url)
        assert claims["sub"] == "mailto:bell@bus.example"


@contextlib.asynccontextmanager
async def push_service() -> AsyncIterator[PushService]:
    """Run one on this machine until the block ends."""
    service = PushService("")
    server = await asyncio.start_server(service.take, "127.0.0.1", 0)
    service.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield service
