"""What a phone tells of one gap between two stops, for each of three ways to hear a bus. Level 7 of the core.

Who hears a bus is inside it, beside it (a car in its lane, a bicycle, the bus behind: they move along with it), or far
(at the kerb, at a stop it has left). Weights are natural logarithms of P(told | inside) / P(told | far), and of the same
for beside. Between two stops nobody changes, so a gap is the unit of evidence.
"""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from server.core.ride_rules import RideRules
from server.core.rides.phone import SLOT_MS, Phone, Position
from server.core.rides.trail import Trail


class Gap(NamedTuple):
    """The bus on its way from a visit to the next: times (bus clock) and places of its pattern. `to_ms`: now, if under way.

    `came_ms`: when it came to the stop that the gap begins at.
    """

    came_ms: int
    from_ms: int
    to_ms: int
    from_m: float
    to_m: float


class Odds(NamedTuple):
    """How much likelier what was told is inside, and beside, than far away."""

    inside: float = 0.0
    beside: float = 0.0

    def plus(self, other: "Odds") -> "Odds":
        """Both things were told."""
        return Odds(self.inside + other.inside, self.beside + other.beside)

    def limited(self, most: float) -> "Odds":
        """The same difference between inside and beside, but neither of them likelier than so much."""
        over = max(0.0, max(self.inside, self.beside) - most)
        return Odds(self.inside - over, self.beside - over)


NOTHING_TOLD = Odds()


class Weight(NamedTuple):
    """What a gap says by what was told between the stops; and what was heard near the stop it begins at.

    `told`: in how many slots of the gap the phone told anything; `slots`: how many there were. `placed`: it was where the
    bus was.
    """

    within: Odds = NOTHING_TOLD
    near: Odds = NOTHING_TOLD
    told: int = 0
    slots: int = 0
    placed: bool = False


class Levels(NamedTuple):
    """How loud the bus was in the slots of a time, what louder buses say against it, and in how many it was not heard."""

    loudest_dbm: tuple[float, ...] = ()
    rivals: float = 0.0
    silent: int = 0


class Told(NamedTuple):
    """All that a phone tells of a gap and of the stop it begins at, before it is weighed.

    `beyond`: what positions say against having been near that stop with the bus; they never speak for more than that.
    """

    within: Levels
    near: Levels
    motion: Odds
    beyond: float
    told: int
    slots: int


