"""Bodies of Web Push over HTTP: what a browser's subscription says, and the key it subscribes with. Protocol level."""

from typing import Annotated, Literal

from msgspec import Meta

from server.protocol.messages import BellIdText, Message

Base64Url = Annotated[str, Meta(min_length=16, max_length=128, pattern=r"^[A-Za-z0-9_-]+=*$")]


class PushKey(Message, omit_defaults=False, kw_only=True):
    """The server's public key, for `pushManager.subscribe` (RFC 8292, base64url of an uncompressed P-256 point)."""

    public_key: str


class PushKeys(Message, kw_only=True):
    """The browser's half of the encryption (RFC 8291)."""

    p256dh: Base64Url
    auth: Base64Url


class PushRequest(Message, kw_only=True):
    """Tell this browser what becomes of one bell, also while its page is closed; ends with the bell."""

    bell_id: BellIdText
    endpoint: Annotated[str, Meta(min_length=8, max_length=1024)]
    keys: PushKeys
    lang: Literal["ko", "en"] = "ko"


class PushPayload(Message, omit_defaults=False, kw_only=True):
    """What the service worker is sent, encrypted: a sentence about a bell, and nothing of the rider."""

    title: str
    body: str
    tag: str
    url: str
    lang: str


SCHEMAS = (PushKey, PushRequest)
