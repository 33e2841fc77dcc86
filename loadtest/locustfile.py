"""Locust users on the real SDKs: buses at 1 Hz, riders with the app, buttons at stops; named thresholds end the run.

How asyncio clients live inside locust is told in `loadtest.bridge`. Configuration comes by environment (`RIDEBELL_LOAD_*`,
see `LoadSettings`), so that locust's own command line stays free; `python -m loadtest` sets it and a server up.
"""

import asyncio
import os
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec
from locust import User, constant, events, task
from locust.env import Environment

from loadtest.bridge import Bridge
from loadtest.measures import judge, read_thresholds
from loadtest.observer import Observer
from loadtest.report import make_report, write_report
from loadtest.rider_life import live_as_kiosk, live_as_rider
from loadtest.swarm import Swarm
from loadtest.terminal_life import live_as_terminal
from server.gtfs.compiled import load
from server.protocol.tokens import signing_key

if not os.environ.get("LOCUST_SKIP_MONKEY_PATCH"):
    raise SystemExit("set LOCUST_SKIP_MONKEY_PATCH=1: the clients are asyncio (or use `python -m loadtest`)")


class LoadSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a load process must know, as JSON in the environment variable `RIDEBELL_LOAD`."""

    network: str
    """Compiled network, the same that the server serves."""
    data: str
    """The server's data directory: its signing key makes the tokens."""
    thresholds: str
    report: str
    terminals: int
    riders: int
    kiosks: int
    warm_up_s: float = 5.0
    """What is timed before everybody is on the road and this long after does not count."""
    seed: int = 1


VARIABLE = "RIDEBELL_LOAD"
Life = Callable[[Swarm], Coroutine[Any, Any, None]]


class Load:
    """The one load of this process."""

    def __init__(self, settings: LoadSettings, environment: Environment) -> None:
        self.settings = settings
        self.environment = environment
        self.bridge = Bridge(self._to_locust)
        self.swarm = self._swarm(environment.host or "http://127.0.0.1:8080")
        self._observing: asyncio.Task[None] | None = None
        self._observer: Observer | None = None

    def _swarm(self, url: str) -> Swarm:
        settings = self.settings
        return Swarm(
            url=url,
            key=signing_key(Path(settings.data), demo=False),
            network=load(Path(settings.network)),
            now_ms=time.time_ns() // 1_000_000,
            seed=settings.seed,
            name=str(os.getpid()),
            report=self.bridge.hand_over,
        )

    def _to_locust(self, kind: str, name: str, value_ms: float, error: Exception | None) -> None:
        self.environment.events.request.fire(  # type: ignore[no-untyped-call]
            request_type=kind, name=name, response_time=value_ms, response_length=0, exception=error, context={}
        )

    async def observe(self) -> None:
        """Listen to the server's own numbers in the background."""
        self._observer = Observer(self.swarm)
        self._observing = asyncio.create_task(self._observe(self._observer))

    @staticmethod
    async def _observe(observer: Observer) -> None:
        async with observer.link:
            await observer.link.stopped()

    async def begin_to_count(self) -> None:
        """Everybody is here; after the warm-up, what is timed counts."""
        await asyncio.sleep(self.settings.warm_up_s)
        self.swarm.measures.forget_samples()

    async def conclude(self) -> bool:
        """Write the report; True when all thresholds held."""
        if self._observing is not None:
            self._observing.cancel()
            await asyncio.wait({self._observing})
        swarm, settings = self.swarm, self.settings
        numbers = swarm.numbers() | (self._observer.numbers() if self._observer is not None else {})
        numbers["samples_dropped"] = float(self.bridge.dropped)
        summaries = swarm.measures.summaries()
        report = make_report(
            asked={"terminals": settings.terminals, "riders": settings.riders, "kiosks": settings.kiosks},
            measures=summaries,
            numbers=numbers,
            ends=dict(swarm.ends),
            refusals=dict(swarm.refusals),
            verdicts=judge(read_thresholds(Path(settings.thresholds)), summaries, numbers),
        )
        await asyncio.to_thread(write_report, report, Path(settings.report))
        return report.passed


_load: Load | None = None


def _running() -> Load:
    assert _load is not None, "locust fires `init` before any user"
    return _load


class _Client(User):
    """A locust user whose whole life is one coroutine on the asyncio loop."""

    abstract = True
    wait_time = constant(1)
    life: Life

    @task
    def live(self) -> None:
        """Live until the load ends."""
        load_now = _running()
        try:
            load_now.bridge.run(type(self).life(load_now.swarm))
        except Exception as error:
            load_now.swarm.measures.count("errors")
            self.environment.events.user_error.fire(user_instance=self, exception=error, tb=error.__traceback__)
            raise


def _share(name: str) -> int:
    """How many users of a kind the settings ask for; without settings locust's own `--users` decides."""
    settings = msgspec.json.decode(os.environ.get(VARIABLE, "{}"))
    return int(settings.get(name, 0))


class TerminalUser(_Client):
    """A bus at 1 Hz."""

    fixed_count = _share("terminals")
    life = staticmethod(live_as_terminal)


class RiderUser(_Client):
    """A rider with the app."""

    fixed_count = _share("riders")
    life = staticmethod(live_as_rider)


class KioskUser(_Client):
    """A button at a stop."""

    fixed_count = _share("kiosks")
    life = staticmethod(live_as_kiosk)


@events.init.add_listener  # type: ignore[untyped-decorator]
def _on_init(environment: Environment, **_: Any) -> None:
    global _load  # noqa: PLW0603 - locust knows one locustfile a process, and gives its hooks no place of their own
    text = os.environ.get(VARIABLE)
    if text is None:
        raise SystemExit(f"{VARIABLE} is not set; run `python -m loadtest`, or see loadtest/locustfile.py")
    _load = Load(msgspec.json.decode(text, type=LoadSettings), environment)
    _load.bridge.start()
    _load.bridge.run(_load.observe())


@events.spawning_complete.add_listener  # type: ignore[untyped-decorator]
def _on_everybody_here(user_count: int, **_: Any) -> None:  # noqa: ARG001 - locust's hook
    now = _running()
    asyncio.run_coroutine_threadsafe(now.begin_to_count(), now.bridge.loop)


@events.test_stopping.add_listener  # type: ignore[untyped-decorator]
def _on_stopping(**_: Any) -> None:
    now = _running()
    now.bridge.loop.call_soon_threadsafe(now.swarm.stopping.set)


@events.quitting.add_listener  # type: ignore[untyped-decorator]
def _on_quitting(environment: Environment, **_: Any) -> None:
    now = _running()
    passed = now.bridge.run(now.conclude())
    now.bridge.stop()
    if not passed:
        environment.process_exit_code = 1
