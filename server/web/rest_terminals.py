"""What operators ask over HTTP about terminals and doors: health, its history, abuse. Web level; never an identity."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from server.core.model import Reason, VehicleId
from server.evidence import DoorNote, TerminalNote
from server.protocol import schema_ops as body
from server.web.api_parts import Here, needs_reader, says
from server.web.bodies import answer
from server.web.callers import reader
from server.web.door_counts import pseudonym
from server.web.errors import problem
from server.web.ops_questions import Names, When
from server.web.terminal_health import by_trouble

router = APIRouter(tags=["operators"])

NOTES_MAX = 500
RUSH_RINGS = 20
"""Rings at one stop within ten minutes from which on it is shown: twice what a full bus's worth of riders rings."""
PEOPLE_MAX = 50


@router.get(
    "/v1/ops/terminals",
    responses=says("Terminals", "Vehicles and their terminals.", noes=(401, 403)),
    openapi_extra=needs_reader(),
    response_class=Response,
)
async def terminals(request: Request, house: Here) -> Response:
    """List every vehicle that reported lately with its terminal's troubles, those in trouble first."""
    refusal = await reader(house, request)
    if isinstance(refusal, Response):
        return refusal
    rows = house.terminals.rows()
    return answer(
        body.Terminals(
            at_ms=house.runtime.clock.now_ms(),
            count=len(rows),
            by_trouble=dict(by_trouble(rows)),
            vehicles=list(rows),
        )
    )


@router.get(
    "/v1/ops/terminals/{vehicle_id}",
    responses=says("TerminalHistory", "Its troubles.", noes=(401, 403, 422)),
    openapi_extra=needs_reader(),
    response_class=Response,
)
async def terminal_history(
    request: Request, house: Here, vehicle_id: str, asked: When, limit: Annotated[int, Query(ge=1, le=500)] = NOTES_MAX
) -> Response:
    """Tell when the troubles of one bus's terminal began and ended in the window."""
    refusal = await reader(house, request)
    if isinstance(refusal, Response):
        return refusal
    notes = await house.runtime.analysis.notes(
        "terminal", from_ms=asked.from_ms, to_ms=asked.to_ms, limit=limit, about=vehicle_id
    )
    rows = [note for note in notes if isinstance(note, TerminalNote)]
    return answer(
        body.TerminalHistory(
            from_ms=asked.from_ms,
            to_ms=asked.to_ms,
            at_ms=house.runtime.clock.now_ms(),
            count=len(rows),
            vehicle_id=vehicle_id,
            plate=house.runtime.renderer.plate(VehicleId(vehicle_id)),
            rows=rows,
        )
    )


@router.get(
    "/v1/ops/abuse",
    responses=says("Abuse", "Who came too often.", noes=(401, 403, 422)),
    openapi_extra=needs_reader(),
    response_class=Response,
)
async def abuse(request: Request, house: Here, asked: When) -> Response:
    """Show what the doors turned away, who rings without riding (a pseudonym of the day), where rings storm."""
    refusal = await reader(house, request)
    if isinstance(refusal, Response):
        return refusal
    if asked.to_ms < asked.from_ms:
        return problem(request, house.words, Reason.BAD_MESSAGE, detail={"what": "to_ms is before from_ms"})
    analysis, names = house.runtime.analysis, Names(house.runtime)
    from_ms, to_ms = asked.from_ms, asked.to_ms
    doors = await analysis.notes("door", from_ms=from_ms, to_ms=to_ms, limit=NOTES_MAX)
    riders = await analysis.riders(from_ms=from_ms, to_ms=to_ms, limit=PEOPLE_MAX)
    rushes = await analysis.rushes(from_ms=from_ms, to_ms=to_ms, least=RUSH_RINGS, limit=PEOPLE_MAX)
    turned_away = [note for note in doors if isinstance(note, DoorNote)]
    settings = house.settings
    return answer(
        body.Abuse(
            from_ms=asked.from_ms,
            to_ms=asked.to_ms,
            at_ms=house.runtime.clock.now_ms(),
            count=sum(note.count for note in turned_away),
            limits=[
                body.Limit(what="ring", per_min=settings.rings_per_min, burst=settings.rings_burst),
                body.Limit(what="kiosk", per_min=settings.kiosk_rings_per_min, burst=settings.kiosk_rings_burst),
                body.Limit(what="ticket", per_min=settings.anonymous_per_min, burst=settings.anonymous_burst),
            ],
            turned_away=turned_away,
            riders=[
                body.FrequentRider(
                    who=pseudonym(house.nonce_key, one.last_ms, one.rider),
                    bells=one.bells,
                    cancelled=one.cancelled,
                    expired=one.expired,
                    served=one.served,
                    last_ms=one.last_ms,
                )
                for one in riders
            ],
            rushes=[
                body.Rush(
                    stop_id=one.stop_id,
                    stop_name=names.stop(one.stop_id),
                    from_ms=one.from_ms,
                    rings=one.rings,
                    riders=one.riders,
                    cancelled=one.cancelled,
                )
                for one in rushes
            ],
        )
    )
