"""What operators read over HTTP: figures, lists, stories, evidence; from the journal, with window and count."""

from pathlib import Path
from typing import Any

import pytest

from server.core.model import BellState
from server.evidence import TerminalNote, bell_handle
from server.ports import Batch
from server.protocol.tokens import Role
from tests.server.web.ops_day import BUS, T0, keep, life, ordinary_hour
from tests.server.web.web_world import Frame, Running, eventually, fix, ring, running, stop_x

HANDLE = bell_handle(life("passed-01", BellState.PASSED)[0])
ROUTES = (
    "outcomes",
    "latencies",
    "bells",
    f"bells/{HANDLE}",
    "passbys",
    "passbys/1",
    "terminals",
    "terminals/V1",
    "abuse",
)


async def ask(server: Running, path: str, role: Role = Role.OPERATOR, **params: Any) -> Frame:
    answer = await server.http.get(f"/v1/ops/{path}", headers=server.bearer(role), params=params)
    assert answer.status_code == 200, answer.text
    assert "secret-rider" not in answer.text
    assert "passed-01" not in answer.text
    found: Frame = answer.json()
    return found


def journal_of(server: Running) -> Any:
    return server.runtime._journal


async def test_outcomes_are_counted_by_route_stop_and_hour_with_window_and_count(server: Running) -> None:
    await ordinary_hour(journal_of(server))
    found = await ask(server, "outcomes", from_ms=T0)
    assert found["count"] == 7
    assert (found["from_ms"], found["to_ms"] > T0) == (T0, True)
    assert found["by_state"] == {"served": 5, "cancelled": 1, "waiting": 1}
    assert found["by_route"] == {"10": {"served": 5, "cancelled": 1, "waiting": 1}}
    assert (found["total"]["passed_bells"], found["total"]["open"]) == (1, 1)
    assert found["total"]["ring_to_shown"] == {"count": 5, "p50": 20_000.0, "p95": 28_000.0, "p99": 29_600.0}
    assert [(stop["key"], stop["bells"]) for stop in found["stops"]] == [("S3", 4), ("S2", 2), ("S4", 1)]
    assert found["stops_total"] == 3
    assert found["stops"][0]["name"] == "거리 <3> & 시장"
    assert found["stops"][0]["lat"] > 37
    assert [(hour["name"], hour["bells"]) for hour in found["hours"]] == [("09:00", 7)]


async def test_a_window_and_filters_choose_what_is_counted(server: Running) -> None:
    await ordinary_hour(journal_of(server))
    assert (await ask(server, "outcomes", from_ms=0, to_ms=T0))["count"] == 0
    assert (await ask(server, "outcomes", from_ms=T0, stop_id="S4"))["by_state"] == {"waiting": 1}
    assert (await ask(server, "bells", from_ms=T0, passed=True))["count"] == 1
    assert (await ask(server, "bells", from_ms=T0, state="cancelled"))["rows"][0]["stop_name"] == "거리 <3> & 시장"
    assert (await ask(server, "passbys", from_ms=T0, route_id="99"))["rows"] == []


async def test_the_list_of_bells_is_paged(server: Running) -> None:
    await ordinary_hour(journal_of(server))
    first = await ask(server, "bells", from_ms=T0, limit=4)
    second = await ask(server, "bells", from_ms=T0, limit=4, after=first["next"])
    assert (first["count"], len(first["rows"]), len(second["rows"]), second["next"]) == (7, 4, 3, None)
    assert first["rows"][0] | {"changed_ms": 0} == {
        "handle": bell_handle(life("waiting-01", BellState.WAITING, at_ms=T0 + 1_000_000)[0]),
        "kind": "board", "state": "waiting", "route_id": "10", "route_name": "10", "stop_id": "S4",
        "stop_name": "거리 <4> & 시장", "rung_ms": T0 + 1_000_000, "changed_ms": 0, "assigned_ms": None,
        "shown_ms": None, "acknowledged_ms": None, "arrived_ms": None, "ended_ms": None, "attempts": 1, "passed": 0,
        "declined": 0, "party": 2, "needs": ["wheelchair"], "vehicle_id": None, "plate": None, "reason": None,
    }  # fmt: skip


async def test_one_bells_story_has_every_state_what_the_driver_was_shown_and_the_report(server: Running) -> None:
    await ordinary_hour(journal_of(server))
    story = await ask(server, f"bells/{HANDLE}")
    states = ["waiting", "assigned", "shown", "passed", "assigned", "served"]
    assert [step["state"] for step in story["steps"]] == states
    assert [step["at_ms"] - T0 for step in story["steps"]] == [0, 1_000, 30_000, 90_000, 90_000, 400_000]
    assert [alert["what"] for alert in story["alerts"]] == ["raised", "shown", "now", "cleared"]
    assert story["alerts"][0]["plate"] == "경기70바1234"
    assert story["reports"][0]["words"] == "섰어야 합니다"


