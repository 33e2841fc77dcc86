"""The rules of the driver's screen that one state can show: what is measured on it, and the checks of `driver_rules.json`."""

import math
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from tests.e2e import scenes
from tests.e2e.conftest import ARGUMENTS
from tests.e2e.scripted_server import ScriptedServer

MEASURE = (Path(__file__).parent / "drive_measure.js").read_text(encoding="utf-8")
SIZES = ((1280, 800), (800, 480))
SCREEN_INCH = 10.0
GLYPH_MM = 12.0
CONTRAST = 7.0
CHIME_S = 0.6
PEAK = 0.25
AUDIBLE = 0.1
PATIENCE_MS = 20_000
CALM = (
    scenes.drive_rest,
    scenes.drive_ahead,
    scenes.drive_now,
    scenes.drive_standing,
    scenes.drive_served,
    scenes.drive_other_run,
    scenes.drive_self_test,
    scenes.drive_long_name,
)
FAULTY = (scenes.drive_bell_off, scenes.drive_mismatch, scenes.drive_token)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
Measured = dict[str, Any]


@dataclass
class Bench:
    """A browser, and what was measured in each state: by scene, theme and size."""

    browser: Browser
    measured: dict[tuple[str, str, tuple[int, int]], Measured] = field(default_factory=dict)

    def page(self, **options: Any) -> Page:
        """A driver's tablet."""
        context = self.browser.new_context(
            viewport={"width": 1280, "height": 800}, locale="ko-KR", reduced_motion="reduce", **options
        )
        context.set_default_timeout(PATIENCE_MS)
        return context.new_page()

    def play(self) -> None:
        """Put the screen into each state and measure it by day and by night, large and small."""
        for scene in (*CALM, *FAULTY):
            page = self.page()
            with ScriptedServer(heartbeat_s=30) as server:
                scene(server, page, "ko")
                for size in SIZES:
                    page.set_viewport_size({"width": size[0], "height": size[1]})
                    for theme in ("light", "dark"):
                        page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
                        self.measured[scene.__name__, theme, size] = page.evaluate(MEASURE)
            page.context.close()

    def of(self, *played: Callable[..., None]) -> list[Measured]:
        """What was measured in these scenes."""
        names = {scene.__name__ for scene in played}
        return [measured for (name, _, _), measured in self.measured.items() if name in names]


def px_per_mm(size: tuple[int, int]) -> float:
    """Of a ten-inch screen with so many pixels."""
    return math.hypot(*size) / (SCREEN_INCH * 25.4)


# -- the checks ----------------------------------------------------------------------


def kinds_differ(bench: Bench) -> None:
    """Three kinds: no two share a shape, a word, a colour or a melody."""
    for measured in bench.of(scenes.drive_ahead, scenes.drive_now):
        kinds = measured["kinds"]
        assert len(kinds) == 3
        for what in ("path", "colours", "word"):
            assert len({kind[what] for kind in kinds}) == 3, what
    melodies = on_page(bench, "import('/static/driver/sounds.js').then(({CHIMES}) => CHIMES)")
    assert len({tuple((tone["hz"], tone["fromS"]) for tone in tones) for tones in melodies.values()}) == 3


def colour_is_never_alone(bench: Bench) -> None:
    """A pictogram and a word beside every colour."""
    for measured in bench.of(scenes.drive_ahead, scenes.drive_now, scenes.drive_standing, scenes.drive_long_name):
        assert measured["kinds"]
        assert all(kind["path"] and kind["word"] for kind in measured["kinds"])


def red_only_for_faults(bench: Bench) -> None:
    """No red without a fault; with one, red says what is wrong."""
    assert [measured["red"] for measured in bench.of(*CALM) if measured["red"]] == []
    for measured in bench.of(*FAULTY):
        assert measured["red"]
        assert any(text.strip() for text in measured["red"])


def chimes_are_short(bench: Bench) -> None:
    """Rendered offline: audible, below warning sounds, silent after 0.6 s."""
    rendered = on_page(
        bench,
        """import('/static/driver/sounds.js').then(async ({CHIMES, sound}) => {
          const heard = {};
          for (const chime of Object.keys(CHIMES)) {
            const audio = new OfflineAudioContext(1, 48_000, 48_000);
            sound(audio, audio.destination, chime);
            const samples = (await audio.startRendering()).getChannelData(0);
            const last = samples.findLastIndex((sample) => Math.abs(sample) > 1e-6);
            heard[chime] = [last / 48_000, samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0)];
          }
          return heard; })""",
    )
    assert len(rendered) == 3
    for seconds, peak in rendered.values():
        assert 0.1 < seconds <= CHIME_S
        assert AUDIBLE <= peak <= PEAK + 0.01


