"""What the connection that orders are sent on brings: an answer to each `post`, by its id.

1. It subscribes nothing, so that no market data stands before an answer; a pong proves it works.
2. An error answers the request that it names, or whose text it repeats: our requests carry their
   id before anything else that has one.
"""

import re
from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct

from services.gateway_hyperliquid.protocol.keepalive import Items, Session
from services.gateway_hyperliquid.protocol.wire import Frame
from tandem.domain.instrument import Instrument
from tandem.gateway.port.channel import (
    ChannelItem,
    ChannelStep,
    Opening,
    Replied,
    UnknownEvent,
)
from tandem.gateway.port.decoding import decode, shown
from tandem.gateway.port.requests import Stamp
from tandem.transport.exchange import HttpRequest, RawAnswer, Transport


class PostId(Struct, frozen=True):
    """The part of a `post` answer that pairs it with its request."""

    id: int


_post_id: Final = msgspec.json.Decoder(PostId)
_text: Final = msgspec.json.Decoder(str)
_ERROR_ID: Final = re.compile(r'\bid=(\d{1,19})\b|"id"\s*:\s*(\d{1,19})\b')


class OrdersChannel:
    """Order entry over `post`."""

    name = "orders"
    is_critical = True

    def __init__(self, ws_url: str) -> None:
        self._ws_url = ws_url
        self._session = Session()

    def prepare(self, stamp: Stamp) -> HttpRequest | None:  # noqa: ARG002  (the port's)
        return None

    def open(
        self,
        prepared: RawAnswer | None,  # noqa: ARG002  (the port's)
        stamp: Stamp,  # noqa: ARG002  (the port's)
        watched: Sequence[Instrument],  # noqa: ARG002  (the port's)
    ) -> Opening:
        return Opening(self._ws_url, self._session.open(()))

    def watch(self, instruments: Sequence[Instrument]) -> tuple[bytes, ...]:  # noqa: ARG002
        return ()

    def receive(self, frame: bytes, recv_ns: int) -> Items:
        return self._session.read(frame, lambda envelope: _taken(envelope, frame, recv_ns))

    def tick(self, mono_ns: int, stamp: Stamp) -> tuple[ChannelStep, ...]:  # noqa: ARG002
        return self._session.tick(mono_ns)

    def answered(self, answer: RawAnswer) -> Items:  # noqa: ARG002
        return ()


def _taken(envelope: Frame, frame: bytes, recv_ns: int) -> Items:
    if envelope.channel == "post":
        return (_replied(decode(_post_id, bytes(envelope.data)).id, frame, recv_ns),)
    if envelope.channel == "error":
        return (_error(envelope, frame, recv_ns),)
    return (UnknownEvent(shown(envelope.channel)),)


def _replied(call: int, frame: bytes, recv_ns: int) -> Replied:
    return Replied(call, RawAnswer(Transport.WEBSOCKET, 200, frame, recv_ns))


def _error(envelope: Frame, frame: bytes, recv_ns: int) -> ChannelItem:
    """Pair an error with its request: one that it names by id, or repeats as it was read."""
    match = _ERROR_ID.search(decode(_text, bytes(envelope.data)))
    if match is None:
        return UnknownEvent("error")
    return _replied(int(match[1] or match[2]), frame, recv_ns)
