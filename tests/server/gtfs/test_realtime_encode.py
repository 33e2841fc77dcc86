"""Messages out: judged by an independent validator on a real feed, and read back by our own decoder."""

import csv
import io
import json
import zipfile
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from google.protobuf import json_format
from google.transit import gtfs_realtime_pb2 as pb
from gtfs_rt_validator.api import Mode, PreparedFeed, Request, prepare_feed, resolve_roles, validate

from server.core.model import RouteId, StopId, TripId, TripKey, VehicleId
from server.gtfs.realtime import VehiclePositions, decode_vehicle_positions
from server.gtfs.realtime_encode import (
    Form,
    Occupancy,
    StopForecast,
    StopStatus,
    TripReport,
    VehicleReport,
    encode_trip_updates,
    encode_vehicle_positions,
)

NOON = datetime(2026, 2, 16, 12, tzinfo=ZoneInfo("America/New_York"))
DAY_START_S = int(NOON.timestamp()) - 12 * 3600
"""Start of the service day, as GTFS counts: noon minus 12 h."""

TRIP = TripKey(trip_id=TripId("t1"), start_date="20260216")
AT_MS = 1_771_261_200_500


def seconds(text: str) -> int:
    hours, minutes, rest = text.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + int(rest)


class Wmata:
    """A morning of one real bus line: its static feed, and where its buses were at an instant."""

    def __init__(self, folder: Path) -> None:
        self.gtfs = folder / "gtfs.zip"
        with (folder / "vehicle_positions.csv").open(newline="") as file:
            self.rows = list(csv.DictReader(file))
        running = {row["trip_id"] for row in self.rows}
        self.stop_times: dict[str, list[dict[str, str]]] = defaultdict(list)
        with zipfile.ZipFile(self.gtfs) as archive, archive.open("stop_times.txt") as raw:
            for row in csv.DictReader(io.TextIOWrapper(raw, "utf-8-sig")):
                if row["trip_id"] in running:
                    self.stop_times[row["trip_id"]].append(row)

    def latest(self, at_s: int) -> Iterable[dict[str, str]]:
        newest = {row["vehicle_id"]: row for row in self.rows if at_s - 60 < int(row["ts"]) <= at_s and row["trip_id"]}
        return newest.values()

    def vehicles(self, at_s: int) -> list[VehicleReport]:
        return [
            VehicleReport(
                vehicle_id=VehicleId(row["vehicle_id"]),
                plate=f"DC {row['vehicle_id']}",
                trip=TripKey(trip_id=TripId(row["trip_id"]), start_date=row["start_date"]),
                route_id=RouteId(row["route_id"]),
                direction_id=int(row["direction_id"]),
                lat=float(row["lat"]),
                lon=float(row["lon"]),
                bearing_deg=float(row["bearing"]) if row["bearing"] else None,
                speed_mps=float(row["speed_mps"]),
                stop_sequence=int(row["agency_stop_sequence"]),
                stop_id=StopId(row["agency_stop_id"]),
                status=StopStatus(row["agency_status"]),
                at_ms=int(row["ts"]) * 1000,
                occupancy=Occupancy.MANY_SEATS_AVAILABLE,
            )
            for row in self.latest(at_s)
        ]

    def trips(self, at_s: int) -> list[TripReport]:
        """The timetable, shifted so that each bus is at its next stop now: a forecast of the plainest sort."""
        return [self._trip(row, at_s) for row in self.latest(at_s)]

    def _trip(self, row: dict[str, str], at_s: int) -> TripReport:
        times = sorted(self.stop_times[row["trip_id"]], key=lambda time: int(time["stop_sequence"]))
        (now,) = [time for time in times if time["stop_sequence"] == row["agency_stop_sequence"]]
        delay_s = at_s + 5 - (DAY_START_S + seconds(now["arrival_time"]))
        return TripReport(
            trip=TripKey(trip_id=TripId(row["trip_id"]), start_date=row["start_date"]),
            route_id=RouteId(row["route_id"]),
            direction_id=int(row["direction_id"]),
            vehicle_id=VehicleId(row["vehicle_id"]),
            plate=f"DC {row['vehicle_id']}",
            at_ms=int(row["ts"]) * 1000,
            delay_s=delay_s,
            stops=[
                StopForecast(
                    stop_sequence=int(time["stop_sequence"]),
                    stop_id=StopId(time["stop_id"]),
                    arrival_s=DAY_START_S + seconds(time["arrival_time"]) + delay_s,
                    departure_s=DAY_START_S + seconds(time["departure_time"]) + delay_s,
                    uncertainty_s=60,
                )
                for time in times
            ],
        )


