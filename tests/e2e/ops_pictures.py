"""Takes the console's pictures of docs/images again: a real server on the bundled town with a busy day in its journal."""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from playwright.sync_api import Browser, sync_playwright

from server.gtfs.compiled import load
from tests.e2e.conftest import ARGUMENTS
from tests.e2e.ops_days import fill
from tests.e2e.real_server import RealServer, ServerPlace
from tests.e2e.screenshots import TARGET

BELLS = 3_000
TOWN_VEHICLES = Path(__file__).resolve().parents[2] / "simulator" / "networks" / "town-vehicles.json"


class Picture(NamedTuple):
    """One file: an address of the console in a language, a theme and a window. `{passby}` and `{bell}` are filled in."""

    name: str
    address: str
    there: str
    lang: str = "ko"
    scheme: str = "light"
    width: int = 1440
    height: int = 900


PICTURES = [
    Picture("ops-outcomes-ko", "#/outcomes", ".chart"),
    Picture("ops-outcomes-en-dark", "#/outcomes", ".chart", "en", "dark"),
    Picture("ops-outcomes-tablet-ko", "#/outcomes", ".chart", width=820, height=1100),
    Picture("ops-passby-ko", "#/passbys/{passby}", ".chart-profile"),
    Picture("ops-bell-en", "#/outcomes/bell/{bell}", ".moments", "en"),
    Picture("ops-waits-ko-dark", "#/outcomes/latency", ".cards-small .chart", "ko", "dark"),
    Picture("ops-map-of-stops-en", "#/outcomes/map", "canvas.heatmap", "en"),
    Picture("ops-settings-ko", "#/settings", "tbody tr"),
]


def take(browser: Browser, server: RealServer, picture: Picture) -> Path:
    """Open the address and save what stands on the screen."""
    context = browser.new_context(
        viewport={"width": picture.width, "height": picture.height},
        locale="ko-KR" if picture.lang == "ko" else "en-US",
        timezone_id="Asia/Seoul",
        color_scheme="dark" if picture.scheme == "dark" else "light",
        reduced_motion="reduce",
    )
    page = context.new_page()
    address = picture.address.format(passby=first(server, "passbys")["id"], bell=passed(server))
    page.goto(f"{server.url}/ops?lang={picture.lang}{address}")
    page.wait_for_selector(picture.there)
    page.wait_for_selector(".rail-link-live")
    page.wait_for_timeout(300)
    path = TARGET / f"{picture.name}.png"
    page.screenshot(path=path)
    context.close()
    return path


def chromium() -> str:
    """Debian's, as the tests use."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        sys.exit("no Chromium here: `make chromium` installs it")
    return found


def first(server: RealServer, question: str) -> Any:
    return httpx.get(f"{server.url}/v1/ops/{question}").raise_for_status().json()["rows"][0]


def passed(server: RealServer) -> str:
    """A bell whose rider reported the pass-by: its story has everything."""
    rows = httpx.get(f"{server.url}/v1/ops/passbys").raise_for_status().json()["rows"]
    return str(next(row for row in rows if row["reported"])["bells"][0])


def main(wanted: list[str]) -> None:
    """Take all pictures, or those whose names are given."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        ridebell = [sys.executable, "-m", "ridebell"]
        for command in (
            ["simulate", "--network-size", "town", "--out", str(place / "town.zip")],
            ["import", str(place / "town.zip"), "--out", str(place / "town.network")],
        ):
            subprocess.run([*ridebell, *command], check=True, capture_output=True)
        now_ms = round(time.time() * 1000)
        fill(place / "data", load(place / "town.network"), now_ms=now_ms, bells=BELLS)
        at = ServerPlace(place / "town.network", TOWN_VEHICLES, place / "data")
        with sync_playwright() as playwright, at.serve("--demo") as server:
            browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
            for picture in PICTURES:
                if not wanted or picture.name in wanted:
                    sys.stdout.write(f"{take(browser, server, picture).relative_to(TARGET.parents[1])}\n")
            browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
