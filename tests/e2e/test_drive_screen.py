"""Every rule of `driver_rules.json` that a state of the page can show: each state is played once and measured."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.e2e.drive_screen import CHECKS, Bench

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

RULES = json.loads((Path(__file__).parent / "driver_rules.json").read_text("utf-8"))["rules"]


@pytest.fixture(scope="module")
def bench(browser: Browser) -> Bench:
    bench = Bench(browser)
    bench.play()
    return bench


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule["on"] == "screen"], ids=lambda rule: rule["check"])
def test_the_screen_keeps_the_rule(bench: Bench, rule: dict[str, str]) -> None:
    CHECKS[rule["check"]](bench)
