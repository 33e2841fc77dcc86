"""A program that keeps batches until it is killed, and says on stdout which ones the journal took. Run by the crash test.

`crash_child.py KIND PLACE FIRST` numbers its batches from FIRST. Batch n holds the bell `bell-NNNNNNNN` (waiting, or the
end of an earlier one), a stop visit with `at_ms` n and one message on each of two of five streams.
"""

import asyncio
import os
import sys
from pathlib import Path

from server.backends.embedded import open_embedded
from server.core.model import (
    Bell,
    BellId,
    BellKind,
    BellState,
    RiderId,
    RouteId,
    StopId,
    StopVisit,
    TripId,
    TripKey,
    VehicleId,
    VisitOutcome,
)
from server.ports import Batch, Outgoing

STREAMS = 5
IN_FLIGHT = 200
"""Batches that wait for their commit at a time: below the journal's bound, enough for groups of many sizes."""
OPENERS = {"embedded": open_embedded}


def bell_of(n: int) -> Bell:
    """The bell of batch n."""
    return Bell(
        bell_id=BellId(f"bell-{n:08}"),
        rider_id=RiderId(f"rider-{n % 7}"),
        kind=BellKind.BOARD,
        stop_id=StopId("s1"),
        route_id=RouteId("G1300"),
        state=BellState.WAITING if n % 2 else BellState.SERVED,
        rung_ms=n,
        changed_ms=n,
    )


def visit_of(n: int) -> StopVisit:
    """The stop visit of batch n."""
    return StopVisit(
        at_ms=n,
        vehicle_id=VehicleId("v1"),
        trip=TripKey(trip_id=TripId("t1"), start_date="20261122"),
        stop_id=StopId("s1"),
        stop_sequence=n,
        arrived_ms=n,
        departed_ms=n,
        stood_s=0.0,
        outcome=VisitOutcome.PASSED,
        confidence=1.0,
    )


async def keep_until_killed(kind: str, place: Path, first: int) -> None:
    """Append without end, `IN_FLIGHT` at a time; write the number of every batch that was kept."""
    backend = await OPENERS[kind](place)
    last_seq = dict((await backend.journal.recover()).last_seq)
    slots = asyncio.Semaphore(IN_FLIGHT)
    n = first

    def next_of(stream: str) -> Outgoing:
        last_seq[stream] = last_seq.get(stream, 0) + 1
        return Outgoing(stream=stream, seq=last_seq[stream], key=f"batch:{n}", frame=f"{n}".encode(), at_ms=n)

    def done(error: BaseException | None, kept: int) -> None:
        os.write(1, f"{kept} {error or 'kept'}\n".encode())
        slots.release()

    while True:
        await slots.acquire()
        streams = {f"terminal:v{n % STREAMS}", f"terminal:v{n // 7 % STREAMS}"}
        batch = Batch(
            facts=[bell_of(n)], visits=[visit_of(n)], outgoing=[next_of(stream) for stream in sorted(streams)]
        )
        backend.journal.append(batch, lambda error, kept=n: done(error, kept))  # type: ignore[misc]
        n += 1


if __name__ == "__main__":
    asyncio.run(keep_until_killed(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
