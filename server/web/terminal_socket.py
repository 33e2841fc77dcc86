"""`/v1/ws/terminal`: the driver's terminal of one bus. Web level."""

import asyncio
from typing import cast

from server.core.events import Fix, Respond, Shown, SignOff, SignOn
from server.core.model import AlertId, BlockId, Reason, RouteId, Source, TripId, VehicleId
from server.protocol import messages as wire
from server.protocol.codec import Codec
from server.protocol.session import CloseCode
from server.protocol.tokens import Role
from server.streams import Attached, terminal_stream
from server.web.auth import Identity
from server.web.house import House
from server.web.session import Session, Stage

SUGGEST_EVERY_S = 2.0
"""A look at the timetables of every way near a bus: a person reads the answer, so more often is nobody's need."""


class TerminalSession(Session):
    """One bus's terminal. A newer session of the same bus closes the older one."""

    role = Role.TERMINAL
    codec = Codec(wire.FromTerminal)

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self.heartbeat_s = house.settings.terminal_heartbeat_s
        self._vehicle_id = VehicleId("")
        self._spoke_s = 0.0
        self._suggested_s = -SUGGEST_EVERY_S
        self._linked = False

    def stream(self, identity: Identity) -> str:
        """The vehicle's stream."""
        return terminal_stream(_vehicle(identity))

    def enter(self, identity: Identity, attached: Attached) -> wire.Welcome:
        """Take the vehicle's seat and hear its alerts from now on."""
        self._vehicle_id = _vehicle(identity)
        older = self.house.lobby.sit(self._vehicle_id, self)
        if older is not None:
            older.end(CloseCode.SUPERSEDED, "a newer session of this bus")
        self.subscriptions.append(self.runtime.relay.subscribe(terminal_stream(self._vehicle_id), self.outbox))
        self.limit_send_buffer()
        self._link(up=True)
        return wire.TerminalWelcome(
            epoch=attached.epoch,
            seq=attached.seq,
            recovered=attached.recovered,
            server_at_ms=self.runtime.clock.now_ms(),
            heartbeat_s=self.heartbeat_s,
            snapshot=None if attached.recovered else self.runtime.terminal_snapshot(self._vehicle_id),
        )

    def leave(self) -> None:
        """The bus cannot be told any more, unless a newer session took the seat."""
        if self.house.lobby.rise(self._vehicle_id, self):
            self._link(up=False)

    # -- messages --------------------------------------------------------------

    def take(self, message: wire.Message) -> None:
        """Position first: it is nearly all that comes."""
        match message:
            case wire.Fix():
                self.runtime.submit(self._fix(message))
            case wire.Shown(alert_id=alert_id, at_ms=at_ms):
                self.runtime.submit(Shown(self._vehicle_id, AlertId(alert_id), at_ms))
            case wire.Respond():
                self.runtime.submit(self._respond(message), self.refuse_all)
            case wire.Suggest(ref=ref):
                self._suggest(ref)
            case wire.SignOn():
                self.runtime.submit(self._sign_on(message), self.refuse_all)
            case wire.TerminalHealth():
                self.house.terminals.said(self._vehicle_id, message)
            case wire.SignOff(ref=ref):
                self.runtime.submit(SignOff(self._vehicle_id, ref=ref), self.refuse_all)
            case _:
                raise AssertionError(cast("object", message))

    def _fix(self, message: wire.Fix) -> Fix:
        fix = Fix(
            vehicle_id=self._vehicle_id,
            at_ms=message.at_ms,
            received_ms=self.runtime.clock.now_ms(),
            lat=message.lat,
            lon=message.lon,
            speed_mps=message.speed_mps,
            heading_deg=message.heading_deg,
            accuracy_m=message.accuracy_m,
            odometer_m=message.odometer_m,
            doors=message.doors,
            passengers=message.passengers,
            seats_left=message.seats_left,
            n=message.n,
            source=Source.TERMINAL,
        )
        self.house.terminals.heard(fix)
        return fix

    def _respond(self, message: wire.Respond) -> Respond:
        return Respond(
            vehicle_id=self._vehicle_id,
            alert_id=AlertId(message.alert_id),
            answer=message.answer,
            ref=message.ref,
            reason=message.reason,
            by_touch=message.by == "touch",
        )

    def _suggest(self, ref: str) -> None:
        now_s = asyncio.get_running_loop().time()
        if now_s - self._suggested_s < SUGGEST_EVERY_S:
            self.refuse(Reason.RATE_LIMITED, ref)
            return
        self._suggested_s = now_s
        self.reply(self.runtime.suggestions(self._vehicle_id, ref=ref))

    def _sign_on(self, message: wire.SignOn) -> SignOn:
        return SignOn(
            vehicle_id=self._vehicle_id,
            ref=message.ref,
            trip_id=TripId(message.trip_id) if message.trip_id is not None else None,
            start_date=message.start_date,
            block_id=BlockId(message.block_id) if message.block_id is not None else None,
            route_id=RouteId(message.route_id) if message.route_id is not None else None,
            direction_id=message.direction_id,
        )

    # -- time passes -----------------------------------------------------------

    def sweep(self, now_s: float) -> None:
        """A terminal that says nothing counts as down, though its socket may live: a frozen page answers pings."""
        super().sweep(now_s)
        if self.stage is not Stage.OPEN:
            return
        if self.spoke_since_asked():
            self._spoke_s = now_s
            if not self._linked:
                self._link(up=True)
        elif now_s - self._spoke_s >= self.house.settings.dead_after_s:
            self.end(CloseCode.TOO_SLOW, "silent for too long")
        elif self._linked and now_s - self._spoke_s >= self.house.settings.silent_after_s:
            self._link(up=False, silent=True)

    def _link(self, *, up: bool, silent: bool = False) -> None:
        if up or self._linked:
            self.runtime.link(self._vehicle_id, up=up, silent=silent)
        self._linked = up


def _vehicle(identity: Identity) -> VehicleId:
    if identity.vehicle_id is None:
        raise ValueError("a terminal's identity names its vehicle")
    return identity.vehicle_id
