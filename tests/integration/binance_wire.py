"""Drives the Binance protocol package over real sockets, the smallest shell there can be."""

import contextlib
from collections.abc import AsyncIterator
from typing import TypeVar

from services.gateway_binance.protocol.settings import Endpoints, PrivateForm, VenueSettings
from services.gateway_binance.protocol.signing import Signer
from services.gateway_binance.protocol.venue import BinanceVenue
from tandem.domain.ids import Exc
from tandem.domain.instrument import Instrument
from tandem.domain.units import NS_PER_MS
from tandem.gateway.port.channel import (
    CallHttp,
    Channel,
    ChannelItem,
    ChannelReady,
    Replied,
    SendFrame,
)
from tandem.gateway.port.requests import InstrumentsQuery, OrderRequest, Outcome, Query, Stamp
from tandem.runtime.clock import SystemClock
from tandem.transport.exchange import RawAnswer
from tandem.transport.http import HttpClient
from tandem.transport.websocket import Receiver, WebSocket, open_websocket
from tests.conftest import Eventually

T = TypeVar("T")
TIMEOUT_S = 5.0
WINDOW_MS = 1_000


def settings(port: int, form: PrivateForm = PrivateForm.EVENTS) -> VenueSettings:
    host = f"127.0.0.1:{port}"
    endpoints = Endpoints(f"http://{host}", f"ws://{host}", f"ws://{host}/ws-fapi/v1")
    return VenueSettings(endpoints=endpoints, private_form=form)


class Wire:
    """One venue with its four channels open; every item it delivered, by channel."""

    def __init__(self, venue: BinanceVenue, http: HttpClient, eventually: Eventually) -> None:
        self.venue = venue
        self.instruments: dict[str, Instrument] = {}
        self.items: list[ChannelItem] = []
        self._clock = SystemClock()
        self._http = http
        self._eventually = eventually
        self.shift_ms = 0
        self._calls = 0
        self._sockets: dict[str, WebSocket] = {}

    def stamp(self) -> Stamp:
        self._calls += 1
        now_ms = self._clock.wall_ns() // NS_PER_MS + self.shift_ms
        return Stamp(self._calls, now_ms, now_ms, WINDOW_MS)

    async def ask(self, query: Query) -> list[RawAnswer]:
        requests = self.venue.encode_query(query, self.stamp())
        return [await self._http.call(request, TIMEOUT_S) for request in requests]

    async def learn(self) -> None:
        table = self.venue.decode_instruments(await self.ask(InstrumentsQuery()))
        self.instruments = {each.ticker: each for each in table.rows}

    async def connect(self, channel: Channel) -> None:
        """Open one channel and wait until it says that it is ready."""
        request = channel.prepare(self.stamp())
        prepared = await self._http.call(request, TIMEOUT_S) if request else None
        watched = tuple(self.instruments.values())
        opening = channel.open(prepared, self.stamp(), watched)
        ready: list[ChannelItem] = []

        def take(frame: bytes, recv_ns: int) -> None:
            items = channel.receive(frame, recv_ns)
            ready.extend(item for item in items if isinstance(item, ChannelReady))
            self.items.extend(items)

        receiver = Receiver(take, lambda _reason: None)
        socket = await open_websocket(opening.url, receiver, self._clock, TIMEOUT_S)
        self._sockets[channel.name] = socket
        for frame in opening.frames:
            assert socket.write(frame)
        steps = await self.tick(channel)
        ready.extend(step for step in steps if isinstance(step, ChannelReady))
        await self._eventually(lambda: ready)

    async def tick(self, channel: Channel) -> list[object]:
        """Carry out what the channel wants now, and return it."""
        steps = channel.tick(self._clock.monotonic_ns(), self.stamp())
        for step in steps:
            if isinstance(step, SendFrame):
                assert self._sockets[channel.name].write(step.frame)
            if isinstance(step, CallHttp):
                answer = await self._http.call(step.request, TIMEOUT_S)
                self.items.extend(channel.answered(answer))
        return list(steps)

    async def send(self, request: OrderRequest) -> Outcome:
        """Send on the order channel and wait for the reply."""
        stamp = self.stamp()
        assert self._sockets["orders"].write(self.venue.encode_frame(request, stamp))
        await self._eventually(lambda: self._reply(stamp.call))
        reply = self._reply(stamp.call)
        assert reply is not None
        return self.venue.decode_outcome(request, reply.answer)

    def _reply(self, call: int) -> Replied | None:
        replies = (item for item in self.items if isinstance(item, Replied))
        return next((reply for reply in replies if reply.call == call), None)

    async def send_http(self, request: OrderRequest) -> Outcome:
        encoded = self.venue.encode_http(request, self.stamp())
        return self.venue.decode_outcome(request, await self._http.call(encoded, TIMEOUT_S))

    def found(self, kind: type[T]) -> list[T]:
        return [item for item in self.items if isinstance(item, kind)]

    def close(self) -> None:
        for socket in self._sockets.values():
            socket.close()


@contextlib.asynccontextmanager
async def wire(
    venue_settings: VenueSettings, signer: Signer, eventually: Eventually
) -> AsyncIterator[Wire]:
    """Learn the instruments and open every channel."""
    http = HttpClient(SystemClock())
    opened = Wire(BinanceVenue(Exc("binance"), venue_settings, signer), http, eventually)
    try:
        await opened.learn()
        for channel in opened.venue.channels():
            await opened.connect(channel)
        yield opened
    finally:
        opened.close()
        await http.close()
