"""Best-fare and refund programmes as reports over journeys that are paid: nothing here changes a charge. Level 2.

A report says what is given back and why, so that a ledger can post it and a rider can read it. Programmes are data
with a schema, dates and sources, like tariffs.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import msgspec

from server.core.fares.tariff import ClassWon, Data, Name, Positive, Proof, Source, Time, Won, Words
from server.core.model import Record

Month = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
Thousandths = Annotated[int, msgspec.Meta(ge=0, le=1000)]
THOUSAND = 1000


class _Programme(Data, frozen=True, gc=False, kw_only=True):
    """What every programme says of itself."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    version: Annotated[int, msgspec.Meta(ge=1)]
    title: Words
    currency: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$")]
    timezone: Name
    sources: dict[Name, Source]
    schema: Literal[1] = 1
    day_start: Time = "04:00"
    """Local time at which a day of the programme begins."""

    @property
    def table(self) -> str:
        """The name by which a refund remembers its programme."""
        return f"{self.name}@{self.version}"


class CapVersion(Data, frozen=True, gc=False):
    """The most that one pays in a day and in a week (from Monday), from a day on; a class without an amount has no cap."""

    since: Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")] = msgspec.field(name="from")
    proof: Proof
    daily_won: ClassWon = msgspec.field(default_factory=dict)
    weekly_won: ClassWon = msgspec.field(default_factory=dict)


class CapProgramme(_Programme, frozen=True, gc=False, kw_only=True, tag="caps", tag_field="kind"):
    """Best fare: daily and weekly capping."""

    versions: Annotated[tuple[CapVersion, ...], msgspec.Meta(min_length=1)]


class Flat(Data, frozen=True, gc=False):
    """Everything above a sum is given back, for journeys below a price (none: for all)."""

    name: Name
    threshold_won: ClassWon
    below_won: Won | None = None


class RefundVersion(Data, frozen=True, gc=False):
    """A monthly refund from a month on: a share by class, or what is above a sum where that is more."""

    since: Month = msgspec.field(name="from")
    proof: Proof
    min_journeys: Positive
    max_journeys: Positive
    max_per_day: Positive
    """Of a day with more the dearest count."""
    share: dict[Name, Thousandths]
    """Thousandths of what is paid, by class."""
    full_to_won: Won
    share_beyond: Thousandths
    """Of what is paid beyond this sum in a month only this share counts."""
    flats: tuple[Flat, ...] = ()


class RefundProgramme(_Programme, frozen=True, gc=False, kw_only=True, tag="refund", tag_field="kind"):
    """A monthly refund for those who ride often."""

    versions: Annotated[tuple[RefundVersion, ...], msgspec.Meta(min_length=1)]


Programme = CapProgramme | RefundProgramme


class PaidJourney(Record, frozen=True, gc=False):
    """A journey as the ledger has it: when it began and what was paid in the end, corrections included."""

    journey_id: str
    began_ms: int
    won: int


class Credit(Record, frozen=True, gc=False):
    """What is given back for a period, and why: a code with the numbers of its sentence."""

    period: str
    won: int
    why: Literal["daily_cap", "weekly_cap", "share", "above_sum"]
    values: dict[str, int | str]


class Counted(Record, frozen=True, gc=False):
    """What a programme made of one journey."""

    journey_id: str
    counts: bool
    why: Literal["counted", "more_than_a_day", "more_than_a_month"]


class Report(Record, frozen=True, gc=False):
    """A programme's result for one rider. `missing` says why there is nothing where nothing is given."""

    programme: str
    credits: tuple[Credit, ...] = ()
    counted: tuple[Counted, ...] = ()
    missing: Literal["", "not_begun", "class_not_in_it", "too_few_journeys", "below_the_caps"] = ""

    @property
    def won(self) -> int:
        """All that is given back."""
        return sum(credit.won for credit in self.credits)


