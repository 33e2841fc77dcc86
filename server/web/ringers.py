"""Who rings over HTTP: a rider, or the kiosk or button of a stop, which rings for a new stranger each time. Web level."""

import hashlib
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from server.core.model import BellKind, Reason, RiderId, StopId
from server.protocol import messages as wire
from server.protocol.tokens import Role
from server.web.auth import Identity
from server.web.callers import identify
from server.web.errors import problem
from server.web.house import House


class Ringer(NamedTuple):
    """A caller who may ring."""

    identity: Identity

    @property
    def kiosk(self) -> str | None:
        """Which kiosk it is; None for a rider."""
        return self.identity.subject if self.identity.role is Role.KIOSK else None

    @property
    def stands_at(self) -> StopId | None:
        """The stop where a kiosk stands, as its token says: who presses it is there."""
        return self.identity.stop_id

    def rider_id(self, bell_id: str) -> RiderId:
        """Whose bell it is. Through a kiosk each press is somebody else's, so that nobody waits for another's bell to end.

        The pseudonym follows from the bell's id: the kiosk finds its bells again, and a repeated press is the same bell.
        """
        if self.kiosk is None:
            return RiderId(self.identity.subject)
        digest = hashlib.blake2b(f"{self.kiosk}\n{bell_id}".encode(), digest_size=12)
        return RiderId(f"kiosk-{digest.hexdigest()}")

    def may_ring(self, asked: wire.RingRequest) -> bool:
        """Whether a kiosk asks for what a kiosk is for: somebody wants to get on where it stands."""
        return self.kiosk is None or (asked.kind is BellKind.BOARD and asked.stop_id == self.stands_at)


async def ringer(house: House, request: Request) -> Ringer | Response:
    """Who rings, or the answer that says no. A tablet that is enrolled as a kiosk rings as one."""
    kiosk = await identify(house, request, Role.KIOSK)
    if not isinstance(kiosk, Reason):
        return Ringer(kiosk)
    rider = await identify(house, request, Role.RIDER)
    return problem(request, house.words, rider) if isinstance(rider, Reason) else Ringer(rider)
