"""One simulated drive for all rules of the driver's screen: two buses, a real server that freezes, riders, and all that was seen.

The first bus signs on to the run it is asked about, stops for two riders, and passes a stop while the server is frozen.
The second has a rider with a wheelchair ahead, slows in time, and says by a key while it rolls that it is full.
"""

import json
import signal
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from tests.e2e.real_server import LON0, ROUTE_ID, SPACING_M, STOPS, Bus, RealServer, lat_at

RECORDER = (Path(__file__).parent / "drive_recorder.js").read_text(encoding="utf-8")
PATIENCE_S = 30.0
CITY_HALL, INGYE, STREET = STOPS[2:5]
Look = dict[str, Any]


@dataclass
class Record:
    """What one screen heard, said, played and showed, over its reloads. Times are the page's clock, epoch milliseconds."""

    frames: list[dict[str, Any]] = field(default_factory=list)
    tones: list[dict[str, Any]] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    late_ms: float = 0.0
    """By how much this machine ran the page's timers late, at worst."""
    moving: list[tuple[float, float]] = field(default_factory=list)
    """From when to when the bus moved."""

    def take(self, page: Page) -> None:
        """Add what the page noted since its last load."""
        noted = page.evaluate("recorded")
        self.frames += noted["frames"]
        self.tones += noted["tones"]
        self.looks += noted["looks"]
        self.late_ms = max(self.late_ms, noted["lateMs"])

    def said(self, kind: str) -> list[dict[str, Any]]:
        """The frames of a kind that the screen said."""
        return [one for one in self.frames if one["to"] == "server" and one["frame"]["type"] == kind]

    def heard(self, kind: str) -> list[dict[str, Any]]:
        """The frames of a kind that it heard."""
        return [one for one in self.frames if one["to"] == "page" and one["frame"]["type"] == kind]

    def chimes(self, from_ms: float = 0.0, to_ms: float = float("inf")) -> list[tuple[float, tuple[float, ...]]]:
        """When something sounded, and its melody; tones that were started together are one chime."""
        chimes: list[tuple[float, tuple[float, ...]]] = []
        for tone in self.tones:
            if chimes and tone["atMs"] - chimes[-1][0] < 50:
                chimes[-1] = (chimes[-1][0], (*chimes[-1][1], tone["hz"]))
            else:
                chimes.append((tone["atMs"], (tone["hz"],)))
        return [one for one in chimes if from_ms <= one[0] < to_ms]

    def while_moving(self, *, known_after_ms: float) -> Iterator[Look]:
        """Every look at the screen while the wheels turned; the receiver needs a moment to say that they do."""
        for from_ms, to_ms in self.moving:
            standing = [one for one in self.looks if one["atMs"] <= from_ms + known_after_ms]
            yield from standing[-1:]
            yield from (one for one in self.looks if from_ms + known_after_ms < one["atMs"] <= to_ms)


@dataclass
class Driven:
    """What the two screens recorded, and when the things happened that the rules speak of."""

    first: Record = field(default_factory=Record)
    second: Record = field(default_factory=Record)
    at_ms: dict[str, float] = field(default_factory=dict)
    answered: str = ""
    """What the wheelchair's bell was after the second driver had pressed "full"."""
    secrets: list[str] = field(default_factory=list)
    """Ids of riders and bells."""

    def mark(self, what: str) -> None:
        """Something happens now."""
        self.at_ms[what] = time.time() * 1000


class Riders:
    """People at stops; each has a token of the demo mode."""

    def __init__(self, server: RealServer, driven: Driven) -> None:
        self._url = server.url
        self._driven = driven
        self._tokens: dict[str, str] = {}

    def ring(self, stop: int, needs: Sequence[str] = ()) -> str:
        """Somebody at this stop rings; the bell's id."""
        rider, bell_id = f"rider-{uuid.uuid4()}", str(uuid.uuid4())
        token = self._ask("POST", "/v1/token", {"role": "rider", "subject": rider, "ttl_s": 600})["token"]
        self._tokens[bell_id] = token
        presence = {"lat": lat_at(stop * SPACING_M), "lon": LON0, "accuracy_m": 5.0}
        bell = {"bell_id": bell_id, "kind": "board", "stop_id": f"S{stop}", "route_id": ROUTE_ID, "needs": list(needs)}
        self._ask("POST", "/v1/bells", bell | {"presence": presence}, token)
        self._driven.secrets += [rider, bell_id]
        return bell_id

    def cancel(self, bell_id: str) -> None:
        """She takes it back."""
        self._ask("DELETE", f"/v1/bells/{bell_id}", None, self._tokens[bell_id])

    def state(self, bell_id: str) -> str:
        """What became of it."""
        return str(self._ask("GET", f"/v1/bells/{bell_id}", None, self._tokens[bell_id])["state"])

    def _ask(self, method: str, path: str, body: object, token: str = "") -> dict[str, Any]:
        headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            got: dict[str, Any] = json.loads(answer.read())
        return got


