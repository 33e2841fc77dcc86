"""From the bus to the receipt: rides on a running server are priced, told, paid, taken back and argued about."""

import asyncio
from pathlib import Path

import pytest

from server.backends.embedded import ledger_reads as reads
from server.core.model import RideState
from server.ledger.records import Outcome
from server.protocol.tokens import Role
from tests.server.ledger.charging_world import Charging, charging, ride_of
from tests.server.web.web_world import Frame, Running, place, stop_x

FARE_WON = 1650


async def ridden(server: Running, rider: str = "me") -> str:
    """A ride from S1 to S3, as its rider tells it: not yet settled."""
    await server.bus("V1", stop_x(1) + 60)
    lat, lon = place(stop_x(1) + 60)
    at: Frame = {"at_ms": server.now_ms(), "lat": lat, "lon": lon, "accuracy_m": 8.0}
    mine = server.bearer(Role.RIDER, rider)
    begun = await server.http.post("/v1/rides", json={"vehicle_id": "V1", "position": at}, headers=mine)
    ride_id: str = begun.json()["ride_id"]
    said = await server.http.post(f"/v1/rides/{ride_id}/correct", json={"alight_stop_id": "S3"}, headers=mine)
    assert said.json()["state"] == "alighted"
    return ride_id


async def settled(world: Charging, name: str = "r1", *, rider: str = "me") -> None:
    """A ride that nobody can take back any more, booked and paid."""
    ride = ride_of(name, RideState.SETTLED, rider=rider, began_ms=world.server.now_ms() - 1_200_000)
    await world.clerk.book([(1, ride)])
    await world.clerk._settle_some()


async def test_a_ride_has_a_receipt_and_its_rider_hears_the_price(tmp_path: Path) -> None:
    async with charging(tmp_path) as world:
        server = world.server
        rider = await server.hello(Role.RIDER, "me")
        ride_id = await ridden(server)
        await world.booked()
        assert (await rider.until("ride", fare_won=FARE_WON))["state"] == "alighted"
        mine = server.bearer(Role.RIDER, "me")
        told = (await server.http.get(f"/v1/rides/{ride_id}", headers=mine)).json()
        assert told["fare_won"] == FARE_WON
        receipt = told["receipt"]
        assert (receipt["fare_won"], receipt["table"], receipt["waiver"]) == (FARE_WON, "kr-capital@1", None)
        assert sum(step["won"] for step in receipt["increments"]) == FARE_WON
        assert "F1" in receipt["increments"][0]["rules"]
        assert receipt["entries"][0].startswith(f"ride:{ride_id}:")
        assert world.provider.books.balances() == {}, "it can still be taken back: nobody pays yet"
        await world.booked()
        assert len((await server.http.get("/v1/rides", headers=mine)).json()["rides"]) == 1


async def test_undo_within_the_window_posts_a_reversal(tmp_path: Path) -> None:
    async with charging(tmp_path) as world:
        server, mine = world.server, world.server.bearer(Role.RIDER, "me")
        ride_id = await ridden(server)
        await world.booked()
        undone = await server.http.post(f"/v1/rides/{ride_id}/undo", headers=mine)
        assert undone.json()["state"] == "voided"
        await world.booked()
        account = (await server.http.get("/v1/ledger/account", headers=mine)).json()
        assert account["balance_won"] == 0
        assert [entry["kind"] for entry in account["entries"]] == ["reversal", "fare"]
        assert all(line["account"] == f"rider:{account['account']}" for e in account["entries"] for line in e["lines"])
        receipt = (await server.http.get(f"/v1/rides/{ride_id}", headers=mine)).json()["receipt"]
        assert (receipt["fare_won"], receipt["waiver"]) == (0, "void")


