"""Rides in every journal: the latest record of each, found by id and by rider, and what a new engine starts from."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from server.core.model import (
    Evidence,
    EvidenceKey,
    PatternId,
    Ride,
    RideId,
    RidePlace,
    RiderId,
    RideState,
    RouteId,
    StopId,
    TripId,
    TripKey,
    VehicleId,
)
from server.ports import Batch, Journal

if TYPE_CHECKING:
    from tests.contract.conftest import Backend, BackendKind


def ride(name: str, state: RideState, *, rider: str = "r1", at_ms: int = 1000, began_ms: int = 1000) -> Ride:
    return Ride(
        ride_id=RideId(name),
        rider_id=RiderId(rider),
        vehicle_id=VehicleId("v1"),
        route_id=RouteId("88"),
        state=state,
        began_ms=began_ms,
        changed_ms=at_ms,
        trip=TripKey(trip_id=TripId("t1"), start_date="20261122"),
        pattern_id=PatternId("p"),
        board=RidePlace(StopId("정류장"), 3, 1000, 0.1 + 0.2),
        confidence=1 / 3,
        evidence=(Evidence(EvidenceKey.HEARD_BEACONS, {"beacons": 4, "minutes": 11}),),
    )


async def keep(journal: Journal, *rides: Ride) -> None:
    done: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()
    journal.append(Batch(facts=rides), done.set_result)
    assert await done is None


async def test_the_latest_record_of_a_ride_is_found_whole(backend: "Backend") -> None:
    journal = backend.journal
    first, last = ride("one", RideState.ABOARD), ride("one", RideState.SETTLED, at_ms=9000)
    await keep(journal, first, last)
    assert await journal.find_ride(RideId("one")) == last
    assert await journal.find_ride(RideId("none")) is None


async def test_a_riders_rides_come_newest_first_and_are_bounded(backend: "Backend") -> None:
    journal = backend.journal
    await keep(journal, *(ride(f"{n}", RideState.SETTLED, began_ms=n) for n in (2, 1, 3)))
    await keep(journal, ride("other", RideState.ABOARD, rider="r2"))
    assert [one.ride_id for one in await journal.recent_rides("r1", 2)] == ["3", "2"]
    assert await journal.recent_rides("nobody", 5) == []


async def test_a_new_engine_starts_from_the_rides_that_may_still_change(kind: "BackendKind", tmp_path: Path) -> None:
    backend = await kind.open(tmp_path)
    states = (RideState.DETECTED, RideState.ABOARD, RideState.ALIGHTED, RideState.ASKED)
    await keep(backend.journal, *(ride(state, state) for state in RideState))
    await backend.aclose()
    again = await kind.open(tmp_path)
    facts = (await again.journal.recover()).facts
    await again.aclose()
    assert [one.state for one in facts if isinstance(one, Ride)] == [s for s in RideState if s in states]