def day_of(programme: Programme, at_ms: int) -> dt.date:
    """Tell the programme's day of a moment."""
    local = dt.datetime.fromtimestamp(at_ms // 1000, ZoneInfo(programme.timezone))
    begins = dt.time.fromisoformat(programme.day_start)
    return local.date() if local.time() >= begins else local.date() - dt.timedelta(days=1)


# -- best fare -----------------------------------------------------------------------------------------------------------


def capped(programme: CapProgramme, journeys: Iterable[PaidJourney], rider_class: str) -> Report:
    """Give back what is above the daily caps, then what the rest of a week is above the weekly cap."""
    days: dict[dt.date, int] = {}
    for journey in sorted(journeys, key=lambda journey: journey.began_ms):
        day = day_of(programme, journey.began_ms)
        days[day] = days.get(day, 0) + journey.won
    weeks: dict[dt.date, int] = {}
    credits_: list[Credit] = []
    for day, paid_won in days.items():
        cap_won = _cap(programme, day, rider_class, weekly=False)
        over_won = 0 if cap_won is None else max(paid_won - cap_won, 0)
        if over_won:
            values: dict[str, int | str] = {"paid_won": paid_won, "cap_won": paid_won - over_won}
            credits_.append(Credit(day.isoformat(), over_won, "daily_cap", values))
        monday = day - dt.timedelta(days=day.weekday())
        weeks[monday] = weeks.get(monday, 0) + paid_won - over_won
    for monday, paid_won in weeks.items():
        cap_won = _cap(programme, monday, rider_class, weekly=True)
        if cap_won is not None and paid_won > cap_won:
            week = "{}-W{:02}".format(*monday.isocalendar()[:2])
            credits_.append(Credit(week, paid_won - cap_won, "weekly_cap", {"paid_won": paid_won, "cap_won": cap_won}))
    return Report(programme.table, tuple(credits_), missing="" if credits_ else "below_the_caps")


def _cap(programme: CapProgramme, day: dt.date, rider_class: str, *, weekly: bool) -> int | None:
    """Look up the cap of a day, or of the week that begins with it."""
    begun = [version for version in programme.versions if version.since <= day.isoformat()]
    if not begun:
        return None
    return (begun[-1].weekly_won if weekly else begun[-1].daily_won).get(rider_class)


# -- monthly refund ------------------------------------------------------------------------------------------------------


def refunded(
    programme: RefundProgramme,
    journeys: Iterable[PaidJourney],
    rider_class: str,
    month: str,
    *,
    first_month: bool = False,
) -> Report:
    """Give back a share of a month's journeys, or what is above a sum where that is more.

    `month` is `YYYY-MM` by the programme's days. In a rider's first month too few journeys are no obstacle.
    """
    begun = [version for version in programme.versions if version.since <= month]
    if not begun:
        return Report(programme.table, missing="not_begun")
    version = begun[-1]
    if rider_class not in version.share:
        return Report(programme.table, missing="class_not_in_it")
    ordered = sorted(
        (journey for journey in journeys if day_of(programme, journey.began_ms).isoformat()[:7] == month),
        key=lambda journey: (journey.began_ms, journey.journey_id),
    )
    if len(ordered) < version.min_journeys and not first_month:
        return Report(programme.table, missing="too_few_journeys")
    counted = _counted(programme, version, ordered)
    best = max(_offers(version, ordered, counted, rider_class, month), key=lambda credit: credit.won)
    return Report(programme.table, (best,) if best.won else (), counted, missing="")


def _counted(
    programme: RefundProgramme, version: RefundVersion, journeys: Sequence[PaidJourney]
) -> tuple[Counted, ...]:
    """Choose the journeys that count: the dearest of each day, then the first of the month up to its limit."""
    by_day: dict[dt.date, list[PaidJourney]] = {}
    for journey in journeys:
        by_day.setdefault(day_of(programme, journey.began_ms), []).append(journey)
    of_day = {
        journey.journey_id
        for day in by_day.values()
        for journey in sorted(day, key=lambda journey: -journey.won)[: version.max_per_day]
    }
    result: list[Counted] = []
    count = 0
    for journey in journeys:
        if journey.journey_id not in of_day:
            result.append(Counted(journey.journey_id, counts=False, why="more_than_a_day"))
        elif count >= version.max_journeys:
            result.append(Counted(journey.journey_id, counts=False, why="more_than_a_month"))
        else:
            count += 1
            result.append(Counted(journey.journey_id, counts=True, why="counted"))
    return tuple(result)


def _offers(
    version: RefundVersion,
    journeys: Sequence[PaidJourney],
    counted: Sequence[Counted],
    rider_class: str,
    month: str,
) -> Iterable[Credit]:
    """Give every way in which the programme could pay; the best one for the rider is taken."""
    paid_won = sum(journey.won for journey, one in zip(journeys, counted, strict=True) if one.counts)
    beyond_won = max(paid_won - version.full_to_won, 0)
    weighted = (paid_won - beyond_won) * THOUSAND + beyond_won * version.share_beyond
    share = version.share[rider_class]
    yield Credit(
        month,
        weighted * share // (THOUSAND * THOUSAND),
        "share",
        {"paid_won": paid_won, "counted_won": weighted // THOUSAND, "share_thousandths": share},
    )
    for flat in version.flats:
        threshold_won = flat.threshold_won.get(rider_class)
        if threshold_won is not None:
            sum_won = sum(j.won for j in journeys if flat.below_won is None or j.won < flat.below_won)
            above_won = max(sum_won - threshold_won, 0)
            yield Credit(
                month, above_won, "above_sum", {"name": flat.name, "paid_won": sum_won, "threshold_won": threshold_won}
            )
