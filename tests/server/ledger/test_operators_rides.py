"""What operators see of rides: a list with states and fares, one ride with its receipt, and never whose it was."""

from pathlib import Path

from server.core.model import RideState
from server.protocol.tokens import Role
from tests.server.ledger.charging_world import charging, ride_of
from tests.server.ledger.test_charged_rides import FARE_WON, ridden
from tests.server.web.web_world import Running, running

RIDER = "a-pseudonym-of-a-rider"


def seen_by(server: Running) -> dict[str, str]:
    return server.bearer(Role.OPERATOR, "dispatch")


async def test_open_and_booked_rides_stand_in_one_list_without_their_riders(tmp_path: Path) -> None:
    async with charging(tmp_path) as world:
        server = world.server
        now_ms = server.now_ms()
        open_id = await ridden(server, RIDER)
        old = [
            ride_of("settled", RideState.SETTLED, rider=RIDER, began_ms=now_ms - 3_600_000),
            ride_of("card", RideState.SETTLED, rider="other", began_ms=now_ms - 7_200_000, by_card=True),
            ride_of("void", RideState.ALIGHTED, rider="third", began_ms=now_ms - 10_800_000),
        ]
        await world.clerk.book(list(enumerate(old, start=1)))
        await world.clerk.book([(9, ride_of("void", RideState.VOIDED, rider="third", began_ms=now_ms - 10_800_000))])
        mine = server.bearer(Role.RIDER, RIDER)
        said = await server.http.post("/v1/rides/settled/dispute", json={"what": "not_aboard"}, headers=mine)
        assert said.status_code == 202, said.text
        answer = await server.http.get("/v1/ops/rides", headers=seen_by(server))
        listed = answer.json()
        rows = {row["ride_id"]: row for row in listed["rows"]}
        assert list(rows) == [open_id, "settled", "card", "void"], "the newest first"
        assert listed["by_state"] == {"alighted": 1, "settled": 2, "voided": 1}
        assert (rows["settled"]["fare_won"], rows["settled"]["disputed"], rows["settled"]["confidence"]) == (
            1650,
            True,
            97,
        )
        assert (rows["card"]["waiver"], rows["void"]["waiver"], rows["void"]["fare_won"]) == ("card", "void", 0)
        assert (rows["settled"]["route_name"], rows["settled"]["plate"]) == ("10", "경기70바1234")
        short = (await server.http.get("/v1/ops/rides?limit=1", headers=seen_by(server))).json()
        assert (len(short["rows"]), short["count"]) == (1, 4)
        story = await server.http.get("/v1/ops/rides/settled", headers=seen_by(server))
        told = story.json()
        assert told["ride"] is None, "the journal never knew it; the books do"
        assert sum(step["won"] for step in told["receipt"]["increments"]) == told["row"]["fare_won"] == 1650
        assert {line["account"].split(":")[0] for one in told["entries"] for line in one["lines"]} >= {"rider"}
        account = await world.clerk.account_of(RIDER)
        for text in (answer.text, story.text):
            assert RIDER not in text
            assert account not in text
        await world.booked()
        booked = (await server.http.get(f"/v1/ops/rides/{open_id}", headers=seen_by(server))).json()
        assert (booked["row"]["fare_won"], booked["ride"]["route_name"]) == (FARE_WON, "10")
        assert booked["ride"]["evidence"][0]["key"] == "checked_in"


async def test_where_rides_cost_nothing_open_ones_are_listed_all_the_same(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        ride_id = await ridden(server, RIDER)
        listed = (await server.http.get("/v1/ops/rides", headers=seen_by(server))).json()
        assert [(row["ride_id"], row["state"], row["fare_won"]) for row in listed["rows"]] == [
            (ride_id, "alighted", None)
        ]
        story = (await server.http.get(f"/v1/ops/rides/{ride_id}", headers=seen_by(server))).json()
        assert (story["receipt"], story["entries"]) == (None, [])
        none = await server.http.get("/v1/ops/rides/nothing", headers=seen_by(server))
        assert (none.status_code, none.json()["reason"]) == (404, "unknown_ride")
        for path in ("/v1/ops/rides", f"/v1/ops/rides/{ride_id}"):
            assert (await server.http.get(path, headers=server.bearer(Role.RIDER, RIDER))).status_code == 403
