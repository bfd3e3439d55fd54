"""How frames reach a socket and back: a WebSocket client without queues between us and the wire.

1. `write` puts a frame on the socket in the caller's own turn of the loop, or returns False and
   has written nothing.
2. Each received text frame goes to `on_frame` in the turn that read it, in order.
3. `on_closed` is called exactly once, after the last frame; then the object is of no more use.
4. What the peer does not read is bounded: past `MAX_UNSENT_BYTES`, `write` returns False.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from websockets.client import ClientProtocol
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.uri import WebSocketURI, parse_uri

from tandem.runtime.clock import Clock
from tandem.transport.exchange import NothingSentError

MAX_FRAME_BYTES = 8 * 1024 * 1024
MAX_UNSENT_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Receiver:
    """Where frames go, with the wall time at which the socket was read, and the end's reason."""

    on_frame: Callable[[bytes, int], None]
    on_closed: Callable[[str], None]


class WebSocket(asyncio.Protocol):
    """One connection. Made by `open_websocket`."""

    def __init__(self, uri: WebSocketURI, receiver: Receiver, clock: Clock) -> None:
        self._protocol = ClientProtocol(uri, max_size=MAX_FRAME_BYTES)
        self._receiver = receiver
        self._clock = clock
        self._transport: asyncio.Transport | None = None
        self._parts: list[bytes] = []
        self._closed = False
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.heard_ns = clock.monotonic_ns()

    @property
    def is_open(self) -> bool:
        return (
            self._transport is not None
            and not self._transport.is_closing()
            and self._protocol.state is State.OPEN
        )

    def write(self, frame: bytes) -> bool:
        """Write one text frame now; False: nothing was written."""
        transport = self._transport
        if transport is None or not self.is_open:
            return False
        if transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            return False
        self._protocol.send_text(frame)
        transport.write(b"".join(self._protocol.data_to_send()))
        return True

    def ping(self) -> None:
        """Ask the peer for a sign of life; its pong moves `heard_ns`."""
        if self.is_open:
            self._protocol.send_ping(b"")
            self._flush()

    def close(self) -> None:
        """Say goodbye if possible and drop the connection; `on_closed` follows."""
        if self._transport is None:
            return
        if self.is_open:
            self._protocol.send_close(CloseCode.GOING_AWAY)
            self._flush()
        self._transport.close()

    # asyncio's callback; typing.override comes with Python 3.12.
    def connection_made(self, transport: asyncio.BaseTransport) -> None:  # type: ignore[explicit-override]
        # uvloop's stream transport is one by its methods only.
        self._transport = cast("asyncio.Transport", transport)
        raw = transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._protocol.send_request(self._protocol.connect())
        self._flush()

    def data_received(self, data: bytes) -> None:  # type: ignore[explicit-override]
        recv_ns = self._clock.wall_ns()
        self.heard_ns = self._clock.monotonic_ns()
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Response):
                self._answer_handshake()
            elif isinstance(event, Frame):
                self._take(event, recv_ns)
        self._flush()
        if self._protocol.close_expected() and self._transport is not None:
            self._transport.close()

    def _answer_handshake(self) -> None:
        if self.opened.done():
            return
        if self._protocol.handshake_exc is None:
            self.opened.set_result(None)
            return
        text = f"the handshake failed: {self._protocol.handshake_exc}"
        self.opened.set_exception(NothingSentError(text))

    def _take(self, frame: Frame, recv_ns: int) -> None:
        if frame.opcode not in {Opcode.TEXT, Opcode.CONT, Opcode.BINARY}:
            return
        if frame.fin and not self._parts:
            self._receiver.on_frame(bytes(frame.data), recv_ns)
            return
        self._parts.append(bytes(frame.data))
        if frame.fin:
            whole, self._parts = b"".join(self._parts), []
            self._receiver.on_frame(whole, recv_ns)

    def _flush(self) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        for data in self._protocol.data_to_send():
            if data:
                self._transport.write(data)
            elif self._transport.can_write_eof():
                self._transport.write_eof()

    def eof_received(self) -> bool:  # type: ignore[explicit-override]
        self._protocol.receive_eof()
        return False

    def connection_lost(self, exc: Exception | None) -> None:  # type: ignore[explicit-override]
        if self._protocol.state is not State.CLOSED:
            self._protocol.receive_eof()
        reason = self._protocol.close_reason or (str(exc) if exc else "closed by the peer")
        if not self.opened.done():
            self.opened.set_exception(NothingSentError(f"the handshake was cut: {reason}"))
            self.opened.exception()
        if not self._closed:
            self._closed = True
            self._receiver.on_closed(reason)


async def open_websocket(url: str, receiver: Receiver, clock: Clock, timeout_s: float) -> WebSocket:
    """Connect and shake hands; what came to nothing, or was cancelled, is closed.

    Raises:
        NothingSentError: no connection in time; `on_closed` may have been called.
    """
    uri = parse_uri(url)
    loop = asyncio.get_running_loop()
    context = ssl.create_default_context() if uri.secure else None
    made: list[WebSocket] = []

    def make() -> WebSocket:
        made.append(WebSocket(uri, receiver, clock))
        return made[0]

    try:
        async with asyncio.timeout(timeout_s):
            await loop.create_connection(make, uri.host, uri.port, ssl=context)
            await made[0].opened
    except BaseException as error:
        for connection in made:
            connection.close()
        if not isinstance(error, OSError):  # of which a TimeoutError is one
            raise
        where = f"{uri.host}:{uri.port}"
        raise NothingSentError(f"{where}: {error!r}") from error
    return made[0]
