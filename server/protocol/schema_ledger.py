"""Bodies of the ledger's HTTP interface. Protocol level; amounts are whole won, days ISO dates of the network's zone."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from server.protocol.ride_messages import Receipt
from server.protocol.wire_parts import Id, Message, Ms

Words = Annotated[str, Meta(max_length=500)]
Day = Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class LedgerLine(Message, omit_defaults=False, kw_only=True):
    """Won on one account: positive is debit, negative credit."""

    account: str
    won: int
    ride_id: str
    tap: str
    rules: list[str]


class LedgerEntry(Message, omit_defaults=False, kw_only=True):
    """One entry. Its lines sum to zero; `hash` binds it to the entry before."""

    entry_id: str
    kind: str
    day: str
    booked_ms: int
    at_ms: int
    hash: str
    lines: list[LedgerLine]


class LedgerAccount(Message, omit_defaults=False, kw_only=True):
    """One's own account: what one owes (negative: is owed), and the newest entries, one's own lines only."""

    account: str
    rider_class: str
    balance_won: int
    entries: list[LedgerEntry]


class LedgerDay(Message, omit_defaults=False, kw_only=True):
    """A closed day. Whoever has kept its seal can tell later whether anything of it was changed."""

    day: str
    closed_ms: int
    entries: int
    debit_won: int
    seal: str


class LedgerDays(Message, omit_defaults=False, kw_only=True):
    """Closed days, the newest first."""

    days: list[LedgerDay]


class BalanceRow(Message, omit_defaults=False, kw_only=True):
    """What stands on an account: debits and credits, both positive, and their difference."""

    account: str
    debit_won: int
    credit_won: int
    won: int


class TrialBalance(Message, omit_defaults=False, kw_only=True):
    """All accounts at the end of a day; riders are one row. `sum_won` is zero, or something is wrong."""

    last_day: str
    rows: list[BalanceRow]
    sum_won: int


class RideFigures(Message, omit_defaults=False, kw_only=True):
    """The rides of a window. `confidence`: how many were decided with 0 to 9, 10 to 19 ... 90 to 100 of a hundred."""

    from_ms: int
    to_ms: int
    rides: int
    charged: int
    charged_won: int
    void: int
    by_card: int
    disputed: int
    unsettled: int
    corrections: int
    corrections_won: int
    unpriced: int
    confidence: list[int]


class DisputeRequest(Message, kw_only=True, forbid_unknown_fields=True):
    """What a rider says of a settled ride."""

    what: Literal["not_aboard", "wrong_stop", "paid_otherwise", "other"]
    words: Words = ""


class DisputeItem(Message, omit_defaults=False, kw_only=True):
    """A dispute, and what was decided. Nothing here leads to a rider."""

    ride_id: str
    what: str
    words: str
    at_ms: int
    fare_won: int | None
    route_id: str
    vehicle_id: str
    boarded_ms: int
    verdict: str | None


class Disputes(Message, omit_defaults=False, kw_only=True):
    """Disputes, the newest first."""

    disputes: list[DisputeItem]


class RulingRequest(Message, kw_only=True, forbid_unknown_fields=True):
    """What the operator decides of a ride. The next `n` each time: the same once more changes nothing."""

    verdict: Literal["not_charged", "stands"]
    n: Annotated[int, Meta(ge=1, le=1000)] = 1


class ConflictItem(Message, omit_defaults=False, kw_only=True):
    """An id that came with two contents; the one held counts."""

    fact_id: str
    at_ms: int
    held: str
    came: str


class Conflicts(Message, omit_defaults=False, kw_only=True):
    """Conflicts, the newest first."""

    conflicts: list[ConflictItem]


class DeviceItem(Message, omit_defaults=False, kw_only=True):
    """What is held of a device's numbered events: all up to `watermark`; `missing` are first and last of each hole."""

    device: str
    watermark: int
    highest: int
    missing: list[tuple[int, int]]


class DeviceList(Message, omit_defaults=False, kw_only=True):
    """All devices."""

    devices: list[DeviceItem]


class ConsentRequest(Message, kw_only=True, forbid_unknown_fields=True):
    """What one agrees to, or no longer: in which version of the words."""

    purpose: Literal["location", "rides", "payment"]
    version: Id
    given: bool


class ConsentItem(Message, omit_defaults=False, kw_only=True):
    """One thing said."""

    purpose: str
    version: str
    given: bool
    at_ms: Ms


class UseItem(Message, omit_defaults=False, kw_only=True):
    """One use of one's location: for what and by whom. Where is not kept."""

    purpose: str
    by: str
    at_ms: Ms


class Privacy(Message, omit_defaults=False, kw_only=True):
    """What one has agreed to, and how one's location was used in the last six months, the newest first."""

    consents: list[ConsentItem]
    uses: list[UseItem]


class Erased(Message, omit_defaults=False, kw_only=True):
    """The link is broken. `balance_won`: what stood on the account, and still stands there."""

    balance_won: int


SCHEMAS: tuple[type[msgspec.Struct], ...] = (
    Receipt,
    LedgerAccount,
    LedgerDays,
    TrialBalance,
    RideFigures,
    DisputeRequest,
    Disputes,
    RulingRequest,
    Conflicts,
    DeviceList,
    ConsentRequest,
    Privacy,
    Erased,
)
