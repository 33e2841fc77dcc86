"""Bells over HTTP: for a button at the stop."""

from collections.abc import AsyncIterator

import pytest

from server.protocol.tokens import Role
from server.runtime import StoreUnavailableError
from tests.server.web.web_world import Frame, Running, ring, stop_x


def body_of(asked: Frame) -> Frame:
    return {name: value for name, value in asked.items() if name != "type"}


async def test_a_bell_is_rung_asked_for_and_taken_back(server: Running) -> None:
    await server.bus("V1", stop_x(1))
    mine, asked = server.bearer(Role.RIDER, "button"), body_of(ring())
    rung = await server.http.post("/v1/bells", json=asked, headers=mine)
    assert (rung.status_code, rung.json()["state"], rung.json()["vehicle_id"]) == (201, "assigned", "V1")
    again = await server.http.post("/v1/bells", json=asked, headers=mine)
    assert (again.status_code, again.json()["bell_id"]) == (200, asked["bell_id"])
    path = f"/v1/bells/{asked['bell_id']}"
    assert (await server.http.get(path, headers=mine)).json()["state"] == "assigned"
    gone = await server.http.delete(path, headers=mine)
    assert (gone.status_code, gone.json()["state"]) == (200, "cancelled")
    assert (await server.http.delete(path, headers=mine)).json()["state"] == "cancelled"
    late = await server.http.post("/v1/bells", json=asked, headers=mine)
    assert (late.status_code, late.json()["state"]) == (200, "cancelled")


async def test_somebody_elses_bell_cannot_be_told_from_none(server: Running) -> None:
    await server.bus("V1", stop_x(1))
    asked = body_of(ring())
    await server.http.post("/v1/bells", json=asked, headers=server.bearer(Role.RIDER, "owner"))
    stranger = server.bearer(Role.RIDER, "stranger")
    for method in ("GET", "DELETE"):
        theirs = await server.http.request(method, f"/v1/bells/{asked['bell_id']}", headers=stranger)
        absent = await server.http.request(method, f"/v1/bells/{'0' * 36}", headers=stranger)
        assert theirs.status_code == absent.status_code == 404
        assert theirs.json() | {"ref": ""} == absent.json() | {"ref": ""}


@pytest.mark.parametrize(
    ("changes", "status", "reason"),
    [
        ({"stop_id": "nowhere"}, 404, "unknown_stop"),
        ({"route_id": "nothing"}, 404, "unknown_route"),
        ({"stop_id": "S5"}, 422, "route_not_at_stop"),
        ({"presence": {"lat": 37.5, "lon": 127.0}}, 403, "not_at_stop"),
        ({"kind": "alight", "vehicle_id": "V1"}, 403, "not_on_board"),
        ({"party": 0}, 422, "bad_message"),
        ({"needs": ["wings"]}, 422, "bad_message"),
        ({"bell_id": "short"}, 422, "bad_message"),
    ],
)
async def test_a_refusal_has_its_status(server: Running, changes: Frame, status: int, reason: str) -> None:
    await server.bus("V1", stop_x(1))
    answer = await server.http.post("/v1/bells", json=body_of(ring()) | changes, headers=server.bearer(Role.RIDER))
    assert (answer.status_code, answer.json()["reason"]) == (status, reason)


async def test_a_second_bell_and_a_reused_id_conflict(server: Running) -> None:
    await server.bus("V1", stop_x(1))
    mine, first = server.bearer(Role.RIDER, "one"), body_of(ring())
    await server.http.post("/v1/bells", json=first, headers=mine)
    second = await server.http.post("/v1/bells", json=body_of(ring()), headers=mine)
    assert (second.status_code, second.json()["reason"]) == (409, "one_bell_at_a_time")
    other = await server.http.post("/v1/bells", json=first | {"stop_id": "S4"}, headers=mine)
    assert (other.status_code, other.json()["reason"]) == (409, "id_reused")


async def test_who_may_ring(server: Running) -> None:
    asked = body_of(ring())
    assert (await server.http.post("/v1/bells", json=asked)).status_code == 401
    bad = await server.http.post("/v1/bells", json=asked, headers={"authorization": "Bearer nonsense"})
    assert (bad.status_code, bad.headers["www-authenticate"]) == (401, "Bearer")
    feed = await server.http.post("/v1/bells", json=asked, headers=server.bearer(Role.FEED))
    assert (feed.status_code, feed.json()["reason"]) == (403, "forbidden")


async def test_a_body_that_is_no_json_or_too_large(server: Running) -> None:
    mine = server.bearer(Role.RIDER)
    broken = await server.http.post("/v1/bells", content=b"{", headers=mine)
    assert (broken.status_code, broken.json()["reason"]) == (400, "bad_message")
    declared: list[bytes | AsyncIterator[bytes]] = [b"x" * 100_000, chunks()]
    for content in declared:
        assert (await server.http.post("/v1/bells", headers=mine, content=content)).status_code == 413


async def chunks() -> AsyncIterator[bytes]:
    for _ in range(100):
        yield b"x" * 1_000


async def test_a_rider_rings_too_often(server: Running) -> None:
    mine = server.bearer(Role.RIDER, "hasty")
    statuses = [
        (await server.http.post("/v1/bells", json=body_of(ring(stop_id="nowhere")), headers=mine)).status_code
        for _ in range(server.house.settings.rings_burst + 1)
    ]
    assert statuses == [404] * server.house.settings.rings_burst + [429]


async def test_when_the_journal_cannot_answer_the_caller_hears_why(server: Running) -> None:
    async def ask() -> None:
        raise StoreUnavailableError("the disk is full")

    server.app.add_api_route("/ask", ask)
    heard = await server.http.get("/ask", headers={"accept-language": "en"})
    assert (heard.status_code, heard.json()["reason"]) == (503, "store_unavailable")
    assert heard.headers["content-type"] == "application/problem+json"
