"""Was a phone in a bus, from where to where, and how sure is that: a hidden Markov model over stops. Level 7 of the core.

Between two stops a rider is on board or not; only at a visit can that change. Each gap between two visits has a weight
(`weighing`), so the weight of having ridden from visit b to visit a is the sum of the gaps between them, plus what speaks
for open doors at b and a. All pairs are compared, with "still on board", with "never near it", and with having gone along
beside it from some stop to another. Nothing is decided by one threshold on one signal, and each number can be read.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from server.core.model import StopId, VisitOutcome
from server.core.ride_rules import RideRules
from server.core.rides.phone import Phone
from server.core.rides.trail import Call, Run, Trail
from server.core.rides.weighing import Gap, Odds, Weight, stood_at, strayed, told_of, weigh, woken_ms

CO_MOTION = 2.0
"""A gap whose odds inside against far are at least this (seven to one) was ridden, or driven, together with the bus."""
DOORS = {VisitOutcome.STOPPED: 0.0, VisitOutcome.UNKNOWN: -1.0, VisitOutcome.PASSED: -1.5}
"""Log of how likely somebody could get on or off at a visit, by what was seen of it."""
SEEN_TO_PASS = -6.0
"""... and where the bus was seen to drive past."""
MET = 4.0
"""What an inspector, or a card reader, that met the rider in this bus says for a ride that goes on then."""

Pair = tuple[int, int | None]


class Hints(NamedTuple):
    """What is known of a ride besides what phones told. Times in ms of the bus's clock."""

    by_hand_ms: int | None = None
    met_ms: tuple[int, ...] = ()
    rang: bool = False
    wants_off_at: StopId | None = None
    by_card: bool = False


class _Ends(NamedTuple):
    """What speaks for each visit as the one where the rider got on, and off."""

    board: list[float]
    alight: list[float]


class Judgement(NamedTuple):
    """What is believed. `board`, `alight`: calls; `alight` None while on board.

    `ride`: log-odds of any ride; `out`: log-odds of having got off. Of these very stops, given that: `pair` together,
    `board_share` and `alight_share` alone. `gaps`, `together_s`: co-motion. `weights`: each gap's odds inside.
    `placed`: in how many of the gaps the phone knew where it was, and was where the bus was.
    """

    ride: float = -math.inf
    out: float = 0.0
    board: Call | None = None
    alight: Call | None = None
    pair: float = 0.0
    board_share: float = 0.0
    alight_share: float = 0.0
    gaps: int = 0
    together_s: float = 0.0
    weights: tuple[float, ...] = ()
    placed: int = 0

    def committed(self, rules: RideRules, *, by_hand: bool = False) -> bool:
        """Is it certain that there is a ride: by weight, and by co-motion after a departure?"""
        needed = rules.commit_gaps_by_hand if by_hand else rules.commit_gaps
        moved = self.gaps >= needed or self.together_s >= rules.commit_s
        return self.ride >= rules.commit and moved

    @property
    def probability(self) -> float:
        """Of any ride."""
        return 1.0 / (1.0 + math.exp(-max(-50.0, min(50.0, self.ride))))


def judge(
    run: Run, trail: Trail, phones: Sequence[Phone], hints: Hints, rules: RideRules, *, until_ms: int
) -> Judgement:
    """Compare all ways in which the owner of these phones can have been on this run, as of an instant (bus clock).

    With several phones the one that speaks most for a ride counts: another may lie at home.
    """
    calls = run.ordered()
    if not calls:
        return Judgement()
    gaps = _gaps(run, calls, until_ms)
    return max(
        (_by_phone(run, calls, gaps, phone, trail, hints, rules) for phone in phones or (Phone(),)),
        key=lambda judged: judged.ride,
    )


