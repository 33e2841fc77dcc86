"""`ridebell serve` as a child process over one straight street, and buses that drive it through a page's own receiver."""

import csv
import io
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import BrowserContext, Page

LAT0, LON0 = 37.2600, 127.0300
METRES_PER_DEGREE = 111_195.0
"""Of latitude, on the sphere that the page counts with; the street runs due north."""
STOPS = ("차고지", "화서역", "수원시청 앞", "인계동", "나혜석거리", "광교중앙역")
STOPS_EN = ("Depot", "Hwaseo", "City Hall", "Ingye-dong", "Na Hye-seok Street", "Gwanggyo")
SPACING_M = 300.0
ROUTE_ID = "R88"
PLATES = {"V1": "경기70바1234", "V2": "경기70바5678"}
START_S = 30.0
SIGN_ON = "form.run, .question"
"""What a bus without a run has on its screen: the form, or the question which run this is."""


def street_feed(path: Path) -> None:
    """Write a GTFS feed: one line, a bus every two minutes at every hour of every day.

    Whenever a test runs, a bus that signs on to the line is then within a minute of one of its runs: none has to wait
    for its time of departure.
    """
    trips = [(f"T{minute}", minute * 60) for minute in range(0, 28 * 60, 2)]
    tables: dict[str, list[Sequence[object]]] = {
        "agency.txt": [
            ("agency_name", "agency_url", "agency_timezone"),
            ("수래여객", "https://bus.example", "Asia/Seoul"),
        ],
        "routes.txt": [("route_id", "route_short_name", "route_type"), (ROUTE_ID, "88", 3)],
        "stops.txt": [
            ("stop_id", "stop_code", "stop_name", "stop_lat", "stop_lon"),
            *((f"S{i}", f"03-12{i}", name, lat_at(i * SPACING_M), LON0) for i, name in enumerate(STOPS)),
        ],
        "calendar.txt": [
            (
                "service_id",
                "monday",
                "tuesday",
                "wednesday",
                "thursday",
                "friday",
                "saturday",
                "sunday",
                "start_date",
                "end_date",
            ),
            ("D", 1, 1, 1, 1, 1, 1, 1, 20200101, 20991231),
        ],
        "trips.txt": [
            ("trip_id", "route_id", "service_id", "direction_id", "trip_headsign"),
            *((trip_id, ROUTE_ID, "D", 0, STOPS[-1]) for trip_id, _ in trips),
        ],
        "stop_times.txt": [
            ("trip_id", "stop_sequence", "stop_id", "arrival_time", "departure_time"),
            *(
                (trip_id, i, f"S{i}", clock(start_s + i * 60), clock(start_s + i * 60))
                for trip_id, start_s in trips
                for i in range(len(STOPS))
            ),
        ],
        "translations.txt": [
            ("table_name", "field_name", "language", "record_id", "translation"),
            *(("stops", "stop_name", "en", f"S{i}", name) for i, name in enumerate(STOPS_EN)),
        ],
    }
    with zipfile.ZipFile(path, "w") as feed:
        for name, rows in tables.items():
            text = io.StringIO()
            csv.writer(text, lineterminator="\n").writerows(rows)
            feed.writestr(name, text.getvalue())


def lat_at(along_m: float) -> float:
    """Latitude of a place on the street."""
    return LAT0 + along_m / METRES_PER_DEGREE


def clock(seconds: int) -> str:
    """GTFS time; may pass 24 h."""
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:00"


