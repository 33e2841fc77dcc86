"""The demo as a person starts it: a real server process, real sockets; ends in order and leaves nothing behind."""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from driver_terminal.client import TerminalClient
from ridebell.demo_command import _nonce, _token  # the demo's own way to tokens
from ridebell.inputs import vehicles_from
from server.core.model import Outcome
from server.protocol.messages import AlertMessage
from server.protocol.tokens import signing_key
from simulator.demo.child import ServerDied, ServerProcess
from simulator.demo.show import Plan, make_town, run
from simulator.networks.town_map import VEHICLES_FILE

DEMO = [sys.executable, "-m", "ridebell", "demo", "--headless", "--json", "--port", "0"]


async def start_demo(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *DEMO,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"LC_ALL": "C.UTF-8"},
    )


async def links_of(process: asyncio.subprocess.Process) -> list[str]:
    """The five addresses it prints once everything runs."""
    assert process.stderr is not None
    return [(await process.stderr.readline()).decode().strip() for _ in range(5)]


def servers_of(process: asyncio.subprocess.Process) -> list[psutil.Process]:
    servers: list[psutil.Process] = psutil.Process(process.pid).children(recursive=True)
    return servers


def assert_gone(servers: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(servers, timeout=20)
    assert servers
    assert not alive


async def test_a_limited_demo_reports_and_keeps_its_promises() -> None:
    process = await start_demo("--for", "16", "--riders-per-minute", "240")
    links = await links_of(process)
    servers = servers_of(process)
    stdout, _ = await process.communicate()
    report: dict[str, Any] = json.loads(stdout)
    assert process.returncode == 0, report["violations"]
    assert_gone(servers)
    assert [link.split(": http")[0] for link in links] == [
        "Stop page",
        "Rider app",
        "Stop kiosk",
        "Driver screen",
        "Operator",
    ]
    assert sum(report["bells"].values()) == report["bells_accepted"] > 5
    assert report["bells_without_end"] == report["alerts_displayed_after_stop"] == report["told_wrong"] == 0
    assert report["violations"] == []
    assert report["fixes_taken"] > 300
    assert report["alerts_displayed"] > 0
    assert report["ring_to_answer_ms"]["n"] == report["bells_accepted"]
    assert report["server"]["terminals_up"] == 56
    assert report["server_rss_mb"]["end"] > 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_it_in_order(number: signal.Signals) -> None:
    process = await start_demo("--riders-per-minute", "240")
    await links_of(process)
    servers = servers_of(process)
    process.send_signal(number)
    stdout, _ = await process.communicate()
    assert process.returncode == 0
    assert json.loads(stdout)["bells_without_end"] == 0
    assert_gone(servers)


async def test_a_killed_demo_leaves_no_server_behind() -> None:
    process = await start_demo()
    await links_of(process)
    servers = servers_of(process)
    process.kill()
    await process.communicate()
    assert_gone(servers)


async def test_a_taken_port_is_one_clear_sentence(unused_tcp_port_factory: Callable[[], int]) -> None:
    port = unused_tcp_port_factory()
    taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", port)
    async with taken:
        process = await asyncio.create_subprocess_exec(
            *DEMO[:-1], str(port), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        _, stderr = await process.communicate()
    assert process.returncode == 2
    assert str(port) in stderr.decode()
    assert "Traceback" not in stderr.decode()


async def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    arguments = ["--network", str(tmp_path / "no.network"), "--data", str(tmp_path), "--port", "0"]
    with pytest.raises(ServerDied, match=r"no\.network"):
        async with ServerProcess(arguments, tmp_path / "server.log"):
            raise AssertionError("it started")


async def test_a_server_that_dies_is_noticed(tmp_path: Path) -> None:
    network = make_town(tmp_path)
    arguments = ["--network", str(network), "--data", str(tmp_path), "--port", "0"]
    async with ServerProcess(arguments, tmp_path / "server.log") as server:
        assert (server.rss_mb() or 1.0) > 0.0
        (child,) = [c for c in psutil.Process().children() if str(network) in c.cmdline()]
        child.kill()
        with pytest.raises(ServerDied, match="ended by itself"):
            await server.ended()


class Page:
    """A visitor's driver screen."""

    async def show(self, alert: AlertMessage) -> None:
        """Seen."""

    async def clear(self, alert: AlertMessage, outcome: Outcome | None) -> None:
        """Gone."""

    async def bell_off(self, off: bool) -> None:
        """As the link goes."""


async def test_a_visitor_may_take_a_bus_and_give_it_back(tmp_path: Path) -> None:
    key = signing_key(tmp_path, demo=True, environment={})
    links: asyncio.Future[dict[str, str]] = asyncio.get_running_loop().create_future()
    plan = Plan(
        data_dir=tmp_path,
        port=0,
        seed=1,
        riders_per_minute=60.0,
        speed=1.0,
        for_s=None,
        fleet=dict(vehicles_from(VEHICLES_FILE)),
        token_of=lambda role, subject, vehicle: _token(key, role, subject, vehicle),
        nonce_of=lambda stop_id: _nonce(key, stop_id),
        screen=None,
        told=links.set_result,
    )
    stop = asyncio.Event()
    demo = asyncio.create_task(run(plan, stop))
    drive = (await links)["drive"]
    vehicle = drive.partition("vehicle_id=")[2].partition("&")[0]
    token = _token(key, "terminal", "visitor", vehicle)
    url = drive.partition("/drive")[0]
    async with TerminalClient(url, token, vehicle, display=Page()) as page:
        await page.connected(timeout_s=10)
        await until(lambda: page.trip is not None)
        await until(lambda: terminals_up(url) == 56)
    await until(lambda: terminals_up(url) == 56)
    stop.set()
    report = await demo
    assert report["guests"] == 1
    assert report["violations"] == []


async def until(true: Callable[[], bool]) -> None:
    """Wait for what no event tells."""
    for _ in range(600):
        if await asyncio.to_thread(true):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it never came true")


def terminals_up(url: str) -> int:
    found = re.search(r"^ridebell_terminals_up (\d+)", httpx.get(f"{url}/metrics").text, re.MULTILINE)
    return int(found.group(1)) if found else -1
