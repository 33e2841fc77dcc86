"""Is it alive, is it ready, how is it doing, and what does it speak. Web level."""

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from server.core.model import Reason
from server.protocol import asyncapi
from server.protocol.schema_http import Health
from server.web.api_parts import Here, says
from server.web.bodies import answer
from server.web.errors import problem
from server.web.prometheus import exposition

router = APIRouter(tags=["health"])


@router.get("/healthz", responses=says("Health", "The process answers."), response_class=Response)
async def healthz() -> Response:
    """Say that the process answers; restart it when it does not."""
    return answer(Health(status="ok"))


@router.get("/readyz", responses=says("Health", "Send traffic.", noes=(503,)), response_class=Response)
async def readyz(request: Request, house: Here) -> Response:
    """Say whether this server should get traffic."""
    why = "leaving" if house.lobby.draining else house.runtime.not_ready
    if why is None:
        return answer(Health(status="ok"))
    return problem(request, house.words, Reason.STORE_UNAVAILABLE, status=503, ref=why)


@router.get(
    "/metrics",
    responses={200: {"description": "Prometheus text.", "content": {"text/plain": {}}}},
    response_class=Response,
)
async def metrics(house: Here) -> Response:
    """Give counters and latencies for Prometheus."""
    text = exposition(house.runtime, sessions=len(house.lobby), stop_boards=len(house.stop_boards))
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")


@router.get("/asyncapi.json", include_in_schema=False)
async def asyncapi_json() -> Response:
    """Give the contract of the sockets."""
    return JSONResponse(asyncapi.document())
