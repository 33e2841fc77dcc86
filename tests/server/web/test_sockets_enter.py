"""Who is let in at the sockets, and who is not."""

from pathlib import Path

import pytest
import websockets

from server.protocol.tokens import Role
from tests.server.web.web_world import Running, eventually, running


async def test_a_rider_says_hello_and_is_welcome(server: Running) -> None:
    rider = await server.open(Role.RIDER)
    await rider.send({"type": "hello", "token": server.token(Role.RIDER), "lang": "en"})
    welcome = await rider.next()
    assert welcome["type"] == "welcome"
    assert welcome["recovered"] is False
    assert welcome["snapshot"] == {"bells": [], "rides": []}
    assert welcome["heartbeat_s"] == 10
    assert abs(welcome["server_at_ms"] - server.now_ms()) < 5_000


async def test_a_native_client_may_send_its_token_as_a_header(server: Running) -> None:
    header = {"authorization": f"Bearer {server.token(Role.FEED)}"}
    feed = await server.connect("/v1/ws/feed", additional_headers=header)
    await feed.send({"type": "hello"})
    assert (await feed.next())["type"] == "welcome"


async def test_a_ticket_is_good_once(server: Running) -> None:
    ticket = (await server.http.post("/v1/ws-ticket")).json()["ticket"]
    first, second = await server.open(Role.RIDER), await server.open(Role.RIDER)
    await first.send({"type": "hello", "ticket": ticket})
    assert (await first.next())["type"] == "welcome"
    await second.send({"type": "hello", "ticket": ticket})
    assert await second.closed() == 4401
    assert second.seen[0]["reason"] == "not_authenticated"


@pytest.mark.parametrize(
    "hello",
    [
        {"type": "hello"},
        {"type": "hello", "token": "not.a.token"},
        {"type": "hello", "token": ""},
        {"type": "beat"},
        {"type": "watch", "stop_id": "S1"},
        {"no": "type"},
        {"type": "hello", "token": "x" * 5000},
    ],
)
async def test_without_a_good_hello_nobody_comes_in(server: Running, hello: dict[str, str]) -> None:
    stranger = await server.open(Role.RIDER)
    await stranger.send(hello)
    assert await stranger.closed() == 4401


async def test_an_expired_token_is_refused(server: Running) -> None:
    rider = await server.open(Role.RIDER)
    await rider.send({"type": "hello", "token": server.token(Role.RIDER, ttl_s=-60)})
    assert await rider.closed() == 4401


@pytest.mark.parametrize("door", [Role.TERMINAL, Role.OPERATOR, Role.FEED])
async def test_a_riders_token_opens_no_other_door(server: Running, door: Role) -> None:
    rider = await server.open(door)
    await rider.send({"type": "hello", "token": server.token(Role.RIDER)})
    assert await rider.closed() == 4403


async def test_silence_is_closed(tmp_path: Path) -> None:
    async with running(tmp_path, hello_deadline_s=0.2) as server:
        silent = await server.open(Role.RIDER)
        assert await silent.closed() == 4401


async def test_one_person_may_not_take_all_places(tmp_path: Path) -> None:
    async with running(tmp_path, sessions_per_subject=2) as server:
        for _ in range(2):
            await server.hello(Role.RIDER, "many")
        third = await server.open(Role.RIDER)
        await third.send({"type": "hello", "token": server.token(Role.RIDER, "many")})
        assert await third.closed() == 4429
        await server.hello(Role.RIDER, "another")


async def test_a_full_server_says_so(tmp_path: Path) -> None:
    async with running(tmp_path, sessions_max=1) as server:
        await server.hello(Role.RIDER)
        late = await server.open(Role.RIDER)
        assert await late.closed() == 4429


async def test_places_are_given_back(tmp_path: Path) -> None:
    async with running(tmp_path, sessions_per_subject=1, sessions_max=1) as server:
        for _ in range(3):
            rider = await server.hello(Role.RIDER, "again")
            await rider.socket.close()
            await eventually(lambda: len(server.house.lobby) == 0)


async def test_pages_from_elsewhere_may_not_connect(tmp_path: Path) -> None:
    async with running(tmp_path, allowed_origins=("https://stops.example",)) as server:
        for origin, status in (("https://evil.example", 403), ("null", 403)):
            with pytest.raises(websockets.InvalidStatus) as refused:
                await server.connect("/v1/ws/rider", origin=origin)
            assert refused.value.response.status_code == status
        for origin in ("https://stops.example", server.url):
            await server.connect("/v1/ws/rider", origin=origin)


async def test_a_token_in_an_address_is_turned_away(server: Running) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        await server.connect(f"/v1/ws/rider?token={server.token(Role.RIDER)}")
    assert refused.value.response.status_code == 400


async def test_there_are_four_sockets_and_no_other(server: Running) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        await server.connect("/v1/ws/mayor")
    assert refused.value.response.status_code == 404


async def test_messages_sent_before_the_welcome_are_not_lost(server: Running) -> None:
    rider = await server.open(Role.RIDER)
    await rider.send({"type": "hello", "token": server.token(Role.RIDER)}, {"type": "watch", "stop_id": "S2"})
    assert (await rider.next())["type"] == "welcome"
    assert (await rider.next())["type"] == "arrivals"
