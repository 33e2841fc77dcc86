"""Rides over HTTP: a rider's history, one ride, undo and correction; the code a bus shows inside. Web level."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request
from msgspec.structs import replace
from starlette.responses import Response

from server.core.effects import Effect, Refused, RideChanged, RideRepeated
from server.core.events import Met, RideEvent, Undo
from server.core.model import Reason, Ride, RideId, RiderId, VehicleId
from server.protocol import messages as wire, schema_http as body
from server.protocol.tokens import Role
from server.web.api_parts import Here, asks, needs, says
from server.web.bodies import answer, json_body
from server.web.callers import caller
from server.web.card_taps import book_taps
from server.web.errors import problem
from server.web.house import House
from server.web.presence import BUS_STEP_S, bus_nonce
from server.web.receipts import receipt_of
from server.web.rides import check_in_of, correction_of

router = APIRouter(tags=["rides"])
RIDES_MAX = 200
"""Rides in one answer: some three months of a commuter's."""


@router.get(
    "/v1/rides",
    responses=says("Rides", "One's rides, the newest first.", noes=(401, 403, 422)),
    openapi_extra=needs(Role.RIDER),
    response_class=Response,
)
async def rides(request: Request, house: Here, limit: Annotated[int, Query(ge=1, le=RIDES_MAX)] = 50) -> Response:
    """List one's rides, the newest first."""
    rider = await caller(house, request, Role.RIDER)
    if isinstance(rider, Response):
        return rider
    found = await house.runtime.recent_rides(RiderId(rider.subject), limit)
    return answer(body.Rides(rides=[await _with_receipt(house, ride) for ride in found]))


@router.post(
    "/v1/rides",
    status_code=201,
    responses=says("RideMessage", "The ride has begun.", status=201, noes=(400, 401, 403, 404, 409, 422, 429, 503))
    | says("RideMessage", "It went on already: what it is now."),
    openapi_extra=asks("CheckInRequest") | needs(Role.RIDER),
    response_class=Response,
)
async def check_in(request: Request, house: Here) -> Response:
    """Check in on a bus."""
    rider = await caller(house, request, Role.RIDER)
    if isinstance(rider, Response):
        return rider
    asked = await json_body(house, request, wire.CheckInRequest)
    if isinstance(asked, Response):
        return asked
    event = check_in_of(house, asked, RiderId(rider.subject))
    if isinstance(event, Refused):
        return problem(request, house.words, event.reason, detail=event.detail, ref=event.ref)
    effects = await house.runtime.ask(event)
    told = [effect for effect in effects if isinstance(effect, RideChanged | RideRepeated)]
    return _told(request, house, told[-1].ride.ride_id if told else RideId(event.ref or ""), effects)


@router.get(
    "/v1/rides/{ride_id}",
    responses=says("RideMessage", "The ride as it is now.", noes=(401, 403, 404)),
    openapi_extra=needs(Role.RIDER),
    response_class=Response,
)
async def ride(request: Request, house: Here, ride_id: str) -> Response:
    """Ask for one's ride."""
    rider = await caller(house, request, Role.RIDER)
    if isinstance(rider, Response):
        return rider
    found = await _of(house, ride_id, rider.subject)
    if found is None:
        return problem(request, house.words, Reason.UNKNOWN_RIDE, ref=ride_id)
    return answer(await _with_receipt(house, found))


@router.post(
    "/v1/rides/{ride_id}/undo",
    responses=says("RideMessage", "The ride is void.", noes=(401, 403, 404, 409, 503)),
    openapi_extra=needs(Role.RIDER),
    response_class=Response,
)
async def undo(request: Request, house: Here, ride_id: str) -> Response:
    """Take a ride back: "I was not on this bus"."""
    rider = await caller(house, request, Role.RIDER)
    if isinstance(rider, Response):
        return rider
    return await _change(request, house, ride_id, rider.subject, Undo(RiderId(rider.subject), RideId(ride_id)))


