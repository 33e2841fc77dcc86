"""A rider's own account: what she owes, her statement, disputes, consents, and being forgotten. Web level."""

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from server.core.fares.postings import rider_account
from server.core.model import Reason
from server.exports import Names, csv_text
from server.ledger.clerk import Clerk
from server.ledger.records import Consent, Dispute
from server.ledger.tables import STATEMENT_COLUMNS, month_window, statement_rows
from server.protocol import schema_ledger as body
from server.protocol.tokens import Role
from server.web.api_parts import Here, Responses, asks, needs, says
from server.web.bodies import answer, json_body
from server.web.callers import caller
from server.web.errors import plain_problem, problem
from server.web.house import House
from server.web.receipts import entry_item, receipt_of

router = APIRouter(tags=["ledger"])
DISPUTE_WITHIN_MS = 90 * 86_400_000
"""How long a settled ride can be disputed: a quarter, as long as statements are usually argued about."""
ENTRIES_MAX = 200
USES_MAX = 1_000
CSV: Responses = {200: {"description": "The file.", "content": {"text/csv": {}}}}


def no_fares() -> Response:
    """Answer where this server has no ledger."""
    return plain_problem(404, "rides cost nothing here: the server was started without --fares or --tariff")


async def _holder(house: House, request: Request) -> tuple[Clerk, str, str] | Response:
    """The clerk, the caller's subject and her account; or the answer that says no."""
    rider = await caller(house, request, Role.RIDER)
    if isinstance(rider, Response):
        return rider
    if house.clerk is None:
        return no_fares()
    return house.clerk, rider.subject, await house.clerk.account_of(rider.subject)


@router.get(
    "/v1/ledger/account",
    responses=says("LedgerAccount", "One's account.", noes=(401, 403, 404)),
    openapi_extra=needs(Role.RIDER),
    response_class=Response,
)
async def account(request: Request, house: Here, limit: Annotated[int, Query(ge=1, le=ENTRIES_MAX)] = 50) -> Response:
    """Ask what stands on one's account."""
    found = await _holder(house, request)
    if isinstance(found, Response):
        return found
    clerk, _, name = found
    entries = await clerk.books.entries_of(name, limit)
    return answer(
        body.LedgerAccount(
            account=name,
            rider_class=await clerk.books.rider_class(name),
            balance_won=await clerk.books.balance(name),
            entries=[entry_item(kept, only=rider_account(name)) for kept in entries],
        )
    )


@router.get("/v1/ledger/statement.csv", responses=CSV, openapi_extra=needs(Role.RIDER), response_class=Response)
async def statement(
    request: Request, house: Here, month: Annotated[str, Query(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
) -> Response:
    """Take one's rides of a month away, with their sum."""
    found = await _holder(house, request)
    if isinstance(found, Response):
        return found
    clerk, _, name = found
    network = house.runtime.network
    zone = ZoneInfo(network.timezone)
    from_ms, to_ms = month_window(month, zone)
    rides = await clerk.books.rides_of(name, from_ms=from_ms, to_ms=to_ms)
    fares = await clerk.books.fares([fact.ride_id for fact in rides])
    text = "".join(csv_text(STATEMENT_COLUMNS, statement_rows(rides, fares, Names(network), zone)))
    headers = {"content-disposition": f'attachment; filename="ridebell-{month}.csv"', "cache-control": "no-store"}
    return Response(text, headers=headers, media_type="text/csv; charset=utf-8")


@router.post(
    "/v1/rides/{ride_id}/dispute",
    status_code=202,
    responses=says("Receipt", "It is on record.", status=202, noes=(400, 401, 403, 404, 409, 422)),
    openapi_extra=asks("DisputeRequest") | needs(Role.RIDER),
    response_class=Response,
)
async def dispute(request: Request, house: Here, ride_id: str) -> Response:
    """Say that a settled ride is wrong; the operator decides. Before it is settled, undo or correct it."""
    found = await _holder(house, request)
    if isinstance(found, Response):
        return found
    clerk, _, name = found
    asked = await json_body(house, request, body.DisputeRequest)
    if isinstance(asked, Response):
        return asked
    book, now_ms = await clerk.books.ride(ride_id), house.runtime.clock.now_ms()
    if book is None or book.fact.account != name:
        return problem(request, house.words, Reason.UNKNOWN_RIDE, ref=ride_id)
    if now_ms - book.fact.last_ms > DISPUTE_WITHIN_MS:
        return problem(request, house.words, Reason.UNDO_TOO_LATE, ref=ride_id)
    said = Dispute(ride_id, name, asked.what, asked.words, now_ms)
    await clerk.do(clerk.ledger.dispute, said, now_ms=now_ms)
    again = await clerk.books.ride(ride_id)
    assert again is not None
    return answer(receipt_of(again), 202)


@router.get(
    "/v1/ledger/privacy",
    responses=says("Privacy", "Consents and uses.", noes=(401, 403, 404)),
    openapi_extra=needs(Role.RIDER),
    response_class=Response,
)
async def privacy(request: Request, house: Here) -> Response:
    """Ask what one agreed to, and how one's location was used."""
    found = await _holder(house, request)
    if isinstance(found, Response):
        return found
    clerk, _, name = found
    return answer(
        body.Privacy(
            consents=[
                body.ConsentItem(purpose=one.purpose, version=one.version, given=one.given, at_ms=one.at_ms)
                for one in await clerk.books.consents(name)
            ],
            uses=[
                body.UseItem(purpose=one.purpose, by=one.by, at_ms=one.at_ms)
                for one in await clerk.books.uses(name, USES_MAX)
            ],
        )
    )


@router.post(
    "/v1/ledger/privacy",
    responses=says("Privacy", "It is on record.", noes=(400, 401, 403, 404, 422)),
    openapi_extra=asks("ConsentRequest") | needs(Role.RIDER),
    response_class=Response,
)
async def consent(request: Request, house: Here) -> Response:
    """Agree to something, or no longer; each word is kept."""
    found = await _holder(house, request)
    if isinstance(found, Response):
        return found
    clerk, _, name = found
    said = await json_body(house, request, body.ConsentRequest)
    if isinstance(said, Response):
        return said
    at_ms = house.runtime.clock.now_ms()
    await clerk.do(clerk.ledger.consent, Consent(name, said.purpose, said.version, said.given, at_ms))
    return await privacy(request, house)


@router.delete(
    "/v1/ledger/account",
    responses=says("Erased", "The link is broken.", noes=(401, 403, 404)),
    openapi_extra=needs(Role.RIDER),
    response_class=Response,
)
async def erase(request: Request, house: Here) -> Response:
    """Be forgotten: what ended of one's bells and rides goes, nobody finds the account any more, and the books stay."""
    found = await _holder(house, request)
    if isinstance(found, Response):
        return found
    clerk, subject, name = found
    balance_won = await clerk.books.balance(name)
    await clerk.erase(subject)
    return answer(body.Erased(balance_won=balance_won))
