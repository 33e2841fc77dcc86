"""The same people before a whole engine: fixes of the film and reports of phones in one stream of time. Level 4 of the radios."""

import heapq
from collections.abc import Iterable, Sequence

from server.core.engine import RouteEngine
from server.core.events import Fix, Sighted, SignOff, SignOn, Tick
from server.core.model import Ride, RideMode, RiderId
from server.core.policy import Policy
from server.core.ride_rules import RideRules
from simulator.radio.film import Film
from simulator.radio.fleet import Fleet
from simulator.radio.phone import Report

TICK_S = 10
"""How often time is looked at: the engine looks at rides no oftener."""
AFTER_S = 960
"""So long after the film questions and late reports may still change a ride."""


def in_engine(film: Film, fleet: Fleet, phones: Iterable[Sequence[Report]]) -> dict[RiderId, list[Ride]]:
    """Give what a whole engine believes in the end of each rider who reported anything."""
    policy = Policy(rides=RideRules(mode=RideMode.BE_IN_BE_OUT))
    engine = RouteEngine(film.network, policy, vehicles={}, assume_terminal=False, beacons=fleet.beacons())
    reports = sorted(((one.received_ms, one.said) for phone in phones for one in phone), key=lambda row: row[0])
    end_s = film.seconds + AFTER_S
    ticks = ((film.at_ms(second), Tick()) for second in range(0, end_s, TICK_S))
    riders: dict[RiderId, None] = {}
    streams: list[Iterable[tuple[int, Fix | SignOn | SignOff | Sighted | Tick]]] = [film.fed, reports, ticks]
    for now_ms, event in heapq.merge(*streams, key=lambda row: row[0]):
        engine.step(event, now_ms)
        if isinstance(event, Sighted):
            riders[event.rider_id] = None
    return {rider: list(engine.rides_of(rider)) for rider in riders}
