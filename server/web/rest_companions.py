"""Companion links over HTTP: made and taken back by the rider, opened by whoever was given one. Web level."""

import asyncio
from http import HTTPStatus

from fastapi import APIRouter, Request
from starlette.responses import Response

from server.core.model import ON_BOARD, BellKind, Reason, Ride, RideId, RiderId
from server.protocol import schema_riders as body
from server.protocol.tokens import Role
from server.web.api_parts import PROBLEM, Here, asks, needs, says, schema
from server.web.bodies import answer, json_body
from server.web.callers import address_of, caller
from server.web.companions import Link
from server.web.errors import plain_problem, problem
from server.web.house import House

router = APIRouter(tags=["rides"])

ENDED = "this link has ended"


@router.post(
    "/v1/companions",
    status_code=201,
    responses=says("CompanionLink", "The link.", status=201, noes=(401, 403, 404, 422, 429)),
    openapi_extra=asks("LinkRequest") | needs(Role.RIDER),
    response_class=Response,
)
async def make_link(request: Request, house: Here) -> Response:
    """Make a link by which a companion sees the bus of one's ride for a while."""
    rider = await caller(house, request, Role.RIDER)
    if isinstance(rider, Response):
        return rider
    asked = await json_body(house, request, body.LinkRequest)
    if isinstance(asked, Response):
        return asked
    if not house.rings.allow(rider.subject, asyncio.get_running_loop().time()):
        return problem(request, house.words, Reason.RATE_LIMITED)
    ride = house.runtime.engine.ride(RideId(asked.ride_id))
    if ride is None or ride.rider_id != rider.subject:
        return problem(request, house.words, Reason.UNKNOWN_RIDE, ref=asked.ride_id)
    if ride.state not in ON_BOARD:
        return problem(request, house.words, Reason.NOT_ON_BOARD, ref=asked.ride_id)
    now_s = house.runtime.clock.now_ms() / 1000
    link, token = house.companions.make(RiderId(rider.subject), ride.ride_id, now_s=now_s, ttl_s=asked.ttl_s)
    return answer(body.CompanionLink(link_id=link.link_id, token=token, expires_ms=round(link.expires_s * 1000)), 201)


@router.delete(
    "/v1/companions/{link_id}",
    status_code=204,
    responses={
        no: {"description": "No, and why.", "content": {PROBLEM: {"schema": schema("Problem")}}}
        for no in (401, 403, 404)
    },
    openapi_extra=needs(Role.RIDER),
    response_class=Response,
)
async def revoke_link(request: Request, house: Here, link_id: str) -> Response:
    """Take a link back: whoever holds it sees nothing more."""
    rider = await caller(house, request, Role.RIDER)
    if isinstance(rider, Response):
        return rider
    if not house.companions.revoke(RiderId(rider.subject), link_id):
        return plain_problem(HTTPStatus.NOT_FOUND, "there is no such link of yours; it may have ended")
    return Response(status_code=HTTPStatus.NO_CONTENT)


@router.get(
    "/v1/companion",
    responses=says("CompanionView", "The bus.", noes=(404, 429)),
    openapi_extra={"security": [{"bearer": []}]},
    response_class=Response,
)
async def companion(request: Request, house: Here) -> Response:
    """Show the bus of a link, which is given as a bearer token so that no address and no log ever holds it."""
    if not house.anonymous.allow(f"companion:{address_of(request)}", asyncio.get_running_loop().time()):
        return problem(request, house.words, Reason.RATE_LIMITED)
    token = request.headers.get("authorization", "").partition(" ")[2].strip()
    now_ms = house.runtime.clock.now_ms()
    link = house.companions.find(token, now_ms / 1000)
    ride = house.runtime.engine.ride(link.ride_id) if link is not None else None
    if link is None or ride is None or ride.state not in ON_BOARD:
        return plain_problem(HTTPStatus.NOT_FOUND, ENDED)
    view = house.runtime.engine.bus(ride.vehicle_id, now_ms)
    if view is None:
        return plain_problem(HTTPStatus.NOT_FOUND, ENDED)
    return answer(
        body.CompanionView(
            run=house.buses.run(view),
            bus=house.buses.live(ride.vehicle_id, view, at_ms=now_ms),
            alight_stop_sequence=_gets_off(house, link, ride),
            expires_ms=round(link.expires_s * 1000),
        )
    )


def _gets_off(house: House, link: Link, ride: Ride) -> int | None:
    """Tell where the rider has rung to be let off, if so."""
    for bell in house.runtime.engine.bells_of(link.rider_id):
        if bell.kind is BellKind.ALIGHT and not bell.ended and bell.ride_id == ride.ride_id:
            return bell.visit_sequence if bell.visit_sequence is not None else bell.stop_sequence
    return None
