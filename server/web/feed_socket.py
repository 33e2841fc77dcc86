"""`/v1/ws/feed`: a control centre that speaks for many buses. Web level."""

from typing import cast

from server.protocol import messages as wire
from server.protocol.codec import Codec
from server.protocol.tokens import Role
from server.web.feed_intake import fix_of, take_fixes
from server.web.house import House
from server.web.session import Session


class FeedSession(Session):
    """One feed's socket."""

    role = Role.FEED
    codec = Codec(wire.FromFeed)

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self._bytes_per_s = house.settings.feed_bytes_per_s
        self._bytes_left = self._bytes_per_s * house.settings.bytes_burst_s

    def take(self, message: wire.Message) -> None:
        """Positions of many buses."""
        match message:
            case wire.Fixes(fixes=fixes, ref=ref):
                now_ms = self.runtime.clock.now_ms()

                def answer(accepted: int, refused: list[wire.RefusedFix]) -> None:
                    self.reply(wire.Taken(accepted=accepted, refused=refused, ref=ref))

                take_fixes(self.runtime, [fix_of(fix, now_ms) for fix in fixes], answer)
            case _:
                raise AssertionError(cast("object", message))
