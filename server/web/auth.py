"""Who is calling: tokens checked by role. Web level.

Tokens are JWT (RFC 7519) with `sub`, `role`, `iat`, `exp`, `vehicle_id` for terminals, `stop_id` for kiosks. HS256 with our own key, or
RS256/ES256 with the keys an identity provider publishes; the algorithm is pinned by the configuration, never by the token.
"""

import asyncio
from typing import NamedTuple, Protocol

import jwt

from server.core.model import Reason, StopId, VehicleId
from server.protocol.tokens import Role, make_token

LEEWAY_S = 30
"""Clocks of terminals and servers differ by some seconds."""


class Identity(NamedTuple):
    """Who somebody has shown to be. A rider's `subject` is a pseudonym and never leaves the server."""

    role: Role
    subject: str
    expires_s: float
    vehicle_id: VehicleId | None = None
    stop_id: StopId | None = None


class Authenticator(Protocol):
    """Checks tokens."""

    async def identify(self, token: str) -> Identity | Reason:
        """Who holds this token, or `not_authenticated`."""
        ...


class OwnKey:
    """Tokens signed with our own key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    async def identify(self, token: str) -> Identity | Reason:
        """Who holds this token, or `not_authenticated`."""
        try:
            claims = jwt.decode(
                token, self._key, algorithms=["HS256"], leeway=LEEWAY_S, options={"require": ["sub", "exp"]}
            )
        except jwt.InvalidTokenError:
            return Reason.NOT_AUTHENTICATED
        return _identity(claims)

    def make(
        self,
        role: Role,
        subject: str,
        *,
        now_s: float,
        ttl_s: float,
        vehicle_id: str | None = None,
        stop_id: str | None = None,
    ) -> str:
        """Sign a token; a terminal's needs the vehicle it is built into, a kiosk's the stop where it stands."""
        return make_token(
            self._key, role=role, subject=subject, now_s=now_s, ttl_s=ttl_s, vehicle_id=vehicle_id, stop_id=stop_id
        )


class PublishedKeys:
    """Tokens of an identity provider, checked with the keys at its JWKS address (fetched off the loop, kept 5 minutes)."""

    def __init__(self, url: str) -> None:
        self._keys = jwt.PyJWKClient(url, cache_keys=True, lifespan=300, timeout=5)

    async def identify(self, token: str) -> Identity | Reason:
        """Who holds this token, or `not_authenticated` (also while the provider cannot be reached)."""
        try:
            key = await asyncio.to_thread(self._keys.get_signing_key_from_jwt, token)
            claims = jwt.decode(
                token, key, algorithms=["RS256", "ES256"], leeway=LEEWAY_S, options={"require": ["sub", "exp"]}
            )
        except jwt.PyJWTError:
            return Reason.NOT_AUTHENTICATED
        return _identity(claims)


def _identity(claims: dict[str, object]) -> Identity | Reason:
    role, subject, vehicle, stop, expires = (claims.get(n) for n in ("role", "sub", "vehicle_id", "stop_id", "exp"))
    if (
        not isinstance(role, str)
        or role not in set(Role)
        or not isinstance(subject, str)
        or not 0 < len(subject) <= 128
    ):
        return Reason.NOT_AUTHENTICATED
    where = (vehicle, stop)
    if any(one is not None and not (isinstance(one, str) and 0 < len(one) <= 128) for one in where):
        return Reason.NOT_AUTHENTICATED
    if (role == Role.TERMINAL and vehicle is None) or (role == Role.KIOSK and stop is None):
        return Reason.NOT_AUTHENTICATED
    assert isinstance(expires, int | float)
    return Identity(
        Role(role),
        subject,
        float(expires),
        VehicleId(str(vehicle)) if vehicle is not None else None,
        StopId(str(stop)) if stop is not None else None,
    )
