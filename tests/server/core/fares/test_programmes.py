"""Best fare and monthly refunds: what is given back, for which journeys, and why not."""

from datetime import date, timedelta

import msgspec
import pytest

from server.core.fares.programmes import (
    CapProgramme,
    PaidJourney,
    RefundProgramme,
    Report,
    capped,
    day_of,
    refunded,
)
from server.tariff_presets import ProgrammeError, load_programme, programme_names
from tests.server.core.fares.fare_cases import at


def caps() -> CapProgramme:
    programme = load_programme("cap-example")
    assert isinstance(programme, CapProgramme)
    return programme


def k_pass() -> RefundProgramme:
    programme = load_programme("k-pass")
    assert isinstance(programme, RefundProgramme)
    return programme


def paid(day: str, *amounts: int) -> list[PaidJourney]:
    """Journeys of one day, from eight o'clock on."""
    return [PaidJourney(f"{day}/{i}", at(f"{day} {8 + i:02}:00"), won) for i, won in enumerate(amounts)]


def month(days: int, *amounts: int, of: str = "2025-03") -> list[PaidJourney]:
    """The same journeys on each of the first days of a month."""
    return [journey for day in range(1, days + 1) for journey in paid(f"{of}-{day:02}", *amounts)]


# -- best fare -----------------------------------------------------------------------------------------------------------


def test_what_a_day_costs_above_its_cap_is_given_back() -> None:
    report = capped(caps(), paid("2025-11-03", 1650, 3200, 1650), "adult")
    assert [(c.period, c.won, c.why) for c in report.credits] == [("2025-11-03", 500, "daily_cap")]
    assert report.credits[0].values == {"paid_won": 6500, "cap_won": 6000}
    assert report.programme == "cap-example@1"


def test_a_week_is_capped_after_its_days() -> None:
    monday = date(2025, 11, 3)
    journeys = [j for i in range(7) for j in paid((monday + timedelta(days=i)).isoformat(), 3000, 2500)]
    report = capped(caps(), [*journeys, *paid("2025-11-03", 5000)], "adult")
    assert [(c.period, c.won, c.why) for c in report.credits] == [
        ("2025-11-03", 4500, "daily_cap"),
        ("2025-W45", 6000 + 6 * 5500 - 30000, "weekly_cap"),
    ]
    assert report.won == 4500 + 9000


def test_a_day_begins_at_four() -> None:
    night = [PaidJourney("a", at("2025-11-03 23:00"), 4000), PaidJourney("b", at("2025-11-04 03:59"), 4000)]
    assert capped(caps(), night, "adult").won == 2000
    assert capped(caps(), [night[0], PaidJourney("b", at("2025-11-04 04:00"), 4000)], "adult").won == 0
    assert day_of(caps(), at("2025-11-04 03:59")) == date(2025, 11, 3)


@pytest.mark.parametrize(("rider_class", "day"), [("adult", "2024-12-31"), ("senior", "2025-11-03")])
def test_without_a_cap_nothing_is_given_back(rider_class: str, day: str) -> None:
    assert capped(caps(), paid(day, 9000, 9000), rider_class) == Report("cap-example@1", missing="below_the_caps")


# -- monthly refund --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rider_class", "won"),
    [("general", 15 * 1650 * 20 // 100), ("youth", 15 * 1650 * 30 // 100), ("low_income", 15 * 1650 * 533 // 1000)],
)
def test_a_share_of_what_was_paid(rider_class: str, won: int) -> None:
    report = refunded(k_pass(), month(15, 1650), rider_class, "2025-03")
    assert report.won == won
    assert report.credits[0].why == "share"
    assert report.credits[0].period == "2025-03"
    assert all(one.counts for one in report.counted)


def test_fewer_than_fifteen_journeys_earn_nothing_but_in_the_first_month() -> None:
    journeys = month(14, 1650)
    assert refunded(k_pass(), journeys, "general", "2025-03").missing == "too_few_journeys"
    assert refunded(k_pass(), journeys, "general", "2025-03", first_month=True).won == 14 * 330


def test_of_a_day_the_two_dearest_count() -> None:
    report = refunded(k_pass(), month(10, 1650, 3200, 1500), "general", "2025-03")
    assert report.won == 10 * 4850 * 20 // 100
    assert [one.why for one in report.counted[:3]] == ["counted", "counted", "more_than_a_day"]


def test_sixty_journeys_count_in_a_month() -> None:
    report = refunded(k_pass(), month(31, 1000, 1000), "general", "2025-03")
    assert sum(one.counts for one in report.counted) == 60
    assert [one.why for one in report.counted[-2:]] == ["more_than_a_month"] * 2
    assert report.won == 60 * 1000 * 20 // 100


def test_of_what_is_paid_beyond_two_hundred_thousand_half_counts() -> None:
    report = refunded(k_pass(), month(25, 5000, 5000), "youth", "2025-03")
    assert report.credits[0].values == {"paid_won": 250_000, "counted_won": 225_000, "share_thousandths": 300}
    assert report.won == 67_500


def test_from_2026_what_is_above_a_sum_is_given_back_where_that_is_more() -> None:
    report = refunded(k_pass(), month(25, 2200, 2200, of="2026-03"), "general", "2026-03")
    assert report.credits[0].values == {"name": "basic", "paid_won": 110_000, "threshold_won": 62_000}
    assert report.won == 48_000  # the example of the press: 110 000 won paid
    assert refunded(k_pass(), month(15, 1650, of="2026-03"), "general", "2026-03").credits[0].why == "share"
    dear = refunded(k_pass(), month(25, 3450, 3450, of="2026-03"), "general", "2026-03")
    assert dear.credits[0].values["name"] == "plus"
    assert dear.won == 72_500
    low = refunded(k_pass(), month(25, 3450, 3450, of="2026-03"), "low_income", "2026-03")
    assert low.credits[0].why == "share"  # no sum was printed for the dear journeys of low incomes


def test_only_journeys_of_the_month_count() -> None:
    journeys = [*month(15, 1650), *paid("2025-02-28", 9000), *paid("2025-04-01", 9000)]
    assert refunded(k_pass(), journeys, "general", "2025-03").won == 15 * 330


def test_what_is_missing_is_said() -> None:
    assert refunded(k_pass(), [], "general", "2024-04").missing == "not_begun"
    assert refunded(k_pass(), month(20, 1650), "senior", "2025-03").missing == "class_not_in_it"
    nothing = refunded(k_pass(), month(15, 0), "general", "2025-03")
    assert nothing.won == 0
    assert nothing.credits == ()


def test_programmes_are_found_by_name_or_file(tmp_path: object) -> None:
    assert programme_names() == ["cap-example", "k-pass"]
    with pytest.raises(ProgrammeError, match="no programme named 'gold'; choose one of cap-example, k-pass"):
        load_programme("gold")


def test_a_bad_programme_is_said(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("programmes") / "bad.json"
    path.write_bytes(msgspec.json.encode(k_pass()).replace(b'"max_per_day":2', b'"max_per_day":0'))
    with pytest.raises(ProgrammeError, match="max_per_day"):
        load_programme(str(path))
    path.write_bytes(msgspec.json.encode(k_pass()))
    assert load_programme(str(path)) == k_pass()


def test_every_source_of_a_programme_is_there() -> None:
    for name in programme_names():
        programme = load_programme(name)
        assert {version.proof.source for version in programme.versions} <= programme.sources.keys()
