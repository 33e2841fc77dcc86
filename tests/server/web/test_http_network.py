"""Routes, stops and arrivals over HTTP, and how a no looks there."""

import gzip
import json

import pytest

from tests.server.web.web_world import Running, stop_x


async def test_routes_and_stops_are_found(server: Running) -> None:
    get = server.http.get
    assert [r["name"] for r in (await get("/v1/routes")).json()["routes"]] == ["10"]
    route = (await get("/v1/routes/10")).json()
    (pattern,) = route["patterns"]
    assert [s["stop_id"] for s in pattern["stops"]] == [f"S{n}" for n in range(6)]
    assert len(pattern["geometry"]["coordinates"]) > 1
    assert pattern["geometry"]["coordinates"][0][0] == pytest.approx(127.02, abs=1e-5)
    assert [s["stop_id"] for s in (await get("/v1/stops", params={"q": "거리"})).json()["stops"]] == [
        f"S{n}" for n in range(6)
    ]
    near = (await get("/v1/stops", params={"lat": 37.26, "lon": 127.0223, "radius_m": 100})).json()["stops"]
    assert [s["stop_id"] for s in near] == ["S0"]
    assert near[0]["distance_m"] < 100
    stop = (await get("/v1/stops/S5")).json()
    assert stop["names"] == {"en": "Street 5"}
    assert [(r["route_id"], r["boarding"], r["alighting"]) for r in stop["routes"]] == [("10", False, True)]


async def test_arrivals_show_the_bus(server: Running) -> None:
    await server.bus("V1", stop_x(1))
    (bus,) = (await server.http.get("/v1/stops/S3/arrivals")).json()["buses"]
    assert (bus["vehicle_id"], bus["plate"], bus["route_name"]) == ("V1", "경기70바1234", "10")
    assert bus["ringable"] is True
    assert bus["low_floor"] is True
    assert 0 < bus["distance_m"] < 1_000


async def test_the_map_is_whole_and_kept(server: Running) -> None:
    plain = await server.http.get("/v1/network.geojson", headers={"accept-encoding": "identity"})
    kinds = [f["properties"]["kind"] for f in plain.json()["features"]]
    assert kinds == ["pattern"] + ["stop"] * 6
    packed = await server.http.get("/v1/network.geojson")
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.json() == plain.json()
    assert gzip.decompress(server_map(server)) == plain.content
    again = await server.http.get("/v1/network.geojson", headers={"if-none-match": plain.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def server_map(server: Running) -> bytes:
    (packed,) = server.app.state.maps.values()
    return bytes(packed)


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        ("/v1/stops/nowhere/arrivals", 404, "unknown_stop"),
        ("/v1/stops/nowhere", 404, "unknown_stop"),
        ("/v1/routes/nothing", 404, "unknown_route"),
        ("/v1/stops", 422, "bad_message"),
        ("/v1/stops?lat=999&lon=1", 422, "bad_message"),
        ("/v1/stops?lat=nan&lon=1", 422, "bad_message"),
        ("/v1/stops?q=x&limit=100000", 422, "bad_message"),
        ("/no/such/path", 404, None),
    ],
)
async def test_a_no_is_a_problem_with_a_reason(server: Running, path: str, status: int, reason: str | None) -> None:
    for language in ("ko", "en"):
        answer = await server.http.get(path, headers={"accept-language": language})
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        body = answer.json()
        assert body["status"] == status
        assert body.get("reason") == reason
        assert body["detail"]
    assert (await server.http.post("/v1/routes")).json()["status"] == 405


async def test_every_answer_keeps_our_pages_to_themselves(server: Running) -> None:
    for path in ("/v1/routes", "/s/S1", "/no/such/path", "/static/shared/tokens.css"):
        headers = (await server.http.get(path)).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert "server" not in headers


async def test_health_readiness_and_figures(server: Running) -> None:
    await server.bus("V1", stop_x(1))
    assert (await server.http.get("/healthz")).json() == {"status": "ok"}
    assert (await server.http.get("/readyz")).json() == {"status": "ok"}
    text = (await server.http.get("/metrics")).text
    figures = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert float(figures["ridebell_fixes_taken_total"]) == 3
    assert float(figures["ridebell_sessions"]) == 1
    assert float(figures["ridebell_ready"]) == 1
    assert float(figures["process_resident_memory_bytes"]) > 1e7
    assert "ridebell_fix_to_alert_seconds_count" in figures
    server.house.lobby.draining = True
    gone = await server.http.get("/readyz")
    assert (gone.status_code, gone.json()["ref"]) == (503, "leaving")


async def test_the_contracts_are_served(server: Running) -> None:
    assert (await server.http.get("/openapi.json")).json()["openapi"].startswith("3.1")
    assert json.loads((await server.http.get("/asyncapi.json")).content)["asyncapi"] == "3.0.0"
