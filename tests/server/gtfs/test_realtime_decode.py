import math
from collections.abc import Callable
from typing import Any

import pytest
from google.transit import gtfs_realtime_pb2 as pb
from hypothesis import given, strategies as st

from server.core.model import Reason, Source, TripKey
from server.gtfs.realtime import FeedClock, FeedRefusal, RefusedMessage, VehiclePositions, decode_vehicle_positions

HEADER_S = 1_771_257_500
RECEIVED_MS = HEADER_S * 1000 + 700


def message(*changes: Callable[[Any], None]) -> pb.FeedMessage:
    """One ordinary vehicle; each change is made to the VehiclePosition."""
    feed = pb.FeedMessage()
    feed.header.gtfs_realtime_version = "2.0"
    feed.header.timestamp = HEADER_S
    add_vehicle(feed, "5473", *changes)
    return feed


def add_vehicle(feed: pb.FeedMessage, vehicle_id: str, *changes: Callable[[Any], None]) -> pb.FeedEntity:
    entity: pb.FeedEntity = feed.entity.add()
    entity.id = f"entity-{len(feed.entity)}"
    vehicle = entity.vehicle
    vehicle.vehicle.id = vehicle_id
    vehicle.timestamp = HEADER_S - 5
    vehicle.position.latitude = 38.5
    vehicle.position.longitude = -77.25
    for change in changes:
        change(vehicle)
    return entity


def put(path: str, value: object) -> Callable[[Any], None]:
    """A change that sets a (nested) field."""

    def change(vehicle: Any) -> None:
        *parents, name = path.split(".")
        for parent in parents:
            vehicle = getattr(vehicle, parent)
        setattr(vehicle, name, value)

    return change


def drop(path: str) -> Callable[[Any], None]:
    """A change that clears a (nested) field."""

    def change(vehicle: Any) -> None:
        *parents, name = path.split(".")
        for parent in parents:
            vehicle = getattr(vehicle, parent)
        vehicle.ClearField(name)

    return change


def decoded(feed: pb.FeedMessage) -> VehiclePositions:
    taken = decode_vehicle_positions(feed.SerializeToString(), received_ms=RECEIVED_MS)
    assert isinstance(taken, VehiclePositions)
    return taken


def refusal(data: bytes) -> RefusedMessage:
    refused = decode_vehicle_positions(data, received_ms=RECEIVED_MS)
    assert isinstance(refused, RefusedMessage)
    return refused


def test_a_full_report_becomes_a_fix() -> None:
    feed = message(
        put("position.bearing", 265.0),
        put("position.speed", 4.5),
        put("position.odometer", 1234.5),
        put("trip.trip_id", "8428100"),
        put("trip.start_date", "20260216"),
        put("trip.route_id", "C53"),
        put("trip.direction_id", 0),
    )
    (fix,) = decoded(feed).fixes
    assert (fix.vehicle_id, fix.lat, fix.lon) == ("5473", 38.5, -77.25)
    assert (fix.at_ms, fix.received_ms) == ((HEADER_S - 5) * 1000, RECEIVED_MS)
    assert (fix.heading_deg, fix.speed_mps, fix.odometer_m) == (265.0, 4.5, 1234.5)
    assert (fix.trip, fix.route_id, fix.direction_id) == (TripKey(*("8428100", "20260216")), "C53", 0)  # type: ignore[arg-type]
    assert fix.source is Source.FEED
    assert (fix.doors, fix.seats_left, fix.passengers, fix.accuracy_m) == (None, None, None, None)


def test_what_is_not_said_is_unknown_and_not_zero() -> None:
    (fix,) = decoded(message()).fixes
    assert (fix.heading_deg, fix.speed_mps, fix.odometer_m) == (None, None, None)
    assert (fix.trip, fix.route_id, fix.direction_id) == (None, None, None)


@pytest.mark.parametrize(
    ("changes", "heading_deg"),
    [
        ([put("position.bearing", 0), put("position.speed", 0)], None),
        ([put("position.bearing", 0), put("position.speed", 3)], 0.0),
        ([put("position.bearing", 0)], 0.0),
        ([put("position.bearing", 90), put("position.speed", 0)], 90.0),
        ([put("position.bearing", 360), put("position.speed", 3)], 0.0),
        ([put("position.bearing", 400)], None),
        ([put("position.bearing", -1)], None),
        ([put("position.bearing", math.nan)], None),
    ],
)
def test_a_bearing_counts_only_where_it_means_something(
    changes: list[Callable[[Any], None]], heading_deg: float | None
) -> None:
    (fix,) = decoded(message(*changes)).fixes
    assert fix.heading_deg == heading_deg


@pytest.mark.parametrize("speed_mps", [-1.0, 90.0, math.nan, math.inf])
def test_an_impossible_speed_is_left_out_and_the_position_stays(speed_mps: float) -> None:
    (fix,) = decoded(message(put("position.speed", speed_mps))).fixes
    assert fix.speed_mps is None


