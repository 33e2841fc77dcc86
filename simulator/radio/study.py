"""What the decision says of many people, against the truth: who is charged, for which stops, how many won. Level 5 of the radios."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from server.core.fares.pricing import price
from server.core.fares.riding import Bill, FareRide
from server.core.fares.route_fares import RouteFare, RouteFares
from server.core.fares.tariff import Tariff
from server.core.model import Ride, RidePlace, RiderId, RideState
from simulator.radio.film import Film
from simulator.radio.fleet import Fleet
from simulator.radio.people import Casting, Kind, Person, TrueRide
from simulator.radio.phone import Handset, Report
from simulator.radio.settings import Physics
from simulator.radio.trial import Court, Pace

TOWN_FARES = RouteFares(
    usual=RouteFare(product="GG_GENERAL", pricing="distance"),
    routes={name: RouteFare(product="GG_EXPRESS") for name in ("G1300", "G6000", "G6100")}
    | {"M3": RouteFare(product="GG_VILLAGE_SUWON")},
)
"""The bundled town's routes in the capital area's tariff: red, ordinary by distance, village."""
LIVE_EVERY = 20
"""Of so many people one is put before the decision in the order of time, and must end as by all at once."""
CHARGED = frozenset({RideState.ALIGHTED, RideState.SETTLED})


class Found(StrEnum):
    """What became of a person."""

    EXACT = "exact"
    OTHER_STOPS = "other stops"
    OTHER_BUS = "other bus"
    ASKED = "asked"
    UNNOTICED = "unnoticed"
    CHARGED = "charged"
    ON_BOARD = "on board"


@dataclass(slots=True)
class Tally:
    """Counts that can be added up. `stops`: (end, stops too far) of rides charged in the right bus; money in won."""

    found: Counter[tuple[str, str]] = field(default_factory=Counter)
    phones: Counter[tuple[str, str]] = field(default_factory=Counter)
    lengths: Counter[tuple[int, str]] = field(default_factory=Counter)
    stops: Counter[tuple[str, int]] = field(default_factory=Counter)
    money: Counter[str] = field(default_factory=Counter)
    unheard: int = 0
    compared: int = 0
    differed: int = 0
    odd: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Put another's counts to these."""
        for name in ("found", "phones", "lengths", "stops", "money"):
            getattr(self, name).update(getattr(other, name))
        self.unheard += other.unheard
        self.compared += other.compared
        self.differed += other.differed
        self.odd += other.odd

    def riders(self, found: Found | None = None) -> int:
        """How many riders there were, or how many of whom this became."""
        return sum(n for (kind, one), n in self.found.items() if kind == Kind.RIDER and found in (None, one))

    def exposures(self, *found: Found) -> int:
        """How many people came near a bus without riding (and heard one), or of how many this became."""
        rows = [(one, n) for (kind, one), n in self.found.items() if kind != Kind.RIDER]
        return sum(n for one, n in rows if not found or one in found)


