"""Rides at the doors: sockets and HTTP, the code inside the bus, card taps, and what phones tell."""

import asyncio

import pytest

from server.protocol.tokens import Role
from server.web.presence import BUS_STEP_S, bus_nonce, bus_of_nonce
from tests.server.web.web_world import KEY, Frame, Running, fix, place, stop_x


def beside(server: Running, along_m: float) -> Frame:
    lat, lon = place(along_m)
    return {"at_ms": server.now_ms(), "lat": lat, "lon": lon, "accuracy_m": 8.0}


def test_the_code_inside_a_bus_is_good_for_a_minute_or_two() -> None:
    at_ms, step_ms = 10_000_000, BUS_STEP_S * 1000
    shown = bus_nonce(KEY, "V.1", at_ms)
    assert [bus_of_nonce(KEY, shown, at_ms + later) for later in (0, step_ms, 3 * step_ms)] == ["V.1", "V.1", None]
    for wrong in ("", ".", "V.1", "V.1.AAAAAAAAAAAAAAAA", shown[:-1], "V2" + shown[3:]):
        assert bus_of_nonce(KEY, wrong, at_ms) is None


async def test_in_by_the_buss_code_off_by_bell_out_and_back(server: Running) -> None:
    await server.bus("V1", stop_x(1) + 60)
    headers = {"authorization": f"Bearer {server.token(Role.TERMINAL, 'V1', 'V1')}"}
    code = (await server.http.get("/v1/bus-code", headers=headers)).json()
    assert code["next_at_ms"] > server.now_ms()
    rider = await server.hello(Role.RIDER, "me")
    await rider.send({"type": "check_in", "nonce": code["nonce"], "party": 2})
    ride = await rider.until("ride")
    assert (ride["vehicle_id"], ride["state"], ride["board_stop_id"], ride["party"]) == ("V1", "detected", "S1", 2)
    assert [one["key"] for one in ride["evidence"]] == ["checked_in"]
    await rider.send(
        {"type": "ring", "bell_id": "bell-off-1", "kind": "alight", "ride_id": ride["ride_id"], "stop_id": "S4"}
    )
    assert (await rider.until("bell"))["state"] in {"waiting", "assigned"}
    await rider.send({"type": "correct", "ride_id": ride["ride_id"], "party": 1})
    assert (await rider.until("ride"))["party"] == 1
    await rider.send({"type": "undo", "ride_id": ride["ride_id"]})
    assert (await rider.until("ride"))["state"] == "voided"
    assert (await rider.until("bell", state="cancelled"))["reason"] == "ride_over"
    await rider.send({"type": "check_out", "ride_id": "none"})
    assert (await rider.until("refused"))["reason"] == "unknown_ride"


async def test_who_comes_back_finds_the_ride_in_the_snapshot(server: Running) -> None:
    await server.bus("V1", stop_x(1) + 60)
    rider = await server.hello(Role.RIDER, "me")
    await rider.send({"type": "check_in", "vehicle_id": "V1", "position": beside(server, stop_x(1) + 60)})
    ride = await rider.until("ride")
    again = await server.hello(Role.RIDER, "me")
    (welcome,) = [frame for frame in again.seen if frame["type"] == "welcome"]
    assert [one["ride_id"] for one in welcome["snapshot"]["rides"]] == [ride["ride_id"]]


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"vehicle_id": "V1"}, "not_on_board"),
        ({"vehicle_id": "V1", "nonce": "V1.AAAAAAAAAAAAAAAA"}, "not_on_board"),
        ({"vehicle_id": "V9", "nonce": None}, "unknown_vehicle"),
        ({}, "bad_message"),
    ],
)
async def test_a_check_in_without_proof_is_refused(server: Running, asked: Frame, reason: str) -> None:
    await server.bus("V1", stop_x(1) + 60)
    rider = await server.hello(Role.RIDER)
    await rider.send({"type": "check_in", "ref": "r1"} | asked)
    refused = await rider.until("refused")
    assert (refused["reason"], refused["ref"]) == (reason, "r1")


