"""A driver's screen that a test can look at."""

import asyncio
from collections.abc import Callable, Sequence

from server.core.model import Outcome
from server.protocol.messages import AlertMessage


class RecordingDisplay:
    """Remembers every call in order, and lets a test wait for one."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.off: bool | None = None
        self._news = asyncio.Event()

    async def show(self, alert: AlertMessage) -> None:
        self._note("show", f"{alert.alert_id} {alert.stage} {alert.boarding}+{alert.alighting}")

    async def clear(self, alert: AlertMessage, outcome: Outcome | None) -> None:
        self._note("clear", f"{alert.alert_id} {outcome}")

    async def bell_off(self, off: bool) -> None:
        self.off = off
        self._note("bell_off", str(off))

    async def restore(self, alerts: Sequence[AlertMessage]) -> None:
        self._note("restore", " ".join(alert.alert_id for alert in alerts))

    def of(self, kind: str) -> list[str]:
        """What was said to the screen in calls of one kind."""
        return [what for name, what in self.calls if name == kind]

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something is so; looked at after each call."""
        async with asyncio.timeout(10.0):
            while not holds():
                self._news.clear()
                await self._news.wait()

    def _note(self, kind: str, what: str) -> None:
        self.calls.append((kind, what))
        self._news.set()


class PlainDisplay:
    """A screen that cannot be restored: passes on to a recording one."""

    def __init__(self, record: RecordingDisplay) -> None:
        self._record = record

    async def show(self, alert: AlertMessage) -> None:
        await self._record.show(alert)

    async def clear(self, alert: AlertMessage, outcome: Outcome | None) -> None:
        await self._record.clear(alert, outcome)

    async def bell_off(self, off: bool) -> None:
        await self._record.bell_off(off)
