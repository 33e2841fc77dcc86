"""`/v1/ws/operator`: what operators follow live. Web level; nothing here knows a rider."""

from collections.abc import Callable
from typing import cast

import msgspec

from server.core.model import Reason
from server.ports import Subscriber
from server.protocol import messages as wire
from server.protocol.codec import Codec, encode
from server.protocol.tokens import Role
from server.runtime import OPS_BELLS, OPS_TERMINALS
from server.web.fleet_board import Watch, Wish
from server.web.house import House
from server.web.ops_boards import METRICS_S
from server.web.session import Session


class _OfRoute:
    """Lets through the bell events of one route."""

    def __init__(self, route_id: str, to: Subscriber) -> None:
        self._route_id = route_id
        self._to = to
        self._decode = msgspec.json.Decoder(wire.BellEvent).decode

    def deliver(self, frame: bytes, *, seq: int | None, key: str) -> None:
        if self._decode(frame).route_id == self._route_id:
            self._to.deliver(frame, seq=seq, key=key)


class OperatorSession(Session):
    """One operator's socket. Watching a topic again replaces the earlier watch of it."""

    role = Role.OPERATOR
    also = (Role.INSPECTOR,)
    codec = Codec(wire.FromOperator)

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self._topics: dict[str, Callable[[], None]] = {}
        self._fleet: Watch | None = None
        self._measured_s = float("-inf")

    def take(self, message: wire.Message) -> None:
        """Follow a topic."""
        match message:
            case wire.WatchTopic(what=what):
                unknown = next(
                    (one for one in (message.route_id, message.focus_route_id) if not self._knows(one)), None
                )
                if unknown is not None:
                    self.refuse(Reason.UNKNOWN_ROUTE, what, {"route_id": unknown})
                elif what == "network":
                    bbox = tuple(message.bbox) if message.bbox is not None else None
                    self._follow_fleet(Wish(message.route_id, message.moves, bbox, message.focus_route_id))
                else:
                    self._follow(what, message.route_id, whole=message.whole)
            case _:
                raise AssertionError(cast("object", message))

    def _knows(self, route_id: str | None) -> bool:
        return route_id is None or route_id in self.runtime.network.routes

    def _follow_fleet(self, wish: Wish) -> None:
        if self._fleet is None:
            self._fleet = self.house.vehicle_board.watch(self.outbox, wish)
        else:
            self._fleet.change(wish)

    def _follow(self, what: str, route_id: str | None, *, whole: bool) -> None:
        before = self._topics.pop(what, None)
        if before is not None:
            before()
        match what:
            case "bells":
                self._tell_bells(route_id, whole=whole)
                subscriber = self.outbox if route_id is None else _OfRoute(route_id, self.outbox)
                self._topics[what] = self.runtime.relay.subscribe(OPS_BELLS, subscriber)
            case _:
                self._topics[what] = self.runtime.relay.subscribe(OPS_TERMINALS, self.outbox)

    def _tell_bells(self, route_id: str | None, *, whole: bool) -> None:
        board = self.house.bell_board
        if whole:
            for number, part in enumerate(board.whole(route_id)):
                self.outbox.deliver(encode(part), seq=None, key=f"bells:{number}")
        else:
            for event in board.shown(route_id):
                self.outbox.deliver(encode(event), seq=None, key=f"{event.bell}:{event.state}:{event.attempt}")

    def sweep(self, now_s: float) -> None:
        """The figures, every two seconds."""
        super().sweep(now_s)
        if self.identity is not None and now_s - self._measured_s >= METRICS_S:
            self._measured_s = now_s
            self.outbox.deliver(self.house.figures.frame(now_s), seq=None, key="metrics")

    def leave(self) -> None:
        """Follow nothing any more."""
        for end in self._topics.values():
            end()
        self._topics.clear()
        if self._fleet is not None:
            self._fleet.end()
            self._fleet = None
