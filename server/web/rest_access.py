"""How a browser comes in: tickets for sockets, a kept token for pages, and tokens for trying things out. Web level."""

import asyncio
import time

from fastapi import APIRouter, Request
from starlette.responses import Response

from server.core.model import Reason, VehicleId
from server.protocol import schema_http as body
from server.protocol.tokens import Role
from server.web.api_parts import Here, asks, says
from server.web.auth import Identity
from server.web.bodies import answer, json_body
from server.web.callers import DEMO_TTL_S, address_of, anonymous_rider, holder, identify, identify_reader, keep, let_go
from server.web.errors import plain_problem, problem
from server.web.house import House
from server.web.origin import origin_allowed

router = APIRouter(tags=["access"])


@router.post(
    "/v1/ws-ticket",
    responses=says("Ticket", "A ticket, good once.", noes=(401, 403, 422, 429)),
    openapi_extra=asks("TicketRequest", required=False) | {"security": [{"bearer": []}, {}]},
    response_class=Response,
)
async def ws_ticket(request: Request, house: Here) -> Response:
    """Get a ticket for a socket. Riders need no account; terminals and operators a token or a kept one."""
    if not _from_our_page(request, house):
        return problem(request, house.words, Reason.FORBIDDEN)
    asked = await json_body(house, request, body.TicketRequest, or_empty=True)
    if isinstance(asked, Response):
        return asked
    role = Role(asked.role)
    if house.settings.demo and (role is not Role.RIDER or asked.subject is not None):
        return _demo_ticket(house, role, asked)
    identity = await (identify_reader(house, request) if role is Role.OPERATOR else identify(house, request, role))
    if not isinstance(identity, Reason):
        return _ticket(house, identity)
    if role is not Role.RIDER or identity is Reason.FORBIDDEN:
        return problem(request, house.words, identity)
    if not house.anonymous.allow(address_of(request), asyncio.get_running_loop().time()):
        house.doors.turned_away("ticket", address_of(request), house.runtime.clock.now_ms())
        return problem(request, house.words, Reason.RATE_LIMITED)
    rider, token = anonymous_rider(house)
    response = _ticket(house, rider)
    keep(request, response, Role.RIDER, token)
    return response


@router.post(
    "/v1/session",
    responses=says("SignedIn", "The token is kept.", noes=(401, 403, 422)),
    openapi_extra=asks("SessionRequest"),
    response_class=Response,
)
async def sign_in(request: Request, house: Here) -> Response:
    """Keep a token in a cookie that no script can read; drivers' and operators' pages ask for it once."""
    if not _from_our_page(request, house):
        return problem(request, house.words, Reason.FORBIDDEN)
    asked = await json_body(house, request, body.SessionRequest)
    if isinstance(asked, Response):
        return asked
    identity = await holder(house, asked.token)
    if isinstance(identity, Reason):
        return problem(request, house.words, identity)
    if identity.role is Role.FEED:
        return problem(request, house.words, Reason.FORBIDDEN)
    response = answer(body.SignedIn(role=identity.role.value, vehicle_id=identity.vehicle_id, stop_id=identity.stop_id))
    keep(request, response, identity.role, asked.token)
    return response


@router.delete("/v1/session/{role}", status_code=204, response_class=Response)
async def sign_out(request: Request, house: Here, role: body.KeptRole) -> Response:
    """Forget the kept token of a role."""
    if not _from_our_page(request, house):
        return problem(request, house.words, Reason.FORBIDDEN)
    response = Response(status_code=204)
    let_go(request, response, Role(role))
    return response


@router.post(
    "/v1/token",
    responses=says("Token", "A signed token.", noes=(404, 422)),
    openapi_extra=asks("TokenRequest"),
    response_class=Response,
)
async def token(request: Request, house: Here) -> Response:
    """Get a token of any role; in demo mode only."""
    if not house.settings.demo:
        return plain_problem(404, "tokens are given out in demo mode only; sign one with `ridebell token`")
    asked = await json_body(house, request, body.TokenRequest)
    if isinstance(asked, Response):
        return asked
    role = Role(asked.role)
    if not _demo_may(role, asked.vehicle_id):
        return _no_vehicle()
    signed = house.own_key.make(
        role, asked.subject, now_s=time.time(), ttl_s=float(asked.ttl_s), vehicle_id=asked.vehicle_id
    )
    return answer(body.Token(token=signed))


def _from_our_page(request: Request, house: House) -> bool:
    return origin_allowed(
        request.headers.get("origin"), request.headers.get("host", ""), house.settings.allowed_origins
    )


def _ticket(house: House, identity: Identity) -> Response:
    ticket = house.tickets.issue(identity, asyncio.get_running_loop().time())
    return answer(body.Ticket(ticket=ticket, expires_in_s=int(house.settings.ticket_ttl_s)))


def _demo_may(role: Role, vehicle_id: str | None) -> bool:
    return role is not Role.TERMINAL or vehicle_id is not None


def _no_vehicle() -> Response:
    return plain_problem(422, "a terminal is built into a vehicle; give vehicle_id")


def _demo_ticket(house: House, role: Role, asked: body.TicketRequest) -> Response:
    """Let anybody be anybody: a demo."""
    if not _demo_may(role, asked.vehicle_id):
        return _no_vehicle()
    vehicle = VehicleId(asked.vehicle_id) if asked.vehicle_id is not None else None
    subject = asked.subject or f"demo-{vehicle or role}"
    return _ticket(house, Identity(role, subject, time.time() + DEMO_TTL_S, vehicle))
