"""A route that runs the same loop twice: each stop comes twice, and a bell is for one of its two visits."""

import math
from dataclasses import dataclass

from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from server.core.effects import Effect
from server.core.events import Cancel, Fix, Presence, Respond, SignOn
from server.core.model import Alert, Answer, BellId, Doors, RiderId, TripId, VehicleId
from server.core.policy import Policy
from tests.server.core.checked_world import CheckedWorld
from tests.server.core.engine_world import DAY, START_S, Bus, drive
from tests.server.core.winding_ways import Point, line

SIDE_M = 500.0
ROUND: list[Point] = [(0.0, 0.0), (SIDE_M, 0.0), (SIDE_M, SIDE_M), (0.0, SIDE_M), (0.0, 0.0)]
LOOP: list[Point] = [(-200.0, 0.0), *ROUND, *ROUND[1:], (-200.0, 0.0)]
STOPS_M = [450.0, 950.0, 1450.0, 1950.0, 2450.0, 2950.0, 3450.0, 3950.0]
"""Each side has a stop in its middle, which is reached on both rounds."""
VISITS = len(STOPS_M)
POLICY = Policy(bell_max_age_s=900.0)
NETWORK = line(LOOP, STOPS_M, trips=6, headway_s=100)
PATTERN = NETWORK.pattern(0)
BUS = st.integers(0, 2)


class LoopWorld(CheckedWorld):
    """Stops are where the loop has them."""

    def stop_m(self, alert: Alert) -> float:
        return next(visit.along_m for visit in PATTERN.visits if visit.stop_sequence == alert.stop_sequence)


@dataclass
class LoopBus(Bus):
    """A bus on the loop, by the metres it has run."""

    def sign_on(self, trip: str | None = None) -> list[Effect]:
        self.trip = trip or self.trip
        return self.world.do(SignOn(VehicleId(self.name), "on", TripId(self.trip), DAY))

    def fix(self, **more: object) -> Fix:
        along_m = min(self.x_m, PATTERN.path.length_m)
        x, y = PATTERN.path.at(along_m)
        lat, lon = NETWORK.frame.to_lat_lon(x, y)
        now_ms = self.world.now_ms
        return Fix(
            VehicleId(self.name),
            now_ms,
            now_ms,
            lat,
            lon,
            speed_mps=self.speed_mps if self.x_m < PATTERN.path.length_m else 0.0,
            heading_deg=PATTERN.path.heading_deg(along_m),
            accuracy_m=4.0,
            doors=self.doors,
            seats_left=self.seats_left,
        )

    def second(self) -> None:
        """Drive on, brake at 1 m/s² for the visits of `stop_at`, and report if it is time to."""
        ahead = [i for i in sorted(self.stop_at) if STOPS_M[i] > self.x_m - 2.0]
        if ahead and STOPS_M[ahead[0]] - self.x_m <= 1.0:
            self.speed_mps, self.doors, self.stood = 0.0, Doors.OPEN, self.stood + 1
            if self.stood >= self.stand_s:
                self.stop_at.discard(ahead[0])
                self.doors, self.stood = Doors.CLOSED, 0.0
        else:
            left_m = STOPS_M[ahead[0]] - self.x_m if ahead else math.inf
            self.speed_mps = min(self.cruise_mps, self.speed_mps + 1.5, math.sqrt(2 * max(left_m - 1.0, 0.2)), left_m)
        self.x_m = min(self.x_m + self.speed_mps, PATTERN.path.length_m)
        self.clock += 1
        if self.clock % self.period_s == 0:
            self.report()


