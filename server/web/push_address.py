"""Where a push may be sent: to a push service on the public internet, never into our own network. Web level.

A subscription's address comes from a browser, so it is anybody's text. The name is looked up here and the connection
goes to the address that was judged, so that a name which answers differently the second time gains nothing (SSRF).
"""

import asyncio
import ipaddress
import socket
from typing import NamedTuple
from urllib.parse import urlsplit

HTTPS_PORT = 443
LOOKUP_S = 5.0
"""A name that is not found within this is not found."""
NAT64 = ipaddress.ip_network("64:ff9b::/96")
"""IPv4 addresses as an IPv6-only network reaches them (RFC 6052)."""


class PushAddress(NamedTuple):
    """A judged address: what to connect to, and the name that its certificate must have."""

    url: str
    host: str
    origin: str


async def judged(endpoint: str, *, loopback: bool) -> PushAddress | None:
    """Judge a subscription's endpoint; None when nothing may be sent there.

    `https` at its usual port, to a name all of whose addresses are public. `loopback`: plain `http` to this machine too,
    for trying things out.
    """
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not host or parts.username is not None or parts.fragment:
        return None
    rest = parts.path + (f"?{parts.query}" if parts.query else "")
    if loopback and parts.scheme == "http" and host == "127.0.0.1" and port is not None:
        return PushAddress(f"http://127.0.0.1:{port}{rest}", f"{host}:{port}", f"http://{host}:{port}")
    if parts.scheme != "https" or port not in (None, HTTPS_PORT):
        return None
    address = await _public_address(host)
    if address is None:
        return None
    at = f"[{address}]" if ":" in address else address
    return PushAddress(f"https://{at}{rest}", host, f"https://{host}")


async def _public_address(host: str) -> str | None:
    """One address of a name, if every one of them is public."""
    try:
        async with asyncio.timeout(LOOKUP_S):
            found = await asyncio.get_running_loop().getaddrinfo(host, HTTPS_PORT, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):  # TimeoutError is an OSError
        return None
    addresses = [str(info[4][0]) for info in found]
    return addresses[0] if addresses and all(map(_is_public, addresses)) else None


def _is_public(text: str) -> bool:
    """Whether an address is one of the internet's, also when it is an IPv4 address in IPv6 clothes."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    inside = _ipv4_inside(address) if isinstance(address, ipaddress.IPv6Address) else None
    return address.is_global and not address.is_multicast and (inside is None or inside.is_global)


def _ipv4_inside(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour
