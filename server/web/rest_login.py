"""The console's door: how one signs in here, the way to the identity provider and back. Web level."""

import asyncio
import secrets
import time
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from server.core.model import Reason
from server.protocol import schema_http as body
from server.web.api_parts import Here, says
from server.web.bodies import answer
from server.web.callers import keep, secured
from server.web.errors import page_of_problem, plain_problem
from server.web.oidc import PENDING_S

router = APIRouter(tags=["access"])

CONSOLE = "/ops"
CALLBACK = "/v1/login/callback"


@router.get("/v1/login", responses=says("Login", "How one signs in here."), response_class=Response)
async def login(house: Here) -> Response:
    """Tell the console's page which door to show: none in a demo, a token's, or the company's own sign-in."""
    return answer(body.Login(method="demo" if house.settings.demo else "oidc" if house.oidc else "token"))


@router.get("/v1/login/start", include_in_schema=False)
async def start(request: Request, house: Here) -> Response:
    """Go to the identity provider."""
    if house.oidc is None:
        return plain_problem(404, "there is no identity provider here; sign in with a token")
    begun = await house.oidc.begin(f"{str(request.base_url).rstrip('/')}{CALLBACK}", asyncio.get_running_loop().time())
    if isinstance(begun, Reason):
        return page_of_problem(request, house.words, begun)
    response = RedirectResponse(begun.location, 303, {"cache-control": "no-store"})
    response.set_cookie(
        _cookie(request),
        begun.state,
        max_age=int(PENDING_S),
        path="/",
        secure=secured(request),
        httponly=True,
        samesite="lax",  # the provider sends the browser back from another site, which strict would not survive
    )
    return response


@router.get(CALLBACK, include_in_schema=False)
async def callback(
    request: Request,
    house: Here,
    state: Annotated[str, Query(max_length=256)] = "",
    code: Annotated[str, Query(max_length=4096)] = "",
) -> Response:
    """Come back from the provider with a code; whoever began here and has a role of ours is signed in."""
    if house.oidc is None:
        return plain_problem(404, "there is no identity provider here; sign in with a token")
    begun = request.cookies.get(_cookie(request), "")
    person = (
        await house.oidc.finish(state, code, asyncio.get_running_loop().time())
        if state and code and secrets.compare_digest(begun.encode(), state.encode())
        else Reason.NOT_AUTHENTICATED
    )
    if isinstance(person, Reason):
        response = page_of_problem(request, house.words, person)
    else:
        ttl_s = house.settings.session_ttl_s
        token = house.own_key.make(person.role, person.subject, now_s=time.time(), ttl_s=ttl_s)
        response = RedirectResponse(CONSOLE, 303, {"cache-control": "no-store"})
        keep(request, response, person.role, token, max_age_s=int(ttl_s))
    response.delete_cookie(_cookie(request), path="/", secure=secured(request), httponly=True, samesite="lax")
    return response


def _cookie(request: Request) -> str:
    return f"{'__Host-' if secured(request) else ''}ridebell-login"
