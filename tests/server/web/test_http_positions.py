"""GTFS-realtime in and out, and the feed's socket."""

import json

import pytest
from google.transit import gtfs_realtime_pb2 as pb

from server.protocol.tokens import Role
from tests.server.web.web_world import DAY, Frame, Running, fix, place, stop_x

PROTOBUF = {"content-type": "application/x-protobuf"}


def message(server: Running, *vehicles: tuple[str, float, str], header_s: int | None = None) -> pb.FeedMessage:
    now_s = server.now_ms() // 1000
    feed = pb.FeedMessage()
    feed.header.gtfs_realtime_version = "2.0"
    feed.header.timestamp = now_s if header_s is None else header_s
    for vehicle_id, along_m, trip_id in vehicles:
        entity = feed.entity.add()
        entity.id = vehicle_id
        entity.vehicle.vehicle.id = vehicle_id
        entity.vehicle.trip.trip_id, entity.vehicle.trip.start_date = trip_id, DAY
        entity.vehicle.position.latitude, entity.vehicle.position.longitude = place(along_m)
        entity.vehicle.timestamp = now_s
    return feed


async def post(server: Running, data: bytes) -> tuple[int, Frame]:
    answer = await server.http.post(
        "/v1/feed/vehicle-positions", content=data, headers=PROTOBUF | server.bearer(Role.FEED, "avl")
    )
    return answer.status_code, answer.json()


async def test_positions_come_in_and_go_out_by_the_standard(server: Running) -> None:
    sent = message(server, ("F1", stop_x(1) + 50, "T1"), ("F2", 300.0, "no such trip"), ("F3", 300.0, "T2"))
    sent.entity[2].vehicle.position.latitude = 200.0
    status, body = await post(server, sent.SerializeToString())
    assert status == 200
    assert body["accepted"] == 1
    assert {(r["vehicle_id"], r["reason"]) for r in body["refused"]} == {("F2", "unknown_trip"), ("F3", "bad_message")}
    published = pb.FeedMessage.FromString((await server.http.get("/gtfs-rt/vehicle-positions.pb")).content)
    (vehicle,) = [entity.vehicle for entity in published.entity]
    assert (vehicle.vehicle.id, vehicle.trip.trip_id, vehicle.stop_id) == ("F1", "T1", "S2")
    updates = pb.FeedMessage.FromString((await server.http.get("/gtfs-rt/trip-updates.pb")).content)
    by_trip = {entity.trip_update.trip.trip_id: entity.trip_update for entity in updates.entity}
    update = by_trip.pop("T1")
    assert {said.vehicle.id for said in by_trip.values()} == {"F1"}  # the block's next run
    assert [s.stop_id for s in update.stop_time_update] == ["S2", "S3", "S4", "S5"]
    times = [s.arrival.time for s in update.stop_time_update]
    assert times == sorted(times)
    assert times[0] >= server.now_ms() // 1000 - 2
    unsure_s = [s.arrival.uncertainty for s in update.stop_time_update]
    assert 0 < unsure_s[0] < unsure_s[-1]
    as_json = await server.http.get("/gtfs-rt/vehicle-positions.pb", params={"format": "json"})
    assert json.loads(as_json.content)["entity"][0]["vehicle"]["vehicle"]["id"] == "F1"


async def test_the_empty_world_is_a_message_too(server: Running) -> None:
    for name in ("vehicle-positions", "trip-updates"):
        feed = pb.FeedMessage.FromString((await server.http.get(f"/gtfs-rt/{name}.pb")).content)
        assert feed.header.timestamp > 0
        assert len(feed.entity) == 0


