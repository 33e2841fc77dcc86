"""What the runtime needs from a back end, as contracts: a journal that keeps facts, a relay that hands messages on.

A back end is right when `tests/contract/` passes on it; the runtime knows nothing else about it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal, Protocol

import msgspec

from server.core.fares.postings import Assessment, Entry, RideFact, TapKey
from server.core.model import Bell, BellId, Fact, Ride, RideId, StopVisit
from server.evidence import Asked, Life, Lives, Note, NoteKind, PassBy, RiderDay, StopRush, Story, Tally
from server.ledger.records import (
    Balance,
    Booked,
    CardTap,
    Checked,
    Conflict,
    Consent,
    Day,
    Devices,
    Dispute,
    Kept,
    Outcome,
    Purged,
    RideBook,
    Ruling,
    Settlement,
    Use,
)


class Outgoing(msgspec.Struct, frozen=True, gc=False):
    """A numbered message for one recipient. `stream` is `terminal:VEHICLE` or `rider:SUBJECT`; `frame` the JSON text.

    `seq` counts up by one within a stream, from 1, for the life of the journal (its `epoch`).
    `key` names what the message is about (`alert:ID`, `bell:ID`, `trip`): a later one makes an earlier one obsolete.
    """

    stream: str
    seq: int
    key: str
    frame: bytes
    at_ms: int


class Forget(msgspec.Struct, frozen=True, gc=False):
    """What is to be let go: everything about people that ended before an instant, and all that ended of these riders."""

    before_ms: int = 0
    riders: Sequence[str] = ()


class Batch(msgspec.Struct, frozen=True, gc=False):
    """Everything one decision wants kept, all or nothing."""

    facts: Sequence[Fact] = ()
    visits: Sequence[StopVisit] = ()
    outgoing: Sequence[Outgoing] = ()
    notes: Sequence[Note] = ()
    forget: Forget | None = None


class Recovered(msgspec.Struct, frozen=True):
    """What a journal knows at start: the latest record of everything not ended, and the last number of each stream.

    Also, of the bells rung last, those that a bus has answered: their riders may still be on board.
    """

    facts: Sequence[Fact]
    last_seq: dict[str, int]


class JournalFullError(RuntimeError):
    """`append` was called while `full` was true. Nothing was kept and `done` is not called: the caller must look first."""


class Journal(Protocol):
    """Keeps lasting facts. One writer. `append` returns at once; `done` is called on the event loop after the commit.

    Order: `done` callbacks come in the order of `append`. Group commit: several appends may share one transaction.
    Failure: `done(error)`; from then on every append fails until the process is started again (the engine's state
    is ahead of the journal, so it must be rebuilt); `failed` tells. Nothing of a failed batch is visible to a read.
    (Where the device fails while it flushes, nobody can know what it kept: such a batch may be found after the
    restart. That is harmless, because bells are idempotent and streams stay without gaps.)
    A message number that is not the stream's last plus one is such a failure: a gap would hide a lost message.
    The queue is bounded by `max_pending` batches; `full` is true when it is reached, the caller must then refuse or
    hold back work, and an `append` all the same raises `JournalFullError`.
    """

    @property
    def epoch(self) -> str:
        """Identity of this journal's life: a new one means that numbering started again."""
        ...

    @property
    def failed(self) -> BaseException | None:
        """Why nothing can be kept any more, or None."""
        ...

    @property
    def full(self) -> bool:
        """True while the bounded queue has no room."""
        ...

    def append(self, batch: Batch, done: Callable[[BaseException | None], None]) -> None:
        """Keep a batch durably (survives SIGKILL and power loss), then call `done(None)` on the event loop."""
        ...

    async def recover(self) -> Recovered:
        """Read what a new engine starts from: open and lately answered bells, open rides, live alerts, assignments."""
        ...

    async def find_bell(self, bell_id: BellId) -> Bell | None:
        """The latest committed record of a bell, ended or not."""
        ...

    async def recent_bells(self, rider_id: str, limit: int) -> Sequence[Bell]:
        """A rider's latest bells, newest ring first, at most `limit`."""
        ...

    async def find_ride(self, ride_id: RideId) -> Ride | None:
        """The latest committed record of a ride, ended or not."""
        ...

    async def recent_rides(self, rider_id: str, limit: int) -> Sequence[Ride]:
        """A rider's latest rides, the newest first, at most `limit`."""
        ...

    async def ride_changes(self, after: int, limit: int) -> Sequence[tuple[int, Ride]]:
        """Records of rides in the order of their commit, those numbered above `after` with their numbers, at most `limit`."""
        ...

    async def outgoing_since(self, stream: str, seq: int, limit: int) -> Sequence[Outgoing] | None:
        """Messages of a stream with a higher number, oldest first; None when some of them are no longer kept.

        None also when `seq` is a number the stream has not reached: the client then holds somebody else's numbering.
        At least the last 64 messages of a stream are kept (`limit` ≤ 64); acknowledged ones may go earlier.
        """
        ...

    async def stop_visits(self, since_ms: int, limit: int) -> Sequence[StopVisit]:
        """Committed stop visits with `at_ms` ≥ `since_ms`, oldest first, at most `limit`."""
        ...

    async def close(self) -> None:
        """Commit what is queued, call its `done`s and release the store. An `append` afterwards fails by its `done`."""
        ...


