"""The parts of the decision on their own: beacons, phones, trails, weights, pairs of stops, statements."""

import itertools
import random
from collections.abc import Sequence

import pytest
from hypothesis import given, strategies as st
from msgspec.structs import replace

from server.core.model import (
    EvidenceKey,
    PatternId,
    Question,
    Ride,
    RideId,
    RiderId,
    RideState,
    RouteId,
    StopId,
    TripId,
    TripKey,
    VehicleId,
    VisitOutcome,
)
from server.core.network import Visit
from server.core.ride_rules import RideRules
from server.core.rides import beacons, memory, phone, record, trail
from server.core.rides.beacons import Beacon, BeaconBook, rotating_id
from server.core.rides.book import RideBook
from server.core.rides.decision import Verdict, decide, evidence
from server.core.rides.judgement import Hints, Judgement, judge
from server.core.rides.memory import RideMemory
from server.core.rides.phone import SLOT_MS, Heard, Phone, Position
from server.core.rides.trail import Call, Run, Trail
from server.core.rides.weighing import level, rival

A, B = VehicleId("A"), VehicleId("B")
ME = RiderId("rider")
RULES = RideRules()
KEY = "00112233445566778899aabbccddeeff"
GAP_S, STAND_S, GAP_M = 60, 15, 540.0


# -- beacons -----------------------------------------------------------------------


def test_a_beacon_is_in_the_bus_of_its_time() -> None:
    book = BeaconBook(
        [
            Beacon(vehicle_id=A, beacon_id="b", valid_to_ms=1000),
            Beacon(vehicle_id=B, beacon_id="b", valid_from_ms=2000, valid_to_ms=3000),
        ]
    )
    found = [book.find("b", at_ms) for at_ms in (999, 1000, 2000, 3000)]
    assert [one.vehicle_id if one is not None else None for one in found] == [A, None, B, None]
    assert book.find("other", 0) is None
    assert book.vehicles == {A, B}


def test_a_rotating_beacon_is_known_in_its_five_minutes_and_not_later() -> None:
    book = BeaconBook([Beacon(vehicle_id=A, beacon_id="x"), Beacon(vehicle_id=A, key=KEY, valid_from_ms=300_000)])
    step_ms = beacons.STEP_S * 1000
    at_ms = 10 * step_ms + 100_000
    shown = rotating_id(bytes.fromhex(KEY), at_ms)
    found = book.find(shown, at_ms)
    assert found is not None
    assert (found.vehicle_id, found.number) == (A, 1)
    assert book.find(shown, at_ms + step_ms) is None
    assert book.find(shown, 11 * step_ms + 50_000) is not None  # its clock may be a minute slow
    assert book.find(rotating_id(bytes.fromhex(KEY), 0), 1000) is None  # it was not in a bus yet
    assert book.find("nothing", at_ms) is None


def test_tables_of_old_steps_are_forgotten() -> None:
    book = BeaconBook([Beacon(vehicle_id=A, key=KEY)])
    for step in range(beacons.STEPS_KEPT + 4):
        at_ms = step * beacons.STEP_S * 1000 + 150_000
        assert book.find(rotating_id(bytes.fromhex(KEY), at_ms), at_ms) is not None
    assert len(book._steps) == beacons.STEPS_KEPT


# -- phones ------------------------------------------------------------------------


TOLD = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 5), st.integers(-95, -55)), max_size=20)


@given(told=TOLD, seed=st.integers(0, 1000))
def test_what_a_phone_knows_does_not_depend_on_order_or_repetition(told: list[tuple[int, int, int]], seed: int) -> None:
    heard = [Heard(A, beacon, float(dbm), second * 1000) for second, beacon, dbm in told]
    one, other = Phone(), Phone()
    one.hear(heard)
    shuffled = [*heard, *heard[:5]]
    random.Random(seed).shuffle(shuffled)
    for each in shuffled:
        other.hear([each])
    assert one.slots_of(A) == other.slots_of(A)
    assert one.newest_ms == other.newest_ms