@dataclass
class RealServer:
    """A running server and what its tests need to know of it."""

    url: str
    data: Path
    process: subprocess.Popen[str]

    def stop_address(self, stop_id: str, lang: str = "ko") -> str:
        """What the QR code on the stop's pole says."""
        return f"{self._token_command('--stop', stop_id, '--base-url', self.url)}&lang={lang}"

    def token(self, role: str, vehicle_id: str) -> str:
        """A token as the operator of the server prints one."""
        return self._token_command("--role", role, "--subject", f"test-{role}", "--vehicle", vehicle_id)

    def _token_command(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "ridebell", "token", *arguments, "--data", str(self.data)]
        return subprocess.run(command, check=True, capture_output=True, text=True, env=secret_env()).stdout.strip()

    def kill(self) -> None:
        """End it without a goodbye."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(START_S)


@dataclass
class ServerPlace:
    """Where servers of a test start: one network, one data directory, one port after the first start."""

    network: Path
    vehicles: Path
    data: Path
    port: int = 0
    code: Path | None = None
    """Where else the server finds our packages first: another version of the pages."""

    @contextmanager
    def serve(self, *more: str) -> Iterator[RealServer]:
        """Run a server until the end of the block."""
        command = [sys.executable, "-m", "ridebell", "serve", "--network", str(self.network), "--data", str(self.data)]
        command += ["--vehicles", str(self.vehicles), "--port", str(self.port), *more]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=secret_env(), cwd=self.code) as process:
            try:
                assert process.stdout is not None
                line = process.stdout.readline()
                assert "http" in line, f"the server did not start: {line!r}"
                url = line[line.index("http") :].strip()
                self.port = int(url.rsplit(":", 1)[1].strip("/"))
                yield RealServer(url.rstrip("/"), self.data, process)
            finally:
                if process.poll() is None:
                    process.terminate()
                    process.wait(START_S)


def secret_env() -> dict[str, str]:
    """The environment of a child: no secret from outside, English words."""
    return {k: v for k, v in os.environ.items() if not k.startswith("RIDEBELL_")} | {"LC_ALL": "C.UTF-8"}


class Bus:
    """A bus whose terminal is the driver's page: its receiver is the browser's, moved by us in real time."""

    PERIOD_MS = 1000

    def __init__(self, page: Page, *, at_m: float) -> None:
        self.page = page
        self.context: BrowserContext = page.context
        self.at_m = at_m
        self._nudge = 0
        self.report()

    def report(self) -> None:
        """Let the receiver say where we are; a standing one trembles by some millimetres."""
        self._nudge = 1 - self._nudge
        place = {"latitude": lat_at(self.at_m) + self._nudge * 1e-8, "longitude": LON0, "accuracy": 5.0}
        self.context.set_geolocation(place)  # type: ignore[arg-type]

    def sign_on(self) -> None:
        """Choose route and direction, as a driver does at the depot who wants another run than he is asked about."""
        if self.shows("[data-act=other]"):
            self.page.click("[data-act=other]")
        self.page.select_option("select[name=route]", ROUTE_ID)
        self.page.wait_for_selector("select[name=direction] option", state="attached")
        self.page.click("form.run .big")
        self.page.wait_for_selector("h1.line:has-text('88')")

    def shows(self, selector: str) -> bool:
        """Whether something stands on our screen now."""
        return self.page.locator(selector).count() > 0

    def stand_while(self, waiting: Callable[[], bool], *, within_s: float) -> None:
        """Stay here, and keep saying so: of a bus that falls silent nobody knows that it stands."""
        end = time.monotonic() + within_s
        while waiting():
            assert time.monotonic() < end, f"still waiting; the screen says: {self.page.inner_text('#page')}"
            self.tick()

    def stand(self, *, until: str, within_s: float = 20.0) -> None:
        """Stay here until something stands on our screen."""
        end = time.monotonic() + within_s
        while self.page.locator(until).count() == 0:
            assert time.monotonic() < end, f"{until} did not come; the screen says: {self.page.inner_text('#page')}"
            self.tick()

    def drive_to(self, goal_m: float, *, mps: float) -> None:
        """Drive there in real time."""
        while self.at_m < goal_m:
            self.at_m = min(goal_m, self.at_m + mps * self.PERIOD_MS / 1000)
            self.tick()

    def tick(self) -> None:
        """One second passes."""
        self.report()
        self.page.wait_for_timeout(self.PERIOD_MS)
