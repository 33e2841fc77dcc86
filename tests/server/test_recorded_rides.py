"""Rides in recordings: every event becomes a line under a pseudonym, without any place, and comes back."""

import msgspec
import pytest

from server.core.events import BeaconHeard, CheckIn, CheckOut, Correct, Met, RideEvent, Sighted, Undo, Whereabouts
from server.core.model import RideId, RiderId, StopId, VehicleId
from server.recorded_rides import ride_event_of, ride_line_of

ME, A = RiderId("rider"), VehicleId("A")
HERE = Whereabouts(5, 37.5, 127.25, 8.0)
EVENTS: list[RideEvent] = [
    CheckIn(ME, A, HERE, party=2, device="pocket", ref="r"),
    CheckOut(ME, RideId("ride-1")),
    Undo(ME, None),
    Correct(ME, RideId("ride-1"), board_stop_id=StopId("S1"), alight_stop_id=StopId("S3"), party=2),
    Met(ME, A, 77, by_card=True),
    Sighted(ME, (BeaconHeard("b", -70.0, 4),), (HERE,), ((0, 5),), sent_ms=6, device="pocket", ref="r"),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_what_is_said_of_rides_is_recorded_without_a_name_or_a_place(event: RideEvent) -> None:
    said = ride_line_of(event, 1000, "veiled")
    text = msgspec.json.encode(said).decode()
    assert said.rider == "veiled"
    for private in ("rider-", "37.5", "127.25", "ride-1", "positions"):
        assert private not in text
    back = ride_event_of(said)
    assert type(back) is type(event)
    assert back.rider_id == "veiled"


def test_a_recorded_check_in_had_been_believed() -> None:
    back = ride_event_of(ride_line_of(EVENTS[0], 1000, "veiled"))
    assert isinstance(back, CheckIn)
    assert (back.proven, back.position, back.party) == (True, None, 2)


def test_a_meeting_without_its_own_time_is_of_now() -> None:
    said = msgspec.structs.replace(ride_line_of(EVENTS[4], 1000, "veiled"), met_at_ms=None)
    back = ride_event_of(said)
    assert isinstance(back, Met)
    assert back.at_ms == 1000
