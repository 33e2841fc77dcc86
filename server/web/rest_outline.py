"""The network as pages draw it: one compact map, and each route as a strip of stops. For everybody. Web level."""

import asyncio
import gzip
import statistics
from itertools import pairwise

import msgspec
import numpy as np
import shapely
from fastapi import APIRouter, Request
from starlette.responses import Response

from server.core.model import Reason, RouteId, StopId
from server.core.network import Network, Pattern, Trip, VisitRef
from server.protocol import schema_outline as body
from server.settings import WebSettings
from server.web.api_parts import Here, says
from server.web.bodies import answer
from server.web.errors import problem

router = APIRouter(tags=["network"])

STATIC_S = 300
"""The map changes with the feed, once a day at most."""
TOLERANCE_M = 5.0
"""What a simplified line may be off: the width of a street's lane and a half, two pixels where a whole town is seen."""
E5 = 100_000
"""Degrees are sent as integers of 1/100,000: 1.1 m of latitude."""
GAPS = 8
"""So many departures to come tell the headway about now."""


@router.get("/v1/outline", responses=says("Outline", "The network's lines and stops."), response_class=Response)
async def network_outline(request: Request, house: Here) -> Response:
    """Give what a page needs to draw the whole network: simplified lines and all stops, as columns of integers."""
    network, maps = house.runtime.network, request.app.state.maps
    etag = f'"outline-{network.feed_hash[:32]}"'
    headers = {"etag": etag, "cache-control": f"public, max-age={STATIC_S}", "vary": "accept-encoding"}
    if request.headers.get("if-none-match") == etag:
        return Response(None, 304, headers)
    key = f"outline:{network.feed_hash}"
    if key not in maps:
        maps[key] = await asyncio.to_thread(_packed, network, house.settings)
    packed: bytes = maps[key]
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["content-encoding"] = "gzip"
    else:
        packed = await asyncio.to_thread(gzip.decompress, packed)
    return Response(packed, 200, headers, media_type="application/json")


@router.get(
    "/v1/strips/{route_id:path}",
    responses=says("Strip", "The route's stops in line.", noes=(404,)),
    response_class=Response,
)
async def strip(request: Request, house: Here, route_id: str) -> Response:
    """Give a route's ways as lines of stops, with the pace and the headway of the timetable."""
    network, now_ms = house.runtime.network, house.runtime.clock.now_ms()
    route = network.routes.get(RouteId(route_id))
    if route is None:
        return problem(request, house.words, Reason.UNKNOWN_ROUTE, detail={"route_id": route_id})
    patterns = [_strip(network, index, now_ms) for index in network.patterns_of_route(route.route_id)]
    patterns.sort(key=lambda one: (-one.trips, one.pattern_id))
    return answer(body.Strip(route_id=route.route_id, name=route.name, at_ms=now_ms, patterns=patterns))


def _packed(network: Network, settings: WebSettings) -> bytes:
    url, attribution = settings.tiles_url, settings.tiles_attribution
    tiles = body.Tiles(url=url, attribution=attribution) if url else None
    return gzip.compress(msgspec.json.encode(_outline(network, tiles)), 6)


def _outline(network: Network, tiles: body.Tiles | None) -> body.Outline:
    routes = list(network.routes.values())
    index_of = {route.route_id: index for index, route in enumerate(routes)}
    stops = list(network.stops.values())
    patterns = [network.pattern(index) for index in range(network.pattern_count)]
    return body.Outline(
        feed_version=network.version,
        tolerance_m=TOLERANCE_M,
        routes=[body.OutlineRoute(route_id=r.route_id, name=r.name, agency_id=r.agency_id) for r in routes],
        lines=[_line(network, pattern, index_of[pattern.route_id]) for pattern in patterns],
        stops=body.OutlineStops(
            stop_id=[stop.stop_id for stop in stops],
            name=[stop.name for stop in stops],
            lat_e5=[round(stop.lat * E5) for stop in stops],
            lon_e5=[round(stop.lon * E5) for stop in stops],
        ),
        tiles=tiles,
    )


def _line(network: Network, pattern: Pattern, route: int) -> body.OutlineLine:
    xy = pattern.path.xy
    if len(xy) > 1:
        xy = shapely.get_coordinates(shapely.simplify(shapely.LineString(xy), TOLERANCE_M))
    lat, lon = network.frame.to_lat_lon(xy[:, 0], xy[:, 1])
    places = np.rint(np.column_stack((lat, lon)) * E5).astype(np.int64)
    steps = np.diff(places, axis=0, prepend=0)
    return body.OutlineLine(route=route, direction_id=pattern.direction_id, path_e5=steps.ravel().tolist())


def _strip(network: Network, pattern_index: int, now_ms: int) -> body.StripPattern:
    pattern = network.pattern(pattern_index)
    trips = [trip for trip in map(network.trip, network.trips_of_pattern(pattern_index)) if trip is not None]
    today = network.service_dates(now_ms)[1]
    return body.StripPattern(
        pattern_id=pattern.pattern_id,
        direction_id=pattern.direction_id,
        headsign=pattern.headsign,
        length_m=round(pattern.path.length_m, 1),
        trips=sum(network.service_active(trip.service_id, today) for trip in trips),
        headway_s=_headway_s(network, pattern_index, now_ms),
        stops=_stops(network, pattern, trips),
    )


def _stops(network: Network, pattern: Pattern, trips: list[Trip]) -> list[body.StripStop]:
    middle = sorted(trips, key=lambda trip: int(trip.arrivals_s[-1] - trip.departures_s[0]))[len(trips) // 2]
    return [
        body.StripStop(
            stop_id=visit.stop_id,
            stop_sequence=visit.stop_sequence,
            name=network.stops[StopId(visit.stop_id)].name,
            along_m=round(visit.along_m, 1),
            run_s=int(middle.arrivals_s[visit.index] - middle.departures_s[0]) if visit.index else 0,
        )
        for visit in pattern.visits
    ]


def _headway_s(network: Network, pattern_index: int, now_ms: int) -> int | None:
    """The median gap between the next departures from the first stop; None when fewer than two are to come."""
    due_ms, departures = now_ms, []
    for _ in range(GAPS):
        later_ms = network.next_departure_ms(VisitRef(pattern_index, 0), due_ms)
        if later_ms is None:
            break
        departures.append(later_ms)
        due_ms = later_ms + 1
    gaps = [(later - sooner) / 1000 for sooner, later in pairwise(departures)]
    return round(statistics.median(gaps)) if gaps else None
