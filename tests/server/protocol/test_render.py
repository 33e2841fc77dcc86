"""Decisions become wire messages: names and plates filled in, riders left out, unknown left unknown."""

from typing import Any

import msgspec
import pytest
from msgspec import UNSET
from msgspec.structs import replace

from server.core.effects import AlertCleared, ArrivalView, VehicleView
from server.core.events import Fix
from server.core.model import (
    Alert,
    AlertId,
    Assignment,
    Bell,
    BellId,
    BellKind,
    BellState,
    Need,
    Outcome,
    Phase,
    Reason,
    RiderId,
    RouteId,
    Stage,
    StopId,
    TripId,
    TripKey,
    Vehicle,
    VehicleId,
)
from server.protocol.render import Renderer
from tests.server.core.engine_world import DAY, stop_id, street

BUS, UNKNOWN = VehicleId("bus"), VehicleId("unknown")
FLEET = {
    BUS: Vehicle(BUS, plate="경기70바1234", low_floor=True, seats=40),
    VehicleId("bare"): Vehicle(VehicleId("bare")),
}
TOWN = street()
RENDER = Renderer(TOWN, FLEET)
RUN = TripKey(TripId("E-0"), DAY)
BELL = Bell(
    BellId("bell-1"),
    RiderId("the-rider"),
    BellKind.BOARD,
    stop_id(3),
    RouteId("10"),
    BellState.ASSIGNED,
    rung_ms=1_000,
    changed_ms=2_000,
    stop_sequence=None,
    party=2,
    needs=(Need.BLIND,),
    buses=1,
    vehicle_id=BUS,
    trip=RUN,
    visit_sequence=4,
)
ALERT = Alert(
    alert_id=AlertId("a1"),
    vehicle_id=BUS,
    trip=RUN,
    stop_id=stop_id(3),
    stop_sequence=4,
    stop_name="거리 3",
    stage=Stage.NOW,
    boarding=2,
    alighting=0,
    needs=(Need.WHEELCHAIR, Need.BLIND),
    distance_m=149.6,
    eta_s=11.4,
    valid_until_along_m=1580.04,
    at_ms=9_000,
    bells=(BELL.bell_id,),
)


def wire(message: msgspec.Struct) -> dict[str, Any]:
    """As it goes over the wire."""
    return msgspec.json.decode(msgspec.json.encode(message))  # type: ignore[no-any-return]


# -- bells -------------------------------------------------------------------------


def test_a_rider_hears_of_the_bus_its_plate_and_how_far_it_is() -> None:
    assert wire(RENDER.bell(BELL, seq=7, eta_s=95.6, stops_away=2)) == {
        "type": "bell",
        "seq": 7,
        "bell_id": "bell-1",
        "kind": "board",
        "state": "assigned",
        "stop_id": "E3",
        "stop_sequence": 4,
        "route_id": "10",
        "attempt": 1,
        "at_ms": 2_000,
        "vehicle_id": "bus",
        "plate": "경기70바1234",
        "eta_s": 96,
        "stops_away": 2,
    }


def test_of_a_waiting_bell_only_what_is_known_is_said() -> None:
    waiting = replace(
        BELL, state=BellState.WAITING, vehicle_id=None, trip=None, visit_sequence=None, reason=Reason.FULL
    )
    said = wire(RENDER.bell(waiting, seq=8, eta_s=None, stops_away=None))
    assert {"vehicle_id", "plate", "eta_s", "stops_away"}.isdisjoint(said)
    assert (said["reason"], said["state"]) == ("full", "waiting")
    named = RENDER.bell(replace(waiting, stop_sequence=9), seq=8, eta_s=None, stops_away=None)
    assert named.stop_sequence == 9


def test_a_bus_that_is_not_in_the_registry_is_called_by_its_id() -> None:
    assert [RENDER.plate(v) for v in (BUS, UNKNOWN, VehicleId("bare"))] == ["경기70바1234", "unknown", "bare"]


# -- what drivers and operators see ----------------------------------------------------


