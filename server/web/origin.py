"""Which web pages may talk to us: those from our own host, and those the operator names. Web level; pure."""

from collections.abc import Collection
from urllib.parse import urlsplit


def origin_allowed(origin: str | None, host: str, allowed: Collection[str]) -> bool:
    """Whether a request with this `Origin` may act; native clients send none.

    >>> origin_allowed(None, "bus.example", ()), origin_allowed("https://bus.example", "bus.example", ())
    (True, True)
    >>> origin_allowed("https://evil.example", "bus.example", ()), origin_allowed("null", "bus.example", ())
    (False, False)
    >>> origin_allowed("https://stops.example", "bus.example", ("https://stops.example",))
    True
    """
    if origin is None or origin in allowed:
        return True
    try:
        ours = urlsplit(origin).netloc
    except ValueError:
        return False
    return bool(ours) and ours.lower() == host.lower()
