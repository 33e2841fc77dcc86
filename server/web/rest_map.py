"""The network as GeoJSON, whole or around a place, for everybody. Web level."""

import asyncio
import gzip
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import msgspec
import numpy as np
import shapely
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from geo.path import Path
from server.core.model import Reason
from server.core.network import Network, Stop
from server.web.api_parts import PROBLEM, Here, schema
from server.web.errors import problem

router = APIRouter(tags=["network"])

STATIC_S = 300
"""As routes and stops: they change with the feed, once a day at most."""
STOPS_NEAR = 400
"""Stops on a map of a place; the nearest are drawn. A city centre has some 30 poles a square kilometre."""
SIMPLE_M = 2.0
"""A line around a place is drawn this true; a phone's pixel is wider."""

Feature = dict[str, Any]


@router.get(
    "/v1/network.geojson",
    responses={
        200: {
            "description": "GeoJSON: a line for each pattern, a point for each stop.",
            "content": {"application/geo+json": {}},
        },
        422: {"description": "No, and why.", "content": {PROBLEM: {"schema": schema("Problem")}}},
    },
    response_class=Response,
)
async def network_geojson(
    request: Request,
    house: Here,
    lat: Annotated[float | None, Query(ge=-90, le=90)] = None,
    lon: Annotated[float | None, Query(ge=-180, le=180)] = None,
    radius_m: Annotated[float, Query(gt=0, le=5_000)] = 800.0,
) -> Response:
    """Give the network as GeoJSON: the whole of it, or what is within a square around a place."""
    network = house.runtime.network
    if lat is None and lon is None:
        return await _whole(request, network)
    if lat is None or lon is None:
        return problem(request, house.words, Reason.BAD_MESSAGE, detail={"what": "give both lat and lon, or none"})
    packed = await asyncio.to_thread(_packed_around, network, lat, lon, radius_m)
    return await _sent(request, packed, {})


async def _whole(request: Request, network: Network) -> Response:
    packed = await asyncio.to_thread(_packed_map, request.app.state.maps, network)
    etag = f'"{network.feed_hash[:32]}"'
    if request.headers.get("if-none-match") == etag:
        return Response(None, 304, {"etag": etag, "cache-control": f"public, max-age={STATIC_S}"})
    return await _sent(request, packed, {"etag": etag})


async def _sent(request: Request, packed: bytes, more: dict[str, str]) -> Response:
    """Send it packed, as nearly everybody takes it."""
    headers = more | {"cache-control": f"public, max-age={STATIC_S}", "vary": "accept-encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["content-encoding"] = "gzip"
    else:
        packed = await asyncio.to_thread(gzip.decompress, packed)
    return Response(packed, 200, headers, media_type="application/geo+json")


def _packed_map(maps: dict[str, bytes], network: Network) -> bytes:
    """Draw the map once a network; gzip, since nearly everybody takes it so."""
    packed = maps.get(network.feed_hash)
    if packed is None:
        features = [*_patterns(network), *(_point(stop) for stop in network.stops.values())]
        packed = maps[network.feed_hash] = gzip.compress(_encoded(features), 6)
    return packed


def _packed_around(network: Network, lat: float, lon: float, radius_m: float) -> bytes:
    return gzip.compress(_encoded(list(_around(network, lat, lon, radius_m))), 6)


def _encoded(features: Sequence[Feature]) -> bytes:
    return msgspec.json.encode({"type": "FeatureCollection", "features": features})


def _patterns(network: Network) -> Iterator[Feature]:
    for index in range(network.pattern_count):
        pattern = network.pattern(index)
        about = _about(network, index)
        yield _line("LineString", lon_lat(network, pattern.path.xy), about)


def _about(network: Network, index: int) -> dict[str, object]:
    pattern = network.pattern(index)
    return {
        "kind": "pattern",
        "pattern_id": pattern.pattern_id,
        "route_id": pattern.route_id,
        "route_name": network.routes[pattern.route_id].name,
        "direction_id": pattern.direction_id,
    }


def _line(kind: str, coordinates: list[Any], about: Mapping[str, object]) -> Feature:
    return {"type": "Feature", "geometry": {"type": kind, "coordinates": coordinates}, "properties": about}


def _point(stop: Stop) -> Feature:
    about = {"kind": "stop", "stop_id": stop.stop_id, "name": stop.name, "code": stop.code}
    return _line("Point", [stop.lon, stop.lat], about)


def lon_lat(network: Network, xy: np.ndarray[Any, np.dtype[np.float64]]) -> list[tuple[float, float]]:
    """Places of a path as GeoJSON wants them: [longitude, latitude], to a decimetre."""
    lat, lon = network.frame.to_lat_lon(xy[:, 0], xy[:, 1])
    return list(zip(lon.round(6).tolist(), lat.round(6).tolist(), strict=True))


def _around(network: Network, lat: float, lon: float, radius_m: float) -> Iterator[Feature]:
    """What lies within a square of twice the radius; each path once, named by the first pattern that runs along it."""
    x, y = network.frame.to_xy(lat, lon)
    for index in network.paths_near(x, y, radius_m * math.sqrt(2.0)):
        parts = _clipped(network.path(index), x, y, radius_m)
        if parts:
            about = _about(network, network.patterns_of_path(index)[0])
            yield _line("MultiLineString", [lon_lat(network, part) for part in parts], about)
    for stop, _ in network.stops_near(lat, lon, radius_m * math.sqrt(2.0), STOPS_NEAR):
        yield _point(stop)


def _clipped(path: Path, x: float, y: float, radius_m: float) -> list[np.ndarray[Any, np.dtype[np.float64]]]:
    line = shapely.clip_by_rect(shapely.linestrings(path.xy), x - radius_m, y - radius_m, x + radius_m, y + radius_m)
    parts = shapely.get_parts(shapely.simplify(line, SIMPLE_M))
    return [shapely.get_coordinates(part) for part in parts if shapely.length(part) > 0.0]
