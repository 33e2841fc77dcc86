"""Bodies of what operators ask over HTTP. Protocol level; units as in `messages`. Never a rider's identity or bell id."""

from typing import Literal

import msgspec

from server.core.model import Doors, Need, Outcome, Stage, VisitOutcome
from server.evidence import DoorNote, Glimpse, Life, ReportNote, TerminalNote
from server.protocol.messages import BellEvent, Message, VehicleRow


class Spread(Message, omit_defaults=False, kw_only=True):
    """Percentiles of `count` waits, milliseconds; null without any."""

    count: int
    p50: float | None
    p95: float | None
    p99: float | None


class Distribution(Spread, omit_defaults=False, kw_only=True):
    """A spread with its histogram: `counts[i]` waits lie below `edges_ms[i]` and not below the edge before; the last above all."""

    edges_ms: list[int]
    counts: list[int]


class Figure(Message, omit_defaults=False, kw_only=True):
    """What became of the bells of one group (a route, a stop, an hour of the day), and how long until a screen showed them."""

    key: str
    name: str
    bells: int
    open: int
    by_state: dict[str, int]
    passed_bells: int
    passbys: int
    declines: int
    ring_to_shown: Spread


class PlacedFigure(Figure, omit_defaults=False, kw_only=True):
    """A figure of a stop, with where it is."""

    lat: float
    lon: float


class Window(Message, omit_defaults=False, kw_only=True):
    """Of when the figures are: [`from_ms`, `to_ms`), and how many bells (or rows) they count."""

    from_ms: int
    to_ms: int
    at_ms: int
    count: int


class Outcomes(Window, omit_defaults=False, kw_only=True):
    """What became of the bells that were rung in the window: in which state they are, and by route, stop and hour.

    From the journal, so it outlives a restart. `open` and `recent` are what the console shows first: the bells that
    have not ended, and the latest that have.
    """

    by_state: dict[str, int]
    by_route: dict[str, dict[str, int]]
    total: Figure
    routes: list[Figure]
    stops: list[PlacedFigure]
    """The busiest; `stops_total` says of how many."""
    stops_total: int
    hours: list[Figure]
    open: list[BellEvent]
    recent: list[BellEvent]


class Latencies(Window, omit_defaults=False, kw_only=True):
    """Ring→shown of the window from the journal, in all, by hour and by route; the server's own paths since its start."""

    ring_to_shown: Distribution
    by_hour: dict[str, Distribution]
    by_route: dict[str, Distribution]
    since_ms: int
    fix_to_alert: Distribution
    alert_to_shown: Distribution
    ring_to_answer: Distribution


class BellLife(Life, kw_only=True, frozen=True):
    """One bell from ring to end, with the names people use."""

    route_name: str
    stop_name: str
    plate: str | None


class Bells(Window, omit_defaults=False, kw_only=True):
    """Bells that fit, newest ring first. `next` goes into `after` for the following page; null at the end."""

    rows: list[BellLife]
    next: str | None


class BellStep(Message, omit_defaults=False, kw_only=True):
    """One state of a bell's life and when it was reached."""

    at_ms: int
    state: str
    attempt: int
    vehicle_id: str | None
    plate: str | None
    trip_id: str | None
    stop_sequence: int | None
    reason: str | None


class AlertStep(Message, omit_defaults=False, kw_only=True):
    """What a driver's screen was sent, said to show, or lost. `shown_ms` is the terminal's own clock.

    `at_ms` null: the record does not say when it was taken from the screen.
    """

    alert_id: str
    vehicle_id: str
    plate: str
    at_ms: int | None
    what: Literal["raised", "now", "changed", "shown", "cleared"]
    stage: Stage
    boarding: int
    alighting: int
    distance_m: int
    shown_ms: int | None
    outcome: Outcome | None


class BellStory(Message, omit_defaults=False, kw_only=True):
    """Everything the journal holds of one bell."""

    life: BellLife
    steps: list[BellStep]
    alerts: list[AlertStep]
    reports: list[ReportNote]


