"""A street where rides cost something: the running server of the web tests with a ledger, a clerk, and a provider of our own."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from server.backends.embedded.ledger import SqliteLedger
from server.backends.embedded.ledger_books import SqliteBooks
from server.core.model import (
    Ride,
    RideId,
    RidePlace,
    RiderId,
    RideState,
    RouteId,
    StopId,
    TripId,
    TripKey,
    VehicleId,
)
from server.ledger.clerk import Clerk
from server.ledger.fare_desk import open_desk
from server.payments.client import HttpPayments
from server.payments.practice import Manners, PracticeBooks, create_provider
from tests.server.web.web_world import Running, running

ROUTE_FARES = '{"usual": {"product": "GG_GENERAL", "pricing": "distance"}}'


@dataclass
class Provider:
    """The practice provider in this process, and what may go wrong on the way to it."""

    books: PracticeBooks
    manners: Manners
    lost_answers: int = 0
    lost_questions: int = 0

    def transport(self) -> httpx.AsyncBaseTransport:
        """Its real HTTP application; a question may be lost before it, an answer after it."""
        return _BadLine(self)


class _BadLine(httpx.AsyncBaseTransport):
    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._inner = httpx.ASGITransport(create_provider(provider.books, provider.manners, lambda: 1))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._provider.lost_questions:
            self._provider.lost_questions -= 1
            raise httpx.ConnectTimeout("nobody there", request=request)
        response = await self._inner.handle_async_request(request)
        if self._provider.lost_answers:
            self._provider.lost_answers -= 1
            raise httpx.ReadTimeout("charged, and no answer", request=request)
        return response


def payments_over(transport: httpx.AsyncBaseTransport) -> HttpPayments:
    """The client, over a line of the test's own."""
    client = HttpPayments("http://provider.test", timeout_s=2.0)
    client._http = httpx.AsyncClient(base_url="http://provider.test", transport=transport)
    return client


@dataclass
class Charging:
    """A server that charges."""

    server: Running
    clerk: Clerk
    provider: Provider

    async def booked(self) -> None:
        """Everything that the journal holds is booked, told and settled."""
        await self.clerk._book_some()
        await self.clerk._settle_some()


@contextlib.asynccontextmanager
async def charging(folder: Path, manners: Manners | None = None) -> AsyncIterator[Charging]:
    """A server with a ledger, until the block ends. Its clerk works when the test says so."""
    async with running(folder) as server:
        (folder / "fares.json").write_text(ROUTE_FARES, encoding="utf-8")
        runtime = server.runtime
        desk = open_desk("kr-capital", folder / "fares.json", runtime.network)
        ledger = SqliteLedger.open(folder / "data", timezone=runtime.network.timezone)
        books = SqliteBooks.open(folder / "data")
        provider = Provider(PracticeBooks(folder / "provider.sqlite3"), manners or Manners())
        payments = payments_over(provider.transport())
        clerk = Clerk(runtime, ledger, books, desk, payments, runtime.clock.now_ms)
        server.app.state.house = replace(server.house, clerk=clerk)
        try:
            yield Charging(server, clerk, provider)
        finally:
            await clerk.close()
            await books.close()
            await payments.aclose()
            provider.books.close()


def ride_of(
    name: str, state: RideState, *, rider: str = "me", began_ms: int, minutes: int = 10, by_card: bool = False
) -> Ride:
    """A ride as the journal has it, three stops long."""
    return Ride(
        RideId(name),
        RiderId(rider),
        VehicleId("V1"),
        RouteId("10"),
        state,
        began_ms,
        began_ms,
        trip=TripKey(TripId("T1"), "20261120"),
        board=RidePlace(StopId("S1"), 2, began_ms, 650.0),
        alight=RidePlace(StopId("S4"), 5, began_ms + minutes * 60_000, 2000.0),
        confidence=0.97,
        by_card=by_card,
    )


async def until_idle() -> None:
    """Let what was started come to its first wait."""
    for _ in range(5):
        await asyncio.sleep(0)
