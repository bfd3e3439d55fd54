"""The WebSocket API connection: log on where the key allows it, pair replies with requests.

1. Only an Ed25519 key logs on; until the venue confirmed it, and with any other key, each request
   carries its own signature (Binance docs, WebSocket API, session.logon).
2. User events are not pushed here.
"""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from services.gateway_binance.protocol.answers import OK
from services.gateway_binance.protocol.keepalive import Lifetime
from services.gateway_binance.protocol.requests import logon_frame
from services.gateway_binance.protocol.signing import Signer
from tandem.domain.instrument import Instrument
from tandem.gateway.port.channel import (
    ChannelItem,
    ChannelReady,
    ChannelStep,
    Opening,
    ReopenNeeded,
    Replied,
    UnknownEvent,
)
from tandem.gateway.port.decoding import decode
from tandem.gateway.port.requests import Stamp
from tandem.transport.exchange import HttpRequest, RawAnswer, Transport

ORDERS = "orders"
LOGON = "logon"
UNAUTHORIZED = 401


class _Reply(Struct, frozen=True):
    id: int | str | None = None
    status: int = 0


_reply = msgspec.json.Decoder(_Reply)


class OrderChannel:
    """The connection on which orders are sent."""

    name = ORDERS
    is_critical = True

    def __init__(self, url: str, signer: Signer) -> None:
        self._url = url
        self._signer = signer
        self._lifetime = Lifetime()
        self._is_ready = False
        self.is_logged_on = False

    def prepare(self, _stamp: Stamp) -> HttpRequest | None:
        return None

    def open(
        self, _prepared: RawAnswer | None, stamp: Stamp, _watched: Sequence[Instrument]
    ) -> Opening:
        self._lifetime = Lifetime()
        self._is_ready = False
        self.is_logged_on = False
        frames = (logon_frame(self._signer, stamp),) if self._signer.can_logon else ()
        return Opening(self._url, frames)

    def watch(self, _instruments: Sequence[Instrument]) -> tuple[bytes, ...]:
        return ()

    def receive(self, frame: bytes, recv_ns: int) -> tuple[ChannelItem, ...]:
        reply = decode(_reply, frame)
        if isinstance(reply.id, int):
            answer = RawAnswer(Transport.WEBSOCKET, reply.status, frame, recv_ns)
            return (Replied(reply.id, answer),)
        if reply.id == LOGON:
            return self._logged_on(reply.status)
        if reply.status == UNAUTHORIZED:
            self.is_logged_on = False
            return (ReopenNeeded("the venue revoked the session's key"),)
        return (UnknownEvent(f"reply to nothing, status {reply.status}"),)

    def _logged_on(self, status: int) -> tuple[ChannelItem, ...]:
        self._is_ready = True
        self.is_logged_on = status == OK
        if self.is_logged_on:
            return (ChannelReady(),)
        return (UnknownEvent(f"logon refused, status {status}"), ChannelReady())

    def tick(self, mono_ns: int, _stamp: Stamp) -> tuple[ChannelStep, ...]:
        if not self._is_ready and not self._signer.can_logon:
            self._is_ready = True
            self._lifetime.age_ns(mono_ns)
            return (ChannelReady(),)
        fault = self._lifetime.fault(mono_ns, is_ready=self._is_ready)
        return (ReopenNeeded(fault),) if fault else ()

    def answered(self, _answer: RawAnswer) -> tuple[ChannelItem, ...]:
        return ()
