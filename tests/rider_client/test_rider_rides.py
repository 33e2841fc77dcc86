"""Rides through the rider SDK: check in and out, undo; what the phone gathers is told, kept, and stops when it is told to."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from rider_client import senses as sensing
from rider_client.client import RiderClient
from rider_client.senses import Senses
from server.core.model import Reason, RideState
from server.protocol.messages import Refused, RideMessage, RidePosition
from tests.rider_client.scripted_server import QUICK, SOON_S, Frame, ScriptedServer, seeded

HERE = RidePosition(at_ms=5, lat=37.0, lon=127.0, accuracy_m=9.0)


@asynccontextmanager
async def rider(server: ScriptedServer, **options: Any) -> AsyncIterator[RiderClient]:
    async with (
        asyncio.timeout(SOON_S * 2),
        RiderClient(server.url, "token", pace=QUICK, rng=seeded(), **options) as client,
    ):
        yield client


def ride(seq: int, state: str, ride_id: str = "ride-1", **more: Any) -> Frame:
    return {
        "seq": seq,
        "ride_id": ride_id,
        "state": state,
        "vehicle_id": "V1",
        "plate": "V1",
        "route_id": "7",
        "route_name": "7",
        "party": 1,
        "confidence": 0.9,
        "began_ms": 1,
        "at_ms": seq,
        "evidence": [],
    } | more


def new_senses(store: Path | None = None) -> Senses:
    return Senses(store, device="pocket", now_ms=lambda: 1000)


def gathered(senses: Senses, beacon: str = "b-1") -> Senses:
    senses.hear(beacon, -70.0, 5)
    senses.be_at(HERE)
    senses.listen(0, 5)
    return senses


class TestRides:
    async def test_in_out_and_back(self, server: ScriptedServer) -> None:
        async with rider(server) as client:
            entering = asyncio.create_task(client.check_in(vehicle_id="V1", position=HERE, party=2))
            peer = await server.peer()
            await peer.welcome(bells=[], rides=[ride(0, "voided", "ride-0")])
            asked = await peer.receive("check_in")
            assert (asked["vehicle_id"], asked["party"], asked["position"]["lat"]) == ("V1", 2, 37.0)
            await peer.send("ride", **ride(1, "detected"))
            inside = await entering
            assert isinstance(inside, RideMessage)
            assert set(client.rides) == {"ride-0", "ride-1"}
            leaving = asyncio.create_task(client.check_out("ride-1"))
            assert (await peer.receive("check_out"))["ride_id"] == "ride-1"
            await peer.send("ride", **ride(2, "alighted"))
            assert isinstance(await leaving, RideMessage)
            correcting = asyncio.create_task(client.correct("ride-1", alight_stop_id="S3"))
            assert (await peer.receive("correct"))["alight_stop_id"] == "S3"
            await peer.send("ride", **ride(3, "alighted"))
            assert isinstance(await correcting, RideMessage)
            undoing = asyncio.create_task(client.undo("ride-1"))
            await peer.receive("undo")
            await peer.send("ride", **ride(4, "voided"))
            assert isinstance(await undoing, RideMessage)
            assert client.rides["ride-1"].state is RideState.VOIDED

    async def test_a_no_is_the_answer(self, server: ScriptedServer) -> None:
        async with rider(server) as client:
            entering = asyncio.create_task(client.check_in(nonce="old"))
            peer = await server.peer()
            await peer.welcome(bells=[], rides=[])
            asked = await peer.receive("check_in")
            await peer.send("refused", reason="not_on_board", message="no", ref=asked["ref"])
            refused = await entering
            assert isinstance(refused, Refused)
            assert refused.reason is Reason.NOT_ON_BOARD
            undoing = asyncio.create_task(client.undo("ride-9"))
            await peer.receive("undo")
            await peer.send("refused", reason="unknown_ride", message="no", ref="ride-9")
            assert isinstance(await undoing, Refused)

    async def test_a_check_in_is_said_again_after_a_break(self, server: ScriptedServer) -> None:
        async with rider(server) as client:
            entering = asyncio.create_task(client.check_in(vehicle_id="V1", position=HERE))
            peer = await server.peer()
            await peer.welcome(bells=[], rides=[])
            first = await peer.receive("check_in")
            peer.abort()
            peer = await server.peer()
            await peer.welcome(bells=[], rides=[])
            assert (await peer.receive("check_in"))["ref"] == first["ref"]
            await peer.send("ride", **ride(1, "aboard"))
            assert isinstance(await entering, RideMessage)

    async def test_old_rides_are_forgotten(self, server: ScriptedServer) -> None:
        async with rider(server) as client:
            peer = await server.peer()
            await peer.welcome(bells=[], rides=[ride(0, "settled", f"ride-{n}") for n in range(40)])
            await client.connected()
            while len(client.rides) != 32:  # noqa: ASYNC110 - the snapshot is taken before the link is live
                await asyncio.sleep(0)
            assert "ride-39" in client.rides


class TestTelling:
    async def test_what_was_gathered_is_told_until_it_is_taken(self, server: ScriptedServer) -> None:
        senses = gathered(new_senses())
        async with rider(server, senses=senses, batch_s=0.02):
            peer = await server.peer()
            await peer.welcome(bells=[], rides=[])
            first = await peer.receive("sightings")
            assert (first["device"], first["sent_ms"], first["beacons"][0]["beacon_id"]) == ("pocket", 1000, "b-1")
            peer.abort()
            peer = await server.peer()
            await peer.welcome(bells=[], rides=[])
            again = await peer.receive("sightings")
            assert again["ref"] == first["ref"]
            await peer.send("taken", accepted=1, refused=[], ref=again["ref"])
            gathered(senses, "b-2")
            while (batch := await peer.receive("sightings"))["ref"] == first["ref"]:
                pass
            assert batch["beacons"][0]["beacon_id"] == "b-2"
            assert senses.waiting == 1

    async def test_a_batch_that_can_never_be_taken_is_given_up(self, server: ScriptedServer) -> None:
        senses = gathered(new_senses())
        async with rider(server, senses=senses, batch_s=0.02):
            peer = await server.peer()
            await peer.welcome(bells=[], rides=[])
            batch = await peer.receive("sightings")
            await peer.send("refused", reason="bad_message", message="no", ref=batch["ref"])
            while senses.waiting:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.005)

    async def test_paused_means_that_nothing_leaves(self, server: ScriptedServer) -> None:
        senses = gathered(new_senses())
        senses.pause()
        gathered(senses)
        async with rider(server, senses=senses, batch_s=0.005) as client:
            peer = await server.peer()
            await peer.welcome(bells=[], rides=[])
            await client.connected()
            cancelling = asyncio.create_task(client.cancel("bell-0001"))
            gathered(senses)
            await asyncio.sleep(0.1)  # twenty batches' time
            cancelling.cancel()
            assert [frame["type"] for frame in peer.unread() if frame["type"] == "sightings"] == []
            senses.resume()
            gathered(senses)
            assert (await peer.receive("sightings"))["beacons"][0]["beacon_id"] == "b-1"


class TestKeeping:
    def test_what_was_not_taken_outlives_the_app(self, tmp_path: Path) -> None:
        store = tmp_path / "senses.json"
        (told,) = gathered(new_senses(store)).batches()
        again = new_senses(store)
        assert [batch.ref for batch in again.batches()] == [told.ref]
        assert store.stat().st_mode & 0o777 == 0o600
        assert again.taken(told.ref)
        assert not again.taken(told.ref)
        assert not again.taken(None)
        assert new_senses(store).batches() == []

    def test_pausing_deletes_what_was_not_told_and_lasts(self, tmp_path: Path) -> None:
        store = tmp_path / "senses.json"
        senses = gathered(new_senses(store))
        assert len(senses.batches()) == 1
        senses.pause()
        assert "b-1" not in store.read_text()
        later = gathered(new_senses(store))
        assert (later.paused, later.batches(), later.waiting) == (True, [], 0)
        later.resume()
        assert not new_senses(store).paused

    @pytest.mark.parametrize("content", ["{", '{"schema": 1}', '{"paused": false, "batches": [{"beacons": 3}]}'])
    def test_a_damaged_file_holds_nothing(self, tmp_path: Path, content: str) -> None:
        store = tmp_path / "senses.json"
        store.write_text(content)
        assert new_senses(store).waiting == 0

    def test_memory_is_bounded_and_the_oldest_goes(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setattr(sensing, "BATCHES_MAX", 3)
        monkeypatch.setattr(sensing, "GATHERED_MAX", 2)
        senses = new_senses(tmp_path / "senses.json")
        for n in range(5):
            for _ in range(4):
                gathered(senses, f"b-{n}")
            senses.batches()
        told = senses.batches()
        assert [batch.beacons[0].beacon_id for batch in told] == ["b-2", "b-3", "b-4"]
        assert [len(batch.beacons) for batch in told] == [2, 2, 2]
        assert senses.dropped == 2
        assert len(json.loads((tmp_path / "senses.json").read_text())["batches"]) == 3
        assert new_senses().batches() == []