class Study:
    """One film and the people who are seen in it. The same seed gives the same people, whatever their number."""

    def __init__(self, film: Film, physics: Physics, tariff: Tariff, seed: int) -> None:
        self._film, self._physics, self._tariff, self._seed = film, physics, tariff, seed
        self.fleet = Fleet(film, physics, seed)
        self._court = Court(film, self.fleet)
        self._casting = Casting(film, physics.riders, physics.passers)
        self.tally = Tally()

    def person(self, number: int, *, rides: bool) -> tuple[Person, str, list[Report]]:
        """Give somebody of this film, how their phone scans, and what it reports."""
        rng = np.random.default_rng([self._seed, int(rides), number])
        person = self._casting.rider(rng) if rides else self._casting.passer(rng)
        handset = Handset(self._film, self.fleet, self._physics, person, rng)
        return person, handset.scanning.value, handset.reports(RiderId(f"{person.kind}-{number}"))

    def rider(self, number: int) -> None:
        """Put one rider before the decision."""
        person, scanning, reports = self.person(number, rides=True)
        assert person.ride is not None
        rides = self.judged(reports, number)
        found = self._found(person.ride, rides)
        stops = person.ride.alight.visit_index - person.ride.board.visit_index
        self.tally.found[Kind.RIDER, found] += 1
        self.tally.phones[scanning, found] += 1
        self.tally.lengths[min(stops, 10), found] += 1
        self._weigh_money(person.ride, rides)
        if found in {Found.OTHER_BUS, Found.OTHER_STOPS}:
            self.tally.odd.append(f"rider {self._seed}/{number} ({scanning}): {found}")

    def passer(self, number: int) -> None:
        """Put one person who does not ride before the decision; who heard no bus is no exposure."""
        person, scanning, reports = self.person(number, rides=False)
        if not any(report.said.beacons for report in reports):
            self.tally.unheard += 1
            return
        rides = self.judged(reports, number)
        states = {ride.state for ride in rides}
        found = (
            Found.CHARGED
            if states & CHARGED
            else Found.ASKED
            if RideState.ASKED in states
            else Found.ON_BOARD
            if RideState.ABOARD in states
            else Found.UNNOTICED
        )
        self.tally.found[person.kind, found] += 1
        if found is Found.CHARGED:
            self.tally.money["charged to non-riders"] += sum(self._fare(r, r.board, r.alight) for r in _charged(rides))
            self.tally.odd.append(f"{person.kind} {self._seed}/{number} ({scanning}): charged")

    def judged(self, reports: list[Report], number: int) -> list[Ride]:
        """Put what a phone reported before the decision: all at once, and one in `LIVE_EVERY` as it comes."""
        rides, _ = self._court.judge(reports, pace=Pace.AT_ONCE)
        if number % LIVE_EVERY == 0:
            live, _ = self._court.judge(reports, pace=Pace.LIVE)
            self.tally.compared += 1
            self.tally.differed += self.ends(live) != self.ends(rides)
            return live
        return rides

    @staticmethod
    def ends(rides: list[Ride]) -> list[tuple[object, ...]]:
        """What a rider would see of rides in the end; settled, and to be settled, is charged."""
        return [
            (
                ride.vehicle_id,
                ride.state in CHARGED,
                ride.board.stop_sequence if ride.board is not None else None,
                ride.alight.stop_sequence if ride.alight is not None else None,
            )
            for ride in rides
            if ride.state is not RideState.VOIDED
        ]

    # -- against the truth -----------------------------------------------------------

    def _found(self, true: TrueRide, rides: list[Ride]) -> Found:
        charged = _charged(rides)
        if any(ride.vehicle_id != true.journey.vehicle_id or ride.trip != true.journey.trip for ride in charged):
            return Found.OTHER_BUS
        if any(ride.state is RideState.ASKED for ride in rides):
            return Found.ASKED
        if not charged:
            return Found.ON_BOARD if any(ride.state is RideState.ABOARD for ride in rides) else Found.UNNOTICED
        errors = self._errors(true, charged[-1])
        self.tally.stops["board", errors[0]] += 1
        self.tally.stops["alight", errors[1]] += 1
        return Found.EXACT if errors == (0, 0) and len(charged) == 1 else Found.OTHER_STOPS

    def _errors(self, true: TrueRide, ride: Ride) -> tuple[int, int]:
        """How many stops too late the ride is believed to have begun, and ended."""
        index = {visit.stop_sequence: visit.index for visit in true.journey.pattern.visits}
        assert ride.board is not None
        assert ride.alight is not None
        return (
            index[ride.board.stop_sequence] - true.board.visit_index,
            index[ride.alight.stop_sequence] - true.alight.visit_index,
        )

    def _weigh_money(self, true: TrueRide, rides: list[Ride]) -> None:
        money, visits = self.tally.money, true.journey.pattern.visits
        charged = _charged(rides)
        paid = sum(self._fare(ride, ride.board, ride.alight) for ride in charged)
        owed = self._won(true.journey.pattern.route_id, true.distance_m, self._film.at_ms(true.board.left_s))
        assert visits
        money["owed"] += owed
        money["charged"] += paid
        if charged and paid > owed:
            money["too much"] += paid - owed
            money["rides above the fare"] += 1
        if charged and paid < owed:
            money["too little"] += owed - paid
            money["rides below the fare"] += 1

    def _fare(self, ride: Ride, board: RidePlace | None, alight: RidePlace | None) -> int:
        assert board is not None
        assert alight is not None
        return self._won(ride.route_id, alight.along_m - board.along_m, board.at_ms)

    def _won(self, route_id: str, distance_m: float, boarded_ms: int) -> int:
        ride = FareRide("r", "", route_id, boarded_ms, boarded_ms + 60_000, round(distance_m))
        bill = price(self._tariff, [TOWN_FARES.priced_as(ride)], "adult")
        assert isinstance(bill, Bill), bill
        return bill.total_won


def _charged(rides: list[Ride]) -> list[Ride]:
    return [ride for ride in rides if ride.state in CHARGED]


def study(make: Callable[[], Film], physics: Physics, tariff: Tariff, *, seed: int, rides: int, passers: int) -> Tally:
    """Film a town and judge so many of its riders, and so many who are none."""
    found = Study(make(), physics, tariff, seed)
    for number in range(rides):
        found.rider(number)
    for number in range(passers):
        found.passer(number)
    return found.tally
