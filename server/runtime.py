"""The shell around the rules: one inbox and one writer. Decide, keep in the journal, only then tell anybody.

A fix waits in a place of its own per bus, so that the newest wins and an overtaken one is only counted; bells and
all else wait in a bounded queue and are refused `busy` when it is full, never dropped.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple, TypeGuard

import msgspec

from server.clock import Clock
from server.core.effects import (
    BellChanged,
    Effect,
    Prediction,
    Refused,
    RideChanged,
    RideRepeated,
    VehicleView,
)
from server.core.engine import RouteEngine
from server.core.events import Cancel, Event, Fix, Ring, TerminalLink, Tick
from server.core.model import Bell, BellId, Reason, Ride, RideId, RiderId, StopId, StopVisit, Vehicle, VehicleId
from server.core.network import Network
from server.evidence import Note, bell_handle
from server.lookups import Lookups
from server.ports import Analysis, Batch, Forget, Journal, Outgoing, Relay
from server.protocol import messages as wire
from server.protocol.codec import encode
from server.protocol.render import Renderer
from server.settings import RuntimeSettings
from server.streams import KEPT_PER_STREAM, Attached, Streams, rider_of, rider_stream, terminal_stream
from server.telemetry import Telemetry
from server.telling import durable, outgoing_of, reference_of
from server.witness import Witness

log = logging.getLogger(__name__)

OPS_BELLS = "ops:bells"
OPS_TERMINALS = "ops:terminals"
RECENT_RIDES = 8
"""Ended rides in a rider's snapshot, the latest; a page that wants its history asks over HTTP."""
RECENT_BELLS = 16
"""Ended bells in a rider's snapshot, the latest: a page hears how its bell ended, and a kiosk's day does not fill the frame."""

Done = Callable[[Sequence[Effect]], None]
"""Called on the event loop with what was decided about one event, once the journal holds it."""


class StoreUnavailableError(RuntimeError):
    """The journal has failed: what was decided since cannot be told, because a restart will not know it."""


class _Waiting(NamedTuple):
    event: Event
    done: Done | None
    stamp_ns: int


class _Decided(NamedTuple):
    waiting: _Waiting
    effects: Sequence[Effect]
    outgoing: Sequence[Outgoing]


