"""A small OpenID Connect provider on loopback: discovery, code flow with PKCE, signed ID tokens. Whoever comes is signed in."""

import base64
import hashlib
import secrets
import socket
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlencode

import jwt
import uvicorn
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

WAIT_S = 15.0


@dataclass
class Grant:
    """What a code stands for until it is redeemed."""

    challenge: str
    redirect_uri: str
    nonce: str


@dataclass
class Provider:
    """Use as a context manager. `claims` go into every ID token; `spoil` changes a token's claims for a test."""

    client_id: str = "ridebell"
    client_secret: str = ""
    claims: dict[str, Any] = field(default_factory=lambda: {"sub": "kim", "roles": ["operator"]})
    spoil: dict[str, Any] = field(default_factory=dict)
    visits: list[str] = field(default_factory=list)
    lies: bool = False
    """Say in the discovery document to be somebody else."""
    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65_537, 2_048))
    signing_key: rsa.RSAPrivateKey | None = None
    """Another key than the published one, for a test."""
    _grants: dict[str, Grant] = field(default_factory=dict)

    def __enter__(self) -> Self:
        listener = socket.create_server(("127.0.0.1", 0))
        self.issuer = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(self._app(), log_level="error", lifespan="off")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([listener],), daemon=True)
        self._thread.start()
        while not self._server.started:  # the listener takes connections already; this only orders the shutdown
            time.sleep(0.005)
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._server.should_exit = True
        self._thread.join(WAIT_S)

    def _app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._discovery),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
                Route("/keys", self._keys),
            ]
        )

    async def _discovery(self, _: Request) -> Response:
        return JSONResponse(
            {
                "issuer": "https://elsewhere.example" if self.lies else self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
            }
        )

    async def _authorize(self, request: Request) -> Response:
        asked = request.query_params
        self.visits.append("authorize")
        if asked["client_id"] != self.client_id or asked["response_type"] != "code":
            return Response("unknown client", 400)
        if asked["code_challenge_method"] != "S256" or "openid" not in asked["scope"].split():
            return Response("bad request", 400)
        code = secrets.token_urlsafe(16)
        self._grants[code] = Grant(asked["code_challenge"], asked["redirect_uri"], asked["nonce"])
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}", 302)

    async def _token(self, request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        self.visits.append("token")
        grant = self._grants.pop(form.get("code", ""), None)
        if grant is None or form["redirect_uri"] != grant.redirect_uri or not self._knows(request):
            return JSONResponse({"error": "invalid_grant"}, 400)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(digest).decode().rstrip("=") != grant.challenge:
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": self.client_id, "iat": now, "exp": now + 300, "nonce": grant.nonce}
        token = jwt.encode(
            claims | self.claims | self.spoil, self.signing_key or self.key, algorithm="RS256", headers={"kid": "one"}
        )
        return JSONResponse({"access_token": "unused", "token_type": "Bearer", "id_token": token})

    def _knows(self, request: Request) -> bool:
        """The client's secret, when it has one (RFC 6749 §2.3.1)."""
        if not self.client_secret:
            return "authorization" not in request.headers
        _, _, packed = request.headers.get("authorization", "").partition(" ")
        name, _, secret = base64.b64decode(packed).decode().partition(":")
        return (unquote(name), unquote(secret)) == (self.client_id, self.client_secret)

    async def _keys(self, _: Request) -> Response:
        public = RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return JSONResponse({"keys": [public | {"kid": "one", "use": "sig", "alg": "RS256"}]})
