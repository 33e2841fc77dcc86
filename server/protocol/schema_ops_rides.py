"""Bodies of what operators ask of rides: the list, and one ride with its receipt. Protocol level. Never a rider's identity."""

from typing import Literal

import msgspec

from server.core.model import RideState
from server.protocol.ride_messages import Receipt, RideMessage
from server.protocol.schema_ledger import LedgerEntry
from server.protocol.wire_parts import Message


class RideRow(Message, omit_defaults=False, kw_only=True):
    """One ride of the list. `fare_won` null: not priced yet. `confidence` 0 to 100.

    `waiver`: why it is not charged; `disputed`: its rider said that it is wrong; `verdict`: what was decided of that.
    """

    ride_id: str
    state: RideState
    boarded_ms: int
    alighted_ms: int | None
    route_name: str
    plate: str | None
    board_stop: str | None
    alight_stop: str | None
    distance_m: int | None
    party: int
    fare_won: int | None
    confidence: int
    waiver: Literal["void", "card", "dispute"] | None = None
    disputed: bool = False
    verdict: Literal["not_charged", "stands"] | None = None


class RideList(Message, omit_defaults=False, kw_only=True):
    """Rides that began in a window, the newest first, at most as many as were asked for; `count` and `by_state` are of all.

    Open ones come from memory, those that are over from the ledger: one that was taken back before it cost anything is in
    neither.
    """

    from_ms: int
    to_ms: int
    at_ms: int
    count: int
    by_state: dict[str, int]
    rows: list[RideRow]


class RideStory(Message, omit_defaults=False, kw_only=True):
    """One ride: what it was believed to be and why, what it cost by which rules, and every entry of the ledger on it.

    `ride` null: records of use have gone in their time, the books stay. Of riders' accounts the entries say `rider` alone.
    """

    row: RideRow
    ride: RideMessage | None
    receipt: Receipt | None
    entries: list[LedgerEntry]


SCHEMAS: tuple[type[msgspec.Struct], ...] = (RideList, RideStory)
"""Every body above that stands for itself."""
