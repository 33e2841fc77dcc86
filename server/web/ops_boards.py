"""What operators follow: figures, and the bells that have not ended. Web level; never a rider's identity."""

from collections import Counter, OrderedDict, deque
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from server.core.model import END_STATES
from server.evidence import bell_handle
from server.protocol import messages as wire
from server.protocol.codec import encode
from server.runtime import OPS_BELLS, Runtime

METRICS_S = 2.0
OPEN_BELLS_KEPT = 20_000
ENDED_BELLS_KEPT = 200
OUTCOME_ROUTES_KEPT = 5_000
BELLS_A_FRAME = 500
"""About 150 KB; all of `OPEN_BELLS_KEPT` are 40 frames, well below `WebSettings.outbox_max`."""
FIRST_OPEN, FIRST_ENDED = 150, 50
"""Sent when somebody begins to watch: together well below `WebSettings.outbox_max`."""


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
        self._clock = runtime.clock
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

    def whole(self, route_id: str | None) -> Iterator[wire.Bells]:
        """Every open bell and the latest ended, in parts; at least one part."""
        found = [event for event in (*self._ended, *self._open.values()) if route_id in (None, event.route_id)]
        at_ms = self._clock.now_ms()
        for first in range(0, max(1, len(found)), BELLS_A_FRAME):
            yield wire.Bells(at_ms=at_ms, full=first == 0, bells=found[first : first + BELLS_A_FRAME])

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