class Analysis(Protocol):
    """What became of bells, asked of the journal: committed facts only, beside the journal's own reads and never before them.

    Windows are [from_ms, to_ms) by the instant of the ring (bells) or of the event (all else). Every answer is bounded.
    """

    async def lives(self, asked: Asked, *, limit: int, after: str | None = None) -> Lives:
        """Bells that fit, newest ring first, at most `limit`; `after` is the `next` of the page before."""
        ...

    def each_life(self, asked: Asked) -> Iterator[Life]:
        """Every bell that fits, oldest ring first, for an export; blocks, so it is called in a thread."""
        ...

    async def tallies(self, asked: Asked, by: Literal["all", "route", "stop", "hour"]) -> Sequence[Tally]:
        """The bells that fit, counted by group; `hour` groups by full hours of epoch time."""
        ...

    async def story(self, handle: str) -> Story | None:
        """One bell whole, or None for a handle that the journal does not know."""
        ...

    async def passbys(self, asked: Asked, *, limit: int) -> Sequence[PassBy]:
        """Pass-bys within the window, newest first, without alerts and profile."""
        ...

    async def passby(self, n: int) -> PassBy | None:
        """One pass-by with all its evidence."""
        ...

    async def notes(
        self, kind: NoteKind, *, from_ms: int, to_ms: int, limit: int, about: str | None = None
    ) -> Sequence[Note]:
        """Notes of a kind, oldest first; of more than `limit` the newest. `about`: only those found by it."""
        ...

    async def riders(self, *, from_ms: int, to_ms: int, limit: int) -> Sequence[RiderDay]:
        """Those who rang and did not ride most often, the most first; who rang once is left out."""
        ...

    async def rushes(self, *, from_ms: int, to_ms: int, least: int, limit: int) -> Sequence[StopRush]:
        """Stops with at least so many rings within ten minutes, the most first."""
        ...

    def each_visit(self, *, from_ms: int, to_ms: int) -> Iterator[StopVisit]:
        """Every stop visit of the window, oldest first, for an export; blocks, so it is called in a thread."""
        ...


class Notebook(Protocol):
    """Keeps one piece of bytes: what was learned. Losing it costs accuracy for a day, never data.

    `save` replaces the whole, all or nothing; `load` gives what was saved last. Both raise OSError where the store fails.
    """

    async def load(self) -> bytes | None:
        """What was saved last, or None before the first time."""
        ...

    async def save(self, data: bytes) -> None:
        """Keep these bytes in place of the ones before."""
        ...


class Subscriber(Protocol):
    """Whoever wants a stream's frames; must not block."""

    def deliver(self, frame: bytes, *, seq: int | None, key: str) -> None:
        """Take a frame. `seq` None: a replaceable message (arrivals, vehicles) of which only the newest per `key` matters."""
        ...


class Relay(Protocol):
    """Hands frames to whoever subscribed to a stream, in order. Losing one costs latency, never data."""

    def publish(self, stream: str, frame: bytes, *, seq: int | None, key: str) -> int:
        """Hand a frame to the stream's subscribers; the number of them that are here."""
        ...

    def subscribe(self, stream: str, subscriber: Subscriber) -> Callable[[], None]:
        """Deliver this stream's frames from now on; the returned call ends it."""
        ...


Assess = Callable[[Sequence[RideFact], Mapping[TapKey, int], str, int], tuple[Assessment, str]]
"""What is to be posted for (rides of one account, what is posted by tap, the rider's class, around when), and by which table."""