async def test_a_settled_ride_is_paid_and_a_dispute_gives_it_back(tmp_path: Path) -> None:
    async with charging(tmp_path) as world:
        server, mine, boss = world.server, world.server.bearer(Role.RIDER, "me"), world.server.bearer(Role.OPERATOR)
        await settled(world)
        account = (await server.http.get("/v1/ledger/account", headers=mine)).json()
        assert [entry["kind"] for entry in account["entries"]] == ["payment", "fare"]
        assert account["balance_won"] == 0
        assert world.provider.books.balances()["merchant"] == FARE_WON
        path = "/v1/rides/r1/dispute"
        said = {"what": "not_aboard", "words": "집에 있었어요"}
        stranger = await server.http.post(path, json=said, headers=server.bearer(Role.RIDER, "else"))
        assert stranger.status_code == 404
        assert (await server.http.post(path, json=said, headers=mine)).json()["disputed"]
        assert (await server.http.post(path, json={"what": "?"}, headers=mine)).status_code == 422
        listed = (await server.http.get("/v1/ledger/disputes", headers=boss)).json()["disputes"]
        assert [(one["ride_id"], one["words"], one["verdict"]) for one in listed] == [("r1", "집에 있었어요", None)]
        ruled = await server.http.post("/v1/ledger/disputes/r1", json={"verdict": "not_charged"}, headers=boss)
        assert (ruled.json()["fare_won"], ruled.json()["waiver"]) == (0, "dispute")
        again = await server.http.post("/v1/ledger/disputes/r1", json={"verdict": "not_charged"}, headers=boss)
        assert again.status_code == 200
        other = await server.http.post("/v1/ledger/disputes/r1", json={"verdict": "stands"}, headers=boss)
        assert (other.status_code, other.json()["reason"]) == (409, "id_reused")
        none = await server.http.post("/v1/ledger/disputes/rx", json={"verdict": "stands"}, headers=boss)
        assert none.status_code == 404
        await world.clerk._settle_some()
        assert world.provider.books.balances()["merchant"] == 0
        assert (await server.http.get("/v1/ledger/account", headers=mine)).json()["balance_won"] == 0
        kept = (await server.http.get("/v1/ledger/conflicts", headers=boss)).json()["conflicts"]
        assert [one["fact_id"] for one in kept] == ["ruling:r1:1"]


async def test_card_and_phone_on_one_ride_charge_once(tmp_path: Path) -> None:
    async with charging(tmp_path) as world:
        server, feed = world.server, world.server.bearer(Role.FEED, "cards")
        ride_id = await ridden(server)
        await world.booked()
        tap = {"rider": "me", "vehicle_id": "V1", "at_ms": server.now_ms(), "n": 2}
        batch = {"device": "reader-7", "taps": [tap]}
        answer = (await server.http.post("/v1/feed/card-taps", json=batch, headers=feed)).json()
        assert (answer["accepted"], answer["watermark"], answer["missing"]) == (1, 0, [[1, 1]])
        first = {"device": "reader-7", "taps": [{**tap, "n": 1}, tap]}
        answer = (await server.http.post("/v1/feed/card-taps", json=first, headers=feed)).json()
        assert (answer["watermark"], answer["missing"]) == (2, [])
        wrong = {"device": "reader-7", "taps": [{**tap, "at_ms": 5}]}
        answer = (await server.http.post("/v1/feed/card-taps", json=wrong, headers=feed)).json()
        assert (answer["accepted"], answer["conflicts"]) == (0, [2])
        unnumbered = {"taps": [{"rider": "me", "vehicle_id": "V1", "at_ms": server.now_ms()}]}
        answer = (await server.http.post("/v1/feed/card-taps", json=unnumbered, headers=feed)).json()
        assert (answer["accepted"], answer["watermark"]) == (1, None)
        await world.booked()
        receipt = (await server.http.get(f"/v1/rides/{ride_id}", headers=server.bearer(Role.RIDER, "me"))).json()
        assert (receipt["fare_won"], receipt["receipt"]["waiver"]) == (0, "card")
        devices = (await server.http.get("/v1/ledger/devices", headers=server.bearer(Role.OPERATOR))).json()["devices"]
        assert [(one["device"], one["watermark"]) for one in devices] == [("cards/reader-7", 2)]


