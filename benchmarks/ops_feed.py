"""The feed behind `benchmarks.ops_map`: one process that drives 10,300 buses along their ways, a fix a second each."""

import asyncio
import multiprocessing
import random
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import websockets
from numpy.typing import NDArray

from loadtest.fleet import Duties, Duty
from server.core.network import Network
from server.gtfs.compiled import load
from server.protocol import messages as wire

BUSES = 10_300
SOCKETS = 3
"""They share the fleet: one may send 40 frames a second."""
FIXES_A_FRAME = 250
"""About 45 KB; a frame may have 64."""
CRUISE_MPS = (6.0, 14.0)
SPAN_S = 400
"""So long a drive is worked out beforehand; then it begins again."""


class Drive:
    """Where each bus is in each second, worked out before the clock runs; at the end of its way a bus turns round."""

    def __init__(self, network: Network, duties: Sequence[Duty]) -> None:
        rng = random.Random(2)
        self._duties = duties
        shape = (len(duties), SPAN_S)
        self._lat: NDArray[np.float64] = np.empty(shape)
        self._lon: NDArray[np.float64] = np.empty(shape)
        self._heading: NDArray[np.float64] = np.empty(shape)
        self._mps = [rng.uniform(*CRUISE_MPS) for _ in duties]
        for i, (duty, mps) in enumerate(zip(duties, self._mps, strict=True)):
            path = duty.pattern.path
            there_and_back_m = (duty.along_m + mps * np.arange(SPAN_S)) % (2 * path.length_m)
            back = there_and_back_m > path.length_m
            along_m = np.where(back, 2 * path.length_m - there_and_back_m, there_and_back_m)
            self._lat[i], self._lon[i] = network.frame.to_lat_lon(*path.at(along_m))
            self._heading[i] = (path.heading_deg(along_m) + 180.0 * back) % 360.0

    def second(self, number: int, at_ms: int) -> list[wire.FeedFix]:
        """Give every bus's fix in one second."""
        k = number % SPAN_S
        places = zip(self._lat[:, k].round(6).tolist(), self._lon[:, k].round(6).tolist(), strict=True)
        headings = self._heading[:, k].round(1).tolist()
        return [
            wire.FeedFix(
                vehicle_id=f"G{i:05d}",
                trip_id=duty.trip_id,
                start_date=duty.start_date,
                at_ms=at_ms,
                lat=lat,
                lon=lon,
                heading_deg=heading,
                speed_mps=round(mps, 1),
            )
            for i, (duty, (lat, lon), heading, mps) in enumerate(
                zip(self._duties, places, headings, self._mps, strict=True)
            )
        ]


def start(network: Path, url: str, tokens: Sequence[str], start_ms: int) -> multiprocessing.Process:
    """Run the feed in a process of its own; whoever starts it ends it. `start_ms`: the server's clock now."""
    ready = multiprocessing.Event()
    process = multiprocessing.Process(target=_run, args=(network, url, tokens, start_ms, ready), daemon=True)
    process.start()
    ready.wait()
    return process


def _run(
    network_path: Path, url: str, tokens: Sequence[str], start_ms: int, ready: "multiprocessing.synchronize.Event"
) -> None:
    began_s = time.monotonic()
    network = load(network_path)
    duties = Duties(network, now_ms=start_ms, rng=random.Random(1))
    taken = [duty for _ in range(BUSES) if (duty := duties.take()) is not None]
    drive = Drive(network, taken)
    ready.set()
    asyncio.run(_feed(drive, url, tokens, start_ms, began_s))


async def _feed(drive: Drive, url: str, tokens: Sequence[str], start_ms: int, began_s: float) -> None:
    sockets = [await websockets.connect(url.replace("http", "ws", 1) + "/v1/ws/feed", compression=None) for _ in tokens]
    for socket, token in zip(sockets, tokens, strict=True):
        await socket.send(msgspec.json.encode({"type": "hello", "token": token}).decode())
    readers = [asyncio.create_task(_drain(socket)) for socket in sockets]
    first_s, number = time.monotonic(), 0
    while not any(reader.done() for reader in readers):
        at_ms = start_ms + round((time.monotonic() - began_s) * 1000)
        fixes = drive.second(number, at_ms)
        number += 1
        for first in range(0, len(fixes), FIXES_A_FRAME):
            frame = wire.Fixes(fixes=fixes[first : first + FIXES_A_FRAME])
            await sockets[first // FIXES_A_FRAME % SOCKETS].send(msgspec.json.encode(frame).decode())
            due_s = first_s + number - 1 + (first + FIXES_A_FRAME) / len(fixes)
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))


async def _drain(socket: websockets.ClientConnection) -> None:
    async for _ in socket:
        pass
