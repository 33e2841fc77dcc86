"""Who makes an HTTP request: a bearer token, or the cookie in which a page keeps one. Web level."""

import secrets
import time

from starlette.requests import Request
from starlette.responses import Response

from server.core.model import Reason
from server.protocol.tokens import Role
from server.web.auth import Identity
from server.web.errors import problem
from server.web.house import House
from server.web.origin import origin_allowed

COOKIE_MAX_AGE_S = 180 * 86_400
"""A rider's pseudonym lasts half a year after its last renewal; use records are kept as long (DOMAIN §7)."""


def secured(request: Request) -> bool:
    """Whether the browser reached us by HTTPS."""
    return request.url.scheme == "https"


def cookie_name(request: Request, role: Role) -> str:
    """`__Host-` binds a cookie to this host over HTTPS.

    Over plain HTTP it is left out: of the browsers only Chromium takes it there (tried: 156), and on loopback alone.
    """
    return f"{'__Host-' if secured(request) else ''}ridebell-{role}"


DEMO_TTL_S = 86_400.0
"""How long somebody is whom a demo takes them for."""
READERS = (Role.OPERATOR, Role.INSPECTOR)
"""Who may read what operators read."""


async def identify(house: House, request: Request, role: Role) -> Identity | Reason:
    """Who calls, in this role; a cookie counts only for requests from our own pages."""
    authorization = request.headers.get("authorization", "")
    if authorization[:7].lower() == "bearer ":
        identity = await holder(house, authorization[7:].strip())
    else:
        identity = await _kept(house, request, role)
    if isinstance(identity, Reason) or identity.role is role:
        return identity
    return Reason.FORBIDDEN


async def _kept(house: House, request: Request, role: Role) -> Identity | Reason:
    kept = request.cookies.get(cookie_name(request, role))
    if kept is None and not _anybody(house, role):
        return Reason.NOT_AUTHENTICATED
    origin, host = request.headers.get("origin"), request.headers.get("host", "")
    if not origin_allowed(origin, host, house.settings.allowed_origins):
        return Reason.FORBIDDEN
    if kept is None:
        return Identity(role, f"demo-{role}", time.time() + DEMO_TTL_S)
    identity = await holder(house, kept)
    ours = role is Role.RIDER or (house.oidc is not None and role in READERS)
    if isinstance(identity, Reason) and ours:  # pseudonyms and sign-ins are signed by us, whoever signs the rest
        return await house.own_key.identify(kept)
    return identity


def _anybody(house: House, role: Role) -> bool:
    """In a demo the console opens to whoever comes, for its requests as for its socket."""
    return house.settings.demo and role is Role.OPERATOR


async def identify_reader(house: House, request: Request) -> Identity | Reason:
    """Who reads, as an operator or as an inspector."""
    answers = [await identify(house, request, role) for role in READERS]
    for identity in answers:
        if not isinstance(identity, Reason):
            return identity
    return Reason.FORBIDDEN if Reason.FORBIDDEN in answers else Reason.NOT_AUTHENTICATED


async def reader(house: House, request: Request) -> Identity | Response:
    """`identify_reader`, or the answer that says no."""
    identity = await identify_reader(house, request)
    return problem(request, house.words, identity) if isinstance(identity, Reason) else identity


async def holder(house: House, token: str) -> Identity | Reason:
    """Who holds a token. Kiosks are signed by us, whoever signs the rest."""
    identity = await house.auth.identify(token)
    if isinstance(identity, Reason):
        own = await house.own_key.identify(token)
        return own if not isinstance(own, Reason) and own.role is Role.KIOSK else identity
    return identity


async def caller(house: House, request: Request, role: Role) -> Identity | Response:
    """`identify`, or the answer that says no."""
    identity = await identify(house, request, role)
    return problem(request, house.words, identity) if isinstance(identity, Reason) else identity


def anonymous_rider(house: House) -> tuple[Identity, str]:
    """A new pseudonym for somebody without an account, and the token that proves it later."""
    subject, now_s = f"anon-{secrets.token_urlsafe(16)}", time.time()
    token = house.own_key.make(Role.RIDER, subject, now_s=now_s, ttl_s=COOKIE_MAX_AGE_S)
    return Identity(Role.RIDER, subject, now_s + COOKIE_MAX_AGE_S), token


def keep(request: Request, response: Response, role: Role, token: str, *, max_age_s: int = COOKIE_MAX_AGE_S) -> None:
    """Let the browser keep a token where no script and no other site can use it."""
    response.set_cookie(
        cookie_name(request, role),
        token,
        max_age=max_age_s,
        path="/",
        secure=secured(request),
        httponly=True,
        samesite="strict",
    )


def let_go(request: Request, response: Response, role: Role) -> None:
    """Let the browser forget it."""
    response.delete_cookie(
        cookie_name(request, role), path="/", secure=secured(request), httponly=True, samesite="strict"
    )


def address_of(request: Request) -> str:
    """Peer address, for rate limits only; behind a proxy it is the client's if the proxy is trusted."""
    return request.client.host if request.client is not None else "unknown"
