"""The bell's state machine is closed, and its book stays small and right."""

import pytest
from hypothesis import given, strategies as st
from msgspec.structs import replace

from server.core.bells import MOVES, BellBook, IllegalMoveError, fail, give, move, wait
from server.core.model import (
    END_STATES,
    Bell,
    BellId,
    BellKind,
    BellState,
    Reason,
    RiderId,
    RouteId,
    StopId,
    TripId,
    TripKey,
    VehicleId,
)

S = BellState
TRIP = TripKey(TripId("T"), "20261120")
BUS, OTHER = VehicleId("bus"), VehicleId("other")


def bell(number: int = 1, state: BellState = S.WAITING, rider: str = "rider", route: str = "10") -> Bell:
    return Bell(
        BellId(f"bell-{number}"),
        RiderId(rider),
        BellKind.BOARD,
        StopId("stop"),
        RouteId(route),
        state,
        rung_ms=number,
        changed_ms=number,
    )


def on(vehicle: VehicleId = BUS, number: int = 1) -> Bell:
    return give(bell(number), vehicle, TRIP, 4, 10)


# -- moves -------------------------------------------------------------------------


def test_every_state_has_its_moves_and_ends_have_none() -> None:
    assert MOVES.keys() == set(BellState)
    for state in END_STATES:
        assert MOVES[state] == frozenset()
    for state in set(BellState) - END_STATES:
        assert MOVES[state] >= END_STATES, f"{state} could be stuck for ever"
        assert S.ASSIGNED in MOVES[state], f"{state} could never get another bus"


def test_passed_and_declined_are_not_ends() -> None:
    assert {S.PASSED, S.DECLINED}.isdisjoint(END_STATES)
    assert MOVES[S.PASSED] == MOVES[S.DECLINED] == END_STATES | {S.WAITING, S.ASSIGNED}


@given(before=st.sampled_from(BellState), after=st.sampled_from(BellState))
def test_a_bell_moves_along_its_moves_and_no_other_way(before: BellState, after: BellState) -> None:
    start = bell(state=before)
    if after in MOVES[before]:
        moved = move(start, after, 99, reason=Reason.FULL)
        assert (moved.state, moved.changed_ms, moved.reason) == (after, 99, Reason.FULL)
        assert replace(moved, state=before, changed_ms=1, reason=None) == start
    else:
        with pytest.raises(IllegalMoveError, match=f"bell-1 cannot go from {before} to {after}"):
            move(start, after, 99)


@given(walk=st.lists(st.sampled_from(BellState), max_size=30))
def test_an_end_is_for_ever(walk: list[BellState]) -> None:
    now, ended = bell(), None
    for state in walk:
        if state in MOVES[now.state]:
            now = move(now, state, 5)
        ended = ended or (now.state if now.ended else None)
        assert ended in (None, now.state)


def test_each_choice_of_a_bus_is_another_attempt() -> None:
    first = on()
    assert (first.attempt, first.buses, first.vehicle_id, first.visit_sequence) == (1, 1, BUS, 4)
    passed = fail(first, S.PASSED, 20, reason=Reason.UNSURE)
    assert (passed.state, passed.tried, passed.vehicle_id) == (S.PASSED, (BUS,), BUS)
    waiting = wait(passed, 30, reason=None)
    assert (waiting.attempt, waiting.vehicle_id, waiting.trip, waiting.visit_sequence) == (1, None, None, None)
    second = give(waiting, OTHER, TRIP, 4, 40, reason=Reason.OVERTAKEN)
    assert (second.attempt, second.buses, second.vehicle_id, second.reason) == (2, 2, OTHER, Reason.OVERTAKEN)


def test_only_a_chosen_bus_can_fail() -> None:
    with pytest.raises(IllegalMoveError, match="bell-1 has no bus"):
        fail(bell(), S.PASSED, 1, reason=None)


# -- the book ------------------------------------------------------------------------


