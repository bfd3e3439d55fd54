"""What one WebSocket connection of a venue is to the shell: frames in, items and steps out."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from tandem.domain.ids import Ticker
from tandem.domain.instrument import Instrument
from tandem.gateway.port.decoding import Unsound
from tandem.gateway.port.requests import Stamp
from tandem.messages.reports import FillCost, FillReport, OrderReport, PositionReport
from tandem.transport.exchange import HttpRequest, RawAnswer


@dataclass(frozen=True, slots=True)
class Level:
    price: Decimal
    qty: Decimal


@dataclass(frozen=True, slots=True)
class BookUpdate:
    """The top of one book, whole: best levels first; an empty side is an empty tuple."""

    ticker: Ticker
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    ts_event_ns: int


@dataclass(frozen=True, slots=True)
class MarkUpdate:
    """The venue's mark price of one instrument."""

    ticker: Ticker
    mark: Decimal
    ts_event_ns: int


@dataclass(frozen=True, slots=True)
class Replied:
    """The answer to the order request that was stamped `call`."""

    call: int
    answer: RawAnswer


@dataclass(frozen=True, slots=True)
class ChannelReady:
    """The venue confirmed what this channel needs: from now on events arrive."""


@dataclass(frozen=True, slots=True)
class ResyncNeeded:
    """Events may have been missed: fill the gap over REST, the connection stays."""

    reason: str


@dataclass(frozen=True, slots=True)
class ReopenNeeded:
    """This connection is of no more use: close it, open a new one, then resync."""

    reason: str


@dataclass(frozen=True, slots=True)
class UnknownEvent:
    """Something the venue sent that no rule covers: counted, never fatal."""

    kind: str


ChannelItem = (
    OrderReport
    | FillReport
    | FillCost
    | PositionReport
    | BookUpdate
    | MarkUpdate
    | Replied
    | ChannelReady
    | ResyncNeeded
    | ReopenNeeded
    | UnknownEvent
    | Unsound
)


@dataclass(frozen=True, slots=True)
class SendFrame:
    """Write one text frame on this channel now."""

    frame: bytes


@dataclass(frozen=True, slots=True)
class CallHttp:
    """Make this request; its answer goes to `Channel.answered`."""

    request: HttpRequest


@dataclass(frozen=True, slots=True)
class RenewNeeded:
    """This connection works and will end: open `channel`, and close this one once that is ready.

    Asked for again with each tick until it is done; the shell does one at a time.
    """

    reason: str
    channel: "Channel"


ChannelStep = SendFrame | CallHttp | ReopenNeeded | RenewNeeded | ChannelReady


@dataclass(frozen=True, slots=True)
class Opening:
    """Where to connect, and the text frames to send as soon as the socket is open."""

    url: str
    frames: tuple[bytes, ...] = ()


class Channel(Protocol):
    """One WebSocket connection of a venue, sans I/O: what to open, to send, to make of frames."""

    @property
    def name(self) -> str:
        """Names the channel in logs and metrics: `orders`, `user` or `market`."""
        ...

    @property
    def is_critical(self) -> bool:
        """True when orders must not be sent while this channel is down (orders and user events)."""
        ...

    def prepare(self, stamp: Stamp) -> HttpRequest | None:
        """Return the request whose answer `open` needs (a listen key), or None."""
        ...

    def open(
        self, prepared: RawAnswer | None, stamp: Stamp, watched: Sequence[Instrument]
    ) -> Opening:
        """Start a new connection; forget the old one's state.

        Raises:
            VenueQueryError: `prepared` is not what was asked for; the shell backs off, retries.
        """
        ...

    def watch(self, instruments: Sequence[Instrument]) -> tuple[bytes, ...]:
        """Return the frames that add market data of these to the open connection."""
        ...

    def receive(self, frame: bytes, recv_ns: int) -> tuple[ChannelItem, ...]:
        """Decode one frame, whatever its bytes.

        Raises:
            UnreadableError: nothing in it can be used; no other error.
        """
        ...

    def tick(self, mono_ns: int, stamp: Stamp) -> tuple[ChannelStep, ...]:
        """Called four times a second while open: keepalives, missing confirmations, ages."""
        ...

    def answered(self, answer: RawAnswer) -> tuple[ChannelItem, ...]:
        """Take the answer of a `CallHttp`; raises as `receive` does."""
        ...