@pytest.fixture(scope="module")
def wmata(shared_dir: Path) -> Wmata:
    return Wmata(shared_dir / "data" / "wmata_bus_2026")


@pytest.fixture(scope="module")
def prepared(wmata: Wmata) -> PreparedFeed:
    return prepare_feed(wmata.gtfs, mode=Mode.MODERN)


def complaints(prepared: PreparedFeed, place: Path, at_s: int, positions: bytes, updates: bytes) -> dict[str, str]:
    """What the validator finds, by rule."""
    (place / "vp.pb").write_bytes(positions)
    (place / "tu.pb").write_bytes(updates)
    result = validate(
        Request(
            mode=Mode.MODERN,
            gtfs=prepared,
            inputs=resolve_roles({"vp": str(place / "vp.pb"), "tu": str(place / "tu.pb")}),
            at=datetime.fromtimestamp(at_s, UTC),
        )
    )
    result.write(place / "report")
    report = json.loads((place / "report" / "report.json").read_text())
    assert report["summary"]["messagesValidated"] == 2
    return {notice["code"]: json.dumps(notice["sampleNotices"][0]) for notice in report["notices"]}


@pytest.mark.shared
@pytest.mark.parametrize("at_s", [1771260000, 1771264800, 1771270200])
def test_a_validator_finds_no_fault_in_a_real_lines_morning(
    wmata: Wmata, prepared: PreparedFeed, tmp_path: Path, at_s: int
) -> None:
    vehicles, trips = wmata.vehicles(at_s), wmata.trips(at_s)
    assert len(vehicles) > 5
    positions = encode_vehicle_positions(vehicles, at_ms=at_s * 1000)
    updates = encode_trip_updates(trips, at_ms=at_s * 1000)
    assert complaints(prepared, tmp_path, at_s, positions, updates) == {}


@pytest.mark.shared
def test_the_validator_would_have_found_a_fault(wmata: Wmata, prepared: PreparedFeed, tmp_path: Path) -> None:
    at_s = 1771264800
    message = pb.FeedMessage()
    message.ParseFromString(encode_trip_updates(wmata.trips(at_s), at_ms=at_s * 1000))
    message.entity[0].trip_update.stop_time_update[0].departure.time -= 3600
    positions = encode_vehicle_positions(wmata.vehicles(at_s), at_ms=at_s * 1000)
    assert "E025" in complaints(prepared, tmp_path, at_s, positions, message.SerializeToString())


def vehicle(**changes: object) -> VehicleReport:
    plain: dict[str, object] = {"vehicle_id": "v1", "lat": 37.25, "lon": 127.0, "at_ms": AT_MS - 2000, **changes}
    return VehicleReport(**plain)  # type: ignore[arg-type]


def forecast(sequence: int, arrival_s: int, departure_s: int | None = None) -> StopForecast:
    return StopForecast(
        stop_sequence=sequence,
        stop_id=StopId(f"s{sequence}"),
        arrival_s=arrival_s,
        departure_s=arrival_s if departure_s is None else departure_s,
    )


def trip(*stops: StopForecast, at_ms: int = AT_MS) -> TripReport:
    return TripReport(trip=TRIP, stops=stops, at_ms=at_ms)


def times_of(data: bytes) -> list[tuple[int, int, int]]:
    message = pb.FeedMessage()
    message.ParseFromString(data)
    (entity,) = message.entity
    return [
        (said.stop_sequence, said.arrival.time, said.departure.time) for said in entity.trip_update.stop_time_update
    ]


