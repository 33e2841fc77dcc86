"""Headers that keep our pages to themselves. Web level; ASGI middleware."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "content-security-policy": "; ".join(
        (
            "default-src 'self'",
            "base-uri 'none'",
            "object-src 'none'",
            "frame-ancestors 'none'",
            "form-action 'self'",
            "img-src 'self' data:",
        )
    ),
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(self), geolocation=(self), microphone=(), payment=(), usb=()",
}
"""No script or style inline, nothing from elsewhere; a stop's nonce in an address never leaves by `Referer`."""


def headers_with(tiles_url: str) -> Mapping[str, str]:
    """Give the headers; the map's worker may fetch pictures of streets from the host of `tiles_url`, where there is one."""
    if not tiles_url:
        return HEADERS
    place = urlsplit(tiles_url)
    allowed = f"; connect-src 'self' {place.scheme}://{place.netloc}"
    return HEADERS | {"content-security-policy": HEADERS["content-security-policy"] + allowed}


PARTS = frozenset({b"script", b"style", b"image", b"font", b"manifest", b"empty"})
"""What a browser says it makes of an answer (`Sec-Fetch-Dest`) that is no document and no worker of its own."""
OF_A_PART = ("x-content-type-options",)
"""A page's parts live under the page's policy; thirty of them without these headers are 15 KB less on a first visit."""


class SecurityHeaders:
    """Adds the headers to every HTTP answer; to the files that are part of a page only what holds for them."""

    def __init__(self, app: ASGIApp, *, tiles_url: str = "") -> None:
        self._app = app
        self._headers = headers_with(tiles_url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; add to the start of an answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        names = OF_A_PART if _is_part(scope) else tuple(self._headers)

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name in names:
                    headers.setdefault(name, self._headers[name])
            await send(message)

        await self._app(scope, receive, with_headers)


def _is_part(scope: Scope) -> bool:
    asked: list[tuple[bytes, bytes]] = scope["headers"]
    return scope["path"].startswith("/static/") and any(n == b"sec-fetch-dest" and v in PARTS for n, v in asked)
