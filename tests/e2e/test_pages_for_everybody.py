"""Each page in each state: no accessibility rule broken (axe-core), nothing wider than a narrow phone, targets large enough."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.e2e.conftest import NewPage
from tests.e2e.scenes import DRIVE_SCENES, SCENES, STOP_SCENES, Scene, drive_standing, stop_board, stop_wishes
from tests.e2e.scripted_server import ScriptedServer

pytestmark = pytest.mark.browser

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    with ScriptedServer(heartbeat_s=30) as server:
        yield server


def violations(page: Page, axe_source: str) -> list[str]:
    """What axe-core finds. Injected past the page's own security policy, as a browser's developer tools do."""
    page.evaluate(axe_source + "\n0")
    found: list[dict[str, Any]] = page.evaluate(
        "rules => axe.run(document, {runOnly: rules}).then(result => result.violations)", RULES
    )
    return [
        f"{one['id']}: {node['html'][:120]} {node['failureSummary'][:300]}" for one in found for node in one["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_no_rule_is_broken(
    scripted: ScriptedServer, new_page: NewPage, axe_source: str, scene: Scene, scheme: str
) -> None:
    lang = "ko" if scheme == "light" else "en"
    page = new_page(width=scene.width, height=scene.height, color_scheme=scheme, lang=f"{lang}-KR")
    scene.play(scripted, page, lang)
    assert violations(page, axe_source) == []


@pytest.mark.parametrize("lang", ["ko", "en"])
@pytest.mark.parametrize("scene", STOP_SCENES, ids=lambda scene: scene.name)
def test_a_narrow_phone_never_scrolls_sideways(
    scripted: ScriptedServer, new_page: NewPage, scene: Scene, lang: str
) -> None:
    page = new_page(width=320, height=568)
    scene.play(scripted, page, lang)
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    assert clipped(page) == []
    assert overlapping(page) == []


@pytest.mark.parametrize("size", [(1280, 800), (800, 480)], ids=str)
@pytest.mark.parametrize("scene", DRIVE_SCENES, ids=lambda scene: scene.name)
def test_the_drivers_screen_holds_every_state_without_scrolling(
    scripted: ScriptedServer, new_page: NewPage, scene: Scene, size: tuple[int, int]
) -> None:
    page = new_page(width=size[0], height=size[1])
    scene.play(scripted, page, "ko")
    assert page.evaluate("[document.body.scrollWidth, document.body.scrollHeight]") == list(size)
    assert clipped(page) == []


def clipped(page: Page) -> list[str]:
    """Texts that stick out of the window or of their own box."""
    texts: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("h1,h2,p,b,span,button,li,label")]
        .filter(e => !e.closest(".spoken") && e.children.length === 0 && e.textContent.trim() !== "")
        .filter(e => { const r = e.getBoundingClientRect();
          return r.width > 0 && (r.left < -1 || r.right > innerWidth + 1 || e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0
            && getComputedStyle(e).textOverflow !== "ellipsis"); })
        .map(e => e.textContent)"""
    )
    return texts


def overlapping(page: Page) -> list[str]:
    """Parts of one line of the board that cover each other."""
    pairs: list[str] = page.evaluate(
        """() => [...document.querySelectorAll(".row")].flatMap(row => {
          const parts = [...row.querySelectorAll(".route, .eta, .here, .away, .chips, .ring-face, .why-not, .problem")]
            .map(e => { const range = document.createRange(); range.selectNodeContents(e);
              return [e, e.matches(".ring-face") ? e.getBoundingClientRect() : range.getBoundingClientRect()]; })
            .filter(([, r]) => r.width > 0);
          return parts.flatMap(([a, p], i) => parts.slice(i + 1)
            .filter(([, q]) => p.left < q.right - 1 && q.left < p.right - 1 && p.top < q.bottom - 8 && q.top < p.bottom - 8)
            .map(([b]) => `${a.textContent} / ${b.textContent}`)); })"""
    )
    return pairs


def small_targets(page: Page, least: int) -> list[str]:
    boxes: list[str] = page.evaluate(
        """least => [...document.querySelectorAll("button,summary,input,select")]
        .map(e => [e, e.getBoundingClientRect()]).filter(([e, r]) => r.width > 0 && (r.width < least || r.height < least))
        .map(([e, r]) => `${e.textContent} ${r.width}x${r.height}`)""",
        least,
    )
    return boxes


def test_targets_are_large_enough(scripted: ScriptedServer, new_page: NewPage) -> None:
    rider = new_page()
    stop_wishes(scripted, rider, "ko")
    assert small_targets(rider, 44) == []
    stop_board(scripted, rider, "ko")
    right_third = rider.locator("[data-act=ring]").first.bounding_box()
    assert right_third is not None
    assert right_third["width"] >= 328 / 3 - 1
    driver = new_page(width=800, height=480)
    drive_standing(scripted, driver, "ko")
    assert small_targets(driver, 96) == []