def test_the_book_knows_each_bell_by_id_rider_vehicle_and_route() -> None:
    book = BellBook(10)
    book.put(bell(1))
    book.put(on(number=2))
    book.put(replace(bell(3, rider="somebody"), route_id=RouteId("20")))
    assert len(book) == 3
    assert [b.bell_id for b in book.of_rider(RiderId("rider"))] == ["bell-1", "bell-2"]
    assert [b.bell_id for b in book.of_vehicle(BUS)] == ["bell-2"]
    assert [b.bell_id for b in book.without_bus()] == ["bell-1", "bell-3"]
    assert [b.bell_id for b in book.without_bus(RouteId("20"))] == ["bell-3"]
    assert [b.bell_id for b in book.with_bus()] == ["bell-2"]
    assert book.get(BellId("nobody")) is None


def test_the_book_knows_at_which_visits_a_bus_is_awaited_and_by_whom() -> None:
    book = BellBook(10)
    first, second = replace(on(number=1), visit_sequence=7), replace(on(number=2), visit_sequence=7)
    for record in (first, second, replace(on(number=3), visit_sequence=4)):
        book.put(record)
    assert sorted(book.visits_of(BUS)) == [4, 7]
    assert [b.bell_id for b in book.at_visit(BUS, 7)] == ["bell-1", "bell-2"]
    book.put(fail(first, S.PASSED, 2, reason=None))
    assert book.at_visit(BUS, 7) == [second]
    book.put(move(second, S.CANCELLED, 3))
    assert sorted(book.visits_of(BUS)) == [4]
    assert book.at_visit(BUS, 7) == book.at_visit(OTHER, 7) == []
    assert not book.visits_of(OTHER)


def test_a_bell_without_a_bus_is_found_by_its_route_again() -> None:
    book = BellBook(10)
    given_ = on()
    for record in (bell(), given_, fail(given_, S.DECLINED, 2, reason=Reason.FULL)):
        book.put(record)
    assert book.of_vehicle(BUS) == []
    assert [b.state for b in book.without_bus(RouteId("10"))] == [S.DECLINED]


def test_ended_bells_are_kept_up_to_a_number_and_then_forgotten_wholly() -> None:
    book = BellBook(3)
    for number in range(1, 8):
        book.put(bell(number))
        book.put(move(bell(number), S.CANCELLED, 9))
    assert len(book) == 0
    assert book.get(BellId("bell-4")) is None
    kept = book.get(BellId("bell-5"))
    assert kept is not None
    assert kept.state is S.CANCELLED
    assert [b.bell_id for b in book.of_rider(RiderId("rider"))] == ["bell-5", "bell-6", "bell-7"]


STATES_ON = [S.ASSIGNED, S.SHOWN, S.ACKNOWLEDGED, S.ARRIVED]


@given(
    puts=st.lists(
        st.tuples(
            st.integers(1, 6), st.sampled_from(BellState), st.sampled_from([BUS, OTHER]), st.sampled_from(["10", "20"])
        ),
        max_size=40,
    )
)
def test_every_index_says_what_the_latest_records_say(puts: list[tuple[int, BellState, VehicleId, str]]) -> None:
    book, latest = BellBook(2), dict[BellId, Bell]()
    for number, state, vehicle, route in puts:
        known = latest.get(BellId(f"bell-{number}"))
        record = bell(number, state, rider=f"rider-{number % 2}", route=known.route_id if known else route)
        record = replace(record, vehicle_id=vehicle if state in STATES_ON else None)
        book.put(record)
        latest[record.bell_id] = record
    open_ = [b for b in latest.values() if not b.ended]
    assert len(book) == len(open_)
    assert all(book.get(b.bell_id) == b for b in open_)
    assert {b.bell_id for b in book.with_bus()} == {b.bell_id for b in open_ if b.vehicle_id}
    for vehicle in (BUS, OTHER):
        assert {b.bell_id for b in book.of_vehicle(vehicle)} == {b.bell_id for b in open_ if b.vehicle_id == vehicle}
    for route in ("10", "20"):
        on_route = {b.bell_id for b in open_ if b.route_id == route and b.vehicle_id is None}
        assert {b.bell_id for b in book.without_bus(RouteId(route))} == on_route
    for rider in ("rider-0", "rider-1"):
        mine = book.of_rider(RiderId(rider))
        assert {b.bell_id for b in mine if not b.ended} == {b.bell_id for b in open_ if b.rider_id == rider}
    assert sum(b.ended for rider in ("rider-0", "rider-1") for b in book.of_rider(RiderId(rider))) <= 2