def _gaps(run: Run, calls: Sequence[Call], until_ms: int) -> list[Gap]:
    """The ways between the calls, and the one that is under way now."""
    along = [run.visits[call.visit_index].along_m for call in calls]
    gaps = [
        Gap(calls[i].arrived_ms, _left_ms(calls[i]), calls[i + 1].arrived_ms, along[i], along[i + 1])
        for i in range(len(calls) - 1)
    ]
    left_ms = calls[-1].departed_ms
    if left_ms is not None and not run.over and until_ms > left_ms:
        gaps.append(Gap(calls[-1].arrived_ms, left_ms, until_ms, along[-1], math.inf))
    return gaps


def _left_ms(call: Call) -> int:
    return call.departed_ms if call.departed_ms is not None else call.arrived_ms


def _by_phone(
    run: Run, calls: Sequence[Call], gaps: Sequence[Gap], phone: Phone, trail: Trail, hints: Hints, rules: RideRules
) -> Judgement:
    """Whether this phone hears loud or faint is not known: all are compared, and the sum over them counts."""
    pairs: dict[Pair, float] = {}
    weights: list[Weight] = []
    likeliest = against = -math.inf
    told = told_of(gaps, phone, trail, rules)
    stood = [stood_at(call.arrived_ms, _left_ms(call), phone, trail, rules) for call in calls]
    far = [strayed(call.arrived_ms, _left_ms(call), phone, trail, rules) for call in calls]
    ends = _Ends(
        [_doors(call) + _begin(calls, i, hints, rules) + stood[i][0] + far[i][0] for i, call in enumerate(calls)],
        [_doors(call) + stood[i][1] + far[i][1] for i, call in enumerate(calls)],
    )
    _wake(ends.alight, calls, woken_ms(phone, trail, rules), rules)
    for phone_db, share in zip(rules.phone_db, rules.phone_share, strict=True):
        tried = _with_silence([weigh(one, rules, phone_db=phone_db) for one in told], rules)
        found = _pairs(calls, tried, ends, hints, over=run.over)
        top = max(found.values(), default=-math.inf) + math.log(share)
        if top > likeliest:
            likeliest, weights = top, tried
        for pair, weight in found.items():
            pairs[pair] = _either(pairs.get(pair, -math.inf), weight + math.log(share))
        against = _either(against, math.log(share) + _outside(tried, rules))
    prior = rules.prior_by_hand if hints.by_hand_ms is not None else rules.prior_by_phone
    return _best(calls, gaps, weights, pairs, prior + (rules.prior_bell if hints.rang else 0.0) - against)


def _wake(alight: list[float], calls: Sequence[Call], sleeps: Sequence[tuple[int, int]], rules: RideRules) -> None:
    """A phone that slept on the way and was woken outside: it lost the bus shortly before, and not at an earlier stop."""
    for slept_ms, woke_ms in sleeps:
        for i, call in enumerate(calls):
            if slept_ms < call.arrived_ms < woke_ms:
                off_s = (woke_ms - call.arrived_ms) / 1000.0 - rules.woken_after_s
                sigmas = off_s / rules.woken_sigma_s
                alight[i] -= min(rules.woken_limit, 0.5 * sigmas * sigmas)


def _with_silence(weights: Sequence[Weight], rules: RideRules) -> list[Weight]:
    """Let silence of the phone itself weigh: little before its first word, more after its last, none in between."""
    spoke = [i for i, weight in enumerate(weights) if weight.told]
    if not spoke:
        return list(weights)
    weighed: list[Weight] = []
    for i, weight in enumerate(weights):
        limit = rules.mute_before if i < spoke[0] else rules.mute_after if i > spoke[-1] else 0.0
        against = -min(limit, rules.mute_per_slot * weight.slots)
        weighed.append(weight._replace(within=Odds(against, against)) if not weight.told and limit else weight)
    return weighed


def _pairs(
    calls: Sequence[Call], weights: Sequence[Weight], ends: _Ends, hints: Hints, *, over: bool
) -> dict[Pair, float]:
    """The weight of each pair of visits, and of each begin with "still on board".

    What is heard near the stops at both ends counts: who waits there, or has just got off, hears it all the same.
    """
    n = len(calls)
    pairs: dict[Pair, float] = {}
    for b in range(n):
        total = ends.board[b] + _near(weights, b)
        for i in range(b, len(weights)):
            total += weights[i].within.inside
            if i + 1 < n:
                total += _near(weights, i + 1)
                pairs[b, i + 1] = total + ends.alight[i + 1] + _end(calls, b, i + 1, hints)
        if not over:
            pairs[b, None] = total + _end(calls, b, None, hints)
    return pairs


