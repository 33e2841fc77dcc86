"""What a first visit to a stop's page weighs: people scan its code with whatever phone and link they have."""

import pytest
from playwright.sync_api import Browser

from benchmarks.page_figures import Visit, visit
from tests.e2e.real_server import RealServer

pytestmark = pytest.mark.browser

LIMIT_BYTES = 60_000
ROOM_FOR_A_BOARD_BYTES = 3_000
"""The test's stop has no bus; twelve rows of arrivals, twice in the page, are about so much packed."""


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_a_first_visit_stays_below_its_limit(browser: Browser, server: RealServer, lang: str) -> None:
    figures = visit(browser, server.stop_address("S2", lang), "[data-act=star]", Visit())
    assert 20_000 < figures.bytes_over_wire < LIMIT_BYTES - ROOM_FOR_A_BOARD_BYTES
    assert figures.requests < 45
    assert figures.shift < 0.1, "nothing jumps under a finger"
