"""Tickets, kept tokens and demo tokens: how browsers come in."""

from pathlib import Path

import httpx
import pytest

from server.protocol.tokens import Role
from tests.server.web.web_world import Running, ring, running, stop_x


async def ticket(server: Running, **body: str) -> httpx.Response:
    return await server.http.post("/v1/ws-ticket", json=body)


async def test_a_rider_needs_no_account_and_keeps_a_pseudonym(server: Running) -> None:
    await server.bus("V1", stop_x(1))
    first = await ticket(server)
    cookie = first.headers["set-cookie"]
    assert first.json()["expires_in_s"] == 30
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Secure" not in cookie  # plain HTTP on loopback: browsers would drop it
    rider = await server.open(Role.RIDER)
    await rider.send({"type": "hello", "ticket": first.json()["ticket"]})
    await rider.next()
    asked = ring()
    await rider.send(asked)
    await rider.until("bell", state="assigned")
    again = await ticket(server)  # the browser sends its cookie
    assert "set-cookie" not in again.headers
    tab = await server.open(Role.RIDER)
    await tab.send({"type": "hello", "ticket": again.json()["ticket"]})
    assert [bell["bell_id"] for bell in (await tab.next())["snapshot"]["bells"]] == [asked["bell_id"]]
    assert (await server.http.get(f"/v1/bells/{asked['bell_id']}")).status_code == 200


async def test_behind_https_the_cookie_is_bound_to_the_host(tmp_path: Path) -> None:
    async with running(tmp_path, trusted_proxies="127.0.0.1") as server:
        answer = await server.http.post("/v1/ws-ticket", headers={"x-forwarded-proto": "https"})
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-ridebell-rider=")
        assert "Secure" in cookie


async def test_strangers_behind_one_address_are_limited(tmp_path: Path) -> None:
    async with running(tmp_path, anonymous_burst=3, anonymous_per_min=0.001) as server:
        statuses = []
        for _ in range(4):
            async with httpx.AsyncClient(base_url=server.url) as browser:
                statuses.append((await browser.post("/v1/ws-ticket")).status_code)
        assert statuses == [200, 200, 200, 429]
        async with httpx.AsyncClient(base_url=server.url) as liar:
            spoofed = await liar.post("/v1/ws-ticket", headers={"x-forwarded-for": "203.0.113.9"})
        assert spoofed.status_code == 429


async def test_drivers_and_operators_sign_in_once(server: Running) -> None:
    for role, vehicle in ((Role.TERMINAL, "V1"), (Role.OPERATOR, None)):
        assert (await ticket(server, role=role)).status_code == 401
        signed = await server.http.post("/v1/session", json={"token": server.token(role, "page", vehicle)})
        assert signed.json() == {"role": role, "vehicle_id": vehicle, "stop_id": None}
        assert "HttpOnly" in signed.headers["set-cookie"]
        socket = await server.open(role)
        await socket.send({"type": "hello", "ticket": (await ticket(server, role=role)).json()["ticket"]})
        assert (await socket.next())["type"] == "welcome"
        assert (await server.http.delete(f"/v1/session/{role}")).status_code == 204
        assert (await ticket(server, role=role)).status_code == 401


async def test_a_bad_token_is_not_kept(server: Running) -> None:
    for token, status in (("nonsense", 401), (server.token(Role.FEED), 403)):
        answer = await server.http.post("/v1/session", json={"token": token})
        assert answer.status_code == status
        assert "set-cookie" not in answer.headers


async def test_a_ticket_for_another_role_is_not_given(server: Running) -> None:
    answer = await server.http.post("/v1/ws-ticket", json={"role": "operator"}, headers=server.bearer(Role.RIDER))
    assert (answer.status_code, answer.json()["reason"]) == (403, "forbidden")


@pytest.mark.parametrize("path", ["/v1/ws-ticket", "/v1/session"])
async def test_foreign_pages_get_nothing(server: Running, path: str) -> None:
    answer = await server.http.post(path, json={}, headers={"origin": "https://evil.example"})
    assert answer.status_code == 403


async def test_a_cookie_does_not_speak_for_a_foreign_page(server: Running) -> None:
    await ticket(server)
    own = await server.http.get("/v1/bells/00000000", headers={"origin": server.url})
    foreign = await server.http.get("/v1/bells/00000000", headers={"origin": "https://evil.example"})
    assert (own.status_code, foreign.status_code) == (404, 403)


async def test_tokens_are_given_out_in_a_demo_only(server: Running, tmp_path: Path) -> None:
    asked = {"role": "terminal", "subject": "bus", "vehicle_id": "V1"}
    assert (await server.http.post("/v1/token", json=asked)).status_code == 404
    async with running(tmp_path / "demo", demo=True) as demo:
        token = (await demo.http.post("/v1/token", json=asked)).json()["token"]
        terminal = await demo.open(Role.TERMINAL)
        await terminal.send({"type": "hello", "token": token})
        assert (await terminal.next())["type"] == "welcome"
        assert (await demo.http.post("/v1/token", json={"role": "terminal", "subject": "x"})).status_code == 422
        assert (await ticket(demo, role="terminal")).status_code == 422
        for role, vehicle in (("terminal", "V2"), ("operator", "")):
            body = {"role": role} | ({"vehicle_id": vehicle} if vehicle else {})
            socket = await demo.open(Role(role))
            await socket.send({"type": "hello", "ticket": (await ticket(demo, **body)).json()["ticket"]})
            assert (await socket.next())["type"] == "welcome"
