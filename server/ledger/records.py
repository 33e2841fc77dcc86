"""What a ledger says and is told, besides entries: records only. Below the ports."""

from enum import StrEnum
from typing import Literal

from server.core.fares.postings import Entry, RideFact
from server.core.model import Record


class Booked(Record, frozen=True, gc=False):
    """What became of a fact. `repeated`: it was known; `conflict`: its id was known with another content, kept for inspection.

    `unpriced` says by code why rides around it have no price: pairs of ride and code.
    """

    fact_id: str
    entry: Entry | None = None
    repeated: bool = False
    conflict: bool = False
    unpriced: tuple[tuple[str, str], ...] = ()


class CardTap(Record, frozen=True, gc=False):
    """A card that was tapped in a bus. `device` and its counter `n` are its permanent id."""

    device: str
    n: int
    account: str
    vehicle_id: str
    at_ms: int

    @property
    def fact_id(self) -> str:
        """The permanent id of this fact."""
        return f"tap:{self.device}:{self.n}"


class Ruling(Record, frozen=True, gc=False):
    """What the operator decided of a disputed ride. The latest `n` of a ride holds; `by` is a role's name, not a rider's."""

    ride_id: str
    n: int
    verdict: Literal["not_charged", "stands"]
    by: str
    at_ms: int

    @property
    def fact_id(self) -> str:
        """The permanent id of this fact."""
        return f"ruling:{self.ride_id}:{self.n}"


class Dispute(Record, frozen=True, gc=False):
    """A rider says that a settled ride is wrong."""

    ride_id: str
    account: str
    what: Literal["not_aboard", "wrong_stop", "paid_otherwise", "other"]
    words: str
    at_ms: int


class Kept(Record, frozen=True, gc=False):
    """An entry as the books have it. `booked_ms`: when it was written, on `day` (local date, ISO)."""

    n: int
    day: str
    booked_ms: int
    hash: str
    entry: Entry


class Day(Record, frozen=True, gc=False):
    """A closed day: how many entries, how much was debited, and the seal that binds it to all days before."""

    day: str
    closed_ms: int
    entries: int
    debit_won: int
    head: str
    seal: str


class Balance(Record, frozen=True, gc=False):
    """What stands on one account: debits, credits (both positive), and their difference."""

    account: str
    debit_won: int
    credit_won: int
    won: int


class Outcome(StrEnum):
    """What became of a settlement at the payment provider."""

    CHARGED = "charged"
    DECLINED = "declined"
    UNKNOWN = "unknown"
    """Nobody knows: it is asked after by the same key, and never tried by another."""
    ABSENT = "absent"
    """The provider never heard of this key."""


class Settlement(Record, frozen=True, gc=False):
    """Won to be taken from a rider (negative: given back). Its id is the provider's idempotency key, for good."""

    settlement_id: str
    account: str
    won: int
    created_ms: int
    outcome: Outcome | None = None


class Conflict(Record, frozen=True, gc=False):
    """An id that came again with another content; the first holds."""

    fact_id: str
    at_ms: int
    held: str
    came: str


class Devices(Record, frozen=True, gc=False):
    """What is held of a device's numbered events: all up to `watermark`, and holes above it (first and last missing)."""

    device: str
    watermark: int
    highest: int
    missing: tuple[tuple[int, int], ...] = ()


class Consent(Record, frozen=True, gc=False):
    """What somebody agreed to, or took back, in which version of the words."""

    account: str
    purpose: Literal["location", "rides", "payment"]
    version: str
    given: bool
    at_ms: int


class Use(Record, frozen=True, gc=False):
    """A record that somebody's location was used: for what, by whom, never where."""

    account: str
    purpose: str
    by: str
    at_ms: int


class Checked(Record, frozen=True, gc=False):
    """What a look through the whole ledger found; no `problems`: it is whole."""

    entries: int
    days: int
    head: str
    problems: tuple[str, ...] = ()


class Purged(Record, frozen=True, gc=False):
    """How many records of use and how many entries were let go."""

    uses: int
    entries: int


class RideBook(Record, frozen=True, gc=False):
    """Everything that the ledger holds of one ride."""

    fact: RideFact
    entries: tuple[Kept, ...]
    dispute: Dispute | None = None
    ruling: Ruling | None = None
