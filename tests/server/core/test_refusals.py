"""Every reason for which a ring is refused, in the order in which a rider would want to hear them."""

from typing import Any

import pytest
from msgspec.structs import replace

from server.core import refusals
from server.core.effects import Refused
from server.core.events import Presence, Ring
from server.core.model import Bell, BellId, BellKind, BellState, Reason, RiderId, RouteId, StopId, VehicleId
from server.core.policy import Policy
from tests.server.core.engine_world import World, lat_lon, refused, stop_id, stop_x, street
from tests.server.core.winding_ways import TWICE_ROUND, line

TOWN = street(pickup_types={5: 1})
HERE = Presence(*lat_lon(stop_x(3)), 8.0)


def ring(**change: Any) -> Ring:
    fields: dict[str, Any] = {"route_id": RouteId("10"), "presence": HERE} | change
    return Ring(BellId("bell-1"), RiderId("rider"), BellKind.BOARD, fields.pop("stop_id", stop_id(3)), **fields)


@pytest.mark.parametrize(
    ("change", "reason", "detail"),
    [
        ({"stop_id": StopId("nowhere")}, Reason.UNKNOWN_STOP, {"stop_id": "nowhere"}),
        ({"route_id": RouteId("77")}, Reason.UNKNOWN_ROUTE, {"route_id": "77"}),
        ({}, None, None),
        ({"route_id": None}, None, None),
        ({"alight_stop_id": StopId("nowhere")}, Reason.UNKNOWN_STOP, {"stop_id": "nowhere"}),
        ({"alight_stop_id": stop_id(6)}, None, None),
    ],
)
def test_unknown_names_are_named(change: dict[str, Any], reason: Reason | None, detail: object) -> None:
    said = refusals.unknown_names(ring(**change), TOWN)
    assert (said.reason if said else None, said.detail if said else None) == (reason, detail)


def test_the_stop_is_looked_at_first() -> None:
    said = refusals.unknown_names(ring(stop_id=StopId("nowhere"), route_id=RouteId("77")), TOWN)
    assert said is not None
    assert said.reason is Reason.UNKNOWN_STOP


def test_a_bell_to_get_off_needs_somebody_on_board() -> None:
    world = World(network=TOWN)
    said = world.do(replace(ring(), kind=BellKind.ALIGHT))
    assert [(one.reason, one.ref) for one in said if isinstance(one, Refused)] == [(Reason.NOT_ON_BOARD, "bell-1")]


@pytest.mark.parametrize(
    ("change", "visits"),
    [
        ({}, [3]),
        ({"direction_id": 0}, [3]),
        ({"direction_id": 1}, []),
        ({"stop_sequence": 4}, [3]),
        ({"stop_sequence": 5}, []),
        ({"route_id": RouteId("99")}, []),
        ({"route_id": None}, []),
        ({"stop_id": stop_id(7)}, []),  # the last stop
        ({"alight_stop_id": stop_id(6)}, [3]),
        ({"alight_stop_id": stop_id(2)}, []),  # behind
        ({"alight_stop_id": stop_id(3)}, []),  # here
        ({"alight_stop_id": stop_id(5, 1)}, []),  # across the road
        ({"stop_id": stop_id(5)}, [5]),  # alight-only, but a visit
    ],
)
def test_places_are_the_visits_that_fit(change: dict[str, Any], visits: list[int]) -> None:
    assert [place.visit.index for place in refusals.places_of(ring(**change), TOWN)] == visits


def test_a_stop_visited_twice_is_two_places_unless_the_sequence_is_said() -> None:
    rounds = line(TWICE_ROUND, [0, 600, 1200, 3000, 3600, 4800])
    corner = rounds.pattern(0).visits[1].stop_id
    places = refusals.places_of(ring(stop_id=corner), rounds)
    assert [place.visit.stop_sequence for place in places] == [2, 4]
    (second,) = refusals.places_of(ring(stop_id=corner, stop_sequence=4), rounds)
    assert second.visit.index == 3


def test_an_accepted_bell_is_served_only_where_boarding_is_allowed() -> None:
    bell = Bell(
        BellId("b"), RiderId("r"), BellKind.BOARD, stop_id(5), RouteId("10"), BellState.WAITING, rung_ms=0, changed_ms=0
    )
    assert refusals.places_of_bell(bell, TOWN) == []
    assert [p.visit.index for p in refusals.places_of_bell(replace(bell, stop_id=stop_id(4)), TOWN)] == [4]