def test_a_driver_sees_counts_and_needs_and_never_who() -> None:
    message = RENDER.alert(ALERT, seq=3)
    said = wire(message)
    assert said == {
        "type": "alert",
        "seq": 3,
        "alert_id": "a1",
        "trip_id": "E-0",
        "stop_id": "E3",
        "stop_sequence": 4,
        "stop_name": "거리 3",
        "stage": "now",
        "boarding": 2,
        "alighting": 0,
        "needs": ["wheelchair", "blind"],
        "distance_m": 150,
        "eta_s": 11,
        "valid_until_along_m": 1580.0,
        "at_ms": 9_000,
    }
    for text in ("the-rider", "bell-1"):
        assert text not in msgspec.json.encode(message).decode()


def test_distances_and_times_are_never_negative() -> None:
    said = RENDER.alert(replace(ALERT, distance_m=-3.0, eta_s=-1.0), seq=1)
    assert (said.distance_m, said.eta_s) == (0, 0)


def test_an_operator_hears_of_a_bell_by_a_handle() -> None:
    message = RENDER.bell_event(replace(BELL, reason=Reason.OVERTAKEN), handle="h1")
    text = msgspec.json.encode(message).decode()
    assert "the-rider" not in text
    assert "bell-1" not in text
    assert (message.bell, message.stop_name, message.party, message.needs) == ("h1", "거리 3", 2, [Need.BLIND])
    assert (message.vehicle_id, message.reason, message.rung_ms, message.at_ms) == ("bus", "overtaken", 1_000, 2_000)


def test_a_bell_of_a_stop_that_left_the_network_keeps_its_id() -> None:
    gone = replace(BELL, stop_id=StopId("gone"), vehicle_id=None)
    message = RENDER.bell_event(gone, handle="h1")
    assert (message.stop_name, message.vehicle_id, message.reason) == ("gone", UNSET, UNSET)


@pytest.mark.parametrize("outcome", Outcome)
def test_an_alert_leaves_with_its_outcome(outcome: Outcome) -> None:
    message = RENDER.clear(AlertCleared(replace(ALERT, outcome=outcome), 5), seq=4)
    assert wire(message) == {"type": "clear", "seq": 4, "alert_id": "a1", "outcome": outcome.value, "at_ms": 5}


def test_a_clear_without_an_outcome_is_a_defect_of_ours() -> None:
    with pytest.raises(ValueError, match="a1 was cleared without an outcome"):
        RENDER.clear(AlertCleared(ALERT, 5), seq=4)


# -- trips -----------------------------------------------------------------------------


def test_a_terminal_gets_its_trip_with_every_stop() -> None:
    said = RENDER.trip(Assignment(BUS, 0, RUN, RouteId("10"), 0), seq=1)
    assert (said.trip_id, said.start_date, said.route_id, said.route_name) == ("E-0", DAY, "10", "10")
    assert (said.headsign, said.pattern_id) == ("동쪽", TOWN.pattern(0).pattern_id)
    assert [(s.stop_id, s.stop_sequence, s.name) for s in said.stops[:2]] == [("E0", 1, "거리 0"), ("E1", 2, "거리 1")]
    along_m = [s.along_m for s in said.stops]
    assert along_m == sorted(along_m)
    assert len(along_m) == 8


@pytest.mark.parametrize(
    ("assignment", "route_id", "route_name"),
    [
        (Assignment(BUS, 0), "", ""),
        (Assignment(BUS, 0, None, RouteId("10"), 0), "10", "10"),
        (Assignment(BUS, 0, TripKey(TripId("gone"), DAY), RouteId("gone"), 0), "gone", ""),
    ],
)
def test_no_trip_is_an_empty_one(assignment: Assignment, route_id: str, route_name: str) -> None:
    said = RENDER.trip(assignment, seq=2)
    assert (said.trip_id, said.start_date, said.headsign, said.pattern_id, said.stops) == ("", "", "", "", [])
    assert (said.route_id, said.route_name) == (route_id, route_name)


# -- arrivals --------------------------------------------------------------------------


def arrival(**change: Any) -> ArrivalView:
    fields: dict[str, Any] = {
        "vehicle_id": BUS,
        "trip": RUN,
        "route_id": RouteId("10"),
        "direction_id": 0,
        "headsign": "동쪽",
        "stop_sequence": 4,
        "eta_s": 59.6,
        "stops_away": 1,
        "distance_m": 449.5,
        "age_s": 1.2,
        "stale": False,
        "unsure": False,
        "here": False,
        "last_bus": True,
        "seats_left": None,
        "passengers": None,
        "bays_free": 1,
        "why_not": None,
    }
    return ArrivalView(**fields | change)


