"""What rides remember of buses: where they were, and their visits. Level 12 of the core."""

from server.core.approach import Arrived, Finished, VisitEvent
from server.core.model import VisitOutcome
from server.core.rides.trail import Call, Run
from server.core.shard import Shard
from server.core.tracking import Track

SEEN = 0.9
"""Confidence from which an outcome was seen, and not guessed."""


def follow(shard: Shard, track: Track) -> None:
    """A fix of this bus was taken: remember where it is."""
    run = run_of(shard, track)
    if run is None or track.fix is None or track.progress_m is None:
        return
    shard.riders.trail(track.vehicle_id).moved(track.fix.at_ms, track.x, track.y, track.progress_m)


def run_of(shard: Shard, track: Track) -> Run | None:
    """The run that a bus is on, as rides remember it; begun now if it is new."""
    trail = shard.riders.trail(track.vehicle_id)
    run = trail.run
    if track.trip_key is None or track.pattern is None:
        if run is not None:
            run.over = True
        return None
    if run is None or run.trip != track.trip_key or run.pattern_id != track.pattern.pattern_id:
        pattern = track.pattern
        run = Run(track.vehicle_id, track.trip_key, pattern.route_id, pattern.pattern_id, pattern.visits)
        trail.begin(run)
    return run


def called(shard: Shard, run: Run, event: VisitEvent, now_ms: int) -> None:
    """The bus came to a visit, or left it. At the last one its run is over."""
    if isinstance(event, Arrived):
        call = Call(event.visit_index, event.at_ms, None, VisitOutcome.STOPPED, sure=True)
    else:
        call = _call(event, run.calls.get(event.visit_index), now_ms)
    shard.riders.trail(run.vehicle_id).called(call)
    run.over = run.over or event.visit_index == len(run.visits) - 1


def _call(event: Finished, before: Call | None, now_ms: int) -> Call:
    arrived_ms = event.arrived_ms or (before.arrived_ms if before is not None else event.departed_ms or now_ms)
    sure = event.confidence >= SEEN
    return Call(event.visit_index, arrived_ms, event.departed_ms or now_ms, event.outcome, sure)
