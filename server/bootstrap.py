"""Picks a back end and connects the parts: network → engine → runtime → doors. The only place that knows them all."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import uvloop

from server.archive import Archive, ArchivePlan
from server.backends.embedded import DataDirError, open_embedded
from server.backends.embedded.ledger import SqliteLedger
from server.backends.embedded.ledger_books import SqliteBooks
from server.clock import Clock, SystemClock
from server.core.engine import RouteEngine
from server.core.model import Vehicle, VehicleId
from server.core.network import Network
from server.core.policy import Policy
from server.core.rides.beacons import Beacon
from server.gtfs.realtime import FeedClock, RefusedMessage, decode_vehicle_positions
from server.learning import recall, remembering
from server.ledger.clerk import Clerk
from server.ledger.fare_desk import open_desk
from server.protocol.tokens import SecretError, signing_key
from server.runtime import Runtime
from server.settings import RecordingSettings, RuntimeSettings, WebSettings
from server.tariff_presets import NoSuchTariffError, TariffError
from server.web import launcher
from server.web.app import create_app
from server.web.feed_intake import take_fixes
from server.web.house import furnish
from server.web.push_desk import PushDesk

if TYPE_CHECKING:
    from server.payments.client import HttpPayments

log = logging.getLogger(__name__)

BACKENDS = ("embedded",)


class StartError(Exception):
    """The server cannot start; the text says what, where, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FarePlan:
    """A tariff (a name or a file), the products of the routes, and a payment provider; without one nothing is collected."""

    tariff: str
    route_fares: Path | None = None
    payments_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything a server is made of. `told` is called with its address once it takes requests."""

    network: Network
    data_dir: Path
    vehicles: Mapping[VehicleId, Vehicle] = field(default_factory=dict)
    beacons: Sequence[Beacon] = ()
    policy: Policy = field(default_factory=Policy)
    web: WebSettings = field(default_factory=WebSettings)
    runtime: RuntimeSettings = field(default_factory=RuntimeSettings)
    poll_url: str | None = None
    poll_period_s: float = 10.0
    """How often a GTFS-realtime feed is fetched: agencies renew theirs every 10 to 30 s."""
    archive: ArchivePlan | None = None
    """Where recordings and replays are kept; None keeps none."""
    recording: RecordingSettings = field(default_factory=RecordingSettings)
    fares: FarePlan | None = None
    """By what rides are priced and where they are paid; None charges nothing."""
    backend: str = "embedded"
    clock: Clock = field(default_factory=SystemClock)
    told: Callable[[str], None] | None = None


def serve(plan: Plan) -> None:
    """Serve until SIGINT or SIGTERM; a drained, clean end. Raises StartError."""
    try:
        uvloop.run(_serve(plan))
    except (DataDirError, SecretError, launcher.PortError) as error:
        raise StartError(str(error)) from error


async def _serve(plan: Plan) -> None:
    key = signing_key(plan.data_dir, demo=plan.web.demo)
    listener = launcher.listen(plan.web)
    url = launcher.url_of(listener)
    try:
        async with running(plan) as runtime:
            archive = Archive(runtime, plan.archive, plan.recording) if plan.archive is not None else None
            async with _charging(plan, runtime) as clerk:
                app = create_app(furnish(runtime, plan.web, key, archive, push=_push_desk(plan, runtime), clerk=clerk))
                async with _polling(plan, runtime):
                    await launcher.serve(app, listener, ready=lambda: plan.told(url) if plan.told is not None else None)
    finally:
        listener.close()


def _push_desk(plan: Plan, runtime: Runtime) -> PushDesk | None:
    """Open the desk that tells closed pages, where the operator has turned it on. Raises StartError, SecretError."""
    if not plan.web.push_contact:
        return None
    try:
        from server.web.push_sender import open_desk  # an extra
    except ModuleNotFoundError as error:
        raise StartError("--push-contact needs the extra `push`; run: pip install 'ridebell[push]'") from error
    return open_desk(runtime, plan.web, plan.data_dir)


@contextlib.asynccontextmanager
async def running(plan: Plan) -> AsyncIterator[Runtime]:
    """Open the back end, rebuild the engine from it, and decide until the end. Raises StartError, DataDirError."""
    if plan.backend not in BACKENDS:
        raise StartError(f"there is no back end {plan.backend!r}; choose one of: {', '.join(BACKENDS)}")
    backend = await open_embedded(plan.data_dir)
    try:
        learned = await recall(backend.notebook)
        engine = RouteEngine(
            plan.network,
            plan.policy,
            vehicles=plan.vehicles,
            assume_terminal=False,
            learned=learned,
            beacons=plan.beacons,
        )
        runtime = Runtime(
            plan.network,
            engine,
            backend.journal,
            backend.relay,
            analysis=backend.analysis,
            vehicles=plan.vehicles,
            clock=plan.clock,
            settings=plan.runtime,
        )
        await runtime.start()
        async with remembering(backend.notebook, learned, period_s=plan.runtime.learned_every_s):
            try:
                yield runtime
            finally:
                await runtime.stop()
    finally:
        await backend.aclose()


@contextlib.asynccontextmanager
async def _charging(plan: Plan, runtime: Runtime) -> AsyncIterator[Clerk | None]:
    """Open the ledger beside the journal, and keep it until the end. Raises StartError, DataDirError."""
    if plan.fares is None:
        yield None
        return
    try:
        desk = open_desk(plan.fares.tariff, plan.fares.route_fares, plan.network)
    except (TariffError, NoSuchTariffError) as error:
        raise StartError(f"rides cannot be priced: {error}; run `ridebell tariff check` on the tariff") from error
    ledger = await asyncio.to_thread(SqliteLedger.open, plan.data_dir, timezone=plan.network.timezone)
    books = SqliteBooks.open(plan.data_dir)
    payments = _payments(plan.fares.payments_url)
    clerk = Clerk(runtime, ledger, books, desk, payments, runtime.clock.now_ms)
    runtime.rides_changed = clerk.wake
    try:
        yield clerk
    finally:
        runtime.rides_changed = lambda: None
        await clerk.close()
        await books.close()
        if payments is not None:
            await payments.aclose()


def _payments(url: str) -> "HttpPayments | None":
    if not url:
        return None
    from server.payments.client import HttpPayments  # its HTTP client is a sixth of the start-up time

    return HttpPayments(url)


@contextlib.asynccontextmanager
async def _polling(plan: Plan, runtime: Runtime) -> AsyncIterator[None]:
    """Fetch a feed's positions in the background; a bad message is logged and changes nothing."""
    url = plan.poll_url
    if url is None:
        yield
        return
    from server.gtfs.realtime_poll import poll  # its HTTP client is a sixth of the start-up time, and seldom needed

    clock = FeedClock()

    async def take(data: bytes) -> None:
        message = await asyncio.to_thread(decode_vehicle_positions, data, received_ms=runtime.clock.now_ms())
        refused = message if isinstance(message, RefusedMessage) else clock.take(message)
        if refused is not None:
            log.warning("feed %s: message refused, %s: %s", url, refused.reason, refused.detail)
        elif not isinstance(message, RefusedMessage):
            take_fixes(runtime, message.fixes, lambda taken, no: log.info("feed: %d taken, %d refused", taken, len(no)))

    task = asyncio.create_task(poll(url, take, period_s=plan.poll_period_s))
    task.add_done_callback(_say_why_ended)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _say_why_ended(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("the feed is no longer fetched", exc_info=error)
