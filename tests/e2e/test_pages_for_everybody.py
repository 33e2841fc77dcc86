"""Each page in each state: no accessibility rule broken (axe-core), nothing wider than a narrow phone, targets large enough."""

from collections.abc import Iterator

import pytest

from tests.e2e.accessibility import clipped, overlapping, small_targets, violations
from tests.e2e.conftest import NewPage
from tests.e2e.kiosk_scenes import KIOSK_SCENES
from tests.e2e.scenes import DRIVE_SCENES, SCENES, Scene, drive_standing
from tests.e2e.scripted_server import ScriptedServer
from tests.e2e.stop_scenes import STOP_SCENES, stop_board, stop_wishes

pytestmark = pytest.mark.browser


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    with ScriptedServer(heartbeat_s=30) as server:
        yield server


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("scene", [*STOP_SCENES, *KIOSK_SCENES, *SCENES], ids=lambda scene: scene.name)
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


@pytest.mark.parametrize("size", [(1280, 800), (800, 1280), (1024, 600)], ids=str)
@pytest.mark.parametrize("scene", KIOSK_SCENES, ids=lambda scene: scene.name)
def test_the_kiosk_holds_its_buttons_on_every_tablet(
    scripted: ScriptedServer, new_page: NewPage, scene: Scene, size: tuple[int, int]
) -> None:
    page = new_page(width=size[0], height=size[1])
    scene.play(scripted, page, "en")
    assert page.evaluate("document.documentElement.scrollWidth") == size[0]
    assert clipped(page) == []
    assert small_targets(page, 88) == []
    small: list[str] = page.evaluate(
        """() => [...document.querySelectorAll(".route")].map(e => [e.textContent, e.getBoundingClientRect()])
        .filter(([, r]) => r.width < 160 || r.height < 160).map(([text]) => text)"""
    )
    assert small == []


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
