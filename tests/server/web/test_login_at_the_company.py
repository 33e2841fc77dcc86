"""Operators sign in at an identity provider: the way there and back, and everything that must not get in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from server.protocol.tokens import Role
from server.web.oidc import PENDING_MAX, BadIssuerError, Oidc, OidcSettings, checked_issuer
from tests.server.web.oidc_provider import Provider
from tests.server.web.web_world import Running, running


@asynccontextmanager
async def company(tmp_path: Path, provider: Provider, **more: Any) -> AsyncIterator[Running]:
    settings = {
        "oidc_issuer": provider.issuer,
        "oidc_client_id": "ridebell",
        "oidc_client_secret": provider.client_secret,
    }
    async with running(tmp_path, **(settings | more)) as server:
        yield server


async def sign_in(server: Running) -> httpx.Response:
    """Go there and come back, as a browser does; the answer to coming back."""
    there = await server.http.get("/v1/login/start")
    assert there.status_code == 303
    async with httpx.AsyncClient() as elsewhere:
        back = await elsewhere.get(there.headers["location"])
    assert back.status_code == 302, back.text
    return await server.http.get(back.headers["location"])


def cookie(answer: httpx.Response, name: str) -> dict[str, Any]:
    for line in answer.headers.get_list("set-cookie"):
        found = SimpleCookie(line)
        if name in found:
            return {key: value for key, value in found[name].items() if value} | {"value": found[name].value}
    return {}


async def test_an_operator_signs_in_with_pkce_and_has_a_session_of_a_shift(tmp_path: Path) -> None:
    with Provider() as provider:
        async with company(tmp_path, provider) as server:
            assert (await server.http.get("/v1/login")).json() == {"method": "oidc"}
            assert (await server.http.get("/v1/ops/outcomes")).status_code == 401
            there = await server.http.get("/v1/login/start")
            asked = parse_qs(urlsplit(there.headers["location"]).query)
            assert asked["code_challenge_method"] == ["S256"]
            assert asked["redirect_uri"] == [f"{server.url}/v1/login/callback"]
            done = await sign_in(server)
            assert (done.status_code, done.headers["location"]) == (303, "/ops")
            kept = cookie(done, "ridebell-operator")
            assert (kept["max-age"], kept["path"], kept["samesite"], kept["httponly"]) == ("28800", "/", "strict", True)
            assert cookie(done, "ridebell-login")["max-age"] == "0"
            assert (await server.http.get("/v1/ops/outcomes")).status_code == 200
            ticket = (await server.http.post("/v1/ws-ticket", json={"role": "operator"})).json()["ticket"]
            socket = await server.open(Role.OPERATOR)
            await socket.send({"type": "hello", "ticket": ticket})
            await socket.until("welcome")
    assert provider.visits == ["authorize", "token"]


async def test_behind_https_cookies_are_bound_to_the_host(tmp_path: Path) -> None:
    with Provider() as provider:
        async with company(tmp_path, provider, trusted_proxies="127.0.0.1") as server:
            answer = await server.http.get("/v1/login/start", headers={"x-forwarded-proto": "https"})
            kept = cookie(answer, "__Host-ridebell-login")
            assert (kept["secure"], kept["httponly"], kept["samesite"], kept["path"]) == (True, True, "lax", "/")
            asked = parse_qs(urlsplit(answer.headers["location"]).query)
            assert asked["redirect_uri"][0].startswith("https://")


async def test_an_inspector_reads_and_follows_but_is_no_operator(tmp_path: Path) -> None:
    with Provider(
        client_secret="s3cret", claims={"sub": "lee", "realm_access": {"roles": ["ridebell-inspector"]}}
    ) as it:
        async with company(tmp_path, it, oidc_roles_claim="realm_access.roles") as server:
            assert cookie(await sign_in(server), "ridebell-inspector")
            assert (await server.http.get("/v1/ops/outcomes")).status_code == 200
            ticket = (await server.http.post("/v1/ws-ticket", json={"role": "operator"})).json()["ticket"]
            socket = await server.open(Role.OPERATOR)
            await socket.send({"type": "hello", "ticket": ticket})
            await socket.until("welcome")
            bare = await server.http.post("/v1/ws-ticket", json={"role": "terminal"})
            assert bare.status_code == 401


async def test_signing_out_ends_it_and_another_site_cannot_do_so(tmp_path: Path) -> None:
    with Provider() as provider:
        async with company(tmp_path, provider) as server:
            await sign_in(server)
            evil = {"origin": "https://evil.example"}
            assert (await server.http.delete("/v1/session/operator", headers=evil)).status_code == 403
            assert (await server.http.get("/v1/ops/outcomes", headers=evil)).status_code == 403
            assert (await server.http.get("/v1/ops/outcomes")).status_code == 200
            assert (await server.http.delete("/v1/session/operator")).status_code == 204
            assert (await server.http.get("/v1/ops/outcomes")).status_code == 401


async def test_a_session_ends_with_its_shift(tmp_path: Path) -> None:
    with Provider() as provider:
        async with company(tmp_path, provider, session_ttl_s=-60.0) as server:
            kept = cookie(await sign_in(server), "ridebell-operator")
            late = {"cookie": f"ridebell-operator={kept['value']}"}
            assert (await server.http.get("/v1/ops/outcomes", headers=late)).status_code == 401


async def test_somebody_without_a_role_of_ours_stays_outside(tmp_path: Path) -> None:
    with Provider(claims={"sub": "park", "roles": ["accounting"]}) as provider:
        async with company(tmp_path, provider) as server:
            done = await sign_in(server)
            assert done.status_code == 403
            assert "text/html" in done.headers["content-type"]
            assert not cookie(done, "ridebell-operator")


@pytest.mark.parametrize(
    "spoiled",
    [{"aud": "another"}, {"iss": "https://evil.example"}, {"nonce": "replayed"}, {"exp": 1}, {"sub": None}],
    ids=lambda spoiled: next(iter(spoiled)),
)
async def test_an_id_token_that_is_not_for_this_sign_in_is_not_taken(tmp_path: Path, spoiled: dict[str, Any]) -> None:
    with Provider(spoil=spoiled) as provider:
        async with company(tmp_path, provider) as server:
            done = await sign_in(server)
            assert done.status_code == 401
            assert not cookie(done, "ridebell-operator")


async def test_a_token_of_a_key_that_is_not_published_is_not_taken(tmp_path: Path) -> None:
    with Provider(signing_key=rsa.generate_private_key(65_537, 2_048)) as provider:
        async with company(tmp_path, provider) as server:
            assert (await sign_in(server)).status_code == 401


async def test_a_code_without_the_browsers_own_state_is_not_taken(tmp_path: Path) -> None:
    with Provider() as provider:
        async with company(tmp_path, provider) as server:
            there = await server.http.get("/v1/login/start")
            async with httpx.AsyncClient() as elsewhere:
                back = await elsewhere.get(there.headers["location"])
            server.http.cookies.clear()
            assert (await server.http.get(back.headers["location"])).status_code == 401
            for query in ("", "?state=x&code=y", "?error=access_denied&state=x"):
                assert (await server.http.get(f"/v1/login/callback{query}")).status_code == 401
            assert provider.visits == ["authorize"]


async def test_a_code_is_good_once(tmp_path: Path) -> None:
    with Provider() as provider:
        async with company(tmp_path, provider) as server:
            there = await server.http.get("/v1/login/start")
            state = server.http.cookies["ridebell-login"]
            async with httpx.AsyncClient() as elsewhere:
                back = await elsewhere.get(there.headers["location"])
            assert (await server.http.get(back.headers["location"])).status_code == 303
            again = {"cookie": f"ridebell-login={state}"}
            assert (await server.http.get(back.headers["location"], headers=again)).status_code == 401


async def test_a_provider_that_lies_or_is_away_is_said_so(tmp_path: Path) -> None:
    with Provider(lies=True) as provider:
        async with company(tmp_path, provider) as server:
            assert (await server.http.get("/v1/login/start")).status_code == 503
    async with running(tmp_path / "b", oidc_issuer="http://127.0.0.1:9", oidc_client_id="ridebell") as server:
        assert (await server.http.get("/v1/login/start")).status_code == 503


async def test_without_a_provider_there_is_no_way_to_one(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        assert (await server.http.get("/v1/login")).json() == {"method": "token"}
        assert (await server.http.get("/v1/login/start")).status_code == 404
        assert (await server.http.get("/v1/login/callback?state=a&code=b")).status_code == 404


async def test_sign_ins_under_way_are_bounded() -> None:
    with Provider() as provider:
        oidc = Oidc(OidcSettings(issuer=provider.issuer, client_id="ridebell"))
        for second in range(PENDING_MAX + 20):
            await oidc.begin("http://127.0.0.1/back", second * 0.001)
        assert len(oidc._pending) == PENDING_MAX


@pytest.mark.parametrize("url", ["http://login.example", "login.example", "ftp://login.example", "https://"])
def test_an_issuer_is_https_or_this_machine(url: str) -> None:
    with pytest.raises(BadIssuerError, match="is no issuer"):
        checked_issuer(url)
    assert checked_issuer("http://127.0.0.1:8080/realm") == "http://127.0.0.1:8080/realm"
