"""Buses near a place, the run of one, what its riders are told as it drives, and the map around a place."""

from server.protocol.tokens import Role
from tests.server.web.web_world import LAT0, LON0, Running, eventually, fix, place, stop_x


async def test_buses_near_a_place_are_listed_with_where_they_go_next(server: Running) -> None:
    await server.bus("V1", stop_x(1) + 100)
    await server.hello(Role.TERMINAL, "V2", vehicle="V2")
    lat, lon = place(stop_x(1))
    near = (await server.http.get("/v1/vehicles", params={"lat": lat, "lon": lon})).json()["buses"]
    assert [(bus["vehicle_id"], bus["plate"], bus["route_name"], bus["headsign"]) for bus in near] == [
        ("V1", "경기70바1234", "10", "동쪽")
    ]
    assert (near[0]["next_stop_id"], near[0]["next_stop_names"], near[0]["low_floor"]) == (
        "S2",
        {"en": "Street 2"},
        True,
    )
    assert abs(near[0]["distance_m"] - 100) <= 2
    far = await server.http.get("/v1/vehicles", params={"lat": LAT0 + 1, "lon": LON0})
    assert far.json()["buses"] == []
    assert (await server.http.get("/v1/vehicles", params={"lat": 99, "lon": LON0})).status_code == 422


async def test_the_run_of_a_bus_names_its_stops(server: Running) -> None:
    terminal = await server.bus("V1", stop_x(1) + 100)
    run = (await server.http.get("/v1/vehicles/V1")).json()
    assert [(stop["stop_id"], stop["alighting"]) for stop in run["stops"]] == [(f"S{i}", i > 0) for i in range(6)]
    assert run["trip_id"] == "T1"
    await terminal.send({"type": "sign_off", "ref": "off"})
    await terminal.until("trip")
    off = (await server.http.get("/v1/vehicles/V1")).json()
    assert (off["stops"], off["next_stop_id"], off["trip_id"]) == ([], None, None)
    no = await server.http.get("/v1/vehicles/V9")
    assert (no.status_code, no.json()["reason"]) == (404, "unknown_vehicle")


async def test_who_follows_a_bus_is_told_as_it_drives(server: Running) -> None:
    terminal = await server.bus("V1", stop_x(1) + 100)
    rider = await server.hello(Role.RIDER)
    await rider.send({"type": "follow", "vehicle_id": "V1"})
    bus = await rider.until("bus")
    assert (bus["trip_id"], bus["here"], bus["stale"]) == ("T1", False, False)
    assert bus["etas_s"] == sorted(bus["etas_s"])
    assert len(bus["etas_s"]) == 4
    await terminal.send(fix(stop_x(1) + 108, server.now_ms(), passengers=12, seats_left=18))
    later = await rider.until("bus", crowding="low")
    assert (later["progress_m"] - bus["progress_m"], later["seats_left"]) == (8, 18)
    await rider.send({"type": "unfollow", "vehicle_id": "V1"})
    await eventually(lambda: len(server.house.bus_boards) == 0)


async def test_nobody_follows_a_bus_that_was_never_heard_or_more_than_fit(server: Running) -> None:
    await server.bus("V1", stop_x(1))
    rider = await server.hello(Role.RIDER)
    await rider.send({"type": "follow", "vehicle_id": "V9"})
    assert (await rider.until("refused"))["reason"] == "unknown_vehicle"
    await rider.send({"type": "follow", "vehicle_id": "V1"})
    await rider.until("bus")
    await rider.socket.close()
    await eventually(lambda: len(server.house.bus_boards) == 0)


async def test_a_bus_that_is_forgotten_is_told_as_lost(server: Running) -> None:
    await server.bus("V1", stop_x(1))
    rider = await server.hello(Role.RIDER)
    await rider.send({"type": "follow", "vehicle_id": "V1"})
    await rider.until("bus")
    server.runtime.engine._shard.tracks.clear()
    lost = await rider.until("bus")
    assert (lost["trip_id"], lost["lat"], lost["etas_s"], lost["stale"]) == (None, None, [], True)


async def test_the_map_around_a_place_is_clipped_to_it(server: Running) -> None:
    lat, lon = place(stop_x(1))
    near = await server.http.get("/v1/network.geojson", params={"lat": lat, "lon": lon, "radius_m": 200})
    features = near.json()["features"]
    lines = [f for f in features if f["properties"]["kind"] == "pattern"]
    points = [f["properties"]["stop_id"] for f in features if f["properties"]["kind"] == "stop"]
    assert points == ["S1"]
    assert [line["properties"]["route_name"] for line in lines] == ["10"]
    ends = [part[i][0] for part in lines[0]["geometry"]["coordinates"] for i in (0, -1)]
    assert all(
        abs(end - place(stop_x(1) + side)[1]) < 1e-5 for end, side in zip(sorted(ends), (-200, 200), strict=True)
    )
    half = await server.http.get("/v1/network.geojson", params={"lat": lat})
    assert (half.status_code, half.json()["reason"]) == (422, "bad_message")
    whole = (await server.http.get("/v1/network.geojson")).json()["features"]
    assert len([f for f in whole if f["properties"]["kind"] == "stop"]) == 6
