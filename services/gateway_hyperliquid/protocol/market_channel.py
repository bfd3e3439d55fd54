"""What the public stream says: whole books, best prices and marks of the watched coins.

1. A book that was heard and falls silent ends the connection: streams are known to go stale
   without a word. One that was never heard (a delisted coin's) disturbs nobody.
2. The mark's frame names no venue time: the time it was read stands in its place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from services.gateway_hyperliquid.protocol.books import Books
from services.gateway_hyperliquid.protocol.keepalive import Items, Session, Subscription
from services.gateway_hyperliquid.protocol.wire import (
    AssetContextFrame,
    BboFrame,
    BookFrame,
    Frame,
)
from tandem.domain.ids import Ticker
from tandem.domain.instrument import Instrument
from tandem.gateway.port.channel import (
    BookUpdate,
    ChannelStep,
    MarkUpdate,
    Opening,
    ReopenNeeded,
    UnknownEvent,
)
from tandem.gateway.port.decoding import decode, shown, usable
from tandem.gateway.port.requests import Stamp
from tandem.transport.exchange import HttpRequest, RawAnswer

_book: Final = msgspec.json.Decoder(BookFrame)
_bbo: Final = msgspec.json.Decoder(BboFrame)
_context: Final = msgspec.json.Decoder(AssetContextFrame)


@dataclass(frozen=True, slots=True)
class BookOptions:
    """Whether to ask for 5 levels each 0.5 s, and how long a book may be silent."""

    fast: bool = True
    silence_ns_max: int = 60_000_000_000


class MarketChannel:
    """Books and marks."""

    name = "market"
    is_critical = False

    def __init__(self, ws_url: str, options: BookOptions) -> None:
        self._ws_url = ws_url
        self._options = options
        self._start()

    def _start(self) -> None:
        self._session = Session()
        self._books = Books()
        self._heard: set[str] = set()
        self._heard_ns: dict[str, int] = {}

    def prepare(self, stamp: Stamp) -> HttpRequest | None:  # noqa: ARG002  (the port's)
        return None

    def open(
        self,
        prepared: RawAnswer | None,  # noqa: ARG002  (the port's)
        stamp: Stamp,  # noqa: ARG002  (the port's)
        watched: Sequence[Instrument],
    ) -> Opening:
        self._start()
        return Opening(self._ws_url, self._session.open(self._subscriptions(watched)))

    def watch(self, instruments: Sequence[Instrument]) -> tuple[bytes, ...]:
        return self._session.add(self._subscriptions(instruments))

    def _subscriptions(self, instruments: Sequence[Instrument]) -> tuple[Subscription, ...]:
        coins = [instrument.symbol for instrument in instruments]
        return tuple(one for coin in coins for one in self._of_coin(coin))

    def _of_coin(self, coin: str) -> tuple[Subscription, ...]:
        return (
            Subscription("l2Book", coin=coin, fast=self._options.fast),
            Subscription("bbo", coin=coin),
            Subscription("activeAssetCtx", coin=coin),
        )

    def receive(self, frame: bytes, recv_ns: int) -> Items:
        return self._session.read(frame, lambda envelope: self._taken(envelope, recv_ns))

    def _taken(self, envelope: Frame, recv_ns: int) -> Items:
        match envelope.channel:
            case "bbo":
                best = decode(_bbo, bytes(envelope.data))
                return self._update(best.coin, self._books.best(best))
            case "l2Book":
                whole = decode(_book, bytes(envelope.data))
                return self._update(whole.coin, self._books.whole(whole))
            case "activeAssetCtx":
                context = decode(_context, bytes(envelope.data))
                mark = usable(context.ctx.mark_px, "markPx")
                return (MarkUpdate(Ticker(context.coin), mark, recv_ns),)
            case "error":
                return (UnknownEvent("error"),)
            case other:
                return (UnknownEvent(shown(other)),)

    def _update(self, coin: str, update: BookUpdate | None) -> Items:
        self._heard.add(coin)
        return () if update is None else (update,)

    def tick(self, mono_ns: int, stamp: Stamp) -> tuple[ChannelStep, ...]:  # noqa: ARG002
        self._heard_ns.update(dict.fromkeys(self._heard, mono_ns))
        self._heard.clear()
        silent = [coin for coin, at in self._heard_ns.items() if self._is_silent(mono_ns - at)]
        if silent:
            return (ReopenNeeded(f"no book for too long: {', '.join(sorted(silent))}"),)
        return self._session.tick(mono_ns)

    def _is_silent(self, age_ns: int) -> bool:
        return age_ns > self._options.silence_ns_max

    def answered(self, answer: RawAnswer) -> Items:  # noqa: ARG002  (the port's)
        return ()
