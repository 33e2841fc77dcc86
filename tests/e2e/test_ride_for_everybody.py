"""The rider app in each state: no accessibility rule broken, held by a narrow phone, targets large enough."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.e2e.accessibility import clipped, overlapping, small_targets, violations
from tests.e2e.conftest import NewPage
from tests.e2e.frames import arrivals, row
from tests.e2e.ride_scenes import RIDE_SCENES, open_ride
from tests.e2e.scenes import Scene
from tests.e2e.scripted_server import ScriptedServer

pytestmark = pytest.mark.browser


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    with ScriptedServer(heartbeat_s=30) as server:
        yield server


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("scene", RIDE_SCENES, ids=lambda scene: scene.name)
def test_every_state_is_for_everybody(
    scripted: ScriptedServer, new_page: NewPage, axe_source: str, scene: Scene, scheme: str
) -> None:
    """Korean by day on a phone of usual width, English by night on one of 320 px."""
    lang, width = ("ko", 360) if scheme == "light" else ("en", 320)
    page = new_page(width=width, height=740, color_scheme=scheme, lang=f"{lang}-KR")
    scene.play(scripted, page, lang)
    assert violations(page, axe_source) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert clipped(page) == []
    assert overlapping(page) == []
    assert small_targets(page, 44) == []


def test_a_wheelchair_aims_at_the_low_floor_bus_behind_and_sees_its_free_places(
    scripted: ScriptedServer, new_page: NewPage
) -> None:
    page = new_page()
    page.add_init_script("localStorage.setItem('ridebell.wish.1', JSON.stringify({party: 1, needs: ['wheelchair']}))")
    open_ride(scripted, page, "ko")
    scripted.hear("rider", "watch")
    ordinary, behind = row("ko", low_floor=False), row("ko", vehicle_id="V9", low_floor=True, bays_free=1, eta_s=560)
    scripted.tell("rider", arrivals("ko", ordinary, behind))
    expect(page.locator("#board .row").first.locator(".why-not")).to_have_text("저상버스가 아님")
    expect(page.locator("#board .chip-bay")).to_have_text("휠체어 자리 1")
    page.click("[data-act=ring]")
    assert scripted.hear("rider", "ring", vehicle_id="V9")["needs"] == ["wheelchair"]