def _near(weights: Sequence[Weight], i: int) -> float:
    return weights[i].near.inside if i < len(weights) else 0.0


def _outside(weights: Sequence[Weight], rules: RideRules) -> float:
    """The log-odds of not having been in it: far away, near it at one stop, or beside it from some stop to another."""
    ways = [0.0]
    goes_on = -math.inf
    for i, weight in enumerate(weights):
        told = weight.near.beside + weight.within.beside
        goes_on = _either(rules.prior_beside, goes_on + rules.beside_lasts) + told
        until = weights[i + 1].near.beside if i + 1 < len(weights) else 0.0
        ways += [goes_on + until, rules.prior_near + weight.near.inside]
    return _sum(ways)


def _doors(call: Call) -> float:
    if call.outcome is VisitOutcome.PASSED and call.sure:
        return SEEN_TO_PASS
    return DOORS[call.outcome]


def _begin(calls: Sequence[Call], b: int, hints: Hints, rules: RideRules) -> float:
    """What a check-in by hand says for having got on at a visit: the last one before it."""
    if hints.by_hand_ms is None:
        return 0.0
    before = [i for i, call in enumerate(calls) if call.arrived_ms <= hints.by_hand_ms]
    last = before[-1] if before else 0
    return rules.board_here if b == last else -rules.board_here if b > last else 0.0


def _end(calls: Sequence[Call], b: int, a: int | None, hints: Hints) -> float:
    """What being met on board says of a pair of visits."""
    weight = 0.0
    ended_ms = math.inf if a is None else _left_ms(calls[a])
    for met_ms in hints.met_ms:
        weight += MET if calls[b].arrived_ms <= met_ms <= ended_ms else -MET
    return weight


def _best(
    calls: Sequence[Call], gaps: Sequence[Gap], weights: Sequence[Weight], pairs: dict[Pair, float], prior: float
) -> Judgement:
    if not pairs:
        return Judgement()
    top = max(pairs.values())
    shares = {pair: math.exp(weight - top) for pair, weight in pairs.items()}
    still = sum(share for (_, a), share in shares.items() if a is None)
    gone = sum(share for (_, a), share in shares.items() if a is not None)
    out = _log(gone) - _log(still)
    side = {pair: share for pair, share in shares.items() if (pair[1] is None) == (out < 0.0)}
    b, a = max(side, key=lambda pair: (side[pair], -pair[0]))
    total = sum(side.values())
    together = [i for i in range(b, len(gaps) if a is None else a) if weights[i].within.inside >= CO_MOTION]
    return Judgement(
        ride=prior + top + math.log(still + gone),
        out=out,
        board=calls[b],
        alight=calls[a] if a is not None else None,
        pair=side[b, a] / total,
        board_share=sum(share for (other, _), share in side.items() if other == b) / total,
        alight_share=sum(share for (_, other), share in side.items() if other == a) / total,
        gaps=len(together),
        together_s=sum((gaps[i].to_ms - gaps[i].from_ms) / 1000.0 for i in together),
        weights=tuple(round(weight.within.inside, 2) for weight in weights),
        placed=sum(weights[i].placed for i in together),
    )


def _either(one: float, other: float) -> float:
    """The logarithm of the sum of two likelihoods that are given as logarithms."""
    high, low = (one, other) if one > other else (other, one)
    return high if low == -math.inf else high + math.log1p(math.exp(low - high))


def _sum(logs: Sequence[float]) -> float:
    top = max(logs)
    return top + math.log(sum(math.exp(value - top) for value in logs))


def _log(share: float) -> float:
    return math.log(share) if share > 0.0 else -1e3
