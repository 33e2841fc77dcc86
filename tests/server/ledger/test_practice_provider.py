"""The practice provider keeps books of its own, charges each key once, and behaves as badly as it is told to."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from server.ledger.records import Outcome, Settlement
from server.payments.practice import Manners, PracticeBooks, create_provider
from tests.server.ledger.charging_world import payments_over

KEY = "0123456789abcdef"
ORDER = {"key": KEY, "payer": "a", "won": 1650}
SETTLEMENT = Settlement(KEY, "a", 1650, 1)


@pytest.fixture
async def provider(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A provider that declines what is asked of `poor`."""
    books = PracticeBooks(tmp_path / "p.sqlite3")
    transport = httpx.ASGITransport(create_provider(books, Manners(decline=("poor",)), lambda: 7))
    async with httpx.AsyncClient(transport=transport, base_url="http://p") as client:
        yield client
    books.close()


async def test_a_key_is_charged_once_and_answered_every_time(provider: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(provider.post("/charges", json=ORDER) for _ in range(16)))
    assert sorted(answer.status_code for answer in answers) == [200] * 15 + [201]
    assert {answer.text for answer in answers} == {answers[0].text}
    assert (await provider.get(f"/charges/{KEY}")).json() == answers[0].json()
    told = (await provider.get("/balances")).json()
    assert told == {"not_a_bank": True, "balances": {"merchant": 1650, "payer:a": -1650}}


async def test_what_it_does_not_do(provider: httpx.AsyncClient) -> None:
    await provider.post("/charges", json=ORDER)
    assert (await provider.post("/charges", json={**ORDER, "won": 1})).status_code == 409
    assert (await provider.post("/charges", json={**ORDER, "more": 1})).status_code == 422
    assert (await provider.post("/charges", content=b"x" * 5000)).status_code == 413
    assert (await provider.get("/charges/unknown")).status_code == 404
    declined = await provider.post("/charges", json={**ORDER, "key": "another-key", "payer": "poor"})
    assert declined.json()["state"] == "declined"
    assert sum((await provider.get("/balances")).json()["balances"].values()) == 0
    assert (await provider.post("/charges", json={**ORDER, "key": "back-to-her", "won": -1650})).status_code == 201


async def test_a_late_answer_is_unknown_and_its_charge_is_there(tmp_path: Path) -> None:
    books = PracticeBooks(tmp_path / "p.sqlite3")
    app = create_provider(books, Manners(late_every=1, late_s=5.0), lambda: 7)
    inner = httpx.ASGITransport(app)

    class Impatient(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            try:
                async with asyncio.timeout(0.05):
                    return await inner.handle_async_request(request)
            except TimeoutError as error:
                raise httpx.ReadTimeout("late", request=request) from error

    payments = payments_over(Impatient())
    assert await payments.charge(SETTLEMENT) is Outcome.UNKNOWN
    assert await payments.status(KEY) is Outcome.CHARGED
    assert await payments.charge(SETTLEMENT) is Outcome.CHARGED
    assert await payments.status("never-heard-of") is Outcome.ABSENT
    assert books.balances()["merchant"] == 1650
    await payments.aclose()
    books.close()


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, b""), (200, b"<html>"), (200, b'{"key": "else", "state": "charged", "won": 1}'), (302, b""), (409, b"{}")],
)
async def test_whatever_is_not_a_certain_answer_is_unknown(status: int, body: bytes) -> None:
    payments = payments_over(httpx.MockTransport(lambda _: httpx.Response(status, content=body)))
    assert await payments.charge(SETTLEMENT) is Outcome.UNKNOWN
    assert await payments.status(KEY) is Outcome.UNKNOWN
    assert payments.name == "practice"
    await payments.aclose()
