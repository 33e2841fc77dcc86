"""Sign-in of operators at the company's identity provider: OpenID Connect, authorization code with PKCE. Web level.

What is relied upon: OpenID Connect Core 1.0 §3.1 (code flow, nonce, ID token), Discovery 1.0 §4, RFC 7636 (PKCE, S256),
RFC 9700 §2.1 (exact issuer, one-use state bound to the browser). Signatures are PyJWT's business, requests are httpx's.
"""

import asyncio
import base64
import hashlib
import logging
import secrets
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import httpx
import jwt

from server.core.model import Reason
from server.protocol.tokens import Role
from server.web.auth import LEEWAY_S

log = logging.getLogger(__name__)

ALGORITHMS = ["RS256", "ES256", "PS256"]
TIMEOUT_S = 5.0
PENDING_S = 600.0
"""How long somebody may take to sign in at the provider."""
PENDING_MAX = 1_000
"""Sign-ins that are under way at once; the oldest goes first. Strangers can begin one."""
METADATA_S = 3_600.0
ROLES = {Role.OPERATOR: "operator", Role.INSPECTOR: "inspector"}
"""What the roles claim has to hold, plain or as `ridebell-operator`, `ridebell:operator`. The first that fits counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcSettings:
    """Our registration at the provider. `roles_claim` may be a path into the ID token (`realm_access.roles`)."""

    issuer: str
    client_id: str
    client_secret: str = ""
    """Empty for a public client, which PKCE alone protects."""
    roles_claim: str = "roles"
    scope: str = "openid profile"


class BadIssuerError(ValueError):
    """The issuer cannot be used; the text says why and what to do."""


def checked_issuer(url: str) -> str:
    """An issuer as it must be: HTTPS, or plain HTTP on this machine alone. Raises BadIssuerError.

    >>> checked_issuer("https://login.example/realms/bus/")
    'https://login.example/realms/bus'
    """
    parts = urlsplit(url)
    here = parts.hostname in ("127.0.0.1", "localhost", "::1")
    if not parts.hostname or parts.scheme not in ("https", "http") or (parts.scheme == "http" and not here):
        raise BadIssuerError(
            f"{url!r} is no issuer; give the provider's https:// address as its discovery document has it"
        )
    return url.rstrip("/")


class Begun(NamedTuple):
    """Where to send the browser, and the state that it must bring back."""

    location: str
    state: str


class Person(NamedTuple):
    """Who signed in, and as what."""

    subject: str
    role: Role


class _Pending(NamedTuple):
    nonce: str
    verifier: str
    redirect_uri: str
    until_s: float


class Oidc:
    """One identity provider. Its addresses are read when first needed, and again every hour."""

    def __init__(self, settings: OidcSettings) -> None:
        self._settings = settings
        self._issuer = checked_issuer(settings.issuer)
        self._pending: OrderedDict[str, _Pending] = OrderedDict()
        self._metadata: tuple[float, dict[str, Any]] | None = None
        self._keys: jwt.PyJWKClient | None = None

    async def begin(self, redirect_uri: str, now_s: float) -> Begun | Reason:
        """Begin a sign-in; `store_unavailable` when the provider does not answer."""
        metadata = await self._discover(now_s)
        if metadata is None:
            return Reason.STORE_UNAVAILABLE
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        while self._pending and (
            len(self._pending) >= PENDING_MAX or next(iter(self._pending.values())).until_s <= now_s
        ):
            self._pending.popitem(last=False)
        self._pending[state] = _Pending(nonce, verifier, redirect_uri, now_s + PENDING_S)
        asked = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": redirect_uri,
            "scope": self._settings.scope,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
        }
        address = str(metadata["authorization_endpoint"])
        return Begun(f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}", state)

    async def finish(self, state: str, code: str, now_s: float) -> Person | Reason:
        """Who came back with this code. `not_authenticated` for whatever does not fit; `forbidden` without a role of ours."""
        pending = self._pending.pop(state, None)
        metadata = await self._discover(now_s)
        if pending is None or pending.until_s <= now_s or metadata is None:
            return Reason.NOT_AUTHENTICATED
        token = await self._redeem(metadata, code, pending)
        claims = None if token is None else await self._claims(metadata, token)
        if claims is None or not secrets.compare_digest(str(claims.get("nonce", "")), pending.nonce):
            return Reason.NOT_AUTHENTICATED
        role = role_of(claims, self._settings.roles_claim)
        return Reason.FORBIDDEN if role is None else Person(str(claims["sub"])[:128], role)

    async def _discover(self, now_s: float) -> dict[str, Any] | None:
        if self._metadata is not None and now_s - self._metadata[0] < METADATA_S:
            return self._metadata[1]
        try:
            async with httpx.AsyncClient(timeout=TIMEOUT_S) as http:
                answer = await http.get(f"{self._issuer}/.well-known/openid-configuration")
                found = answer.raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            log.warning("the identity provider %s cannot be reached: %s", self._issuer, error)
            return None
        if str(found.get("issuer", "")).rstrip("/") != self._issuer:
            log.error("the provider at %s says that it is %r", self._issuer, found.get("issuer"))
            return None
        self._metadata = (now_s, found)
        self._keys = jwt.PyJWKClient(str(found["jwks_uri"]), cache_keys=True, lifespan=300, timeout=int(TIMEOUT_S))
        return dict(found)

    async def _redeem(self, metadata: Mapping[str, Any], code: str, pending: _Pending) -> str | None:
        """Exchange the code for an ID token."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": pending.redirect_uri,
            "client_id": self._settings.client_id,
            "code_verifier": pending.verifier,
        }
        secret = self._settings.client_secret
        auth = httpx.BasicAuth(self._settings.client_id, secret) if secret else httpx.USE_CLIENT_DEFAULT
        try:
            async with httpx.AsyncClient(timeout=TIMEOUT_S) as http:
                answer = await http.post(str(metadata["token_endpoint"]), data=form, auth=auth)
                token = answer.raise_for_status().json().get("id_token")
        except (httpx.HTTPError, ValueError) as error:
            log.warning("the identity provider did not take a code: %s", error)
            return None
        return token if isinstance(token, str) else None

    async def _claims(self, metadata: Mapping[str, Any], token: str) -> dict[str, Any] | None:
        assert self._keys is not None
        try:
            key = await asyncio.to_thread(self._keys.get_signing_key_from_jwt, token)
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                audience=self._settings.client_id,
                issuer=str(metadata["issuer"]),
                leeway=LEEWAY_S,
                options={"require": ["sub", "exp", "iat", "aud", "iss"]},
            )
        except jwt.PyJWTError as error:
            log.warning("an ID token was not taken: %s", error)
            return None
        return claims


def challenge_of(verifier: str) -> str:
    """RFC 7636 §4.2, S256; the vector is its appendix B.

    >>> challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
    """
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def role_of(claims: Mapping[str, Any], path: str) -> Role | None:
    """The role that a claim gives: a text or a list of texts, at a path of names.

    >>> role_of({"realm_access": {"roles": ["staff", "ridebell-inspector"]}}, "realm_access.roles")
    <Role.INSPECTOR: 'inspector'>
    >>> role_of({"roles": "staff"}, "roles") is None
    True
    """
    found: Any = claims
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    held = {found} if isinstance(found, str) else set(_texts(found))
    for role, word in ROLES.items():
        if held & {word, f"ridebell-{word}", f"ridebell:{word}"}:
            return role
    return None


def _texts(value: object) -> Iterable[str]:
    return (one for one in value if isinstance(one, str)) if isinstance(value, list) else ()
