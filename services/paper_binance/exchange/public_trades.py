"""The public trades that are kept: the latest prints, joined trades, and the minutes they made.

1. Per symbol the latest KEPT_COUNT prints are kept, oldest first.
2. An aggregate joins consecutive prints of one taker order at one price.
"""

from collections import deque
from collections.abc import Iterable
from decimal import Decimal
from itertools import groupby

import msgspec

from services.paper_binance.exchange.bars import Minutes
from services.paper_binance.wire.market_payloads import (
    AggTradeEvent,
    AggTradePayload,
    TradeEvent,
    TradePrint,
)
from services.paper_binance.wire.numbers import fixed, money, ms
from services.paper_exchange.engine.events import Printed
from services.paper_exchange.engine.orders import Side
from services.paper_exchange.market.instruments import Contract
from services.paper_exchange.units import ZERO

KEPT_COUNT = 20_000


class PublicTrades:
    """The latest prints of every symbol."""

    def __init__(self) -> None:
        self._prints: dict[str, deque[Printed]] = {}
        self._minutes: dict[str, Minutes] = {}

    def add(self, printed: Printed) -> None:
        self._prints.setdefault(printed.symbol, deque(maxlen=KEPT_COUNT)).append(printed)
        self.minutes(printed.symbol).add(printed)

    def minutes(self, symbol: str) -> Minutes:
        """Return what the symbol's trades amounted to, minute by minute."""
        return self._minutes.setdefault(symbol, Minutes())

    def latest(self, symbol: str, limit: int) -> list[Printed]:
        """Return the newest prints, oldest first."""
        return list(self._prints.get(symbol, ()))[-limit:]

    def since(self, symbol: str, start_ms: int) -> list[Printed]:
        return [p for p in self._prints.get(symbol, ()) if ms(p.ts_ns) >= start_ms]


class Aggregate(msgspec.Struct, frozen=True):
    """Prints joined into one trade."""

    prints: tuple[Printed, ...]

    @property
    def first(self) -> Printed:
        return self.prints[0]

    @property
    def last(self) -> Printed:
        return self.prints[-1]

    @property
    def qty(self) -> Decimal:
        return sum((printed.qty for printed in self.prints), ZERO)


def aggregates(prints: Iterable[Printed]) -> list[Aggregate]:
    """Join consecutive prints of one instant, side and price."""
    groups = groupby(prints, key=lambda printed: (printed.ts_ns, printed.side, printed.px))
    return [Aggregate(tuple(group)) for _, group in groups]


def agg_trade_event(joined: Aggregate, contract: Contract, now_ms: int) -> AggTradeEvent:
    qty = fixed(joined.qty, contract.qty_decimals)
    return AggTradeEvent(
        event_ms=now_ms,
        symbol=contract.symbol,
        agg_id=joined.first.trade_id,
        px=fixed(joined.first.px, contract.price_decimals),
        qty=qty,
        normal_qty=qty,
        first_trade_id=joined.first.trade_id,
        last_trade_id=joined.last.trade_id,
        ts_ms=ms(joined.first.ts_ns),
        buyer_is_maker=joined.first.side is Side.SELL,
    )


def agg_trade(joined: Aggregate, contract: Contract) -> AggTradePayload:
    event = agg_trade_event(joined, contract, 0)
    return AggTradePayload(
        agg_id=event.agg_id,
        px=event.px,
        qty=event.qty,
        normal_qty=event.normal_qty,
        first_trade_id=event.first_trade_id,
        last_trade_id=event.last_trade_id,
        ts_ms=event.ts_ms,
        buyer_is_maker=event.buyer_is_maker,
    )


def trade_event(printed: Printed, contract: Contract, now_ms: int) -> TradeEvent:
    return TradeEvent(
        event_ms=now_ms,
        ts_ms=ms(printed.ts_ns),
        symbol=contract.symbol,
        trade_id=printed.trade_id,
        px=fixed(printed.px, contract.price_decimals),
        qty=fixed(printed.qty, contract.qty_decimals),
        buyer_is_maker=printed.side is Side.SELL,
    )


def trade_print(printed: Printed, contract: Contract, *, is_rpi: bool) -> TradePrint:
    return TradePrint(
        id=printed.trade_id,
        price=fixed(printed.px, contract.price_decimals),
        qty=fixed(printed.qty, contract.qty_decimals),
        quote_qty=money(printed.px * printed.qty),
        time=ms(printed.ts_ns),
        is_buyer_maker=printed.side is Side.SELL,
        is_rpi_trade=is_rpi,
    )
