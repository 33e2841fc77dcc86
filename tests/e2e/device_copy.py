"""Whether the service worker has put a page aside for reading without a network."""

import time

from playwright.sync_api import Page

COPIED = """async path => {
  const names = await caches.keys();
  const pages = names.find(name => name.startsWith("ridebell-pages-"));
  const shell = names.find(name => name.startsWith("ridebell-shell-"));
  if (!pages || !shell) return false;
  const files = await (await caches.open(shell)).keys();
  return files.length > 10 && (await (await caches.open(pages)).match(path)) !== undefined;
}"""


def wait_for_copy(page: Page, path: str) -> None:
    """Until page and files are in the copy: the service worker does that after the page, and tells nobody."""
    end = time.monotonic() + 20
    while not page.evaluate(COPIED, path):
        assert time.monotonic() < end, page.evaluate("caches.keys()")
        page.wait_for_timeout(100)
