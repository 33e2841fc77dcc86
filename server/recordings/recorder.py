"""Records what the engine takes, in its order: recordings that an operator starts, and a rolling one a day. Shell level.

A recording opens with what was known already: terminals, sign-ons, last places, open bells (rung again at the stop).
Replayed under the same network and policy it then decides as the live engine did, but for what that had learned of running
times before, and for time itself, which a replay looks at on each whole second.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from server.core.events import Event, Presence, Ring, Shown, SignOn, TerminalLink
from server.core.model import Bell, VehicleId
from server.protocol.recording import BeginLine
from server.recorded import Veil, line_of
from server.recordings.shelf import Card, Kind, Shelf
from server.recordings.spool import Spool
from server.runtime import Runtime
from server.settings import RecordingSettings

log = logging.getLogger(__name__)

DAY_TURNS_H = 4
"""A rolling recording changes at 04:00 local, when the fewest buses run (and fares turn)."""
LOOK_EVERY_S = 5.0
"""How often the day, the bounds and the cards are looked at."""


@dataclass(slots=True)
class Running:
    """A recording under way."""

    card: Card
    spool: Spool
    veil: Veil
    linked: set[VehicleId]
    """Vehicles whose terminal the recording has spoken of."""
    ends_ms: int | None = None

    def put(self, event: Event, now_ms: int) -> None:
        """Write an event down; of a vehicle never heard of before, first that it has no terminal."""
        vehicle_id: VehicleId | None = getattr(event, "vehicle_id", None)
        if vehicle_id is not None and vehicle_id not in self.linked and not isinstance(event, Ring):
            self.linked.add(vehicle_id)
            if not isinstance(event, TerminalLink):
                self.put(TerminalLink(vehicle_id, up=False), now_ms)
        line = line_of(event, now_ms, self.veil)
        if line is not None:
            self.spool.put(line)


class Recorder:
    """At most one recording that somebody started, and one that rolls. All methods are called on the event loop."""

    def __init__(
        self,
        runtime: Runtime,
        shelf: Shelf,
        settings: RecordingSettings,
        *,
        keep_network: Callable[[], Awaitable[None]],
    ) -> None:
        self.shelf = shelf
        self._keep_network = keep_network
        self._runtime = runtime
        self._settings = settings
        self._running: dict[Kind, Running] = {}

    async def run(self) -> None:
        """Roll over the days, end what is over and keep to the bounds, until cancelled; then end in order."""
        await asyncio.to_thread(self.shelf.recover)
        try:
            while True:
                await self.look()
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            for kind in list(self._running):
                await self._finish(kind, why=None)

    def running(self, kind: Kind = "live") -> Card | None:
        """The card of what is being recorded, its figures as of now."""
        one = self._running.get(kind)
        if one is None:
            return None
        one.card.lines, one.card.stored_bytes = one.spool.written.lines, one.spool.written.stored_bytes
        return one.card

    async def start(self, kind: Kind = "live", *, ends_ms: int | None = None) -> Card | None:
        """Begin to record; None when such a recording runs already. Raises OSError when the disk refuses."""
        if kind in self._running:
            return None
        now_ms = self._runtime.clock.now_ms()
        path = self.shelf.place_for(f"{self._local(now_ms):%Y%m%d-%H%M%S}-{kind}")
        network, policy = self._runtime.network, self._runtime.engine.policy
        card = Card(
            name=path.name.removesuffix("".join(path.suffixes[-2:])),
            kind=kind,
            state="recording",
            begun_ms=now_ms,
            network_version=network.version,
            feed_hash=network.feed_hash,
            policy=f"{policy.name} v{policy.version}",
        )
        spool = Spool(path, max_bytes=self._settings.recording_max_bytes)
        spool.open()
        running = Running(card, spool, Veil(network), set(), ends_ms)
        spool.put(
            BeginLine(
                at_ms=now_ms,
                network_version=card.network_version,
                feed_hash=card.feed_hash,
                policy=card.policy,
                terminals="known",
            )
        )
        for event in _known_already(self._runtime, now_ms):
            running.put(event, now_ms)
        self._running[kind] = running
        self._runtime.tap = self._take
        self.shelf.keep(card)
        await self._keep_network()
        return card

    async def stop(self, kind: Kind = "live") -> Card | None:
        """End a recording; None when none runs."""
        return await self._finish(kind, why=None) if kind in self._running else None

    def _take(self, event: Event, now_ms: int) -> None:
        for running in self._running.values():
            running.put(event, now_ms)

    async def _finish(self, kind: Kind, *, why: str | None) -> Card:
        running = self._running.pop(kind)
        if not self._running:
            self._runtime.tap = None
        await running.spool.close()
        card, written = running.card, running.spool.written
        why = running.spool.ended or why
        card.state, card.why_ended = ("interrupted" if running.spool.ended else "complete"), why
        card.ended_ms, card.lines, card.stored_bytes = (
            self._runtime.clock.now_ms(),
            written.lines,
            written.stored_bytes,
        )
        await asyncio.to_thread(self.shelf.keep, card)
        return card

    async def look(self) -> None:
        """End what is over, begin the day's recording, delete what is too old or too much."""
        now_ms = self._runtime.clock.now_ms()
        for kind, running in list(self._running.items()):
            if running.spool.ended is not None or (running.ends_ms is not None and now_ms >= running.ends_ms):
                await self._finish(kind, why=None)
        if self._settings.keep_days and "rolling" not in self._running:
            try:
                await self.start("rolling", ends_ms=self._day_end_ms(now_ms))
            except OSError as error:
                log.warning("nothing is recorded, the disk refuses: %s", error.strerror or error)
        before_ms = now_ms - self._settings.keep_days * 86_400_000
        await asyncio.to_thread(self.shelf.forget, before_ms=before_ms, max_bytes=self._settings.shelf_max_bytes)

    def _local(self, at_ms: int) -> datetime:
        return datetime.fromtimestamp(at_ms / 1000, ZoneInfo(self._runtime.network.timezone))

    def _day_end_ms(self, now_ms: int) -> int:
        """The next 04:00 local."""
        now = self._local(now_ms)
        turn = now.replace(hour=DAY_TURNS_H, minute=0, second=0, microsecond=0)
        if turn <= now:
            turn = (turn.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=now.tzinfo)
        return round(turn.timestamp() * 1000)