@router.post(
    "/v1/rides/{ride_id}/correct",
    responses=says("RideMessage", "The ride as corrected.", noes=(400, 401, 403, 404, 409, 422, 503)),
    openapi_extra=asks("CorrectionFields") | needs(Role.RIDER),
    response_class=Response,
)
async def correct(request: Request, house: Here, ride_id: str) -> Response:
    """Say where one got on or off; also the answer to a ride that is `asked`."""
    rider = await caller(house, request, Role.RIDER)
    if isinstance(rider, Response):
        return rider
    said = await json_body(house, request, wire.CorrectionFields)
    if isinstance(said, Response):
        return said
    event = correction_of(ride_id, said, RiderId(rider.subject))
    return await _change(request, house, ride_id, rider.subject, event)


@router.get(
    "/v1/bus-code",
    responses=says("BusCode", "What the bus shows inside now.", noes=(401, 403)),
    openapi_extra=needs(Role.TERMINAL),
    response_class=Response,
)
async def bus_code(request: Request, house: Here) -> Response:
    """Get the code that this terminal's bus shows inside, for riders who check in; it changes once a minute."""
    terminal = await caller(house, request, Role.TERMINAL)
    if isinstance(terminal, Response):
        return terminal
    if terminal.vehicle_id is None:
        return problem(request, house.words, Reason.FORBIDDEN)
    now_ms, step_ms = house.runtime.clock.now_ms(), BUS_STEP_S * 1000
    nonce = bus_nonce(house.nonce_key, terminal.vehicle_id, now_ms)
    return answer(body.BusCode(nonce=nonce, next_at_ms=(now_ms // step_ms + 1) * step_ms))


@router.post(
    "/v1/feed/card-taps",
    responses=says("TapsTaken", "The taps are taken.", noes=(400, 401, 403, 422, 503)),
    openapi_extra=asks("CardTaps") | needs(Role.FEED),
    response_class=Response,
)
async def card_taps(request: Request, house: Here) -> Response:
    """Pass on cards that were tapped in buses: a ride that a card has paid is not charged again."""
    feed = await caller(house, request, Role.FEED)
    if isinstance(feed, Response):
        return feed
    said = await json_body(house, request, body.CardTaps)
    if isinstance(said, Response):
        return said
    for tap in said.taps:
        event = Met(RiderId(tap.rider), VehicleId(tap.vehicle_id), tap.at_ms, by_card=True)
        for effect in await house.runtime.ask(event):
            if isinstance(effect, Refused):
                return problem(request, house.words, effect.reason)
    if house.clerk is None:
        return answer(body.TapsTaken(accepted=len(said.taps)))
    return answer(await book_taps(house.clerk, said, feed=feed.subject))


async def _with_receipt(house: House, ride: Ride) -> wire.RideMessage:
    """A ride as its rider sees it, with what the ledger holds of it."""
    message = house.runtime.ride_message(ride)
    book = await house.clerk.books.ride(ride.ride_id) if house.clerk is not None else None
    return message if book is None else replace(message, receipt=receipt_of(book))


async def _of(house: House, ride_id: str, subject: str) -> Ride | None:
    """The ride, if it is this rider's; somebody else's cannot be told from one that never was."""
    found = await house.runtime.find_ride(RideId(ride_id))
    return found if found is not None and found.rider_id == subject else None


async def _change(request: Request, house: House, ride_id: str, subject: str, event: RideEvent) -> Response:
    found = await _of(house, ride_id, subject)
    if found is None:
        return problem(request, house.words, Reason.UNKNOWN_RIDE, ref=ride_id)
    house.runtime.engine.remember_ride(found)
    return _told(request, house, RideId(ride_id), await house.runtime.ask(event))


def _told(request: Request, house: House, ride_id: RideId, effects: Sequence[Effect]) -> Response:
    """Answer with the ride's last state among what was decided, or with the refusal."""
    latest: RideChanged | RideRepeated | None = None
    for effect in effects:
        if isinstance(effect, Refused):
            return problem(request, house.words, effect.reason, detail=effect.detail, ref=ride_id)
        if isinstance(effect, RideChanged | RideRepeated) and effect.ride.ride_id == ride_id:
            latest = effect
    if latest is None:
        return problem(request, house.words, Reason.UNKNOWN_RIDE, ref=ride_id)
    begun = isinstance(latest, RideChanged) and request.url.path == "/v1/rides"
    return answer(house.runtime.ride_message(latest.ride), 201 if begun else 200)