@pytest.mark.parametrize("kind", ["empty", "text", "truncated", "in milliseconds"])
async def test_a_bad_message_is_refused_with_a_reason_and_changes_nothing(server: Running, kind: str) -> None:
    good = message(server, ("F1", stop_x(1), "T1")).SerializeToString()
    late = message(server, ("F1", stop_x(1), "T1"), header_s=server.now_ms()).SerializeToString()
    data = {"empty": b"", "text": b"<html>", "truncated": good[:-7], "in milliseconds": late}[kind]
    status, body = await post(server, data)
    assert (status, body["reason"]) == (400, "bad_message")
    assert body["detail"]
    assert server.runtime.vehicles() == []


async def test_an_older_message_is_refused(server: Running) -> None:
    now_s = server.now_ms() // 1000
    assert (await post(server, message(server, ("F1", 300.0, "T1")).SerializeToString()))[0] == 200
    status, body = await post(server, message(server, ("F1", 900.0, "T1"), header_s=now_s - 60).SerializeToString())
    assert status == 400
    assert "header_went_back" in body["detail"]


async def test_only_feeds_may_post(server: Running) -> None:
    data = message(server).SerializeToString()
    assert (await server.http.post("/v1/feed/vehicle-positions", content=data)).status_code == 401
    for role in (Role.RIDER, Role.OPERATOR):
        answer = await server.http.post("/v1/feed/vehicle-positions", content=data, headers=server.bearer(role))
        assert answer.status_code == 403


async def test_the_feeds_socket_answers_each_batch(server: Running) -> None:
    feed = await server.hello(Role.FEED)
    at = {k: v for k, v in fix(stop_x(1), server.now_ms()).items() if k != "type"}
    batch = [
        at | {"vehicle_id": "F1", "trip_id": "T1", "start_date": DAY},
        at | {"vehicle_id": "F2", "trip_id": "nothing"},
        at | {"vehicle_id": "F3", "route_id": "nothing"},
        at | {"vehicle_id": "F4", "at_ms": at["at_ms"] - 3_600_000},
        at | {"vehicle_id": "F5", "at_ms": at["at_ms"] + 3_600_000},
    ]
    await feed.send({"type": "fixes", "ref": "b1", "fixes": batch})
    taken = await feed.until("taken", ref="b1")
    assert taken["accepted"] == 1
    refused = {r["vehicle_id"]: r["reason"] for r in taken["refused"]}
    assert refused == {"F2": "unknown_trip", "F3": "unknown_route", "F4": "fix_stale", "F5": "fix_future"}
    await feed.send({"type": "fixes", "ref": "b2", "fixes": []}, {"type": "fixes", "ref": "b3", "fixes": [{"lat": 1}]})
    assert (await feed.until("taken", ref="b2"))["accepted"] == 0
    assert (await feed.until("refused", ref="b3"))["reason"] == "bad_message"


async def test_operators_follow_the_buses(server: Running) -> None:
    operator = await server.hello(Role.OPERATOR)
    await operator.send({"type": "watch", "what": "network"})
    assert (await operator.until("vehicles"))["full"] is True
    await server.bus("V1", stop_x(1))
    changed = await operator.until("vehicles", full=False)
    assert [row["vehicle_id"] for row in changed["vehicles"]] == ["V1"]
    late = await server.hello(Role.OPERATOR)
    await late.send({"type": "watch", "what": "network", "route_id": "10"})
    whole = await late.until("vehicles", full=True)
    assert [(row["vehicle_id"], row["route_name"], row["terminal"]) for row in whole["vehicles"]] == [
        ("V1", "10", "up")
    ]
    assert (await late.until("metrics"))["vehicles"] == 1
    await late.send({"type": "watch", "what": "bells", "route_id": "nothing"})
    assert (await late.until("refused"))["reason"] == "unknown_route"
    rows = (await server.http.get("/v1/ops/terminals", headers=server.bearer(Role.OPERATOR))).json()["vehicles"]
    assert [row["vehicle_id"] for row in rows] == ["V1"]
    assert (await server.http.get("/v1/ops/terminals", headers=server.bearer(Role.RIDER))).status_code == 403