def told_of(gaps: Sequence[Gap], phone: Phone, trail: Trail, rules: RideRules) -> list[Told]:
    """Gather what a phone tells of the gaps of a run, in their order."""
    found: list[Told] = []
    near_from_ms: int | None = None
    for gap in gaps:
        slots = max(0, (gap.to_ms - gap.from_ms) // SLOT_MS)
        from_ms, to_ms = trail.clear_of(gap.from_ms, gap.to_ms, gap.from_m + rules.clear_m, gap.to_m - rules.clear_m)
        if from_ms > to_ms:  # the stops are so near that nobody is clear of both
            from_ms = to_ms = (gap.from_ms + gap.to_ms) // 2
        near_ms = gap.came_ms if near_from_ms is None else near_from_ms
        found.append(
            Told(
                within=_levels(phone, trail, from_ms, to_ms, rules),
                near=_levels(phone, trail, near_ms, from_ms, rules),
                motion=_motion(phone, trail, from_ms, to_ms, rules),
                beyond=min(0.0, _motion(phone, trail, near_ms, from_ms, rules).beside),
                told=phone.told_between(gap.from_ms, gap.to_ms),
                slots=slots,
            )
        )
        near_from_ms = to_ms
    return found


def weigh(told: Told, rules: RideRules, *, phone_db: float) -> Weight:
    """Weigh what a phone told of one gap, if it hears so much louder than the usual one."""
    within = _radio(told.within, rules, phone_db, rules.radio_slots).limited(rules.radio_limit)
    near = _radio(told.near, rules, phone_db, rules.near_slots).limited(rules.near_limit)
    return Weight(
        within=within.plus(told.motion),
        near=near.plus(Odds(told.beyond, told.beyond)),
        told=told.told,
        slots=told.slots,
        placed=told.motion.inside > 0.0,
    )


def _radio(levels: Levels, rules: RideRules, phone_db: float, most: float) -> Odds:
    """What the levels of a time say: all together at most so many times their average."""
    count = len(levels.loudest_dbm) + levels.silent
    if not count:
        return NOTHING_TOLD
    inside = levels.silent * math.log((1.0 - rules.heard_inside) / (1.0 - rules.heard_far)) - levels.rivals
    beside = levels.silent * math.log((1.0 - rules.heard_beside) / (1.0 - rules.heard_far))
    for loudest_dbm in levels.loudest_dbm:
        odds = level(loudest_dbm, rules, phone_db)
        inside, beside = inside + odds.inside, beside + odds.beside
    times = min(float(count), most) / count
    return Odds(inside * times, beside * times)


def _levels(phone: Phone, trail: Trail, from_ms: int, to_ms: int, rules: RideRules) -> Levels:
    if not trail.beacons:
        return Levels()
    own = phone.slots_of(trail.vehicle_id)
    others = [phone.slots_of(bus) for bus in phone.buses if bus != trail.vehicle_id]
    loudest: list[float] = []
    rivals, silent = 0.0, 0
    for index in range(-(-from_ms // SLOT_MS), to_ms // SLOT_MS):
        heard = own.get(index)
        if heard is not None:
            loudest.append(heard.loudest_dbm)
            louder_dbm = max((slots[index].loudest_dbm for slots in others if index in slots), default=None)
            rivals += 0.0 if louder_dbm is None else rival(louder_dbm - heard.loudest_dbm, rules)
        elif phone.listened_in(index) and index - 1 not in own and index + 1 not in own:
            silent += 1  # beside a slot in which it was heard it may be the same scan
    return Levels(tuple(loudest), rivals, silent)


def level(loudest_dbm: float, rules: RideRules, phone_db: float) -> Odds:
    """What it says that the bus was heard so loud."""
    far = math.log(rules.heard_far) + _bell(loudest_dbm, rules.far_dbm, rules.far_sigma_db)
    inside = math.log(rules.heard_inside) + _bell(loudest_dbm, rules.inside_dbm + phone_db, rules.inside_sigma_db)
    beside = math.log(rules.heard_beside) + _bell(loudest_dbm, rules.beside_dbm + phone_db, rules.beside_sigma_db)
    return Odds(inside - far, beside - far)


TAIL_SIGMAS = 3.0
"""Beyond so many standard deviations the world is wilder than a normal distribution, which then says no more."""


def _bell(value: float, mean: float, sigma: float) -> float:
    """The logarithm of a normal density, with tails that end."""
    sigmas = min(abs(value - mean) / sigma, TAIL_SIGMAS)
    return -0.5 * sigmas * sigmas - math.log(sigma)


def rival(louder_db: float, rules: RideRules) -> float:
    """What a bus says against this one that is louder by so much; one that is quieter speaks for it, but less."""
    weight = rules.rival_limit * louder_db / rules.rival_db
    return max(-0.25 * rules.rival_limit, min(rules.rival_limit, weight))


def _motion(phone: Phone, trail: Trail, from_ms: int, to_ms: int, rules: RideRules) -> Odds:
    """How near the bus the phone was while the bus was between stops."""
    inside = beside = 0.0
    count = 0
    for position in phone.positions_between(from_ms, to_ms):
        place = trail.place(position.at_ms)
        if place is None:
            continue
        drift_m = rules.clock_sigma_s * trail.speed_mps(position.at_ms)
        variance = position.accuracy_m**2 + rules.bus_sigma_m**2 + drift_m**2
        off_m2 = (position.x - place[0]) ** 2 + (position.y - place[1]) ** 2
        inside += _near(off_m2, variance, rules)
        beside += _near(off_m2, variance + rules.beside_sigma_m**2, rules)
        count += 1
    if not count:
        return NOTHING_TOLD
    times, limit = min(count, 2) / count, rules.motion_limit
    return Odds(max(-limit, min(limit, inside * times)), max(-limit, min(limit, beside * times)))


def stood_at(came_ms: int, left_ms: int, phone: Phone, trail: Trail, rules: RideRules) -> tuple[float, float]:
    """What it says for getting on, and off, there whether the phone stood at the stop while the bus was elsewhere.

    Before the bus came, and after it had left. Of a phone that told no place in that time nothing is known.
    """
    stop = trail.place(came_ms)
    if stop is None:
        return 0.0, 0.0
    span_ms = round(rules.stood_s * 1000)
    before = phone.positions_between(came_ms - span_ms, came_ms)
    after = phone.positions_between(left_ms, left_ms + span_ms)
    return _any_stands(before, stop, trail, rules), _any_stands(after, stop, trail, rules)


def woken_ms(phone: Phone, trail: Trail, rules: RideRules) -> list[tuple[int, int]]:
    """When the phone fell silent and when it told again, each time it then heard nothing: it was asleep, and was woken."""
    slots, own = phone.told_slots(), phone.slots_of(trail.vehicle_id)
    least = round(rules.asleep_s * 1000) // SLOT_MS
    return [
        (before * SLOT_MS, after * SLOT_MS)
        for before, after in pairwise(slots)
        if after - before >= least and not any(slot in own for slot in range(after, after + 3))
    ]


def _any_stands(positions: Iterable[Position], stop: tuple[float, float], trail: Trail, rules: RideRules) -> float:
    weight = 0.0
    for position in positions:
        bus = trail.place(position.at_ms)
        if bus is not None and math.dist(stop, bus) <= rules.stood_clear_m:
            continue
        if math.dist(stop, (position.x, position.y)) <= rules.stood_m + position.accuracy_m:
            return rules.stood_weight
        weight = -rules.not_stood_weight
    return weight


def strayed(came_ms: int, left_ms: int, phone: Phone, trail: Trail, rules: RideRules) -> tuple[float, float]:
    """What it says against getting on, and off, at a stop that the phone could not walk to, or from, in the time it had."""
    stop = trail.place(came_ms)
    if stop is None:
        return 0.0, 0.0
    before, after = phone.position_before(came_ms), phone.position_after(left_ms)
    return (
        _too_far(stop, before, (left_ms - before.at_ms) / 1000.0, rules) if before is not None else 0.0,
        _too_far(stop, after, (after.at_ms - came_ms) / 1000.0, rules) if after is not None else 0.0,
    )


def _too_far(stop: tuple[float, float], position: Position, time_s: float, rules: RideRules) -> float:
    away_m = math.dist(stop, (position.x, position.y)) - rules.stood_m - 2.0 * position.accuracy_m
    faster = max(0.0, away_m) / max(1.0, time_s) / rules.walk_mps - 1.0
    return -rules.strayed_weight * min(1.0, max(0.0, faster))


def _near(off_m2: float, variance: float, rules: RideRules) -> float:
    return math.log(rules.position_radius_m**2 / (2.0 * variance)) - off_m2 / (2.0 * variance)