@pytest.mark.parametrize(
    ("lat", "lon", "reason"),
    [
        (100, -77, Reason.BAD_MESSAGE),
        (38, 180.5, Reason.BAD_MESSAGE),
        (math.nan, -77, Reason.BAD_MESSAGE),
        (38, math.inf, Reason.BAD_MESSAGE),
        (0, 0, Reason.FIX_IMPLAUSIBLE),
    ],
)
def test_a_position_that_cannot_be_is_refused(lat: float, lon: float, reason: Reason) -> None:
    feed = message(put("position.latitude", lat), put("position.longitude", lon))
    add_vehicle(feed, "good")
    taken = decoded(feed)
    assert [fix.vehicle_id for fix in taken.fixes] == ["good"]
    assert [(one.entity_id, one.vehicle_id, one.reason) for one in taken.refused] == [("entity-1", "5473", reason)]


@pytest.mark.parametrize("missing", ["position", "position.latitude", "position.longitude"])
def test_a_report_without_a_whole_position_is_refused(missing: str) -> None:
    feed = message(drop(missing))
    data = feed.SerializePartialToString()
    taken = decode_vehicle_positions(data, received_ms=RECEIVED_MS)
    assert isinstance(taken, VehiclePositions)
    assert [one.reason for one in taken.refused] == [Reason.BAD_MESSAGE]


@pytest.mark.parametrize("absent", [drop("timestamp"), put("timestamp", 0)])
def test_a_report_without_a_time_has_the_headers(absent: Callable[[Any], None]) -> None:
    (fix,) = decoded(message(absent)).fixes
    assert fix.at_ms == HEADER_S * 1000


def test_a_report_without_any_time_is_refused() -> None:
    feed = message(drop("timestamp"))
    feed.header.ClearField("timestamp")
    taken = decoded(feed)
    assert taken.header_ms is None
    assert [one.reason for one in taken.refused] == [Reason.BAD_MESSAGE]
    assert "frozen feed" in taken.refused[0].detail


def test_a_time_in_milliseconds_is_refused() -> None:
    taken = decoded(message(put("timestamp", HEADER_S * 1000)))
    assert [one.reason for one in taken.refused] == [Reason.FIX_FUTURE]


def test_a_label_alone_is_an_identity_and_nothing_is_none() -> None:
    (fix,) = decoded(message(drop("vehicle"), put("vehicle.label", "경기70바1234"))).fixes
    assert fix.vehicle_id == "경기70바1234"
    for nothing in ([drop("vehicle")], [put("vehicle.id", " ")], [put("vehicle.id", "x" * 129)]):
        taken = decoded(message(*nothing))
        assert taken.fixes == ()
        assert [(one.vehicle_id, one.reason) for one in taken.refused] == [("", Reason.UNKNOWN_VEHICLE)]


def test_of_two_reports_of_one_vehicle_the_newer_is_taken() -> None:
    feed = message(put("timestamp", HEADER_S - 9))
    add_vehicle(feed, "5473", put("timestamp", HEADER_S - 3), put("position.latitude", 39))
    add_vehicle(feed, "5473", put("timestamp", HEADER_S - 3), put("position.latitude", 40))
    taken = decoded(feed)
    assert [fix.lat for fix in taken.fixes] == [39]
    assert [(one.entity_id, one.reason) for one in taken.refused] == [
        ("entity-1", Reason.FIX_DUPLICATE),
        ("entity-3", Reason.FIX_DUPLICATE),
    ]


@pytest.mark.parametrize(
    ("status", "seats_left"),
    [("EMPTY", None), ("STANDING_ROOM_ONLY", None), ("FULL", 0), ("NOT_ACCEPTING_PASSENGERS", 0)],
)
def test_only_a_full_vehicle_says_something_about_seats(status: str, seats_left: int | None) -> None:
    value = pb.VehiclePosition.OccupancyStatus.Value(status)
    (fix,) = decoded(message(put("occupancy_status", value))).fixes
    assert fix.seats_left == seats_left


@pytest.mark.parametrize("date", ["", "2026-02-16", "202602", "２０２６０２１６"])
def test_a_trip_without_a_proper_date_is_still_a_hint(date: str) -> None:
    (fix,) = decoded(message(put("trip.trip_id", "t1"), put("trip.start_date", date))).fixes
    assert fix.trip is not None
    assert (fix.trip.trip_id, fix.trip.start_date) == ("t1", "")


def test_a_cancelled_trip_is_no_hint_but_the_bus_is_where_it_is() -> None:
    cancelled = put("trip.schedule_relationship", pb.TripDescriptor.CANCELED)
    (fix,) = decoded(message(put("trip.trip_id", "t1"), put("trip.route_id", "r1"), cancelled)).fixes
    assert (fix.trip, fix.route_id) == (None, None)


def test_what_is_not_a_vehicle_is_passed_over() -> None:
    feed = message()
    feed.entity.add(id="update").trip_update.trip.trip_id = "t1"
    feed.entity.add(id="alert").alert.header_text.translation.add().text = "text"
    add_vehicle(feed, "gone").is_deleted = True
    assert len(decoded(feed).fixes) == 1
    assert decoded(feed).refused == ()