def test_a_phone_remembers_so_much_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, most in (("SLOTS_KEPT", 10), ("BUSES_KEPT", 2), ("POSITIONS_KEPT", 3)):
        monkeypatch.setattr(phone, name, most)
    told = Phone()
    for second in range(0, 200, 5):
        told.hear([Heard(A, 0, -70.0, second * 1000)])
        told.be_at([Position(second * 1000, 0.0, 0.0, 5.0)] * 2)
        told.listen(second * 1000, (second + 5) * 1000)
    told.hear([Heard(VehicleId(f"far-{n}"), 0, -90.0, n * 1000) for n in range(3)])
    assert len(told.slots_of(A)) == 10
    assert told.buses[0] == A
    assert len(told.buses) == 2
    assert [position.at_ms for position in told.positions_between(0, 10**9)] == [185_000, 190_000, 195_000]
    assert told.last_ms(A) == 200_000
    assert (told.last_ms(B), told.told_between(300_000, 310_000)) == (None, 0)


def test_riders_are_forgotten_and_so_is_a_fifth_phone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "PHONES_MAX", 2)
    kept = RideMemory([])
    for device in "abcde":
        kept.phone(ME, device).be_at([Position(ord(device), 0.0, 0.0, 5.0)])
    assert len(kept.phones(ME)) == memory.DEVICES_MAX
    kept.phone(RiderId("q"), "").be_at([Position(5000, 0.0, 0.0, 5.0)])
    kept.forget_before(1000)
    assert (kept.phones(ME), len(kept.phones(RiderId("q")))) == ([], 1)
    for name in "xyz":
        kept.phone(RiderId(name), "")
    assert kept.phones(RiderId("q")) == []


# -- trails ------------------------------------------------------------------------


def visits(count: int = 8) -> tuple[Visit, ...]:
    return tuple(Visit(i, StopId(f"s{i}"), i + 1, 100.0 + i * GAP_M, 0, 0) for i in range(count))


def new_run(trip: str = "t", vehicle: VehicleId = A) -> Run:
    return Run(vehicle, TripKey(TripId(trip), "20261120"), RouteId("7"), PatternId("p"), visits())


def driven(stops: int = 7, *, outcome: VisitOutcome = VisitOutcome.STOPPED, beacons: bool = True) -> tuple[Run, Trail]:
    """A run with a stand of 15 s at each stop and a minute between them, from time 0."""
    run, bus = new_run(), Trail(A, followed=True, beacons=beacons)
    bus.begin(run)
    at_s = 0
    for i in range(stops):
        along_m = run.visits[i].along_m
        for second in range(0, STAND_S, 3):
            bus.moved((at_s + second) * 1000, along_m, 0.0, along_m)
        bus.called(Call(i, at_s * 1000, (at_s + STAND_S) * 1000, outcome, sure=True))
        at_s += STAND_S
        for second in range(0, GAP_S, 3):
            x = along_m + GAP_M * second / GAP_S
            bus.moved((at_s + second) * 1000, x, 0.0, x)
        at_s += GAP_S
    return run, bus


def test_a_bus_is_between_its_samples_and_nowhere_in_a_long_silence() -> None:
    bus = Trail(A, followed=True)
    assert (bus.place(0), bus.speed_mps(0), bus.newest_ms) == (None, 0.0, 0)
    bus.moved(0, 0.0, 0.0, 0.0)
    bus.moved(1000, 9.0, 0.0, 9.0)  # sooner than a sample is taken
    bus.moved(10_000, 100.0, 0.0, 100.0)
    bus.moved(100_000, 500.0, 0.0, 500.0)
    assert bus.place(5000) == (50.0, 0.0)
    assert bus.speed_mps(5000) == pytest.approx(10.0)
    assert (bus.place(50_000), bus.speed_mps(50_000)) == (None, 0.0)
    assert bus.place(104_000) == (500.0, 0.0)
    assert bus.place(200_000) is None
    assert bus.clear_of(0, 100_000, 50.0, 400.0) == (10_000, 10_000)
    assert bus.clear_of(0, 100_000, 600.0, 700.0) == (100_000, 0)


def test_a_trail_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trail, "SAMPLES_KEPT", 5)
    bus = Trail(A, followed=True)
    for n in range(30):
        bus.moved(n * 4000, float(n), 0.0, float(n))
        bus.begin(new_run(f"t{n}"))
    assert len(bus._at_ms) < 10
    assert [run.trip.trip_id for run in bus.runs] == ["t27", "t28", "t29"]
    assert [run.over for run in bus.runs] == [True, True, False]


