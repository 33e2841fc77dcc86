"""What riders and drivers were told, in their own words. Asserts at the first contradiction; `evidence` judges the rest."""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from driver_terminal.client import TerminalClient
from rider_client.client import RiderClient
from server.core.model import END_STATES, BellState, Outcome, Reason
from server.protocol.messages import AlertMessage, BellMessage, Refused, RiderWelcome, ToRider, Welcome

TRUE_NOES = frozenset(
    {Reason.TOO_LATE, Reason.BUS_HERE_NOW, Reason.NO_TERMINAL, Reason.FULL, Reason.RATE_LIMITED, Reason.UNKNOWN_ALERT}
)
"""Refusals that can be true on streets whose buses move, and of an answer to an alert that has just gone."""


class Word(NamedTuple):
    """What was said of a bell: enough to find it in the journal."""

    state: BellState
    attempt: int
    at_ms: int

    @property
    def is_end(self) -> bool:
        """It says that the bell ended."""
        return self.state in END_STATES


def word_of(message: BellMessage) -> Word:
    """The part of a bell's message that must be true for ever."""
    return Word(message.state, message.attempt, message.at_ms)


@dataclass
class BellWitness:
    """Everything a rider heard of one bell on the socket, in order, and every answer to asking for it by HTTP."""

    heard: list[Word] = field(default_factory=list)
    asked: list[Word] = field(default_factory=list)

    @property
    def ended(self) -> bool:
        """The rider heard its end."""
        return bool(self.heard) and self.heard[-1].is_end

    def hear(self, word: Word) -> None:
        """A bell never goes back: not in time, and not out of its end. The same word again is no news."""
        if self.heard and self.heard[-1] == word:
            return
        if self.heard:
            assert word.at_ms >= self.heard[-1].at_ms, f"went back from {self.heard[-1]} to {word}"
            assert not self.ended, f"said {self.heard[-1]}, and then {word}"
        self.heard.append(word)


class Shown(NamedTuple):
    """An alert on a driver's screen."""

    vehicle_id: str
    alert: AlertMessage


@dataclass
class Witness:
    """One town's memory outside of the server."""

    bells: defaultdict[str, BellWitness] = field(default_factory=lambda: defaultdict(BellWitness))
    rider_of: dict[str, str] = field(default_factory=dict)
    shown: list[Shown] = field(default_factory=list)
    returns: Counter[str] = field(default_factory=Counter)
    refused: Counter[Reason] = field(default_factory=Counter)
    epochs: set[str] = field(default_factory=set)

    def refuse(self, refused: Refused) -> None:
        """A no must be one that can be true here."""
        assert refused.reason in TRUE_NOES, refused
        self.refused[refused.reason] += 1

    def welcome(self, who: str, welcome: Welcome, *, held: bool) -> None:
        """Whoever held a number goes on from it: no restart loses or renumbers a message."""
        assert welcome.recovered is held, f"{who} held a number: {held}; {welcome}"
        self.returns[f"{who} resumed" if held else f"{who} new"] += 1
        self.epochs.add(welcome.epoch)


class WatchedRider(RiderClient):
    """A rider's SDK, overheard."""

    def __init__(self, url: str, token: str, witness: Witness, **options: object) -> None:
        super().__init__(url, token, on_refused=witness.refuse, **options)  # type: ignore[arg-type]
        self._witness = witness
        self._held = False

    async def welcomed(self, welcome: Welcome, *, resumed: bool) -> None:
        """Hear the snapshot too."""
        self._witness.welcome("rider", welcome, held=self._held)
        self._held = True
        if isinstance(welcome, RiderWelcome) and welcome.snapshot is not None:
            for message in welcome.snapshot.bells:
                self._witness.bells[message.bell_id].hear(word_of(message))
        await super().welcomed(welcome, resumed=resumed)

    async def delivered(self, message: ToRider, *, again: bool) -> None:
        """Hear first, then let the SDK act."""
        if isinstance(message, BellMessage):
            self._witness.bells[message.bell_id].hear(word_of(message))
        await super().delivered(message, again=again)


class WatchedTerminal(TerminalClient):
    """A terminal's SDK, overheard."""

    def __init__(self, url: str, token: str, vehicle_id: str, witness: Witness, **options: object) -> None:
        super().__init__(url, token, vehicle_id, on_refused=witness.refuse, **options)  # type: ignore[arg-type]
        self._witness = witness
        self._held = False

    async def welcomed(self, welcome: Welcome, *, resumed: bool) -> None:
        """Note whether it goes on."""
        self._witness.welcome("terminal", welcome, held=self._held)
        self._held = True
        await super().welcomed(welcome, resumed=resumed)


class WatchedDisplay:
    """A driver's screen that outlives its terminal's program. `along_m` says where on a trip the bus truly is."""

    def __init__(self, vehicle_id: str, witness: Witness, along_m: Callable[[str], float]) -> None:
        self._vehicle_id = vehicle_id
        self._witness = witness
        self._along_m = along_m

    async def show(self, alert: AlertMessage) -> None:
        """Never for a stop behind the bus, whatever server and SDK believe."""
        along_m = self._along_m(alert.trip_id)
        assert along_m <= alert.valid_until_along_m, f"{self._vehicle_id} is {along_m:.0f} m along: {alert}"
        self._witness.shown.append(Shown(self._vehicle_id, alert))

    async def clear(self, alert: AlertMessage, outcome: Outcome | None) -> None:
        """Gone; the journal says why."""

    async def bell_off(self, off: bool) -> None:
        """The link's mark; not looked at here."""
