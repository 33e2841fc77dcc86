"""A practice payment provider: a small HTTP service with books of its own. NOT A BANK: it moves no real money.

It is for demos and tests, and behaves like a real one on a bad day: it charges and then does not answer, it answers the
same question twice, it declines. Runs as its own process (`ridebell payments`); knows nothing of the server.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

MERCHANT = "merchant"
WON_MAX = 10_000_000
"""More than any month of riding costs: a larger sum is a defect of the caller's."""
BODY_MAX_BYTES = 4_096

_TABLES = (
    """CREATE TABLE IF NOT EXISTS charges (
        key TEXT PRIMARY KEY, payer TEXT NOT NULL, won INTEGER NOT NULL, state TEXT NOT NULL, at_ms INTEGER NOT NULL)
        WITHOUT ROWID, STRICT""",
    """CREATE TABLE IF NOT EXISTS movements (
        n INTEGER PRIMARY KEY, key TEXT NOT NULL REFERENCES charges (key), account TEXT NOT NULL, won INTEGER NOT NULL,
        UNIQUE (key, account)) STRICT""",
)


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is asked: take `won` from `payer` (negative: give them back). `key` makes it happen once."""

    key: Annotated[str, msgspec.Meta(min_length=8, max_length=64)]
    payer: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    won: Annotated[int, msgspec.Meta(ge=-WON_MAX, le=WON_MAX)]


class Receipt(msgspec.Struct, frozen=True):
    """What became of it."""

    key: str
    state: Literal["charged", "declined"]
    won: int
    at_ms: int


class Manners(msgspec.Struct, frozen=True, kw_only=True):
    """On what days it is bad. `late_every`: of so many new charges one is done, but its answer comes `late_s` too late."""

    decline: Sequence[str] = ()
    late_every: int = 0
    late_s: float = 30.0


class PracticeBooks:
    """The provider's own books: a charge and its two movements, or a refusal; each key once."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, timeout=10.0, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        for table in _TABLES:
            self._db.execute(table)

    def close(self) -> None:
        """Give the file up."""
        self._db.close()

    def take(self, order: Order, *, declined: bool, at_ms: int) -> tuple[Receipt, bool] | None:
        """Move the money once; the receipt, and whether it is new. None where the key stands for something else."""
        with self._writing():
            held = self.find(order.key)
            if held is not None:
                row = self._db.execute("SELECT payer, won FROM charges WHERE key = ?", (order.key,)).fetchone()
                return (held, False) if row == (order.payer, order.won) else None
            state: Literal["charged", "declined"] = "declined" if declined else "charged"
            self._db.execute(
                "INSERT INTO charges VALUES (?, ?, ?, ?, ?)", (order.key, order.payer, order.won, state, at_ms)
            )
            if not declined:
                moves = [(order.key, f"payer:{order.payer}", -order.won), (order.key, MERCHANT, order.won)]
                self._db.executemany("INSERT INTO movements (key, account, won) VALUES (?, ?, ?)", moves)
            return Receipt(order.key, state, order.won, at_ms), True

    def find(self, key: str) -> Receipt | None:
        """What became of a key; None for one that never came."""
        row = self._db.execute("SELECT key, state, won, at_ms FROM charges WHERE key = ?", (key,)).fetchone()
        return None if row is None else Receipt(*row)

    def balances(self) -> dict[str, int]:
        """What stands on every account; they sum to zero."""
        return dict(self._db.execute("SELECT account, sum(won) FROM movements GROUP BY account").fetchall())

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            self._db.execute("ROLLBACK")
            raise


def create_provider(books: PracticeBooks, manners: Manners, now_ms: Callable[[], int]) -> Starlette:
    """Make the HTTP service: `POST /charges`, `GET /charges/{key}`, `GET /balances`."""
    new = 0

    async def charge(request: Request) -> Response:
        nonlocal new
        body = await request.body()
        if len(body) > BODY_MAX_BYTES:
            return _answer({"why": f"the body must not be larger than {BODY_MAX_BYTES} bytes"}, 413)
        try:
            order = msgspec.json.decode(body, type=Order)
        except msgspec.MsgspecError as error:
            return _answer({"why": str(error)}, 422)
        taken = books.take(order, declined=order.payer in manners.decline, at_ms=now_ms())
        if taken is None:
            return _answer({"why": f"{order.key} stands for another charge"}, 409)
        receipt, first = taken
        new += first
        if first and manners.late_every and new % manners.late_every == 0:
            await asyncio.sleep(manners.late_s)
        return _answer(receipt, 201 if first else 200)

    async def status(request: Request) -> Response:
        found = books.find(request.path_params["key"])
        return _answer({"why": "no such key"}, 404) if found is None else _answer(found, 200)

    async def balances(_request: Request) -> Response:
        return _answer({"not_a_bank": True, "balances": books.balances()}, 200)

    return Starlette(
        routes=[
            Route("/charges", charge, methods=["POST"]),
            Route("/charges/{key}", status),
            Route("/balances", balances),
        ]
    )


def system_now_ms() -> int:
    """The machine's clock, epoch milliseconds."""
    return time.time_ns() // 1_000_000


def _answer(body: object, status: int) -> Response:
    headers = {"cache-control": "no-store", "x-not-a-bank": "1"}
    return Response(msgspec.json.encode(body), status, headers, media_type="application/json")
