"""Coming back: what was missed comes again, what was taken does not, and a bus has one terminal."""

import asyncio

from server.protocol.tokens import Role
from tests.server.web.web_world import Running, ring, stop_x


async def test_a_terminal_resumes_where_it_was(server: Running) -> None:
    bus = await server.bus("V1", stop_x(2) + 60)
    epoch = bus.seen[0]["epoch"]
    before = max(frame.get("seq", 0) for frame in bus.seen)
    bus.socket.transport.abort()
    await asyncio.sleep(0.05)
    again = await server.open(Role.TERMINAL)
    hello = {"type": "hello", "token": server.token(Role.TERMINAL, "V1", "V1")}
    await again.send(hello | {"resume": {"epoch": epoch, "seq": before}})
    welcome = await again.next()
    assert welcome["recovered"] is True
    assert welcome["snapshot"] is None
    rider = await server.hello(Role.RIDER)
    await rider.send(ring(3))
    alert = await again.until("alert")
    await again.socket.close()

    third = await server.open(Role.TERMINAL)
    await third.send(hello | {"resume": {"epoch": epoch, "seq": alert["seq"] - 1}})
    assert (await third.next())["recovered"] is True
    assert (await third.next())["alert_id"] == alert["alert_id"]
    await third.socket.close()

    fresh = await server.open(Role.TERMINAL)
    await fresh.send(hello | {"resume": {"epoch": "another life", "seq": 3}})
    welcome = await fresh.next()
    assert welcome["recovered"] is False
    assert [a["alert_id"] for a in welcome["snapshot"]["alerts"]] == [alert["alert_id"]]
    assert welcome["snapshot"]["trip"]["trip_id"] == "T1"


async def test_a_riders_snapshot_holds_the_open_bells(server: Running) -> None:
    await server.bus("V1", stop_x(1))
    rider = await server.hello(Role.RIDER, "returns")
    asked = ring()
    await rider.send(asked)
    await rider.until("bell", state="assigned")
    again = await server.hello(Role.RIDER, "returns")
    (bell,) = again.seen[0]["snapshot"]["bells"]
    assert (bell["bell_id"], bell["state"], bell["vehicle_id"]) == (asked["bell_id"], "assigned", "V1")
    await rider.send({"type": "cancel", "bell_id": asked["bell_id"]})
    await again.until("bell", state="cancelled")


async def test_a_newer_terminal_of_the_same_bus_takes_over(server: Running) -> None:
    operator = await server.hello(Role.OPERATOR)
    await operator.send({"type": "watch", "what": "terminals"})
    await server.decided()
    older = await server.hello(Role.TERMINAL, "V1", vehicle="V1")
    await operator.until("terminal_event", vehicle_id="V1", state="up")
    newer = await server.hello(Role.TERMINAL, "V1", vehicle="V1")
    assert await older.closed() == 4409
    await operator.until("terminal_event", vehicle_id="V1", state="up")
    await newer.socket.close()
    await operator.until("terminal_event", vehicle_id="V1", state="down")
    assert [e["state"] for e in operator.seen if e["type"] == "terminal_event"] == ["up", "up", "down"]


async def test_acknowledgements_are_taken_quietly(server: Running) -> None:
    bus = await server.bus("V1", stop_x(1))
    await bus.send({"type": "ack", "seq": 1, "epoch": bus.seen[0]["epoch"]}, {"type": "beat"})
    await bus.send({"type": "sign_on", "ref": "x", "trip_id": "nothing"})
    assert (await bus.next())["type"] == "refused"
