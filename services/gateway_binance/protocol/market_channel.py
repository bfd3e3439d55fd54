"""The public connections: books of the watched symbols on one, their marks on another.

Streams of another category subscribe with a success reply and then stay silent, so each category
has its own connection (Binance docs, WebSocket market streams, connect).
"""

from collections.abc import Callable, Sequence

from services.gateway_binance.protocol import stream_wire
from services.gateway_binance.protocol.books import (
    BookView,
    MarketEvent,
    MarkPriceUpdate,
    decode_market_frame,
    mark_update,
)
from services.gateway_binance.protocol.keepalive import Lifetime
from services.gateway_binance.protocol.requests import subscribe_frame
from tandem.domain.ids import Ticker
from tandem.domain.instrument import Instrument
from tandem.gateway.port.channel import (
    BookUpdate,
    ChannelItem,
    ChannelReady,
    ChannelStep,
    MarkUpdate,
    Opening,
    ReopenNeeded,
    UnknownEvent,
)
from tandem.gateway.port.requests import Stamp
from tandem.transport.exchange import HttpRequest, RawAnswer

STREAMS_PER_FRAME = 100
StreamsOf = Callable[[Instrument], tuple[str, ...]]


class MarketChannel:
    """One connection of one category; what it subscribes to is `streams_of` each instrument."""

    is_critical = False

    def __init__(self, name: str, url: str, streams_of: StreamsOf) -> None:
        self.name = name
        self._url = url
        self._streams_of = streams_of
        self._lifetime = Lifetime()
        self._books: dict[str, BookView] = {}
        self._is_ready = False
        self._calls = 0

    def prepare(self, _stamp: Stamp) -> HttpRequest | None:
        return None

    def open(
        self, _prepared: RawAnswer | None, _stamp: Stamp, watched: Sequence[Instrument]
    ) -> Opening:
        self._lifetime = Lifetime()
        self._books = {}
        self._is_ready = False
        return Opening(self._url, self.watch(watched))

    def watch(self, instruments: Sequence[Instrument]) -> tuple[bytes, ...]:
        """Return subscriptions of at most a hundred streams each: the venue takes ten frames/s."""
        names = tuple(name for each in instruments for name in self._streams_of(each))
        return tuple(
            self._subscribe(names[at : at + STREAMS_PER_FRAME])
            for at in range(0, len(names), STREAMS_PER_FRAME)
        )

    def _subscribe(self, names: tuple[str, ...]) -> bytes:
        self._calls += 1
        return subscribe_frame(self._calls, names)

    def receive(self, frame: bytes, _recv_ns: int) -> tuple[ChannelItem, ...]:
        event = decode_market_frame(frame)
        if event is None:
            return self._other(frame)
        return (self._update(event),)

    def _update(self, event: MarketEvent) -> BookUpdate | MarkUpdate:
        if isinstance(event, MarkPriceUpdate):
            return mark_update(event)
        book = self._books.get(event.symbol, BookView()).with_event(event)
        self._books[event.symbol] = book
        return book.update(Ticker(event.symbol))

    def _other(self, frame: bytes) -> tuple[ChannelItem, ...]:
        event = stream_wire.decode_user_frame(frame)
        if isinstance(event, stream_wire.BrokenFrame):
            return (event.fault,)
        if not isinstance(event, stream_wire.ControlReply):
            return (UnknownEvent(f"{self.name}: a frame of another kind"),)
        if event.error:
            return (UnknownEvent(f"{self.name}: subscription refused: {event.error}"),)
        was_ready, self._is_ready = self._is_ready, True
        return () if was_ready else (ChannelReady(),)

    def tick(self, mono_ns: int, _stamp: Stamp) -> tuple[ChannelStep, ...]:
        if not self._is_ready and self._calls == 0:
            self._is_ready = True
            return (ChannelReady(),)
        fault = self._lifetime.fault(mono_ns, is_ready=self._is_ready)
        return (ReopenNeeded(fault),) if fault else ()

    def answered(self, _answer: RawAnswer) -> tuple[ChannelItem, ...]:
        return ()