class Ledger(Protocol):
    """What rides cost and what was paid, in double entry. Append-only: an entry that is written never changes.

    Every call is one durable transaction and blocks for it: make it in a thread. Facts have permanent ids; one that comes
    again changes nothing, one that comes again with another content is refused and kept for inspection. Whatever the order
    in which facts come, what stands on each account in the end is the same. The sum over all accounts is always 0.
    """

    def take(
        self, facts: Sequence[RideFact], assess: Assess, *, now_ms: int, cursor: tuple[str, int] | None = None
    ) -> Sequence[Booked]:
        """Take what is known of rides; `cursor` (a name and a number that only grows) is kept in the same transaction."""
        ...

    def tap(self, tap: CardTap, assess: Assess, *, now_ms: int) -> Booked:
        """Take a card that was tapped: its ride is charged once, by the card."""
        ...

    def dispute(self, dispute: Dispute, *, now_ms: int) -> bool:
        """Keep what a rider says of a ride, once."""
        ...

    def rule(self, ruling: Ruling, assess: Assess, *, now_ms: int) -> Booked | None:
        """Take the operator's decision; None for a ride that is not in the books."""
        ...

    def post(self, entry: Entry, *, now_ms: int) -> Booked:
        """Write one balanced entry into the open day."""
        ...

    def close_days(self, *, now_ms: int) -> Sequence[Day]:
        """Close every day before today that has entries; nothing is posted into it from then on."""
        ...

    def plan_settlement(self, account: str, *, now_ms: int) -> Settlement | None:
        """Fix what is to be taken or given back under an id for good; None where nothing is due or one is still open."""
        ...

    def settle(self, settlement_id: str, outcome: Outcome, *, provider: str, now_ms: int) -> Booked:
        """Take a provider's answer. The first final one holds. Raises KeyError for an id that was never planned."""
        ...

    def account_of(self, rider_id: str) -> str:
        """The account of a rider, opened if need be."""
        ...

    def erase(self, rider_id: str) -> str | None:
        """Break the link from a rider to her account; the balance stays."""
        ...

    def consent(self, consent: Consent) -> None:
        """Keep that somebody agreed, or no longer does."""
        ...

    def used(self, uses: Sequence[Use]) -> None:
        """Keep that locations were used: for what, never where."""
        ...

    def purge(self, *, now_ms: int) -> Purged:
        """Let go of what is too old: records of use after six months, fare records after five years, balances never."""
        ...

    def close(self) -> None:
        """Give the store up."""
        ...


class Payments(Protocol):
    """A payment provider. The settlement's id is the idempotency key: asked twice, it charges once.

    No answer, or one that says nothing certain, is `UNKNOWN`; it is then asked after by `status`, never tried by another key.
    """

    @property
    def name(self) -> str:
        """By which its account in the ledger is known."""
        ...

    async def charge(self, settlement: Settlement) -> Outcome:
        """Take the won, or give them back where they are negative: CHARGED, DECLINED or UNKNOWN."""
        ...

    async def status(self, settlement_id: str) -> Outcome:
        """What became of a settlement: CHARGED, DECLINED, UNKNOWN, or ABSENT where the provider never heard of it."""
        ...


class Books(Protocol):
    """Questions to the ledger: committed facts only, beside its writes and never before them."""

    async def account_of(self, rider_id: str) -> str | None:
        """The account of a rider, if she has one."""
        ...

    async def rider_of(self, account: str) -> str | None:
        """The rider of an account; None once the link is broken."""
        ...

    async def rider_class(self, account: str) -> str:
        """For which class an account is priced."""
        ...

    async def consents(self, account: str) -> Sequence[Consent]:
        """All that somebody said, oldest first."""
        ...

    async def uses(self, account: str, limit: int) -> Sequence[Use]:
        """Who used somebody's location, the newest first."""
        ...

    async def ride(self, ride_id: str) -> RideBook | None:
        """Everything held of a ride."""
        ...

    async def fares(self, ride_ids: Sequence[str]) -> dict[str, int]:
        """What rides are charged now; those for which nothing was ever posted are left out."""
        ...

    async def rides_of(self, account: str, *, from_ms: int, to_ms: int) -> Sequence[RideFact]:
        """An account's rides that began in a window, oldest first."""
        ...

    async def rides(self, *, from_ms: int, to_ms: int) -> Sequence[tuple[RideFact, int | None]]:
        """All rides that began in a window with what they are charged, oldest first."""
        ...

    async def around(self, account: str, around_ms: int) -> Sequence[RideFact]:
        """An account's rides that bear on one that began then."""
        ...

    async def entries(self, *, first_day: str, last_day: str) -> Sequence[Kept]:
        """Entries of some days, in the order of booking."""
        ...

    async def entries_of(self, account: str, limit: int) -> Sequence[Kept]:
        """The newest entries that touch a rider's account."""
        ...

    async def balance(self, account: str) -> int:
        """What a rider owes; negative: what she is owed."""
        ...

    async def trial_balance(self, last_day: str) -> Sequence[Balance]:
        """What stands on every account at the end of a day; riders are one line."""
        ...

    async def days(self, limit: int) -> Sequence[Day]:
        """Closed days, the newest first."""
        ...

    async def conflicts(self, limit: int) -> Sequence[Conflict]:
        """Ids that came with two contents, the newest first."""
        ...

    async def disputes(self, limit: int) -> Sequence[tuple[Dispute, Ruling | None]]:
        """What riders said of rides, the newest first, each with the last ruling."""
        ...

    async def open_settlements(self) -> Sequence[Settlement]:
        """Settlements without a final answer, oldest first."""
        ...

    async def accounts_due(self) -> Sequence[str]:
        """Accounts that owe something or are owed something."""
        ...

    async def device(self, name: str) -> Devices:
        """What is held of a device's numbered events; what the watermark covers it may delete."""
        ...

    async def devices(self) -> Sequence[Devices]:
        """The same of every device."""
        ...

    async def cursor(self, name: str) -> int:
        """How far a reader has come, by the cursor that `Ledger.take` kept."""
        ...

    async def audit(self) -> Checked:
        """Look through everything: every hash, every sum, every closed day."""
        ...
