"""Inspections: a code good for half a minute, checked by an inspector; evidence for the ride, and nothing of the rider."""

import base64
from pathlib import Path

from server.core.model import Ride, RideId, RiderId, RideState, RouteId, VehicleId
from server.protocol.tokens import Role
from server.web.inspection import STEP_S, TYPED_KEPT_S, VALID_S, InspectionCodes, picture
from tests.server.ledger.charging_world import charging
from tests.server.web.web_world import KEY, Frame, Running, place, stop_x

RIDER = "a-pseudonym-of-a-rider"
PLATE = "경기70바1234"


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


async def code_of(server: Running, ride_id: str, rider: str = RIDER) -> Frame:
    said = await server.http.get(f"/v1/rides/{ride_id}/inspection-code", headers=server.bearer(Role.RIDER, rider))
    assert said.status_code == 200, said.text
    code: Frame = said.json()
    return code


async def check(server: Running, code: str, bus: str = "") -> Frame:
    said = await server.http.post(
        "/v1/inspections", json={"code": code, "bus": bus}, headers=server.bearer(Role.INSPECTOR, "inspector-7")
    )
    assert said.status_code == 200, said.text
    found: Frame = said.json()
    assert RIDER not in said.text
    return found


async def test_a_scanned_and_a_typed_code_are_good_and_the_meeting_is_evidence(server: Running) -> None:
    ride_id = await aboard(server)
    shown = await code_of(server, ride_id)
    assert 0 < shown["expires_ms"] - shown["at_ms"] <= VALID_S * 1000
    assert RIDER not in base64.urlsafe_b64decode(shown["code"].split(".")[1] + "==").decode()
    first = await check(server, shown["code"], bus="1234")
    assert (first["verdict"], first["plate"], first["route_name"], first["party"]) == ("valid", PLATE, "10", 1)
    assert first["seen_ms"] is None
    second = await check(server, f" {shown['typed'][:4].lower()}-{shown['typed'][4:]} ")
    assert (second["verdict"], second["seen_ms"]) == ("valid", first["at_ms"]), "a copy shows by the time of the first"
    ride = await server.http.get(f"/v1/rides/{ride_id}", headers=server.bearer(Role.RIDER, RIDER))
    met = [one for one in ride.json()["evidence"] if one["key"] == "inspected"]
    assert met == [{"key": "inspected", "values": {"at_ms": first["at_ms"]}}], "once, and no place"


async def test_another_bus_and_a_ride_that_is_over_are_told(server: Running) -> None:
    ride_id = await aboard(server)
    shown = await code_of(server, ride_id)
    for bus, verdict in (("V9", "other_bus"), ("234", "other_bus"), ("v1", "valid"), ("경기 70바 1234", "valid")):
        assert (await check(server, shown["code"], bus=bus))["verdict"] == verdict, bus
    mine = server.bearer(Role.RIDER, RIDER)
    assert (await server.http.post(f"/v1/rides/{ride_id}/undo", headers=mine)).status_code == 200
    assert (await check(server, shown["code"]))["verdict"] == "over"
    late = await server.http.get(f"/v1/rides/{ride_id}/inspection-code", headers=mine)
    assert (late.status_code, late.json()["reason"]) == (403, "not_on_board")


async def test_forged_foreign_and_old_codes_say_nothing_of_a_ride(server: Running) -> None:
    ride_id = await aboard(server)
    code: str = (await code_of(server, ride_id))["code"]
    ride = server.house.runtime.engine.ride(RideId(ride_id))
    assert ride is not None
    other_key = InspectionCodes(b"x" * 32).make(ride, now_s=server.now_ms() / 1000).text
    prefix, payload, signature = code.split(".")
    bad = [
        other_key,
        f"{prefix}.{payload}A.{signature}",
        f"{prefix}.{payload}",
        f"{prefix}..",
        "AAAA-AAAA",
        "https://x",
    ]
    for text in bad:
        found = await check(server, text)
        assert (found["verdict"], found["plate"], found["boarded_ms"]) == ("unknown", None, None), text
    old = server.house.inspections.make(ride, now_s=server.now_ms() / 1000 - VALID_S - STEP_S)
    for text in (old.text, old.typed):
        found = await check(server, text)
        assert (found["verdict"], found["plate"]) == ("expired", None)
    gone = ride.__class__(**{name: getattr(ride, name) for name in ride.__struct_fields__} | {"ride_id": RideId("no")})
    assert (await check(server, server.house.inspections.make(gone, now_s=server.now_ms() / 1000).text))[
        "verdict"
    ] == "unknown"


async def test_only_riders_show_their_own_and_only_inspectors_check(server: Running) -> None:
    ride_id = await aboard(server)
    path = f"/v1/rides/{ride_id}/inspection-code"
    assert (await server.http.get(path)).status_code == 401
    other = await server.http.get(path, headers=server.bearer(Role.RIDER, "somebody-else"))
    assert (other.status_code, other.json()["reason"]) == (404, "unknown_ride")
    asked = {"code": "AAAA-AAAA"}
    assert (await server.http.post("/v1/inspections", json=asked)).status_code == 401
    for role in (Role.RIDER, Role.OPERATOR):
        said = await server.http.post("/v1/inspections", json=asked, headers=server.bearer(role, "x"))
        assert said.status_code == 403, role
    inspector = server.bearer(Role.INSPECTOR, "inspector-7")
    assert (await server.http.post("/v1/inspections", json={"code": ""}, headers=inspector)).status_code == 422
    answers = [
        (await server.http.post("/v1/inspections", json=asked, headers=inspector)).status_code for _ in range(200)
    ]
    assert answers[-1] == 429, "guessing is slowed down"


def ride_named(name: str) -> Ride:
    return Ride(
        ride_id=RideId(name),
        rider_id=RiderId(RIDER),
        vehicle_id=VehicleId("V1"),
        route_id=RouteId("10"),
        state=RideState.ABOARD,
        began_ms=0,
        changed_ms=0,
    )


def test_typed_codes_are_bounded_and_forgotten() -> None:
    codes = InspectionCodes(KEY, typed_max=3)
    first = codes.make(ride_named("a"), now_s=1_000)
    assert codes.make(ride_named("a"), now_s=1_001) == first, "asked for in a loop it is one and the same"
    for name in "bcd":
        codes.make(ride_named(name), now_s=1_000)
    assert len(codes) == 3
    assert codes.read(first.typed) is None
    codes.make(ride_named("e"), now_s=1_000 + VALID_S + TYPED_KEPT_S + STEP_S)
    assert len(codes) == 1


def test_letters_that_look_alike_are_read_alike() -> None:
    codes = InspectionCodes(KEY)
    made = [codes.make(ride_named(str(n)), now_s=1_000) for n in range(40)]
    for one in made:
        said = codes.read(one.typed.replace("0", "o").replace("1", "l"))
        assert said is not None
        assert said.expires_s == one.expires_s


def test_a_picture_is_a_square_with_room_around() -> None:
    drawn = picture("RB1.x")
    assert drawn.size >= 21 + 8
    assert drawn.path.startswith("M4 4.5h7")


async def test_where_rides_cost_something_a_meeting_is_a_use_of_ones_location(tmp_path: Path) -> None:
    async with charging(tmp_path) as world:
        ride_id = await aboard(world.server)
        found = await check(world.server, (await code_of(world.server, ride_id))["code"])
        mine = world.server.bearer(Role.RIDER, RIDER)
        privacy = (await world.server.http.get("/v1/ledger/privacy", headers=mine)).json()
    assert privacy["uses"] == [{"purpose": "inspection", "by": "inspector", "at_ms": found["at_ms"]}]
