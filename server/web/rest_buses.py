"""Buses over HTTP, for everybody: those near a place, and the run of one. Web level."""

from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from server.core.model import Reason, VehicleId
from server.protocol import schema_http as body
from server.web.api_parts import Here, says
from server.web.bodies import answer
from server.web.errors import problem

router = APIRouter(tags=["network"])


@router.get("/v1/vehicles", responses=says("Buses", "The buses near.", noes=(422,)), response_class=Response)
async def buses_near(
    house: Here,
    lat: Annotated[float, Query(ge=-90, le=90)],
    lon: Annotated[float, Query(ge=-180, le=180)],
    radius_m: Annotated[float, Query(gt=0, le=3_000)] = 500.0,
    limit: Annotated[int, Query(ge=1, le=100)] = 30,
) -> Response:
    """List the buses near a place that are on a run, or wait for its departure; nearest first."""
    now_ms = house.runtime.clock.now_ms()
    near = house.runtime.engine.buses_near(lat, lon, radius_m, now_ms)
    running = (house.buses.item(view, away_m=away_m) for view, away_m in near if view.ahead)
    rows = list(islice(running, limit))
    return answer(body.Buses(at_ms=now_ms, buses=rows))


@router.get(
    "/v1/vehicles/{vehicle_id:path}", responses=says("BusRun", "The bus.", noes=(404,)), response_class=Response
)
async def bus_run(request: Request, house: Here, vehicle_id: str) -> Response:
    """Give a bus with the stops of the run it is on."""
    view = house.runtime.engine.bus(VehicleId(vehicle_id), house.runtime.clock.now_ms())
    if view is None:
        return problem(request, house.words, Reason.UNKNOWN_VEHICLE, detail={"vehicle_id": vehicle_id})
    return answer(house.buses.run(view))
