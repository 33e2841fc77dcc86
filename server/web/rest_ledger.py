"""The ledger for operators: days, balances, rides, disputes, what devices have not sent, and files. Web level."""

import datetime as dt
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from server.core.fares.postings import EntryKind
from server.core.model import Reason
from server.ledger import tables
from server.ledger.clerk import Clerk
from server.ledger.records import Dispute, Ruling
from server.protocol import schema_ledger as body
from server.protocol.tokens import Role
from server.web.api_parts import Here, asks, needs, needs_reader, says
from server.web.bodies import answer, json_body
from server.web.callers import caller, reader
from server.web.errors import problem
from server.web.house import House
from server.web.ops_questions import Names, When
from server.web.receipts import histogram, receipt_of
from server.web.rest_account import CSV, no_fares

router = APIRouter(tags=["ledger"])
NOES = (401, 403, 404)
ROWS_MAX = 500
LAST_DAY = "9999-12-31"
OneDay = Annotated[str, Query(pattern=r"^\d{4}-\d{2}-\d{2}$")]


async def _clerk(house: House, request: Request) -> Clerk | Response:
    """The clerk, for whoever may read what operators read; or the answer that says no."""
    refusal = await reader(house, request)
    if isinstance(refusal, Response):
        return refusal
    return house.clerk if house.clerk is not None else no_fares()


@router.get(
    "/v1/ledger/days",
    responses=says("LedgerDays", "Closed days.", noes=NOES),
    openapi_extra=needs_reader(),
    response_class=Response,
)
async def days(request: Request, house: Here) -> Response:
    """List closed days with their seals, the newest first."""
    clerk = await _clerk(house, request)
    if isinstance(clerk, Response):
        return clerk
    found = await clerk.books.days(ROWS_MAX)
    return answer(
        body.LedgerDays(
            days=[
                body.LedgerDay(
                    day=one.day, closed_ms=one.closed_ms, entries=one.entries, debit_won=one.debit_won, seal=one.seal
                )
                for one in found
            ]
        )
    )


@router.get(
    "/v1/ledger/trial-balance",
    responses=says("TrialBalance", "All accounts.", noes=(*NOES, 422)),
    openapi_extra=needs_reader(),
    response_class=Response,
)
async def trial_balance(request: Request, house: Here, last_day: OneDay = LAST_DAY) -> Response:
    """Balance all accounts at the end of a day; now, where none is named."""
    clerk = await _clerk(house, request)
    if isinstance(clerk, Response):
        return clerk
    rows = [
        body.BalanceRow(account=one.account, debit_won=one.debit_won, credit_won=one.credit_won, won=one.won)
        for one in await clerk.books.trial_balance(last_day)
    ]
    return answer(body.TrialBalance(last_day=last_day, rows=rows, sum_won=sum(row.won for row in rows)))


@router.get(
    "/v1/ledger/rides",
    responses=says("RideFigures", "The rides of a window.", noes=(*NOES, 422)),
    openapi_extra=needs_reader(),
    response_class=Response,
)
async def rides(request: Request, house: Here, asked: When) -> Response:
    """Count the rides of a window: charged, taken back, corrected, and how sure they were."""
    clerk = await _clerk(house, request)
    if isinstance(clerk, Response):
        return clerk
    found = await clerk.books.rides(from_ms=asked.from_ms, to_ms=asked.to_ms)
    entries = await clerk.books.entries(
        first_day=_day(house, asked.from_ms), last_day=_day(house, max(asked.to_ms, house.runtime.clock.now_ms()))
    )
    known = {fact.ride_id for fact, _ in found}
    changed = [
        line.won
        for kept in entries
        if kept.entry.kind in (EntryKind.CORRECTION, EntryKind.REVERSAL)
        for line in kept.entry.lines
        if line.account.startswith("rider:") and line.ride_id in known
    ]
    said = {one.ride_id for one, _ in await clerk.books.disputes(ROWS_MAX)}
    waived = [fact.waiver for fact, _ in found]
    return answer(
        body.RideFigures(
            from_ms=asked.from_ms,
            to_ms=asked.to_ms,
            rides=len(found),
            charged=sum(bool(won) for _, won in found),
            charged_won=sum(won or 0 for _, won in found),
            void=sum(waiver == "void" for waiver in waived),
            by_card=sum(waiver == "card" for waiver in waived),
            disputed=len(known & said),
            unsettled=sum(not fact.settled for fact, _ in found),
            corrections=len(changed),
            corrections_won=sum(changed),
            unpriced=sum(won is None and fact.waiver is None for fact, won in found),
            confidence=histogram(fact.confidence for fact, _ in found if fact.waiver is None),
        )
    )


