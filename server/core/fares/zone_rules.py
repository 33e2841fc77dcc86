"""Which fares hold between two places: the rules of a zone tariff asked about one ride. Level 2 of the fares."""

import datetime as dt
from collections.abc import Collection, Sequence

from server.core.fares import moments
from server.core.fares.riding import FareRide
from server.core.fares.tariff import When, ZoneRule, ZoneTariff
from server.core.model import Record


class Known(Record, frozen=True, gc=False):
    """What is known of a ride when it is asked about; None of a destination means that any is possible."""

    network: str
    origins: tuple[str, ...]
    destinations: tuple[str, ...] | None
    boarded: dt.datetime
    alighted: dt.datetime | None


def known_of(tariff: ZoneTariff, ride: FareRide, *, exit_known: bool) -> Known:
    """Put a ride into the tariff's terms: its network, its zones, local times."""
    alighted_ms, stop_id = ride.alighted_ms, ride.alight_stop_id
    left = exit_known and alighted_ms is not None and stop_id is not None
    return Known(
        network=tariff.networks.get(ride.route_id, ride.route_id),
        origins=_zones(tariff, ride.board_stop_id),
        destinations=_zones(tariff, stop_id) if left else None,
        boarded=moments.local(tariff, ride.boarded_ms),
        alighted=moments.local(tariff, alighted_ms) if left and alighted_ms is not None else None,
    )


def _zones(tariff: ZoneTariff, stop_id: str | None) -> tuple[str, ...]:
    return () if stop_id is None else tariff.zones.get(stop_id, (stop_id,))


def holding(tariff: ZoneTariff, known: Known, rider_class: str) -> list[ZoneRule]:
    """List the rules that hold, the one that applies first: highest priority, then cheapest for the class."""
    named = _named(tariff) if tariff.empty == "others" else ((), (), ())
    rules = [
        rule
        for rule in tariff.rules
        if _fits(rule.networks, (known.network,), named[0])
        and _fits(rule.origins, known.origins, named[1])
        and (known.destinations is None or _fits(rule.destinations, known.destinations, named[2]))
        and _in_time(tariff, rule.boarded, known.boarded)
        and (known.alighted is None or _in_time(tariff, rule.alighted, known.alighted))
    ]
    rules.sort(key=lambda rule: (-rule.priority, tariff.fares[rule.fare].won[rider_class]))
    return rules


def _named(tariff: ZoneTariff) -> tuple[Collection[str], Collection[str], Collection[str]]:
    """Collect the values that rules name in each field; an empty field stands for the others."""
    return (
        {name for rule in tariff.rules for name in rule.networks},
        {name for rule in tariff.rules for name in rule.origins},
        {name for rule in tariff.rules for name in rule.destinations},
    )


def _fits(wanted: Sequence[str], given: Sequence[str], named: Collection[str]) -> bool:
    if wanted:
        return any(value in wanted for value in given)
    return not any(value in named for value in given)


def _in_time(tariff: ZoneTariff, timeframe: str | None, at: dt.datetime) -> bool:
    return timeframe is None or any(_within(when, at) for when in tariff.timeframes[timeframe])


def _within(when: When, at: dt.datetime) -> bool:
    day, time = at.date().isoformat(), at.time().isoformat("seconds")
    return (
        when.start <= time < when.until
        and (not when.weekdays or at.weekday() in when.weekdays)
        and (not when.first or when.first <= day)
        and (not when.last or day <= when.last)
    )