def test_a_stop_is_told_its_buses() -> None:
    said = wire(RENDER.arrivals("E3", [arrival()], at_ms=5))
    assert said == {
        "type": "arrivals",
        "stop_id": "E3",
        "at_ms": 5,
        "buses": [
            {
                "route_id": "10",
                "route_name": "10",
                "direction_id": 0,
                "headsign": "동쪽",
                "trip_id": "E-0",
                "stop_sequence": 4,
                "vehicle_id": "bus",
                "plate": "경기70바1234",
                "eta_s": 60,
                "stops_away": 1,
                "distance_m": 450,
                "low_floor": True,
                "seats_left": None,
                "crowding": None,
                "stale": False,
                "age_s": 1,
                "ringable": True,
                "here": False,
                "last_bus": True,
                "bays_free": 1,
                "unsure": False,
            }
        ],
    }


def test_a_bus_that_cannot_be_rung_for_says_why() -> None:
    (row,) = RENDER.arrivals("E3", [arrival(why_not=Reason.TOO_LATE, vehicle_id=UNKNOWN)], at_ms=5).buses
    assert (row.ringable, row.why_not, row.low_floor, row.plate) == (False, Reason.TOO_LATE, None, "unknown")


@pytest.mark.parametrize(
    ("passengers", "vehicle", "crowding"),
    [
        (0, BUS, "low"),
        (19, BUS, "low"),
        (20, BUS, "medium"),
        (40, BUS, "medium"),
        (41, BUS, "high"),
        (63, BUS, "high"),
        (64, BUS, "full"),
        (None, BUS, None),
        (30, UNKNOWN, None),
        (30, VehicleId("bare"), None),
    ],
)
def test_crowding_is_passengers_over_seats_and_unknown_is_not_0(
    passengers: int | None, vehicle: VehicleId, crowding: str | None
) -> None:
    (row,) = RENDER.arrivals("E3", [arrival(passengers=passengers, vehicle_id=vehicle)], at_ms=5).buses
    assert row.crowding == crowding


# -- vehicles --------------------------------------------------------------------------


def view(**change: Any) -> VehicleView:
    fields: dict[str, Any] = {
        "vehicle_id": BUS,
        "fix": Fix(BUS, 0, 0, 37.1234567, 127.7654321, speed_mps=8.5, heading_deg=90.0),
        "trip": RUN,
        "route_id": RouteId("10"),
        "direction_id": 0,
        "pattern_index": 0,
        "progress_m": 1_234.5,
        "next_visit_index": 3,
        "lat": 37.1234567,
        "lon": 127.7654321,
        "on_route": True,
        "phase": Phase.IN_SERVICE,
        "uncertainty_m": 15.4,
        "confidence": 1.0,
        "age_s": 2.4,
        "stale": False,
        "terminal_up": True,
        "live_alerts": 2,
    }
    return VehicleView(**fields | change)


def test_an_operator_sees_a_bus_and_its_next_stop() -> None:
    row = RENDER.vehicle(view())
    assert (row.lat, row.lon, row.progress_m, row.uncertainty_m, row.age_s) == (37.123457, 127.765432, 1234, 15, 2)
    assert (row.next_stop_id, row.next_stop_name, row.route_name, row.trip_id) == ("E3", "거리 3", "10", "E-0")
    assert (row.terminal, row.alerts, row.heading_deg, row.speed_mps) == ("up", 2, 90.0, 8.5)


@pytest.mark.parametrize(("up", "word"), [(True, "up"), (False, "down"), (None, "none")])
def test_a_terminal_is_up_down_or_none(up: bool | None, word: str) -> None:
    assert RENDER.vehicle(view(terminal_up=up)).terminal == word


def test_a_bus_of_no_trip_has_no_names() -> None:
    row = RENDER.vehicle(
        view(trip=None, route_id=None, pattern_index=None, next_visit_index=None, progress_m=None, uncertainty_m=None)
    )
    assert (row.trip_id, row.route_name, row.next_stop_id, row.next_stop_name) == (None, None, None, None)
    assert (row.progress_m, row.uncertainty_m) == (None, None)


def test_a_route_that_left_the_network_has_an_id_and_no_name() -> None:
    row = RENDER.vehicle(view(route_id=RouteId("gone")))
    assert (row.route_id, row.route_name) == ("gone", None)
