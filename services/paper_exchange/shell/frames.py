"""Server-side WebSocket text frames and a sink that writes them without awaiting.

A user event must leave in the same step of the loop that matched it, so the frame goes straight
to the socket's transport: no queue, no task, no await between the match and the write.
"""

import struct

from aiohttp import web

# RFC 6455 §5.2: FIN with the text opcode; a server never masks (§5.1).
FIN_TEXT = 0x81
LENGTH_16_BIT = 126
LENGTH_64_BIT = 127
MAX_7_BIT = 125
MAX_16_BIT = 0xFFFF

MAX_BUFFERED_BYTES = 8 * 1024 * 1024


def text_frame(payload: bytes) -> bytes:
    """Return the unmasked, unfragmented text frame around a payload."""
    size = len(payload)
    if size <= MAX_7_BIT:
        return bytes((FIN_TEXT, size)) + payload
    if size <= MAX_16_BIT:
        return struct.pack("!BBH", FIN_TEXT, LENGTH_16_BIT, size) + payload
    return struct.pack("!BBQ", FIN_TEXT, LENGTH_64_BIT, size) + payload


class TextSink:
    """One accepted WebSocket as a place to write text to; a reader too slow to keep up is cut off.

    The socket must have been accepted without compression.
    """

    def __init__(self, request: web.Request, socket: web.WebSocketResponse) -> None:
        self._transport = request.transport
        self._socket = socket

    @property
    def is_open(self) -> bool:
        transport = self._transport
        return transport is not None and not (self._socket.closed or transport.is_closing())

    def write(self, payload: bytes) -> bool:
        """Write one text message now; False when the socket is gone."""
        return self.write_frame(text_frame(payload))

    def write_frame(self, frame: bytes) -> bool:
        """Write bytes that are a whole frame already (one frame, many sockets)."""
        transport = self._transport
        if transport is None or self._socket.closed or transport.is_closing():
            return False
        if transport.get_write_buffer_size() > MAX_BUFFERED_BYTES:
            transport.abort()
            return False
        transport.write(frame)
        return True

    def abort(self) -> None:
        """Drop the connection without a closing handshake."""
        if self._transport is not None:
            self._transport.abort()
