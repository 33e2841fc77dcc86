"""A bell through the sockets: rider, terminal and operator hear what concerns them, and nobody hears who rang."""

import json
from collections import Counter

from server.protocol.tokens import Role
from server.web.presence import stop_nonce
from tests.server.web.web_world import Running, ring, stop_id, stop_x


async def test_a_rider_rings_and_the_driver_sees_it(server: Running) -> None:
    bus = await server.bus("V1", stop_x(2) + 60)
    operator = await server.hello(Role.OPERATOR)
    await operator.send({"type": "watch", "what": "bells"})
    rider = await server.hello(Role.RIDER, "canary-subject")
    asked = ring(3, party=2, needs=["stroller"])
    await rider.send(asked)
    await rider.until("bell", state="waiting")
    assigned = await rider.until("bell", state="assigned")
    assert assigned["bell_id"] == asked["bell_id"]
    assert (assigned["vehicle_id"], assigned["plate"], assigned["attempt"]) == ("V1", "경기70바1234", 1)

    alert = await bus.until("alert")
    assert (alert["stop_id"], alert["boarding"], alert["needs"]) == ("S3", 2, ["stroller"])
    await bus.send({"type": "shown", "alert_id": alert["alert_id"], "at_ms": server.now_ms()})
    await rider.until("bell", state="shown")
    await bus.send({"type": "respond", "ref": "ok", "alert_id": alert["alert_id"], "answer": "ok"})
    await rider.until("bell", state="acknowledged")
    await operator.until("bell_event", state="acknowledged")

    for others in (bus, operator):
        heard = json.dumps(others.seen)
        assert "canary-subject" not in heard
        assert asked["bell_id"] not in heard
    late = await server.hello(Role.OPERATOR)
    await late.send({"type": "watch", "what": "bells", "route_id": "10"})
    assert (await late.until("bell_event"))["state"] == "acknowledged"
    answer = await server.http.get("/v1/ops/outcomes", headers=server.bearer(Role.OPERATOR))
    assert answer.json()["by_route"]["10"] == {"acknowledged": 1}
    assert [bell["vehicle_id"] for bell in answer.json()["open"]] == ["V1"]
    assert "canary-subject" not in answer.text
    assert asked["bell_id"] not in answer.text

    numbers = [frame["seq"] for frame in rider.seen if frame["type"] == "bell"]
    assert numbers == list(range(1, len(numbers) + 1))


async def test_ringing_again_is_one_bell_and_the_id_is_not_for_others(server: Running) -> None:
    await server.bus("V1", stop_x(1))
    rider = await server.hello(Role.RIDER, "owner")
    asked = ring()
    await rider.send(asked, asked)
    await rider.until("bell", state="assigned")
    await rider.until("bell", state="assigned")
    await rider.send(asked | {"stop_id": stop_id(4)})
    assert (await rider.until("refused"))["reason"] == "id_reused"
    thief = await server.hello(Role.RIDER, "thief")
    await thief.send({"type": "cancel", "bell_id": asked["bell_id"]})
    refused = await thief.until("refused")
    assert (refused["reason"], refused["ref"]) == ("unknown_bell", asked["bell_id"])
    await rider.send({"type": "cancel", "bell_id": asked["bell_id"]})
    await rider.until("bell", state="cancelled")


async def test_a_refusal_says_why_in_the_riders_language(server: Running) -> None:
    await server.bus("V1", stop_x(1))
    far = {"lat": 37.30, "lon": 127.02, "accuracy_m": 5.0}
    for lang, words in (("ko", "떨어져 있어요"), ("en-GB", "from the stop")):
        rider = await server.hello(Role.RIDER, lang=lang)
        asked = ring(presence=far)
        await rider.send(asked)
        refused = await rider.until("refused")
        assert (refused["reason"], refused["ref"]) == ("not_at_stop", asked["bell_id"])
        assert words in refused["message"]


async def test_the_code_on_the_pole_stands_for_a_position(server: Running) -> None:
    await server.bus("V1", stop_x(1))
    rider = await server.hello(Role.RIDER)
    good = stop_nonce(server.house.nonce_key, stop_id(3))
    for nonce in (good[:-1] + "x", stop_nonce(server.house.nonce_key, stop_id(4)), "", "벨"):
        await rider.send(ring(presence={"nonce": nonce}))
        assert (await rider.until("refused"))["reason"] == "not_at_stop"
    await rider.send(ring(presence={"nonce": good}))
    await rider.until("bell", state="assigned")


async def test_ringing_too_often_is_refused_but_repeating_a_bell_is_not(server: Running) -> None:
    await server.bus("V1", stop_x(1))
    rider = await server.hello(Role.RIDER)
    asked = ring()
    await rider.send(asked)
    await rider.until("bell", state="assigned")
    await rider.send(*[asked] * 30)
    for _ in range(30):
        await rider.until("bell", state="assigned")
    await rider.send(*[ring() for _ in range(30)])
    reasons = Counter([(await rider.until("refused"))["reason"] for _ in range(30)])
    assert reasons == {"one_bell_at_a_time": server.house.settings.rings_burst - 1, "rate_limited": 11}


async def test_messages_of_a_later_issue_are_unknown_and_the_connection_stays(server: Running) -> None:
    rider = await server.hello(Role.RIDER)
    await rider.send({"type": "dance", "ref": "r1"})
    refused = await rider.until("refused")
    assert (refused["reason"], refused["ref"]) == ("unknown_type", "r1")
    await rider.send({"type": "sightings"})  # nothing heard, nothing said
    await rider.send({"type": "check_in", "ref": "r2"})
    refused = await rider.until("refused")
    assert (refused["reason"], refused["ref"]) == ("bad_message", "r2")
    await rider.send({"type": "ring", "bell_id": "x"})
    assert (await rider.until("refused"))["reason"] == "bad_message"
    await rider.socket.send("{")
    assert (await rider.until("refused"))["reason"] == "bad_message"
    await rider.send({"type": "hello", "token": "again"})
    assert (await rider.until("refused"))["reason"] == "bad_message"
    await rider.send({"type": "watch", "stop_id": "S2", "of_the_future": [1, {"x": None}]})
    await rider.until("arrivals", stop_id="S2")


async def test_a_terminal_is_refused_with_its_ref(server: Running) -> None:
    terminal = await server.hello(Role.TERMINAL, vehicle="V9")
    await terminal.send({"type": "sign_on", "ref": "on-1", "trip_id": "no such trip"})
    refused = await terminal.until("refused")
    assert (refused["reason"], refused["ref"]) == ("unknown_trip", "on-1")
    await terminal.send({"type": "respond", "ref": "r-1", "alert_id": "none", "answer": "ok"})
    refused = await terminal.until("refused")
    assert (refused["reason"], refused["ref"]) == ("unknown_alert", "r-1")
    await terminal.send({"type": "fix", "at_ms": server.now_ms(), "lat": 999.0, "lon": 0.0})
    assert (await terminal.until("refused"))["reason"] == "bad_message"
    await terminal.send({"type": "sign_on", "ref": "on-2", "trip_id": "T1"})
    await terminal.until("trip", trip_id="T1")
    await terminal.send({"type": "sign_off", "ref": "off"})
    await terminal.until("trip", trip_id="")
