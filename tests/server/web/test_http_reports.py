"""A pass-by reported by the rider it passed: the record, one tap, kept without who it was."""

import asyncio

import httpx

from server.evidence import ReportNote
from server.protocol.tokens import Role
from tests.server.web.web_world import Client, Frame, Running, fix, ring, stop_x

RIDER = "a-pseudonym-of-a-rider"


async def drive_past(server: Running, terminal: Client, to_m: float) -> None:
    """Drive on without slowing, a report each 12 m."""
    x = stop_x(2) - 350.0
    while x < to_m:
        x += 12.0
        await terminal.send(fix(x, server.now_ms(), speed_mps=12.0, doors="closed"))
        await server.decided()


async def passed(server: Running) -> str:
    """Ring at a stop and let the bus go by; the bell's id."""
    terminal = await server.bus("V1", stop_x(2) - 350.0)
    rider = await server.hello(Role.RIDER, RIDER)
    asked: Frame = ring(2)
    await rider.send(asked)
    await rider.until("bell", state="assigned")
    alert = await terminal.until("alert")
    await terminal.send({"type": "shown", "alert_id": alert["alert_id"], "at_ms": server.now_ms()})
    await rider.until("bell", state="shown")
    await drive_past(server, terminal, stop_x(2) + 140.0)
    await rider.until("bell", state="passed")
    bell_id: str = asked["bell_id"]
    return bell_id


async def test_the_record_is_filled_and_confirmed_with_one_tap(server: Running) -> None:
    bell_id = await passed(server)
    path, mine = f"/v1/bells/{bell_id}/report", server.bearer(Role.RIDER, RIDER)
    record = (await server.http.get(path, headers=mine)).json()
    assert (record["plate"], record["route_name"], record["stop_id"], record["attempt"]) == (
        "경기70바1234",
        "10",
        "S2",
        1,
    )
    assert record["stop_names"] == {"en": "Street 2"}
    assert record["rung_ms"] <= record["assigned_ms"] <= record["shown_ms"] <= record["passed_ms"]
    assert record["reported_ms"] is None
    assert (record["least_speed_mps"], record["doors"]) == (12.0, "closed"), (
        "what the bus's own reports said near the stop"
    )
    first = await server.http.post(path, json={"attempt": 1}, headers=mine)
    assert (first.status_code, first.json()["reported_ms"] is not None) == (201, True)
    again = await server.http.post(path, json={"attempt": 1}, headers=mine)
    assert (again.status_code, again.json()) == (200, first.json())
    assert (await server.http.get(path, headers=mine)).json() == first.json()


async def test_the_operator_sees_the_report_and_not_who_made_it(server: Running) -> None:
    bell_id = await passed(server)
    mine, ops = server.bearer(Role.RIDER, RIDER), server.bearer(Role.OPERATOR)
    await server.http.post(f"/v1/bells/{bell_id}/report", json={"attempt": 1}, headers=mine)
    window = {"from_ms": server.now_ms() - 3_600_000, "to_ms": server.now_ms() + 3_600_000}
    rows = await server.http.get("/v1/ops/passbys", params=window, headers=ops)
    assert rows.status_code == 200, rows.text
    assert [row["reported"] for row in rows.json()["rows"]] == [True]
    assert RIDER not in rows.text
    assert bell_id not in rows.text
    assert "rider" not in ReportNote.__struct_fields__


async def test_a_double_tap_is_one_report(server: Running) -> None:
    bell_id = await passed(server)
    mine = server.bearer(Role.RIDER, RIDER)

    async def tap() -> httpx.Response:
        return await server.http.post(f"/v1/bells/{bell_id}/report", json={"attempt": 1}, headers=mine)

    answers = await asyncio.gather(tap(), tap(), tap())
    assert sorted(answer.status_code for answer in answers) == [200, 200, 201]
    assert len({answer.json()["reported_ms"] for answer in answers}) == 1


async def test_what_did_not_happen_or_is_not_mine_cannot_be_reported(server: Running) -> None:
    bell_id = await passed(server)
    path, mine = f"/v1/bells/{bell_id}/report", server.bearer(Role.RIDER, RIDER)
    assert (await server.http.get(path)).status_code == 401
    assert (await server.http.post(path, json={"attempt": 1})).status_code == 401
    other = server.bearer(Role.RIDER, "somebody-else")
    assert (await server.http.get(path, headers=other)).json()["reason"] == "unknown_bell"
    assert (await server.http.post(path, json={"attempt": 1}, headers=other)).json()["reason"] == "unknown_bell"
    assert (await server.http.post(path, json={"attempt": 7}, headers=mine)).status_code == 409
    assert (await server.http.post(path, json={"attempt": 0}, headers=mine)).status_code == 422
    await server.bus("V2", stop_x(0) + 30)
    asked = ring(4)
    fresh = await server.http.post(
        "/v1/bells", json={k: v for k, v in asked.items() if k != "type"}, headers=server.bearer(Role.RIDER, "third")
    )
    assert fresh.status_code == 201, fresh.text
    nothing = await server.http.get(f"/v1/bells/{asked['bell_id']}/report", headers=server.bearer(Role.RIDER, "third"))
    assert nothing.status_code == 409


async def test_reports_are_bounded_by_rate(server: Running) -> None:
    mine = server.bearer(Role.RIDER, RIDER)
    answers = [
        (await server.http.post("/v1/bells/no-such-bell/report", json={"attempt": 1}, headers=mine)).status_code
        for _ in range(40)
    ]
    assert (answers[0], answers[-1]) == (404, 429)
