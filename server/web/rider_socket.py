"""`/v1/ws/rider`: bells, rides and arrivals of one rider. Web level."""

from collections.abc import Callable, Sequence
from typing import cast

from server.core.effects import Effect, Refused
from server.core.events import Cancel
from server.core.model import BellId, Reason, RiderId, StopId, VehicleId
from server.protocol import messages as wire
from server.protocol.codec import Codec
from server.protocol.tokens import Role
from server.runtime import Done
from server.streams import Attached, rider_stream
from server.web.auth import Identity
from server.web.house import House
from server.web.rides import ride_event_of
from server.web.rings import ring_of, still_there_of, too_often
from server.web.session import Session


class RiderSession(Session):
    """One rider's socket; a rider may have several."""

    role = Role.RIDER
    codec = Codec(wire.FromRider)

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self._rider_id = RiderId("")
        self._watches: dict[StopId, Callable[[], None]] = {}
        self._follows: dict[VehicleId, Callable[[], None]] = {}

    def stream(self, identity: Identity) -> str:
        """The rider's own stream."""
        return rider_stream(RiderId(identity.subject))

    def enter(self, identity: Identity, attached: Attached) -> wire.Welcome:
        """Hear of one's bells from now on."""
        self._rider_id = RiderId(identity.subject)
        self.subscriptions.append(self.runtime.relay.subscribe(rider_stream(self._rider_id), self.outbox))
        return wire.RiderWelcome(
            epoch=attached.epoch,
            seq=attached.seq,
            recovered=attached.recovered,
            server_at_ms=self.runtime.clock.now_ms(),
            heartbeat_s=self.heartbeat_s,
            snapshot=None if attached.recovered else self.runtime.rider_snapshot(self._rider_id),
        )

    def take(self, message: wire.Message) -> None:
        """Ring, cancel, ride, watch a stop, follow a bus."""
        match message:
            case wire.Ring():
                self._ring(message)
            case wire.StillThere():
                event = still_there_of(message, self._rider_id)
                self.runtime.submit(event, self.refuse_all)
            case wire.Cancel(bell_id=bell_id):
                self.runtime.submit(Cancel(BellId(bell_id), self._rider_id), self.refuse_all)
            case wire.WatchStop(stop_id=stop_id):
                self._watch(StopId(stop_id))
            case wire.UnwatchStop(stop_id=stop_id):
                self._unwatch(StopId(stop_id))
            case wire.CheckIn() | wire.CheckOut() | wire.Undo() | wire.Correct() | wire.Sightings():
                self._ride(message)
            case wire.Follow(vehicle_id=vehicle_id):
                self._follow(VehicleId(vehicle_id))
            case wire.Unfollow(vehicle_id=vehicle_id):
                self._unfollow(VehicleId(vehicle_id))
            case _:
                raise AssertionError(cast("object", message))

    def _ring(self, message: wire.Ring) -> None:
        if too_often(self.house, message.bell_id, self._rider_id):
            self.refuse(Reason.RATE_LIMITED, message.bell_id)
        else:
            self.runtime.submit(ring_of(message, self._rider_id, self.house.nonce_key), self.refuse_all)

    def _ride(self, message: wire.CheckIn | wire.CheckOut | wire.Undo | wire.Correct | wire.Sightings) -> None:
        event = ride_event_of(self.house, message, self._rider_id)
        if isinstance(event, Refused):
            self.refuse(event.reason, event.ref, event.detail)
        else:
            self.runtime.submit(
                event, self._when_taken(message) if isinstance(message, wire.Sightings) else self.refuse_all
            )

    def _when_taken(self, message: wire.Sightings) -> Done:
        """Say that what a phone told has been taken, so that it need not say it again; or why not."""

        def done(effects: Sequence[Effect]) -> None:
            self.refuse_all(effects)
            if message.ref is not None and not any(isinstance(effect, Refused) for effect in effects):
                self.reply(wire.Taken(accepted=len(message.beacons), refused=[], ref=message.ref))

        return done

    def _watch(self, stop_id: StopId) -> None:
        if stop_id not in self.runtime.network.stops:
            self.refuse(Reason.UNKNOWN_STOP, stop_id, {"stop_id": stop_id})
            return
        self._unwatch(stop_id)  # asking again is a wish to see it now
        end = None
        if len(self._watches) < self.house.settings.watches_max:
            end = self.house.stop_boards.watch(stop_id, self.outbox)
        if end is None:
            self.refuse(Reason.RATE_LIMITED, stop_id)
        else:
            self._watches[stop_id] = end

    def _unwatch(self, stop_id: StopId) -> None:
        end = self._watches.pop(stop_id, None)
        if end is not None:
            end()

    def _follow(self, vehicle_id: VehicleId) -> None:
        if self.runtime.engine.position(vehicle_id, self.runtime.clock.now_ms()) is None:
            self.refuse(Reason.UNKNOWN_VEHICLE, vehicle_id)
            return
        self._unfollow(vehicle_id)
        end = None
        if len(self._follows) < self.house.settings.watches_max:
            end = self.house.bus_boards.watch(vehicle_id, self.outbox)
        if end is None:
            self.refuse(Reason.RATE_LIMITED, vehicle_id)
        else:
            self._follows[vehicle_id] = end

    def _unfollow(self, vehicle_id: VehicleId) -> None:
        end = self._follows.pop(vehicle_id, None)
        if end is not None:
            end()

    def leave(self) -> None:
        """Watch no more."""
        for stop_id in tuple(self._watches):
            self._unwatch(stop_id)
        for vehicle_id in tuple(self._follows):
            self._unfollow(vehicle_id)
