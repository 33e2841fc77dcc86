"""Takes pictures of the console's replay: a real server, a simulated morning of the town. Part of `make screenshots`."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, Page

from tests.e2e.real_server import RealServer, ServerPlace, secret_env

PATIENCE_MS = 60_000
NAME = "2026-11-20-morning"


class Look(NamedTuple):
    """One file: a language, a theme, a window, and what stands on it."""

    name: str
    show: str
    lang: str = "ko"
    scheme: str = "light"
    width: int = 1440
    height: int = 900


LOOKS = [
    Look("ops-replay-shelf-ko", "shelf"),
    Look("ops-replay-why-ko", "why"),
    Look("ops-replay-why-en-dark", "why", "en", "dark"),
    Look("ops-replay-compare-ko", "compare"),
    Look("ops-replay-tablet-ko-dark", "why", "ko", "dark", 820, 1180),
]


def ridebell(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "ridebell", *arguments], check=True, capture_output=True, env=secret_env())


@contextmanager
def town() -> Iterator[RealServer]:
    """A server of the town with twenty simulated minutes on its shelf."""
    with tempfile.TemporaryDirectory(prefix="ridebell-pictures-") as scratch:
        folder = Path(scratch)
        ridebell("simulate", "--network-size", "town", "--out", str(folder / "town.zip"))
        ridebell("import", str(folder / "town.zip"), "--out", str(folder / "town.network"))
        shelf = folder / "data" / "recordings"
        shelf.mkdir(parents=True)
        run = ["simulate", "--network", str(folder / "town.network"), "--minutes", "20", "--riders-per-minute", "12"]
        ridebell(*run, "--faults", "--period", "3", "--out", str(shelf / f"{NAME}.jsonl.zst"))
        (folder / "vehicles.json").write_text('{"schema": 1, "vehicles": []}', encoding="utf-8")
        with ServerPlace(folder / "town.network", folder / "vehicles.json", folder / "data").serve("--demo") as server:
            yield server


def open_console(browser: Browser, server: RealServer, look: Look) -> Page:
    context = browser.new_context(
        viewport={"width": look.width, "height": look.height},
        locale="ko-KR" if look.lang == "ko" else "en-US",
        timezone_id="Asia/Seoul",
        color_scheme="dark" if look.scheme == "dark" else "light",
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    token = page.request.post(f"{server.url}/v1/token", data={"role": "operator", "subject": "ops"}).json()["token"]
    page.request.post(f"{server.url}/v1/session", data={"token": token})
    page.goto(f"{server.url}/ops?lang={look.lang}#/replay")
    page.wait_for_selector("tbody tr")
    return page


def show(page: Page, what: str) -> None:
    """Bring a state of the replay onto the screen."""
    if page.locator("a[href^='#/replay/']").count() == 0:
        page.click("[data-act=replay]")
        page.wait_for_selector("a[href^='#/replay/']")
    if what == "shelf":
        return
    page.locator("tr:has-text('physical') a[href^='#/replay/']").first.click()
    page.wait_for_selector(".lane-stop")
    start_ms = int(page.locator("#seek").get_attribute("min") or 0)
    page.fill("#seek", str(start_ms + 112_000))
    if what == "compare":
        other = page.locator("#compare option[value^='with:']")
        value = other.first.get_attribute("value") if other.count() else "under:second-previous-stop"
        page.select_option("#compare", value)
        page.wait_for_selector(".differences tbody tr")
        page.locator(".differences [data-act=difference]").nth(4).click()
    else:
        page.locator("[data-act=why]:has(.told-alert)").first.click()
    page.wait_for_selector(".why-lines")
    page.wait_for_timeout(500)  # two frames: the map follows the bus
    page.evaluate("document.querySelector('#section').scrollTo(0, 0)")


def take_all(browser: Browser, target: Path) -> Iterator[Path]:
    """Every picture of the replay."""
    with town() as server:
        for look in LOOKS:
            page = open_console(browser, server, look)
            show(page, look.show)
            path = target / f"{look.name}.png"
            page.screenshot(path=path)
            page.context.close()
            yield path
