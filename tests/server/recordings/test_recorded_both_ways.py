"""Events become lines and events again: nothing a rule looks at is lost, and nothing of who a rider is remains."""

import math

import msgspec
import pytest

from server.core.events import (
    Cancel,
    CheckIn,
    Event,
    Fix,
    Presence,
    Respond,
    Ring,
    Shown,
    SignOff,
    SignOn,
    TerminalLink,
    Tick,
)
from server.core.model import (
    AlertId,
    Answer,
    BellId,
    BellKind,
    BlockId,
    Doors,
    Need,
    RiderId,
    RouteId,
    Source,
    StopId,
    TripId,
    TripKey,
    VehicleId,
)
from server.protocol.recording import RecordedLine
from server.recorded import FAR_M, Veil, event_of, line_of
from tests.server.replay_town import LAT0, NETWORK, START_MS, lon

V = VehicleId("bus")
NOW_MS = START_MS + 5_000

SAME: list[Event] = [
    Fix(V, START_MS, NOW_MS, LAT0, lon(10.0)),
    Fix(V, START_MS, NOW_MS, LAT0, lon(10.0), 8.5, 91.0, 4.0, 1200.0, Doors.OPEN, 12, 3, 7),
    Fix(V, START_MS, NOW_MS, LAT0, lon(1.0), source=Source.FEED, trip=TripKey(TripId("T0"), "20261120")),
    Fix(V, START_MS, NOW_MS, LAT0, lon(1.0), source=Source.FEED, trip=TripKey(TripId("T0"), "")),
    Fix(V, START_MS, NOW_MS, LAT0, lon(1.0), source=Source.FEED, route_id=RouteId("7"), direction_id=0),
    SignOn(V, trip_id=TripId("T0"), start_date="20261120"),
    SignOn(V, block_id=BlockId("B")),
    SignOn(V, route_id=RouteId("7"), direction_id=1),
    SignOff(V),
    Shown(V, AlertId("a"), NOW_MS),
    Respond(V, AlertId("a"), Answer.CANNOT_STOP),
    TerminalLink(V, up=True),
    TerminalLink(V, up=False),
]


def there_and_back(event: Event, veil: Veil) -> Event | None:
    line = line_of(event, NOW_MS, veil)
    assert line is not None
    read = msgspec.json.decode(msgspec.json.encode(line), type=RecordedLine)
    return event_of(read, NOW_MS)


@pytest.mark.parametrize("event", SAME, ids=lambda event: type(event).__name__)
def test_what_vehicles_say_comes_back_as_it_was(event: Event) -> None:
    assert there_and_back(event, Veil(NETWORK)) == event


def ring(presence: Presence | None = None) -> Ring:
    return Ring(
        BellId("4a0c8d1e-bell"),
        RiderId("kim@example"),
        BellKind.BOARD,
        StopId("S3"),
        RouteId("7"),
        direction_id=0,
        stop_sequence=3,
        vehicle_id=V,
        alight_stop_id=StopId("S5"),
        party=2,
        needs=(Need.WHEELCHAIR,),
        presence=presence,
    )


def test_a_rider_is_a_pseudonym_of_this_recording_only() -> None:
    veil, other = Veil(NETWORK), Veil(NETWORK)
    first, again = there_and_back(ring(), veil), there_and_back(ring(), veil)
    assert isinstance(first, Ring)
    assert first == again
    assert there_and_back(ring(), other) != first
    assert msgspec.structs.replace(ring(), bell_id=first.bell_id, rider_id=first.rider_id) == first
    assert there_and_back(Cancel(ring().bell_id, ring().rider_id), veil) == Cancel(first.bell_id, first.rider_id)
    said = msgspec.json.encode(line_of(ring(), NOW_MS, veil))
    assert b"kim" not in said
    assert b"4a0c8d1e" not in said


@pytest.mark.parametrize("east_m", [0.0, 40.0, 95.0, 400.0, 9_000.0])
def test_where_a_rider_was_is_only_a_distance(east_m: float) -> None:
    x_m = 3 * 500.0 + east_m
    seen = there_and_back(ring(Presence(LAT0, lon(x_m), 12.0)), Veil(NETWORK))
    assert isinstance(seen, Ring)
    assert seen.presence is not None
    assert seen.presence.lat is not None
    assert seen.presence.lon is not None
    assert seen.presence.accuracy_m == 12.0
    assert seen.presence.lon == pytest.approx(lon(1500.0), abs=1e-6)  # north of the stop, not east of it
    away_m = (seen.presence.lat - LAT0) * math.pi / 180 * 6_371_000
    assert away_m == pytest.approx(min(FAR_M, east_m), rel=0.01, abs=0.5)


def test_what_proves_presence_is_kept_and_what_does_not_is_not_invented() -> None:
    veil = Veil(NETWORK)
    for presence in (None, Presence(proven=True), Presence(accuracy_m=5.0)):
        seen = there_and_back(ring(presence), veil)
        assert isinstance(seen, Ring)
        assert seen.presence == presence
    proven = line_of(ring(Presence(LAT0, lon(1500.0), 3.0, proven=True)), NOW_MS, veil)
    assert b"lat" not in msgspec.json.encode(proven)


def test_time_itself_is_not_written() -> None:
    assert line_of(Tick(), NOW_MS, Veil(NETWORK)) is None


def test_a_phone_has_a_pseudonym_too() -> None:
    veil = Veil(NETWORK)
    on = CheckIn(RiderId("kim@example"), V, proven=True, device="IMEI 49-015420-323751")
    seen, again = there_and_back(on, veil), there_and_back(on, veil)
    assert isinstance(seen, CheckIn)
    assert seen == again
    assert (seen.vehicle_id, seen.proven) == (V, True)
    assert seen.device not in ("", on.device)
    assert seen.rider_id == there_and_back(ring(), veil).rider_id  # type: ignore[union-attr]
