"""What a driver's screen must be able to do, and the stamps of what it did. Part of the terminal SDK."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from server.core.model import Outcome
from server.protocol.messages import AlertMessage


class Display(Protocol):
    """The screen in the cab. Calls come one at a time; each returns when the driver can see (or hear) the result.

    A display that cannot do its work raises: the client then ends with that error, because a terminal that silently
    shows nothing is worse than none.
    """

    async def show(self, alert: AlertMessage) -> None:
        """Show a new alert, or replace the one with this `alert_id`. The only call that may make a sound."""
        ...

    async def clear(self, alert: AlertMessage, outcome: Outcome | None) -> None:
        """Take an alert away, quietly. `outcome` None: it ended while the link was down, nobody here knows how."""
        ...

    async def bell_off(self, off: bool) -> None:  # noqa: FBT001 - a state, not a flag: the mark is on or off
        """Put up or take away the lasting "BELL OFF" mark: without a link the driver looks for riders as before."""
        ...


@runtime_checkable
class RestoringDisplay(Display, Protocol):
    """A display whose picture is lost when its program ends (a window, say) can be given it back."""

    async def restore(self, alerts: Sequence[AlertMessage]) -> None:
        """Put back, without a sound, alerts that were shown before this program was started again."""
        ...


@dataclass(frozen=True, slots=True)
class DisplayedAlert:
    """One alert that reached the screen, with its stamps.

    `alert.at_ms` is when the server decided (its clock), `received_ms` and `displayed_ms` when this device had it and
    when the display had shown it (device clock), `server_ahead_ms` by how much the server's clock was ahead of the
    device's at the last welcome (wrong by at most the delay of that message).
    """

    alert: AlertMessage
    received_ms: int
    displayed_ms: int
    server_ahead_ms: int

    @property
    def decided_to_displayed_ms(self) -> int:
        """From the server's decision to the driver's eyes, on the server's clock."""
        return self.displayed_ms + self.server_ahead_ms - self.alert.at_ms
