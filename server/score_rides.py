"""Rides against truth. Pure: lines in, numbers out.

A decided ride is the last line of its `ride_id`; **charged** when that is `alighted` or `settled`, **asked** when it is
`asked`; `detected`, `aboard` and `voided` cost nothing. A true ride is a `ride` line with `rider`, `vehicle_id` and the
stops. The two are the same when rider and vehicle are, and they overlap or lie within `NEAR_MS` of one another.

`exact`: charged, without a question, from the right stop to the right stop, as a share of all true rides. `false_rides`:
charged though the rider was not on that vehicle then. `over`: charged for more stops than were ridden. Errors of stops
are signed: positive is later along the line.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from server.core.model import RideState
from server.protocol.decisions import RideLine
from server.score_figures import Spread, share, spread

NEAR_MS = 600_000
"""Ten minutes: shorter than any way back to the same stop on the same bus."""
_CHARGED = frozenset({RideState.ALIGHTED, RideState.SETTLED})


class RideScore(msgspec.Struct, frozen=True, kw_only=True):
    """How right be-in, be-out and their stops are."""

    truth: int
    decided: int
    charged: int
    asked: int
    exact: float | None
    asked_share: float | None
    missed: int
    false_rides: int
    over: int
    board_error_stops: Spread
    alight_error_stops: Spread


def score_rides(decided: Iterable[RideLine], truth: Sequence[RideLine]) -> RideScore:
    """Compare the rides of two files."""
    last = list({line.ride_id or str(i): line for i, line in enumerate(decided)}.values())
    charged = [line for line in last if line.state in _CHARGED]
    asked = [line for line in last if line.state is RideState.ASKED]
    pairs, spare = _pairs(charged, truth)
    answered, _ = _pairs(asked, truth)
    exact = sum(true.stops == said.stops for true, said in pairs)
    found = {id(true) for true, _ in (*pairs, *answered)}
    return RideScore(
        truth=len(truth),
        decided=len(last),
        charged=len(charged),
        asked=len(asked),
        exact=share(exact, len(truth)),
        asked_share=share(len(answered), len(truth)),
        missed=sum(id(true) not in found for true in truth),
        false_rides=len(spare),
        over=sum(_length(said) > _length(true) for true, said in pairs),
        board_error_stops=spread(_errors((t.board_stop_sequence, s.board_stop_sequence) for t, s in pairs)),
        alight_error_stops=spread(_errors((t.alight_stop_sequence, s.alight_stop_sequence) for t, s in pairs)),
    )


def _pairs(
    decided: Iterable[RideLine], truth: Iterable[RideLine]
) -> tuple[list[tuple[RideLine, RideLine]], list[RideLine]]:
    """Each decided ride with its true one; and those that have none. A true ride is taken once."""
    free: defaultdict[tuple[str, str], list[RideLine]] = defaultdict(list)
    for true in truth:
        free[true.rider, true.vehicle_id].append(true)
    pairs: list[tuple[RideLine, RideLine]] = []
    spare: list[RideLine] = []
    for said in sorted(decided, key=lambda line: line.from_ms):
        near = [true for true in free[said.rider, said.vehicle_id] if _apart_ms(true, said) <= NEAR_MS]
        if not near:
            spare.append(said)
            continue
        nearest = min(near, key=lambda true: abs(true.from_ms - said.from_ms))
        free[said.rider, said.vehicle_id].remove(nearest)
        pairs.append((nearest, said))
    return pairs, spare


def _apart_ms(one: RideLine, other: RideLine) -> int:
    return max(one.from_ms, other.from_ms) - min(one.to_ms, other.to_ms)


def _length(ride: RideLine) -> int:
    """Stops ridden; 0 where one end is not known."""
    if ride.board_stop_sequence is None or ride.alight_stop_sequence is None:
        return 0
    return ride.alight_stop_sequence - ride.board_stop_sequence


def _errors(pairs: Iterable[tuple[int | None, int | None]]) -> list[float]:
    return [float(said - true) for true, said in pairs if true is not None and said is not None]
