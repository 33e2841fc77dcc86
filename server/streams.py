"""Numbered messages of each recipient: gives the numbers, keeps the latest frames, answers a client that comes back."""

from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from server.core.model import RiderId, VehicleId
from server.ports import Outgoing

KEPT_PER_STREAM = 64
"""Frames kept per recipient for resuming; a client that missed more takes a snapshot. The journal keeps as many."""


def terminal_stream(vehicle_id: VehicleId) -> str:
    """Name of the stream of one vehicle's terminal."""
    return f"terminal:{vehicle_id}"


def rider_stream(rider_id: RiderId) -> str:
    """Name of the stream of one rider."""
    return f"rider:{rider_id}"


def rider_of(stream: str) -> RiderId | None:
    """The rider whose stream this is; None for another recipient's."""
    return RiderId(stream.removeprefix("rider:")) if stream.startswith("rider:") else None


class Attached(NamedTuple):
    """What a client that (re)connects is told. `recovered`: `frames` continue from where it left off."""

    epoch: str
    seq: int
    recovered: bool
    frames: Sequence[Outgoing]


class Streams:
    """Counts up by one within each stream, from 1, for the life of the journal's epoch.

    Frames become visible to resuming clients only after `committed`: nothing is announced before the journal holds it.
    At most `frames_max` frames are kept in memory; of the recipients who heard nothing for longest the journal has them.
    """

    def __init__(self, epoch: str, last_seq: Mapping[str, int], *, frames_max: int) -> None:
        self.epoch = epoch
        self._frames_max = frames_max
        self._in_flight: dict[str, int] = {}
        self._committed: dict[str, int] = dict(last_seq)
        self._frames: OrderedDict[str, deque[Outgoing]] = OrderedDict()
        self._kept = 0

    def next_seq(self, stream: str) -> int:
        """The number for the stream's next message."""
        seq = self._in_flight.get(stream, self.last_seq(stream)) + 1
        self._in_flight[stream] = seq
        return seq

    def last_seq(self, stream: str) -> int:
        """The last number that was committed."""
        return self._committed.get(stream, 0)

    def in_flight(self, stream: str) -> bool:
        """Whether messages have numbers that the journal does not hold yet."""
        return stream in self._in_flight

    def committed(self, message: Outgoing) -> None:
        """The journal holds this message: it may be told, now and to whoever comes back."""
        self._committed[message.stream] = message.seq
        if self._in_flight.get(message.stream) == message.seq:
            del self._in_flight[message.stream]
        self._keep(message.stream, [*self._frames.get(message.stream, ()), message])

    def preload(self, stream: str, messages: Iterable[Outgoing]) -> None:
        """Frames read from the journal after a restart, oldest first; those already here win."""
        have = self._frames.get(stream, deque())
        first = have[0].seq if have else self.last_seq(stream) + 1
        older = [m for m in messages if m.seq < first]
        self._keep(stream, [*older, *have])

    def _keep(self, stream: str, frames: Iterable[Outgoing]) -> None:
        before, after = self._frames.pop(stream, ()), deque(frames, maxlen=KEPT_PER_STREAM)
        self._frames[stream] = after
        self._kept += len(after) - len(before)
        while self._kept > self._frames_max and len(self._frames) > 1:
            _, longest_unheard = self._frames.popitem(last=False)
            self._kept -= len(longest_unheard)

    def missing_before(self, stream: str, seq: int) -> bool:
        """True when frames after `seq` exist that are not in memory (a restart came between)."""
        if seq >= self.last_seq(stream):
            return False
        frames = self._frames.get(stream)
        return not frames or frames[0].seq > seq + 1

    def attach(self, stream: str, epoch: str | None, seq: int) -> Attached:
        """Continue after `seq` if it is of this epoch and nothing in between is lost; otherwise a new start.

        Of several messages with one key only the latest is repeated: an alert that was cleared meanwhile comes back
        as its `clear`, never as an alert.
        """
        last = self.last_seq(stream)
        if epoch != self.epoch or seq > last or self.missing_before(stream, seq):
            return Attached(self.epoch, last, recovered=False, frames=())
        newest = {m.key: m for m in self._frames.get(stream, ()) if m.seq > seq}
        return Attached(self.epoch, last, recovered=True, frames=sorted(newest.values(), key=lambda m: m.seq))