def test_of_a_bus_that_nobody_is_on_only_the_last_calls_are_kept() -> None:
    bus = Trail(A, followed=False)
    assert bus.run is None
    run = new_run()
    bus.begin(run)
    for i in range(8):
        bus.moved(i * 5000, 0.0, 0.0, 0.0)
        bus.called(Call(i, i * 75_000, i * 75_000 + 15_000, VisitOutcome.STOPPED, sure=True))
    assert sorted(run.calls) == [4, 5, 6, 7]
    assert bus.newest_ms == 0


def test_a_bus_is_forgotten_unless_somebody_may_be_on_it() -> None:
    kept = RideMemory([])
    run = new_run()
    kept.trail(A).begin(run)
    thought = kept.think(ME, run, 0)
    kept.forget_bus(A)
    assert kept.find(ME, A, run.trip) is thought
    assert (kept.find(ME, A, None), kept.find(ME, B, run.trip)) == (None, None)
    renamed = TripKey(TripId("u"), "20261120")
    other = kept.think(ME, new_run("v"), 0)
    kept.renamed(run, renamed)
    assert kept.find(ME, A, renamed) is thought
    kept.drop(thought)
    kept.drop(other)
    kept.forget_bus(A)
    assert (kept.thoughts(), kept.thoughts_on(A), A in kept.trails) == ([], [], False)


# -- weights -----------------------------------------------------------------------


def test_loud_speaks_for_inside_faint_for_beside_and_hardly_any_for_far() -> None:
    loud, faint, hardly = (level(dbm, RULES, 0.0) for dbm in (-65.0, -86.0, -99.0))
    assert loud.inside > loud.beside > 0
    assert faint.beside > faint.inside
    assert hardly.beside > hardly.inside
    assert level(-80.0, RULES, -16.0).inside > level(-80.0, RULES, 7.0).inside


def test_a_louder_bus_speaks_against_and_a_quieter_one_a_little_for() -> None:
    assert rival(24.0, RULES) == RULES.rival_limit
    assert -RULES.rival_limit < rival(-24.0, RULES) < 0.0


# -- pairs of stops -----------------------------------------------------------------


