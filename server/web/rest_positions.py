"""Positions by the standard, GTFS-realtime, in and out. Web level."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from server.core.effects import Prediction, VehicleView, VisitForecast
from server.core.model import Reason, TripKey
from server.gtfs.realtime import FeedClock, RefusedMessage, VehiclePositions, decode_vehicle_positions
from server.gtfs.realtime_encode import (
    Form,
    StopForecast,
    StopStatus,
    TripReport,
    VehicleReport,
    encode_trip_updates,
    encode_vehicle_positions,
)
from server.protocol import messages as wire
from server.protocol.tokens import Role
from server.web.api_parts import Here, needs, says
from server.web.bodies import answer, read_body
from server.web.callers import caller
from server.web.errors import problem
from server.web.feed_intake import take_fixes
from server.web.house import House

router = APIRouter(tags=["GTFS-realtime"])

FRESH_S = 1.0
"""A message is made at most once a second, however many ask."""
FORGOTTEN_S = 600.0
"""A position older than this says nothing about where the bus is now and is left out."""
DECODE_ASIDE_BYTES = 65_536
"""Larger messages are decoded on another thread, so that no socket waits for them."""
FEED_CLOCKS_MAX = 256
PROTOBUF = "application/x-protobuf"
MEDIA = {Form.PROTOBUF: PROTOBUF, Form.JSON: "application/json"}
GTFS_RT: dict[int | str, dict[str, object]] = {
    200: {"description": "A GTFS-realtime FeedMessage.", "content": {PROTOBUF: {}, "application/json": {}}}
}
Asked = Annotated[Literal["pb", "json"], Query(alias="format")]


@router.get("/gtfs-rt/vehicle-positions.pb", responses=GTFS_RT, response_class=Response)
async def vehicle_positions(request: Request, house: Here, form: Asked = "pb") -> Response:
    """Where the buses are."""
    return _published(request, house, "vehicle-positions", form, _vehicle_message)


@router.get("/gtfs-rt/trip-updates.pb", responses=GTFS_RT, response_class=Response)
async def trip_updates(request: Request, house: Here, form: Asked = "pb") -> Response:
    """When the buses will be at their stops ahead."""
    return _published(request, house, "trip-updates", form, _trip_message)


@router.post(
    "/v1/feed/vehicle-positions",
    responses=says("Taken", "What became of each vehicle.", noes=(400, 401, 403, 408, 413)),
    openapi_extra=needs(Role.FEED)
    | {"requestBody": {"required": True, "content": {PROTOBUF: {"schema": {"type": "string", "format": "binary"}}}}},
    response_class=Response,
)
async def take_positions(request: Request, house: Here) -> Response:
    """Take a GTFS-realtime FeedMessage with VehiclePositions; a bad one changes nothing."""
    feed = await caller(house, request, Role.FEED)
    if isinstance(feed, Response):
        return feed
    settings = house.settings
    data = await read_body(request, max_bytes=settings.feed_body_max_bytes, deadline_s=settings.body_deadline_s)
    if isinstance(data, Response):
        return data
    message = await _decoded(data, house.runtime.clock.now_ms())
    if not isinstance(message, RefusedMessage):
        refusal = _clock_of(request.app.state.feed_clocks, feed.subject).take(message)
        message = message if refusal is None else refusal
    if isinstance(message, RefusedMessage):
        what = {"what": f"{message.reason}: {message.detail}"}
        return problem(request, house.words, Reason.BAD_MESSAGE, detail=what, status=400)
    return answer(await _taken(house, message))


async def _decoded(data: bytes, received_ms: int) -> VehiclePositions | RefusedMessage:
    if len(data) <= DECODE_ASIDE_BYTES:
        return decode_vehicle_positions(data, received_ms=received_ms)
    return await asyncio.to_thread(decode_vehicle_positions, data, received_ms=received_ms)


def _clock_of(clocks: dict[str, FeedClock], subject: str) -> FeedClock:
    """The clock of one feed; the longest unused of too many is forgotten."""
    clock = clocks.pop(subject, None) or FeedClock()
    clocks[subject] = clock
    if len(clocks) > FEED_CLOCKS_MAX:
        del clocks[next(iter(clocks))]
    return clock


async def _taken(house: House, message: VehiclePositions) -> wire.Taken:
    decided: asyncio.Future[wire.Taken] = asyncio.get_running_loop().create_future()
    unreadable = [wire.RefusedFix(vehicle_id=one.vehicle_id, reason=one.reason) for one in message.refused]

    def finish(accepted: int, refused: list[wire.RefusedFix]) -> None:
        if not decided.done():
            decided.set_result(wire.Taken(accepted=accepted, refused=[*unreadable, *refused]))

    take_fixes(house.runtime, message.fixes, finish)
    return await decided


# -- out -------------------------------------------------------------------------


def _published(request: Request, house: House, name: str, asked: str, make: Callable[[House, Form], bytes]) -> Response:
    form = Form.JSON if asked == "json" else Form.PROTOBUF
    now_s = asyncio.get_running_loop().time()
    kept: dict[tuple[str, Form], tuple[float, bytes]] = request.app.state.feeds
    made_s, data = kept.get((name, form), (float("-inf"), b""))
    if now_s - made_s >= FRESH_S:
        data = make(house, form)
        kept[name, form] = (now_s, data)
    return Response(data, headers={"cache-control": "no-cache"}, media_type=MEDIA[form])


def _current(house: House) -> list[VehicleView]:
    return [view for view in house.runtime.vehicles() if view.age_s <= FORGOTTEN_S]


def _vehicle_message(house: House, form: Form) -> bytes:
    reports = [_vehicle_report(house, view) for view in _current(house)]
    return encode_vehicle_positions(reports, at_ms=house.runtime.clock.now_ms(), form=form)


def _vehicle_report(house: House, view: VehicleView) -> VehicleReport:
    stop, runs = None, view.trip if view.on_route else None
    if runs is not None and view.pattern_index is not None and view.next_visit_index is not None:
        stop = house.runtime.network.pattern(view.pattern_index).visits[view.next_visit_index]
    fix = view.fix
    return VehicleReport(
        vehicle_id=view.vehicle_id,
        lat=fix.lat,
        lon=fix.lon,
        at_ms=fix.at_ms,
        plate=house.runtime.renderer.plate(view.vehicle_id),
        trip=runs,
        route_id=view.route_id if view.on_route else None,
        direction_id=view.direction_id if view.on_route else None,
        bearing_deg=fix.heading_deg,
        speed_mps=fix.speed_mps,
        odometer_m=fix.odometer_m,
        stop_sequence=stop.stop_sequence if stop is not None else None,
        stop_id=stop.stop_id if stop is not None else None,
        status=StopStatus.IN_TRANSIT_TO if stop is not None else None,
    )


def _trip_message(house: House, form: Form) -> bytes:
    seen_ms = {view.vehicle_id: view.fix.at_ms for view in _current(house)}
    reports: dict[TripKey, TripReport] = {}
    for prediction in house.runtime.predictions():
        if prediction.trip not in reports and prediction.vehicle_id in seen_ms:
            reports[prediction.trip] = _trip_report(house, prediction, seen_ms[prediction.vehicle_id])
    return encode_trip_updates(reports.values(), at_ms=house.runtime.clock.now_ms(), form=form)


def _trip_report(house: House, prediction: Prediction, seen_ms: int) -> TripReport:
    trip = house.runtime.network.trip(prediction.trip.trip_id)
    return TripReport(
        trip=prediction.trip,
        stops=[_forecast(visit) for visit in prediction.stops],
        at_ms=seen_ms,
        route_id=trip.route_id if trip is not None else None,
        direction_id=trip.direction_id if trip is not None else None,
        vehicle_id=prediction.vehicle_id,
        plate=house.runtime.renderer.plate(prediction.vehicle_id),
    )


def _forecast(visit: VisitForecast) -> StopForecast:
    """Arrival in the median; `uncertainty` is half of the time within which eight of ten come."""
    return StopForecast(
        stop_sequence=visit.stop_sequence,
        stop_id=visit.stop_id,
        arrival_s=round(visit.p50_ms / 1000),
        departure_s=round(visit.p50_ms / 1000),
        uncertainty_s=round((visit.p90_ms - visit.p10_ms) / 2000),
    )