def test_the_wrong_place_says_the_stops_name() -> None:
    nothing = refusals.wrong_place(ring(), [], TOWN)
    assert nothing is not None
    assert (nothing.reason, nothing.detail) == (Reason.ROUTE_NOT_AT_STOP, {"stop_name": "거리 3", "route_id": "10"})
    alight = ring(stop_id=stop_id(5))
    only = refusals.wrong_place(alight, refusals.places_of(alight, TOWN), TOWN)
    assert only is not None
    assert (only.reason, only.detail) == (Reason.ALIGHT_ONLY, {"stop_name": "거리 5"})
    assert refusals.wrong_place(ring(), refusals.places_of(ring(), TOWN), TOWN) is None


def test_a_route_that_does_not_go_where_the_rider_wants_to_says_the_name_of_that_stop() -> None:
    behind = refusals.wrong_place(ring(alight_stop_id=stop_id(1)), [], TOWN)
    assert behind is not None
    assert (behind.reason, behind.detail) == (Reason.ROUTE_NOT_AT_STOP, {"stop_name": "거리 1", "route_id": "10"})
    neither = refusals.wrong_place(ring(route_id=RouteId("99"), alight_stop_id=stop_id(6)), [], TOWN)
    assert neither is not None
    assert neither.detail == {"stop_name": "거리 3", "route_id": "99"}


@pytest.mark.parametrize(
    ("away_m", "accuracy_m", "allowed"),
    [(90, 0, True), (110, 0, False), (110, 20, True), (240, 150, True), (260, 150, False), (260, 5000, False)],
)
def test_presence_is_100_m_and_the_reported_accuracy_up_to_a_limit(
    away_m: float, accuracy_m: float, allowed: bool
) -> None:
    presence = Presence(*lat_lon(stop_x(3), -6.0 - away_m), accuracy_m)
    said = refusals.not_present(ring(presence=presence), TOWN, Policy())
    assert (said is None) is allowed
    if said is not None:
        assert said.reason is Reason.NOT_AT_STOP
        assert said.detail == {"stop_name": "거리 3", "distance_m": pytest.approx(away_m, abs=2)}


@pytest.mark.parametrize("presence", [None, Presence(), Presence(lat=37.0), Presence(lon=127.0)])
def test_who_does_not_say_where_is_not_there(presence: Presence | None) -> None:
    said = refusals.not_present(ring(presence=presence), TOWN, Policy())
    assert said is not None
    assert (said.reason, said.detail) == (Reason.NOT_AT_STOP, {"stop_name": "거리 3"})
    assert refusals.not_present(ring(presence=presence), TOWN, Policy(presence_required=False)) is None


def test_a_nonce_of_the_stop_proves_presence() -> None:
    assert refusals.not_present(ring(presence=Presence(proven=True)), TOWN, Policy()) is None


def test_one_open_bell_to_board_at_a_time() -> None:
    bell = Bell(
        BellId("b"), RiderId("r"), BellKind.BOARD, stop_id(4), RouteId("10"), BellState.WAITING, rung_ms=0, changed_ms=0
    )
    assert refusals.second_bell(ring(), [], Policy()) is None
    said = refusals.second_bell(ring(), [bell], Policy())
    assert said is not None
    assert said.reason is Reason.ONE_BELL_AT_A_TIME
    for others in (replace(bell, state=BellState.SERVED), replace(bell, kind=BellKind.ALIGHT)):
        assert refusals.second_bell(ring(), [others], Policy()) is None
    assert refusals.second_bell(ring(), [bell], Policy(one_bell_per_rider=False)) is None


@pytest.mark.parametrize(
    "change",
    [
        {"rider_id": RiderId("thief")},
        {"kind": BellKind.ALIGHT},
        {"stop_id": stop_id(4)},
        {"route_id": RouteId("99")},
        {"direction_id": 1},
        {"stop_sequence": 9},
    ],
)
def test_the_same_request_is_the_same_in_all_that_matters(change: dict[str, Any]) -> None:
    bell = Bell(
        BellId("bell-1"),
        RiderId("rider"),
        BellKind.BOARD,
        stop_id(3),
        RouteId("10"),
        BellState.SHOWN,
        rung_ms=0,
        changed_ms=0,
    )
    assert refusals.same_request(ring(), bell)
    assert refusals.same_request(ring(party=3, presence=None, vehicle_id=VehicleId("any")), bell)
    assert not refusals.same_request(replace(ring(), **change), bell)


def test_the_nearest_reason_is_told_first() -> None:
    """Far from an alight-only stop: that it is alight-only matters more. A second bell: that one is at the wrong stop."""
    world = World(network=TOWN)
    world.ring(2)
    assert refused(world.ring(5, presence=None)) == [Reason.ALIGHT_ONLY]
    assert refused(world.ring(3, presence=None)) == [Reason.NOT_AT_STOP]
    assert refused(world.ring(3)) == [Reason.ONE_BELL_AT_A_TIME]
