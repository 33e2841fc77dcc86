"""What operators ask over HTTP. Web level; never a rider's identity."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from server.protocol import schema_http as body
from server.protocol.tokens import Role
from server.web.api_parts import Here, needs, says
from server.web.bodies import answer
from server.web.callers import caller

router = APIRouter(tags=["operators"])


@router.get(
    "/v1/ops/outcomes",
    responses=says("Outcomes", "What became of bells.", noes=(401, 403)),
    openapi_extra=needs(Role.OPERATOR),
    response_class=Response,
)
async def outcomes(request: Request, house: Here) -> Response:
    """Count what became of bells since the server started, by state and route."""
    operator = await caller(house, request, Role.OPERATOR)
    if isinstance(operator, Response):
        return operator
    board, runtime = house.bell_board, house.runtime
    return answer(
        body.Outcomes(
            since_ms=board.since_ms,
            at_ms=runtime.clock.now_ms(),
            by_state=dict(runtime.telemetry.bells),
            by_route={route_id: dict(states) for route_id, states in board.outcomes().items()},
            open=list(board.open),
            recent=list(board.recent),
        )
    )


@router.get(
    "/v1/ops/terminals",
    responses=says("Terminals", "Vehicles and their terminals.", noes=(401, 403)),
    openapi_extra=needs(Role.OPERATOR),
    response_class=Response,
)
async def terminals(request: Request, house: Here) -> Response:
    """List every vehicle that reported lately, with its terminal's state."""
    operator = await caller(house, request, Role.OPERATOR)
    if isinstance(operator, Response):
        return operator
    runtime = house.runtime
    rows = [runtime.renderer.vehicle(view) for view in runtime.vehicles()]
    return answer(body.Terminals(at_ms=runtime.clock.now_ms(), vehicles=rows))
