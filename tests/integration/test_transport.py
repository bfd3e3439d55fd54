"""The gateways' transports against real servers on loopback."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from websockets.asyncio.server import ServerConnection, serve
from websockets.utils import accept_key

from tandem.runtime.clock import SystemClock
from tandem.transport.exchange import (
    HttpMethod,
    HttpRequest,
    NoAnswerError,
    NothingSentError,
    Transport,
)
from tandem.transport.http import HttpClient
from tandem.transport.websocket import MAX_UNSENT_BYTES, Receiver, WebSocket, open_websocket
from tests.conftest import Eventually

CLOCK = SystemClock()


class Ears:
    """Remembers what a connection told."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.ends: list[str] = []

    @property
    def receiver(self) -> Receiver:
        return Receiver(lambda frame, _: self.frames.append(frame), self.ends.append)


async def answer(request: web.Request) -> web.Response:
    if request.path == "/slow":
        await asyncio.Event().wait()
    body = f"{request.method} {request.raw_path} {(await request.read()).decode()}"
    return web.Response(status=418, text=body, headers={"X-Used": "7"})


@pytest.fixture
async def web_port() -> AsyncIterator[int]:
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield runner.addresses[0][1]
    await runner.cleanup()


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    client = HttpClient(CLOCK)
    yield client
    await client.close()


async def test_request_goes_out_byte_for_byte_and_any_status_is_an_answer(
    web_port: int, http: HttpClient
) -> None:
    url = f"http://127.0.0.1:{web_port}/a?b=%E6%B5%8B&c=1%2B1"
    found = await http.call(HttpRequest(HttpMethod.POST, url, (("X-A", "1"),), b"body"), 5)
    assert (found.transport, found.status) == (Transport.HTTP, 418)
    assert found.body == b"POST /a?b=%E6%B5%8B&c=1%2B1 body"
    assert found.header("x-used") == "7"


async def test_answer_that_does_not_come_is_no_proof(web_port: int, http: HttpClient) -> None:
    request = HttpRequest(HttpMethod.GET, f"http://127.0.0.1:{web_port}/slow?secret=1")
    with pytest.raises(NoAnswerError, match="/slow") as caught:
        await http.call(request, 0.05)
    assert "secret" not in str(caught.value)


async def test_refused_connection_sent_nothing(unused_tcp_port: int, http: HttpClient) -> None:
    with pytest.raises(NothingSentError):
        await http.call(HttpRequest(HttpMethod.GET, f"http://127.0.0.1:{unused_tcp_port}/"), 5)


async def test_closed_client_sends_nothing(web_port: int) -> None:
    client = HttpClient(CLOCK)
    await client.close()
    with pytest.raises(NothingSentError):
        await client.call(HttpRequest(HttpMethod.GET, f"http://127.0.0.1:{web_port}/"), 5)


async def echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


@pytest.fixture
async def echo_port() -> AsyncIterator[int]:
    async with serve(echo, "127.0.0.1", 0) as server:
        yield next(iter(server.sockets)).getsockname()[1]


async def connected(port: int, ears: Ears) -> WebSocket:
    return await open_websocket(f"ws://127.0.0.1:{port}/", ears.receiver, CLOCK, 5)


async def test_frames_come_back_in_order(echo_port: int, eventually: Eventually) -> None:
    ears = Ears()
    socket = await connected(echo_port, ears)
    sent = [f"frame {number}".encode() for number in range(100)]
    for frame in sent:
        assert socket.write(frame)
    await eventually(lambda: len(ears.frames) == 100)
    assert ears.frames == sent
    socket.close()
    await eventually(lambda: len(ears.ends) == 1)


async def test_closed_connection_writes_nothing(echo_port: int, eventually: Eventually) -> None:
    ears = Ears()
    socket = await connected(echo_port, ears)
    socket.close()
    assert socket.write(b"late") is False
    await eventually(lambda: len(ears.ends) == 1)
    assert ears.frames == []


async def test_large_and_fragmented_messages_arrive_whole(eventually: Eventually) -> None:
    async def parts(connection: ServerConnection) -> None:
        await connection.send(["a" * 70_000, "b", "c"])
        await connection.wait_closed()

    async with serve(parts, "127.0.0.1", 0) as server:
        ears = Ears()
        socket = await connected(next(iter(server.sockets)).getsockname()[1], ears)
        await eventually(lambda: len(ears.frames) == 1)
        socket.close()
    assert ears.frames == [b"a" * 70_000 + b"bc"]


async def test_ping_brings_a_sign_of_life(echo_port: int, eventually: Eventually) -> None:
    socket = await connected(echo_port, Ears())
    before_ns = socket.heard_ns
    socket.ping()
    await eventually(lambda: socket.heard_ns > before_ns)
    socket.close()


async def test_peers_end_is_told_once(eventually: Eventually) -> None:
    async def leave(connection: ServerConnection) -> None:
        await connection.close(1000, "Inactive")

    async with serve(leave, "127.0.0.1", 0) as server:
        ears = Ears()
        socket = await connected(next(iter(server.sockets)).getsockname()[1], ears)
        await eventually(lambda: ears.ends == ["Inactive"])
        assert not socket.is_open


async def test_peer_that_does_not_read_bounds_what_waits() -> None:
    gate = asyncio.Event()

    async def stop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        writer.write(handshake(request))
        await writer.drain()
        await gate.wait()
        writer.close()

    server = await asyncio.start_server(stop, "127.0.0.1", 0)
    socket = await connected(server.sockets[0].getsockname()[1], Ears())
    written = 0
    while socket.write(b"x" * 65_536):
        written += 65_536
        assert written < 64 * MAX_UNSENT_BYTES
    gate.set()
    socket.close()
    server.close()


def handshake(request: bytes) -> bytes:
    lines = request.decode().split("\r\n")
    key = next(line.split(": ")[1] for line in lines if line.startswith("Sec-WebSocket-Key"))
    return (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept_key(key)}\r\n\r\n"
    ).encode()


async def test_refused_handshake_sent_nothing(web_port: int) -> None:
    with pytest.raises(NothingSentError, match="handshake"):
        await connected(web_port, Ears())


async def test_refused_socket_sent_nothing(unused_tcp_port: int) -> None:
    with pytest.raises(NothingSentError):
        await connected(unused_tcp_port, Ears())


async def test_silent_server_times_out() -> None:
    gate = asyncio.Event()

    async def hold(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await gate.wait()
        writer.close()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(NothingSentError):
        await open_websocket(f"ws://127.0.0.1:{port}/", Ears().receiver, CLOCK, 0.05)
    gate.set()
    server.close()


@pytest.mark.parametrize("end", ["cancelled", "late", "refused"])
async def test_connection_whose_handshake_came_to_nothing_is_closed(end: str) -> None:
    """Whoever gave up, the server sees the connection end."""
    asked, ended = asyncio.Event(), asyncio.Event()

    async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if end == "refused":
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
        asked.set()
        assert await reader.read() == b""
        ended.set()
        writer.close()

    server = await asyncio.start_server(never, "127.0.0.1", 0)
    port, timeout_s = server.sockets[0].getsockname()[1], 0.05 if end == "late" else 60
    url = f"ws://127.0.0.1:{port}/"
    opening = asyncio.ensure_future(open_websocket(url, Ears().receiver, CLOCK, timeout_s))
    await asked.wait()
    if end == "cancelled":
        opening.cancel()
    with pytest.raises(asyncio.CancelledError if end == "cancelled" else NothingSentError):
        await opening

    async with asyncio.timeout(5):
        await ended.wait()
    server.close()