def test_text_that_is_not_utf8_is_refused_and_hurts_no_other() -> None:
    feed = message()
    add_vehicle(feed, "WXYZ")
    data = feed.SerializeToString().replace(b"WXYZ", b"W\xff\xfeZ")
    taken = decode_vehicle_positions(data, received_ms=RECEIVED_MS)
    assert isinstance(taken, VehiclePositions)
    assert [fix.vehicle_id for fix in taken.fixes] == ["5473"]
    assert [one.reason for one in taken.refused] == [Reason.UNKNOWN_VEHICLE]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", FeedRefusal.EMPTY),
        (b"\xff" * 6, FeedRefusal.NOT_PROTOBUF),
        (b"<html>Bad Gateway</html>", FeedRefusal.NOT_PROTOBUF),
        (b'{"header": {}}', FeedRefusal.NOT_PROTOBUF),
        (b"\x0a\x00", FeedRefusal.NO_HEADER),
        (b"\x50\x01", FeedRefusal.NO_HEADER),
    ],
)
def test_what_is_no_feed_message_is_refused_whole(data: bytes, reason: FeedRefusal) -> None:
    assert refusal(data).reason is reason


def test_headers_that_cannot_be_trusted_are_refused() -> None:
    feed = message()
    feed.header.gtfs_realtime_version = "3.0"
    assert refusal(feed.SerializeToString()).reason is FeedRefusal.VERSION
    feed = message()
    feed.header.incrementality = pb.FeedHeader.DIFFERENTIAL
    assert refusal(feed.SerializeToString()).reason is FeedRefusal.DIFFERENTIAL
    feed = message()
    feed.header.timestamp = HEADER_S * 1000
    assert refusal(feed.SerializeToString()).reason is FeedRefusal.HEADER_FUTURE


def test_a_clock_takes_no_message_older_than_the_newest() -> None:
    clock = FeedClock()
    assert clock.take(VehiclePositions(10_000, (), ())) is None
    assert clock.take(VehiclePositions(10_000, (), ())) is None
    refused = clock.take(VehiclePositions(8_000, (), ()))
    assert refused == RefusedMessage(
        FeedRefusal.HEADER_WENT_BACK, "the header's time is 2 s before that of an earlier message"
    )
    assert clock.take(VehiclePositions(None, (), ())) is None
    assert clock.newest_ms == 10_000
    assert clock.take(VehiclePositions(11_000, (), ())) is None


# -- anything at all -----------------------------------------------------------

TEXT = st.text(st.characters(codec="utf-8"), max_size=12)


@st.composite
def feeds(draw: st.DrawFn) -> bytes:
    """A valid message of several vehicles with any values protobuf can hold."""
    feed = message()
    for _ in range(draw(st.integers(0, 4))):
        vehicle = add_vehicle(feed, draw(TEXT)).vehicle
        vehicle.position.latitude = draw(st.floats(width=32))
        vehicle.position.longitude = draw(st.floats(width=32))
        vehicle.position.bearing = draw(st.floats(width=32))
        vehicle.position.odometer = draw(st.floats())
        vehicle.timestamp = draw(st.integers(0, 2**64 - 1))
        vehicle.trip.trip_id = draw(TEXT)
        vehicle.trip.start_date = draw(TEXT)
        vehicle.trip.direction_id = draw(st.integers(0, 2**32 - 1))
    data: bytes = feed.SerializeToString()
    return data


def sound(data: bytes) -> None:
    """Whatever comes in, what comes out can be used, and never an exception."""
    taken = decode_vehicle_positions(data, received_ms=RECEIVED_MS)
    if isinstance(taken, RefusedMessage):
        assert taken.detail
        return
    assert len({fix.vehicle_id for fix in taken.fixes}) == len(taken.fixes)
    for fix in taken.fixes:
        assert abs(fix.lat) <= 90
        assert abs(fix.lon) <= 180
        assert 0 < fix.at_ms <= RECEIVED_MS + 300_000
        assert fix.heading_deg is None or 0 <= fix.heading_deg < 360
        assert fix.odometer_m is None or math.isfinite(fix.odometer_m)
        assert fix.direction_id in (None, 0, 1)
        assert isinstance(fix.vehicle_id, str)


@given(data=st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    sound(data)


@given(data=feeds())
def test_any_values(data: bytes) -> None:
    sound(data)


@given(data=feeds(), flips=st.lists(st.tuples(st.integers(0), st.integers(0, 7)), max_size=4))
def test_flipped_bits(data: bytes, flips: list[tuple[int, int]]) -> None:
    damaged = bytearray(data)
    for place, bit in flips:
        damaged[place % len(damaged)] ^= 1 << bit
    sound(bytes(damaged))


@given(data=feeds(), length=st.integers(0))
def test_a_message_cut_short(data: bytes, length: int) -> None:
    sound(data[: length % (len(data) + 1)])
