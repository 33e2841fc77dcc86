"""Puts one person's reports before the real decision, at the pace at which a server would get them. Level 4 of the radios."""

from collections.abc import Sequence
from enum import Enum

from msgspec.structs import replace

from server.core import riding, sensing
from server.core.model import Ride, RideMode
from server.core.policy import Policy
from server.core.ride_rules import RideRules
from server.core.rides.book import RideBook
from server.core.rides.memory import RideMemory
from server.core.shard import Shard
from simulator.radio.film import Film, Playback
from simulator.radio.fleet import Fleet
from simulator.radio.phone import Report

HEARD_OUT_S = (100, 330, 960)
"""After a phone's last report the engine looks again: what it waits for (`exit_wait_s`, `late_wait_s`, `undo_s`) is over."""


CLEAR = -2.0
"""Log-odds below which nothing but new evidence could make a ride, or a question (`ask`: 1.4), of what was told."""


class Pace(Enum):
    """In the order of time, or all at once when the phone is back on line: evidence has no order, so both end alike."""

    LIVE = "live"
    AT_ONCE = "at_once"


class Court:
    """The state of a server that knows one film's buses, asked about one person after another."""

    def __init__(self, film: Film, fleet: Fleet, rules: RideRules | None = None) -> None:
        policy = Policy(rides=rules or RideRules(mode=RideMode.BE_IN_BE_OUT))
        self._film = film
        self._shard = Shard(film.network, policy, vehicles={}, assume_terminal=False)
        self._beacons = RideMemory(fleet.beacons()).beacons
        self._numbers = {vehicle_id: i for i, vehicle_id in enumerate(film.vehicles)}

    def judge(self, reports: Sequence[Report], *, pace: Pace = Pace.LIVE) -> tuple[list[Ride], float]:
        """Give the rides that are believed in the end, and the best log-odds that any ride had."""
        shard = self._shard
        shard.riders, shard.rides = RideMemory(()), RideBook(shard.policy.ended_kept)
        shard.riders.beacons = self._beacons
        trails: dict[str, Playback] = {}
        for one in reports:
            for beacon in one.said.beacons:
                found = self._beacons.find(beacon.beacon_id, one.received_ms - (one.said.sent_ms or 0) + beacon.at_ms)
                if found is not None and found.vehicle_id not in trails:
                    trails[found.vehicle_id] = self._film.trails[found.vehicle_id].again()
                    shard.riders.trails[found.vehicle_id] = trails[found.vehicle_id]
        if not trails:
            return [], float("-inf")
        rider = reports[0].said.rider_id
        last_ms = reports[-1].received_ms
        moments: list[tuple[int, Report | None]] = [(one.received_ms, one) for one in reports]
        if pace is Pace.LIVE:
            moments += [(last_ms + 1000 * later_s, None) for later_s in HEARD_OUT_S]
        else:
            late_ms = last_ms + 1000 * HEARD_OUT_S[1]
            moments = [(late_ms, _together(reports, late_ms)), (last_ms + 1000 * HEARD_OUT_S[-1], None)]
        best = float("-inf")
        for now_ms, report in moments:
            if pace is Pace.AT_ONCE and report is None and (best < CLEAR or shard.rides.of_rider(rider)):
                break
            for trail in trails.values():
                trail.until(now_ms)
            if report is not None:
                sensing.take(shard, report.said, now_ms)
            else:
                sensing.tick(shard, now_ms)
            riding.tick(shard, now_ms)
            best = max([best, *(thought.judged.ride for thought in shard.riders.thoughts())])
        return list(shard.rides.of_rider(rider)), best


def _together(reports: Sequence[Report], now_ms: int) -> Report:
    """All that a phone has to tell, in one report that arrives at an instant."""
    last = reports[-1]
    assert last.said.sent_ms is not None
    said = replace(
        last.said,
        beacons=tuple(beacon for one in reports for beacon in one.said.beacons),
        positions=tuple(position for one in reports for position in one.said.positions),
        listened=tuple(span for one in reports for span in one.said.listened),
        sent_ms=last.said.sent_ms + now_ms - last.received_ms,
    )
    return Report(now_ms, said)
