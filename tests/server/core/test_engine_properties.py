"""Whatever buses, riders and drivers do, in any order, the engine keeps its promises about bells and alerts."""

from collections.abc import Iterable

from hypothesis import settings, strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
)

from server.core.effects import AlertCleared, AlertRaised, BellRepeated, FixRefused
from server.core.events import Cancel, Respond, Shown, SignOff, TerminalLink
from server.core.model import Answer, BellId, Need, Outcome, RiderId, VehicleId
from server.core.policy import Policy
from tests.server.core.checked_world import FIRST_SEQUENCE, ON_A_BUS, TOLD, CheckedWorld
from tests.server.core.engine_world import DAY, LENGTH_M, START_S, STOPS, Bus, drive, stop_x, street

MAX_AGE_S = 900.0
POLICY = Policy(bell_max_age_s=MAX_AGE_S, ring_horizon_s=1_800.0)
NETWORK = street()
ALL_DUE_MS = NETWORK.day_start_ms(DAY) + (START_S + 1260) * 1000
"""The trips that drivers sign on to have all begun: before that, a bus is held at its first stop wherever it turns."""
FLEET = (
    ("east-1", 0, 900.0, 1, range(0)),
    ("east-2", 0, 300.0, 1, range(STOPS)),
    ("west-1", 1, 700.0, 5, range(0, STOPS, 2)),
    ("west-2", 1, 30.0, 1, range(STOPS)),
)
"""Name, direction, place, seconds between reports, and where it stops whether anybody rings or not."""
BUS = st.integers(0, len(FLEET) - 1)


