"""Which runs may be what was seen, and how they are shared out so that all vehicles together fit best."""

import itertools

import pytest
from hypothesis import given, strategies as st

from server.core.model import BlockId, TripId
from server.core.network import Headway
from server.core.runs import UNKNOWN_COST, Doing, Duty, Timetable, duty_of, key_of, share_out
from tests.server.core.engine_world import DAY, START_S
from tests.server.core.open_streets import EAST, WEST, Line, shuttle, streets

NETWORK = streets(*shuttle())
TIMETABLE = Timetable(NETWORK)
A, B, C = (Duty(BlockId(name), None, DAY) for name in "ABC")


def at_ms(seconds: float) -> int:
    """So many seconds after the first departure."""
    return NETWORK.day_start_ms(DAY) + round((START_S + seconds) * 1000)


# -- what fits --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("doing", "seconds", "cheapest"),
    [
        (Doing.UNDER_WAY, 250, "10-0-0"),
        (Doing.UNDER_WAY, 500, "10-0-1"),
        (Doing.LEAVING, 500, "10-0-0"),
        (Doing.WAITING, 400, "10-0-1"),
    ],
)
def test_what_a_bus_does_says_how_late_or_early_it_may_be(doing: Doing, seconds: float, cheapest: str) -> None:
    along_m = 0.0 if doing is Doing.WAITING else 1_000.0
    fits = TIMETABLE.fits([(0, along_m)], at_ms(seconds), doing)
    assert min(fits.values()).trip.trip_id == cheapest


def test_a_block_is_fitted_by_the_best_of_its_runs() -> None:
    fits = TIMETABLE.fits([(0, 1_000.0)], at_ms(1_300), Doing.UNDER_WAY)
    assert set(fits) == {A, B}
    assert key_of(fits[A], A).trip_id == TripId("10-0-2")


def test_runs_more_than_an_hour_away_do_not_fit() -> None:
    assert TIMETABLE.fits([(0, 0.0)], at_ms(-3_700), Doing.WAITING) == {}
    assert set(TIMETABLE.fits([(0, 0.0)], at_ms(-3_500), Doing.WAITING)) == {A}


def test_a_trip_without_a_block_is_a_duty_by_itself() -> None:
    network = streets(*shuttle(blocks=False))
    fits = Timetable(network).fits([(0, 1_000.0)], at_ms(100), Doing.UNDER_WAY)
    assert Duty(None, TripId("10-0-0"), DAY) in fits
    trip = network.trip(TripId("10-0-0"))
    assert trip is not None
    assert duty_of(trip, DAY) == Duty(None, TripId("10-0-0"), DAY)


def test_a_trip_run_by_headway_is_on_time_while_any_of_its_runs_may_be_there() -> None:
    always = (Headway(START_S, START_S + 7_200, 300, exact=False),)
    timetable = Timetable(streets(Line("10", 0, EAST, trips=1, headways=always), Line("10", 1, WEST)))
    costs = [
        [round(fit.cost, 2) for fit in timetable.fits([(0, 1_000.0)], at_ms(seconds), Doing.UNDER_WAY).values()]
        for seconds in (100, 5_000, 7_300, 7_720, 3_600 + 7_400)
    ]
    assert costs == [[0.0], [0.0], [0.0], [1.0], []]


# -- sharing out ------------------------------------------------------------------


def test_two_vehicles_never_share_a_duty() -> None:
    assert share_out([{A: 1.0, B: 2.0}, {A: 0.0, B: 8.0}]) == [B, A]


def test_a_chain_of_vehicles_moves_on_for_a_newcomer() -> None:
    assert share_out([{A: 0.0, B: 1.0}, {B: 0.0, C: 1.0}, {A: 0.0}]) == [B, C, A]


def test_a_vehicle_that_fits_nothing_well_has_no_duty() -> None:
    assert share_out([{A: UNKNOWN_COST + 1.0}, {}]) == [None, None]


def test_the_one_that_fits_worse_goes_without() -> None:
    assert share_out([{A: 9.0}, {A: 1.0}]) == [None, A]
    assert share_out([{A: 1.0}, {A: 9.0}]) == [A, None]


@given(st.lists(st.dictionaries(st.sampled_from([A, B, C]), st.integers(0, 50).map(float)), max_size=4))
def test_no_other_sharing_is_cheaper(costs: list[dict[Duty, float]]) -> None:
    def total(held: tuple[Duty | None, ...]) -> float:
        return sum(UNKNOWN_COST if duty is None else row[duty] for row, duty in zip(costs, held, strict=True))

    options = itertools.product(*([None, *row] for row in costs))
    fair = [held for held in options if len({d for d in held if d}) == sum(d is not None for d in held)]
    assert total(tuple(share_out(costs))) == min(map(total, fair))