def _known_already(runtime: Runtime, now_ms: int) -> Iterator[Event]:
    """What the engine knows before a recording's first event, as the events that would have said so."""
    engine = runtime.engine
    for view in engine.vehicles(now_ms):
        yield TerminalLink(view.vehicle_id, up=view.terminal_up is True)
        assignment = engine.assignment(view.vehicle_id)
        if assignment is not None and assignment.trip is not None:
            trip = assignment.trip
            yield SignOn(view.vehicle_id, trip_id=trip.trip_id, start_date=trip.start_date)
        yield view.fix
    for bell in engine.open_bells():
        yield _ring_of(bell)
    for view in engine.vehicles(now_ms):
        for alert in engine.live_alerts(view.vehicle_id):
            if alert.shown_ms is not None:
                yield Shown(alert.vehicle_id, alert.alert_id, alert.shown_ms)


def _ring_of(bell: Bell) -> Ring:
    """An open bell, rung again by somebody at the stop."""
    return Ring(
        bell.bell_id,
        bell.rider_id,
        bell.kind,
        bell.stop_id,
        bell.route_id,
        direction_id=bell.direction_id,
        stop_sequence=bell.stop_sequence,
        vehicle_id=bell.wanted_vehicle_id,
        alight_stop_id=bell.alight_stop_id,
        party=bell.party,
        needs=bell.needs,
        presence=Presence(proven=True),
    )