class BellMachine(RuleBasedStateMachine):
    """Buses on both directions of one street, riders at its stops, drivers at their screens, and a journal."""

    bells: Bundle[BellId] = Bundle("bells")

    @initialize(assume_terminal=st.booleans())
    def begin(self, assume_terminal: bool) -> None:
        self.world = CheckedWorld(network=NETWORK, policy=POLICY, assume_terminal=assume_terminal, now_ms=ALL_DUE_MS)
        self.buses = [
            Bus(self.world, name, x_m, direction=direction, period_s=period_s, stop_at=set(stops))
            for name, direction, x_m, period_s, stops in FLEET
        ]
        self.world.fleet = {bus.name: bus for bus in self.buses}
        self.rung = 0
        for bus in self.buses:
            bus.sign_on()
            if not assume_terminal:
                self.world.do(TerminalLink(VehicleId(bus.name), up=True))
            bus.report()

    # -- time and buses --------------------------------------------------------

    @rule(seconds=st.integers(2, 40), looks=st.sampled_from([True, True, False]))
    def buses_drive(self, seconds: int, looks: bool) -> None:
        drive(self.world, self.buses, seconds, show=looks)

    @rule(bus=BUS, stops=st.sampled_from([range(8), range(0, 8, 2), ()]), cruise_mps=st.sampled_from([0.0, 4.0, 13.0]))
    def a_driver_decides(self, bus: int, stops: Iterable[int], cruise_mps: float) -> None:
        self.buses[bus].stop_at, self.buses[bus].cruise_mps = set(stops), cruise_mps

    @rule(seconds=st.sampled_from([1, 20, 20, 200]))
    def nobody_is_heard(self, seconds: int) -> None:
        for bus in self.buses:
            bus.speed_mps = 0.0
        self.world.wait(seconds)

    @rule(bus=BUS, dx_m=st.integers(-400, 400), dy_m=st.integers(-400, 400), times=st.integers(1, 4))
    def a_receiver_errs(self, bus: int, dx_m: int, dy_m: int, times: int) -> None:
        it = self.buses[bus]
        self.world.misled.add(it.name)
        for _ in range(times):
            self.world.now_ms += 1000
            it.report(x_m=it.x_m + dx_m, y_m=dy_m)

    @rule(bus=BUS, nth=st.integers(0, 5), times=st.integers(1, 4))
    def a_fix_comes_again(self, bus: int, nth: int, times: int) -> None:
        """Late, twice, or again and again: it was taken or refused once, and changes nothing any more."""
        sent = list(self.world.sent.get(self.buses[bus].name, ()))
        for old in [*sent[nth:], *sent[:nth]] * times:
            assert [type(effect) for effect in self.world.engine.step(old, self.world.now_ms)] == [FixRefused]

    @rule(bus=BUS, ago_s=st.integers(0, 100))
    def an_old_fix_comes_late(self, bus: int, ago_s: int) -> None:
        """One that was never heard before, measured before the newest: it changes nothing."""
        it = self.buses[bus]
        newest = self.world.newest.get(VehicleId(it.name))
        if newest is not None:
            late = it.fix(x_m=it.x_m - 5.0 * ago_s, at_ms=newest.at_ms - 1000 * ago_s)
            assert [type(effect) for effect in self.world.engine.step(late, self.world.now_ms)] == [FixRefused]

    @rule(bus=BUS, period_s=st.sampled_from([1, 1, 3, 10, 35, 60]))
    def a_terminal_reports_every(self, bus: int, period_s: int) -> None:
        self.buses[bus].period_s = period_s

    @rule(bus=BUS, seats_left=st.sampled_from([None, 0, 0, 7]))
    def seats_are_counted(self, bus: int, seats_left: int | None) -> None:
        self.buses[bus].seats_left = seats_left

    @rule(bus=BUS, trip=st.sampled_from([None, 0, 1, 2]))
    def a_driver_signs_off_or_on(self, bus: int, trip: int | None) -> None:
        it = self.buses[bus]
        if trip is None:
            self.world.do(SignOff(VehicleId(it.name)))
            return
        it.sign_on(f"{'EW'[it.direction]}-{trip}")
        self.world.now_ms += 1000
        it.report()

    @rule(bus=BUS)
    def a_bus_begins_again(self, bus: int) -> None:
        """Back at the start without a word on the way there."""
        it = self.buses[bus]
        self.world.misled.add(it.name)
        it.x_m = 0.0
        it.sign_on(f"{'EW'[it.direction]}-3")

    @rule(bus=BUS, up=st.booleans())
    def a_link_changes(self, bus: int, up: bool) -> None:
        self.world.do(TerminalLink(VehicleId(self.buses[bus].name), up))

    # -- people ----------------------------------------------------------------

    @rule(
        target=bells,
        riders=st.lists(st.integers(0, 6), min_size=1, max_size=3, unique=True),
        bus=BUS,
        ahead=st.integers(0, 3),
        party=st.integers(1, 4),
        need=st.sampled_from([None, *Need]),
        wish=st.sampled_from([False, False, True]),
    )
    def some_ring(
        self, riders: list[int], bus: int, ahead: int, party: int, need: Need | None, wish: bool
    ) -> MultipleResults[BellId]:
        """At a stop some way ahead of a bus, perhaps for that very bus."""
        it, rung = self.buses[bus], list[BellId]()
        stop = min(sum(stop_x(i) < it.x_m for i in range(STOPS)) + ahead, STOPS - 2)
        for rider in riders:
            self.rung += 1
            rung.append(BellId(f"bell-{self.rung}"))
            self.world.ring(
                stop,
                rider=f"rider-{rider}",
                direction=it.direction,
                bell_id=rung[-1],
                party=party,
                needs=() if need is None else (need,),
                vehicle_id=VehicleId(it.name) if wish else None,
            )
        return multiple(*rung)

    @rule(bell_id=bells)
    def someone_rings_again(self, bell_id: BellId) -> None:
        bell = self.world.engine.bell(bell_id)
        if bell is None:
            return
        stop = int(bell.stop_id[1:])
        effects = self.world.ring(stop, rider=bell.rider_id, direction=bell.direction_id or 0, bell_id=bell_id)
        assert [type(effect) for effect in effects] == [BellRepeated]

    @rule(bell_id=consumes(bells))
    def someone_takes_it_back(self, bell_id: BellId) -> None:
        bell = self.world.ledger.bells.get(bell_id)
        self.world.do(Cancel(bell_id, bell.rider_id if bell is not None else RiderId("rider-0")))
        after = self.world.ledger.bells.get(bell_id)
        assert after is None or after.ended

    @rule(bus=BUS, answer=st.sampled_from([None, *Answer]))
    def a_screen_shows_or_a_driver_answers(self, bus: int, answer: Answer | None) -> None:
        vehicle_id = VehicleId(self.buses[bus].name)
        for alert in self.world.engine.live_alerts(vehicle_id)[:1]:
            if answer is None:
                self.world.do(Shown(vehicle_id, alert.alert_id, self.world.now_ms))
                continue
            effects = self.world.do(Respond(vehicle_id, alert.alert_id, answer))
            raised = [e.alert.alert_id for e in effects if isinstance(e, AlertRaised)]
            assert answer is Answer.OK or alert.alert_id not in raised

    @rule(down_s=st.sampled_from([0, 30, 90]))
    def the_server_crashes(self, down_s: int) -> None:
        """The buses drive on, unheard, until it is back."""
        for bus in self.buses:
            bus.period_s, period_s = 10**9, bus.period_s
            for _ in range(down_s):
                bus.second()
            bus.period_s = period_s
        self.world.now_ms += down_s * 1000
        self.world.crash()

    # -- what always holds -----------------------------------------------------

    @invariant()
    def memory_and_journal_agree(self) -> None:
        engine, ledger = self.world.engine, self.world.ledger
        assert engine.open_bell_count == len(ledger.open_bells)
        for bell_id, bell in ledger.bells.items():
            assert engine.bell(bell_id) == bell or (bell.ended and engine.bell(bell_id) is None)
        live = {alert.alert_id: alert for bus in self.buses for alert in engine.live_alerts(VehicleId(bus.name))}
        assert live == ledger.alerts
        for vehicle_id, assignment in ledger.assignments.items():
            assert engine.assignment(vehicle_id) in (assignment, None)

    @invariant()
    def every_alert_has_a_bell_and_every_shown_bell_an_alert(self) -> None:
        ledger = self.world.ledger
        visits = [(alert.vehicle_id, alert.stop_sequence) for alert in ledger.alerts.values()]
        assert len(set(visits)) == len(visits)
        for alert in ledger.alerts.values():
            assert ledger.behind(alert), f"nobody stands behind {alert}"
        for bell in ledger.open_bells.values():
            assert bell.state not in TOLD or (bell.vehicle_id, bell.visit_sequence) in visits

    @invariant()
    def no_bell_awaits_a_bus_that_is_beyond_its_stop(self) -> None:
        for bell in self.world.ledger.open_bells.values():
            approach = self.world.engine._shard.approaches.get(bell.vehicle_id or VehicleId(""))
            if bell.state in ON_A_BUS and approach is not None and bell.visit_sequence is not None:
                assert approach.next_index <= bell.visit_sequence - FIRST_SEQUENCE

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        for bus in self.buses:
            bus.cruise_mps, bus.stop_at = 12.0, set()
        drive(self.world, self.buses, round(LENGTH_M / 12.0), until=lambda: self.world.engine.open_bell_count == 0)
        self.world.wait_coarsely(MAX_AGE_S + 600.0)
        assert {bell.state for bell in self.world.ledger.open_bells.values()} == set()
        assert self.world.ledger.alerts == {}
        outcomes = {e.alert.outcome for e in self.world.effects if isinstance(e, AlertCleared)}
        assert outcomes <= set(Outcome)


BellMachine.TestCase.settings = settings(max_examples=settings().max_examples, stateful_step_count=40)
TestBells = BellMachine.TestCase
