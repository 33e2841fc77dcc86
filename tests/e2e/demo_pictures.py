"""Takes the README's pictures from a running `ridebell demo`: real server, simulated town. Part of `make screenshots`."""

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.conftest import ARGUMENTS

TARGET = Path(__file__).resolve().parents[2] / "docs" / "images"
WARM_UP_S = 30
"""Until bells of every state are about."""
RUN_S = 300
PATIENCE_MS = 240_000
"""Until the bus whose screen is open is near enough to be told; the demo's stop and bus belong together."""
LINK = re.compile(r"http://127\.0\.0\.1:\d+/\S+")


def open_page(browser: Browser, url: str, *, lang: str, width: int, height: int, scale: int, scheme: str) -> Page:
    context = browser.new_context(
        viewport={"width": width, "height": height},
        locale="ko-KR" if lang == "ko" else "en-US",
        timezone_id="Asia/Seoul",
        color_scheme="dark" if scheme == "dark" else "light",
        device_scale_factor=scale,
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(url)
    return page


def links_of(demo: subprocess.Popen[str]) -> dict[str, str]:
    """The three links that the demo prints, by their path."""
    found: dict[str, str] = {}
    assert demo.stderr is not None
    for line in demo.stderr:
        for url in LINK.findall(line):
            found[url.split("/")[3].split("?")[0]] = url
        if {"s", "drive", "ops"} <= found.keys():
            return found
    raise SystemExit("the demo ended without printing its links")


def main() -> None:
    """Run a demo, ring on its stop page, and take three pictures."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("no Chromium here: `make chromium` installs it")
    command = (sys.executable, "-m", "ridebell", "demo", "--headless", "--json", "--port", "0", "--for", str(RUN_S))
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as demo:
        try:
            links = links_of(demo)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
                take(browser, links)
                browser.close()
        finally:
            demo.terminate()


def take(browser: Browser, links: dict[str, str]) -> None:
    ops = open_page(browser, links["ops"], lang="en", width=1440, height=900, scale=1, scheme="light")
    stop = open_page(browser, links["s"], lang="ko", width=390, height=844, scale=2, scheme="light")
    drive = open_page(browser, links["drive"], lang="ko", width=1280, height=800, scale=1, scheme="light")
    time.sleep(WARM_UP_S)
    route = drive.locator("h1.line").inner_text()
    stop.locator(".row").filter(has_text=route).locator("[data-act=ring]").first.click()
    drive.locator(".stop").filter(has_text=stop.locator("h1").inner_text()).wait_for(timeout=PATIENCE_MS)
    drive.locator(".want-boarding").wait_for()
    stop.wait_for_timeout(500)
    for page, name in ((ops, "demo-ops-en"), (stop, "demo-stop-ko"), (drive, "demo-drive-ko")):
        page.screenshot(path=TARGET / f"{name}.png")
        sys.stdout.write(f"docs/images/{name}.png\n")


if __name__ == "__main__":
    main()