class Fleet:
    """Buses that drive at the same time, a second at a time."""

    def __init__(self, buses: Sequence[tuple[Bus, Record]]) -> None:
        self._buses = buses
        self.mps = [0.0] * len(buses)
        self._moved_ms: list[float | None] = [None] * len(buses)

    def drive(self, *mps: float) -> None:
        """From now on each bus has this speed."""
        now_ms = time.time() * 1000
        for i, (_, record) in enumerate(self._buses):
            began_ms = self._moved_ms[i]
            if began_ms is not None and mps[i] == 0.0:
                record.moving.append((began_ms, now_ms))
                self._moved_ms[i] = None
            elif began_ms is None and mps[i] > 0.0:
                self._moved_ms[i] = now_ms
        self.mps = list(mps)

    def until(self, done: Callable[[], bool], what: str) -> None:
        """Go on, second by second, until something is so."""
        end = time.monotonic() + PATIENCE_S
        while not done():
            assert time.monotonic() < end, f"{what} did not come; {self._screens()}"
            for (bus, _), mps in zip(self._buses, self.mps, strict=True):
                bus.at_m += mps * Bus.PERIOD_MS / 1000
                bus.report()
            self._buses[0][0].page.wait_for_timeout(Bus.PERIOD_MS)

    def _screens(self) -> str:
        return " | ".join(bus.page.inner_text("#page").replace("\n", " ") for bus, _ in self._buses)


@contextmanager
def frozen(server: RealServer) -> Iterator[None]:
    """The server does nothing at all; its connections live on in the kernel, as over a dead radio link."""
    server.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        server.process.send_signal(signal.SIGCONT)


def cab(browser: Browser, server: RealServer, vehicle_id: str, at_m: float) -> Bus:
    """A driver's screen with the recorder in it."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 800},
        locale="ko-KR",
        timezone_id="Asia/Seoul",
        reduced_motion="reduce",
        permissions=["geolocation", "screen-wake-lock"],
    )
    page = context.new_page()
    page.add_init_script(RECORDER)
    bus = Bus(page, at_m=at_m)
    page.goto(f"{server.url}/drive?vehicle_id={vehicle_id}&lang=ko&theme=day")
    return bus


def drive(browser: Browser, server: RealServer) -> Driven:
    """Drive it all once, in about a minute."""
    driven = Driven()
    riders = Riders(server, driven)
    one, two = cab(browser, server, "V1", 2 * SPACING_M - 165), cab(browser, server, "V2", 4 * SPACING_M - 180)
    fleet = Fleet([(one, driven.first), (two, driven.second)])

    fleet.until(lambda: one.shows(".question") and two.shows(".question"), "the question which run this is")
    for bus in (one, two):
        bus.page.click("[data-act=yes]")
    fleet.until(lambda: one.shows(".verdict") and two.shows(".verdict"), "the self-test's end")
    driven.mark("tested")

    riders.ring(2)
    second_bell = riders.ring(2)
    wheelchair = riders.ring(4, ["wheelchair"])
    riders.ring(4)
    fleet.until(lambda: one.shows(".answers") and two.shows(".answers"), "the alerts")
    driven.mark("told")
    driven.first.take(one.page)
    one.page.reload()
    driven.mark("reloaded")
    fleet.until(lambda: one.shows(".alert .answers"), "the alert after the reload")

    fleet.drive(10.0, 10.0)
    fleet.until(lambda: two.at_m >= 4 * SPACING_M - 160, "the place where the second driver begins to brake")
    fleet.drive(10.0, 7.0)
    fleet.until(lambda: one.shows(".alert-now"), "the decision point")
    riders.cancel(second_bell)
    fleet.until(lambda: two.shows(".alert-now"), "the second bus's decision point")
    driven.mark("key")
    two.page.keyboard.press("F2")
    fleet.until(lambda: not two.shows(".alert"), "the end of what was answered")
    driven.answered = riders.state(wheelchair)
    fleet.until(lambda: one.at_m >= 2 * SPACING_M, "the first bus's stop")
    fleet.drive(0.0, 9.0)
    third_bell = riders.ring(3)
    fleet.until(lambda: one.shows(".answers") and one.shows(".after"), "standing, with a rider at the next stop")
    riders.cancel(third_bell)
    fleet.until(lambda: INGYE not in one.page.inner_text("#page"), "the end of what was cancelled")
    fleet.drive(10.0, 9.0)
    fleet.until(lambda: one.shows(".ended-served"), "the tick")
    fleet.until(lambda: one.shows(".rest"), "rest")
    riders.ring(3)
    fleet.until(lambda: one.shows(".alert"), "the next alert")

    with frozen(server):
        driven.mark("frozen")
        fleet.drive(20.0, 0.0)
        fleet.until(lambda: one.at_m > 3 * SPACING_M + 60, "the stop passed without a link")
        driven.mark("thawed")
    fleet.drive(0.0, 0.0)
    fleet.until(lambda: not one.shows(".bell-off") and not two.shows(".bell-off"), "the link")
    one.tick()
    one.tick()
    driven.first.take(one.page)
    driven.second.take(two.page)
    for bus in (one, two):
        bus.context.close()
    return driven