class PassByRow(Message, omit_defaults=False, kw_only=True):
    """One bus went through one stop for whose riders it was meant to stop. `stood_s` null: the record has no visit."""

    id: str
    at_ms: int
    vehicle_id: str
    plate: str
    route_id: str
    route_name: str
    trip_id: str
    stop_id: str
    stop_name: str
    stop_sequence: int
    lat: float
    lon: float
    bells: list[str]
    party: int
    needs: list[Need]
    reason: str | None
    outcome: VisitOutcome | None
    confidence: float | None
    stood_s: float | None
    reported: bool


class PassBys(Window, omit_defaults=False, kw_only=True):
    """Pass-bys of the window, newest first."""

    rows: list[PassByRow]


class ProfilePoint(Glimpse, kw_only=True, frozen=True):
    """One report of the bus near the stop."""


class Evidence(Message, omit_defaults=False, kw_only=True):
    """A pass-by with all that is known: what the driver was shown and when, where he had to decide, how the bus went through.

    `told_ms`: the terminal was sent the alert; `shown_ms`: its screen said so; `decide_ms`, `decide_m`: when, and how
    far before the stop, the commit point came. Null: it never happened, or no report tells.
    """

    row: PassByRow
    told_ms: int | None
    shown_ms: int | None
    decide_ms: int | None
    decide_m: int | None
    least_speed_mps: float | None
    doors: Doors | None
    arrived_ms: int | None
    departed_ms: int | None
    profile: list[Glimpse]
    alerts: list[AlertStep]
    reports: list[ReportNote]


class TerminalHealth(VehicleRow, omit_defaults=False, kw_only=True):
    """A bus with what is wrong with its terminal now; `troubles` is empty when all is well."""

    troubles: list[str]
    last_ms: int | None
    skew_s: float | None
    accuracy_m: float | None
    sound: str | None
    screen: str | None


class Terminals(Message, omit_defaults=False, kw_only=True):
    """Every vehicle that reported lately, with its terminal's state; how many have each trouble."""

    at_ms: int
    count: int
    by_trouble: dict[str, int]
    vehicles: list[TerminalHealth]


class TerminalHistory(Window, omit_defaults=False, kw_only=True):
    """When the troubles of one terminal began and ended."""

    vehicle_id: str
    plate: str
    rows: list[TerminalNote]


class FrequentRider(Message, omit_defaults=False, kw_only=True):
    """Somebody whose bells often ended without a ride. `who` is a pseudonym of that window's last day, and of that day only."""

    who: str
    bells: int
    cancelled: int
    expired: int
    served: int
    last_ms: int


class Rush(Message, omit_defaults=False, kw_only=True):
    """Many rings at one stop within ten minutes."""

    stop_id: str
    stop_name: str
    from_ms: int
    rings: int
    riders: int
    cancelled: int


class Limit(Message, omit_defaults=False, kw_only=True):
    """A limit at a door: at most so many a minute, bursts of so many. Over it one is refused `rate_limited`."""

    what: str
    per_min: float
    burst: int


class Abuse(Window, omit_defaults=False, kw_only=True):
    """What was turned away, who rings without riding, where it storms; and the limits that are in force."""

    limits: list[Limit]
    turned_away: list[DoorNote]
    riders: list[FrequentRider]
    rushes: list[Rush]


class Rule(Message, omit_defaults=False, kw_only=True):
    """One number of the policy in force, what it is without a policy file, and what it is for and from."""

    name: str
    value: str | int | float | bool
    default: str | int | float | bool
    source: str


class About(Message, omit_defaults=False, kw_only=True):
    """What runs here, read only: version, network, rules with their numbers, how long things are kept, who lets people in.

    `retention`: `memory` (never written down), `forever`, or a number of days; `login`: `demo`, `token` or `oidc`.
    """

    version: str
    started_ms: int
    demo: bool
    network: dict[str, str | int | None]
    policy_name: str
    policy_version: int
    policy: list[Rule]
    policies: list[str]
    retention: dict[str, str]
    login: str


SCHEMAS: tuple[type[msgspec.Struct], ...] = (
    Outcomes,
    Latencies,
    Bells,
    BellStory,
    PassBys,
    Evidence,
    Terminals,
    TerminalHistory,
    Abuse,
    About,
)
"""Every body above that stands for itself."""