async def test_a_pass_by_has_its_evidence(server: Running) -> None:
    await ordinary_hour(journal_of(server))
    (row,) = (await ask(server, "passbys", from_ms=T0))["rows"]
    assert (row["plate"], row["stop_name"], row["outcome"], row["stood_s"]) == (
        "경기70바1234", "거리 <3> & 시장", "passed", 0.0,
    )  # fmt: skip
    assert row["reported"]
    found = await ask(server, f"passbys/{row['id']}")
    assert found["row"] == row
    assert (found["told_ms"] - T0, found["shown_ms"] - T0) == (28_000, 30_000)
    assert (found["decide_ms"] - T0, found["decide_m"]) == (70_000, 118)
    assert (found["least_speed_mps"], found["doors"], len(found["profile"])) == (10.5, "closed", 20)


async def test_latencies_are_distributions(server: Running) -> None:
    await ordinary_hour(journal_of(server))
    found = await ask(server, "latencies", from_ms=T0)
    shown = found["ring_to_shown"]
    assert (found["count"], shown["count"], sum(shown["counts"]), len(shown["edges_ms"]) + 1) == (
        5,
        5,
        5,
        len(shown["counts"]),
    )
    assert list(found["by_hour"]) == ["09"]
    assert list(found["by_route"]) == ["10"]
    assert found["fix_to_alert"]["p50"] is None


async def test_figures_outlive_a_restart(tmp_path: Path) -> None:
    async with running(tmp_path) as before:
        await ordinary_hour(journal_of(before))
        first = await ask(before, "outcomes", from_ms=T0, to_ms=T0 + 10**9)
    async with running(tmp_path) as after:
        assert (await ask(after, "outcomes", from_ms=T0, to_ms=T0 + 10**9))["total"] == first["total"]


async def test_what_cannot_be_found_or_understood_is_a_problem(server: Running) -> None:
    for path, params, status in (
        ("bells/ffffffffffff", {}, 404),
        ("passbys/99", {}, 404),
        ("passbys/nonsense", {}, 422),
        ("bells", {"state": "flying"}, 422),
        ("bells", {"limit": 100_000}, 422),
        ("outcomes", {"from_ms": "yesterday"}, 422),
        ("abuse", {"from_ms": 9, "to_ms": 8}, 422),
    ):
        answer = await server.http.get(f"/v1/ops/{path}", headers=server.bearer(Role.OPERATOR), params=params)
        assert answer.status_code == status, (path, answer.text)
        assert answer.json()["detail"]


@pytest.mark.parametrize("path", ROUTES)
async def test_operators_and_inspectors_read_and_nobody_else(server: Running, path: str) -> None:
    await ordinary_hour(journal_of(server))
    for role, wanted in ((Role.INSPECTOR, {200, 404}), (Role.RIDER, {403}), (Role.FEED, {403})):
        answer = await server.http.get(f"/v1/ops/{path}", headers=server.bearer(role))
        assert answer.status_code in wanted, (role, answer.text)
    assert (await server.http.get(f"/v1/ops/{path}")).status_code == 401


async def test_a_bus_that_drives_through_leaves_evidence_of_itself(server: Running) -> None:
    rider = await server.hello(Role.RIDER, "secret-rider")
    bus = await server.bus("V1", stop_x(2) + 60)
    asked = ring(3)
    await rider.send(asked)
    await bus.until("alert")
    for metre in range(0, 900, 12):
        await bus.send(fix(stop_x(2) + 80 + metre, server.now_ms(), speed_mps=12.0, doors="closed"))
        await server.decided()
    await rider.until("bell", bell_id=asked["bell_id"], state="waiting")
    (row,) = (await ask(server, "passbys"))["rows"]
    found = await ask(server, f"passbys/{row['id']}")
    assert len(found["profile"]) > 20
    assert found["profile"][0]["from_stop_m"] < -200
    assert found["profile"][-1]["from_stop_m"] > 30
    assert found["doors"] == "closed"
    assert found["told_ms"] is not None
    assert found["shown_ms"] is None


# -- terminals and doors ---------------------------------------------------------


async def look(server: Running) -> None:
    """Let the record keeper look, and wait until the journal holds what it saw: commits come in order."""
    await server.house.ops_notes.keep(doors=True)
    await keep(journal_of(server), Batch())


async def troubles(server: Running, vehicle: str = "V1") -> set[str]:
    rows = (await ask(server, "terminals"))["vehicles"]
    return {trouble for row in rows if row["vehicle_id"] == vehicle for trouble in row["troubles"]}


async def test_a_healthy_terminal_has_no_trouble(server: Running) -> None:
    await server.bus("V1", 300.0)
    found = await ask(server, "terminals")
    assert found["count"] == 1
    assert set(found["by_trouble"].values()) == {0}
    assert found["vehicles"][0]["troubles"] == []
    assert found["vehicles"][0]["last_ms"] is not None


