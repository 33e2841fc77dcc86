"""The driver's page, the table of its keys, and what it may connect to. Web level."""

from functools import cache
from pathlib import Path
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import FileResponse, Response

from server.web.api_parts import Here
from server.web.driver_keys import read_keys
from server.web.security import HEADERS
from server.web.static_files import folder_of

router = APIRouter(include_in_schema=False)

PAGE = folder_of("driver_terminal", "web") / "drive.html"
POLICY = "content-security-policy"
_keys = cache(read_keys)


@router.get("/drive")
async def drive_page(receiver: Annotated[int | None, Query(ge=1024, le=65535)] = None) -> FileResponse:
    """Give the driver terminal's page. It may talk to us and, if so asked, to the receiver's bridge on its own device."""
    headers = {"cache-control": "no-cache"}
    if receiver is not None:
        headers[POLICY] = f"{HEADERS[POLICY]}; connect-src 'self' ws://127.0.0.1:{receiver}"
    return FileResponse(PAGE, media_type="text/html; charset=utf-8", headers=headers)


@router.get("/drive/keys.json")
async def driver_keys(house: Here) -> Response:
    """Give the table of physical keys: the operator's (`ridebell serve --driver-keys`), else the shipped one."""
    path = house.settings.driver_keys
    return Response(msgspec.json.encode(_keys(Path(path) if path else None)), media_type="application/json")