async def test_a_statement_and_the_operators_files(tmp_path: Path) -> None:
    async with charging(tmp_path) as world:
        server, boss = world.server, world.server.bearer(Role.OPERATOR)
        await settled(world)
        mine = server.bearer(Role.RIDER, "me")
        statement = await server.http.get("/v1/ledger/statement.csv?month=2026-11", headers=mine)
        lines = statement.text.splitlines()
        assert lines[1].split(",")[7] == str(FARE_WON)
        assert lines[-1].split(",")[7] == str(FARE_WON)
        assert (await server.http.get("/v1/ledger/statement.csv?month=2026-13", headers=mine)).status_code == 422
        entries = (await server.http.get("/v1/ledger/exports/entries.csv", headers=boss)).text.splitlines()
        assert len(entries) == 1 + 4
        rides = (await server.http.get("/v1/ledger/exports/rides.csv", headers=boss)).text
        assert "r1" in rides
        assert "me" not in rides.split("r1", 1)[1].split(",")
        tides = (await server.http.get("/v1/ledger/exports/fare_transactions.csv", headers=boss)).text.splitlines()
        header, row = (line.removeprefix("\ufeff").split(",") for line in tides[:2])
        fields = dict(zip(header, row, strict=True))
        assert (fields["amount"], fields["currency_type"], fields["fare_action"]) == (str(FARE_WON), "KRW", "Enter")
        assert (fields["service_date"], fields["trip_id_performed"], fields["stop_id"]) == ("2026-11-20", "T1", "S1")
        figures = (await server.http.get("/v1/ledger/rides", headers=boss)).json()
        assert (figures["rides"], figures["charged_won"], figures["confidence"][9]) == (1, FARE_WON, 1)
        balance = (await server.http.get("/v1/ledger/trial-balance", headers=boss)).json()
        assert balance["sum_won"] == 0
        assert {row["account"]: row["won"] for row in balance["rows"]} == {
            "fares:GG_GENERAL": -FARE_WON,
            "provider:practice": FARE_WON,
            "riders": 0,
        }
        for path in ("days", "trial-balance", "rides", "disputes", "conflicts", "devices", "exports/rides.csv"):
            assert (await server.http.get(f"/v1/ledger/{path}", headers=mine)).status_code == 403
        assert (await server.http.get("/v1/ledger/account", headers=boss)).status_code == 403


async def test_days_are_closed_and_listed(tmp_path: Path) -> None:
    async with charging(tmp_path) as world:
        await settled(world)
        world.clerk._now_ms = lambda: world.server.now_ms() + 86_400_000
        await world.clerk.keep_house()
        days = (await world.server.http.get("/v1/ledger/days", headers=world.server.bearer(Role.OPERATOR))).json()
        assert [(one["day"], one["entries"], one["debit_won"]) for one in days["days"]] == [
            ("2026-11-20", 2, 2 * FARE_WON)
        ]


async def test_consents_uses_and_being_forgotten(tmp_path: Path) -> None:
    async with charging(tmp_path) as world:
        server, mine = world.server, world.server.bearer(Role.RIDER, "me")
        ride_id = await ridden(server)
        await settled(world)
        await world.booked()
        said = {"purpose": "location", "version": "2026-11", "given": True}
        await server.http.post("/v1/ledger/privacy", json=said, headers=mine)
        answer = await server.http.post("/v1/ledger/privacy", json={**said, "given": False}, headers=mine)
        assert [one["given"] for one in answer.json()["consents"]] == [True, False]
        used = answer.json()["uses"]
        assert {one["purpose"] for one in used} == {"fare"}
        assert all(set(one) == {"purpose", "by", "at_ms"} for one in used), "for what, never where"
        await server.http.post(f"/v1/rides/{ride_id}/undo", headers=mine)
        await world.booked()
        account = await world.clerk.account_of("me")
        erased = await server.http.delete("/v1/ledger/account", headers=mine)
        assert erased.json() == {"balance_won": 0}
        assert await world.clerk.books.account_of("me") is None
        assert await world.clerk.books.rider_of(account) is None
        assert (await server.http.get("/v1/rides", headers=mine)).json()["rides"] == []
        boss = server.bearer(Role.OPERATOR)
        balance = (await server.http.get("/v1/ledger/trial-balance", headers=boss)).json()
        assert balance["sum_won"] == 0
        assert (await world.clerk.books.audit()).problems == ()
        assert {row["account"] for row in balance["rows"]} >= {"fares:GG_GENERAL", "provider:practice"}
        assert (await server.http.get("/v1/ledger/account", headers=mine)).json()["account"] != account


