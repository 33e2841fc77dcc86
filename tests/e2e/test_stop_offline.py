"""The stop page without a network, and after a deploy: what is known, how old it is, and never an old page online."""

import json
import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.accessibility import violations
from tests.e2e.conftest import NewPage
from tests.e2e.device_copy import wait_for_copy
from tests.e2e.journeys import JUST_PAST_THE_STOP_BEFORE_M, RING, STOP, bus_of
from tests.e2e.real_server import STOPS, RealServer, ServerPlace

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


def opened(new_page: NewPage, server: RealServer) -> Page:
    """A stop page that the device has copied."""
    page = new_page()
    page.goto(server.stop_address(f"S{STOP}"))
    wait_for_copy(page, f"/s/S{STOP}")
    return page


def test_without_a_network_it_says_what_is_known_and_how_old(
    new_page: NewPage, server: RealServer, axe_source: str
) -> None:
    bus_of(new_page, server, "V1", at_m=JUST_PAST_THE_STOP_BEFORE_M)
    page = opened(new_page, server)
    expect(page.locator(RING)).to_be_visible()
    page.context.set_offline(True)
    page.goto(f"{server.url}/s/S{STOP}")
    expect(page.locator("h1")).to_have_text(STOPS[STOP])
    expect(page.locator("#notice")).to_contain_text(re.compile(r"아래는 \d\d:\d\d 기준 정보예요"))
    assert violations(page, axe_source) == []
    page.goto(f"{server.url}/s/S0")
    expect(page.locator("h1")).to_have_text("연결이 없어요")
    assert violations(page, axe_source) == []
    page.context.set_offline(False)
    page.goto(f"{server.url}/s/S{STOP}")
    expect(page.locator("#notice")).to_be_empty()
    assert page.evaluate("document.documentElement.dataset.from") is None


def test_it_can_be_installed_as_an_app(new_page: NewPage, server: RealServer) -> None:
    page = opened(new_page, server)
    session = page.context.new_cdp_session(page)
    manifest = session.send("Page.getAppManifest")
    assert manifest["errors"] == []
    assert json.loads(manifest["data"])["name"] == "승차벨"
    for icon in json.loads(manifest["data"])["icons"]:
        assert page.request.get(server.url + icon["src"]).headers["content-type"] == icon["type"]
    why_not = [e["errorId"] for e in session.send("Page.getInstallabilityErrors")["installabilityErrors"]]
    assert [e for e in why_not if e != "in-incognito"] == []
    assert page.request.get(server.url + "/ride").ok, "where the app starts"


def test_no_nonce_lies_in_the_copy(new_page: NewPage, server: RealServer) -> None:
    page = opened(new_page, server)
    page.reload()
    expect(page.locator("#star button")).to_be_visible()
    kept: list[str] = page.evaluate(
        """async () => (await Promise.all((await caches.keys()).map(async name =>
             (await (await caches.open(name)).keys()).map(request => request.url)))).flat()"""
    )
    assert f"{server.url}/s/S{STOP}" in kept
    assert [address for address in kept if "n=" in address] == []


def test_after_a_deploy_nobody_sees_the_old_page(
    new_page: NewPage, place: ServerPlace, root: Path, tmp_path: Path
) -> None:
    with place.serve("--demo") as server:
        page = opened(new_page, server)
        page.reload()
        expect(page.locator("#wishes summary")).to_contain_text("인원과 도움")
        assert page.evaluate("navigator.serviceWorker.controller !== null")
    shutil.copytree(root / "rider_client", tmp_path / "new" / "rider_client")
    words = tmp_path / "new" / "rider_client" / "web" / "shared" / "words" / "ko.json"
    words.write_text(words.read_text("utf-8").replace("인원과 도움", "몇 분이세요"), encoding="utf-8")
    place.code = tmp_path / "new"
    with place.serve("--demo"):
        beside = page.context.new_page()
        beside.goto(f"{server.url}/drive?vehicle_id=V1")
        assert "몇 분이세요" in beside.evaluate("fetch('/static/shared/words/ko.json').then(answer => answer.text())")
        beside.close()
        page.reload()
        expect(page.locator("#wishes summary")).to_contain_text("몇 분이세요")
        wait_for_copy(page, f"/s/S{STOP}")
        names: list[str] = page.evaluate("caches.keys()")
        assert len(names) == 2, "the old copy is gone"
        page.context.set_offline(True)
        page.reload()
        expect(page.locator("#wishes summary")).to_contain_text("몇 분이세요")
