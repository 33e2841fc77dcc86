"""Takes the pictures of docs/images again, from the scenes of the tests: `make screenshots`."""

import shutil
import sys
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, sync_playwright

from tests.e2e import kiosk_scenes, replay_pictures, ride_scenes, scenes, stop_scenes
from tests.e2e.conftest import ARGUMENTS
from tests.e2e.scenes import Scene
from tests.e2e.scripted_server import ScriptedServer

TARGET = Path(__file__).resolve().parents[2] / "docs" / "images"


class Picture(NamedTuple):
    """One file: a scene in a language, a theme and a window."""

    name: str
    scene: Scene
    lang: str = "ko"
    scheme: str = "light"
    scale: int = 2


def phone(play: object, name: str, lang: str = "ko", scheme: str = "light", width: int = 390) -> Picture:
    scene = next(one for one in (*stop_scenes.STOP_SCENES, *ride_scenes.RIDE_SCENES) if one.play is play)
    return Picture(name, Scene(scene.name, scene.play, width, 844), lang, scheme)


def cab(play: object, name: str, lang: str = "ko", scheme: str = "light", *, small: bool = False) -> Picture:
    scene = next(one for one in scenes.SCENES if one.play is play)
    size = (800, 480) if small else (1280, 800)
    return Picture(name, Scene(scene.name, scene.play, *size), lang, scheme, 1)


def kiosk(play: object, name: str, lang: str = "ko", scheme: str = "light", *, portrait: bool = False) -> Picture:
    scene = next(one for one in kiosk_scenes.KIOSK_SCENES if one.play is play)
    size = (800, 1280) if portrait else (1280, 800)
    return Picture(name, Scene(scene.name, scene.play, *size), lang, scheme, 1)


def desk(play: object, name: str, lang: str = "ko", scheme: str = "light", width: int = 1440) -> Picture:
    scene = next(one for one in scenes.SCENES if one.play is play)
    return Picture(name, Scene(scene.name, scene.play, width, 900 if width > 1000 else 1100), lang, scheme, 1)


PICTURES = [
    phone(stop_scenes.stop_board, "stop-ko"),
    phone(stop_scenes.stop_board, "stop-en", "en"),
    phone(stop_scenes.stop_shown, "stop-shown-ko"),
    phone(stop_scenes.stop_shown, "stop-shown-en-dark", "en", "dark"),
    phone(stop_scenes.stop_passed, "stop-passed-ko"),
    phone(stop_scenes.stop_passed, "stop-passed-ko-dark", "ko", "dark"),
    phone(stop_scenes.stop_arrived, "stop-arrived-ko"),
    phone(stop_scenes.stop_refused, "stop-refused-ko"),
    phone(stop_scenes.stop_offline, "stop-offline-en", "en"),
    phone(stop_scenes.stop_wishes, "stop-wishes-ko"),
    phone(stop_scenes.stop_board, "stop-tablet-ko", width=820),
    phone(stop_scenes.stop_wheelchair, "stop-wheelchair-ko"),
    phone(stop_scenes.stop_large, "stop-large-ko-dark", "ko", "dark"),
    phone(ride_scenes.ride_near, "ride-ko"),
    phone(ride_scenes.ride_near, "ride-en-dark", "en", "dark"),
    phone(ride_scenes.ride_bell, "ride-bell-ko"),
    phone(ride_scenes.ride_choose, "ride-choose-ko"),
    phone(ride_scenes.ride_aboard, "ride-aboard-ko"),
    phone(ride_scenes.ride_alight, "ride-alight-ko"),
    phone(ride_scenes.ride_alight, "ride-alight-en-dark", "en", "dark"),
    phone(ride_scenes.ride_past, "ride-past-ko"),
    phone(ride_scenes.ride_report, "ride-report-ko"),
    phone(ride_scenes.ride_companion, "ride-companion-ko"),
    phone(ride_scenes.ride_near, "ride-tablet-ko", width=820),
    kiosk(kiosk_scenes.kiosk_rest, "kiosk-ko"),
    kiosk(kiosk_scenes.kiosk_many, "kiosk-en-dark", "en", "dark"),
    kiosk(kiosk_scenes.kiosk_rung, "kiosk-rung-portrait-ko", portrait=True),
    cab(scenes.drive_rest, "drive-rest-ko", scheme="dark"),
    cab(scenes.drive_ahead, "drive-ko"),
    cab(scenes.drive_ahead, "drive-dark-ko", scheme="dark"),
    cab(scenes.drive_now, "drive-now-ko"),
    cab(scenes.drive_now, "drive-now-small-en", "en", "dark", small=True),
    cab(scenes.drive_standing, "drive-standing-ko"),
    cab(scenes.drive_served, "drive-served-ko"),
    cab(scenes.drive_bell_off, "drive-bell-off-small-ko", small=True),
    cab(scenes.drive_sign_on, "drive-sign-on-ko"),
    cab(scenes.drive_question, "drive-question-ko"),
    cab(scenes.drive_mismatch, "drive-mismatch-small-en", "en", "dark", small=True),
    cab(scenes.drive_tested, "drive-tested-ko", scheme="dark"),
    cab(scenes.drive_long_name, "drive-long-name-ko"),
    desk(scenes.ops_live, "ops-en", "en"),
    desk(scenes.ops_live, "ops-ko-dark", "ko", "dark"),
    desk(scenes.ops_live, "ops-tablet-ko", width=820),
    desk(scenes.ops_strip, "ops-strip-ko"),
    desk(scenes.ops_chosen, "ops-chosen-en-dark", "en", "dark"),
    desk(scenes.ops_lost, "ops-lost-ko"),
    desk(scenes.ops_loading, "ops-loading-en", "en"),
]


def take(browser: Browser, picture: Picture) -> Path:
    """Play the scene on a server of its own and save what stands on the screen."""
    scene = picture.scene
    with ScriptedServer(heartbeat_s=30) as server:
        context = browser.new_context(
            viewport={"width": scene.width, "height": scene.height},
            locale="ko-KR" if picture.lang == "ko" else "en-US",
            timezone_id="Asia/Seoul",
            color_scheme="dark" if picture.scheme == "dark" else "light",
            device_scale_factor=picture.scale,
            reduced_motion="reduce",
        )
        page = context.new_page()
        scene.play(server, page, picture.lang)
        page.wait_for_timeout(300)
        path = TARGET / f"{picture.name}.png"
        page.screenshot(path=path)
        context.close()
    return path


def main(wanted: list[str]) -> None:
    """Take all pictures, or those whose names are given."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("no Chromium here: `make chromium` installs it")
    TARGET.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        for picture in PICTURES:
            if not wanted or picture.name in wanted:
                sys.stdout.write(f"{take(browser, picture).relative_to(TARGET.parents[1])}\n")
        if not wanted or any(name.startswith("ops-replay") for name in wanted):
            for path in replay_pictures.take_all(browser, TARGET):
                sys.stdout.write(f"{path.relative_to(TARGET.parents[1])}\n")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
