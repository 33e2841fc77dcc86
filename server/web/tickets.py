"""One-use tickets with which a browser opens a socket, so that no token ever stands in a URL or in a page. Web level."""

import secrets
from collections import OrderedDict

from server.web.auth import Identity


class Tickets:
    """Unused tickets; bounded, the oldest goes first. Times are seconds of a clock that never goes back."""

    def __init__(self, *, ttl_s: float, max_kept: int) -> None:
        self._ttl_s = ttl_s
        self._max_kept = max_kept
        self._kept: OrderedDict[str, tuple[Identity, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def issue(self, identity: Identity, now_s: float) -> str:
        """Make a ticket for somebody who has shown who they are."""
        while self._kept and (len(self._kept) >= self._max_kept or next(iter(self._kept.values()))[1] <= now_s):
            self._kept.popitem(last=False)
        ticket = secrets.token_urlsafe(24)
        self._kept[ticket] = (identity, now_s + self._ttl_s)
        return ticket

    def redeem(self, ticket: str, now_s: float) -> Identity | None:
        """Who a ticket stands for; None when it was used, is too old, or never was. A ticket is good once."""
        identity, until_s = self._kept.pop(ticket, (None, 0.0))
        return identity if now_s < until_s else None