async def test_a_terminal_says_that_its_sound_failed_and_when_it_works_again(server: Running) -> None:
    bus = await server.bus("V1", 300.0)
    await bus.send({"type": "health", "sound": "failed", "screen": "ok"})
    await server.decided()
    assert await troubles(server) == {"sound_failed"}
    await look(server)
    await bus.send({"type": "health", "sound": "ok", "screen": "failed"})
    await server.decided()
    await look(server)
    rows = (await ask(server, "terminals/V1"))["rows"]
    assert [(row["trouble"], row["wrong"]) for row in rows] == [
        ("sound_failed", True), ("sound_failed", False), ("screen_failed", True),
    ]  # fmt: skip


async def test_a_clock_that_is_off_and_a_poor_receiver_are_seen(server: Running) -> None:
    bus = await server.bus("V1", 300.0)
    server.house.terminals._terminals[BUS].began_ms = 0
    await bus.send(fix(310.0, server.now_ms() - 45_000, accuracy_m=80.0))
    await server.decided()
    assert await troubles(server) == {"clock_off", "gps_bad"}
    (row,) = (await ask(server, "terminals"))["vehicles"]
    assert -46 < row["skew_s"] < -44
    assert row["accuracy_m"] == 80.0


async def test_a_terminal_that_goes_away_in_service_is_down(server: Running) -> None:
    bus = await server.bus("V1", 300.0)
    await bus.socket.close()
    state = server.house.terminals._terminals[BUS]
    await eventually(lambda: state.state == "down")
    assert await troubles(server) == {"down"}


async def test_a_page_that_does_not_draw_its_alerts_is_frozen(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.web.terminal_health.FROZEN_MS", 0)
    bus = await server.bus("V1", stop_x(2) + 60)
    rider = await server.hello(Role.RIDER)
    await rider.send(ring(3))
    alert = await bus.until("alert")
    assert await troubles(server) == {"frozen"}
    await bus.send({"type": "shown", "alert_id": alert["alert_id"], "at_ms": server.now_ms()})
    await rider.until("bell", state="shown")
    assert await troubles(server) == set()


async def test_who_was_turned_away_is_counted_under_a_name_of_the_day(tmp_path: Path) -> None:
    async with running(tmp_path, rings_burst=1, rings_per_min=0.1, anonymous_burst=1, anonymous_per_min=0.1) as server:
        rider = await server.hello(Role.RIDER, "secret-rider")
        await rider.send(*[ring(3) for _ in range(4)])
        for _ in range(3):
            await rider.until("refused", reason="rate_limited")
        for _ in range(3):
            server.http.cookies.clear()
            await server.http.post("/v1/ws-ticket")
        await look(server)
        found = await ask(server, "abuse")
    counts = {(row["what"], row["count"]) for row in found["turned_away"]}
    assert counts == {("ring", 3), ("ticket", 2)}
    assert found["count"] == 5
    assert found["limits"][0] == {"what": "ring", "per_min": 0.1, "burst": 1}
    assert [limit["what"] for limit in found["limits"]] == ["ring", "kiosk", "ticket"]


async def test_riders_who_cancel_again_and_again_are_seen_without_who_they_are(server: Running) -> None:
    facts = [r for i in range(30) for r in life(f"again-{i:02}", BellState.CANCELLED, at_ms=T0 + i)]
    await keep(journal_of(server), Batch(facts=facts))
    found = await ask(server, "abuse", from_ms=T0)
    (worst,) = found["riders"]
    assert (worst["bells"], worst["cancelled"], len(worst["who"])) == (30, 30, 10)
    (rush,) = found["rushes"]
    assert (rush["stop_name"], rush["rings"], rush["riders"]) == ("거리 <3> & 시장", 30, 1)


async def test_the_history_of_a_terminal_is_its_own(server: Running) -> None:
    notes = [TerminalNote(T0 + i, BUS, "silent", wrong=i % 2 == 0, value=20.0) for i in range(4)]
    await keep(journal_of(server), Batch(notes=notes))
    found = await ask(server, "terminals/V1", from_ms=T0)
    assert (found["count"], found["plate"], len(found["rows"])) == (4, "경기70바1234", 4)
    assert (await ask(server, "terminals/V9", from_ms=T0))["rows"] == []


async def test_in_a_demo_the_console_opens_to_whoever_comes_but_not_to_another_site(tmp_path: Path) -> None:
    async with running(tmp_path, demo=True) as server:
        assert (await server.http.get("/v1/ops/outcomes")).status_code == 200
        elsewhere = await server.http.get("/v1/ops/outcomes", headers={"origin": "https://evil.example"})
        assert elsewhere.status_code == 403
        assert (await server.http.get("/v1/rides")).status_code == 401