async def test_rides_over_http(server: Running) -> None:
    await server.bus("V1", stop_x(1) + 60)
    mine, other = server.bearer(Role.RIDER, "me"), server.bearer(Role.RIDER, "other")
    asked = {"vehicle_id": "V1", "position": beside(server, stop_x(1) + 60)}
    begun = await server.http.post("/v1/rides", json=asked, headers=mine)
    assert (begun.status_code, begun.json()["state"]) == (201, "detected")
    assert (await server.http.post("/v1/rides", json=asked, headers=mine)).status_code == 200
    path = f"/v1/rides/{begun.json()['ride_id']}"
    assert (await server.http.get(path, headers=mine)).json()["vehicle_id"] == "V1"
    assert (await server.http.get(path, headers=other)).status_code == 404
    assert (await server.http.post(f"{path}/undo", headers=other)).status_code == 404
    assert (await server.http.post(f"{path}/undo")).status_code == 401
    wrong = await server.http.post(f"{path}/correct", json={"alight_stop_id": "S0"}, headers=mine)
    assert (wrong.status_code, wrong.json()["reason"]) == (422, "route_not_at_stop")
    corrected = await server.http.post(f"{path}/correct", json={"alight_stop_id": "S3"}, headers=mine)
    assert (corrected.json()["state"], corrected.json()["alight_stop_id"]) == ("alighted", "S3")
    assert (await server.http.post(f"{path}/undo", headers=mine)).json()["state"] == "voided"
    listed = (await server.http.get("/v1/rides", headers=mine)).json()["rides"]
    assert [(one["ride_id"], one["state"]) for one in listed] == [(begun.json()["ride_id"], "voided")]
    assert (await server.http.get("/v1/rides", headers=other)).json()["rides"] == []
    far = await server.http.post("/v1/rides", json={"vehicle_id": "V1"}, headers=other)
    assert (far.status_code, far.json()["reason"]) == (403, "not_on_board")
    assert (await server.http.post("/v1/rides", json={"party": 0}, headers=other)).status_code == 422
    assert (await server.http.post("/v1/rides", json={}, headers=other)).json()["reason"] == "bad_message"


async def test_what_a_phone_tells_is_answered_when_it_asks_for_it(server: Running) -> None:
    await server.bus("V1", stop_x(1) + 60)
    rider = await server.hello(Role.RIDER, "me")
    heard = [{"beacon_id": "unknown", "rssi_dbm": -70, "at_ms": server.now_ms()}]
    await rider.send({"type": "sightings", "beacons": heard, "position": beside(server, stop_x(1)), "ref": "batch-1"})
    taken = await rider.until("taken")
    assert (taken["ref"], taken["accepted"], taken["refused"]) == ("batch-1", 1, [])
    await rider.send({"type": "sightings", "beacons": heard}, {"type": "watch", "stop_id": "S2"})
    await rider.until("arrivals")
    assert [frame["ref"] for frame in rider.seen if frame["type"] == "taken"] == ["batch-1"]


async def test_a_card_that_was_tapped_pays_the_ride(server: Running) -> None:
    await server.bus("V1", stop_x(1) + 60)
    rider = await server.hello(Role.RIDER, "me")
    await rider.send({"type": "check_in", "vehicle_id": "V1", "position": beside(server, stop_x(1) + 60)})
    await rider.until("ride")
    taps = {"taps": [{"rider": "me", "vehicle_id": "V1", "at_ms": server.now_ms()}]}
    assert (await server.http.post("/v1/feed/card-taps", json=taps)).status_code == 401
    answer = await server.http.post("/v1/feed/card-taps", json=taps, headers=server.bearer(Role.FEED))
    assert answer.json()["accepted"] == 1
    assert (await rider.until("ride", by_card=True))["evidence"][-1]["key"] == "card_tap"
    bad = await server.http.post("/v1/feed/card-taps", json={"taps": 3}, headers=server.bearer(Role.FEED))
    assert bad.status_code == 422


async def test_a_ride_outlives_a_stop_of_the_bus(server: Running) -> None:
    terminal = await server.bus("V1", stop_x(1) + 60)
    rider = await server.hello(Role.RIDER, "me")
    await rider.send({"type": "check_in", "vehicle_id": "V1", "position": beside(server, stop_x(1) + 60)})
    ride = await rider.until("ride")
    for step in range(1, 4):
        await terminal.send(fix(stop_x(1) + 60 + 8 * step, server.now_ms()))
        await asyncio.sleep(0.005)
    found = await server.runtime.find_ride(ride["ride_id"])
    assert found is not None
    assert found.rider_id == "me"
