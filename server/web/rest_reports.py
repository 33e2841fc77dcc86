"""A rider's report of a bus that passed: filled from the record, confirmed with one tap, kept without who it was. Web level."""

import asyncio
from collections.abc import Sequence
from http import HTTPStatus

from fastapi import APIRouter, Request
from starlette.responses import Response

from server.core.model import Alert, Bell, BellId, BellState, Reason
from server.evidence import Asked, ReportNote, Story, bell_handle
from server.protocol import schema_riders as body
from server.protocol.schema_ops import Evidence
from server.protocol.tokens import Role
from server.web.api_parts import Here, asks, needs, says
from server.web.auth import Identity
from server.web.bodies import answer, json_body
from server.web.callers import caller
from server.web.errors import plain_problem, problem
from server.web.house import House
from server.web.ops_questions import Names
from server.web.rest_passbys import evidence

router = APIRouter(tags=["bells"])


@router.get(
    "/v1/bells/{bell_id}/report",
    responses=says("PassByReport", "The record of the last bus that passed.", noes=(401, 403, 404, 409)),
    openapi_extra=needs(Role.RIDER),
    response_class=Response,
)
async def report(request: Request, house: Here, bell_id: str) -> Response:
    """Give the record of the last bus that passed the rider of a bell."""
    rider = await caller(house, request, Role.RIDER)
    if isinstance(rider, Response):
        return rider
    story = await _story(house, bell_id, rider)
    if story is None:
        return problem(request, house.words, Reason.UNKNOWN_BELL, ref=bell_id)
    passed = [one for one in story.bells if one.state is BellState.PASSED]
    return answer(await _record(house, story, passed[-1])) if passed else _nothing_to_report()


@router.post(
    "/v1/bells/{bell_id}/report",
    status_code=201,
    responses=says("PassByReport", "The report is kept.", status=201, noes=(401, 403, 404, 409, 422, 429, 503))
    | says("PassByReport", "It was reported before."),
    openapi_extra=asks("ReportRequest") | needs(Role.RIDER),
    response_class=Response,
)
async def confirm(request: Request, house: Here, bell_id: str) -> Response:
    """Report that a bus passed, as the record has it. Said again it is the same report."""
    rider = await caller(house, request, Role.RIDER)
    if isinstance(rider, Response):
        return rider
    asked = await json_body(house, request, body.ReportRequest)
    if isinstance(asked, Response):
        return asked
    now_ms = house.runtime.clock.now_ms()
    if not house.rings.allow(rider.subject, asyncio.get_running_loop().time()):
        house.doors.turned_away("report", rider.subject, now_ms)
        return problem(request, house.words, Reason.RATE_LIMITED, ref=bell_id)
    async with house.reporting:
        story = await _story(house, bell_id, rider)
        if story is None:
            return problem(request, house.words, Reason.UNKNOWN_BELL, ref=bell_id)
        passed = [one for one in story.bells if one.state is BellState.PASSED and one.attempt == asked.attempt]
        if not passed:
            return _nothing_to_report()
        known = await _record(house, story, passed[-1])
        if known.reported_ms is not None:
            return answer(known)
        refusal = await _kept(house, _note(passed[-1], now_ms))
    if refusal is not None:
        return problem(request, house.words, refusal, ref=bell_id)
    known.reported_ms = now_ms
    return answer(known, 201)


async def _story(house: House, bell_id: str, rider: Identity) -> Story | None:
    """Everything the journal holds of a bell, if it is this rider's."""
    bell = await house.runtime.find_bell(BellId(bell_id))
    if bell is None or bell.rider_id != rider.subject:
        return None
    return await house.runtime.analysis.story(bell_handle(bell))


def _nothing_to_report() -> Response:
    return plain_problem(HTTPStatus.CONFLICT, "no bus has passed the rider of this bell; there is nothing to report")


def _note(passed: Bell, now_ms: int) -> ReportNote:
    return ReportNote(
        at_ms=now_ms,
        handle=bell_handle(passed),
        vehicle_id=passed.vehicle_id,
        route_id=passed.route_id,
        stop_id=passed.stop_id,
        said_ms=passed.changed_ms,
    )


async def _kept(house: House, note: ReportNote) -> Reason | None:
    """Wait until the journal holds it, or say why not."""
    done: asyncio.Future[Reason | None] = asyncio.get_running_loop().create_future()
    house.runtime.keep([note], done.set_result)
    return await done


async def _record(house: House, story: Story, passed: Bell) -> body.PassByReport:
    seen = await _seen(house, passed)
    network, renderer = house.runtime.network, house.runtime.renderer
    stop, route = network.stops.get(passed.stop_id), network.routes.get(passed.route_id)
    assert passed.vehicle_id is not None
    return body.PassByReport(
        bell_id=passed.bell_id,
        attempt=passed.attempt,
        route_id=passed.route_id,
        route_name=route.name if route is not None else passed.route_id,
        stop_id=passed.stop_id,
        stop_name=stop.name if stop is not None else passed.stop_id,
        stop_names=dict(stop.names) if stop is not None else {},
        stop_code=stop.code if stop is not None else "",
        vehicle_id=passed.vehicle_id,
        plate=renderer.plate(passed.vehicle_id),
        rung_ms=passed.rung_ms,
        assigned_ms=_first(story.bells, passed, BellState.ASSIGNED),
        shown_ms=_shown(story.alerts, passed),
        passed_ms=passed.changed_ms,
        least_speed_mps=seen.least_speed_mps if seen is not None else None,
        doors=seen.doors if seen is not None else None,
        reported_ms=next((note.at_ms for note in story.reports if note.said_ms == passed.changed_ms), None),
    )


async def _seen(house: House, passed: Bell) -> Evidence | None:
    """Give the evidence of the pass-by as operators see it."""
    at_ms, analysis = passed.changed_ms, house.runtime.analysis
    asked = Asked(from_ms=at_ms, to_ms=at_ms + 1, stop_id=passed.stop_id, vehicle_id=passed.vehicle_id)
    found = await analysis.passbys(asked, limit=1)
    passby = await analysis.passby(found[0].n) if found else None
    return evidence(passby, Names(house.runtime)) if passby is not None else None


def _first(records: Sequence[Bell], passed: Bell, state: BellState) -> int | None:
    """When the bell first was in a state with this bus."""
    times = (one.changed_ms for one in records if one.state is state and one.vehicle_id == passed.vehicle_id)
    return next(times, None)


def _shown(alerts: Sequence[Alert], passed: Bell) -> int | None:
    """When the driver's screen of this bus said that the bell stood on it."""
    shown = (one.shown_ms for one in alerts if one.vehicle_id == passed.vehicle_id and one.shown_ms is not None)
    return next(shown, None)
