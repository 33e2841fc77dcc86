"""Card taps that a feed passes on, into the ledger: each once, by its device's own number. Web level."""

import hashlib

from server.ledger.clerk import Clerk
from server.ledger.records import CardTap
from server.protocol import schema_http as body


async def book_taps(clerk: Clerk, said: body.CardTaps, *, feed: str) -> body.TapsTaken:
    """Book taps, and tell the device what it may delete. A tap without a number is known by its content."""
    conflicts: list[int] = []
    numbered = bool(said.device) and all(tap.n is not None for tap in said.taps)
    device = f"{feed}/{said.device}" if numbered else f"{feed}/"
    for tap in said.taps:
        n = tap.n if numbered and tap.n is not None else _number(tap)
        account = await clerk.account_of(tap.rider)
        booked = await clerk.take(clerk.ledger.tap, CardTap(device, n, account, tap.vehicle_id, tap.at_ms))
        if booked is not None and booked.conflict:
            conflicts.append(n)
    accepted = len(said.taps) - len(conflicts)
    if not numbered:
        return body.TapsTaken(accepted=accepted, conflicts=conflicts)
    held = await clerk.books.device(device)
    return body.TapsTaken(accepted=accepted, watermark=held.watermark, missing=list(held.missing), conflicts=conflicts)


def _number(tap: body.CardTap) -> int:
    """A number that the same tap always has: 62 bits of its content."""
    text = f"{tap.rider}\n{tap.vehicle_id}\n{tap.at_ms}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) >> 2