class Runtime:
    """One shard's inbox, engine and announcements. All methods are called on one event loop."""

    def __init__(
        self,
        network: Network,
        engine: RouteEngine,
        journal: Journal,
        relay: Relay,
        *,
        analysis: Analysis,
        vehicles: Mapping[VehicleId, Vehicle],
        clock: Clock,
        settings: RuntimeSettings,
    ) -> None:
        self.network = network
        self.engine = engine
        self.relay = relay
        self.analysis = analysis
        self.renderer = Renderer(network, vehicles)
        self.telemetry = Telemetry(settings.latency_window)
        self.clock = clock
        self._journal = journal
        self._settings = settings
        self._streams = Streams(journal.epoch, {}, frames_max=settings.frames_kept)
        self._queue: deque[_Waiting] = deque()
        self._fixes: dict[VehicleId, _Waiting] = {}
        self._wake = asyncio.Event()
        self._committed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._lookups: Lookups[_Waiting] = Lookups(journal.find_bell, self._looked_up, self._give_up)
        self._witness = Witness(network)
        self._ready = False
        self.tap: Callable[[Event, int], None] | None = None
        """Hears of every event just before the engine takes it, in that order; must not raise or wait."""
        self.rides_changed: Callable[[], None] = lambda: None
        """Called when the journal holds changes of rides; must not raise or wait."""

    # -- life ------------------------------------------------------------------

    async def start(self) -> None:
        """Rebuild the engine from the journal, then begin to decide."""
        recovered = await self._journal.recover()
        self.engine.restore(recovered.facts, now_ms=self.clock.now_ms())
        self._witness.restore(recovered.facts)
        self._streams = Streams(self._journal.epoch, recovered.last_seq, frames_max=self._settings.frames_kept)
        self._tasks = [asyncio.create_task(self._work()), asyncio.create_task(self._tick())]
        self._ready = True

    async def stop(self) -> None:
        """Decide what waits, let the journal finish, and end."""
        self._ready = False
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._lookups.finish()
        while self._queue or self._fixes:
            await self._room()
            self._decide_some()
        await self._journal.close()

    @property
    def not_ready(self) -> str | None:
        """Why this server should get no traffic, or None."""
        if self._journal.failed is not None:
            return f"the journal cannot keep anything: {self._journal.failed}"
        if not self._ready:
            return "starting or stopping"
        if self._tasks and self._tasks[0].done():
            return "the deciding task has ended"
        return None

    # -- what comes in ---------------------------------------------------------

    def submit(self, event: Event, done: Done | None = None) -> None:
        """Queue an event. `done` gets the effects after the commit, or one `Refused` (busy, store_unavailable).

        Whether a terminal is there is never refused: it is one small fact a connection, and riders depend on it.
        """
        refusal = self._cannot_take()
        if refusal is not None and not isinstance(event, TerminalLink):
            self.telemetry.refused[refusal] += 1
            if done is not None:
                done((Refused(refusal, ref=reference_of(event)),))
            return
        waiting = _Waiting(event, done, self.clock.perf_ns())
        if isinstance(event, Fix):
            if event.vehicle_id in self._fixes:
                self._overtake(self._fixes[event.vehicle_id])
            self._fixes[event.vehicle_id] = waiting
        elif self._must_look_up(event):
            self._lookups.add(event.bell_id, waiting)
            return
        else:
            self._queue.append(waiting)
        self._wake.set()

    async def ask(self, event: Event) -> Sequence[Effect]:
        """`submit` for callers that wait: the effects, after the commit."""
        future: asyncio.Future[Sequence[Effect]] = asyncio.get_running_loop().create_future()

        def answer(effects: Sequence[Effect]) -> None:
            if not future.done():
                future.set_result(effects)

        self.submit(event, answer)
        return await future

    def link(self, vehicle_id: VehicleId, *, up: bool, silent: bool = False) -> None:
        """A terminal's connection came or went; `silent`: it is there, but nothing is heard of it."""
        if self._ready:  # never refused when busy: there are no more of these than terminals, and none may be forgotten
            self._queue.append(_Waiting(TerminalLink(vehicle_id, up), None, self.clock.perf_ns()))
            self._wake.set()
        state: Literal["up", "down", "silent"] = "up" if up else "silent" if silent else "down"
        event = wire.TerminalEvent(vehicle_id=vehicle_id, state=state, at_ms=self.clock.now_ms())
        self.relay.publish(OPS_TERMINALS, encode(event), seq=None, key=vehicle_id)

    def _cannot_take(self) -> Reason | None:
        if self._journal.failed is not None or not self._ready:
            return Reason.STORE_UNAVAILABLE
        waiting = len(self._queue) + len(self._fixes) + len(self._lookups)
        if waiting >= self._settings.inbox_max or self._journal.full:
            return Reason.BUSY
        return None

    def _overtake(self, old: _Waiting) -> None:
        self.telemetry.fixes_overtaken += 1
        if old.done is not None:
            old.done(())

    def _must_look_up(self, event: Event) -> TypeGuard[Ring | Cancel]:
        """A ring of a bell that only the journal may know; and a cancel must not overtake the ring that it follows."""
        if not isinstance(event, Ring | Cancel):
            return False
        return event.bell_id in self._lookups or (isinstance(event, Ring) and self.engine.bell(event.bell_id) is None)

    def _looked_up(self, bell: Bell | None, waiting: Iterable[_Waiting]) -> None:
        if bell is not None:
            self.engine.remember(bell)
        self._queue.extend(waiting)
        self._wake.set()

    # -- deciding --------------------------------------------------------------

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(self._settings.tick_s)
            self._queue.append(_Waiting(Tick(), None, self.clock.perf_ns()))
            self._wake.set()

    async def _work(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue or self._fixes:
                await self._room()
                self._decide_some()
                await asyncio.sleep(0)

    async def _room(self) -> None:
        """Wait while the journal's queue is full (a stalled disk): what waits here is bounded by the inbox."""
        while self._journal.full and self._journal.failed is None:
            self._committed.clear()
            await self._committed.wait()

    def _decide_some(self) -> None:
        """Decide a micro-batch and hand it to the journal as one append."""
        now_ms = self.clock.now_ms()
        batch: list[_Waiting] = []
        while self._queue and len(batch) < self._settings.batch_max:
            batch.append(self._queue.popleft())
        while self._fixes and len(batch) < self._settings.batch_max:
            batch.append(self._fixes.pop(next(iter(self._fixes))))
        decided = [self._decide(waiting, now_ms) for waiting in batch]
        facts, visits = durable(d.effects for d in decided)
        notes = [note for d in decided for note in self._witness.see(d.waiting.event, d.effects)]
        outgoing = [message for d in decided for message in d.outgoing]
        if not facts and not visits and not outgoing:
            self._announce(decided)
            return

        def done(error: BaseException | None) -> None:
            self._committed.set()
            if error is None:
                self._announce(decided)
            else:
                log.critical("the journal failed; nothing more is accepted until a restart: %s", error)
                self._give_up(one.waiting for one in decided)

        self._journal.append(Batch(facts=facts, visits=visits, outgoing=outgoing, notes=notes), done)

    def keep(self, notes: Sequence[Note], done: Callable[[Reason | None], None] = lambda _: None) -> None:
        """Keep notes; `done` hears None once the journal holds them, or why not. Where it is full they are dropped."""
        refusal = self._cannot_take()
        if refusal is not None:
            self.telemetry.notes_dropped += len(notes)
            done(refusal)
            return
        failed = Reason.STORE_UNAVAILABLE
        self._journal.append(Batch(notes=notes), lambda error: done(None if error is None else failed))

    def _decide(self, waiting: _Waiting, now_ms: int) -> _Decided:
        if self.tap is not None:
            self.tap(waiting.event, now_ms)
        try:
            effects = self.engine.step(waiting.event, now_ms)
        except Exception:
            # A rule failed on this event: a defect of ours. The other routes go on; the sender hears a no.
            log.exception("a rule failed on %r", waiting.event)
            self.telemetry.faults += 1
            effects = [Refused(Reason.BUSY, ref=reference_of(waiting.event))]
        outgoing = [
            message
            for effect in effects
            if (message := outgoing_of(effect, self.renderer, self._streams, now_ms)) is not None
        ]
        return _Decided(waiting, effects, outgoing)

    # -- telling ---------------------------------------------------------------

    def _announce(self, decided: Iterable[_Decided]) -> None:
        for one in decided:
            self._publish(one.outgoing)
            waited_ms = (self.clock.perf_ns() - one.waiting.stamp_ns) / 1e6
            self.telemetry.count(one.waiting.event, one.effects, waited_ms=waited_ms, now_ms=self.clock.now_ms())
            self._tell_operators(one.effects)
            if any(isinstance(effect, RideChanged) for effect in one.effects):
                self.rides_changed()
            if one.waiting.done is not None:
                one.waiting.done(one.effects)

    def _publish(self, messages: Iterable[Outgoing]) -> None:
        for message in messages:
            self._streams.committed(message)
            self.relay.publish(message.stream, message.frame, seq=message.seq, key=message.key)

    @staticmethod
    def _give_up(several: Iterable[_Waiting]) -> None:
        for waiting in several:
            if waiting.done is not None:
                waiting.done((Refused(Reason.STORE_UNAVAILABLE, ref=reference_of(waiting.event)),))

    def _tell_operators(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, BellChanged):
                event = self.renderer.bell_event(effect.bell, handle=bell_handle(effect.bell))
                frame = encode(event)
                self.relay.publish(OPS_BELLS, frame, seq=None, key=f"{event.bell}:{event.state}:{event.attempt}")

    # -- what is asked ---------------------------------------------------------

    async def attach(self, stream: str, resume: wire.Resume | None) -> Attached:
        """Prepare a client's return: after this returns, subscribe at once (no await between) and nothing is missed.

        Nor is anything said too early: until then a snapshot holds only what the journal holds. Raises `StoreUnavailableError`.
        """
        epoch, seq = (resume.epoch, resume.seq) if resume is not None else (None, 0)
        if epoch == self._streams.epoch and self._streams.missing_before(stream, seq):
            kept = await self._journal.outgoing_since(stream, seq, KEPT_PER_STREAM)
            self._streams.preload(stream, kept or ())
        rider_id = rider_of(stream)
        if rider_id is not None and not self._streams.attach(stream, epoch, seq).recovered:
            for bell in await self._journal.recent_bells(rider_id, RECENT_BELLS):
                if bell.ended:
                    self.engine.remember(bell)
            for ride in await self._journal.recent_rides(rider_id, RECENT_RIDES):
                if ride.ended:
                    self.engine.remember_ride(ride)
        await self._settled(stream)
        return self._streams.attach(stream, epoch, seq)

    async def _settled(self, stream: str) -> None:
        """Wait until the journal holds all that was decided for a recipient; the engine is ahead of it by a commit."""
        while self._streams.in_flight(stream):
            if self._journal.failed is not None:
                raise StoreUnavailableError(f"the journal cannot keep anything: {self._journal.failed}")
            self._committed.clear()
            await self._committed.wait()

    def terminal_snapshot(self, vehicle_id: VehicleId) -> wire.TerminalSnapshot:
        """Trip and live alerts of one vehicle."""
        seq = self._streams.last_seq(terminal_stream(vehicle_id))
        assignment = self.engine.assignment(vehicle_id)
        return wire.TerminalSnapshot(
            trip=self.renderer.trip(assignment, seq=seq) if assignment is not None else None,
            alerts=[self.renderer.alert(alert, seq=seq) for alert in self.engine.live_alerts(vehicle_id)],
        )

    def suggestions(self, vehicle_id: VehicleId, *, ref: str) -> wire.Suggestions:
        """Which runs this vehicle's driver is asked about, as of now."""
        return self.renderer.suggestions(self.engine.suggestions(vehicle_id, self.clock.now_ms()), ref=ref)

    def rider_snapshot(self, rider_id: RiderId) -> wire.RiderSnapshot:
        """A rider's bells that have not ended, and those that ended lately."""
        seq = self._streams.last_seq(rider_stream(rider_id))
        now_ms, bells = self.clock.now_ms(), self.engine.bells_of(rider_id)
        old = {bell.bell_id for bell in [bell for bell in bells if bell.ended][:-RECENT_BELLS]}
        told = (bell for bell in bells if bell.bell_id not in old)
        rides = self.engine.rides_of(rider_id)
        past = {ride.ride_id for ride in [ride for ride in rides if ride.ended][:-RECENT_RIDES]}
        return wire.RiderSnapshot(
            bells=[self.bell_message(bell, seq=seq, now_ms=now_ms) for bell in told],
            rides=[self.ride_message(ride, seq=seq) for ride in rides if ride.ride_id not in past],
        )

    def ride_message(self, ride: Ride, *, seq: int = 0) -> wire.RideMessage:
        """One ride as its rider sees it now."""
        return self.renderer.ride(ride, seq=seq)

    async def find_ride(self, ride_id: RideId) -> Ride | None:
        """A ride by its id, from memory or from the journal, as the journal holds it. Raises `StoreUnavailableError`."""
        found = self.engine.ride(ride_id)
        if found is None:
            return await self._journal.find_ride(ride_id)
        await self._settled(rider_stream(found.rider_id))
        return self.engine.ride(ride_id)

    async def ride_changes(self, after: int, limit: int) -> Sequence[tuple[int, Ride]]:
        """Records of rides in the order of their commit, those numbered above `after` with their numbers."""
        return await self._journal.ride_changes(after, limit)

    @property
    def epoch(self) -> str:
        """Identity of the journal's life: numbers of another one mean nothing here."""
        return self._journal.epoch

    async def priced(self, ride_id: RideId, fare_won: int) -> None:
        """Tell a rider what a ride costs now. The record keeps it, so that whoever asks later hears it too."""
        ride = self.engine.ride(ride_id) or await self._journal.find_ride(ride_id)
        ride = self.engine.ride(ride_id) or ride  # it may have changed while the journal was asked
        if ride is None or ride.fare_won == fare_won or self._cannot_take() is not None:
            return
        ride = self.engine.price_ride(ride_id, fare_won) or msgspec.structs.replace(ride, fare_won=fare_won)
        message = outgoing_of(RideRepeated(ride), self.renderer, self._streams, self.clock.now_ms())
        assert message is not None

        def done(error: BaseException | None) -> None:
            self._committed.set()
            if error is None:
                self._publish([message])

        self._journal.append(Batch(facts=[ride], outgoing=[message]), done)

    async def forget(self, what: Forget) -> None:
        """Let records about people go. Raises `StoreUnavailableError` where that is not possible now."""
        answer: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()
        if self._cannot_take() is not None:
            raise StoreUnavailableError("the journal takes nothing now")
        self._journal.append(Batch(forget=what), lambda error: None if answer.done() else answer.set_result(error))
        if await answer is not None:
            raise StoreUnavailableError("the journal has failed")

    async def recent_rides(self, rider_id: RiderId, limit: int) -> Sequence[Ride]:
        """A rider's latest rides as the journal holds them, the newest first."""
        return await self._journal.recent_rides(rider_id, limit)

    def bell_message(self, bell: Bell, *, seq: int = 0, now_ms: int | None = None) -> wire.BellMessage:
        """One bell as its rider sees it now."""
        eta_s, stops_away = self.engine.bell_outlook(bell, self.clock.now_ms() if now_ms is None else now_ms)
        return self.renderer.bell(bell, seq=seq, eta_s=eta_s, stops_away=stops_away)

    async def find_bell(self, bell_id: BellId) -> Bell | None:
        """A bell by its id, from memory or from the journal, as the journal holds it. Raises `StoreUnavailableError`."""
        found = self.engine.bell(bell_id)
        if found is None:
            return await self._journal.find_bell(bell_id)
        await self._settled(rider_stream(found.rider_id))
        return self.engine.bell(bell_id)

    def arrivals(self, stop_id: StopId) -> wire.Arrivals:
        """The buses on their way to a stop, as of now. The stop must exist."""
        now_ms = self.clock.now_ms()
        return self.renderer.arrivals(stop_id, self.engine.arrivals(stop_id, now_ms), at_ms=now_ms)

    def vehicles(self) -> Sequence[VehicleView]:
        """Every vehicle that reported lately."""
        return self.engine.vehicles(self.clock.now_ms())

    def predictions(self) -> Sequence[Prediction]:
        """What is expected of every bus: first of the runs that are under way, then of those that are still to begin."""
        now_ms = self.clock.now_ms()
        return [*self.engine.predictions(now_ms), *self.engine.further_predictions(now_ms)]

    async def stop_visits(self, since_ms: int, limit: int) -> Sequence[StopVisit]:
        """Stop visits committed since an instant."""
        return await self._journal.stop_visits(since_ms, limit)

    def metrics(self) -> wire.Metrics:
        """Counters and latencies as of now."""
        return self.telemetry.metrics(self.engine, self.clock.now_ms())
