"""The port: its options, its guard against slow heads, and how it is given up."""

import asyncio
import socket
from pathlib import Path

import pytest

from server.protocol.tokens import Role
from server.settings import WebSettings
from server.web.launcher import PortError, listen, url_of
from tests.server.web.web_world import Running, running


async def raw(server: Running) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = server.url.removeprefix("http://").split(":")
    return await asyncio.open_connection(host, int(port))


def test_the_listening_socket_carries_its_options() -> None:
    with listen(WebSettings(port=0)) as listener:
        assert listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
        assert listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 12_000
        with socket.create_connection(listener.getsockname()):
            accepted, _ = listener.accept()
            with accepted:
                assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 12_000
        with pytest.raises(PortError, match="choose another with --port"):
            listen(WebSettings(port=int(url_of(listener).rsplit(":", 1)[1])))


async def test_a_terminals_send_buffer_is_small(server: Running) -> None:
    await server.hello(Role.TERMINAL, vehicle="V1")
    rider = await server.hello(Role.RIDER)
    sizes = sorted(
        transport.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
        for transport in transports(server)
    )
    assert sizes[0] == 2 * server.house.settings.terminal_send_buffer_bytes  # the kernel doubles it
    assert sizes[-1] > sizes[0]
    await rider.socket.close()


def transports(server: Running) -> list[asyncio.Transport]:
    sessions = server.house.lobby._members
    return [session._connection._transport.underlying_transport for session in sessions]  # type: ignore[attr-defined]


async def test_a_head_that_never_ends_is_cut(tmp_path: Path) -> None:
    async with running(tmp_path, header_deadline_s=0.3) as server:
        for beginning in (b"", b"GET / HTTP/1.1\r\nhost: x\r\n"):
            reader, writer = await raw(server)
            writer.write(beginning)
            assert b" 408 " in await reader.read()
            writer.close()
        reader, writer = await raw(server)
        writer.write(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        assert b" 200 " in await reader.readline()
        writer.write(b"GET /healthz")  # the second request of a connection has a deadline too
        assert b" 408 " in await reader.read()
        writer.close()


async def test_a_head_too_large_is_cut(server: Running) -> None:
    reader, writer = await raw(server)
    writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n")
    writer.write(b"x: " + b"y" * server.house.settings.header_max_bytes)
    assert b" 431 " in await reader.read()
    writer.close()


async def test_a_body_that_never_ends_is_cut(tmp_path: Path) -> None:
    async with running(tmp_path, body_deadline_s=0.3) as server:
        reader, writer = await raw(server)
        token = server.token(Role.RIDER)
        head = f"POST /v1/bells HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-length: 100\r\n\r\n"
        writer.write(head.encode() + b"{")
        assert b" 408 " in await reader.readline()
        writer.close()


async def test_firefox_opens_a_socket_too(server: Running) -> None:
    reader, writer = await raw(server)
    writer.write(
        b"GET /v1/ws/rider HTTP/1.1\r\nhost: x\r\nconnection: keep-alive, Upgrade\r\nupgrade: websocket\r\n"
        b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    answer = await reader.readuntil(b"\r\n\r\n")
    assert b" 101 " in answer
    assert b"extensions" not in answer.lower()
    writer.close()


async def test_no_compression_is_agreed_to(server: Running) -> None:
    rider = await server.connect("/v1/ws/rider")
    assert rider.socket.protocol.extensions == []


async def test_everybody_is_asked_to_come_back_before_the_end(server: Running) -> None:
    terminal = await server.hello(Role.TERMINAL, vehicle="V1")
    riders = [await server.hello(Role.RIDER) for _ in range(5)]
    server.stop.set()
    waits = []
    for client in (terminal, *riders):
        waits.append((await client.until("drain"))["reconnect_in_ms"])
        assert await client.closed() == 1012
    assert 0 < waits[0] <= 1_000  # drivers first
    assert len(set(waits)) > 3  # spread
    assert max(waits) <= 6_000
    await server.serving
    with pytest.raises(OSError, match="Connect call failed"):
        await raw(server)
