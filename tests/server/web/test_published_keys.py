"""Tokens of an identity provider: its published keys are fetched, and only its algorithms count."""

import http.server
import json
import threading
import time
from collections.abc import Iterator

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from server.core.model import Reason
from server.web.auth import Identity, PublishedKeys


class Provider:
    """Publishes one key on loopback."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
        self.public = json.loads(RSAAlgorithm.to_jwk(self.key.public_key())) | {"kid": "one", "use": "sig"}
        self.fetched = 0
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.fetched += 1
                body = json.dumps({"keys": [provider.public]}).encode()
                self.send_response(200)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/keys"

    def sign(self, **changes: object) -> str:
        claims = {"sub": "someone", "role": "operator", "exp": int(time.time()) + 60} | changes
        return jwt.encode(claims, self.key, algorithm="RS256", headers={"kid": "one"})


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    it = Provider()
    thread = threading.Thread(target=it.server.serve_forever, daemon=True)
    thread.start()
    yield it
    it.server.shutdown()
    it.server.server_close()
    thread.join()


async def test_a_token_of_the_provider_is_taken_and_its_keys_are_fetched_once(provider: Provider) -> None:
    keys, before = PublishedKeys(provider.url), provider.fetched
    for _ in range(3):
        identity = await keys.identify(provider.sign())
        assert isinstance(identity, Identity)
        assert (identity.role, identity.subject) == ("operator", "someone")
    assert provider.fetched == before + 1


async def test_other_tokens_are_not(provider: Provider) -> None:
    keys, later = PublishedKeys(provider.url), int(time.time()) + 60
    other = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    claims = {"sub": "someone", "role": "operator", "exp": later}
    tokens = [
        "nonsense",
        provider.sign(exp=int(time.time()) - 60),
        provider.sign(role="king"),
        jwt.encode(claims, other, algorithm="RS256", headers={"kid": "one"}),
        jwt.encode(claims, other, algorithm="RS256", headers={"kid": "two"}),
        jwt.encode(claims, "k" * 40, algorithm="HS256", headers={"kid": "one"}),
    ]
    for token in tokens:
        assert await keys.identify(token) is Reason.NOT_AUTHENTICATED


async def test_a_provider_that_is_away_lets_nobody_in(provider: Provider) -> None:
    away = PublishedKeys("http://127.0.0.1:9/keys")
    assert await away.identify(provider.sign()) is Reason.NOT_AUTHENTICATED