def test_our_own_decoder_reads_back_what_was_written() -> None:
    report = vehicle(
        trip=TRIP, route_id="G1300", direction_id=1, bearing_deg=-90.0, speed_mps=8.5, odometer_m=77.0,
        occupancy=Occupancy.FULL,
    )  # fmt: skip
    taken = decode_vehicle_positions(encode_vehicle_positions([report], at_ms=AT_MS), received_ms=AT_MS)
    assert isinstance(taken, VehiclePositions)
    (fix,) = taken.fixes
    assert (fix.vehicle_id, fix.lat, fix.lon, fix.trip) == ("v1", 37.25, 127.0, TRIP)
    assert (fix.route_id, fix.direction_id, fix.seats_left) == ("G1300", 1, 0)
    assert (fix.heading_deg, fix.speed_mps, fix.odometer_m) == (270.0, 8.5, 77.0)
    assert taken.header_ms == AT_MS // 1000 * 1000
    assert fix.at_ms == (AT_MS - 2000) // 1000 * 1000


def test_a_time_is_never_after_the_headers() -> None:
    taken = decode_vehicle_positions(
        encode_vehicle_positions([vehicle(at_ms=AT_MS + 5000)], at_ms=AT_MS), received_ms=AT_MS
    )
    assert isinstance(taken, VehiclePositions)
    assert taken.fixes[0].at_ms == taken.header_ms


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0])
def test_numbers_that_are_none_are_left_out(value: float) -> None:
    text = encode_vehicle_positions([vehicle(speed_mps=value, odometer_m=value)], at_ms=AT_MS, form=Form.JSON)
    assert set(json.loads(text)["entity"][0]["vehicle"]["position"]) == {"latitude", "longitude"}


def test_only_stops_not_yet_left_are_said_in_order() -> None:
    at_s = AT_MS // 1000
    said = trip(
        forecast(9, at_s + 90), forecast(1, at_s - 60), forecast(2, at_s - 10, at_s + 5), forecast(7, at_s + 30)
    )
    assert times_of(encode_trip_updates([said], at_ms=AT_MS)) == [
        (2, at_s - 10, at_s + 5),
        (7, at_s + 30, at_s + 30),
        (9, at_s + 90, at_s + 90),
    ]


def test_times_of_successive_stops_increase() -> None:
    at_s = AT_MS // 1000 + 60
    said = trip(
        forecast(1, at_s, at_s + 20), forecast(2, at_s + 20), forecast(3, at_s + 10), forecast(4, at_s + 99, at_s)
    )
    assert times_of(encode_trip_updates([said], at_ms=AT_MS)) == [
        (1, at_s, at_s + 20),
        (2, at_s + 21, at_s + 21),
        (3, at_s + 22, at_s + 22),
        (4, at_s + 99, at_s + 99),
    ]


def test_a_trip_with_nothing_ahead_is_not_said() -> None:
    data = encode_trip_updates([trip(forecast(1, AT_MS // 1000 - 60)), trip()], at_ms=AT_MS)
    message = pb.FeedMessage()
    message.ParseFromString(data)
    assert list(message.entity) == []
    assert message.header.timestamp == AT_MS // 1000


def test_json_says_the_same_with_the_names_of_the_specification() -> None:
    reports = [vehicle(plate="경기70바1234", trip=TRIP, status=StopStatus.STOPPED_AT, stop_sequence=3)]
    text = encode_vehicle_positions(reports, at_ms=AT_MS, form=Form.JSON).decode()
    assert '"gtfs_realtime_version": "2.0"' in text
    assert "경기70바1234" in text
    message = pb.FeedMessage()
    message.ParseFromString(encode_vehicle_positions(reports, at_ms=AT_MS))
    assert json_format.Parse(text, pb.FeedMessage()) == message


def test_a_stop_without_a_trip_is_not_said() -> None:
    text = encode_vehicle_positions([vehicle(stop_sequence=3, stop_id="s3")], at_ms=AT_MS, form=Form.JSON)
    assert set(json.loads(text)["entity"][0]["vehicle"]) == {"vehicle", "position", "timestamp"}
