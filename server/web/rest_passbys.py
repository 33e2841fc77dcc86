"""What operators ask over HTTP about pass-bys: the list, and the evidence of one. Web level; protects drivers as well."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from server.core.model import Doors, Reason, Stage
from server.evidence import Asked, PassBy
from server.protocol import schema_ops as body
from server.web.api_parts import Here, needs_reader, says
from server.web.bodies import answer
from server.web.callers import reader
from server.web.errors import problem
from server.web.house import House
from server.web.ops_questions import Names, Which
from server.web.rest_ops import alert_steps

router = APIRouter(tags=["operators"])

NEAR_STOP_M = 30.0
"""Within this of the pole counts what the bus did at the stop: the zone of the stand test (DOMAIN §2)."""


@router.get(
    "/v1/ops/passbys",
    responses=says("PassBys", "Buses that went by.", noes=(401, 403, 422)),
    openapi_extra=needs_reader(),
    response_class=Response,
)
async def passbys(
    request: Request, house: Here, asked: Which, limit: Annotated[int, Query(ge=1, le=1000)] = 200
) -> Response:
    """List the buses that went through a stop at which somebody waited for them, the newest first."""
    refusal = await reader(house, request)
    if isinstance(refusal, Response):
        return refusal
    return answer(await passbys_of(house, asked, limit=limit))


async def passbys_of(house: House, asked: Asked, *, limit: int) -> body.PassBys:
    """Find the pass-bys of a window, with their names."""
    found, names = await house.runtime.analysis.passbys(asked, limit=limit), Names(house.runtime)
    return body.PassBys(
        from_ms=asked.from_ms,
        to_ms=asked.to_ms,
        at_ms=house.runtime.clock.now_ms(),
        count=len(found),
        rows=[_row(one, names) for one in found],
    )


@router.get(
    "/v1/ops/passbys/{passby_id}",
    responses=says("Evidence", "All that is known of it.", noes=(401, 403, 404, 422)),
    openapi_extra=needs_reader(),
    response_class=Response,
)
async def passby(request: Request, house: Here, passby_id: Annotated[int, ...]) -> Response:
    """Give the evidence of one pass-by: alert, display, commit point, speed profile, doors, reports."""
    refusal = await reader(house, request)
    if isinstance(refusal, Response):
        return refusal
    found = await house.runtime.analysis.passby(passby_id)
    if found is None:
        return problem(request, house.words, Reason.UNKNOWN_BELL)
    return answer(evidence(found, Names(house.runtime)))


def evidence(found: PassBy, names: Names) -> body.Evidence:
    """Put in a row what the records say."""
    profile = found.passage.profile if found.passage is not None else ()
    near = [glimpse for glimpse in profile if abs(glimpse.from_stop_m) <= NEAR_STOP_M]
    speeds = [glimpse.speed_mps for glimpse in near if glimpse.speed_mps is not None]
    doors = {glimpse.doors for glimpse in near if glimpse.doors is not None}
    alerts = [alert for alert in found.alerts if alert.outcome is None]
    decide = next((alert for alert in alerts if alert.stage is Stage.NOW), None)
    visit = found.visit
    return body.Evidence(
        row=_row(found, names),
        told_ms=alerts[0].at_ms if alerts else None,
        shown_ms=next((alert.shown_ms for alert in alerts if alert.shown_ms is not None), None),
        decide_ms=decide.at_ms if decide is not None else None,
        decide_m=round(decide.distance_m) if decide is not None else None,
        least_speed_mps=min(speeds, default=None),
        doors=Doors.OPEN if Doors.OPEN in doors else Doors.CLOSED if doors else None,
        arrived_ms=visit.arrived_ms if visit is not None else None,
        departed_ms=visit.departed_ms if visit is not None else None,
        profile=list(profile),
        alerts=alert_steps(found.alerts, names),
        reports=list(found.reports),
    )


def _row(one: PassBy, names: Names) -> body.PassByRow:
    lat, lon = names.place(one.stop_id) or (0.0, 0.0)
    return body.PassByRow(
        id=str(one.n),
        at_ms=one.at_ms,
        vehicle_id=one.vehicle_id,
        plate=names.plate(one.vehicle_id) or one.vehicle_id,
        route_id=one.route_id,
        route_name=names.route(one.route_id),
        trip_id=one.trip.trip_id,
        stop_id=one.stop_id,
        stop_name=names.stop(one.stop_id),
        stop_sequence=one.stop_sequence,
        lat=lat,
        lon=lon,
        bells=list(one.handles),
        party=one.party,
        needs=list(one.needs),
        reason=one.reason.value if one.reason is not None else None,
        outcome=one.visit.outcome if one.visit is not None else None,
        confidence=one.visit.confidence if one.visit is not None else None,
        stood_s=one.visit.stood_s if one.visit is not None else None,
        reported=bool(one.reports),
    )
