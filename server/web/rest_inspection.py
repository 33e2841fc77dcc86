"""Inspections over HTTP: the code a rider shows, and its check by an inspector. Web level.

A check that finds the rider on the bus is evidence for the ride, and a record that her location was used: when, for what
and by which role; where is written down nowhere, and neither is what a bad code said.
"""

import asyncio

from fastapi import APIRouter, Request
from starlette.responses import Response

from server.core.events import Met
from server.core.model import ON_BOARD, EvidenceKey, Reason, Ride, RideId
from server.ledger.records import Use
from server.protocol import schema_inspection as body
from server.protocol.tokens import Role
from server.web.api_parts import Here, asks, needs, says
from server.web.bodies import answer, json_body
from server.web.callers import caller
from server.web.errors import problem
from server.web.house import House
from server.web.inspection import VALID_S, Shown, picture

router = APIRouter(tags=["inspections"])

PLATE_SIGNS_LEAST = 4
"""The number that people read off a plate: its last four digits."""


@router.get(
    "/v1/rides/{ride_id}/inspection-code",
    responses=says("InspectionCode", "The code to show now.", noes=(401, 403, 404)),
    openapi_extra=needs(Role.RIDER),
    response_class=Response,
)
async def inspection_code(request: Request, house: Here, ride_id: str) -> Response:
    """Get the code of one's ride for an inspector; it is good for half a minute at most."""
    rider = await caller(house, request, Role.RIDER)
    if isinstance(rider, Response):
        return rider
    ride = await house.runtime.find_ride(RideId(ride_id))
    if ride is None or ride.rider_id != rider.subject:
        return problem(request, house.words, Reason.UNKNOWN_RIDE, ref=ride_id)
    if ride.state not in ON_BOARD:
        return problem(request, house.words, Reason.NOT_ON_BOARD, ref=ride_id)
    now_ms = house.runtime.clock.now_ms()
    made = house.inspections.make(ride, now_s=now_ms / 1000)
    drawn = picture(made.text)
    return answer(
        body.InspectionCode(
            code=made.text,
            typed=made.typed,
            at_ms=now_ms,
            expires_ms=made.expires_s * 1000,
            size=drawn.size,
            path=drawn.path,
        )
    )


@router.post(
    "/v1/inspections",
    responses=says("InspectionResult", "What the code says.", noes=(400, 401, 403, 422, 429, 503)),
    openapi_extra=asks("InspectionRequest") | needs(Role.INSPECTOR),
    response_class=Response,
)
async def inspect(request: Request, house: Here) -> Response:
    """Check a code that somebody shows. A good one is put on record as evidence for the ride."""
    inspector = await caller(house, request, Role.INSPECTOR)
    if isinstance(inspector, Response):
        return inspector
    asked = await json_body(house, request, body.InspectionRequest)
    if isinstance(asked, Response):
        return asked
    if not house.anonymous.allow(f"inspect:{inspector.subject}", asyncio.get_running_loop().time()):
        return problem(request, house.words, Reason.RATE_LIMITED)
    now_ms = house.runtime.clock.now_ms()
    shown = house.inspections.read(asked.code)
    ride = await house.runtime.find_ride(RideId(shown.ride_id)) if shown is not None else None
    verdict = _verdict(house, shown, ride, asked.bus, now_ms)
    if ride is None or verdict in ("unknown", "expired"):
        return answer(body.InspectionResult(verdict=verdict, at_ms=now_ms))
    if verdict == "valid":
        await _record(house, ride, now_ms)
    return answer(_result(house, verdict, ride, now_ms))


def _verdict(house: House, shown: Shown | None, ride: Ride | None, bus: str, now_ms: int) -> body.Verdict:
    if shown is None or ride is None:
        return "unknown"
    if now_ms >= shown.expires_s * 1000:
        return "expired"
    if ride.state not in ON_BOARD:
        return "over"
    return "valid" if _is_bus(house, ride, bus) else "other_bus"


def _is_bus(house: House, ride: Ride, bus: str) -> bool:
    """Whether this is the bus that the inspector names; one who names none compares the plates by eye."""
    named = "".join(bus.split()).casefold()
    plate = "".join(house.runtime.renderer.plate(ride.vehicle_id).split()).casefold()
    ends = len(named) >= PLATE_SIGNS_LEAST and plate.endswith(named)
    return not named or ends or named == ride.vehicle_id.casefold()


def _seen_ms(ride: Ride) -> int | None:
    met = [one.values["at_ms"] for one in ride.evidence if one.key is EvidenceKey.INSPECTED]
    return int(met[-1]) if met else None


async def _record(house: House, ride: Ride, now_ms: int) -> None:
    """Put a meeting on record, once in the life of a code: who scans twice adds nothing."""
    seen_ms = _seen_ms(ride)
    if seen_ms is not None and now_ms - seen_ms < VALID_S * 1000:
        return
    await house.runtime.ask(Met(ride.rider_id, ride.vehicle_id, now_ms))
    if house.clerk is not None:
        account = await house.clerk.account_of(ride.rider_id)
        await house.clerk.do(house.clerk.ledger.used, [Use(account, "inspection", "inspector", now_ms)])


def _result(house: House, verdict: body.Verdict, ride: Ride, now_ms: int) -> body.InspectionResult:
    network = house.runtime.network
    route = network.routes.get(ride.route_id)
    stop = network.stops.get(ride.board.stop_id) if ride.board is not None else None
    return body.InspectionResult(
        verdict=verdict,
        at_ms=now_ms,
        plate=house.runtime.renderer.plate(ride.vehicle_id),
        route_name=route.name if route is not None else ride.route_id,
        state=ride.state,
        board_stop_name=stop.name if stop is not None else None,
        board_stop_names=dict(stop.names) if stop is not None else None,
        boarded_ms=ride.board.at_ms if ride.board is not None else ride.began_ms,
        party=ride.party,
        by_card=ride.by_card,
        seen_ms=_seen_ms(ride),
    )
