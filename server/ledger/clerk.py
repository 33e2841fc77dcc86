"""The clerk: reads rides from the journal, has them priced and booked, told to their riders, and paid. Above the ports.

A crash at any point loses nothing and doubles nothing: how far it has read is kept in the same transaction as what it
booked, and money is asked for only under an id that was kept before.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from msgspec.structs import replace

from server.core.fares.postings import RideFact
from server.core.model import ON_BOARD, Ride, RideId
from server.ledger.fare_desk import CHARGED_STATES, FareDesk
from server.ledger.records import Booked, Outcome, Settlement, Use
from server.ports import Books, Forget, Ledger, Payments

log = logging.getLogger(__name__)

READ_AT_ONCE = 256
"""Changes of rides that share a transaction."""
LOOK_EVERY_S = 5.0
"""How often the journal is looked at where nobody said that there is something: a repair, not the way."""
ASK_AGAIN_S = 15.0
"""How long a settlement that nobody knows the end of is left before it is asked after again."""
KEEP_HOUSE_EVERY_S = 3_600.0
"""How often days are closed and what is old is let go."""
LAST_FACTS_MAX = 20_000
"""Rides of which the last fact is remembered, to tell a change of the ride from one of its price alone."""
USE_RECORDS_KEPT_MS = 183 * 86_400_000
"""Six months (DOMAIN §7): then the journal's records about people go."""

T = TypeVar("T")


class Counter(Protocol):
    """What the clerk needs of the runtime."""

    @property
    def epoch(self) -> str:
        """The journal's life."""
        ...

    async def ride_changes(self, after: int, limit: int) -> Sequence[tuple[int, Ride]]:
        """Records of rides after a number."""
        ...

    async def priced(self, ride_id: RideId, fare_won: int) -> None:
        """Tell a rider."""
        ...

    async def forget(self, what: Forget) -> None:
        """Let records about people go."""
        ...


