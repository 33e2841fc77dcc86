"""Journeys between places: the least fare from a stop at boarding, the rest when the exit is known. Level 3 of the fares.

A rider whose exit is never seen has paid what is certain and is asked for no more.
"""

from collections.abc import Sequence

from server.core.fares import moments
from server.core.fares.riding import Bill, FareRide, Increment, Journey, Owed, Part, Rule, Tap, Unpriced, Why
from server.core.fares.tariff import ZoneRule, ZoneTariff, ZoneTransfer
from server.core.fares.terms import parts_of
from server.core.fares.zone_rules import holding, known_of
from server.core.model import Record


class ZoneLeg(Record, frozen=True, gc=False):
    """A priced ride: what it costs in its journey, by which rule, and which transfer brought the rider here."""

    ride: FareRide
    rule: ZoneRule
    won: int
    rules: tuple[Rule, ...]
    transfer: ZoneTransfer | None = None


def price_by_zone(tariff: ZoneTariff, rides: Sequence[FareRide], rider_class: str, owed: Owed) -> Bill | Unpriced:
    """Price rides that are in the order of their boarding."""
    if rider_class not in tariff.classes:
        return Unpriced(
            Why.UNKNOWN_CLASS,
            rides[0].ride_id if rides else "",
            {"rider_class": rider_class, "known": ", ".join(tariff.classes)},
        )
    journeys: list[list[ZoneLeg]] = []
    increments: dict[str, list[Increment]] = {}
    for ride in rides:
        before = journeys[-1] if journeys else []
        boarded = _leg(tariff, before, ride, rider_class, exit_known=False)
        if isinstance(boarded, Unpriced):
            return boarded
        taps = [_tap(tariff, boarded, Tap.BOARD, ride.boarded_ms, boarded.won, owed.parts)]
        leg, owed = boarded, Owed()
        if ride.alighted_ms is not None and ride.alight_stop_id is not None:
            left = _leg(tariff, before, ride, rider_class, exit_known=True)
            if isinstance(left, Unpriced):
                return left
            leg = left
            taps.append(_tap(tariff, leg, Tap.ALIGHT, ride.alighted_ms, leg.won - boarded.won))
        elif ride.alighted_ms is not None:
            taps.append(_tap(tariff, leg, Tap.ALIGHT, ride.alighted_ms, 0))
        increments[ride.ride_id] = taps
        if before and leg.rules[0] in (Rule.GOOD_FOR_MORE, Rule.TRANSFER_COST):
            before.append(leg)
        else:
            journeys.append([leg])
    done = tuple(_journey(legs, increments) for legs in journeys)
    return Bill(tariff.table, sum(journey.total_won for journey in done), done, owed)


def _tap(tariff: ZoneTariff, leg: ZoneLeg, tap: Tap, at_ms: int, won: int, more: tuple[Part, ...] = ()) -> Increment:
    parts = (*parts_of(leg.rules[0], won), *more)
    rules = (*leg.rules, *(part.rule for part in more))
    total_won = sum(part.won for part in parts)
    return Increment(leg.ride.ride_id, tap, at_ms, total_won, rules, (f"{tariff.name}/{leg.rule.fare}",), parts)


def _journey(legs: Sequence[ZoneLeg], increments: dict[str, list[Increment]]) -> Journey:
    taps = tuple(increment for leg in legs for increment in increments[leg.ride.ride_id])
    return Journey(sum(tap.won for tap in taps), tuple(leg.ride.ride_id for leg in legs), taps)


def _leg(
    tariff: ZoneTariff, before: Sequence[ZoneLeg], ride: FareRide, rider_class: str, *, exit_known: bool
) -> ZoneLeg | Unpriced:
    """Price one ride after the legs before it."""
    rules = holding(tariff, known_of(tariff, ride, exit_known=exit_known), rider_class)
    if not rules:
        return _no_fare(ride, exit_known=exit_known)
    if exit_known:
        rule, kind = rules[0], Rule.BETWEEN_PLACES
    else:
        rule, kind = min(rules, key=lambda rule: tariff.fares[rule.fare].won[rider_class]), Rule.LEAST_FIRST
    if before:
        same = next((rule for rule in rules if _still_good(tariff, before, ride, rule)), None)
        if same is not None:
            return ZoneLeg(ride, same, 0, (Rule.GOOD_FOR_MORE,))
        transfer = _transfer(tariff, before, ride, rule)
        if transfer is not None:
            won = _after_transfer(tariff, transfer, before, rule, rider_class)
            return ZoneLeg(ride, rule, won, (Rule.TRANSFER_COST, kind), transfer)
    return ZoneLeg(ride, rule, tariff.fares[rule.fare].won[rider_class], (kind,))