def the_screen_stays_on(bench: Bench) -> None:
    """The lock is held, lost when the page is hidden, and held again when it comes back."""
    page = bench.page()
    page.add_init_script(
        """window.locks = [];
        const request = WakeLock.prototype.request;
        WakeLock.prototype.request = async function (kind) {
          const lock = await request.call(this, kind);
          window.locks.push(lock);
          return lock; };"""
    )
    held = "locks.filter((lock) => !lock.released).length"
    with ScriptedServer(heartbeat_s=30) as server:
        scenes.drive_rest(server, page, "ko")
        until(page, f"{held} === 1")
        page.evaluate(
            """async () => {
              Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true });
              await locks[0].release(); }"""
        )
        assert page.evaluate(held) == 0
        page.evaluate(
            """() => {
              delete document.visibilityState;
              document.dispatchEvent(new Event("visibilitychange")); }"""
        )
        until(page, f"{held} === 1")
    page.context.close()


def glyphs_are_large(bench: Bench) -> None:
    """Letters and signs read in a glance are at least 12 mm high."""
    checked = 0
    for (name, _, size), measured in bench.measured.items():
        for what, px in [*measured["letters"], *measured["signs"]]:
            checked += 1
            assert px / px_per_mm(size) >= GLYPH_MM, f"{name} {size}: {what} is {px / px_per_mm(size):.1f} mm"
    assert checked > 50


def contrast_is_high(bench: Bench) -> None:
    """All words and signs, in every state, by day and by night."""
    poor = {
        (name, theme, what): ratio
        for (name, theme, _), measured in bench.measured.items()
        for what, ratio in measured["contrast"]
        if ratio < CONTRAST
    }
    assert poor == {}


def night_follows_the_light(bench: Bench) -> None:
    """A virtual light sensor: the dark of a street at night, an overcast day. Without one the clock decides."""
    theme = "document.documentElement.dataset.theme"
    with ScriptedServer(heartbeat_s=30) as server:
        page = bench.page(timezone_id="Asia/Seoul")
        page.clock.set_fixed_time("2026-11-22T23:00:00+09:00")
        page.goto(f"{server.url}/drive?vehicle_id=V1")
        until(page, f"{theme} === 'dark'")
        page.context.close()
        with_sensor = bench.browser.browser_type.launch(
            executable_path=CHROMIUM,
            args=[*ARGUMENTS, "--enable-features=GenericSensorExtraClasses"],
        )
        page = with_sensor.new_page()
        devtools = page.context.new_cdp_session(page)
        sensor = {"type": "ambient-light"}
        devtools.send("Emulation.setSensorOverrideEnabled", sensor | {"enabled": True})
        for lux, expected in ((10, "dark"), (900, "light"), (100, "light"), (20, "dark")):
            devtools.send("Emulation.setSensorOverrideReadings", sensor | {"reading": {"single": {"value": lux}}})
            if page.url == "about:blank":
                page.goto(f"{server.url}/drive?vehicle_id=V1")
            until(page, f"{theme} === '{expected}'")
        with_sensor.close()


def until(page: Page, script: str) -> None:
    """Wait until it is so; Playwright's own waiting needs `eval`, which the page's policy forbids."""
    for _ in range(PATIENCE_MS // 50):
        if page.evaluate(script):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never: {script}")


def on_page(bench: Bench, script: str) -> Any:
    """Run something among the page's own modules."""
    page = bench.page()
    with ScriptedServer(heartbeat_s=30) as server:
        scenes.drive_rest(server, page, "ko")
        found = page.evaluate(script)
    page.context.close()
    return found


CHECKS: dict[str, Callable[[Bench], None]] = {
    check.__name__: check
    for check in (
        kinds_differ,
        colour_is_never_alone,
        red_only_for_faults,
        chimes_are_short,
        the_screen_stays_on,
        glyphs_are_large,
        contrast_is_high,
        night_follows_the_light,
    )
}
