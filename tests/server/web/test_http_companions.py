"""Companion links: the bus of a ride and nothing of its rider, for a while, until it is taken back."""

import jwt

from server.core.model import RideId, RiderId
from server.protocol.tokens import Role
from server.web.companions import AUDIENCE, LINKS_PER_RIDER, Companions
from tests.server.web.web_world import KEY, Frame, Running, place, stop_x

RIDER = "a-pseudonym-of-a-rider"


async def aboard(server: Running, rider: str = RIDER) -> str:
    """Let a rider check in beside a bus; the ride's id."""
    await server.bus("V1", stop_x(1) + 50)
    lat, lon = place(stop_x(1) + 50)
    position = {"at_ms": server.now_ms(), "lat": lat, "lon": lon, "accuracy_m": 5.0}
    said = await server.http.post(
        "/v1/rides", json={"vehicle_id": "V1", "position": position}, headers=server.bearer(Role.RIDER, rider)
    )
    assert said.status_code == 201, said.text
    ride_id: str = said.json()["ride_id"]
    return ride_id


async def link_of(server: Running, ride_id: str, rider: str = RIDER, **more: object) -> Frame:
    made = await server.http.post(
        "/v1/companions", json={"ride_id": ride_id} | more, headers=server.bearer(Role.RIDER, rider)
    )
    assert made.status_code == 201, made.text
    link: Frame = made.json()
    return link


def opened_by(link: Frame) -> dict[str, str]:
    return {"authorization": f"Bearer {link['token']}"}


async def test_a_companion_sees_the_bus_and_nothing_of_the_rider(server: Running) -> None:
    ride_id = await aboard(server)
    link = await link_of(server, ride_id)
    assert 0 < link["expires_ms"] - server.now_ms() <= 7_200_000
    seen = await server.http.get("/v1/companion", headers=opened_by(link))
    assert seen.status_code == 200
    view = seen.json()
    assert (view["run"]["plate"], view["run"]["route_name"], view["alight_stop_sequence"]) == (
        "경기70바1234",
        "10",
        None,
    )
    assert view["bus"]["etas_s"]
    assert RIDER not in seen.text
    assert ride_id not in seen.text
    claims = jwt.decode(link["token"], options={"verify_signature": False})
    assert set(claims) == {"aud", "jti", "iat", "exp"}, "nothing of the rider is in the link either"


async def test_a_companion_sees_where_the_rider_gets_off_once_that_is_chosen(server: Running) -> None:
    ride_id = await aboard(server)
    link = await link_of(server, ride_id)
    rung = await server.http.post(
        "/v1/bells",
        json={"bell_id": "bell-to-alight", "kind": "alight", "ride_id": ride_id, "stop_id": "S4"},
        headers=server.bearer(Role.RIDER, RIDER),
    )
    assert rung.status_code == 201, rung.text
    view = (await server.http.get("/v1/companion", headers=opened_by(link))).json()
    assert view["alight_stop_sequence"] == rung.json()["stop_sequence"]


async def test_a_link_ends_when_it_is_taken_back_and_when_the_ride_does(server: Running) -> None:
    ride_id = await aboard(server)
    mine, other = server.bearer(Role.RIDER, RIDER), server.bearer(Role.RIDER, "somebody-else")
    link, second = await link_of(server, ride_id), await link_of(server, ride_id)
    path = f"/v1/companions/{link['link_id']}"
    assert (await server.http.delete(path, headers=other)).status_code == 404
    assert (await server.http.delete(path, headers=mine)).status_code == 204
    assert (await server.http.delete(path, headers=mine)).status_code == 404
    assert (await server.http.get("/v1/companion", headers=opened_by(link))).status_code == 404
    assert (await server.http.get("/v1/companion", headers=opened_by(second))).status_code == 200
    assert (await server.http.post(f"/v1/rides/{ride_id}/undo", headers=mine)).status_code == 200
    assert (await server.http.get("/v1/companion", headers=opened_by(second))).status_code == 404
    late = await server.http.post("/v1/companions", json={"ride_id": ride_id}, headers=mine)
    assert (late.status_code, late.json()["reason"]) == (403, "not_on_board")


async def test_only_a_rider_may_show_a_ride_and_only_their_own(server: Running) -> None:
    ride_id = await aboard(server)
    asked = {"ride_id": ride_id}
    assert (await server.http.post("/v1/companions", json=asked)).status_code == 401
    other = await server.http.post("/v1/companions", json=asked, headers=server.bearer(Role.RIDER, "somebody-else"))
    assert (other.status_code, other.json()["reason"]) == (404, "unknown_ride")
    long = await server.http.post(
        "/v1/companions", json=asked | {"ttl_s": 7_201}, headers=server.bearer(Role.RIDER, RIDER)
    )
    assert long.status_code == 422
    assert (await server.http.delete("/v1/companions/x")).status_code == 401


async def test_a_link_opens_nothing_else_and_nothing_else_opens_a_link(server: Running) -> None:
    link = await link_of(server, await aboard(server))
    assert (await server.http.get("/v1/rides", headers=opened_by(link))).status_code == 401
    for header in ({}, server.bearer(Role.RIDER, RIDER), {"authorization": "Bearer nonsense"}):
        assert (await server.http.get("/v1/companion", headers=header)).status_code == 404


async def test_guessing_links_is_slowed_down(server: Running) -> None:
    answers = [(await server.http.get("/v1/companion")).status_code for _ in range(200)]
    assert answers[-1] == 429


def test_links_are_bounded_for_a_rider_and_for_all() -> None:
    links = Companions(KEY, max_links=6)
    first, token = links.make(RiderId("a"), RideId("r"), now_s=0, ttl_s=60)
    for _ in range(LINKS_PER_RIDER):
        links.make(RiderId("a"), RideId("r"), now_s=0, ttl_s=60)
    assert links.find(token, 1.0) is None, "a fifth link of one rider ends the first"
    for rider in "bcd":
        links.make(RiderId(rider), RideId("r"), now_s=0, ttl_s=60)
    assert len(links) == 6
    assert not links.revoke(RiderId("a"), first.link_id)


def test_a_link_ends_by_itself_and_a_forged_one_never_begins() -> None:
    links = Companions(KEY)
    link, token = links.make(RiderId("a"), RideId("r"), now_s=1_000, ttl_s=60)
    assert links.find(token, 1_059) == link
    assert links.find(token, 1_060) is None
    assert len(links) == 0
    forged = jwt.encode({"aud": AUDIENCE, "jti": link.link_id, "exp": 10**10}, b"x" * 32, algorithm="HS256")
    assert links.find(forged, 1_000) is None
