"""What a terminal may ask before and after it signs on: which run is this, and does my sign-on fit what I do?"""

from server.protocol.tokens import Role
from tests.server.web.web_world import Running, fix, ring, stop_x


async def test_a_standing_bus_is_told_its_likeliest_runs_and_takes_one(server: Running) -> None:
    terminal = await server.hello(Role.TERMINAL, vehicle="V1")
    await terminal.send(fix(stop_x(0), server.now_ms(), speed_mps=0.0))
    await server.decided()
    await terminal.send({"type": "suggest", "ref": "s-1"})
    told = await terminal.until("suggestions", ref="s-1")
    assert not told["mismatch"]
    first = told["runs"][0]
    assert (first["route_id"], first["route_name"], first["headsign"], first["direction_id"]) == ("10", "10", "동쪽", 0)
    assert abs(first["departs_ms"] - server.now_ms()) <= 300_000

    await terminal.send({k: first[k] for k in ("trip_id", "start_date")} | {"type": "sign_on", "ref": "on"})
    trip = await terminal.until("trip")
    assert (trip["trip_id"], trip["start_date"]) == (first["trip_id"], first["start_date"])
    assert "inferred" not in trip


async def test_who_asks_at_once_again_is_refused_and_stays(server: Running) -> None:
    terminal = await server.hello(Role.TERMINAL, vehicle="V1")
    await terminal.send({"type": "suggest", "ref": "s-1"}, {"type": "suggest", "ref": "s-2"})
    assert (await terminal.until("suggestions"))["runs"] == []
    refused = await terminal.until("refused")
    assert (refused["reason"], refused["ref"]) == ("rate_limited", "s-2")


async def test_a_trip_that_nobody_said_is_marked_so(server: Running) -> None:
    terminal = await server.hello(Role.TERMINAL, vehicle="V1")
    for step in range(16):
        along_m = stop_x(0) + 100.0 + 40.0 * step
        await terminal.send(fix(along_m, server.now_ms() - (15 - step) * 5_000))
        await server.decided()
    trip = await terminal.until("trip")
    assert trip["trip_id"]
    assert trip["inferred"]


async def test_a_touch_while_the_wheels_turn_is_refused_and_a_key_is_not(server: Running) -> None:
    bus = await server.bus("V1", stop_x(2) + 60)
    rider = await server.hello(Role.RIDER)
    await rider.send(ring(3))
    alert = await bus.until("alert")
    full = {"type": "respond", "alert_id": alert["alert_id"], "answer": "full"}
    await bus.send(full | {"ref": "r-1", "by": "touch"})
    refused = await bus.until("refused")
    assert (refused["reason"], refused["ref"]) == ("moving", "r-1")
    await bus.send(full | {"ref": "r-2", "by": "key"})
    await bus.until("clear", outcome="moved")
