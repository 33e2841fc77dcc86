"""Routes, stops and arrivals over HTTP, for everybody. Web level."""

from collections import Counter
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from server.core.model import Reason, RouteId, StopId
from server.core.network import Network, Pattern, Route, Stop
from server.protocol import schema_http as body
from server.web.api_parts import Here, says
from server.web.bodies import answer
from server.web.errors import problem
from server.web.rest_map import lon_lat

router = APIRouter(tags=["network"])
# Ids are paths here: GTFS allows a slash in them.

STATIC_S = 300
"""Routes and stops change with the feed, once a day at most; five minutes old is as good as new."""
NOT_BOARDING = 1
"""GTFS `pickup_type` and `drop_off_type` 1: none available."""


@router.get("/v1/routes", responses=says("Routes", "All routes."), response_class=Response)
async def routes(house: Here) -> Response:
    """List all routes of the network."""
    network = house.runtime.network
    items = [body.RouteItem(**_route_fields(route)) for route in network.routes.values()]  # type: ignore[arg-type]
    return answer(body.Routes(feed_version=network.version, routes=items), max_age_s=STATIC_S)


@router.get(
    "/v1/routes/{route_id:path}", responses=says("RouteDetail", "The route.", noes=(404,)), response_class=Response
)
async def route(request: Request, house: Here, route_id: str) -> Response:
    """Give a route with its patterns: stops in order, and the path on the map."""
    network = house.runtime.network
    found = network.routes.get(RouteId(route_id))
    if found is None:
        return problem(request, house.words, Reason.UNKNOWN_ROUTE, detail={"route_id": route_id})
    patterns = [_pattern(network, network.pattern(index)) for index in network.patterns_of_route(found.route_id)]
    return answer(body.RouteDetail(patterns=patterns, **_route_fields(found)), max_age_s=STATIC_S)  # type: ignore[arg-type]


@router.get("/v1/stops", responses=says("Stops", "Stops found.", noes=(422,)), response_class=Response)
async def stops(
    request: Request,
    house: Here,
    q: Annotated[str | None, Query(max_length=100, description="Code, id or part of a name.")] = None,
    lat: Annotated[float | None, Query(ge=-90, le=90)] = None,
    lon: Annotated[float | None, Query(ge=-180, le=180)] = None,
    radius_m: Annotated[float, Query(gt=0, le=5_000)] = 500.0,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """Find stops by text, or near a place."""
    network = house.runtime.network
    if q is not None:
        found = [_stop(network, stop) for stop in network.search_stops(q, limit)]
    elif lat is not None and lon is not None:
        near = network.stops_near(lat, lon, radius_m, limit)
        found = [_stop(network, stop, distance_m=round(away_m)) for stop, away_m in near]
    else:
        what = {"what": "give q, or lat and lon"}
        return problem(request, house.words, Reason.BAD_MESSAGE, detail=what)
    return answer(body.Stops(stops=found), max_age_s=STATIC_S)


@router.get(
    "/v1/stops/{stop_id:path}/arrivals",
    responses=says("Arrivals", "The buses on their way.", noes=(404,)),
    response_class=Response,
)
async def arrivals(request: Request, house: Here, stop_id: str) -> Response:
    """List the buses on their way to a stop, soonest first."""
    if stop_id not in house.runtime.network.stops:
        return problem(request, house.words, Reason.UNKNOWN_STOP, detail={"stop_id": stop_id})
    return answer(house.runtime.arrivals(StopId(stop_id)))


@router.get("/v1/stops/{stop_id:path}", responses=says("StopDetail", "The stop.", noes=(404,)), response_class=Response)
async def stop(request: Request, house: Here, stop_id: str) -> Response:
    """Give a stop with the routes that call there."""
    network = house.runtime.network
    found = network.stops.get(StopId(stop_id))
    if found is None:
        return problem(request, house.words, Reason.UNKNOWN_STOP, detail={"stop_id": stop_id})
    fields = msgspec.structs.asdict(_stop(network, found))
    return answer(body.StopDetail(routes=calls_at(network, found.stop_id), **fields), max_age_s=STATIC_S)


def calls_at(network: Network, stop_id: StopId) -> list[body.StopRoute]:
    """List the ways in which routes call at a stop, once each."""
    seen: dict[tuple[str, int | None, str], body.StopRoute] = {}
    for ref in network.visits_at(stop_id):
        pattern = network.pattern(ref.pattern_index)
        visit = pattern.visits[ref.visit_index]
        key = (pattern.route_id, pattern.direction_id, pattern.headsign)
        last = ref.visit_index == len(pattern.visits) - 1
        seen.setdefault(
            key,
            body.StopRoute(
                route_id=pattern.route_id,
                name=network.routes[pattern.route_id].name,
                direction_id=pattern.direction_id,
                headsign=pattern.headsign,
                stop_sequence=visit.stop_sequence,
                boarding=not last and visit.pickup_type != NOT_BOARDING,
                alighting=ref.visit_index > 0 and visit.drop_off_type != NOT_BOARDING,
            ),
        )
    return list(seen.values())


def _route_fields(route: Route) -> dict[str, str | int]:
    return {
        "route_id": route.route_id,
        "name": route.name,
        "short_name": route.short_name,
        "long_name": route.long_name,
        "agency_id": route.agency_id,
        "route_type": route.route_type,
    }


def following_stop(network: Network, stop_id: StopId) -> Stop | None:
    """Find the stop that most routes call at next: how people tell two poles of one name apart."""
    following: Counter[StopId] = Counter()
    for ref in network.visits_at(stop_id):
        visits = network.pattern(ref.pattern_index).visits
        if ref.visit_index + 1 < len(visits):
            following[visits[ref.visit_index + 1].stop_id] += 1
    return network.stops[following.most_common(1)[0][0]] if following else None


def _stop(network: Network, stop: Stop, *, distance_m: int | None = None) -> body.StopItem:
    after = following_stop(network, stop.stop_id)
    return body.StopItem(
        stop_id=stop.stop_id,
        code=stop.code,
        name=stop.name,
        names=dict(stop.names),
        lat=stop.lat,
        lon=stop.lon,
        wheelchair=stop.wheelchair,
        distance_m=distance_m,
        towards=after.name if after is not None else "",
        towards_names=dict(after.names) if after is not None else {},
    )


def _pattern(network: Network, pattern: Pattern) -> body.PatternItem:
    stops = []
    for visit in pattern.visits:
        at = network.stops[visit.stop_id]
        stops.append(
            body.PatternStop(
                stop_id=visit.stop_id,
                stop_sequence=visit.stop_sequence,
                name=at.name,
                lat=at.lat,
                lon=at.lon,
                along_m=round(visit.along_m, 1),
                pickup_type=visit.pickup_type,
                drop_off_type=visit.drop_off_type,
                names=dict(at.names),
            )
        )
    return body.PatternItem(
        pattern_id=pattern.pattern_id,
        direction_id=pattern.direction_id,
        headsign=pattern.headsign,
        length_m=round(pattern.path.length_m, 1),
        stops=stops,
        geometry=body.LineString(type="LineString", coordinates=lon_lat(network, pattern.path.xy)),
    )