@router.get(
    "/v1/ledger/disputes",
    responses=says("Disputes", "What riders said.", noes=NOES),
    openapi_extra=needs_reader(),
    response_class=Response,
)
async def disputes(request: Request, house: Here) -> Response:
    """List what riders said of rides, and what was decided."""
    clerk = await _clerk(house, request)
    if isinstance(clerk, Response):
        return clerk
    found = await clerk.books.disputes(ROWS_MAX)
    return answer(body.Disputes(disputes=[item for one, ruled in found if (item := await _item(clerk, one, ruled))]))


async def _item(clerk: Clerk, said: Dispute, ruled: Ruling | None) -> body.DisputeItem | None:
    book = await clerk.books.ride(said.ride_id)
    if book is None:
        return None
    return body.DisputeItem(
        ride_id=said.ride_id,
        what=said.what,
        words=said.words,
        at_ms=said.at_ms,
        fare_won=receipt_of(book).fare_won,
        route_id=book.fact.ride.route_id,
        vehicle_id=book.fact.vehicle_id,
        boarded_ms=book.fact.ride.boarded_ms,
        verdict=ruled.verdict if ruled is not None else None,
    )


@router.post(
    "/v1/ledger/disputes/{ride_id}",
    responses=says("Receipt", "It is decided.", noes=(400, *NOES, 409, 422)),
    openapi_extra=asks("RulingRequest") | needs(Role.OPERATOR),
    response_class=Response,
)
async def rule(request: Request, house: Here, ride_id: str) -> Response:
    """Decide a dispute: what is not charged is reversed, and given back if it was paid."""
    operator = await caller(house, request, Role.OPERATOR)
    if isinstance(operator, Response):
        return operator
    clerk = house.clerk
    if clerk is None:
        return no_fares()
    asked = await json_body(house, request, body.RulingRequest)
    if isinstance(asked, Response):
        return asked
    held = await clerk.books.ride(ride_id)
    if held is None:
        return problem(request, house.words, Reason.UNKNOWN_RIDE, ref=ride_id)
    now_ms = house.runtime.clock.now_ms()
    if held.ruling is not None and held.ruling.n == asked.n and held.ruling.verdict == asked.verdict:
        return answer(receipt_of(held))
    booked = await clerk.take(clerk.ledger.rule, Ruling(ride_id, asked.n, asked.verdict, "operator", now_ms))
    book = await clerk.books.ride(ride_id)
    if booked is None or book is None:
        return problem(request, house.words, Reason.UNKNOWN_RIDE, ref=ride_id)
    if booked.conflict:
        return problem(request, house.words, Reason.ID_REUSED, ref=ride_id)
    return answer(receipt_of(book))


@router.get(
    "/v1/ledger/conflicts",
    responses=says("Conflicts", "Ids that came with two contents.", noes=NOES),
    openapi_extra=needs_reader(),
    response_class=Response,
)
async def conflicts(request: Request, house: Here) -> Response:
    """List what was refused because its id stood for something else."""
    clerk = await _clerk(house, request)
    if isinstance(clerk, Response):
        return clerk
    found = await clerk.books.conflicts(ROWS_MAX)
    return answer(
        body.Conflicts(
            conflicts=[
                body.ConflictItem(fact_id=one.fact_id, at_ms=one.at_ms, held=one.held, came=one.came) for one in found
            ]
        )
    )


@router.get(
    "/v1/ledger/devices",
    responses=says("DeviceList", "Devices that number what they send.", noes=NOES),
    openapi_extra=needs_reader(),
    response_class=Response,
)
async def devices(request: Request, house: Here) -> Response:
    """List devices with the numbers that are missing."""
    clerk = await _clerk(house, request)
    if isinstance(clerk, Response):
        return clerk
    return answer(
        body.DeviceList(
            devices=[
                body.DeviceItem(
                    device=one.device, watermark=one.watermark, highest=one.highest, missing=list(one.missing)
                )
                for one in await clerk.books.devices()
            ]
        )
    )


@router.get("/v1/ledger/exports/{table}", responses=CSV, openapi_extra=needs_reader(), response_class=Response)
async def export(request: Request, house: Here, table: tables.LedgerTable, asked: When) -> Response:
    """Take entries, rides or TIDES `fare_transactions` of a window away as one file."""
    clerk = await _clerk(house, request)
    if isinstance(clerk, Response):
        return clerk
    runtime = house.runtime
    text = await tables.table_text(
        table,
        clerk.books,
        Names(runtime),
        ZoneInfo(runtime.network.timezone),
        currency=clerk.desk.tariff.currency,
        from_ms=asked.from_ms,
        to_ms=asked.to_ms,
    )
    name = f"ridebell-{_day(house, asked.from_ms)}-{table}"
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
    return Response("".join(text), headers=headers, media_type="text/csv; charset=utf-8")


def _day(house: House, at_ms: int) -> str:
    return dt.datetime.fromtimestamp(at_ms // 1000, ZoneInfo(house.runtime.network.timezone)).date().isoformat()
