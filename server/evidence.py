"""What is kept and asked for operators beside the engine's own facts, as frozen records. Below the ports; knows the model.

A *note* is something that happened to a bus, a terminal or a door and that nobody decides upon: it is kept in the
journal so that people can look at it later. Nothing here names a rider, and no note holds a coordinate.
"""

import hashlib
from typing import Literal

import msgspec

from server.core.model import (
    Alert,
    AlertId,
    Bell,
    BellKind,
    BellState,
    Doors,
    Need,
    Outcome,
    Reason,
    Record,
    RouteId,
    StopId,
    StopVisit,
    TripKey,
    VehicleId,
)


def bell_handle(bell: Bell) -> str:
    """An operator's name for a bell: stable, and no way back to the id that its rider holds."""
    return hashlib.blake2b(f"{bell.bell_id}:{bell.rung_ms}".encode(), digest_size=6).hexdigest()


# -- notes ---------------------------------------------------------------------


class Glimpse(Record, frozen=True, gc=False):
    """One report of a bus near a stop. `from_stop_m`: metres along the route past the stop, negative before it."""

    at_ms: int
    from_stop_m: float
    speed_mps: float | None = None
    doors: Doors | None = None


class PassageNote(Record, frozen=True, gc=False, tag="passage"):
    """How a bus went through a stop at which its driver was told of riders: the profile of its last reports."""

    at_ms: int
    alert_id: AlertId
    vehicle_id: VehicleId
    trip: TripKey
    stop_id: StopId
    stop_sequence: int
    outcome: Outcome
    profile: tuple[Glimpse, ...] = ()

    @property
    def about(self) -> str:
        """What the note is found by."""
        return self.alert_id


class TerminalNote(Record, frozen=True, gc=False, tag="terminal"):
    """A trouble of a terminal began (`wrong`) or ended. `value`: by how much, in the trouble's own unit (s, m)."""

    at_ms: int
    vehicle_id: VehicleId
    trouble: "Trouble"
    wrong: bool
    value: float | None = None

    @property
    def about(self) -> str:
        """What the note is found by."""
        return self.vehicle_id


class ReportNote(Record, frozen=True, gc=False, tag="report"):
    """A rider says that a bus went by: confirmed from the record, never with who it was.

    `handle` is the operators' name of the bell. `said_ms`: when it happened, as the rider confirmed it.
    """

    at_ms: int
    handle: str
    vehicle_id: VehicleId | None
    route_id: RouteId
    stop_id: StopId
    said_ms: int
    words: str = ""

    @property
    def about(self) -> str:
        """What the note is found by."""
        return self.handle


class DoorNote(Record, frozen=True, gc=False, tag="door"):
    """So many times in the minute before `at_ms` somebody was turned away at a door. `who` is a pseudonym of that day."""

    at_ms: int
    what: Literal["ring", "kiosk", "ticket", "report"]
    who: str
    count: int
    stop_id: StopId | None = None

    @property
    def about(self) -> str:
        """What the note is found by."""
        return self.who


Trouble = Literal["down", "silent", "frozen", "sound_failed", "screen_failed", "clock_off", "gps_bad"]
"""What can be wrong with a terminal: no link; a link that says nothing; alerts sent but never shown; what its self-test
says; its clock off against ours (s); its receiver worse than a stop zone (m)."""

Note = PassageNote | TerminalNote | ReportNote | DoorNote
NoteKind = Literal["passage", "terminal", "report", "door"]


# -- the read model ------------------------------------------------------------


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Which bells: rung in [`from_ms`, `to_ms`), and of these those that fit everything that is given."""

    from_ms: int
    to_ms: int
    route_id: str | None = None
    stop_id: str | None = None
    vehicle_id: str | None = None
    state: BellState | None = None
    kind: BellKind | None = None
    passed: bool = False
    """Only those that a bus passed at least once."""


class Life(msgspec.Struct, frozen=True, kw_only=True):
    """One bell from ring to end: when it first reached each state, epoch ms. `handle` stands for the bell's id."""

    handle: str
    kind: BellKind
    state: BellState
    route_id: RouteId
    stop_id: StopId
    rung_ms: int
    changed_ms: int
    assigned_ms: int | None
    shown_ms: int | None
    acknowledged_ms: int | None
    arrived_ms: int | None
    ended_ms: int | None
    attempts: int
    passed: int
    declined: int
    party: int
    needs: tuple[Need, ...]
    vehicle_id: VehicleId | None
    reason: Reason | None


class Lives(msgspec.Struct, frozen=True):
    """A page of lives, newest first, of `count` in all. `next`: where the following page begins, None at the end."""

    rows: tuple[Life, ...]
    count: int
    next: str | None


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the bells of one group. `key`: a route, a stop, or the epoch ms at which an hour begins.

    `ring_to_shown_ms`: samples of the group, unordered; the wait until a driver's screen showed the bell.
    """

    key: str
    bells: int
    open: int
    by_state: dict[str, int]
    passed_bells: int
    passbys: int
    declines: int
    ring_to_shown_ms: tuple[int, ...]


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the journal holds of one bell: its records in order, and those of its alerts."""

    life: Life
    bells: tuple[Bell, ...]
    alerts: tuple[Alert, ...]
    reports: tuple[ReportNote, ...]


class PassBy(msgspec.Struct, frozen=True, kw_only=True):
    """One bus went through one stop for whose riders it was meant to stop: `handles` are their bells.

    `alerts` are the records of the driver's alert in order (raised, shown, decision point, cleared); empty when the
    driver was never told. `n` names it for good.
    """

    n: int
    at_ms: int
    vehicle_id: VehicleId
    trip: TripKey
    route_id: RouteId
    stop_id: StopId
    stop_sequence: int
    handles: tuple[str, ...]
    party: int
    needs: tuple[Need, ...]
    reason: Reason | None
    visit: StopVisit | None
    alerts: tuple[Alert, ...] = ()
    passage: PassageNote | None = None
    reports: tuple[ReportNote, ...] = ()


class RiderDay(msgspec.Struct, frozen=True, kw_only=True):
    """What one rider's bells of the window became. `rider` is the journal's own pseudonym: hash it before it is shown."""

    rider: str
    bells: int
    cancelled: int
    expired: int
    served: int
    last_ms: int


class StopRush(msgspec.Struct, frozen=True, kw_only=True):
    """Many rings at one stop within ten minutes from `from_ms`: a school, or a stuck button."""

    stop_id: StopId
    from_ms: int
    rings: int
    riders: int
    cancelled: int
