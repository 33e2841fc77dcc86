"""Chromium as Debian builds it, a fresh context a test, and nothing that a page may say on its console unnoticed."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

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
PATIENCE_MS = 20_000
"""How long a page may take; only ever used up by a failing test."""
EXPECTED_NOISE = ("WebSocket connection to", "Failed to load resource", "net::ERR")

NewPage = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests of a process."""
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
