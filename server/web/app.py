"""The HTTP application: routes, pages and their files, put together. Web level."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from server.core.model import Reason
from server.runtime import StoreUnavailableError
from server.web import (
    drive_page,
    inspect_page,
    pages,
    rest_about,
    rest_access,
    rest_account,
    rest_bells,
    rest_buses,
    rest_companions,
    rest_exports,
    rest_health,
    rest_inspection,
    rest_ledger,
    rest_login,
    rest_map,
    rest_network,
    rest_ops,
    rest_ops_rides,
    rest_outline,
    rest_passbys,
    rest_positions,
    rest_push,
    rest_recordings,
    rest_replays,
    rest_reports,
    rest_rides,
    rest_terminals,
)
from server.web.api_document import describe
from server.web.errors import plain_problem, problem
from server.web.house import House
from server.web.security import SecurityHeaders
from server.web.static_files import PageFiles


def create_app(house: House) -> FastAPI:
    """Put the doors of a house together. The house's own tasks run as long as the application."""
    app = bare_app()
    app.state.house = house
    app.state.maps, app.state.feeds, app.state.feed_clocks = {}, {}, {}
    app.router.lifespan_context = _living
    for path, folder in (
        ("/static/shared", pages.RIDER_PAGES / "shared"),
        ("/static/rider", pages.RIDER_PAGES),
        ("/static/driver", pages.DRIVER_PAGES),
        ("/static/ops", pages.OPS_PAGES),
    ):
        app.mount(path, PageFiles(folder))
    app.add_middleware(SecurityHeaders, tiles_url=house.settings.tiles_url)
    app.add_exception_handler(HTTPException, _http_problem)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, _bad_parameter)  # type: ignore[arg-type]
    app.add_exception_handler(StoreUnavailableError, _nothing_can_be_kept)
    return app


def bare_app() -> FastAPI:
    """Declare the routes alone, as the OpenAPI document needs them."""
    app = FastAPI(title="Ridebell", docs_url=None, redoc_url=None, openapi_url="/openapi.json")
    for part in (
        rest_network,
        rest_map,
        rest_buses,
        rest_bells,
        rest_access,
        rest_login,
        rest_positions,
        rest_ops,
        rest_ops_rides,
        rest_about,
        rest_exports,
        rest_passbys,
        rest_terminals,
        rest_outline,
        rest_recordings,
        rest_replays,
        rest_push,
        rest_rides,
        rest_account,
        rest_ledger,
        rest_reports,
        rest_companions,
        rest_inspection,
        rest_health,
        drive_page,
        inspect_page,
        pages,
    ):
        app.include_router(part.router)
    describe(app)
    return app


@contextlib.asynccontextmanager
async def _living(app: FastAPI) -> AsyncIterator[None]:
    house: House = app.state.house
    tasks = [
        asyncio.create_task(part.run(), name=type(part).__name__)
        for part in (
            house.lobby,
            house.stop_boards,
            house.bus_boards,
            house.vehicle_board,
            house.ops_notes,
            house.push,
            house.archive,
            house.clerk,
        )
        if part is not None
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _http_problem(_request: Request, error: HTTPException) -> Response:
    response = plain_problem(error.status_code, str(error.detail))
    response.headers.update(error.headers or {})
    return response


async def _nothing_can_be_kept(request: Request, _error: Exception) -> Response:
    house: House = request.app.state.house
    return problem(request, house.words, Reason.STORE_UNAVAILABLE)


async def _bad_parameter(request: Request, error: RequestValidationError) -> Response:
    house: House = request.app.state.house
    first = error.errors()[0]
    what = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return problem(request, house.words, Reason.BAD_MESSAGE, detail={"what": what})
