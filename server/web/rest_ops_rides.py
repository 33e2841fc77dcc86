"""What operators ask over HTTP about rides: the list, and one with its receipt. Web level; never a rider's identity."""

from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Query, Request
from msgspec.structs import replace
from starlette.responses import Response

from server.core.fares.postings import RideFact
from server.core.model import Reason, Ride, RideId, RideState
from server.evidence import Asked
from server.ledger.records import Dispute, Ruling
from server.protocol import schema_ops_rides as body
from server.protocol.schema_ledger import LedgerEntry
from server.web.api_parts import Here, needs_reader, says
from server.web.bodies import answer
from server.web.callers import reader
from server.web.errors import problem
from server.web.house import House
from server.web.ops_questions import Names, When
from server.web.receipts import entry_item, receipt_of

router = APIRouter(tags=["operators"])

DISPUTES_MAX = 10_000
"""Disputes looked through for marks in the list: years of a town."""
Said = dict[str, tuple[Dispute, Ruling | None]]


@router.get(
    "/v1/ops/rides",
    responses=says("RideList", "Rides of a window.", noes=(401, 403, 422)),
    openapi_extra=needs_reader(),
    response_class=Response,
)
async def rides(
    request: Request, house: Here, asked: When, limit: Annotated[int, Query(ge=1, le=2_000)] = 500
) -> Response:
    """List rides with what they cost and how sure they were, the newest first."""
    refusal = await reader(house, request)
    if isinstance(refusal, Response):
        return refusal
    rows = sorted(await _rows(house, asked), key=lambda row: (-row.boarded_ms, row.ride_id))
    return answer(
        body.RideList(
            from_ms=asked.from_ms,
            to_ms=asked.to_ms,
            at_ms=house.runtime.clock.now_ms(),
            count=len(rows),
            by_state=dict(Counter(row.state.value for row in rows)),
            rows=rows[:limit],
        )
    )


async def _rows(house: House, asked: Asked) -> list[body.RideRow]:
    names = Names(house.runtime)
    rows: dict[str, body.RideRow] = {}
    if house.clerk is not None:
        books = house.clerk.books
        said: Said = {one.ride_id: (one, ruled) for one, ruled in await books.disputes(DISPUTES_MAX)}
        for fact, won in await books.rides(from_ms=asked.from_ms, to_ms=asked.to_ms):
            rows[fact.ride_id] = _of_fact(fact, won, names, said)
    for ride in house.runtime.engine.open_rides():
        if ride.ride_id not in rows and asked.from_ms <= _boarded_ms(ride) < asked.to_ms:
            rows[ride.ride_id] = _of_ride(ride, names)
    return list(rows.values())


def _of_fact(fact: RideFact, won: int | None, names: Names, said: Said) -> body.RideRow:
    ride = fact.ride
    over = RideState.SETTLED if fact.settled else RideState.ALIGHTED
    dispute, ruled = said.get(fact.ride_id, (None, None))
    return body.RideRow(
        ride_id=fact.ride_id,
        state=RideState.VOIDED if fact.waiver == "void" else over,
        boarded_ms=ride.boarded_ms,
        alighted_ms=ride.alighted_ms,
        route_name=names.route(ride.route_id),
        plate=names.plate(fact.vehicle_id),
        board_stop=names.stop(ride.board_stop_id) if ride.board_stop_id is not None else None,
        alight_stop=names.stop(ride.alight_stop_id) if ride.alight_stop_id is not None else None,
        distance_m=ride.distance_m,
        party=fact.party,
        fare_won=won,
        confidence=fact.confidence,
        waiver=fact.waiver.value if fact.waiver is not None else None,
        disputed=dispute is not None,
        verdict=ruled.verdict if ruled is not None else None,
    )


def _boarded_ms(ride: Ride) -> int:
    return ride.board.at_ms if ride.board is not None else ride.began_ms


def _of_ride(ride: Ride, names: Names) -> body.RideRow:
    return body.RideRow(
        ride_id=ride.ride_id,
        state=ride.state,
        boarded_ms=_boarded_ms(ride),
        alighted_ms=ride.alight.at_ms if ride.alight is not None else None,
        route_name=names.route(ride.route_id),
        plate=names.plate(ride.vehicle_id),
        board_stop=names.stop(ride.board.stop_id) if ride.board is not None else None,
        alight_stop=names.stop(ride.alight.stop_id) if ride.alight is not None else None,
        distance_m=ride.distance_m,
        party=ride.party,
        fare_won=ride.fare_won,
        confidence=round(ride.confidence * 100),
    )


@router.get(
    "/v1/ops/rides/{ride_id}",
    responses=says("RideStory", "One ride.", noes=(401, 403, 404)),
    openapi_extra=needs_reader(),
    response_class=Response,
)
async def ride(request: Request, house: Here, ride_id: str) -> Response:
    """Tell one ride's story: what was believed and why, what it cost by which rules, each entry of the ledger."""
    refusal = await reader(house, request)
    if isinstance(refusal, Response):
        return refusal
    found = await house.runtime.find_ride(RideId(ride_id))
    book = await house.clerk.books.ride(ride_id) if house.clerk is not None else None
    told = house.runtime.ride_message(found) if found is not None else None
    names = Names(house.runtime)
    if book is not None:
        receipt, entries = receipt_of(book), [_without_account(entry_item(kept)) for kept in book.entries]
        said: Said = {ride_id: (book.dispute, book.ruling)} if book.dispute is not None else {}
        row = _of_fact(book.fact, receipt.fare_won if entries else None, names, said)
        return answer(body.RideStory(row=row, ride=told, receipt=receipt, entries=entries))
    if found is None:
        return problem(request, house.words, Reason.UNKNOWN_RIDE, ref=ride_id)
    return answer(body.RideStory(row=_of_ride(found, names), ride=told, receipt=None, entries=[]))


def _without_account(entry: LedgerEntry) -> LedgerEntry:
    """Whose account a line is on leads from one ride of a rider to all others: operators need not see it."""
    lines = [replace(line, account="rider") if line.account.startswith("rider:") else line for line in entry.lines]
    return replace(entry, lines=lines)