@pytest.mark.parametrize("lost", ["question", "answer"])
async def test_money_that_nobody_knows_of_is_asked_after_by_the_same_key(tmp_path: Path, lost: str) -> None:
    async with charging(tmp_path) as world:
        world.provider.lost_questions, world.provider.lost_answers = int(lost == "question"), int(lost == "answer")
        await settled(world)
        [open_] = await world.clerk.books.open_settlements()
        assert open_.outcome is Outcome.UNKNOWN
        world.clerk._due.add(open_.account)
        world.provider.lost_questions = 1
        await world.clerk._settle_some()
        assert [one.settlement_id for one in await world.clerk.books.open_settlements()] == [open_.settlement_id]
        await world.clerk._settle_some()
        assert await world.clerk.books.open_settlements() == []
        assert world.provider.books.balances()["merchant"] == FARE_WON
        assert world.provider.books.find(open_.settlement_id) is not None
        assert await world.clerk.books.balance(open_.account) == 0


async def test_a_ride_on_board_is_quoted(tmp_path: Path) -> None:
    async with charging(tmp_path) as world:
        ride = ride_of("r9", RideState.ABOARD, began_ms=world.server.now_ms())
        assert await world.clerk.quote(ride) == FARE_WON
        await world.clerk.book([(1, ride)])
        assert await world.clerk.books.ride("r9") is None


async def test_rides_that_were_none_leave_no_trace_in_the_books(tmp_path: Path) -> None:
    async with charging(tmp_path) as world:
        await world.clerk.book([(1, ride_of("r1", RideState.VOIDED, began_ms=world.server.now_ms()))])
        assert await world.clerk.books.ride("r1") is None
        alighted = ride_of("r2", RideState.ALIGHTED, began_ms=world.server.now_ms())
        voided = ride_of("r2", RideState.VOIDED, began_ms=world.server.now_ms())
        await world.clerk.book([(2, alighted), (3, voided)])
        assert reads.fare_won(world.clerk._ledger.connection, "r2") == 0  # type: ignore[attr-defined]


async def test_a_server_without_fares_says_so(server_without: Running) -> None:
    answer = await server_without.http.get("/v1/ledger/account", headers=server_without.bearer(Role.RIDER))
    assert answer.status_code == 404
    assert "without --fares" in answer.json()["detail"]
    days = await server_without.http.get("/v1/ledger/days", headers=server_without.bearer(Role.OPERATOR))
    assert days.status_code == 404
    rule = await server_without.http.post(
        "/v1/ledger/disputes/x", json={}, headers=server_without.bearer(Role.OPERATOR)
    )
    assert rule.status_code == 404


async def test_the_clerk_works_by_itself(tmp_path: Path) -> None:
    async with charging(tmp_path) as world:
        server = world.server
        rider = await server.hello(Role.RIDER, "me")
        server.runtime.rides_changed = world.clerk.wake
        working = asyncio.create_task(world.clerk.run())
        ride_id = await ridden(server)
        assert (await rider.until("ride", fare_won=FARE_WON))["ride_id"] == ride_id
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        assert (await world.clerk.books.audit()).problems == ()
