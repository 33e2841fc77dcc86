"""Links by which a companion sees the bus of a ride: signed, short-lived, revocable. Web level.

A link is good while it is in this table, so that taking it back needs no list of dead ones. The table is in memory
alone: who watches whose bus is written down nowhere, and every link ends with the server. Its token has no `role`, so
it opens nothing else.
"""

import secrets
from collections import OrderedDict
from typing import NamedTuple

import jwt

from server.core.model import RideId, RiderId

AUDIENCE = "ridebell-companion"
LINK_BYTES = 12
"""96 bits: not to be guessed."""
LINKS_MAX = 50_000
"""Of all riders, about 10 MB; a province has fewer people on its buses at a time. Beyond it the oldest link ends."""
LINKS_PER_RIDER = 4
"""Of one rider's at a time; a fifth ends the first. A family is told, a crowd is not."""


class Link(NamedTuple):
    """One companion's link. The rider's pseudonym never leaves the server."""

    link_id: str
    rider_id: RiderId
    ride_id: RideId
    expires_s: float


class Companions:
    """The links of one server, at most `max_links`; the oldest goes first. Times are epoch seconds."""

    def __init__(self, key: bytes, *, max_links: int = LINKS_MAX) -> None:
        self._key = key
        self._max = max_links
        self._links: OrderedDict[str, Link] = OrderedDict()

    def __len__(self) -> int:
        return len(self._links)

    def make(self, rider_id: RiderId, ride_id: RideId, *, now_s: float, ttl_s: float) -> tuple[Link, str]:
        """Make a link and the token that opens it."""
        link = Link(secrets.token_urlsafe(LINK_BYTES), rider_id, ride_id, now_s + ttl_s)
        own = [one.link_id for one in self._links.values() if one.rider_id == rider_id]
        for link_id in own[: max(0, len(own) - LINKS_PER_RIDER + 1)]:
            del self._links[link_id]
        self._links[link.link_id] = link
        if len(self._links) > self._max:
            self._links.popitem(last=False)
        claims = {"aud": AUDIENCE, "jti": link.link_id, "iat": int(now_s), "exp": int(link.expires_s)}
        return link, jwt.encode(claims, self._key, algorithm="HS256")

    def find(self, token: str, now_s: float) -> Link | None:
        """Give the link that a token opens; None for one that ended, was taken back, or is none of ours."""
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=["HS256"],
                audience=AUDIENCE,
                options={"require": ["jti", "exp"], "verify_exp": False, "verify_iat": False},
            )
        except jwt.InvalidTokenError:
            return None
        link = self._links.get(claims["jti"])
        if link is not None and link.expires_s <= now_s:
            del self._links[link.link_id]
            return None
        return link

    def revoke(self, rider_id: RiderId, link_id: str) -> bool:
        """Take one's own link back; False where there is none such."""
        link = self._links.get(link_id)
        if link is None or link.rider_id != rider_id:
            return False
        del self._links[link_id]
        return True
