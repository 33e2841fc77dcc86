"""Web Push: opt-in for one bell, sealed for its browser, in its language, and over with the bell."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from server.core.model import BellId
from server.protocol.schema_push import PushKeys, PushRequest
from server.protocol.tokens import Role, SecretError
from server.web.push_address import judged
from server.web.push_desk import FOLLOWED_MAX, topic_of
from server.web.push_keys import push_key
from tests.server.web.push_service import PushService, push_service
from tests.server.web.web_world import Frame, Running, eventually, ring, running, stop_x

CONTACT = "mailto:bell@bus.example"


@pytest.fixture
async def pushing(tmp_path: Path) -> AsyncIterator[Running]:
    """A server that sends pushes, also to this machine."""
    async with running(tmp_path, demo=True, push_contact=CONTACT) as server:
        yield server


@pytest.fixture
async def service(pushing: Running) -> AsyncIterator[PushService]:
    async with push_service() as it:
        it.server_key = (await pushing.http.get("/v1/push")).json()["public_key"]
        yield it


async def rung(server: Running, rider: str = "kim") -> Frame:
    """A bell for V1, which has just left the stop before."""
    asked = {name: value for name, value in ring().items() if name != "type"}
    answer = await server.http.post("/v1/bells", json=asked, headers=server.bearer(Role.RIDER, rider))
    assert answer.status_code == 201, answer.text
    told: Frame = answer.json()
    return told


async def follow(server: Running, asked: dict[str, Any], rider: str = "kim") -> int:
    answer = await server.http.post("/v1/push", json=asked, headers=server.bearer(Role.RIDER, rider))
    return answer.status_code


async def test_a_closed_page_hears_of_its_bell_in_its_language_until_the_bell_ends(
    pushing: Running, service: PushService
) -> None:
    terminal = await pushing.bus("V1", stop_x(2) + 60)
    bell = await rung(pushing)
    assert await follow(pushing, service.subscription(bell["bell_id"], "en")) == 204
    assert pushing.house.push is not None
    assert len(pushing.house.push) == 1
    alert = await terminal.until("alert")
    await terminal.send({"type": "shown", "alert_id": alert["alert_id"], "at_ms": pushing.now_ms()})
    pushed = await service.next()
    topic = topic_of(bell["bell_id"])
    assert pushed.payload == {
        "title": "Bell for 10",
        "body": "It is on the driver's screen.",
        "tag": topic,
        "url": "/s/S3",
        "lang": "en",
    }
    assert len(topic) == 32
    assert bell["bell_id"] not in topic
    said = {name: pushed.headers[name] for name in ("ttl", "topic", "urgency", "content-encoding")}
    assert said == {"ttl": "120", "topic": topic, "urgency": "high", "content-encoding": "aes128gcm"}
    await pushing.http.delete(f"/v1/bells/{bell['bell_id']}", headers=pushing.bearer(Role.RIDER, "kim"))
    await eventually(lambda: len(pushing.house.push or ()) == 0)
    assert service.came.empty(), "who cancels a bell needs no word of it"


async def test_a_passed_rider_hears_in_korean_which_bus_was_told(pushing: Running, service: PushService) -> None:
    terminal = await pushing.bus("V1", stop_x(2) + 60)
    bell = await rung(pushing)
    await follow(pushing, service.subscription(bell["bell_id"]))
    alert = await terminal.until("alert")
    await terminal.send({"type": "respond", "ref": "r", "alert_id": alert["alert_id"], "answer": "full"})
    bodies = [(await service.next()).payload["body"]]
    while "다음 버스를 찾고 있어요" not in bodies[-1]:
        bodies.append((await service.next()).payload["body"])
    assert bodies[-1] == "만차라고 합니다. 다음 버스를 찾고 있어요."


@pytest.mark.parametrize("status", [404, 410])
async def test_a_subscription_that_is_gone_is_dropped(pushing: Running, service: PushService, status: int) -> None:
    service.status = status
    terminal = await pushing.bus("V1", stop_x(2) + 60)
    bell = await rung(pushing)
    await follow(pushing, service.subscription(bell["bell_id"]))
    alert = await terminal.until("alert")
    await terminal.send({"type": "shown", "alert_id": alert["alert_id"], "at_ms": pushing.now_ms()})
    await service.next()
    await eventually(lambda: len(pushing.house.push or ()) == 0)


async def test_a_restart_forgets_nobody_whose_bell_it_keeps(tmp_path: Path) -> None:
    kept = tmp_path / "data" / "push-subscriptions.json"
    async with push_service() as service:
        async with running(tmp_path, demo=True, push_contact=CONTACT) as server:
            terminal = await server.bus("V1", stop_x(2) + 60)
            bell = await rung(server)
            alert = await terminal.until("alert")
            await follow(server, service.subscription(bell["bell_id"]))
            await eventually(lambda: kept.exists() and bell["bell_id"] in kept.read_text())
            assert kept.stat().st_mode & 0o777 == 0o600
        async with running(tmp_path, demo=True, push_contact=CONTACT) as server:
            service.server_key = (await server.http.get("/v1/push")).json()["public_key"]
            await eventually(lambda: len(server.house.push or ()) == 1)
            terminal = await server.hello(Role.TERMINAL, "V1", vehicle="V1")
            await terminal.send({"type": "shown", "alert_id": alert["alert_id"], "at_ms": server.now_ms()})
            assert (await service.next()).payload["body"] == "기사님 화면에 표시되었습니다."


async def test_only_ones_own_bell_and_only_while_it_lives(pushing: Running, service: PushService) -> None:
    await pushing.bus("V1", stop_x(2) + 60)
    bell = await rung(pushing)
    asked = service.subscription(bell["bell_id"])
    assert await follow(pushing, asked, rider="lee") == 404
    assert await follow(pushing, service.subscription("no-such-bell")) == 404
    assert (await pushing.http.post("/v1/push", json=asked)).status_code == 401
    assert await follow(pushing, asked) == 204
    path = f"/v1/push/{bell['bell_id']}"
    await pushing.http.delete(path, headers=pushing.bearer(Role.RIDER, "lee"))
    assert len(pushing.house.push or ()) == 1
    assert (await pushing.http.delete(path, headers=pushing.bearer(Role.RIDER, "kim"))).status_code == 204
    assert len(pushing.house.push or ()) == 0
    await pushing.http.delete(f"/v1/bells/{bell['bell_id']}", headers=pushing.bearer(Role.RIDER, "kim"))
    assert await follow(pushing, asked) == 204
    assert len(pushing.house.push or ()) == 0


async def test_the_desk_is_bounded(pushing: Running, service: PushService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.web.push_desk.FOLLOWED_MAX", 2)
    await pushing.bus("V1", stop_x(2) + 60)
    assert FOLLOWED_MAX > 2
    bells = {rider: await rung(pushing, rider) for rider in ("a", "b", "c")}
    for rider, bell in bells.items():
        await follow(pushing, service.subscription(bell["bell_id"]), rider)
    assert len(pushing.house.push or ()) == 2
    assert pushing.runtime.engine.bell(BellId(bells["a"]["bell_id"])) is not None


async def test_without_a_contact_there_are_no_pushes(server: Running) -> None:
    assert (await server.http.get("/v1/push")).status_code == 404
    assert await follow(server, PushService("http://127.0.0.1:9").subscription("no-such-bell")) == 404


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://push.example/x",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://10.0.0.7/x",
        "https://192.168.1.1/x",
        "https://169.254.169.254/latest/meta-data",
        "https://[::ffff:10.0.0.7]/x",
        "https://[2002:0a00:0007::]/x",
        "https://[64:ff9b::a00:7]/x",
        "https://localhost/x",
        "https://0/x",
        "https://2130706433/x",
        "https://224.0.0.1/x",
        "https://user@1.1.1.1/x",
        "https://1.1.1.1:8443/x",
        "https://1.1.1.1:bad/x",
        "https://no-such-name.invalid/x",
        "ftp://1.1.1.1/x",
        "https:///x",
        "nonsense",
    ],
)
async def test_nothing_is_sent_into_our_own_network(endpoint: str) -> None:
    assert await judged(endpoint, loopback=False) is None


async def test_what_was_judged_is_what_is_connected_to() -> None:
    address = await judged("https://1.1.1.1/push?x=1", loopback=False)
    assert address is not None
    assert (address.url, address.host, address.origin) == ("https://1.1.1.1/push?x=1", "1.1.1.1", "https://1.1.1.1")
    assert await judged("http://127.0.0.1:8/x", loopback=True) is not None
    assert await judged("http://10.0.0.7:8/x", loopback=True) is None
    assert await judged("http://127.0.0.1:8/x", loopback=False) is None


async def test_an_endpoint_in_our_own_network_is_refused_at_the_door(tmp_path: Path) -> None:
    async with running(tmp_path, push_contact=CONTACT) as server:
        await server.bus("V1", stop_x(2) + 60)
        bell = await rung(server)
        asked = PushService("http://127.0.0.1:9").subscription(bell["bell_id"])
        answer = await server.http.post("/v1/push", json=asked, headers=server.bearer(Role.RIDER, "kim"))
        assert (answer.status_code, answer.json()["reason"]) == (422, "bad_message")
        assert "push service" in answer.json()["detail"]


async def test_asking_too_often_is_refused_before_a_name_is_looked_up(tmp_path: Path) -> None:
    async with running(tmp_path, push_contact=CONTACT, rings_burst=1) as server:
        asked = PushService("https://push.invalid").subscription("no-such-bell")
        assert [await follow(server, asked) for _ in range(2)] == [404, 429]


async def test_keys_that_no_browser_makes_end_the_subscription(pushing: Running, service: PushService) -> None:
    assert pushing.house.push is not None
    terminal = await pushing.bus("V1", stop_x(2) + 60)
    bell = await rung(pushing)
    asked = service.subscription(bell["bell_id"]) | {"keys": {"p256dh": "A" * 87, "auth": "A" * 22}}
    assert await follow(pushing, asked) == 204
    alert = await terminal.until("alert")
    await terminal.send({"type": "shown", "alert_id": alert["alert_id"], "at_ms": pushing.now_ms()})
    await eventually(lambda: len(pushing.house.push or ()) == 0)


def test_the_key_is_made_once_and_is_nobody_elses(tmp_path: Path) -> None:
    first = push_key(tmp_path / "data", CONTACT)
    path = tmp_path / "data" / "push.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert push_key(tmp_path / "data", CONTACT).public == first.public
    path.chmod(0o644)
    with pytest.raises(SecretError, match="chmod 600"):
        push_key(tmp_path / "data", CONTACT)
    path.chmod(0o600)
    path.write_text("no key")
    with pytest.raises(SecretError, match="no private key"):
        push_key(tmp_path / "data", CONTACT)
    (tmp_path / "file").write_text("")
    with pytest.raises(SecretError, match="cannot use"):
        push_key(tmp_path / "file", CONTACT)


async def test_a_file_that_cannot_be_read_costs_subscriptions_only(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "push-subscriptions.json").write_text(json.dumps({"not": "a list"}))
    async with running(tmp_path, demo=True, push_contact=CONTACT) as server:
        await asyncio.sleep(0)
        assert (await server.http.get("/v1/push")).status_code == 200


def test_the_wire_type_is_what_browsers_send() -> None:
    keys = PushKeys(p256dh="A" * 87, auth="B" * 22)
    assert PushRequest(bell_id="b" * 8, endpoint="https://push.example/x", keys=keys).lang == "ko"
