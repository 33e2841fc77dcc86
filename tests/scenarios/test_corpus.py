"""Every scenario of the corpus comes out as expected, and each says in two languages what it is about."""

from pathlib import Path

import pytest

from server.corpus import Corpus
from server.protocol.expectations import door_reason
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
