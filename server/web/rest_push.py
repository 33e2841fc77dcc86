"""Web Push over HTTP: the server's key, and a browser's wish to hear of one of its rider's bells. Web level."""

import asyncio

from fastapi import APIRouter, Request
from starlette.responses import Response

from server.core.model import BellId, Reason
from server.protocol import schema_push as body
from server.protocol.tokens import Role
from server.web.api_parts import Here, asks, done, needs, says
from server.web.bodies import answer, json_body
from server.web.callers import caller
from server.web.errors import plain_problem, problem
from server.web.house import House

router = APIRouter(tags=["push"])


@router.get("/v1/push", responses=says("PushKey", "The key.", noes=(404,)), response_class=Response)
async def key(house: Here) -> Response:
    """Give the key with which a browser subscribes; 404 where this server sends no pushes."""
    if house.push is None:
        return _none()
    return answer(body.PushKey(public_key=house.push.public_key))


@router.post(
    "/v1/push",
    status_code=204,
    responses=done("This browser hears of the bell.", noes=(400, 401, 403, 404, 422, 429)),
    openapi_extra=asks("PushRequest") | needs(Role.RIDER),
    response_class=Response,
)
async def follow(request: Request, house: Here) -> Response:
    """Tell this browser what becomes of one's bell. It ends with the bell."""
    rider = await caller(house, request, Role.RIDER)
    if isinstance(rider, Response):
        return rider
    push = house.push
    if push is None:
        return _none()
    asked = await json_body(house, request, body.PushRequest)
    if isinstance(asked, Response):
        return asked
    if not house.rings.allow(f"push:{rider.subject}", asyncio.get_running_loop().time()):
        return problem(request, house.words, Reason.RATE_LIMITED, ref=asked.bell_id)
    bell = await house.runtime.find_bell(BellId(asked.bell_id))
    if bell is None or bell.rider_id != rider.subject:
        return problem(request, house.words, Reason.UNKNOWN_BELL, ref=asked.bell_id)
    if not await push.takes(asked.endpoint):
        what = {"what": "endpoint: not a push service on the public internet"}
        return problem(request, house.words, Reason.BAD_MESSAGE, detail=what, ref=asked.bell_id)
    push.follow(bell, asked)
    return Response(status_code=204)


@router.delete(
    "/v1/push/{bell_id}",
    status_code=204,
    responses=done("This browser hears no more of it.", noes=(401, 403)),
    openapi_extra=needs(Role.RIDER),
    response_class=Response,
)
async def forget(request: Request, house: Here, bell_id: str) -> Response:
    """Send nothing more about one's bell."""
    rider = await caller(house, request, Role.RIDER)
    if isinstance(rider, Response):
        return rider
    if house.push is not None and await _is_of(house, bell_id, rider.subject):
        house.push.forget(bell_id)
    return Response(status_code=204)


async def _is_of(house: House, bell_id: str, subject: str) -> bool:
    bell = await house.runtime.find_bell(BellId(bell_id))
    return bell is not None and bell.rider_id == subject


def _none() -> Response:
    return plain_problem(404, "this server sends no pushes; its operator turns them on with --push-contact")
