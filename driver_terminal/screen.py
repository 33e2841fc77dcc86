"""Decides which alerts reach the driver: each content once, none for a stop behind the bus, none that is out of date."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from driver_terminal.display import Display, DisplayedAlert, RestoringDisplay
from driver_terminal.ledger import DisplayLedger
from driver_terminal.progress import OwnProgress
from server.core.model import Outcome
from server.protocol.messages import AlertMessage, ClearMessage, TripMessage

UNPLACED_GRACE_S = 60.0
"""While the bus's own place is unknown (just started) an alert counts as out of date so long after its expected
arrival: the driver would rather miss a chime than be told of a stop behind him (DOMAIN §3.6), and most buses that are
later than a minute have sent fixes meanwhile, after which the place is known."""


REACT_S = 2.0
COMFORT_MPS2 = 1.0
"""A driver reacts within this and is never asked to brake harder than this (DOMAIN §2): it gives the commit point."""


class Withheld(StrEnum):
    """Why an alert was not displayed."""

    REPEATED = "repeated"
    PASSED = "passed"
    TOO_LATE = "too_late"
    OUT_OF_DATE = "out_of_date"
    OTHER_TRIP = "other_trip"


@dataclass(slots=True)
class ScreenCounts:
    """What the screen did since start."""

    displayed: int = 0
    withheld: dict[Withheld, int] = field(default_factory=lambda: dict.fromkeys(Withheld, 0))


class Screen:
    """The alerts on one driver's display. Methods may be called from several tasks; the display hears one at a time."""

    def __init__(self, display: Display, ledger: DisplayLedger, *, now_ms: Callable[[], int]) -> None:
        self.counts = ScreenCounts()
        self.progress = OwnProgress()
        self.trip: TripMessage | None = None
        self.server_ahead_ms = 0
        self.linked_at_ms = 0
        """When the present link began, by the server's clock."""
        self._late: set[str] = set()
        self._display = display
        self._ledger = ledger
        self._now_ms = now_ms
        self._alerts: dict[str, AlertMessage] = {}
        self._shown_ms: dict[str, int] = {}
        self._one_at_a_time = asyncio.Lock()

    @property
    def alerts(self) -> Sequence[AlertMessage]:
        """What is on the screen, in the order in which it came."""
        return tuple(self._alerts.values())

    def shown_at_ms(self, alert_id: str) -> int:
        """When an alert that is on the screen was displayed (device clock)."""
        return self._shown_ms[alert_id]

    async def bell_off(self, *, off: bool) -> None:
        """The link is down (or up again)."""
        async with self._one_at_a_time:
            await self._display.bell_off(off)

    def on_trip(self, trip: TripMessage | None) -> None:
        """The bus runs another trip, or goes on with its own."""
        if trip is None or self.trip is None or trip.trip_id != self.trip.trip_id:
            self.progress.new_trip()
            self._late.clear()
        self.trip = trip

    async def take(self, alert: AlertMessage, *, epoch: str) -> DisplayedAlert | None:
        """Display an alert if the driver should see it; its stamps if so. It is on disk that he did when this returns."""
        received_ms = self._now_ms()
        async with self._one_at_a_time:
            self._place_by(alert)
            if (why := self._withhold(alert, epoch)) is not None:
                self.counts.withheld[why] += 1
                if why is Withheld.REPEATED and alert.alert_id in self._alerts:
                    self._alerts[alert.alert_id] = alert
                return None
            await self._display.show(alert)
            displayed_ms = self._now_ms()
            await self._on_disk(lambda: self._ledger.record(alert, epoch=epoch, displayed_ms=displayed_ms))
            self._alerts[alert.alert_id] = alert
            self._shown_ms[alert.alert_id] = displayed_ms
            self.counts.displayed += 1
        return DisplayedAlert(alert, received_ms, displayed_ms, self.server_ahead_ms)

    async def clear(self, clear: ClearMessage) -> None:
        """The server ends an alert."""
        async with self._one_at_a_time:
            await self._remove(clear.alert_id, clear.outcome)

    async def replace(self, alerts: Iterable[AlertMessage], *, epoch: str) -> list[DisplayedAlert]:
        """A snapshot: take away what is not in it, put back what was shown before a restart, display the rest."""
        told = {alert.alert_id: alert for alert in alerts}
        async with self._one_at_a_time:
            for alert_id in [alert_id for alert_id in self._alerts if alert_id not in told]:
                await self._remove(alert_id, None)
            await self._restore([alert for alert in told.values() if alert.alert_id not in self._alerts], epoch)
        displayed = [await self.take(alert, epoch=epoch) for alert in told.values()]
        return [one for one in displayed if one is not None]

    async def sweep(self) -> None:
        """Take away alerts whose stop is behind the bus. For the time without a link: with one, the server says how it ended."""
        async with self._one_at_a_time:
            for alert in [alert for alert in self._alerts.values() if self._passed(alert)]:
                await self._remove(alert.alert_id, None)

    # -- judgement -------------------------------------------------------------

    def _withhold(self, alert: AlertMessage, epoch: str) -> Withheld | None:
        if self.trip is not None and self.trip.trip_id and alert.trip_id != self.trip.trip_id:
            return Withheld.OTHER_TRIP
        if self._passed(alert):
            return Withheld.PASSED
        if self._too_late(alert):
            return Withheld.TOO_LATE
        if self._out_of_date(alert):
            return Withheld.OUT_OF_DATE
        if not self._ledger.is_news(alert, epoch=epoch):
            return Withheld.REPEATED
        return None

    def _passed(self, alert: AlertMessage) -> bool:
        along_m = self.progress.along_m(now_ms=self._now_ms())
        return along_m is not None and along_m > alert.valid_until_along_m

    def _too_late(self, alert: AlertMessage) -> bool:
        """Was it decided before this link began, never displayed, and is its stop too near now to stop at comfortably?

        News of before is then no news: such an alert is never replayed (DOMAIN §3.6), nor what becomes of it later.
        """
        along_m = self.progress.along_m(now_ms=self._now_ms())
        stop_m = self._stop_along_m(alert)
        if along_m is None or stop_m is None or self._ledger.find(alert.alert_id) is not None:
            return False
        mps = self.progress.speed_mps
        needed_m = mps * REACT_S + mps * mps / (2.0 * COMFORT_MPS2)
        if alert.at_ms < self.linked_at_ms and stop_m - along_m < needed_m:
            self._late.add(alert.alert_id)
        return alert.alert_id in self._late

    def _stop_along_m(self, alert: AlertMessage) -> float | None:
        stops = self.trip.stops if self.trip is not None and self.trip.trip_id == alert.trip_id else []
        return next((stop.along_m for stop in stops if stop.stop_sequence == alert.stop_sequence), None)

    def _out_of_date(self, alert: AlertMessage) -> bool:
        if self.progress.along_m(now_ms=self._now_ms()) is not None:
            return False
        age_s = (self._now_ms() + self.server_ahead_ms - alert.at_ms) / 1000
        return age_s > alert.eta_s + UNPLACED_GRACE_S

    def _place_by(self, alert: AlertMessage) -> None:
        """Learn from an alert where the bus was when it was decided."""
        stop_m = self._stop_along_m(alert)
        if stop_m is not None:
            decided_ms = alert.at_ms - self.server_ahead_ms
            self.progress.told(at_ms=decided_ms, stop_along_m=stop_m, distance_m=float(alert.distance_m))

    # -- deeds -----------------------------------------------------------------

    async def _restore(self, alerts: Sequence[AlertMessage], epoch: str) -> None:
        """Put back silently what the ledger knows as displayed and not cleared; the picture was lost, not the news."""
        lost = []
        for alert in alerts:
            seen = self._ledger.find(alert.alert_id)
            if seen is None or seen.cleared or self._withhold(alert, epoch) is not Withheld.REPEATED:
                continue
            lost.append(alert)
            self._alerts[alert.alert_id] = alert
            self._shown_ms[alert.alert_id] = seen.displayed_ms
        if lost and isinstance(self._display, RestoringDisplay):
            await self._display.restore(lost)

    async def _remove(self, alert_id: str, outcome: Outcome | None) -> None:
        alert = self._alerts.pop(alert_id, None)
        self._shown_ms.pop(alert_id, None)
        await self._on_disk(lambda: self._ledger.record_cleared(alert_id))
        if alert is not None:
            await self._display.clear(alert, outcome)

    async def _on_disk(self, write: Callable[[], None]) -> None:
        """A write with fsync waits in a thread; one to memory does not need to.

        A cancel (the client closes) waits for it: what the driver saw must be on record, and the file may be closed after.
        """
        if self._ledger.path is None:
            write()
            return
        writing = asyncio.ensure_future(asyncio.to_thread(write))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            await asyncio.wait({writing})
            raise
