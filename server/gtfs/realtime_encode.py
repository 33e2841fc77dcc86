"""GTFS-realtime out: plain records of vehicles and trips to a FeedMessage, binary or JSON. Beside the protocol; pure.

What a validator would call an error in the form of the message is kept out here (E… are rules of the MobilityData
gtfs-realtime-validator). What is said must be right already: a trip must be in the published static feed, and a
vehicle that is off its route is reported without a trip (E029).
"""

import math
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import assert_never

from google.protobuf import json_format
from google.transit import gtfs_realtime_pb2 as pb

from server.core.model import Record, RouteId, StopId, TripKey, VehicleId

VERSION = "2.0"
"""The version since which trips, times and `schedule_relationship` must be filled in, as they are here."""

STOP_GAP_S = 1
"""GTFS-realtime counts whole seconds and wants the times of successive stops to increase (E022)."""


class Form(StrEnum):
    """How a message is written: binary protobuf, or protobuf's JSON with the names of gtfs-realtime.proto."""

    PROTOBUF = "protobuf"
    JSON = "json"


class StopStatus(StrEnum):
    """Where a vehicle is in relation to the stop it names."""

    INCOMING_AT = "INCOMING_AT"
    STOPPED_AT = "STOPPED_AT"
    IN_TRANSIT_TO = "IN_TRANSIT_TO"


class Occupancy(StrEnum):
    """How full a vehicle is, in the words of GTFS-realtime."""

    EMPTY = "EMPTY"
    MANY_SEATS_AVAILABLE = "MANY_SEATS_AVAILABLE"
    FEW_SEATS_AVAILABLE = "FEW_SEATS_AVAILABLE"
    STANDING_ROOM_ONLY = "STANDING_ROOM_ONLY"
    FULL = "FULL"
    NOT_ACCEPTING_PASSENGERS = "NOT_ACCEPTING_PASSENGERS"


class VehicleReport(Record, frozen=True, gc=False, kw_only=True):
    """Where one vehicle is. `at_ms` is when it was measured; `plate` is what riders see on it.

    `stop_sequence`, `stop_id` and `status` name the stop it stands at or goes to; they need a trip.
    """

    vehicle_id: VehicleId
    lat: float
    lon: float
    at_ms: int
    plate: str | None = None
    trip: TripKey | None = None
    route_id: RouteId | None = None
    direction_id: int | None = None
    bearing_deg: float | None = None
    speed_mps: float | None = None
    odometer_m: float | None = None
    stop_sequence: int | None = None
    stop_id: StopId | None = None
    status: StopStatus | None = None
    occupancy: Occupancy | None = None


class StopForecast(Record, frozen=True, gc=False, kw_only=True):
    """When a trip is expected at one stop ahead, in epoch seconds. Both times: most static feeds give both (S006)."""

    stop_sequence: int
    stop_id: StopId
    arrival_s: int
    departure_s: int
    uncertainty_s: int | None = None


class TripReport(Record, frozen=True, gc=False, kw_only=True):
    """What is expected of one running trip. `delay_s`: how late it is now (negative: early), where that is known."""

    trip: TripKey
    stops: Sequence[StopForecast]
    at_ms: int
    route_id: RouteId | None = None
    direction_id: int | None = None
    vehicle_id: VehicleId | None = None
    plate: str | None = None
    delay_s: int | None = None


def encode_vehicle_positions(reports: Iterable[VehicleReport], *, at_ms: int, form: Form = Form.PROTOBUF) -> bytes:
    """Write a VehiclePositions message made at `at_ms`, one report a vehicle."""
    message = _message(at_ms)
    for report in reports:
        _add_vehicle(message, report, at_ms)
    return _written(message, form)


def encode_trip_updates(reports: Iterable[TripReport], *, at_ms: int, form: Form = Form.PROTOBUF) -> bytes:
    """Write a TripUpdates message made at `at_ms`: of each trip the stops it has not left yet; none ahead, no entity."""
    message = _message(at_ms)
    for report in reports:
        ahead = [stop for stop in report.stops if stop.departure_s * 1000 >= at_ms]
        if ahead:
            _add_trip(message, report, ahead, at_ms)
    return _written(message, form)


def _message(at_ms: int) -> pb.FeedMessage:
    message = pb.FeedMessage()
    message.header.gtfs_realtime_version = VERSION
    message.header.incrementality = pb.FeedHeader.FULL_DATASET
    message.header.timestamp = at_ms // 1000
    return message


