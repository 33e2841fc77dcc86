"""Every scenario of the corpus comes out as expected, and each says in two languages what it is about."""

from pathlib import Path
from typing import Any

import pytest

from server.core.model import END_STATES
from server.corpus import Corpus
from server.protocol.expectations import door_reason
from server.protocol.recording import FixLine
from server.protocol.scenario import Result, Scenario, find_scenarios

HERE = Path(__file__).parent
SCENARIOS = find_scenarios(HERE)
LINES_MAX = 230
"""A case is to be read by people."""


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    """One runner, so that each network is compiled once."""
    return Corpus()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_scenario(corpus: Corpus, scenario: Scenario) -> None:
    verdict = corpus.run(scenario)
    assert verdict.result is not Result.FAILED, "\n".join([*scenario.titles, *verdict.why])


def test_all_but_what_a_door_says_is_judged_in_process(corpus: Corpus) -> None:
    at_the_door = [one for one in SCENARIOS if door_reason(one.expected()) is not None]
    assert [corpus.run(one).result for one in at_the_door] == [Result.NOT_APPLICABLE]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_whatever_the_case_a_visit_is_over_once_and_a_bell_ends_once(corpus: Corpus, scenario: Scenario) -> None:
    decisions, _ = corpus.decisions(scenario)
    fixes = [said for said in scenario.events() if isinstance(said, FixLine) and said.fixed_at_ms is not None]
    fast_ms = max([0, *((said.fixed_at_ms or 0) - said.at_ms for said in fixes)])
    visits: set[tuple[Any, ...]] = set()
    ends: dict[str, str] = {}
    for one in decisions:
        if one["type"] == "stop_visit":
            key = one["vehicle_id"], one["trip_id"], one["start_date"], one["stop_sequence"]
            assert key not in visits
            visits.add(key)
            times = [at_ms for at_ms in (one["arrived_ms"], one["departed_ms"]) if at_ms is not None]
            assert sorted(times) == times
            assert all(at_ms <= one["at_ms"] + fast_ms for at_ms in times)
        elif one["type"] == "bell":
            assert ends.setdefault(one["bell_id"], one["state"]) == one["state"]  # said again, never otherwise
            if one["state"] not in END_STATES:
                del ends[one["bell_id"]]


def test_titles_are_sentences_in_two_languages_and_unlike_one_another() -> None:
    titles = [title for scenario in SCENARIOS for title in scenario.titles]
    assert len(titles) == len(set(titles)) == 2 * len(SCENARIOS)
    assert all(title.endswith(".") for title in titles)
    assert all(any("가" <= letter <= "힣" for letter in scenario.titles[0]) for scenario in SCENARIOS)


def test_cases_are_short() -> None:
    for scenario in SCENARIOS:
        lines = (scenario.folder / "events.jsonl").read_text("utf-8").splitlines()
        assert len(lines) <= LINES_MAX, scenario.name


def test_the_paper_lists_every_case(root: Path) -> None:
    paper = (root / "docs" / "corpus.md").read_text("utf-8")
    listed = [line for line in paper.partition("## The cases")[2].splitlines() if line[2:5].isdigit()]
    assert listed == [f"| {scenario.number} | {scenario.title('en')} |" for scenario in SCENARIOS]