class Clerk:
    """Keeps the ledger while the server runs. All methods are called on one event loop."""

    def __init__(
        self,
        counter: Counter,
        ledger: Ledger,
        books: Books,
        desk: FareDesk,
        payments: Payments | None,
        now_ms: Callable[[], int],
    ) -> None:
        self.books = books
        self.desk = desk
        self.payments = payments
        self._counter = counter
        self._ledger = ledger
        self._now_ms = now_ms
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ridebell-ledger")
        self._wake = asyncio.Event()
        self._to_settle: asyncio.Event = asyncio.Event()
        self._due: set[str] = set()
        self._last: OrderedDict[str, RideFact] = OrderedDict()

    # -- life ------------------------------------------------------------------------

    def wake(self) -> None:
        """There is something to read."""
        self._wake.set()

    async def run(self) -> None:
        """Work until cancelled. What fails is logged and tried again."""
        await asyncio.gather(
            self._for_ever(self._book_some, self._wake, LOOK_EVERY_S),
            self._for_ever(self._settle_some, self._to_settle, ASK_AGAIN_S),
            self._for_ever(self.keep_house, asyncio.Event(), KEEP_HOUSE_EVERY_S),
        )

    async def close(self) -> None:
        """Finish the transaction that is under way, and give the ledger up."""
        await asyncio.to_thread(self._thread.shutdown)
        self._ledger.close()

    @staticmethod
    async def _for_ever(work: Callable[[], Awaitable[None]], wake: asyncio.Event, every_s: float) -> None:
        while True:
            wake.clear()
            try:
                await work()
            except Exception:
                log.exception("the ledger's clerk could not do its work; it tries again in %g s", every_s)
                await asyncio.sleep(every_s)
            try:
                async with asyncio.timeout(every_s):
                    await wake.wait()
            except TimeoutError:
                pass

    async def do(self, call: Callable[..., T], *args: object, **named: object) -> T:
        """Make one of the ledger's calls in its thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: call(*args, **named))

    # -- booking -----------------------------------------------------------------------

    async def _book_some(self) -> None:
        """Read on until there is nothing more."""
        name = f"rides:{self._counter.epoch}"
        while changes := await self._counter.ride_changes(await self.books.cursor(name), READ_AT_ONCE):
            await self.book(changes, cursor=(name, changes[-1][0]))

    async def book(self, changes: Sequence[tuple[int, Ride]], *, cursor: tuple[str, int] | None = None) -> None:
        """Book changes of rides, and tell what they cost."""
        facts: list[RideFact] = []
        last: dict[str, RideFact] = {}
        for n, ride in changes:
            fact = await self._fact(n, ride, last.get(ride.ride_id) or self._last.get(ride.ride_id))
            if fact is not None:
                facts.append(fact)
                last[fact.ride_id] = fact
        booked = await self.do(self._ledger.take, facts, self.desk.assess, now_ms=self._now_ms(), cursor=cursor)
        uses = [Use(fact.account, "fare", "ridebell", fact.ride.boarded_ms) for fact in facts if fact.waiver is None]
        await self.do(self._ledger.used, uses)
        self._remember(last)
        await self._tell(booked)
        await self._quote([ride for _, ride in changes if ride.state in ON_BOARD and ride.fare_won is None])
        self._owing(fact.account for fact in facts if fact.settled)

    async def _fact(self, n: int, ride: Ride, last: RideFact | None) -> RideFact | None:
        """What is new of a ride; None where nothing is that bears on its price."""
        if ride.state in ON_BOARD:
            return None
        if ride.state not in CHARGED_STATES and last is None and await self.books.ride(ride.ride_id) is None:
            return None  # it was never charged
        fact = self.desk.fact_of(ride, await self.account_of(ride.rider_id), n)
        same = fact is not None and last is not None and replace(last, revision=n) == fact
        return None if same else fact

    def _remember(self, last: Mapping[str, RideFact]) -> None:
        for ride_id, fact in last.items():
            self._last[ride_id] = fact
            self._last.move_to_end(ride_id)
        while len(self._last) > LAST_FACTS_MAX:
            self._last.popitem(last=False)

    async def account_of(self, rider_id: str) -> str:
        """The account of a rider, opened if need be."""
        known = await self.books.account_of(rider_id)
        return known if known is not None else await self.do(self._ledger.account_of, rider_id)

    async def _tell(self, booked: Sequence[Booked]) -> None:
        """Tell riders what the rides of new entries cost now."""
        for one in booked:
            for ride_id, code in one.unpriced:
                log.warning("ride %s has no price by %s: %s", ride_id, self.desk.tariff.table, code)
        rides = {line.ride_id for one in booked if one.entry is not None for line in one.entry.lines if line.ride_id}
        for ride_id, won in (await self.books.fares(sorted(rides))).items():
            await self._counter.priced(RideId(ride_id), won)

    async def _quote(self, rides: Sequence[Ride]) -> None:
        """Tell riders on board what their ride costs so far."""
        for ride in rides:
            won = await self.quote(ride)
            if won is not None:
                await self._counter.priced(ride.ride_id, won)

    async def quote(self, ride: Ride) -> int | None:
        """Tell what a ride costs so far, among its rider's other rides; None where no tariff says."""
        account = await self.books.account_of(ride.rider_id) or ""
        around = await self.books.around(account, ride.began_ms)
        return self.desk.quote(ride, account, around, await self.books.rider_class(account))

    async def take(self, call: Callable[..., Booked | None], *args: object) -> Booked | None:
        """Make a call that may post (a tap, a ruling), and let all follow from it that follows."""
        booked = await self.do(call, *args, self.desk.assess, now_ms=self._now_ms())
        if booked is not None:
            await self._tell([booked])
            if booked.entry is not None:
                riders = {line.account for line in booked.entry.lines if line.account.startswith("rider:")}
                self._owing(account.removeprefix("rider:") for account in riders)
        return booked

    @property
    def ledger(self) -> Ledger:
        """For `do` and `take`."""
        return self._ledger

    # -- money -------------------------------------------------------------------------

    def _owing(self, accounts: Iterable[str]) -> None:
        self._due.update(accounts)
        self._to_settle.set()

    async def _settle_some(self) -> None:
        """Ask after settlements of which nobody knows the end, then settle with those who owe something now."""
        if self.payments is None:
            self._due.clear()
            return
        for settlement in await self.books.open_settlements():
            await self.reconcile(settlement)
        while self._due:
            account = self._due.pop()
            planned = await self.do(self._ledger.plan_settlement, account, now_ms=self._now_ms())
            if planned is not None:
                await self._answered(planned, await self.payments.charge(planned))

    async def reconcile(self, settlement: Settlement) -> None:
        """Find out what became of a settlement. Only one that the provider never heard of is asked for again, by its own id."""
        assert self.payments is not None
        outcome = await self.payments.status(settlement.settlement_id)
        if outcome is Outcome.ABSENT:
            outcome = await self.payments.charge(settlement)
        await self._answered(settlement, outcome)

    async def _answered(self, settlement: Settlement, outcome: Outcome) -> None:
        assert self.payments is not None
        if outcome is settlement.outcome:
            return  # still nobody knows: once on record is enough
        named = {"provider": self.payments.name, "now_ms": self._now_ms()}
        booked = await self.do(self._ledger.settle, settlement.settlement_id, outcome, **named)
        if booked.conflict:
            log.critical(
                "settlement %s has two ends; both are kept: ridebell ledger conflicts", settlement.settlement_id
            )
        if outcome is Outcome.CHARGED:
            self._due.add(settlement.account)  # what came to it while this was under way

    # -- housekeeping --------------------------------------------------------------------

    async def keep_house(self) -> None:
        """Close the days that are over, let go what is old, and look who owes something."""
        now_ms = self._now_ms()
        for day in await self.do(self._ledger.close_days, now_ms=now_ms):
            log.info("day %s is closed: %d entries, %d won, seal %s", day.day, day.entries, day.debit_won, day.seal)
        await self.do(self._ledger.purge, now_ms=now_ms)
        await self._counter.forget(Forget(before_ms=now_ms - USE_RECORDS_KEPT_MS))
        self._owing(await self.books.accounts_due())

    async def erase(self, rider_id: str) -> str | None:
        """Forget a rider: her records of use go, the link to her account breaks, and the books stay as they are."""
        account = await self.do(self._ledger.erase, rider_id)
        await self._counter.forget(Forget(riders=(rider_id,)))
        return account
