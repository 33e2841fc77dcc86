"""`ports.Books` on SQLite: questions to the ledger on a connection and thread of their own. Back-end level."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self, TypeVar, TypeVarTuple

from server.backends.embedded import ledger_people as people, ledger_reads as reads
from server.backends.embedded.ledger_audit import audit
from server.backends.embedded.ledger_schema import LEDGER_FILE, read_ledger_file
from server.core.fares.postings import RideFact
from server.ledger.records import (
    Balance,
    Checked,
    Conflict,
    Consent,
    Day,
    Devices,
    Dispute,
    Kept,
    RideBook,
    Ruling,
    Settlement,
    Use,
)

Args = TypeVarTuple("Args")
Result = TypeVar("Result")


class SqliteBooks:
    """Reads what was committed. One question at a time; the next waits."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ridebell-books")

    @classmethod
    def open(cls, data_dir: Path) -> Self:
        """Open an existing ledger for reading. Raises `DataDirError`."""
        return cls(read_ledger_file(data_dir / LEDGER_FILE))

    async def account_of(self, rider_id: str) -> str | None:
        """The account of a rider, if she has one."""
        return await self._ask(people.account_of, rider_id)

    async def rider_of(self, account: str) -> str | None:
        """The rider of an account; None once the link is broken."""
        return await self._ask(people.rider_of, account)

    async def consents(self, account: str) -> Sequence[Consent]:
        """All that somebody said, oldest first."""
        return await self._ask(people.consents, account)

    async def uses(self, account: str, limit: int) -> Sequence[Use]:
        """Who used somebody's location, the newest first."""
        return await self._ask(lambda db: people.uses(db, account, limit=limit))

    async def ride(self, ride_id: str) -> RideBook | None:
        """Everything held of a ride."""
        return await self._ask(reads.ride_book, ride_id)

    async def fares(self, ride_ids: Sequence[str]) -> dict[str, int]:
        """What rides are charged now; those for which nothing was ever posted are left out."""
        return await self._ask(reads.fares, ride_ids)

    async def rides_of(self, account: str, *, from_ms: int, to_ms: int) -> Sequence[RideFact]:
        """An account's rides that began in a window, oldest first."""
        return await self._ask(lambda db: reads.rides_of(db, account, from_ms=from_ms, to_ms=to_ms))

    async def rides(self, *, from_ms: int, to_ms: int) -> Sequence[tuple[RideFact, int | None]]:
        """All rides that began in a window with what they are charged, oldest first."""
        return await self._ask(lambda db: reads.rides_with_fares(db, from_ms=from_ms, to_ms=to_ms))

    async def around(self, account: str, around_ms: int) -> Sequence[RideFact]:
        """An account's rides that bear on one that began then."""
        return await self._ask(reads.facts_around, account, around_ms)

    async def rider_class(self, account: str) -> str:
        """For which class an account is priced."""
        return await self._ask(people.class_of, account)

    async def entries(self, *, first_day: str, last_day: str) -> Sequence[Kept]:
        """Entries of some days, in the order of booking."""
        return await self._ask(lambda db: list(reads.entries(db, first_day=first_day, last_day=last_day)))

    async def entries_of(self, account: str, limit: int) -> Sequence[Kept]:
        """The newest entries that touch a rider's account."""
        return await self._ask(lambda db: reads.entries_of(db, account, limit=limit))

    async def balance(self, account: str) -> int:
        """What a rider owes; negative: what she is owed."""
        return await self._ask(reads.balance, account)

    async def trial_balance(self, last_day: str) -> Sequence[Balance]:
        """What stands on every account at the end of a day."""
        return await self._ask(lambda db: reads.trial_balance(db, last_day=last_day))

    async def days(self, limit: int) -> Sequence[Day]:
        """Closed days, the newest first."""
        return await self._ask(lambda db: reads.days(db, limit=limit))

    async def conflicts(self, limit: int) -> Sequence[Conflict]:
        """Ids that came with two contents, the newest first."""
        return await self._ask(lambda db: reads.conflicts(db, limit=limit))

    async def disputes(self, limit: int) -> Sequence[tuple[Dispute, Ruling | None]]:
        """What riders said of rides, the newest first, each with the last ruling."""
        return await self._ask(lambda db: reads.disputes(db, limit=limit))

    async def open_settlements(self) -> Sequence[Settlement]:
        """Settlements without a final answer, oldest first."""
        return await self._ask(reads.open_settlements)

    async def accounts_due(self) -> Sequence[str]:
        """Accounts that owe something or are owed something."""
        return await self._ask(reads.accounts_due)

    async def device(self, name: str) -> Devices:
        """What is held of a device's numbered events."""
        return await self._ask(reads.device, name)

    async def devices(self) -> Sequence[Devices]:
        """The same of every device."""
        return await self._ask(reads.devices)

    async def cursor(self, name: str) -> int:
        """How far a reader has come."""
        return await self._ask(reads.cursor, name)

    async def audit(self) -> Checked:
        """Look through everything."""
        return await self._ask(audit)

    async def close(self) -> None:
        """Finish the question that is being answered; no more afterwards. More than once is harmless."""
        await asyncio.to_thread(self._thread.shutdown)
        self._connection.close()

    async def _ask(self, query: Callable[[sqlite3.Connection, *Args], Result], *args: *Args) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, query, self._connection, *args)