class LoopMachine(RuleBasedStateMachine):
    """Three buses on the loop, one behind another, and riders who mean the first visit, the second, or either."""

    @initialize()
    def begin(self) -> None:
        self.world = LoopWorld(network=NETWORK, policy=POLICY)
        self.world.now_ms = NETWORK.day_start_ms(DAY) + (START_S + 210) * 1000
        self.buses = [
            LoopBus(self.world, f"bus-{i}", x_m, stop_at={0, 3, 6}, trip=f"T{i}")
            for i, x_m in enumerate((2100.0, 1100.0, 110.0))
        ]
        self.world.fleet = {bus.name: bus for bus in self.buses}
        self.rung = 0
        for bus in self.buses:
            bus.sign_on()
            bus.report()

    @rule(seconds=st.integers(2, 60), looks=st.sampled_from([True, True, False]))
    def buses_drive(self, seconds: int, looks: bool) -> None:
        drive(self.world, self.buses, seconds, show=looks)

    @rule(
        bus=BUS,
        stops=st.sets(st.integers(0, VISITS - 1)),
        cruise_mps=st.sampled_from([0.0, 5.0, 12.0]),
        period_s=st.sampled_from([1, 1, 5, 15]),
        seats_left=st.sampled_from([None, None, 0]),
    )
    def a_bus_changes(
        self, bus: int, stops: set[int], cruise_mps: float, period_s: int, seats_left: int | None
    ) -> None:
        it = self.buses[bus]
        it.stop_at, it.cruise_mps, it.period_s, it.seats_left = set(stops), cruise_mps, period_s, seats_left

    @rule(rider=st.integers(0, 4), visit=st.integers(0, VISITS - 2), says_which=st.booleans(), takes_back=st.booleans())
    def somebody_rings(self, rider: int, visit: int, says_which: bool, takes_back: bool) -> None:
        self.rung += 1
        place, bell_id = PATTERN.visits[visit], BellId(f"bell-{self.rung}")
        stop = NETWORK.stops[place.stop_id]
        self.world.ring(
            visit,
            rider=f"rider-{rider}",
            bell_id=bell_id,
            at_stop=place.stop_id,
            stop_sequence=place.stop_sequence if says_which else None,
            presence=Presence(stop.lat, stop.lon, 5.0),
        )
        if takes_back and bell_id in self.world.ledger.bells:
            self.world.do(Cancel(bell_id, RiderId(f"rider-{rider}")))

    @rule(bus=BUS, answer=st.sampled_from(Answer))
    def a_driver_answers(self, bus: int, answer: Answer) -> None:
        vehicle_id = VehicleId(self.buses[bus].name)
        for alert in self.world.engine.live_alerts(vehicle_id)[:1]:
            self.world.do(Respond(vehicle_id, alert.alert_id, answer))

    @rule()
    def the_server_crashes(self) -> None:
        """On which round a bus is that is early or late nobody can tell a server that has just begun."""
        self.world.crash()
        self.world.misled.update(self.world.fleet)

    @invariant()
    def a_bell_is_for_the_visit_that_was_asked_for(self) -> None:
        for bell in self.world.ledger.open_bells.values():
            places = {v.stop_sequence for v in PATTERN.visits if v.stop_id == bell.stop_id}
            assert bell.visit_sequence in {None, *places}
            assert bell.stop_sequence is None or bell.visit_sequence in (None, bell.stop_sequence)

    @invariant()
    def the_first_round_tells_nothing_of_the_second(self) -> None:
        """A bus is asked only for visits that are ahead of it, however often it was at that stop."""
        for bus in self.buses:
            for alert in (
                self.world.engine.live_alerts(VehicleId(bus.name)) if bus.name not in self.world.misled else ()
            ):
                assert self.world.stop_m(alert) > bus.x_m - 2 * SIDE_M  # two sparse reports, and never a round

    @invariant()
    def memory_and_journal_agree(self) -> None:
        assert self.world.engine.open_bell_count == len(self.world.ledger.open_bells)
        live = {a.alert_id: a for bus in self.buses for a in self.world.engine.live_alerts(VehicleId(bus.name))}
        assert live == self.world.ledger.alerts

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.wait_coarsely(POLICY.bell_max_age_s + 600.0)
            assert self.world.ledger.open_bells == {}
            assert self.world.ledger.alerts == {}


LoopMachine.TestCase.settings = settings(max_examples=settings().max_examples, stateful_step_count=30)
TestLoop = LoopMachine.TestCase
