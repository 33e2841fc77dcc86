"""Chromium as Debian builds it, a fresh context a test, and nothing that a page may say on its console unnoticed."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.e2e.real_server import PLATES, RealServer, ServerPlace, street_feed

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]
PATIENCE_MS = 40_000
"""How long a page may take; only ever used up by a failing test."""
EXPECTED_NOISE = ("WebSocket connection to", "Failed to load resource", "net::ERR", "when fetching the script")

expect.set_options(timeout=PATIENCE_MS)
NewPage = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for the tests of a module: while Playwright's loop lives, no asyncio test can run in its process."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert chromium, "these tests drive a real Chromium: `make chromium` installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def new_page(browser: Browser) -> Iterator[NewPage]:
    """Opens pages, each in a context of its own; a script error or a broken security policy fails the test."""
    contexts: list[BrowserContext] = []
    said: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error" and not any(noise in message.text for noise in EXPECTED_NOISE):
            said.append(message.text)

    def open_page(*, width: int = 360, height: int = 740, lang: str = "ko-KR", **options: object) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            locale=lang,
            reduced_motion="reduce",
            **options,  # type: ignore[arg-type]
        )
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("console", on_console)
        page.on("pageerror", lambda error: said.append(str(error)))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert said == []


@pytest.fixture(scope="session")
def axe_source(root: Path) -> str:
    """The accessibility rules, injected into pages."""
    path = root / "node_modules" / "axe-core" / "axe.min.js"
    assert path.is_file(), "axe-core is missing: `make node` installs it"
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def street(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled network of one straight street, through the real importer."""
    folder = tmp_path_factory.mktemp("street")
    street_feed(folder / "street.zip")
    command = [
        sys.executable,
        "-m",
        "ridebell",
        "import",
        str(folder / "street.zip"),
        "--out",
        str(folder / "street.network"),
    ]
    subprocess.run(command, check=True, capture_output=True)
    vehicles = [{"vehicle_id": v, "plate": plate, "low_floor": True, "seats": 30} for v, plate in PLATES.items()]
    (folder / "vehicles.json").write_text(json.dumps({"schema": 1, "vehicles": vehicles}), encoding="utf-8")
    return folder


@pytest.fixture
def place(street: Path, tmp_path: Path) -> ServerPlace:
    """Where a test's server starts, with an empty data directory."""
    return ServerPlace(street / "street.network", street / "vehicles.json", tmp_path / "data")


@pytest.fixture
def server(place: ServerPlace) -> Iterator[RealServer]:
    """A real server in demo mode: pages of any role get in."""
    with place.serve("--demo") as server:
        yield server
