"""What must hold of every fare, whoever rides what, when and how far."""

from hypothesis import given, strategies as st

from server.core.fares.pricing import Adjustment, price, reprice
from server.core.fares.riding import Bill, FareRide, Tap
from tests.server.core.fares.fare_cases import at, bill, capital, ride

TARIFF = capital()
PRODUCTS = [product.id for product in TARIFF.products]
MINUTE_MS = 60_000


@st.composite
def days_out(draw: st.DrawFn) -> list[FareRide]:
    """Up to eight rides one after another, as a person could take them: some without an exit, some for cash."""
    now_ms = at("2025-11-03 04:00") + draw(st.integers(0, 20 * 60)) * MINUTE_MS
    rides = []
    for i in range(draw(st.integers(1, 8))):
        boarded_ms = now_ms
        now_ms += draw(st.integers(1, 90)) * MINUTE_MS
        known = draw(st.sampled_from([True, True, True, False]))
        rides.append(
            FareRide(
                ride_id=f"r{i}",
                product=draw(st.sampled_from(PRODUCTS)),
                route_id=draw(st.sampled_from("ABC")),
                boarded_ms=boarded_ms,
                alighted_ms=now_ms if known else None,
                distance_m=draw(st.integers(0, 90_000)) if known else None,
                pricing=draw(st.sampled_from([None, "flat", "distance"])),
                route_length_m=draw(st.none() | st.integers(1_000, 90_000)),
            )
        )
        now_ms += draw(st.integers(0, 40)) * MINUTE_MS
    return rides


classes = st.sampled_from(["adult", "teen", "child", "infant"])


def priced(rides: list[FareRide], rider_class: str = "adult") -> Bill:
    result = price(TARIFF, rides, rider_class)
    assert isinstance(result, Bill)
    return result


@given(days_out(), classes, st.randoms())
def test_the_order_in_which_rides_become_known_does_not_matter(rides: list[FareRide], rider_class: str, rng) -> None:  # type: ignore[no-untyped-def]
    shuffled = rng.sample(rides, len(rides))
    assert priced(shuffled, rider_class) == priced(rides, rider_class)


@given(days_out(), classes)
def test_increments_sum_to_their_journey_and_parts_to_their_increment(rides: list[FareRide], rider_class: str) -> None:
    whole = priced(rides, rider_class)
    for journey in whole.journeys:
        assert sum(tap.won for tap in journey.increments) == journey.total_won
        for tap in journey.increments:
            assert sum(part.won for part in tap.parts) == tap.won
            assert {part.rule for part in tap.parts} <= set(tap.rules)
    assert sum(journey.total_won for journey in whole.journeys) == whole.total_won
    assert sorted(ride_id for journey in whole.journeys for ride_id in journey.rides) == [r.ride_id for r in rides]
    assert len([tap for j in whole.journeys for tap in j.increments]) == sum(
        1 if r.alighted_ms is None else 2 for r in rides
    )


@given(days_out(), classes)
def test_a_journey_never_costs_more_than_its_rides_alone(rides: list[FareRide], rider_class: str) -> None:
    """F18, and what a missing exit takes back is no more than the discount was."""
    whole = priced(rides, rider_class)
    owed_for_length = sum(
        part.won for j in whole.journeys for tap in j.increments for part in tap.parts if part.rule == "F13"
    )
    alone_won = sum(priced([one], rider_class).total_won for one in rides)
    assert whole.total_won - owed_for_length <= alone_won
    assert whole.total_won >= 0


@given(days_out(), classes, st.integers(0, 7), st.integers(0, 60_000))
def test_more_distance_never_costs_less(rides: list[FareRide], rider_class: str, which: int, more_m: int) -> None:
    import msgspec

    which %= len(rides)
    if rides[which].distance_m is None:
        return
    longer = list(rides)
    longer[which] = msgspec.structs.replace(rides[which], distance_m=(rides[which].distance_m or 0) + more_m)
    assert priced(longer, rider_class).total_won >= priced(rides, rider_class).total_won


@given(st.sampled_from(PRODUCTS), st.integers(1, 60_000), st.integers(1, 60_000))
def test_a_transfer_in_the_middle_never_costs_more_than_two_rides(product: str, first_m: int, second_m: int) -> None:
    first = ride(product, "10:00", "10:30", km=first_m / 1000, pricing="distance", route="1")
    joined = ride(product, "10:35", "11:00", km=second_m / 1000, pricing="distance", route="2")
    apart = ride(product, "15:35", "16:00", km=second_m / 1000, pricing="distance", route="2")
    assert bill([first, joined]).total_won <= bill([first, apart]).total_won


@given(days_out(), days_out(), classes)
def test_adjustments_carry_one_bill_into_another(
    before: list[FareRide], after: list[FareRide], rider_class: str
) -> None:
    was, now = priced(before, rider_class), priced(after, rider_class)
    charged = {(tap.ride_id, tap.tap): tap.won for j in was.journeys for tap in j.increments}
    wanted = {(tap.ride_id, tap.tap): tap.won for j in now.journeys for tap in j.increments}
    adjustments = reprice(was, now)
    for adjustment in adjustments:
        key = (adjustment.ride_id, adjustment.tap)
        charged[key] = charged.get(key, 0) + adjustment.won
    assert {key: won for key, won in charged.items() if won} == {key: won for key, won in wanted.items() if won}
    assert sum(adjustment.won for adjustment in adjustments) == now.total_won - was.total_won
    assert reprice(now, now) == ()


def test_an_exit_that_comes_late_posts_what_it_changes() -> None:
    """The metro exit arrives after the bus was priced without it: the transfer is given back, the steps are asked for."""
    without = bill([ride("METRO", "10:00"), ride("SE_TRUNK", "10:40", "11:00", km=4.0)])
    late = bill([ride("METRO", "10:00", "10:30", km=12.0), ride("SE_TRUNK", "10:40", "11:00", km=4.0)])
    assert without.total_won == 3050
    assert late.total_won == 1750
    changes = {(a.ride_id, a.tap): a.won for a in reprice(without, late)}
    assert changes == {("10:00", Tap.ALIGHT): 100, ("10:40", Tap.BOARD): -1500, ("10:40", Tap.ALIGHT): 100}


def test_a_ride_that_never_was_is_taken_back_whole() -> None:
    charged = bill([ride("SE_TRUNK", "10:00", "10:20")])
    assert reprice(charged, bill([])) == (
        Adjustment("10:00", Tap.BOARD, -1500, charged.journeys[0].increments[0].rules),
    )
