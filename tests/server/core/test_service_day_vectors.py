"""The service day of a sign-on that names none: OpenTripPlanner's published pairs of clock and day."""

import datetime as dt
import json
from pathlib import Path

import pytest

from server.core.assembly import Call, PlannedTrip, build_network
from server.core.events import SignOn
from server.core.model import Assignment, RouteId, Source, StopId, TripId, VehicleId
from server.core.network import Network, Route, Stop
from server.core.signon import resolve
from server.core.tracking import Track

BUS = VehicleId("bus")


def daily(timezone: str, clocks: list[str]) -> Network:
    """One trip a day that calls at these clock times, a kilometre apart."""
    times_s = [60 * (60 * int(hour) + int(minute)) for hour, minute in (clock.split(":") for clock in clocks)]
    stops = [Stop(StopId(str(i)), "", str(i), 52.5 + 0.009 * i, 13.4) for i in range(len(clocks))]
    calls = [Call(stop.stop_id, time_s) for stop, time_s in zip(stops, times_s, strict=True)]
    return build_network(
        stops=stops,
        routes=[Route(RouteId("10"), "bvg", "10", "", 3)],
        trips=[(PlannedTrip("trip", "10", "daily", direction_id=0), calls)],
        timezone=timezone,
    )


@pytest.mark.shared
def test_open_trip_planners_days(shared_dir: Path) -> None:
    vectors = json.loads((shared_dir / "data" / "peer_vectors" / "otp_service_date.json").read_text())
    for case in vectors["cases"]:
        network = daily(vectors["timezone"], case["trip_stops"])
        now_ms = round(dt.datetime.fromisoformat(case["at"]).timestamp() * 1000)
        found = resolve(SignOn(BUS, trip_id=TripId("trip")), Track(BUS, seen_ms=0), network, now_ms, Source.FEED)
        assert isinstance(found, Assignment)
        assert found.trip is not None
        assert found.trip.start_date == case["service_date"].replace("-", "")
