"""What operators follow: where the buses are, and the bells that have not ended. Web level; never a rider's identity."""

import asyncio
import logging
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec

from server.core.effects import VehicleView
from server.core.model import END_STATES
from server.evidence import bell_handle
from server.protocol import messages as wire
from server.protocol.codec import encode
from server.runtime import OPS_BELLS, Runtime

log = logging.getLogger(__name__)

REFRESH_S = 1.0
METRICS_S = 2.0
OPEN_BELLS_KEPT = 20_000
ENDED_BELLS_KEPT = 200
OUTCOME_ROUTES_KEPT = 5_000
FIRST_OPEN, FIRST_ENDED = 150, 50
"""Sent when somebody begins to watch: together well below `WebSettings.outbox_max`."""


class Watcher(Protocol):
    """An operator's connection."""

    @property
    def clear(self) -> bool:
        """Whether a frame given now is written at once."""
        ...

    def deliver(self, frame: bytes, *, seq: int | None, key: str) -> None:
        """Take a frame."""
        ...


class _Watch:
    __slots__ = ("behind", "route_id", "watcher")

    def __init__(self, watcher: Watcher, route_id: str | None) -> None:
        self.watcher = watcher
        self.route_id = route_id
        self.behind = True
        """Has missed a change: it is sent all rows next."""


class _Seen(NamedTuple):
    """What of a bus, when it changes, is worth telling. Its age alone is not: the screen counts that itself."""

    received_ms: int
    marks: tuple[object, ...]

    @classmethod
    def of(cls, view: VehicleView) -> "_Seen":
        marks = (view.trip, view.phase, view.on_route, view.stale, view.terminal_up, view.live_alerts, view.mismatch)
        return cls(view.fix.received_ms, (*marks, view.next_visit_index))


class VehicleBoard:
    """All buses for all watching operators: rows that changed, once a second; all rows for whoever missed some."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._watches: dict[int, _Watch] = {}
        self._rows: dict[str, wire.VehicleRow] = {}
        self._seen: dict[str, _Seen] = {}
        self._next = 0

    def watch(self, watcher: Watcher, route_id: str | None) -> Callable[[], None]:
        """Deliver `vehicles` until the returned call."""
        if not self._watches:
            self._look()
        self._next += 1
        token, watch = self._next, _Watch(watcher, route_id)
        self._watches[token] = watch
        self._send(watch, [], [], {})
        return lambda: self._forget(token)

    def _forget(self, token: int) -> None:
        self._watches.pop(token, None)
        if not self._watches:
            self._rows.clear()
            self._seen.clear()

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await asyncio.sleep(REFRESH_S)
            if not self._watches:
                continue
            try:
                changed, gone = self._look()
            except Exception:
                log.exception("the buses could not be listed")
                continue
            frames: dict[str | None, bytes] = {}
            for watch in tuple(self._watches.values()):
                self._send(watch, changed, gone, frames)

    def _look(self) -> tuple[Sequence[wire.VehicleRow], Sequence[str]]:
        changed: list[wire.VehicleRow] = []
        here: set[str] = set()
        for view in self._runtime.vehicles():
            here.add(view.vehicle_id)
            seen = _Seen.of(view)
            if self._seen.get(view.vehicle_id) != seen:
                self._seen[view.vehicle_id] = seen
                row = self._rows[view.vehicle_id] = self._runtime.renderer.vehicle(view)
                changed.append(row)
        gone = [vehicle_id for vehicle_id in self._rows if vehicle_id not in here]
        for vehicle_id in gone:
            del self._rows[vehicle_id], self._seen[vehicle_id]
        return changed, gone

    def _send(
        self, watch: _Watch, changed: Sequence[wire.VehicleRow], gone: Sequence[str], frames: dict[str | None, bytes]
    ) -> None:
        if not watch.watcher.clear:
            watch.behind = True
            return
        if watch.behind:
            watch.behind = False
            frame = self._frame(self._rows.values(), (), watch.route_id, full=True)
        elif changed or gone:
            if watch.route_id not in frames:
                frames[watch.route_id] = self._frame(changed, gone, watch.route_id, full=False)
            frame = frames[watch.route_id]
        else:
            return
        watch.watcher.deliver(frame, seq=None, key="vehicles")

    def _frame(
        self, rows: Iterable[wire.VehicleRow], gone: Sequence[str], route_id: str | None, *, full: bool
    ) -> bytes:
        chosen = [row for row in rows if route_id in (None, row.route_id)]
        at_ms = self._runtime.clock.now_ms()
        return encode(wire.Vehicles(at_ms=at_ms, full=full, vehicles=chosen, gone=list(gone)))


class Figures:
    """Counters and latencies, worked out at most every two seconds however many ask."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._made_s = float("-inf")
        self._frame = b""

    def frame(self, now_s: float) -> bytes:
        """Give the `metrics` frame."""
        if now_s - self._made_s >= METRICS_S:
            self._made_s = now_s
            self._frame = encode(self._runtime.metrics())
        return self._frame


class BellBoard:
    """The bells that have not ended and the latest that have, as operators may see them; filled from the relay."""

    def __init__(self, runtime: Runtime) -> None:
        self._decode = msgspec.json.Decoder(wire.BellEvent).decode
        self._open: OrderedDict[str, wire.BellEvent] = OrderedDict()
        self._ended: deque[wire.BellEvent] = deque(maxlen=ENDED_BELLS_KEPT)
        self._outcomes: OrderedDict[str, Counter[str]] = OrderedDict()
        self._since_ms = runtime.clock.now_ms()
        for bell in runtime.engine.open_bells():  # those that outlived the last run
            event = runtime.renderer.bell_event(bell, handle=bell_handle(bell))
            self._open[event.bell] = event
        self._end = runtime.relay.subscribe(OPS_BELLS, self)

    def deliver(self, frame: bytes, *, seq: int | None, key: str) -> None:  # noqa: ARG002 - ports.Subscriber
        """Keep what a bell has become."""
        event = self._decode(frame)
        if event.state in END_STATES:
            self._open.pop(event.bell, None)
            self._ended.append(event)
        else:
            self._open[event.bell] = event
            if len(self._open) > OPEN_BELLS_KEPT:
                self._open.popitem(last=False)
        self._outcomes.setdefault(event.route_id, Counter())[event.state] += 1
        if len(self._outcomes) > OUTCOME_ROUTES_KEPT:
            self._outcomes.popitem(last=False)

    def shown(self, route_id: str | None) -> Sequence[wire.BellEvent]:
        """Bells to begin with, the newest of each kind; `/v1/ops/outcomes` has them all."""
        first = (*list(self._ended)[-FIRST_ENDED:], *list(self._open.values())[-FIRST_OPEN:])
        return [event for event in first if route_id in (None, event.route_id)]

    @property
    def open(self) -> Sequence[wire.BellEvent]:
        """The bells that have not ended, oldest first."""
        return list(self._open.values())

    @property
    def recent(self) -> Sequence[wire.BellEvent]:
        """The latest bells that ended, oldest first."""
        return list(self._ended)

    @property
    def since_ms(self) -> int:
        """Since when outcomes are counted."""
        return self._since_ms

    def outcomes(self) -> Mapping[str, Mapping[str, int]]:
        """How often bells of each route reached each state."""
        return {route_id: dict(states) for route_id, states in self._outcomes.items()}
