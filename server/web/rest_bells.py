"""Bells over HTTP: for a button at a stop, a page without sockets, other people's systems. Web level."""

from collections.abc import Sequence

from fastapi import APIRouter, Request
from starlette.responses import Response

from server.core.effects import BellChanged, BellRepeated, Effect, Refused
from server.core.events import Cancel
from server.core.model import Bell, BellId, Reason
from server.protocol import messages as wire
from server.protocol.tokens import Role
from server.web.api_parts import Here, asks, needs, says
from server.web.bodies import answer, json_body
from server.web.errors import problem
from server.web.house import House
from server.web.ringers import Ringer, ringer
from server.web.rings import ring_of, too_often

router = APIRouter(tags=["bells"])


@router.post(
    "/v1/bells",
    status_code=201,
    responses=says("BellMessage", "The bell is kept.", status=201, noes=(400, 401, 403, 404, 409, 422, 429, 503))
    | says("BellMessage", "The same bell was rung before: what it is now."),
    openapi_extra=asks("RingRequest") | needs(Role.RIDER),
    response_class=Response,
)
async def ring(request: Request, house: Here) -> Response:
    """Ring. The same `bell_id` again gives the first bell."""
    rider = await ringer(house, request)
    if isinstance(rider, Response):
        return rider
    asked = await json_body(house, request, wire.RingRequest)
    if isinstance(asked, Response):
        return asked
    if not rider.may_ring(asked):
        return problem(request, house.words, Reason.FORBIDDEN, ref=asked.bell_id)
    rider_id = rider.rider_id(asked.bell_id)
    if too_often(house, asked.bell_id, rider_id, kiosk=rider.kiosk):
        return problem(request, house.words, Reason.RATE_LIMITED, ref=asked.bell_id)
    effects = await house.runtime.ask(ring_of(asked, rider_id, house.nonce_key, stands_at=rider.stands_at))
    return _told(request, house, BellId(asked.bell_id), effects)


@router.get(
    "/v1/bells/{bell_id}",
    responses=says("BellMessage", "The bell as it is now.", noes=(401, 403, 404)),
    openapi_extra=needs(Role.RIDER),
    response_class=Response,
)
async def bell(request: Request, house: Here, bell_id: str) -> Response:
    """Ask for one's bell."""
    rider = await ringer(house, request)
    if isinstance(rider, Response):
        return rider
    found = await _of(house, bell_id, rider)
    if found is None:
        return problem(request, house.words, Reason.UNKNOWN_BELL, ref=bell_id)
    return answer(house.runtime.bell_message(found))


@router.delete(
    "/v1/bells/{bell_id}",
    responses=says("BellMessage", "The bell, cancelled or ended before.", noes=(401, 403, 404, 503)),
    openapi_extra=needs(Role.RIDER),
    response_class=Response,
)
async def cancel(request: Request, house: Here, bell_id: str) -> Response:
    """Take one's bell back. One that has ended stays as it is."""
    rider = await ringer(house, request)
    if isinstance(rider, Response):
        return rider
    found = await _of(house, bell_id, rider)
    if found is None:
        return problem(request, house.words, Reason.UNKNOWN_BELL, ref=bell_id)
    if found.ended:
        return answer(house.runtime.bell_message(found))
    effects = await house.runtime.ask(Cancel(BellId(bell_id), found.rider_id))
    return _told(request, house, BellId(bell_id), effects)


async def _of(house: House, bell_id: str, rider: Ringer) -> Bell | None:
    """The bell, if it is this rider's; somebody else's cannot be told from one that never was."""
    found = await house.runtime.find_bell(BellId(bell_id))
    return found if found is not None and found.rider_id == rider.rider_id(bell_id) else None


def _told(request: Request, house: House, bell_id: BellId, effects: Sequence[Effect]) -> Response:
    """Answer with the bell's last state among what was decided, or with the refusal."""
    latest: BellChanged | BellRepeated | None = None
    for effect in effects:
        if isinstance(effect, Refused):
            return problem(request, house.words, effect.reason, detail=effect.detail, ref=bell_id)
        if isinstance(effect, BellChanged | BellRepeated) and effect.bell.bell_id == bell_id:
            latest = effect
    if latest is None:
        return problem(request, house.words, Reason.UNKNOWN_BELL, ref=bell_id)
    fresh = isinstance(latest, BellChanged) and request.method == "POST"
    return answer(house.runtime.bell_message(latest.bell), 201 if fresh else 200)
