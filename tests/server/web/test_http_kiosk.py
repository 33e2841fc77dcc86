"""A stop's kiosk or button: one POST a press, each press a stranger's, presence by its own token, bounded by its own rate."""

import time
from pathlib import Path

import httpx
import jwt

from server.core.model import BellId
from server.protocol.tokens import Role
from tests.server.web.web_world import KEY, Frame, Running, ring, running, stop_x


def press(**more: object) -> Frame:
    """What a button box sends: nothing of where or who."""
    asked = ring()
    return {"bell_id": asked["bell_id"], "kind": "board", "stop_id": "S3", "route_id": "10"} | more


def button(server: Running, stop: str = "S3", name: str = "pole-7") -> dict[str, str]:
    token = server.house.own_key.make(Role.KIOSK, name, now_s=time.time(), ttl_s=3600, stop_id=stop)
    return {"authorization": f"Bearer {token}"}


async def test_a_button_needs_only_one_post_and_each_press_is_a_stranger(server: Running) -> None:
    await server.bus("V1", stop_x(1))
    here = button(server)
    presses = [press() for _ in range(3)]
    answers = [await server.http.post("/v1/bells", json=one, headers=here) for one in presses]
    assert [(a.status_code, a.json()["state"]) for a in answers] == [(201, "assigned")] * 3
    bells = [server.runtime.engine.bell(BellId(one["bell_id"])) for one in presses]
    riders = {bell.rider_id for bell in bells if bell is not None}
    assert len(riders) == 3
    assert all(rider.startswith("kiosk-") and "pole" not in rider for rider in riders)
    again = await server.http.post("/v1/bells", json=presses[0], headers=here)
    assert (again.status_code, again.json()["bell_id"]) == (200, presses[0]["bell_id"])


async def test_a_kiosk_asks_after_its_bells_and_takes_them_back_and_no_other_does(server: Running) -> None:
    await server.bus("V1", stop_x(1))
    asked = press()
    await server.http.post("/v1/bells", json=asked, headers=button(server))
    path = f"/v1/bells/{asked['bell_id']}"
    assert (await server.http.get(path, headers=button(server, name="another"))).status_code == 404
    assert (await server.http.get(path, headers=server.bearer(Role.RIDER))).status_code == 404
    assert (await server.http.get(path, headers=button(server))).json()["state"] == "assigned"
    assert (await server.http.delete(path, headers=button(server))).json()["state"] == "cancelled"


async def test_a_kiosk_rings_where_it_stands_and_only_to_get_on(server: Running) -> None:
    await server.bus("V1", stop_x(1))
    for asked in (press(stop_id="S2"), press(kind="alight", vehicle_id="V1")):
        no = await server.http.post("/v1/bells", json=asked, headers=button(server))
        assert (no.status_code, no.json()["reason"]) == (403, "forbidden")
    unknown = jwt.encode({"sub": "k", "role": "kiosk", "exp": time.time() + 60}, KEY, algorithm="HS256")
    no = await server.http.post("/v1/bells", json=press(), headers={"authorization": f"Bearer {unknown}"})
    assert no.status_code == 401


async def test_one_kiosk_cannot_flood_and_does_not_cost_another_its_turn(tmp_path: Path) -> None:
    async with running(tmp_path, kiosk_rings_per_min=1.0, kiosk_rings_burst=2) as server:
        await server.bus("V1", stop_x(1))
        told = [
            (await server.http.post("/v1/bells", json=press(), headers=button(server))).status_code for _ in range(3)
        ]
        assert told == [201, 201, 429]
        other = await server.http.post("/v1/bells", json=press(), headers=button(server, name="pole-8"))
        assert other.status_code == 201


async def test_a_tablet_enrols_once_by_a_cookie_that_no_script_reads(server: Running) -> None:
    await server.bus("V1", stop_x(1))
    origin = {"origin": server.url}
    token = button(server)["authorization"].removeprefix("Bearer ")
    async with httpx.AsyncClient(base_url=server.url, headers=origin) as tablet:
        assert '"enrolled":false' in (await tablet.get("/kiosk/S3")).text
        signed = await tablet.post("/v1/session", json={"token": token})
        assert signed.json() == {"role": "kiosk", "vehicle_id": None, "stop_id": "S3"}
        assert "httponly" in signed.headers["set-cookie"].lower()
        assert '"enrolled":true' in (await tablet.get("/kiosk/S3")).text
        assert '"enrolled":false' in (await tablet.get("/kiosk/S2")).text
        assert (await tablet.post("/v1/bells", json=press())).status_code == 201
        await tablet.delete("/v1/session/kiosk")
        assert (await tablet.post("/v1/bells", json=press())).status_code == 401


async def test_in_demo_mode_whoever_opens_the_page_is_the_kiosk(tmp_path: Path) -> None:
    async with running(tmp_path, demo=True) as server:
        await server.bus("V1", stop_x(1))
        async with httpx.AsyncClient(base_url=server.url) as tablet:
            assert '"enrolled":true' in (await tablet.get("/kiosk/S3")).text
            assert (await tablet.post("/v1/bells", json=press())).status_code == 201


async def test_an_unknown_stop_has_no_kiosk(server: Running) -> None:
    answer = await server.http.get("/kiosk/nowhere", headers={"accept": "text/html"})
    assert answer.status_code == 404
