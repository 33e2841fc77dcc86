"""Positions from a file, a TCP port, gpsd and a serial device (a pseudo-terminal), each broken and opened again."""

import asyncio
import os
import pty
import random
from contextlib import aclosing
from pathlib import Path

import pytest

from driver_terminal import positions as positions_module
from driver_terminal.nmea import Position
from driver_terminal.positions import GPSD_WATCH, PositionFeed, SourceSpec
from tests.driver_terminal.test_nmea_decoding import RMC, sentence
from tests.rider_client.scripted_server import listening


def rmc(second: int) -> bytes:
    return sentence(RMC.replace("081530", f"0815{second:02d}"))


async def take(feed: PositionFeed, count: int) -> list[Position]:
    taken: list[Position] = []
    async with asyncio.timeout(10.0), aclosing(feed.positions()) as positions:
        async for position in positions:
            taken.append(position)
            if len(taken) == count:
                break
    return taken


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(positions_module, "FIRST_BACKOFF_S", 0.01)
    monkeypatch.setattr(positions_module, "MAX_BACKOFF_S", 0.02)


async def test_a_file_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "drive.nmea"
    path.write_bytes(b"noise\r\n" + b"".join(rmc(second) for second in range(60)) + rmc(59)[:-8])
    feed = PositionFeed(str(path))
    places = [position async for position in feed.positions()]
    assert len(places) == 60
    assert feed.counts.bad == 2


async def test_a_file_at_the_pace_of_its_recording(tmp_path: Path) -> None:
    path = tmp_path / "drive.nmea"
    path.write_bytes(rmc(1) + rmc(1).replace(b".00,A", b".00,A") + sentence(RMC.replace("081530.00", "081501.20")))
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    places = [position async for position in PositionFeed(str(path), real_time=True).positions()]
    assert len(places) == 2
    assert loop.time() - began_s >= 0.19


async def test_a_file_that_is_not_there() -> None:
    with pytest.raises(FileNotFoundError):
        await take(PositionFeed("/nowhere/drive.nmea"), 1)


async def test_tcp_that_breaks_in_the_middle_of_a_line() -> None:
    served = 0

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal served
        served += 1
        writer.write(rmc(served) + rmc(40)[:15])
        await writer.drain()
        writer.close()

    async with listening(serve) as port:
        feed = PositionFeed(f"tcp://127.0.0.1:{port}", rng=random.Random(1))
        places = await take(feed, 3)
    assert [position.at_ms for position in places] == sorted({position.at_ms or 0 for position in places})
    assert feed.reopened == 2


async def test_a_line_without_end_is_not_kept() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"x" * 50_000 + b"\r\n" + rmc(1))
        await writer.drain()
        await reader.read()

    async with listening(serve) as port:
        feed = PositionFeed(f"tcp://127.0.0.1:{port}")
        assert len(await take(feed, 1)) == 1
    assert feed.counts.bad >= 1


async def test_gpsd_is_asked_to_watch() -> None:
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readline())
        writer.write(b'{"class":"TPV","mode":3,"time":"2026-03-01T08:15:30.000Z","lat":37.26,"lon":127.03}\r\n')
        await reader.read()

    async with listening(serve) as port:
        (place,) = await take(PositionFeed(f"gpsd://127.0.0.1:{port}"), 1)
    assert (place.lat, place.lon) == (37.26, 127.03)
    assert asked == [GPSD_WATCH]


async def test_a_receiver_that_falls_silent_is_opened_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(positions_module, "SILENCE_S", 0.05)
    served = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal served
        served += 1
        writer.write(rmc(served))
        await writer.drain()
        await reader.read()

    async with listening(serve) as port:
        feed = PositionFeed(f"tcp://127.0.0.1:{port}")
        assert len(await take(feed, 2)) == 2


async def test_a_serial_device_that_is_pulled_out_and_put_back(tmp_path: Path) -> None:
    link = tmp_path / "ttyGPS"
    first, first_name = pty.openpty()
    link.symlink_to(os.ttyname(first_name))
    feed = PositionFeed(f"serial:{link}?baud=4800", rng=random.Random(1))
    assert feed.spec.baud == 4800
    stream = feed.positions()
    async with asyncio.timeout(10.0):
        waiting = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0.1)
        os.write(first, rmc(1))
        place = await waiting
        second, second_name = pty.openpty()
        link.unlink()
        link.symlink_to(os.ttyname(second_name))
        os.close(first_name)
        os.close(first)
        waiting = asyncio.ensure_future(anext(stream))
        while feed.reopened == 0:  # noqa: ASYNC110 - a device has no event to wait for
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        os.write(second, rmc(2))
        assert (await waiting).at_ms == (place.at_ms or 0) + 1000
    await stream.aclose()
    os.close(second_name)
    os.close(second)


def test_how_a_source_is_written(tmp_path: Path) -> None:
    assert SourceSpec.parse("gpsd://localhost") == SourceSpec("gpsd", host="localhost", port=2947)
    assert SourceSpec.parse("tcp://10.0.0.1:5017") == SourceSpec("tcp", host="10.0.0.1", port=5017)
    assert SourceSpec.parse("serial:/dev/ttyUSB0") == SourceSpec("serial", path="/dev/ttyUSB0")
    assert SourceSpec.parse(f"file:{tmp_path}/a.nmea") == SourceSpec("file", path=f"{tmp_path}/a.nmea")
    assert SourceSpec.parse("/dev/null").kind == "serial"


@pytest.mark.parametrize(
    "text", ["", "http://x", "tcp://host", "tcp://host:port", "serial:/dev/x?baud=fast", "gpsd://"]
)
def test_what_is_no_source_is_said(text: str) -> None:
    with pytest.raises(ValueError, match="is not a source of positions; write gpsd://HOST"):
        SourceSpec.parse(text)
