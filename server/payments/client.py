"""`ports.Payments` over HTTP: one question, one certain answer, or `UNKNOWN`. Beside the back ends."""

from typing import Literal

import httpx
import msgspec

from server.ledger.records import Outcome, Settlement

TIMEOUT_S = 8.0
"""A card network answers within seconds; what takes longer is asked after."""


class _Told(msgspec.Struct, frozen=True):
    """What we read of a provider's answer."""

    key: str
    state: Literal["charged", "declined"]
    won: int


class HttpPayments:
    """A provider at a URL that speaks `POST /charges {key, payer, won}` and `GET /charges/{key}`."""

    def __init__(self, url: str, *, name: str = "practice", timeout_s: float = TIMEOUT_S) -> None:
        self._http = httpx.AsyncClient(base_url=url, timeout=timeout_s, trust_env=False)
        self._name = name

    @property
    def name(self) -> str:
        """By which its account in the ledger is known."""
        return self._name

    async def aclose(self) -> None:
        """Let its connections go."""
        await self._http.aclose()

    async def charge(self, settlement: Settlement) -> Outcome:
        """Ask for the money under the settlement's id. Whatever is not a certain answer to it is `UNKNOWN`."""
        order = {"key": settlement.settlement_id, "payer": settlement.account, "won": settlement.won}
        try:
            response = await self._http.post("/charges", json=order)
        except httpx.HTTPError:
            return Outcome.UNKNOWN
        return _outcome(response, settlement.settlement_id)

    async def status(self, settlement_id: str) -> Outcome:
        """Ask what became of a settlement."""
        try:
            response = await self._http.get(f"/charges/{settlement_id}")
        except httpx.HTTPError:
            return Outcome.UNKNOWN
        return Outcome.ABSENT if response.status_code == httpx.codes.NOT_FOUND else _outcome(response, settlement_id)


def _outcome(response: httpx.Response, settlement_id: str) -> Outcome:
    if not response.is_success:
        return Outcome.UNKNOWN
    try:
        told = msgspec.json.decode(response.content, type=_Told)
    except msgspec.MsgspecError:
        return Outcome.UNKNOWN
    return Outcome(told.state) if told.key == settlement_id else Outcome.UNKNOWN
