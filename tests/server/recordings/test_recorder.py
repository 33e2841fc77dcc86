"""What a server records: begun in the middle it says what was known; it rolls by day; it ends in order."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from server.protocol.recording import read_lines
from server.protocol.tokens import Role
from server.recordings.shelf import Card
from server.settings import RecordingSettings
from tests.server.web.web_world import Running, eventually, fix, ring, running, stop_x

DAY_MS = 86_400_000


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(raw) for _, raw in read_lines(path)]


def file_of(folder: Path, card: Card | None) -> Path:
    assert card is not None
    return folder / "recordings" / f"{card.name}.jsonl.zst"


async def record(server: Running, folder: Path) -> list[dict[str, Any]]:
    """What a recording holds that begins and ends now."""
    assert server.house.archive is not None
    recorder = server.house.archive.recorder
    await recorder.start()
    return lines(file_of(folder, await recorder.stop()))


async def test_begun_in_the_middle_it_says_what_was_known(tmp_path: Path) -> None:
    async with running(tmp_path, recording=RecordingSettings()) as server:
        bus = await server.bus("V1", stop_x(2) + 60)
        rider = await server.hello(Role.RIDER, "somebody")
        await rider.send(ring(3))
        alert = await bus.until("alert")
        await bus.send({"type": "shown", "alert_id": alert["alert_id"], "at_ms": server.now_ms()})
        await rider.until("bell", state="shown")
        feed = await server.hello(Role.FEED)
        lat_lon = {name: value for name, value in fix(stop_x(1), 0).items() if name in {"lat", "lon"}}
        await feed.send({"type": "fixes", "fixes": [{"vehicle_id": "F1", "at_ms": server.now_ms()} | lat_lon]})
        await feed.until("taken")
        rows = await record(server, tmp_path)
    assert [(row["type"], row.get("vehicle_id")) for row in rows] == [
        ("begin", None),
        ("link", "V1"),
        ("sign_on", "V1"),
        ("fix", "V1"),
        ("link", "F1"),
        ("fix", "F1"),
        ("ring", None),
        ("shown", "V1"),
    ]
    begin, *_, rung, shown = rows
    assert (begin["terminals"], begin["policy"]) == ("known", "physical v1")
    assert [row["up"] for row in rows if row["type"] == "link"] == [True, False]
    assert (rung["presence"], shown["alert_id"]) == ({"nonce": "checked"}, alert["alert_id"])
    assert "somebody" not in json.dumps(rows)


async def test_of_a_bus_never_heard_of_it_says_first_that_it_has_no_terminal(tmp_path: Path) -> None:
    async with running(tmp_path, recording=RecordingSettings()) as server:
        assert server.house.archive is not None
        recorder = server.house.archive.recorder
        await recorder.start()
        feed = await server.hello(Role.FEED)
        for n in (1, 2):
            lat_lon = {name: value for name, value in fix(stop_x(n), 0).items() if name in {"lat", "lon"}}
            await feed.send({"type": "fixes", "fixes": [{"vehicle_id": "F1", "at_ms": server.now_ms()} | lat_lon]})
            await feed.until("taken")
        rows = lines(file_of(tmp_path, await recorder.stop()))
    assert [row["type"] for row in rows] == ["begin", "link", "fix", "fix"]


async def test_it_rolls_by_day_beside_what_somebody_starts(tmp_path: Path) -> None:
    async with running(tmp_path, recording=RecordingSettings(keep_days=2)) as server:
        assert server.house.archive is not None
        archive = server.house.archive
        await eventually(lambda: archive.recorder.running("rolling") is not None)
        rolling = archive.recorder.running("rolling")
        assert rolling is not None
        old = Card(name="long-ago", kind="rolling", begun_ms=0, ended_ms=server.now_ms() - 3 * DAY_MS)
        (tmp_path / "recordings" / "long-ago.jsonl").write_text("")
        archive.shelf.keep(old)
        assert await archive.recorder.start() is not None
        assert await archive.recorder.start() is None
        await server.bus("V1", stop_x(2) + 60)
        await archive.recorder.stop()
        assert await archive.recorder.stop() is None
        await archive.recorder.look()
        assert archive.shelf.find("long-ago") is None
        running_one = archive.recorder._running["rolling"]
        running_one.ends_ms = server.now_ms()
        await archive.recorder.look()
        after = archive.recorder.running("rolling")
        assert after is not None
        assert after.name != rolling.name
        ended = archive.shelf.find(rolling.name)
        assert ended is not None
        assert (ended.state, ended.why_ended) == ("complete", None)
    cards = {card.kind: card.state for card in archive.shelf.all()}
    assert cards == {"live": "complete", "rolling": "complete"}
    both = [card for card in archive.shelf.all() if card.name == rolling.name or card.kind == "live"]
    kinds = [[row["type"] for row in lines(file_of(tmp_path, card))] for card in both]
    assert kinds[0] == kinds[1]


async def test_a_disk_that_refuses_stops_nothing_else(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with running(tmp_path, recording=RecordingSettings()) as server:
        assert server.house.archive is not None
        archive = server.house.archive
        archive.shelf.folder = tmp_path / "street.network" / "no folder"
        answer = await server.http.post(
            "/v1/ops/recordings", json={"action": "start"}, headers=server.bearer(Role.OPERATOR)
        )
        assert answer.status_code == 409
        assert "disk refuses" in answer.json()["detail"]
        await asyncio.sleep(0)
        assert archive.recorder.running() is None
        assert (await server.http.get("/healthz")).status_code == 200
    assert "Traceback" not in caplog.text
