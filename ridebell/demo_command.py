"""`ridebell demo`: a town, its buses, drivers and riders against a real server on one port."""

import asyncio
import contextlib
import json
import signal
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ridebell.inputs import vehicles_from
from ridebell.refusal import Refusal
from ridebell.texts import language, t

if TYPE_CHECKING:
    from server.core.network import Network
    from simulator.demo.screen import Screen

DAY_S = 86_400.0
PROMISE_BROKEN = 1
"""Exit status when an accepted bell has no end or a promise was broken."""


def demo(
    for_s: Annotated[float | None, typer.Option("--for", metavar="SECONDS", min=5, help=t("demo.for"))] = None,
    headless: Annotated[bool, typer.Option("--headless", help=t("demo.headless"))] = False,
    as_json: Annotated[bool, typer.Option("--json", help=t("demo.json"))] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help=t("demo.port"))] = 8080,
    seed: Annotated[int, typer.Option(min=0, help=t("demo.seed"))] = 1,
    riders_per_minute: Annotated[float, typer.Option(min=0, max=600, help=t("demo.riders"))] = 40.0,
    speed: Annotated[float, typer.Option(min=0.5, max=10, help=t("demo.speed"))] = 1.0,
    data: Annotated[Path | None, typer.Option(metavar="DIR", help=t("demo.data"))] = None,
) -> int:
    """Show everything at work."""
    from simulator.demo.child import ServerDied
    from simulator.demo.show import Plan
    from simulator.networks.town_map import VEHICLES_FILE

    with contextlib.ExitStack() as stack:
        data_dir = data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ridebell-demo-")))
        data_dir.mkdir(parents=True, exist_ok=True)
        key = _key(data_dir)
        plan = Plan(
            data_dir=data_dir,
            port=port,
            seed=seed,
            riders_per_minute=riders_per_minute,
            speed=speed,
            for_s=for_s,
            fleet=dict(vehicles_from(VEHICLES_FILE)),
            token_of=lambda role, subject, vehicle: _token(key, role, subject, vehicle),
            nonce_of=lambda stop_id: _nonce(key, stop_id),
            screen=None if headless else _screen,
            told=_tell_links if headless else lambda _: None,
        )
        try:
            report = asyncio.run(_run(plan))
        except ServerDied as died:
            raise Refusal(t("demo.server_died", words=died)) from died
    typer.echo(json.dumps(report, ensure_ascii=False, indent=1) if as_json else _summary(report))
    return PROMISE_BROKEN if report["bells_without_end"] or report["violations"] else 0


async def _run(plan: Any) -> dict[str, Any]:
    """Run until its time is over, Ctrl-C or SIGTERM; a second signal ends it at once."""
    from simulator.demo.show import run

    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task is not None

    def end() -> None:
        if stop.is_set():
            task.cancel()
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)
    return await run(plan, stop)


def _key(data_dir: Path) -> bytes:
    from server.protocol.tokens import SecretError, signing_key

    try:
        return signing_key(data_dir, demo=True)
    except SecretError as error:
        raise Refusal(str(error)) from error


def _token(key: bytes, role: str, subject: str, vehicle: str | None) -> str:
    from server.protocol.tokens import Role, make_token

    return make_token(key, role=Role(role), subject=subject, now_s=time.time(), ttl_s=DAY_S, vehicle_id=vehicle)


def _nonce(key: bytes, stop_id: str) -> str:
    from server.web.presence import stop_nonce

    return stop_nonce(key, stop_id)


def _screen(links: dict[str, str], network: "Network") -> "Screen":
    from rich.console import Console

    from simulator.demo.screen import Screen

    return Screen(Console(stderr=True), t, language(), links, network)


def _tell_links(links: dict[str, str]) -> None:
    for name, url in links.items():
        typer.echo(f"{t(f'demo.link.{name}')}: {url}", err=True)


def _summary(report: dict[str, Any]) -> str:
    bells = ", ".join(f"{state} {count}" for state, count in report["bells"].items()) or "0"
    lines = [t("demo.summary", bells=bells, fixes=report["fixes_taken"], seconds=report["seconds"])]
    return "\n".join([*lines, *(t("demo.broken", text=text) for text in report["violations"])])
