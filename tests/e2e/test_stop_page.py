"""The stop page against the real server: without scripts, as its reader likes it, and for a wheelchair."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.accessibility import violations
from tests.e2e.conftest import NewPage
from tests.e2e.journeys import JUST_PAST_THE_STOP_BEFORE_M, RING, STOP, bus_of
from tests.e2e.real_server import PLATES, STOPS, RealServer, ServerPlace

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


def test_without_scripts_the_arrivals_stand_there_and_how_to_ring(
    new_page: NewPage, server: RealServer, axe_source: str
) -> None:
    bus_of(new_page, server, "V1", at_m=JUST_PAST_THE_STOP_BEFORE_M)
    page = new_page(java_script_enabled=False)
    page.goto(server.stop_address(f"S{STOP}"))
    expect(page.locator("h1")).to_have_text(STOPS[STOP])
    expect(page.locator(".towards")).to_contain_text(STOPS[STOP + 1])
    row = page.locator(".row").first
    expect(row.locator(".route")).to_have_text("88")
    expect(row.locator(".away")).to_have_text("전 정류장")
    expect(row.locator(".chips")).to_contain_text(f"{STOPS[-1]} 방면")
    expect(row.locator(".chips")).to_contain_text("저상")
    expect(page.locator(".how")).to_contain_text("손을 들어 주세요")
    assert page.locator("button, summary").count() == 0, "nothing that does nothing"
    assert page.locator("#wishes, #look").first.is_hidden()


def test_star_text_size_and_theme_are_kept_on_the_device(
    new_page: NewPage, server: RealServer, axe_source: str
) -> None:
    page = new_page()
    page.goto(server.stop_address(f"S{STOP}"))
    star = page.locator("[data-act=star]")
    expect(star).to_have_attribute("aria-pressed", "false")
    star.click()
    expect(star).to_have_attribute("aria-pressed", "true")
    page.click("#look summary")
    page.click("[data-act=look][data-text='3']")
    page.click("[data-act=look][data-theme=dark]")
    page.reload()
    expect(star).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("getComputedStyle(document.body).fontSize") == "24px"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(11, 14, 19)"
    kept = page.evaluate('JSON.parse(localStorage.getItem("ridebell.favourites.1"))')
    assert kept == [{"stop_id": f"S{STOP}", "name": STOPS[STOP], "code": f"03-12{STOP}", "towards": kept[0]["towards"]}]
    page.click("#look summary")
    assert violations(page, axe_source) == []
    star.click()
    expect(star).to_have_attribute("aria-pressed", "false")


def test_a_wheelchair_rings_for_the_low_floor_bus_behind_an_ordinary_one(
    new_page: NewPage, place: ServerPlace, tmp_path: Path
) -> None:
    fleet = tmp_path / "vehicles.json"
    vehicles = [{"vehicle_id": v, "plate": plate, "low_floor": v == "V2"} for v, plate in PLATES.items()]
    fleet.write_text(json.dumps({"schema": 1, "vehicles": vehicles}), encoding="utf-8")
    with ServerPlace(place.network, fleet, place.data).serve("--demo") as server:
        ordinary = bus_of(new_page, server, "V1", at_m=JUST_PAST_THE_STOP_BEFORE_M)
        low = bus_of(new_page, server, "V2", at_m=20.0)
        rider = new_page()
        rider.goto(server.stop_address(f"S{STOP}"))
        rider.click("#wishes summary")
        rider.click("[data-need=wheelchair]")
        first, second = rider.locator(".row").nth(0), rider.locator(".row").nth(1)
        expect(first.locator(".why-not")).to_have_text("저상버스가 아님")
        second.locator(RING).click()
        expect(rider.locator(".card .plate")).to_have_text(PLATES["V2"])
        expect(rider.locator(".card .wish")).to_have_text("휠체어")
        for _ in range(3):
            ordinary.drive_to(ordinary.at_m + 12, mps=12)
            low.report()
        expect(rider.locator(".card .plate")).to_have_text(PLATES["V2"])
        assert ordinary.page.locator(".alert").count() == 0