def _written(message: pb.FeedMessage, form: Form) -> bytes:
    match form:
        case Form.PROTOBUF:
            data: bytes = message.SerializeToString()
            return data
        case Form.JSON:
            text: str = json_format.MessageToJson(message, preserving_proto_field_name=True, ensure_ascii=False)
            return text.encode()
        case _:
            assert_never(form)


def _add_vehicle(message: pb.FeedMessage, report: VehicleReport, at_ms: int) -> None:
    entity = message.entity.add()
    entity.id = f"vehicle:{report.vehicle_id}"
    vehicle = entity.vehicle
    _describe_vehicle(vehicle.vehicle, report.vehicle_id, report.plate)
    if report.trip is not None or report.route_id is not None:
        _describe_trip(vehicle.trip, report.trip, report.route_id, report.direction_id)
    _describe_position(vehicle.position, report)
    vehicle.timestamp = min(report.at_ms, at_ms) // 1000  # never after the header's time (E012)
    if report.trip is not None:
        _describe_stop(vehicle, report)
    if report.occupancy is not None:
        vehicle.occupancy_status = pb.VehiclePosition.OccupancyStatus.Value(report.occupancy)


def _describe_position(position: pb.Position, report: VehicleReport) -> None:
    position.latitude, position.longitude = report.lat, report.lon
    if report.bearing_deg is not None and math.isfinite(report.bearing_deg):
        position.bearing = report.bearing_deg % 360
    if report.speed_mps is not None and 0 <= report.speed_mps < math.inf:
        position.speed = report.speed_mps
    if report.odometer_m is not None and 0 <= report.odometer_m < math.inf:
        position.odometer = report.odometer_m


def _describe_stop(vehicle: pb.VehiclePosition, report: VehicleReport) -> None:
    if report.stop_sequence is not None:
        vehicle.current_stop_sequence = report.stop_sequence
    if report.stop_id is not None:
        vehicle.stop_id = report.stop_id
    if report.status is not None:
        vehicle.current_status = pb.VehiclePosition.VehicleStopStatus.Value(report.status)


def _add_trip(message: pb.FeedMessage, report: TripReport, ahead: Sequence[StopForecast], at_ms: int) -> None:
    entity = message.entity.add()
    entity.id = f"trip:{report.trip.start_date}:{report.trip.trip_id}"
    update = entity.trip_update
    _describe_trip(update.trip, report.trip, report.route_id, report.direction_id)
    if report.vehicle_id is not None:
        _describe_vehicle(update.vehicle, report.vehicle_id, report.plate)
    update.timestamp = min(report.at_ms, at_ms) // 1000
    if report.delay_s is not None:
        update.delay = report.delay_s
    earliest_s = min(stop.arrival_s for stop in ahead)
    for stop in sorted(ahead, key=lambda stop: stop.stop_sequence):
        arrival_s = max(stop.arrival_s, earliest_s)
        departure_s = max(stop.departure_s, arrival_s)  # E025
        _add_stop(update, stop, arrival_s, departure_s)
        earliest_s = departure_s + STOP_GAP_S


def _add_stop(update: pb.TripUpdate, stop: StopForecast, arrival_s: int, departure_s: int) -> None:
    said = update.stop_time_update.add()
    said.stop_sequence = stop.stop_sequence
    said.stop_id = stop.stop_id
    said.schedule_relationship = pb.TripUpdate.StopTimeUpdate.SCHEDULED
    said.arrival.time, said.departure.time = arrival_s, departure_s
    if stop.uncertainty_s is not None:
        said.arrival.uncertainty = said.departure.uncertainty = stop.uncertainty_s


def _describe_trip(
    descriptor: pb.TripDescriptor, trip: TripKey | None, route_id: RouteId | None, direction_id: int | None
) -> None:
    if trip is not None:
        descriptor.trip_id = trip.trip_id
        descriptor.start_date = trip.start_date
        descriptor.schedule_relationship = pb.TripDescriptor.SCHEDULED
    if route_id is not None:
        descriptor.route_id = route_id
    if direction_id is not None:
        descriptor.direction_id = direction_id


def _describe_vehicle(descriptor: pb.VehicleDescriptor, vehicle_id: VehicleId, plate: str | None) -> None:
    descriptor.id = vehicle_id
    if plate is not None:
        descriptor.license_plate = plate
        descriptor.label = plate