def riding(
    board: int, alight: int, *, dbm: float = -68.0, until_s: int = 600, every_s: int = 5, blind: bool = False
) -> Phone:
    """A phone that waits at a stop, rides along, and stays where it got off; its receiver is always on."""
    run, bus = driven()
    told = Phone()
    on_ms = (board * (GAP_S + STAND_S) + STAND_S - 3) * 1000
    off_ms = (alight * (GAP_S + STAND_S) + 4) * 1000
    for at_ms in range(0, until_s * 1000, every_s * 1000):
        stop = run.visits[board if at_ms < on_ms else alight].along_m
        place = bus.place(at_ms)
        inside = on_ms <= at_ms < off_ms
        x = place[0] if inside and place is not None else stop
        near = place is not None and abs(place[0] - x) < 40.0
        told.listen(at_ms, at_ms + every_s * 1000)
        if inside or near:
            told.hear([Heard(A, at_ms // 1000 % 4, dbm if inside else -84.0, at_ms)])
        if not blind:
            told.be_at([Position(at_ms, x, 0.0, 8.0)])
    return told


def judged(phones: Sequence[Phone], hints: Hints | None = None, **more: object) -> Judgement:
    run, bus = driven(**more)  # type: ignore[arg-type]
    run.over = True
    return judge(run, bus, phones, hints or Hints(), RULES, until_ms=10**6)


@pytest.mark.parametrize(("board", "alight"), [(0, 2), (1, 4), (2, 6), (0, 6)])
@pytest.mark.parametrize("blind", [False, True])
def test_both_stops_are_found(board: int, alight: int, blind: bool) -> None:
    found = judged([riding(board, alight, blind=blind)])
    assert found.committed(RULES)
    assert found.board is not None
    assert found.alight is not None
    assert (found.board.visit_index, found.alight.visit_index) == (board, alight)
    assert found.pair > 0.9
    assert found.gaps == alight - board


def test_a_faint_phone_in_a_bag_is_found_by_how_long_it_was_heard() -> None:
    found = judged([riding(0, 6, dbm=-82.0)])
    assert found.committed(RULES)


def test_one_short_gap_is_no_ride_unless_it_was_announced() -> None:
    phones = [riding(1, 2)]
    once = judged(phones)
    assert once.gaps == 1
    assert judged(phones, Hints(by_hand_ms=(STAND_S + GAP_S) * 1000)).committed(RULES, by_hand=True)


def test_the_phone_that_rode_counts_not_the_one_at_home() -> None:
    home = Phone()
    home.listen(0, 600_000)
    assert judged([home, riding(1, 4)]).ride == judged([riding(1, 4)]).ride
    assert judged([]).ride < 0.0


def test_boarding_where_the_bus_was_seen_to_pass_is_much_less_likely() -> None:
    run, bus = driven()
    run.over = True
    stood = judge(run, bus, [riding(1, 4)], Hints(), RULES, until_ms=10**6)
    run.calls[1] = run.calls[1]._replace(outcome=VisitOutcome.PASSED, sure=False)
    maybe = judge(run, bus, [riding(1, 4)], Hints(), RULES, until_ms=10**6)
    run.calls[1] = run.calls[1]._replace(sure=True)
    passed = judge(run, bus, [riding(1, 4)], Hints(), RULES, until_ms=10**6)
    assert stood.ride > maybe.ride > passed.ride


def test_who_rang_for_it_or_was_met_in_it_is_likelier_to_ride() -> None:
    phones = [riding(1, 3)]
    plain = judged(phones)
    assert judged(phones, Hints(rang=True)).ride > plain.ride
    assert judged(phones, Hints(met_ms=(150_000,))).ride > plain.ride
    assert judged(phones, Hints(met_ms=(500_000,))).ride < plain.ride
    assert judged(phones, Hints(by_hand_ms=-1)).ride > plain.ride


def test_a_run_without_calls_says_nothing() -> None:
    assert judge(new_run(), Trail(A, followed=True), [], Hints(), RULES, until_ms=0) == Judgement()
    run, bus = driven(1)
    run.over = True
    assert judge(run, bus, [], Hints(), RULES, until_ms=0).probability < 1e-9


def test_a_trail_that_was_not_seen_leaves_the_radio_alone() -> None:
    run, _ = driven()
    run.over = True
    unseen = judge(run, Trail(A, followed=True), [riding(1, 4)], Hints(), RULES, until_ms=10**6)
    assert unseen.gaps <= 3


# -- statements ---------------------------------------------------------------------


CALLS = tuple(Call(i, i * 75_000, i * 75_000 + 15_000, VisitOutcome.STOPPED, sure=True) for i in range(7))
SURE = Judgement(
    ride=12.0,
    out=9.0,
    board=CALLS[1],
    alight=CALLS[4],
    pair=0.99,
    board_share=0.995,
    alight_share=0.995,
    gaps=3,
    placed=3,
)


def stated(
    said: Judgement,
    *,
    now_s: int = 900,
    phones: Sequence[Phone] | None = None,
    over: bool = False,
    by_hand: bool = False,
    rotating: bool = False,
) -> Verdict:
    run, _ = driven()
    run.over = over
    hints = Hints(by_hand_ms=76_000) if by_hand else Hints()
    told = [riding(1, 4)] if phones is None else phones
    return decide(said, run, told, hints, RULES, now_ms=now_s * 1000, rotating=rotating)


def test_a_ride_ends_when_it_is_sure_and_has_been_waited_for() -> None:
    assert stated(SURE).state is RideState.ALIGHTED
    assert stated(SURE, now_s=350).state is RideState.ABOARD
    assert stated(SURE._replace(out=1.0)).state is RideState.ABOARD
    assert stated(SURE._replace(alight=None)).state is RideState.ABOARD
    assert stated(SURE._replace(alight=CALLS[4]._replace(departed_ms=None))).state is RideState.ABOARD
    assert stated(SURE._replace(alight=CALLS[4]._replace(departed_ms=None)), over=True).state is RideState.ALIGHTED


def test_an_id_that_never_changes_proves_no_place_by_itself() -> None:
    nowhere = SURE._replace(placed=0)
    assert (stated(nowhere).state, stated(nowhere).question) == (RideState.ASKED, Question.ABOARD)
    assert stated(nowhere, rotating=True).state is RideState.ALIGHTED
    assert stated(nowhere, by_hand=True).state is RideState.ALIGHTED


def test_a_phone_that_told_nothing_more_is_waited_for_longer() -> None:
    silent = [Phone()]
    assert stated(SURE, now_s=500, phones=silent).state is RideState.ABOARD
    assert stated(SURE, now_s=700, phones=silent).state is RideState.ALIGHTED


def test_what_is_not_sure_is_asked() -> None:
    board = stated(SURE._replace(pair=0.6, board_share=0.6))
    alight = stated(SURE._replace(pair=0.6, alight_share=0.6))
    assert (board.state, board.question) == (RideState.ASKED, Question.BOARD)
    assert (alight.state, alight.question) == (RideState.ASKED, Question.ALIGHT)
    maybe = stated(SURE._replace(ride=2.0), over=True, now_s=2000)
    assert (maybe.state, maybe.question) == (RideState.ASKED, Question.ABOARD)
    assert stated(SURE._replace(ride=2.0, gaps=0), over=True, now_s=2000).alight is None


def test_what_is_unlikely_is_not_spoken_of() -> None:
    unlikely = SURE._replace(ride=-3.0, gaps=0)
    assert stated(unlikely, now_s=600).state is None
    assert stated(unlikely, over=True, now_s=2000).state is RideState.VOIDED
    assert stated(unlikely, by_hand=True, now_s=600).state is RideState.DETECTED
    assert stated(unlikely, by_hand=True, over=True, now_s=2000).state is RideState.VOIDED


def test_evidence_is_data_a_page_can_put_into_words() -> None:
    run, bus = driven()
    hints = Hints(rang=True, met_ms=(200_000,), wants_off_at=StopId("s4"))
    found = evidence(SURE, run, bus, [riding(1, 4)], hints)
    assert [one.key for one in found] == [
        EvidenceKey.BOARDING_BELL,
        EvidenceKey.DOORS_OPENED,
        EvidenceKey.POSITIONS_AGREE,
        EvidenceKey.HEARD_BEACONS,
        EvidenceKey.MOVED_WITH_BUS,
        EvidenceKey.INSPECTED,
        EvidenceKey.ALIGHTING_BELL,
        EvidenceKey.STOPPED_HEARING,
    ]
    by_key = {one.key: one.values for one in found}
    assert by_key[EvidenceKey.HEARD_BEACONS] == {"beacons": 4, "minutes": pytest.approx(4, abs=1)}
    assert by_key[EvidenceKey.STOPPED_HEARING]["stop_id"] == "s4"
    nobody = evidence(SURE._replace(gaps=0), run, bus, [], Hints())
    assert [one.key for one in nobody] == [EvidenceKey.DOORS_OPENED, EvidenceKey.INFERRED_EXIT]
    assert evidence(Judgement(), run, bus, [], Hints()) == []
    run, bare = driven(beacons=False)
    open_end = SURE._replace(alight=CALLS[4]._replace(departed_ms=None))
    assert evidence(open_end, run, bare, [riding(1, 4)], Hints())[-1].key is EvidenceKey.MOVED_AWAY
    assert evidence(SURE._replace(alight=None), run, bus, [], Hints())[-1].key is EvidenceKey.MOVED_WITH_BUS


# -- records ------------------------------------------------------------------------


def begun() -> tuple[Run, Ride]:
    run, _ = driven()
    return run, record.begun(ME, run, CALLS[1], 0, by_card=False)


def test_a_verdict_changes_a_record_only_where_something_has_changed() -> None:
    run, ride = begun()
    on_board = record.changed(run, ride, Verdict(RideState.ABOARD, CALLS[1]), (), RULES, 1000)
    assert on_board is not None
    assert record.changed(run, on_board, Verdict(RideState.ABOARD, CALLS[1]), (), RULES, 2000) is None
    ended = record.changed(run, on_board, Verdict(RideState.ALIGHTED, CALLS[1], CALLS[4], 0.99), (), RULES, 3000)
    assert ended is not None
    assert ended.undo_until_ms == 3000 + 900_000
    assert record.changed(run, ended, Verdict(RideState.ALIGHTED, CALLS[1], CALLS[4], 0.98), (), RULES, 4000) is None
    later = record.changed(run, ended, Verdict(RideState.ALIGHTED, CALLS[1], CALLS[5], 0.98), (), RULES, 5000)
    assert later is not None
    assert later.alight is not None
    assert later.alight.stop_id == "s5"
    assert record.changed(run, ended, Verdict(RideState.VOIDED), (), RULES, 6000) is None
    assert record.changed(run, ride, Verdict(RideState.DETECTED), (), RULES, 6000) is None
    assert record.changed(run, ride, Verdict(None), (), RULES, 6000) is None


def test_a_place_that_was_recorded_before_a_restart_is_kept() -> None:
    run, ride = begun()
    del run.calls[1]
    on_board = record.changed(run, ride, Verdict(RideState.ABOARD, CALLS[2]), (), RULES, 1000)
    assert on_board is not None
    assert on_board.board == ride.board


def test_the_book_forgets_the_oldest_that_ended() -> None:
    book = RideBook(ended_kept=2)
    _, first = begun()
    for number, state in itertools.product(range(4), (RideState.ABOARD, RideState.ASKED, RideState.VOIDED)):
        ride = record.voided(first, number, reason=None)
        book.put(numbered(ride, number, state))
    assert [ride.ride_id for ride in book.of_rider(RiderId("r2"))] == ["ride-2"]
    assert (book.get(RideId("ride-0")), book.of_rider(RiderId("r0"))) == (None, [])
    assert (len(book), book.undecided_count, book.going_on(), book.pending()) == (0, 0, [], [])
    book.put(numbered(first, 9, RideState.ASKED))
    assert (len(book), book.undecided_count) == (1, 0)
    for number in (10, 11, 12):
        book.put(replace(record.voided(first, 0, reason=None), ride_id=RideId(f"ride-{number}")))
    assert [ride.ride_id for ride in book.of_rider(ME)] == ["ride-11", "ride-12"]


def numbered(ride: Ride, number: int, state: RideState) -> Ride:
    return replace(ride, ride_id=RideId(f"ride-{number}"), rider_id=RiderId(f"r{number}"), state=state)


# -- sleep, and ways too long to walk ---------------------------------------------------


def asleep(slept_s: int, woke_s: int) -> Phone:
    """A phone that rode from stop 1, fell asleep on the way, and was woken without the bus for ten seconds."""
    awake = riding(1, 6, until_s=slept_s)
    awake.listen(woke_s * 1000, (woke_s + 10) * 1000)
    return awake


@pytest.mark.parametrize("alight", [3, 4, 5])
def test_a_phone_that_is_woken_outside_has_just_lost_the_bus(alight: int) -> None:
    off_s = alight * (GAP_S + STAND_S) + 4
    found = judged([asleep(200, off_s + 38)])
    assert found.alight is not None
    assert found.alight.visit_index == alight
    assert found.alight_share > 0.8


def test_a_phone_that_wakes_in_the_bus_was_not_outside() -> None:
    told = riding(1, 6, until_s=200)
    late = riding(1, 6, until_s=420)
    told.hear(Heard(A, 0, slot.loudest_dbm, index * SLOT_MS) for index, slot in late.slots_of(A).items() if index > 70)
    found = judged([told])
    assert found.alight is not None
    assert found.alight.visit_index >= 5


def test_nobody_got_off_where_the_phone_cannot_have_walked_from() -> None:
    near, far = riding(1, 4, blind=True), riding(1, 4, blind=True)
    at_ms = (4 * (GAP_S + STAND_S) + 40) * 1000
    stop_m = visits()[4].along_m
    near.be_at([Position(at_ms, stop_m + 30.0, 0.0, 8.0)])
    far.be_at([Position(at_ms, stop_m + 2500.0, 0.0, 8.0)])
    assert judged([near]).ride > judged([far]).ride