def _no_fare(ride: FareRide, *, exit_known: bool) -> Unpriced:
    values = {
        "route": ride.route_id,
        "origin": ride.board_stop_id or "",
        "destination": ride.alight_stop_id or "",
    }
    if ride.board_stop_id is None:
        return Unpriced(Why.NO_STOP, ride.ride_id, values)
    return Unpriced(Why.NO_FARE_BETWEEN if exit_known else Why.NO_FARE_FOR_ROUTE, ride.ride_id, values)


def _still_good(tariff: ZoneTariff, before: Sequence[ZoneLeg], ride: FareRide, rule: ZoneRule) -> bool:
    """Tell whether the fare of the journey's first ride is good for this ride too (`transfers`, `transfer_duration`)."""
    first, fare = before[0], tariff.fares[before[0].rule.fare]
    return (
        rule.fare == first.rule.fare
        and before[-1].ride.alighted_ms is not None
        and (fare.transfers is None or len(before) <= fare.transfers)
        and (fare.transfer_s is None or ride.boarded_ms - first.ride.boarded_ms <= fare.transfer_s * moments.SECOND_MS)
    )


def _transfer(tariff: ZoneTariff, before: Sequence[ZoneLeg], ride: FareRide, rule: ZoneRule) -> ZoneTransfer | None:
    """Find the transfer rule between the last leg and this one; of several counts the least that still covers it."""
    named_from = {transfer.from_group for transfer in tariff.transfers}
    named_to = {transfer.to_group for transfer in tariff.transfers}
    fitting = [
        transfer
        for transfer in tariff.transfers
        if _group_fits(transfer.from_group, before[-1].rule.group, named_from)
        and _group_fits(transfer.to_group, rule.group, named_to)
        and (transfer.count == -1 or _run(before, transfer) < transfer.count)
        and _in_limit(before, ride, transfer)
    ]
    return min(fitting, key=lambda transfer: (transfer.count == -1, transfer.count), default=None)


def _group_fits(wanted: str | None, given: str | None, named: set[str | None]) -> bool:
    return wanted == given if wanted is not None else given not in named


def _run(before: Sequence[ZoneLeg], transfer: ZoneTransfer) -> int:
    """Count how often in a row, up to the last leg, this transfer has been used."""
    count = 0
    while count < len(before) and before[-1 - count].transfer == transfer:
        count += 1
    return count


def _in_limit(before: Sequence[ZoneLeg], ride: FareRide, transfer: ZoneTransfer) -> bool:
    """Measure the limit from the first leg of a run of the same transfer."""
    start = before[-1 - _run(before, transfer)].ride
    begins = start.boarded_ms if transfer.limit_from == "boarding" else start.alighted_ms
    ends = ride.boarded_ms if transfer.limit_to == "boarding" else (ride.alighted_ms or ride.boarded_ms)
    if before[-1].ride.alighted_ms is None or begins is None:
        return False
    return transfer.limit_s is None or 0 <= ends - begins <= transfer.limit_s * moments.SECOND_MS


def _after_transfer(
    tariff: ZoneTariff, transfer: ZoneTransfer, before: Sequence[ZoneLeg], rule: ZoneRule, rider_class: str
) -> int:
    """Give what this leg adds to the journey: AB, AB + B, or AB in place of what the first leg cost."""
    won = transfer.won.get(rider_class, 0)
    if transfer.cost == "all":
        return won + tariff.fares[rule.fare].won[rider_class]
    if transfer.cost == "transfer" and len(before) == 1:
        return won - before[0].won
    return won
