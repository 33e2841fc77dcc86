"""The console's fares in Chromium, over a real server whose books hold a day of rides."""

import csv
import io
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from server.backends.embedded.ledger import SqliteLedger
from server.core.fares.postings import RideFact, Waiver
from server.core.fares.riding import FareRide
from server.ledger.records import Dispute
from tests.e2e.accessibility import violations
from tests.e2e.conftest import NewPage
from tests.e2e.real_server import ROUTE_ID, SPACING_M, RealServer, ServerPlace
from tests.server.ledger.ledger_cases import DAY_MS, MINUTE_MS, price

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

RIDES = 120
FARES = '{"usual": {"product": "GG_GENERAL", "pricing": "distance"}}'
VIEWS = {"rides": "#/fares", "ride": "#/fares/ride/ride-5", "disputes": "#/fares/disputes", "books": "#/fares/books"}


def a_ride(n: int, now_ms: int, rng: random.Random) -> RideFact:
    """A ride of the last day: two or three stops, now and then taken back or paid by card."""
    first, length = rng.randrange(3), rng.randrange(1, 3)
    boarded_ms = now_ms - (n + 1) * 8 * MINUTE_MS
    fare = FareRide(
        f"ride-{n}",
        "GG_GENERAL",
        ROUTE_ID,
        boarded_ms,
        boarded_ms + length * 4 * MINUTE_MS,
        round(length * SPACING_M),
        pricing="distance",
        board_stop_id=f"S{first}",
        alight_stop_id=f"S{first + length}",
    )
    waiver = Waiver.VOID if n % 17 == 3 else Waiver.CARD if n % 13 == 4 else None
    sure = 99 - min(60, int(rng.expovariate(0.15)))
    return RideFact(f"ride-{n}", 1, f"account-{n % 7}", "V1", fare, waiver=waiver, settled=n > 3, confidence=sure)


@pytest.fixture(scope="module")
def desk(street: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """A server in demo mode with a tariff, rides of a day, a dispute, and yesterday closed."""
    folder = tmp_path_factory.mktemp("fares")
    now_ms, rng = round(time.time() * 1000), random.Random(7)
    (folder / "fares.json").write_text(FARES, encoding="utf-8")
    (folder / "data").mkdir(mode=0o700)
    ledger = SqliteLedger.open(folder / "data", timezone="Asia/Seoul")
    old = a_ride(500, now_ms - DAY_MS, rng)
    ledger.take([old], price, now_ms=now_ms - 2 * DAY_MS)
    ledger.take([a_ride(n, now_ms, rng) for n in reversed(range(RIDES))], price, now_ms=now_ms)
    ledger.dispute(Dispute("ride-5", "account-5", "wrong_stop", "인계동에서 내렸습니다.", now_ms), now_ms=now_ms)
    ledger.close_days(now_ms=now_ms)
    ledger.close()
    place = ServerPlace(street / "street.network", street / "vehicles.json", folder / "data")
    with place.serve("--demo", "--tariff", "kr-capital", "--fares", str(folder / "fares.json")) as server:
        yield server


def open_view(page: Page, server: RealServer, view: str, lang: str = "ko") -> None:
    page.goto(f"{server.url}/ops?lang={lang}{VIEWS[view]}")
    page.wait_for_selector(".desk tbody tr >> visible=true")


def ask(server: RealServer, path: str) -> Any:
    return httpx.get(f"{server.url}{path}").raise_for_status().json()


def test_rides_have_figures_a_histogram_with_its_table_and_file_and_one_receipt_by_its_rules(
    desk: RealServer, new_page: NewPage
) -> None:
    page = new_page(width=1440, height=900)
    open_view(page, desk, "rides")
    figures, listed = ask(desk, "/v1/ledger/rides"), ask(desk, "/v1/ops/rides")
    assert f"{figures['charged_won']:,}원" in page.inner_text(".keys")
    assert page.locator(".long tbody tr").count() == listed["count"]
    with page.expect_download() as waiting:
        page.click("button[data-card=confidence]")
    rows = list(csv.reader(io.StringIO(Path(waiting.value.path()).read_text("utf-8-sig"))))
    assert [int(row[1]) for row in rows[1:]] == figures["confidence"]
    for words, first in (("탑승 CSV", "ride_id"), ("전표 CSV", "n,day"), ("요금 거래 TIDES", "transaction_id")):
        with page.expect_download() as waiting:
            page.click(f"text={words}")
        assert Path(waiting.value.path()).read_text("utf-8-sig").startswith(first)
    page.click("a[href='#/fares/ride/ride-5']")
    expect(page.locator("#card-receipt")).to_have_text("요금이 정해진 과정")
    expect(page.locator(".desk table").first).to_contain_text("F1 여정에서 가장 높은 기본요금")
    assert "account-" not in page.content()


def test_a_dispute_is_decided_and_the_books_stay_even(desk: RealServer, new_page: NewPage) -> None:
    page = new_page(width=1280, height=900)
    open_view(page, desk, "disputes")
    expect(page.locator("tbody")).to_contain_text("인계동에서 내렸습니다.")
    page.click("[data-verdict=not_charged]")
    expect(page.locator("tbody td").last).to_have_text("받지 않음")
    assert ask(desk, "/v1/ops/rides/ride-5")["row"]["fare_won"] == 0
    page.click("nav.desk-tabs a >> nth=2")
    expect(page.locator(".even")).to_have_text("차변과 대변이 맞습니다.")
    assert page.locator("section[aria-labelledby=card-days] tbody tr").count() >= 1


def test_what_cannot_be_asked_is_said_and_what_was_known_stays(desk: RealServer, new_page: NewPage) -> None:
    page = new_page(width=1280, height=900)
    open_view(page, desk, "rides")
    page.route("**/v1/ops/rides?*", lambda route: route.abort())
    page.click("[data-window=week]")
    expect(page.locator(".desk-stale")).to_contain_text("서버에 연결되지 않습니다")
    page.unroute("**/v1/ops/rides?*")
    page.click("[data-act=again]")
    page.wait_for_selector(".desk tbody tr >> visible=true")
    page.route("**/v1/ops/rides?*", lambda route: route.abort())
    page.evaluate("location.hash = '#/fares/books'")
    expect(page.locator(".even")).to_be_visible()


@pytest.mark.parametrize(("lang", "scheme", "width"), [("ko", "light", 1440), ("en", "dark", 820)])
def test_every_view_is_for_everybody(
    desk: RealServer, new_page: NewPage, axe_source: str, lang: str, scheme: str, width: int
) -> None:
    page = new_page(width=width, height=1000, lang=f"{lang}-KR", color_scheme=scheme, bypass_csp=True)
    for view in VIEWS:
        page.goto("about:blank")
        open_view(page, desk, view, lang)
        assert violations(page, axe_source) == [], view
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), view


def test_where_rides_cost_nothing_the_section_says_so(new_page: NewPage, server: RealServer) -> None:
    page = new_page(width=1280, height=900)
    for view in ("rides", "disputes", "books"):
        page.goto(f"{server.url}/ops?lang=ko{VIEWS[view]}")
        expect(page.locator(".desk")).to_contain_text("이 서버는 요금을 받지 않습니다.")
