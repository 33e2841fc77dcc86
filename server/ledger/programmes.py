"""Programmes over the ledger: journeys as they were paid in the end, and what is given back for a month. Above the core; pure."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple, assert_never

from server.core.fares.postings import RideFact
from server.core.fares.pricing import price
from server.core.fares.programmes import (
    CapProgramme,
    PaidJourney,
    Programme,
    RefundProgramme,
    Report,
    capped,
    day_of,
    refunded,
)
from server.core.fares.riding import Bill
from server.core.fares.tariff import Tariff


class AccountMonth(NamedTuple):
    """One account's rides, what each is charged, and for which class."""

    account: str
    rider_class: str
    facts: Iterable[RideFact]
    fares: Mapping[str, int]


def paid_journeys(tariff: Tariff, one: AccountMonth) -> list[PaidJourney]:
    """Join rides to journeys by the tariff; what they cost is what stands in the ledger, corrections included."""
    charged = {fact.ride_id: fact for fact in one.facts if fact.waiver is None and fact.ride_id in one.fares}
    bill = price(tariff, [fact.ride for fact in charged.values()], one.rider_class)
    rides: Iterable[tuple[str, ...]] = [(ride_id,) for ride_id in charged]
    if isinstance(bill, Bill):
        rides = [journey.rides for journey in bill.journeys]
    found = [
        PaidJourney(
            group[0],
            min(charged[ride_id].ride.boarded_ms for ride_id in group),
            sum(one.fares[ride_id] for ride_id in group),
        )
        for group in rides
    ]
    return sorted(found, key=lambda journey: journey.began_ms)


def report(programme: Programme, tariff: Tariff, one: AccountMonth, month: str, rider_class: str = "") -> Report:
    """What a programme gives back to one account for a month (`2026-11`).

    `rider_class`: the programme's own class, where its classes are not those of the fare.
    """
    rider_class = rider_class or one.rider_class
    journeys = paid_journeys(tariff, one)
    match programme:
        case RefundProgramme():
            return refunded(programme, journeys, rider_class, month)
        case CapProgramme():
            of_month = [one for one in journeys if day_of(programme, one.began_ms).isoformat().startswith(month)]
            return capped(programme, of_month, rider_class)
        case _:
            assert_never(programme)
